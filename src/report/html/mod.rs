//! HTML for people: one file that is whole in itself, loads nothing and runs nothing.
//!
//! The templates escape by themselves; what comes from outside is shown as text only, without anything that would hide
//! or turn it around. The tables are made from the same JSON that `--format json` writes.

mod filters;
#[cfg(test)]
mod tests;
mod timeline;
mod why;

use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{Environment, Error, UndefinedBehavior, Value, context};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Outcome;
use super::compared::{self, HeadlineList, PinSetLine, PlannedStep, ThreatLine, plan_title};
use super::document::{Head, Mark, PartLine, Piece, Row, Section, Tail, verdict, word};
use super::fleet::{Fleet, FleetFact};
use super::human::safe;
use crate::compare::Comparison;
use crate::compare::advice::{Advice, Done};
use crate::compare::replay::Replay;
use crate::rules::{self, Finding, Severity};

/// The style sheet, which stands in the page.
const STYLE: &str = include_str!("templates/style.css");

/// Stands for the number of the target until that is known. Nothing from outside holds it: there, `<` is escaped.
const NUMBER: &str = "<N>";

/// The most findings shown of one target.
const MOST_FINDINGS: usize = 200;

/// The most characters of a finding's facts.
const MOST_FACTS: usize = 20_000;

/// How many of the targets that something is so of are named.
const MOST_NAMED: usize = 3;

/// The most octets of what is said of all targets, in full: a page of more is slow to open.
const MOST_PAGE: usize = 16 << 20;

/// What stands in the place of a target that there is no room for.
const LEFT_OUT: &str = "<p class=\"soft\">What there is to say of it is left out here, as the page is long already: \
    <code>--format json</code> has all of it.</p>";

/// From how many targets that did not pass on none is unfolded.
const MOST_UNFOLDED: usize = 20;

/// The templates, read once.
static TEMPLATES: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    for (name, text) in [
        ("page.html", include_str!("templates/page.html")),
        ("target.html", include_str!("templates/target.html")),
        ("blocks.html", include_str!("templates/blocks.html")),
        ("advice.html", include_str!("templates/advice.html")),
        ("headlines.html", include_str!("templates/headlines.html")),
        ("comparison.html", include_str!("templates/comparison.html")),
        ("replay.html", include_str!("templates/replay.html")),
        ("details.html", include_str!("templates/details.html")),
    ] {
        environment.add_template(name, text)?;
    }
    // A report has what was looked at and nothing else: each part may be missing.
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    filters::add(&mut environment);
    Ok(environment)
});

fn render(template: &str, context: Value) -> Result<String, String> {
    let environment = TEMPLATES.as_ref().map_err(ToString::to_string)?;
    environment
        .get_template(template)
        .and_then(|template| template.render(context))
        .map_err(|error| format!("{error:#}"))
}

/// A part as the template takes it.
#[derive(Serialize)]
struct PartView<'a> {
    label: &'static str,
    mark: &'static str,
    word: &'static str,
    words: &'a str,
}

impl<'a> PartView<'a> {
    fn of(part: &'a PartLine) -> Self {
        let (mark, word) = marked(part.mark);
        Self { label: part.label, mark, word, words: &part.words }
    }
}

/// A mark's class, and its word.
fn marked(mark: Mark) -> (&'static str, &'static str) {
    match mark {
        Mark::Good => ("good", "Good"),
        Mark::Bad => ("bad", "Bad"),
        Mark::Open => ("open", "Open"),
        Mark::None => ("none", "Not judged"),
    }
}

/// A finding as the template takes it.
#[derive(Serialize)]
struct FindingView<'a> {
    rule: &'a str,
    severity: Severity,
    title: &'a str,
    subject: &'a str,
    message: &'a str,
    advice: &'a str,
    location: Option<&'a rules::Location>,
    references: &'a [&'static str],
    /// Escaped already: it is JSON of several lines.
    evidence: String,
    fingerprint: String,
    accepted: Option<String>,
}

impl<'a> FindingView<'a> {
    fn of(section: &Section<'_>, finding: &'a Finding) -> Self {
        Self {
            rule: finding.rule,
            severity: finding.severity,
            title: finding.title,
            subject: &finding.subject,
            message: &finding.message,
            advice: &finding.advice,
            location: finding.location.as_ref(),
            references: &finding.references,
            evidence: facts(finding),
            fingerprint: finding
                .fingerprint
                .clone()
                .unwrap_or_else(|| rules::fingerprint(section.name, None, finding)),
            accepted: finding.accepted.as_ref().map(ToString::to_string),
        }
    }
}

/// The facts as JSON, escaped line by line.
fn facts(finding: &Finding) -> String {
    let json = finding.evidence.to_json();
    if json.is_null() {
        return String::new();
    }
    let mut text = String::new();
    for line in format!("{json:#}").lines() {
        if text.len() > MOST_FACTS {
            text.push_str("… (--format json has all of it)\n");
            break;
        }
        let _ = writeln!(text, "{}", filters::escaped(&safe(line)));
    }
    text
}

/// One target.
pub(super) fn section(section: &Section<'_>) -> Result<String, String> {
    let findings = section.findings.iter().take(MOST_FINDINGS);
    render(
        "target.html",
        context! {
            open => section.open.iter().map(|question| question.what.clone()).collect::<Vec<_>>(),
            findings => Value::from(Serde(findings.map(|one| FindingView::of(section, one)).collect::<Vec<_>>())),
            more_findings => section.findings.len().saturating_sub(MOST_FINDINGS),
            parts => Value::from(Serde(section.parts.iter().map(PartView::of).collect::<Vec<_>>())),
            data => Value::from(Serde(&section.data)),
            why => Value::from(Serde(why::by_control(&section.data))),
            is_compared => section.advised().is_some(),
            compared => Value::from(Serde(section.comparison.map(ComparedView::of))),
            plan => Value::from(Serde(section.advised().map(|(_, advice)| plan(advice)))),
            advice_word => section.advised().map(|(_, advice)| advice.verdict.word()),
            plan_title => section.advised().map(|(_, advice)| plan_title(advice)),
            timeline => Value::from(Serde(
                section.comparison.and_then(|comparison| comparison.replay.as_ref()).and_then(timeline::picture),
            )),
        },
    )
}

/// A comparison as the template takes it, beside its JSON.
#[derive(Serialize)]
struct ComparedView<'a> {
    headlines: [HeadlineList; 3],
    threats: Vec<ThreatLine>,
    /// What the kinds of clients are called, in their order.
    clients: Vec<String>,
    /// The pin sets of the replay, in its order.
    sets: Vec<PinSetLine<'a>>,
}

impl<'a> ComparedView<'a> {
    fn of(comparison: &'a Comparison) -> Self {
        let of = |replay: &'a Replay| replay.pin_sets.iter().map(|set| PinSetLine::of(set, replay)).collect();
        Self {
            headlines: compared::headlines(comparison),
            threats: compared::threats(comparison),
            clients: comparison.clients.iter().map(|client| client.client.title()).collect(),
            sets: comparison.replay.as_ref().map(of).unwrap_or_default(),
        }
    }
}

/// A step as the template takes it.
#[derive(Serialize)]
struct StepView<'a> {
    order: Option<usize>,
    what: &'static str,
    why: &'static str,
    source: &'static str,
    gate: &'a str,
    is_command: bool,
    mark: &'static str,
    state: &'static str,
    evidence: &'a str,
    required: bool,
}

impl<'a> StepView<'a> {
    fn of(planned: PlannedStep<'a>) -> Self {
        let step = planned.step;
        Self {
            order: planned.order,
            what: step.what,
            why: step.why,
            source: step.source,
            gate: &step.gate,
            is_command: step.gate_is_command,
            mark: match step.done {
                Done::Yes => "good",
                Done::No => "bad",
                Done::Unknown => "open",
            },
            state: planned.state(),
            evidence: &step.evidence,
            required: planned.is_required,
        }
    }
}

/// The plan as the template takes it.
fn plan(advice: &Advice) -> Vec<StepView<'_>> {
    compared::plan(advice).into_iter().map(StepView::of).collect()
}

/// What is so of some of the targets, as the template takes it.
#[derive(Serialize)]
struct FactView {
    about: &'static str,
    mark: &'static str,
    word: &'static str,
    targets: usize,
    words: String,
}

impl FactView {
    fn of(fact: &FleetFact) -> Self {
        let (mark, word) = match fact.mark {
            Mark::None => ("none", "Note"),
            mark => marked(mark),
        };
        Self { about: fact.about, mark, word, targets: fact.targets, words: fact.told(MOST_NAMED) }
    }
}

/// A count of the verdict.
#[derive(Serialize)]
struct Tally {
    title: String,
    class: &'static str,
    count: usize,
}

/// A target of the page.
#[derive(Clone, Serialize)]
struct RowView<'a> {
    number: usize,
    name: &'a str,
    outcome: Outcome,
    word: &'static str,
    counts: Vec<SeverityCount>,
    accepted: String,
    open: String,
    advice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folded: Option<bool>,
    body: String,
}

#[derive(Clone, Serialize)]
struct SeverityCount {
    severity: Severity,
    count: usize,
}

/// The whole report.
pub(super) fn document(head: &Head, pieces: &[Piece], tail: &Tail<'_>) -> Result<String, String> {
    let not_passed = pieces.iter().filter(|piece| piece.row.outcome != Outcome::Pass).count();
    let mut sorted: Vec<&Piece> = pieces.iter().collect();
    sorted.sort_by_cached_key(|piece| piece.row.place());
    let mut room = MOST_PAGE;
    let rows: Vec<RowView<'_>> = sorted
        .into_iter()
        .enumerate()
        .map(|(index, piece)| {
            let number = index.saturating_add(1);
            let row = &piece.row;
            // What failed comes first, so that what is left out is no worse than what stands.
            let rest = room.checked_sub(piece.body.text().len());
            room = rest.unwrap_or_default();
            let body = if rest.is_some() { piece.body.text() } else { LEFT_OUT };
            let folded = row.outcome == Outcome::Pass || not_passed > MOST_UNFOLDED;
            RowView {
                number,
                name: &row.name,
                outcome: row.outcome,
                word: word(row.outcome),
                counts: row
                    .counts
                    .iter()
                    .map(|&(severity, count)| SeverityCount { severity, count })
                    .collect(),
                accepted: row.accepted(),
                open: open(row),
                advice: row.advice,
                folded: (pieces.len() > 1).then_some(folded),
                body: body.replace(NUMBER, &number.to_string()),
            }
        })
        .collect();
    let whole = whole(tail);
    render(
        "page.html",
        context! {
            style => STYLE,
            style_hash => format!("sha256-{}", STANDARD.encode(Sha256::digest(STYLE.as_bytes()))),
            version => env!("CARGO_PKG_VERSION"),
            command => head.command,
            judged_at => head.judged_at.to_string(),
            outcome => Value::from(Serde(whole)),
            word => word(whole),
            verdict => verdict(head, pieces, tail),
            notes => Value::from(Serde(tail.notes)),
            counts => Value::from(Serde(counts(tail))),
            fleet => Value::from(Serde(fleet(tail))),
            basis => Value::from(Serde(&head.basis)),
            exit_code => tail.exit_code,
            ended => ended(tail.exit_code),
            fail_on => head.fail_on.map_or_else(|| "no severity".to_owned(), |least| match least {
                Severity::Critical => "severity critical".to_owned(),
                least => format!("severity {least} or graver"),
            }),
            strict => head.strict,
            rows => Value::from(Serde(&rows)),
            is_compared => pieces.iter().any(|piece| piece.row.advice.is_some()),
            filters => Value::from(Serde(filters(tail))),
        },
    )
}

/// What the list of targets can be narrowed to, without script.
fn filters(tail: &Tail<'_>) -> Vec<Tally> {
    let count = |outcome| tail.summary.count(outcome);
    let only = |title: &str, class, outcome| Tally { title: title.to_owned(), class, count: count(outcome) };
    vec![
        Tally { title: "all".to_owned(), class: "all", count: tail.summary.targets() },
        only("failed", "fail", Outcome::Fail),
        only("undetermined", "undetermined", Outcome::Undetermined),
        only("passed", "pass", Outcome::Pass),
    ]
}

/// What many targets have in common.
fn fleet(tail: &Tail<'_>) -> Vec<FactView> {
    let mut facts = tail.summary.in_short().map(Fleet::facts).unwrap_or_default();
    // What is wrong comes first, in the order in which it is told.
    facts.sort_by_key(|fact| match fact.mark {
        Mark::Bad => 0,
        Mark::Open => 1,
        Mark::None => 2,
        Mark::Good => 3,
    });
    facts.iter().map(FactView::of).collect()
}

fn open(row: &Row) -> String {
    match row.open.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [one, more @ ..] => format!("{one}; and {} more", more.len()),
    }
}

fn counts(tail: &Tail<'_>) -> Vec<Tally> {
    let summary = tail.summary;
    let title = if summary.targets() == 1 { "target" } else { "targets" };
    let mut counts = vec![Tally { title: title.to_owned(), class: "none", count: summary.targets() }];
    if summary.targets() > 1 {
        for (outcome, class) in
            [(Outcome::Pass, "pass"), (Outcome::Fail, "fail"), (Outcome::Undetermined, "undetermined")]
        {
            let title = word(outcome).to_ascii_lowercase();
            counts.push(Tally { title, class, count: summary.count(outcome) });
        }
    }
    let by_severity: Vec<(Severity, usize)> = summary.findings_by_severity().collect();
    for (severity, count) in by_severity.into_iter().rev().filter(|(_, count)| *count > 0) {
        counts.push(Tally { title: severity.to_string(), class: severity.name(), count });
    }
    let accepted = summary.accepted_by_severity().map(|(_, count)| count).sum();
    if accepted > 0 {
        counts.push(Tally { title: "of them accepted".to_owned(), class: "none", count: accepted });
    }
    counts
}

fn whole(tail: &Tail<'_>) -> Outcome {
    match tail.exit_code {
        0 if tail.summary.count(Outcome::Undetermined) == 0 => Outcome::Pass,
        0 | 3 => Outcome::Undetermined,
        _ => Outcome::Fail,
    }
}

fn ended(exit_code: u8) -> &'static str {
    match exit_code {
        0 => "nothing fails the run",
        1 => "findings fail the run",
        2 => "an input could not be used",
        _ => "something that had to be determined could not be",
    }
}
