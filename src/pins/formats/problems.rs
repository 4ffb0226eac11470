//! The problems of one file, as many as anybody reads.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashMap;

use crate::pins::model::{HostPattern, PinEntry, Problem, ProblemKind};

/// The most problems that are listed.
const MOST: usize = 500;

/// A list of problems that ends: a hostile file could otherwise make millions.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one, or says once that there are more. A first refusal is always kept: it decides about the whole file.
    pub(super) fn add(&mut self, kind: ProblemKind, line: Option<usize>, what: String) {
        self.put(Problem::of(kind, line, what));
    }

    /// Adds one that is made already.
    pub(super) fn put(&mut self, problem: Problem) {
        let Problem { kind, line, .. } = problem;
        let is_first_refusal = kind == ProblemKind::Refused && self.0.iter().all(|known| known.kind != kind);
        if self.0.len() < MOST || (is_first_refusal && self.0.len() > MOST) {
            self.0.push(problem);
        } else if self.0.len() == MOST {
            let more = format!("the file has more than {MOST} problems; the rest is not listed");
            self.0.push(Problem::of(ProblemKind::NotRead, line, more));
            if is_first_refusal {
                self.0.push(problem);
            }
        }
    }

    /// How many there are so far.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Says of the problems since the first so many that they are about these hosts alone.
    pub(super) fn concern(&mut self, since: usize, hosts: &[HostPattern]) {
        concern(self.0.iter_mut().skip(since).take(MOST.saturating_sub(since)), hosts);
    }

    /// The list.
    pub(super) fn into_list(self) -> Vec<Problem> {
        self.0
    }
}

/// Says of problems that they are about these hosts alone.
pub(super) fn concern<'a>(problems: impl Iterator<Item = &'a mut Problem>, hosts: &[HostPattern]) {
    for problem in problems.filter(|problem| problem.about.is_empty()) {
        let of = Problem::of(problem.kind, problem.line, std::mem::take(&mut problem.what));
        *problem = of.about(hosts.iter().cloned());
    }
}

/// The entries of a file whose hosts an entry before them names already, where it is not known which of them the platform
/// takes: each with its line and what is to be said of it. Those that stand on a condition may be alternatives.
pub(super) fn named_again(entries: &[PinEntry]) -> Vec<(Option<usize>, String)> {
    let mut first: HashMap<&str, Option<usize>> = HashMap::new();
    let mut again = Vec::new();
    let is_named = |entry: &&PinEntry| !entry.is_possible && !matches!(entry.scope, HostPattern::Below(_));
    for entry in entries.iter().filter(is_named) {
        let Some(host) = entry.scope.host() else { continue };
        if let Some(line) = first.get(host) {
            let at = line.map_or_else(String::new, |line| format!(" in line {line}"));
            let what = format!(
                "{} has a second entry here, after one{at}: which of them holds is not known, and each is judged",
                shortened(host)
            );
            again.push((entry.line, what));
        } else {
            first.insert(host, entry.line);
        }
    }
    again
}

/// A text of the file, short enough for a message and without what disturbs a terminal.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut kept: String = text.chars().take(LONGEST).filter(|symbol| !symbol.is_control()).collect();
    if text.chars().nth(LONGEST).is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_ends_and_keeps_the_first_refusal() {
        let mut problems = Problems::default();
        for _ in 0..1000 {
            problems.add(ProblemKind::NoEffect, None, "x".to_owned());
        }
        problems.add(ProblemKind::Refused, Some(3), "y".to_owned());
        problems.add(ProblemKind::Refused, Some(4), "z".to_owned());
        let list = problems.into_list();
        assert_eq!(list.len(), 502);
        assert_eq!(list.last().map(|problem| problem.line), Some(Some(3)));
        assert_eq!(shortened(&"ä".repeat(70)).chars().count(), 61);
    }
}
