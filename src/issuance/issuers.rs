//! The certificates of CAs that are at hand, found by their subjects.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::ca::issuer::precertificate_signer;
use crate::x509::{Certificate, CertificateSha256, SpkiSha256};

/// How far above a certificate its issuers are gathered.
const DEEPEST: usize = 6;

/// The most issuers that are gathered for one certificate.
const MOST: usize = 64;

/// Certificates of CAs, by subject.
#[derive(Clone, Debug, Default)]
pub struct Issuers {
    /// Those that many share.
    shared: Option<Arc<Self>>,
    by_subject: BTreeMap<Vec<u8>, Vec<Certificate>>,
    known: HashSet<CertificateSha256>,
}

impl Issuers {
    /// Those of `shared`, and whatever is added.
    pub fn over(shared: Arc<Self>) -> Self {
        Self { shared: Some(shared), ..Self::default() }
    }

    /// Adds a certificate; one that was added already changes nothing.
    pub fn add(&mut self, certificate: Certificate) {
        let Ok(subject) = certificate.parts().map(|parts| parts.subject.to_vec()) else { return };
        if self.known.insert(certificate.sha256) {
            self.by_subject.entry(subject).or_default().push(certificate);
        }
    }

    /// Adds a certificate, DER, unless it cannot be read or was added already.
    pub fn add_der(&mut self, der: &[u8]) {
        if !self.known.contains(&CertificateSha256::of(der))
            && let Ok(certificate) = Certificate::read(der)
        {
            self.add(certificate);
        }
    }

    /// Those of this subject: first those that were added here, in their order, so that namesakes among the shared ones
    /// crowd none of them out; then the shared ones.
    fn named<'s: 'n, 'n>(&'s self, subject: &'n [u8]) -> Box<dyn Iterator<Item = &'s Certificate> + 'n> {
        let own = self.by_subject.get(subject).into_iter().flatten();
        Box::new(own.chain(self.shared.iter().flat_map(move |shared| shared.named(subject))))
    }

    /// Whether one of them has this key.
    pub fn has_key(&self, key: &SpkiSha256) -> bool {
        self.by_subject.values().flatten().any(|issuer| issuer.spki_sha256 == *key)
            || self.shared.as_ref().is_some_and(|shared| shared.has_key(key))
    }

    /// The precertificate signing certificate among them that made this precertificate.
    pub fn signer_of(&self, precertificate: &Certificate) -> Option<&Certificate> {
        let parts = precertificate.parts().ok()?;
        self.named(parts.issuer)
            .find_map(|issuer| precertificate_signer(precertificate, std::slice::from_ref(issuer)))
    }

    /// Those that may have issued a certificate, by name, and those above them.
    pub fn above(&self, certificate: &Certificate) -> Vec<&Certificate> {
        let mut found: Vec<&Certificate> = Vec::new();
        let mut seen: HashSet<CertificateSha256> = HashSet::new();
        let mut level = vec![certificate];
        for _ in 0..DEEPEST {
            let mut next = Vec::new();
            for below in level {
                let Ok(parts) = below.parts() else { continue };
                for issuer in self.named(parts.issuer) {
                    // However many namesakes there are, no more of them are looked at.
                    if found.len() >= MOST {
                        return found;
                    }
                    if seen.insert(issuer.sha256) {
                        found.push(issuer);
                        next.push(issuer);
                    }
                }
            }
            level = next;
        }
        found
    }
}
