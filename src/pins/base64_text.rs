//! Base64 as different platforms read it.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::model::{PinFault, PinValue};
use crate::x509::SpkiSha256;

/// Without padding, and with whatever bits are left over in the last symbol.
const UNPADDED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// With padding, and with whatever bits are left over in the last symbol.
const PADDED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true),
);

/// As `android.util.Base64` with flag 0 reads it: every character outside the alphabet is skipped, padding may
/// be missing but not be wrong, and left-over bits are ignored.
pub(super) fn android(text: &str) -> Result<PinValue, PinFault> {
    if text.is_empty() {
        return Err(PinFault::Empty);
    }
    let mut symbols = Vec::with_capacity(text.len().min(256));
    let mut padding: usize = 0;
    for octet in text.bytes() {
        match octet {
            b'=' => padding = padding.saturating_add(1),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding > 0 => {
                return Err(PinFault::NotBase64);
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => symbols.push(octet),
            _ => {}
        }
    }
    match (symbols.len() % 4, padding) {
        (0..=3, 0) | (2, 2) | (3, 1) => {}
        _ => return Err(PinFault::NotBase64),
    }
    spki(UNPADDED.decode(symbols))
}

/// As Foundation reads it without options: the alphabet only, padded; left-over bits are ignored.
pub(super) fn foundation(text: &str) -> Result<PinValue, PinFault> {
    if text.is_empty() { Err(PinFault::Empty) } else { spki(PADDED.decode(text)) }
}

/// As text that is compared with what an encoder writes: only the canonical form can ever be equal.
pub(super) fn canonical(text: &str) -> Result<PinValue, PinFault> {
    if text.is_empty() { Err(PinFault::Empty) } else { spki(STANDARD.decode(text)) }
}

/// As Okio reads it: either alphabet, white space skipped, padding optional, left-over bits ignored; of any length.
pub(super) fn okio(text: &str) -> Result<Vec<u8>, PinFault> {
    let mut symbols = String::with_capacity(text.len().min(256));
    for symbol in text.trim_end_matches(['=', '\n', '\r', ' ', '\t']).chars() {
        match symbol {
            '-' => symbols.push('+'),
            '_' => symbols.push('/'),
            '\n' | '\r' | ' ' | '\t' => {}
            other => symbols.push(other),
        }
    }
    if symbols.is_empty() {
        return Err(PinFault::Empty);
    }
    UNPADDED.decode(symbols).map_err(|_| PinFault::NotBase64)
}

/// The octets of any text that could be meant as base64, for diagnosis.
pub(super) fn lenient(text: &str) -> Option<Vec<u8>> {
    UNPADDED.decode(text.trim().trim_end_matches('=')).ok()
}

/// What stands behind `sha256/`, or behind `sha256//` as curl writes it. One hash in 64 begins with “/” itself: then the
/// second one is the hash's.
pub(super) fn after_sha256(text: &str) -> Option<&str> {
    /// The symbols of a SHA-256 hash, without padding.
    const SYMBOLS: usize = 43;
    let rest = text.strip_prefix("sha256/")?;
    let is_whole = rest.trim_end_matches('=').len() == SYMBOLS;
    Some(rest.strip_prefix('/').filter(|_| !is_whole).unwrap_or(rest))
}

fn spki(decoded: Result<Vec<u8>, base64::DecodeError>) -> Result<PinValue, PinFault> {
    let octets = decoded.map_err(|_| PinFault::NotBase64)?;
    let length = octets.len();
    <[u8; 32]>::try_from(octets)
        .map(|hash| PinValue::Spki(SpkiSha256(hash)))
        .map_err(|_| PinFault::WrongLength(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of the empty string (FIPS 180-4 test value) in base64.
    const EMPTY: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    #[test]
    fn each_platform_reads_the_canonical_form() {
        let expected = Ok(PinValue::Spki(SpkiSha256::of(b"")));
        assert_eq!(android(EMPTY), expected);
        assert_eq!(foundation(EMPTY), expected);
        assert_eq!(canonical(EMPTY), expected);
    }

    #[test]
    fn a_hash_may_begin_with_the_stroke_of_its_prefix() {
        let slash = format!("/{}=", "A".repeat(42));
        for hash in [EMPTY, slash.as_str()] {
            for prefix in ["sha256/", "sha256//"] {
                assert_eq!(after_sha256(&format!("{prefix}{hash}")), Some(hash));
                let unpadded = hash.trim_end_matches('=');
                assert_eq!(after_sha256(&format!("{prefix}{unpadded}")), Some(unpadded));
            }
        }
        assert_eq!(after_sha256(EMPTY), None);
    }

    #[test]
    fn platforms_differ_about_padding() {
        let bare = EMPTY.trim_end_matches('=');
        assert!(android(bare).is_ok());
        assert_eq!(foundation(bare), Err(PinFault::NotBase64));
        assert_eq!(canonical(bare), Err(PinFault::NotBase64));
    }

    #[test]
    fn platforms_differ_about_left_over_bits() {
        // The last symbol of 43 carries two bits that encode nothing; “B” sets one of them.
        let text = format!("{}=", "B".repeat(43));
        assert!(android(&text).is_ok());
        assert!(foundation(&text).is_ok());
        assert_eq!(canonical(&text), Err(PinFault::NotBase64));
    }

    #[test]
    fn android_skips_what_is_no_symbol_but_counts_padding() {
        let spaced = format!("{} \n:{}", &EMPTY[..20], &EMPTY[20..]);
        assert_eq!(android(&spaced), android(EMPTY));
        assert_eq!(android(&format!("{EMPTY}=")), Err(PinFault::NotBase64));
        assert_eq!(android(&format!("{EMPTY}AAAA")), Err(PinFault::NotBase64));
        assert_eq!(android("A"), Err(PinFault::NotBase64));
        assert_eq!(android("===="), Err(PinFault::NotBase64));
        assert_eq!(android("AAAA"), Err(PinFault::WrongLength(3)));
        assert_eq!(android(&format!("sha256/{EMPTY}")), Err(PinFault::NotBase64));
    }
}
