//! Rules turn verdicts into findings.
//!
//! A rule is one entry in its family's file: id, title, severity, explanation, sources, advice, and the
//! function that raises it. `pinstead rules`, `pinstead explain` and the pages under `docs/rules/` are all
//! made from that entry.

pub mod caa;
mod finding;
pub mod pins;

pub use self::finding::{Finding, Raised, Rule, RuleInfo, Severity};

/// Every rule's own words, by family.
pub fn all() -> impl Iterator<Item = &'static RuleInfo> {
    caa::infos().chain(pins::infos())
}

/// A rule's page, as `pinstead explain` prints it and `docs/rules/` keeps it.
pub fn markdown(rule: &RuleInfo) -> String {
    let references: Vec<String> = rule.references.iter().map(|source| format!("- {source}\n")).collect();
    format!(
        "# {}: {}\n\nSeverity: {}. Needs: {}.\n\n{}\n\n## What to do\n\n{}\n\n## Sources\n\n{}",
        rule.id,
        rule.title,
        rule.severity,
        rule.needs,
        rule.explanation,
        rule.advice,
        references.concat()
    )
}
