//! What an earlier run has written already, for a run that goes on with it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::cli::resume::{Line, take_up};
use crate::rules::Severity;

/// How every line begins.
const LINE: &[u8] = br#"{"schema_version":1,"name":""#;

/// The names that have a line already, and how those lines ended.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// How the first line of each name ended, by position among `kinds`; the name by a hash: eight octets are enough to
    /// tell it from a million others.
    first: HashMap<u64, usize>,
    /// How the further lines of names that have several ended.
    further: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
    /// The ways in which lines ended. Of a million lines few end in a way of their own.
    kinds: Vec<Ended>,
    lines: u64,
    /// How many lines were taken out because they say that a name stayed undetermined.
    again: u64,
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
    /// Whether the certificates given as issued say anything of the name.
    pub(super) has_issued: bool,
}

impl Ended {
    /// Counts this into a tally.
    pub(super) fn count_into(self, tally: &mut Vec<Self>) {
        match tally.iter_mut().find(|known| known.is_like(self)) {
            Some(known) => known.lines += self.lines,
            None => tally.push(self),
        }
    }

    fn is_like(self, other: Self) -> bool {
        Self { lines: 0, ..self } == Self { lines: 0, ..other }
    }
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
    issued: Option<EarlierIssued>,
    #[serde(default)]
    findings: Vec<EarlierFinding>,
}

#[derive(Deserialize)]
struct EarlierIssued {
    certificates: Vec<IgnoredAny>,
    never_issued: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct EarlierFinding {
    severity: String,
}

impl Earlier {
    /// Reads the whole lines of a file, takes out those of names that stayed undetermined and a last one that is not
    /// whole, and gives the file, ready to be written on.
    pub(super) fn take_up(path: &Path, run: &str) -> anyhow::Result<(Self, File)> {
        let mut earlier = Self::default();
        let (found, file) = take_up(path, LINE, |number, text| {
            let line: EarlierLine = text
                .json()
                .with_context(|| format!("{}: line {number} is no line of this command", path.display()))?;
            if line.run != run {
                bail!(
                    "{}: line {number} was written by a run that asked something else; repeat its options, or choose \
                     another file",
                    path.display()
                );
            }
            if line.state == State::Undetermined {
                return Ok(Line::Goes);
            }
            earlier.add(&line).with_context(|| format!("{}: line {number}", path.display()))?;
            Ok(Line::Stays)
        })?;
        earlier.again = found.gone;
        Ok((earlier, file))
    }

    fn add(&mut self, line: &EarlierLine) -> anyhow::Result<()> {
        let severities: Result<Vec<Severity>, String> =
            line.findings.iter().map(|finding| finding.severity.parse()).collect();
        let ended = Ended {
            lines: 1,
            state: line.state,
            gravest: severities.map_err(anyhow::Error::msg)?.into_iter().max(),
            open: line.state != State::Invalid && line.open,
            has_issued: line
                .issued
                .as_ref()
                .is_some_and(|issued| !issued.certificates.is_empty() || issued.never_issued.is_some()),
        };
        let kind = self.kinds.iter().position(|known| *known == ended).unwrap_or_else(|| {
            self.kinds.push(ended);
            self.kinds.len() - 1
        });
        let name = self.hasher.hash_one(&line.name);
        match self.first.entry(name) {
            Entry::Occupied(_) => self.further.entry(name).or_default().push(kind),
            Entry::Vacant(first) => {
                first.insert(kind);
            }
        }
        self.lines += 1;
        Ok(())
    }

    /// Whether no name has a line that was not taken note of.
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// How a name's line ended, if it has one. A name that is listed twice needs two.
    pub(super) fn take(&mut self, name: &str) -> Option<Ended> {
        if self.first.is_empty() {
            return None;
        }
        let name = self.hasher.hash_one(name);
        let further = self.further.get_mut(&name).and_then(Vec::pop);
        let kind = further.or_else(|| self.first.remove(&name))?;
        self.lines = self.lines.saturating_sub(1);
        self.kinds.get(kind).copied()
    }

    /// How many lines there are that nobody took.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// How many lines were taken out, so that their names are asked about again.
    pub(super) fn again(&self) -> u64 {
        self.again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"schema_version":1,"name":"a.example","state":"found","open":false,"run":"7","findings":[{"severity":"low"}]}"#;
    const GRAVE: &str = r#"{"schema_version":1,"name":"*.b.example","state":"found","open":true,"run":"7","issued":{"certificates":[{}],"never_issued":null},"findings":[{"severity":"high"},{"severity":"low"}]}"#;
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
        let low = Ended { lines: 1, state: State::Found, gravest: Some(Severity::Low), ..Ended::default() };
        for torn in ["", "{\"sch", "{\"schema_version\":1,\"name\":\"c.exa"] {
            let (earlier, left) = take_up(&format!("{LINE}\n{GRAVE}\n{LINE}\n{torn}"));
            let mut earlier = earlier.unwrap();
            assert_eq!((earlier.lines(), earlier.again()), (3, 0));
            assert_eq!(left, format!("{LINE}\n{GRAVE}\n{LINE}\n"));
            assert_eq!(earlier.take("c.example"), None);
            let grave = earlier.take("*.b.example").unwrap();
            assert_eq!((grave.gravest, grave.open, grave.has_issued), (Some(Severity::High), true, true));
            assert_eq!([(); 3].map(|()| earlier.take("a.example")), [Some(low), Some(low), None]);
            assert_eq!(earlier.lines(), 0);
        }
    }

    #[test]
    fn what_stayed_undetermined_is_taken_out() {
        let ours: Vec<String> = (0..3).map(|number| LINE.replace("a.ex", &format!("a{number}.ex"))).collect();
        let [a, b, c] = ours.as_slice() else { panic!() };
        for (before, after, again) in [
            (format!("{OPEN}\n"), String::new(), 1),
            (format!("{OPEN}\n{a}\n{OPEN}\n{OPEN}\n{b}\n{c}\n{OPEN}\n"), format!("{a}\n{b}\n{c}\n"), 4),
            (format!("{a}\n{OPEN}\n{b}\n{{\"sch"), format!("{a}\n{b}\n"), 1),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("out.jsonl");
            std::fs::write(&path, &before).unwrap();
            let (mut earlier, mut file) = Earlier::take_up(&path, "7").unwrap();
            assert_eq!((earlier.again(), earlier.take("*.b.example")), (again, None));
            // It is the file in its place that is gone on with, and nothing is left beside it.
            std::io::Write::write_all(&mut file, b"more").unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after + "more");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
            assert!(Earlier::take_up(&path, "7").unwrap_err().to_string().contains("another run is writing"));
        }
    }

    /// What is no line of this command further down leaves the whole file as it was.
    #[test]
    fn nothing_is_taken_out_of_a_file_that_is_refused() {
        let (earlier, left) = take_up(&format!("{OPEN}\nimportant notes\n"));
        assert!(earlier.is_err());
        assert_eq!(left, format!("{OPEN}\nimportant notes\n"));
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
