//! A CT log's key, parsed once and used for every signature of that log.
//!
//! Source: RFC 6962 section 2.1.4: ECDSA over NIST P-256, or RSA (RSASSA-PKCS1-v1_5) of at least 2048 bits, both with SHA-256.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};

use super::sct::DigitallySigned;
use crate::x509::der::{self, Reader};

/// The content of the object identifier id-ecPublicKey, 1.2.840.10045.2.1.
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// The content of the object identifier prime256v1, 1.2.840.10045.3.1.7.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// The content of the object identifier rsaEncryption, 1.2.840.113549.1.1.1.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// SHA-256 in the TLS registry of hash algorithms (RFC 5246 section 7.4.1.4.1).
const SHA256: u8 = 4;

/// A log's key.
#[derive(Debug)]
pub struct LogKey {
    key: ParsedPublicKey,
    algorithm: Algorithm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Rsa,
    Ecdsa,
}

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogKeyError {
    /// Neither P-256 nor RSA.
    #[error("the log's key is neither ECDSA P-256 nor RSA")]
    UnsupportedAlgorithm,
    /// The key's octets are not what its algorithm says.
    #[error("the log's key cannot be read")]
    Malformed,
}

/// Why a signature does not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Another hash than SHA-256, or another algorithm than the key's (RFC 6962 section 2.1.4).
    #[error("its algorithms (hash {hash}, signature {signature}) are not those of the log's key")]
    WrongAlgorithm {
        /// The hash algorithm's number.
        hash: u8,
        /// The signature algorithm's number.
        signature: u8,
    },
    /// The log's key did not make it over these octets.
    #[error("the log's key did not make it for this certificate and issuer")]
    NotMade,
}

impl LogKey {
    /// Reads a log's key from its SubjectPublicKeyInfo.
    pub fn read(spki: &[u8]) -> Result<Self, LogKeyError> {
        let algorithm = algorithm(spki).ok_or(LogKeyError::UnsupportedAlgorithm)?;
        let key = match algorithm {
            Algorithm::Ecdsa => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki),
            Algorithm::Rsa => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki),
        };
        Ok(Self { key: key.map_err(|_| LogKeyError::Malformed)?, algorithm })
    }

    /// Whether this key made `signature` over `octets`.
    pub fn verify(&self, octets: &[u8], signature: &DigitallySigned) -> Result<(), SignatureError> {
        let expected = match self.algorithm {
            Algorithm::Rsa => 1,
            Algorithm::Ecdsa => 3,
        };
        if (signature.hash, signature.signature) != (SHA256, expected) {
            return Err(SignatureError::WrongAlgorithm {
                hash: signature.hash,
                signature: signature.signature,
            });
        }
        self.key.verify_sig(octets, &signature.octets).map_err(|_| SignatureError::NotMade)
    }
}

fn algorithm(spki: &[u8]) -> Option<Algorithm> {
    let mut fields =
        Reader::new(spki).expect(der::SEQUENCE).ok()?.reader().expect(der::SEQUENCE).ok()?.reader();
    let oid = fields.expect(der::OBJECT_IDENTIFIER).ok()?.content;
    if oid == RSA_ENCRYPTION {
        return Some(Algorithm::Rsa);
    }
    let curve = fields.expect(der::OBJECT_IDENTIFIER).ok()?.content;
    (oid == EC_PUBLIC_KEY && curve == P256).then_some(Algorithm::Ecdsa)
}
