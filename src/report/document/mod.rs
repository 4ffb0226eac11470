//! A report that is passed on: the same shape whatever the command, for every form that others read.
//!
//! A command drives it in three steps: a [`Head`] at the beginning, one [`Section`] a target, which becomes a
//! [`Piece`] and is then let go, and a [`Tail`] at the end. SARIF, JUnit, Markdown and HTML say what all of it comes
//! to at their top or need it whole, so that they are written at the end, out of the pieces.

use jiff::Timestamp;

use quick_junit::TestSuite;
use serde_json::Value;

use super::{Outcome, Summary, TargetReport, html, human, json, junit, markdown, sarif};
use crate::compare::replay::Replay;
use crate::judge::{OpenQuestion, TargetVerdicts};
use crate::rules::{Finding, Severity};

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
    fn new(form: DocumentForm, why: impl ToString) -> Self {
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
    /// The replay over issuance history, if it was made.
    pub replay: Option<&'a Replay>,
}

impl<'a> Section<'a> {
    /// One target of `check`, for this form.
    pub fn of_target(
        report: &'a TargetReport<'a>,
        head: &'a Head,
        form: DocumentForm,
    ) -> Result<Self, DocumentError> {
        let verdicts = report.verdicts;
        let data = if form.has_tables() { json::v1::check::value(report) } else { Ok(Value::Null) };
        // Standard input is no file that anybody could look into.
        let own = (verdicts.observed.is_file && verdicts.target != "-").then_some(verdicts.target.as_str());
        Ok(Self {
            name: &report.verdicts.target,
            outcome: report.outcome,
            parts: parts_of(report.verdicts),
            open: report.verdicts.open_questions(),
            findings: report.findings.clone(),
            home: own.or(head.home.as_deref()),
            data: data.map_err(|error| DocumentError::new(form, error))?,
            replay: verdicts.comparison.verdict().and_then(|comparison| comparison.replay.as_ref()),
        })
    }
}

/// The parts, with what is accepted as not determined behind them.
fn parts_of(verdicts: &TargetVerdicts) -> Vec<PartLine> {
    let mut parts = human::check::parts(verdicts);
    parts.extend(verdicts.accepted_open.iter().map(|accepted| PartLine {
        label: "Accepted",
        family: None,
        mark: Mark::None,
        words:
            human::safe(&format!("Not determined: {}; {}.", accepted.what, accepted.acceptance)).into_owned(),
    }));
    parts
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
    Results(sarif::Results),
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
    pub(super) fn results(&self) -> Option<&sarif::Results> {
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
    pub(super) open: Vec<String>,
}

impl Row {
    fn of(section: &Section<'_>) -> Self {
        let count = |severity| section.findings.iter().filter(|one| one.severity == severity).count();
        Self {
            name: section.name.to_owned(),
            outcome: section.outcome,
            counts: Severity::ALL
                .into_iter()
                .rev()
                .map(|severity| (severity, count(severity)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            open: section.open.iter().map(|question| question.what.clone()).collect(),
        }
    }

    /// “1 high, 2 low”; empty where there is none.
    pub(super) fn tally(&self) -> String {
        let counts: Vec<String> =
            self.counts.iter().map(|(severity, count)| format!("{count} {severity}")).collect();
        counts.join(", ")
    }
}

impl DocumentForm {
    /// Renders one target.
    pub fn piece(self, head: &Head, section: &Section<'_>) -> Result<Piece, DocumentError> {
        let row = Row::of(section);
        let body = match self {
            Self::Sarif => {
                Body::Results(sarif::section(head, section).map_err(|error| DocumentError::new(self, error))?)
            }
            Self::Junit => Body::Suite(Box::new(junit::section(head, section))),
            Self::Markdown => Body::Text(markdown::section(section)),
            Self::Html => {
                Body::Text(html::section(section).map_err(|error| DocumentError::new(self, error))?)
            }
        };
        Ok(Piece { row, body })
    }

    /// Whether it shows tables of all that was looked at.
    pub fn has_tables(self) -> bool {
        self == Self::Html
    }

    /// Writes the whole report.
    pub fn document(self, head: &Head, pieces: &[Piece], tail: &Tail<'_>) -> Result<String, DocumentError> {
        match self {
            Self::Sarif => {
                sarif::document(head, pieces, tail).map_err(|error| DocumentError::new(self, error))
            }
            Self::Junit => {
                junit::document(head, pieces, tail).map_err(|error| DocumentError::new(self, error))
            }
            Self::Markdown => Ok(markdown::document(head, pieces, tail)),
            Self::Html => html::document(head, pieces, tail).map_err(|error| DocumentError::new(self, error)),
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

/// What the whole report comes to, in one sentence.
pub(super) fn verdict(head: &Head, tail: &Tail<'_>) -> String {
    let summary = tail.summary;
    let targets = |count: usize| if count == 1 { "target" } else { "targets" };
    let all = summary.targets();
    let (failed, open) = (summary.count(Outcome::Fail), summary.count(Outcome::Undetermined));
    let least = head.fail_on.map_or_else(
        || "no finding fails it".to_owned(),
        |severity| match severity {
            Severity::Critical => "severity critical".to_owned(),
            severity => format!("severity {severity} or graver"),
        },
    );
    let mut text = match (failed, open, tail.exit_code) {
        (0, 0, 0) => format!("Nothing of {least} was found for {all} {}.", targets(all)),
        (0, open, 0) => format!(
            "Nothing of {least} was found for {all} {}, but of {open} not everything could be determined.",
            targets(all)
        ),
        (0, open, _) => format!(
            "It could not be determined whether all is well: of {open} of {all} {} something stayed open.",
            targets(all)
        ),
        (failed, 0, _) => format!("{failed} of {all} {} failed: findings of {least}.", targets(all)),
        (failed, open, _) => format!(
            "{failed} of {all} {} failed: findings of {least}. Of {open} more not everything could be determined.",
            targets(all)
        ),
    };
    if head.fail_on.is_none() {
        text = format!(
            "{all} {} looked at; no finding fails the run. {} pass, {open} undetermined.",
            targets(all),
            summary.count(Outcome::Pass)
        );
    }
    text
}
