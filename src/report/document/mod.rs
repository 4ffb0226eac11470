//! A report that is passed on: the same shape whatever the command, for every form that others read.
//!
//! A command drives it in three steps: a [`Head`] at the beginning, one [`Section`] a target, which becomes a
//! [`Piece`] and is then let go, and a [`Tail`] at the end. SARIF, JUnit, Markdown and HTML say what all of it comes
//! to at their top or need it whole, so that they are written at the end, out of the pieces.

#[cfg(test)]
pub(super) mod sample;
mod sections;

use std::cmp::Reverse;

use jiff::Timestamp;
use quick_junit::TestSuite;
use serde_json::Value;

use super::{Outcome, Summary, html, junit, markdown, of_them_accepted, sarif};
use crate::compare::Comparison;
use crate::compare::advice::Advice;
use crate::question::OpenQuestion;
use crate::rules::{Finding, REQUIRED, Severity};

/// A form of report that is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentForm {
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for CI servers.
    Junit,
    /// Markdown, for a comment on a pull request.
    Markdown,
    /// HTML, for people.
    Html,
}

impl std::fmt::Display for DocumentForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Html => "html",
        })
    }
}

/// Why a report could not be written in a form: a fault of the program, never of what was judged.
#[derive(Debug, thiserror::Error)]
#[error("the report cannot be written as {form}: {why}")]
pub struct DocumentError {
    form: DocumentForm,
    why: String,
}

impl DocumentError {
    fn new(form: DocumentForm, why: &impl ToString) -> Self {
        Self { form, why: why.to_string() }
    }
}

/// What is known before the first target.
#[derive(Clone, Debug)]
pub struct Head {
    /// The command, such as `check`.
    pub command: &'static str,
    /// As of when was judged.
    pub judged_at: Timestamp,
    /// What was judged by: log lists and their age; sentences.
    pub basis: Vec<String>,
    /// The file that stands for targets that are none: the policy, if there is one.
    pub home: Option<String>,
    /// The working directory, where it is known: relative paths are of it.
    pub folder: Option<String>,
    /// The least severity that fails the command; `None` where none does.
    pub fail_on: Option<Severity>,
    /// Whether anything that stayed open fails the command.
    pub strict: bool,
}

impl Head {
    /// Whether a finding of this severity fails the command.
    pub fn fails(&self, severity: Severity) -> bool {
        self.fail_on.is_some_and(|least| severity >= least)
    }

    /// Whether an open question fails the command.
    pub fn fails_open(&self, question: &OpenQuestion) -> bool {
        self.strict || question.demanded
    }
}

/// One target: a server, a file, a name.
#[derive(Debug)]
pub struct Section<'a> {
    /// What it is called.
    pub name: &'a str,
    /// How it came out.
    pub outcome: Outcome,
    /// What each part came to.
    pub parts: Vec<PartLine>,
    /// What was looked at and stayed open.
    pub open: Vec<OpenQuestion>,
    /// The findings, gravest first.
    pub findings: Vec<&'a Finding>,
    /// The file that it is, or that stands for it.
    pub home: Option<&'a str>,
    /// The same as `--format json` has it, for tables; null where the form has none.
    pub data: Value,
    /// The protections side by side, where they were compared.
    pub comparison: Option<&'a Comparison>,
}

impl<'a> Section<'a> {
    /// The comparison with its advice, where `pinstead compare` made it: the other commands do not tell of it at length.
    pub(super) fn advised(&self) -> Option<(&'a Comparison, &'a Advice)> {
        self.comparison.and_then(|comparison| Some((comparison, comparison.advice.as_ref()?)))
    }
}

/// What one part of a target came to.
#[derive(Clone, Debug)]
pub struct PartLine {
    /// The part, such as `CAA`.
    pub label: &'static str,
    /// The family of rules that speaks of it, if there is one: the letters of their ids.
    pub family: Option<&'static str>,
    /// How it looks at a glance.
    pub mark: Mark,
    /// The same in words, fit for a terminal.
    pub words: String,
}

impl PartLine {
    /// Whether a rule is of the family that speaks of this part.
    pub(super) fn is_spoken_of_by(&self, rule: &str) -> bool {
        let number = self.family.and_then(|family| rule.strip_prefix(family));
        number.is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()))
    }
}

/// How a part looks at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// Wrong.
    Bad,
    /// Not determined.
    Open,
    /// Nothing was judged.
    None,
}

/// What is known after the last target.
#[derive(Debug)]
pub struct Tail<'a> {
    /// All targets, counted.
    pub summary: &'a Summary,
    /// What the process ends with.
    pub exit_code: u8,
    /// What else the exit code may be about, beside the targets; sentences.
    pub notes: &'a [String],
}

/// One target, rendered: what is kept of it until the end.
#[derive(Debug)]
pub struct Piece {
    pub(super) row: Row,
    pub(super) body: Body,
}

/// One target in its form.
#[derive(Debug)]
pub(super) enum Body {
    /// Markdown or HTML.
    Text(String),
    /// SARIF.
    Results(sarif::SarifResults),
    /// JUnit.
    Suite(Box<TestSuite>),
}

impl Body {
    /// The text, where it is one.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Results(_) | Self::Suite(_) => "",
        }
    }

    /// The results, where it is SARIF.
    pub(super) fn results(&self) -> Option<&sarif::SarifResults> {
        match self {
            Self::Results(results) => Some(results),
            Self::Text(_) | Self::Suite(_) => None,
        }
    }

    /// The suite, where it is JUnit.
    pub(super) fn suite(&self) -> Option<&TestSuite> {
        match self {
            Self::Suite(suite) => Some(suite),
            Self::Text(_) | Self::Results(_) => None,
        }
    }
}

/// What the summary of a report says of one target.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) outcome: Outcome,
    /// How many findings of each severity, the gravest first; only those there are.
    pub(super) counts: Vec<(Severity, usize)>,
    /// How many of these a baseline accepts.
    pub(super) accepted: Vec<(Severity, usize)>,
    pub(super) open: Vec<String>,
    /// Whether a finding fails the command by its severity, and whether a step that is required is not done.
    pub(super) fails: (bool, bool),
    /// What is advised about its pins, where it was compared: then there is something to say of it whatever came out.
    pub(super) advice: Option<&'static str>,
}

impl Piece {
    /// Counts the target in.
    pub fn count_into(&self, summary: &mut Summary) {
        let accepted = |severity: Severity| {
            self.row.accepted.iter().find(|(known, _)| *known == severity).map_or(0, |(_, count)| *count)
        };
        let findings = self.row.counts.iter().flat_map(|(severity, count)| {
            (0..*count).map(|number| (*severity, number < accepted(*severity)))
        });
        summary.add(self.row.outcome, findings);
    }

    /// What the target is called.
    pub fn name(&self) -> &str {
        &self.row.name
    }
}

impl Row {
    fn of(head: &Head, section: &Section<'_>) -> Self {
        let counts = |of: &dyn Fn(&Finding) -> bool| {
            let count =
                |severity| section.findings.iter().filter(|one| one.severity == severity && of(one)).count();
            let each = Severity::ALL.into_iter().rev().map(|severity| (severity, count(severity)));
            each.filter(|(_, count)| *count > 0).collect()
        };
        Self {
            name: section.name.to_owned(),
            outcome: section.outcome,
            counts: counts(&|_| true),
            accepted: counts(&|finding| finding.accepted.is_some()),
            open: section.open.iter().map(|question| question.what.clone()).collect(),
            fails: (
                section.findings.iter().any(|finding| {
                    finding.rule != REQUIRED && finding.counts().is_some_and(|severity| head.fails(severity))
                }),
                section.findings.iter().any(|finding| finding.rule == REQUIRED),
            ),
            advice: section.advised().map(|(_, advice)| advice.verdict.word()),
        }
    }

    /// Its place in a report that begins with what failed and ends with what passed, of each the gravest first.
    pub(super) fn place(&self) -> (u8, Reverse<Vec<usize>>) {
        let outcome = match self.outcome {
            Outcome::Fail => 0,
            Outcome::Undetermined => 1,
            Outcome::Pass => 2,
        };
        let count = |severity| {
            self.counts.iter().find(|(known, _)| *known == severity).map_or(0, |(_, count)| *count)
        };
        (outcome, Reverse(Severity::ALL.into_iter().rev().map(count).collect()))
    }

    /// “1 high, 2 low (1 of them accepted)”; empty where there is none.
    pub(super) fn tally(&self) -> String {
        let counts: Vec<String> =
            self.counts.iter().map(|(severity, count)| format!("{count} {severity}")).collect();
        counts.join(", ") + &self.accepted()
    }

    /// How many of the findings are accepted, behind their counts.
    pub(super) fn accepted(&self) -> String {
        let sum = |counts: &[(Severity, usize)]| counts.iter().map(|(_, count)| count).sum();
        of_them_accepted(sum(&self.accepted), sum(&self.counts))
    }
}

impl DocumentForm {
    /// Renders one target.
    pub fn piece(self, head: &Head, section: &Section<'_>) -> Result<Piece, DocumentError> {
        let row = Row::of(head, section);
        let body = match self {
            Self::Sarif => Body::Results(
                sarif::section(head, section).map_err(|error| DocumentError::new(self, &error))?,
            ),
            Self::Junit => Body::Suite(Box::new(junit::section(head, section))),
            Self::Markdown => Body::Text(markdown::section(section)),
            Self::Html => {
                Body::Text(html::section(section).map_err(|error| DocumentError::new(self, &error))?)
            }
        };
        Ok(Piece { row, body })
    }

    /// The JSON of a target, for a form that shows tables of all that was looked at; null for the others.
    pub fn data(self, value: impl FnOnce() -> serde_json::Result<Value>) -> Result<Value, DocumentError> {
        if self != Self::Html {
            return Ok(Value::Null);
        }
        value().map_err(|error| DocumentError::new(self, &error))
    }

    /// Writes the whole report.
    pub fn document(self, head: &Head, pieces: &[Piece], tail: &Tail<'_>) -> Result<String, DocumentError> {
        match self {
            Self::Sarif => {
                sarif::document(head, pieces, tail).map_err(|error| DocumentError::new(self, &error))
            }
            Self::Junit => {
                junit::document(head, pieces, tail).map_err(|error| DocumentError::new(self, &error))
            }
            Self::Markdown => Ok(markdown::document(head, pieces, tail)),
            Self::Html => {
                html::document(head, pieces, tail).map_err(|error| DocumentError::new(self, &error))
            }
        }
    }
}

/// The word of an outcome.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "Pass",
        Outcome::Fail => "Fail",
        Outcome::Undetermined => "Undetermined",
    }
}

/// What the whole report comes to, in a sentence or two.
pub(super) fn verdict(head: &Head, pieces: &[Piece], tail: &Tail<'_>) -> String {
    let summary = tail.summary;
    let all = summary.targets();
    let (failed, open) = (summary.count(Outcome::Fail), summary.count(Outcome::Undetermined));
    // A step that is required fails the run by itself.
    let by_step = pieces.iter().filter(|piece| piece.row.fails.1).count();
    let Some(least) = head.fail_on else {
        if by_step > 0 {
            return match all {
                1 => "A step that is required is not done.".to_owned(),
                _ => format!("{failed} of {all} targets fail: a step that is required is not done."),
            };
        }
        return format!(
            "{all} looked at, {} pass, {open} undetermined; no finding fails the run.",
            summary.count(Outcome::Pass)
        );
    };
    let what = match least {
        Severity::Critical => "findings of severity critical".to_owned(),
        least => format!("findings of severity {least} or graver"),
    };
    let accepted = summary.accepted_by_severity().filter(|(severity, _)| *severity >= least);
    let accepted: usize = accepted.map(|(_, count)| count).sum();
    let none = match accepted {
        0 => format!("No {what}"),
        accepted => format!("No {what} but {accepted} that a baseline accepts"),
    };
    match (all, failed, open, tail.exit_code) {
        (_, 0, 0, 0) => format!("{none}, and everything that was looked at could be determined."),
        (1, 0, _, 0) => format!("{none}, but not everything could be determined."),
        (_, 0, open, 0) => {
            format!("{none}, but of {open} of {all} targets not everything could be determined.")
        }
        (1, 0, ..) => "It could not be determined whether all is well.".to_owned(),
        (_, 0, open, _) => {
            format!(
                "It could not be determined whether all is well: of {open} of {all} targets something stayed open."
            )
        }
        (_, failed, open, _) => {
            let by_finding = pieces.iter().filter(|piece| piece.row.fails.0).count();
            let why = because(all, (failed, by_finding, by_step), &what);
            let accepted = match accepted {
                0 => String::new(),
                1 => "; 1 more such finding is accepted by a baseline".to_owned(),
                accepted => format!("; {accepted} more such findings are accepted by a baseline"),
            };
            match open {
                0 => format!("{why}{accepted}."),
                open => format!("{why}{accepted}; of {open} more not everything could be determined."),
            }
        }
    }
}

/// Why targets failed: for findings of these severities, for steps that are required, or both.
fn because(all: usize, (failed, by_finding, by_step): (usize, usize, usize), what: &str) -> String {
    match (all, by_finding, by_step) {
        (1, 0, 1..) => "A step that is required is not done".to_owned(),
        (1, _, 1..) => format!("There are {what}, and a step that is required is not done"),
        (1, ..) => format!("There are {what}"),
        (_, _, 0) => format!("{failed} of {all} targets have {what}"),
        (_, 0, steps) => format!("Of {steps} of {all} targets a step that is required is not done"),
        (_, found, steps) => {
            format!(
                "{found} of {all} targets have {what}, and of {steps} a step that is required is not done"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Acceptance;

    /// “No findings” beside accepted ones would be untrue, and a table without the word hides what nobody repairs.
    #[test]
    fn what_is_accepted_is_said_in_lead_and_table() {
        let mut findings = sample::findings();
        for finding in &mut findings {
            finding.accepted =
                Some(Acceptance { reason: "known".to_owned(), until: "2027-06-30".parse().unwrap() });
        }
        let lead = "No findings of severity high or graver but 2 that a baseline accepts, and everything";
        let counts = "1 critical, 1 high, 1 medium (accepted)";
        let told = |findings: &[Finding], form, outcome| {
            let section = Section { outcome, ..sample::sections(findings, &[]).swap_remove(1) };
            sample::document(form, &[section], u8::from(outcome == Outcome::Fail))
        };
        let markdown = told(&findings, DocumentForm::Markdown, Outcome::Pass);
        assert!(markdown.contains(lead) && markdown.contains(counts), "{markdown}");
        let page = told(&findings, DocumentForm::Html, Outcome::Pass);
        assert!(page.contains(lead) && page.contains("of them accepted"), "{page}");
        findings[0].accepted = None;
        let some = told(&findings, DocumentForm::Markdown, Outcome::Fail);
        let lead =
            "There are findings of severity high or graver; 1 more such finding is accepted by a baseline.";
        assert!(some.contains(lead) && some.contains("1 medium (2 of them accepted)"), "{some}");
    }

    #[test]
    fn what_failed_is_said_and_nothing_else() {
        let told = |all, counts| because(all, counts, "findings of severity high or graver");
        for (all, counts, expected) in [
            (1, (1, 1, 0), "There are findings of severity high or graver"),
            (1, (1, 0, 1), "A step that is required is not done"),
            (
                1,
                (1, 1, 1),
                "There are findings of severity high or graver, and a step that is required is not done",
            ),
            (4, (3, 3, 0), "3 of 4 targets have findings of severity high or graver"),
            (4, (2, 0, 2), "Of 2 of 4 targets a step that is required is not done"),
            (
                4,
                (3, 1, 2),
                "1 of 4 targets have findings of severity high or graver, and of 2 a step that is required is not done",
            ),
        ] {
            assert_eq!(told(all, counts), expected);
        }
    }
}
