//! One name of a report on issuance.

use super::Outcome;
use super::fleet::Open;
use crate::issuance::IssuanceVerdict;
use crate::issuance::reported::{Coverage, SourceKind};
use crate::rules::{Finding, Severity};

/// What was issued for one name, with what was found.
#[derive(Debug)]
pub struct IssuanceReport<'a> {
    /// What was judged.
    pub verdict: &'a IssuanceVerdict,
    /// The findings, gravest first.
    pub findings: Vec<&'a Finding>,
    /// How it came out.
    pub outcome: Outcome,
}

impl<'a> IssuanceReport<'a> {
    /// Puts verdict and findings together. `fails` tells whether a severity fails a name.
    pub fn new(
        verdict: &'a IssuanceVerdict,
        findings: &'a [Finding],
        fails: impl Fn(Severity) -> bool,
    ) -> Self {
        let outcome = if findings.iter().filter_map(Finding::counts).any(fails) {
            Outcome::Fail
        } else if verdict.demanded().is_empty() && verdict.open().is_empty() {
            Outcome::Pass
        } else {
            Outcome::Undetermined
        };
        let mut findings: Vec<&Finding> = findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Self { verdict, findings, outcome }
    }

    /// What stayed open.
    pub fn open(&self) -> Open {
        match (self.verdict.demanded().is_empty(), self.verdict.open().is_empty()) {
            (false, _) => Open::Demanded,
            (true, false) => Open::Something,
            (true, true) => Open::Nothing,
        }
    }

    /// Whether files were named as a source, and none of them could be used.
    pub fn has_unusable_files(&self) -> bool {
        let mut files = self.verdict.sources.iter().filter(|source| source.kind == SourceKind::Files);
        files.any(|source| matches!(source.coverage, Coverage::NoData(_)))
    }
}
