//! Pins and host patterns as people write them in configurations that no platform reads itself.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::pins::base64_text;
use crate::pins::model::{HostPattern, PinFault, PinValue};
use crate::x509::CertificateSha256;

/// What a text says as a pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This.
    Value(PinValue),
    /// Something that is meant for a pin and is none.
    Fault(PinFault),
    /// Nothing: it is empty.
    Nothing,
}

/// Reads a pin: base64 with or without `sha256/` or `sha1/`, or pairs of hexadecimal digits, which libraries use for
/// whole certificates.
pub(super) fn meaning(text: &str) -> Meaning {
    let text = text.trim();
    if text.is_empty() {
        return Meaning::Nothing;
    }
    if let Some(octets) = spaced_hexadecimal(text) {
        let length = octets.len();
        if let Ok(hash) = <[u8; 32]>::try_from(octets.as_slice()) {
            return Meaning::Value(PinValue::Certificate(CertificateSha256(hash)));
        }
        return match <[u8; 20]>::try_from(octets) {
            Ok(hash) => Meaning::Value(PinValue::CertificateSha1(hash)),
            Err(_) => Meaning::Fault(PinFault::WrongLength(length)),
        };
    }
    if let Some(sha1) = text.strip_prefix("sha1/") {
        let octets = base64_text::lenient(sha1).unwrap_or_default();
        let length = octets.len();
        return match <[u8; 20]>::try_from(octets) {
            Ok(hash) => Meaning::Value(PinValue::SpkiSha1(hash)),
            Err(_) => Meaning::Fault(PinFault::WrongLength(length)),
        };
    }
    let bare = text.strip_prefix("sha256/").unwrap_or(text);
    match base64_text::android(bare) {
        Ok(value) => Meaning::Value(value),
        Err(fault) => Meaning::Fault(fault),
    }
}

/// Whether a text begins as nothing but a pin does.
pub(super) fn has_prefix(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("sha256/") || text.starts_with("sha1/")
}

/// Whether a text is a hash of 32 octets in base64, or the fingerprint of a certificate in pairs of digits.
pub(super) fn is_hash(text: &str) -> bool {
    let text = text.trim();
    let base64 = text.len() == 44 && text.ends_with('=') && base64_text::android(text).is_ok();
    base64 || spaced_hexadecimal(text).is_some_and(|octets| matches!(octets.len(), 20 | 32))
}

/// Whether a text holds a variable that a build replaces: `$(NAME)`, `${NAME}` or `%NAME%`.
pub(super) fn has_build_variable(text: &str) -> bool {
    let text = text.trim();
    let is_between = |open: &str, close: char| {
        text.split_once(open)
            .is_some_and(|(_, rest)| rest.split_once(close).is_some_and(|(name, _)| !name.is_empty()))
    };
    is_between("$(", ')') || is_between("${", '}') || is_between("%", '%')
}

/// The octets of pairs of hexadecimal digits that colons or spaces stand between.
pub(super) fn spaced_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let pairs: Vec<&str> = text.split([':', ' ']).collect();
    if pairs.len() < 2 || pairs.len() > 64 {
        return None;
    }
    pairs.into_iter().map(|pair| if pair.len() == 2 { hexadecimal_octet(pair) } else { None }).collect()
}

/// The octets of hexadecimal digits without anything between.
pub(super) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || text.len() > 256 {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(hexadecimal_octet))
        .collect()
}

fn hexadecimal_octet(pair: &str) -> Option<u8> {
    if pair.bytes().all(|digit| digit.is_ascii_hexdigit()) { u8::from_str_radix(pair, 16).ok() } else { None }
}

/// The hosts of a pattern: a name, `*.` for one label below it, `**.` for every depth; `includes` is what a switch
/// beside it says. What can be no host of the net is [`HostPattern::Nowhere`].
pub(super) fn pattern(text: &str, includes: Option<bool>) -> HostPattern {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    let (name, make): (&str, fn(String) -> HostPattern) = if let Some(name) = text.strip_prefix("**.") {
        (name, HostPattern::WithSubdomains)
    } else if let Some(name) = text.strip_prefix("*.") {
        (name, if includes == Some(true) { HostPattern::WithSubdomains } else { HostPattern::OneLabelBelow })
    } else if includes == Some(true) {
        (&text, HostPattern::WithSubdomains)
    } else {
        (&text, HostPattern::Exactly)
    };
    if is_host(name) { make(name.to_owned()) } else { HostPattern::Nowhere }
}

/// The same where the file says that it is a host: names of one's own net end in what is registered nowhere.
pub(super) fn pattern_of_any_net(text: &str, includes: Option<bool>) -> HostPattern {
    const PUBLIC: &str = "example";
    let text = text.trim().trim_end_matches('.');
    let is_named = text.rsplit('.').next().is_some_and(|last| last.chars().any(char::is_alphabetic));
    match pattern(text, includes) {
        // Labels are checked with an ending that is known put behind.
        HostPattern::Nowhere if is_named && text.contains('.') => {
            let last = |name: String| {
                name.strip_suffix(PUBLIC).and_then(|name| name.strip_suffix('.')).map(str::to_owned)
            };
            let named = match pattern(&format!("{text}.{PUBLIC}"), includes) {
                HostPattern::Exactly(name) => last(name).map(HostPattern::Exactly),
                HostPattern::WithSubdomains(name) => last(name).map(HostPattern::WithSubdomains),
                HostPattern::OneLabelBelow(name) => last(name).map(HostPattern::OneLabelBelow),
                _ => None,
            };
            named.unwrap_or(HostPattern::Nowhere)
        }
        scope => scope,
    }
}

/// Whether a name can be a host: labels, and an ending that is registered or reserved for such names.
fn is_host(name: &str) -> bool {
    const RESERVED: [&str; 8] =
        ["example", "test", "local", "internal", "lan", "intranet", "localhost", "onion"];
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|symbol| symbol.is_alphanumeric() || matches!(symbol, '-' | '_'))
    };
    if name.len() > 253 || !name.contains('.') || !name.split('.').all(is_label) {
        return false;
    }
    if name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok()) {
        return true;
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    RESERVED.contains(&last) || psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::SpkiSha256;

    #[test]
    fn pins_are_read_in_the_spellings_of_libraries() {
        let key = SpkiSha256::of(b"a");
        for text in
            [format!("sha256/{key}"), key.to_string(), key.to_string().trim_end_matches('=').to_owned()]
        {
            assert_eq!(meaning(&text), Meaning::Value(PinValue::Spki(key)), "{text}");
        }
        let pairs: Vec<String> = key.0.iter().map(|octet| format!("{octet:02X}")).collect();
        for separator in [":", " "] {
            assert_eq!(
                meaning(&pairs.join(separator)),
                Meaning::Value(PinValue::Certificate(CertificateSha256(key.0)))
            );
        }
        assert_eq!(
            meaning("sha1/2jmj7l5rSw0yVb/vlWAYkK/YBwk="),
            Meaning::Value(PinValue::SpkiSha1(
                *b"\xda\x39\xa3\xee\x5e\x6b\x4b\x0d\x32\x55\xbf\xef\x95\x60\x18\x90\xaf\xd8\x07\x09"
            ))
        );
        assert_eq!(meaning("sha256/AAAA"), Meaning::Fault(PinFault::WrongLength(3)));
        assert_eq!(hexadecimal("0aFf"), Some(vec![10, 255]));
        assert_eq!(hexadecimal("0a+f"), None);
    }

    #[test]
    fn variables_of_a_build_are_known() {
        for text in ["$(API_HOST)", " api.${ENV}.example ", "%PIN%"] {
            assert!(has_build_variable(text), "{text}");
        }
        for text in ["api.example", "a$b", "100%", "$()", "n5EWH0NDPkmm3m22gNefYBWfLkrJFyYhoShGQoFYRAs="] {
            assert!(!has_build_variable(text), "{text}");
        }
    }

    #[test]
    fn hosts_are_told_from_files_and_packages() {
        for (text, expected) in [
            ("API.example.com", HostPattern::Exactly("api.example.com".into())),
            ("*.example.com", HostPattern::OneLabelBelow("example.com".into())),
            ("**.example.com", HostPattern::WithSubdomains("example.com".into())),
            ("a.example", HostPattern::Exactly("a.example".into())),
            ("192.0.2.1", HostPattern::Exactly("192.0.2.1".into())),
            ("main.js", HostPattern::Nowhere),
            ("node_modules/x.com", HostPattern::Nowhere),
            ("https://a.example", HostPattern::Nowhere),
            ("pins", HostPattern::Nowhere),
        ] {
            assert_eq!(pattern(text, None), expected, "{text}");
        }
        assert_eq!(pattern("a.example", Some(true)), HostPattern::WithSubdomains("a.example".into()));
    }

    #[test]
    fn names_of_a_net_of_ones_own_are_hosts_where_they_stand_as_such() {
        let name = || "api.intra.corp".to_owned();
        for (text, includes, expected) in [
            ("api.intra.corp", None, HostPattern::Exactly(name())),
            ("API.intra.corp.", Some(true), HostPattern::WithSubdomains(name())),
            ("*.api.intra.corp", None, HostPattern::OneLabelBelow(name())),
            ("api.shop.example", None, HostPattern::Exactly("api.shop.example".to_owned())),
            ("https://api.intra.corp", None, HostPattern::Nowhere),
            ("api.intra.corp:443", None, HostPattern::Nowhere),
            ("a..corp", None, HostPattern::Nowhere),
            ("1.2.3", None, HostPattern::Nowhere),
            ("corp", None, HostPattern::Nowhere),
        ] {
            assert_eq!(pattern_of_any_net(text, includes), expected, "{text}");
        }
        assert_eq!(pattern("api.intra.corp", None), HostPattern::Nowhere);
    }
}
