//! The roots at which chains of CAs end: now, and after their next change.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{CaTable, same_owner};
use crate::x509::path::Anchors;
use crate::x509::paths::{CaPath, CertificateKind, paths_above};
use crate::x509::{Certificate, SpkiSha256};

/// The roots that pins have to name if no chain of these CAs is to be refused: one that is built now, or is later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootsOfCas {
    /// Every root of the same owners that is in its life, by its key, with its name for people: whether a path of now
    /// leads to it or not, the next certificate's may.
    pub of_owners: BTreeMap<SpkiSha256, String>,
    /// The paths that clients build now.
    pub paths: Vec<RootsOfPath>,
}

/// What of a path can be pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootsOfPath {
    /// The keys on it that are roots': any of them is enough for it.
    pub keys: BTreeSet<SpkiSha256>,
    /// The key at its end.
    pub end: SpkiSha256,
    /// The name of that, for people.
    pub name: String,
}

impl RootsOfCas {
    /// Those of owners, by CCADB; roots that Mozilla's and Microsoft's programmes have both removed apart.
    pub fn of_owners(owners: &BTreeSet<String>, at: Timestamp) -> Self {
        let mut roots = Self::default();
        for key in CaTable.keys().filter(|_| !owners.is_empty()) {
            let Some(known) = CaTable.key(&key) else { continue };
            let is_theirs = known.owner.is_some_and(|owner| owners.iter().any(|own| same_owner(own, owner)));
            let is_root = || {
                CaTable
                    .certificates(&key)
                    .any(|it| it.kind == CertificateKind::Root && it.not_before <= at && at <= it.not_after)
            };
            if is_theirs && is_root() {
                roots.of_owners.insert(key, common_name(known.subject).to_owned());
            }
        }
        roots
    }

    /// Adds the paths above the key of an issuing CA; `given` are certificates of CAs that are at hand. `None` where not
    /// all of them are known.
    pub fn add_paths(
        &mut self,
        issuer: &SpkiSha256,
        given: &[Certificate],
        anchors: &Anchors,
        at: Timestamp,
    ) -> Option<()> {
        let graph = |key: &SpkiSha256| CaTable.certificates(key).collect();
        let is_root = |key: &SpkiSha256| {
            anchors.certificates().iter().any(|anchor| anchor.spki_sha256 == *key)
                || CaTable.certificates(key).any(|it| it.kind != CertificateKind::Intermediate)
        };
        for path in built(&paths_above(issuer, given, anchors, &graph), at)? {
            let end = path.certificates.last()?;
            let keys = path.certificates.iter().map(|certificate| certificate.spki_sha256);
            let keys = keys.filter(|key| *key == end.spki_sha256 || is_root(key)).collect();
            let name = common_name(&end.subject).to_owned();
            self.paths.push(RootsOfPath { keys, end: end.spki_sha256, name });
        }
        Some(())
    }

    /// The paths on which none of these keys is.
    pub fn missed_by<'r>(&'r self, named: &'r BTreeSet<SpkiSha256>) -> impl Iterator<Item = &'r RootsOfPath> {
        self.paths.iter().filter(|path| path.keys.is_disjoint(named))
    }
}

/// The common name of a subject, or else the whole.
fn common_name(subject: &str) -> &str {
    let name = subject.split_once("CN=").map(|(_, rest)| rest.split(", ").next().unwrap_or(rest));
    name.unwrap_or(subject)
}

/// The paths that clients build at a time: those to the anchors, else every one known; `None` where there is none, or
/// there are more than were looked at.
fn built(paths: &[CaPath], at: Timestamp) -> Option<Vec<&CaPath>> {
    if paths.iter().any(|path| path.certificates.is_empty()) {
        return None;
    }
    let now = |trusted: bool| -> Vec<&CaPath> {
        let holds = |path: &&CaPath| path.trusted == trusted && path.from <= at && at <= path.until;
        paths.iter().filter(holds).collect()
    };
    let trusted = now(true);
    let found = if trusted.is_empty() { now(false) } else { trusted };
    (!found.is_empty()).then_some(found)
}
