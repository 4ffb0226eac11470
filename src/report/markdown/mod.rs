//! Markdown for a comment on a pull request: a short verdict, a table of targets, and what to do.
//!
//! GitHub Flavored Markdown, which GitLab and others read too. What came from outside is escaped, so that no name in
//! a certificate makes a link, a mention, a table or HTML.

mod comparison;
mod escape;
mod fit;
mod fleet;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write as _;

use self::escape::{code, escape};
use super::document::{Head, Mark, PartLine, Piece, Row, Section, Tail, verdict, word};
use super::{Outcome, Summary};
use crate::rules::Finding;

/// The most characters of a report: GitHub takes a comment of at most 65,536.
const MOST: usize = 65_000;

/// What is kept of it for the last sentences.
const MOST_END: usize = 2_500;

/// The most rows of the table of targets, and the most characters of them.
const MOST_ROWS: usize = 100;
const MOST_TABLE: usize = 20_000;

/// The most notes about the run, and the most characters of one text, before it is escaped.
const MOST_NOTES: usize = 10;
const MOST_TEXT: usize = 2_000;
const MOST_NOTE: usize = 400;

/// The most characters of a name.
const MOST_NAME: usize = 200;

/// The most findings told of one target.
const MOST_FINDINGS: usize = 50;

/// One target: its findings, and what each part came to.
pub(super) fn section(section: &Section<'_>) -> String {
    let mut text = format!("### {} {}\n\n", sign(section.outcome), code(&short(section.name, MOST_NAME)));
    if !section.open.is_empty() {
        let open: Vec<&str> = section.open.iter().map(|question| question.what.as_str()).collect();
        let _ = writeln!(text, "**Not determined:** {}.\n", escape(&short(&open.join("; "), MOST_TEXT)));
    }
    if let Some((compared, _)) = section.advised() {
        text.push_str(&comparison::comparison(compared));
        if !section.findings.is_empty() {
            text.push_str("**Findings**\n");
        }
    }
    for finding in section.findings.iter().take(MOST_FINDINGS) {
        text.push_str(&of_finding(finding));
    }
    if let Some(more) = section.findings.len().checked_sub(MOST_FINDINGS).filter(|more| *more > 0) {
        let _ = writeln!(text, "- and {more} more findings, none of them graver");
    }
    if !section.findings.is_empty() {
        text.push('\n');
    }
    if let Some((compared, _)) = section.advised() {
        text.push_str(&comparison::whole_table(compared));
    }
    if !section.parts.is_empty() {
        text.push_str(
            "<details><summary>What was looked at</summary>\n\n| | Part | Result |\n|---|---|---|\n",
        );
        for part in &section.parts {
            text.push_str(&of_part(part));
        }
        text.push_str("\n</details>\n\n");
    }
    text
}

fn of_finding(finding: &Finding) -> String {
    let mut text = format!("- **{}** `{}` {}", finding.severity, finding.rule, escape(finding.title));
    if !finding.subject.is_empty() {
        let _ = write!(text, " ({})", code(&short(&finding.subject, MOST_NAME)));
    }
    let _ = writeln!(text, "<br>{}", escape(&short(&finding.message, MOST_TEXT)));
    if let Some(accepted) = &finding.accepted {
        let _ = writeln!(text, "  <br>**Accepted:** {}", escape(&short(&accepted.to_string(), MOST_TEXT)));
    }
    let _ = writeln!(text, "  <br>**Do:** {}", escape(&short(&finding.advice, MOST_TEXT)));
    if !finding.references.is_empty() {
        let _ = writeln!(text, "  <br><sub>{}</sub>", finding.references.join("; "));
    }
    text
}

/// A name in a cell of a table.
fn cell(name: &str) -> String {
    escape(&short(name, MOST_NAME))
}

/// A text, cut where it is longer than anybody reads.
fn short(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "✅",
        Mark::Bad => "❌",
        Mark::Open => "❔",
        Mark::None => "➖",
    }
}

fn of_part(part: &PartLine) -> String {
    let mark = mark(part.mark);
    format!("| {mark} | {} | {} |\n", part.label, escape(&short(&part.words, MOST_TEXT)))
}

fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "✅",
        Outcome::Fail => "❌",
        Outcome::Undetermined => "❔",
    }
}

/// The whole report.
pub(super) fn document(head: &Head, pieces: &[Piece], tail: &Tail<'_>) -> String {
    let summary = tail.summary;
    let mut text =
        format!("## {} pinstead {}\n\n{}\n\n", whole(tail), head.command, verdict(head, pieces, tail));
    for note in tail.notes.iter().take(MOST_NOTES) {
        let _ = writeln!(text, "{}\n", escape(&short(note, MOST_NOTE)));
    }
    text.push_str(&table(pieces, summary));
    if let Some(targets) = summary.in_short() {
        text.push_str(&fleet::fleet(targets));
    }
    text.push_str(&bodies(pieces, MOST.saturating_sub(fit::size(&text)).saturating_sub(MOST_END)));
    let _ = writeln!(
        text,
        "<sub>pinstead {}; judged as of {}{}. Exit code {}.</sub>",
        env!("CARGO_PKG_VERSION"),
        head.judged_at.strftime("%Y-%m-%d %H:%M:%SZ"),
        by(&head.basis),
        tail.exit_code
    );
    text
}

/// What there is to say of each target, what failed first, as far as there is room for it.
fn bodies(pieces: &[Piece], room: usize) -> String {
    let mut text = String::new();
    let mut left = room;
    let mut order: Vec<&Piece> = pieces.iter().collect();
    order.sort_by_cached_key(|piece| piece.row.place());
    let (mut cut, mut left_out) = (0_usize, 0_usize);
    for piece in order {
        // A target without findings and open questions has its row, and no more to say.
        let is_silent = piece.row.outcome == Outcome::Pass && piece.row.counts.is_empty();
        if is_silent && piece.row.advice.is_none() && pieces.len() > 1 {
            continue;
        }
        let body = piece.body.text();
        match (left.checked_sub(fit::size(body)), cut.saturating_add(left_out)) {
            (Some(rest), 0) => {
                left = rest;
                text.push_str(body);
            }
            (None, 0) => match fit::cut(body, left) {
                Some(beginning) => {
                    cut = 1;
                    text.push_str(&beginning);
                    text.push('\n');
                }
                None => left_out = 1,
            },
            _ => left_out = left_out.saturating_add(1),
        }
    }
    let what = match (cut, left_out) {
        (0, 0) => return text,
        (0, 1) => "1 target is left out".to_owned(),
        (0, _) => format!("{left_out} targets are left out"),
        (_, 0) => "The rest of the last target is left out".to_owned(),
        (_, 1) => "The rest of the last target and 1 more are left out".to_owned(),
        _ => format!("The rest of the last target and {left_out} more are left out"),
    };
    let _ = writeln!(text, "**{what} here, for length: `--format html` or `json` has all of it.**\n");
    text
}

fn by(basis: &[String]) -> String {
    if basis.is_empty() {
        String::new()
    } else {
        format!(" by {}", escape(&short(&basis.join(" and by "), MOST_NOTE)))
    }
}

fn whole(tail: &Tail<'_>) -> &'static str {
    match tail.exit_code {
        0 if tail.summary.count(Outcome::Undetermined) == 0 => sign(Outcome::Pass),
        0 | 3 => sign(Outcome::Undetermined),
        _ => sign(Outcome::Fail),
    }
}

fn table(pieces: &[Piece], summary: &Summary) -> String {
    let mut order: Vec<&Row> = pieces.iter().map(|piece| &piece.row).collect();
    let is_compared = order.iter().any(|row| row.advice.is_some());
    let mut text = if is_compared {
        "| | Target | Findings | Advice on pins | Not determined |\n|---|---|---|---|---|\n".to_owned()
    } else {
        "| | Target | Findings | Not determined |\n|---|---|---|---|\n".to_owned()
    };
    order.sort_by_cached_key(|row| row.place());
    let shown = order.iter().take(MOST_ROWS).map(|row| of_row(row, is_compared));
    let more = fit::rows(&mut text, shown, MOST_TABLE).saturating_add(order.len().saturating_sub(MOST_ROWS));
    if more > 0 {
        let rest = if is_compared { " |" } else { "" };
        let _ = writeln!(text, "| | and {more} more, none of them worse | | |{rest}");
    }
    if summary.targets() > 1 {
        let _ = writeln!(
            text,
            "\n{} pass, {} fail, {} undetermined.",
            summary.count(Outcome::Pass),
            summary.count(Outcome::Fail),
            summary.count(Outcome::Undetermined)
        );
    }
    text.push('\n');
    text
}

fn of_row(row: &Row, is_compared: bool) -> String {
    let open = match row.open.as_slice() {
        [] => String::new(),
        [one] => escape(&short(one, MOST_NOTE)),
        [one, more @ ..] => format!("{}; and {} more", escape(&short(one, MOST_NOTE)), more.len()),
    };
    let advice = if is_compared { format!(" {} |", row.advice.unwrap_or_default()) } else { String::new() };
    format!(
        "| {} {} | {} | {} |{advice} {open} |\n",
        sign(row.outcome),
        word(row.outcome),
        code(&short(&row.name, MOST_NAME)),
        row.tally()
    )
}
