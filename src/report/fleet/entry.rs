//! One target, as far as a summary of many needs it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{PinKind, cause};
use crate::caa::{CaaReading, Policy, Relevant, Verdict};
use crate::ct::log_list::Program;
use crate::ct::policy::PolicyOutcome;
use crate::judge::{Part, TargetVerdicts};
use crate::pins::{EntryVerdict, PinMatch, PinsVerdict};
use crate::report::{Outcome, TargetReport};
use crate::rules::{Finding, Severity};
use crate::x509::ChainPosition;

/// One target, as far as a summary of many needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in reports.
    pub target: String,
    /// How it came out.
    pub outcome: Outcome,
    /// The severity of each finding, and whether a baseline accepts it.
    pub severities: Vec<(Severity, bool)>,
    /// When its certificate ends.
    pub not_after: Option<Timestamp>,
    /// Who issued its certificate; `None` without one.
    pub issuing: Option<Issuing>,
    /// Whether that was expected, as the contract has it.
    pub issuer: String,
    /// How its CAA stands.
    pub caa: CaaStanding,
    /// Whether CAA does not permit the CA that it has.
    pub caa_denies: bool,
    /// What each browser's CT policy makes of it; empty where CT was not judged.
    pub ct: BTreeMap<Program, PolicyOutcome>,
    /// Its pins.
    pub pins: PinFacts,
    /// What is advised about its pins, by the name in JSON; `None` where nothing was compared.
    pub advice: Option<String>,
    /// What stayed open, by cause.
    pub open: BTreeSet<String>,
    /// The rules that found something.
    pub rules: Vec<FoundRule>,
}

/// Who issued a certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issuing {
    /// The CA's owner; `None`: no table knows it.
    pub owner: Option<String>,
    /// Whether the issuing key proves that, and not the certificate's word alone.
    pub proven: bool,
}

/// How a target's CAA stands: that of the name that it is worst with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CaaStanding {
    /// A name has no record anywhere: every CA may issue.
    None,
    /// There are records, and they leave every CA free for a name.
    Anyone,
    /// What they say of a name is not known.
    Undetermined,
    /// Every name is restricted to some CAs, or to none.
    Restricted,
    /// It applies to none of the names.
    NotApplicable,
    /// It was not looked at.
    NotChecked,
}

impl CaaStanding {
    /// Each, the worst first.
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::Anyone,
        Self::Undetermined,
        Self::Restricted,
        Self::NotApplicable,
        Self::NotChecked,
    ];

    /// How one name stands, by `state` and `policy` of its JSON.
    pub(super) fn of_name(state: &str, policy: &str) -> Self {
        match (state, policy) {
            ("none", _) => Self::None,
            ("not_applicable", _) => Self::NotApplicable,
            ("found", "anyone") => Self::Anyone,
            ("found", "only" | "nobody") => Self::Restricted,
            _ => Self::Undetermined,
        }
    }

    /// How a target stands whose names stand so; `unnamed` where there is none.
    pub(super) fn worst(names: impl Iterator<Item = Self>, unnamed: Self) -> Self {
        names.min().unwrap_or(unnamed)
    }
}

/// A target's pins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinFacts {
    /// Whether it is pinned, as the contract has it.
    pub status: String,
    /// What is pinned, and how that goes.
    pub kinds: BTreeSet<PinKind>,
}

/// One entry of pins, as the JSON tells it.
pub(super) struct PinEntry<'a> {
    pub(super) enforced: &'a str,
    pub(super) expired: bool,
    pub(super) outcome: &'a str,
    /// Where each pin matches.
    pub(super) matches: Vec<&'a str>,
}

impl PinFacts {
    /// Counts one entry that applies.
    pub(super) fn add(&mut self, entry: &PinEntry<'_>) {
        if entry.expired {
            self.kinds.insert(PinKind::Expired);
        }
        if entry.outcome == "locked_out" {
            self.kinds.insert(PinKind::LockedOut);
        }
        match entry.enforced {
            "report" => {
                self.kinds.insert(PinKind::ReportOnly);
            }
            "yes" => self.kinds.extend(entry.matches.iter().filter_map(|place| match *place {
                "leaf" => Some(PinKind::Leaf),
                "intermediate" => Some(PinKind::Intermediate),
                "root" => Some(PinKind::Root),
                _ => None,
            })),
            _ => {}
        }
    }
}

/// What a rule found at one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRule {
    /// The rule's id.
    pub rule: String,
    /// The gravest of its findings.
    pub severity: Severity,
    /// Its title.
    pub title: String,
    /// How many findings.
    pub findings: usize,
    /// How many of them a baseline accepts.
    pub accepted: usize,
}

impl FoundRule {
    /// Counts one finding among those of its rule.
    pub(super) fn count(
        found: &mut Vec<Self>,
        rule: &str,
        (severity, is_accepted): (Severity, bool),
        title: &str,
    ) {
        let accepted = usize::from(is_accepted);
        if let Some(known) = found.iter_mut().find(|known| known.rule == rule) {
            known.severity = known.severity.max(severity);
            known.findings = known.findings.saturating_add(1);
            known.accepted = known.accepted.saturating_add(accepted);
        } else {
            let (rule, title) = (rule.to_owned(), title.to_owned());
            found.push(Self { rule, severity, title, findings: 1, accepted });
        }
    }
}

impl Entry {
    /// What a target's report comes down to.
    pub fn of(report: &TargetReport<'_>) -> Self {
        let verdicts = report.verdicts;
        let mut rules = Vec::new();
        let weight = |finding: &Finding| (finding.severity, finding.accepted.is_some());
        for finding in report.findings.iter().copied() {
            FoundRule::count(&mut rules, finding.rule, weight(finding), finding.title);
        }
        let failures = &verdicts.observed.failures;
        let open = verdicts.open_questions();
        Self {
            target: verdicts.target.clone(),
            outcome: report.outcome,
            severities: report.findings.iter().copied().map(weight).collect(),
            not_after: verdicts.chain.first().map(|leaf| leaf.not_after),
            issuing: verdicts.chain.first().map(|_| issuing(verdicts)),
            issuer: match &verdicts.issuer {
                Part::Checked(verdict) => verdict.expectation.name(),
                part => part.status(),
            }
            .to_owned(),
            caa: caa_standing(&verdicts.caa),
            caa_denies: verdicts.caa.verdict().is_some_and(|readings| {
                let verdicts = readings.iter().flat_map(|reading| &reading.verdicts);
                verdicts.into_iter().any(|verdict| verdict.verdict == Verdict::Deny)
            }),
            ct: verdicts
                .ct
                .verdict()
                .map(|ct| ct.policies.iter().map(|(program, verdict)| (program, verdict.outcome)).collect())
                .unwrap_or_default(),
            pins: match &verdicts.pins {
                Part::Checked(pins) => pin_facts(pins),
                part => PinFacts { status: part.status().to_owned(), kinds: BTreeSet::new() },
            },
            advice: advice(verdicts),
            open: open
                .iter()
                .map(|question| cause::of(Some(question.kind), &question.what, failures))
                .collect(),
            rules,
        }
    }
}

fn advice(verdicts: &TargetVerdicts) -> Option<String> {
    let advice = verdicts.comparison.verdict()?.advice.as_ref()?;
    Some(advice.verdict.name().to_owned())
}

fn issuing(verdicts: &TargetVerdicts) -> Issuing {
    let who = &verdicts.who_issued;
    let owner = who.owner.clone().or_else(|| who.claimed_owner.clone());
    Issuing { owner, proven: who.owner.is_some() }
}

fn caa_standing(part: &Part<Vec<CaaReading>>) -> CaaStanding {
    match part {
        Part::NotChecked(_) => CaaStanding::NotChecked,
        Part::Undetermined(_) => CaaStanding::Undetermined,
        Part::Checked(readings) => {
            CaaStanding::worst(readings.iter().map(of_reading), CaaStanding::NotApplicable)
        }
    }
}

fn of_reading(reading: &CaaReading) -> CaaStanding {
    match (&reading.relevant, reading.policy()) {
        (Relevant::NoneAnywhere, _) => CaaStanding::None,
        (Relevant::NotApplicable(_), _) => CaaStanding::NotApplicable,
        (Relevant::Undetermined { .. }, _) | (_, Policy::Undetermined(_)) => CaaStanding::Undetermined,
        (Relevant::Set(_), Policy::Anyone) => CaaStanding::Anyone,
        (Relevant::Set(_), Policy::Only(_) | Policy::Nobody) => CaaStanding::Restricted,
    }
}

fn pin_facts(verdict: &PinsVerdict) -> PinFacts {
    let mut facts = PinFacts { status: verdict.status.name().to_owned(), kinds: BTreeSet::new() };
    let entries = verdict.sources.iter().flat_map(|source| &source.entries);
    for entry in entries.filter(|entry| entry.applies) {
        facts.add(&pin_entry(entry));
    }
    facts
}

fn pin_entry(entry: &EntryVerdict) -> PinEntry<'_> {
    let place = |matches: PinMatch| match matches {
        PinMatch::At(ChainPosition::Leaf) => Some("leaf"),
        PinMatch::At(ChainPosition::Intermediate) => Some("intermediate"),
        PinMatch::At(ChainPosition::Root) => Some("root"),
        _ => None,
    };
    PinEntry {
        enforced: entry.enforced.name(),
        expired: entry.expired,
        outcome: entry.outcome.name(),
        matches: entry.pins.iter().filter_map(|pin| place(pin.matches)).collect(),
    }
}
