use super::*;
use crate::rules::tests::{ct_verdict, two_operators};

/// The proof that a Merkle Tree Certificate brings in place of SCTs is not verified.
#[test]
fn the_proof_of_a_merkle_tree_certificate_is_an_open_question() {
    let mut ct = ct_verdict(Vec::new(), PolicyOutcome::NotJudged);
    ct.policies.exempt = Some(Exemption::MerkleTree);
    let asked =
        |demanded| OpenKind::CtProof.asks("whether the certificate's proof of logging stands", demanded);
    assert_eq!(open_ct(&ct, false), Some(asked(false)));
    assert_eq!(open_ct(&ct, true), Some(asked(true)));
    // Under a private root nobody asks for it.
    ct.audience = Audience::Private;
    assert_eq!(open_ct(&ct, false), None);
    // Of one with another purpose nothing is asked at all.
    ct.audience = Audience::Public;
    ct.policies.exempt = Some(Exemption::OtherPurpose);
    assert_eq!(open_ct(&ct, false), None);
    assert_eq!(open_ct(&ct_verdict(two_operators(), PolicyOutcome::Compliant), true), None);
}

#[test]
fn the_policies_that_stay_open_are_named() {
    let asked = |programs: &[Program]| {
        let mut ct = ct_verdict(two_operators(), PolicyOutcome::NotJudged);
        for program in programs {
            let verdict = match program {
                Program::Chrome => &mut ct.policies.chrome,
                Program::Apple => &mut ct.policies.apple,
                Program::Mozilla => &mut ct.policies.mozilla,
                Program::Android => &mut ct.policies.android,
            };
            verdict.outcome = PolicyOutcome::NotJudged;
        }
        open_ct(&ct, false).unwrap().what
    };
    assert_eq!(asked(&[]), "whether Chrome's CT policy is met");
    assert_eq!(asked(&[Program::Apple]), "whether Chrome's CT policy is met, and that of Apple");
    assert_eq!(
        asked(&[Program::Apple, Program::Mozilla, Program::Android]),
        "whether Chrome's CT policy is met, and those of Apple, Mozilla and Android"
    );
}

/// Whoever gives Apple's list alone asks for Apple's verdict, and gets by with it.
#[test]
fn without_a_list_of_chrome_those_that_were_given_decide() {
    use PolicyOutcome::{Compliant, NotJudged};
    let with = |apple, mozilla| {
        let mut ct = ct_verdict(two_operators(), PolicyOutcome::NotJudged);
        for verdict in [&mut ct.policies.chrome, &mut ct.policies.android] {
            (verdict.outcome, verdict.unjudged) = (PolicyOutcome::NotJudged, Some(policy::Unjudged::NoList));
        }
        (ct.policies.apple.outcome, ct.policies.mozilla.outcome) = (apple, mozilla);
        open_ct(&ct, false).map(|question| question.what)
    };
    assert_eq!(with(Compliant, Compliant), None);
    assert_eq!(with(NotJudged, Compliant).as_deref(), Some("whether Apple's CT policy is met"));
    let both = with(NotJudged, NotJudged);
    assert_eq!(both.as_deref(), Some("whether the CT policies of Apple and Mozilla are met"));
}
