//! What is known of a condition: whether it holds in a release, and whether it only asks for what is then made.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::reader::{LONGEST_MAKING, Reader};
use crate::pins::formats::source::scan::Span;

impl<'a> Reader<'_, 'a> {
    /// Whether a condition holds in a release, if that is known.
    pub(super) fn in_release(&self, condition: &Span, is_directive: bool) -> Option<bool> {
        let scan = self.scan;
        let (mut asked, mut is_denied) = (condition.clone(), false);
        loop {
            let last = asked.end.checked_sub(1).filter(|last| *last > asked.start);
            if scan.is(asked.start, "!") {
                is_denied = !is_denied;
                asked.start = asked.start.saturating_add(1);
            } else if is_directive && scan.word(asked.start) == Some("defined") {
                asked.start = asked.start.saturating_add(1);
            } else if last.is_some_and(|last| {
                scan.is(asked.start, "(") && scan.after(asked.start) == asked.end && scan.is(last, ")")
            }) {
                asked = asked.start.saturating_add(1)..asked.end.saturating_sub(1);
            } else {
                break;
            }
        }
        let last = asked.end.checked_sub(1).filter(|last| *last >= asked.start)?;
        if !asked.clone().all(|at| scan.word(at).is_some() || scan.is(at, ".")) {
            return None;
        }
        let holds = match scan.word(last)? {
            "__DEV__" | "kDebugMode" => false,
            "kReleaseMode" => true,
            "DEBUG" if is_directive && asked.len() == 1 => false,
            "DEBUG" if scan.word(last.checked_sub(2)?) == Some("BuildConfig") => false,
            _ => return None,
        };
        Some(holds != is_denied)
    }

    /// Whether a condition asks only whether a variable is there that the branch makes.
    pub(super) fn is_made(&self, condition: &Span, branch: &Span) -> bool {
        let scan = self.scan;
        let last = condition.end.saturating_sub(1);
        let is_not = scan.is(condition.start, "!") && condition.len() == 2;
        let name =
            if is_not { scan.word(last) } else { self.compared_with_nothing(condition, &["==", "==="]) };
        name.is_some_and(|name| self.gives(name, branch))
    }

    /// Whether a variable is given a value within a span.
    pub(super) fn gives(&self, name: &str, within: &Span) -> bool {
        let scan = self.scan;
        let mut places = within.clone().take(LONGEST_MAKING);
        places.any(|at| scan.word(at) == Some(name) && scan.is(at.saturating_add(1), "="))
    }

    /// Whether a condition asks only whether a variable is there, and the branch gives it back.
    pub(super) fn gives_it_back(&self, condition: &Span, branch: &Span) -> bool {
        let scan = self.scan;
        let name = if condition.len() == 1 {
            scan.word(condition.start)
        } else {
            self.compared_with_nothing(condition, &["!=", "!=="])
        };
        scan.word(branch.start) == Some("return")
            && name.is_some()
            && scan.word(scan.end_of_expression(branch.start).saturating_sub(1)) == name
    }

    /// The variable of `variable == null`.
    fn compared_with_nothing(&self, condition: &Span, operators: &[&str]) -> Option<&'a str> {
        let scan = self.scan;
        let last = condition.end.checked_sub(1)?;
        let operator = last.checked_sub(1).filter(|at| *at > condition.start)?;
        let path = condition.start..operator;
        let is_path = path.clone().all(|at| scan.word(at).is_some() || scan.is(at, "."));
        let is_nothing = matches!(scan.word(last)?, "null" | "nil" | "undefined");
        let is_asked = operators.iter().any(|symbol| scan.is(operator, symbol));
        if is_path && is_nothing && is_asked { scan.word(operator.checked_sub(1)?) } else { None }
    }
}
