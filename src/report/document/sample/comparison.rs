//! A comparison as it could be, for the tests of every form: two kinds of clients, a step of each state, and names that
//! mean harm.

use jiff::SignedDuration;

use super::{HOSTILE, replay};
use crate::compare::advice::{
    Advice, Change, Correction, Done, MigrationStep, Reason, Step, StepId, Verdict,
};
use crate::compare::{
    Cell, ClientClass, ClientProtection, Column, Comparison, Control, Effect, Headline, HeadlineItem,
    Headlines, InPlace, Served, Threat, ThreatRow, Within,
};

fn within() -> Within {
    let at_worst = Some(SignedDuration::from_hours(25));
    Within { at_best: SignedDuration::ZERO, at_worst, measured_by: "Measured on 4 certificates.".to_owned() }
}

fn row(threat: Threat, effects: [Effect; 4]) -> ThreatRow {
    let controls = [Control::Ct, Control::Caa, Control::IssuerExpectation, Control::Pins];
    let cell = |(control, effect)| Cell {
        control,
        effect,
        would: effect,
        condition: None,
        within: (effect == Effect::Detects).then(within),
        reason: format!("{HOSTILE} is why."),
        source: "RFC 8659",
    };
    let cells = controls.into_iter().zip(effects).map(cell).collect();
    ThreatRow { id: threat.id(), threat: threat.title(), cells }
}

fn item(threat: Threat, client: ClientClass, by: &[Control], within: Option<Within>) -> HeadlineItem {
    HeadlineItem { threat: threat.id(), client, by: by.to_vec(), within, only: None }
}

fn step(id: StepId, done: Done) -> Step {
    Step {
        id,
        what: "Do what the step says.",
        why: "It helps.",
        source: "docs/compare.md",
        gate: format!("pinstead compare shop.example --pins '{HOSTILE}' --require {id}"),
        gate_is_command: true,
        done,
        evidence: format!("{HOSTILE} tells"),
    }
}

/// The protections of a shop whose app has pins.
pub(in crate::report) fn comparison() -> Comparison {
    use Effect::{Detects, MakesWorse, NoEffect, Prevents, Unknown};
    let clients = [ClientClass::Browser, ClientClass::Android { target_level: Some(36) }];
    let column = |control: Control, in_place| Column {
        control,
        title: control.title(),
        in_place,
        evidence: vec![format!("{HOSTILE} shows it.")],
    };
    let both = |threat, by: &[Control], within: Option<&Within>| {
        clients.map(|client| item(threat, client, by, within.cloned()))
    };
    let prevents = Headline {
        now: Vec::new(),
        sentence: "For browsers: another CA is deceived (T1b) by CAA.".to_owned(),
        items: [
            both(Threat::OtherCaDeceived, &[Control::Caa], None).as_slice(),
            &[item(Threat::OtherCaUnlogged, clients[0], &[Control::Ct], None)],
        ]
        .concat(),
        unknown: both(Threat::OtherCaLogged, &[Control::Pins], None).to_vec(),
    };
    let detects = Headline {
        now: Vec::new(),
        sentence: "For browsers: another CA is broken into (T1).".to_owned(),
        items: both(Threat::OtherCaLogged, &[Control::IssuerExpectation], Some(&within())).to_vec(),
        unknown: Vec::new(),
    };
    let locks_out =
        Headline { sentence: "Nothing is known to lock users out.".to_owned(), ..Headline::default() };
    let protection = |client| ClientProtection {
        client,
        served: Served::Found,
        evidence: format!("{HOSTILE} is of such a client."),
        controls: Vec::new(),
        threats: Vec::new(),
    };
    Comparison {
        headlines: Headlines { prevents, detects, locks_out },
        clients: clients.map(protection).to_vec(),
        columns: vec![
            column(Control::Ct, InPlace::Yes),
            column(Control::Caa, InPlace::Partly),
            column(Control::IssuerExpectation, InPlace::Yes),
            column(Control::Pins, InPlace::Unknown),
            column(Control::Hpkp, InPlace::No),
        ],
        threats: vec![
            row(Threat::OtherCaLogged, [NoEffect, NoEffect, Detects, Unknown]),
            row(Threat::OtherCaDeceived, [NoEffect, Prevents, Detects, Unknown]),
            row(Threat::NewKey, [NoEffect, NoEffect, NoEffect, MakesWorse]),
        ],
        unlisted_ca: "A certificate of another CA would be refused by pinned apps.".to_owned(),
        is_next_key_known: false,
        replay: Some(replay()),
        advice: Some(advice()),
    }
}

fn advice() -> Advice {
    let migration = [
        (StepId::Monitoring, Done::Yes),
        (StepId::Caa, Done::No),
        (StepId::Widened, Done::Unknown),
        (StepId::Removed, Done::No),
    ];
    Advice {
        verdict: Verdict::Drop,
        sentence: "Drop the pins, in the order of the plan.".to_owned(),
        because: vec![Reason {
            id: "pins_not_updatable",
            text: "Pins cannot be replaced in time.".to_owned(),
            source: "OWASP Pinning Cheat Sheet",
            evidence: format!("{HOSTILE} states it"),
        }],
        open_questions: vec![format!("Are the users of {HOSTILE} disturbed by updates?")],
        first: [StepId::Monitoring, StepId::Caa].map(|id| step(id, Done::Yes)).to_vec(),
        changes: vec![Change { id: "backup", what: "Add a backup.".to_owned(), gate: HOSTILE.to_owned() }],
        migration: migration
            .into_iter()
            .zip(1..)
            .map(|((id, done), order)| MigrationStep { order, step: step(id, done) })
            .collect(),
        required: vec![step(StepId::Widened, Done::Unknown), step(StepId::Removed, Done::No)],
        corrections: Vec::<Correction>::new(),
    }
}
