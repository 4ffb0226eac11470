//! Rules about what DNSSEC says of the look-up.

use serde_json::json;

use crate::caa::{CaaReading, Dnssec, Relevant, Step, StepOutcome, is_of_another_root};
use crate::dns_name::DnsName;
use crate::evidence::dns::{DnssecState, Unfinished};
use crate::rules::caa::{BR_CAA, BR_DNSSEC};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// What to do then.
const LOOK_AT_THE_ANCHOR: &str = "Ask another resolver (`--resolver`): this one answers for another root than the \
    public one, or somebody on the way forges its answers. In a network with a root of its own, name its keys with \
    `--trust-anchor`.";

/// What to do where the name is none of the public DNS.
const USE_A_PUBLIC_NAME: &str = "Nothing is wrong with any zone. A name that is meant to be internal gets certificates \
    from a private CA only, which CAA does not bind; for a public certificate, choose a name in the public DNS.";

/// Whether resolvers answer for a name by themselves, without asking any server (RFC 6761 sections 6.3 and 6.4).
fn is_answered_locally(name: &DnsName) -> bool {
    name.labels().next_back().is_some_and(|tld| ["localhost", "invalid"].contains(&tld))
}

pub(super) static RULES: &[Rule<CaaReading>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA024",
            title: "A CAA answer fails DNSSEC validation",
            severity: Severity::High,
            needs: "a CAA look-up with DNSSEC validation (--dnssec validate or resolver)",
            explanation: "The zone is signed, or its parent says that it is, and the answer to the CAA question does \
                not validate. Whatever the answer says, records or none, does not count. Since 2026-03-15 every \
                publicly trusted CA validates DNSSEC when it looks up CAA, and may never take a validation failure \
                for permission: new certificates and renewals fail everywhere. (For `localhost` and `invalid`, which \
                resolvers answer for by themselves, the severity is low.)",
            advice: "Repair the signatures: sign the zone again if they have expired, and compare the DS records at \
                the parent with the zone's keys (`delv NAME CAA` shows where the chain breaks).",
            references: &[BR_DNSSEC, "RFC 4035 section 5", "RFC 8914 section 4"],
        },
        raise: |reading| {
            with_state(reading, Dnssec::Bogus)
                .map(|step| {
                    let why = step.dnssec_detail.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
                    let fails = format!(
                        "The answer to the CAA question for {} fails DNSSEC validation{why}.",
                        step.name
                    );
                    if is_answered_locally(&step.name) {
                        let message = format!(
                            "{fails} Resolvers answer for {} by themselves (RFC 6761), and the root of the public DNS \
                             does not have it: no public CA may issue for it.",
                            step.name
                        );
                        let raised = Raised::new(&reading.name, message, told(step));
                        return raised.at(Severity::Low).advising(USE_A_PUBLIC_NAME);
                    }
                    if is_of_another_root(&why) {
                        // Nothing below was reached: it is no fault of the name.
                        let message =
                            format!("{fails} Who may issue for {} cannot be said from here.", reading.name);
                        return Raised::new(&reading.name, message, told(step)).advising(LOOK_AT_THE_ANCHOR);
                    }
                    let message = format!("{fails} No CA may issue for {}.", reading.name);
                    Raised::new(&reading.name, message, told(step))
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA025",
            title: "The CAA look-up fails in a signed zone",
            severity: Severity::High,
            needs: "a CAA look-up with DNSSEC validation (--dnssec validate or resolver)",
            explanation: "The CAA question fails, and the zone validates under DNSSEC, or its parent proves that it is \
                signed. A CA may read a failed look-up as permission only where the zone is proven to be unsigned. Here \
                it is proven to be signed, so that a CA whose look-up fails too may not issue until the question is \
                answered. Where the resolver gave an error, or the nameservers themselves were asked \
                (--all-nameservers) and say nothing of the name, CAs will meet the same. Where only nothing usable came \
                through this resolver, the resolver or the way to it may be at fault, and the severity is medium.",
            advice: "Ask through another resolver first (`--resolver`). Where it fails there too, ask each authoritative \
                server for the CAA type at the name that failed (`dig @SERVER NAME CAA`), and repair those that do not \
                answer.",
            references: &[BR_CAA],
        },
        raise: |reading| {
            with_state(reading, Dnssec::Secure)
                .filter(|step| step.outcome == StepOutcome::Failure)
                .map(|step| {
                    let why = step.dnssec_detail.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
                    let message = format!(
                        "The CAA question for {} failed ({}), and its zone is signed{why}. A CA that meets the same \
                         may not issue for {}.",
                        step.name, step.detail, reading.name
                    );
                    let raised = Raised::new(&reading.name, message, told(step));
                    if is_response_code(&step.detail) || nobody_says(reading, step) {
                        raised
                    } else {
                        raised.at(Severity::Medium)
                    }
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA026",
            title: "No DNSSEC protects the CAA records",
            severity: Severity::Info,
            needs: "a CAA look-up with DNSSEC validation (--dnssec validate or resolver) that found records",
            explanation: "An answer on the way to the CAA records comes from a zone that is proven to be unsigned. The \
                records still bind every CA that sees them. But who can forge DNS answers on the way to a CA can hide \
                them or set others, and where the look-up fails, a CA may even take the failure for permission. CAs \
                look from several places at once, which makes this hard, not impossible.",
            advice: "Sign the zone with DNSSEC and publish its DS record at the parent; where the name is an alias, the \
                zone of its target counts as much.",
            references: &["RFC 8659 section 5", BR_CAA, "TLS BR 3.2.2.9"],
        },
        raise: |reading| {
            let steps: Vec<&Step> = unprotected(reading).filter(|step| !leads_out(reading, step)).collect();
            if steps.is_empty() {
                return Vec::new();
            }
            let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
            let shown = steps.iter().map(|step| match step.aliases.last() {
                Some(target) => format!("{} (an alias that leads to {target})", step.name),
                None => step.name.to_string(),
            });
            let message =
                format!("DNSSEC does not protect the answer for {}.", shown.collect::<Vec<_>>().join(", "));
            vec![Raised::new(&reading.name, message, json!({ "insecure": names }))]
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA027",
            title: "What DNSSEC says of the CAA answer is not known",
            severity: Severity::Low,
            needs: "a CAA look-up with DNSSEC validation (--dnssec validate or resolver)",
            explanation: "The resolver hands out DNSSEC records, but validation could not be finished. Where one of \
                them could not be had, or the answer cannot be read by the validator, whoever forged the answer may \
                have brought that about: it does not count here, and no verdict rests on it. Where the zone is \
                signed with nothing but algorithms that this program does not verify, the answer counts as that of \
                an unsigned zone. The answer may be good in both cases. But should it be bogus for CAs, which \
                validate by themselves, they may not issue. (A resolver that hands out no DNSSEC records at all, or \
                does not show that it validates, says nothing of the zone, and is told beside the steps only, unless \
                `--dnssec validate` or `--trust-anchor` demands validation.)",
            advice: "Compare with a validating resolver that you trust (--dnssec resolver --resolver ADDR), and see \
                whether the DS and DNSKEY records of the zone can be had from outside.",
            references: &["RFC 4035 section 4.3", "RFC 4035 section 5.2", BR_DNSSEC],
        },
        raise: |reading| {
            // A resolver that is silent altogether says nothing of the name, and that is said elsewhere.
            if reading.is_unheard {
                return Vec::new();
            }
            let of_resolver = |step: &&Step| step.unfinished == Some(Unfinished::ResolverWithoutDnssec);
            let mut steps = with_state(reading, Dnssec::Indeterminate).filter(|step| !of_resolver(step));
            let Some(first) = steps.next() else { return Vec::new() };
            let more = match steps.count() {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            let why = first.dnssec_detail.as_deref().unwrap_or("the validator gives no reason");
            let message =
                format!("Whether the answer for {}{more} is authentic is not known: {why}.", first.name);
            vec![Raised::new(&reading.name, message, told(first))]
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA028",
            title: "An alias leads from a signed zone into an unsigned one",
            severity: Severity::Low,
            needs: "a CAA look-up with DNSSEC validation (--dnssec validate or resolver) that found records",
            explanation: "The name is an alias to a name in an unsigned zone, while its own zone is signed. CAA \
                records at the alias's target come before those of the signed zone. Who can forge answers for the \
                unsigned target can so set another policy than the one that the signed zone publishes.",
            advice: "Let the alias lead to a provider whose zone is signed, or use addresses instead of the alias.",
            references: &["RFC 8659 section 3", "RFC 8659 section 5"],
        },
        raise: |reading| {
            unprotected(reading)
                .filter(|step| leads_out(reading, step))
                .map(|step| {
                    let target = step.aliases.last().map_or("another name", String::as_str);
                    let message = format!(
                        "{} leads out of a signed zone: it is an alias to {target} in an unsigned one, whose answer \
                         comes before what the signed zone says.",
                        step.name
                    );
                    let whose = psl::domain_str(target).unwrap_or(target);
                    Raised::new(&reading.name, message, told(step)).known_by("whose", whose)
                })
                .collect()
        },
    },
];

fn with_state(reading: &CaaReading, state: Dnssec) -> impl Iterator<Item = &Step> {
    reading.steps.iter().filter(move |step| step.dnssec == state)
}

/// The steps that are proven to be unsigned, on the way to a set: without a set there is nothing to protect.
fn unprotected(reading: &CaaReading) -> impl Iterator<Item = &Step> {
    let has_set = matches!(reading.relevant, Relevant::Set(_));
    with_state(reading, Dnssec::Insecure).filter(move |_| has_set)
}

/// Whether this is how a failure is told that a server answered with: `SERVFAIL`, `REFUSED` and so on.
fn is_response_code(detail: &str) -> bool {
    detail.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
}

/// Whether the nameservers were asked, and none says anything of the name.
fn nobody_says(reading: &CaaReading, step: &Step) -> bool {
    let names = reading.nameservers.zones.iter().flat_map(|zone| &zone.names);
    names.filter(|name| name.name == step.name).any(|name| name.usual.is_none())
}

/// Whether the step is unprotected for its alias alone: its own zone is signed, or that of a name above it.
fn leads_out(reading: &CaaReading, step: &Step) -> bool {
    let above = |other: &Step| other.name != step.name && step.name.is_at_or_below(&other.name);
    match (step.aliases.is_empty(), step.own_zone) {
        (true, _) | (false, Some(DnssecState::Insecure)) => return false,
        (false, Some(DnssecState::Secure)) => return true,
        (false, _) => {}
    }
    reading.steps.iter().any(|other| above(other) && other.dnssec == Dnssec::Secure)
}

fn told(step: &Step) -> serde_json::Value {
    json!({ "at": step.name, "answer": step.detail, "aliases": step.aliases, "detail": step.dnssec_detail })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, failed, none, set};
    use super::*;
    use crate::caa::nameservers::{DelegationDifference, NameReading, ZoneReading};

    /// A reading with these steps: name, aliases, state.
    fn with_steps(mut reading: CaaReading, steps: &[(&str, &[&str], Dnssec)]) -> CaaReading {
        let model = reading.steps.remove(0);
        reading.steps = steps
            .iter()
            .map(|(name, aliases, dnssec)| Step {
                name: name.parse().unwrap(),
                aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
                dnssec: *dnssec,
                ..model.clone()
            })
            .collect();
        reading
    }

    fn in_state(reading: CaaReading, state: Dnssec) -> CaaReading {
        with_steps(reading, &[("t.example", &[], state)])
    }

    #[test]
    fn each_rule() {
        let found = || set(&[(0, "issue", "ca1.example")]);
        let failing = |state| {
            let mut reading = in_state(failed(), state);
            reading.steps[0].outcome = StepOutcome::Failure;
            reading
        };
        assert_rule(RULES, "CAA024", &in_state(failed(), Dnssec::Bogus), &in_state(found(), Dnssec::Secure));
        assert_rule(RULES, "CAA025", &failing(Dnssec::Secure), &failing(Dnssec::Insecure));
        assert_rule(RULES, "CAA025", &failing(Dnssec::Secure), &in_state(found(), Dnssec::Secure));
        let insecure = in_state(found(), Dnssec::Insecure);
        assert_rule(RULES, "CAA026", &insecure, &in_state(found(), Dnssec::Secure));
        assert_rule(RULES, "CAA026", &insecure, &in_state(none("NOERROR"), Dnssec::Insecure));
        let indeterminate = in_state(found(), Dnssec::Indeterminate);
        assert_rule(RULES, "CAA027", &indeterminate, &in_state(found(), Dnssec::Unchecked));
        let mut of_resolver = in_state(found(), Dnssec::Indeterminate);
        of_resolver.steps[0].unfinished = Some(Unfinished::ResolverWithoutDnssec);
        assert_rule(RULES, "CAA027", &in_state(found(), Dnssec::Indeterminate), &of_resolver);
        let out = |above| {
            let steps: [(&str, &[&str], Dnssec); 2] =
                [("w.t.example", &["w.cdn.example"], Dnssec::Insecure), ("t.example", &[], above)];
            with_steps(found(), &steps)
        };
        assert_rule(RULES, "CAA028", &out(Dnssec::Secure), &out(Dnssec::Insecure));
        assert_rule(RULES, "CAA026", &out(Dnssec::Insecure), &out(Dnssec::Secure));
        // The climb ends at the alias's target: what the alias's own zone is, was asked.
        let alias = |own_zone| {
            let mut reading = with_steps(found(), &[("w.t.example", &["w.cdn.example"], Dnssec::Insecure)]);
            reading.steps[0].own_zone = own_zone;
            reading
        };
        let (signed, unsigned) = (alias(Some(DnssecState::Secure)), alias(Some(DnssecState::Insecure)));
        assert_rule(RULES, "CAA028", &signed, &unsigned);
        assert_rule(RULES, "CAA026", &unsigned, &signed);
        assert!(message("CAA026", &unsigned).contains("w.cdn.example"));
        let silent = CaaReading { is_unheard: true, ..in_state(failed(), Dnssec::Indeterminate) };
        assert_rule(RULES, "CAA027", &in_state(failed(), Dnssec::Indeterminate), &silent);
    }

    fn severity(id: &str, reading: &CaaReading) -> Severity {
        RULES.iter().find(|rule| rule.info.id == id).unwrap().findings(reading)[0].severity
    }

    fn message(id: &str, reading: &CaaReading) -> String {
        RULES.iter().find(|rule| rule.info.id == id).unwrap().findings(reading)[0].message.clone()
    }

    #[test]
    fn what_one_resolver_drops_is_not_said_of_every_ca() {
        let failing = |detail: &str| {
            let mut reading = in_state(failed(), Dnssec::Secure);
            reading.steps[0].outcome = StepOutcome::Failure;
            detail.clone_into(&mut reading.steps[0].detail);
            reading
        };
        assert_eq!(severity("CAA025", &failing("timeout")), Severity::Medium);
        assert_eq!(severity("CAA025", &failing("SERVFAIL")), Severity::High);
        assert!(message("CAA025", &failing("timeout")).contains("A CA that meets the same may not issue"));
        let mut seen_by_all = failing("timeout");
        let names =
            vec![NameReading { name: "t.example".parse().unwrap(), usual: None, answers: 0, resolver: None }];
        seen_by_all.nameservers.zones.push(ZoneReading {
            zone: "t.example".parse().unwrap(),
            names,
            endpoints: Vec::new(),
            without_address: Vec::new(),
            delegation: DelegationDifference::default(),
            left_out: 0,
        });
        assert_eq!(severity("CAA025", &seen_by_all), Severity::High);
    }

    #[test]
    fn names_that_resolvers_answer_for_by_themselves_are_no_alarm() {
        let bogus = |name| with_steps(failed(), &[(name, &[], Dnssec::Bogus)]);
        assert_eq!(severity("CAA024", &bogus("t.example")), Severity::High);
        assert_eq!(severity("CAA024", &bogus("localhost")), Severity::Low);
        assert_eq!(severity("CAA024", &bogus("a.localhost")), Severity::Low);
        assert_eq!(severity("CAA024", &bogus("localhost.example")), Severity::High);
    }
}
