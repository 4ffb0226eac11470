//! What an expression of source code comes to, as far as the file alone tells.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::Language;
use super::changes::Change;
use super::lexer::Kind;
use super::literal::Part;
use super::scan::{Scan, Span};

/// How often names may lead to other names.
const DEEPEST: usize = 12;
/// The longest text that is put together, in octets.
const LONGEST: usize = 8192;
/// The most values of one expression.
const MOST_VALUES: usize = 4096;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A text, and the line that it stands on.
    Text(String, Option<usize>),
    /// What the file does not say, as it is written.
    Open(String, Option<usize>),
}

impl Value {
    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text, _) => Some(text),
            Self::Open(..) => None,
        }
    }
}

/// Calls that leave a list or a text as it is.
const TRANSPARENT: [&str; 15] = [
    "toTypedArray",
    "toString",
    "asList",
    "toList",
    "toSet",
    "toMutableList",
    "toArray",
    "stream",
    "iter",
    "to_string",
    "to_owned",
    "into",
    "as_str",
    "ToList",
    "ToArray",
];

/// Calls that make a list of their arguments.
const LISTS: [&str; 20] = [
    "listOf",
    "arrayOf",
    "setOf",
    "mutableListOf",
    "mutableSetOf",
    "arrayListOf",
    "hashSetOf",
    "linkedSetOf",
    "asList",
    "of",
    "Set",
    "Array",
    "List",
    "HashSet",
    "ArrayList",
    "tuple",
    "list",
    "set",
    "frozenset",
    "arrayOfNotNull",
];

/// What chooses between values, or gives one only in some cases.
const CHOOSING: [&str; 12] =
    ["?", "?:", "??", "||", "&&", "if", "else", "when", "switch", "match", "try", "unless"];

impl Scan<'_> {
    /// What the expression comes to: one value, or those of a list.
    pub(super) fn values(&self, span: Span) -> Vec<Value> {
        let mut values = self.values_within(span, DEEPEST);
        values.truncate(MOST_VALUES);
        values
    }

    /// The one text that the expression comes to.
    pub(super) fn text(&self, span: Span) -> Option<String> {
        match self.values(span).as_slice() {
            [Value::Text(text, _)] => Some(text.clone()),
            _ => None,
        }
    }

    fn values_within(&self, span: Span, depth: usize) -> Vec<Value> {
        let open = || vec![Value::Open(self.written(span.clone()), self.line(span.start))];
        let Some(deeper) = depth.checked_sub(1).filter(|_| self.step(&span)) else { return open() };
        let span = self.bare(span.clone());
        let Some(last) = span.end.checked_sub(1).filter(|last| *last >= span.start) else {
            return Vec::new();
        };
        // Which of its values it comes to, nothing here tells.
        if self.is_chosen(&span) {
            return open();
        }
        if let Some(part) = self.entry_part(&span) {
            return self.values_within(part, deeper);
        }
        let terms = self.split(span.clone(), &["+"]);
        if terms.len() > 1 {
            return self.joined(terms.into_iter().map(|term| self.values_within(term, deeper)), &span);
        }
        if let Some((text, change)) = self.changed(&span) {
            return change.of_all(self.values_within(text, deeper));
        }
        let tokens = self.tokens.get(span.clone()).unwrap_or_default();
        if tokens.iter().all(|token| matches!(token.kind, Kind::Text(_))) {
            let parts = tokens.iter().flat_map(|token| match &token.kind {
                Kind::Text(parts) => parts.as_slice(),
                _ => &[],
            });
            return self.joined(parts.map(|part| self.part(part, span.start, deeper)), &span);
        }
        if let Some(start) = self.opening(last).filter(|start| *start >= span.start) {
            return self.grouped(&span, start, deeper).unwrap_or_else(open);
        }
        if !tokens.iter().all(|token| token.word().is_some() || token.is(".") || token.is("::")) {
            return open();
        }
        // What the build puts in is in no source file.
        if matches!(self.word(span.start), Some("BuildConfig" | "R")) {
            return open();
        }
        match self.word(last).and_then(|name| self.definition(name, span.start)) {
            Some(value) if !value.contains(&last) => {
                let values = self.values_within(value, deeper);
                if values.iter().all(|value| value.text().is_none()) { open() } else { values }
            }
            _ => open(),
        }
    }

    /// What `entry.key` or `entry.getValue()` stands for in the turn of a loop that is read.
    fn entry_part(&self, span: &Span) -> Option<Span> {
        let at = |offset: usize| span.start.saturating_add(offset);
        let is_call = span.len() == 5 && self.is(at(3), "(") && self.is(at(4), ")");
        if !self.is(at(1), ".") || !(span.len() == 3 || is_call) {
            return None;
        }
        self.of_entry(self.word(span.start)?, self.word(at(2))?)
    }

    /// A span without what changes nothing: spreads, references, labels, and calls such as `.trim()`.
    fn bare(&self, mut span: Span) -> Span {
        loop {
            let first = span.start;
            let next = first.saturating_add(1);
            if next < span.end
                && (["*", "...", "&", "@", "!!"].iter().any(|symbol| self.is(first, symbol))
                    || (matches!(self.word(first), Some("new" | "const" | "try" | "static")))
                    || (self.word(next).is_none() && self.word(first).is_some() && self.is(next, "=")))
            {
                span.start = if self.is(next, "=") { next.saturating_add(1) } else { next };
                continue;
            }
            let Some(last) = span.end.checked_sub(1).filter(|last| *last > first) else { return span };
            if self.is(last, "...") || self.is(last, "!!") || self.is(last, "!") {
                span.end = last;
                continue;
            }
            // `.trim()`: the dot, the name and its empty brackets go.
            let call = self.opening(last).filter(|open| self.is(*open, "("));
            let dot = call.and_then(|open| open.checked_sub(2)).filter(|dot| *dot > first);
            let name = call.and_then(|open| self.word_before(open));
            match dot {
                Some(dot)
                    if (self.is(dot, ".") || self.is(dot, "?."))
                        && name.is_some_and(|n| TRANSPARENT.contains(&n))
                        && !(name == Some("asList") && self.word_before(dot) == Some("Arrays")) =>
                {
                    span.end = dot;
                }
                _ => return span,
            }
        }
    }

    /// The text before `.trim()` and the like, and what the call makes of it.
    fn changed(&self, span: &Span) -> Option<(Span, Change)> {
        let last = span.end.checked_sub(1)?;
        let open = self.opening(last).filter(|open| self.is(*open, "("))?;
        let change = Change::of(self.word_before(open)?, self.inside(open)?.is_empty())?;
        let dot = open.checked_sub(2).filter(|dot| *dot > span.start)?;
        (self.is(dot, ".") || self.is(dot, "?.")).then_some((span.start..dot, change))
    }

    /// What a list, a call or something in brackets comes to.
    fn grouped(&self, span: &Span, start: usize, depth: usize) -> Option<Vec<Value>> {
        let head = span.start..start;
        let arguments = || self.arguments(start);
        if self.is(start, "(") {
            let name = self.word_before(start).filter(|_| !head.is_empty());
            if matches!(name, Some("format" | "formatted")) {
                return self.formatted(span, start, depth);
            }
            if !head.is_empty()
                && !name.is_some_and(|name| LISTS.contains(&name))
                && !self.is_before(start, ">")
            {
                return None;
            }
        } else if !head.is_empty() {
            // `new String[] {`, `[]string{`, `vec![`, `<String>[`; but not `map[key]`.
            let is_index = self.is(start, "[") && self.word_before(start).is_some();
            let has_call = head.clone().any(|at| self.is(at, "("));
            if is_index || (has_call && !self.is_before(start, ")")) {
                return None;
            }
        }
        let mut values = Vec::new();
        for argument in arguments() {
            values.extend(self.values_within(argument, depth));
            if values.len() > MOST_VALUES {
                break;
            }
        }
        Some(values)
    }

    /// `String.format("sha256/%s", x)`, and Kotlin's `"sha256/%s".format(x)`, whose pattern stands before the dot.
    fn formatted(&self, span: &Span, start: usize, depth: usize) -> Option<Vec<Value>> {
        let mut arguments = self.arguments(start);
        let name = start.checked_sub(1)?;
        if let Some(dot) = name.checked_sub(1).filter(|dot| *dot > span.start) {
            let is_of_string = self.is(dot, ".") && self.word_before(dot) == Some("String");
            let is_on_pattern = self.language == Language::Kotlin || self.word(name) == Some("formatted");
            if !is_of_string {
                let receiver = Some(span.start..dot).filter(|_| is_on_pattern && self.is(dot, "."))?;
                arguments.insert(0, receiver);
            }
        }
        let (pattern, rest) = arguments.split_first()?;
        let pattern = match self.values_within(pattern.clone(), depth).as_slice() {
            [Value::Text(text, _)] => text.clone(),
            _ => return None,
        };
        let pieces: Vec<&str> = pattern.split("%s").collect();
        let is_plain = pieces.iter().all(|piece| !piece.contains('%'));
        if !is_plain || pieces.len() != rest.len().saturating_add(1) {
            return None;
        }
        let line = self.line(span.start);
        let mut parts = Vec::new();
        for (at, piece) in pieces.into_iter().enumerate() {
            parts.push(vec![Value::Text(piece.to_owned(), line)]);
            if let Some(argument) = rest.get(at) {
                parts.push(self.values_within(argument.clone(), depth));
            }
        }
        Some(self.joined(parts.into_iter(), span))
    }

    fn part(&self, part: &Part<'_>, from: usize, depth: usize) -> Vec<Value> {
        let line = self.line(from);
        match part {
            Part::Literal(text) => vec![Value::Text(text.clone(), line)],
            Part::Name(expression) => {
                let name = expression.rsplit(['.', ' ']).next().unwrap_or_default();
                let entry = expression.split_once('.').and_then(|(entry, part)| self.of_entry(entry, part));
                if let Some(value) = entry {
                    return self.values_within(value, depth);
                }
                let is_open = expression.starts_with("BuildConfig") || expression.contains('(');
                match self.definition(name, from).filter(|_| !is_open) {
                    Some(value) => self.values_within(value, depth),
                    None => vec![Value::Open((*expression).to_owned(), line)],
                }
            }
        }
    }

    /// Texts put together; a list among them gives a list.
    fn joined(&self, terms: impl Iterator<Item = Vec<Value>>, span: &Span) -> Vec<Value> {
        let open = || Value::Open(self.written(span.clone()), self.line(span.start));
        let mut joined = vec![Value::Text(String::new(), self.line(span.start))];
        let mut is_list = false;
        for mut term in terms {
            if term.len() != 1 {
                if is_list || term.is_empty() {
                    return vec![open()];
                }
                is_list = true;
            }
            term.truncate(MOST_VALUES);
            joined = term
                .iter()
                .flat_map(|right| joined.iter().map(move |left| (left, right)))
                .map(|(left, right)| match (left, right) {
                    (Value::Text(left, at), Value::Text(right, own))
                        if left.len().saturating_add(right.len()) < LONGEST =>
                    {
                        // The line of a pin is that of its hash, not of what is put before it.
                        let line = if right.len() > left.len() { own } else { at };
                        Value::Text(format!("{left}{right}"), *line)
                    }
                    _ => open(),
                })
                .collect();
        }
        joined
    }

    /// The keys and values of a dictionary, or of a name that is defined as one.
    pub(super) fn pairs(&self, span: Span) -> Option<Vec<(Span, Span)>> {
        self.pairs_within(span, DEEPEST)
    }

    /// Whether a condition chooses what an expression comes to.
    fn is_chosen(&self, span: &Span) -> bool {
        self.split(span.clone(), &CHOOSING).as_slice() != std::slice::from_ref(span)
    }

    fn pairs_within(&self, span: Span, depth: usize) -> Option<Vec<(Span, Span)>> {
        let deeper = depth.checked_sub(1).filter(|_| self.step(&span) && !self.is_chosen(&span))?;
        let mut span = span;
        while span.start.saturating_add(1) < span.end
            && (self.is(span.start, "@") || matches!(self.word(span.start), Some("new" | "const")))
        {
            span.start = span.start.saturating_add(1);
        }
        // `as [String: Any]` behind a dictionary.
        if let Some(first) = self.split(span.clone(), &["as"]).first() {
            span = first.clone();
        }
        let last = span.end.checked_sub(1).filter(|last| *last >= span.start)?;
        let Some(open) = self.opening(last).filter(|open| *open >= span.start) else {
            let name = self.word(last)?;
            let value = self.definition(name, span.start).filter(|value| !value.contains(&last))?;
            return self.pairs_within(value, deeper);
        };
        let elements = self.arguments(open);
        let pair = |element: &Span| match self.split(element.clone(), &[":", "to", "=>"]).as_slice() {
            [key, value] => Some((key.clone(), value.clone())),
            _ => None,
        };
        if self.word_before(open) == Some("of") && elements.len().is_multiple_of(2) {
            return elements.chunks(2).map(|two| Some((two.first()?.clone(), two.get(1)?.clone()))).collect();
        }
        // Cascades such as `ofEntries(entry(k, v))` are not read.
        elements.iter().map(pair).collect()
    }
}
