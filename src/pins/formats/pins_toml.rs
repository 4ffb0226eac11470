//! pinstead's own format, `pins.toml` or `pins.json`: for everything that no platform has a file for.
//!
//! It is described in `docs/pins-toml.md`. Its semantics are what it says: each `[[pin]]` names hosts, pins and what a
//! mismatch does; of several that are about one host, the most specific counts on each platform. Of two with the same
//! hosts and platform the first is used, which is told.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod document;
mod read;
mod value;

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::problems::Problems;
use super::{PinFormat, PinInput};
use crate::pins::model::{HostPattern, PinEntry, PinSource, ProblemKind};

/// The format's id.
const ID: &str = "pinstead";

/// Our own format.
pub(super) struct PinsToml;

impl PinFormat for PinsToml {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        input.text.as_deref().is_some_and(|text| document::is_ours(input.path, text))
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        read::source(&document::read(input.text.as_deref().unwrap_or_default())?)
    }

    /// For each platform and release that is named, one entry: an exact name, else the longest pattern that covers the
    /// host, else one for every host. Entries that name neither are for all of them.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        let covering = || source.entries.iter().filter(|entry| entry.scope.covers(host));
        let app = |entry: &PinEntry| (entry.platform.clone(), entry.released);
        let apps: BTreeSet<_> = covering().map(app).collect();
        let mut used: Vec<&PinEntry> = Vec::new();
        for wanted in &apps {
            let own = |entry: &PinEntry| app(entry) == *wanted;
            let rank = |entry: &PinEntry| {
                let is_exact = matches!(&entry.scope, HostPattern::Exactly(name) if name == host);
                (is_exact, entry.scope.host().map_or(0, str::len), own(entry))
            };
            let of_app = covering().filter(|entry| own(entry) || app(entry) == (None, None));
            // Of equals, the first in the file.
            let best = of_app.rev().max_by_key(|entry| rank(entry));
            used.extend(best.filter(|best| used.iter().all(|one| !std::ptr::eq(*one, *best))));
        }
        used
    }
}

/// Tells of entries that no platform uses: the same hosts, platform and release are named before with other pins.
fn tell_unused(entries: &[PinEntry], problems: &mut Problems) {
    let mut known: HashMap<(&HostPattern, Option<&str>, Option<Timestamp>), &PinEntry> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.scope != HostPattern::Nowhere) {
        let first = *known.entry((&entry.scope, entry.platform.as_deref(), entry.released)).or_insert(entry);
        if std::ptr::eq(first, entry) {
            continue;
        }
        let line = first.line.map(|line| format!(" in line {line}")).unwrap_or_default();
        let platform = entry.platform.as_ref().map(|name| format!(" on {name}")).unwrap_or_default();
        let what = format!(
            "{}{platform} is named{line} already; only that entry is used, not this one",
            entry.scope
        );
        problems.add(ProblemKind::NoEffect, entry.line, what);
    }
}

#[cfg(test)]
mod tests;
