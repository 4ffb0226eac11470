//! What the commands report, each in the shape that all forms take.

use serde_json::{Value, json};

use super::{DocumentError, DocumentForm, Head, Mark, PartLine, Section};
use crate::caa::{CaaReading, Relevant, Verdict};
use crate::pins::{OpenPart, PinsVerdict};
use crate::question::{OpenKind, OpenQuestion};
use crate::report::human::safe;
use crate::report::{IssuanceReport, Outcome, TargetReport, human, json as forms};
use crate::rules::Finding;

impl<'a> Section<'a> {
    /// One target of `check`, for this form.
    pub fn of_target(
        report: &'a TargetReport<'a>,
        head: &'a Head,
        form: DocumentForm,
    ) -> Result<Self, DocumentError> {
        let verdicts = report.verdicts;
        // Standard input is no file that anybody could look into.
        let own = match &verdicts.observed.names_nothing {
            Some(place) => place.file(),
            None => (verdicts.observed.is_file && verdicts.target != "-").then_some(verdicts.target.as_str()),
        };
        Ok(Self {
            name: &verdicts.target,
            outcome: report.outcome,
            parts: parts_of(report),
            open: verdicts.open_questions(),
            findings: report.findings.clone(),
            home: own.or(head.home.as_deref()),
            data: form.data(|| forms::v1::check::value(report))?,
            comparison: verdicts.comparison.verdict(),
        })
    }

    /// One name of `caa`; `is_open` tells whether anything that was asked of it stayed open, and `data` is its JSON.
    pub fn of_caa(
        reading: &'a CaaReading,
        findings: &'a [Finding],
        is_open: bool,
        head: &'a Head,
        data: &Value,
    ) -> Self {
        let why = match &reading.relevant {
            Relevant::Undetermined { .. } => "what CAA says: a look-up failed",
            _ if reading.nameservers.is_undetermined() => "whether the nameservers agree about CAA",
            _ => "whether each CA that was asked about may issue",
        };
        let open = if is_open { vec![OpenKind::Elsewhere.asks(why, true)] } else { Vec::new() };
        Self {
            name: &reading.name,
            outcome: outcome(head, findings, !open.is_empty()),
            parts: vec![caa_part(reading)],
            open,
            findings: gravest_first(findings),
            home: head.home.as_deref(),
            data: json!({"caa": {"names": [data]}}),
            comparison: None,
        }
    }

    /// The files of `pins`, as one; `fails` tells whether what stayed open fails the command.
    pub fn of_pins(
        (name, verdict): (&'a str, &'a PinsVerdict),
        findings: &'a [Finding],
        (open, fails): (&[OpenPart], bool),
        head: &'a Head,
        data: &Value,
    ) -> Self {
        let open: Vec<OpenQuestion> = open
            .iter()
            .map(|part| {
                let place = match (&part.file, part.line) {
                    (Some(file), Some(line)) => format!("{file}:{line}: "),
                    (Some(file), None) => format!("{file}: "),
                    (None, _) => String::new(),
                };
                OpenKind::Elsewhere.asks(format!("{place}{}", part.why), fails)
            })
            .collect();
        Self {
            name,
            outcome: outcome(head, findings, !open.is_empty()),
            parts: vec![pins_part(verdict)],
            open,
            findings: gravest_first(findings),
            home: head.home.as_deref(),
            data: json!({"pins": data}),
            comparison: None,
        }
    }

    /// One name of `issuance`.
    pub fn of_issuance(
        report: &'a IssuanceReport<'a>,
        head: &'a Head,
        form: DocumentForm,
    ) -> Result<Self, DocumentError> {
        let verdict = report.verdict;
        let (mark, words) = human::issuance::words(verdict);
        Ok(Self {
            name: verdict.name.as_str(),
            outcome: report.outcome,
            parts: vec![PartLine { label: "Issuance", family: Some("CRT"), mark, words }],
            open: verdict.demanded().into_iter().chain(verdict.open()).collect(),
            findings: report.findings.clone(),
            home: head.home.as_deref(),
            data: form.data(|| forms::v1::issuance::value(report))?,
            comparison: None,
        })
    }

    /// Whatever else has findings: a part of what `watch` saw, for one.
    pub fn of_findings(
        name: &'a str,
        findings: &'a [Finding],
        open: Vec<OpenQuestion>,
        head: &'a Head,
    ) -> Self {
        Self {
            name,
            outcome: outcome(head, findings, !open.is_empty()),
            parts: Vec::new(),
            open,
            findings: gravest_first(findings),
            home: head.home.as_deref(),
            data: Value::Null,
            comparison: None,
        }
    }
}

/// The parts, with what is accepted as not determined behind them.
fn parts_of(report: &TargetReport<'_>) -> Vec<PartLine> {
    let mut parts = human::check::parts(report);
    parts.extend(report.verdicts.accepted_open.iter().map(|accepted| PartLine {
        label: "Accepted",
        family: None,
        mark: Mark::None,
        words: safe(&format!("Not determined: {}; {}.", accepted.what, accepted.acceptance)).into_owned(),
    }));
    parts
}

fn outcome(head: &Head, findings: &[Finding], is_open: bool) -> Outcome {
    if findings.iter().any(|finding| finding.fails(|severity| head.fails(severity))) {
        Outcome::Fail
    } else if is_open {
        Outcome::Undetermined
    } else {
        Outcome::Pass
    }
}

fn gravest_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    sorted
}

/// Who may issue for a name, in a few words.
fn caa_part(reading: &CaaReading) -> PartLine {
    let is_undetermined = reading.is_undetermined();
    let (mark, first) = match &reading.relevant {
        Relevant::NotApplicable(_) => (Mark::None, "CAA does not apply.".to_owned()),
        Relevant::Undetermined { .. } => {
            (Mark::Open, "A look-up failed: what CAA says is not known.".to_owned())
        }
        Relevant::NoneAnywhere => (Mark::None, "No record anywhere: every CA may issue.".to_owned()),
        Relevant::Set(set) => (
            if is_undetermined { Mark::Open } else { Mark::Good },
            format!("The set at {} counts.", set.name),
        ),
    };
    let verdicts = reading.verdicts.iter().map(|verdict| {
        let word = match verdict.verdict {
            Verdict::Permit => "may issue",
            Verdict::Deny => "may not issue",
            Verdict::Undetermined => "is undetermined",
        };
        format!("{} {word}: {}.", verdict.ca, verdict.reason.trim_end_matches('.'))
    });
    let words = std::iter::once(first).chain(verdicts).collect::<Vec<_>>().join(" ");
    PartLine { label: "CAA", family: Some("CAA"), mark, words: safe(&words).into_owned() }
}

/// What the files pin, in a few words.
fn pins_part(verdict: &PinsVerdict) -> PartLine {
    let (mark, words) = if verdict.host.is_some() {
        human::target_pins(verdict)
    } else {
        let entries: usize = verdict.sources.iter().map(|source| source.entries.len()).sum();
        let of =
            |count: usize, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
        let words = format!(
            "{} in {}.",
            of(entries, "entry", "entries"),
            of(verdict.sources.len(), "source", "sources")
        );
        (Mark::None, words)
    };
    PartLine { label: "Pins", family: Some("PIN"), mark, words }
}
