//! What the owner accepts, and what was accepted once.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use super::super::fingerprint::digest;
use super::super::{Raised, Rule, RuleInfo, Severity};
use super::{MOST, Together};
use crate::issuance::known::Acceptance;
use crate::issuance::renewal::issuer_label;
use crate::issuance::{IssuanceVerdict, JudgedCertificate};

pub(super) static RULES: &[Rule<IssuanceVerdict>] = &[
    Rule {
        info: RuleInfo {
            id: "CRT019",
            title: "A certificate is accepted by the policy",
            severity: Severity::Info,
            needs: "what was issued, and `[[accepted_certificate]]` in the policy",
            explanation: "The policy names this very certificate, by a hash or by the key that issued it and its serial number, and says why \
                it is accepted and until when. Until then it counts neither as unexpected nor as undetermined, whoever issued it and \
                whatever key and names it has. Another certificate of the same CA is not accepted with it.",
            advice: "Nothing, as long as the reason holds. Take the entry out of the policy when it does not.",
            references: &["RFC 5280 section 4.1.2.2 (an issuer gives a serial number once)"],
        },
        raise: |verdict| {
            by_acceptance(verdict, false)
                .into_iter()
                .map(|(acceptance, together)| {
                    let message = format!(
                        "{} by {}: accepted until {} because of “{}”.{}",
                        together.counted().trim_end_matches(','),
                        together.by(),
                        acceptance.until,
                        acceptance.reason,
                        excused(&together)
                    );
                    raised(&acceptance, &together, message)
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT020",
            title: "The acceptance of a certificate has ended",
            severity: Severity::Low,
            needs: "what was issued, and `[[accepted_certificate]]` in the policy",
            explanation: "The policy accepted this certificate until a day that has gone, and the certificate can still be used. It is judged \
                like any other: where nothing else is said of it, it is as expected by now.",
            advice: "Find out whether the reason still holds. If so, write a later day; if not, take the entry out.",
            references: &["docs/issuance.md (accepted certificates)"],
        },
        raise: |verdict| {
            by_acceptance(verdict, true)
                .into_iter()
                .filter(|(_, together)| together.can_be_used())
                .map(|(acceptance, together)| {
                    let message = format!(
                        "{} by {}: accepted until {} because of “{}”; that day has gone.",
                        together.counted().trim_end_matches(','),
                        together.by(),
                        acceptance.until,
                        acceptance.reason,
                    );
                    raised(&acceptance, &together, message)
                })
                .collect()
        },
    },
];

/// Those that are accepted, or were, by issuer and by what is said of that.
fn by_acceptance(verdict: &IssuanceVerdict, is_past: bool) -> Vec<(Acceptance, Together<'_>)> {
    let mut found: BTreeMap<(String, String, String), (Acceptance, Vec<&JudgedCertificate>)> =
        BTreeMap::new();
    for judged in &verdict.certificates {
        let Some(acceptance) = judged.acceptance.as_ref().filter(|it| it.is_past == is_past) else {
            continue;
        };
        let key = (issuer_label(judged), acceptance.until.to_string(), acceptance.reason.clone());
        found.entry(key).or_insert_with(|| (acceptance.clone(), Vec::new())).1.push(judged);
    }
    found
        .into_iter()
        .map(|((issuer, ..), (acceptance, certificates))| {
            let together = Together { verdict, issuer, reason: String::new(), revoked: None, certificates };
            (acceptance, together)
        })
        .collect()
}

/// What would be said otherwise, of the first of which something would.
fn excused(together: &Together<'_>) -> String {
    let first = together.certificates.iter().find(|judged| !judged.excused.is_empty());
    let revoked = together.certificates.iter().find_map(|judged| judged.revocation.revocation());
    let mut text =
        first.map(|judged| format!(" Otherwise: {}", judged.excused.join(" "))).unwrap_or_default();
    if let Some(revocation) = revoked {
        let _ = write!(text, " By its CA it is {}.", revocation.in_words());
    }
    text
}

fn raised(acceptance: &Acceptance, together: &Together<'_>, message: String) -> Raised {
    let which = digest(together.certificates.iter().map(|judged| judged.certificate.identity()));
    Raised::new(together.issuer.clone(), message, evidence(acceptance, together)).known_by("which", which)
}

fn evidence(acceptance: &Acceptance, together: &Together<'_>) -> serde_json::Value {
    let labels: Vec<String> =
        together.certificates.iter().take(MOST).map(|judged| judged.certificate.label()).collect();
    json!({
        "reason": acceptance.reason,
        "until": acceptance.until.to_string(),
        "count": together.certificates.len(),
        "certificates": labels,
    })
}
