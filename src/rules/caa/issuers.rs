//! Rules about the issuers that records name: mistyped, unknown, and ended ones.

use serde_json::json;

use crate::ca::{CaTable, RetirementKind};
use crate::caa::record::{Property, PropertyKind, presentation, quoted};
use crate::caa::value::IssueValue;
use crate::caa::{CaaReading, RelevantSet};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

pub(super) static RULES: &[Rule<CaaReading>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA030",
            title: "The CA that a record names is probably another one",
            severity: Severity::Medium,
            needs: "a relevant CAA set",
            explanation: "No known CA is known by what the record names, and something near it is the identifier of \
                one: another top-level domain, a URL, the name of the CA instead of its identifier, or a slip of \
                the keyboard. The CA that was meant is not authorised by this record and refuses. Where no other \
                record of the kind names a known CA, the severity is high.",
            advice: "Name the CA by its identifier.",
            references: &["RFC 8659 section 4.2", "CCADB, CAA identifiers"],
        },
        raise: |reading| {
            each_unknown(reading, |set, property, named| {
                // No CA is recommended that issues no more.
                let meant = CaTable.nearest_identifier(named).filter(|near| CaTable.ended(near).is_none())?;
                let message = format!("{property} at {} names no known CA. Did you mean {meant}?", set.name);
                let advice = match corrected(property, meant) {
                    Some(value) => format!(
                        "Publish `{} {} \"{}\"` instead, if that CA is meant.",
                        property.flags,
                        property.tag,
                        quoted(value.as_bytes())
                    ),
                    None => format!(
                        "Name {meant} instead, if that CA is meant, and write the parameters anew: they cannot be read."
                    ),
                };
                let alone =
                    !set.issuers(property.kind()).iter().any(|issuer| CaTable.is_known_identifier(issuer));
                let evidence = json!({ "record": property.to_string(), "named": presentation(named.as_bytes()), "meant": meant });
                let raised = Raised::new(set.name.as_str(), message, evidence).advising(advice);
                // The only CA that is authorised is none: the renewal fails.
                let has_own = set.issuers(property.kind()).iter().any(|issuer| is_known(reading, issuer));
                Some(if alone && !has_own { raised.at(Severity::High) } else { raised })
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA031",
            title: "No known CA is known by this identifier",
            severity: Severity::Info,
            needs: "a relevant CAA set",
            explanation: "The record names an issuer that stands in no list of CAA identifiers known here. It may \
                be a private CA's or a new one. If it is neither, the record authorises nobody, and whoever \
                registers the name could once become a CA of that identifier.",
            advice: "Compare the identifier with the CA's own documentation (its CPS, section 4.2); remove the \
                record if no CA answers to it.",
            references: &["RFC 8659 section 4.2", "CCADB, CAA identifiers"],
        },
        raise: |reading| {
            each_unknown(reading, |set, property, named| {
                // What does not match the grammar names nobody, and has a rule of its own.
                if property.issue_value().is_err()
                    || CaTable.nearest_identifier(named).is_some_and(|near| CaTable.ended(near).is_none())
                {
                    return None;
                }
                let message = format!("{property} at {} names an issuer that is no known CA's.", set.name);
                Some(Raised::new(set.name.as_str(), message, json!({ "record": property.to_string() })))
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA032",
            title: "A record names a CA that ended or that browsers no longer trust",
            severity: Severity::Low,
            needs: "a relevant CAA set",
            explanation: "The identifier belongs to a CA that issues no TLS certificates any more, or whose own roots \
                root programmes no longer trust. Either nobody answers to the record, or another CA that took the \
                identifier over does: the evidence names who recognises it.",
            advice: "First name the CA that issues your certificates now by its own identifier; then remove the record. \
                Removing it first would stop the renewals of a CA that took the identifier over.",
            references: &["RFC 8659 section 4.2", "the announcement that the finding names"],
        },
        raise: |reading| {
            let Some(set) = reading.set() else { return Vec::new() };
            let mut raised = Vec::new();
            for property in naming(set) {
                let Some(issuer) = property.issue_value().ok().and_then(|value| value.issuer.clone()) else {
                    continue;
                };
                let Some(retired) = CaTable.retirement(&issuer) else { continue };
                let ended = match retired.kind {
                    RetirementKind::Stopped => "stopped issuing",
                    RetirementKind::Distrusted => "has roots that browsers no longer trust",
                };
                let owners: Vec<&str> = CaTable.owner_of_identifier(&issuer).collect();
                let heirs = match owners.len() {
                    0 | 1 => String::new(),
                    _ => format!(
                        " By CCADB it is recognised by {}: one of them may issue by it.",
                        owners.join(", ")
                    ),
                };
                let message = format!(
                    "{property} at {} has the identifier of a CA that {ended}: {} ({}).{heirs}",
                    set.name, retired.what, retired.source
                );
                let evidence = json!({
                    "record": property.to_string(), "kind": retired.kind, "since": retired.since,
                    "source": retired.source, "recognised_by": owners,
                });
                raised.push(Raised::new(set.name.as_str(), message, evidence));
            }
            raised
        },
    },
];

/// The value with the CA that was meant, and with its parameters: without a binding it would permit more than it was
/// to. `None` where there are parameters that cannot be read.
fn corrected(property: &Property, meant: &str) -> Option<String> {
    let parameters = match property.issue_value() {
        Ok(value) => value.parameters.clone(),
        // What is wrong with the issuer need not be wrong with what follows it.
        Err(_) => match property.value.iter().position(|octet| *octet == b';') {
            Some(end) => {
                let rest = property.value.get(end..).unwrap_or_default();
                IssueValue::parse(&[meant.as_bytes(), rest].concat()).ok()?.parameters
            }
            None if property.value.contains(&b'=') => return None,
            None => Vec::new(),
        },
    };
    let parameters = parameters.iter().map(|parameter| format!("; {}={}", parameter.tag, parameter.value));
    Some(meant.to_owned() + &parameters.collect::<String>())
}

/// The properties whose values name CAs.
fn naming(set: &RelevantSet) -> impl Iterator<Item = &Property> {
    use PropertyKind::{Issue, IssueMail, IssueVmc, IssueWild};
    set.properties().filter(|property| matches!(property.kind(), Issue | IssueWild | IssueMail | IssueVmc))
}

/// Whether a CA of the public table is known by this identifier, or one that whoever asks vouches for: a private one.
fn is_known(reading: &CaaReading, identifier: &str) -> bool {
    CaTable.is_known_identifier(identifier)
        || reading.asked_about.iter().any(|ca| ca.eq_ignore_ascii_case(identifier))
}

/// Raises for each property that names something else than a known CA.
fn each_unknown(
    reading: &CaaReading,
    raise: impl Fn(&RelevantSet, &Property, &str) -> Option<Raised>,
) -> Vec<Raised> {
    let Some(set) = reading.set() else { return Vec::new() };
    let unknown = |property: &Property| {
        if let Ok(value) = property.issue_value() {
            return value.issuer.clone().filter(|issuer| !is_known(reading, issuer));
        }
        // What was meant is often plain from a value that does not match the grammar, such as a URL.
        let named = str::from_utf8(&property.value).ok()?.split(';').next().unwrap_or_default().trim();
        // The issuer may be right, and its parameters wrong.
        (!CaTable.is_known_identifier(named)).then(|| named.to_owned())
    };
    naming(set).filter_map(|property| raise(set, property, &unknown(property)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, none, set};
    use super::*;

    #[test]
    fn each_rule() {
        let good =
            set(&[(0, "issue", "letsencrypt.org"), (0, "issuewild", ";"), (0, "iodef", "ca9.example")]);
        for value in [
            "letsencrypt.com",
            "https://letsencrypt.org",
            "letsencrypt.org.",
            "Let's Encrypt",
            "DigiCert",
            "digicert.org; policy=ev",
        ] {
            assert_rule(RULES, "CAA030", &set(&[(0, "issue", value)]), &good);
        }
        let unknown = set(&[(0, "issuemail", "ca1.example")]);
        assert_rule(RULES, "CAA030", &set(&[(0, "issuewild", "sectigo.org")]), &unknown);
        assert_rule(RULES, "CAA031", &unknown, &good);
        assert_rule(RULES, "CAA031", &unknown, &set(&[(0, "issue", "letsencrypt.com"), (0, "issue", "%%%")]));
        assert_rule(
            RULES,
            "CAA030",
            &set(&[(0, "issue", "sectigo.org")]),
            &set(&[(0, "issue", "sectigo.com; a")]),
        );
        let asked = CaaReading { asked_about: vec!["ca1.example".to_owned()], ..unknown.clone() };
        assert_rule(RULES, "CAA031", &unknown, &asked);
        let vouched = CaaReading {
            asked_about: vec!["letsencrypt.com".to_owned()],
            ..set(&[(0, "issue", "letsencrypt.com")])
        };
        assert_rule(RULES, "CAA030", &set(&[(0, "issue", "letsencrypt.com")]), &vouched);
        assert_rule(RULES, "CAA032", &set(&[(0, "issue", "WoSign.com")]), &good);
        assert_rule(RULES, "CAA032", &set(&[(0, "issue", "entrust.net")]), &none("NOERROR"));
    }

    #[test]
    fn an_identifier_that_was_taken_over_is_not_just_removed() {
        let rule = RULES.iter().find(|rule| rule.info.id == "CAA032").unwrap();
        let finding = rule.findings(&set(&[(0, "issue", "entrust.net")])).remove(0);
        assert!(finding.message.contains("recognised by Entrust, Sectigo"), "{}", finding.message);
        assert!(finding.advice.starts_with("First name the CA that issues"), "{}", finding.advice);
        let ended = rule.findings(&set(&[(0, "issue", "wosign.com")])).remove(0);
        assert!(!ended.message.contains("may issue by it"), "{}", ended.message);
    }

    #[test]
    fn the_advice_keeps_the_binding() {
        let advice = |value: &str| {
            let rule = RULES.iter().find(|rule| rule.info.id == "CAA030").unwrap();
            rule.findings(&set(&[(0, "issue", value)])).remove(0).advice
        };
        let kept = advice("letsencrypt.org.; accounturi=https://a.example/1;validationmethods=dns-01");
        assert!(
            kept.contains(
                "`0 issue \"letsencrypt.org; accounturi=https://a.example/1; validationmethods=dns-01\"`"
            ),
            "{kept}"
        );
        assert!(advice("letsencrypt.org.;").contains("`0 issue \"letsencrypt.org\"`"));
        let unread = advice("letsencrypt.org.; accounturi=https://a.example/1;");
        assert!(unread.contains("write the parameters anew") && !unread.contains('`'), "{unread}");
    }

    #[test]
    fn the_advice_is_a_record() {
        let reading = set(&[(128, "issuewild", "letsencrypt.com;validationmethods = dns-01")]);
        let rule = RULES.iter().find(|rule| rule.info.id == "CAA030").unwrap();
        let finding = &rule.findings(&reading)[0];
        assert!(finding.message.contains("Did you mean letsencrypt.org?"), "{}", finding.message);
        assert!(
            finding.advice.contains("`128 issuewild \"letsencrypt.org; validationmethods=dns-01\"`"),
            "{}",
            finding.advice
        );
    }
}
