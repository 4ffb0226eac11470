//! What is known of a control whatever its state is.

use super::*;
use crate::compare::{CtPolicy, PublicTrust};

/// A list without a fact, with each of its facts.
fn each<T: Clone>(facts: &[T], put: impl Fn(&mut MeasuredFacts, Fact<T>)) -> Vec<MeasuredFacts> {
    let of = |fact: &T| {
        let mut all = MeasuredFacts::default();
        put(&mut all, Fact::Measured(fact.clone()));
        all
    };
    facts.iter().map(of).collect()
}

/// Every state of a control, as far as its cells tell them apart.
fn states(control: Control) -> Vec<MeasuredFacts> {
    match control {
        Control::CaTrust => {
            each(&[PublicTrust::Trusted, PublicTrust::NotTrusted], |all, fact| all.public_trust = fact)
        }
        Control::Ct => {
            each(&[CtPolicy::Met, CtPolicy::MetInPart, CtPolicy::NotMet], |all, fact| all.ct_policy = fact)
        }
        Control::Caa | Control::CaaBound => {
            let mut all = each(&[CaaPolicy::NoRecords, CaaPolicy::Unrestricted], |all, fact| all.caa = fact);
            for current_issuer in
                [CurrentIssuer::Permitted, CurrentIssuer::Denied, CurrentIssuer::Undetermined]
            {
                for dnssec in [Dnssec::Secure, Dnssec::Unknown, Dnssec::Insecure, Dnssec::Bogus] {
                    for (accounts, methods) in [
                        (Share::None, Share::None),
                        (Share::All, Share::None),
                        (Share::Some, Share::All),
                        (Share::None, Share::All),
                    ] {
                        let permitted = vec!["ca1.example".to_owned()];
                        all.push(MeasuredFacts {
                            caa: Fact::Measured(CaaPolicy::Restrictive { permitted, current_issuer }),
                            ..bound(accounts, methods, dnssec)
                        });
                    }
                }
            }
            all
        }
        Control::IssuerExpectation => {
            let watch = Watch { by: "the state".to_owned(), ..Watch::default() };
            let keys = Watch { compares_keys: true, ..watch.clone() };
            let lacking = Watch { lacks: Some("a log was not read".to_owned()), ..keys.clone() };
            let watches = [watch, keys, lacking];
            let all = watches
                .iter()
                .flat_map(|one| [LogWatch::Watched(one.clone()), LogWatch::LookedUp(one.clone())]);
            let watches: Vec<LogWatch> = all.chain([LogWatch::NotWatched]).collect();
            let mut all = Vec::new();
            for expectation in [Expectation::Expected, Expectation::Unexpected] {
                all.extend(each(&watches, |all, fact| {
                    (all.log_watch, all.expectation) = (fact, Fact::Measured(expectation));
                }));
            }
            all
        }
        Control::Pins | Control::LeafPin | Control::IntermediatePin | Control::RootPin => pin_states(),
        Control::DynamicPins => {
            let mut all = vec![dynamic(&[])];
            for is_enforced in [Some(true), Some(false), None] {
                for first_contact in
                    [FirstContact::Authenticated, FirstContact::NotAuthenticated, FirstContact::Unknown]
                {
                    all.push(dynamic(&[(is_enforced, first_contact)]));
                }
            }
            all
        }
        Control::Hpkp => each(&[Hpkp::Sent, Hpkp::NotSent], |all, fact| all.hpkp = fact),
        Control::Dane => {
            let none = [Dane::NoRecords, Dane::NotUsable("the zone is not signed".to_owned())];
            let mut all = each(&none, |all, fact| all.dane = fact);
            let mut whole = tlsa(&[3], Some(&[3]));
            if let Fact::Measured(Dane::Usable { by_key, .. }) = &mut whole.dane {
                by_key.clear();
            }
            all.push(whole);
            for usages in [&[0][..], &[1], &[2], &[3], &[2, 3]] {
                all.extend([tlsa(usages, Some(usages)), tlsa(usages, Some(&[])), tlsa(usages, None)]);
            }
            all
        }
        Control::Revocation => {
            let named = RevocationPaths { names_crl: true, ..RevocationPaths::default() };
            let short = RevocationPaths { short_lived: true, ..RevocationPaths::default() };
            each(&[named, short, RevocationPaths::default()], |all, fact| all.revocation = fact)
        }
    }
}

fn pin_states() -> Vec<MeasuredFacts> {
    let whole = PinMatches { positions: [Leaf].into(), whole: [Leaf].into(), ..PinMatches::default() };
    let mut all = vec![with_pins(vec![Pins::NotPinned]), with_pins(vec![of_matches(whole)])];
    for positions in [&[][..], &[Leaf], &[Intermediate], &[Root], &[Leaf, Root], &[Intermediate, Root]] {
        for unmatched in [0, 1, 2] {
            for is_overridden in [true, false] {
                for mode in [PinEnforcement::Enforced, PinEnforcement::ReportOnly, PinEnforcement::Off] {
                    let matches = Fact::Measured(PinMatches {
                        positions: positions.iter().copied().collect(),
                        unmatched,
                        ..PinMatches::default()
                    });
                    for locked_out in [false, true].into_iter().filter(|out| !out || positions.is_empty()) {
                        all.push(with_pins(vec![Pins::Pinned {
                            enforcement: mode,
                            matches: matches.clone(),
                            locked_out,
                            overridden_for_user_anchors: is_overridden,
                        }]));
                    }
                }
            }
        }
    }
    all
}

/// A cell is not known only where some state of the control would change it; and where none would, it is known.
#[test]
fn what_no_state_would_change_is_known() {
    for control in Control::ALL {
        for threat in Threat::ALL {
            let effects: BTreeSet<Effect> =
                states(control).iter().map(|facts| measured(control, threat, facts).effect).collect();
            let would = would(control, threat);
            // Of what a client that is not known checks, and of what pins that match nothing were meant to accept, no state
            // tells; nothing that it could be makes a difference to these.
            let told: BTreeSet<Effect> =
                effects.iter().copied().filter(|effect| *effect != Effect::Unknown).collect();
            let is_idle = never_matters(control, threat);
            if is_idle {
                assert_eq!(told, BTreeSet::from([Effect::NoEffect]), "{control:?} {threat:?}");
                let is_said = would.effect == Effect::NoEffect || control == Control::Hpkp;
                let is_apps = (control, threat) == (Control::Ct, Threat::SystemRoot);
                assert!(is_said || is_apps, "{control:?} {threat:?}: {would:?}");
            } else {
                let changes = effects.iter().any(|effect| *effect != Effect::NoEffect);
                assert!(changes, "{control:?} {threat:?}: no state changes it");
            }
            for unknown in [MeasuredFacts::default(), undetermined()] {
                let effect = judge(control, threat, &unknown).effect;
                assert_eq!(effect == Effect::Unknown, !is_idle, "{control:?} {threat:?}");
            }
            for facts in states(control) {
                let is_open = judge(control, threat, &facts).effect == Effect::Unknown;
                assert!(!(is_open && is_idle), "{control:?} {threat:?} {facts:?}");
            }
        }
    }
    // A renewal that a distrusted log calls for is one that CAA can refuse.
    assert!(!never_matters(Control::Caa, Threat::LogDistrusted));
    assert!(never_matters(Control::Caa, Threat::UserRoot));
}

/// Everything was asked for, and nothing could be determined.
fn undetermined() -> MeasuredFacts {
    MeasuredFacts {
        public_trust: Fact::Undetermined,
        ct_policy: Fact::Undetermined,
        caa: Fact::Undetermined,
        caa_binding: Fact::Undetermined,
        expectation: Fact::Undetermined,
        log_watch: Fact::Undetermined,
        pins: Fact::Undetermined,
        dynamic_pins: Fact::Undetermined,
        hpkp: Fact::Undetermined,
        dane: Fact::Undetermined,
        revocation: Fact::Undetermined,
        ..MeasuredFacts::default()
    }
}
