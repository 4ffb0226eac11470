//! Many targets in short, behind their reports.

use super::style::{self, paint};
use super::{safe, wrap};
use crate::report::document::Mark;
use crate::report::fleet::Fleet;

/// How many of the targets that something is so of are named.
const MOST_NAMED: usize = 5;

/// Where the number of targets ends.
const NUMBER: usize = 18;

/// What the targets have in common.
pub fn fleet(fleet: &Fleet) -> String {
    let mut text = format!("{}\n", paint(style::STRONG, format!("All {} targets", fleet.targets())));
    let mut about = "";
    for fact in fleet.facts() {
        let label = if fact.about == about { "" } else { fact.about };
        about = fact.about;
        let first = format!("{} {label:<10}{:>5}  ", sign(fact.mark), fact.targets);
        text.push_str(&wrap::wrap(&safe(&fact.told(MOST_NAMED)), &first, &" ".repeat(NUMBER + 1)));
    }
    text
}

fn sign(mark: Mark) -> String {
    match mark {
        Mark::Good => paint(style::GOOD, "+"),
        Mark::Bad => paint(style::BAD, "!"),
        Mark::Open => paint(style::DOUBTFUL, "?"),
        Mark::None => paint(style::FAINT, "-"),
    }
}
