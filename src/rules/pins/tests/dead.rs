//! What is called dead, an example, or ended: never a pin that matches, and nothing that we propose ourselves.

use proptest::prelude::*;

use super::checks::{pin_of, spki};
use crate::ca::CaTable;
use crate::pins::make::{Form, KnownRoot, Material, OwnKey, propose, write};
use crate::pins::testing::{path, question};
use crate::pins::*;
use crate::pins::{Enforcement, PinValue};
use crate::rules::Severity;
use crate::rules::pins::findings;
use crate::x509::{CertificateSha256, ChainPosition, PathCertificate, SpkiSha256};

/// The key of a live root that OkHttp's documentation prints, and of Let's Encrypt's R10, which ended in 2026.
const COMODO: &str = "grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME=";
const R10: &str = "K7rZOrXHknnsEhUH8nLL4MZkejquUuIvOIr6tCa0rbo=";

fn key(text: &str) -> SpkiSha256 {
    match spki(text) {
        PinValue::Spki(key) => key,
        other => panic!("{other} is no key"),
    }
}

fn known(key: &SpkiSha256) -> Option<KnownCa> {
    CaTable.key(key).map(KnownCa::from)
}

/// The judgement over an entry for www.example.com with pins of these texts and values.
fn judged(pins: &[(&str, PinValue)], path: Option<&[PathCertificate]>) -> PinsVerdict {
    let enforcement = Enforcement { mode: EnforcementMode::Yes, why: "for this test".to_owned() };
    let pin = |(text, value): &(&str, PinValue)| Pin { written: (*text).to_owned(), ..pin_of(*value) };
    let entry = PinEntry {
        pins: pins.iter().map(pin).collect(),
        ..PinEntry::of(HostPattern::Exactly("www.example.com".to_owned()), enforcement)
    };
    let source = PinSource { entries: vec![entry], ..PinSource::of("react-native") };
    let files = [PinFile { file: "f".to_owned(), reading: Reading::Read(source) }];
    let formats_of = Question { known_ca: &known, ..question(Some("www.example.com"), path) };
    let all = Question { host: None, ..formats_of };
    judge(&files, if path.is_some() { &formats_of } else { &all })
}

fn diagnoses(pins: &[(&str, PinValue)], path: Option<&[PathCertificate]>) -> Vec<Diagnosis> {
    judged(pins, path).sources[0].entries[0].pins.iter().map(|pin| pin.diagnosis.clone()).collect()
}

#[test]
fn words_of_a_subject_are_no_placeholder() {
    for subject in [
        "CN=api.shop.example",
        "CN=GeoTrust Primary Certification Authority - G2",
        "CN=backup-api.firma.de",
        "CN=changeme.com",
        "CN=replace.de",
    ] {
        let value = PinValue::Certificate(CertificateSha256::of(b"elsewhere"));
        assert_eq!(diagnoses(&[(subject, value)], None), [Diagnosis::Unknown], "{subject}");
    }
    for octet in [0, 0xff, 0x5a] {
        let value = PinValue::Spki(SpkiSha256([octet; 32]));
        assert_eq!(diagnoses(&[("x", value)], None), [Diagnosis::Placeholder], "{octet}");
    }
}

#[test]
fn an_ended_ca_is_no_backup() {
    let of = |words: &[&str]| {
        let pins: Vec<_> = words.iter().map(|word| (*word, PinValue::Spki(key(word)))).collect();
        let verdict = judged(&pins, None);
        let entry = &verdict.sources[0].entries[0];
        let codes: Vec<&str> = entry.pins.iter().map(|pin| pin.diagnosis.code()).collect();
        (codes.join(" "), entry.backup)
    };
    assert_eq!(of(&["leaf", R10]), ("unknown retired_ca".to_owned(), Backup::Absent));
    assert_eq!(of(&[R10]), ("retired_ca".to_owned(), Backup::Absent));
    assert_eq!(of(&["leaf", "own", R10]), ("unknown unknown retired_ca".to_owned(), Backup::Unknown));
    let said = diagnoses(&[(R10, PinValue::Spki(key(R10)))], None)[0].to_string();
    assert!(said.contains("2026-07-09"), "{said}");
    // Before it ended it was a CA like others.
    let question =
        Question { at: "2026-05-01T00:00:00Z".parse().unwrap(), known_ca: &known, ..question(None, None) };
    let pin = pin_of(spki(R10));
    let context = Context { certificates: &[], known_ca: question.known_ca, at: question.at };
    assert_eq!(diagnose(&pin, &context).code(), "known_ca");
}

#[test]
fn a_live_ca_that_documentation_prints_is_a_ca() {
    assert_eq!(diagnoses(&[(COMODO, PinValue::Spki(key(COMODO)))], None)[0].code(), "known_ca");
    let example = "afwiKY3RxoMmLkuRW1l7QsPZTJPwDS2pdDROQjXw8ig=";
    assert_eq!(
        diagnoses(&[(example, PinValue::Spki(key(example)))], None)[0].code(),
        "documentation_example"
    );
}

/// A path to a root with this key.
fn path_to(root: &str) -> Vec<PathCertificate> {
    let mut path = path();
    for certificate in &mut path {
        if certificate.position == ChainPosition::Root {
            certificate.spki_sha256 = key(root);
        }
    }
    path
}

proptest! {
    #[test]
    fn no_pin_that_matches_is_called_dead(text in "\\PC{0,60}|.*(example|primary|backup|AAAAAAAAAAAA).*", at in 0_usize..3, octet: u8) {
        let mut path = path();
        path[at].spki_sha256 = SpkiSha256([octet; 32]);
        path[at].sha256 = CertificateSha256([octet; 32]);
        for value in [PinValue::Spki(path[at].spki_sha256), PinValue::Certificate(path[at].sha256)] {
            let verdict = judged(&[(&text, value)], Some(&path));
            let entry = &verdict.sources[0].entries[0];
            prop_assert!(entry.has_match());
            prop_assert!(!entry.pins[0].diagnosis.is_dead(), "{:?}", entry.pins[0].diagnosis);
            prop_assert!(findings(&verdict).iter().all(|finding| finding.rule != "PIN005" && finding.rule != "PIN016"));
        }
    }

    #[test]
    fn what_is_proposed_raises_nothing_grave(root in prop_oneof![Just(COMODO.to_owned()), "[a-z]{5}"], own: bool) {
        let path = path_to(&root);
        let of = |word: &str| OwnKey { key: key(word), file: format!("{word}.pub") };
        let (used, spare) = (if own { vec![of("leaf")] } else { Vec::new() }, [of("spare")]);
        let anchor = |word: &str| KnownRoot {
            key: key(word),
            name: format!("CN={word}"),
            owner: Some("Ours".to_owned()),
        };
        let proposal = propose(&Material {
            host: "www.example.com",
            include_subdomains: true,
            path: &path,
            served: &[key("leaf"), key("intermediate")],
            own_keys: &used,
            backup_keys: &spare,
            level: None,
            roots: &[anchor(&root)],
            further_roots: &[],
            backup_roots: &[],
            expires: None,
        })
        .unwrap();
        // What curl and TLSA can say of a set is less than the set.
        for form in Form::ALL.iter().filter(|form| !matches!(form, Form::Curl | Form::Tlsa)) {
            let Ok(text) = write(&proposal, *form, 443) else { continue };
            let name = match form {
                Form::OkHttp => "a.kt",
                Form::ReactNative => "a.ts",
                Form::PinsToml => "pins.toml",
                _ => "a.xml",
            };
            let files = formats::read(name, text.as_bytes());
            let verdict = judge(&files, &Question { known_ca: &known, ..question(Some("www.example.com"), Some(&path)) });
            for finding in findings(&verdict) {
                prop_assert!(finding.severity < Severity::High, "{form:?}: {finding:#?}\n{text}");
            }
        }
    }
}

#[test]
fn pins_for_no_host_are_graver_than_something_idle() {
    for (kind, severity) in [(ProblemKind::NoHost, Severity::High), (ProblemKind::NoEffect, Severity::Medium)]
    {
        let problems = vec![Problem::of(kind, Some(2), "x".to_owned())];
        let source = PinSource { problems, ..PinSource::of("android-nsc") };
        let files = [PinFile { file: "f".to_owned(), reading: Reading::Read(source) }];
        let found = findings(&judge(&files, &question(None, None)));
        let told: Vec<_> = found.iter().map(|finding| (finding.rule, finding.severity)).collect();
        assert_eq!(told.first(), Some(&("PIN009", severity)));
    }
}
