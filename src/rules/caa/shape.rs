//! Rules about a set as it travels and is read: its size, repetitions, and what software makes of its values.

use std::collections::BTreeSet;

use serde_json::json;

use crate::caa::record::PropertyKind;
use crate::caa::{CaaReading, Policy, RelevantSet, Software, Usage};
use crate::rules::caa::BR_CAA;
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// The most octets of a datagram that today's DNS software asks for.
const DATAGRAM: usize = 1232;
/// More records than a policy has that somebody keeps in mind.
const MANY_RECORDS: usize = 20;

pub(super) static RULES: &[Rule<CaaReading>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA040",
            title: "The CAA set has many records",
            severity: Severity::Info,
            needs: "a relevant CAA set",
            explanation: "Every CA that any record names may issue, and the weakest of them decides. A set of so many \
                records is mostly one that was copied or that grew, and nobody can say who of them is still \
                needed.",
            advice: "Keep one record for each CA in use, and remove the others; `--issued` tells which of them \
                issued the certificates you have.",
            references: &["RFC 8659 section 4.2"],
        },
        raise: |reading| match reading.set() {
            Some(set) if set.records.len() > MANY_RECORDS => {
                let message = format!("The CAA set at {} has {} records.", set.name, set.records.len());
                vec![Raised::new(set.name.as_str(), message, json!({ "records": set.records.len() }))]
            }
            _ => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA041",
            title: "The CAA answer does not fit into one datagram",
            severity: Severity::Low,
            needs: "a relevant CAA set",
            explanation: "An answer of more than 1,232 octets is cut off over UDP, and has to be asked for again over \
                TCP. Where a firewall or a server lets TCP fail, the look-up fails, and a CA must not take that for \
                “no CAA”. DNSSEC signatures make the answer longer still.",
            advice: "Remove records that are not needed, and see that every authoritative server answers over TCP \
                (`dig +tcp @SERVER NAME CAA`).",
            references: &["RFC 7766 section 5", "RFC 9715", "RFC 8659 section 3"],
        },
        raise: |reading| match reading.set().map(|set| (set, set.answer_octets())) {
            Some((set, octets)) if octets > DATAGRAM => {
                let message = format!(
                    "The answer for {} has about {octets} octets without signatures; over UDP at most {DATAGRAM} are asked for.",
                    set.name
                );
                vec![Raised::new(set.name.as_str(), message, json!({ "octets": octets, "limit": DATAGRAM }))]
            }
            _ => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA042",
            title: "Two records say the same of the same CA",
            severity: Severity::Info,
            needs: "a relevant CAA set",
            explanation: "The records differ in letter case or blanks only. One of them has no effect, and whoever \
                changes or removes the other one changes nothing.",
            advice: "Keep one of them, in lower case.",
            references: &["RFC 8659 section 4.2"],
        },
        raise: |reading| reading.set().map(repeated).unwrap_or_default(),
    },
    Rule {
        info: RuleInfo {
            id: "CAA043",
            title: "The CAA records may not be kept at all",
            severity: Severity::Info,
            needs: "a relevant CAA set",
            explanation: "With a time to live of 0 every look-up goes to the authoritative servers. A CA asks from \
                several places at once, and each failure among them can stop an issuance.",
            advice: "Give the records a time to live of some minutes to some hours; CAs may keep a result for 8 \
                hours anyway.",
            references: &["RFC 1035 section 3.2.1", BR_CAA],
        },
        raise: |reading| match reading.set() {
            Some(set) if set.ttl == 0 => {
                let message = format!("The CAA records at {} have a time to live of 0.", set.name);
                vec![Raised::new(set.name.as_str(), message, json!({ "ttl": 0 }))]
            }
            _ => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA044",
            title: "Wildcard names are open to the same CAs, though nothing says so",
            severity: Severity::Info,
            needs: "a relevant CAA set",
            explanation: "Without an `issuewild` property, `issue` governs wildcard names too. A wildcard certificate \
                covers every host below the name, so that it deserves a decision of its own.",
            advice: "Publish `0 issuewild \";\"` if you need no wildcard certificates, else an `issuewild` record for \
                each CA that issues them.",
            references: &["RFC 8659 section 4.3"],
        },
        raise: |reading| match reading.set() {
            // Who asks about a wildcard name wants one; and where nobody may issue, wildcards are closed too.
            Some(set)
                if reading.usage == Usage::Tls
                    && !reading.wildcard
                    && !set.has(PropertyKind::IssueWild)
                    && matches!(set.policy(Usage::Tls, true), Policy::Only(_)) =>
            {
                let message = format!("The CAA set at {} has no issuewild property.", set.name);
                vec![Raised::new(set.name.as_str(), message, json!({}))]
            }
            _ => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA045",
            title: "Let's Encrypt's software does not recognise a value as the standard has it",
            severity: Severity::Low,
            needs: "a relevant CAA set",
            explanation: "Boulder, the software of Let's Encrypt, compares the issuer letter by letter, and takes a \
                hyphen in a parameter's name for malformed. Domain names have no letter case, and the grammar \
                allows the hyphen, so that other CAs may well issue by such a record.",
            advice: "Write issuers in lower case, and parameter names of letters and digits only.",
            references: &["RFC 8659 section 4.2", "Boulder va/caa.go"],
        },
        raise: |reading| reading.set().map(unlike_boulder).unwrap_or_default(),
    },
];

/// The kinds that CAs of TLS certificates look at.
const ISSUING: [PropertyKind; 2] = [PropertyKind::Issue, PropertyKind::IssueWild];

fn repeated(set: &RelevantSet) -> Vec<Raised> {
    use PropertyKind::{Issue, IssueMail, IssueVmc, IssueWild};
    let mut raised = Vec::new();
    for kind in [Issue, IssueWild, IssueMail, IssueVmc] {
        if set.of_kind(kind).nth(1).is_none() {
            continue;
        }
        let (mut said, mut written) = (BTreeSet::new(), BTreeSet::new());
        for property in set.of_kind(kind) {
            let Ok(value) = property.issue_value() else { continue };
            let Some(issuer) = value.issuer.clone() else { continue };
            let parameters: Vec<(String, String)> =
                value.parameters.iter().cloned().map(|parameter| (parameter.tag, parameter.value)).collect();
            // The very same record twice has a rule of its own.
            let is_new = written.insert((property.flags, property.tag.as_str(), &property.value));
            if !said.insert((issuer.to_ascii_lowercase(), parameters)) && is_new {
                let message = format!("{property} at {} says what another record says already.", set.name);
                raised.push(Raised::new(
                    set.name.as_str(),
                    message,
                    json!({ "record": property.to_string() }),
                ));
            }
        }
    }
    raised
}

fn unlike_boulder(set: &RelevantSet) -> Vec<Raised> {
    let mut raised = Vec::new();
    for property in ISSUING.into_iter().flat_map(|kind| set.of_kind(kind)) {
        let Ok(value) = property.issue_value() else { continue };
        // Of a CA that no table knows it is open what it runs; others than Let's Encrypt are not known to run it.
        if !value.issuer.as_deref().is_some_and(|issuer| Software::Boulder.may_be_run_by(issuer)) {
            continue;
        }
        let has_capitals = |issuer: &String| issuer.bytes().any(|octet| octet.is_ascii_uppercase());
        let why = if value.issuer.as_ref().is_some_and(has_capitals) {
            "capitals in the issuer"
        } else if value.parameters.iter().any(|parameter| parameter.tag.contains('-')) {
            "a hyphen in a parameter's name"
        } else {
            continue;
        };
        let message = format!("{property} at {} has {why}.", set.name);
        raised.push(Raised::new(set.name.as_str(), message, json!({ "record": property.to_string() })));
    }
    raised
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, none, set};
    use super::*;
    use crate::caa::Relevant;

    #[test]
    fn each_rule() {
        let good = set(&[(0, "issue", "ca1.example"), (0, "issuewild", ";")]);
        let note = "x".repeat(50);
        let many: Vec<(u8, &str, &str)> = vec![(0, "note", &note); 25];
        assert_rule(RULES, "CAA040", &set(&many), &good);
        assert_rule(RULES, "CAA041", &set(&many), &good);
        assert_rule(RULES, "CAA041", &set(&many), &none("NOERROR"));

        let twice = set(&[(0, "issue", "ca1.example"), (0, "ISSUE", " CA1.example")]);
        assert_rule(RULES, "CAA042", &twice, &good);
        let same = set(&[(0, "issue", "ca1.example"), (0, "issue", "ca1.example")]);
        assert_rule(RULES, "CAA042", &twice, &same);
        let other = set(&[(0, "issue", "ca1.example; a=b"), (0, "issue", "ca1.example")]);
        assert_rule(RULES, "CAA042", &twice, &other);

        let mut unkept = good.clone();
        if let Relevant::Set(set) = &mut unkept.relevant {
            set.ttl = 0;
        }
        assert_rule(RULES, "CAA043", &unkept, &good);

        let silent = set(&[(0, "issue", "ca1.example")]);
        assert_rule(RULES, "CAA044", &silent, &good);
        assert_rule(RULES, "CAA044", &silent, &set(&[(0, "issue", ";")]));
        assert_rule(RULES, "CAA044", &silent, &set(&[(0, "iodef", "mailto:a@t.example")]));
        assert_rule(RULES, "CAA044", &silent, &CaaReading { wildcard: true, ..silent.clone() });

        assert_rule(RULES, "CAA045", &set(&[(0, "issue", "Ca1.example")]), &good);
        let le = set(&[(0, "issue", "LetsEncrypt.org")]);
        assert_rule(
            RULES,
            "CAA045",
            &le,
            &set(&[(0, "issue", "DigiCert.com"), (0, "issue", "pki.goog; a-b=c")]),
        );
        assert_rule(RULES, "CAA045", &set(&[(0, "issuewild", "ca1.example; a-b=c")]), &good);
        assert_rule(RULES, "CAA045", &set(&[(0, "issue", "Ca1.example")]), &set(&[(0, "issue", ";a-b=c")]));
    }
}
