//! A target's line of an earlier run, read back: the same as [`Entry::of`] makes of its report.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::cause;
use super::entry::{CaaStanding, Entry, FoundRule, Issuing, PinEntry, PinFacts};
use crate::ct::log_list::Program;
use crate::ct::policy::PolicyOutcome;
use crate::question::About;
use crate::report::Outcome;
use crate::rules::Severity;

/// What an earlier line says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Line")]
pub struct EarlierLine {
    /// The target.
    pub entry: Entry,
    /// What its run asked, hashed.
    pub run: String,
    /// What stayed open.
    pub open: Open,
    /// Whether the target is a file that could not be used.
    pub unusable_file: bool,
}

/// What stayed open at a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Open {
    /// Nothing.
    #[default]
    Nothing,
    /// Something that was looked at.
    Something,
    /// Something that was asked for by name.
    Demanded,
}

/// Why a line is none that was written by `check`.
#[derive(Debug, thiserror::Error)]
pub enum EarlierLineError {
    /// A severity that is none.
    #[error("{0}")]
    Severity(String),
    /// It was written by no run that can be gone on with.
    #[error("it has no “run”: the version that wrote it did not tell what was asked")]
    NoRun,
}

/// As much of a line as is read back. What is not there is as an older version left it out.
#[derive(Deserialize)]
struct Line {
    target: String,
    outcome: LineOutcome,
    run: Option<String>,
    open: Open,
    #[serde(default)]
    unusable_file: bool,
    undetermined: Vec<String>,
    connection: Connection,
    certificate: Option<LineCertificate>,
    ct: Ct,
    caa: Caa,
    issuer: Status,
    pins: Pins,
    #[serde(default)]
    comparison: Option<LineComparison>,
    findings: Vec<LineFinding>,
}

#[derive(Deserialize)]
struct LineComparison {
    #[serde(default)]
    advice: Option<LineAdvice>,
}

#[derive(Deserialize)]
struct LineAdvice {
    verdict: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum LineOutcome {
    Pass,
    Fail,
    Undetermined,
}

#[derive(Deserialize)]
struct Connection {
    failures: Vec<String>,
}

#[derive(Deserialize)]
struct LineCertificate {
    not_after: Timestamp,
    issuer_owner: Option<String>,
    issuer_claimed_owner: Option<String>,
}

#[derive(Deserialize)]
struct Ct {
    #[serde(default)]
    policies: BTreeMap<String, PolicyLine>,
}

#[derive(Deserialize)]
struct PolicyLine {
    verdict: String,
}

#[derive(Deserialize)]
struct Caa {
    status: String,
    #[serde(default)]
    names: Vec<CaaLine>,
}

#[derive(Deserialize)]
struct CaaLine {
    state: String,
    policy: String,
    #[serde(default)]
    verdicts: Vec<PolicyLine>,
}

#[derive(Deserialize)]
struct Status {
    status: String,
}

#[derive(Deserialize)]
struct Pins {
    status: String,
    #[serde(default)]
    sources: Vec<PinSource>,
}

#[derive(Deserialize)]
struct PinSource {
    #[serde(default)]
    entries: Vec<PinLine>,
}

#[derive(Deserialize)]
struct PinLine {
    enforced: String,
    #[serde(default)]
    expired: bool,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    pins: Vec<PinPlace>,
}

#[derive(Deserialize)]
struct PinPlace {
    matches: Option<String>,
}

#[derive(Deserialize)]
struct LineFinding {
    rule: String,
    severity: String,
    title: String,
    #[serde(default)]
    accepted: Option<IgnoredAny>,
}

impl TryFrom<Line> for EarlierLine {
    type Error = EarlierLineError;

    fn try_from(line: Line) -> Result<Self, Self::Error> {
        let run = line.run.clone().ok_or(EarlierLineError::NoRun)?;
        let unusable_file = line.unusable_file;
        // A target that stayed undetermined has something open, whatever else the line says.
        let open = match line.outcome {
            LineOutcome::Undetermined => line.open.max(Open::Something),
            LineOutcome::Pass | LineOutcome::Fail => line.open,
        };
        Ok(Self { entry: line.entry()?, run, open, unusable_file })
    }
}

impl Line {
    fn entry(self) -> Result<Entry, EarlierLineError> {
        let (mut severities, mut rules) = (Vec::new(), Vec::new());
        for LineFinding { rule, severity, title, accepted } in &self.findings {
            let severity: Severity = severity.parse().map_err(EarlierLineError::Severity)?;
            let weight = (severity, accepted.is_some());
            severities.push(weight);
            FoundRule::count(&mut rules, rule, weight, title);
        }
        let failures = &self.connection.failures;
        let open: BTreeSet<String> = self
            .undetermined
            .iter()
            .map(|what| cause::of(About::read(what).map(|about| about.kind), what, failures))
            .collect();
        let mut verdicts = self.caa.names.iter().flat_map(|name| &name.verdicts);
        let caa_denies = verdicts.any(|verdict| verdict.verdict == "deny");
        let ct = self.ct.policies.iter();
        Ok(Entry {
            caa: self.caa.standing(),
            caa_denies,
            outcome: match self.outcome {
                LineOutcome::Pass => Outcome::Pass,
                LineOutcome::Fail => Outcome::Fail,
                LineOutcome::Undetermined => Outcome::Undetermined,
            },
            severities,
            not_after: self.certificate.as_ref().map(|certificate| certificate.not_after),
            issuing: self.certificate.map(|certificate| Issuing {
                proven: certificate.issuer_owner.is_some(),
                owner: certificate.issuer_owner.or(certificate.issuer_claimed_owner),
            }),
            issuer: self.issuer.status,
            ct: ct.filter_map(|(name, policy)| Some((Program::from_name(name)?, policy.outcome()))).collect(),
            pins: self.pins.facts(),
            advice: self.comparison.and_then(|comparison| comparison.advice).map(|advice| advice.verdict),
            open,
            rules,
            target: self.target,
        })
    }
}

impl PolicyLine {
    fn outcome(&self) -> PolicyOutcome {
        let all = [PolicyOutcome::Compliant, PolicyOutcome::NotCompliant];
        all.into_iter().find(|outcome| outcome.name() == self.verdict).unwrap_or(PolicyOutcome::NotJudged)
    }
}

impl Caa {
    fn standing(&self) -> CaaStanding {
        let names = self.names.iter().map(|name| CaaStanding::of_name(&name.state, &name.policy));
        let unnamed = match self.status.as_str() {
            "not_checked" => CaaStanding::NotChecked,
            "checked" => CaaStanding::NotApplicable,
            _ => CaaStanding::Undetermined,
        };
        CaaStanding::worst(names, unnamed)
    }
}

impl Pins {
    fn facts(&self) -> PinFacts {
        let mut facts = PinFacts { status: self.status.clone(), kinds: BTreeSet::new() };
        for entry in self.sources.iter().flat_map(|source| &source.entries) {
            facts.add(&PinEntry {
                enforced: &entry.enforced,
                expired: entry.expired,
                outcome: &entry.outcome,
                matches: entry.pins.iter().filter_map(|pin| pin.matches.as_deref()).collect(),
            });
        }
        facts
    }
}
