//! Finds the conditions of a file, token by token.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use super::{Part, When};
use crate::pins::formats::source::Language;
use crate::pins::formats::source::lexer::Kind;
use crate::pins::formats::source::scan::{Scan, Span};

/// The most tokens of a condition without brackets around it, outside of its own brackets.
const LONGEST_CONDITION: usize = 200;
/// How far the making of a variable is looked for.
pub(super) const LONGEST_MAKING: usize = 2000;
/// The most tokens between `catch` and its block.
const LONGEST_CATCH: usize = 40;

/// One `#if` that is open.
struct Directive {
    /// Where its branch begins, behind the condition.
    start: usize,
    condition: Span,
    /// Whether this branch is compiled in a release, if that is known.
    runs: Option<bool>,
    /// Whether a branch before it is, as far as is known.
    taken: Option<bool>,
}

/// Finds the conditions of a file.
pub(super) struct Reader<'s, 'a> {
    pub(super) scan: &'s Scan<'a>,
    pub(super) code: Vec<Part>,
    pub(super) directives: Vec<Part>,
    /// Where code is left: `return`, `break` and `continue`.
    jumps: Vec<usize>,
    /// Where the brackets around the place that is read close.
    blocks: Vec<usize>,
    /// The `if` behind an `else` that is itself not sure to be reached.
    chained: BTreeSet<usize>,
    /// Where the last expression ends of which the rest may not be reached.
    open_until: usize,
    open: Vec<Directive>,
}

impl<'s, 'a> Reader<'s, 'a> {
    pub(super) fn of(scan: &'s Scan<'a>) -> Self {
        Self {
            scan,
            code: Vec::new(),
            directives: Vec::new(),
            jumps: scan.places(&["return", "break", "continue"]),
            blocks: Vec::new(),
            chained: BTreeSet::new(),
            open_until: 0,
            open: Vec::new(),
        }
    }

    pub(super) fn read(&mut self) {
        let scan = self.scan;
        let has_ternary = !matches!(scan.language, Language::Kotlin | Language::Go | Language::Rust);
        for (at, token) in scan.tokens.iter().enumerate() {
            while self.blocks.last().is_some_and(|end| *end <= at) {
                self.blocks.pop();
            }
            match token.kind {
                Kind::Symbol("(" | "[" | "{") => self.blocks.extend(scan.inside(at).map(|inside| inside.end)),
                Kind::Symbol("#") => self.directive(at),
                Kind::Symbol("?") if has_ternary => self.ternary(at),
                Kind::Symbol("&&" | "||" | "??" | "?:" | "?.") => self.rest(at),
                Kind::Word(_) if scan.is_before(at, ".") || scan.is_before(at, "#") => {}
                Kind::Word("if") => self.branches(at),
                Kind::Word("guard") if scan.language == Language::Swift => self.guard(at),
                Kind::Word("when") if scan.language == Language::Kotlin => self.choice(at),
                Kind::Word("switch") => self.choice(at),
                Kind::Word("match") if scan.language == Language::Rust => self.choice(at),
                Kind::Word("try" | "do" | "runCatching") => self.tried(at),
                _ => {}
            }
        }
        for directive in std::mem::take(&mut self.open) {
            self.end_directive(&directive, scan.tokens.len());
        }
    }

    fn add(&mut self, span: Span, when: When, condition: &Span) {
        self.code.push(Part { span, when, condition: condition.clone(), outer: None });
    }

    /// From here to the end of the block that is read.
    fn rest_of_block(&self, from: usize) -> Span {
        from..self.blocks.last().copied().unwrap_or(self.scan.tokens.len())
    }

    /// `if (…) … else …`, also without brackets around the condition.
    fn branches(&mut self, word: usize) {
        let scan = self.scan;
        let Some((condition, start)) = self.head(word) else { return };
        let (first, mut after) = self.branch(start);
        if scan.is(after, ";") && scan.word(after.saturating_add(1)) == Some("else") {
            after = after.saturating_add(1);
        }
        let other = (scan.word(after) == Some("else")).then(|| self.branch(after.saturating_add(1)));
        if let Some((_, end)) = &other {
            after = *end;
        }
        let is_reached = !self.chained.contains(&word);
        let is_made = self.is_made(&condition, &first);
        let holds = if is_made { Some(true) } else { self.in_release(&condition, false) };
        if !is_reached || holds != Some(true) {
            self.add(first.clone(), When::Holds, &condition);
        }
        let leaves = |span: &Span| self.leaves(span, false);
        let (first_leaves, other_leaves) =
            (leaves(&first), other.as_ref().is_some_and(|(other, _)| leaves(other)));
        if let Some((other, _)) = other {
            let is_other_sure = is_reached && holds == Some(false);
            if !is_other_sure {
                if scan.word(other.start) == Some("if") {
                    self.chained.insert(other.start);
                }
                self.add(other, When::Fails, &condition);
            }
        }
        let rest = self.rest_of_block(after);
        if first_leaves && holds != Some(false) && !is_made && !self.gives_it_back(&condition, &first) {
            self.add(rest, When::Fails, &condition);
        } else if other_leaves && holds != Some(true) {
            self.add(rest, When::Holds, &condition);
        }
    }

    /// The condition of an `if`, and where what it decides about begins.
    fn head(&self, word: usize) -> Option<(Span, usize)> {
        let scan = self.scan;
        let next = word.saturating_add(1);
        if !matches!(scan.language, Language::Swift | Language::Go | Language::Rust) {
            let inside = scan.inside(next).filter(|_| scan.is(next, "("))?;
            let start = inside.end.saturating_add(1);
            return Some((inside, start));
        }
        let brace = self.find(next, |at| scan.is(at, "{"))?;
        Some((next..brace, brace))
    }

    /// The first place from here on, outside of brackets, where something stands.
    fn find(&self, from: usize, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let mut at = from;
        for _ in 0..LONGEST_CONDITION {
            if is_it(at) {
                return Some(at);
            }
            self.scan.at(at)?;
            at = self.scan.after(at);
        }
        None
    }

    /// What stands in a branch that begins here, and where what follows it does.
    fn branch(&self, start: usize) -> (Span, usize) {
        let scan = self.scan;
        if let Some(inside) = scan.inside(start).filter(|_| scan.is(start, "{")) {
            let after = inside.end.saturating_add(1);
            return (inside, after);
        }
        let mut end = scan.end_of_expression(start);
        // The `else` behind another `if` may be that one's.
        if scan.word(start) != Some("if") {
            let mut at = start;
            while at < end {
                if scan.word(at) == Some("else") {
                    end = at;
                }
                at = scan.after(at);
            }
        }
        (start..end, end)
    }

    /// Whether code is left within a span; of a `switch` only by `return`.
    fn leaves(&self, span: &Span, is_switch: bool) -> bool {
        let from = self.jumps.partition_point(|jump| *jump < span.start);
        let inside = self.jumps.get(from..).unwrap_or_default().iter().take_while(|jump| **jump < span.end);
        inside.take(LONGEST_CONDITION).any(|jump| !is_switch || self.scan.word(*jump) == Some("return"))
    }

    /// `guard … else { return }`.
    fn guard(&mut self, word: usize) {
        let scan = self.scan;
        let next = word.saturating_add(1);
        let Some(other) = self.find(next, |at| scan.word(at) == Some("else")) else { return };
        let condition = next..other;
        let is_self = condition.len() == 4 && scan.word(other.saturating_sub(1)) == Some("self");
        if !is_self && self.in_release(&condition, false) != Some(true) {
            let rest = self.rest_of_block(scan.after(other.saturating_add(1)));
            self.add(rest, When::Holds, &condition);
        }
    }

    /// `when (…) { … }`, `switch (…) { … }`.
    fn choice(&mut self, word: usize) {
        let scan = self.scan;
        let Some(brace) = self.find(word, |at| scan.is(at, "{")) else { return };
        let Some(inside) = scan.inside(brace) else { return };
        let condition = word..brace;
        if self.leaves(&inside, true) {
            let rest = self.rest_of_block(inside.end.saturating_add(1));
            self.add(rest, When::Branch, &condition);
        }
        self.add(inside, When::Branch, &condition);
    }

    /// `try { … } catch (…) { … }`: what fails is caught and not thrown again, and the app goes on without the rest.
    fn tried(&mut self, word: usize) {
        let scan = self.scan;
        let mut open = word.saturating_add(1);
        if scan.is(open, "(") {
            open = scan.after(open);
        }
        let Some(body) = scan.inside(open).filter(|_| scan.is(open, "{")) else { return };
        let mut is_caught = scan.word(word) == Some("runCatching");
        let mut next = body.end.saturating_add(1);
        if scan.is(next, "@") {
            next = next.saturating_add(1);
        }
        while matches!(scan.word(next), Some("catch" | "on")) {
            let limit = next.saturating_add(LONGEST_CATCH);
            let Some(brace) = (next..limit).find(|at| scan.is(*at, "{")) else { break };
            let Some(block) = scan.inside(brace) else { break };
            let throws = block
                .clone()
                .take(LONGEST_MAKING)
                .any(|at| matches!(scan.word(at), Some("throw" | "rethrow" | "fatalError")));
            is_caught |= !throws;
            next = block.end.saturating_add(1);
            if scan.is(next, "@") {
                next = next.saturating_add(1);
            }
            self.add(block, When::Caught, &(word..open));
        }
        if is_caught {
            // The first statement is tried, whatever comes of it.
            let rest = scan.end_of_expression(body.start)..body.end;
            self.add(rest, When::Reached, &(word..open));
        }
    }

    /// `… ? … : …`.
    fn ternary(&mut self, mark: usize) {
        let scan = self.scan;
        let start = mark.saturating_add(1);
        if mark < self.open_until || scan.is(start, ":") {
            return;
        }
        let mut end = scan.end_of_expression(start);
        let has_colon = self.find(start, |at| at >= end || scan.is(at, ":")).is_some_and(|at| at < end);
        if scan.is(end, ":") {
            end = scan.end_of_expression(end.saturating_add(1));
        } else if !has_colon {
            return;
        }
        self.open_until = end;
        self.add(start..end, When::Branch, &(self.operand(mark)..start));
    }

    /// What follows `&&`, `||`, `??`, `?:` and `?.` in an expression.
    fn rest(&mut self, operator: usize) {
        let scan = self.scan;
        let start = operator.saturating_add(1);
        let operand = self.operand(operator)..operator;
        if operator < self.open_until || scan.word(operand.start) == Some("self") {
            return;
        }
        let is_whole = operand.start.checked_sub(1).and_then(|before| scan.at(before)).is_none_or(|before| {
            let begins = ["(", "{", "}", ";", "=", "=>", "->", ","].iter().any(|symbol| before.is(symbol));
            begins || before.word() == Some("return") || scan.line(operand.start) > Some(before.end_line)
        });
        let holds = if is_whole { self.in_release(&operand, false) } else { None };
        let end = scan.end_of_expression(start);
        let rest = start..end;
        let (when, is_sure) = if scan.is(operator, "&&") || scan.is(operator, "?.") {
            (When::Holds, scan.is(operator, "&&") && holds == Some(true))
        } else {
            let name = operand.end.checked_sub(1).and_then(|last| scan.word(last));
            let is_made = !scan.is(operator, "||") && name.is_some_and(|name| self.gives(name, &rest));
            (When::Fails, is_made || (scan.is(operator, "||") && holds == Some(false)))
        };
        // `… ?: return …`
        if when == When::Fails && matches!(scan.word(start), Some("return" | "break" | "continue")) {
            let rest = self.rest_of_block(end);
            self.add(rest, When::Holds, &operand);
        } else if !is_sure {
            self.open_until = end;
            self.add(rest, when, &operand);
        }
    }

    /// Where what stands before an operator begins: a path, perhaps denied.
    fn operand(&self, operator: usize) -> usize {
        let mut start = self.scan.start_of_path(operator);
        while self.scan.is_before(start, "!") {
            start = start.saturating_sub(1);
        }
        start
    }

    /// `#if`, `#elseif`, `#else`, `#endif`.
    fn directive(&mut self, hash: usize) {
        let scan = self.scan;
        if !matches!(scan.language, Language::Swift | Language::ObjectiveC | Language::CSharp) {
            return;
        }
        let word = hash.saturating_add(1);
        let Some(name) = scan.word(word) else { return };
        let is_else = matches!(name, "elseif" | "elif" | "else");
        let mut taken = Some(false);
        if is_else || name == "endif" {
            let Some(before) = self.open.pop() else { return };
            taken = match (before.taken, before.runs) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
            self.end_directive(&before, hash);
            if name == "endif" {
                return;
            }
        } else if !matches!(name, "if" | "ifdef" | "ifndef") {
            return;
        }
        let line = scan.line(word);
        let start = word.saturating_add(1);
        let end = self.find(start, |at| scan.line(at) != line).unwrap_or(start);
        let condition = start..end;
        let named = scan.word(start);
        // A header that is read once: `#ifndef NAME`, `#define NAME`.
        let is_once = name == "ifndef"
            && scan.word(end.saturating_add(1)) == Some("define")
            && scan.word(end.saturating_add(2)) == named;
        let holds = match name {
            "else" => Some(true),
            "ifndef" if is_once => Some(true),
            "ifndef" => self.in_release(&condition, true).map(|holds| !holds),
            _ => self.in_release(&condition, true),
        };
        let runs = match (taken, holds) {
            (Some(false), holds) => holds,
            (Some(true), _) | (None, Some(false)) => Some(false),
            (None, _) => None,
        };
        let condition = if condition.is_empty() { hash..start } else { condition };
        self.open.push(Directive { start: end, condition, runs, taken });
    }

    fn end_directive(&mut self, directive: &Directive, end: usize) {
        if directive.runs != Some(true) {
            let condition = directive.condition.clone();
            let when = if self.scan.is(condition.start, "#") { When::Branch } else { When::Holds };
            self.directives.push(Part { span: directive.start..end, when, condition, outer: None });
        }
    }
}
