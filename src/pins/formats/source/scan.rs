//! A source text as tokens, its brackets matched and its definitions found.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;

use super::Language;
use super::lexer::{self, Kind, Token};
use super::literal::Part;
use super::map_loops::{Bound, Turn};

/// The most steps of working out values in one file.
const MOST_STEPS: usize = 200_000;
/// The most tokens of a type between a name and its value.
const LONGEST_TYPE: usize = 16;

/// The most tokens of a path, and of an expression outside of its brackets.
const LONGEST_PATH: usize = 200;
const LONGEST_EXPRESSION: usize = 500;

/// The most lambdas that are looked back over for the name of one that still holds.
const MOST_ENDED: usize = 64;

/// Tokens from here to there.
pub(super) type Span = Range<usize>;

/// A scanned source text.
pub(super) struct Scan<'a> {
    /// Its language.
    pub(super) language: Language,
    /// Its tokens.
    pub(super) tokens: Vec<Token<'a>>,
    /// Of each opening bracket, where it closes; of each closing one, where it opens.
    partners: Vec<Option<usize>>,
    /// What each name is defined as, and where.
    definitions: BTreeMap<&'a str, Vec<Definition>>,
    /// How many steps of working out values are left.
    steps: Cell<usize>,
    /// What the names of a loop stand for, while one turn of it is read.
    turn: RefCell<Turn>,
}

/// What a name is defined as.
struct Definition {
    at: usize,
    value: Span,
    /// Where it ends to hold, if it is the name of one lambda alone.
    until: Option<usize>,
}

impl<'a> Scan<'a> {
    /// Scans a text.
    pub(super) fn of(text: &'a str, language: Language) -> Result<Self, String> {
        let tokens = lexer::tokens(text, language)?;
        let partners = partners(&tokens);
        let steps = Cell::new(MOST_STEPS);
        let (definitions, turn) = (BTreeMap::new(), RefCell::default());
        let mut scan = Self { language, tokens, partners, definitions, steps, turn };
        scan.define();
        Ok(scan)
    }

    /// The token at a place.
    pub(super) fn at(&self, at: usize) -> Option<&Token<'a>> {
        self.tokens.get(at)
    }

    /// Whether this symbol is at a place.
    pub(super) fn is(&self, at: usize, symbol: &str) -> bool {
        self.at(at).is_some_and(|token| token.is(symbol))
    }

    /// The name at a place.
    pub(super) fn word(&self, at: usize) -> Option<&'a str> {
        self.at(at).and_then(Token::word)
    }

    /// The name before a place.
    pub(super) fn word_before(&self, at: usize) -> Option<&'a str> {
        self.word(at.checked_sub(1)?)
    }

    /// Whether this symbol is before a place.
    pub(super) fn is_before(&self, at: usize, symbol: &str) -> bool {
        at.checked_sub(1).is_some_and(|before| self.is(before, symbol))
    }

    /// The line of a place.
    pub(super) fn line(&self, at: usize) -> Option<usize> {
        self.at(at).map(|token| token.line)
    }

    /// Where each of these names stands.
    pub(super) fn places(&self, names: &[&str]) -> Vec<usize> {
        let found = self.tokens.iter().enumerate();
        found
            .filter(|(_, token)| token.word().is_some_and(|word| names.contains(&word)))
            .map(|(at, _)| at)
            .collect()
    }

    /// Whether one of these names stands somewhere.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.tokens.iter().any(|token| token.word().is_some_and(|word| names.contains(&word)))
    }

    /// What stands between the bracket at this place and its partner.
    pub(super) fn inside(&self, open: usize) -> Option<Span> {
        let close = self.partners.get(open).copied().flatten().filter(|close| *close > open)?;
        Some(open.saturating_add(1)..close)
    }

    /// Where the bracket that closes here opens.
    pub(super) fn opening(&self, close: usize) -> Option<usize> {
        self.partners.get(close).copied().flatten().filter(|open| *open < close)
    }

    /// The place after the token here, or after the whole group that opens here.
    pub(super) fn after(&self, at: usize) -> usize {
        self.inside(at).map_or(at, |inside| inside.end).saturating_add(1)
    }

    /// The arguments of the call whose bracket opens here.
    pub(super) fn arguments(&self, open: usize) -> Vec<Span> {
        self.inside(open).map_or_else(Vec::new, |inside| self.split(inside, &[",", ";"]))
    }

    /// A span cut at symbols or names outside of brackets; empty pieces are left out.
    pub(super) fn split(&self, span: Span, separators: &[&str]) -> Vec<Span> {
        let mut pieces = Vec::new();
        let (mut start, mut at) = (span.start, span.start);
        while at < span.end {
            let separates = self.at(at).is_some_and(|token| match token.kind {
                Kind::Symbol(symbol) | Kind::Word(symbol) => separators.contains(&symbol),
                _ => false,
            });
            if separates {
                pieces.push(start..at);
                start = at.saturating_add(1);
                at = start;
            } else {
                at = self.after(at);
            }
        }
        pieces.push(start..span.end);
        pieces.retain(|piece| piece.start < piece.end);
        pieces
    }

    /// What a name is defined as, seen from a place: the last definition before it, or else the first after it.
    pub(super) fn definition(&self, name: &str, from: usize) -> Option<Span> {
        if let Some(Bound::Value(value)) = self.turn.borrow().get(name) {
            return Some(value.clone());
        }
        let all = self.definitions.get(name)?;
        let before = all.partition_point(|definition| definition.at < from);
        let (before, after) = all.split_at_checked(before)?;
        let holds = |definition: &&Definition| definition.until.is_none_or(|until| from < until);
        let is_free = |definition: &&Definition| definition.until.is_none();
        let chosen =
            before.iter().rev().take(MOST_ENDED).find(holds).or_else(|| after.iter().find(is_free))?;
        Some(chosen.value.clone())
    }

    /// Reads one turn of a loop: until the next, its names stand for this.
    pub(super) fn take_turn(&self, turn: Turn) {
        self.turn.replace(turn);
    }

    /// What `entry.key`, `entry.getValue` and the like stand for in this turn of a loop.
    pub(super) fn of_entry(&self, entry: &str, part: &str) -> Option<Span> {
        let turn = self.turn.borrow();
        let Bound::Entry(key, value) = turn.get(entry)? else { return None };
        match part {
            "key" | "getKey" => Some(key.clone()),
            "value" | "getValue" => Some(value.clone()),
            _ => None,
        }
    }

    /// All that a name is defined as.
    pub(super) fn all_definitions(&self, name: &str) -> impl Iterator<Item = Span> + '_ {
        self.definitions.get(name).into_iter().flatten().map(|definition| definition.value.clone())
    }

    /// Takes a step of working out the value of a span; `false` where the file has had enough of them.
    pub(super) fn step(&self, span: &Span) -> bool {
        let left = self.steps.get();
        self.steps.set(left.saturating_sub(1).saturating_sub(span.len() >> 4));
        left > 0
    }

    /// A span as written, cut where it is long.
    pub(super) fn written(&self, span: Span) -> String {
        let mut written = String::new();
        for token in self.tokens.get(span).unwrap_or_default() {
            if written.len() > 60 {
                written.push('…');
                break;
            }
            match &token.kind {
                Kind::Word(text) | Kind::Number(text) => {
                    if written.ends_with(char::is_alphanumeric) {
                        written.push(' ');
                    }
                    written.push_str(text);
                }
                Kind::Symbol(text) => written.push_str(text),
                Kind::Text(parts) => written.push_str(&quoted(parts)),
            }
        }
        written
    }

    fn define(&mut self) {
        let mut definitions: BTreeMap<&'a str, Vec<Definition>> = BTreeMap::new();
        for (at, token) in self.tokens.iter().enumerate() {
            let found = match token.kind {
                Kind::Symbol("=" | ":=") => self.assigned(at),
                Kind::Word("for") => self.looped(at),
                Kind::Word("forEach") => self.for_each(at),
                Kind::Word("define") if self.is_before(at, "#") => self.macro_defined(at),
                _ => None,
            };
            let until = match token.kind {
                Kind::Word("forEach") => self.inside(at.saturating_add(1)).map(|inside| inside.end),
                _ => None,
            };
            if let Some((name, value)) = found {
                definitions.entry(name).or_default().push(Definition { at, value, until });
            }
        }
        self.definitions = definitions;
    }

    /// `name = …`, `name: Type = …`, `Type name = …`, `name := …`.
    fn assigned(&self, equals: usize) -> Option<(&'a str, Span)> {
        let value = equals.saturating_add(1);
        let span = value..self.end_of_expression(value);
        if let Some(name) = self.name_before_type(equals) {
            return Some((name, span));
        }
        let mut before = equals.checked_sub(1)?;
        while self.is(before, "]") {
            before = self.opening(before)?.checked_sub(1)?;
        }
        let name = self.word(before)?;
        let left = before.checked_sub(1).and_then(|left| self.word(left));
        let is_typed = self.language == Language::Go && !matches!(left, None | Some("const" | "var"));
        Some((if is_typed { left? } else { name }, span))
    }

    /// The name before `: Type`, in languages whose types come second.
    fn name_before_type(&self, equals: usize) -> Option<&'a str> {
        let types_come_second = matches!(
            self.language,
            Language::Kotlin | Language::Swift | Language::JavaScript | Language::Rust | Language::Python
        );
        if !types_come_second {
            return None;
        }
        let mut at = equals;
        for _ in 0..LONGEST_TYPE {
            at = at.checked_sub(1)?;
            match self.at(at)?.kind {
                Kind::Symbol(":") => return self.word_before(at),
                Kind::Symbol("]" | ")") => at = self.opening(at)?,
                Kind::Word(_) | Kind::Symbol("<" | ">" | "," | "." | "?" | "&" | "!") => {}
                _ => return None,
            }
        }
        None
    }

    /// `for (x in …)`, `for (Type x : …)`, `for (const x of …)`, `for x in … {`.
    fn looped(&self, word: usize) -> Option<(&'a str, Span)> {
        let next = word.saturating_add(1);
        let head = match self.inside(next) {
            Some(head) if self.is(next, "(") => head,
            _ => {
                let limit = next.saturating_add(40).min(self.tokens.len());
                let brace = (next..limit).find(|at| self.is(*at, "{") || self.is(*at, ":"))?;
                next..brace
            }
        };
        let separators: &[&str] = if self.language == Language::Java { &[":"] } else { &["in", "of"] };
        let pieces = self.split(head, separators);
        let [name, values] = pieces.as_slice() else { return None };
        Some((self.word_before(name.end)?, values.clone()))
    }

    /// `….forEach { x -> … }`, or with `it`.
    fn for_each(&self, word: usize) -> Option<(&'a str, Span)> {
        let dot = word.checked_sub(1).filter(|dot| self.is(*dot, ".") || self.is(*dot, "?."))?;
        let open = word.saturating_add(1);
        let inside = self.inside(open)?;
        let name = if self.is(inside.start.saturating_add(1), "->")
            || self.is(inside.start.saturating_add(1), "=>")
        {
            self.word(inside.start)?
        } else {
            "it"
        };
        Some((name, self.start_of_path(dot)..dot))
    }

    /// `#define NAME value`.
    fn macro_defined(&self, word: usize) -> Option<(&'a str, Span)> {
        let name = word.saturating_add(1);
        let line = self.line(word)?;
        let value = name.saturating_add(1);
        let limit = value.saturating_add(LONGEST_EXPRESSION).min(self.tokens.len());
        let end = (value..limit).find(|at| self.line(*at) != Some(line)).unwrap_or(limit);
        Some((self.word(name)?, value..end))
    }

    /// Where the path or call that ends before this place begins: `a.b(c).d`.
    pub(super) fn start_of_path(&self, end: usize) -> usize {
        let mut at = end;
        for _ in 0..LONGEST_PATH {
            let Some(before) = at.checked_sub(1) else { break };
            let Some(token) = self.at(before) else { break };
            match token.kind {
                // A call of the line before is no part of it.
                Kind::Symbol(")" | "]") if self.word(at).is_some() && at < end => break,
                Kind::Symbol(")" | "]") => match self.opening(before) {
                    Some(open) => at = open,
                    None => break,
                },
                Kind::Word(_) if self.word(at).is_none() || at >= end => at = before,
                Kind::Symbol("." | "?.") => at = before,
                _ => break,
            }
        }
        at
    }

    /// Where the expression that begins here ends.
    pub(super) fn end_of_expression(&self, start: usize) -> usize {
        let mut at = start;
        let mut end_line = None;
        for _ in 0..LONGEST_EXPRESSION {
            let Some(token) = self.at(at) else { break };
            if let Kind::Symbol(")" | "]" | "}" | ";" | ",") = token.kind {
                break;
            }
            let continues = |at: usize| {
                self.at(at).is_some_and(|token| {
                    matches!(
                        token.kind,
                        Kind::Symbol("+" | "." | "?." | "=" | ":=" | "?:" | "|" | "->" | "=>")
                    )
                })
            };
            let is_next_line = end_line.is_some_and(|line| token.line > line);
            let is_joined = continues(at) || at.checked_sub(1).is_some_and(continues);
            if is_next_line && !is_joined && !self.is_joined_text(at) {
                break;
            }
            let after = self.after(at);
            end_line = after.checked_sub(1).and_then(|last| self.at(last)).map(|token| token.end_line);
            at = after;
        }
        at
    }

    /// Whether this text continues the one before: literals side by side are one in C, Dart and Python.
    fn is_joined_text(&self, at: usize) -> bool {
        let is_text = |at: usize| self.at(at).is_some_and(|token| matches!(token.kind, Kind::Text(_)));
        matches!(self.language, Language::ObjectiveC | Language::Dart)
            && is_text(at)
            && at.checked_sub(1).is_some_and(is_text)
    }
}

/// Of each bracket its partner. One that does not fit is left alone.
fn partners(tokens: &[Token<'_>]) -> Vec<Option<usize>> {
    let mut partners = vec![None; tokens.len()];
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Kind::Symbol(symbol) = token.kind else { continue };
        let opener = match symbol {
            "(" | "[" | "{" => {
                open.push((at, symbol));
                continue;
            }
            ")" => "(",
            "]" => "[",
            "}" => "{",
            _ => continue,
        };
        // A closing bracket that nothing near opened is a stray one; it must not close what is far above.
        let Some(depth) = open.iter().rev().take(8).position(|(_, symbol)| *symbol == opener) else {
            continue;
        };
        open.truncate(open.len().saturating_sub(depth));
        let Some((start, _)) = open.pop() else { continue };
        for (place, partner) in [(start, at), (at, start)] {
            if let Some(slot) = partners.get_mut(place) {
                *slot = Some(partner);
            }
        }
    }
    partners
}

/// A text as it is written, cut where it is long.
fn quoted(parts: &[Part<'_>]) -> String {
    const LONGEST: usize = 60;
    let mut text = String::from("\"");
    for part in parts {
        match part {
            Part::Literal(literal) => text.extend(literal.chars().take(LONGEST)),
            Part::Name(name) => text.extend(format!("${{{name}}}").chars().take(LONGEST)),
        }
        if text.len() > LONGEST {
            text.push('…');
            break;
        }
    }
    text.push('"');
    text
}
