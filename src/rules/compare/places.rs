//! Where the pins of a client stand, and which they are.

use crate::judge::TargetVerdicts;
use crate::pins::{EntryVerdict, PinsVerdict, SourceVerdict};
use crate::rules::finding::Location;
use crate::rules::pins::subjects;

/// How many pins are told.
const MOST_PINS: usize = 100;

/// The entries of a client, which the replay names by its file, and by the line where the file has several.
pub(super) fn entries<'p>(
    pins: &'p PinsVerdict,
    client: &'p str,
) -> impl Iterator<Item = (&'p SourceVerdict, &'p EntryVerdict)> {
    let of_client = |file: &str, line: Option<usize>| match client.strip_prefix(file) {
        Some("") => true,
        Some(rest) => line.is_some_and(|line| rest == format!(", line {line}")),
        None => false,
    };
    let entries =
        pins.sources.iter().flat_map(|source| source.entries.iter().map(move |entry| (source, entry)));
    entries.filter(move |(source, entry)| entry.applies && of_client(&source.file, entry.line))
}

/// Where a client's pins stand.
pub(super) fn place(pins: &PinsVerdict, client: &str) -> Option<Location> {
    let (source, entry) = entries(pins, client).find(|(_, entry)| entry.has_pins())?;
    subjects::place(source, entry.line)
}

/// Where pins of the host stand first, of those that the way off pinning is about.
pub(super) fn first_place(verdicts: &TargetVerdicts) -> Option<Location> {
    let sources = verdicts.pins.verdict()?.sources.iter();
    let mut entries = sources.flat_map(|source| source.entries.iter().map(move |entry| (source, entry)));
    let (source, entry) = entries.find(|(source, entry)| {
        entry.applies && (entry.has_pins() || entry.bootstrap.is_some()) && !source.is_looked_up()
    })?;
    subjects::place(source, entry.line)
}

/// The pins of a client.
pub(super) fn values(pins: &PinsVerdict, client: &str) -> Vec<String> {
    let own = entries(pins, client);
    let mut values: Vec<String> =
        own.flat_map(|(_, entry)| &entry.pins).map(|pin| pin.pin.to_string()).take(MOST_PINS).collect();
    values.sort_unstable();
    values
}
