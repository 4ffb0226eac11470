//! Rules about a set and the one above it, which it replaces.

use std::collections::BTreeSet;

use serde_json::json;

use super::binding::namings;
use crate::ca::CaTable;
use crate::caa::record::PropertyKind;
use crate::caa::{CaaReading, Policy, Relevant, RelevantSet, Usage};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

pub(super) static RULES: &[Rule<CaaReading>] = &[Rule {
    info: RuleInfo {
        id: "CAA039",
        title: "A child's CAA set permits more than its parent's",
        severity: Severity::Medium,
        needs: "a relevant CAA set, and the one that would hold without it",
        explanation: "Sets never merge: the first name that has any CAA record decides alone, however strict the set \
            above it is. Here the set of the name or of a nearer parent lets a CA issue that the set above forbids, \
            or binds it less. Often the lower set was added for another property, such as `iodef`, or by whoever \
            runs the delegated part.",
        advice: "Replace the records of the lower set by the parent's: adding those takes nothing away. Or remove the \
            lower set, so that the parent's holds; the CAs that only the lower set names are locked out by either.",
        references: &["RFC 8659 section 3", "RFC 8657 section 5"],
    },
    raise: |reading| match (reading.set(), &reading.above) {
        // A set that came over an alias is another's, which has a rule of its own.
        (Some(child), Some(Relevant::Set(parent))) if child.aliases.is_empty() => {
            loosened(reading, child, parent).into_iter().collect()
        }
        _ => Vec::new(),
    },
}];

fn loosened(reading: &CaaReading, child: &RelevantSet, parent: &RelevantSet) -> Option<Raised> {
    // A plain name's own policy says more than that of the wildcards below it, so that it comes first.
    let wildcards: &[bool] = match (reading.usage, reading.wildcard) {
        (Usage::Tls, false) => &[false, true],
        (_, wildcard) => {
            if wildcard {
                &[true]
            } else {
                &[false]
            }
        }
    };
    let (what, wildcard) = wildcards
        .iter()
        .find_map(|wildcard| Some((difference(reading.usage, child, parent, *wildcard)?, *wildcard)))?;
    let names = if wildcard && !reading.wildcard { " for wildcard names" } else { "" };
    let message =
        format!("The set at {} lets {what}{names}, which the set at {} does not.", child.name, parent.name);
    let governing = reading.usage.governing(parent, wildcard);
    let records: Vec<String> =
        parent.of_kind(governing).take(20).map(|record| format!("`{record}`")).collect();
    let advice = format!(
        "Replace those records at {} by what {} has ({}): adding these takes nothing away. Or remove the set at {} so \
         that the one above holds. Either locks out the CAs that only {} names: see first that none of them is \
         needed.",
        child.name,
        parent.name,
        records.join(", "),
        child.name,
        child.name
    );
    let evidence = json!({ "child": child.name, "parent": parent.name, "wildcard": wildcard });
    Some(Raised::new(&reading.name, message, evidence).advising(advice))
}

/// What the child permits beyond the parent, if anything is sure to be.
fn difference(usage: Usage, child: &RelevantSet, parent: &RelevantSet, wildcard: bool) -> Option<String> {
    let of_parent = match parent.policy(usage, wildcard) {
        Policy::Anyone | Policy::Undetermined(_) => return None,
        Policy::Nobody => Vec::new(),
        Policy::Only(issuers) => issuers,
    };
    match child.policy(usage, wildcard) {
        Policy::Nobody | Policy::Undetermined(_) => None,
        Policy::Anyone => Some("any CA issue".to_owned()),
        Policy::Only(issuers) => match issuers.iter().find(|issuer| is_further(issuer, &of_parent)) {
            Some(further) => Some(format!("{further} issue")),
            None => {
                unbound(usage.governing(child, wildcard), child, usage.governing(parent, wildcard), parent)
            }
        },
    }
}

/// Whether the child's issuer stands for a CA that the parent's do not stand for.
fn is_further(issuer: &str, of_parent: &[String]) -> bool {
    if of_parent.iter().any(|parent| parent == issuer) {
        return false;
    }
    let permitted: BTreeSet<&str> =
        of_parent.iter().flat_map(|parent| CaTable.owner_of_identifier(parent)).collect();
    // Owners have former names, and CAs recognise each other's identifiers: with one in common, nothing is sure.
    !CaTable.owner_of_identifier(issuer).any(|owner| permitted.contains(owner))
}

/// A CA that the parent binds to an account or method, and the child does not.
fn unbound(
    of_child: PropertyKind,
    child: &RelevantSet,
    of_parent: PropertyKind,
    parent: &RelevantSet,
) -> Option<String> {
    let parent = namings(parent, of_parent);
    let is_bound_above =
        |issuer: &String| parent.get(issuer).is_some_and(|naming| naming.bound && !naming.free);
    namings(child, of_child)
        .into_iter()
        .find(|(issuer, naming)| naming.free && is_bound_above(issuer))
        .map(|(issuer, _)| format!("{issuer} issue to any account"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, none, set};
    use super::*;

    fn under(child: &[(u8, &str, &str)], parent: &[(u8, &str, &str)]) -> CaaReading {
        let mut reading = set(child);
        reading.above = match set(parent).relevant {
            Relevant::Set(mut set) => {
                set.name = "example".parse().unwrap();
                Some(Relevant::Set(set))
            }
            other => Some(other),
        };
        reading
    }

    #[test]
    fn each_rule() {
        let parent = [(0, "issue", "ca1.example"), (0, "issuewild", ";")];
        let same = under(&[(0, "issue", "CA1.example"), (0, "issuewild", ";")], &parent);
        for child in [
            &[(0, "iodef", "mailto:a@t.example")][..],
            &[(0, "issue", "ca2.example")],
            &[(0, "issue", "ca1.example"), (0, "issue", "ca2.example")],
            // Wildcards, which the parent forbids.
            &[(0, "issue", "ca1.example")],
        ] {
            assert_rule(RULES, "CAA039", &under(child, &parent), &same);
        }
        assert_rule(RULES, "CAA039", &under(&[(0, "issue", "ca1.example")], &[(0, "issue", ";")]), &same);
        let bound = [(0, "issue", "ca1.example; validationmethods=dns-01")];
        assert_rule(RULES, "CAA039", &under(&[(0, "issue", "ca1.example")], &bound), &under(&bound, &bound));
        for silent in [
            under(&[(0, "issue", ";")], &parent),
            under(&[(128, "tbs", "x")], &parent),
            under(&[(0, "iodef", "x")], &[(0, "iodef", "x")]),
            CaaReading { above: Some(Relevant::NoneAnywhere), ..set(&[(0, "iodef", "x")]) },
            set(&[(0, "iodef", "x")]),
            none("NOERROR"),
            CaaReading { usage: Usage::Smime, ..under(&[(0, "issue", "ca2.example")], &parent) },
        ] {
            assert_rule(RULES, "CAA039", &under(&[(0, "iodef", "x")], &parent), &silent);
        }
    }

    #[test]
    fn identifiers_of_one_ca_are_one() {
        let both = under(
            &[(0, "issue", "comodoca.com")],
            &[(0, "issue", "sectigo.com"), (0, "issue", "comodo.com")],
        );
        let less = under(&[(0, "issue", "sectigo.com")], &[(0, "issue", "letsencrypt.org")]);
        assert_rule(RULES, "CAA039", &less, &both);
        let former = under(&[(0, "issue", "comodoca.com")], &[(0, "issue", "sectigo.com")]);
        assert_rule(RULES, "CAA039", &less, &former);
    }

    #[test]
    fn the_advice_says_whom_it_locks_out_and_aliases_are_left_alone() {
        let mut reading = under(&[(0, "issue", "ca2.example")], &[(0, "issue", "ca1.example")]);
        let rule = &RULES[0];
        let advice = &rule.findings(&reading)[0].advice;
        assert!(advice.contains("locks out") && advice.contains("`0 issue \"ca1.example\"`"), "{advice}");
        if let Relevant::Set(set) = &mut reading.relevant {
            set.aliases.push("provider.test".to_owned());
        }
        assert!(rule.findings(&reading).is_empty());
    }
}
