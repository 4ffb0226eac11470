//! Certificates of CAs that the owner does not expect: left out, and told of.

use super::*;
use crate::compare::replay::{FlagRule, Flagged, ReplayedCertificate};
use crate::x509::SpkiSha256;

/// A certificate that is in its life.
fn logged() -> ReplayedCertificate {
    let key = SpkiSha256::of(b"key");
    ReplayedCertificate {
        label: "certificate 1".to_owned(),
        sha256: None,
        serial: None,
        spki_sha256: key,
        issuer: "CA Two".to_owned(),
        issuer_spki_sha256: Some(key),
        not_before: "2026-11-01T00:00:00Z".parse().unwrap(),
        not_after: "2026-12-01T00:00:00Z".parse().unwrap(),
        first_logged: None,
        first_logged_by: None,
        served_now: None,
        line: 0,
        is_followed: false,
    }
}

/// What is advised on certificates in their lives, of which these are of no CA that is expected.
fn advised(of: usize, unexpected: &[usize], root_pins: Fact<Vec<RootPins>>) -> Advice {
    let flag = |certificate: &usize| Flagged {
        certificate: *certificate,
        rule: FlagRule::ExpectedCa,
        why: "Issued by CA Two.".to_owned(),
        visible_from: None,
        visible_by: None,
    };
    let replay = Replay {
        certificates: vec![logged(); of],
        flagged: Some(unexpected.iter().map(flag).collect()),
        ..replay(vec![given(0, Some((5, 5)))])
    };
    advice(&MeasuredFacts { root_pins, ..facts(sound()) }, &favourable(), Some(replay))
}

fn step(advice: &Advice, id: StepId) -> (Done, &str) {
    let step = advice.required.iter().find(|step| step.id == id).unwrap();
    (step.done, &step.evidence)
}

#[test]
fn what_is_left_out_is_told_of() {
    let all = || {
        let client = "app.xml".to_owned();
        Fact::Measured(vec![RootPins { client, are_enough: true, missing: Vec::new(), of: 3 }])
    };
    let told = "left out is 1 certificate of a CA that you do not expect (CA Two): not so if it is yours";
    let beside = advised(2, &[1], all());
    assert_eq!(beside.verdict, Verdict::Keep);
    assert!(beside.sentence.contains(told), "{}", beside.sentence);
    for id in [StepId::Widened, StepId::Sound] {
        let (done, evidence) = step(&beside, id);
        assert!(done == Done::Yes && evidence.ends_with(told), "{done:?} {evidence}");
    }
    let none = advised(2, &[], all());
    assert!(!none.sentence.contains("left out"), "{}", none.sentence);
    // Where all that there is is of such CAs, nothing was left out, and which roots are to be pinned is not known.
    let alone = advised(1, &[0], Fact::Undetermined);
    let (done, evidence) = step(&alone, StepId::Widened);
    assert_eq!(done, Done::Unknown);
    assert!(evidence.contains("of a CA that you do not expect: whether its roots"), "{evidence}");
}
