//! Rules about pins: family `PIN`.
//!
//! The entries stand in `file` (what a file says) and `chain` (what its pins do for a host); this is their list.

mod chain;
mod file;
mod paths;
mod subjects;

use super::{Finding, Rule, RuleInfo};
use crate::pins::PinsVerdict;

/// Every rule of the family, by id.
static RULES: [&Rule<PinsVerdict>; 18] = [
    &chain::NO_MATCH,
    &chain::EXPIRED,
    &chain::EXPIRES_SOON,
    &chain::NO_BACKUP,
    &file::DEAD_PIN,
    &file::NOT_READABLE,
    &file::NOT_RECOGNISED,
    &file::REFUSED,
    &file::NO_EFFECT,
    &file::USER_ANCHORS,
    &file::OVERRIDES_PINS,
    &file::SHADOWED,
    &chain::WRONG_PLACE,
    &chain::NOT_COVERED,
    &chain::LEAF_ONLY,
    &file::EXAMPLE_PIN,
    &file::NO_PINS,
    &paths::PATH_DEPENDENT,
];

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    RULES.iter().map(|rule| &rule.info)
}

/// What the rules find in a verdict, by rule.
pub fn findings(verdict: &PinsVerdict) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule.findings(verdict)).collect()
}

#[cfg(test)]
mod tests;
