//! The few styles of the reports, each named for its meaning.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use crate::rules::Severity;

/// Something is as it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Something is wrong.
pub const BAD: Style = AnsiColor::Red.on_default();
/// Something deserves a look, or is not known.
pub const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
/// Headings and verdicts.
pub const STRONG: Style = Style::new().bold();
/// What only some readers need.
pub const FAINT: Style = Style::new().dimmed();

/// `text` in `style`, and nothing styled after it.
pub fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The style of a severity.
pub fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Critical => BAD.bold(),
        Severity::High => BAD,
        Severity::Medium => DOUBTFUL,
        Severity::Low => Style::new(),
        Severity::Info => FAINT,
    }
}
