//! The JSON of `summary.fleet`: what many targets have in common.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::ct::log_list::Program;
use crate::report::fleet::{
    CaCount, CaaStanding, Expiry, Fleet, Group, Issuing, PinKind, Refusal, RuleCount,
};
use crate::rules::Severity;

/// The same as a value, for forms of report that carry JSON.
pub fn fleet_value(fleet: &Fleet) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(JsonFleet::of(fleet))
}

/// Each group has how many `targets` there are, and the first of them as `examples`.
#[derive(Serialize)]
pub(super) struct JsonFleet<'a> {
    caa: Caa<'a>,
    cas: Vec<Ca<'a>>,
    /// The targets without a certificate: which CA issues for them is not known.
    no_certificate: &'a Group,
    /// The targets of each advice on pins; only where they were compared.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    advice: &'a BTreeMap<String, Group>,
    /// How many targets have an issuer of each status.
    issuer: &'a BTreeMap<String, usize>,
    ct: BTreeMap<&'static str, BTreeMap<Refusal, Group>>,
    pins: Pins<'a>,
    expiry: Ends<'a>,
    undetermined: Vec<Cause<'a>>,
    findings: Vec<RuleTally<'a>>,
}

#[derive(Serialize)]
struct Caa<'a> {
    #[serde(flatten)]
    standing: BTreeMap<CaaStanding, Group>,
    /// The targets whose CAA does not permit the CA that they have.
    denies_issuer: &'a Group,
}

#[derive(Serialize)]
struct Ca<'a> {
    /// The owner; null where no table knows the CA.
    owner: Option<&'a str>,
    /// Whether the issuing key proves that.
    proven: bool,
    #[serde(flatten)]
    targets: &'a Group,
    /// The targets where it was expected.
    expected: usize,
    /// The targets where it was not.
    unexpected: usize,
}

#[derive(Serialize)]
struct Pins<'a> {
    /// By the status of the targets.
    status: &'a BTreeMap<String, Group>,
    /// By what is pinned, and how that goes.
    kinds: BTreeMap<PinKind, Group>,
}

#[derive(Serialize)]
struct Ends<'a> {
    #[serde(flatten)]
    groups: BTreeMap<Expiry, Group>,
    soonest: Vec<End<'a>>,
}

#[derive(Serialize)]
struct End<'a> {
    target: &'a str,
    not_after: Timestamp,
}

#[derive(Serialize)]
struct Cause<'a> {
    cause: &'a str,
    #[serde(flatten)]
    targets: &'a Group,
}

#[derive(Serialize)]
struct RuleTally<'a> {
    rule: &'a str,
    severity: Severity,
    title: &'a str,
    findings: usize,
    /// How many of them a baseline accepts.
    accepted: usize,
    #[serde(flatten)]
    targets: &'a Group,
}

impl<'a> JsonFleet<'a> {
    pub(super) fn of(fleet: &'a Fleet) -> Self {
        Self {
            caa: Caa {
                standing: each(CaaStanding::ALL, |standing| fleet.caa(standing)),
                denies_issuer: fleet.caa_denies(),
            },
            cas: fleet.cas().into_iter().map(ca).collect(),
            no_certificate: fleet.no_certificate(),
            advice: fleet.advice(),
            issuer: fleet.issuer(),
            ct: Program::ALL
                .into_iter()
                .map(|program| {
                    let refusals = [Refusal::Compliant, Refusal::NotCompliant, Refusal::NotJudged];
                    (program.name(), each(refusals, |refusal| fleet.ct(program, refusal)))
                })
                .collect(),
            pins: Pins { status: fleet.pins(), kinds: each(PinKind::ALL, |kind| fleet.pin_kind(kind)) },
            expiry: Ends {
                groups: each(Expiry::ALL, |expiry| fleet.expiry(expiry)),
                soonest: fleet
                    .soonest()
                    .iter()
                    .map(|(not_after, target)| End { target, not_after: *not_after })
                    .collect(),
            },
            undetermined: fleet.open().into_iter().map(|(cause, targets)| Cause { cause, targets }).collect(),
            findings: fleet.rules().into_iter().map(rule).collect(),
        }
    }
}

/// Each group, also where nobody is in it: what is missing is never taken for none.
fn each<'g, K: Ord + Copy, const N: usize>(
    keys: [K; N],
    of: impl Fn(K) -> Option<&'g Group>,
) -> BTreeMap<K, Group> {
    keys.into_iter().map(|key| (key, of(key).cloned().unwrap_or_default())).collect()
}

fn ca<'a>((issuing, count): (&'a Issuing, &'a CaCount)) -> Ca<'a> {
    Ca {
        owner: issuing.owner.as_deref(),
        proven: issuing.proven,
        targets: &count.targets,
        expected: count.expected,
        unexpected: count.unexpected,
    }
}

fn rule<'a>((rule, count): (&'a str, &'a RuleCount)) -> RuleTally<'a> {
    RuleTally {
        rule,
        severity: count.severity,
        title: &count.title,
        findings: count.findings,
        accepted: count.accepted,
        targets: &count.targets,
    }
}
