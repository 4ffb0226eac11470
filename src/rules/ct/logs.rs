//! Rules about the logs behind a certificate's SCTs, and the lists that they are judged by.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::scts::log_name;
use super::{APPLE_POLICY, CHROME_POLICY, MOZILLA_POLICY};
use crate::ct::log_list::{LogState, Program};
use crate::ct::log_table::Dating;
use crate::ct::policy::{
    Counted, MAX_LIST_AGE_DAYS, PolicyOutcome, SctStanding, enumerated, newer_list, title,
};
use crate::ct::verdict::{Audience, CtVerdict, SctVerdict};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

const LOG_STATES: &str =
    "Chrome CT log states, https://googlechrome.github.io/CertificateTransparency/log_states.html";

/// From this age on a list is told to be growing old: two weeks are left to get a newer one.
const OLD_LIST_DAYS: i64 = MAX_LIST_AGE_DAYS - 14;

/// The rules.
pub(super) static RULES: &[Rule<CtVerdict>] = &[
    Rule {
        info: RuleInfo {
            id: "CT015",
            title: "All SCTs come from one log operator",
            severity: Severity::Medium,
            needs: "the certificate's SCTs, verified",
            explanation: "Every SCT that verifies is of a log of the same operator. That operator alone could keep the certificate from \
                          being published. Chrome, Firefox and Android ask for two operators, and Apple lets only a limited number of one \
                          operator's SCTs count.",
            advice: "Have the CA issue the certificate again with SCTs from logs of at least two operators.",
            references: &[CHROME_POLICY, APPLE_POLICY, MOZILLA_POLICY],
        },
        raise: one_operator,
    },
    Rule {
        info: RuleInfo {
            id: "CT016",
            title: "A log behind an SCT has retired",
            severity: Severity::Info,
            needs: "the certificate's SCTs and the history of the log's states",
            explanation: "A programme has retired the log. Embedded SCTs that it made before go on counting, as long as another embedded \
                          SCT is of a current log; SCTs made later, or delivered beside the certificate, do not count. Whether the \
                          certificate was published there may be hard to prove once the log is shut down.",
            advice: "Nothing has to be done while the policies are met. A new certificate brings SCTs of current logs.",
            references: &[LOG_STATES, CHROME_POLICY],
        },
        raise: retired_logs,
    },
    Rule {
        info: RuleInfo {
            id: "CT017",
            title: "A policy is met without margin, or by a log that is on its way out",
            severity: Severity::Low,
            needs: "the certificate's SCTs and a timely log list",
            explanation: "The policy is met now, but either the retirement of one single log would change that, or a log that counts is \
                          read-only or has its retirement announced, which is how logs end. Programmes retire logs at short notice, for \
                          failures too. Clients would then refuse the certificate with no change on the server's side.",
            advice: "Renew early if the log goes. Ask the CA for SCTs of more logs than the policies need.",
            references: &[LOG_STATES, CHROME_POLICY, APPLE_POLICY],
        },
        raise: no_margin,
    },
    Rule {
        info: RuleInfo {
            id: "CT018",
            title: "A log list is old",
            severity: Severity::Info,
            needs: "a log list with a date",
            explanation: "Chrome, Firefox and Android use a log list for 70 days; Apple states no limit, and the same is used here as a \
                          caution. From then on the list judges nothing, for logs may have been accepted or retired since. The rule \
                          speaks from two weeks before.",
            advice: "Run `pinstead logs update`, or give a current log list with --log-list. Of Mozilla there is no list to fetch: use a \
                     newer version of pinstead, or give a copy.",
            references: &[CHROME_POLICY, "chromium chrome_ct_policy_enforcer.cc (IsLogDataTimely)"],
        },
        raise: old_lists,
    },
];

/// The SCTs that verify, each with what the programmes make of it.
fn verified(ct: &CtVerdict) -> impl Iterator<Item = (&SctVerdict, Vec<(Program, &SctStanding)>)> {
    let standings = |index: usize| {
        let of = |(program, verdict): (Program, _)| {
            let verdict: &crate::ct::policy::PolicyVerdict = verdict;
            verdict.scts.get(index).map(|standing| (program, standing))
        };
        ct.policies.iter().filter_map(of).collect()
    };
    let scts = ct.scts.iter().enumerate().filter(|(_, sct)| sct.outcome.signature_stands());
    scts.map(move |(index, sct)| (sct, standings(index)))
}

fn one_operator(ct: &CtVerdict) -> Vec<Raised> {
    if ct.audience == Audience::Private || ct.policies.exempt.is_some() {
        return Vec::new();
    }
    let operators: BTreeSet<&str> =
        verified(ct).filter_map(|(sct, _)| sct.log.as_ref()).map(|log| log.operator.as_str()).collect();
    // What could not be checked may be of another.
    let open = ct.scts.iter().any(|sct| sct.outcome.is_open());
    match operators.first() {
        Some(operator) if operators.len() == 1 && !open => vec![Raised::new(
            "certificate",
            format!("Every SCT that verifies is of a log of {operator}."),
            json!({"operator": operator}),
        )],
        _ => Vec::new(),
    }
}

fn retired_logs(ct: &CtVerdict) -> Vec<Raised> {
    let mut logs: BTreeMap<String, Raised> = BTreeMap::new();
    for (sct, standings) in verified(ct) {
        let retired: Vec<&(Program, &SctStanding)> =
            standings.iter().filter(|(_, standing)| standing.state_now == LogState::Retired).collect();
        let since = retired.iter().filter_map(|(_, standing)| standing.state_since).min();
        if retired.is_empty() {
            continue;
        }
        let whose: Vec<&str> = retired.iter().map(|(program, _)| title(*program)).collect();
        let when = since.map(|since| format!(" on {}", since.strftime("%Y-%m-%d"))).unwrap_or_default();
        let late = since.is_some_and(|since| sct.timestamp.is_some_and(|made| made >= since));
        let then = if late { " The SCT was made after that." } else { " The SCT was made before." };
        let name = log_name(sct);
        let message = format!("{name} retired{when}, as {} {}.{then}", enumerated(&whose), says(&whose));
        let facts = json!({"programmes": whose, "since": since.map(|since| since.to_string())});
        let raised = Raised::new(name.clone(), message, facts);
        logs.entry(name).or_insert(if late { raised.at(Severity::Low) } else { raised });
    }
    logs.into_values().collect()
}

fn no_margin(ct: &CtVerdict) -> Vec<Raised> {
    let mut told: Vec<String> = Vec::new();
    let mut severity = Severity::Info;
    for (program, verdict) in ct.policies.with(PolicyOutcome::Compliant) {
        if !verdict.without_margin.is_empty() {
            severity = Severity::Low;
            told.push(format!(
                "{} accepts, but would not if {} retired.",
                title(program),
                verdict.without_margin.join(" or ")
            ));
        }
    }
    let mut leaving: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (sct, standings) in verified(ct) {
        for (program, standing) in standings {
            if standing.counted != Counted::Yes {
                continue;
            }
            let state = match standing.retires {
                Some(when) => format!("is to retire on {}", when.strftime("%Y-%m-%d")),
                None if standing.state_now == LogState::Readonly => "is read-only".to_owned(),
                None => continue,
            };
            leaving.entry(format!("{} {state}", log_name(sct))).or_default().insert(title(program));
        }
    }
    for (what, whose) in leaving {
        let whose: Vec<&str> = whose.into_iter().collect();
        told.push(format!("{what}, as {} {}.", enumerated(&whose), says(&whose)));
    }
    if told.is_empty() {
        return Vec::new();
    }
    let margins: BTreeMap<&str, &[String]> =
        ct.policies.iter().map(|(program, verdict)| (program.name(), &*verdict.without_margin)).collect();
    vec![Raised::new("certificate", told.join(" "), json!({"without_margin": margins})).at(severity)]
}

fn old_lists(ct: &CtVerdict) -> Vec<Raised> {
    if ct.audience == Audience::Private {
        return Vec::new();
    }
    let mut told = Vec::new();
    let mut ages: BTreeMap<&str, i64> = BTreeMap::new();
    let mut advice: Vec<&str> = Vec::new();
    for (program, verdict) in ct.policies.iter() {
        // What is judged as of its own life takes the list of then.
        let list = verdict.list.as_ref().filter(|_| verdict.note.is_none());
        let Some(list) = list.filter(|list| list.age_days >= OLD_LIST_DAYS) else { continue };
        ages.insert(program.name(), list.age_days);
        advice.extend(newer_list(program, list).filter(|line| !advice.contains(line)));
        let (whose, days) = (title(program), list.age_days);
        let age = match list.dating {
            Dating::NewestChange => format!("{whose}'s states no date, its newest change is {days} days old"),
            Dating::Known => format!("{whose}'s is {days} days old"),
        };
        told.push(match MAX_LIST_AGE_DAYS - days {
            left if left > 0 => format!("{age} and judges for {left} more."),
            _ => format!("{age} and judges nothing."),
        });
    }
    if told.is_empty() {
        return Vec::new();
    }
    if advice.is_empty() {
        advice.push("Nothing to do: the lists known are newer, but not of that time.");
    }
    let raised = Raised::new("log list", format!("Log lists: {}", told.join(" ")), json!({"age_days": ages}));
    vec![raised.advising(advice.join(" "))]
}

fn says(names: &[&str]) -> &'static str {
    if names.len() == 1 { "says" } else { "say" }
}
