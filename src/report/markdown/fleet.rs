//! Many targets in short, as a table of a Markdown report.

use std::fmt::Write as _;

use super::escape::{code, escape};
use super::{MOST_NAME, MOST_NOTE, fit, mark, short};
use crate::report::fleet::{Fleet, FleetFact};

/// How many of the targets that something is so of are named.
const MOST_NAMED: usize = 3;

/// The most characters of the table.
const MOST_TABLE: usize = 12_000;

/// What the targets have in common.
pub(super) fn fleet(fleet: &Fleet) -> String {
    let mut text = format!(
        "### All {} targets\n\n| | About | Targets | What is so of them |\n|---|---|---|---|\n",
        fleet.targets()
    );
    let facts = fleet.facts();
    let row = |fact: &FleetFact| {
        format!("| {} | {} | {} | {} |\n", mark(fact.mark), fact.about, fact.targets, words(fact))
    };
    let more = fit::rows(&mut text, facts.iter().map(row), MOST_TABLE);
    if more > 0 {
        let _ = writeln!(text, "| | | | and {more} more rows, which `--format html` and `json` have |");
    }
    text.push('\n');
    text
}

fn words(fact: &FleetFact) -> String {
    let named: Vec<String> =
        fact.examples.iter().take(MOST_NAMED).map(|target| code(&short(target, MOST_NAME))).collect();
    let words = escape(&short(&fact.words, MOST_NOTE));
    match fact.targets.saturating_sub(named.len()) {
        _ if named.is_empty() => words,
        0 => format!("{words}: {}", named.join(", ")),
        more => format!("{words}: {} and {more} more", named.join(", ")),
    }
}
