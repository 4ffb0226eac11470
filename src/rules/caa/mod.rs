//! Rules about CAA: what the look-up, the records and the policy they make say of one name.

mod binding;
mod dnssec;
mod issued;
mod issuer;
mod issuers;
mod lookup;
mod nameservers;
mod parent;
mod policy;
mod readiness;
mod records;
mod reporting;
mod shape;
#[cfg(test)]
pub(in crate::rules) mod testing;

use super::{Finding, Rule, RuleInfo};
use crate::caa::{BR_CAA, BR_DNSSEC, CaaReading, Issued};

/// The rules about a name's CAA, whoever issues for it.
fn of_name() -> impl Iterator<Item = &'static Rule<CaaReading>> {
    lookup::RULES
        .iter()
        .chain(dnssec::RULES)
        .chain(records::RULES)
        .chain(reporting::RULES)
        .chain(policy::RULES)
        .chain(binding::RULES)
        .chain(issuers::RULES)
        .chain(readiness::RULES)
        .chain(parent::RULES)
        .chain(shape::RULES)
        .chain(nameservers::RULES)
}

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    of_name().chain(issuer::RULES).map(|rule| &rule.info).chain(issued::RULES.iter().map(|rule| &rule.info))
}

/// Whether a rule is raised only where every authoritative server was asked.
pub fn is_about_nameservers(rule: &str) -> bool {
    nameservers::RULES.iter().any(|known| known.info.id == rule)
}

/// Whether a rule is raised only where certificates were given.
pub fn is_about_issued(rule: &str) -> bool {
    issued::RULES.iter().any(|known| known.info.id == rule)
}

/// The findings about a name's CAA.
pub fn findings(reading: &CaaReading) -> Vec<Finding> {
    of_name().flat_map(|rule| rule.findings(reading)).collect()
}

/// The findings about the issuer of a certificate, whose verdicts stand in the reading.
pub fn issuer_findings(reading: &CaaReading) -> Vec<Finding> {
    issuer::RULES.iter().flat_map(|rule| rule.findings(reading)).collect()
}

/// The findings about certificates that were issued for a name.
pub fn issued_findings(issued: &Issued) -> Vec<Finding> {
    issued::RULES.iter().flat_map(|rule| rule.findings(issued)).collect()
}
