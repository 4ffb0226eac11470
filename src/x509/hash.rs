//! The hashes by which certificates and keys are known.

use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha512};

/// SHA-256 over the SubjectPublicKeyInfo, DER exactly as it stands in the certificate: what a pin names
/// (RFC 7469 section 2.4), and the issuer key hash of RFC 6962 section 3.2. Shown as base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpkiSha256(pub [u8; 32]);

/// SHA-256 over a whole certificate, DER. Shown as lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateSha256(pub [u8; 32]);

impl SpkiSha256 {
    /// Hashes a SubjectPublicKeyInfo.
    pub fn of(spki_der: &[u8]) -> Self {
        Self(Sha256::digest(spki_der).into())
    }

    /// Reads the base64 form that [`fmt::Display`] writes.
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl CertificateSha256 {
    /// Hashes a certificate.
    pub fn of(certificate_der: &[u8]) -> Self {
        Self(Sha256::digest(certificate_der).into())
    }
}

/// The further hashes by which pins name a certificate or its key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprints {
    /// SHA-1 over the SubjectPublicKeyInfo.
    pub spki_sha1: [u8; 20],
    /// SHA-512 over the SubjectPublicKeyInfo.
    pub spki_sha512: [u8; 64],
    /// SHA-256 over the bits of the subjectPublicKey.
    pub raw_key_sha256: [u8; 32],
    /// SHA-1 over the whole certificate.
    pub sha1: [u8; 20],
    /// SHA-512 over the whole certificate.
    pub sha512: [u8; 64],
}

impl Fingerprints {
    /// Hashes a certificate, its SubjectPublicKeyInfo and the bits of its key.
    pub fn of(certificate_der: &[u8], spki_der: &[u8], raw_key: &[u8]) -> Self {
        Self {
            spki_sha1: sha1(spki_der),
            spki_sha512: Sha512::digest(spki_der).into(),
            raw_key_sha256: Sha256::digest(raw_key).into(),
            sha1: sha1(certificate_der),
            sha512: Sha512::digest(certificate_der).into(),
        }
    }
}

impl Default for Fingerprints {
    /// Those of nothing.
    fn default() -> Self {
        Self::of(&[], &[], &[])
    }
}

impl fmt::Debug for Fingerprints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprints")
    }
}

/// SHA-1, with which some pins are written still.
pub(crate) fn sha1(octets: &[u8]) -> [u8; 20] {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, octets);
    // SHA-1 has 20 octets; anything else could only stand for a bug of the library.
    hash.as_ref().try_into().unwrap_or([0; 20])
}

impl fmt::Display for SpkiSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for SpkiSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpkiSha256({self})")
    }
}

impl fmt::Display for CertificateSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for CertificateSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateSha256({self})")
    }
}

impl Serialize for SpkiSha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for CertificateSha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
