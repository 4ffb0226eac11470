//! The CAs that an app itself names as its trust anchors.

use std::collections::BTreeSet;

use super::{PinFile, PinSource, Reading};
use crate::x509::{PathCertificate, SpkiSha256};

/// The CAs that a configuration names for some hosts, apart from those of the system and of a device's user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnAnchors {
    /// Whether those of the system are trusted beside them.
    pub beside_system: bool,
    /// What it calls those that are not at hand.
    pub missing: BTreeSet<String>,
    /// The files that the others were found in, with the hashes of their keys.
    pub found: Vec<(String, Vec<SpkiSha256>)>,
}

impl OwnAnchors {
    /// Why it is open, or worse, whether clients accept a path at all; `None` where it leads over one of the anchors.
    pub fn doubt(&self, path: &[PathCertificate]) -> Option<String> {
        let is_anchor =
            |one: &PathCertificate| self.found.iter().any(|(_, keys)| keys.contains(&one.spki_sha256));
        if self.beside_system || path.iter().any(is_anchor) {
            return None;
        }
        Some(match self.missing.first() {
            Some(name) => format!(
                "the configuration trusts no CAs of the system for these hosts, and “{name}”, which it trusts instead, \
                 is not at hand: whether clients accept the chain is not known"
            ),
            None => "the configuration trusts CAs of its own alone for these hosts, and the chain leads to none of \
                     them: clients refuse such a chain before they look at pins"
                .to_owned(),
        })
    }
}

impl PinSource {
    /// What it calls the anchors of its own that are not at hand.
    pub fn missing_anchors(&self) -> BTreeSet<String> {
        let own = self.entries.iter().filter_map(|entry| entry.anchors.as_ref());
        own.flat_map(|own| own.missing.iter().cloned()).collect()
    }

    /// Takes the keys of an anchor that was found in this file.
    pub fn take_anchor(&mut self, name: &str, file: &str, keys: &[SpkiSha256]) {
        for own in self.entries.iter_mut().filter_map(|entry| entry.anchors.as_mut()) {
            if own.missing.remove(name) {
                own.found.push((file.to_owned(), keys.to_vec()));
            }
        }
    }
}

impl PinFile {
    /// The files of the anchors that it names, as far as they were found.
    pub fn found_anchors(&self) -> impl Iterator<Item = &str> {
        let entries = match &self.reading {
            Reading::Read(source) => source.entries.as_slice(),
            _ => &[],
        };
        let own = entries.iter().filter_map(|entry| entry.anchors.as_ref());
        own.flat_map(|own| own.found.iter().map(|(file, _)| file.as_str()))
    }
}
