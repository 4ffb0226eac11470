//! Rules about a set and the one above it, which it replaces.

use std::collections::BTreeSet;

use serde_json::json;

use super::binding::namings;
use crate::ca::CaTable;
use crate::caa::record::{PropertyKind, quoted};
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
        advice: "Give the lower set the parent's `issue` and `issuewild` records in place of its own, and keep its other \
            records. Or remove the lower set, so that the parent's holds. Either locks out every CA that the parent \
            does not name.",
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
    let advice = advice(reading.usage, child, parent, wildcard);
    let evidence = json!({ "child": child.name, "parent": parent.name, "wildcard": wildcard });
    Some(Raised::new(&reading.name, message, evidence).known_by("permits", what).advising(advice))
}

/// How the child can be made as strict as its parent: every record of a kind that it does not have yet takes
/// permission away.
fn advice(usage: Usage, child: &RelevantSet, parent: &RelevantSet, wildcard: bool) -> String {
    let (of_child, of_parent) = (usage.governing(child, wildcard), usage.governing(parent, wildcard));
    let kind = if of_child == PropertyKind::IssueWild { of_child } else { of_parent };
    let tag = tag(kind);
    let place = if child.has(kind) {
        format!("in place of the {tag} records at {}", child.name)
    } else {
        format!("beside what {} has", child.name)
    };
    if let Some(record) = parent.unknown_critical().next() {
        return format!(
            "`{record}` at {} is critical and of no known property, so that no CA may issue (RFC 8659 section 4.1). If \
             that is meant, publish `0 {tag} \";\"` {place}; if not, remove that record.",
            parent.name
        );
    }
    let records: Vec<String> = parent
        .of_kind(of_parent)
        .take(20)
        .map(|property| format!("`{} {tag} \"{}\"`", property.flags, quoted(&property.value)))
        .collect();
    format!(
        "Publish {}, as {} has it, {place}. Or remove the set at {} so that the one above holds, if nothing else in it \
         is needed. Every CA that is not named there is then refused: see first that none of them is needed.",
        records.join(", "),
        parent.name,
        child.name,
    )
}

fn tag(kind: PropertyKind) -> &'static str {
    match kind {
        PropertyKind::IssueWild => "issuewild",
        PropertyKind::IssueMail => "issuemail",
        PropertyKind::IssueVmc => "issuevmc",
        _ => "issue",
    }
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
    fn the_advice_says_what_it_takes_away() {
        for (child, parent, said) in [
            // A set that restricts nobody keeps what it has.
            (
                &[(0, "iodef", "mailto:a@t.example")][..],
                &[(0, "issue", "letsencrypt.org")][..],
                "`0 issue \"letsencrypt.org\"`, as example has it, beside what t.example has.",
            ),
            (
                &[(0, "issue", "ca1.example")],
                &[(0, "issue", "ca1.example"), (0, "issuewild", ";")],
                "`0 issuewild \";\"`, as example has it, beside what",
            ),
            // Where issuewild decides below, and issue above, the records of issue are not enough.
            (
                &[(0, "issue", "ca1.example"), (0, "issuewild", "ca2.example")],
                &[(0, "issue", "ca1.example; x=y")],
                "`0 issuewild \"ca1.example; x=y\"`, as example has it, in place of the issuewild records",
            ),
            (
                &[(0, "issue", "ca1.example")],
                &[(128, "tbs", "x")],
                "`128 tbs \"x\"` at example is critical and of no known property",
            ),
        ] {
            let advice = RULES[0].findings(&under(child, parent)).remove(0).advice;
            assert!(advice.contains(said) && !advice.contains("takes nothing away"), "{advice}");
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
        assert!(advice.contains("`0 issue \"ca1.example\"`, as example has it, in place of"), "{advice}");
        assert!(advice.contains("Every CA that is not named there is then refused"), "{advice}");
        if let Relevant::Set(set) = &mut reading.relevant {
            set.aliases.push("provider.test".to_owned());
        }
        assert!(rule.findings(&reading).is_empty());
    }
}
