//! Reports: verdicts and findings rendered; a new format is one new file.

pub mod human;
pub mod json;
mod logs;

use std::collections::BTreeMap;

pub use self::logs::{ListUpdate, LogsReport, Storing, UpdateReport, VerifyReport, age_in_days};
use crate::judge::{Judgement, TargetVerdicts};
use crate::rules::{self, Finding, Severity};

/// Everything a report of `check` shows.
#[derive(Debug)]
pub struct Report<'a> {
    /// The verdicts.
    pub judgement: &'a Judgement,
    /// Each target with its findings and its outcome.
    pub targets: Vec<TargetReport<'a>>,
}

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
}

/// How a target came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything that was looked at was determined, and nothing reaches `--fail-on`.
    Pass,
    /// A finding reaches `--fail-on`.
    Fail,
    /// Nothing reaches it, but something stayed open.
    Undetermined,
}

impl<'a> Report<'a> {
    /// Puts verdicts and findings together. `fails` tells whether a severity fails a target.
    pub fn new(
        judgement: &'a Judgement,
        findings: &'a [Vec<Finding>],
        fails: impl Fn(Severity) -> bool,
    ) -> Self {
        let targets = judgement
            .targets
            .iter()
            .zip(findings)
            .map(|(verdicts, findings)| {
                let outcome = if findings.iter().any(|finding| fails(finding.severity)) {
                    Outcome::Fail
                } else if verdicts.open_questions().is_empty() {
                    Outcome::Pass
                } else {
                    Outcome::Undetermined
                };
                let mut findings: Vec<&Finding> = findings.iter().collect();
                findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
                TargetReport { verdicts, findings, caa_findings: rules::caa_findings(verdicts), outcome }
            })
            .collect();
        Self { judgement, targets }
    }

    /// How many targets came out this way.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.targets.iter().filter(|target| target.outcome == outcome).count()
    }

    /// How many findings there are of each severity, all of them named.
    pub fn findings_by_severity(&self) -> BTreeMap<Severity, usize> {
        let mut counts: BTreeMap<Severity, usize> =
            Severity::ALL.into_iter().map(|severity| (severity, 0)).collect();
        for finding in self.targets.iter().flat_map(|target| &target.findings) {
            *counts.entry(finding.severity).or_default() += 1;
        }
        counts
    }
}
