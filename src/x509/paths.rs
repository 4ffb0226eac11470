//! Every path that a client could build for a served chain: over the certificates served, the anchors, and the
//! certificates of known CAs, cross-certificates included.
//!
//! A client that has another root, or that fetched a cross-certificate from elsewhere, ends at another anchor, and
//! a pin that is on one path need not be on the other. What joins two certificates is a verified signature: here for
//! certificates whose octets are at hand, when the table was made for the others. Constraints inside certificates
//! (path lengths, names) are not asked about, so that a path may be listed that a client refuses.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod above;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;

pub use self::above::{CaPath, paths_above};
use super::certificate::Certificate;
use super::path::{Anchors, ChainPosition, PathCertificate, path_certificate};
use super::signature::{SignatureCheck, is_signed_by};
use super::{CertificateSha256, Fingerprints, SpkiSha256};

/// The longest path, in certificates; the longest real ones have 6.
const LONGEST_PATH: usize = 8;
/// The most paths that are enumerated, and the most certificates that are looked at for them.
const MOST_PATHS: usize = 48;
const MOST_STEPS: usize = 1024;
/// The most served certificates that are used.
const MOST_SERVED: usize = 32;

/// What stands for the paths beyond those that are enumerated.
pub const FURTHER: &str = "further paths, which were not looked at";

/// What a certificate can be on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateKind {
    /// Signed by its own key.
    Root,
    /// The same, but Mozilla's and Microsoft's programmes had both removed it by CCADB's report.
    Removed,
    /// Signed by another key.
    Intermediate,
}

/// A certificate of a known CA, of which more is not at hand than this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCertificate {
    /// Its hash.
    pub sha256: CertificateSha256,
    /// The key it is for.
    pub key: SpkiSha256,
    /// Whose it is, for people.
    pub name: String,
    /// The first octets of SHA-256 over its subject.
    pub subject: [u8; 6],
    /// The first octets of SHA-256 over its issuer's name.
    pub issuer: [u8; 6],
    /// The keys that made its signature, by verification when the table was made; none where nobody's did.
    pub issuer_keys: Vec<SpkiSha256>,
    /// What it can be on a path.
    pub kind: CertificateKind,
    /// The first moment of its life.
    pub not_before: Timestamp,
    /// The last second of its life.
    pub not_after: Timestamp,
}

/// The certificates of known CAs, by key.
pub type CaGraph<'a> = &'a dyn Fn(&SpkiSha256) -> Vec<KnownCertificate>;

/// A path that a client could build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPath {
    /// Its certificates, leaf first and anchor last; the leaf alone where it stands for further paths.
    pub certificates: Vec<PathCertificate>,
    /// Whether its anchor is one of those that the chain is judged with; else it is another root known here, which
    /// some client may have as its anchor.
    pub trusted: bool,
}

impl ClientPath {
    /// The path by the names of its CAs.
    pub fn label(&self) -> String {
        if self.certificates.len() < 2 {
            return FURTHER.to_owned();
        }
        let names: Vec<&str> =
            self.certificates.iter().skip(1).map(|certificate| short(&certificate.subject)).collect();
        names.join(" ← ")
    }

    /// The name of the root that it ends at.
    pub fn anchor(&self) -> &str {
        self.certificates.last().map_or("", |root| short(&root.subject))
    }

    /// Whether that root is one of Mozilla's programme as compiled in, told by its key.
    pub fn ends_at_mozillas(&self) -> bool {
        static KEYS: LazyLock<BTreeSet<SpkiSha256>> = LazyLock::new(|| {
            Anchors::embedded().certificates().iter().map(|root| root.spki_sha256).collect()
        });
        self.certificates.last().is_some_and(|root| KEYS.contains(&root.spki_sha256))
    }
}

/// The common name of a subject, or else the whole.
fn short(subject: &str) -> &str {
    let name = subject.split_once("CN=").map(|(_, rest)| rest.split(", ").next().unwrap_or(rest));
    name.unwrap_or(subject)
}

/// The paths for a chain, leaf first, at a time; those to the anchors first. Bounded: of a hostile chain not all,
/// and then a last one that is the leaf alone stands for the others.
pub fn client_paths(
    served: &[Certificate],
    anchors: &Anchors,
    graph: CaGraph<'_>,
    at: Timestamp,
) -> Vec<ClientPath> {
    let Some((leaf, rest)) = served.split_first() else { return Vec::new() };
    let looked_at = rest.get(..MOST_SERVED.min(rest.len())).unwrap_or(rest);
    let mut search = Search {
        served: looked_at,
        anchors: anchors.certificates(),
        graph,
        at,
        found: Vec::new(),
        steps: 0,
        is_cut: looked_at.len() < rest.len(),
    };
    let mut path = vec![path_certificate(ChainPosition::Leaf, leaf)];
    search.climb(&Node::Served(leaf), &mut path);
    search.found.sort_by_key(|path| (!path.trusted, path.certificates.len()));
    if search.is_cut {
        path.truncate(1);
        search.found.push(ClientPath { certificates: path, trusted: true });
    }
    search.found
}

/// A certificate on the way up.
enum Node<'a> {
    /// With its octets.
    Served(&'a Certificate),
    /// From the graph.
    Known(KnownCertificate),
}

struct Search<'a> {
    served: &'a [Certificate],
    anchors: &'a [Certificate],
    graph: CaGraph<'a>,
    at: Timestamp,
    found: Vec<ClientPath>,
    steps: usize,
    /// Whether there was more than is looked at.
    is_cut: bool,
}

impl<'a> Search<'a> {
    fn climb(&mut self, node: &Node<'a>, path: &mut Vec<PathCertificate>) {
        self.steps = self.steps.saturating_add(1);
        if self.steps > MOST_STEPS || path.len() >= LONGEST_PATH {
            self.is_cut = true;
            return;
        }
        let Some((issuer, keys)) = self.issuers(node) else { return };
        for key in keys {
            if path.iter().any(|certificate| certificate.spki_sha256 == key) {
                continue;
            }
            for step in self.certificates(issuer, key) {
                let (certificate, end) = match &step {
                    Step::Anchor(anchor) => (path_certificate(ChainPosition::Root, anchor), Some(true)),
                    Step::Root(root) => (known_path_certificate(ChainPosition::Root, root), Some(false)),
                    Step::On(Node::Served(on)) => (path_certificate(ChainPosition::Intermediate, on), None),
                    Step::On(Node::Known(on)) => {
                        (known_path_certificate(ChainPosition::Intermediate, on), None)
                    }
                };
                path.push(certificate);
                match (step, end) {
                    (Step::On(node), _) => self.climb(&node, path),
                    (_, Some(trusted)) if self.found.len() < MOST_PATHS => {
                        self.found.push(ClientPath { certificates: path.clone(), trusted });
                    }
                    _ => self.is_cut = true,
                }
                path.pop();
            }
        }
    }

    /// The name of a certificate's issuer, and the keys that made its signature.
    fn issuers(&self, node: &Node<'a>) -> Option<([u8; 6], BTreeSet<SpkiSha256>)> {
        let certificate = match node {
            Node::Known(known) => return Some((known.issuer, known.issuer_keys.iter().copied().collect())),
            Node::Served(certificate) => certificate,
        };
        let name = certificate.parts().ok()?.issuer;
        let is_issuer = |candidate: &&Certificate| {
            candidate.parts().is_ok_and(|parts| parts.subject == name)
                && is_signed_by(certificate, candidate) == SignatureCheck::Made
        };
        let mut keys: BTreeSet<SpkiSha256> = self
            .served
            .iter()
            .chain(self.anchors)
            .filter(is_issuer)
            .map(|candidate| candidate.spki_sha256)
            .collect();
        let same = (self.graph)(&certificate.spki_sha256);
        let itself = same.into_iter().filter(|known| known.sha256 == certificate.sha256);
        keys.extend(itself.flat_map(|known| known.issuer_keys));
        Some((hash_of(name), keys))
    }

    /// The certificates of an issuer, by name and key: the ends of paths, and those that lead on. Of several that lead
    /// on to the same keys, one is enough.
    fn certificates(&self, issuer: [u8; 6], key: SpkiSha256) -> Vec<Step<'a>> {
        let is_issuer = |certificate: &&Certificate| {
            certificate.spki_sha256 == key
                && certificate.parts().is_ok_and(|parts| hash_of(parts.subject) == issuer)
        };
        let mut steps: Vec<Step<'a>> =
            self.anchors.iter().filter(is_issuer).take(1).map(Step::Anchor).collect();
        let known: Vec<KnownCertificate> = (self.graph)(&key)
            .into_iter()
            .filter(|known| {
                known.subject == issuer && known.not_before <= self.at && self.at <= known.not_after
            })
            .collect();
        if steps.is_empty() {
            let root = known.iter().find(|known| known.kind == CertificateKind::Root);
            steps.extend(root.cloned().map(Step::Root));
        }
        let in_time = |certificate: &&Certificate| {
            certificate.not_before <= self.at
                && self.at <= certificate.not_after
                && !certificate.is_self_issued()
        };
        let mut onward = BTreeSet::new();
        for served in self.served.iter().filter(is_issuer).filter(in_time) {
            let node = Node::Served(served);
            if self.issuers(&node).is_some_and(|(_, keys)| onward.insert(keys)) {
                steps.push(Step::On(node));
            }
        }
        for known in known {
            let keys = known.issuer_keys.iter().copied().collect();
            if known.kind == CertificateKind::Intermediate && onward.insert(keys) {
                steps.push(Step::On(Node::Known(known)));
            }
        }
        steps
    }
}

/// What a path goes on with.
enum Step<'a> {
    /// An anchor that the chain is judged with.
    Anchor(&'a Certificate),
    /// Another root.
    Root(KnownCertificate),
    /// A CA certificate below one.
    On(Node<'a>),
}

fn known_path_certificate(position: ChainPosition, known: &KnownCertificate) -> PathCertificate {
    PathCertificate {
        position,
        spki_sha256: known.key,
        sha256: known.sha256,
        subject: known.name.clone(),
        // Its octets are not at hand, so that no other hash of them is.
        fingerprints: Fingerprints::default(),
    }
}

/// The first octets of SHA-256 over a Name, as the graph has them.
fn hash_of(name: &[u8]) -> [u8; 6] {
    SpkiSha256::of(name).0.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
