//! Rules about certificates set against the owner's lists and against one another.

use serde_json::{Value, json};

use super::super::fingerprint::digest;
use super::super::{Raised, Rule, RuleInfo, Severity};
use super::{BR_REVOKE, MOST, by_issuer};
use crate::ca::expectation::Expectation;
use crate::issuance::{IssuanceVerdict, JudgedCertificate, KeyListing, Status};

pub(super) static RULES: &[Rule<IssuanceVerdict>] = &[
    Rule {
        info: RuleInfo {
            id: "CRT005",
            title: "A certificate that can be used has a key that is not on the owner's list",
            severity: Severity::Medium,
            needs: "what was issued, and `known_keys` of the domain in the policy",
            explanation: "The policy lists the keys that certificates of this domain have. Another key is somebody else's, or one that was \
                made without being written down. A certificate of an expected CA passes every other check: keys tell what CAs cannot.",
            advice: "Find the machine that has the key. If it is yours, add the key to known_keys; if nobody has it, have the certificate \
                revoked.",
            references: &["RFC 7469 section 2.4 (the hash of a key)", BR_REVOKE],
        },
        raise: |verdict| {
            let wanted =
                |judged: &JudgedCertificate| judged.key == KeyListing::Unlisted && judged.life.can_be_used();
            by_issuer(verdict, wanted)
                .into_iter()
                .map(|together| {
                    let mut keys: Vec<String> = together
                        .certificates
                        .iter()
                        .filter_map(|judged| judged.certificate.spki_sha256)
                        .map(|key| key.to_string())
                        .collect();
                    keys.sort_unstable();
                    keys.dedup();
                    let shown = keys.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
                    let more = keys.len().saturating_sub(3);
                    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                    let message = format!(
                        "{} by {}: known_keys has none of {shown}{more}.",
                        together.heading(),
                        together.by()
                    );
                    together.raised(together.issuer.clone(), message, together.evidence(), Severity::Low)
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT006",
            title: "A certificate that can be used is for a name that is not on the owner's list",
            severity: Severity::Medium,
            needs: "what was issued, and `known_names` of the domain in the policy",
            explanation: "The policy lists the names that certificates of this domain are for. A further one is a service that was not \
                written down, or a foothold: dangling DNS records and taken-over hosts show themselves so.",
            advice: "Find out what runs there. If it is yours, add the name to known_names.",
            references: &["RFC 5280 section 4.2.1.6"],
        },
        raise: |verdict| unlisted(verdict, "name", |judged| &judged.unlisted_names),
    },
    Rule {
        info: RuleInfo {
            id: "CRT007",
            title: "A wildcard certificate that can be used is not on the owner's list",
            severity: Severity::Medium,
            needs: "what was issued, and `known_names` of the domain in the policy",
            explanation: "A wildcard is valid for every name of its level. Whoever has its key can be any of them, so that each wildcard is \
                a name of its own in known_names, written as it stands in the certificate.",
            advice: "Find out who uses it. If it is yours, add it to known_names; if wildcards are not wanted at all, forbid them in CAA \
                (issuewild \";\").",
            references: &["RFC 9525 section 6.3", "RFC 8659 section 4.3"],
        },
        raise: |verdict| unlisted(verdict, "wildcard", |judged| &judged.unlisted_wildcards),
    },
    Rule {
        info: RuleInfo {
            id: "CRT008",
            title: "A certificate is unlike the others of its CA",
            severity: Severity::Low,
            needs: "at least five certificates of one CA",
            explanation: "Most certificates of one CA for one owner are ordered by the same machine in the same way. One with another kind of \
                key, a life twice as long or half as long, or many more names was ordered otherwise. That is no fault by itself. \
                Of an expired certificate it is an info.",
            advice: "Find out who ordered it, and how.",
            references: &["pinstead's own: compared with the certificates of the same CA for the same name"],
        },
        raise: |verdict| {
            verdict
                .certificates
                .iter()
                .filter(|judged| !judged.unlike.is_empty())
                .map(|judged| {
                    let label = judged.certificate.label();
                    let message = format!(
                        "The {label} for {}: {}.",
                        some(&judged.certificate.names),
                        judged.unlike.join("; ")
                    );
                    let evidence = json!({"certificate": label, "unlike": judged.unlike});
                    let raised = Raised::new(judged.certificate.label(), message, evidence);
                    if judged.life.can_be_used() { raised } else { raised.at(Severity::Info) }
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT012",
            title: "No CA is named as expected for the name",
            severity: Severity::Info,
            needs: "what was issued",
            explanation: "Without a list of the CAs that the owner uses, a certificate of another CA cannot be told from the owner's own: \
                everything that was issued is shown, and nothing of it is judged by its CA.",
            advice: "Name the CAs with --expect-ca, or in pinstead.toml; the report shows which ones issued so far.",
            references: &[super::BY_KEY],
        },
        raise: |verdict| {
            let has_judged =
                |wanted| verdict.certificates.iter().any(|judged| judged.issuer.expectation == wanted);
            let silent = verdict.expected.is_none()
                && !matches!(verdict.status, Status::NotChecked(_))
                && (verdict.certificates.is_empty() || has_judged(Expectation::NoExpectation));
            if !silent {
                return Vec::new();
            }
            let message = format!("Nothing says which CAs may issue for {}.", verdict.name);
            vec![Raised::new(verdict.name.to_string(), message, Value::Null)]
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT017",
            title: "An expected CA is not a known one",
            severity: Severity::Low,
            needs: "what was issued, and the owner's list of expected CAs",
            explanation: "The name is neither a CAA identifier nor a CA owner of the embedded table, nor a private CA of the policy. It may \
                be mistyped: then the CA that was meant is treated as unexpected.",
            advice: "Write the identifier that the CA documents for CAA, such as letsencrypt.org or pki.goog.",
            references: &["RFC 8659 section 4.2", "CCADB CAA identifiers"],
        },
        raise: |verdict| {
            let told = verdict.unknown_expectations.iter().map(|name| {
                let message = format!("“{name}” is no CAA identifier and no CA owner that is known.");
                Raised::new(name.clone(), message, json!({"expected": verdict.expected}))
            });
            told.collect()
        },
    },
];

/// Names that no list has, once for all certificates with them.
fn unlisted(
    verdict: &IssuanceVerdict,
    what: &str,
    of: impl Fn(&JudgedCertificate) -> &Vec<String>,
) -> Vec<Raised> {
    let with: Vec<&JudgedCertificate> = verdict
        .certificates
        .iter()
        .filter(|judged| judged.life.can_be_used() && !judged.is_accepted() && !of(judged).is_empty())
        .collect();
    let mut names: Vec<&String> = with.iter().flat_map(|judged| of(judged)).collect();
    names.sort_unstable();
    names.dedup();
    let Some(first) = names.first() else { return Vec::new() };
    let labels: Vec<String> = with.iter().take(MOST).map(|judged| judged.certificate.label()).collect();
    let all: Vec<String> = names.iter().map(ToString::to_string).collect();
    let certificates = if with.len() == 1 {
        "One certificate is".to_owned()
    } else {
        format!("{} certificates are", with.len())
    };
    let is_revoked = with.iter().all(|judged| judged.revoked_for_good(verdict.judged_at).is_some());
    let revoked = if is_revoked { " By the CA all of it is revoked." } else { "" };
    let message = if names.len() == 1 {
        format!("{certificates} for the {what} {first}, which known_names does not have.{revoked}")
    } else {
        format!(
            "{certificates} for {} {what}s that known_names does not have: {}.{revoked}",
            names.len(),
            some(&all)
        )
    };
    let shown: Vec<&&String> = names.iter().take(MOST).collect();
    let evidence = json!({"names": shown, "count": names.len(), "certificates": labels});
    let which = digest(with.iter().map(|judged| judged.certificate.identity()));
    let raised = Raised::new((*first).clone(), message, evidence)
        .known_by("all names", digest(&all))
        .known_by("which", which);
    vec![if is_revoked { raised.at(Severity::Low) } else { raised }]
}

/// The first few of many.
fn some(names: &[String]) -> String {
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(3) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
