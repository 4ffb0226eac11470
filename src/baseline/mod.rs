//! A baseline: findings that are known, accepted with a reason until a day, so that a gate fails on what is new.
//!
//! It hides nothing: what is accepted stands in every report with the reason and the day, what is past its day counts
//! again and says so, and what occurs no more is told. What could not be determined is no finding: it is accepted by
//! entries of a kind of its own.

mod beside;
mod read;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use self::read::{BaselineError, schema};
pub use self::write::{Addition, WriteError};
use crate::question::{About, OpenQuestion};
use crate::rules::baseline::{self as rule, Fault};
use crate::rules::{self, Acceptance, Finding, Severity};

/// The largest baseline that is read, in octets.
pub const MAX_BASELINE: u64 = 8 << 20;

/// A baseline as it was read.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    path: String,
    text: String,
    findings: Vec<Known>,
    undetermined: Vec<KnownOpen>,
    by_fingerprint: HashMap<String, Vec<usize>>,
    by_name: HashMap<(String, String, String), Vec<usize>>,
    /// The places of the entries of each target, findings and what is open.
    by_target: HashMap<String, (Vec<usize>, Vec<usize>)>,
}

/// A finding that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    /// The line of its entry.
    line: usize,
    /// Where what `--extend` changes stands in the text.
    spans: Spans,
    /// By what it is known; else by rule, target and subject.
    fingerprint: Option<String>,
    /// The command that found it, where that is said.
    command: Option<String>,
    rule: Option<String>,
    target: Option<String>,
    subject: Option<String>,
    /// The gravest severity that was accepted; any where it is not said.
    severity: Option<Severity>,
    reason: String,
    until: Date,
}

/// The octets of an entry's values.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spans {
    reason: Range<usize>,
    until: Range<usize>,
    severity: Option<Range<usize>>,
}

/// Something that could not be determined, and is accepted as that.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KnownOpen {
    line: usize,
    /// The command that it is open to.
    command: String,
    target: String,
    what: String,
    /// What it is about; `None` where this version asks no question in these words.
    about: Option<About>,
    reason: String,
    until: Date,
}

/// What is settled: one target of one command.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The command, such as `check`.
    pub command: &'a str,
    /// The target, as the fingerprints have it.
    pub target: &'a str,
    /// As of when is judged.
    pub at: Timestamp,
}

/// A question that stayed open, and is accepted as that.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AcceptedQuestion {
    /// What could not be determined, in words.
    pub what: String,
    /// Why that is accepted, and until when.
    #[serde(flatten)]
    pub acceptance: Acceptance,
}

impl Baseline {
    /// Marks what is accepted, and adds what there is to say of entries: those past their day, those of something graver
    /// now, and those that occur no more.
    ///
    /// `looked` tells whether all was looked at that a rule needs: only then an entry that nothing matches occurs no more.
    pub fn settle(&self, run: Run<'_>, findings: &mut Vec<Finding>, looked: impl Fn(&str) -> bool) {
        let today = run.at.to_zoned(TimeZone::UTC).date();
        let mut met = BTreeSet::new();
        let mut told: BTreeMap<usize, Fault> = BTreeMap::new();
        for finding in &mut *findings {
            let mut lapsed = None;
            for (index, known) in self.entries_of(run, finding) {
                met.insert(index);
                let fault = known.fault(&self.path, finding, today);
                if fault.is_none() {
                    finding.accepted = Some(known.acceptance());
                    lapsed = None;
                    break;
                }
                lapsed = lapsed.or(fault.map(|fault| (index, fault)));
            }
            if let Some((index, fault)) = lapsed {
                told.entry(index).or_insert(fault);
            }
        }
        let mut faults: Vec<Fault> = told.into_values().collect();
        let of_target = self.by_target.get(run.target).map(|(findings, _)| findings.as_slice());
        let gone = of_target.unwrap_or_default().iter().filter_map(|index| {
            let known = self.findings.get(*index)?;
            let is_gone =
                !met.contains(index) && known.is_of(run) && known.rule.as_deref().is_some_and(&looked);
            is_gone.then(|| known.gone(&self.path, findings))
        });
        faults.extend(gone);
        Self::add(run, findings, &faults);
    }

    /// The entries that a finding is known by. Those of another command are not: what it looked at may be less.
    fn entries_of(&self, run: Run<'_>, finding: &Finding) -> Vec<(usize, &Known)> {
        if !rules::can_be_accepted(finding.rule) {
            return Vec::new();
        }
        let by_fingerprint = finding
            .fingerprint
            .as_deref()
            .and_then(|print| self.by_fingerprint.get(print))
            .into_iter()
            .flatten();
        let name = (finding.rule.to_owned(), run.target.to_owned(), finding.subject.clone());
        let by_name = self.by_name.get(&name).into_iter().flatten();
        let rule = finding.rule;
        by_fingerprint
            .chain(by_name)
            .filter_map(|index| Some((*index, self.findings.get(*index)?)))
            // Whoever copies a fingerprint to an entry of another rule has made a mistake.
            .filter(|(_, known)| known.rule.as_deref().is_none_or(|known| known == rule))
            .filter(|(_, known)| known.command.as_deref().is_none_or(|command| command == run.command))
            .collect()
    }

    /// Takes out of the open questions of a target those that are accepted; adds what there is to say of such entries.
    ///
    /// `looked` tells whether all was looked at that a question is about: only then one that is not open is answered.
    pub fn settle_open(
        &self,
        run: Run<'_>,
        open: &[OpenQuestion],
        findings: &mut Vec<Finding>,
        looked: impl Fn(&About) -> bool,
    ) -> Vec<AcceptedQuestion> {
        let today = run.at.to_zoned(TimeZone::UTC).date();
        let mut accepted = Vec::new();
        let mut faults = Vec::new();
        let of_target = self.by_target.get(run.target).map(|(_, open)| open.as_slice());
        let entries = of_target.unwrap_or_default().iter().filter_map(|index| self.undetermined.get(*index));
        for known in entries.filter(|known| known.command == run.command) {
            let (entry, what) =
                (format!("{}:{}", self.path, known.line), format!("not determined: {}", known.what));
            let met: Vec<&OpenQuestion> = open.iter().filter(|question| known.is_about(question)).collect();
            if met.is_empty() {
                if known.about.as_ref().is_some_and(&looked) {
                    faults.push(Fault::Gone { entry, rule: None, subject: what, of_another: None });
                }
            } else if today > known.until {
                let (until, reason) = (known.until, known.reason.clone());
                faults.push(Fault::Past { entry, rule: None, subject: what, until, reason });
            } else {
                let acceptance = Acceptance { reason: known.reason.clone(), until: known.until };
                accepted.extend(met.into_iter().map(|question| AcceptedQuestion {
                    what: question.what.clone(),
                    acceptance: acceptance.clone(),
                }));
            }
        }
        Self::add(run, findings, &faults);
        accepted
    }

    fn add(run: Run<'_>, findings: &mut Vec<Finding>, faults: &[Fault]) {
        let mut own: Vec<Finding> = faults.iter().flat_map(rule::findings).collect();
        rules::stamp(run.target, None, &mut own);
        findings.append(&mut own);
    }

    /// How many of its entries are of other commands than this one, and which these are.
    pub fn of_other_commands(&self, command: &str) -> (usize, BTreeSet<&str>) {
        let findings = self.findings.iter().filter_map(|known| known.command.as_deref());
        let open = self.undetermined.iter().map(|known| known.command.as_str());
        let others: Vec<&str> = findings.chain(open).filter(|own| *own != command).collect();
        (others.len(), others.into_iter().collect())
    }

    /// The file and its text: what it accepts depends on nothing else.
    pub fn source(&self) -> (&str, &str) {
        (&self.path, &self.text)
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.undetermined.is_empty()
    }
}

impl Known {
    /// Why it does not cover this finding, if it does not.
    fn fault(&self, path: &str, finding: &Finding, today: Date) -> Option<Fault> {
        let entry = format!("{path}:{}", self.line);
        let (rule, subject) = (Some(finding.rule), finding.subject.clone());
        if today > self.until {
            let (until, reason) = (self.until, self.reason.clone());
            return Some(Fault::Past { entry, rule, subject, until, reason });
        }
        let accepted = self.severity.filter(|accepted| finding.severity > *accepted)?;
        Some(Fault::Graver { entry, rule: finding.rule, subject, accepted, now: finding.severity })
    }

    /// It was not found; the same may have been of another certificate.
    fn gone(&self, path: &str, findings: &[Finding]) -> Fault {
        let rule =
            self.rule.as_deref().and_then(|id| rules::all().find(|rule| rule.id == id)).map(|rule| rule.id);
        let subject = self.subject.clone().or_else(|| self.fingerprint.clone()).unwrap_or_default();
        let is_same = |finding: &&Finding| {
            Some(finding.rule) == rule && self.subject.as_ref().is_none_or(|own| *own == finding.subject)
        };
        let other = findings.iter().filter(|finding| finding.accepted.is_none()).find(is_same);
        let of_another = other.and_then(|finding| rules::tied_to(finding.rule));
        Fault::Gone { entry: format!("{path}:{}", self.line), rule, subject, of_another }
    }

    fn is_of(&self, run: Run<'_>) -> bool {
        self.target.as_deref() == Some(run.target)
            && self.command.as_deref().is_none_or(|command| command == run.command)
    }

    fn acceptance(&self) -> Acceptance {
        Acceptance { reason: self.reason.clone(), until: self.until }
    }
}

impl KnownOpen {
    /// Whether it is this question that is accepted: the same words, or others that differ in their counts alone.
    fn is_about(&self, question: &OpenQuestion) -> bool {
        question.kind.can_be_accepted()
            && (question.what == self.what || self.about.is_some() && question.about() == self.about)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
