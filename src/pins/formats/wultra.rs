//! Wultra's dynamic pins: the list of fingerprints that its library fetches at run time, or that an app ships for the
//! time before the first fetch.
//!
//! Source: the libraries wultra/ssl-pinning-android (`CertStore`, `GetFingerprintResponse`, `CertificateInfo`,
//! `DomainsConfig`) and -ios, and the tool that makes the list. A fingerprint is SHA-256 over a whole certificate; it is
//! compared where the leaf's common name equals the entry's name, with the leaf, or with the certificate at `depth` above
//! it. Entries of one name are taken together. Each ends on its own; where none is left the library answers “empty”,
//! and its integrations refuse as they do for a wrong certificate. Each entry is signed (ECDSA) with a key whose public
//! half the app has; without signatures of their own, that of the whole response must be asked for (`useChallenge`).
//! Signatures are not verified here: the key is in the app.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::json::{self, Json};
use super::problems::{Problems, shortened};
use super::{PinFormat, PinInput, written};
use crate::pins::base64_text;
use crate::pins::model::{
    AfterExpiry, Bootstrap, Combination, Enforcement, EnforcementMode, Expiry, ExpiryClock, HostPattern, Pin,
    PinEntry, PinFault, PinSource, PinValue, PositionRule, ProblemKind,
};
use crate::x509::CertificateSha256;

/// The format's id.
const ID: &str = "wultra";
/// The most fingerprints of one file.
const MOST: usize = 20_000;
/// Where the list stands: in what the library reads, and in what the first servers answered.
const LISTS: [&str; 2] = ["fingerprints", "responseObject"];

/// Wultra's list.
pub(super) struct Wultra;

impl PinFormat for Wultra {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        recognise(input).is_some()
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        source(&recognise(input).unwrap_or(Json::Null))
    }

    /// Every entry about the host: the library takes all of one name.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        source.entries.iter().filter(|entry| entry.scope.covers(host)).collect()
    }

    fn combination(&self) -> Combination {
        Combination::Union
    }
}

fn recognise(input: &PinInput<'_>) -> Option<Json> {
    let text = input.text.as_deref()?;
    // Most JSON is about something else: it is not even parsed.
    if !text.trim_start().starts_with('{') || !text.contains("\"fingerprint\"") {
        return None;
    }
    let document = json::read(text, false).ok()?;
    let is_entry = |item: &Json| {
        item.at("name").is_some_and(|name| name.text().is_some())
            && item.at("fingerprint").is_some()
            && matches!(item.at("expires"), Some(Json::Number(_)))
    };
    items(&document).iter().any(is_entry).then_some(document)
}

fn items(document: &Json) -> &[Json] {
    LISTS.iter().find_map(|name| document.at(name)).map(Json::items).unwrap_or_default()
}

/// The fingerprints of one name.
struct OfName {
    line: Option<usize>,
    pins: Vec<Pin>,
    /// How many more there are of which it is not known when they end.
    unread: u32,
    /// When the last of them ends, as far as that can be read.
    end: Option<Timestamp>,
    is_signed: bool,
}

fn source(document: &Json) -> Result<PinSource, String> {
    let mut problems = Problems::default();
    let mut names: BTreeMap<&str, OfName> = BTreeMap::new();
    let items = items(document);
    if items.len() > MOST {
        return Err(format!("it has more than {MOST} fingerprints"));
    }
    for item in items {
        let Some(Json::Text(name, line)) = item.at("name") else {
            let what = "an entry without a name: the library refuses the whole list".to_owned();
            problems.add(ProblemKind::NotRead, None, what);
            continue;
        };
        let of_name = names.entry(name.as_str()).or_insert_with(|| OfName {
            line: Some(*line),
            pins: Vec::new(),
            unread: 0,
            end: None,
            is_signed: true,
        });
        of_name.is_signed &= is_signed(item, *line, &mut problems);
        let pin = pin(item, *line, &mut problems);
        let Some(end) = end(item) else {
            let what = format!("an entry of {} has no time at which it ends", shortened(name));
            problems.add(ProblemKind::NotRead, Some(*line), what);
            of_name.unread = of_name.unread.saturating_add(1);
            continue;
        };
        of_name.end = of_name.end.max(Some(end));
        of_name.pins.push(Pin { ends: Some(end), ..pin });
    }
    let entries = names.into_iter().zip(1..).map(|((name, of_name), number)| {
        entry(name, of_name, number, is_pinning_required(document, name), &mut problems)
    });
    let entries = entries.collect();
    Ok(PinSource { entries, problems: problems.into_list(), ..PinSource::of(ID) })
}

fn entry(name: &str, of_name: OfName, number: usize, required: bool, problems: &mut Problems) -> PinEntry {
    let (mode, why) = if required {
        (EnforcementMode::Yes, "the library trusts no other certificate with this common name")
    } else {
        (EnforcementMode::No, "domainsConfig in the file says that pinning is not required for this name")
    };
    let scope = written::pattern(name, None);
    if scope == HostPattern::Nowhere {
        let what =
            format!("“{}” is no host name; a certificate would need it as its common name", shortened(name));
        problems.add(ProblemKind::NoEffect, of_name.line, what);
    }
    if !of_name.is_signed {
        let what = format!(
            "entries of {} have no signature of their own; the app must ask for that of the whole response \
             (useChallenge), which the file does not show",
            shortened(name)
        );
        problems.add(ProblemKind::UnauthenticatedBootstrap, of_name.line, what);
    }
    PinEntry {
        pins: of_name.pins,
        unread: of_name.unread,
        pin_set: Some(number),
        line: of_name.line,
        expiry: of_name.end.filter(|_| of_name.unread == 0).map(|at| Expiry {
            at,
            afterwards: AfterExpiry::FailClosed,
            note: "when the last of its fingerprints ends; each is refused from its own end on",
            clock: ExpiryClock::Utc,
        }),
        bootstrap: Some(if of_name.is_signed { Bootstrap::Signed } else { Bootstrap::Unstated }),
        ..PinEntry::of(scope, Enforcement { mode, why: why.to_owned() })
    }
}

fn pin(item: &Json, name_line: usize, problems: &mut Problems) -> Pin {
    let (text, line) = match item.at("fingerprint") {
        Some(Json::Text(text, line)) => (text.as_str(), *line),
        _ => ("", name_line),
    };
    let octets = base64_text::lenient(text).filter(|octets| !octets.is_empty());
    let value = match octets.map(<[u8; 32]>::try_from) {
        Some(Ok(hash)) => Ok(PinValue::Certificate(CertificateSha256(hash))),
        Some(Err(octets)) => Err(PinFault::WrongLength(octets.len())),
        None if text.trim().is_empty() => Err(PinFault::Empty),
        None => Err(PinFault::NotBase64),
    };
    let position = match item.at("depth") {
        None | Some(Json::Null) => PositionRule::Leaf,
        Some(Json::Number(depth)) if depth == "0" => PositionRule::Leaf,
        Some(_) => {
            let what = "a fingerprint of a certificate above the leaf (depth): whether the app compares that one, and \
                which else, is in its code";
            problems.add(ProblemKind::NotRead, Some(line), what.to_owned());
            PositionRule::Ca
        }
    };
    Pin::new(text, value, position, Some(line))
}

/// Whether an entry has a signature; one that is none is told.
fn is_signed(item: &Json, line: usize, problems: &mut Problems) -> bool {
    let Some(text) = item.at("signature").and_then(Json::text).filter(|text| !text.is_empty()) else {
        return false;
    };
    // A DER SEQUENCE of two numbers (RFC 3279 section 2.2.3).
    let is_signature = base64_text::lenient(text).is_some_and(|octets| octets.first() == Some(&0x30));
    if !is_signature {
        let what =
            "the signature is none of ECDSA: the library refuses the whole list, and keeps the one it has";
        problems.add(ProblemKind::NoEffect, Some(line), what.to_owned());
    }
    is_signature
}

fn end(item: &Json) -> Option<Timestamp> {
    let Some(Json::Number(seconds)) = item.at("expires") else { return None };
    Timestamp::from_second(seconds.parse().ok()?).ok()
}

/// What the file says of names for which pinning is not required; without that, it is.
fn is_pinning_required(document: &Json, name: &str) -> bool {
    let Some(config) = document.at("domainsConfig").filter(|config| **config != Json::Null) else {
        return true;
    };
    let mut of_names = config.at("domains").map(Json::items).unwrap_or_default().iter();
    of_names
        .find(|domain| domain.at("name").and_then(Json::text) == Some(name))
        .and_then(|domain| domain.at("sslPinningRequired"))
        .or_else(|| config.at("sslPinningRequiredForUnlisted"))
        .and_then(Json::boolean)
        .unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pins::{Reading, formats};

    const SIGNATURE: &str = "MAYCAQECAQI=";

    fn fingerprint(word: &str) -> CertificateSha256 {
        CertificateSha256::of(word.as_bytes())
    }

    fn item(name: &str, word: &str, expires: i64, more: &str) -> String {
        use base64::Engine as _;
        let hash = base64::engine::general_purpose::STANDARD.encode(fingerprint(word).0);
        format!("{{\"name\": \"{name}\", \"fingerprint\": \"{hash}\", \"expires\": {expires}{more}}}")
    }

    fn read(text: &str) -> PinSource {
        match formats::tests::only("pins.json", text.as_bytes()) {
            Reading::Read(source) if source.format == ID => source,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn fingerprints_of_one_name_are_one_set_of_certificates() {
        let signed = format!(", \"signature\": \"{SIGNATURE}\"");
        let list = [
            item("api.example", "old", 1_800_000_000, &signed),
            item("api.example", "new", 1_900_000_000, &signed),
            item("*.b.example", "b", 1_800_000_000, &signed),
        ];
        let source = read(&format!("{{\"fingerprints\": [\n{}\n]}}", list.join(",\n")));
        assert!(source.problems.is_empty(), "{:?}", source.problems);
        let api = formats::applicable(&source, "api.example")[0];
        let values: Vec<_> = api.pins.iter().map(|pin| (pin.value.clone(), pin.position, pin.line)).collect();
        let of = |word, line| (Ok(PinValue::Certificate(fingerprint(word))), PositionRule::Leaf, Some(line));
        assert_eq!(values, [of("old", 2), of("new", 3)]);
        let expiry = api.expiry.as_ref().unwrap();
        assert_eq!((expiry.at.as_second(), expiry.afterwards), (1_900_000_000, AfterExpiry::FailClosed));
        assert_eq!(api.bootstrap, Some(Bootstrap::Signed));
        assert_eq!(api.enforcement.mode, EnforcementMode::Yes);
        assert_eq!(formats::applicable(&source, "x.b.example").len(), 1);
        assert!(formats::applicable(&source, "b.example").is_empty());
        let first = format!("{{\"status\": \"OK\", \"responseObject\": [{}]}}", list[0]);
        assert_eq!(read(&first).entries.len(), 1);
    }

    #[test]
    fn what_is_not_signed_or_not_plain_is_told() {
        let kinds = |more: &str| -> Vec<ProblemKind> {
            let text = format!("{{\"fingerprints\": [{}]}}", item("api.example", "a", 1_800_000_000, more));
            read(&text).problems.iter().map(|problem| problem.kind).collect()
        };
        assert_eq!(kinds(""), [ProblemKind::UnauthenticatedBootstrap]);
        assert_eq!(
            kinds(", \"signature\": \"c2ln\""),
            [ProblemKind::NoEffect, ProblemKind::UnauthenticatedBootstrap]
        );
        let signed = format!(", \"signature\": \"{SIGNATURE}\"");
        assert_eq!(kinds(&format!("{signed}, \"depth\": 1")), [ProblemKind::NotRead]);
        assert_eq!(kinds(&format!("{signed}, \"depth\": 0")), []);
        let text =
            "{\"fingerprints\": [{\"name\": \"api.example\", \"fingerprint\": \"AAAA\", \"expires\": 1}]}";
        assert_eq!(read(text).entries[0].pins[0].value, Err(PinFault::WrongLength(3)));
    }

    #[test]
    fn names_without_required_pinning_are_not_pinned() {
        let of = |config: &str| {
            let items = item("api.example", "a", 1_800_000_000, "");
            let source = read(&format!("{{\"fingerprints\": [{items}], \"domainsConfig\": {config}}}"));
            source.entries[0].enforcement.mode
        };
        let named = |required| {
            format!(
                "{{\"sslPinningRequiredForUnlisted\": true, \"domains\": \
                 [{{\"name\": \"api.example\", \"sslPinningRequired\": {required}}}]}}"
            )
        };
        assert_eq!(of(&named(false)), EnforcementMode::No);
        assert_eq!(of(&named(true)), EnforcementMode::Yes);
        assert_eq!(of("{\"sslPinningRequiredForUnlisted\": false, \"domains\": []}"), EnforcementMode::No);
        assert_eq!(of("null"), EnforcementMode::Yes);
    }

    #[test]
    fn other_lists_of_fingerprints_are_none() {
        for text in [
            "{\"fingerprints\": []}",
            "{\"fingerprints\": [{\"name\": \"a\", \"fingerprint\": \"b\"}]}",
            "[{\"name\": \"a\", \"fingerprint\": \"b\", \"expires\": 1}]",
        ] {
            let of_wultra = formats::read("x.json", text.as_bytes())
                .iter()
                .any(|file| matches!(&file.reading, Reading::Read(source) if source.format == ID));
            assert!(!of_wultra, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\"name\":|\"fingerprint\":|\"expires\":|\"signature\":|\"depth\":|\"a.example\"|1|-9e99|,|\\{|\\}|\\[|\\]|\\PC){0,40}") {
            let start = "{\"fingerprints\": [{\"name\": \"a.example\", \"fingerprint\": \"AAAA\", \"expires\": 1";
            let _ = formats::read("x.json", format!("{start}{text}").as_bytes());
            let _ = formats::read("x.json", format!("{start}}}, {text}]}}").as_bytes());
        }
    }
}
