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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caa::record::CaaRecord;
    use crate::caa::{NotApplicable, Step, StepOutcome};

    fn record(tag: &str, value: &str) -> CaaRecord {
        let length = u8::try_from(tag.len()).unwrap();
        CaaRecord::read(&[&[0, length], tag.as_bytes(), value.as_bytes()].concat())
    }

    /// The reading of a name whose set has these properties, and whose answer has this state.
    fn reading(properties: &[(&str, &str)], wildcard: bool, dnssec: caa::Dnssec) -> CaaReading {
        let set = RelevantSet {
            name: "shop.example".parse().unwrap(),
            records: properties.iter().map(|(tag, value)| record(tag, value)).collect(),
            ttl: 300,
            aliases: Vec::new(),
        };
        let step = Step {
            name: "shop.example".parse().unwrap(),
            outcome: StepOutcome::Records,
            detail: "NOERROR".to_owned(),
            aliases: Vec::new(),
            dnssec,
            dnssec_detail: None,
            unfinished: None,
            own_zone: None,
            authentic_data: false,
        };
        CaaReading {
            relevant: Relevant::Set(set),
            steps: vec![step],
            ..CaaReading::not_applicable("shop.example", wildcard, NotApplicable::IpAddress)
        }
    }

    fn of(readings: Vec<CaaReading>) -> (Share, Share, Dnssec) {
        match binding(&Part::Checked(readings)) {
            Fact::Measured(CaaBinding { accounts, methods, dnssec }) => (accounts, methods, dnssec),
            other => panic!("{other:?}"),
        }
    }

    const BOUND: (&str, &str) = ("issue", "ca1.example; accounturi=https://ca1.example/acct/1");
    const METHOD: (&str, &str) = ("issue", "ca1.example; validationmethods=dns-01");
    const FREE: (&str, &str) = ("issue", "ca2.example");

    #[test]
    fn one_property_that_binds_nothing_is_enough_to_be_free() {
        let secure = |properties: &[(&str, &str)]| of(vec![reading(properties, false, caa::Dnssec::Secure)]);
        assert_eq!(secure(&[BOUND]), (Share::All, Share::None, Dnssec::Secure));
        assert_eq!(secure(&[BOUND, FREE]), (Share::Some, Share::None, Dnssec::Secure));
        assert_eq!(secure(&[BOUND, METHOD]), (Share::Some, Share::Some, Dnssec::Secure));
        // “No CA” permits nobody, and so leaves nobody free.
        assert_eq!(secure(&[BOUND, ("issue", ";")]), (Share::All, Share::None, Dnssec::Secure));
        assert_eq!(secure(&[FREE]).0, Share::None);
        // A wildcard goes by issuewild, where there is one.
        let wild = of(vec![reading(&[BOUND, ("issuewild", "ca2.example")], true, caa::Dnssec::Secure)]);
        assert_eq!(wild.0, Share::None);
    }

    #[test]
    fn the_weakest_answer_tells_what_dnssec_secures() {
        use caa::Dnssec as S;
        let of = |states: &[caa::Dnssec]| {
            of(states.iter().map(|state| reading(&[BOUND], false, *state)).collect()).2
        };
        assert_eq!(of(&[S::Secure, S::Secure]), Dnssec::Secure);
        assert_eq!(of(&[S::Secure, S::Unchecked]), Dnssec::Unknown);
        assert_eq!(of(&[S::Indeterminate, S::Insecure]), Dnssec::Insecure);
        assert_eq!(of(&[S::Bogus, S::Secure]), Dnssec::Bogus);
    }

    #[test]
    fn a_name_without_records_is_bound_to_nothing() {
        let none = CaaReading {
            relevant: Relevant::NoneAnywhere,
            ..CaaReading::not_applicable("b.example", false, NotApplicable::IpAddress)
        };
        assert_eq!(of(vec![reading(&[BOUND], false, caa::Dnssec::Secure), none]).0, Share::Some);
        assert_eq!(binding(&Part::Checked(Vec::new())), Fact::NotGiven);
        assert_eq!(binding(&Part::Undetermined("x".to_owned())), Fact::Undetermined);
    }
}
