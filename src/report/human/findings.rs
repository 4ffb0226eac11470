//! Findings for people: the gravest first, each with what was found, what to do and where it is written.

use super::safe;
use super::style::{FAINT, STRONG, of_severity, paint};
use super::wrap::{labelled, pad, wrap};
use crate::report::of_them_accepted;
use crate::rules::{Finding, Severity};

/// How far the text of a finding is indented: past the longest severity and two spaces.
const INDENT: usize = 10;

/// The findings, gravest first, separated by blank lines; nothing at all where there are none.
pub fn findings(findings: &[Finding]) -> String {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    sorted.into_iter().map(block).collect::<Vec<_>>().join("\n")
}

/// How many findings there are of each severity: “1 high, 2 low”, or “no findings”.
pub fn tally<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> String {
    let findings: Vec<&Finding> = findings.into_iter().collect();
    let counts: Vec<String> = Severity::ALL
        .into_iter()
        .rev()
        .map(|severity| (severity, findings.iter().filter(|finding| finding.severity == severity).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| paint(of_severity(severity), format_args!("{count} {severity}")))
        .collect();
    let accepted = findings.iter().filter(|finding| finding.accepted.is_some()).count();
    let accepted = of_them_accepted(accepted, findings.len());
    if counts.is_empty() { "no findings".to_owned() } else { counts.join(", ") + &accepted }
}

fn block(finding: &Finding) -> String {
    let severity = paint(of_severity(finding.severity), finding.severity);
    let indent = " ".repeat(INDENT);
    let heading = paint(STRONG, format_args!("{} {}", finding.rule, finding.title));
    let mut text = wrap(&heading, &pad(&severity, INDENT), &indent);
    if !finding.subject.is_empty() {
        text.push_str(&wrap(&safe(&finding.subject), &indent, &indent));
    }
    text.push_str(&wrap(&safe(&finding.message), &indent, &indent));
    if let Some(accepted) = &finding.accepted {
        let until = format!("until {}, because of “{}” (baseline).", accepted.until, safe(&accepted.reason));
        text.push_str(&labelled(&format!("{indent}Accepted "), &until));
    }
    text.push_str(&labelled(&format!("{indent}Do: "), &safe(&finding.advice)));
    if !finding.references.is_empty() {
        let sources = paint(FAINT, format_args!("({})", finding.references.join("; ")));
        text.push_str(&wrap(&sources, &indent, &indent));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::human::wrap::{WIDTH, width};
    use crate::rules::{Raised, Rule, RuleInfo};

    const RULE: Rule<str> = Rule {
        info: RuleInfo {
            id: "XX001",
            title: "Something is not as it should be",
            severity: Severity::Low,
            needs: "a text",
            explanation: "It matters.",
            advice: "Put it right, and look at it again when you have done so; it is worth the trouble.",
            references: &["RFC 6962 section 3.2", "RFC 8659 section 3", "Chrome CT policy", "RFC 5280"],
        },
        raise: |text| {
            vec![
                Raised::new("example.com", format!("The server said: {text}."), Value::Null),
                Raised::new("other.example", "This is worse.", Value::Null).at(Severity::High),
            ]
        },
    };

    fn bare(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn the_gravest_comes_first_and_all_of_it_fits() {
        let text = findings(&RULE.findings(&"word ".repeat(30)));
        insta::assert_snapshot!(bare(&text));
        assert!(text.lines().all(|line| width(line) <= WIDTH));
    }

    #[test]
    fn what_servers_say_cannot_steer_the_terminal() {
        let text = bare(&findings(&RULE.findings("\u{1b}[2J\nhigh      CT001 Forged")));
        assert!(text.contains("\\u{1b}[2J\\nhigh"), "{text}");
        assert_eq!(text.matches("high").count(), 2);
    }

    #[test]
    fn the_tally_counts_the_gravest_first() {
        assert_eq!(bare(&tally(&RULE.findings("x"))), "1 high, 1 low");
        assert_eq!(tally(&[]), "no findings");
        assert_eq!(findings(&[]), "");
    }
}
