//! What of source code runs only on a condition: branches, what follows an early `return`, what is not reached where
//! something fails, and what stands between `#if` and `#endif`.
//!
//! What may not run in a released build is possible, not certain. Of a build only this is known: `BuildConfig.DEBUG`
//! (Android Gradle plugin), `__DEV__` (React Native), `kDebugMode` (Flutter) and the `DEBUG` that Xcode and .NET set are
//! false in a release. A variable that is made where it is not yet there (`if (client == null) client = …`) is made.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod reader;
mod release;

use std::cmp::Reverse;

use self::reader::Reader;
use super::Language;
use super::scan::{Scan, Span};

/// Where the code of a file runs only on a condition.
pub(super) struct Conditions {
    code: Layer,
    directives: Layer,
}

impl Conditions {
    /// The conditions of a file.
    pub(super) fn of(scan: &Scan<'_>) -> Self {
        let mut reader = Reader::of(scan);
        if scan.language != Language::Python {
            reader.read();
        }
        let count = scan.tokens.len();
        Self { code: Layer::of(reader.code, count), directives: Layer::of(reader.directives, count) }
    }

    /// On what the code at a place runs in a release, in words, if it does not always.
    pub(super) fn at(&self, scan: &Scan<'_>, at: usize) -> Option<String> {
        self.layers().find_map(|layer| layer.innermost(at)).map(|part| part.in_words(scan))
    }

    /// The same of what holds for this place and not for the one that it belongs to.
    pub(super) fn beyond(&self, scan: &Scan<'_>, at: usize, origin: usize) -> Option<String> {
        let own = |layer: &'_ Layer| layer.innermost(at).filter(|part| !part.span.contains(&origin)).cloned();
        self.layers().find_map(own).map(|part| part.in_words(scan))
    }

    /// The same of what stands around the branch that the place is in.
    pub(super) fn around(&self, scan: &Scan<'_>, at: usize) -> Option<String> {
        let outer = self.code.innermost(at).and_then(|part| self.code.parts.get(part.outer?));
        self.directives.innermost(at).or(outer).map(|part| part.in_words(scan))
    }

    /// The branches of the `when` or `switch` that a place stands in, if it stands in nothing nearer.
    pub(super) fn branches(&self, at: usize) -> Option<Span> {
        self.code.innermost(at).filter(|part| part.when == When::Branch).map(|part| part.span.clone())
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        [&self.directives, &self.code].into_iter()
    }
}

/// A part of a file that runs only on a condition.
#[derive(Clone)]
struct Part {
    span: Span,
    when: When,
    condition: Span,
    /// The part that it stands in.
    outer: Option<usize>,
}

/// When a part runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Where the condition holds.
    Holds,
    /// Where it does not.
    Fails,
    /// In some of its branches.
    Branch,
    /// Where nothing before it fails.
    Reached,
    /// Where something has failed.
    Caught,
}

impl Part {
    fn in_words(&self, scan: &Scan<'_>) -> String {
        let written = || scan.written(self.condition.clone());
        match self.when {
            When::Holds => format!("only if “{}”", written()),
            When::Fails => format!("only unless “{}”", written()),
            When::Branch => format!("only in a branch of “{}”", written()),
            When::Reached => "only if nothing before it fails, and what fails is caught".to_owned(),
            When::Caught => "only if something fails".to_owned(),
        }
    }
}

/// Parts that lie within one another.
struct Layer {
    parts: Vec<Part>,
    /// Of each token the innermost part that it stands in.
    innermost: Vec<Option<usize>>,
}

impl Layer {
    fn of(mut parts: Vec<Part>, tokens: usize) -> Self {
        parts.retain(|part| part.span.start < part.span.end);
        parts.sort_by_key(|part| (part.span.start, Reverse(part.span.end)));
        let mut innermost = vec![None; if parts.is_empty() { 0 } else { tokens }];
        let (mut open, mut next): (Vec<usize>, usize) = (Vec::new(), 0);
        for (at, slot) in innermost.iter_mut().enumerate() {
            let ended = |part: &usize| parts.get(*part).is_none_or(|part| part.span.end <= at);
            while open.last().is_some_and(ended) {
                open.pop();
            }
            while let Some(part) = parts.get_mut(next).filter(|part| part.span.start <= at) {
                part.outer = open.last().copied();
                open.push(next);
                next = next.saturating_add(1);
            }
            *slot = open.last().copied();
        }
        Self { parts, innermost }
    }

    fn innermost(&self, at: usize) -> Option<&Part> {
        self.parts.get(self.innermost.get(at).copied().flatten()?)
    }
}
