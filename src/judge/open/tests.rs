use jiff::Timestamp;

use super::*;
use crate::compare::advice::{Asked, advise};
use crate::compare::{Circumstances, Fact, LogWatch, MeasuredFacts, Watch, compare};
use crate::issuance::reported::Coverage;
use crate::issuance::{SourceSummary, Status};
use crate::rules::tests::{ct_verdict, target, two_operators};

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

/// A state was given for the step `monitoring`, and shows a watch that was begun at the end of the logs.
#[test]
fn what_is_older_than_the_watch_stays_open_for_whoever_asks_about_it_alone() {
    use StepId::{Caa, Monitoring, Widened};
    let watch = Watch { by: "the state".to_owned(), ..Watch::default() };
    let of = |lacks: Option<&str>, required: &[StepId], kind| {
        let lacks = lacks.map(str::to_owned);
        let facts = MeasuredFacts {
            log_watch: Fact::Measured(LogWatch::Watched(Watch { lacks, ..watch.clone() })),
            ..MeasuredFacts::default()
        };
        let stated = Circumstances::default();
        let mut comparison = compare(&facts, &stated);
        let asked = Asked { target: "www.test.example:443", options: &[], require: required };
        comparison.advice = Some(advise(asked, &facts, &comparison, &stated));
        let source = SourceSummary {
            kind,
            place: "state.db".to_owned(),
            asked_at: Timestamp::UNIX_EPOCH,
            coverage: Coverage::Part("entries 0 to 9 were not searched for the name".to_owned()),
            current_to: None,
            scope: String::new(),
            reports: 0,
            problems: Vec::new(),
            unreadable: Vec::new(),
        };
        let issuance = IssuanceVerdict {
            name: "www.test.example".parse().unwrap(),
            judged_at: Timestamp::UNIX_EPOCH,
            status: Status::Undetermined("a part only".to_owned()),
            sources: vec![source],
            certificates: Vec::new(),
            renewals: Vec::new(),
            expected: None,
            unknown_expectations: Vec::new(),
        };
        let verdicts = TargetVerdicts {
            comparison: Part::Checked(comparison),
            is_compared: true,
            issuance: Part::Checked(issuance),
            required: required.to_vec(),
            ..target()
        };
        let open = verdicts.open_questions();
        let open: Vec<_> = open.iter().filter(|question| question.kind.is_of_what_was_issued()).collect();
        (open.len(), open.iter().filter(|question| question.demanded).count())
    };
    assert_eq!(of(None, &[Monitoring], SourceKind::WatchState), (0, 0));
    assert_eq!(of(None, &[Caa], SourceKind::WatchState), (0, 0));
    assert_eq!(of(None, &[], SourceKind::WatchState), (3, 2), "nobody asks about a step");
    assert_eq!(of(Some("a log has a fault"), &[Monitoring], SourceKind::WatchState), (3, 2));
    assert_eq!(of(Some("a log has a fault"), &[Widened], SourceKind::WatchState), (3, 2));
    // That goes by what was issued, and is told; what is older than the watch decides nothing.
    assert_eq!(of(None, &[Monitoring, Widened], SourceKind::WatchState), (3, 0));
    assert_eq!(of(None, &[Monitoring], SourceKind::CrtSh), (3, 2), "another source was asked for");
    assert_eq!(of(None, &[Widened], SourceKind::CrtSh), (3, 2), "another source was asked for");
}

/// A pin file that cannot be read: no question of a step that goes by no pins.
#[test]
fn pins_that_are_not_known_stay_open_for_whoever_asks_about_pins() {
    use crate::evidence::Bytes;
    use crate::evidence::file::{FileContent, InputFile};
    use crate::pins::{PinFile, Question, judge};

    let text = b"version = 1\n[[pin]]\nhosts =".to_vec();
    let content = FileContent::Read(Bytes(text));
    let file = InputFile { path: "pins.toml".to_owned(), content, folder: None };
    let question = Question {
        host: Some("www.test.example"),
        path: None,
        off_path: &[],
        paths: &[],
        certificates: &[],
        service: None,
        at: Timestamp::UNIX_EPOCH,
        known_ca: &|_| None,
    };
    let pins = judge(&PinFile::of(&file), &question);
    let demanded = |required: &[StepId], named: &[scope::Part]| {
        let verdicts = TargetVerdicts {
            pins: Part::Checked(pins.clone()),
            is_compared: true,
            required: required.to_vec(),
            named_parts: named.to_vec(),
            ..target()
        };
        let open = verdicts.open_questions();
        let of_pins: Vec<_> = open.iter().filter(|question| question.kind.is_of_pins()).collect();
        assert!(!of_pins.is_empty(), "{open:?}");
        of_pins.iter().any(|question| question.demanded)
    };
    assert!(demanded(&[], &[]));
    assert!(!demanded(&[StepId::Caa, StepId::Monitoring], &[]));
    assert!(demanded(&[StepId::Caa], &[scope::Part::Pins]), "pins were asked for by name");
    for step in [StepId::Widened, StepId::Released, StepId::OldVersionsGone, StepId::Removed, StepId::Sound] {
        assert!(demanded(&[StepId::Caa, step], &[]), "{step}");
    }
}
