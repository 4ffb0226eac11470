//! What the table is made of: controls, effects and cells.

use jiff::SignedDuration;
use serde::Serialize;

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
    /// What it does now, from what was measured: unknown where the control's state is, nothing where it is not in place.
    pub effect: Effect,
    /// What it does where it is in place, for the clients that have it, whatever was measured here.
    pub would: Effect,
    /// On what `would` depends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// How long it takes until the threat is detected, where the effect is detection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// Why the effect is what it is, and on what measured fact: one sentence.
    pub reason: String,
    /// The standard, policy or document the reason rests on.
    pub source: &'static str,
}

/// How long detection takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Within {
    /// At best. ISO 8601 in JSON, such as `PT6H`.
    pub at_best: SignedDuration,
    /// At worst; `None` where nothing bounds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_worst: Option<SignedDuration>,
    /// How that is known: measured on how many certificates, or the parts of a bound, in one sentence.
    pub measured_by: String,
}

/// One control, and whether it is in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The control.
    pub control: Control,
    /// Its name for people.
    pub title: &'static str,
    /// Whether it is in place.
    pub in_place: InPlace,
    /// By what measured facts, a sentence each.
    pub evidence: Vec<String>,
}

/// Whether a control is in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InPlace {
    /// It is.
    Yes,
    /// In some part only: for some names, clients or programmes.
    Partly,
    /// It is not.
    No,
    /// Nobody looked, or it could not be determined.
    Unknown,
}

/// A protection that a host can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// Validation against the trusted CAs, and nothing more.
    CaTrust,
    /// Clients that refuse certificates without enough SCTs.
    Ct,
    /// CAA records, which CAs obey when they issue.
    Caa,
    /// The owner's expectation of issuers and keys, checked here and against the logs: monitoring of CT.
    IssuerExpectation,
    /// The pins that were given, whatever they are: the client that is worst off.
    Pins,
    /// Pins of keys that only the owner has.
    LeafPin,
    /// Pins of a public intermediate CA's key.
    IntermediatePin,
    /// Pins of a public root CA's key.
    RootPin,
    /// Pins that clients fetch or learn at run time (dynamic pins, trust on first use).
    DynamicPins,
    /// The response header `Public-Key-Pins`.
    Hpkp,
    /// TLSA records secured by DNSSEC.
    Dane,
    /// CAA records that bind the account or the validation method too, secured by DNSSEC.
    CaaBound,
    /// Revocation of certificates.
    Revocation,
}

impl Control {
    /// Every control, in the order of cells and columns in reports. In JSON the first five came first, in time.
    pub const ALL: [Self; 13] = [
        Self::CaTrust,
        Self::Ct,
        Self::Caa,
        Self::IssuerExpectation,
        Self::Pins,
        Self::LeafPin,
        Self::IntermediatePin,
        Self::RootPin,
        Self::DynamicPins,
        Self::Hpkp,
        Self::Dane,
        Self::CaaBound,
        Self::Revocation,
    ];

    /// The controls whose state a comparison is asked to determine. What the others need is in these already (the levels
    /// of pins), or is looked at only where somebody asks for it (DANE, headers, revocation).
    pub const ASKED: [Self; 5] = [Self::CaTrust, Self::Ct, Self::Caa, Self::IssuerExpectation, Self::Pins];

    /// The heading of the control's column.
    pub fn title(self) -> &'static str {
        match self {
            Self::CaTrust => "CA trust",
            Self::Ct => "CT",
            Self::Caa => "CAA",
            Self::IssuerExpectation => "issuer",
            Self::Pins => "pins",
            Self::LeafPin => "own-key pin",
            Self::IntermediatePin => "intermediate pin",
            Self::RootPin => "root pin",
            Self::DynamicPins => "dynamic pins",
            Self::Hpkp => "HPKP",
            Self::Dane => "DANE",
            Self::CaaBound => "bound CAA",
            Self::Revocation => "revocation",
        }
    }
}

impl Control {
    /// What it is called in sentences.
    pub fn noun(self) -> &'static str {
        match self {
            Self::IssuerExpectation => "the expectation of issuers",
            Self::CaaBound => "bound CAA records",
            other => other.title(),
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
