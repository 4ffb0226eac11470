//! The column of the header `Public-Key-Pins`, which no browser obeys any more.

use super::pins::{HOSTILE, RISK, VALIDATION};
use super::{Judgement, State, Would};
use crate::compare::{Effect, Fact, Hpkp, InPlace, Threat};

const REMOVED: &str = "RFC 7469; removed from Chrome 72 and Firefox 72";
const CLIENTS: &str = "in a client that obeys the header; no current browser does";

/// What the header does.
pub(super) fn would(threat: Threat) -> Would {
    use Threat as T;
    match threat {
        T::OtherCaLogged
        | T::OtherCaDeceived
        | T::OtherCaUnlogged
        | T::ColludingLogs
        | T::AuthorisedCa
        | T::DnsHijack
        | T::UserRoot
        | T::SystemRoot => Would::new(Effect::NoEffect, REMOVED).only("no current browser obeys it"),
        T::NetworkAttacker => Would::new(Effect::Prevents, VALIDATION).only(CLIENTS),
        T::StolenKey | T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted => {
            Would::new(Effect::MakesWorse, RISK).only(CLIENTS)
        }
        T::HostilePins => Would::new(Effect::MakesWorse, HOSTILE).only(CLIENTS),
        T::DeviceOwner | T::KeyHolder | T::LogDistrusted => Would::new(Effect::NoEffect, REMOVED),
    }
}

/// Whether the header is sent. Sent or not, it is not in place: nobody obeys it.
pub(super) fn state(hpkp: &Fact<Hpkp>) -> State {
    match hpkp {
        Fact::NotGiven => State::new(InPlace::No, "No headers were given; no browser obeys Public-Key-Pins."),
        Fact::Undetermined => {
            State::new(InPlace::No, "The headers could not be read; no browser obeys Public-Key-Pins.")
        }
        Fact::Measured(Hpkp::NotSent) => State::new(InPlace::No, "Public-Key-Pins is not sent."),
        Fact::Measured(Hpkp::Sent) => {
            State::new(InPlace::No, "Public-Key-Pins is sent, and no browser obeys it.")
        }
    }
}

/// What the header does now.
pub(super) fn judge(_: Threat, hpkp: &Fact<Hpkp>) -> Judgement {
    let reason = match hpkp {
        Fact::NotGiven | Fact::Undetermined => {
            "No current browser obeys Public-Key-Pins; whether it is sent is not known."
        }
        Fact::Measured(Hpkp::NotSent) => "Public-Key-Pins is not sent.",
        Fact::Measured(Hpkp::Sent) => "Public-Key-Pins is sent, and no current browser obeys it.",
    };
    Judgement::new(Effect::NoEffect, reason, REMOVED)
}
