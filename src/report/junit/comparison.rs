//! The cases of `pinstead compare`: each headline, the replay, the next renewal, the advice, and each step of the plan.
//!
//! A required step fails where it is not done, and is an error where that is not known, as the run does; a step that is
//! only planned is skipped then, and so is a headline of which something is not known: no server shows that as passed.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus};

use super::{fit, fit_lines, told};
use crate::compare::Comparison;
use crate::compare::advice::{Advice, Done, Verdict};
use crate::compare::replay::{LocksOutNow, PinSetKind, Replay, ReplayedPinSet};
use crate::report::compared::{self, HeadlineList, PinSetLine, PlannedStep};
use crate::report::document::{Head, Section};
use crate::rules::Finding;

/// The rules whose findings belong to the case of a step, of the replay and of the next renewal.
const STEP: &str = "CMP003";
const REPLAY: &str = "CMP002";
const RENEWAL: &str = "CMP001";
const NOW: &str = "CMP004";

/// The case of whether pins lock users out now.
const PINS_NOW: &str = "Pins and what is served now";

/// A case before its findings are counted in.
struct Draft {
    name: String,
    findings: Vec<usize>,
    /// How it comes out where no finding fails it; the message where it is no success.
    status: Status,
    lines: Vec<String>,
}

enum Status {
    Success,
    Skipped(String),
    Failure(String),
    Error(String),
}

/// The cases, with the findings of the family `CMP` in them.
pub(super) fn cases(
    head: &Head,
    section: &Section<'_>,
    (comparison, advice): (&Comparison, &Advice),
    findings: &[&Finding],
) -> Vec<TestCase> {
    let mut drafts: Vec<Draft> = compared::headlines(comparison).iter().map(headline).collect();
    drafts.push(replay(comparison));
    drafts.extend(now(comparison));
    drafts.extend(next_renewal(comparison));
    drafts.push(advised(advice));
    let steps: Vec<PlannedStep<'_>> = compared::plan(advice);
    let first_step = drafts.len();
    drafts.extend(steps.iter().map(step));
    let mut others: BTreeMap<&str, Draft> = BTreeMap::new();
    for (place, finding) in findings.iter().enumerate() {
        let is_of = |step: &PlannedStep<'_>| step.step.id.name() == finding.subject;
        let draft = match finding.rule {
            STEP => {
                let place = steps.iter().position(is_of).map(|step| first_step.saturating_add(step));
                place.and_then(|place| drafts.get_mut(place))
            }
            rule => {
                let name = match rule {
                    REPLAY => "Replay",
                    RENEWAL => "Next renewal",
                    NOW => PINS_NOW,
                    _ => "",
                };
                drafts.iter_mut().find(|draft| draft.name == name)
            }
        };
        match draft {
            Some(draft) => draft.findings.push(place),
            None => others
                .entry(finding.rule)
                .or_insert_with(|| Draft {
                    name: finding.title.to_owned(),
                    findings: Vec::new(),
                    status: Status::Success,
                    lines: Vec::new(),
                })
                .findings
                .push(place),
        }
    }
    drafts.into_iter().chain(others.into_values()).map(|draft| case(head, section, draft, findings)).collect()
}

fn case(head: &Head, section: &Section<'_>, draft: Draft, all: &[&Finding]) -> TestCase {
    let findings: Vec<&Finding> =
        draft.findings.iter().filter_map(|place| all.get(*place).copied()).collect();
    let (failing, milder): (Vec<&Finding>, Vec<&Finding>) =
        findings.into_iter().partition(|finding| finding.fails(|severity| head.fails(severity)));
    let mut status = match (&draft.status, failing.as_slice()) {
        (Status::Failure(_), _) | (_, [_, ..]) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (Status::Error(_), []) => TestCaseStatus::non_success(NonSuccessKind::Error),
        (Status::Skipped(_), []) => TestCaseStatus::skipped(),
        (Status::Success, []) => TestCaseStatus::success(),
    };
    if let [first, more @ ..] = failing.as_slice() {
        let rest = if more.is_empty() { String::new() } else { format!(" (and {} more)", more.len()) };
        status.set_message(fit(&format!("{} {}: {}{rest}", first.rule, first.title, first.message)));
        status.set_type(first.rule);
        status.set_description(fit_lines(&failing.iter().map(|finding| told(finding)).collect::<Vec<_>>()));
    } else if let Status::Failure(why) | Status::Error(why) | Status::Skipped(why) = &draft.status {
        status.set_message(fit(why));
    }
    let mut case = TestCase::new(fit(&draft.name), status);
    case.set_classname(fit(section.name));
    let lines: Vec<String> = draft.lines.into_iter().chain(milder.into_iter().map(told)).collect();
    if !lines.is_empty() {
        case.set_system_out(fit_lines(&lines));
    }
    case
}

fn headline(headline: &HeadlineList) -> Draft {
    let unknown: Vec<String> =
        headline.unknown.iter().map(|line| format!("{}.", line.told_unknown())).collect();
    let status = match unknown.as_slice() {
        [] => Status::Success,
        unknown => Status::Skipped(format!("Not all of it is known: {}", unknown.join(" "))),
    };
    Draft { name: headline.title.to_owned(), findings: Vec::new(), status, lines: headline.told() }
}

fn replay(comparison: &Comparison) -> Draft {
    let (status, lines) = match &comparison.replay {
        Some(replay) if !replay.certificates.is_empty() => {
            let sets = replay.pin_sets.iter().map(|set| {
                let line = PinSetLine::of(set, replay);
                format!(
                    "{}: lock-outs: {}; days a year: {}",
                    line.title,
                    line.lockouts_in_full(),
                    line.days_per_year
                )
            });
            (Status::Success, std::iter::once(replay.sentence.clone()).chain(sets).collect())
        }
        _ => (Status::Skipped("Nothing was replayed.".to_owned()), Vec::new()),
    };
    Draft { name: "Replay".to_owned(), findings: Vec::new(), status, lines }
}

/// The pins that were given, and that clients refuse connections by.
fn given(replay: &Replay) -> impl Iterator<Item = &ReplayedPinSet> {
    replay.pin_sets.iter().filter(|set| set.refuses && matches!(set.kind, PinSetKind::Given { .. }))
}

/// Whether the pins that were given lock users out now; no case where none were.
fn now(comparison: &Comparison) -> Option<Draft> {
    let replay = comparison.replay.as_ref()?;
    given(replay).next()?;
    let told = |set: &ReplayedPinSet| {
        format!("{}: locks users out now: {}", set.title, PinSetLine::of(set, replay).now)
    };
    let doubtful: Vec<String> =
        given(replay).filter(|set| set.locks_out_now != LocksOutNow::No).map(told).collect();
    let was_asked = replay.certificates.iter().any(|certificate| certificate.served_now.is_some());
    // Whether that fails the run, the finding about it tells.
    let status = match (doubtful.as_slice(), was_asked) {
        ([], true) => Status::Success,
        ([], false) => Status::Skipped(
            "What is served now was not asked: the pins match what the history has of certificates in their life."
                .to_owned(),
        ),
        (doubtful, _) => Status::Skipped(format!("{}.", doubtful.join("; "))),
    };
    let lines = given(replay).map(told).collect();
    Some(Draft { name: PINS_NOW.to_owned(), findings: Vec::new(), status, lines })
}

/// Whether the next certificate matches the pins that were given; no case where none were.
fn next_renewal(comparison: &Comparison) -> Option<Draft> {
    let replay = comparison.replay.as_ref()?;
    let given = || given(replay);
    given().next()?;
    let open: Vec<&str> =
        given().filter(|set| set.next_match.is_none()).map(|set| set.title.as_str()).collect();
    let status = if replay.next_renewal.is_none() {
        Status::Skipped("No certificate that will be renewed is known.".to_owned())
    } else if open.is_empty() {
        Status::Success
    } else {
        Status::Skipped(format!("Whether the next certificate matches is not known of {}.", open.join(", ")))
    };
    let lines = given()
        .map(|set| format!("{}: {} recent renewals match", set.title, PinSetLine::of(set, replay).next));
    Some(Draft { name: "Next renewal".to_owned(), findings: Vec::new(), status, lines: lines.collect() })
}

fn advised(advice: &Advice) -> Draft {
    let told = format!("{}: {}", advice.verdict.word(), advice.sentence);
    let status = match advice.verdict {
        Verdict::Keep | Verdict::DoNotPin => Status::Success,
        Verdict::Change | Verdict::Drop | Verdict::Undetermined => Status::Skipped(told.clone()),
    };
    let reasons = advice.because.iter().map(|reason| format!("{} ({})", reason.text, reason.evidence));
    let questions = advice.open_questions.iter().map(|question| format!("Open question: {question}"));
    Draft {
        name: "Advice on pins".to_owned(),
        findings: Vec::new(),
        status,
        lines: std::iter::once(told).chain(reasons).chain(questions).collect(),
    }
}

fn step(planned: &PlannedStep<'_>) -> Draft {
    let step = planned.step;
    let kind = if planned.is_required { "Required step" } else { "Step" };
    let told = format!("{}: {}. {} Gate: {}", planned.state(), step.evidence, step.what, step.gate);
    let status = match (step.done, planned.is_required) {
        (Done::Yes, _) => Status::Success,
        (Done::No, true) => Status::Failure(told.clone()),
        (Done::Unknown, true) => Status::Error(told.clone()),
        (Done::No | Done::Unknown, false) => Status::Skipped(told.clone()),
    };
    Draft { name: format!("{kind}: {}", step.id), findings: Vec::new(), status, lines: vec![told] }
}
