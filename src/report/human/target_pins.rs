//! The pins of a target in the report of `pinstead check`.

use std::fmt::Write as _;

use super::pins::on_paths;
use super::safe;
use crate::pins::{
    Backup, Diagnosis, EnforcementMode, EntryVerdict, Outcome, PinMatch, PinVerdict, PinsStatus, PinsVerdict,
};
use crate::report::document::Mark;
use crate::x509::ChainPosition;

/// The most entries that are told of.
const MOST_ENTRIES: usize = 3;

/// The most pins of an entry whose diagnosis is told.
const MOST_DIAGNOSES: usize = 3;

/// What the pins come to, and of each entry in force: what matches, on which paths, and what the other pins are.
pub(in crate::report) fn pins(verdict: &PinsVerdict) -> (Mark, String) {
    let applying: Vec<(&str, &EntryVerdict)> = verdict
        .sources
        .iter()
        .flat_map(|source| source.entries.iter().map(|entry| (source.file.as_str(), entry)))
        .filter(|(_, entry)| entry.applies && entry.is_read())
        .collect();
    let locked_out = applying.iter().any(|(_, entry)| entry.outcome == Outcome::LockedOut);
    let enforced: Vec<_> =
        applying.iter().filter(|(_, entry)| entry.enforced == EnforcementMode::Yes).collect();
    let mark = match verdict.status {
        _ if locked_out => Mark::Bad,
        PinsStatus::Pinned if enforced.iter().all(|(_, entry)| entry.outcome == Outcome::Connects) => {
            Mark::Good
        }
        // Of pins that were compared with nothing, nothing is known to be right.
        PinsStatus::Pinned if !enforced.iter().any(|(_, entry)| entry.is_compared()) => Mark::None,
        PinsStatus::Pinned | PinsStatus::Undetermined => Mark::Open,
        PinsStatus::NotPinned | PinsStatus::NoPinSources => Mark::None,
    };
    let status = match verdict.status {
        PinsStatus::Pinned => "Pinned",
        PinsStatus::NotPinned => "Not pinned",
        PinsStatus::NoPinSources => "Not known",
        PinsStatus::Undetermined => "Undetermined",
    };
    let mut words = format!("{status}: {}.", verdict.reason);
    for (file, entry) in enforced.iter().take(MOST_ENTRIES) {
        words.push_str(&of_entry(file, entry));
    }
    let more = enforced.len().saturating_sub(MOST_ENTRIES);
    if more > 0 {
        let _ = write!(words, " And {more} more entries; --format json lists them all.");
    }
    words.push_str(&unseen(verdict).map(|told| format!(" {told}")).unwrap_or_default());
    (mark, safe(&words).into_owned())
}

/// What was given, may pin, and was not read as pins.
pub(in crate::report) fn unseen(verdict: &PinsVerdict) -> Option<String> {
    const MOST: usize = 3;
    let told = verdict.unseen.iter().take(MOST).map(|part| {
        let line = part.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line} ({})", part.file.as_deref().unwrap_or_default(), part.why)
    });
    let told = told.collect::<Vec<_>>().join(", ");
    let more = match verdict.unseen.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!told.is_empty()).then(|| format!("Not read as pins: {told}{more}."))
}

fn of_entry(file: &str, entry: &EntryVerdict) -> String {
    let places: Vec<&str> = entry.pins.iter().filter_map(|pin| place(pin.matches)).collect();
    let matched = match (entry.outcome, places.as_slice()) {
        (Outcome::LockedOut, _) => "no pin matches: these clients are locked out".to_owned(),
        (_, []) if entry.pins.iter().any(|pin| pin.off_path) => {
            "matches only a certificate beside the path: what clients do depends on theirs".to_owned()
        }
        (_, []) if entry.is_compared() => "matches nothing on the path built here".to_owned(),
        (_, []) => "not compared with a chain".to_owned(),
        (_, places) => format!("matches the {}", places.join(" and the ")),
    };
    let backup = match entry.backup {
        Backup::Present => ", with a backup pin",
        Backup::Absent => ", without a backup pin",
        Backup::Unknown => "",
    };
    let paths = on_paths(&entry.paths).map(|words| format!("; the pins {words}")).unwrap_or_default();
    let told: Vec<String> = entry.pins.iter().filter_map(diagnosis).collect();
    let more = match told.len().saturating_sub(MOST_DIAGNOSES) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let told: Vec<String> = told.into_iter().take(MOST_DIAGNOSES).collect();
    let diagnoses = if told.is_empty() { String::new() } else { format!("; {}", told.join("; ")) };
    format!(" {} ({file}): {matched}{backup}{paths}{diagnoses}{more}.", entry.scope.in_words())
}

/// What a pin is that matches nothing, where its value tells.
fn diagnosis(pin: &PinVerdict) -> Option<String> {
    let tells = !pin.matches.matches() && !pin.off_path && pin.diagnosis != Diagnosis::Unknown;
    tells.then(|| format!("{} is {} ({})", pin.pin.shown(), pin.diagnosis, pin.diagnosis.code()))
}

fn place(matched: PinMatch) -> Option<&'static str> {
    match matched {
        PinMatch::At(ChainPosition::Leaf) => Some("leaf"),
        PinMatch::At(ChainPosition::Intermediate) => Some("intermediate"),
        PinMatch::At(ChainPosition::Root) => Some("root"),
        PinMatch::None | PinMatch::NotChecked | PinMatch::WrongPlace(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::{PinFile, Question, judge};

    #[test]
    fn an_entry_is_named_by_the_hosts_that_its_pattern_is_for() {
        let text =
            b"<network-security-config><domain-config><domain includeSubdomains='true'>shop.example</domain>\
            <pin-set><pin digest='SHA-256'>n5EWH0NDPkmm3m22gNefYBWfLkrJFyYhoShGQoFYRAs=</pin></pin-set>\
            </domain-config></network-security-config>";
        let files: Vec<PinFile> = crate::pins::formats::read("nsc.xml", text);
        let question = Question {
            host: Some("www.shop.example"),
            path: None,
            off_path: &[],
            paths: &[],
            service: None,
            certificates: &[],
            at: "2026-11-21T00:00:00Z".parse().unwrap(),
            known_ca: &|_| None,
        };
        let (mark, words) = pins(&judge(&files, &question));
        assert_eq!(mark, Mark::None, "compared with nothing");
        assert!(words.contains(" shop.example and all below (nsc.xml): not compared"), "{words}");
    }
}
