//! The list of rules, and one rule explained, for people.

use super::style::{FAINT, STRONG, of_severity, paint};
use super::wrap::{labelled, pad, wrap};
use crate::rules::RuleInfo;

/// One line a rule: id, severity and title.
pub fn rules<'a>(rules: impl IntoIterator<Item = &'a RuleInfo>) -> String {
    rules
        .into_iter()
        .map(|rule| {
            let severity = pad(&paint(of_severity(rule.severity), rule.severity), 10);
            let id = pad(&paint(STRONG, rule.id), 8);
            labelled(&format!("{id}{severity}"), rule.title)
        })
        .collect()
}

/// Everything a rule says of itself.
pub fn explanation(rule: &RuleInfo) -> String {
    let heading = paint(STRONG, format_args!("{} {}", rule.id, rule.title));
    let severity = paint(of_severity(rule.severity), rule.severity);
    let sources: String = rule.references.iter().map(|source| wrap(source, "- ", "  ")).collect();
    format!(
        "{}{}\n{}\n{}\n{}\n{}\n{sources}",
        wrap(&heading, "", ""),
        wrap(
            &format!("Severity: {severity}. {}", paint(FAINT, format_args!("Needs: {}.", rule.needs))),
            "",
            ""
        ),
        markdown(rule.explanation),
        paint(STRONG, "What to do"),
        markdown(rule.advice),
        paint(STRONG, "Sources"),
    )
}

/// Markdown as far as rules use it: paragraphs, and lists whose items begin with `- `.
fn markdown(text: &str) -> String {
    let paragraphs: Vec<String> = text.split("\n\n").map(paragraph).collect();
    paragraphs.join("\n")
}

fn paragraph(text: &str) -> String {
    let mut items: Vec<String> = Vec::new();
    for line in text.lines() {
        match items.last_mut() {
            Some(item) if !line.starts_with("- ") => {
                item.push(' ');
                item.push_str(line.trim());
            }
            _ => items.push(line.trim().to_owned()),
        }
    }
    items.iter().map(|item| wrap(item, "", if item.starts_with("- ") { "  " } else { "" })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::human::wrap::{WIDTH, width};
    use crate::rules::Severity;

    const RULE: RuleInfo = RuleInfo {
        id: "XX001",
        title: "Something is not as it should be, and the title of it needs more than one line of text",
        severity: Severity::High,
        needs: "a text",
        explanation: "The first paragraph is written over\ntwo lines.\n\nThen a list:\n- one item, which goes \
            on and on until it needs a second line of its own\n- another item",
        advice: "Put it right.",
        references: &["RFC 6962 section 3.2"],
    };

    #[test]
    fn a_rule_is_explained_in_80_columns() {
        let text = explanation(&RULE);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
        assert!(text.lines().all(|line| width(line) <= WIDTH));
    }

    #[test]
    fn a_rule_is_listed_with_its_severity() {
        insta::assert_snapshot!(anstream::adapter::strip_str(&rules([&RULE])).to_string());
    }
}
