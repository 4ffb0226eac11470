//! Paragraphs and colours.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::rules::{Finding, Severity};

/// The width of a report.
const WIDTH: usize = 80;

/// Appends a paragraph, wrapped; the first line begins with `first`, the others with as many spaces.
pub(super) fn paragraph(out: &mut String, first: &str, text: &str) {
    let indent = first.chars().count();
    let mut line = first.to_owned();
    let mut used = indent;
    let mut empty = true;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !empty && used + 1 + length > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(indent);
            used = indent;
            empty = true;
        }
        if !empty {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
        empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// A text in a style.
pub(super) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Bold.
pub(super) const BOLD: Style = Style::new().bold();

/// The style of a severity.
pub(super) fn severity_style(severity: Severity) -> Style {
    let colour = match severity {
        Severity::Critical | Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low | Severity::Info => AnsiColor::Cyan,
    };
    let style = Style::new().fg_color(Some(colour.into()));
    if severity == Severity::Critical { style.bold() } else { style }
}

/// Appends findings, the gravest first: what was found, where, and what to do.
pub(super) fn findings(out: &mut String, findings: &[Finding]) {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in sorted {
        let severity = styled(severity_style(finding.severity), &format!("{:8}", finding.severity));
        out.push('\n');
        let _ = write!(out, "{severity}  {}  ", finding.rule);
        // The head of the line has 18 columns: severity, rule, spaces.
        let mut title = String::new();
        paragraph(&mut title, &" ".repeat(18), finding.title);
        out.push_str(&styled(BOLD, title.trim()));
        out.push('\n');
        paragraph(out, "  where: ", &finding.subject);
        paragraph(out, "  what:  ", &finding.message);
        paragraph(out, "  do:    ", &finding.advice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_keep_to_the_width() {
        let mut out = String::new();
        paragraph(&mut out, "  do: ", &"word ".repeat(40));
        assert!(out.lines().all(|line| line.len() <= WIDTH && line.starts_with("  ")), "{out}");
        assert_eq!(out.lines().count(), 3);
    }

    #[test]
    fn a_word_longer_than_a_line_stands_alone() {
        let mut out = String::new();
        paragraph(&mut out, "  ", &format!("a {} b", "x".repeat(100)));
        assert_eq!(out.lines().count(), 3);
    }
}
