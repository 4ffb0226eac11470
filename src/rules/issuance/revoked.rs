//! What is left to do about certificates that their CA has revoked, or that have expired, and who says otherwise.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::fingerprint::digest;
use super::super::{Raised, Rule, RuleInfo, Severity};
use super::{MONITORS, MOST, Together};
use crate::issuance::{IssuanceVerdict, JudgedCertificate};

pub(super) static RULES: &[Rule<IssuanceVerdict>] = &[Rule {
    info: RuleInfo {
        id: "CRT018",
        title: "A source says of a certificate's revocation what its issuer does not",
        severity: Severity::Medium,
        needs: "what was issued, by a source that says whether it is revoked, and the certificate's CRL (--revocation) or \
            stapled OCSP response",
        explanation: "A service claims that the certificate is revoked, and what the key that issued it signed says that it is not, or \
            the other way round. What is signed stands, and the claim is only shown. A claim of revocation may rest on an OCSP \
            response or a newer list: then the CA's sources disagree, and clients that read its CRL still take the \
            certificate. Where the claim is that it is not revoked, the service is behind, and the finding is low.",
        advice: "Look again after a day, by which a revocation has to be published. If the CRL still does not have it, ask the CA.",
        references: &[
            "SSLMate, Cert Spotter API (`revoked`, `revocation`)",
            "CA/Browser Forum Baseline Requirements 4.9.7, 4.9.10",
            MONITORS,
        ],
    },
    raise: |verdict| {
        let mut told: BTreeMap<(usize, bool), Vec<&JudgedCertificate>> = BTreeMap::new();
        for judged in &verdict.certificates {
            for claim in judged.contradicted_claims() {
                told.entry(claim).or_default().push(judged);
            }
        }
        told.iter()
            .filter_map(|((place, claimed), of)| contradicted(verdict, (*place, *claimed), of))
            .collect()
    },
}];

/// A source's claims of one kind that what CAs signed contradicts.
fn contradicted(
    verdict: &IssuanceVerdict,
    (place, claimed): (usize, bool),
    certificates: &[&JudgedCertificate],
) -> Option<Raised> {
    let source = verdict.sources.get(place)?;
    let first = certificates.first()?;
    let (says, signed) = if claimed { ("revoked", "is not") } else { ("not revoked", "is") };
    let which = match certificates.len() {
        1 => format!("the {} is", first.certificate.label()),
        all => format!("{all} certificates are"),
    };
    let message = format!(
        "{} says that {which} {says}, and what the issuing key signed says that it {signed}. Of the {}: {}",
        source.title(),
        first.certificate.label(),
        first.revocation.verdict()?.why
    );
    let each: Vec<_> = certificates
        .iter()
        .take(MOST)
        .map(|judged| {
            json!({
                "certificate": judged.certificate.label(),
                "claimed_revoked": claimed,
                "status": judged.revocation.name(),
                "why": judged.revocation.verdict().map(|verdict| &verdict.why),
                "revoked_at": judged.revocation.revocation().map(|revocation| revocation.date),
            })
        })
        .collect();
    let evidence = json!({"source": source.kind.name(), "count": certificates.len(), "each": each});
    let which = digest(certificates.iter().map(|judged| judged.certificate.identity()));
    let raised = Raised::new(source.title(), message, evidence).known_by("which", which);
    Some(if claimed { raised } else { raised.at(Severity::Low) })
}

impl Together<'_> {
    /// What there is to say in the place of “have it revoked”; nothing where that is still to be done.
    pub(super) fn done_already(&self) -> Option<String> {
        if !self.can_be_used() {
            let have = if self.certificates.len() == 1 { "It has" } else { "All of them have" };
            return Some(format!(
                "{have} expired, so that there is nothing left to revoke; how that came about is still worth knowing."
            ));
        }
        let left = || self.certificates.iter().filter(|judged| judged.life.can_be_used());
        if left().all(|judged| judged.revocation.revocation().is_some()) {
            let since = left().filter_map(|judged| judged.revocation.revocation()).map(|it| it.date).max()?;
            return Some(format!(
                "Its CA has revoked what could still be used, the last on {}: ask it how that came to be issued, and \
                 restrict issuance with CAA.",
                since.strftime("%Y-%m-%d")
            ));
        }
        None
    }

    /// What sources claim of revocations that nothing verified, to follow an advice.
    pub(super) fn claimed(&self) -> String {
        let is_claimed = |judged: &&&JudgedCertificate| {
            judged.life.can_be_used() && judged.unverified_claims().any(|(_, revoked)| revoked)
        };
        match self.certificates.iter().filter(is_claimed).count() {
            0 => String::new(),
            1 => " A source says that one of them is revoked; --revocation verifies that.".to_owned(),
            many => format!(" A source says that {many} of them are revoked; --revocation verifies that."),
        }
    }
}
