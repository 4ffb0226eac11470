//! Rules about who issued.

use serde_json::{Value, json};

use super::{Finding, Raised, Rule, RuleInfo, Severity};
use crate::ca::expectation::{Expectation, IssuerVerdict};

const BY_KEY: &str = "RFC 6962 section 3.2 (issuer key hash); CCADB (who a CA key belongs to)";

/// Every rule about who issued.
static RULES: &[Rule<IssuerVerdict>] = &[
    Rule {
        info: RuleInfo {
            id: "ISS001",
            title: "The certificate comes from a CA that is not expected",
            severity: Severity::Critical,
            needs: "the issuing key and the owner's list of expected CAs",
            explanation: "The key that issued belongs to a CA that the owner did not name. Either someone else obtained a certificate for \
                          this name, or a supplier (a CDN, a hosting company) changed its CA, or the list is out of date. The decision \
                          rests on the issuing key, not on names in the certificate, which anyone can write.",
            advice: "Find out who ordered it. If it is yours, add the CA to the policy; if not, ask the CA to revoke it (it must act \
                     within 24 hours of a proven report) and restrict issuance with CAA.",
            references: &[BY_KEY, "CA/Browser Forum Baseline Requirements 4.9.1.1"],
        },
        raise: |verdict| when(verdict, Expectation::Unexpected),
    },
    Rule {
        info: RuleInfo {
            id: "ISS002",
            title: "Whether the issuer is expected could not be determined",
            severity: Severity::Medium,
            needs: "the owner's list of expected CAs",
            explanation: "The issuing key is not known, or it is only claimed by the certificate, or no table says whose it is. Unknown is \
                          not unexpected, and it is not expected either.",
            advice: "Give the issuer's certificate with --issuer, or name a CA of your own in the policy under [[private_ca]].",
            references: &[BY_KEY],
        },
        raise: |verdict| when(verdict, Expectation::Undetermined),
    },
    Rule {
        info: RuleInfo {
            id: "ISS003",
            title: "No CA is named as expected",
            severity: Severity::Info,
            needs: "nothing",
            explanation: "Without a list of the CAs that the owner uses, a certificate from another CA cannot be told from the owner's own. \
                          CT monitoring then shows certificates but cannot say which of them should not be there.",
            advice: "Name the CAs with --expect-ca or in pinstead.toml.",
            references: &[BY_KEY],
        },
        raise: |verdict| when(verdict, Expectation::NoExpectation),
    },
    Rule {
        info: RuleInfo {
            id: "ISS004",
            title: "An expected CA is not a known one",
            severity: Severity::Low,
            needs: "the owner's list of expected CAs",
            explanation: "The name is neither a CAA identifier nor a CA owner of the embedded table, nor a private CA of the policy. It may \
                          be mistyped: then the CA that was meant is treated as unexpected.",
            advice: "Write the identifier that the CA documents for CAA, such as letsencrypt.org or pki.goog.",
            references: &["RFC 8659 section 4.2", "CCADB CAA identifiers"],
        },
        raise: unknown_expectation,
    },
];

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    RULES.iter().map(|rule| &rule.info)
}

/// What the rules find in a verdict, by rule.
pub fn findings(verdict: &IssuerVerdict) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule.findings(verdict)).collect()
}

fn when(verdict: &IssuerVerdict, expectation: Expectation) -> Vec<Raised> {
    if verdict.expectation != expectation {
        return Vec::new();
    }
    let subject = verdict.issuer.owner.clone().unwrap_or_else(|| "issuer".to_owned());
    vec![Raised::new(subject, verdict.reasons.join(" "), evidence(verdict))]
}

fn unknown_expectation(verdict: &IssuerVerdict) -> Vec<Raised> {
    verdict
        .unknown_expectations
        .iter()
        .map(|name| {
            Raised::new(
                name.clone(),
                format!("“{name}” is no CAA identifier and no CA owner that is known."),
                evidence(verdict),
            )
        })
        .collect()
}

fn evidence(verdict: &IssuerVerdict) -> Value {
    json!({
        "issuer_owner": verdict.issuer.owner,
        "issuer_spki_sha256": verdict.issuer.key.map(|key| key.key.to_string()),
        "issuer_caa_identifiers": verdict.issuer.caa_identifiers,
        "expected": verdict.expected,
    })
}
