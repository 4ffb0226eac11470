use proptest::prelude::*;

use crate::pins::model::{
    AfterExpiry, Bootstrap, EnforcementMode, HostPattern, Pin, PinEntry, PinFault, PinSource, PinValue,
    PositionRule, ProblemKind,
};
use crate::pins::{Reading, formats};
use crate::x509::{CertificateSha256, SpkiSha256, hexadecimal};

fn read_as(path: &str, text: &str) -> PinSource {
    match formats::tests::only(path, text.as_bytes()) {
        Reading::Read(source) => source,
        other => panic!("{other:?}"),
    }
}

fn read(text: &str) -> PinSource {
    read_as("pins.toml", text)
}

fn key(word: &str) -> SpkiSha256 {
    SpkiSha256::of(word.as_bytes())
}

fn said(text: &str) -> Vec<(Option<usize>, String)> {
    read(text).problems.into_iter().map(|problem| (problem.line, problem.what)).collect()
}

/// The example of the manual.
const EXAMPLE: &str = include_str!("../../../../docs/pins.example.toml");

#[test]
fn the_example_of_the_manual_has_no_fault() {
    let source = read(EXAMPLE);
    let other: Vec<_> =
        source.problems.iter().filter(|p| p.kind != ProblemKind::UnauthenticatedBootstrap).collect();
    assert!(other.is_empty(), "{other:?}");
    assert!(source.entries.len() >= 3);
    assert!(source.entries.iter().flat_map(|entry| &entry.pins).all(|pin| pin.value.is_ok()));
}

#[test]
fn an_entry_says_all_that_can_be_said() {
    let source = read(&format!(
        "version = 1\n[[pin]]\nhosts = [\"API.example.com\"]\nsubdomains = \"all\"\nposition = \"ca\"\n\
         enforce = \"report\"\nexpires = 2030-01-02\nafterwards = \"closed\"\nplatform = \"android\"\n\
         released = \"2026-01-01\"\npins = [\n \"sha256/{}\",\n {{ value = \"{}\", position = \"leaf\", label = \"backup\" }},\n]\n",
        key("a"),
        key("b")
    ));
    assert!(source.problems.is_empty(), "{:?}", source.problems);
    let entry = &source.entries[0];
    assert_eq!(entry.scope, HostPattern::WithSubdomains("api.example.com".into()));
    assert_eq!(entry.enforcement.mode, EnforcementMode::Report);
    assert_eq!(entry.expiry.as_ref().map(|e| e.afterwards), Some(AfterExpiry::FailClosed));
    assert_eq!(entry.expiry.as_ref().map(|e| e.at.to_string()).as_deref(), Some("2030-01-02T00:00:00Z"));
    assert_eq!(entry.platform.as_deref(), Some("android"));
    assert_eq!(entry.released.map(|at| at.to_string()).as_deref(), Some("2026-01-01T00:00:00Z"));
    let pins: Vec<_> = entry.pins.iter().map(|pin| (pin.position, pin.line, pin.label.as_deref())).collect();
    assert_eq!(pins, [(PositionRule::Ca, Some(12), None), (PositionRule::Leaf, Some(13), Some("backup"))]);
}

#[test]
fn pins_are_read_in_any_encoding_with_their_kind() {
    let hash = key("a").0;
    let hex = hexadecimal(&hash).replace(':', "").to_lowercase();
    let colons: Vec<String> = hash.iter().map(|octet| format!("{octet:02X}")).collect();
    let url = key("a").to_string().replace('+', "-").replace('/', "_");
    for (text, expected) in [
        (format!("\"{}\"", key("a")), PinValue::Spki(key("a"))),
        (format!("\"{}\"", url.trim_end_matches('=')), PinValue::Spki(key("a"))),
        (format!("\"sha256//{}\"", key("a")), PinValue::Spki(key("a"))),
        (format!("\"{hex}\""), PinValue::Spki(key("a"))),
        (
            format!("{{ value = \"{}\", kind = \"certificate\" }}", colons.join(":")),
            PinValue::Certificate(CertificateSha256(hash)),
        ),
        (format!("{{ value = \"{hex}\", kind = \"raw-key\" }}"), PinValue::RawKey(hash)),
        ("\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"".to_owned(), {
            PinValue::SpkiSha1(
                *b"\xda\x39\xa3\xee\x5e\x6b\x4b\x0d\x32\x55\xbf\xef\x95\x60\x18\x90\xaf\xd8\x07\x09",
            )
        }),
        (format!("\"sha512/{}\"", "ab".repeat(64)), PinValue::SpkiSha512([0xab; 64])),
    ] {
        let source = read(&format!("[[pin]]\nhosts = \"a.example\"\npins = [{text}]\n"));
        assert_eq!(source.entries[0].pins[0].value, Ok(expected), "{text}");
    }
}

/// It has the length of a SHA-512 hash, and none looks like that.
#[test]
fn digits_that_were_encoded_again_are_no_hash() {
    use base64::Engine as _;
    let digits = base64::engine::general_purpose::STANDARD.encode("0f".repeat(32));
    let source = read(&format!("[[pin]]\nhosts = \"a.example\"\npins = [\"{digits}\"]\n"));
    assert_eq!(source.entries[0].pins[0].value, Err(PinFault::WrongLength(64)));
}

#[test]
fn mistakes_are_told_with_their_line_and_what_was_meant() {
    for (text, line, expected) in [
        ("[[pin]]\nhost = \"a.example\"\nhosts = \"a.example\"", 2, "“hosts” was probably meant"),
        ("[[pin]]\nhosts = \"a.example\"\nposition = \"leave\"", 3, "“leaf” was probably meant"),
        ("[[pin]]\nhosts = \"https://a.example\"", 2, "no host name"),
        ("[[pin]]\npins = []", 2, "names no hosts"),
        ("[[pin]]\nhosts = \"a.example\"\npins = [\n \"AAAA\"\n]", 4, "32"),
        ("[[pin]]\nhosts = \"a.example\"\npins = [\"?\"]", 3, "base64 or hexadecimal"),
        ("[[pin]]\nhosts = \"a.example\"\nexpires = \"soon\"\nafterwards = \"open\"", 3, "no day"),
        ("[[pin]]\nhosts = \"a.example\"\nexpires = 2030-01-01", 3, "afterwards"),
        ("[[pin]]\nhosts = \"a.example\"\nenforce = 3", 3, "a number"),
        ("pins = 1\n[[pin]]\nhosts = \"a.example\"", 1, "“pin” was probably meant"),
    ] {
        let said = said(text);
        let found = said.iter().any(|(at, what)| *at == Some(line) && what.contains(expected));
        assert!(found, "{text}: {said:?}");
    }
    for (broken, line) in [
        ("[[pin]]\nhosts = [", "line 2"),
        ("[[pin]]\nhosts = \"a.example\"\nhosts = \"b.example\"", "line 3"),
        ("version = 1\n[[pin]\nhosts = \"a.example\"", "line 2"),
    ] {
        let reading = formats::tests::only("conf/pins.toml", broken.as_bytes());
        let Reading::NotWellFormed { why, .. } = reading else { panic!("{reading:?}") };
        assert!(why.starts_with(line), "{why}");
    }
}

#[test]
fn dynamic_pins_are_judged_by_their_first_contact() {
    for (word, expected, problems) in [
        ("signed", Bootstrap::Signed, 0),
        ("pinned", Bootstrap::Pinned, 0),
        ("validated", Bootstrap::ValidatedOnly, 1),
        ("first-use", Bootstrap::FirstUse, 1),
        ("tofu", Bootstrap::FirstUse, 1),
        ("unstated", Bootstrap::Unstated, 1),
    ] {
        let source = read(&format!("[[pin]]\nhosts = \"a.example\"\nbootstrap = \"{word}\"\n"));
        assert_eq!(source.entries[0].bootstrap, Some(expected));
        let told = source.problems.iter().filter(|p| p.kind == ProblemKind::UnauthenticatedBootstrap);
        assert_eq!(told.count(), problems, "{word}");
    }
}

#[test]
fn json_says_the_same() {
    let json = format!(
        "{{\"version\": 1, \"pin\": [{{\"hosts\": [\"a.example\"], \"subdomains\": true, \"pins\": [\"{}\"]}}]}}",
        key("a")
    );
    let source = read_as("pins.json", &json);
    assert_eq!(source.format, "pinstead");
    assert_eq!(source.entries[0].scope, HostPattern::WithSubdomains("a.example".into()));
    assert_eq!(source.entries[0].pins.iter().filter_map(Pin::spki).collect::<Vec<_>>(), [&key("a")]);
}

#[test]
fn the_most_specific_entry_counts() {
    let a = key("a");
    let source = read(&format!(
        "[[pin]]\nhosts = [\"*\"]\npins = [\"{a}\"]\n[[pin]]\nhosts = [\"example.com\"]\nsubdomains = true\npins = [\"{a}\"]\n\
         [[pin]]\nhosts = [\"api.example.com\"]\nenforce = false\npins = [\"{a}\"]\n"
    ));
    let line = |host| formats::applicable(&source, host).first().and_then(|entry: &&PinEntry| entry.line);
    assert_eq!(line("api.example.com"), Some(9));
    assert_eq!(line("www.example.com"), Some(5));
    assert_eq!(line("example.org"), Some(2));
}

#[test]
fn each_platform_and_release_has_an_entry_of_its_own() {
    let source = read(
        "[[pin]]\nhosts = \"a.example\"\nsubdomains = true\nplatform = \"ios\"\n\
         [[pin]]\nhosts = \"a.example\"\nplatform = \"ios\"\nreleased = 2026-01-02\n\
         [[pin]]\nhosts = \"a.example\"\nplatform = \"android\"\n\
         [[pin]]\nhosts = [\"a.example\", \"b.example\"]\n",
    );
    let lines = |host| -> Vec<Option<usize>> {
        formats::applicable(&source, host).iter().map(|entry: &&PinEntry| entry.line).collect()
    };
    assert_eq!(lines("a.example"), [Some(13), Some(10), Some(6)]);
    assert_eq!(lines("b.example"), [Some(13)]);
}

#[test]
fn other_toml_is_none() {
    for text in ["[package]\nname = \"x\"", "[pin]\nx = 1", "# [[pin]]\n", "[[pins]]\nhosts = 1"] {
        assert_eq!(formats::tests::only("x.toml", text.as_bytes()), Reading::NotRecognised, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(hosts = |pins = |\"a.example\"|\\[|\\]|\\{|\\}|\n|=|,|expires = 2030-01-01|enforce = |\\PC){0,40}") {
        let _ = formats::read("pins.toml", format!("[[pin]]\n{text}").as_bytes());
    }
}
