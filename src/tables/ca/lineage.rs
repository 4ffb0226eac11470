//! Which key issued which, by verified signatures among the certificates given.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};

use super::CaCertificate;
use crate::ca::CaRole;
use crate::x509::SpkiSha256;

/// How far up issuers are looked for; the longest real chains have 6 certificates.
const MAX_DEPTH: usize = 8;

/// The issuers of each key, and the organisations of roots.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    issuers: BTreeMap<SpkiSha256, BTreeSet<SpkiSha256>>,
    roots: BTreeMap<SpkiSha256, BTreeSet<String>>,
}

impl Lineage {
    /// Checks every certificate's signature against the keys of its possible issuers.
    pub(super) fn of(certificates: &[CaCertificate]) -> Self {
        let mut by_subject: HashMap<&[u8], Vec<&CaCertificate>> = HashMap::new();
        for certificate in certificates {
            by_subject.entry(&certificate.subject_der).or_default().push(certificate);
        }
        let mut lineage = Self::default();
        for certificate in certificates {
            let candidates = by_subject.get(certificate.issuer_der.as_slice());
            let mut tried = BTreeSet::new();
            for issuer in candidates.into_iter().flatten() {
                if names_another(certificate, issuer) || !tried.insert(issuer.spki_sha256) {
                    continue;
                }
                if is_signed_by(certificate, &issuer.spki) {
                    lineage.add(certificate, issuer.spki_sha256);
                }
            }
        }
        lineage
    }

    fn add(&mut self, certificate: &CaCertificate, issuer: SpkiSha256) {
        if issuer != certificate.spki_sha256 {
            self.issuers.entry(certificate.spki_sha256).or_default().insert(issuer);
        } else if certificate.role() == CaRole::Root {
            let organisations = self.roots.entry(certificate.spki_sha256).or_default();
            if !certificate.organisation.is_empty() {
                organisations.insert(certificate.organisation.clone());
            }
        }
    }

    /// The keys at each level above a key, nearest first; each key once.
    pub(super) fn levels_above(&self, key: &SpkiSha256) -> Vec<BTreeSet<SpkiSha256>> {
        let mut seen = BTreeSet::from([*key]);
        let mut levels: Vec<BTreeSet<SpkiSha256>> = Vec::new();
        let mut level = BTreeSet::from([*key]);
        for _ in 0..MAX_DEPTH {
            let above = level.iter().filter_map(|key| self.issuers.get(key)).flatten().copied();
            level = above.filter(|key| seen.insert(*key)).collect();
            if level.is_empty() {
                break;
            }
            levels.push(level.clone());
        }
        levels
    }

    /// The organisations of the roots at or above a key.
    pub(super) fn root_organisations(&self, key: &SpkiSha256) -> BTreeSet<String> {
        let above = self.levels_above(key).into_iter().flatten();
        std::iter::once(*key).chain(above).filter_map(|key| self.roots.get(&key)).flatten().cloned().collect()
    }
}

/// Whether the certificate names another key than this issuer's.
fn names_another(certificate: &CaCertificate, issuer: &CaCertificate) -> bool {
    matches!((&certificate.aki, &issuer.ski), (Some(aki), Some(ski)) if aki != ski)
}

fn is_signed_by(certificate: &CaCertificate, issuer_spki: &[u8]) -> bool {
    algorithms(&certificate.signature_oid).iter().any(|algorithm| {
        ParsedPublicKey::new(*algorithm, issuer_spki)
            .is_ok_and(|key| key.verify_sig(&certificate.tbs, &certificate.signature).is_ok())
    })
}

/// The algorithms an identifier may stand for; ECDSA's leaves the curve open (RFC 5758 section 3.2).
fn algorithms(oid: &str) -> &'static [&'static dyn VerificationAlgorithm] {
    match oid {
        "1.2.840.113549.1.1.5" => &[&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY],
        "1.2.840.113549.1.1.11" => &[&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY],
        "1.2.840.113549.1.1.12" => &[&signature::RSA_PKCS1_2048_8192_SHA384],
        "1.2.840.113549.1.1.13" => &[&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY],
        "1.2.840.10045.4.3.2" => &[&signature::ECDSA_P256_SHA256_ASN1, &signature::ECDSA_P384_SHA256_ASN1],
        "1.2.840.10045.4.3.3" => &[
            &signature::ECDSA_P384_SHA384_ASN1,
            &signature::ECDSA_P256_SHA384_ASN1,
            &signature::ECDSA_P521_SHA384_ASN1,
        ],
        "1.2.840.10045.4.3.4" => &[&signature::ECDSA_P521_SHA512_ASN1],
        _ => &[],
    }
}
