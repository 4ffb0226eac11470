//! Rules about single records.

use serde_json::json;

use crate::caa::record::{CaaRecord, PropertyKind};
use crate::caa::{CaaReading, RelevantSet};
use crate::rules::fingerprint::digest;
use crate::rules::{Raised, Rule, RuleInfo, Severity};

pub(super) static RULES: &[Rule<CaaReading>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA004",
            title: "A CAA record is malformed",
            severity: Severity::Medium,
            needs: "a relevant CAA set",
            explanation: "The record's bytes are no CAA property: no tag, a tag longer than the record, or a tag \
                with other octets than ASCII letters and digits. CAs differ in what they do: some pass over \
                the record, some refuse the whole answer.",
            advice: "Remove the record, or write it anew with a tool that knows CAA.",
            references: &["RFC 8659 section 4.1"],
        },
        raise: |reading| {
            each(reading, |set| {
                let raise = |malformed: &crate::caa::record::MalformedRecord| {
                    let record = CaaRecord::Malformed(malformed.clone()).to_string();
                    let message = format!("A record at {} is malformed: {}.", set.name, malformed.why);
                    Raised::new(set.name.as_str(), message, json!({ "rdata": record }))
                };
                set.malformed().map(raise).collect()
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA005",
            title: "A CAA value does not match the grammar and names no CA",
            severity: Severity::Medium,
            needs: "a relevant CAA set",
            explanation: "A value of `issue`, `issuewild`, `issuemail` or `issuevmc` that does not match the \
                grammar is read like an empty one: it names no CA, so it forbids where it stands alone. Usual \
                causes: quotes inside the value, a URL instead of a domain name, a trailing dot, several CAs \
                in one record, a `;` after the last parameter. Where no other record of the kind can be read, no CA may \
                issue, and the severity is high.",
            advice: "Write one record for each CA, with the CA's identifier alone or followed by \
                `; name=value` parameters.",
            references: &["RFC 8659 section 4.2"],
        },
        raise: |reading| {
            each(reading, |set| {
                let has_grammar = |kind| {
                    use PropertyKind::{Issue, IssueMail, IssueVmc, IssueWild};
                    matches!(kind, Issue | IssueWild | IssueMail | IssueVmc)
                };
                set.properties()
                    .filter(|property| has_grammar(property.kind()))
                    .filter_map(|property| Some((property, property.issue_value().err()?)))
                    .map(|(property, why)| {
                        let evidence = json!({ "record": property.to_string() });
                        let message = format!("{property} at {} names no CA: {why}.", set.name);
                        // Where nothing else is said, what was meant as a permission forbids every CA.
                        if set.of_kind(property.kind()).all(|other| other.issue_value().is_err()) {
                            let message =
                                format!("{message} With no other record of the kind, no CA may issue.");
                            return Raised::new(set.name.as_str(), message, evidence).at(Severity::High);
                        }
                        Raised::new(set.name.as_str(), message, evidence)
                    })
                    .collect()
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA006",
            title: "An unknown critical property: no CA may issue",
            severity: Severity::High,
            needs: "a relevant CAA set",
            explanation: "A property with the critical flag (128) that a CA does not understand forbids it to \
                issue, whatever else the set permits. No standard read here defines this one, so every CA \
                must refuse.",
            advice: "Remove the record, correct its tag, or clear its critical flag.",
            references: &["RFC 8659 section 4.1"],
        },
        raise: |reading| {
            each(reading, |set| {
                set.unknown_critical()
                    .map(|record| {
                        let message = format!("{record} at {} forbids every CA to issue.", set.name);
                        Raised::new(set.name.as_str(), message, json!({ "record": record.to_string() }))
                    })
                    .collect()
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA007",
            title: "Reserved CAA flags are set",
            severity: Severity::Low,
            needs: "a relevant CAA set",
            explanation: "Only the flag 128 (critical) has a meaning; CAs ignore the others. A 1 is mostly meant \
                to be 128: early implementations had it so, and some CAs still take 1 for critical.",
            advice: "Write 0, or 128 if every CA that does not know the property has to refuse.",
            references: &["RFC 8659 section 4.1"],
        },
        raise: |reading| {
            each(reading, |set| {
                set.properties()
                    .filter(|property| property.flags & 0x7f != 0)
                    .map(|property| {
                        let message = format!("{property} at {} sets reserved flags.", set.name);
                        Raised::new(set.name.as_str(), message, json!({ "record": property.to_string() }))
                    })
                    .collect()
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA008",
            title: "The critical flag stands on a property that not every CA knows",
            severity: Severity::Low,
            needs: "a relevant CAA set",
            explanation: "`contactemail`, `contactphone`, `issuemail` and `issuevmc` are standard, but a CA need \
                not know those it has no use for. With the critical flag, such a CA refuses to issue: \
                measured, Boulder refuses for a critical `contactemail`, and Open MPIC does not.",
            advice: "Clear the critical flag, unless you want exactly that.",
            references: &["RFC 8659 section 4.1", "RFC 9495 section 4", "TLS BR appendix A.1"],
        },
        raise: |reading| {
            each(reading, |set| {
                use PropertyKind::{ContactEmail, ContactPhone, IssueMail, IssueVmc};
                set.records
                    .iter()
                    .filter(|record| record.is_critical())
                    .filter_map(CaaRecord::property)
                    .filter(|property| {
                        matches!(property.kind(), ContactEmail | ContactPhone | IssueMail | IssueVmc)
                    })
                    .map(|property| {
                        let message =
                            format!("{property} at {} makes CAs refuse that do not know it.", set.name);
                        Raised::new(set.name.as_str(), message, json!({ "record": property.to_string() }))
                    })
                    .collect()
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA009",
            title: "The same CAA record stands twice",
            severity: Severity::Info,
            needs: "a relevant CAA set",
            explanation: "A set in the DNS has no duplicates; a server that sends one holds its zone in a way \
                that deserves a look. It changes no verdict.",
            advice: "Remove the second record.",
            references: &["RFC 2181 section 5"],
        },
        raise: |reading| {
            each(reading, |set| {
                let before = |position: usize| set.records.iter().take(position);
                set.records
                    .iter()
                    .enumerate()
                    .filter(|(position, record)| before(*position).any(|earlier| earlier == *record))
                    .map(|(_, record)| {
                        let message = format!("{record} stands more than once at {}.", set.name);
                        Raised::new(set.name.as_str(), message, json!({ "record": record.to_string() }))
                    })
                    .collect()
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA010",
            title: "A CAA property is not known and does nothing",
            severity: Severity::Low,
            needs: "a relevant CAA set",
            explanation: "No standard read here defines the tag, and without the critical flag CAs pass over the \
                record. A misspelt `issue` restricts nobody.",
            advice: "Check the tag for a typing error; remove the record if it has no use.",
            references: &["RFC 8659 section 4.1"],
        },
        raise: |reading| {
            each(reading, |set| {
                let unknown: Vec<String> = set
                    .of_kind(PropertyKind::Unknown)
                    .filter(|property| property.flags & 0x80 == 0)
                    .map(ToString::to_string)
                    .collect();
                // A set can hold thousands; one finding counts them all.
                let message = match unknown.as_slice() {
                    [] => return Vec::new(),
                    [one] => format!("{one} at {} has no effect.", set.name),
                    [first, rest @ ..] => {
                        format!("{first} and {} others like it at {} have no effect.", rest.len(), set.name)
                    }
                };
                let shown: Vec<&String> = unknown.iter().take(20).collect();
                let evidence = json!({ "count": unknown.len(), "records": shown });
                vec![Raised::new(set.name.as_str(), message, evidence).known_by("all", digest(&unknown))]
            })
        },
    },
];

fn each(reading: &CaaReading, raise: impl Fn(&RelevantSet) -> Vec<Raised>) -> Vec<Raised> {
    reading.set().map(raise).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, raw, set};
    use super::*;

    #[test]
    fn each_rule() {
        let good = set(&[(0, "issue", "ca1.example"), (128, "iodef", "mailto:a@t.example")]);
        let critical_and_malformed = raw(&[b"\x80\x02\xe9xca".to_vec()]);
        assert_rule(RULES, "CAA004", &raw(&[b"\x00\x06issu\xe9x".to_vec()]), &good);
        assert_rule(RULES, "CAA005", &set(&[(0, "issue", "ca1.example.")]), &set(&[(0, "issue", ";")]));
        assert_rule(RULES, "CAA006", &set(&[(128, "tbs", "x")]), &set(&[(1, "tbs", "x")]));
        assert_rule(RULES, "CAA006", &critical_and_malformed, &good);
        assert_rule(RULES, "CAA007", &set(&[(1, "tbs", "x")]), &good);
        assert_rule(RULES, "CAA008", &set(&[(128, "contactemail", "a@t.example")]), &good);
        let twice = set(&[(0, "issue", "ca1.example"), (0, "issue", "ca1.example")]);
        assert_rule(RULES, "CAA009", &twice, &good);
        assert_rule(RULES, "CAA010", &set(&[(0, "isue", "ca1.example")]), &set(&[(128, "tbs", "x")]));
    }
}
