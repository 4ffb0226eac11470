//! Rules about Certificate Transparency.

mod delivery;
mod inclusion;
mod scts;

use super::{Finding, Rule, RuleInfo};
use crate::ct::verdict::CtVerdict;

/// Every rule about Certificate Transparency.
fn rules() -> impl Iterator<Item = &'static Rule<CtVerdict>> {
    scts::RULES.iter().chain(delivery::RULES).chain(inclusion::RULES)
}

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    rules().map(|rule| &rule.info)
}

/// What the rules find in a verdict, by rule.
pub fn findings(verdict: &CtVerdict) -> Vec<Finding> {
    rules().flat_map(|rule| rule.findings(verdict)).collect()
}
