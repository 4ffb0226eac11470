//! Pins of which each ends by itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::unread::judged;
use crate::pins::*;
use crate::rules::Severity;
use crate::rules::pins::findings;
use crate::x509::CertificateSha256;

/// Wultra's list with these fingerprints, each with the day on which it ends.
fn list(items: &[(&str, &str)]) -> String {
    let item = |(word, day): &(&str, &str)| {
        let hash = STANDARD.encode(CertificateSha256::of(word.as_bytes()).0);
        let end: jiff::Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
        format!(
            "{{\"name\": \"api.example.com\", \"fingerprint\": \"{hash}\", \"expires\": {}, \
             \"signature\": \"MAYCAQECAQI=\"}}",
            end.as_second()
        )
    };
    let items: Vec<String> = items.iter().map(item).collect();
    format!("{{\"fingerprints\": [{}]}}", items.join(", "))
}

fn found(text: &str) -> (Outcome, Backup, Vec<(&'static str, Severity)>) {
    let verdict = judged("pins.json", text);
    let entry = &verdict.sources[0].entries[0];
    let rules = findings(&verdict).iter().map(|one| (one.rule, one.severity)).collect();
    (entry.outcome, entry.backup, rules)
}

#[test]
fn a_fingerprint_that_has_ended_matches_nothing_and_is_no_backup() {
    let (outcome, _, rules) = found(&list(&[("leaf", "2026-01-01"), ("other", "2028-01-01")]));
    assert_eq!(outcome, Outcome::LockedOut);
    assert!(rules.contains(&("PIN001", Severity::Critical)), "{rules:?}");
    let (outcome, backup, rules) = found(&list(&[("leaf", "2028-01-01"), ("other", "2026-01-01")]));
    assert_eq!((outcome, backup), (Outcome::Connects, Backup::Absent));
    assert!(!rules.iter().any(|(rule, _)| ["PIN001", "PIN002", "PIN005"].contains(rule)), "{rules:?}");
    let (outcome, backup, _) = found(&list(&[("leaf", "2028-01-01"), ("other", "2028-01-01")]));
    assert_eq!((outcome, backup), (Outcome::Connects, Backup::Present));
    // Of one certificate listed twice, the later end counts.
    let (outcome, _, _) = found(&list(&[("leaf", "2026-01-01"), ("leaf", "2028-01-01")]));
    assert_eq!(outcome, Outcome::Connects);
    let verdict = judged("pins.json", &list(&[("leaf", "2026-01-01"), ("other", "2028-01-01")]));
    let pin = &verdict.sources[0].entries[0].pins[0];
    assert_eq!((pin.matches, pin.diagnosis.code()), (PinMatch::None, "ended"));
}

#[test]
fn the_end_of_those_that_match_comes_first() {
    let (_, _, rules) = found(&list(&[("leaf", "2026-12-01"), ("other", "2028-01-01")]));
    assert!(rules.contains(&("PIN003", Severity::High)), "{rules:?}");
    let (_, _, rules) = found(&list(&[("leaf", "2028-01-01"), ("other", "2026-12-01")]));
    assert!(!rules.iter().any(|(rule, _)| *rule == "PIN003"), "{rules:?}");
}

#[test]
fn a_fingerprint_without_a_readable_end_may_have_ended() {
    let text = list(&[("leaf", "2028-01-01"), ("other", "2028-01-01")]).replacen("1830297600", "\"soon\"", 1);
    let (outcome, backup, _) = found(&text);
    assert_eq!((outcome, backup), (Outcome::Unknown, Backup::Unknown));
}
