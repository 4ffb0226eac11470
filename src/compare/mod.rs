//! What each protection of a host does against each threat, from what was measured and nothing else.
//!
//! A control of which nothing is known stays unknown in its whole column: “no pin file was given” is not
//! “not pinned”. A cell speaks of the clients that have the control, of the worst off where their pins differ; there
//! is no blended number.

mod caa;
mod clients;
mod ct;
mod expectation;
mod facts;
mod pins;
pub mod replay;
mod threat;
mod trust;

use serde::Serialize;

pub use self::facts::{
    CaaPolicy, ClientPins, CtPolicy, CurrentIssuer, Expectation, Fact, LogWatch, MeasuredFacts,
    PinEnforcement, PinMatches, Pins, PublicTrust,
};
pub use self::replay::Replay;
pub use self::threat::Threat;

/// Sets every control beside every threat.
pub fn compare(facts: &MeasuredFacts) -> Comparison {
    let threats = Threat::ALL
        .into_iter()
        .map(|threat| ThreatRow {
            id: threat.id(),
            threat: threat.title(),
            cells: Control::ALL.into_iter().map(|control| cell(control, threat, facts)).collect(),
        })
        .collect();
    Comparison { threats, replay: None }
}

/// The protections of one host side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// One row a threat, in the order of [`Threat::ALL`].
    pub threats: Vec<ThreatRow>,
    /// What pins and expectations would have done over the issuance history; `None` until it was replayed.
    pub replay: Option<Replay>,
}

impl Comparison {
    /// The controls of which nothing is known.
    pub fn unknown_controls(&self) -> Vec<Control> {
        let unknown = |control: &Control| {
            let mut cells =
                self.threats.iter().flat_map(|row| &row.cells).filter(|cell| cell.control == *control);
            cells.all(|cell| cell.effect == Effect::Unknown)
        };
        Control::ALL.into_iter().filter(unknown).collect()
    }
}

/// One threat, and what each control does about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ThreatRow {
    /// The threat's short id, such as `T1b`.
    pub id: &'static str,
    /// The threat in words.
    pub threat: &'static str,
    /// One cell a control, in the order of [`Control::ALL`].
    pub cells: Vec<Cell>,
}

/// What one control does against one threat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The control.
    pub control: Control,
    /// What it does.
    pub effect: Effect,
    /// Why, and on what measured fact: one sentence.
    pub reason: String,
    /// The standard, policy or document the reason rests on.
    pub source: &'static str,
}

/// A protection that a host can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// Validation against the trusted CAs, and nothing more.
    CaTrust,
    /// Browsers that refuse certificates without enough SCTs.
    Ct,
    /// CAA records, which CAs obey when they issue.
    Caa,
    /// The owner's expectation of issuers, checked here and against the logs.
    IssuerExpectation,
    /// The pins that were given.
    Pins,
}

impl Control {
    /// Every control, in the order of the table's columns.
    pub const ALL: [Self; 5] = [Self::CaTrust, Self::Ct, Self::Caa, Self::IssuerExpectation, Self::Pins];

    /// The heading of the control's column.
    pub fn title(self) -> &'static str {
        match self {
            Self::CaTrust => "CA trust",
            Self::Ct => "CT",
            Self::Caa => "CAA",
            Self::IssuerExpectation => "issuer",
            Self::Pins => "pins",
        }
    }
}

/// What a control does against a threat, for the clients that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The attack fails.
    Prevents,
    /// The attack works, and can be seen.
    Detects,
    /// Nothing changes.
    NoEffect,
    /// The control adds harm: users can be locked out, or recovery takes longer.
    MakesWorse,
    /// Not measured, or not to be told from what was.
    Unknown,
}

impl Effect {
    /// The word used in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Prevents => "stops",
            Self::Detects => "shows",
            Self::NoEffect => "-",
            Self::MakesWorse => "worse",
            Self::Unknown => "?",
        }
    }
}

/// A cell's content before it is put into its column.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Judgement {
    effect: Effect,
    reason: String,
    source: &'static str,
}

impl Judgement {
    fn new(effect: Effect, reason: impl Into<String>, source: &'static str) -> Self {
        Self { effect, reason: reason.into(), source }
    }
}

fn cell(control: Control, threat: Threat, facts: &MeasuredFacts) -> Cell {
    let Judgement { effect, reason, source } = match control {
        Control::CaTrust => trust::judge(threat, &facts.public_trust),
        Control::Ct => ct::judge(threat, &facts.ct_policy),
        Control::Caa => caa::judge(threat, &facts.caa),
        Control::IssuerExpectation => expectation::judge(threat, &facts.expectation, &facts.log_watch),
        Control::Pins => clients::judge(threat, &facts.pins),
    };
    Cell { control, effect, reason, source }
}

#[cfg(test)]
mod tests;
