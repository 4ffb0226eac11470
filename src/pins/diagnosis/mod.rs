//! What a pin is, as far as its value alone tells.

mod example;
mod identify;
mod known;
#[cfg(test)]
mod near_miss_tests;
mod written;

use jiff::Timestamp;

use self::example::{documented, is_placeholder};
use self::identify::{Identified, altered, identify};
pub use self::known::{Diagnosis, KnownCa, Mistake, NearMiss};
use self::written::{bare, readings};
use super::base64_text;
use super::model::{Pin, PinFault, PinValue};
use crate::x509::miscomputed::Miscomputed;
use crate::x509::{Certificate, SpkiSha256};

/// What a pin's value is compared with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The certificates of the chain, served and of the path.
    pub certificates: &'a [Certificate],
    /// Names the CA that a key belongs to, where it is known.
    pub known_ca: &'a dyn Fn(&SpkiSha256) -> Option<KnownCa>,
    /// The time of judging.
    pub at: Timestamp,
}

/// Says what a pin is: how it is written first, then what was hashed, then whose key it is and whether that one is
/// still in use.
pub fn diagnose(pin: &Pin, context: &Context<'_>) -> Diagnosis {
    if is_placeholder(pin) {
        return Diagnosis::Placeholder;
    }
    match &pin.value {
        Ok(PinValue::Spki(key)) => of_key_hash(key, &pin.written, context),
        Ok(value) => of_other_hash(value, &pin.written, context),
        Err(fault) => of_unusable(pin, fault, context),
    }
}

/// Says what a pin is that matches the chain: whatever its text looks like, it is of a key in use.
pub(super) fn diagnose_match(pin: &Pin, context: &Context<'_>) -> Diagnosis {
    match diagnose(pin, context) {
        Diagnosis::DocumentationExample { .. } => of_known(pin, context),
        dead if dead.is_dead() => of_known(pin, context),
        said => said,
    }
}

fn of_known(pin: &Pin, context: &Context<'_>) -> Diagnosis {
    let ca = pin.spki().and_then(|key| (context.known_ca)(key));
    ca.map_or(Diagnosis::Unknown, |ca| in_time(ca, context.at))
}

fn of_key_hash(key: &SpkiSha256, written: &str, context: &Context<'_>) -> Diagnosis {
    let text = key.to_string();
    if let Some(origin) = documented(&text) {
        // The keys of CAs that are in use are printed there, too.
        let known = (context.known_ca)(key).map(|ca| in_time(ca, context.at));
        return match known {
            Some(Diagnosis::KnownCa(ca)) if ca.not_after.is_some() => Diagnosis::KnownCa(ca),
            _ => Diagnosis::DocumentationExample { origin },
        };
    }
    // As it is written, it may end in a symbol that no encoder writes.
    let altered = || altered(bare(written), context).or_else(|| altered(&text, context));
    let Some(found) = identify(&key.0, context).or_else(altered) else {
        return Diagnosis::Unknown;
    };
    match found.mistake {
        Some(mistake) => near_miss(found, mistake, None),
        // A key of the chain that is no CA's has no life of its own as a CA.
        None => (context.known_ca)(key).map_or(Diagnosis::Unknown, |ca| in_time(ca, context.at)),
    }
}

/// Where the platform compares another hash than that of the key, that one is right.
fn of_other_hash(value: &PinValue, written: &str, context: &Context<'_>) -> Diagnosis {
    let (octets, right): (&[u8], &[Miscomputed]) = match value {
        PinValue::Spki(key) => return of_key_hash(key, written, context),
        PinValue::SpkiSha1(hash) => (hash, &[Miscomputed::SpkiSha1]),
        PinValue::SpkiSha512(hash) => (hash, &[Miscomputed::SpkiSha512]),
        PinValue::RawKey(hash) => (hash, &[Miscomputed::RawKey]),
        PinValue::Certificate(hash) => (&hash.0, &[Miscomputed::Certificate]),
        PinValue::CertificateSha1(hash) => (hash, &[Miscomputed::CertificateSha1]),
        PinValue::CertificateSha512(hash) => (hash, &[]),
    };
    match identify(octets, context) {
        None => Diagnosis::Unknown,
        Some(found) => match found.mistake {
            Some(Mistake::Hash(kind)) if right.contains(&kind) => {
                (context.known_ca)(&found.key).map_or(Diagnosis::Unknown, |ca| in_time(ca, context.at))
            }
            Some(mistake) => near_miss(found, mistake, None),
            None => near_miss(found, Mistake::KeyHash, None),
        },
    }
}

fn of_unusable(pin: &Pin, fault: &PinFault, context: &Context<'_>) -> Diagnosis {
    if let Some(key) = pin.key_itself {
        let of = identify::holder(&key, context);
        let (mistake, expected, fault) = (Mistake::KeyItself, Some(key), Some(fault.clone()));
        return Diagnosis::NearMiss(NearMiss { mistake, of, expected, fault });
    }
    for reading in readings(&pin.written) {
        if let Some(found) = identify(&reading.octets, context) {
            let mistake = found.mistake.unwrap_or(Mistake::Encoding(reading.how));
            return near_miss(found, mistake, Some(fault.clone()));
        }
    }
    if let Some(found) = altered(bare(&pin.written), context)
        && let Some(mistake) = found.mistake
    {
        return near_miss(found, mistake, Some(fault.clone()));
    }
    Diagnosis::Unusable { fault: fault.clone(), likely: likeness(&pin.written) }
}

fn near_miss(found: Identified, mistake: Mistake, fault: Option<PinFault>) -> Diagnosis {
    Diagnosis::NearMiss(NearMiss { mistake, of: Some(found.of), expected: Some(found.key), fault })
}

/// A CA is retired once its last certificate has expired, or nothing is issued from it.
fn in_time(ca: KnownCa, at: Timestamp) -> Diagnosis {
    let today = at.strftime("%Y-%m-%d").to_string();
    if ca.not_after.as_ref().is_some_and(|end| *end < today) {
        return Diagnosis::RetiredCa(KnownCa { retired: None, ..ca });
    }
    match &ca.retired {
        Some(retired) if retired.since <= today => Diagnosis::RetiredCa(ca),
        _ => Diagnosis::KnownCa(ca),
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
        KnownCa {
            name: "Test CA".to_owned(),
            owner: None,
            not_after: Some("2030-01-01".to_owned()),
            retired: None,
        }
    }

    fn said_of(written: &str) -> Diagnosis {
        let pin = Pin::new(written, base64_text::android(written), PositionRule::Any, None);
        let known = |key: &SpkiSha256| (*key == SpkiSha256::of(b"ca")).then(test_ca);
        let at = "2026-11-21T00:00:00Z".parse().unwrap();
        diagnose(&pin, &Context { certificates: &[], known_ca: &known, at })
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
