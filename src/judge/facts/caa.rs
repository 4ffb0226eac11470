//! CAA of all names together: the weakest of them, for one open name is enough.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::caa_covering::Covering;
use crate::ca::same_owner;
use crate::caa::{self, CaaReading, Policy, Relevant, RelevantSet, Verdict};
use crate::compare::{CaaBinding, CaaPolicy, CurrentIssuer, Dnssec, Fact, Share};
use crate::judge::inputs::Inputs;
use crate::judge::target::Part;

/// What CAA says of who may issue for the names, or for one that covers one of them.
pub(super) fn policy(readings: &Part<Vec<CaaReading>>, covering: &[Covering<'_>]) -> Fact<CaaPolicy> {
    match readings {
        Part::NotChecked(_) => Fact::NotGiven,
        Part::Undetermined(_) => Fact::Undetermined,
        Part::Checked(readings) => match weakest(readings) {
            Fact::Measured(CaaPolicy::Restrictive { permitted, current_issuer }) => {
                widened(permitted.into_iter().collect(), current_issuer, covering)
            }
            other => other,
        },
    }
}

/// Whoever is permitted for the names or for one that covers them. The CA in use is not asked for those when it renews.
fn widened(
    mut permitted: BTreeSet<String>,
    current_issuer: CurrentIssuer,
    covering: &[Covering<'_>],
) -> Fact<CaaPolicy> {
    let mut is_known = true;
    for one in covering {
        match one.reading.policy() {
            // Whatever else is not known: it gets no weaker.
            Policy::Anyone if !is_not_applicable(&one.reading) => {
                return Fact::Measured(CaaPolicy::Unrestricted);
            }
            Policy::Anyone | Policy::Nobody => {}
            Policy::Only(more) => permitted.extend(more),
            Policy::Undetermined(_) => is_known = false,
        }
    }
    if !is_known {
        return Fact::Undetermined;
    }
    Fact::Measured(CaaPolicy::Restrictive { permitted: permitted.into_iter().collect(), current_issuer })
}

/// Whether CAA does not apply to the name at all.
pub(super) fn is_not_applicable(reading: &CaaReading) -> bool {
    matches!(reading.relevant, Relevant::NotApplicable(_))
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
pub(super) fn binding(
    readings: &Part<Vec<CaaReading>>,
    covering: &[Covering<'_>],
    at: Timestamp,
) -> Fact<CaaBinding> {
    let readings = match readings {
        Part::NotChecked(_) => return Fact::NotGiven,
        Part::Undetermined(_) => return Fact::Undetermined,
        Part::Checked(readings) => readings,
    };
    let mut accounts = Vec::new();
    let mut methods = Vec::new();
    let mut is_any = false;
    let mut dnssec = Dnssec::Secure;
    for reading in readings.iter().chain(covering.iter().map(|one| &one.reading)) {
        let set = match &reading.relevant {
            Relevant::NotApplicable(_) => continue,
            Relevant::Undetermined { .. } => return Fact::Undetermined,
            Relevant::NoneAnywhere => {
                is_any = true;
                // A name without records is bound to nothing.
                accounts.push(false);
                methods.push(false);
                continue;
            }
            Relevant::Set(set) => set,
        };
        is_any = true;
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
    if !is_any {
        return Fact::NotGiven;
    }
    let must_process = at.as_second() >= ALL_PROCESS;
    Fact::Measured(CaaBinding { accounts: share(&accounts), methods: share(&methods), dnssec, must_process })
}

/// The same, where private CAs are permitted: the Baseline Requirements bind public ones alone.
pub(super) fn by_rules(
    binding: Fact<CaaBinding>,
    policy: &Fact<CaaPolicy>,
    inputs: &Inputs,
) -> Fact<CaaBinding> {
    let (Fact::Measured(bound), Fact::Measured(CaaPolicy::Restrictive { permitted, .. })) =
        (&binding, policy)
    else {
        return binding;
    };
    let is_private = |id: &String| {
        let mut private = inputs.policy.private_ca.iter().flat_map(|ca| &ca.caa_identifiers);
        private.any(|own| own.eq_ignore_ascii_case(id))
    };
    let must_process = bound.must_process && !permitted.iter().any(is_private);
    Fact::Measured(CaaBinding { must_process, ..*bound })
}

/// 2027-03-15, from when on every CA has to process RFC 8657 (ballot SC-098v2), in seconds of Unix time.
const ALL_PROCESS: i64 = 1_805_068_800;

/// The CAs that CAA permits and that are none of those expected: by identifier, or by the owner that recognises it.
pub(super) fn beside(policy: &Fact<CaaPolicy>, expected: &[String], inputs: &Inputs) -> Fact<Vec<String>> {
    let Fact::Measured(CaaPolicy::Restrictive { permitted, .. }) = policy else { return Fact::NotGiven };
    if expected.is_empty() {
        return Fact::NotGiven;
    }
    let private = |id: &str| {
        let own = inputs
            .policy
            .private_ca
            .iter()
            .filter(|ca| ca.caa_identifiers.iter().any(|identifier| identifier.eq_ignore_ascii_case(id)));
        own.map(|ca| ca.owner.clone()).collect::<Vec<_>>()
    };
    let owners_of = |name: &str| -> Vec<String> {
        let public = inputs.cas.owner_of_identifier(name).map(ToOwned::to_owned);
        public.chain(private(name)).collect()
    };
    let is_expected = |id: &&String| {
        let owners = owners_of(id);
        expected.iter().any(|name| {
            name.eq_ignore_ascii_case(id)
                || owners.iter().any(|owner| {
                    same_owner(owner, name) || owners_of(name).iter().any(|other| same_owner(owner, other))
                })
        })
    };
    Fact::Measured(permitted.iter().filter(|id| !is_expected(id)).cloned().collect())
}

/// Of each property that permits a CA for the name: whether it binds the account, and whether the method.
fn bound(set: &RelevantSet, reading: &CaaReading) -> Vec<(bool, bool)> {
    let has = |value: &caa::IssueValue, tag: &str| value.values_of(tag).next().is_some();
    permitting(set, reading)
        .map(|value| (has(value, "accounturi"), has(value, "validationmethods")))
        .collect()
}

/// The values that permit a CA for the name.
fn permitting<'a>(set: &'a RelevantSet, reading: &CaaReading) -> impl Iterator<Item = &'a caa::IssueValue> {
    let governing = reading.usage.governing(set, reading.wildcard);
    set.of_kind(governing)
        .filter_map(|property| property.issue_value().ok())
        .filter(|value| value.issuer.is_some())
}

/// The CAs that the records of a name permit whatever the account.
pub(super) fn without_account(reading: &CaaReading) -> Vec<String> {
    let values = reading.set().into_iter().flat_map(|set| permitting(set, reading));
    let free = values.filter(|value| value.values_of("accounturi").next().is_none());
    free.filter_map(|value| value.issuer.clone()).collect()
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
        match binding(&Part::Checked(readings), &[], Timestamp::UNIX_EPOCH) {
            Fact::Measured(CaaBinding { accounts, methods, dnssec, .. }) => (accounts, methods, dnssec),
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
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(binding(&Part::Checked(Vec::new()), &[], Timestamp::UNIX_EPOCH), Fact::NotGiven);
        assert_eq!(
            binding(&Part::Undetermined("x".to_owned()), &[], Timestamp::UNIX_EPOCH),
            Fact::Undetermined
        );
        for (date, expected) in [("2027-03-14T23:59:59Z", false), ("2027-03-15T00:00:00Z", true)] {
            let readings = Part::Checked(vec![reading(&[BOUND], false, caa::Dnssec::Secure)]);
            let Fact::Measured(binding) = binding(&readings, &[], at(date)) else { panic!("not measured") };
            assert_eq!(binding.must_process, expected, "{date}");
        }
    }

    #[test]
    fn no_rule_binds_a_private_ca() {
        let key = crate::x509::SpkiSha256::of(b"key");
        let policy = format!(
            "[[private_ca]]\nowner = \"Own\"\nspki_sha256 = \"{key}\"\ncaa_identifiers = [\"ca.own.example\"]\n"
        );
        let content = crate::evidence::file::FileContent::Read(crate::evidence::Bytes(policy.into_bytes()));
        let file = crate::evidence::file::InputFile { path: "p.toml".to_owned(), content, folder: None };
        let files = crate::evidence::Inputs { policy: Some(file), ..crate::evidence::Inputs::default() };
        let inputs = Inputs::read(&crate::evidence::Request::default(), &files).unwrap();
        let of = |permitted: &[&str]| {
            let readings = Part::Checked(vec![reading(&[BOUND], false, caa::Dnssec::Secure)]);
            let binding = binding(&readings, &[], "2027-03-15T00:00:00Z".parse().unwrap());
            let policy = Fact::Measured(CaaPolicy::Restrictive {
                permitted: permitted.iter().map(|id| (*id).to_owned()).collect(),
                current_issuer: CurrentIssuer::Permitted,
            });
            by_rules(binding, &policy, &inputs).measured().unwrap().must_process
        };
        assert!(of(&["letsencrypt.org"]));
        assert!(!of(&["letsencrypt.org", "CA.own.example"]));
    }

    #[test]
    fn who_is_permitted_beside_the_expected_is_told() {
        let inputs =
            Inputs::read(&crate::evidence::Request::default(), &crate::evidence::Inputs::default()).unwrap();
        let policy = Fact::Measured(CaaPolicy::Restrictive {
            permitted: vec!["letsencrypt.org".to_owned(), "pki.goog".to_owned()],
            current_issuer: CurrentIssuer::Permitted,
        });
        let of = |expected: &[&str]| {
            let expected: Vec<String> = expected.iter().map(|name| (*name).to_owned()).collect();
            beside(&policy, &expected, &inputs)
        };
        let beside = |names: &[&str]| Fact::Measured(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(of(&["letsencrypt.org"]), beside(&["pki.goog"]));
        assert_eq!(of(&["LetsEncrypt.org", "Google Trust Services"]), beside(&[]));
        assert_eq!(of(&[]), Fact::NotGiven);
    }
}
