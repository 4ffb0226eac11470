//! JUnit XML, as CI servers show it: a suite a target, a case a part.
//!
//! A finding at `--fail-on` makes its case fail. What stayed open is an error where it fails the run, and skipped
//! otherwise: no server shows either as passed.

mod comparison;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::document::{Head, Mark, PartLine, Piece, Section, Tail, verdict};
use super::fleet::Fleet;
use super::human::safe;
use crate::rules::{Finding, Severity};

/// How many of the targets that something is so of are named.
const MOST_NAMED: usize = 5;

/// The case of what stayed open of a target.
const DETERMINED: &str = "Everything determined";

/// One target.
pub(super) fn section(head: &Head, section: &Section<'_>) -> TestSuite {
    let mut suite = TestSuite::new(fit(section.name));
    let mut by_family: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &section.findings {
        by_family.entry(family(finding.rule)).or_default().push(finding);
    }
    for part in &section.parts {
        let findings = part.family.and_then(|family| by_family.remove(family)).unwrap_or_default();
        suite.add_test_case(case(head, section, part.label, Some(part), &findings));
    }
    if let Some(advised) = section.advised() {
        let findings = by_family.remove("CMP").unwrap_or_default();
        suite.add_test_cases(comparison::cases(head, section, advised, &findings));
    }
    for (family, findings) in by_family {
        suite.add_test_case(case(head, section, called(family), None, &findings));
    }
    suite.add_test_case(determined(head, section));
    suite
}

/// The whole report.
pub(super) fn document(head: &Head, pieces: &[Piece], tail: &Tail<'_>) -> Result<String, SerializeError> {
    let mut report = Report::new(format!("pinstead {}", head.command));
    for piece in pieces {
        // Adding them one by one counts them, too.
        report.add_test_suites(piece.body.suite().cloned());
    }
    let mut run = TestSuite::new("pinstead");
    run.add_property(Property::new("judged_at", head.judged_at.to_string()));
    run.add_property(Property::new("fail_on", head.fail_on.map_or("none", Severity::name)));
    run.add_property(Property::new("exit_code", tail.exit_code.to_string()));
    for basis in &head.basis {
        run.add_property(Property::new("judged_by", fit(basis)));
    }
    // Whatever else makes the run fail has to fail a case, or a server that reads only this would show it as passed.
    let failures: usize = report.test_suites.iter().map(|suite| suite.failures).sum();
    let errors: usize = report.test_suites.iter().map(|suite| suite.errors).sum();
    let mut status = match tail.exit_code {
        0 => TestCaseStatus::success(),
        1 if failures > 0 => TestCaseStatus::success(),
        1 => TestCaseStatus::non_success(NonSuccessKind::Failure),
        _ if failures > 0 || errors > 0 => TestCaseStatus::success(),
        _ => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    let mut words = verdict(head, pieces, tail);
    for note in tail.notes {
        let _ = write!(words, "\n{note}");
    }
    if matches!(status, TestCaseStatus::NonSuccess { .. }) {
        status.set_message(fit(&words));
    }
    let mut case = TestCase::new("The run as a whole", status);
    case.set_classname("pinstead");
    let mut told: Vec<String> = words.lines().map(ToOwned::to_owned).collect();
    for fact in tail.summary.in_short().map(Fleet::facts).unwrap_or_default() {
        told.push(format!("{}: {} targets: {}", fact.about, fact.targets, fact.told(MOST_NAMED)));
    }
    case.set_system_out(fit_lines(&told));
    run.add_test_case(case);
    report.add_test_suite(run);
    report.to_string()
}

fn case(
    head: &Head,
    section: &Section<'_>,
    label: &str,
    part: Option<&PartLine>,
    findings: &[&Finding],
) -> TestCase {
    let failing: Vec<&&Finding> =
        findings.iter().filter(|finding| finding.fails(|severity| head.fails(severity))).collect();
    let is_open = part.is_some_and(|part| part.mark == Mark::Open);
    let mut status = if !failing.is_empty() {
        TestCaseStatus::non_success(NonSuccessKind::Failure)
    } else if is_open {
        // Whether that fails the run is said by the case of what stayed open.
        TestCaseStatus::skipped()
    } else {
        TestCaseStatus::success()
    };
    if let [first, more @ ..] = failing.as_slice() {
        let rest = if more.is_empty() { String::new() } else { format!(" (and {} more)", more.len()) };
        status.set_message(fit(&format!("{} {}: {}{rest}", first.rule, first.title, first.message)));
        status.set_type(first.rule);
        status.set_description(fit_lines(&failing.iter().map(|finding| told(finding)).collect::<Vec<_>>()));
    } else if let (true, Some(part)) = (is_open, part) {
        status.set_message(fit(&part.words));
    }
    let mut case = TestCase::new(label, status);
    case.set_classname(fit(section.name));
    let mut lines: Vec<String> = part.iter().map(|part| part.words.clone()).collect();
    let milder = findings.iter().filter(|finding| !finding.fails(|severity| head.fails(severity)));
    lines.extend(milder.map(|finding| told(finding)));
    if !lines.is_empty() {
        case.set_system_out(fit_lines(&lines));
    }
    case
}

fn determined(head: &Head, section: &Section<'_>) -> TestCase {
    let fails = section.open.iter().any(|question| head.fails_open(question));
    let mut status = match (section.open.is_empty(), fails) {
        (true, _) => TestCaseStatus::success(),
        (false, true) => TestCaseStatus::non_success(NonSuccessKind::Error),
        (false, false) => TestCaseStatus::skipped(),
    };
    if !section.open.is_empty() {
        let open: Vec<&str> = section.open.iter().map(|question| question.what.as_str()).collect();
        status.set_message(fit(&format!("Not determined: {}.", open.join("; "))));
    }
    let mut case = TestCase::new(DETERMINED, status);
    case.set_classname(fit(section.name));
    case
}

fn told(finding: &Finding) -> String {
    let about = if finding.subject.is_empty() { String::new() } else { format!(" ({})", finding.subject) };
    let accepted = finding.accepted.as_ref().map(|accepted| format!(" [{accepted}]")).unwrap_or_default();
    format!(
        "{} {} {}{about}: {}{accepted} Do: {}",
        finding.severity, finding.rule, finding.title, finding.message, finding.advice
    )
}

/// The letters of a rule's id.
fn family(id: &str) -> &str {
    id.trim_end_matches(|character: char| character.is_ascii_digit())
}

/// What a family is called where no part of a target has its name.
fn called(family: &str) -> &str {
    match family {
        "TLS" => "Connection",
        "ISS" => "Issuer",
        "CRT" => "Issuance",
        "REV" => "Revocation",
        "PIN" => "Pins",
        "LOG" => "Logs",
        "CMP" => "Comparison",
        "RUN" => "Baseline",
        other => other,
    }
}

/// Characters that XML 1.0 (section 2.2) has no place for, and those that a terminal obeys, shown as what they are.
fn fit(text: &str) -> String {
    let fit = |character: char| {
        if matches!(character, '\u{fffe}' | '\u{ffff}') { char::REPLACEMENT_CHARACTER } else { character }
    };
    text.lines().map(|line| safe(line).chars().map(fit).collect::<String>()).collect::<Vec<_>>().join("\n")
}

fn fit_lines(lines: &[String]) -> String {
    lines.iter().map(|line| fit(&safe(line))).collect::<Vec<_>>().join("\n")
}
