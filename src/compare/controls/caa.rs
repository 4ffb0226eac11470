//! The column of CAA: an instruction to CAs, read when they issue and never by clients.

use super::{Judgement, State, Would};
use crate::compare::{
    CaaPolicy, CurrentIssuer, Dnssec, Effect, Fact, InPlace, LetsIn, MeasuredFacts, Threat,
};

const SCOPE: &str = "RFC 8659 section 1";
const COMPLIANCE: &str = "RFC 8659 section 5.2";
const AUTHORISED: &str = "RFC 8659 section 5.3";
const SPOOFING: &str = "RFC 8659 section 5.4";
const RELEVANT: &str = "RFC 8659 section 3";
const FORGED: &str = "RFC 8659 sections 5.1 and 5.4; TLS Baseline Requirements 3.2.2.8";

/// What restrictive CAA records do.
pub(super) fn would(threat: Threat) -> Would {
    use Threat as T;
    match threat {
        T::OtherCaDeceived => Would::new(Effect::Prevents, FORGED)
            .only("where the answers that the CA gets are not forged: for sure in a zone that is signed alone"),
        T::OtherCaLogged | T::OtherCaUnlogged | T::ColludingLogs => Would::new(Effect::NoEffect, COMPLIANCE)
            .only("CAA binds CAs that keep the rules, when they issue; one under an attacker's control does not ask"),
        T::AuthorisedCa => Would::new(Effect::NoEffect, AUTHORISED),
        T::DnsHijack => {
            Would::new(Effect::NoEffect, SPOOFING).only("whoever controls the DNS of the domain rewrites the records")
        }
        T::NewKey | T::NewIntermediate => {
            Would::new(Effect::NoEffect, RELEVANT).only("as long as the records permit the CA in use")
        }
        T::NewCa | T::CaDistrusted => {
            Would::new(Effect::MakesWorse, RELEVANT).only("until the records name the new CA")
        }
        T::UserRoot
        | T::SystemRoot
        | T::NetworkAttacker
        | T::DeviceOwner
        | T::StolenKey
        | T::KeyHolder
        | T::LogDistrusted
        | T::HostilePins => Would::new(Effect::NoEffect, SCOPE),
    }
}

/// Whether the records restrict who may issue.
pub(super) fn state(policy: &Fact<CaaPolicy>) -> State {
    match policy {
        Fact::NotGiven => State::new(InPlace::Unknown, "CAA was not looked up."),
        Fact::Undetermined => State::new(InPlace::Unknown, "The CAA records could not be determined."),
        Fact::Measured(CaaPolicy::NoRecords) => State::new(InPlace::No, "There is no CAA record."),
        Fact::Measured(CaaPolicy::Unrestricted) => {
            State::new(InPlace::No, "The CAA records do not restrict who may issue.")
        }
        Fact::Measured(CaaPolicy::Restrictive { permitted, current_issuer }) => {
            let who = if permitted.is_empty() { "no CA".to_owned() } else { permitted.join(", ") };
            let state = State::new(InPlace::Yes, format!("CAA permits {who}."));
            match current_issuer {
                CurrentIssuer::Permitted => state,
                CurrentIssuer::Denied => state.and("The CA in use is not among them."),
                CurrentIssuer::Undetermined => state.and("Whether the CA in use is among them is not known."),
            }
        }
    }
}

/// What the CAA records do against `threat`.
pub(super) fn judge(threat: Threat, policy: &Fact<CaaPolicy>, dnssec: Dnssec) -> Judgement {
    match policy {
        Fact::NotGiven => Judgement::new(Effect::Unknown, "CAA was not looked up.", SCOPE),
        Fact::Undetermined => {
            Judgement::new(Effect::Unknown, "The CAA records could not be determined.", RELEVANT)
        }
        Fact::Measured(CaaPolicy::NoRecords) => {
            Judgement::new(Effect::NoEffect, "There is no CAA record, so any CA may issue.", RELEVANT)
        }
        Fact::Measured(CaaPolicy::Unrestricted) => Judgement::new(
            Effect::NoEffect,
            "The CAA records do not restrict who may issue, so any CA may.",
            "RFC 8659 section 4.2",
        ),
        Fact::Measured(CaaPolicy::Restrictive { permitted, current_issuer }) => {
            restrictive(threat, (permitted, *current_issuer), dnssec)
        }
    }
}

fn restrictive(
    threat: Threat,
    (permitted, current_issuer): (&[String], CurrentIssuer),
    dnssec: Dnssec,
) -> Judgement {
    use Threat as T;
    let who = if permitted.is_empty() { "no CA".to_owned() } else { permitted.join(", ") };
    let (effect, reason, source) = match threat {
        T::OtherCaDeceived => return deceived(&who, dnssec),
        T::OtherCaLogged | T::OtherCaUnlogged | T::ColludingLogs => (
            Effect::NoEffect,
            format!("CAA permits {who}; a CA that is under an attacker's control does not ask."),
            COMPLIANCE,
        ),
        T::AuthorisedCa => {
            (Effect::NoEffect, format!("CAA permits {who}, and their mistakes with it."), AUTHORISED)
        }
        T::DnsHijack => (
            Effect::NoEffect,
            "CAA is set, and whoever controls the DNS of the domain rewrites it.".to_owned(),
            SPOOFING,
        ),
        T::UserRoot | T::SystemRoot | T::NetworkAttacker | T::DeviceOwner | T::StolenKey => (
            Effect::NoEffect,
            "CAA is set; clients never look at it, and nobody asks a public CA here.".to_owned(),
            SCOPE,
        ),
        T::KeyHolder => (
            Effect::NoEffect,
            "CAA is set, and whoever holds the key needs no new certificate.".to_owned(),
            SCOPE,
        ),
        T::HostilePins => (Effect::NoEffect, "CAA is set, and sets no pins.".to_owned(), SCOPE),
        T::NewKey | T::NewIntermediate | T::LogDistrusted => return renewal(&who, current_issuer),
        T::NewCa | T::CaDistrusted => (
            Effect::MakesWorse,
            format!("CAA permits {who}; a new CA has to refuse until the record names it."),
            RELEVANT,
        ),
    };
    Judgement::new(effect, reason, source)
}

/// An honest CA is deceived about who owns the name: by forged answers, or in some way that leaves the DNS alone.
fn deceived(who: &str, dnssec: Dnssec) -> Judgement {
    let (effect, when) = match dnssec {
        Dnssec::Secure => {
            (Effect::Prevents, "so every other CA that keeps the rules has to refuse: the zone is signed.")
        }
        // CAs may not take the failure for a permission, and issue nothing.
        Dnssec::Bogus => {
            (Effect::Prevents, "and DNSSEC validation fails, so that no CA that validates may issue at all.")
        }
        Dnssec::Insecure => (
            Effect::Unknown,
            "so every other CA that keeps the rules refuses, if it sees the records: the zone is not signed, and who \
             forges the answers to the CA forges these as well.",
        ),
        Dnssec::Unknown => (
            Effect::Unknown,
            "so every other CA that keeps the rules refuses, if it sees the records: whether the zone is signed was not \
             validated, and who can forge the answers to the CA forges these as well.",
        ),
    };
    Judgement::new(effect, format!("CAA permits {who}, {when}"), FORGED)
}

/// A CA that the owner does not use is none that the records stop where they permit it.
pub(super) fn besides(judgement: Judgement, threat: Threat, facts: &MeasuredFacts) -> Judgement {
    let is_stopped = matches!(judgement.effect, Effect::Prevents | Effect::Unknown);
    let (Threat::OtherCaDeceived, Fact::Measured(CaaPolicy::Restrictive { .. }), true) =
        (threat, &facts.caa, is_stopped)
    else {
        return judgement;
    };
    let lets_in_others = || facts.caa_covering.iter().any(|name| matches!(name.lets_in, LetsIn::Cas(_)));
    match &facts.caa_beside {
        Fact::Measured(beside) if !beside.is_empty() => {
            let reason = format!(
                "CAA permits {}, too, which you do not expect: deceived, that issues as well.",
                beside.join(", ")
            );
            Judgement::new(Effect::NoEffect, reason, AUTHORISED)
        }
        Fact::NotGiven | Fact::Undetermined if lets_in_others() => Judgement {
            effect: Effect::Unknown,
            reason: format!("{} Whether you use all of these is not stated (expect_ca).", judgement.reason),
            ..judgement
        },
        _ => judgement,
    }
}

/// The present CA is asked again.
fn renewal(who: &str, current_issuer: CurrentIssuer) -> Judgement {
    match current_issuer {
        CurrentIssuer::Permitted => {
            Judgement::new(Effect::NoEffect, "CAA permits the present CA to issue again.", RELEVANT)
        }
        CurrentIssuer::Denied => Judgement::new(
            Effect::MakesWorse,
            format!("CAA permits {who} and not the CA in use, which has to refuse the next certificate."),
            RELEVANT,
        ),
        CurrentIssuer::Undetermined => Judgement::new(
            Effect::Unknown,
            format!("CAA permits {who}; whether that is the CA in use is not known."),
            RELEVANT,
        ),
    }
}
