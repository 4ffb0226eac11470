//! What stands above several pin files: one line for each, that with the gravest finding first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{paragraph, safe};
use crate::pins::{Confidence, EnforcementMode, EntryVerdict, PinsVerdict, SourceState, SourceVerdict};
use crate::report::human::style::{FAINT, of_severity, paint};
use crate::report::human::wrap::{labelled, pad};
use crate::rules::{Finding, Severity};

/// The most files that are listed.
const MOST_LISTED: usize = 50;

/// The widths of the columns before the file's name, which comes last: it may be long.
const WORST: usize = 10;
const FOUND: usize = 10;
const PINS: usize = 6;
const STATE: usize = 16;

/// What a file can come to, what matters most first; what is not known is never “no”.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Enforced,
    Guessed,
    Undetermined,
    Unreadable,
    NotWellFormed,
    NotRecognised,
    ReportedOnly,
    NotEnforced,
    OtherHosts,
    NoPins,
}

impl State {
    fn words(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Guessed => "guessed",
            Self::Undetermined => "undetermined",
            Self::Unreadable => "unreadable",
            Self::NotWellFormed => "malformed",
            Self::NotRecognised => "not recognised",
            Self::ReportedOnly => "reported only",
            Self::NotEnforced => "not enforced",
            Self::OtherHosts => "other hosts",
            Self::NoPins => "no pins",
        }
    }

    /// Whether the file may have pins that were not read.
    fn is_open(self) -> bool {
        matches!(self, Self::Undetermined | Self::Unreadable | Self::NotWellFormed | Self::NotRecognised)
    }

    fn of(source: &SourceVerdict, host: Option<&str>) -> Self {
        match source.state {
            SourceState::Read => {}
            SourceState::NotWellFormed(_) => return Self::NotWellFormed,
            SourceState::NotRecognised => return Self::NotRecognised,
            SourceState::Unreadable(_) => return Self::Unreadable,
        }
        let applying = || source.entries.iter().filter(|entry| entry.applies);
        let guessed = |entry: &&EntryVerdict| matches!(entry.confidence, Confidence::Guessed(_));
        let in_force = |entry: &&EntryVerdict| entry.enforced == EnforcementMode::Yes && entry.has_pins();
        let reports = |entry: &EntryVerdict| entry.enforced == EnforcementMode::Report && entry.has_pins();
        let is_open = || source.problems.iter().any(|problem| problem.leaves_open(host));
        let is_of_others = || source.problems.iter().any(|problem| problem.leaves_open(None));
        if applying().any(|entry| in_force(&entry) && !guessed(&entry)) {
            Self::Enforced
        } else if applying().any(|entry| in_force(&entry)) {
            Self::Guessed
        } else if is_open() || applying().any(EntryVerdict::is_open) {
            Self::Undetermined
        } else if applying().any(reports) {
            Self::ReportedOnly
        } else if applying().any(EntryVerdict::has_pins) {
            Self::NotEnforced
        } else if applying().next().is_none() && (!source.entries.is_empty() || is_of_others()) {
            Self::OtherHosts
        } else {
            Self::NoPins
        }
    }
}

/// What is said of one file, which several formats may read.
struct Row {
    worst: Option<Severity>,
    found: usize,
    pins: usize,
    state: State,
}

/// The table, where there are several files.
pub(super) fn table(verdict: &PinsVerdict, findings: &[Finding]) -> String {
    let mut out = String::new();
    let mut rows = rows(verdict);
    if rows.len() < 2 {
        return out;
    }
    for finding in findings {
        for file in files(&finding.evidence.to_json()) {
            if let Some((_, row)) = rows.iter_mut().find(|(name, _)| *name == file) {
                row.worst = row.worst.max(Some(finding.severity));
                row.found = row.found.saturating_add(1);
            }
        }
    }
    rows.sort_by_key(|(_, row)| Reverse((row.worst, row.found)));
    let line = |worst: &str, found: &str, pins: &str, state: &str| {
        ["  ", &pad(worst, WORST), &pad(found, FOUND), &pad(pins, PINS), &pad(state, STATE)].concat()
    };
    out.push('\n');
    out.push_str(&paint(FAINT, line("Worst", "Findings", "Pins", "State") + "File"));
    out.push('\n');
    for (file, row) in rows.iter().take(MOST_LISTED) {
        let worst = row.worst.map_or_else(|| "-".to_owned(), |worst| paint(of_severity(worst), worst));
        let pins = if row.pins == 0 && row.state.is_open() { "?".to_owned() } else { row.pins.to_string() };
        let start = line(&worst, &row.found.to_string(), &pins, row.state.words());
        out.push_str(&labelled(&start, &safe(file)));
    }
    let hidden = rows.len().saturating_sub(MOST_LISTED);
    if hidden > 0 {
        paragraph(&mut out, "  ", &format!("and {hidden} more files; --format json lists them all"));
    }
    out
}

/// One row for each file, in the order of the files.
fn rows(verdict: &PinsVerdict) -> Vec<(&str, Row)> {
    let mut rows: Vec<(&str, Row)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for source in &verdict.sources {
        let (pins, state) = (count(source), State::of(source, verdict.host.as_deref()));
        let place = *places.entry(&source.file).or_insert(rows.len());
        match rows.get_mut(place) {
            Some((_, row)) => {
                row.pins = row.pins.saturating_add(pins);
                row.state = row.state.min(state);
            }
            None => rows.push((&source.file, Row { worst: None, found: 0, pins, state })),
        }
    }
    rows
}

/// The pins that apply, read or not.
fn count(source: &SourceVerdict) -> usize {
    let unread = |entry: &EntryVerdict| usize::try_from(entry.unread).unwrap_or(usize::MAX);
    let applying = source.entries.iter().filter(|entry| entry.applies);
    applying.map(|entry| entry.pins.len().saturating_add(unread(entry))).fold(0, usize::saturating_add)
}

/// The files that the facts of a finding name: a finding about several counts at each.
fn files(facts: &Value) -> BTreeSet<String> {
    let named = ["file", "source", "pins", "does_not"].into_iter().filter_map(|key| facts.get(key)?.as_str());
    let sources = facts.get("sources").and_then(Value::as_array).into_iter().flatten();
    let of_sources = sources.filter_map(|source| source.get("file")?.as_str());
    named.chain(of_sources).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
