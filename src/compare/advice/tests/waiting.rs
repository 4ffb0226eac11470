//! What is issued and not in service, in the advice and the third headline.

use super::*;
use crate::compare::replay::{ReplayedCertificate, Waiting};

/// One certificate in service, and one that is not.
fn with_another(is_next: bool) -> Replay {
    let waiting = Waiting { certificates: vec![1], is_next };
    let issued = Chance {
        share: Share { of: 1, count: 0 },
        unknown: 0,
        basis: ChanceBasis::Issued,
        interval: Bounds { at_best: 0.0, at_worst: 0.0 },
    };
    let mut set = ReplayedPinSet { waiting: Some(waiting), ..given(0, Some((12, 12))) };
    if is_next {
        set.next_match = Some(issued);
    }
    let mut replay = replay(vec![set]);
    let one = |label: &str| ReplayedCertificate {
        label: label.to_owned(),
        sha256: None,
        serial: None,
        spki_sha256: crate::x509::SpkiSha256::of(label.as_bytes()),
        issuer: "Test CA".to_owned(),
        issuer_spki_sha256: None,
        not_before: "2026-11-20T00:00:00Z".parse().unwrap(),
        not_after: "2027-02-18T00:00:00Z".parse().unwrap(),
        first_logged: None,
        first_logged_by: None,
        served_now: Some(label == "shown"),
        line: 0,
        is_followed: label == "shown",
    };
    replay.certificates = vec![one("shown"), one("certificate 2")];
    if let Some(next) = &mut replay.next_renewal {
        next.basis = RenewalBasis::AlreadyIssued;
    }
    replay
}

#[test]
fn the_next_one_is_a_reason_to_change_and_another_a_question() {
    let told = "certificate 2 of Test CA, issued on 2026-11-20";
    let next = advice(&facts(sound()), &favourable(), Some(with_another(true)));
    assert_eq!((next.verdict, done(&next, StepId::Sound)), (Verdict::Change, Done::No));
    let change = next.changes.iter().find(|change| change.id == "next_renewal").unwrap();
    assert!(change.what.starts_with("Do not put it in service"), "{}", change.what);
    let reason = next.because.iter().find(|reason| reason.id == "next_renewal").unwrap();
    assert!(reason.evidence.contains(told), "{}", reason.evidence);
    let other = advice(&facts(sound()), &favourable(), Some(with_another(false)));
    assert_eq!((other.verdict, done(&other, StepId::Sound)), (Verdict::Undetermined, Done::Unknown));
    assert!(other.open_questions[0].contains(&format!("{told} is in force until 2027-02-18")), "{other:?}");
    for (is_next, words) in
        [(true, "has been issued already (certificate 2"), (false, "Not known for clients")]
    {
        let mut headlines = compare(&facts(sound()), &favourable()).headlines;
        headlines.join(&with_another(is_next));
        let sentence = &headlines.locks_out.sentence;
        assert!(sentence.contains(words) && sentence.contains(told), "{sentence}");
    }
}
