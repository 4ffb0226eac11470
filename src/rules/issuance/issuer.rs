//! Rules about who issued.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::json;

use super::super::{Raised, Rule, RuleInfo, Severity};
use super::{BR_REVOKE, BY_KEY, by_issuer, by_reason};
use crate::ca::expectation::Expectation;
use crate::caa::BR_CAA;
use crate::issuance::forged::NameOfIssuer;
use crate::issuance::{CaaToday, IssuanceVerdict, JudgedCertificate};

pub(super) static RULES: &[Rule<IssuanceVerdict>] = &[
    Rule {
        info: RuleInfo {
            id: "CRT001",
            title: "A CA that is not expected issued for the name",
            severity: Severity::High,
            needs: "what was issued, the issuing key, and the owner's list of expected CAs",
            explanation: "The key that issued belongs to a CA that the owner did not name. Someone else may have obtained a certificate \
                for the name, a supplier (a CDN, a hosting company) may have changed its CA, or the list is out of date. \
                The decision rests on the issuing key, never on a name: of the sub-CAs in use, most carry an organisation \
                unlike that of the CA above them. Of certificates that have all expired the finding is medium, and of those \
                that their CA has revoked for good, as its CRL says, it is low. One that you know is accepted in the policy \
                ([[accepted_certificate]]).",
            advice: "Find out who ordered it. If it is yours, add the CA to the policy; if not, have its CA revoke it, and \
                restrict issuance with CAA.",
            references: &[BY_KEY, BR_REVOKE],
        },
        raise: |verdict| {
            let reason = |judged: &JudgedCertificate| {
                let is_told = judged.issuer.expectation == Expectation::Unexpected
                    && judged.forged.is_none()
                    && !judged.backup_of.is_some_and(|backup| backup.is_used);
                let mut reason = judged.issuer.reasons.join(" ");
                if let Some(backup) = judged.backup_of {
                    let _ = write!(
                        reason,
                        " {} keeps backup certificates of this CA for a domain and its wildcard; if the domain is \
                         there, say so in the policy, of this very domain (served_by = [\"{}\"]).",
                        backup.provider.name, backup.provider.id
                    );
                }
                is_told.then_some(reason)
            };
            by_reason(verdict, reason)
                .into_iter()
                .map(|together| {
                    let message = format!("{}: {}", together.heading(), together.reason);
                    let raised = Raised::new(together.issuer.clone(), message, together.evidence());
                    let raised = raised.advising(format!(
                        "Find out who ordered it; if it is yours, add the CA to the policy. If not: {}",
                        together.revocation()
                    ));
                    match (together.can_be_used(), together.revoked) {
                        (_, Some(_)) => raised.at(Severity::Low),
                        (true, None) => raised,
                        (false, None) => raised.at(Severity::Medium),
                    }
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT002",
            title: "Who issued a certificate for the name is not known",
            severity: Severity::Medium,
            needs: "what was issued",
            explanation: "The issuing key is in no table, or nothing proves which key it was: a source showed neither the certificate nor \
                its issuer's, or only claims an issuer. Unknown is not unexpected, and a name that sounds right makes it \
                not expected either. A known CA's name that an unknown key bears is told besides: CAs have new keys of old names, and \
                forgers too. Without a list of expected CAs, or of certificates that have all expired, the finding is low.",
            advice: "Give the issuer's certificate with --issuer, or a source that has the certificate itself; name a CA of your own in \
                the policy under [[private_ca]].",
            references: &[BY_KEY],
        },
        raise: |verdict| {
            by_reason(verdict, unknown)
                .into_iter()
                .map(|together| {
                    let message = format!("{}: {}", together.heading(), together.reason);
                    let is_expected =
                        |judged: &&JudgedCertificate| judged.issuer.expectation == Expectation::NoExpectation;
                    let raised = Raised::new(together.issuer.clone(), message, together.evidence());
                    let is_shown = together.certificates.iter().any(|judged| judged.certificate.is_shown);
                    // No issuer's certificate tells anything of what nobody shows.
                    let raised = if is_shown { raised } else { raised.advising(NOT_SHOWN) };
                    match (
                        together.can_be_used(),
                        together.certificates.iter().copied().all(|it| is_expected(&it)),
                    ) {
                        (true, false) => raised,
                        (true, true) | (false, false) => raised.at(Severity::Low),
                        (false, true) => raised.at(Severity::Info),
                    }
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT003",
            title: "A certificate bears the issuer name of a CA whose key did not issue it",
            severity: Severity::Critical,
            needs: "what was issued, with the issuing key proven",
            explanation: "The issuer's name in the certificate is that of a known CA, byte for byte, and the key that issued it is none \
                of that CA's of this name, nor below one. Whoever reads names takes it for that CA's. Either the name is forged, \
                or the CA uses a new key of the same name that no table knows yet.",
            advice: "Compare the issuing key with what the CA publishes. If the CA does not know it, find out which root it leads to, have \
                that CA revoke it, and report it to the root programmes.",
            references: &[
                BY_KEY,
                "RFC 5280 section 4.1.2.4 (an issuer is a name; its uniqueness rests on the CAs)",
                BR_REVOKE,
            ],
        },
        raise: |verdict| {
            by_reason(verdict, forged)
                .into_iter()
                .filter_map(|together| {
                    let judged = together.certificates.first()?;
                    let forged = judged.forged.as_ref()?;
                    let name = judged.certificate.issuer_name.clone().unwrap_or_default();
                    let message = format!("{}: {}", together.heading(), together.reason);
                    let keys: Vec<String> = forged.keys.iter().map(ToString::to_string).collect();
                    let mut evidence = together.evidence();
                    if let Some(facts) = evidence.as_object_mut() {
                        facts.insert("claimed_owners".to_owned(), json!(forged.owners));
                        facts.insert("keys_of_that_name".to_owned(), json!(keys));
                    }
                    let raised = Raised::new(name, message, evidence);
                    let raised = if judged.certificate.issuer.owner.is_some() {
                        raised.advising(format!(
                            "Compare the issuing key with what the CA publishes that it claims to be, and report it to the \
                             root programmes. {}",
                            together.revocation()
                        ))
                    } else {
                        raised
                    };
                    Some(match (together.can_be_used(), together.revoked) {
                        (_, Some(_)) => raised.at(Severity::Medium),
                        (true, None) => raised,
                        (false, None) => raised.at(Severity::High),
                    })
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT004",
            title: "CAA as seen now does not authorise the CA of a certificate that can be used",
            severity: Severity::Medium,
            needs: "what was issued, the issuing key, and the CAA records as they are now",
            explanation: "CAA binds a CA when it issues, and what was published then is not known: the certificate may have been allowed. \
                It may also come from a CA that never looked, or from a time when nothing was restricted. Its renewal will be \
                refused in any case.",
            advice: "If the CA is one you use, add its identifier to CAA; if it is not, find out who asked it for the certificate.",
            references: &["RFC 8659 section 3", BR_CAA, BR_REVOKE],
        },
        raise: |verdict| {
            let denies = |judged: &JudgedCertificate| matches!(judged.caa, CaaToday::Denies { .. });
            by_issuer(verdict, denies)
                .into_iter()
                .filter_map(|together| {
                    let mut reasons = Vec::new();
                    let mut times = Vec::new();
                    for judged in &together.certificates {
                        if let CaaToday::Denies { seen, names } = &judged.caa {
                            times.push(*seen);
                            reasons.extend(names.iter().map(|(name, why)| format!("{name}: {why}")));
                        }
                    }
                    let message = format!(
                        "{} by {}: not authorised by the CAA seen {}. {}.",
                        together.heading(),
                        together.by(),
                        between(*times.iter().min()?, *times.iter().max()?),
                        first_few(reasons)
                    );
                    let subject = together.issuer.clone();
                    Some(together.raised(subject, message, together.evidence(), Severity::Low))
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT015",
            title: "A certificate may be a backup of the service that the domain is at",
            severity: Severity::Medium,
            needs: "what was issued, the owner's list of expected CAs, and `served_by` in the policy",
            explanation: "The service named in the policy documents that it obtains a second certificate in advance, from another CA and \
                with another key, for the domain and its wildcard. This one fits that. Nothing proves that the service ordered \
                it: whoever obtains such a certificate from the same CA looks the same.",
            advice: "Look for it among the certificates that the service shows. If it is there, add its CA to expect_ca; if not, treat it as \
                one of an unexpected CA.",
            references: &["https://developers.cloudflare.com/ssl/edge-certificates/backup-certificates/"],
        },
        raise: |verdict| {
            let reason = |judged: &JudgedCertificate| {
                let backup = judged.backup_of.filter(|backup| backup.is_used && judged.forged.is_none())?;
                Some(format!(
                    "which is not expected: {} documents backup certificates of this CA ({}).",
                    backup.provider.name, backup.provider.source
                ))
            };
            by_reason(verdict, reason)
                .into_iter()
                .map(|together| {
                    let message = format!("{} by {}, {}", together.heading(), together.by(), together.reason);
                    together.raised(together.issuer.clone(), message, together.evidence(), Severity::Low)
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT016",
            title: "Whether CAA as seen now authorises the CA of a certificate cannot be said",
            severity: Severity::Low,
            needs: "what was issued, the issuing key, and a look-up of CAA",
            explanation: "The look-up of CAA failed or does not tell. That is neither a yes nor a no.",
            advice: "Look the name up with `pinstead caa`, which says at which step it ends.",
            references: &["RFC 8659 section 3"],
        },
        raise: |verdict| {
            let is_open = |judged: &JudgedCertificate| matches!(judged.caa, CaaToday::Undetermined { .. });
            by_issuer(verdict, is_open)
                .into_iter()
                .map(|together| {
                    let why = |judged: &&JudgedCertificate| match &judged.caa {
                        CaaToday::Undetermined { why, .. } => Some(why.clone()),
                        _ => None,
                    };
                    let reasons = together.certificates.iter().copied().filter_map(|it| why(&it)).collect();
                    let counted = together.counted();
                    let counted = counted.trim_end_matches(',');
                    let message = format!("{counted} by {}: {}.", together.by(), first_few(reasons));
                    Raised::new(together.issuer.clone(), message, together.evidence())
                })
                .collect()
        },
    },
];

/// What to do about a certificate that no source shows.
const NOT_SHOWN: &str = "Ask a source that has the certificate itself: files (--certificates), Cert Spotter, or the state of \
    `pinstead watch`.";

/// Why it is not known who issued a certificate.
fn unknown(judged: &JudgedCertificate) -> Option<String> {
    let is_told = match judged.issuer.expectation {
        Expectation::Undetermined => true,
        Expectation::NoExpectation => judged.is_of_unknown_issuer(),
        Expectation::Expected | Expectation::Unexpected => false,
    };
    if !is_told || judged.forged.is_some() {
        return None;
    }
    let issuer = &judged.certificate.issuer;
    let mut reason = match (judged.issuer.expectation, issuer.key) {
        (Expectation::NoExpectation, Some(key)) if issuer.proof.is_proof() => {
            format!("The issuing key {key} is in no table, so who runs it is not known.")
        }
        (Expectation::NoExpectation, _) => "Nothing proves which key issued it.".to_owned(),
        _ => judged.issuer.reasons.join(" "),
    };
    if let Some(name) = &judged.certificate.issuer_name {
        let _ = write!(reason, " Its issuer's name, as claimed: {name}.");
    }
    match &judged.name_of_issuer {
        NameOfIssuer::Borne(name) => {
            let _ = write!(
                reason,
                " That is the name of {}, and the key is none of theirs that is known by it: a new one, or forged. The \
                 certificates of its CA and of those above it would tell.",
                name.owners.join(", ")
            );
        }
        NameOfIssuer::NotCompared => reason.push_str(
            " Whether that is the name of a CA of yours cannot be said: give their names as subject of \
             [[private_ca]], or `pinstead issuance` their certificates (--issuer).",
        ),
        NameOfIssuer::Forged(_) | NameOfIssuer::Unremarkable => {}
    }
    Some(reason)
}

/// Whose issuer name a certificate bears, and whose key issued it.
fn forged(judged: &JudgedCertificate) -> Option<String> {
    let forged = judged.forged.as_ref()?;
    let key = judged.certificate.issuer.key?;
    let name = judged.certificate.issuer_name.clone().unwrap_or_default();
    let really = match (&judged.certificate.issuer.owner, &judged.certificate.issuer.below) {
        (Some(owner), _) => format!("That key is {owner}'s."),
        (None, Some(above)) => format!("That key is below {above}."),
        (None, None) => "That key is in no table.".to_owned(),
    };
    Some(format!(
        "the issuer claimed is {name}, which is {}, and the key {key} issued, which is none of theirs of that name. \
         {really}",
        forged.owners.join(", "),
    ))
}

/// When something was seen, to the minute.
fn between(first: Timestamp, last: Timestamp) -> String {
    let minute = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M UTC").to_string();
    match (minute(first), minute(last)) {
        (first, last) if first == last => format!("at {first}"),
        (first, last) => format!("from {first} to {last}"),
    }
}

/// The first few of many reasons, each once.
fn first_few(mut reasons: Vec<String>) -> String {
    const SHOWN: usize = 3;
    reasons.sort_unstable();
    reasons.dedup();
    let more = reasons.len().saturating_sub(SHOWN);
    let shown =
        reasons.iter().take(SHOWN).map(|why| why.trim_end_matches('.')).collect::<Vec<_>>().join("; ");
    if more > 0 { format!("{shown}; and {more} more") } else { shown }
}
