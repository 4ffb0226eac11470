//! Markdown for a comment on a pull request: a short verdict, a table of targets, and what to do.
//!
//! GitHub Flavored Markdown, which GitLab and others read too. What came from outside is escaped, so that no name in
//! a certificate makes a link, a mention, a table or HTML.

mod escape;
mod fleet;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use self::escape::{code, escape};
use super::document::{Head, Mark, PartLine, Piece, Row, Section, Tail, verdict, word};
use super::human::safe;
use super::{Outcome, Summary};
use crate::rules::Finding;

/// The most characters of a report: GitHub takes a comment of at most 65,536.
const MOST: usize = 60_000;

/// The most rows of the table of targets.
const MOST_ROWS: usize = 100;

/// The most findings told of one target.
const MOST_FINDINGS: usize = 50;

/// One target: its findings, and what each part came to.
pub(super) fn section(section: &Section<'_>) -> String {
    let mut text = format!("### {} {}\n\n", sign(section.outcome), code(section.name));
    if !section.open.is_empty() {
        let open: Vec<&str> = section.open.iter().map(|question| question.what.as_str()).collect();
        let _ = writeln!(text, "**Not determined:** {}.\n", escape(&open.join("; ")));
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
        let _ = write!(text, " ({})", code(&finding.subject));
    }
    let _ = writeln!(text, "<br>{}", escape(&safe(&finding.message)));
    if let Some(accepted) = &finding.accepted {
        let _ = writeln!(text, "  <br>**Accepted:** {}", escape(&safe(&accepted.to_string())));
    }
    let _ = writeln!(text, "  <br>**Do:** {}", escape(&safe(&finding.advice)));
    if !finding.references.is_empty() {
        let _ = writeln!(text, "  <br><sub>{}</sub>", finding.references.join("; "));
    }
    text
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
    format!("| {mark} | {} | {} |\n", part.label, escape(&part.words))
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
    let mut text = format!("## {} pinstead {}\n\n{}\n\n", whole(tail), head.command, verdict(head, tail));
    for note in tail.notes {
        let _ = writeln!(text, "{}\n", escape(&safe(note)));
    }
    text.push_str(&table(pieces, summary));
    if let Some(targets) = summary.in_short() {
        text.push_str(&fleet::fleet(targets));
    }
    let mut left = MOST.saturating_sub(text.chars().count());
    let mut order: Vec<&Piece> = pieces.iter().collect();
    order.sort_by_key(|piece| piece.row.rank());
    let mut left_out = 0_usize;
    for piece in order {
        // A target without findings and open questions has its row, and no more to say.
        if piece.row.outcome == Outcome::Pass && piece.row.counts.is_empty() && pieces.len() > 1 {
            continue;
        }
        let size = piece.body.text().chars().count();
        match left.checked_sub(size) {
            Some(rest) if left_out == 0 => {
                left = rest;
                text.push_str(piece.body.text());
            }
            _ => left_out = left_out.saturating_add(1),
        }
    }
    if left_out > 0 {
        let _ = writeln!(
            text,
            "**{left_out} more targets are left out here, for length: `--format html` or `json` has all of it.**\n"
        );
    }
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

fn by(basis: &[String]) -> String {
    if basis.is_empty() { String::new() } else { format!(" by {}", escape(&safe(&basis.join(" and by ")))) }
}

fn whole(tail: &Tail<'_>) -> &'static str {
    match tail.exit_code {
        0 if tail.summary.count(Outcome::Undetermined) == 0 => sign(Outcome::Pass),
        0 | 3 => sign(Outcome::Undetermined),
        _ => sign(Outcome::Fail),
    }
}

fn table(pieces: &[Piece], summary: &Summary) -> String {
    let mut text = "| | Target | Findings | Not determined |\n|---|---|---|---|\n".to_owned();
    let mut rows: Vec<&Row> = pieces.iter().map(|piece| &piece.row).collect();
    rows.sort_by_key(|row| row.rank());
    for row in rows.iter().take(MOST_ROWS) {
        let open = match row.open.as_slice() {
            [] => String::new(),
            [one] => escape(one),
            [one, more @ ..] => format!("{}; and {} more", escape(one), more.len()),
        };
        let _ = writeln!(
            text,
            "| {} {} | {} | {} | {open} |",
            sign(row.outcome),
            word(row.outcome),
            code(&row.name),
            row.tally()
        );
    }
    if let Some(more) = rows.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
        let _ = writeln!(text, "| | and {more} more, none of them worse | | |");
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
