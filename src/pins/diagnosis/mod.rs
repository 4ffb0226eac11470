//! What a pin is, as far as its value alone tells.

mod example;
mod known;

use jiff::Timestamp;

use self::example::{documented, is_placeholder};
pub use self::known::{Diagnosis, KnownCa, Mistake, NearMiss};
use super::base64_text;
use super::model::Pin;
use crate::x509::SpkiSha256;

/// Says what a pin is. `known_ca` names the CA that a key belongs to, where it is known; `at` is the time of judging.
pub fn diagnose(pin: &Pin, known_ca: &dyn Fn(&SpkiSha256) -> Option<KnownCa>, at: Timestamp) -> Diagnosis {
    if is_placeholder(pin) {
        return Diagnosis::Placeholder;
    }
    let key = match &pin.value {
        Ok(super::PinValue::Spki(key)) => key,
        Ok(_) => return Diagnosis::Unknown,
        Err(fault) => {
            return Diagnosis::Unusable { fault: fault.clone(), likely: likeness(&pin.written) };
        }
    };
    if let Some(origin) = documented(&key.to_string()) {
        return Diagnosis::DocumentationExample { origin };
    }
    known_ca(key).map_or(Diagnosis::Unknown, |ca| in_time(ca, at))
}

/// A CA is retired once its last certificate has expired.
fn in_time(ca: KnownCa, at: Timestamp) -> Diagnosis {
    let today = at.strftime("%Y-%m-%d").to_string();
    if ca.not_after.as_ref().is_some_and(|end| *end < today) {
        Diagnosis::RetiredCa(ca)
    } else {
        Diagnosis::KnownCa(ca)
    }
}

/// What a text that is no pin looks like.
fn likeness(written: &str) -> Option<&'static str> {
    let bare = written.trim_start_matches("sha256").trim_start_matches('/');
    let hex: String = bare.chars().filter(|symbol| !matches!(symbol, ':' | ' ')).collect();
    if hex.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        match hex.len() {
            64 => return Some("a SHA-256 hash in hexadecimal; pins are base64"),
            40 => return Some("a SHA-1 hash in hexadecimal, probably a certificate's thumbprint"),
            _ => {}
        }
    }
    if bare.contains("-----BEGIN") {
        return Some("a PEM block; a pin is the hash of its key");
    }
    if bare.len() < written.len() && base64_text::lenient(bare).is_some_and(|octets| octets.len() == 32) {
        return Some("a pin with a prefix of another platform");
    }
    if bare.contains(['-', '_']) {
        let standard = bare.replace('-', "+").replace('_', "/");
        if base64_text::lenient(&standard).is_some_and(|octets| octets.len() == 32) {
            return Some("base64url; pins use “+” and “/”");
        }
    }
    match base64_text::lenient(bare)?.as_slice() {
        octets if octets.len() == 32 => Some("a pin with its padding missing or wrong"),
        octets if octets.len() == 20 => Some("a SHA-1 hash"),
        octets if octets.len() == 48 => Some("a SHA-384 hash"),
        octets if octets.len() == 64 => {
            Some("a SHA-512 hash, or a SHA-256 hash in hexadecimal encoded again")
        }
        // A DER SEQUENCE longer than any hash.
        [0x30, ..] if written.len() > 44 => Some("the key itself, not its hash"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::{PinValue, PositionRule};

    fn test_ca() -> KnownCa {
        KnownCa { name: "Test CA".to_owned(), owner: None, not_after: Some("2030-01-01".to_owned()) }
    }

    fn said_of(written: &str) -> Diagnosis {
        let pin = Pin::new(written, base64_text::android(written), PositionRule::Any, None);
        let known = |key: &SpkiSha256| (*key == SpkiSha256::of(b"ca")).then(test_ca);
        diagnose(&pin, &known, "2026-11-21T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn placeholders_are_told_from_hashes() {
        for text in [
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=",
            "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabc=",
            "REPLACE_WITH_YOUR_PIN",
            "sha256/XXXXXXXXXXXXXXXXXXXX",
        ] {
            assert_eq!(said_of(text), Diagnosis::Placeholder, "{text}");
        }
        assert_eq!(said_of(&SpkiSha256::of(b"x").to_string()), Diagnosis::Unknown);
    }

    #[test]
    fn examples_of_documentation_are_hashes_and_known() {
        for (text, _) in example::DOCUMENTATION_EXAMPLES {
            assert!(base64_text::canonical(text).is_ok(), "{text}");
            assert!(matches!(said_of(text), Diagnosis::DocumentationExample { .. }), "{text}");
        }
    }

    #[test]
    fn wrong_encodings_are_named() {
        let key = SpkiSha256::of(b"x");
        let hex = key.0.map(|octet| format!("{octet:02x}")).concat();
        for (text, expected) in [
            (hex.as_str(), "hexadecimal"),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "SHA-1"),
            ("2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "SHA-1"),
            (&format!("sha256/{key}"), "prefix"),
        ] {
            let Diagnosis::Unusable { likely: Some(likely), .. } = said_of(text) else {
                panic!("{text}: {:?}", said_of(text));
            };
            assert!(likely.contains(expected), "{text}: {likely}");
        }
        assert!(said_of("").is_dead());
    }

    #[test]
    fn a_known_ca_is_named() {
        let ca = SpkiSha256::of(b"ca");
        assert_eq!(said_of(&ca.to_string()), Diagnosis::KnownCa(test_ca()));
        assert_eq!(Pin::new("x", Ok(PinValue::Spki(ca)), PositionRule::Any, None).spki(), Some(&ca));
    }
}
