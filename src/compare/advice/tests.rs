//! Each consideration and each step, with what flips it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::*;
use crate::compare::replay::{
    Bounds, Cause, Chance, ChanceBasis, Level, Lockout, LocksOutNow, NextRenewal, PinSetKind, RenewalBasis,
    Replay, ReplayedPinSet, Share,
};
use crate::compare::{
    CaaBinding, CaaPolicy, ClientClass, ClientPins, CurrentIssuer, Dnssec, DynamicPins, Expectation, Fact,
    FirstContact, Hpkp, LogWatch, PinEnforcement, PinFault, PinMatches, Pins, RootPins, Watch, compare,
};
use crate::x509::ChainPosition;

mod claims;
mod kinds;
mod left_out;
mod waiting;
mod wide;

/// Everything that an owner can state, in favour of pins.
fn favourable() -> Circumstances {
    Circumstances {
        controls_both_ends: Some(true),
        pins_updatable: Some(true),
        update_disruptive: Some(false),
        key_predictable: Some(true),
        native_app: Some(true),
        ..Circumstances::default()
    }
}

/// Pins of the own key, with a backup, that are enforced.
fn sound() -> Pins {
    pinned(&[ChainPosition::Leaf], 1, PinEnforcement::Enforced)
}

fn pinned(positions: &[ChainPosition], unmatched: usize, enforcement: PinEnforcement) -> Pins {
    let positions: BTreeSet<ChainPosition> = positions.iter().copied().collect();
    Pins::Pinned {
        enforcement,
        matches: Fact::Measured(PinMatches { positions, unmatched, ..PinMatches::default() }),
        locked_out: false,
        overridden_for_user_anchors: false,
    }
}

fn facts(pins: Pins) -> MeasuredFacts {
    let client = ClientPins { client: "app.xml".to_owned(), class: None, pins };
    MeasuredFacts { pins: Fact::Measured(vec![client]), ..MeasuredFacts::default() }
}

fn set(kind: PinSetKind, sure: usize, next: Option<(usize, usize)>) -> ReplayedPinSet {
    let next_match = next.map(|(count, of)| Chance {
        share: Share { of, count },
        unknown: 0,
        basis: ChanceBasis::RecentRenewals,
        interval: Bounds { at_best: 1.0, at_worst: 0.0 },
    });
    ReplayedPinSet {
        kind,
        title: "app.xml".to_owned(),
        refuses: true,
        lockouts: Vec::new(),
        sure,
        at_most: None,
        locks_out_now: LocksOutNow::No,
        refuses_all_from: None,
        left_out: 0,
        unsettled: 0,
        past: None,
        waiting: None,
        standing: Vec::new(),
        lockout_days_per_year: None,
        half_life: None,
        next_match,
        undetermined: 0,
        notes: Vec::new(),
    }
}

pub(crate) fn given(sure: usize, next: Option<(usize, usize)>) -> ReplayedPinSet {
    set(PinSetKind::Given { client: "app.xml".to_owned() }, sure, next)
}

pub(crate) fn replay(pin_sets: Vec<ReplayedPinSet>) -> Replay {
    let at: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    let next = NextRenewal {
        certificate: 0,
        expected_at: at,
        basis: RenewalBasis::TwoThirds,
        latest_at: at,
        runway_days: 3.0,
        release_lead_days: None,
    };
    Replay {
        host: "shop.example".to_owned(),
        from: None,
        until: at,
        certificates: Vec::new(),
        renewals: Vec::new(),
        key_reuse: Share { of: 4, count: 1 },
        pin_sets,
        flagged: None,
        next_renewal: Some(next),
        gaps: Vec::new(),
        held_against: Vec::new(),
        left_out: Vec::new(),
        lines: 1,
        assumptions: Vec::new(),
        unknown: Vec::new(),
        sentence: String::new(),
    }
}

fn advice(facts: &MeasuredFacts, circumstances: &Circumstances, replay: Option<Replay>) -> Advice {
    let comparison = Comparison { replay, ..compare(facts, circumstances) };
    let options = ["--starttls".to_owned(), "smtp".to_owned()];
    let asked = Asked { target: "shop.example:8443", options: &options, require: &StepId::ALL };
    advise(asked, facts, &comparison, circumstances)
}

fn ids(advice: &Advice) -> Vec<&'static str> {
    advice.because.iter().map(|reason| reason.id).collect()
}

fn done(advice: &Advice, id: StepId) -> Done {
    advice.required.iter().find(|step| step.id == id).unwrap().done
}

#[test]
fn pins_stay_where_nothing_speaks_against_them() {
    let advice = advice(&facts(sound()), &favourable(), None);
    assert_eq!(advice.verdict, Verdict::Keep);
    assert!(advice.open_questions.is_empty() && advice.changes.is_empty());
    assert_eq!(advice.because.len(), 5, "every answer is told as a reason");
}

#[test]
fn each_answer_against_pinning_decides() {
    for (flipped, id) in [
        (Circumstances { controls_both_ends: Some(false), ..favourable() }, "both_ends"),
        (Circumstances { pins_updatable: Some(false), ..favourable() }, "pins_not_updatable"),
        (Circumstances { update_disruptive: Some(true), ..favourable() }, "update_disruptive"),
        (Circumstances { key_predictable: Some(false), ..favourable() }, "key_not_predictable"),
        (Circumstances { native_app: Some(false), ..favourable() }, "not_a_native_app"),
        (
            Circumstances { clients: vec![ClientClass::Browser, ClientClass::Mail], ..favourable() },
            "clients_cannot_pin",
        ),
    ] {
        let pinned = advice(&facts(sound()), &flipped, None);
        assert_eq!((pinned.verdict, ids(&pinned)[0]), (Verdict::Drop, id));
        assert_eq!(pinned.migration.len(), 8);
        let unpinned = advice(&facts(Pins::NotPinned), &flipped, None);
        assert_eq!((unpinned.verdict, unpinned.migration.len()), (Verdict::DoNotPin, 0), "{id}");
        let unknown = advice(&MeasuredFacts::default(), &flipped, None);
        assert_eq!(unknown.verdict, Verdict::DoNotPin);
        assert!(unknown.sentence.contains("if your clients have pins"), "{}", unknown.sentence);
    }
    let some = Circumstances { clients: vec![ClientClass::Browser, ClientClass::Ios], ..favourable() };
    assert_eq!(advice(&facts(sound()), &some, None).verdict, Verdict::Keep, "one client can pin");
}

#[test]
fn what_is_not_stated_is_asked_and_never_guessed() {
    let unstated = Circumstances::default();
    let asked = advice(&facts(sound()), &unstated, Some(replay(Vec::new())));
    assert_eq!((asked.verdict, asked.open_questions.len()), (Verdict::Undetermined, 5));
    assert!(asked.because.is_empty(), "{:?}", asked.because);
    assert!(asked.open_questions[3].contains("1 of 4 renewals kept the key"), "{:?}", asked.open_questions);
    let partly = Circumstances { native_app: None, ..favourable() };
    let one = advice(&facts(sound()), &partly, None);
    assert_eq!((one.verdict, one.open_questions.len()), (Verdict::Undetermined, 1));
    assert!(one.sentence.contains("1 question is answered"), "{}", one.sentence);
    // That no pin file was given is not “not pinned”.
    assert_eq!(advice(&MeasuredFacts::default(), &favourable(), None).verdict, Verdict::Undetermined);
    assert_eq!(advice(&facts(Pins::NotPinned), &favourable(), None).verdict, Verdict::Keep);
}

#[test]
fn what_was_measured_against_the_pins_asks_for_a_change() {
    let out = match sound() {
        Pins::Pinned { enforcement, .. } => Pins::Pinned {
            enforcement,
            matches: Fact::Measured(PinMatches::default()),
            locked_out: true,
            overridden_for_user_anchors: false,
        },
        other => unreachable!("{other:?}"),
    };
    let enforced = PinEnforcement::Enforced;
    let now = |locks_out_now| ReplayedPinSet { locks_out_now, ..given(0, None) };
    for (pins, sets, id) in [
        (out, Vec::new(), "locked_out_now"),
        (sound(), vec![given(0, Some((3, 4)))], "next_renewal"),
        (sound(), vec![given(2, None)], "locked_out_before"),
        (sound(), vec![now(LocksOutNow::Surely)], "locked_out_now"),
        (sound(), vec![now(LocksOutNow::Perhaps)], "locked_out_now"),
        (pinned(&[ChainPosition::Leaf], 0, enforced), Vec::new(), "no_backup"),
        (pinned(&[ChainPosition::Root], 1, enforced), Vec::new(), "shared_ca_only"),
        (pinned(&[ChainPosition::Leaf], 1, PinEnforcement::ReportOnly), Vec::new(), "not_enforced"),
        (pinned(&[ChainPosition::Leaf], 1, PinEnforcement::Off), Vec::new(), "not_enforced"),
    ] {
        let advice = advice(&facts(pins), &favourable(), Some(replay(sets)));
        assert_eq!((advice.verdict, ids(&advice)[0]), (Verdict::Change, id));
        assert_eq!(advice.changes[0].id, id);
        let short = super::criteria::in_short(id);
        assert!(short.contains(' ') && !short.contains('_'), "people read words: {short}");
        assert!(advice.changes[0].gate.contains("--pins app.xml"), "{}", advice.changes[0].gate);
    }
    let sound_sets = vec![given(0, Some((4, 4)))];
    assert_eq!(advice(&facts(sound()), &favourable(), Some(replay(sound_sets))).verdict, Verdict::Keep);
    // Unanswered questions do not hide it.
    let hurt = advice(&facts(sound()), &Circumstances::default(), Some(replay(vec![given(1, None)])));
    assert_eq!((hurt.verdict, hurt.open_questions.len()), (Verdict::Change, 5));
}

#[test]
fn where_any_pin_would_have_locked_out_nobody_begins() {
    let hypothetical = |level, sure| set(PinSetKind::Hypothetical { level, backup: true }, sure, None);
    let all = vec![hypothetical(Level::Leaf, 2), hypothetical(Level::Root, 1)];
    let advice_of = |sets| advice(&facts(Pins::NotPinned), &favourable(), Some(replay(sets)));
    let none = advice_of(all);
    assert_eq!((none.verdict, ids(&none)[0]), (Verdict::DoNotPin, "any_pin_locks_out"));
    let one_holds = vec![hypothetical(Level::Leaf, 2), hypothetical(Level::Root, 0)];
    assert_eq!(advice_of(one_holds).verdict, Verdict::Keep);
}

#[test]
fn the_dead_header_goes_whatever_else_is_said() {
    let sent = MeasuredFacts { hpkp: Fact::Measured(Hpkp::Sent), ..facts(Pins::NotPinned) };
    let change = advice(&sent, &favourable(), None);
    assert_eq!((change.verdict, change.changes[0].id), (Verdict::Change, "hpkp_sent"));
    let without = Circumstances { native_app: Some(false), ..favourable() };
    let no_pins = advice(&sent, &without, None);
    assert_eq!((no_pins.verdict, no_pins.changes.len()), (Verdict::DoNotPin, 1));
    assert_eq!(no_pins.corrections[0].claim, "Public-Key-Pins makes browsers pin");
    let not_sent = MeasuredFacts { hpkp: Fact::Measured(Hpkp::NotSent), ..facts(Pins::NotPinned) };
    assert_eq!(advice(&not_sent, &favourable(), None).verdict, Verdict::Keep);
}

#[test]
fn each_step_is_done_by_its_evidence_alone() {
    let nothing = advice(&MeasuredFacts::default(), &favourable(), None);
    for step in StepId::ALL {
        let expected = if step == StepId::ExpectedCa { Done::No } else { Done::Unknown };
        assert_eq!(done(&nothing, step), expected, "{step}");
    }
    let permitted = CaaPolicy::Restrictive {
        permitted: vec!["ca.example".to_owned()],
        current_issuer: CurrentIssuer::Permitted,
    };
    let bound = CaaBinding {
        accounts: crate::compare::Share::All,
        methods: crate::compare::Share::None,
        dnssec: Dnssec::Secure,
        must_process: false,
    };
    let good = MeasuredFacts {
        log_watch: Fact::Measured(LogWatch::Watched(Watch::default())),
        caa: Fact::Measured(permitted),
        caa_binding: Fact::Measured(bound),
        expectation: Fact::Measured(Expectation::Expected),
        root_pins: roots(&[]),
        ..facts(sound())
    };
    let of = |facts: &MeasuredFacts, sets| advice(facts, &favourable(), Some(replay(sets)));
    let all = of(&good, vec![given(0, Some((5, 5)))]);
    for step in [StepId::Monitoring, StepId::Caa, StepId::CaaBound, StepId::ExpectedCa, StepId::Widened] {
        assert_eq!(done(&all, step), Done::Yes, "{step}");
    }
    // Before all CAs must, the step claims no more than the matrix: that CAs obey the records is proven by nothing.
    let told = |advice: &Advice| {
        let found = advice.required.iter().find(|step| step.id == StepId::CaaBound);
        found.map(|step| step.evidence.clone()).unwrap_or_default()
    };
    assert!(
        told(&all).contains("published and signed") && told(&all).contains("not proven before 2027-03-15")
    );
    let must = CaaBinding { must_process: true, ..bound };
    let must = MeasuredFacts { caa_binding: Fact::Measured(must), ..good.clone() };
    assert!(!told(&of(&must, Vec::new())).contains("not proven"));
    assert_eq!(done(&all, StepId::Removed), Done::No);
    let part = Watch { lacks: Some("a log has a fault".to_owned()), ..Watch::default() };
    let part = MeasuredFacts { log_watch: Fact::Measured(LogWatch::Watched(part)), ..good.clone() };
    assert_eq!(done(&of(&part, Vec::new()), StepId::Monitoring), Done::Unknown);
    let bad = MeasuredFacts {
        log_watch: Fact::Measured(LogWatch::NotWatched),
        caa: Fact::Measured(CaaPolicy::NoRecords),
        expectation: Fact::Measured(Expectation::Unexpected),
        ..facts(Pins::NotPinned)
    };
    let bad = of(&bad, Vec::new());
    for step in [StepId::Monitoring, StepId::Caa, StepId::CaaBound, StepId::ExpectedCa] {
        assert_eq!(done(&bad, step), Done::No, "{step}");
    }
    for step in [StepId::Widened, StepId::Removed] {
        assert_eq!(done(&bad, step), Done::Yes, "{step}");
    }
    // The files of today tell nothing of the versions that are out.
    assert_eq!(done(&bad, StepId::OldVersionsGone), Done::Unknown);
    for (dnssec, expected) in
        [(Dnssec::Unknown, Done::Unknown), (Dnssec::Insecure, Done::No), (Dnssec::Bogus, Done::No)]
    {
        let facts =
            MeasuredFacts { caa_binding: Fact::Measured(CaaBinding { dnssec, ..bound }), ..good.clone() };
        assert_eq!(done(&of(&facts, Vec::new()), StepId::CaaBound), expected);
    }
    let unbound =
        CaaBinding { accounts: crate::compare::Share::Some, methods: crate::compare::Share::All, ..bound };
    let facts = MeasuredFacts { caa_binding: Fact::Measured(unbound), ..good };
    assert_eq!(done(&of(&facts, Vec::new()), StepId::CaaBound), Done::No);
}

/// The roots that the pins of the one client do not name.
fn roots(missing: &[&str]) -> Fact<Vec<RootPins>> {
    let missing = missing.iter().map(|name| (*name).to_owned()).collect();
    Fact::Measured(vec![RootPins { client: "app.xml".to_owned(), are_enough: true, missing, of: 3 }])
}

#[test]
fn pins_of_which_something_stays_open_are_not_kept() {
    let sound_step = |set: ReplayedPinSet, pins: Pins| {
        let advice = advice(&facts(pins), &favourable(), Some(replay(vec![set])));
        (advice.verdict, done(&advice, StepId::Sound), advice.open_questions.len())
    };
    let Pins::Pinned { enforcement, locked_out, overridden_for_user_anchors, .. } = sound() else { panic!() };
    let unseen =
        Pins::Pinned { enforcement, matches: Fact::NotGiven, locked_out, overridden_for_user_anchors };
    let now = ReplayedPinSet { locks_out_now: LocksOutNow::Unknown, ..given(0, Some((5, 5))) };
    let open = (Verdict::Undetermined, Done::Unknown, 1);
    assert_eq!(sound_step(now.clone(), unseen), open);
    // What the server shows is what is in service.
    assert_eq!(sound_step(now, sound()).0, Verdict::Keep);
    let some = ReplayedPinSet { undetermined: 2, ..given(0, Some((5, 5))) };
    assert_eq!(sound_step(some, sound()), open);
    let lockout = Lockout {
        cause: Cause::NewCa,
        certificate: None,
        begins_at_worst: "2026-01-01T00:00:00Z".parse().unwrap(),
        begins_at_best: None,
        ends_at_best: None,
        ends_at_worst: None,
        is_open: false,
    };
    let perhaps = ReplayedPinSet { lockouts: vec![lockout], unsettled: 1, ..given(0, Some((5, 5))) };
    assert_eq!(sound_step(perhaps, sound()), open);
}

#[test]
fn pins_that_were_compared_with_nothing_are_not_kept() {
    let Pins::Pinned { enforcement, locked_out, overridden_for_user_anchors, .. } = sound() else { panic!() };
    for matches in [Fact::NotGiven, Fact::Undetermined] {
        let unseen = Pins::Pinned { enforcement, matches, locked_out, overridden_for_user_anchors };
        let none = advice(&facts(unseen.clone()), &favourable(), None);
        assert_eq!((none.verdict, none.open_questions.len()), (Verdict::Undetermined, 1));
        assert!(none.sentence.contains("1 question is answered"), "{}", none.sentence);
        // A replay without a certificate compares nothing either.
        let empty = advice(&facts(unseen), &favourable(), Some(replay(vec![given(0, None)])));
        assert_eq!(empty.verdict, Verdict::Undetermined);
    }
    let unknown = advice(&MeasuredFacts::default(), &favourable(), None);
    assert_eq!((unknown.verdict, unknown.open_questions.len()), (Verdict::Undetermined, 1));
    assert!(
        unknown.open_questions[0].contains("no file with pins was given"),
        "{:?}",
        unknown.open_questions
    );
}

#[test]
fn nothing_is_kept_against_grave_findings_about_the_pins() {
    let fault = |rule, found: &str| PinFault {
        rule,
        title: "Something is wrong".to_owned(),
        found: found.to_owned(),
        advice: "Mend it.".to_owned(),
        source: "RFC 7469",
    };
    let faults =
        vec![fault("PIN019", "app.xml: R3"), fault("PIN019", "app.xml: X3"), fault("PIN004", "app.xml")];
    let wrong = MeasuredFacts { pin_faults: faults.clone(), ..facts(sound()) };
    let shown = advice(&wrong, &favourable(), None);
    assert_eq!((shown.verdict, ids(&shown)[..2].to_vec()), (Verdict::Change, vec!["PIN019", "PIN004"]));
    assert_eq!(shown.because[0].evidence, "app.xml: R3; app.xml: X3");
    assert_eq!(shown.changes[0].what, "Mend it.");
    // What a consideration says is not said again.
    let alone = pinned(&[ChainPosition::Leaf], 0, PinEnforcement::Enforced);
    let alone = MeasuredFacts { pin_faults: faults.clone(), ..facts(alone) };
    assert_eq!(ids(&advice(&alone, &favourable(), None))[..2], ["no_backup", "PIN019"]);
    // And what is wrong with files that do not pin the host is nothing to it.
    let elsewhere = MeasuredFacts { pin_faults: faults, ..facts(Pins::NotPinned) };
    assert_eq!(advice(&elsewhere, &favourable(), None).verdict, Verdict::Keep);
}

/// Pins that any certificate of public CAs matches are a reason to change them, which is told once.
#[test]
fn pins_of_public_cas_alone_are_a_reason() {
    let fault = PinFault {
        rule: "PIN021",
        title: "Any certificate of the pinned CAs passes".to_owned(),
        found: "app.xml: Only roots of public CAs are pinned.".to_owned(),
        advice: "Pin keys of your own.".to_owned(),
        source: "OWASP",
    };
    let alone = MeasuredFacts { pin_faults: vec![fault.clone()], ..facts(sound()) };
    let shown = advice(&alone, &favourable(), None);
    assert_eq!((shown.verdict, ids(&shown)[0]), (Verdict::Change, "PIN021"));
    assert_eq!((shown.changes[0].id, done(&shown, StepId::Sound)), ("PIN021", Done::No));
    let shared = facts(pinned(&[ChainPosition::Root], 1, PinEnforcement::Enforced));
    let said = MeasuredFacts { pin_faults: vec![fault], ..shared };
    let shown = advice(&said, &favourable(), None);
    assert!(ids(&shown).contains(&"shared_ca_only") && !ids(&shown).contains(&"PIN021"), "{:?}", ids(&shown));
}

#[test]
fn the_steps_have_names_that_read_back() {
    for step in StepId::ALL {
        match step.untold() {
            None => assert_eq!(step.name().parse(), Ok(step)),
            Some(why) => {
                let error = step.name().parse::<StepId>().unwrap_err().to_string();
                assert!(error.contains("cannot be required") && error.contains(why), "{error}");
            }
        }
    }
    let error = "luck".parse::<StepId>().unwrap_err().to_string();
    assert!(error.contains("“luck” is no step; use monitoring, caa, caa-bound"), "{error}");
}
