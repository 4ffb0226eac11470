//! Rules about what ballot SC-098v2 changes: from 2027-03-15 every CA has to process RFC 8657.

use serde_json::json;

use super::binding::each;
use crate::caa::method::{LabelFaultKind, check_label};
use crate::caa::value::IssueValue;
use crate::caa::{Binding, CaaReading, binding};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// Where the rules of this file come from.
const SOURCES: &[&str] = &["RFC 8657 sections 3 to 5", "CA/Browser Forum ballot SC-098v2"];

pub(super) static RULES: &[Rule<CaaReading>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA036",
            title: "A binding that a CA may pass over until 2027-03-15",
            severity: Severity::Info,
            needs: "a relevant CAA set",
            explanation: "`accounturi` and `validationmethods` narrow what the record permits. Until 2027-03-15 CAs \
                need not look at them, and software in use reads them without enforcing them (Open MPIC); from \
                that day every CA must refuse what they exclude. So the binding may protect less than it says \
                before, and a binding that is out of date stops renewals afterwards.",
            advice: "Check that the account and the methods are those in use, for each CA that the records name; \
                and ask CAs other than Let's Encrypt whether they enforce the binding already.",
            references: SOURCES,
        },
        raise: |reading| {
            let mut bound = 0_usize;
            let mut first_record = String::new();
            let mut raised = each(reading, |set, property, value| {
                let is_bound = matches!(binding(value, None, None), Binding::Conditional(_));
                bound = bound.saturating_add(usize::from(is_bound));
                // One finding is enough for a set.
                (is_bound && bound == 1).then(|| {
                    let message = format!(
                        "{property} at {} is bound (RFC 8657): all CAs must enforce that from 2027-03-15, and need not before.",
                        set.name
                    );
                    first_record = property.to_string();
                    Raised::new(set.name.as_str(), message, json!({ "record": first_record }))
                })
            });
            if let (Some(first), true) = (raised.first_mut(), bound > 1) {
                first.evidence = json!({ "record": first_record, "records": bound }).into();
            }
            raised
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA037",
            title: "A validation method is named by a label that stands for none, or for one that ends",
            severity: Severity::Low,
            needs: "a relevant CAA set",
            explanation: "`validationmethods` takes ACME's labels (`http-01`, `dns-01`, `tls-alpn-01` and their \
                kin) and, for all other methods, `ca-tbr-` with the number of the method's subsection of TLS BR \
                3.2.2.4, such as `ca-tbr-7`. A label that stands for no method in use permits nothing; a list of \
                such labels alone forbids the CA, at the latest from 2027-03-15. The methods by telephone and by \
                e-mail end on the days that the finding names. Other labels that begin with `ca-` mean what the CA \
                says they mean, and are not judged.",
            advice: "Use ACME's label, or `ca-tbr-N` with the subsection of the method that the CA uses for you; \
                ask the CA which that is.",
            references: &[
                "RFC 8657 section 4",
                "CA/Browser Forum ballot SC-098v2",
                "TLS BR 3.2.2.4",
                "TLS BR 1.2.2",
            ],
        },
        raise: |reading| {
            each(reading, |set, property, value| {
                let (label, why) = labels(value).find_map(|label| Some((label, fault(label)?)))?;
                let message = format!("{property} at {} lists “{label}”, {why}.", set.name);
                Some(Raised::new(
                    set.name.as_str(),
                    message,
                    json!({ "record": property.to_string(), "label": label }),
                ))
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA038",
            title: "An accounturi is not of a form that CAs give to accounts",
            severity: Severity::Low,
            needs: "a relevant CAA set",
            explanation: "`accounturi` takes the URI of the account as the CA gives it: the `https:` URL of an ACME \
                account, or an `acct:` URI where the CA has no ACME. It is compared letter by letter; an e-mail \
                address, an account number or an `http:` URL matches no account, and the CA refuses, at the \
                latest from 2027-03-15.",
            advice: "Copy the account's URI from your ACME client (the Location that the CA answered to newAccount), \
                or ask the CA for it.",
            references: &["RFC 8657 section 3", "RFC 8555 section 7.1.2", "CA/Browser Forum ballot SC-098v2"],
        },
        raise: |reading| {
            each(reading, |set, property, value| {
                let uri = value.values_of("accounturi").find(|uri| !uri.is_empty() && !is_account(uri))?;
                let message = format!("{property} at {}: “{uri}” is no account's URI.", set.name);
                Some(Raised::new(set.name.as_str(), message, json!({ "record": property.to_string() })))
            })
        },
    },
];

fn labels(value: &IssueValue) -> impl Iterator<Item = &str> {
    value.values_of("validationmethods").flat_map(|list| list.split(',')).filter(|label| !label.is_empty())
}

/// What is wrong with a label. Letter case has a rule of its own.
fn fault(label: &str) -> Option<String> {
    let fault = check_label(label).err().filter(|fault| fault.kind != LabelFaultKind::LetterCase)?;
    Some(fault.why())
}

fn is_account(uri: &str) -> bool {
    match uri.split_once(':') {
        Some(("https", rest)) => {
            rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        }
        Some(("acct", rest)) => {
            rest.rsplit_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, set};
    use super::*;

    #[test]
    fn each_rule() {
        let plain = set(&[(0, "issue", "ca1.example"), (0, "issue", "ca1.example; policy=ev")]);
        let bound = |parameters: &str| set(&[(0, "issue", &format!("ca1.example; {parameters}"))]);
        let good = bound("validationmethods=dns-01,ca-tbr-7; accounturi=acct:me@ca1.example");
        assert_rule(RULES, "CAA036", &good, &plain);
        assert_rule(RULES, "CAA036", &bound("accounturi=https://ca1.example/1"), &plain);
        for labels in ["dns", "dns-01,ca-tbr-99", "ca-tbr-dns", "ca-tbr-6", "ca-tbr-8", "ca-tbr-16"] {
            assert_rule(RULES, "CAA037", &bound(&format!("validationmethods={labels}")), &good);
        }
        assert_rule(RULES, "CAA037", &bound("validationmethods=dns"), &bound("validationmethods=DNS-01"));
        assert_rule(RULES, "CAA037", &bound("validationmethods=email"), &bound("validationmethods=ca-email"));
        for uri in ["http://ca1.example/acct/1", "me@ca1.example", "12345", "acct:me", "https:///1", "urn:x"]
        {
            assert_rule(RULES, "CAA038", &bound(&format!("accounturi={uri}")), &good);
        }
    }

    #[test]
    fn a_method_that_ends_is_told_with_the_day() {
        let reading = set(&[(0, "issue", "ca1.example; validationmethods=ca-tbr-13")]);
        let rule = RULES.iter().find(|rule| rule.info.id == "CAA037").unwrap();
        let message = &rule.findings(&reading)[0].message;
        assert!(message.contains("from 2028-03-15 on") && message.contains("3.2.2.4.13"), "{message}");
    }

    #[test]
    fn several_bindings_are_one_finding() {
        let two = set(&[
            (0, "issue", "ca1.example; validationmethods=dns-01"),
            (0, "issuewild", "ca1.example; validationmethods=dns-01"),
        ]);
        let rule = RULES.iter().find(|rule| rule.info.id == "CAA036").unwrap();
        let findings = rule.findings(&two);
        assert_eq!((findings.len(), &findings[0].evidence.to_json()["records"]), (1, &json!(2)));
    }
}
