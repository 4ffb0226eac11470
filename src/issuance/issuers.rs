//! The certificates of CAs that are at hand, found by their subjects.

use std::collections::{BTreeMap, HashSet};

use crate::x509::{Certificate, CertificateSha256};

/// How far above a certificate its issuers are gathered.
const DEEPEST: usize = 6;

/// The most issuers that are gathered for one certificate.
const MOST: usize = 64;

/// Certificates of CAs, by subject.
#[derive(Clone, Debug, Default)]
pub struct Issuers {
    by_subject: BTreeMap<Vec<u8>, Vec<Certificate>>,
    known: HashSet<CertificateSha256>,
}

impl Issuers {
    /// Adds a certificate; one that is there already changes nothing.
    pub fn add(&mut self, certificate: Certificate) {
        let Ok(subject) = certificate.parts().map(|parts| parts.subject.to_vec()) else { return };
        if self.known.insert(certificate.sha256) {
            self.by_subject.entry(subject).or_default().push(certificate);
        }
    }

    /// Adds a certificate, DER, unless it cannot be read or is there already.
    pub fn add_der(&mut self, der: &[u8]) {
        if !self.known.contains(&CertificateSha256::of(der))
            && let Ok(certificate) = Certificate::read(der)
        {
            self.add(certificate);
        }
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
                for issuer in self.by_subject.get(parts.issuer).into_iter().flatten() {
                    if found.len() < MOST && seen.insert(issuer.sha256) {
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
