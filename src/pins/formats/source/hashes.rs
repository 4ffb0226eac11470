//! Hashes among the texts of a source file, the hosts they stand with, and what is no pin.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashSet;

use super::scan::Scan;
use super::{Language, looks_like_host};
use crate::pins::base64_text;

/// How far before a text the names that belong to it are looked for, in tokens.
const NEAR: usize = 60;

/// Words in names of what holds pins.
const PIN_WORDS: [&str; 8] =
    ["pinned", "pins", "pin_", "_pin", "spki", "fingerprint", "thumbprint", "publickeyhash"];
/// Words in names of what holds other hashes and keys.
const OTHER_WORDS: [&str; 16] = [
    "integrity",
    "hmac",
    "wireguard",
    "wgkey",
    "signature",
    "nonce",
    "secret",
    "token",
    "apikey",
    "checksum",
    "salt",
    "etag",
    "nix",
    "spin",
    "digestof",
    "password",
];

/// Words in names of what is of a certificate or its key, whatever else they say.
const CERTIFICATE_WORDS: [&str; 8] =
    ["cert", "spki", "pubkey", "publickey", "public_key", "fingerprint", "thumbprint", "pins"];

/// A hash as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    /// 32 octets.
    Sha256([u8; 32]),
    /// 20 octets.
    Sha1([u8; 20]),
}

/// A hash in a file.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// As it is written.
    pub(super) written: String,
    /// Its octets.
    pub(super) hash: Hash,
    /// The line it stands on.
    pub(super) line: Option<usize>,
    /// The host that is the key of the list it stands in.
    pub(super) host: Option<String>,
}

/// The hash that a text is: base64 in its canonical form, or hexadecimal with colons or spaces or without.
pub(super) fn of_text(text: &str) -> Option<Hash> {
    let bare = base64_text::after_sha256(text)
        .or_else(|| ["sha1/", "SHA256:", "sha256:"].iter().find_map(|prefix| text.strip_prefix(prefix)))
        .unwrap_or(text)
        .trim();
    if let Some(octets) = hexadecimal(bare) {
        return match octets.len() {
            32 => octets.try_into().ok().map(Hash::Sha256),
            20 => octets.try_into().ok().map(Hash::Sha1),
            _ => None,
        };
    }
    // A name of 43 letters has the alphabet of base64 too: without padding, a prefix must say what it is.
    let has_form = bare.len() == 44 && bare.ends_with('=') || bare.len() == 43 && bare.len() < text.len();
    let octets = base64_text::lenient(bare).filter(|_| has_form)?;
    octets.try_into().ok().map(Hash::Sha256)
}

/// The octets of the hash that a text is, unless the line it stands on or the one before say that it is something else.
/// Of 20 octets, one has separators: commits have none.
pub(in crate::pins::formats) fn hash_of_name_and_text(lines: (&str, &str), text: &str) -> Option<Vec<u8>> {
    let octets = match of_text(text)? {
        Hash::Sha256(octets) => octets.to_vec(),
        Hash::Sha1(octets) if text.contains(':') => octets.to_vec(),
        Hash::Sha1(_) => return None,
    };
    let names = |line: &str| {
        // What the value itself spells says nothing.
        let line = line.replace(text, "").to_ascii_lowercase();
        // A certificate's checksum is what a pin is.
        let is_of_key = CERTIFICATE_WORDS.iter().any(|word| line.contains(word));
        OTHER_WORDS.iter().any(|word| line.contains(word)) && !is_of_key
    };
    // A value that is alone on its line has its name before.
    let (before, line) = lines;
    let is_alone = !line.contains(['=', ':']) || line.trim_start_matches(['"', '\'', ' ']).starts_with(text);
    let is_other = names(line) || (is_alone && names(before));
    (!is_other).then_some(octets)
}

/// The octets of hexadecimal text, of at least 20.
pub(super) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|octet| !matches!(octet, b':' | b' ' | b'-')).collect();
    if digits.len() < 40 || !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect()
}

/// The hashes of a file, without those whose names say that they are something else. Where `named` is asked for, only
/// those whose names say that they are pins.
pub(super) fn in_file(scan: &Scan<'_>, named: bool) -> Vec<Found> {
    let mut found = Vec::new();
    for (at, token) in scan.tokens.iter().enumerate() {
        let Some((text, hash)) = token.plain().and_then(|text| Some((text, of_text(text)?))) else {
            continue;
        };
        let before = names_before(scan, at);
        let has = |words: &[&str]| before.iter().any(|name| words.iter().any(|word| name.contains(word)));
        if has(&OTHER_WORDS) || (named && !has(&PIN_WORDS)) {
            continue;
        }
        found.push(Found {
            written: text.to_owned(),
            hash,
            line: Some(token.line),
            host: host_before(scan, at),
        });
    }
    found
}

/// The names that a text is assigned or given to, in lower case: those of its statement before it.
fn names_before(scan: &Scan<'_>, at: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut place = at;
    let mut left_bracket = false;
    for _ in 0..NEAR {
        let Some(before) = place.checked_sub(1) else { break };
        let Some(token) = scan.at(before) else { break };
        // A group that closed before is another value.
        if let Some(open) = scan.opening(before) {
            if token.is("}") && !left_bracket {
                break;
            }
            place = open;
            continue;
        }
        // The brace of a class or a function: its name says nothing of what stands inside.
        let before_brace = token.is("{").then(|| before.checked_sub(1)).flatten();
        let is_body = before_brace
            .is_some_and(|at| scan.is(at, ")") || (scan.word(at).is_some() && scan.language != Language::Go));
        if token.is(";") || is_body {
            break;
        }
        left_bracket |= token.is("[") || token.is("{") || token.is("(");
        if let Some(word) = token.word() {
            names.push(word.to_lowercase());
            if token.line.saturating_add(1) < scan.line(at).unwrap_or_default() && !left_bracket {
                break;
            }
        }
        place = before;
    }
    names
}

/// The host that is the key of a list or dictionary around a place.
fn host_before(scan: &Scan<'_>, at: usize) -> Option<String> {
    let mut place = at;
    for _ in 0..NEAR {
        let before = place.checked_sub(1)?;
        if let Some(open) = scan.opening(before) {
            place = open;
            continue;
        }
        let token = scan.at(before)?;
        if token.is(";") {
            return None;
        }
        let is_key = scan.is(place, ":")
            || scan.word(place) == Some("to")
            || scan.is(place, ",")
            || scan.is(place, "=>");
        if let Some(text) = token.plain().filter(|text| is_key && looks_like_host(text)) {
            return Some(text.to_owned());
        }
        place = before;
    }
    None
}

/// The hosts that code compares with, and whether what ends in one is meant too.
pub(super) fn compared_hosts(scan: &Scan<'_>) -> Vec<(String, bool)> {
    let mut hosts = Vec::new();
    let mut known = HashSet::new();
    for (at, token) in scan.tokens.iter().enumerate() {
        let Some(text) = token.plain().filter(|text| looks_like_host(text)) else { continue };
        let is_equal = scan.is_before(at, "==")
            || scan.is_before(at, "===")
            || scan.is(at.saturating_add(1), "==")
            || leaves_others(scan, at);
        let call = at.checked_sub(2).and_then(|at| scan.word(at)).filter(|_| scan.is_before(at, "("));
        let is_suffix =
            matches!(call, Some("hasSuffix" | "EndsWith" | "endsWith" | "HasSuffix" | "ends_with"));
        let is_same = matches!(call, Some("isEqualToString" | "equals" | "Equals"));
        let named = scan.is_before(at, "=") || scan.is_before(at, ":=");
        let name = at.checked_sub(2).and_then(|at| scan.word(at)).filter(|_| named);
        let is_host = name.is_some_and(|name| {
            name.to_lowercase().contains("host") || name.to_lowercase().contains("domain")
        });
        if (is_equal || is_suffix || is_same || is_host) && known.insert(text) {
            hosts.push((text.to_owned(), is_suffix));
        }
    }
    hosts
}

/// Whether code compares nothing for other hosts: `if (host != "shop.example") return true;`.
fn leaves_others(scan: &Scan<'_>, at: usize) -> bool {
    if !scan.is_before(at, "!=") && !scan.is_before(at, "!==") {
        return false;
    }
    let mut next = at.saturating_add(1);
    for symbol in [")", "{"] {
        next = next.saturating_add(usize::from(scan.is(next, symbol)));
    }
    scan.word(next) == Some("return") && matches!(scan.word(next.saturating_add(1)), Some("true" | "false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_that_code_goes_on_for_is_compared() {
        for (code, expected) in [
            ("if (host != 'a.example') return false;", 1),
            ("if (request.Uri.Host !== 'a.example') { return true }", 1),
            ("if (host != 'a.example') return check(certificate);", 0),
            ("if (host != 'a.example') { check(certificate) }", 0),
        ] {
            let scan = Scan::of(code, Language::Dart).unwrap();
            assert_eq!(compared_hosts(&scan).len(), expected, "{code}");
        }
    }

    #[test]
    fn hashes_are_told_from_names() {
        let hash = crate::x509::SpkiSha256::of(b"x");
        let hex = hash.0.map(|octet| format!("{octet:02X}")).join(":");
        assert_eq!(of_text(&hash.to_string()), Some(Hash::Sha256(hash.0)));
        assert_eq!(
            of_text(&format!("sha256/{}", hash.to_string().trim_end_matches('='))),
            Some(Hash::Sha256(hash.0))
        );
        assert_eq!(of_text(&hex), Some(Hash::Sha256(hash.0)));
        assert!(matches!(of_text("DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"), Some(Hash::Sha1(_))));
        for text in [
            "testInvalidCertificatePinningSecurityPolicys",
            "testInvalidCertificatePinningSecurityPolicy",
            "",
            "abc=",
        ] {
            assert_eq!(of_text(text), None, "{text}");
        }
        assert_eq!(of_text(&format!("sha256-{hash}")), None);
    }
}
