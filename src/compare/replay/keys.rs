//! The keys of pin sets that an owner could have made from the certificate in service.

use std::collections::{BTreeMap, BTreeSet};

use super::history::{CaKeyFacts, HistoricCertificate, History};
use super::lines::{Laid, roots_at};
use super::outcome::Level;
use super::seconds::after;
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
    /// Each intermediate that issued for the host, and when first, by its CA.
    issuer_since: BTreeMap<&'h str, Vec<(i64, SpkiSha256)>>,
    /// Each CA with known keys that issued for the host, and when first.
    owner_since: Vec<(i64, &'h str)>,
    /// When keys of CAs come or go.
    ca_turns: Vec<i64>,
}

impl<'h> Keys<'h> {
    /// What is known for a history.
    pub(super) fn of(history: &'h History, laid: &Laid<'h>) -> Self {
        let mut of_ca: BTreeMap<&str, Vec<&CaKeyFacts>> = BTreeMap::new();
        for key in &history.ca_keys {
            of_ca.entry(&key.issuer).or_default().push(key);
        }
        let (mut leaves, mut issuers, mut owners) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (mut leaf_since, mut owner_since) = (Vec::new(), Vec::new());
        let mut issuer_since: BTreeMap<&str, Vec<(i64, SpkiSha256)>> = BTreeMap::new();
        for placed in &laid.certificates {
            let it = placed.it;
            let issuer = it.issuer.as_str();
            if leaves.insert(it.key) {
                leaf_since.push((placed.begins(), it.key));
            }
            if let Some(key) = it.issuer_key
                && issuers.insert((issuer, key))
            {
                issuer_since.entry(issuer).or_default().push((placed.begins(), key));
            }
            if of_ca.contains_key(issuer) && owners.insert(issuer) {
                owner_since.push((placed.begins(), issuer));
            }
        }
        let lives = history.ca_keys.iter().flat_map(|key| [key.from.as_second(), after(key.until)]);
        let mut ca_turns: Vec<i64> = lives.collect();
        ca_turns.sort_unstable();
        ca_turns.dedup();
        Self { of_ca, leaf_since, issuer_since, owner_since, ca_turns }
    }

    /// Whether certificates had more keys than an owner is taken to keep.
    pub(super) fn is_more_than_kept(&self) -> bool {
        self.leaf_since.len() > MOST_SPARE
    }

    /// The moments after one, and before another, at which a pin set made from a certificate can come out otherwise.
    pub(super) fn turns(
        &self,
        (level, backup): (Level, bool),
        it: &HistoricCertificate,
        (from, until): (i64, i64),
    ) -> BTreeSet<i64> {
        let is_within = |second: &i64| from < *second && *second < until;
        let mut turns = BTreeSet::new();
        if level == Level::Root {
            let lives = it.paths.iter().flat_map(|path| [path.from.as_second(), after(path.until)]);
            turns.extend(lives.filter(is_within));
        }
        if level == Level::AllRootsOfCa || (backup && level != Level::Leaf) {
            turns.extend(self.ca_turns.iter().copied().filter(is_within));
        }
        if backup {
            let leaves = self.leaf_since.iter().map(|(since, _)| *since);
            let issuers = self.issuer_since.get(it.issuer.as_str()).into_iter().flatten();
            let owners = self.owner_since.iter().map(|(since, _)| *since);
            match level {
                Level::Leaf => turns.extend(within(leaves, (from, until))),
                Level::Intermediate => {
                    turns.extend(within(issuers.map(|(since, _)| *since), (from, until)));
                }
                Level::Root => {}
                Level::AllRootsOfCa => turns.extend(within(owners, (from, until))),
            }
        }
        // The one second that a life shares with the next, both ends included, is no time in which anybody makes pins.
        let shared: Vec<i64> =
            turns.iter().copied().filter(|turn| turns.contains(&turn.saturating_add(1))).collect();
        for turn in shared {
            turns.remove(&turn);
        }
        turns
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
                let seen = self.issuer_since.get(it.issuer.as_str()).into_iter().flatten();
                pins.extend(seen.take_while(|(since, _)| *since <= second).map(|(_, key)| *key));
            }
            Level::Root => {
                let another = self
                    .of_ca(&it.issuer, second, true)
                    .filter(|key| !pins.contains(&key.key))
                    .min_by_key(|key| (key.from, key.key));
                pins.extend(another.map(|key| key.key));
            }
            Level::AllRootsOfCa => {
                for (_, owner) in self.owner_since.iter().take_while(|(since, _)| *since <= second) {
                    pins.extend(self.of_ca(owner, second, true).map(|key| key.key));
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
}

/// Of moments in their order, those after one and before another.
fn within(sorted: impl Iterator<Item = i64>, (from, until): (i64, i64)) -> impl Iterator<Item = i64> {
    sorted.skip_while(move |second| *second <= from).take_while(move |second| *second < until)
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
