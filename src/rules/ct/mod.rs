//! Rules about Certificate Transparency.

mod delivery;
mod inclusion;
mod lists;
mod logs;
mod policies;
mod scts;

use super::{Finding, Rule, RuleInfo};
use crate::ct::verdict::CtVerdict;
use crate::judge::ListUse;

const CHROME_POLICY: &str =
    "Chrome CT policy, https://googlechrome.github.io/CertificateTransparency/ct_policy.html";
const APPLE_POLICY: &str = "Apple CT policy, https://support.apple.com/103214";
const MOZILLA_POLICY: &str =
    "Mozilla CT policy, https://wiki.mozilla.org/SecurityEngineering/Certificate_Transparency";
const ANDROID_POLICY: &str = "Android, https://developer.android.com/about/versions/17/summary";

/// Every rule about Certificate Transparency.
fn rules() -> impl Iterator<Item = &'static Rule<CtVerdict>> {
    policies::RULES
        .iter()
        .chain(scts::RULES)
        .chain(logs::RULES)
        .chain(delivery::RULES)
        .chain(inclusion::RULES)
}

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    let lists = lists::RULES.iter().map(|rule| &rule.info);
    let mut infos: Vec<_> = rules().map(|rule| &rule.info).chain(lists).collect();
    infos.sort_by_key(|info| info.id);
    infos.into_iter()
}

/// Whether a rule is about what logs hold, which they are only asked for where that is wanted.
pub fn is_about_inclusion(rule: &str) -> bool {
    inclusion::RULES.iter().any(|known| known.info.id == rule)
}

/// What the rules find in a verdict, by rule.
pub fn findings(verdict: &CtVerdict) -> Vec<Finding> {
    let mut findings: Vec<_> = rules().flat_map(|rule| rule.findings(verdict)).collect();
    findings.sort_by_key(|finding| finding.rule);
    findings
}

/// What the rules find in the log lists that were given or kept.
pub fn list_findings(lists: &[ListUse]) -> Vec<Finding> {
    lists::RULES.iter().flat_map(|rule| rule.findings(lists)).collect()
}

#[cfg(test)]
mod tests;
