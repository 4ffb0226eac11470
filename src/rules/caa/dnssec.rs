//! Rules about what DNSSEC says of the look-up.

use serde_json::json;

use crate::caa::{CaaReading, Dnssec, Relevant, Step, StepOutcome};
use crate::evidence::dns::Unfinished;
use crate::rules::caa::{BR_CAA, BR_DNSSEC};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// How a validator's detail says that the resolver's root is another than ours.
const ANOTHER_ANCHOR: &str = "are not those of the trust anchor";

/// What to do then.
const LOOK_AT_THE_ANCHOR: &str = "Ask another resolver (`--resolver`): this one answers for another root than the \
    public one, or somebody on the way forges its answers. In a network with a root of its own, name its keys with \
    `--trust-anchor`.";

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
                for permission: new certificates and renewals fail everywhere.",
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
                    if why.contains(ANOTHER_ANCHOR) {
                        // Nothing below was reached: it is no fault of the name.
                        let message =
                            format!("{fails} Who may issue for {} cannot be said from here.", reading.name);
                        return Raised::new(&reading.name, message, told(step)).advising(LOOK_AT_THE_ANCHOR);
                    }
                    if step.name.labels().next_back() == Some("localhost") {
                        let message = format!(
                            "{fails} Resolvers answer for localhost by themselves (RFC 6761 section 6.3), and the root \
                             denies that name."
                        );
                        return Raised::new(&reading.name, message, told(step)).advising(NO_PUBLIC_NAME).at(Severity::Info);
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
            explanation: "The CAA question fails, and the zone validates under DNSSEC. A CA may read a failed look-up \
                as permission only where the zone is proven to be unsigned. Here it is proven to be signed, so that \
                no CA may issue until the question is answered.",
            advice: "Ask each authoritative server for the CAA type at the name that failed (`dig @SERVER NAME CAA`), \
                and repair those that do not answer.",
            references: &[BR_CAA],
        },
        raise: |reading| {
            with_state(reading, Dnssec::Secure)
                .filter(|step| step.outcome == StepOutcome::Failure)
                .map(|step| {
                    let message = format!(
                        "The CAA question for {} failed ({}), and its zone is signed. No CA may issue for {}.",
                        step.name, step.detail, reading.name
                    );
                    Raised::new(&reading.name, message, told(step))
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
            advice: "Sign the zone with DNSSEC and publish its DS record at the parent.",
            references: &["RFC 8659 section 5", BR_CAA, "TLS BR 3.2.2.9"],
        },
        raise: |reading| {
            let names: Vec<&str> = unprotected(reading)
                .filter(|step| !leads_out(reading, step))
                .map(|step| step.name.as_str())
                .collect();
            if names.is_empty() {
                return Vec::new();
            }
            let message = format!("DNSSEC does not protect the answer for {}.", names.join(", "));
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
                does not show that it validates, says nothing of the zone, and is told beside the steps only.)",
            advice: "Compare with a validating resolver that you trust (--dnssec resolver --resolver ADDR), and see \
                whether the DS and DNSKEY records of the zone can be had from outside.",
            references: &["RFC 4035 section 4.3", "RFC 4035 section 5.2", BR_DNSSEC],
        },
        raise: |reading| {
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
            explanation: "The name is an alias to a name in an unsigned zone, while the zone above it is signed. CAA \
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
                        "{} is an alias to {target} in an unsigned zone, whose answer comes before that of the signed \
                         zone above.",
                        step.name
                    );
                    Raised::new(&reading.name, message, told(step))
                })
                .collect()
        },
    },
];

/// What to do about a name that is nobody's.
const NO_PUBLIC_NAME: &str =
    "There is nothing to repair: no publicly trusted CA issues for localhost (TLS BR 4.2.2).";

fn with_state(reading: &CaaReading, state: Dnssec) -> impl Iterator<Item = &Step> {
    reading.steps.iter().filter(move |step| step.dnssec == state)
}

/// The steps that are proven to be unsigned, on the way to a set: without a set there is nothing to protect.
fn unprotected(reading: &CaaReading) -> impl Iterator<Item = &Step> {
    let has_set = matches!(reading.relevant, Relevant::Set(_));
    with_state(reading, Dnssec::Insecure).filter(move |_| has_set)
}

/// Whether the step is unprotected for its alias alone: a name above it is in a signed zone.
fn leads_out(reading: &CaaReading, step: &Step) -> bool {
    let above = |other: &Step| other.name != step.name && step.name.is_at_or_below(&other.name);
    !step.aliases.is_empty()
        && reading.steps.iter().any(|other| above(other) && other.dnssec == Dnssec::Secure)
}

fn told(step: &Step) -> serde_json::Value {
    json!({ "at": step.name, "answer": step.detail, "aliases": step.aliases, "detail": step.dnssec_detail })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, failed, none, set};
    use super::*;

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
        let local = with_steps(failed(), &[("www.localhost", &[], Dnssec::Bogus)]);
        let rule = RULES.iter().find(|rule| rule.info.id == "CAA024").unwrap();
        let finding = rule.findings(&local).remove(0);
        assert_eq!(finding.severity, Severity::Info);
        assert!(finding.advice.contains("nothing to repair"), "{}", finding.advice);
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
    }
}
