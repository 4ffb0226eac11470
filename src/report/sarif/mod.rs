//! SARIF 2.1.0, for code scanning and for whatever else gathers findings of several tools.
//!
//! What stayed open is no result and no silence: each such part is a notification of the invocation, and an invocation
//! that had to determine it did not succeed. GitHub's code scanning takes a result only with a file, relative to the
//! repository: see [`physical`] for which one stands where a finding is about a server.

mod comparison;
mod model;
#[cfg(test)]
mod tests;
mod uri;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use self::model::{
    ArtifactLocation, AutomationDetails, Configuration, Driver, Fingerprints, Invocation, Level, Location,
    LogicalLocation, Message, Notification, PhysicalLocation, Reference, Region, ReportingDescriptor, Run,
    SarifLog, SarifResult, Suppression, Tool,
};
use super::document::{Head, Piece, Section, Tail};
use super::human::safe;
use super::json::v1::fleet_value;
use crate::question::OpenQuestion;
use crate::rules::{self, Finding, RuleInfo, Severity};

/// Where the standard's schema is; a name, which nothing here fetches.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// The id of the notifications about what stayed open.
const UNDETERMINED: &str = "undetermined";

/// The id of the notifications about what was compared.
const COMPARED: &str = "comparison";

/// The id of the notifications about the run itself.
const NOTE: &str = "run";

/// The most results of a run: GitHub's code scanning refuses one with more than 25,000.
const MOST_RESULTS: usize = 25_000;

/// The most notifications about targets.
const MOST_NOTIFICATIONS: usize = 10_000;

/// One target: its results, and what stayed open.
#[derive(Debug)]
pub(super) struct SarifResults {
    /// Each with what it weighs: none where it is accepted.
    results: Vec<(Option<Severity>, Value)>,
    notifications: Vec<Value>,
    rules: BTreeSet<&'static str>,
    /// Whether something stayed open that fails the run.
    has_error: bool,
    /// What was compared, in short.
    comparison: Option<Value>,
}

/// One target.
pub(super) fn section(head: &Head, section: &Section<'_>) -> serde_json::Result<SarifResults> {
    let results = section
        .findings
        .iter()
        .map(|finding| Ok((finding.counts(), serde_json::to_value(result(head, section, finding))?)));
    let notifications =
        section.open.iter().map(|question| serde_json::to_value(notification(head, section, question)));
    let mut notifications: Vec<Value> = notifications.collect::<Result<_, _>>()?;
    if let Some(advised) = section.advised() {
        notifications.push(serde_json::to_value(Notification {
            descriptor: Reference { id: COMPARED },
            level: Level::Note,
            message: Message::plain(safe(&comparison::sentence(section.name, advised))),
            locations: vec![location(head, section, None)],
        })?);
    }
    Ok(SarifResults {
        results: results.collect::<serde_json::Result<_>>()?,
        notifications,
        rules: section.findings.iter().map(|finding| finding.rule).collect(),
        has_error: section.open.iter().any(|question| head.fails_open(question)),
        comparison: section.advised().map(|advised| comparison::value(section.name, advised)),
    })
}

/// The whole report.
pub(super) fn document(head: &Head, pieces: &[Piece], tail: &Tail<'_>) -> serde_json::Result<String> {
    let all = || pieces.iter().filter_map(|piece| piece.body.results());
    let raised: BTreeSet<&str> = all().flat_map(|results| results.rules.iter().copied()).collect();
    let (results, cut) = within(all().flat_map(|results| &results.results).collect());
    let told: Vec<&Value> = all().flat_map(|results| &results.notifications).collect();
    let mut notifications: Vec<Value> = told.iter().copied().take(MOST_NOTIFICATIONS).cloned().collect();
    let untold = told.len().saturating_sub(MOST_NOTIFICATIONS);
    let own = [(cut, "results, none of them graver than those that stand here,"), (untold, "notifications")];
    let own = own.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| {
        format!(
            "{count} more {what} are left out here, as code scanning takes no more in one run. They count for the exit code; \
             --format json has them all."
        )
    });
    for note in tail.notes.iter().cloned().chain(own) {
        notifications.push(serde_json::to_value(Notification {
            descriptor: Reference { id: NOTE },
            level: Level::Warning,
            message: Message::plain(safe(&note)),
            locations: Vec::new(),
        })?);
    }
    let log = SarifLog {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "pinstead",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: rules::all().filter(|rule| raised.contains(rule.id)).map(descriptor).collect(),
                    notifications: vec![
                        kind(
                            UNDETERMINED,
                            "Not determined",
                            "Something was looked at and stayed open: that is neither good nor bad news about the target.",
                        ),
                        kind(
                            COMPARED,
                            "What was compared",
                            "What is prevented, detected and can lock users out, what the replay tells, and what to do: in short.",
                        ),
                        kind(NOTE, "About the run", "What the run has to say of itself, beside its targets."),
                    ],
                },
            },
            // The slash ends the category: GitHub keeps the results of `check` and of `issuance` beside one another.
            automation_details: AutomationDetails { id: format!("pinstead/{}/", head.command) },
            invocations: [Invocation {
                // Beside findings that fail the run, something that had to be determined may have stayed open.
                execution_successful: matches!(tail.exit_code, 0 | 1) && !all().any(|one| one.has_error),
                exit_code: tail.exit_code,
                exit_code_description: ended(tail.exit_code),
                tool_execution_notifications: notifications,
            }],
            results,
            column_kind: "unicodeCodePoints",
            properties: properties(head, pieces, tail)?,
        }],
    };
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

/// As many results as code scanning takes, as they came, the gravest if not all; and how many there are more.
fn within(mut all: Vec<&(Option<Severity>, Value)>) -> (Vec<Value>, usize) {
    let cut = all.len().saturating_sub(MOST_RESULTS);
    if cut > 0 {
        // A stable sort: of the same severity the first stay.
        all.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        all.truncate(MOST_RESULTS);
    }
    (all.into_iter().map(|(_, result)| result.clone()).collect(), cut)
}

fn properties(head: &Head, pieces: &[Piece], tail: &Tail<'_>) -> serde_json::Result<Value> {
    use super::Outcome::{Fail, Pass, Undetermined};
    let summary = tail.summary;
    let mut properties = json!({
        "judged_at": head.judged_at,
        "judged_by": head.basis,
        "fail_on": head.fail_on.map_or("none", Severity::name),
        "targets": summary.targets(),
        "pass": summary.count(Pass),
        "fail": summary.count(Fail),
        "undetermined": summary.count(Undetermined),
    });
    let compared = pieces.iter().filter_map(|piece| piece.body.results()?.comparison.as_ref());
    let compared: Vec<&Value> = compared.take(comparison::MOST).collect();
    if let (false, Some(properties)) = (compared.is_empty(), properties.as_object_mut()) {
        properties.insert("comparisons".to_owned(), json!(compared));
    }
    if let (Some(fleet), Some(properties)) = (summary.common(), properties.as_object_mut()) {
        properties.insert("fleet".to_owned(), fleet_value(fleet)?);
    }
    Ok(properties)
}

fn ended(exit_code: u8) -> &'static str {
    match exit_code {
        0 => "nothing at or above --fail-on",
        1 => "findings at or above --fail-on",
        2 => "an input could not be used",
        _ => "something that had to be determined could not be",
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Critical | Severity::High => Level::Error,
        Severity::Medium => Level::Warning,
        Severity::Low | Severity::Info => Level::Note,
    }
}

/// What GitHub shows as critical (over 9.0), high (over 7.0), medium (over 4.0) and low.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.1",
    }
}

fn descriptor(rule: &RuleInfo) -> ReportingDescriptor {
    let mut text = format!("{}\n\nWhat to do: {}\n\nSources:", rule.explanation, rule.advice);
    for reference in rule.references {
        let _ = write!(text, "\n- {reference}");
    }
    ReportingDescriptor {
        id: rule.id,
        short_description: Message::plain(rule.title),
        full_description: Message::plain(rule.explanation),
        help: Message { text, markdown: Some(rules::markdown(rule)) },
        default_configuration: Configuration { level: level(rule.severity) },
        properties: Some(json!({
            "severity": rule.severity,
            "security-severity": security_severity(rule.severity),
            "problem.severity": match level(rule.severity) {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Note => "recommendation",
            },
            "tags": ["security", family(rule.id)],
        })),
    }
}

/// The family of a rule, as a tag.
fn family(id: &str) -> &'static str {
    match id.trim_end_matches(|character: char| character.is_ascii_digit()) {
        "CT" | "LOG" => "certificate-transparency",
        "CAA" => "caa",
        "PIN" => "pinning",
        "REV" => "revocation",
        "CRT" | "ISS" => "issuance",
        _ => "tls",
    }
}

fn kind(id: &'static str, short: &str, full: &str) -> ReportingDescriptor {
    ReportingDescriptor {
        id,
        short_description: Message::plain(short),
        full_description: Message::plain(full),
        help: Message::plain(full),
        default_configuration: Configuration { level: Level::Warning },
        properties: None,
    }
}

fn result<'a>(head: &Head, section: &'a Section<'_>, finding: &'a Finding) -> SarifResult<'a> {
    let about = if finding.subject.is_empty() { String::new() } else { format!(" ({})", finding.subject) };
    // GitHub shows the message alone: it has to say of which target it is, and what to do.
    let text = format!("{}{about}: {}: {} {}", section.name, finding.title, finding.message, finding.advice);
    SarifResult {
        rule_id: finding.rule,
        level: level(finding.severity),
        message: Message::plain(safe(&text)),
        locations: [location(head, section, Some(finding))],
        partial_fingerprints: Fingerprints {
            pinstead: finding
                .fingerprint
                .clone()
                .unwrap_or_else(|| rules::fingerprint(section.name, None, finding)),
        },
        suppressions: finding
            .accepted
            .iter()
            .map(|accepted| Suppression {
                kind: "external",
                status: "accepted",
                justification: safe(&format!("{} (until {})", accepted.reason, accepted.until)).into_owned(),
            })
            .collect(),
        properties: json!({
            "severity": finding.severity,
            "target": section.name,
            "subject": finding.subject,
            "advice": finding.advice,
            "references": finding.references,
            "evidence": finding.evidence,
        }),
    }
}

fn notification<'a>(head: &Head, section: &'a Section<'_>, question: &OpenQuestion) -> Notification<'a> {
    let level = if head.fails_open(question) { Level::Error } else { Level::Warning };
    Notification {
        descriptor: Reference { id: UNDETERMINED },
        level,
        message: Message::plain(safe(&format!("{}: not determined: {}.", section.name, question.what))),
        locations: vec![location(head, section, None)],
    }
}

fn location<'a>(head: &Head, section: &'a Section<'_>, finding: Option<&Finding>) -> Location<'a> {
    Location {
        physical_location: physical(head, section, finding),
        logical_locations: [LogicalLocation { fully_qualified_name: section.name, kind: "resource" }],
    }
}

/// The file that a result is shown at.
///
/// Where the finding is about a line of a pin file, that one; where the target is a file, that one. A server is no file of
/// a repository, and GitHub refuses the whole upload where a result has none: then it is the policy, which is what the
/// owner says of the server, and without one a path made of the target's name.
fn physical(head: &Head, section: &Section<'_>, finding: Option<&Finding>) -> PhysicalLocation {
    let (file, line) = match (finding.and_then(|finding| finding.location.as_ref()), section.home) {
        (Some(location), _) => match location.file.split_once("!/") {
            // A line within a package is none of the package's.
            Some((package, _)) => (Some(package), None),
            None => (Some(location.file.as_str()), location.line),
        },
        (None, home) => (home, None),
    };
    let uri = match file {
        Some(file) => uri::of_file(file, head.folder.as_deref()),
        None => uri::of_name(section.name),
    };
    PhysicalLocation {
        artifact_location: ArtifactLocation { uri },
        region: Region { start_line: line.unwrap_or(1).max(1) },
    }
}
