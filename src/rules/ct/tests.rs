//! The rules about policies, logs and lists: each with a verdict that raises it and one that comes close.

use jiff::{SignedDuration, Timestamp};

use super::findings;
use crate::ct::log_list::{LogState, Program};
use crate::ct::log_table::{Dating, Signed, SnapshotSource};
use crate::ct::policy::{
    Counted, Exemption, JudgedList, PolicyOutcome, PolicyVerdict, SctStanding, Unjudged, title,
};
use crate::ct::verdict::{Audience, CtVerdict, SctOutcome};
use crate::rules::tests::{ct_verdict, ids, policy, sct_of, two_operators};
use crate::rules::{Finding, Severity};

/// Two SCTs that every programme counts.
fn accepted() -> CtVerdict {
    let mut ct = ct_verdict(two_operators(), PolicyOutcome::Compliant);
    for program in Program::ALL {
        let standings = vec![standing(LogState::Usable), standing(LogState::Usable)];
        *of(&mut ct, program) = PolicyVerdict { scts: standings, ..policy(PolicyOutcome::Compliant) };
    }
    ct
}

fn of(ct: &mut CtVerdict, program: Program) -> &mut PolicyVerdict {
    match program {
        Program::Chrome => &mut ct.policies.chrome,
        Program::Apple => &mut ct.policies.apple,
        Program::Mozilla => &mut ct.policies.mozilla,
        Program::Android => &mut ct.policies.android,
    }
}

fn standing(state: LogState) -> SctStanding {
    SctStanding {
        counted: Counted::Yes,
        reason: "It counts.".into(),
        state_then: LogState::Usable,
        state_now: state,
        state_since: None,
        retires: None,
    }
}

fn with(change: impl FnOnce(&mut CtVerdict)) -> Vec<Finding> {
    let mut ct = accepted();
    change(&mut ct);
    findings(&ct)
}

#[test]
fn what_every_programme_accepts_raises_nothing() {
    assert_eq!(ids(&with(|_| {})), Vec::<&str>::new());
}

#[test]
fn each_programme_that_refuses_has_its_rule() {
    for (program, rule, severity) in [
        (Program::Chrome, "CT003", Severity::High),
        (Program::Apple, "CT012", Severity::High),
        (Program::Mozilla, "CT013", Severity::High),
        (Program::Android, "CT014", Severity::Medium),
    ] {
        let found = with(|ct| {
            let verdict = of(ct, program);
            verdict.outcome = PolicyOutcome::NotCompliant;
            verdict.scts[1].counted = Counted::No;
            verdict.scts[1].reason = "Its log is unheard of.".into();
        });
        assert_eq!(ids(&found), [rule]);
        assert_eq!(found[0].severity, severity);
        assert!(found[0].message.contains("Test log: Its log is unheard of."), "{}", found[0].message);
        // Not judged is not refused.
        let open = with(|ct| of(ct, program).outcome = PolicyOutcome::NotJudged);
        assert_eq!(ids(&open), ["CT007"]);
    }
}

/// A server may deliver what a file does not hold.
#[test]
fn of_a_file_it_is_told_that_the_handshake_was_not_seen() {
    for program in Program::ALL {
        let refused = |handshake| {
            let found = with(|ct| {
                ct.handshake = handshake;
                of(ct, program).outcome = PolicyOutcome::NotCompliant;
            });
            found[0].message.contains("in the handshake were not seen")
        };
        assert!(refused(false) && !refused(true), "{program:?}");
    }
}

/// Once a target, and graver where Chrome's verdict is missing.
#[test]
fn what_was_not_judged_is_told_once() {
    let open = |programs: &[Program]| {
        with(|ct| {
            for &program in programs {
                let verdict = of(ct, program);
                verdict.outcome = PolicyOutcome::NotJudged;
                verdict.reasons = vec![format!("Reason of {}.", program.name())];
            }
        })
    };
    let others = open(&[Program::Apple, Program::Android]);
    assert_eq!(ids(&others), ["CT007"]);
    assert_eq!(others[0].severity, Severity::Info);
    assert_eq!(others[0].message, "Apple: Reason of apple. Android: Reason of android.");
    let all = open(&Program::ALL);
    assert_eq!((ids(&all).as_slice(), all[0].severity), (["CT007"].as_slice(), Severity::Low));
    // One reason of several programmes is told once, with their names.
    let of_kind = |programs: &[Program], kind: Unjudged| {
        let found = with(|ct| {
            for &program in programs {
                let verdict = of(ct, program);
                (verdict.outcome, verdict.unjudged) = (PolicyOutcome::NotJudged, Some(kind));
                verdict.reasons = kind.told(Some(title(program))).into_iter().collect();
            }
        });
        found[0].message.clone()
    };
    let three = [Program::Apple, Program::Mozilla, Program::Android];
    let kind = Unjudged::BeforeAnyList(Timestamp::UNIX_EPOCH);
    assert_eq!(
        of_kind(&three, kind),
        "Apple, Mozilla and Android: No log list is known from 1970-01-01T00:00:00Z or before: what it said is not known at \
         that date."
    );
    assert!(of_kind(&Program::ALL, kind).starts_with("No log list is known from"));
    assert!(of_kind(&[Program::Apple], kind).starts_with("Apple: No log list of Apple is known from"));
    // Whoever gives Chrome's list alone asks for no other.
    let unasked = with(|ct| {
        ct.policies.apple.outcome = PolicyOutcome::NotJudged;
        ct.policies.apple.unjudged = Some(Unjudged::NoList);
    });
    assert_eq!(ids(&unasked), Vec::<&str>::new());
    let private = with(|ct| {
        ct.policies.chrome.outcome = PolicyOutcome::NotJudged;
        ct.audience = Audience::Private;
    });
    assert_eq!(ids(&private), Vec::<&str>::new());
}

#[test]
fn without_any_sct_what_each_client_does_is_told() {
    let found = findings(&ct_verdict(Vec::new(), PolicyOutcome::NotCompliant));
    assert_eq!(ids(&found), ["CT001"]);
    for client in ["Chrome", "Safari", "Firefox on desktops", "Android 17"] {
        assert!(found[0].message.contains(client), "{client}: {}", found[0].message);
    }
    let private =
        CtVerdict { audience: Audience::Private, ..ct_verdict(Vec::new(), PolicyOutcome::NotJudged) };
    assert_eq!(findings(&private)[0].severity, Severity::Info);
}

/// A certificate for mail or for clients, which no policy is for.
#[test]
fn of_no_sct_nothing_is_said_where_no_policy_asks() {
    let mut ct = ct_verdict(Vec::new(), PolicyOutcome::NotJudged);
    assert!(ids(&findings(&ct)).contains(&"CT001"));
    for exempt in [Exemption::OtherPurpose, Exemption::CaCertificate] {
        ct.policies.exempt = Some(exempt);
        assert_eq!(ids(&findings(&ct)), ["CT007"]);
    }
}

#[test]
fn one_operator_alone_is_told() {
    let of_one = |other| {
        let scts = vec![sct_of("Test", SctOutcome::Valid), other];
        ids(&findings(&ct_verdict(scts, PolicyOutcome::Compliant)))
    };
    assert_eq!(of_one(sct_of("Test", SctOutcome::Valid)), ["CT015"]);
    assert_eq!(of_one(sct_of("Other", SctOutcome::Valid)), Vec::<&str>::new());
    // What could not be checked may be of another operator; what is wrong is of none.
    assert_eq!(of_one(sct_of("Other", SctOutcome::IssuerUnknown)), ["CT008"]);
    assert_eq!(of_one(sct_of("Other", SctOutcome::InvalidSignature)), ["CT002", "CT015"]);
    // A mark certificate has a policy of its own, which asks for one SCT.
    let mark = ct_verdict(vec![sct_of("Test", SctOutcome::Valid)], PolicyOutcome::NotJudged);
    let mut exempt = mark.clone();
    exempt.policies.exempt = Some(Exemption::OtherPurpose);
    assert_eq!(ids(&findings(&mark)), ["CT007", "CT015"]);
    assert_eq!(ids(&findings(&exempt)), ["CT007"]);
    assert_eq!(findings(&exempt)[0].severity, Severity::Info);
}

#[test]
fn a_log_that_has_retired_is_told() {
    let retired = |since: Timestamp| {
        with(|ct| {
            let standing = &mut ct.policies.chrome.scts[0];
            (standing.state_now, standing.state_since) = (LogState::Retired, Some(since));
        })
    };
    // The test's SCTs are of the Unix epoch.
    let later = retired(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24));
    assert_eq!((ids(&later).as_slice(), later[0].severity), (["CT016"].as_slice(), Severity::Info));
    assert_eq!(later[0].message, "Test log retired on 1970-01-02, as Chrome says. The SCT was made before.");
    let before = retired(Timestamp::UNIX_EPOCH);
    assert_eq!(before[0].severity, Severity::Low);
    assert_eq!(
        ids(&with(|ct| ct.policies.chrome.scts[0].state_then = LogState::Pending)),
        Vec::<&str>::new()
    );
}

#[test]
fn a_policy_without_margin_is_told() {
    let lone = with(|ct| ct.policies.apple.without_margin = vec!["Test log".to_owned()]);
    assert_eq!((ids(&lone).as_slice(), lone[0].severity), (["CT017"].as_slice(), Severity::Low));
    assert_eq!(lone[0].message, "Apple accepts, but would not if Test log retired.");
    let leaving = with(|ct| ct.policies.chrome.scts[0].retires = Some(Timestamp::UNIX_EPOCH));
    assert_eq!((ids(&leaving).as_slice(), leaving[0].severity), (["CT017"].as_slice(), Severity::Info));
    assert!(
        leaving[0].message.contains("is to retire on 1970-01-01, as Chrome says"),
        "{}",
        leaving[0].message
    );
    let read_only = with(|ct| ct.policies.chrome.scts[0].state_now = LogState::Readonly);
    assert_eq!(ids(&read_only), ["CT017"]);
    // What does not count is not counted on.
    let uncounted = with(|ct| {
        let standing = &mut ct.policies.chrome.scts[0];
        (standing.state_now, standing.counted) = (LogState::Readonly, Counted::No);
    });
    assert_eq!(ids(&uncounted), Vec::<&str>::new());
}

fn aged_list(days: i64) -> JudgedList {
    JudgedList {
        version: None,
        timestamp: Timestamp::UNIX_EPOCH,
        dating: Dating::Known,
        current_at: Timestamp::UNIX_EPOCH,
        age_days: days,
        source: SnapshotSource::Embedded,
        signed: Signed::No,
        superseded: false,
    }
}

/// Nothing is advised that cannot help.
#[test]
fn what_helps_against_an_old_list_depends_on_whose_it_is_and_when() {
    let advice = |program: Program, superseded: bool| {
        with(|ct| {
            let verdict = of(ct, program);
            (verdict.outcome, verdict.unjudged) = (PolicyOutcome::NotJudged, Some(Unjudged::OldList));
            verdict.list = Some(JudgedList { superseded, ..aged_list(80) });
        })
        .into_iter()
        .map(|finding| (finding.rule, finding.advice))
        .collect::<Vec<_>>()
    };
    for (rule, said) in advice(Program::Apple, false) {
        assert!(said.contains("`pinstead logs update`"), "{rule} {said}");
    }
    for (rule, said) in advice(Program::Mozilla, false) {
        assert!(said.contains("--log-list mozilla=FILE") && !said.contains("logs update"), "{rule} {said}");
    }
    for (rule, said) in advice(Program::Apple, true) {
        assert!(!said.contains("logs update") && !said.contains("newer pinstead"), "{rule} {said}");
    }
    assert_eq!(advice(Program::Apple, true).len(), 2);
    for kind in [Unjudged::ExpiredBeforeAnyList(Timestamp::UNIX_EPOCH), Unjudged::Rules] {
        let found = with(|ct| {
            (ct.policies.chrome.outcome, ct.policies.chrome.unjudged) =
                (PolicyOutcome::NotJudged, Some(kind));
        });
        assert_eq!(ids(&found), ["CT007"]);
        assert!(!found[0].advice.contains("logs update"), "{}", found[0].advice);
    }
}

#[test]
fn a_list_that_grows_old_is_told() {
    let aged = |days: i64| with(|ct| ct.policies.mozilla.list = Some(aged_list(days)));
    assert_eq!(ids(&aged(55)), Vec::<&str>::new());
    let old = aged(56);
    assert_eq!(ids(&old), ["CT018"]);
    assert_eq!(old[0].message, "Log lists: Mozilla's is 56 days old and judges for 14 more.");
    assert!(aged(70)[0].message.contains("judges nothing"));
    // An expired certificate takes the list of its own life.
    let expired = with(|ct| {
        let list = aged_list(70);
        (ct.policies.mozilla.list, ct.policies.mozilla.note) = (Some(list), Some("Expired.".to_owned()));
    });
    assert_eq!(ids(&expired), Vec::<&str>::new());
}
