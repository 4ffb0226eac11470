//! Signing keys: of CAs, of leaves, of CT logs.

use std::fmt;

use rcgen::{PublicKeyData as _, SigningKey as _};

use super::super::DemoError;
use super::der;
use crate::x509::SpkiSha256;

/// The kinds of key that CT logs and CAs are seen with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    #[default]
    P256,
    /// RSA with 2048 bits, PKCS #1 version 1.5 with SHA-256.
    Rsa2048,
}

/// A private key.
pub struct Key {
    algorithm: KeyAlgorithm,
    pub(super) pair: rcgen::KeyPair,
}

impl Key {
    /// Makes a new key.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, DemoError> {
        let pair = match algorithm {
            KeyAlgorithm::P256 => rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?,
            KeyAlgorithm::Rsa2048 => {
                rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)?
            }
        };
        Ok(Self { algorithm, pair })
    }

    /// Which kind of key this is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The SubjectPublicKeyInfo, DER.
    pub fn spki_der(&self) -> Vec<u8> {
        self.pair.subject_public_key_info()
    }

    /// The hash of the SubjectPublicKeyInfo.
    pub fn spki_sha256(&self) -> SpkiSha256 {
        SpkiSha256::of(&self.spki_der())
    }

    /// Signs with SHA-256; an ECDSA signature is DER.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, DemoError> {
        Ok(self.pair.sign(message)?)
    }

    /// The private key as PKCS #8 in PEM, for servers that read files.
    pub fn to_pem(&self) -> String {
        self.pair.serialize_pem()
    }

    /// The AlgorithmIdentifier of its signatures, DER (RFC 5758 section 3.2, RFC 4055 section 5).
    pub(super) fn signature_algorithm(&self) -> Vec<u8> {
        match self.algorithm {
            KeyAlgorithm::P256 => {
                der::sequence(&[&der::oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02])])
            }
            KeyAlgorithm::Rsa2048 => {
                let sha256_with_rsa = der::oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]);
                der::sequence(&[&sha256_with_rsa, &[0x05, 0x00]])
            }
        }
    }

    /// Signs a to-be-signed part and puts part, algorithm and signature together, as certificates and OCSP
    /// responses do.
    pub(in super::super) fn signed(&self, tbs: &[u8]) -> Result<Vec<u8>, DemoError> {
        let signature = der::bit_string(&self.sign(tbs)?);
        Ok(der::sequence(&[tbs, &self.signature_algorithm(), &signature]))
    }
}

impl fmt::Debug for Key {
    /// Shows the public half only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, {})", self.algorithm, self.spki_sha256())
    }
}
