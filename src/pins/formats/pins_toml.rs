//! pinstead's own format, `pins.toml` or `pins.json`: for everything that no platform has a file for.
//!
//! It is described in `docs/pins-toml.md`. Its semantics are what it says: each `[[pin]]` names hosts, pins and what a
//! mismatch does; of several that are about one host, the most specific counts.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod document;
mod read;
mod value;

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

    /// One entry: an exact name, else the longest pattern that covers the host, else one for every host.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        let covering = || source.entries.iter().filter(|entry| entry.scope.covers(host));
        let exact =
            covering().find(|entry| matches!(&entry.scope, HostPattern::Exactly(name) if name == host));
        exact
            .or_else(|| covering().max_by_key(|entry| entry.scope.host().map_or(0, str::len)))
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests;
