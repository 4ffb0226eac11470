//! What a pin is, as far as its value alone tells.

use std::fmt;

use super::base64_text;
use super::model::{Pin, PinFault};
use crate::x509::SpkiSha256;

/// What is known of a pin's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diagnosis {
    /// A stand-in that was never replaced.
    Placeholder,
    /// A value printed in documentation and copied from there.
    DocumentationExample {
        /// Where it is printed, and whose key it is.
        origin: &'static str,
    },
    /// The platform cannot use it.
    Unusable {
        /// What the platform objects to.
        fault: PinFault,
        /// What the text looks like instead, if that can be told.
        likely: Option<&'static str>,
    },
    /// The key of a known CA.
    KnownCa(String),
    /// Nothing known: it may well be a backup key that has never been online.
    Unknown,
}

impl Diagnosis {
    /// Whether the pin can never match a key that anyone holds for this purpose.
    pub fn is_dead(&self) -> bool {
        matches!(self, Self::Placeholder | Self::Unusable { .. })
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Placeholder => f.write_str("a placeholder, not the hash of any key"),
            Self::DocumentationExample { origin } => write!(f, "an example value: {origin}"),
            Self::Unusable { fault, likely: Some(likely) } => {
                write!(f, "unusable: {fault}; it looks like {likely}")
            }
            Self::Unusable { fault, likely: None } => write!(f, "unusable: {fault}"),
            Self::KnownCa(name) => write!(f, "the key of the CA {name}"),
            Self::Unknown => {
                f.write_str("matches nothing public that we know; it may be a backup key held offline")
            }
        }
    }
}

/// Says what a pin is. `known_ca` names the CA that a key belongs to, where it is known.
pub fn diagnose(pin: &Pin, known_ca: &dyn Fn(&SpkiSha256) -> Option<String>) -> Diagnosis {
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
    let text = key.to_string();
    if let Some((_, origin)) = DOCUMENTATION_EXAMPLES.iter().find(|(example, _)| *example == text) {
        return Diagnosis::DocumentationExample { origin };
    }
    known_ca(key).map_or(Diagnosis::Unknown, Diagnosis::KnownCa)
}

/// Values printed in documentation and found again in released apps.
///
/// Sources: Android developer documentation (“Network security configuration”), the README files of OkHttp and
/// TrustKit, and the tutorials that copied from them. Each is the base64 of an SPKI hash.
const DOCUMENTATION_EXAMPLES: [(&str, &str); 10] = [
    (
        "7HIpactkIAq2Y49orFOOQKurWxmmSFZhBCoQYcRhJ3Y=",
        "Android documentation, key of the retired Google Internet Authority G2",
    ),
    ("fwza0LRMXouZHRC8Ei+4PyuldPDcf3UKgO/04cDM1oE=", "Android documentation, its backup pin"),
    ("YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=", "tutorials, key of the retired Let's Encrypt X1 and X3"),
    ("sRHdihwgkaib1P1gxX8HFszlD+7/gTfNvuAybgLPNis=", "tutorials, key of the retired Let's Encrypt X2 and X4"),
    ("Vjs8r4z+80wjNcr1YKepWQboSIRi63WsWXhIMN+eWys=", "tutorials, key of the expired DST Root CA X3"),
    ("klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY=", "OkHttp documentation, key of a COMODO issuing CA"),
    ("grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME=", "OkHttp documentation, key of the COMODO RSA CA"),
    ("afwiKY3RxoMmLkuRW1l7QsPZTJPwDS2pdDROQjXw8ig=", "OkHttp documentation, old key of publicobject.com"),
    ("TQEtdMbmwFgYUifM4LDF+xgEtd0z69mPGmkp014d6ZY=", "TrustKit documentation"),
    ("rFjc3wG7lTZe43zeYTvPq8k4xdDEutCmIhI5dn4oCeE=", "TrustKit documentation"),
];

/// Words that stand in pins nobody filled in. Long enough that no hash has them by chance (below 1 in 10^8).
const PLACEHOLDER_WORDS: [&str; 12] = [
    "placeholder",
    "replace",
    "your_pin",
    "your-pin",
    "yourpin",
    "backup",
    "primary",
    "example",
    "changeme",
    "insert_",
    "base64",
    "sha256_hash",
];

fn is_placeholder(pin: &Pin) -> bool {
    let written = pin.written.to_ascii_lowercase();
    if PLACEHOLDER_WORDS.iter().any(|word| written.contains(word)) || written.contains("...") {
        return true;
    }
    let symbols = written
        .strip_prefix("sha256")
        .map_or(written.as_str(), |rest| rest.trim_start_matches('/'))
        .trim_end_matches('=')
        .as_bytes();
    // One to four symbols over and over: “AAAA…”, “abcd…”. A hash does that once in 2^200.
    let repeats = symbols.len() >= 8
        && (1..=4).any(|period| symbols.iter().zip(symbols.iter().skip(period)).all(|(a, b)| a == b));
    let zero = pin.spki().is_some_and(|key| key.0.windows(2).all(|pair| pair.first() == pair.last()));
    repeats || zero
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

    fn said_of(written: &str) -> Diagnosis {
        let pin = Pin::new(written, base64_text::android(written), PositionRule::Any, None);
        diagnose(&pin, &|key| (*key == SpkiSha256::of(b"ca")).then(|| "Test CA".to_owned()))
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
        for (text, _) in DOCUMENTATION_EXAMPLES {
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
        assert_eq!(said_of(&ca.to_string()), Diagnosis::KnownCa("Test CA".into()));
        assert_eq!(Pin::new("x", Ok(PinValue::Spki(ca)), PositionRule::Any, None).spki(), Some(&ca));
    }
}
