//! What an earlier run has written already, for a run that goes on with it.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::rules::Severity;

/// The longest line that is read back, in octets.
const LONGEST: u64 = 16 << 20;

/// The names that have a line already, and how those lines ended.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// A hash of each name: eight octets of a name are enough to tell it from a million others.
    done: HashSet<u64>,
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
    policy: String,
    #[serde(default)]
    nameservers: Option<EarlierNameservers>,
    #[serde(default)]
    verdicts: Vec<EarlierVerdict>,
    #[serde(default)]
    findings: Vec<EarlierFinding>,
}

#[derive(Deserialize)]
struct EarlierNameservers {
    state: String,
}

#[derive(Deserialize)]
struct EarlierVerdict {
    verdict: String,
}

#[derive(Deserialize)]
struct EarlierFinding {
    severity: String,
}

impl Earlier {
    /// Reads the whole lines of a file, cuts off a last one that is not whole, and gives the file, ready to be
    /// written on.
    pub(super) fn take_up(path: &Path) -> anyhow::Result<(Self, File)> {
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
                if u64::try_from(read).is_ok_and(|read| read >= LONGEST) {
                    bail!("{}: line {number} is no line of this command", path.display());
                }
                break;
            }
            let line: EarlierLine = serde_json::from_slice(&line)
                .with_context(|| format!("{}: line {number} is no line of this command", path.display()))?;
            earlier.add(&line);
            whole += u64::try_from(read).unwrap_or_default();
        }
        drop(reader);
        file.set_len(whole).with_context(in_file)?;
        file.seek(SeekFrom::End(0)).with_context(in_file)?;
        Ok((earlier, file))
    }

    fn add(&mut self, line: &EarlierLine) {
        self.done.insert(self.hasher.hash_one(&line.name));
        let ended = Ended {
            lines: 1,
            state: line.state,
            gravest: line.findings.iter().filter_map(|finding| finding.severity.parse().ok()).max(),
            open: (line.state != State::Invalid && line.policy == "undetermined")
                || line.nameservers.as_ref().is_some_and(|servers| servers.state == "undetermined")
                || line.verdicts.iter().any(|verdict| verdict.verdict == "undetermined"),
        };
        // Of a million lines few end in a way of their own.
        match self.ended.iter_mut().find(|known| Ended { lines: 1, ..**known } == ended) {
            Some(known) => known.lines += 1,
            None => self.ended.push(ended),
        }
    }

    /// Whether a name has its line.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.done.is_empty() && self.done.contains(&self.hasher.hash_one(name))
    }

    /// How many lines there are.
    pub(super) fn lines(&self) -> u64 {
        self.ended.iter().map(|ended| ended.lines).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"schema_version":1,"name":"a.example","state":"found","policy":"only","findings":[{"severity":"low"}]}"#;

    fn take_up(content: &str) -> anyhow::Result<(Earlier, String)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        std::fs::write(&path, content).unwrap();
        let (earlier, _) = Earlier::take_up(&path)?;
        Ok((earlier, std::fs::read_to_string(&path).unwrap()))
    }

    #[test]
    fn whole_lines_count_and_a_torn_one_goes() {
        let open = r#"{"name":"*.b.example","state":"undetermined","policy":"undetermined"}"#;
        let (earlier, left) = take_up(&format!("{LINE}\n{open}\n{LINE}\n{{\"name\":\"c.exa")).unwrap();
        assert!(earlier.has("a.example") && earlier.has("*.b.example") && !earlier.has("c.example"));
        assert_eq!(earlier.lines(), 3);
        assert_eq!(left, format!("{LINE}\n{open}\n{LINE}\n"));
        let gravest: Vec<_> =
            earlier.ended.iter().map(|ended| (ended.lines, ended.gravest, ended.open)).collect();
        assert_eq!(gravest, [(2, Some(Severity::Low), false), (1, None, true)]);
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        let error = take_up("important notes\n").unwrap_err();
        assert!(error.to_string().contains("line 1 is no line of this command"), "{error}");
        assert_eq!(take_up("").unwrap().0.lines(), 0);
    }
}
