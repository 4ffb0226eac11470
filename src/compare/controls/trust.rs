//! The column of CA trust: what validation does when nothing else helps.

use super::{Judgement, State, Would};
use crate::compare::{Effect, Fact, InPlace, PublicTrust, Threat};

const SOURCE: &str = "RFC 5280 section 6; RFC 9525 section 6";
const USER_CAS: &str = "Android developer guide, “Network security configuration”";

/// What validation does where it is in place.
pub(super) fn would(threat: Threat) -> Would {
    match threat {
        Threat::NetworkAttacker => Would::new(Effect::Prevents, SOURCE),
        Threat::UserRoot => Would::new(Effect::NoEffect, USER_CAS).only(
            "apps that target Android 7 (API 24) or later do not trust CAs that a user adds, unless their configuration does",
        ),
        Threat::CaDistrusted => {
            Would::new(Effect::MakesWorse, SOURCE).only("that is the threat itself, whatever else is in place")
        }
        _ => Would::new(Effect::NoEffect, SOURCE),
    }
}

/// Whether the chain is trusted.
pub(super) fn state(trust: &Fact<PublicTrust>) -> State {
    match trust {
        Fact::NotGiven => State::new(InPlace::Unknown, "No chain was judged."),
        Fact::Undetermined => {
            State::new(InPlace::Unknown, "Whether the chain is trusted could not be determined.")
        }
        Fact::Measured(PublicTrust::Trusted) => {
            State::new(InPlace::Yes, "The chain leads to a trusted root, and name and dates are right.")
        }
        Fact::Measured(PublicTrust::NotTrusted) => State::new(
            InPlace::No,
            "The chain does not lead to a trusted root, or its name or dates are not right.",
        ),
    }
}

/// What validation against the trusted CAs does against `threat`.
pub(super) fn judge(threat: Threat, trust: &Fact<PublicTrust>) -> Judgement {
    match trust {
        Fact::NotGiven => {
            Judgement::new(Effect::Unknown, "No chain was judged, so CA trust was not measured.", SOURCE)
        }
        Fact::Undetermined => {
            Judgement::new(Effect::Unknown, "Whether the chain is trusted could not be determined.", SOURCE)
        }
        Fact::Measured(PublicTrust::NotTrusted) => not_trusted(threat),
        Fact::Measured(PublicTrust::Trusted) => trusted(threat),
    }
}

fn trusted(threat: Threat) -> Judgement {
    use Threat as T;
    let (effect, reason) = match threat {
        T::NetworkAttacker => (
            Effect::Prevents,
            "The host's chain is trusted, so its clients have no reason to accept one that is not.",
        ),
        T::OtherCaLogged | T::OtherCaDeceived | T::OtherCaUnlogged | T::ColludingLogs => (
            Effect::NoEffect,
            "The host's chain is trusted, and so is every other trusted CA's, for any name.",
        ),
        T::AuthorisedCa | T::DnsHijack => (
            Effect::NoEffect,
            "The host's chain is trusted, and another certificate of the same CA is trusted no less.",
        ),
        T::UserRoot | T::SystemRoot => (
            Effect::NoEffect,
            "The host's chain is trusted, and so is any under a root that the device was made to trust.",
        ),
        T::DeviceOwner => (Effect::NoEffect, "Whoever owns the device decides what it trusts."),
        T::StolenKey => (
            Effect::NoEffect,
            "The certificate stays trusted until it expires or a client learns that it was revoked.",
        ),
        T::KeyHolder => {
            (Effect::NoEffect, "The host's chain is trusted, whoever holds its key and ends the connection.")
        }
        T::HostilePins => (Effect::NoEffect, "Validation against the trusted CAs knows no pins."),
        T::NewKey | T::NewIntermediate | T::NewCa | T::LogDistrusted => {
            (Effect::NoEffect, "Any chain to a trusted root is accepted, whichever key and CA it has.")
        }
        T::CaDistrusted => (
            Effect::MakesWorse,
            "The chain is trusted through this CA; when its root goes, so does the certificate.",
        ),
    };
    Judgement::new(effect, reason, SOURCE)
}

fn not_trusted(threat: Threat) -> Judgement {
    match threat {
        Threat::DeviceOwner => {
            Judgement::new(Effect::NoEffect, "Whoever owns the device decides what it trusts.", SOURCE)
        }
        _ => Judgement::new(
            Effect::Unknown,
            "The chain is not trusted as served, so what its clients check instead is not known.",
            SOURCE,
        ),
    }
}
