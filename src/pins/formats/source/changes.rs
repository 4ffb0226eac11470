//! Calls that make another text of a text.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::values::Value;

/// What a call makes of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Blanks at both ends go.
    Trim,
    /// The indent that all lines have goes, and a first and last line that are blank (Kotlin's `trimIndent`).
    TrimIndent,
    /// Capitals become small letters.
    Lower,
}

impl Change {
    /// What a call of this name does. With arguments `trim` takes off something else.
    pub(super) fn of(name: &str, has_no_arguments: bool) -> Option<Self> {
        match name {
            "trim" | "strip" if has_no_arguments => Some(Self::Trim),
            "trimIndent" if has_no_arguments => Some(Self::TrimIndent),
            "lowercase" | "toLowerCase" => Some(Self::Lower),
            _ => None,
        }
    }

    /// Each of these values after the call.
    pub(super) fn of_all(self, values: Vec<Value>) -> Vec<Value> {
        let changed = |value| match value {
            Value::Text(text, line) => Value::Text(self.of_text(&text), line),
            open @ Value::Open(..) => open,
        };
        values.into_iter().map(changed).collect()
    }

    fn of_text(self, text: &str) -> String {
        match self {
            Self::Trim => text.trim().to_owned(),
            Self::TrimIndent => without_indent(text),
            Self::Lower => text.to_lowercase(),
        }
    }
}

fn without_indent(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let is_blank = |line: &&str| line.trim().is_empty();
    let indent = |line: &&str| line.chars().take_while(|symbol| symbol.is_whitespace()).count();
    let common = lines.iter().filter(|line| !is_blank(line)).map(indent).min().unwrap_or_default();
    let last = lines.len().saturating_sub(1);
    let kept = lines.iter().enumerate().filter(|(at, line)| (*at != 0 && *at != last) || !is_blank(line));
    let cut: Vec<String> = kept.map(|(_, line)| line.chars().skip(common).collect()).collect();
    cut.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_go_where_the_call_takes_them_off() {
        for (name, text, expected) in [
            ("trim", "\n a b \n", "a b"),
            ("strip", " a ", "a"),
            ("trimIndent", "\n  a\n    b\n\n  c \n ", "a\n  b\n\nc "),
            ("trimIndent", "  a ", "a "),
            ("toLowerCase", " A ", " a "),
        ] {
            assert_eq!(Change::of(name, true).unwrap().of_text(text), expected, "{name}");
        }
        assert_eq!(Change::of("trim", false), None, "what it takes off is an argument");
        assert_eq!(Change::of("uppercase", true), None);
    }
}
