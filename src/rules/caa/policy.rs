//! Rules about the policy that a set makes as a whole.

use serde_json::json;

use super::binding::namings;
use crate::caa::record::{Property, PropertyKind};
use crate::caa::{CaaReading, Policy, RelevantSet, Usage};
use crate::rules::caa::BR_CAA;
use crate::rules::fingerprint::digest;
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// The time to live from which a change of policy is slow to arrive: TLS BR 4.2.2.1 lets a CA issue within
/// the greater of the TTL and 8 hours after its check.
const LONG_TTL: u32 = 24 * 60 * 60;

pub(super) static RULES: &[Rule<CaaReading>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA014",
            title: "The CAA set restricts nobody for this name",
            severity: Severity::Medium,
            needs: "a relevant CAA set",
            explanation: "The first name that has any CAA record ends the climb, and the set there has no \
                property that governs certificates of the kind asked about for this name. Any CA may then issue, even where a \
                parent's set is strict: sets never merge.",
            advice: "Add `issue` to this set (and `issuewild` if wildcards differ), `issuemail` for e-mail or \
                `issuevmc` for marks; or remove the set so that the parent's holds.",
            references: &[
                "RFC 8659 section 3",
                "RFC 8659 section 4.2",
                "RFC 8659 section 4.3",
                "RFC 9495 section 4",
            ],
        },
        raise: |reading| match reading.set() {
            Some(set) if set.policy(reading.usage, reading.wildcard) == Policy::Anyone => {
                let message = format!(
                    "The CAA set at {} has no property that restricts {} certificates for {}, so any CA may issue.",
                    set.name,
                    kind(reading.usage),
                    reading.name
                );
                let all = digest(set.records.iter().map(ToString::to_string));
                vec![Raised::new(&reading.name, message, records(set)).known_by("all", all)]
            }
            _ => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA015",
            title: "Wildcard names are open to more than plain names",
            severity: Severity::Info,
            needs: "a relevant CAA set with issue and issuewild",
            explanation: "`issuewild` replaces `issue` for wildcard names. Here it names a CA that `issue` does \
                not, or binds a CA less, though a wildcard certificate covers more names.",
            advice: "Make `issuewild` as strict as `issue`, or set it to `\";\"` if you need no wildcards.",
            references: &["RFC 8659 section 4.3", "RFC 8657 section 3"],
        },
        raise: |reading| reading.set().map(looser_wildcards).unwrap_or_default(),
    },
    Rule {
        info: RuleInfo {
            id: "CAA016",
            title: "A record that names no CA stands beside records that do",
            severity: Severity::Info,
            needs: "a relevant CAA set",
            explanation: "Records of one kind add up: `issue \";\"` forbids only where it stands alone, and does \
                nothing beside a record that names a CA.",
            advice: "Remove the empty record, or the others if nobody is to issue.",
            references: &["RFC 8659 section 4.2"],
        },
        raise: |reading| reading.set().map(inert).unwrap_or_default(),
    },
    Rule {
        info: RuleInfo {
            id: "CAA017",
            title: "The owner of an alias's target decides who may issue",
            severity: Severity::Info,
            needs: "a relevant CAA set",
            explanation: "The name is an alias, and CAA questions follow it: the records come from the target's \
                zone. Whoever runs that zone can change who may issue for your name. Where the target lies in \
                another registered domain, that is most likely somebody else.",
            advice: "Know that the provider's CAA policy is yours for this name. A CNAME leaves no room for CAA \
                records beside it; use address records if you must set your own.",
            references: &["RFC 8659 section 3", "RFC 1034 section 3.6.2", "RFC 6672 section 2.3"],
        },
        raise: |reading| match reading.set().map(|set| (set, set.aliases.as_slice())) {
            Some((set, [.., target])) => {
                let is_elsewhere = registered(target) != registered(set.name.as_str());
                let (whose, severity) = match registered(target).filter(|_| is_elsewhere) {
                    Some(domain) => (format!(", in the domain {domain}"), Severity::Low),
                    None => (String::new(), Severity::Info),
                };
                let message = format!("The CAA records for {} come from {target}{whose}.", set.name);
                let evidence = json!({ "aliases": set.aliases, "domain": registered(target) });
                let raised = Raised::new(set.name.as_str(), message, evidence).at(severity);
                vec![raised.known_by("whose", registered(target).unwrap_or(target))]
            }
            _ => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA018",
            title: "The CAA records live long",
            severity: Severity::Info,
            needs: "a relevant CAA set",
            explanation: "A CA may issue within the greater of the records' time to live and 8 hours after it \
                looked. With a time to live above a day, a CA that you remove may go on issuing for as long.",
            advice: "Set the time to live of CAA records to a few hours or less.",
            references: &[BR_CAA],
        },
        raise: |reading| match reading.set() {
            Some(set) if set.ttl > LONG_TTL => {
                let message =
                    format!("The CAA records at {} may be kept for {} hours.", set.name, set.ttl / 3600);
                vec![Raised::new(set.name.as_str(), message, json!({ "ttl": set.ttl }))]
            }
            _ => Vec::new(),
        },
    },
];

/// The domain that somebody registered, by the public suffix list: what one owner is responsible for.
fn registered(name: &str) -> Option<&str> {
    psl::domain_str(name)
}

/// The kind of certificates, in words.
fn kind(usage: Usage) -> &'static str {
    match usage {
        Usage::Tls => "TLS",
        Usage::Smime => "S/MIME",
        Usage::Vmc => "mark",
    }
}

fn records(set: &RelevantSet) -> serde_json::Value {
    // A set can hold thousands of records.
    let shown: Vec<String> = set.records.iter().take(20).map(ToString::to_string).collect();
    json!({ "at": set.name, "records": shown })
}

fn looser_wildcards(set: &RelevantSet) -> Vec<Raised> {
    if !set.has(PropertyKind::Issue) {
        return Vec::new();
    }
    let plain = namings(set, PropertyKind::Issue);
    let mut raised = Vec::new();
    for (issuer, wildcard) in namings(set, PropertyKind::IssueWild) {
        let plain = plain.get(&issuer);
        let (how, what) = if plain.is_none() {
            ("named", "may issue for wildcard names, but not for plain ones")
        } else if wildcard.free && plain.is_some_and(|plain| !plain.free) {
            ("unbound", "is bound for plain names, and not for wildcard names")
        } else {
            continue;
        };
        let message = format!("At {}, {issuer} {what}.", set.name);
        let found = Raised::new(set.name.as_str(), message, json!({ "ca": issuer }));
        raised.push(found.known_by("looser", how));
    }
    raised
}

fn inert(set: &RelevantSet) -> Vec<Raised> {
    use PropertyKind::{Issue, IssueMail, IssueVmc, IssueWild};
    let names_nobody =
        |property: &&Property| property.issue_value().is_ok_and(|value| value.issuer.is_none());
    [Issue, IssueWild, IssueMail, IssueVmc]
        .into_iter()
        .filter(|kind| !set.issuers(*kind).is_empty())
        .flat_map(|kind| set.of_kind(kind).filter(names_nobody))
        .map(|property| {
            let message = format!("{property} at {} does nothing beside records that name a CA.", set.name);
            Raised::new(set.name.as_str(), message, json!({ "record": property.to_string() }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, none, raw, set};
    use super::*;
    use crate::caa::Relevant;

    fn changed(mut reading: CaaReading, change: impl Fn(&mut RelevantSet)) -> CaaReading {
        if let Relevant::Set(set) = &mut reading.relevant {
            change(set);
        }
        reading
    }

    #[test]
    fn each_rule() {
        let good = set(&[(0, "issue", "ca1.example"), (0, "issuewild", ";")]);
        assert_rule(RULES, "CAA014", &set(&[(0, "iodef", "mailto:a@t.example")]), &good);
        assert_rule(RULES, "CAA014", &set(&[(0, "issuewild", ";")]), &none("NOERROR"));
        let wildcard = CaaReading { wildcard: true, ..set(&[(0, "issuewild", ";")]) };
        assert_rule(RULES, "CAA014", &set(&[(0, "issuemail", ";")]), &wildcard);
        assert_rule(RULES, "CAA014", &set(&[(0, "iodef", "x")]), &set(&[(128, "tbs", "x")]));
        let unreadable = raw(&[b"\x00\x06issu\xe9x".to_vec()]);
        assert_rule(RULES, "CAA014", &set(&[(0, "iodef", "x")]), &unreadable);

        let smime = |records| CaaReading { usage: Usage::Smime, ..set(records) };
        let (web, mail) = ([(0, "issue", "ca1.example")], [(0, "issuemail", "ca1.example")]);
        assert_rule(RULES, "CAA014", &smime(&web), &smime(&mail));
        assert_rule(RULES, "CAA014", &set(&mail), &set(&web));
        let marks = |records| CaaReading { usage: Usage::Vmc, ..set(records) };
        assert_rule(RULES, "CAA014", &marks(&mail), &marks(&[(0, "issuevmc", ";")]));

        let other = set(&[(0, "issue", "ca1.example"), (0, "issuewild", "ca2.example")]);
        assert_rule(RULES, "CAA015", &other, &good);
        let unbound =
            set(&[(0, "issue", "ca1.example; validationmethods=dns-01"), (0, "issuewild", "CA1.example")]);
        assert_rule(RULES, "CAA015", &unbound, &good);

        let beside = set(&[(0, "issue", ";"), (0, "issue", "ca1.example")]);
        assert_rule(RULES, "CAA016", &beside, &good);
        let aliased = changed(good.clone(), |set| set.aliases.push("w.provider.example".to_owned()));
        assert_rule(RULES, "CAA017", &aliased, &good);
        let severity = |target: &str| {
            let aliased = changed(good.clone(), |set| set.aliases = vec![target.to_owned()]);
            RULES.iter().find(|rule| rule.info.id == "CAA017").unwrap().findings(&aliased)[0].severity
        };
        assert_eq!(severity("w.provider.example"), Severity::Low, "another registered domain");
        assert_eq!(severity("lb.t.example"), Severity::Info);
        assert_rule(RULES, "CAA018", &changed(good.clone(), |set| set.ttl = 604_800), &good);
    }
}
