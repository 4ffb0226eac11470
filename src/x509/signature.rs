//! Whether one certificate's signature was made by another's key.
//!
//! Every check is remembered for a while: the same signature is asked about to find the issuer and to build the path,
//! and in a bulk check the CAs' own come with every target.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::LazyLock;

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use sha2::{Digest as _, Sha256};

use super::certificate::Certificate;
use super::der::{self, Reader};

/// How many signatures are remembered by each thread, 32 octets each.
const REMEMBERED: usize = 4096;

/// What checking a certificate's signature gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureCheck {
    /// The key made the signature.
    Made,
    /// It did not.
    NotMade,
    /// The algorithm is not one that is checked (SHA-1 and older, or an unusual key).
    Unsupported,
}

/// Whether `issuer`'s key made the signature on `certificate`.
pub fn is_signed_by(certificate: &Certificate, issuer: &Certificate) -> SignatureCheck {
    let (Ok(signed), Ok(issuer)) = (certificate.parts(), issuer.parts()) else {
        return SignatureCheck::Unsupported;
    };
    check(signed.tbs, signed.signature_algorithm, signed.signature, issuer.spki)
}

/// Whether the key of a SubjectPublicKeyInfo made the signature on `signed`. The algorithm is given whole, the
/// signature as the content of its BIT STRING.
pub(super) fn check(signed: &[u8], algorithm: &[u8], signature: &[u8], spki: &[u8]) -> SignatureCheck {
    try_check(signed, algorithm, signature, spki).unwrap_or(SignatureCheck::Unsupported)
}

fn try_check(signed: &[u8], algorithm: &[u8], signature: &[u8], key: &[u8]) -> Option<SignatureCheck> {
    let mut fields = Reader::new(key).expect(der::SEQUENCE).ok()?.reader();
    let key_algorithm = fields.expect(der::SEQUENCE).ok()?.content;
    let key_bits = whole_octets(fields.expect(der::BIT_STRING).ok()?.content)?;
    let signature_algorithm = Reader::new(algorithm).expect(der::SEQUENCE).ok()?.content;
    let signature = whole_octets(signature)?;
    let mut supported = algorithms()
        .iter()
        .filter(|algorithm| {
            algorithm.public_key_alg_id().as_ref() == key_algorithm
                && algorithm.signature_alg_id().as_ref() == signature_algorithm
        })
        .peekable();
    supported.peek()?;
    let made = supported.any(|algorithm| algorithm.verify_signature(key_bits, signed, signature).is_ok());
    Some(if made { SignatureCheck::Made } else { SignatureCheck::NotMade })
}

/// The octets of a BIT STRING that has no unused bits.
fn whole_octets(content: &[u8]) -> Option<&[u8]> {
    content.split_first().and_then(|(&unused, octets)| (unused == 0).then_some(octets))
}

/// The algorithms of rustls-webpki, each with a memory.
pub(super) fn algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    static REMEMBERING: LazyLock<Vec<Remembering>> =
        LazyLock::new(|| webpki::ALL_VERIFICATION_ALGS.iter().copied().map(Remembering).collect());
    static ALGORITHMS: LazyLock<Vec<&'static dyn SignatureVerificationAlgorithm>> = LazyLock::new(|| {
        let mut algorithms: Vec<&'static dyn SignatureVerificationAlgorithm> = Vec::new();
        for algorithm in REMEMBERING.iter() {
            algorithms.push(algorithm);
        }
        algorithms
    });
    &ALGORITHMS
}

/// An algorithm that does not check again what it found good before.
#[derive(Debug)]
struct Remembering(&'static dyn SignatureVerificationAlgorithm);

thread_local! {
    /// The hashes of what was found good: algorithm, key, message and signature.
    static GOOD: RefCell<HashSet<[u8; 32]>> = RefCell::new(HashSet::new());
}

impl SignatureVerificationAlgorithm for Remembering {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let mut hash = Sha256::new();
        let (key_algorithm, signature_algorithm) = (self.public_key_alg_id(), self.signature_alg_id());
        for part in [key_algorithm.as_ref(), signature_algorithm.as_ref(), public_key, message, signature] {
            // The lengths keep the parts apart.
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        let name: [u8; 32] = hash.finalize().into();
        if GOOD.with_borrow(|good| good.contains(&name)) {
            return Ok(());
        }
        self.0.verify_signature(public_key, message, signature)?;
        GOOD.with_borrow_mut(|good| {
            if good.len() >= REMEMBERED {
                good.clear();
            }
            good.insert(name);
        });
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}
