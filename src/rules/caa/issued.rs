//! Rules about certificates that were issued, beside what CAA says now.

use std::collections::BTreeMap;

use serde_json::json;

use crate::ca::canonical::{Candidate, choose};
use crate::caa::{Issued, IssuedName, MissingRecord, Verdict};
use crate::rules::caa::BR_CAA;
use crate::rules::fingerprint::digest;
use crate::rules::{Raised, Rule, RuleInfo, Severity};

pub(super) static RULES: &[Rule<Issued>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA033",
            title: "A CA is authorised that issued none of the certificates",
            severity: Severity::Info,
            needs: "certificates that were issued for the name (`--issued`), with an issuer that is known",
            explanation: "The records let a CA issue that issued none of the certificates given. Every CA that is \
                authorised without need is one more whose mistakes count; but it may be kept as a reserve, or have \
                issued certificates that were not given.",
            advice: "Remove the CA's record if you do not keep it as a reserve, and if `--issued` was given the \
                certificates of all names below, too: the records hold for them as well.",
            references: &["RFC 8659 section 4.2"],
        },
        raise: |issued| {
            let never = issued.never_issued.iter().flatten();
            never
                .map(|ca| {
                    let message = format!(
                        "CAA lets {ca} issue for {}, and none of the certificates given was issued by it.",
                        issued.asked
                    );
                    Raised::new(issued.asked.to_string(), message, json!({ "ca": ca }))
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA034",
            title: "CAA as seen now does not permit the issuer of a certificate that was issued",
            severity: Severity::High,
            needs: "certificates that were issued for the name (`--issued`), with an issuer that is known",
            explanation: "CAA binds when a certificate is issued, so that the certificate breaks no rule by this: the \
                records may have been changed since. But its issuer has to refuse the next one.",
            advice: "Add the issuer to CAA before the renewal if you want it; else find out who asked it for the \
                certificate.",
            references: &["RFC 8659 section 3", BR_CAA],
        },
        raise: |issued| {
            by_issuer(issued, Verdict::Deny)
                .into_iter()
                .map(|names| {
                    let name = names.first;
                    let message = format!(
                        "The next renewal for {} by {} will fail: {}.",
                        name.name, name.issuer, name.reason
                    );
                    let raised = names.raised(message);
                    match (&name.missing, identifier(name)) {
                        (Some(MissingRecord { at, tag }), Some(identifier)) => raised.advising(format!(
                            "If you want this CA, add `0 {tag} \"{identifier}\"` to the records at {at} before the \
                             renewal; else find out who asked it for the certificate."
                        )),
                        (None, _) => raised.advising(
                            "A further record does not let this CA in: if you want it, change what the message names \
                             before the renewal; else find out who asked it for the certificate.",
                        ),
                        (Some(_), None) => raised,
                    }
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA035",
            title: "Whether CAA permits the issuer of a certificate cannot be said",
            severity: Severity::Low,
            needs: "certificates that were issued for the name (`--issued`)",
            explanation: "Who issued the certificate is not proven, its CAA identifiers are not known, or the look-up \
                does not tell. That is neither a yes nor a no.",
            advice: "Give the issuer's certificate in the same file or in another one. A private CA stands in no \
                table, and CAA does not bind it.",
            references: &["RFC 8659 section 3"],
        },
        raise: |issued| {
            by_issuer(issued, Verdict::Undetermined)
                .into_iter()
                .map(|names| {
                    let name = names.first;
                    let message = format!("{}, issued by {}: {}.", name.name, name.issuer, name.reason);
                    names.raised(message)
                })
                .collect()
        },
    },
];

/// Certificates with one name of one issuer.
struct Names<'a> {
    first: &'a IssuedName,
    all: Vec<String>,
}

impl Names<'_> {
    /// A finding about them all: one more certificate is another one.
    fn raised(&self, message: String) -> Raised {
        let raised = Raised::new(self.first.name.to_string(), message, self.evidence());
        raised.known_by("certificates", digest(&self.all))
    }

    fn evidence(&self) -> serde_json::Value {
        json!({
            "sha256": self.first.sha256.to_string(), "certificates": self.all.len(), "issuer": self.first.issuer,
            "issuer_caa_identifiers": self.first.identifiers,
        })
    }
}

/// The names with this verdict, each once an issuer.
fn by_issuer(issued: &Issued, verdict: Verdict) -> Vec<Names<'_>> {
    let mut found = BTreeMap::<_, Names<'_>>::new();
    for name in issued.names.iter().filter(|name| name.verdict == verdict) {
        let names = found.entry((&name.name, &name.issuer));
        names.or_insert_with(|| Names { first: name, all: Vec::new() }).all.push(name.sha256.to_string());
    }
    found.into_values().collect()
}

/// The identifier to publish.
fn identifier(name: &IssuedName) -> Option<String> {
    // Whose organisation brought each is not known here.
    let candidates = name.identifiers.iter().map(|domain| Candidate { domain: domain.clone(), own: false });
    Some(choose(&[&name.issuer], &candidates.collect::<Vec<_>>())?.identifier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::CertificateSha256;

    fn issued(verdict: Verdict, never: Option<&[&str]>) -> Issued {
        let name = |name: &str| IssuedName {
            sha256: CertificateSha256::of(name.as_bytes()),
            name: name.parse().unwrap(),
            issuer: "DigiCert".to_owned(),
            identifiers: vec!["amazon.com".to_owned(), "digicert.com".to_owned()],
            verdict,
            reason: "because".to_owned(),
            missing: Some(MissingRecord { at: "example".to_owned(), tag: "issue" }),
        };
        Issued {
            asked: "t.example".parse().unwrap(),
            names: vec![name("t.example"), name("*.t.example"), name("t.example")],
            never_issued: never.map(|never| never.iter().map(|&ca| ca.to_owned()).collect()),
            unknown_issuers: 1,
        }
    }

    fn raised(id: &str, issued: &Issued) -> Vec<(String, String)> {
        let rule = RULES.iter().find(|rule| rule.info.id == id).unwrap();
        rule.findings(issued)
            .into_iter()
            .map(|finding| (finding.subject, finding.advice.into_owned()))
            .collect()
    }

    #[test]
    fn each_rule() {
        let good = issued(Verdict::Permit, Some(&[]));
        assert_eq!(raised("CAA033", &issued(Verdict::Permit, Some(&["ca2.example"]))).len(), 1);
        for id in ["CAA033", "CAA034", "CAA035"] {
            assert_eq!(raised(id, &good), []);
        }
        assert_eq!(raised("CAA033", &issued(Verdict::Permit, None)), []);
        let denied = raised("CAA034", &issued(Verdict::Deny, None));
        assert_eq!(denied.len(), 2, "once a name and issuer");
        for (_, advice) in denied {
            assert!(advice.contains("add `0 issue \"digicert.com\"` to the records at example"), "{advice}");
        }
        let mut otherwise = issued(Verdict::Deny, None);
        otherwise.names.iter_mut().for_each(|name| name.missing = None);
        assert!(raised("CAA034", &otherwise).iter().all(|(_, advice)| !advice.contains('`')));
        assert_eq!(raised("CAA035", &issued(Verdict::Undetermined, None)).len(), 2);
        assert_eq!(raised("CAA035", &issued(Verdict::Deny, None)), []);
    }
}
