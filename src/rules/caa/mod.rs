//! Rules about CAA: what the look-up, the records and the policy they make say of one name.

mod binding;
mod issuer;
mod lookup;
mod nameservers;
mod policy;
mod records;
mod reporting;
#[cfg(test)]
mod testing;

use super::{Finding, Rule, RuleInfo};
use crate::caa::CaaReading;

/// The rules about a name's CAA, whoever issues for it.
fn of_name() -> impl Iterator<Item = &'static Rule<CaaReading>> {
    lookup::RULES
        .iter()
        .chain(records::RULES)
        .chain(reporting::RULES)
        .chain(policy::RULES)
        .chain(binding::RULES)
        .chain(nameservers::RULES)
}

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    of_name().chain(issuer::RULES).map(|rule| &rule.info)
}

/// The findings about a name's CAA.
pub fn findings(reading: &CaaReading) -> Vec<Finding> {
    of_name().flat_map(|rule| rule.findings(reading)).collect()
}

/// The findings about the issuer of a certificate, whose verdicts stand in the reading.
pub fn issuer_findings(reading: &CaaReading) -> Vec<Finding> {
    issuer::RULES.iter().flat_map(|rule| rule.findings(reading)).collect()
}
