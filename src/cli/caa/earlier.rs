//! What an earlier run has written already, for a run that goes on with it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::rules::Severity;

/// The longest line that is read back, in octets.
const LONGEST: u64 = 16 << 20;

/// How every line begins.
const LINE: &[u8] = br#"{"schema_version":1,"name":""#;

/// The names that have a line already, and how those lines ended.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// How many lines each name has, by a hash: eight octets are enough to tell it from a million others.
    done: HashMap<u64, u32>,
    hasher: RandomState,
    /// How each line ended.
    pub(super) ended: Vec<Ended>,
}

/// How one name's line ended; the same line is read by [`Earlier`] that was written by this command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ended {
    /// How many lines ended so.
    pub(super) lines: u64,
    /// Where the climb ended.
    pub(super) state: State,
    /// The gravest finding.
    pub(super) gravest: Option<Severity>,
    /// Whether anything stayed open.
    pub(super) open: bool,
}

/// Where a climb ended, as `state` in JSON has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Found,
    None,
    #[default]
    Undetermined,
    NotApplicable,
    Invalid,
}

/// As much of a line as is read back.
#[derive(Deserialize)]
struct EarlierLine {
    name: String,
    state: State,
    open: bool,
    run: String,
    #[serde(default)]
    findings: Vec<EarlierFinding>,
}

#[derive(Deserialize)]
struct EarlierFinding {
    severity: String,
}

impl Earlier {
    /// Reads the whole lines of a file, cuts off a last one that is not whole, and gives the file, ready to be
    /// written on.
    pub(super) fn take_up(path: &Path, run: &str) -> anyhow::Result<(Self, File)> {
        let in_file = || format!("going on with {}", path.display());
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(in_file)?;
        if !file.metadata().with_context(in_file)?.is_file() {
            bail!("{} is no file: --resume reads back what it holds", path.display());
        }
        let mut earlier = Self::default();
        let mut whole = 0;
        let mut reader = BufReader::new(&mut file);
        for number in 1_u64.. {
            let mut line = Vec::new();
            let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line).with_context(in_file)?;
            if line.last() != Some(&b'\n') {
                // Only what this command began to write is cut off.
                let begun = LINE.iter().zip(&line).all(|(one, other)| one == other);
                if !begun || u64::try_from(read).is_ok_and(|read| read >= LONGEST) {
                    bail!("{}: line {number} is no line of this command", path.display());
                }
                break;
            }
            let line: EarlierLine = serde_json::from_slice(&line)
                .with_context(|| format!("{}: line {number} is no line of this command", path.display()))?;
            if line.run != run {
                bail!(
                    "{}: line {number} was written by a run that asked something else; repeat its options, or choose \
                     another file",
                    path.display()
                );
            }
            earlier.add(&line).with_context(|| format!("{}: line {number}", path.display()))?;
            whole += u64::try_from(read).unwrap_or_default();
        }
        drop(reader);
        file.set_len(whole).with_context(in_file)?;
        file.seek(SeekFrom::End(0)).with_context(in_file)?;
        Ok((earlier, file))
    }

    fn add(&mut self, line: &EarlierLine) -> anyhow::Result<()> {
        *self.done.entry(self.hasher.hash_one(&line.name)).or_default() += 1;
        let severities: Result<Vec<Severity>, String> =
            line.findings.iter().map(|finding| finding.severity.parse()).collect();
        let ended = Ended {
            lines: 1,
            state: line.state,
            gravest: severities.map_err(anyhow::Error::msg)?.into_iter().max(),
            open: line.state != State::Invalid && line.open,
        };
        // Of a million lines few end in a way of their own.
        match self.ended.iter_mut().find(|known| Ended { lines: 1, ..**known } == ended) {
            Some(known) => known.lines += 1,
            None => self.ended.push(ended),
        }
        Ok(())
    }

    /// Whether no name has a line that was not taken note of.
    pub(super) fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// Whether a name has its line. A name that is listed twice needs two.
    pub(super) fn take(&mut self, name: &str) -> bool {
        if self.done.is_empty() {
            return false;
        }
        match self.done.get_mut(&self.hasher.hash_one(name)) {
            Some(lines) if *lines > 0 => {
                *lines -= 1;
                true
            }
            _ => false,
        }
    }

    /// How many lines there are.
    pub(super) fn lines(&self) -> u64 {
        self.ended.iter().map(|ended| ended.lines).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"schema_version":1,"name":"a.example","state":"found","open":false,"run":"7","findings":[{"severity":"low"}]}"#;
    const OPEN: &str =
        r#"{"schema_version":1,"name":"*.b.example","state":"undetermined","open":true,"run":"7"}"#;

    fn take_up(content: &str) -> (anyhow::Result<Earlier>, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        std::fs::write(&path, content).unwrap();
        let earlier = Earlier::take_up(&path, "7").map(|(earlier, _)| earlier);
        (earlier, std::fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn whole_lines_count_and_a_torn_one_goes() {
        for torn in ["", "{\"sch", "{\"schema_version\":1,\"name\":\"c.exa"] {
            let (earlier, left) = take_up(&format!("{LINE}\n{OPEN}\n{LINE}\n{torn}"));
            let mut earlier = earlier.unwrap();
            assert_eq!(earlier.lines(), 3);
            assert_eq!(left, format!("{LINE}\n{OPEN}\n{LINE}\n"));
            let gravest: Vec<_> =
                earlier.ended.iter().map(|ended| (ended.lines, ended.gravest, ended.open)).collect();
            assert_eq!(gravest, [(2, Some(Severity::Low), false), (1, None, true)]);
            assert!(earlier.take("*.b.example") && !earlier.take("c.example"));
            assert!(earlier.take("a.example") && earlier.take("a.example") && !earlier.take("a.example"));
        }
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        let other = LINE.replace("\"run\":\"7\"", "\"run\":\"8\"");
        let odd = LINE.replace("low", "dreadful");
        for (content, why) in [
            ("important notes\n", "line 1 is no line of this command"),
            ("important notes", "line 1 is no line of this command"),
            ("{\"minified\":true}", "line 1 is no line of this command"),
            (&format!("{LINE}\n{other}\n"), "line 2 was written by a run that asked something else"),
            (&format!("{odd}\n"), "line 1"),
        ] {
            let (earlier, left) = take_up(content);
            let error = earlier.unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert_eq!(left, content);
        }
        assert_eq!(take_up("").0.unwrap().lines(), 0);
    }
}
