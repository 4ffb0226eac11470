//! The hashes that a text could have been meant as.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::pins::base64_text;

/// The longest text that is read in other ways.
const LONGEST: usize = 512;

/// One less than the symbols that a SHA-256 hash has in base64 without padding.
const ONE_SHORT: usize = 42;

/// Prefixes that some platform or tool writes before a hash.
const PREFIXES: [&str; 7] = ["pin-sha256=", "sha256//", "sha256/", "sha256:", "sha256-", "sha1/", "sha512/"];

/// One way to read a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Other {
    /// What it says when read so.
    pub(super) octets: Vec<u8>,
    /// How it is written.
    pub(super) how: &'static str,
}

/// The text without quotes and prefixes.
pub(super) fn bare(written: &str) -> &str {
    let outside =
        |symbol: char| symbol.is_whitespace() || matches!(symbol, '"' | '\'' | '“' | '”' | ',' | ';');
    let mut text = written.trim_matches(outside);
    for prefix in PREFIXES {
        if let Some(rest) = text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)) {
            let end = text.get(rest.len()..).unwrap_or_default().trim_matches(outside);
            // One pin in 64 begins with “/”: then the second one is the pin's.
            if prefix == "sha256//" && end.trim_end_matches('=').len() == ONE_SHORT {
                continue;
            }
            text = end;
        }
    }
    text
}

/// Every way to read a text that its platform cannot use.
pub(super) fn readings(written: &str) -> Vec<Other> {
    let bare = bare(written);
    if bare.is_empty() || bare.len() > LONGEST {
        return Vec::new();
    }
    let mut readings = Vec::new();
    let digits: String = bare.chars().filter(|symbol| !matches!(symbol, ':' | ' ' | '-')).collect();
    if let Some(octets) = hexadecimal(&digits) {
        let how = if digits.len() == bare.len() { "hexadecimal" } else { "hexadecimal with separators" };
        readings.push(Other { octets, how });
    }
    let spaceless: String = bare.chars().filter(|symbol| !symbol.is_whitespace()).collect();
    if let Some(octets) = base64_text::lenient(&spaceless) {
        if let Some(octets) = std::str::from_utf8(&octets).ok().and_then(hexadecimal) {
            readings.push(Other { octets, how: "hexadecimal that was encoded as base64" });
        }
        let how = if bare.len() == written.len() && spaceless.len() == bare.len() {
            "base64 with its padding missing or wrong"
        } else {
            "base64 with a prefix, quotes or spaces that do not belong"
        };
        readings.push(Other { octets, how });
    }
    if spaceless.contains(['-', '_'])
        && let Some(octets) = base64_text::lenient(&spaceless.replace('-', "+").replace('_', "/"))
    {
        readings.push(Other { octets, how: "base64url" });
    }
    readings
}

/// The octets of hexadecimal digits, of a length that some hash has.
fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !matches!(text.len(), 40 | 64 | 128) || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = text.as_bytes().as_chunks::<2>().0;
    pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
