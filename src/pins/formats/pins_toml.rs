//! pinstead's own format, `pins.toml` or `pins.json`: for everything that no platform has a file for.
//!
//! It is described in `docs/pins-toml.md`. Its semantics are what it says: each `[[pin]]` names hosts, pins and what a
//! mismatch does; of several that are about one host, the most specific counts on each platform. Two with the same
//! hosts and platform are of two apps or versions, and each is judged by itself.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod document;
mod read;
mod value;

use std::collections::BTreeSet;

use super::{PinFormat, PinInput};
use crate::pins::model::{HostPattern, PinEntry, PinSource};

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
    /// host, else one for every host. Entries that name neither are for all of them. Of equals each: they are of several
    /// apps or versions.
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
            let of_app = || covering().filter(|entry| own(entry) || app(entry) == (None, None));
            let best = of_app().map(&rank).max();
            for entry in of_app().filter(|entry| Some(rank(entry)) == best) {
                if used.iter().all(|one| !std::ptr::eq(*one, entry)) {
                    used.push(entry);
                }
            }
        }
        used
    }
}

#[cfg(test)]
mod tests;
