//! Reports: verdicts and findings rendered; a new format is one new file.

mod compared;
pub mod document;
pub mod fleet;
mod html;
pub mod human;
mod issuance;
pub mod json;
mod junit;
mod logs;
mod markdown;
mod sarif;

use std::collections::BTreeMap;

use self::fleet::{Entry, Fleet, Open};
pub use self::issuance::IssuanceReport;
pub use self::logs::{ListUpdate, LogsReport, Storing, UpdateReport, VerifyReport, age_in_days};
use crate::judge::TargetVerdicts;
use crate::rules::{self, Finding, Severity};

/// One target of a report.
#[derive(Debug)]
pub struct TargetReport<'a> {
    /// Its verdicts.
    pub verdicts: &'a TargetVerdicts,
    /// Its findings, gravest first.
    pub findings: Vec<&'a Finding>,
    /// Those of them about CAA, for each name that was judged.
    pub caa_findings: Vec<Vec<Finding>>,
    /// How it came out.
    pub outcome: Outcome,
    /// How it was named each time, where that was more than once.
    pub listed: &'a [String],
    /// What its run asked, hashed, where the run can be gone on with.
    pub run: Option<&'a str>,
}

/// How a target came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything that was looked at was determined, and nothing reaches `--fail-on`.
    Pass,
    /// A finding reaches `--fail-on`.
    Fail,
    /// Nothing reaches it, but something stayed open.
    Undetermined,
}

/// What follows the count of so many findings of which a baseline accepts some; empty where it accepts none.
pub(crate) fn of_them_accepted(accepted: usize, all: usize) -> String {
    match accepted {
        0 => String::new(),
        _ if accepted == all => " (accepted)".to_owned(),
        _ => format!(" ({accepted} of them accepted)"),
    }
}

impl<'a> TargetReport<'a> {
    /// Puts verdicts and findings together. `fails` tells whether a severity fails a target.
    pub fn new(
        verdicts: &'a TargetVerdicts,
        findings: &'a [Finding],
        fails: impl Fn(Severity) -> bool,
    ) -> Self {
        let outcome = if findings.iter().any(|finding| finding.fails(&fails)) {
            Outcome::Fail
        } else if verdicts.open_questions().is_empty() {
            Outcome::Pass
        } else {
            Outcome::Undetermined
        };
        let mut caa_findings = rules::caa_findings(verdicts);
        for finding in caa_findings.iter_mut().flatten() {
            let same = findings.iter().find(|known| known.fingerprint == finding.fingerprint);
            finding.accepted = same.and_then(|known| known.accepted.clone());
        }
        let mut findings: Vec<&Finding> = findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Self { verdicts, findings, caa_findings, outcome, listed: &[], run: None }
    }

    /// What stayed open.
    pub fn open(&self) -> Open {
        let open = self.verdicts.open_questions();
        let of = |demanded| if demanded { Open::Demanded } else { Open::Something };
        open.iter().map(|question| of(question.demanded)).max().unwrap_or_default()
    }
}

/// All targets of a report, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    outcomes: BTreeMap<Outcome, usize>,
    findings: BTreeMap<Severity, usize>,
    accepted: BTreeMap<Severity, usize>,
    fleet: Option<Fleet>,
    not_done: usize,
}

impl Summary {
    /// One that counts what the targets have in common, too.
    pub fn of_fleet(fleet: Fleet) -> Self {
        Self { fleet: Some(fleet), ..Self::default() }
    }

    /// Counts one target in, with what it has in common with others.
    pub fn add_entry(&mut self, entry: &Entry) {
        self.add(entry.outcome, entry.severities.iter().copied());
        if let Some(fleet) = &mut self.fleet {
            fleet.add(entry);
        }
    }

    /// What the targets have in common, where there are several.
    pub fn common(&self) -> Option<&Fleet> {
        self.fleet.as_ref().filter(|fleet| fleet.targets() > 1)
    }

    /// The same where there are so many that people need them in short.
    pub fn in_short(&self) -> Option<&Fleet> {
        self.fleet.as_ref().filter(|fleet| fleet.is_large())
    }

    /// Takes note that so many targets were not done, as the run was interrupted.
    pub fn left_out(&mut self, targets: usize) {
        self.not_done = targets;
    }

    /// How many targets were not done.
    pub fn not_done(&self) -> usize {
        self.not_done
    }

    /// That the run was interrupted, and what that left out, where it was.
    pub fn interrupted(&self) -> Option<String> {
        let all = self.not_done.saturating_add(self.targets());
        let targets = if all == 1 { "target" } else { "targets" };
        let were = if self.not_done == 1 { "was" } else { "were" };
        (self.not_done > 0)
            .then(|| format!("Interrupted: {} of {all} {targets} {were} not looked at.", self.not_done))
    }

    /// Counts one target in: of each finding the severity, and whether a baseline accepts it.
    pub fn add(&mut self, outcome: Outcome, findings: impl IntoIterator<Item = (Severity, bool)>) {
        *self.outcomes.entry(outcome).or_default() += 1;
        for (severity, is_accepted) in findings {
            *self.findings.entry(severity).or_default() += 1;
            if is_accepted {
                *self.accepted.entry(severity).or_default() += 1;
            }
        }
    }

    /// How many targets there are.
    pub fn targets(&self) -> usize {
        self.outcomes.values().sum()
    }

    /// How many targets came out this way.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }

    /// How many of the findings of each severity a baseline accepts, all severities named.
    pub fn accepted_by_severity(&self) -> impl Iterator<Item = (Severity, usize)> {
        Severity::ALL
            .into_iter()
            .map(|severity| (severity, self.accepted.get(&severity).copied().unwrap_or_default()))
    }

    /// How many findings there are of each severity, all of them named.
    pub fn findings_by_severity(&self) -> impl Iterator<Item = (Severity, usize)> {
        Severity::ALL
            .into_iter()
            .map(|severity| (severity, self.findings.get(&severity).copied().unwrap_or_default()))
    }
}
