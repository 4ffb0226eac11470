//! Whether to pin, for people: the answer, why, what stays open, and the way.

use std::fmt::Write as _;

use super::safe;
use super::style::{BAD, DOUBTFUL, FAINT, GOOD, STRONG, paint};
use super::wrap::{labelled, wrap};
use crate::compare::advice::{Advice, Done, Step, Verdict};

/// The advice, with the plan where there is one.
pub fn advice(advice: &Advice) -> String {
    let style = match advice.verdict {
        Verdict::Keep => GOOD,
        Verdict::Change | Verdict::Undetermined => DOUBTFUL,
        Verdict::Drop | Verdict::DoNotPin => BAD,
    };
    let label = format!("{} ", paint(STRONG, "Advice:"));
    let answer = format!("{}. {}", paint(style.bold(), advice.verdict.word()), safe(&advice.sentence));
    let mut text = labelled(&label, &answer);
    for reason in &advice.because {
        let line = format!(
            "{} {}",
            safe(&format!("{} ({})", reason.text, reason.evidence)),
            paint(FAINT, format_args!("[{}]", reason.source))
        );
        text.push_str(&wrap(&line, "  - ", "    "));
    }
    text.push_str(&block("Open questions", &advice.open_questions, "  ? "));
    for change in &advice.changes {
        text.push_str(&labelled("  Change: ", &safe(&change.what)));
        text.push_str(&gate(&change.gate));
    }
    let _ = writeln!(text, "\n{}", paint(STRONG, "To have in place, whatever becomes of pins"));
    for step in &advice.first {
        text.push_str(&step_line(step, "  "));
    }
    if !advice.migration.is_empty() {
        let _ = writeln!(text, "\n{}", paint(STRONG, "The way off pinning, in this order"));
        for step in &advice.migration {
            text.push_str(&step_line(&step.step, &format!("  {}. ", step.order)));
        }
    }
    if !advice.corrections.is_empty() {
        let _ = writeln!(text, "\n{}", paint(STRONG, "Often said, and not so"));
        for correction in &advice.corrections {
            let line = format!(
                "“{}”: {} {}",
                correction.claim,
                safe(&format!("{} Here: {}.", correction.correction, correction.evidence)),
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

fn step_line(step: &Step, number: &str) -> String {
    let (style, word) = match step.done {
        Done::Yes => (GOOD, "done"),
        Done::No => (BAD, "not done"),
        Done::Unknown => (DOUBTFUL, "not known"),
    };
    let indent = " ".repeat(number.chars().count() + 2);
    let line = format!("{}: {} ({})", paint(style, word), step.what, safe(&step.evidence));
    let mut text = wrap(&line, number, &indent);
    if step.done != Done::Yes {
        text.push_str(&wrap(&paint(FAINT, safe(&format!("gate: {}", step.gate))), &indent, &indent));
    }
    text
}

fn gate(gate: &str) -> String {
    wrap(&paint(FAINT, safe(&format!("gate: {gate}"))), "    ", "    ")
}
