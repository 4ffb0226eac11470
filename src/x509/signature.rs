//! Whether one certificate's signature was made by another's key.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::certificate::Certificate;
use super::der::{self, Reader};

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
    check(certificate, issuer).unwrap_or(SignatureCheck::Unsupported)
}

fn check(certificate: &Certificate, issuer: &Certificate) -> Option<SignatureCheck> {
    let signed = certificate.parts().ok()?;
    let key = issuer.parts().ok()?.spki;
    let mut fields = Reader::new(key).expect(der::SEQUENCE).ok()?.reader();
    let key_algorithm = fields.expect(der::SEQUENCE).ok()?.content;
    let key_bits = whole_octets(fields.expect(der::BIT_STRING).ok()?.content)?;
    let signature_algorithm = Reader::new(signed.signature_algorithm).expect(der::SEQUENCE).ok()?.content;
    let signature = whole_octets(signed.signature)?;
    let mut supported = webpki::ALL_VERIFICATION_ALGS
        .iter()
        .filter(|algorithm| {
            algorithm.public_key_alg_id().as_ref() == key_algorithm
                && algorithm.signature_alg_id().as_ref() == signature_algorithm
        })
        .peekable();
    supported.peek()?;
    let made = supported.any(|algorithm| algorithm.verify_signature(key_bits, signed.tbs, signature).is_ok());
    Some(if made { SignatureCheck::Made } else { SignatureCheck::NotMade })
}

/// The octets of a BIT STRING that has no unused bits.
fn whole_octets(content: &[u8]) -> Option<&[u8]> {
    content.split_first().and_then(|(&unused, octets)| (unused == 0).then_some(octets))
}
