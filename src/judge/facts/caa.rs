//! CAA of all names together: the weakest of them, for one open name is enough.

use std::collections::BTreeSet;

use crate::caa::{self, CaaReading, Policy, Relevant, RelevantSet, Verdict};
use crate::compare::{CaaBinding, CaaPolicy, CurrentIssuer, Dnssec, Fact, Share};
use crate::judge::target::Part;

/// What CAA says of who may issue.
pub(super) fn policy(readings: &Part<Vec<CaaReading>>) -> Fact<CaaPolicy> {
    match readings {
        Part::NotChecked(_) => Fact::NotGiven,
        Part::Undetermined(_) => Fact::Undetermined,
        Part::Checked(readings) => weakest(readings),
    }
}

fn weakest(readings: &[CaaReading]) -> Fact<CaaPolicy> {
    let mut policies = Vec::new();
    for reading in readings {
        match of_reading(reading) {
            Fact::Undetermined => return Fact::Undetermined,
            Fact::Measured(policy) => policies.push(policy),
            Fact::NotGiven => {}
        }
    }
    let weakness = |policy: &CaaPolicy| match policy {
        CaaPolicy::NoRecords => 0,
        CaaPolicy::Unrestricted => 1,
        CaaPolicy::Restrictive { .. } => 2,
    };
    let Some(weakest) = policies.iter().min_by_key(|policy| weakness(policy)) else { return Fact::NotGiven };
    Fact::Measured(match weakest {
        CaaPolicy::Restrictive { .. } => merged(&policies),
        other => other.clone(),
    })
}

/// What CAA says for one name; not given where CAA does not apply to it.
fn of_reading(reading: &CaaReading) -> Fact<CaaPolicy> {
    match (&reading.relevant, reading.policy()) {
        (Relevant::NotApplicable(_), _) => Fact::NotGiven,
        (Relevant::Undetermined { .. }, _) | (_, Policy::Undetermined(_)) => Fact::Undetermined,
        (Relevant::NoneAnywhere, _) => Fact::Measured(CaaPolicy::NoRecords),
        (Relevant::Set(_), Policy::Anyone) => Fact::Measured(CaaPolicy::Unrestricted),
        (Relevant::Set(_), Policy::Nobody) => Fact::Measured(restrictive(reading, Vec::new())),
        (Relevant::Set(_), Policy::Only(permitted)) => Fact::Measured(restrictive(reading, permitted)),
    }
}

fn restrictive(reading: &CaaReading, permitted: Vec<String>) -> CaaPolicy {
    let current_issuer = match reading.verdicts.first().map(|verdict| verdict.verdict) {
        Some(Verdict::Permit) => CurrentIssuer::Permitted,
        Some(Verdict::Deny) => CurrentIssuer::Denied,
        Some(Verdict::Undetermined) | None => CurrentIssuer::Undetermined,
    };
    CaaPolicy::Restrictive { permitted, current_issuer }
}

/// Several restrictive sets together: whoever any of them permits; the present CA as the worst of them has it.
fn merged(policies: &[CaaPolicy]) -> CaaPolicy {
    let mut all = BTreeSet::new();
    let mut current = CurrentIssuer::Permitted;
    for policy in policies {
        if let CaaPolicy::Restrictive { permitted, current_issuer } = policy {
            all.extend(permitted.iter().cloned());
            current = match (current, current_issuer) {
                (CurrentIssuer::Denied, _) | (_, CurrentIssuer::Denied) => CurrentIssuer::Denied,
                (CurrentIssuer::Undetermined, _) | (_, CurrentIssuer::Undetermined) => {
                    CurrentIssuer::Undetermined
                }
                _ => CurrentIssuer::Permitted,
            };
        }
    }
    CaaPolicy::Restrictive { permitted: all.into_iter().collect(), current_issuer: current }
}

/// What the records of all names bind beside the CA, and what DNSSEC says of the answers that they came with.
pub(super) fn binding(readings: &Part<Vec<CaaReading>>) -> Fact<CaaBinding> {
    let readings = match readings {
        Part::NotChecked(_) => return Fact::NotGiven,
        Part::Undetermined(_) => return Fact::Undetermined,
        Part::Checked(readings) => readings,
    };
    let mut accounts = Vec::new();
    let mut methods = Vec::new();
    let mut dnssec = Dnssec::Secure;
    for reading in readings {
        let set = match &reading.relevant {
            Relevant::NotApplicable(_) => continue,
            Relevant::Undetermined { .. } => return Fact::Undetermined,
            Relevant::NoneAnywhere => {
                // A name without records is bound to nothing.
                accounts.push(false);
                methods.push(false);
                continue;
            }
            Relevant::Set(set) => set,
        };
        for (account, method) in bound(set, reading) {
            accounts.push(account);
            methods.push(method);
        }
        let states = reading.steps.iter().map(|step| match step.dnssec {
            caa::Dnssec::Secure => Dnssec::Secure,
            caa::Dnssec::Insecure => Dnssec::Insecure,
            caa::Dnssec::Bogus => Dnssec::Bogus,
            caa::Dnssec::Indeterminate | caa::Dnssec::Unchecked => Dnssec::Unknown,
        });
        dnssec = states.fold(dnssec, Dnssec::max);
    }
    if accounts.is_empty() {
        return Fact::NotGiven;
    }
    Fact::Measured(CaaBinding { accounts: share(&accounts), methods: share(&methods), dnssec })
}

/// Of each property that permits a CA for the name: whether it binds the account, and whether the method.
fn bound(set: &RelevantSet, reading: &CaaReading) -> Vec<(bool, bool)> {
    let governing = reading.usage.governing(set, reading.wildcard);
    let permitting = set
        .of_kind(governing)
        .filter_map(|property| property.issue_value().ok())
        .filter(|value| value.issuer.is_some());
    let has = |value: &caa::IssueValue, tag: &str| value.values_of(tag).next().is_some();
    permitting.map(|value| (has(value, "accounturi"), has(value, "validationmethods"))).collect()
}

fn share(of: &[bool]) -> Share {
    match (of.contains(&true), of.contains(&false)) {
        (false, _) => Share::None,
        (true, true) => Share::Some,
        (true, false) => Share::All,
    }
}
