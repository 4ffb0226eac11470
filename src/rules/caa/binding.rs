//! Rules about account and method binding (RFC 8657).

use std::collections::BTreeMap;

use serde_json::json;

use crate::caa::record::{Property, PropertyKind};
use crate::caa::value::IssueValue;
use crate::caa::{Binding, CaaReading, RelevantSet, binding};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// The kinds that RFC 8657 binds.
const BOUND_KINDS: [PropertyKind; 2] = [PropertyKind::Issue, PropertyKind::IssueWild];

pub(super) static RULES: &[Rule<CaaReading>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA019",
            title: "A second record for the same CA undoes the binding of the first",
            severity: Severity::Medium,
            needs: "a relevant CAA set",
            explanation: "Records add up: a record that names a CA without `accounturi` and `validationmethods` \
                lets it issue to any account, whatever another record for the same CA says.",
            advice: "Remove the record without parameters.",
            references: &["RFC 8657 section 3", "RFC 8657 section 4"],
        },
        raise: |reading| reading.set().map(undone).unwrap_or_default(),
    },
    Rule {
        info: RuleInfo {
            id: "CAA020",
            title: "A binding that no request can satisfy",
            severity: Severity::Medium,
            needs: "a relevant CAA set",
            explanation: "The record names a CA, and its parameters then exclude every request: `accounturi` or \
                `validationmethods` given twice or empty, or a method list that is no list. CAs that process \
                the parameters (all of them must from 2027-03-15) refuse.",
            advice: "Give each parameter once; write one record for each account.",
            references: &["RFC 8657 section 3", "RFC 8657 section 4", "CA/Browser Forum ballot SC-098v2"],
        },
        raise: |reading| {
            each(reading, |set, property, value| match binding(value, None, None) {
                Binding::Refuses(why) => Some(Raised::new(
                    set.name.as_str(),
                    format!("{property} at {} permits nothing: {why}.", set.name),
                    json!({ "record": property.to_string() }),
                )),
                _ => None,
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA021",
            title: "A binding parameter is not written as the standard has it",
            severity: Severity::Low,
            needs: "a relevant CAA set",
            explanation: "CAs match the parameter names `accounturi` and `validationmethods` and the method labels \
                as written, in lower case. A name in other letters is an unknown parameter that CAs pass \
                over, so that nothing is bound; a label in other letters may match no method.",
            advice: "Write parameter names and method labels in lower case.",
            references: &["RFC 8657 sections 3 to 5", "CA/Browser Forum ballot SC-098v2"],
        },
        raise: |reading| {
            each(reading, |set, property, value| {
                let tag = value.parameters.iter().map(|parameter| parameter.tag.as_str()).find(|tag| {
                    let lower = tag.to_ascii_lowercase();
                    matches!(lower.as_str(), "accounturi" | "validationmethods") && lower != **tag
                });
                let labels = value
                    .values_of("validationmethods")
                    .find(|list| list.contains(|c: char| c.is_ascii_uppercase()));
                let odd = tag.or(labels)?;
                let message = format!("{property} at {} has “{odd}”, which CAs do not recognise.", set.name);
                Some(Raised::new(set.name.as_str(), message, json!({ "record": property.to_string() })))
            })
        },
    },
];

/// How the records of one kind name one CA.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Naming {
    /// Some record names it without any binding.
    pub(super) free: bool,
    /// Some record names it and binds it.
    pub(super) bound: bool,
}

/// Every CA that records of this kind name, and how.
pub(super) fn namings(set: &RelevantSet, kind: PropertyKind) -> BTreeMap<String, Naming> {
    let mut namings = BTreeMap::<String, Naming>::new();
    for value in set.of_kind(kind).filter_map(|property| property.issue_value().ok()) {
        let Some(issuer) = &value.issuer else { continue };
        let naming = namings.entry(issuer.to_ascii_lowercase()).or_default();
        let is_free = binding(value, None, None) == Binding::Holds;
        naming.free |= is_free;
        naming.bound |= !is_free;
    }
    namings
}

fn undone(set: &RelevantSet) -> Vec<Raised> {
    let namings = BOUND_KINDS.into_iter().flat_map(|kind| namings(set, kind));
    namings
        .filter(|(_, naming)| naming.free && naming.bound)
        .map(|(issuer, _)| {
            let message = format!(
                "At {}, one record binds {issuer} to an account or method, and another names it without.",
                set.name
            );
            Raised::new(set.name.as_str(), message, json!({ "ca": issuer }))
        })
        .collect()
}

pub(super) fn each(
    reading: &CaaReading,
    mut raise: impl FnMut(&RelevantSet, &Property, &IssueValue) -> Option<Raised>,
) -> Vec<Raised> {
    let Some(set) = reading.set() else { return Vec::new() };
    BOUND_KINDS
        .into_iter()
        .flat_map(|kind| set.of_kind(kind))
        .filter_map(|property| raise(set, property, property.issue_value().ok()?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, set};
    use super::*;

    #[test]
    fn each_rule() {
        let bound = (0, "issue", "ca1.example; accounturi=https://ca1.example/acct/1");
        let good =
            set(&[bound, (0, "issue", "ca2.example"), (0, "issue", "ca3.example; validationmethods=dns-01")]);
        assert_rule(RULES, "CAA019", &set(&[bound, (0, "issue", "CA1.example")]), &good);
        for parameters in ["accounturi=", "accounturi=a:b; accounturi=a:b", "validationmethods=a!"] {
            let record = format!("ca1.example; {parameters}");
            assert_rule(RULES, "CAA020", &set(&[(0, "issuewild", &record)]), &good);
        }
        for parameters in ["AccountURI=a:b", "validationmethods=DNS-01"] {
            let record = format!("ca1.example; {parameters}");
            assert_rule(RULES, "CAA021", &set(&[(0, "issue", &record)]), &good);
        }
    }
}
