//! What in an answer could not be read, a sentence each, and no more of them than anybody reads.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// How many problems are told one by one.
const MOST: usize = 50;

/// The most characters of a text of others in a report.
const LONGEST: usize = 1000;

/// Problems, in the order in which they were met.
#[derive(Debug, Default)]
pub(super) struct Problems {
    told: Vec<String>,
    more: u64,
}

impl Problems {
    /// Adds one.
    pub(super) fn add(&mut self, problem: impl FnOnce() -> String) {
        if self.told.len() < MOST {
            self.told.push(problem());
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// All of them, as reports show them.
    pub(super) fn into_sentences(mut self) -> Vec<String> {
        if self.more > 0 {
            self.told.push(format!("{} more could not be read or do not agree", self.more));
        }
        self.told
    }
}

/// A text of others without control characters, and no longer than anybody reads: it may be shown on a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::new();
    for (place, letter) in text.chars().enumerate() {
        if place >= LONGEST {
            shown.push('…');
            break;
        }
        if letter.is_control() || is_invisible(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Letters that change the order or the look of those around them.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
