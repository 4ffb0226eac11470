//! The report of `pinstead compare`: the comparison first, then the findings.

use std::fmt::Write as _;

use super::advice::answer;
use super::check::headline;
use super::style::{FAINT, STRONG, paint};
use super::wrap::{indented, wrap};
use super::{advice, comparison, findings, replay, safe, tally};
use crate::judge::Part;
use crate::report::TargetReport;
use crate::report::compared::tells_of_unlisted_ca;
use crate::rules::{self, Finding, Severity};

/// The least severity of a finding that is shown, unless all are.
const LEAST: Severity = Severity::Medium;

/// One name; `full` shows every renewal and every finding.
pub fn target(target: &TargetReport<'_>, full: bool) -> String {
    let verdicts = target.verdicts;
    let mut text = headline(target);
    if let Some(compared) = verdicts.comparison.verdict() {
        let answered = compared.advice.as_ref().map(answer).unwrap_or_default();
        let _ = write!(text, "\n{answered}{}", comparison(compared));
        let _ = match (&compared.replay, &verdicts.issuance) {
            (Some(replayed), _) => write!(text, "\n{}", replay(replayed, full)),
            (None, Part::Checked(_)) => write!(
                text,
                "\n{}",
                not_replayed("undetermined: no certificate of the sources could be replayed")
            ),
            (None, _) => write!(
                text,
                "\n{}",
                not_replayed(
                    "not checked: no source of what was issued is named (--history FOLDER, --crt-sh, --cert-spotter, --state)"
                )
            ),
        };
        if !tells_of_unlisted_ca(compared) {
            text.push_str(&indented(&safe(&compared.unlisted_ca), 2));
        }
        if let Some(advised) = &compared.advice {
            let _ = write!(text, "\n{}", advice(advised));
        }
    }
    text.push_str(&matter(&target.findings, full));
    text
}

fn not_replayed(why: &str) -> String {
    wrap(&format!("{} {why}.", paint(STRONG, "Replay")), "", "  ")
}

/// The findings that matter to the comparison, and those about the baseline: they say why something counts again. The others
/// are counted.
fn matter(all: &[&Finding], full: bool) -> String {
    if all.is_empty() {
        return String::new();
    }
    let shown: Vec<Finding> = all
        .iter()
        .filter(|finding| full || finding.severity >= LEAST || rules::is_about_baseline(finding.rule))
        .map(|&finding| finding.clone())
        .collect();
    let heading = format!("Findings: {}", tally(all.iter().copied()));
    let mut text = format!("\n{}\n{}", paint(STRONG, heading), findings(&shown));
    let rest = all.len() - shown.len();
    if rest > 0 {
        let line = format!("{rest} more below {LEAST}; --full shows them all");
        text.push_str(&indented(&paint(FAINT, line), 2));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Raised;

    /// Why an accepted finding fails again is said whatever the severity of saying so is.
    #[test]
    fn what_is_said_of_the_baseline_is_shown() {
        let found = |rule, severity| {
            Finding::again(
                rule,
                severity,
                Raised::new("t.example", format!("About {rule}."), serde_json::Value::Null),
            )
            .unwrap()
        };
        let all = [
            found("CAA011", Severity::Low),
            found("RUN001", Severity::Low),
            found("RUN002", Severity::Info),
            found("RUN003", Severity::Low),
        ];
        let text = matter(&all.iter().collect::<Vec<_>>(), false);
        for rule in ["RUN001", "RUN002", "RUN003"] {
            assert!(text.contains(&format!("About {rule}.")), "{rule}: {text}");
        }
        assert!(!text.contains("About CAA011.") && text.contains("1 more below medium"), "{text}");
    }
}
