//! Many targets in short, as a table of a Markdown report.

use std::fmt::Write as _;

use super::escape::{code, escape};
use super::mark;
use crate::report::fleet::{Fleet, FleetFact};
use crate::report::human::safe;

/// How many of the targets that something is so of are named.
const MOST_NAMED: usize = 3;

/// What the targets have in common.
pub(super) fn fleet(fleet: &Fleet) -> String {
    let mut text = format!(
        "### All {} targets\n\n| | About | Targets | What is so of them |\n|---|---|---|---|\n",
        fleet.targets()
    );
    for fact in fleet.facts() {
        let _ =
            writeln!(text, "| {} | {} | {} | {} |", mark(fact.mark), fact.about, fact.targets, words(&fact));
    }
    text.push('\n');
    text
}

fn words(fact: &FleetFact) -> String {
    let named: Vec<String> = fact.examples.iter().take(MOST_NAMED).map(|target| code(target)).collect();
    let words = escape(&safe(&fact.words));
    match fact.targets.saturating_sub(named.len()) {
        _ if named.is_empty() => words,
        0 => format!("{words}: {}", named.join(", ")),
        more => format!("{words}: {} and {more} more", named.join(", ")),
    }
}
