//! Which key issued which, by verified signatures among the certificates given.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};

use super::CaCertificate;
use crate::ca::CaRole;
use crate::x509::{CertificateSha256, SpkiSha256};

/// How far up issuers are looked for; the longest real chains have 6 certificates.
pub(super) const MAX_DEPTH: usize = 8;

/// The issuers of each key, and the organisations of roots.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    issuers: BTreeMap<SpkiSha256, BTreeSet<SpkiSha256>>,
    roots: BTreeMap<SpkiSha256, BTreeSet<String>>,
    /// The keys that made each certificate's signature, its own included.
    signers: BTreeMap<CertificateSha256, BTreeSet<SpkiSha256>>,
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
        self.signers.entry(certificate.sha256).or_default().insert(issuer);
        if issuer != certificate.spki_sha256 {
            self.issuers.entry(certificate.spki_sha256).or_default().insert(issuer);
        } else if certificate.role() == CaRole::Root {
            let organisations = self.roots.entry(certificate.spki_sha256).or_default();
            if !certificate.organisation.is_empty() {
                organisations.insert(certificate.organisation.clone());
            }
        }
    }

    /// The keys that made a certificate's signature.
    pub(super) fn issuers_of(
        &self,
        certificate: &CertificateSha256,
    ) -> impl Iterator<Item = &SpkiSha256> + Clone {
        self.signers.get(certificate).into_iter().flatten()
    }

    /// The keys that issued certificates of a key.
    pub(super) fn issuers(&self, key: &SpkiSha256) -> impl Iterator<Item = &SpkiSha256> {
        self.issuers.get(key).into_iter().flatten()
    }

    /// The root keys that a key leads to; of a root, itself.
    ///
    /// The way up ends at the first roots: another's signature on a root's key (a cross-certificate) makes old
    /// clients accept it, and says nothing of whose CA it is.
    pub(super) fn roots(&self, key: &SpkiSha256) -> BTreeSet<SpkiSha256> {
        let mut roots = BTreeSet::new();
        let mut seen = BTreeSet::from([*key]);
        let mut level = vec![*key];
        for _ in 0..=MAX_DEPTH {
            let mut above = Vec::new();
            for key in level {
                if self.roots.contains_key(&key) {
                    roots.insert(key);
                } else {
                    above.extend(self.issuers(&key).copied().filter(|key| seen.insert(*key)));
                }
            }
            level = above;
        }
        roots
    }

    /// The organisations that a root's certificates name.
    pub(super) fn organisations(&self, root: &SpkiSha256) -> impl Iterator<Item = &String> {
        self.roots.get(root).into_iter().flatten()
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
