//! Whether to pin, for people: the answer, why, what stays open, and the way.

use std::fmt::Write as _;

use super::comparison::HEADLINE;
use super::safe;
use super::style::{BAD, DOUBTFUL, FAINT, GOOD, STRONG, paint};
use super::wrap::{labelled, pad, wrap};
use crate::compare::advice::{Advice, Done, Verdict};
use crate::report::compared::{PlannedStep, plan, plan_title};

/// What to do, and it in a sentence: how a report begins.
pub(super) fn answer(advice: &Advice) -> String {
    let style = match advice.verdict {
        Verdict::Keep => GOOD,
        Verdict::Change | Verdict::Undetermined => DOUBTFUL,
        Verdict::Drop | Verdict::DoNotPin => BAD,
    };
    let label = pad(&paint(STRONG, "Advice"), HEADLINE);
    labelled(&label, &format!("{}. {}", paint(style.bold(), advice.verdict.word()), safe(&advice.sentence)))
}

/// Why, what stays open, what to change, and the plan.
pub fn advice(advice: &Advice) -> String {
    let mut text = String::new();
    if !advice.because.is_empty() {
        let _ = writeln!(text, "{}", paint(STRONG, "Why this advice"));
    }
    for reason in &advice.because {
        let line = format!(
            "{} {}",
            safe(&format!("{} ({})", reason.text, reason.evidence)),
            paint(FAINT, format_args!("[{}]", reason.source))
        );
        text.push_str(&wrap(&line, "  - ", "    "));
    }
    text.push_str(&block("Open questions", &advice.open_questions, "  ? "));
    if !advice.changes.is_empty() {
        let _ = writeln!(text, "\n{}", paint(STRONG, "What to change"));
    }
    for change in &advice.changes {
        text.push_str(&wrap(&safe(&change.what), "  - ", "    "));
        text.push_str(&gate(&change.gate));
    }
    let _ = writeln!(text, "\n{}", paint(STRONG, plan_title(advice)));
    for planned in plan(advice) {
        let number = planned.order.map_or_else(|| "  - ".to_owned(), |order| format!("  {order}. "));
        text.push_str(&step_line(&planned, &number));
    }
    if !advice.corrections.is_empty() {
        let _ = writeln!(text, "\n{}", paint(STRONG, "Often said, and not so"));
        for correction in &advice.corrections {
            let line = format!(
                "“{}”: {} {}",
                correction.claim,
                safe(&format!("{} ({})", correction.correction, correction.evidence)),
                paint(FAINT, format_args!("[{}]", correction.source))
            );
            text.push_str(&wrap(&line, "  - ", "    "));
        }
    }
    text
}

fn block(title: &str, lines: &[String], bullet: &str) -> String {
    let mut text = String::new();
    if !lines.is_empty() {
        let _ = writeln!(text, "\n{}", paint(STRONG, title));
    }
    for line in lines {
        text.push_str(&wrap(&safe(line), bullet, "    "));
    }
    text
}

fn step_line(planned: &PlannedStep<'_>, number: &str) -> String {
    let step = planned.step;
    let style = match step.done {
        Done::Yes => GOOD,
        Done::No => BAD,
        Done::Unknown => DOUBTFUL,
    };
    let indent = " ".repeat(number.chars().count() + 2);
    let required = if planned.is_required { " (required)" } else { "" };
    let state = paint(style, planned.state());
    let line = format!("{state}{required}: {} ({})", step.what, safe(&step.evidence));
    let mut text = wrap(&line, number, &indent);
    if step.done != Done::Yes {
        text.push_str(&wrap(&paint(FAINT, safe(&format!("gate: {}", step.gate))), &indent, &indent));
    }
    text
}

fn gate(gate: &str) -> String {
    wrap(&paint(FAINT, safe(&format!("gate: {gate}"))), "    ", "    ")
}
