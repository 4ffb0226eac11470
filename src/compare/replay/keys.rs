//! The keys of pin sets that an owner could have made from the certificate in service.

use std::collections::{BTreeMap, BTreeSet};

use super::history::{CaKeyFacts, HistoricCertificate, History};
use super::lines::{Laid, roots_at};
use super::outcome::Level;
use crate::x509::SpkiSha256;

/// The most keys that an owner is taken to keep to fall back on.
const MOST_SPARE: usize = 50;

/// What pin sets are made from.
#[derive(Debug)]
pub(super) struct Keys<'h> {
    /// The keys of each CA.
    of_ca: BTreeMap<&'h str, Vec<&'h CaKeyFacts>>,
    /// Each key that a certificate of the host had, and when first.
    leaf_since: Vec<(i64, SpkiSha256)>,
    /// Each CA and intermediate that issued for the host, and when first.
    issuer_since: Vec<(i64, &'h str, Option<SpkiSha256>)>,
}

impl<'h> Keys<'h> {
    /// What is known for a history.
    pub(super) fn of(history: &'h History, laid: &Laid<'h>) -> Self {
        let mut of_ca: BTreeMap<&str, Vec<&CaKeyFacts>> = BTreeMap::new();
        for key in &history.ca_keys {
            of_ca.entry(&key.issuer).or_default().push(key);
        }
        let (mut leaves, mut issuers) = (BTreeSet::new(), BTreeSet::new());
        let (mut leaf_since, mut issuer_since) = (Vec::new(), Vec::new());
        for placed in &laid.certificates {
            let it = placed.it;
            if leaves.insert(it.key) {
                leaf_since.push((placed.begins(), it.key));
            }
            if issuers.insert((it.issuer.as_str(), it.issuer_key)) {
                issuer_since.push((placed.begins(), it.issuer.as_str(), it.issuer_key));
            }
        }
        Self { of_ca, leaf_since, issuer_since }
    }

    /// The keys of a pin set made from a certificate at a time; none where what it takes is not known.
    pub(super) fn pins(
        &self,
        of: (Level, bool),
        it: &HistoricCertificate,
        second: i64,
    ) -> BTreeSet<SpkiSha256> {
        self.pins_by_paths_of(of, it, (second, second))
    }

    /// The same with the keys that were known at a time, and the paths of another.
    pub(super) fn pins_by_paths_of(
        &self,
        (level, backup): (Level, bool),
        it: &HistoricCertificate,
        (second, paths): (i64, i64),
    ) -> BTreeSet<SpkiSha256> {
        let mut pins: BTreeSet<SpkiSha256> = match level {
            Level::Leaf => [it.key].into(),
            Level::Intermediate => it.issuer_key.into_iter().collect(),
            Level::Root => roots_at(&it.paths, paths),
            Level::AllRootsOfCa => self.of_ca(&it.issuer, second, true).map(|key| key.key).collect(),
        };
        if pins.is_empty() || !backup {
            return pins;
        }
        match level {
            Level::Leaf => pins.extend(self.leaves_until(second)),
            Level::Intermediate => {
                pins.extend(self.of_ca(&it.issuer, second, false).map(|key| key.key));
                let seen = self.issuers_until(second).filter(|(_, issuer, _)| *issuer == it.issuer);
                pins.extend(seen.filter_map(|(_, _, key)| *key));
            }
            Level::Root => {
                let another = self
                    .of_ca(&it.issuer, second, true)
                    .filter(|key| !pins.contains(&key.key))
                    .min_by_key(|key| (key.from, key.key));
                pins.extend(another.map(|key| key.key));
            }
            Level::AllRootsOfCa => {
                let others: BTreeSet<&str> =
                    self.issuers_until(second).map(|(_, issuer, _)| *issuer).collect();
                for issuer in others {
                    pins.extend(self.of_ca(issuer, second, true).map(|key| key.key));
                }
            }
        }
        pins
    }

    /// The keys of a CA that have a certificate in its life at a time.
    fn of_ca(&self, issuer: &str, second: i64, is_root: bool) -> impl Iterator<Item = &'h CaKeyFacts> {
        let keys = self.of_ca.get(issuer).map(Vec::as_slice).unwrap_or_default();
        keys.iter().copied().filter(move |key| {
            key.is_root == is_root && key.from.as_second() <= second && second <= key.until.as_second()
        })
    }

    fn leaves_until(&self, second: i64) -> impl Iterator<Item = SpkiSha256> {
        let count = self.leaf_since.partition_point(|(since, _)| *since <= second);
        self.leaf_since.get(..count).unwrap_or_default().iter().rev().take(MOST_SPARE).map(|(_, key)| *key)
    }

    fn issuers_until(&self, second: i64) -> impl Iterator<Item = &(i64, &'h str, Option<SpkiSha256>)> {
        self.issuer_since.iter().take_while(move |(since, ..)| *since <= second)
    }
}

impl Level {
    /// Every level, from the leaf up.
    pub const ALL: [Self; 4] = [Self::Leaf, Self::Intermediate, Self::Root, Self::AllRootsOfCa];

    /// What a pin set of it is called.
    pub fn title(self, backup: bool) -> &'static str {
        match (self, backup) {
            (Self::Leaf, false) => "a leaf pin",
            (Self::Leaf, true) => "a leaf pin with a spare key",
            (Self::Intermediate, false) => "an intermediate pin",
            (Self::Intermediate, true) => "pins of all known intermediates of the CA",
            (Self::Root, false) => "a root pin",
            (Self::Root, true) => "a root pin with another root of the CA",
            (Self::AllRootsOfCa, false) => "pins of all roots of the CA",
            (Self::AllRootsOfCa, true) => "pins of all roots of every CA used so far",
        }
    }

    /// What its pins are.
    pub(super) fn note(self, backup: bool) -> &'static str {
        match (self, backup) {
            (Self::Leaf, false) => "The key of the certificate in service.",
            (Self::Leaf, true) => {
                "The key of the certificate in service, and the keys that certificates of this host had before (the \
                 last 50). A \
                 spare key that never had a certificate is in no log: had each renewal used one that was pinned \
                 beforehand, none of these lock-outs would have been."
            }
            (Self::Intermediate, false) => "The key that issued the certificate in service.",
            (Self::Intermediate, true) => {
                "The key that issued the certificate in service, and all intermediates of that CA's owner that the \
                 table of CAs or this host's certificates had by then; which of them issue at a time is not known."
            }
            (Self::Root, false) => {
                "The keys of the roots that the paths of the certificate in service lead to (today's anchors)."
            }
            (Self::Root, true) => {
                "The same, and one more root of the CA's owner: the oldest that is not among them."
            }
            (Self::AllRootsOfCa, false) => {
                "All roots of the owner of the issuing CA, by the table of CAs, in their lives at the time."
            }
            (Self::AllRootsOfCa, true) => {
                "The same, and all roots of the owners of every other CA that had issued for this host by then."
            }
        }
    }
}
