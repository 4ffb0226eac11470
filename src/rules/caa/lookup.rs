//! Rules about the look-up itself.

use serde::Serialize;
use serde_json::json;

use crate::caa::{CaaReading, Dnssec, Relevant, Step, is_unfinished};
use crate::dns_name::DnsName;
use crate::rules::caa::BR_CAA;
use crate::rules::{Facts, Raised, Rule, RuleInfo, Severity};

/// What to do where the resolver itself could not be asked.
const LOOK_AT_THE_RESOLVER: &str = "The resolver could not be asked, which says nothing of the name: check its \
    address and port, and for tls:// and https:// whether its certificate is for that name and from a CA that this \
    machine trusts (the variable SSL_CERT_FILE names others). `--resolver` names another resolver.";

/// What to do where nothing came from the resolver, whatever it was asked.
const NOTHING_HEARD: &str = "Nothing at all was heard from the resolver, which says nothing of the name yet: check the \
    resolver's address and port, and whether it answers other questions (`dig @RESOLVER . NS`). `--resolver` names \
    another resolver. If it does answer others, ask each authoritative server for the CAA type at the name that failed \
    (`dig @SERVER NAME CAA`).";

pub(super) static RULES: &[Rule<CaaReading>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA001",
            title: "No CAA record anywhere: any CA may issue",
            severity: Severity::Medium,
            needs: "a CAA look-up that was answered up to the top-level domain",
            explanation: "Neither the name nor any of its parents has a CAA record. Every publicly trusted CA \
                may then issue for the name to whoever passes its validation, and the weakest of them decides.",
            advice: "Publish CAA at the registered domain that names only the CAs you use, for example \
                `example.com. CAA 0 issue \"ca.example\"`, and `issuewild \";\"` if you need no wildcards.",
            references: &["RFC 8659 section 3", BR_CAA],
        },
        raise: |reading| match &reading.relevant {
            Relevant::NoneAnywhere => vec![Raised::new(
                &reading.name,
                format!("{} has no CAA record, and neither has any of its parents.", reading.name),
                Asked::of(reading),
            )],
            _ => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA002",
            title: "The CAA look-up failed",
            severity: Severity::Medium,
            needs: "a CAA look-up",
            explanation: "A server answered the CAA question with an error, or not at all. That is not the \
                same as having no CAA record: a CA must refuse to issue, unless the failure lies outside its \
                own infrastructure, was retried, and the zone is proven not to be signed with DNSSEC. \
                Renewals fail where this happens to a CA too.",
            advice: "Ask each authoritative server for the CAA type at the name that failed \
                (`dig @SERVER NAME CAA`); servers and firewalls that drop types they do not know are the \
                usual cause.",
            references: &["RFC 8659 section 3", BR_CAA],
        },
        raise: |reading| match &reading.relevant {
            // An answer that is bogus, or may be, is no failure of the look-up, and has a rule of its own.
            Relevant::Undetermined { at, detail, dnssec }
                if *dnssec != Dnssec::Bogus
                    && !is_unfinished(detail)
                    && reading.relevant.missing_tld().is_none() =>
            {
                let raised = Raised::new(
                    &reading.name,
                    format!("The CAA question for {at} failed: {detail}. Who may issue cannot be said."),
                    json!({ "at": at, "detail": detail, "asked": asked(reading) }),
                );
                vec![if is_of_the_way(detail) {
                    raised.advising(LOOK_AT_THE_RESOLVER)
                } else if reading.is_unheard {
                    raised.advising(NOTHING_HEARD)
                } else {
                    raised
                }]
            }
            _ => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA003",
            title: "The top-level domain does not exist",
            severity: Severity::Medium,
            needs: "a CAA look-up that was answered up to the top-level domain",
            explanation: "The DNS says that the name's top-level domain does not exist. RFC 8659 reads that as no \
                CAA record, so that any CA might issue; Boulder, which Let's Encrypt runs, reads it as a failed \
                look-up. No public CA may issue for such a name at all. Mostly the name is mistyped, or the \
                resolver does not answer for the public DNS, and then what stands here says nothing of the name \
                that was meant.",
            advice: "Check the name for a typing error, and ask a resolver of the public DNS with `--resolver`. A \
                name that is meant to be internal gets certificates from a private CA only, which CAA does not \
                bind.",
            references: &["RFC 8659 section 3", "TLS BR 1.6.1 (Internal Name)", "TLS BR 4.2.2"],
        },
        raise: |reading| match reading.relevant.missing_tld() {
            Some(tld) => vec![Raised::new(
                &reading.name,
                format!(
                    "The DNS says that the top-level domain {tld} does not exist. Who may issue for {} cannot be said.",
                    reading.name
                ),
                json!({ "tld": tld, "asked": asked(reading) }),
            )],
            None => Vec::new(),
        },
    },
];

/// Whether a failure lies between here and the resolver, as [`Answer::read`](crate::caa::answer::Answer::read) words
/// it.
fn is_of_the_way(detail: &str) -> bool {
    ["no DNS server: ", "no connection: ", "I/O error: "].iter().any(|start| detail.starts_with(start))
}

/// The steps of a climb, as the facts of a finding.
#[derive(Serialize)]
struct Asked {
    asked: Vec<AskedName>,
}

#[derive(Serialize)]
struct AskedName {
    answer: String,
    name: DnsName,
}

impl Asked {
    fn of(reading: &CaaReading) -> Facts {
        let name = |step: &Step| AskedName { answer: step.detail.clone(), name: step.name.clone() };
        Facts::of(Self { asked: reading.steps.iter().map(name).collect() })
    }
}

fn asked(reading: &CaaReading) -> serde_json::Value {
    reading.steps.iter().map(|step| json!({ "name": step.name, "answer": step.detail })).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, failed, no_tld, none, set};
    use super::*;

    #[test]
    fn what_lies_between_here_and_the_resolver_is_no_fault_of_the_name() {
        let rule = RULES.iter().find(|rule| rule.info.id == "CAA002").unwrap();
        let with = |detail: &str| {
            let mut reading = failed();
            if let Relevant::Undetermined { detail: it, .. } = &mut reading.relevant {
                detail.clone_into(it);
            }
            rule.findings(&reading)[0].advice.clone()
        };
        assert!(with("no connection: UnknownIssuer").contains("SSL_CERT_FILE"));
        assert!(with("I/O error: Connection refused").contains("--resolver"));
        assert!(with("SERVFAIL").contains("authoritative server"));
        let silent = CaaReading { is_unheard: true, ..failed() };
        assert!(rule.findings(&silent)[0].advice.starts_with("Nothing at all was heard from the resolver"));
    }

    #[test]
    fn each_rule() {
        let found = set(&[(0, "issue", "ca1.example")]);
        assert_rule(RULES, "CAA001", &none("NOERROR"), &found);
        assert_rule(RULES, "CAA001", &none("NOERROR"), &failed());
        assert_rule(RULES, "CAA002", &failed(), &none("NOERROR"));
        assert_rule(RULES, "CAA001", &none("NOERROR"), &no_tld());
        assert_rule(RULES, "CAA002", &failed(), &no_tld());
        assert_rule(RULES, "CAA003", &no_tld(), &none("NOERROR"));
        assert_rule(RULES, "CAA003", &no_tld(), &failed());
    }
}
