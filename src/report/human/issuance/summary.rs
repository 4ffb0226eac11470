//! All names in short, behind their reports: those that fail first, so that nobody has to look for them.

use std::cmp::Reverse;

use super::super::findings::tally;
use super::super::safe;
use super::super::style::{BAD, DOUBTFUL, GOOD, STRONG, paint};
use super::super::wrap::{pad, wrap};
use crate::report::{IssuanceReport, Outcome};

/// How many names there are, and each that fails or is undetermined, the worst first.
pub fn summary(names: &[IssuanceReport<'_>]) -> String {
    let count = |outcome| names.iter().filter(|name| name.outcome == outcome).count();
    let mut counts = Vec::new();
    for (outcome, style) in [(Outcome::Fail, BAD), (Outcome::Undetermined, DOUBTFUL), (Outcome::Pass, GOOD)] {
        if count(outcome) > 0 {
            counts.push(paint(style, format!("{} {}", count(outcome), word(outcome))));
        }
    }
    let heading = format!("{}: {}", paint(STRONG, format!("{} names", names.len())), counts.join(", "));
    let mut out = wrap(&heading, "", "  ");
    let rank = |outcome| match outcome {
        Outcome::Fail => 0,
        Outcome::Undetermined => 1,
        Outcome::Pass => 2,
    };
    let mut open: Vec<&IssuanceReport<'_>> =
        names.iter().filter(|name| name.outcome != Outcome::Pass).collect();
    let gravest = |name: &IssuanceReport<'_>| name.findings.iter().map(|finding| finding.severity).max();
    // Stable: those that are alike stay as they were asked about.
    open.sort_by_key(|name| (rank(name.outcome), Reverse(gravest(name))));
    for name in open {
        let style = if name.outcome == Outcome::Fail { BAD } else { DOUBTFUL };
        let (_, answer) = super::answer(name.verdict);
        let line = format!(
            "{}: {answer}; {}",
            paint(STRONG, safe(name.verdict.name.as_str())),
            tally(name.findings.iter().copied())
        );
        let first = format!("  {}  ", pad(&paint(style, word(name.outcome)), 12));
        out.push_str(&wrap(&line, &first, &" ".repeat(16)));
    }
    out
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "failed",
        Outcome::Undetermined => "undetermined",
        Outcome::Pass => "passed",
    }
}
