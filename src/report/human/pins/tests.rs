//! What people see of sources from packages, guesses and unusual pins.

use super::*;
use crate::pins::formats::tlsa::of_lookup;
use crate::pins::formats::tlsa::tests::{lookup, spki};
use crate::pins::{
    Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinFile, PinSource, PositionRule, Question,
    Reading, judge,
};
use crate::x509::{CertificateSha256, SpkiSha256};

fn pin(value: PinValue) -> Pin {
    Pin {
        written: value.to_string(),
        value: Ok(value),
        position: PositionRule::Any,
        key_itself: None,
        line: None,
        label: None,
        tlsa: None,
        ends: None,
    }
}

fn entry(pins: &[PinValue]) -> PinEntry {
    let enforcement =
        Enforcement { mode: EnforcementMode::Yes, why: "a mismatch ends the connection".to_owned() };
    PinEntry {
        pins: pins.iter().map(|value| pin(*value)).collect(),
        line: Some(4),
        ..PinEntry::of(HostPattern::Exactly("shop.example".to_owned()), enforcement)
    }
}

#[test]
fn a_package_is_told_once_with_its_app_and_its_sources_below() {
    let app = |from_sdk| AppContext {
        identifier: Some("example.shop".to_owned()),
        target_sdk: Some(37),
        min_sdk: Some(26),
        debuggable: Some(false),
        from_sdk,
        ..AppContext::default()
    };
    let key = |name: &str| PinValue::Spki(SpkiSha256::of(name.as_bytes()));
    let source = |format, from_sdk, entries| {
        Reading::Read(PinSource { app: Some(app(from_sdk)), entries, ..PinSource::of(format) })
    };
    let guessed = PinEntry {
        confidence: Confidence::Guessed("the hash stands in the code without a host".to_owned()),
        bootstrap: Some(Bootstrap::ValidatedOnly),
        platform: Some("ios".to_owned()),
        released: Some("2026-01-02T00:00:00Z".parse().unwrap()),
        ..entry(&[PinValue::Certificate(CertificateSha256::of(b"leaf"))])
    };
    let chromium = PinEntry {
        confidence: Confidence::Read,
        forbidden: vec![pin(key("bad"))],
        ..entry(&[PinValue::SpkiSha1([7; 20]), key("good")])
    };
    let file = |file: &str, reading| PinFile { file: file.to_owned(), reading };
    let files = [
        file(
            "shop.apk!/res/xml/network.xml",
            source("android-nsc", None, vec![entry(&[key("a"), key("b")])]),
        ),
        file("shop.apk!/res/xml-v36/network.xml", source("android-nsc", Some(36), vec![entry(&[key("a")])])),
        file("shop.apk!/classes.dex", source("okhttp", None, vec![guessed])),
        file("pins.json", Reading::Read(PinSource { entries: vec![chromium], ..PinSource::of("chromium") })),
    ];
    let question = Question {
        host: None,
        path: None,
        off_path: &[],
        paths: &[],
        service: None,
        certificates: &[],
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
        known_ca: &|_| None,
    };
    let text = anstream::adapter::strip_str(&render(&judge(&files, &question), &[], &[])).to_string();
    // A value is not broken, so that it can be copied.
    let fits = |line: &str| line.chars().count() <= 80 || line.trim().starts_with("certificate-sha256/");
    assert!(text.lines().all(fits), "{text}");
    insta::assert_snapshot!(text);
}

/// The report of records for the keys “leaf” and “next”, looked up with this state of DNSSEC.
fn records(state: Option<DnssecState>) -> String {
    let question = Question {
        host: Some("mail.example"),
        path: None,
        off_path: &[],
        paths: &[],
        service: None,
        certificates: &[],
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
        known_ca: &|_| None,
    };
    let file = of_lookup(&lookup(25, &[spki(3, "leaf"), spki(2, "next")], None, state));
    anstream::adapter::strip_str(&render(&judge(&[file], &question), &[], &[])).to_string()
}

#[test]
fn tlsa_records_are_shown_as_they_stand_in_the_zone() {
    insta::assert_snapshot!(records(Some(DnssecState::Secure)));
}

#[test]
fn each_state_of_dnssec_has_its_words() {
    for (state, words) in [
        (DnssecState::Secure, "\n  DNSSEC: secure\n"),
        (DnssecState::Insecure, "\n  DNSSEC: insecure: the zone is not signed\n"),
        (DnssecState::Bogus, "\n  DNSSEC: bogus: validation fails\n"),
        (DnssecState::Indeterminate, "\n  DNSSEC: could not be determined\n"),
    ] {
        let text = records(Some(state));
        assert!(text.contains(words), "{state:?}: {text}");
        // SHA-256 of “leaf” and of “next”, by sha256sum.
        for record in [
            "3 1 1 9f91161f43433e49a6de6db680d79f60159f2e4ac9172621a12846428158440b",
            "2 1 1 c6c1c9a9c8543f1e4cd980064cf1625eeb61a90703b2464fff039f21682508b3",
        ] {
            assert!(text.contains(&format!("    {record}\n")), "{state:?}: {text}");
        }
    }
    // What was not validated is not said to be anything.
    assert!(!records(None).contains("DNSSEC: "), "{}", records(None));
}
