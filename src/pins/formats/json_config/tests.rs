use proptest::prelude::*;

use crate::pins::model::{EnforcementMode, HostPattern, Pin, PinSource, PinValue, ProblemKind};
use crate::pins::{Reading, formats};
use crate::x509::SpkiSha256;

fn key(word: &str) -> SpkiSha256 {
    SpkiSha256::of(word.as_bytes())
}

fn read(text: &str) -> PinSource {
    match formats::tests::only("pins.json", text.as_bytes()) {
        Reading::Read(source) => source,
        other => panic!("{other:?}"),
    }
}

fn keys(source: &PinSource) -> Vec<SpkiSha256> {
    source.entries.iter().flat_map(|entry| &entry.pins).filter_map(Pin::spki).copied().collect()
}

#[test]
fn react_native_ssl_manager() {
    let source = read(&format!(
        "{{\n \"sha256Keys\": {{\n  \"api.example.com\": [\n   \"sha256/{}\",\n   \"sha256/{}\"\n  ]\n }},\n \
         \"domains\": {{\"api.example.com\": {{\"enforcePinning\": false, \"includeSubdomains\": true, \
         \"expirationDate\": \"2030-01-02\"}}}}\n}}",
        key("a"),
        key("b")
    ));
    assert_eq!(source.format, "react-native-json");
    let entry = &source.entries[0];
    assert_eq!(keys(&source), [key("a"), key("b")]);
    assert_eq!(entry.line, Some(3));
    assert_eq!(entry.pins[1].line, Some(5));
    assert_eq!(entry.enforcement.mode, EnforcementMode::Report);
    assert_eq!(entry.scope, HostPattern::WithSubdomains("api.example.com".into()));
    assert_eq!(entry.expiry.as_ref().map(|e| e.at.to_string()).as_deref(), Some("2030-01-02T00:00:00Z"));
}

#[test]
fn each_shape_has_its_format() {
    let (a, b) = (key("a"), key("b"));
    for (text, format) in [
        (
            format!("{{\"domains\": {{\"*.a.example\": {{\"pins\": [\"sha256/{a}\", \"sha256/{b}\"]}}}}}}"),
            "approov",
        ),
        (
            format!(
                "{{\"expo\": {{\"plugins\": [[\"@x/pinning\", {{\"sslPinning\": {{\"*.a.example\": [\"{a}\", \"{b}\"]}}}}]]}}}}"
            ),
            "ssl-pinning-json",
        ),
        (
            format!(
                "{{\"payload\": [{{\"host\": \"a.example\", \"pins\": [{{\"pin\": \"{a}\", \"serial\": \"1\"}}, {{\"pin\": \"{b}\"}}]}}]}}"
            ),
            "host-list-json",
        ),
        (
            format!("[{{\"hostname\": \"a.example\", \"publicKeyHashes\": [\"{a}\", \"{b}\"]}}]"),
            "host-list-json",
        ),
        (
            format!(
                "{{\"a.example\": {{\"includeSubdomains\": true, \"publicKeyHashes\": [\"{a}\", \"{b}\"]}}}}"
            ),
            "pins-json",
        ),
        (format!("{{\"pinning\": {{\"a.example\": [\"{a}\", \"{b}\"]}}}}"), "pins-json"),
        (format!("{{\"x\": {{\"a.example\": [\"sha256/{a}\", \"sha256/{b}\"]}}}}"), "pins-json"),
    ] {
        let source = read(&text);
        assert_eq!(source.format, format, "{text}");
        assert_eq!(keys(&source), [a, b], "{text}");
    }
}

#[test]
fn patterns_are_those_of_okhttp() {
    let source =
        read(&format!("{{\"domains\": {{\"*.a.example\": {{\"pins\": [\"sha256/{}\"]}}}}}}", key("a")));
    assert_eq!(source.entries[0].scope, HostPattern::OneLabelBelow("a.example".into()));
    assert!(formats::applicable(&source, "a.example").is_empty());
    assert_eq!(formats::applicable(&source, "b.a.example").len(), 1);
}

#[test]
fn certificate_files_named_in_a_setting_are_not_passed_over() {
    let source = read("{\"sslPinning\": {\"certs\": [\"one\", \"two\"]}}");
    assert_eq!(source.problems[0].kind, ProblemKind::NotRead);
}

#[test]
fn fingerprints_of_certificates_are_certificates() {
    let pairs: Vec<String> = key("a").0.iter().map(|octet| format!("{octet:02X}")).collect();
    let source = read(&format!("{{\"fingerprints\": {{\"a.example\": [\"{}\"]}}}}", pairs.join(" ")));
    assert!(matches!(source.entries[0].pins[0].value, Ok(PinValue::Certificate(_))));
}

#[test]
fn placeholders_stay() {
    let source =
        read("{\"sha256Keys\": {\"a.example\": [\"sha256/XXXXXXXXXXXXXXXX=\", \"sha256/YOUR_PIN\"]}}");
    assert_eq!(source.entries[0].pins.len(), 2);
    assert!(source.entries[0].pins.iter().all(|pin| pin.value.is_err()));
}

#[test]
fn what_is_no_pin_is_not_taken_for_one() {
    let a = key("a");
    for text in [
        format!("{{\"dependencies\": {{\"js-sha256\": {{\"integrity\": \"sha512-{a}{a}\"}}}}}}"),
        format!("{{\"packages\": {{\"node_modules/spin.js\": {{\"integrity\": \"sha256-{a}\"}}}}}}"),
        format!("{{\"pinned\": {{\"nixpkgs\": {{\"sha256\": \"{a}\"}}}}}}"),
        format!("{{\"peers\": {{\"vpn.example\": [\"{a}\"]}}, \"pinboard\": 1}}"),
        "{\"pins\": [1, 2, 3], \"gpio\": {\"pin\": \"A4\"}}".to_owned(),
        "{\"scripts\": {\"pin\": \"x\"}}".to_owned(),
    ] {
        assert_eq!(formats::tests::only("x.json", text.as_bytes()), Reading::NotRecognised, "{text}");
    }
}

#[test]
fn an_end_that_cannot_be_read_is_told() {
    let source = read(&format!(
        "{{\"domains\": {{\"a.example\": {{\"pins\": [\"sha256/{}\"], \"expirationDate\": \"31.12.2024\"}}}}}}",
        key("a")
    ));
    assert_eq!(source.entries[0].expiry, None);
    let told: Vec<_> = source.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(told, [ProblemKind::NotRead]);
}

#[test]
fn a_broken_file_with_pins_is_told() {
    let text = format!("{{\"a.example\": [\"sha256/{}\" \"x\"]}}", key("a"));
    assert!(matches!(formats::tests::only("x.json", text.as_bytes()), Reading::NotWellFormed { .. }));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        text in "(\\{|\\}|\\[|\\]|,|:|\"sslPinning\"|\"pins\"|\"sha256Keys\"|\"a.example\"|\"host\"|\"sha256/AAAA\"|\\PC){0,40}"
    ) {
        let _ = formats::read("x.json", text.as_bytes());
        let _ = formats::read("x.json", format!("{{\"pins\":{text}}}").as_bytes());
    }
}

#[test]
fn hosts_of_a_net_of_ones_own_are_listed() {
    let key = crate::x509::SpkiSha256::of(b"a");
    let text = format!("[{{\"host\": \"api.intra.corp\", \"pins\": [\"sha256/{key}\"]}}]");
    let file = crate::pins::formats::tests::only("pins.json", text.as_bytes());
    let crate::pins::Reading::Read(source) = file else { panic!("{file:?}") };
    assert_eq!(source.entries[0].scope, HostPattern::Exactly("api.intra.corp".to_owned()));
}
