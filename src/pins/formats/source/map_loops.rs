//! Loops over maps of hosts and pins: of each pair the names of the loop stand for its own host and its own pins.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use super::Language;
use super::scan::{Scan, Span};

/// The most statements before the body of a loop: `for (…) if (…) for (…)`.
const DEEPEST: usize = 5;

/// What a name of a loop stands for in one turn of it.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    /// This expression.
    Value(Span),
    /// An entry of a map: its key and its value.
    Entry(Span, Span),
}

/// What the names of a loop stand for in one turn of it.
pub(super) type Turn = BTreeMap<String, Bound>;

/// The loops over maps of one file.
pub(super) struct MapLoops(Vec<MapLoop>);

struct MapLoop {
    names: Names,
    map: Span,
    body: Span,
}

enum Names {
    /// `(host, pins)`
    Pair(String, String),
    /// `entry`
    Entry(String),
}

impl MapLoops {
    /// The loops of a file.
    pub(super) fn of(scan: &Scan<'_>) -> Self {
        let places = scan.places(&["for", "forEach"]).into_iter();
        let found = places.filter_map(|at| match scan.word(at) {
            Some("for") => for_loop(scan, at),
            _ => for_each(scan, at),
        });
        Self(found.collect())
    }

    /// The turns of the innermost loop around a place over a map that the file defines.
    pub(super) fn turns(&self, scan: &Scan<'_>, at: usize) -> Option<Vec<Turn>> {
        let around = self.0.iter().rev().filter(|one| one.body.contains(&at));
        around.take(DEEPEST).find_map(|one| {
            let pairs = scan.pairs(one.map.clone()).filter(|pairs| !pairs.is_empty())?;
            Some(pairs.into_iter().map(|(key, value)| one.names.turn(key, value)).collect())
        })
    }
}

impl Names {
    fn turn(&self, key: Span, value: Span) -> Turn {
        match self {
            Self::Pair(first, second) => {
                Turn::from([(first.clone(), Bound::Value(key)), (second.clone(), Bound::Value(value))])
            }
            Self::Entry(name) => Turn::from([(name.clone(), Bound::Entry(key, value))]),
        }
    }

    /// The two names in brackets: `(host, pins)`.
    fn in_brackets(scan: &Scan<'_>, open: usize) -> Option<Self> {
        let names = scan.arguments(open);
        let [first, second] = names.as_slice() else { return None };
        Some(Self::Pair(scan.word(first.start)?.to_owned(), scan.word(second.start)?.to_owned()))
    }
}

/// `for ((host, pins) in map)`, `for (entry in map)`, `for (Map.Entry<…> entry : map.entrySet())`.
fn for_loop(scan: &Scan<'_>, word: usize) -> Option<MapLoop> {
    let open = word.checked_add(1).filter(|open| scan.is(*open, "("))?;
    let is_java = scan.language == Language::Java;
    let pieces = scan.split(scan.inside(open)?, if is_java { &[":"] } else { &["in"] });
    let [name, values] = pieces.as_slice() else { return None };
    let map = entries_of(scan, values.clone());
    // Without it, Java goes through a list, whose texts are no pairs.
    if is_java && map == *values {
        return None;
    }
    let names = if scan.is(name.start, "(") {
        Names::in_brackets(scan, name.start)?
    } else {
        Names::Entry(scan.word_before(name.end)?.to_owned())
    };
    Some(MapLoop { names, map, body: body(scan, scan.after(open)) })
}

/// `map.forEach { (host, pins) -> … }`, `map.forEach((host, pins) -> …)`, `map.forEach { it.key … }`.
fn for_each(scan: &Scan<'_>, word: usize) -> Option<MapLoop> {
    let dot = word.checked_sub(1).filter(|dot| scan.is(*dot, ".") || scan.is(*dot, "?."))?;
    let body = scan.inside(word.saturating_add(1))?;
    let second = body.start.saturating_add(1);
    let names = if scan.is(body.start, "(") {
        Names::in_brackets(scan, body.start)?
    } else if scan.is(second, ",") {
        let other = scan.word(second.saturating_add(1))?;
        Names::Pair(scan.word(body.start)?.to_owned(), other.to_owned())
    } else if scan.is(second, "->") {
        Names::Entry(scan.word(body.start)?.to_owned())
    } else {
        Names::Entry("it".to_owned())
    };
    Some(MapLoop { names, map: entries_of(scan, scan.start_of_path(dot)..dot), body })
}

/// A map without the call that gives its entries.
fn entries_of(scan: &Scan<'_>, whole: Span) -> Span {
    let ends_with = |word: usize, name: &str| {
        word > whole.start && scan.word(word) == Some(name) && scan.is_before(word, ".")
    };
    let last = whole.end.saturating_sub(1);
    let call = whole.end.saturating_sub(3);
    if ends_with(last, "entries") {
        whole.start..last.saturating_sub(1)
    } else if scan.is(last, ")") && ends_with(call, "entrySet") {
        whole.start..call.saturating_sub(1)
    } else {
        whole
    }
}

/// What a loop does whose head ends before this place.
fn body(scan: &Scan<'_>, start: usize) -> Span {
    let mut at = start;
    for _ in 0..DEEPEST {
        let open = at.saturating_add(1);
        if !matches!(scan.word(at), Some("for" | "if")) || !scan.is(open, "(") {
            break;
        }
        at = scan.after(open);
    }
    if scan.is(at, "{") {
        return scan.inside(at).unwrap_or(at..at);
    }
    start..scan.end_of_expression(at)
}
