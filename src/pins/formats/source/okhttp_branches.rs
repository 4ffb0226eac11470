//! Which branch of a condition makes a pinner.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::Language;
use super::okhttp_pinners::{LONGEST_PARAMETERS, MOST_NAMES};
use super::scan::Scan;

/// A branch of a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Branch {
    /// Behind `if (…)`.
    If,
    /// Behind `else`, with a condition of its own or without.
    Else,
    /// Behind `->` in a `when` or `switch`.
    Arm,
    /// Behind `?`.
    First,
    /// Behind the `:` that follows it.
    Other,
}

/// The branch of a condition that begins with the pinner built at a place.
pub(super) fn branch(scan: &Scan<'_>, at: usize) -> Option<Branch> {
    let mut start = start_of_value(scan, at);
    let is = |start: usize, symbol: &str| scan.is_before(start, symbol);
    if is(start, "?") {
        return Some(Branch::First);
    }
    if is(start, ":") && scan.language == Language::Java {
        return Some(Branch::Other);
    }
    // `pinner = …` or `return …`, and the brace of the branch.
    if is(start, "=") {
        start = start.checked_sub(2)?;
    } else if scan.word_before(start) == Some("return") {
        start = start.checked_sub(1)?;
    }
    if is(start, "{") {
        start = start.checked_sub(1)?;
    }
    if is(start, "->") {
        return Some(Branch::Arm);
    }
    if scan.word_before(start) == Some("else") {
        return Some(Branch::Else);
    }
    let open =
        start.checked_sub(1).and_then(|close| scan.opening(close)).filter(|open| scan.is(*open, "("))?;
    let condition = open.checked_sub(1).filter(|word| scan.word(*word) == Some("if"))?;
    Some(if scan.word_before(condition) == Some("else") { Branch::Else } else { Branch::If })
}

/// Whether the branch that begins with the pinner built at a place is the one for whatever is left.
pub(super) fn ends_a_condition(scan: &Scan<'_>, at: usize) -> bool {
    match branch(scan, at) {
        Some(Branch::Other) => true,
        Some(Branch::If | Branch::First) | None => false,
        Some(kind @ (Branch::Else | Branch::Arm)) => {
            let mut place = at;
            for _ in 0..LONGEST_PARAMETERS {
                let Some(before) = place.checked_sub(1) else { return false };
                place = before;
                match (kind, scan.word(place)) {
                    (_, Some("else" | "default")) => return true,
                    // Behind `else if (…)` there may be more.
                    (_, Some("if" | "when" | "switch")) => return false,
                    _ => {}
                }
                if kind == Branch::Arm && scan.is(place, "->") && scan.word_before(place).is_none() {
                    return false;
                }
            }
            false
        }
    }
}

/// Where the expression begins that a pinner begins with: `new okhttp3.CertificatePinner…`.
pub(super) fn start_of_value(scan: &Scan<'_>, at: usize) -> usize {
    let mut start = at;
    for _ in 0..MOST_NAMES {
        let name =
            start.checked_sub(2).filter(|name| scan.is_before(start, ".") && scan.word(*name).is_some());
        let Some(name) = name else { break };
        start = name;
    }
    if scan.word_before(start) == Some("new") { start.saturating_sub(1) } else { start }
}
