//! Every way from an issuing CA up to an anchor, where the CA is known by its key alone and no chain is at hand: as for
//! a certificate that a log has. Not for one time, but each with the time for which it holds.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    CaGraph, CertificateKind, KnownCertificate, LONGEST_PATH, MOST_PATHS, MOST_SERVED, MOST_STEPS, Node,
    Search, hash_of, known_path_certificate,
};
use crate::x509::path::{Anchors, ChainPosition, PathCertificate, path_certificate};
use crate::x509::{Certificate, SpkiSha256};

/// A way from an issuing CA to an anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaPath {
    /// The issuing CA first, the anchor last; empty where it stands for further paths, which were not looked at.
    pub certificates: Vec<PathCertificate>,
    /// Whether the anchor is one of those that chains are judged with; else it is another root known here.
    pub trusted: bool,
    /// The first moment at which every certificate of it is valid, as far as they are known. The end of an anchor's own
    /// life is no end: clients may use it all the same.
    pub from: Timestamp,
    /// The last.
    pub until: Timestamp,
}

/// The ways up from an issuing CA, those to the anchors first. `given` are certificates of CAs that are in no table. Of
/// cross-certificates by the same keys, those that follow one another count as one that lasts as long as all of them.
/// Bounded: where there are more, a last one without certificates stands for the others.
pub fn paths_above(
    issuer: &SpkiSha256,
    given: &[Certificate],
    anchors: &Anchors,
    graph: CaGraph<'_>,
) -> Vec<CaPath> {
    let looked_at = given.get(..MOST_SERVED.min(given.len())).unwrap_or(given);
    let search = Search {
        served: looked_at,
        anchors: anchors.certificates(),
        graph,
        // The lives of certificates are looked at here.
        at: Timestamp::UNIX_EPOCH,
        found: Vec::new(),
        steps: 0,
        is_cut: looked_at.len() < given.len(),
    };
    let mut climb = Climb { is_cut: search.is_cut, search, found: Vec::new(), steps: 0 };
    climb.up((None, *issuer), &mut Vec::new(), Life::ALWAYS);
    let mut found = climb.found;
    found.sort_by_key(|path| (!path.trusted, path.certificates.len()));
    if climb.is_cut {
        let Life { from, until } = Life::ALWAYS;
        found.push(CaPath { certificates: Vec::new(), trusted: true, from, until });
    }
    found
}

/// The time for which something holds, both ends included.
#[derive(Clone, Copy)]
struct Life {
    from: Timestamp,
    until: Timestamp,
}

impl Life {
    const ALWAYS: Self = Self { from: Timestamp::MIN, until: Timestamp::MAX };

    fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    fn or(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), until: self.until.max(other.until) }
    }
}

/// A certificate that leads on, with the keys and the name of its issuer.
struct Onward {
    certificate: PathCertificate,
    life: Life,
    issuer: [u8; 6],
}

struct Climb<'a> {
    search: Search<'a>,
    found: Vec<CaPath>,
    steps: usize,
    is_cut: bool,
}

impl<'a> Climb<'a> {
    /// From a CA by its key, and its name where a certificate says it.
    fn up(
        &mut self,
        (name, key): (Option<[u8; 6]>, SpkiSha256),
        path: &mut Vec<PathCertificate>,
        life: Life,
    ) {
        self.steps = self.steps.saturating_add(1);
        if self.steps > MOST_STEPS || path.len() >= LONGEST_PATH {
            self.is_cut = true;
            return;
        }
        let is_it = |certificate: &&Certificate| {
            certificate.spki_sha256 == key
                && certificate
                    .parts()
                    .is_ok_and(|parts| name.is_none_or(|name| hash_of(parts.subject) == name))
        };
        let known: Vec<KnownCertificate> = (self.search.graph)(&key)
            .into_iter()
            .filter(|known| name.is_none_or(|name| known.subject == name))
            .collect();
        let anchor = self.search.anchors.iter().find(is_it);
        let root = known.iter().find(|known| known.kind == CertificateKind::Root);
        match (anchor, root) {
            (Some(anchor), _) => {
                let own = Life { from: anchor.not_before, until: Timestamp::MAX };
                self.end(path, path_certificate(ChainPosition::Root, anchor), true, life.and(own));
            }
            (None, Some(root)) => {
                let own = Life { from: root.not_before, until: root.not_after };
                self.end(path, known_path_certificate(ChainPosition::Root, root), false, life.and(own));
            }
            (None, None) => {}
        }
        let served =
            self.search.served.iter().filter(is_it).filter(|served| !served.is_self_issued()).collect();
        for (keys, onward) in self.onward(served, known) {
            for key in keys {
                if path.iter().any(|certificate| certificate.spki_sha256 == key)
                    || onward.certificate.spki_sha256 == key
                {
                    continue;
                }
                path.push(onward.certificate.clone());
                self.up((Some(onward.issuer), key), path, life.and(onward.life));
                path.pop();
            }
        }
    }

    /// What leads on from a CA, by the keys that it leads to.
    fn onward(
        &self,
        served: Vec<&'a Certificate>,
        known: Vec<KnownCertificate>,
    ) -> BTreeMap<BTreeSet<SpkiSha256>, Onward> {
        let mut onward: BTreeMap<BTreeSet<SpkiSha256>, Onward> = BTreeMap::new();
        let mut add = |keys: BTreeSet<SpkiSha256>, new: Onward| match onward.get_mut(&keys) {
            Some(other) => {
                if new.life.until > other.life.until {
                    other.certificate = new.certificate;
                }
                other.life = other.life.or(new.life);
            }
            None => drop(onward.insert(keys, new)),
        };
        for certificate in served {
            let Some((issuer, keys)) = self.search.issuers(&Node::Served(certificate)) else { continue };
            let life = Life { from: certificate.not_before, until: certificate.not_after };
            let own = path_certificate(ChainPosition::Intermediate, certificate);
            add(keys, Onward { certificate: own, life, issuer });
        }
        for known in known.into_iter().filter(|known| known.kind == CertificateKind::Intermediate) {
            let life = Life { from: known.not_before, until: known.not_after };
            let own = known_path_certificate(ChainPosition::Intermediate, &known);
            let keys = known.issuer_keys.iter().copied().collect();
            add(keys, Onward { certificate: own, life, issuer: known.issuer });
        }
        onward
    }

    fn end(&mut self, path: &[PathCertificate], anchor: PathCertificate, trusted: bool, life: Life) {
        if life.from > life.until {
            return;
        }
        if self.found.len() >= MOST_PATHS {
            self.is_cut = true;
            return;
        }
        let certificates = path.iter().cloned().chain([anchor]).collect();
        self.found.push(CaPath { certificates, trusted, from: life.from, until: life.until });
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a test counts in small numbers")]
mod tests {
    use super::*;
    use crate::ca::CaTable;
    use crate::demo::authority::{CaCertificate, KeyAlgorithm};
    use crate::x509::CertificateSha256;

    fn key(pin: &str) -> SpkiSha256 {
        SpkiSha256::from_base64(pin).unwrap()
    }

    fn labels(paths: &[CaPath]) -> Vec<(String, bool)> {
        let name = |subject: &str| subject.rsplit("CN=").next().unwrap_or(subject).to_owned();
        let label = |path: &CaPath| -> String {
            let names: Vec<String> = path.certificates.iter().map(|one| name(&one.subject)).collect();
            names.join(" ← ")
        };
        paths.iter().map(|path| (label(path), path.trusted)).collect()
    }

    /// Let's Encrypt's R3 by its key alone: up to ISRG Root X1, which is an anchor; and by IdenTrust's cross-certificates
    /// (two of R3, the longer until 2021-09-29T19:52:04Z; of X1 until 2024-09-30) to DST Root CA X3, which ended on 2021-09-30.
    #[test]
    fn the_ways_up_from_a_key_have_the_times_for_which_they_hold() {
        let graph = |key: &SpkiSha256| CaTable.certificates(key).collect();
        let r3 = key("jQJTbIh0grw0/1TkHSumWb+Fs0Ggogr621gT3PvPKG0=");
        let paths = paths_above(&r3, &[], &Anchors::embedded(), &graph);
        let found = labels(&paths);
        assert_eq!(found[0], ("R3 ← ISRG Root X1".to_owned(), true), "{found:?}");
        assert_eq!(paths[0].until, "2025-09-15T16:00:00Z".parse().unwrap());
        let of = |label: &str| found.iter().position(|(own, _)| own == label).unwrap();
        let (short, long) = (of("R3 ← DST Root CA X3"), of("R3 ← ISRG Root X1 ← DST Root CA X3"));
        assert!(!found[short].1 && !found[long].1, "no anchor of today");
        assert_eq!(paths[short].until, "2021-09-29T19:52:04Z".parse().unwrap());
        assert_eq!(paths[long].until, "2021-09-30T14:01:15Z".parse().unwrap());
        assert_eq!(paths[short].certificates[0].position, ChainPosition::Intermediate);
        assert_eq!(paths[short].certificates[1].position, ChainPosition::Root);
        assert!(paths_above(&SpkiSha256([7; 32]), &[], &Anchors::embedded(), &graph).is_empty());
    }

    #[test]
    fn a_ca_of_no_table_is_found_by_the_certificates_at_hand() {
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let root = CaCertificate::root("Lab Root", KeyAlgorithm::P256, now).unwrap();
        let below = root.intermediate("Lab Issuing", KeyAlgorithm::P256, now).unwrap();
        let read = |ca: &CaCertificate| Certificate::read(&ca.der).unwrap();
        let anchors = Anchors::given(vec![read(&root)], "test");
        let nothing = |_: &SpkiSha256| Vec::new();
        let paths = paths_above(&below.key.spki_sha256(), &[read(&below)], &anchors, &nothing);
        assert_eq!(labels(&paths), [("Lab Issuing ← Lab Root".to_owned(), true)]);
        assert!(paths_above(&below.key.spki_sha256(), &[], &anchors, &nothing).is_empty());
        // A root that issues itself.
        let alone = paths_above(&root.key.spki_sha256(), &[], &anchors, &nothing);
        assert_eq!(labels(&alone), [("Lab Root".to_owned(), true)]);
    }

    #[test]
    fn a_graph_of_certificates_that_sign_each_other_ends_and_says_so() {
        let keys: Vec<SpkiSha256> = (0..12_u8).map(|number| SpkiSha256([number; 32])).collect();
        let graph = |key: &SpkiSha256| -> Vec<KnownCertificate> {
            let of = |kind| KnownCertificate {
                sha256: CertificateSha256(key.0),
                key: *key,
                name: "Loop".to_owned(),
                subject: [1; 6],
                issuer: [1; 6],
                issuer_keys: keys.clone(),
                kind,
                not_before: Timestamp::MIN,
                not_after: Timestamp::MAX,
            };
            vec![of(CertificateKind::Intermediate), of(CertificateKind::Root)]
        };
        let paths = paths_above(&keys[0], &[], &Anchors::given(Vec::new(), "none"), &graph);
        assert_eq!(paths.len(), MOST_PATHS + 1);
        let last = paths.last().unwrap();
        assert!(last.certificates.is_empty() && last.trusted);
    }
}
