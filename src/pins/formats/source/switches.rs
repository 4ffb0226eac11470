//! Switches in source code.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::scan::{Scan, Span};
use crate::pins::formats::switch::Switch;

/// The most definitions of a name that are looked at.
const MOST_DEFINITIONS: usize = 20;

impl Scan<'_> {
    /// What a switch comes to: a truth value itself, or a name all of whose definitions in this file are the same one.
    pub(super) fn switch(&self, span: Span) -> Switch {
        if let Some(value) = self.truth(span.clone()) {
            return value.into();
        }
        let Some(name) = self.word(span.start).filter(|_| span.len() == 1) else { return Switch::Open };
        let mut values =
            self.all_definitions(name).take(MOST_DEFINITIONS).map(|definition| self.truth(definition));
        match values.next().flatten() {
            Some(first) if values.all(|value| value == Some(first)) => first.into(),
            _ => Switch::Open,
        }
    }

    /// The truth value that is written here.
    fn truth(&self, span: Span) -> Option<bool> {
        let text = self.written(span).to_lowercase();
        match text.trim_start_matches('@').trim_matches(['(', ')']) {
            "yes" | "true" | "1" | "!0" => Some(true),
            "no" | "false" | "0" | "!1" => Some(false),
            _ => None,
        }
    }
}
