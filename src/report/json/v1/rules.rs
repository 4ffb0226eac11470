//! JSON of `rules` and `explain`.

use serde::Serialize;
use serde_json::{Value, json};

use super::SCHEMA_VERSION;
use crate::rules::{RuleInfo, Severity};

/// The list of rules: `{"schema_version": 1, "rules": […]}`.
pub fn rules<'a>(rules: impl IntoIterator<Item = &'a RuleInfo>) -> Value {
    let rules: Vec<Value> = rules.into_iter().map(rule).collect();
    json!({ "schema_version": SCHEMA_VERSION, "rules": rules })
}

/// One rule.
pub fn rule(rule: &RuleInfo) -> Value {
    json!(RuleView {
        id: rule.id,
        title: rule.title,
        severity: rule.severity,
        needs: rule.needs,
        explanation: rule.explanation,
        advice: rule.advice,
        references: rule.references,
    })
}

/// A rule's keys, in words that a change of [`RuleInfo`] does not change.
#[derive(Serialize)]
struct RuleView<'a> {
    id: &'a str,
    title: &'a str,
    severity: Severity,
    needs: &'a str,
    explanation: &'a str,
    advice: &'a str,
    references: &'a [&'a str],
}
