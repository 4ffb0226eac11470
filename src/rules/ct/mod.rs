//! Rules about Certificate Transparency.

mod delivery;
mod lists;
mod scts;

use super::{Finding, Rule, RuleInfo};
use crate::ct::verdict::CtVerdict;
use crate::judge::ListUse;

/// Every rule about Certificate Transparency.
fn rules() -> impl Iterator<Item = &'static Rule<CtVerdict>> {
    scts::RULES.iter().chain(delivery::RULES)
}

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    rules().map(|rule| &rule.info).chain(lists::RULES.iter().map(|rule| &rule.info))
}

/// What the rules find in a verdict, by rule.
pub fn findings(verdict: &CtVerdict) -> Vec<Finding> {
    rules().flat_map(|rule| rule.findings(verdict)).collect()
}

/// What the rules find in the log lists that were given or kept.
pub fn list_findings(lists: &[ListUse]) -> Vec<Finding> {
    lists::RULES.iter().flat_map(|rule| rule.findings(lists)).collect()
}
