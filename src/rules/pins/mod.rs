//! Rules about pins: family `PIN`.
//!
//! Each theme has a file: `file` (what a file says), `chain` (what its pins do for a host), `dates`, `backup`,
//! `strength` (what pins keep out), `force` (whether they are in force), `app` (what is around them), `hosts` (hosts
//! beside one another), `labels` (what comments say) and `caa`; `rotation` holds facts about CAs. This is the list of the rules.

mod app;
mod backup;
mod caa;
mod chain;
mod dates;
mod file;
mod force;
mod hosts;
mod labels;
mod paths;
mod platforms;
mod reading;
mod rotation;
mod strength;
pub(super) mod subjects;
mod tlsa;

use super::{Finding, Rule, RuleInfo};
use crate::judge::TargetVerdicts;
use crate::pins::PinsVerdict;

/// Every rule over pins alone, by id.
static RULES: [&Rule<PinsVerdict>; 46] = [
    &chain::NO_MATCH,
    &dates::EXPIRED,
    &dates::EXPIRES_SOON,
    &chain::NO_BACKUP,
    &file::DEAD_PIN,
    &file::NOT_READABLE,
    &reading::NOT_RECOGNISED,
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
    &backup::SAME_CA,
    &backup::ENDED_CA,
    &backup::ROTATING,
    &strength::ONLY_SHARED,
    &strength::MANY_CAS,
    &strength::SHA1,
    &strength::WHOLE_CERTIFICATE,
    &dates::NO_END,
    &dates::BEYOND_THE_CA,
    &force::NOT_ENFORCED,
    &force::DEBUG_IN_RELEASE,
    &force::OBSOLETE,
    &force::INSTEAD_OF_VALIDATION,
    &force::NO_VALIDATION,
    &force::NEVER_CALLED,
    &app::CT_LIBRARY,
    &app::CT_DISABLED,
    &app::BOOTSTRAP,
    &labels::WRONG_LABEL,
    &hosts::STAR_GAP,
    &hosts::DRIFT,
    &paths::PATH_DEPENDENT,
    &tlsa::NO_DNSSEC,
    &tlsa::NO_MATCH,
    &tlsa::ROTATING_CA,
    &tlsa::NOT_FOR_SMTP,
    &tlsa::NO_NEXT_KEY,
    &reading::READ_IN_PART,
    &force::CLIENT_WITHOUT_PINS,
];

/// Every rule over pins and what else was seen of a target. The first has its words in the list above.
static TARGET_RULES: [&Rule<TargetVerdicts>; 2] = [&hosts::NAME_GAP, &caa::DISAGREES];

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    RULES.iter().map(|rule| &rule.info).chain([&caa::DISAGREES.info])
}

/// Whether a rule is about records in the DNS.
pub fn is_about_records(rule: &str) -> bool {
    [&tlsa::NO_DNSSEC, &tlsa::NO_MATCH, &tlsa::ROTATING_CA, &tlsa::NOT_FOR_SMTP, &tlsa::NO_NEXT_KEY]
        .iter()
        .any(|known| known.info.id == rule)
}

/// Whether a rule needs files alone: no host, no chain that a server shows, no look-up.
pub fn is_about_files_alone(rule: &str) -> bool {
    let needs = infos().find(|info| info.id == rule).map(|info| info.needs);
    needs.is_some_and(|needs| !["chain", "host", "TLSA", "CAA"].iter().any(|what| needs.contains(what)))
}

/// What the rules find in a verdict, by rule.
pub fn findings(verdict: &PinsVerdict) -> Vec<Finding> {
    let word = |info, raised| platforms::worded(info, raised);
    RULES.iter().flat_map(|rule| rule.findings_as(verdict, |raised| word(&rule.info, raised))).collect()
}

/// What the rules find in the pins of a target beside what else was seen of it.
pub fn target_findings(verdicts: &TargetVerdicts) -> Vec<Finding> {
    TARGET_RULES.iter().flat_map(|rule| rule.findings(verdicts)).collect()
}

#[cfg(test)]
mod tests;
