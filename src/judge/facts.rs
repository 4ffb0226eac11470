//! The measured facts that the comparison is made from.

use std::collections::BTreeSet;

use super::inputs::Inputs;
use super::target::{Part, TargetVerdicts};
use crate::ca::expectation;
use crate::caa::{CaaReading, Policy, Relevant, Verdict};
use crate::compare::{CaaPolicy, CtPolicy, CurrentIssuer, Expectation, Fact, MeasuredFacts, PublicTrust};
use crate::ct::policy::{Policies, PolicyOutcome};
use crate::evidence::TargetEvidence;
use crate::x509::path::{Life, NameMatch, Trust};

/// What was measured of a target.
pub(super) fn measured(verdicts: &TargetVerdicts, _: &TargetEvidence, _: &Inputs) -> MeasuredFacts {
    MeasuredFacts {
        public_trust: public_trust(verdicts),
        ct_policy: match &verdicts.ct {
            Part::NotChecked(_) => Fact::NotGiven,
            Part::Undetermined(_) => Fact::Undetermined,
            Part::Checked(ct) => match ct.policies.chrome.outcome {
                // Android's policy is its apps' own to ask for.
                PolicyOutcome::Compliant if others_refuse(&ct.policies) => {
                    Fact::Measured(CtPolicy::MetInPart)
                }
                PolicyOutcome::Compliant => Fact::Measured(CtPolicy::Met),
                PolicyOutcome::NotCompliant => Fact::Measured(CtPolicy::NotMet),
                PolicyOutcome::NotJudged => Fact::Undetermined,
            },
        },
        caa: match &verdicts.caa {
            Part::NotChecked(_) => Fact::NotGiven,
            Part::Undetermined(_) => Fact::Undetermined,
            Part::Checked(readings) => caa_policy(readings),
        },
        expectation: match &verdicts.issuer {
            Part::NotChecked(_) => Fact::NotGiven,
            Part::Undetermined(_) => Fact::Undetermined,
            Part::Checked(issuer) => match issuer.expectation {
                expectation::Expectation::Expected => Fact::Measured(Expectation::Expected),
                expectation::Expectation::Unexpected => Fact::Measured(Expectation::Unexpected),
                expectation::Expectation::Undetermined => Fact::Undetermined,
                expectation::Expectation::NoExpectation => Fact::NotGiven,
            },
        },
        log_watch: Fact::NotGiven,
        pins: match &verdicts.pins {
            Part::NotChecked(_) => Fact::NotGiven,
            Part::Undetermined(_) => Fact::Undetermined,
            Part::Checked(pins) => super::pin_facts::measured(pins),
        },
        ..MeasuredFacts::default()
    }
}

/// Whether another browser's policy is missed.
fn others_refuse(policies: &Policies) -> bool {
    [&policies.apple, &policies.mozilla]
        .into_iter()
        .any(|verdict| verdict.outcome == PolicyOutcome::NotCompliant)
}

fn public_trust(verdicts: &TargetVerdicts) -> Fact<PublicTrust> {
    let Some(chain) = &verdicts.trust else { return Fact::Undetermined };
    if matches!(chain.trust, Trust::Unknown { .. }) {
        return Fact::Undetermined;
    }
    let trusted =
        chain.trust == Trust::Trusted && chain.life == Life::Current && chain.name != NameMatch::Differs;
    Fact::Measured(if trusted { PublicTrust::Trusted } else { PublicTrust::NotTrusted })
}

/// What CAA says for all names together: the weakest of them, for one open name is enough.
fn caa_policy(readings: &[CaaReading]) -> Fact<CaaPolicy> {
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
