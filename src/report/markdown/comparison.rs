//! What `pinstead compare` says of a host: narrow tables, and what is wide folded away.

use std::fmt::Write as _;

use super::cell;
use super::escape::{code, escape};
use crate::compare::advice::{Advice, Done};
use crate::compare::replay::Replay;
use crate::compare::{Cell, Comparison, Effect, InPlace};
use crate::report::compared::{self, PinSetLine, heading};

/// The most pin sets of the table, and the most sentences of a list that tells what is not known.
const MOST_SETS: usize = 24;
const MOST_SENTENCES: usize = 8;

/// The comparison: headlines, threats, replay, advice. The findings follow it.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let mut text = String::new();
    if let Some(advice) = &comparison.advice {
        let _ = writeln!(text, "> **Advice: {}.** {}\n", advice.verdict.word(), escape(&advice.sentence));
    }
    for headline in compared::headlines(comparison) {
        let _ = writeln!(text, "**{}**", headline.title);
        for line in headline.told() {
            let _ = writeln!(text, "- {}", escape(&line));
        }
        text.push('\n');
    }
    text.push_str(&threats(comparison));
    if !compared::tells_of_unlisted_ca(comparison) {
        let _ = writeln!(text, "{}\n", escape(&comparison.unlisted_ca));
    }
    match &comparison.replay {
        Some(replayed) => text.push_str(&replay(replayed)),
        None => text.push_str("**Replay:** nothing was replayed. Without a source of what was issued (--history, --crt-sh, --cert-spotter, --state) there is nothing to replay; where one was named, the findings and what stayed open say why.\n\n"),
    }
    if let Some(advice) = &comparison.advice {
        text.push_str(&advised(advice));
    }
    text
}

/// One row a threat.
fn threats(comparison: &Comparison) -> String {
    let mut text =
        "| Threat | Stopped by | Shown by | Made worse by | Not known of |\n|---|---|---|---|---|\n"
            .to_owned();
    let titles = |titles: &[String]| escape(&titles.join(", "));
    for row in compared::threats(comparison) {
        let _ = writeln!(
            text,
            "| {} {} | {} | {} | {} | {} |",
            row.id,
            escape(row.title),
            titles(&row.prevents),
            titles(&row.detects),
            titles(&row.makes_worse),
            titles(&row.unknown)
        );
    }
    text.push('\n');
    text
}

/// Every control beside every threat, folded away: it is wide.
pub(super) fn whole_table(comparison: &Comparison) -> String {
    let mut text = "<details><summary>Every control beside every threat</summary>\n\n| Threat |".to_owned();
    for column in &comparison.columns {
        let _ = write!(text, " {} |", escape(heading(column.control)));
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(comparison.columns.len()));
    text.push_str("| **In place** |");
    for column in &comparison.columns {
        let _ = write!(text, " {} |", in_place(column.in_place));
    }
    text.push('\n');
    for row in &comparison.threats {
        let _ = write!(text, "| {} {} |", row.id, escape(row.threat));
        for column in &comparison.columns {
            let _ = write!(text, " {} |", sign(row.cells.iter().find(|cell| cell.control == column.control)));
        }
        text.push('\n');
    }
    text.push_str(
        "\n✅ the attack fails; 👁 it works, and is seen; ⚠️ harm is added; ❔ not known; empty: nothing changes.\n\n</details>\n\n",
    );
    text
}

fn in_place(in_place: InPlace) -> &'static str {
    match in_place {
        InPlace::Yes => "yes",
        InPlace::Partly => "partly",
        InPlace::No => "no",
        InPlace::Unknown => "❔",
    }
}

fn sign(cell: Option<&Cell>) -> &'static str {
    match cell.map(|cell| cell.effect) {
        Some(Effect::Prevents) => "✅",
        Some(Effect::Detects) => "👁",
        Some(Effect::MakesWorse) => "⚠️",
        Some(Effect::NoEffect) => "",
        Some(Effect::Unknown) | None => "❔",
    }
}

fn replay(replay: &Replay) -> String {
    let mut text = format!("**Replay over what was issued:** {}\n\n", escape(&replay.sentence));
    if !replay.pin_sets.is_empty() {
        text.push_str(
            "| Pin set | Locks out now | Locked out | Days a year | Half end after | Recent renewals that match |\n|---|---|---|---|---|---|\n",
        );
        for set in replay.pin_sets.iter().take(MOST_SETS) {
            let line = PinSetLine::of(set, replay);
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                cell(line.title),
                line.now,
                line.lockouts_in_full(),
                line.days_per_year,
                line.half_last,
                line.next
            );
        }
        if let Some(more) = replay.pin_sets.len().checked_sub(MOST_SETS).filter(|more| *more > 0) {
            let _ = writeln!(text, "| and {more} more | | | | | |");
        }
        text.push('\n');
    }
    let told = [
        ("Not replayed", &replay.left_out),
        ("Not known", &replay.unknown),
        ("Taken for granted", &replay.assumptions),
    ];
    if told.iter().any(|(_, sentences)| !sentences.is_empty()) {
        text.push_str("<details><summary>What the replay rests on</summary>\n\n");
        for (title, sentences) in told {
            text.push_str(&list(title, sentences));
        }
        text.push_str("</details>\n\n");
    }
    text
}

fn list(title: &str, sentences: &[String]) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let mut text = format!("**{title}**\n");
    for sentence in sentences.iter().take(MOST_SENTENCES) {
        let _ = writeln!(text, "- {}", escape(sentence));
    }
    if let Some(more) = sentences.len().checked_sub(MOST_SENTENCES).filter(|more| *more > 0) {
        let _ = writeln!(text, "- and {more} more");
    }
    text.push('\n');
    text
}

fn advised(advice: &Advice) -> String {
    let mut text = String::new();
    if !advice.because.is_empty() {
        text.push_str("**Why this advice**\n");
        for reason in &advice.because {
            let about = format!("{} ({})", reason.text, reason.evidence);
            let _ = writeln!(text, "- {} <sub>{}</sub>", escape(&about), escape(reason.source));
        }
        text.push('\n');
    }
    text.push_str(&list("Open questions", &advice.open_questions));
    if !advice.changes.is_empty() {
        text.push_str("**What to change**\n");
        for change in &advice.changes {
            let _ = writeln!(text, "- {}<br>Gate: {}", escape(&change.what), code(&change.gate));
        }
        text.push('\n');
    }
    let title = compared::plan_title(advice);
    let _ =
        writeln!(text, "**{title}**\n\n| | Step | Now | Gate: done when it ends with 0 |\n|---|---|---|---|");
    for planned in compared::plan(advice) {
        let (step, order) = (planned.step, planned.order.map(|order| format!("{order}. ")));
        let mark = match (step.done, planned.is_required) {
            (Done::Yes, _) => "✅",
            (Done::No, true) => "❌",
            (Done::No, false) => "⬜",
            (Done::Unknown, _) => "❔",
        };
        let required = if planned.is_required { " **(required)**" } else { "" };
        let _ = writeln!(
            text,
            "| {mark} | {}{} `{}`{required} | {}: {} | {} |",
            order.unwrap_or_default(),
            escape(step.what),
            step.id,
            planned.state(),
            escape(&step.evidence),
            if step.gate_is_command { code(&step.gate) } else { escape(&step.gate) }
        );
    }
    text.push('\n');
    text
}
