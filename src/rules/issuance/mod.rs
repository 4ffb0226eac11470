//! Rules about certificates that were issued for a name.

mod accepted;
mod issuer;
mod listed;
mod revoked;
mod sources;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Finding, Raised, Rule, RuleInfo, Severity};
use crate::issuance::issued::IssuedCertificate;
use crate::issuance::renewal::{by_whom, issuer_label};
use crate::issuance::{CaaToday, IssuanceVerdict, JudgedCertificate};
use crate::revocation::is_short_period;
use crate::x509::hexadecimal;

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
    issuer::RULES
        .iter()
        .chain(listed::RULES)
        .chain(sources::RULES)
        .chain(revoked::RULES)
        .chain(accepted::RULES)
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
    verdict: &'a IssuanceVerdict,
    /// Who issued, in a few words.
    issuer: String,
    /// Why they are told.
    reason: String,
    /// Since when all of them are revoked for good, if they are.
    revoked: Option<Timestamp>,
    certificates: Vec<&'a JudgedCertificate>,
}

/// Those that are wanted, by issuer.
fn by_issuer(verdict: &IssuanceVerdict, wanted: impl Fn(&JudgedCertificate) -> bool) -> Vec<Together<'_>> {
    by_reason(verdict, |judged| wanted(judged).then(String::new))
}

/// Those that there is a reason to tell, by issuer and reason: what is said of one is true of all that are told with it.
/// What the owner accepts is told by a rule of its own.
fn by_reason(
    verdict: &IssuanceVerdict,
    reason: impl Fn(&JudgedCertificate) -> Option<String>,
) -> Vec<Together<'_>> {
    let mut found: BTreeMap<(String, String, bool), Vec<&JudgedCertificate>> = BTreeMap::new();
    for judged in verdict.certificates.iter().filter(|judged| !judged.is_accepted()) {
        if let Some(reason) = reason(judged) {
            let is_revoked = judged.revoked_for_good(verdict.judged_at).is_some();
            found.entry((issuer_label(judged), reason, is_revoked)).or_default().push(judged);
        }
    }
    found
        .into_iter()
        .map(|((issuer, reason, _), certificates)| {
            let since = certificates.iter().map(|judged| judged.revoked_for_good(verdict.judged_at));
            // The last of them, where all are.
            let revoked = since.collect::<Option<Vec<_>>>().and_then(|since| since.into_iter().max());
            Together { verdict, issuer, reason, revoked, certificates }
        })
        .collect()
}

impl Together<'_> {
    /// Who issued, behind “by”.
    fn by(&self) -> &str {
        by_whom(&self.issuer)
    }

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

    /// What [`Self::counted`] says, and that they are revoked, if they are.
    fn heading(&self) -> String {
        let counted = self.counted();
        let counted = counted.trim_end_matches(',');
        match self.revoked {
            Some(since) => {
                let last = if self.certificates.len() == 1 { "" } else { ", the last" };
                format!("{counted}, revoked{last} since {} by its CA", since.strftime("%Y-%m-%d"))
            }
            None => counted.to_owned(),
        }
    }

    /// What is raised; less grave where all of them are revoked: what is left is to know how they came to be issued.
    fn raised(&self, subject: String, message: String, evidence: Value, revoked: Severity) -> Raised {
        let raised = Raised::new(subject, message, evidence);
        if self.revoked.is_some() { raised.at(revoked) } else { raised }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.certificates.iter().flat_map(|judged| judged.certificate.names.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What all have in common, and the facts of each.
    fn evidence(&self) -> Value {
        let own = || self.certificates.iter().map(|judged| &judged.certificate);
        let labels: Vec<String> = own().take(MOST).map(IssuedCertificate::label).collect();
        let names: Vec<String> = self.names().into_iter().take(MOST).collect();
        let mut identities: Vec<String> = own().map(IssuedCertificate::identity).collect();
        identities.sort_unstable();
        let each: Vec<Value> = self.certificates.iter().take(MOST).map(|judged| facts(judged)).collect();
        json!({
            "count": self.certificates.len(),
            "certificates": labels,
            "certificates_sha256": hexadecimal(&Sha256::digest(identities.join("\n"))),
            "names": names,
            "issuer": common(own().map(|it| it.issuer_name.clone())),
            "issuer_spki_sha256": common(own().map(|it| it.issuer.key)).map(|key| key.to_string()),
            "issuer_proof": common(own().map(|it| Some(it.issuer.proof.name()))),
            "each": each,
        })
    }

    /// How the CA is asked to revoke them.
    fn revocation(&self) -> String {
        self.done_already().unwrap_or_else(|| format!("{}{}", self.report_it(), self.claimed()))
    }

    /// Where the CA takes problem reports, and who says so.
    fn contact(&self) -> String {
        let by_source = self.certificates.iter().find_map(|judged| {
            let it = &judged.certificate;
            let source = self.verdict.sources.get(it.problem_reporting_by?)?;
            Some((it.problem_reporting.as_deref()?, source.kind.title()))
        });
        let by_table = self.certificates.iter().find_map(|judged| judged.problem_reporting.as_deref());
        let by_table = by_table.filter(|contact| by_source.is_none_or(|(other, _)| other != *contact));
        match (by_table.map(|contact| (contact, "CCADB")), by_source) {
            (Some((contact, by)), None) | (None, Some((contact, by))) => {
                format!("; {by} names {contact} for that.")
            }
            (Some((first, by)), Some((other, whose))) => {
                format!("; {by} names {first} for that, and {whose} {other}.")
            }
            (None, None) => ": section 1.5.2 of its CPS, and CCADB, say where.".to_owned(),
        }
    }

    /// How the CA is told.
    fn report_it(&self) -> String {
        let certificates = || self.certificates.iter().map(|judged| &judged.certificate);
        let label = certificates().next().map(IssuedCertificate::label).unwrap_or_default();
        if certificates().any(|it| it.issuer.owner.is_none()) {
            return format!(
                "Find out first who issued the {label}: give the certificate of its issuer with --issuer. Only its CA can \
                 revoke it."
            );
        }
        if certificates().all(|it| it.issuer.is_private) {
            return format!(
                "Have whoever runs {} revoke the {label}: it is a CA of the policy ([[private_ca]]), and what holds for \
                 public ones binds it to nothing.",
                self.issuer
            );
        }
        let to_it = format!("Send {} a problem report with the {label}{}", self.issuer, self.contact());
        let is_short = |judged: &&JudgedCertificate| {
            let it = &judged.certificate;
            it.not_before.zip(it.not_after).is_some_and(|(from, to)| is_short_period(from, to))
        };
        let mut left =
            self.certificates.iter().copied().filter(|judged| judged.life.can_be_used()).peekable();
        if left.peek().is_some() && left.all(|judged| is_short(&judged)) {
            return format!(
                "{to_it} It has to answer within 24 hours; a short-lived certificate it need not revoke, but has to say how \
                 it came to issue it."
            );
        }
        format!(
            "{to_it} It has to answer within 24 hours, and to revoke what was issued without your control of the name."
        )
    }
}

/// The facts of one certificate.
fn facts(judged: &JudgedCertificate) -> Value {
    let it = &judged.certificate;
    let denied: Vec<Value> = match &judged.caa {
        CaaToday::Denies { names, .. } => {
            names.iter().take(MOST).map(|(name, why)| json!({"name": name, "reason": why})).collect()
        }
        _ => Vec::new(),
    };
    json!({
        "certificate": it.label(),
        "names": it.names.iter().take(MOST).collect::<Vec<_>>(),
        "issuer": it.issuer_name,
        "issuer_spki_sha256": it.issuer.key.map(|key| key.to_string()),
        "issuer_proof": it.issuer.proof.name(),
        "spki_sha256": it.spki_sha256.map(|key| key.to_string()),
        "not_before": it.not_before,
        "not_after": it.not_after,
        "life": judged.life.name(),
        "reasons": judged.issuer.reasons,
        "caa_denied": denied,
    })
}

/// What all have, if they have the same.
fn common<T: PartialEq>(mut all: impl Iterator<Item = Option<T>>) -> Option<T> {
    let first = all.next()??;
    all.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

#[cfg(test)]
mod tests;
