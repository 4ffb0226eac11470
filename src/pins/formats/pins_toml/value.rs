//! One pin, in whatever encoding it was at hand.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::pins::base64_text;
use crate::pins::formats::written::{hexadecimal, spaced_hexadecimal};
use crate::pins::model::{PinFault, PinValue};
use crate::x509::{CertificateSha256, SpkiSha256};

/// What a pin is a hash of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Spki,
    Certificate,
    RawKey,
}

/// The names of the kinds in a file.
pub(super) const KINDS: [(&str, Kind); 3] =
    [("spki", Kind::Spki), ("certificate", Kind::Certificate), ("raw-key", Kind::RawKey)];

/// Reads a hash: base64 or base64url, padded or not, or hexadecimal with or without colons; `sha256/`, `sha1/` or
/// `sha512/` may stand before it. The length says which hash it is.
pub(super) fn read(text: &str, kind: Kind) -> Result<PinValue, PinFault> {
    let text = text.trim();
    let prefixes = [("sha256/", 32), ("sha256:", 32), ("sha1/", 20), ("sha512/", 64)];
    let prefix = prefixes.iter().find(|(prefix, _)| text.starts_with(prefix));
    let bare = base64_text::after_sha256(text)
        .or_else(|| prefix.and_then(|(prefix, _)| text.strip_prefix(prefix)))
        .unwrap_or(text);
    if bare.is_empty() {
        return Err(PinFault::Empty);
    }
    let octets = octets(bare).ok_or(PinFault::NotBase64)?;
    let length = octets.len();
    if prefix.is_some_and(|(_, expected)| *expected != length) {
        return Err(PinFault::WrongLength(length));
    }
    let wrong = PinFault::WrongLength(length);
    if let Ok(hash) = <[u8; 32]>::try_from(octets.as_slice()) {
        return Ok(match kind {
            Kind::Spki => PinValue::Spki(SpkiSha256(hash)),
            Kind::Certificate => PinValue::Certificate(CertificateSha256(hash)),
            Kind::RawKey => PinValue::RawKey(hash),
        });
    }
    if let Ok(hash) = <[u8; 20]>::try_from(octets.as_slice()) {
        return match kind {
            Kind::Spki => Ok(PinValue::SpkiSha1(hash)),
            Kind::Certificate => Ok(PinValue::CertificateSha1(hash)),
            Kind::RawKey => Err(wrong),
        };
    }
    // No hash is made of hexadecimal digits alone: that is one of SHA-256, written out and encoded again.
    if octets.iter().all(u8::is_ascii_hexdigit) {
        return Err(wrong);
    }
    let hash = <[u8; 64]>::try_from(octets.as_slice()).map_err(|_| wrong.clone())?;
    match kind {
        Kind::Spki => Ok(PinValue::SpkiSha512(hash)),
        Kind::Certificate => Ok(PinValue::CertificateSha512(hash)),
        Kind::RawKey => Err(wrong),
    }
}

/// The octets of a text. Hexadecimal digits are base64, too: the lengths of hashes tell them apart.
fn octets(text: &str) -> Option<Vec<u8>> {
    if let Some(octets) = spaced_hexadecimal(text) {
        return Some(octets);
    }
    if matches!(text.len(), 40 | 64 | 128)
        && let Some(octets) = hexadecimal(text)
    {
        return Some(octets);
    }
    base64_text::lenient(&text.replace('-', "+").replace('_', "/"))
}
