//! Rules about certificates that were issued for a name.

mod issuer;
mod listed;
mod sources;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Finding, Rule, RuleInfo};
use crate::issuance::renewal::issuer_label;
use crate::issuance::{IssuanceVerdict, JudgedCertificate};

/// How an abuse is reported, and what a CA then has to do.
const BR_REVOKE: &str =
    "CA/Browser Forum Baseline Requirements 4.9.1.1, 4.9.3 (problem reports), 4.9.5 (within 24 hours)";
/// Whose key it is.
const BY_KEY: &str = "RFC 6962 section 3.2 (issuer key hash); CCADB (who a CA key belongs to)";
/// Why a monitor says what it covered.
const MONITORS: &str = "Li et al., Certificate Transparency in the Wild, ACM CCS 2019, 10.1145/3319535.3345653 (monitors \
    leave certificates out)";

/// The most certificates and names that are listed in a finding.
const MOST: usize = 20;

fn all() -> impl Iterator<Item = &'static Rule<IssuanceVerdict>> {
    issuer::RULES.iter().chain(listed::RULES).chain(sources::RULES)
}

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    all().map(|rule| &rule.info)
}

/// What the rules find in what was issued for a name.
pub fn findings(verdict: &IssuanceVerdict) -> Vec<Finding> {
    all().flat_map(|rule| rule.findings(verdict)).collect()
}

/// Certificates of one issuer, told together.
struct Together<'a> {
    /// Who issued, in a few words.
    issuer: String,
    certificates: Vec<&'a JudgedCertificate>,
}

/// Those that are wanted, by issuer.
fn by_issuer(verdict: &IssuanceVerdict, wanted: impl Fn(&JudgedCertificate) -> bool) -> Vec<Together<'_>> {
    let mut found: BTreeMap<String, Vec<&JudgedCertificate>> = BTreeMap::new();
    for judged in verdict.certificates.iter().filter(|judged| wanted(judged)) {
        found.entry(issuer_label(judged)).or_default().push(judged);
    }
    found.into_iter().map(|(issuer, certificates)| Together { issuer, certificates }).collect()
}

impl Together<'_> {
    /// Whether any of them can be used now or later.
    fn can_be_used(&self) -> bool {
        self.certificates.iter().any(|judged| judged.life.can_be_used())
    }

    /// “2 certificates for a.example and 3 further names, one of which can be used”.
    fn counted(&self) -> String {
        let usable = self.certificates.iter().filter(|judged| judged.life.can_be_used()).count();
        let names = self.names();
        let of_names = match names.as_slice() {
            [] => String::new(),
            [only] => format!(" for {only}"),
            [one, other] => format!(" for {one} and {other}"),
            [first, rest @ ..] => format!(" for {first} and {} further names", rest.len()),
        };
        match (self.certificates.len(), usable) {
            (1, 1) => format!("One certificate{of_names}"),
            (1, _) => format!("One certificate{of_names}, which has expired,"),
            (all, 0) => format!("{all} certificates{of_names}, all of which have expired,"),
            (all, usable) if all == usable => format!("{all} certificates{of_names}"),
            (all, usable) => format!("{all} certificates{of_names}, {usable} of which can be used,"),
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.certificates.iter().flat_map(|judged| judged.certificate.names.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn evidence(&self) -> Value {
        let first = self.certificates.first().map(|judged| &judged.certificate);
        let labels: Vec<String> =
            self.certificates.iter().take(MOST).map(|judged| judged.certificate.label()).collect();
        let names: Vec<String> = self.names().into_iter().take(MOST).collect();
        json!({
            "count": self.certificates.len(),
            "certificates": labels,
            "names": names,
            "issuer": first.and_then(|it| it.issuer_name.clone()),
            "issuer_spki_sha256": first.and_then(|it| it.issuer.key).map(|key| key.to_string()),
            "issuer_proof": first.map(|it| it.issuer.proof.name()),
        })
    }

    /// How the CA is asked to revoke them.
    fn revocation(&self) -> String {
        let contact =
            self.certificates.iter().find_map(|judged| judged.certificate.problem_reporting.as_deref());
        let label = self.certificates.first().map(|judged| judged.certificate.label()).unwrap_or_default();
        match contact {
            Some(contact) => format!(
                "Send {} a problem report ({contact}) with the {label}: it has to answer within 24 hours, and to revoke \
                 what was issued without your control of the name.",
                self.issuer
            ),
            None => format!(
                "Send {} a problem report with the {label}: section 1.5.2 of its CPS, and CCADB, say where. It has to \
                 answer within 24 hours, and to revoke what was issued without your control of the name.",
                self.issuer
            ),
        }
    }
}

#[cfg(test)]
mod tests;
