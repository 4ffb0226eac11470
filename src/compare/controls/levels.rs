//! The columns of pins by whose key they name: the owner's own, an intermediate's, a root's. The widest key that a
//! client accepts decides, for any pin is enough.

use super::pins::{DEVICE, HOSTILE, OVERRIDES, RISK, VALIDATION};
use super::{Judgement, State, Would, pinned_clients};
use crate::compare::{ClientPins, Effect, Fact, InPlace, PinEnforcement, PinMatches, Pins, Threat};
use crate::x509::ChainPosition;

const ADDED_ROOTS: &str = "Chromium net/http/transport_security_state.cc; RFC 7469 section 2.6";

/// Whose key is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// The owner's: the leaf's, or one kept in reserve.
    Leaf,
    /// A public intermediate CA's.
    Intermediate,
    /// A public root CA's.
    Root,
}

impl Level {
    /// Every level, the narrowest first.
    pub(super) const ALL: [Self; 3] = [Self::Leaf, Self::Intermediate, Self::Root];

    fn title(self) -> &'static str {
        match self {
            Self::Leaf => "own keys alone",
            Self::Intermediate => "an intermediate's key",
            Self::Root => "a root's key",
        }
    }

    /// The level of a client's pins that are enforced and match something.
    fn of(pins: &Pins) -> Option<Self> {
        match pins {
            Pins::Pinned {
                enforcement: PinEnforcement::Enforced, matches: Fact::Measured(matches), ..
            } => Self::of_matches(matches),
            Pins::Pinned { .. } | Pins::NotPinned | Pins::Unknown | Pins::OtherBuild | Pins::Undetermined => {
                None
            }
        }
    }

    /// The widest key that a list accepts; where several lists have to match, that of the narrowest.
    fn of_matches(matches: &PinMatches) -> Option<Self> {
        let widest = matches.lists().map(|list| list.positions.iter().max()).min().flatten()?;
        Some(match widest {
            ChainPosition::Leaf => Self::Leaf,
            ChainPosition::Intermediate => Self::Intermediate,
            ChainPosition::Root => Self::Root,
        })
    }
}

/// What pins of this level do.
pub(super) fn would(level: Level, threat: Threat) -> Would {
    use Threat as T;
    let of_ca = level != Level::Leaf;
    match threat {
        T::OtherCaLogged | T::OtherCaDeceived | T::OtherCaUnlogged | T::ColludingLogs if of_ca => {
            Would::new(Effect::Prevents, VALIDATION).only("as long as that CA is not among the pinned ones")
        }
        T::AuthorisedCa | T::DnsHijack if of_ca => Would::new(Effect::NoEffect, VALIDATION)
            .only("every certificate of the pinned CA is accepted, whoever asked for it"),
        T::OtherCaLogged
        | T::OtherCaDeceived
        | T::OtherCaUnlogged
        | T::ColludingLogs
        | T::AuthorisedCa
        | T::DnsHijack
        | T::NetworkAttacker => Would::new(Effect::Prevents, VALIDATION),
        T::UserRoot => Would::new(Effect::Prevents, ADDED_ROOTS).only(
            "in apps, unless overridePins; browsers leave pins aside for roots that were added to the device",
        ),
        T::SystemRoot => Would::new(Effect::Prevents, OVERRIDES).only("in apps, unless overridePins"),
        T::StolenKey if !of_ca => Would::new(Effect::MakesWorse, RISK)
            .only("clients keep to the stolen key until they are updated, or a backup pin is in service"),
        T::DeviceOwner => Would::new(Effect::NoEffect, DEVICE),
        T::LogDistrusted if !of_ca => Would::new(Effect::NoEffect, VALIDATION).only(
            "as long as the key is pinned: a pin of the whole certificate ends where another one is needed",
        ),
        T::StolenKey | T::KeyHolder | T::LogDistrusted => Would::new(Effect::NoEffect, VALIDATION),
        T::HostilePins => Would::new(Effect::NoEffect, HOSTILE),
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted => on_change(level, threat),
    }
}

/// What pins of this level do when the chain changes. The wider the pin, the fewer changes lock users out.
fn on_change(level: Level, threat: Threat) -> Would {
    let (effect, condition) = match (level, threat) {
        (Level::Leaf, Threat::NewKey) => {
            (Effect::MakesWorse, "unless the new key is a backup pin of every client in use")
        }
        (Level::Leaf, Threat::NewIntermediate) => (
            Effect::NoEffect,
            "as long as the key stays, and is what is pinned: a pin of the whole certificate ends with it",
        ),
        (Level::Leaf, _) => {
            (Effect::MakesWorse, "unless the other CA certifies a key that every client in use pins")
        }
        (_, Threat::NewKey) => (Effect::NoEffect, "as long as the CA issues from the same hierarchy"),
        (Level::Intermediate, Threat::NewIntermediate) => (
            Effect::MakesWorse,
            "unless every intermediate that the CA may choose is pinned by every client in use",
        ),
        (Level::Root, Threat::NewIntermediate) => (
            Effect::NoEffect,
            "as long as the path that clients build ends at the same root: a new hierarchy, or a store that trusts an \
             intermediate, ends it elsewhere",
        ),
        _ => (Effect::MakesWorse, "unless the other CA is pinned by every client in use"),
    };
    Would::new(effect, RISK).only(condition)
}

/// Whether some client has pins of this level that it enforces.
pub(super) fn state(level: Level, clients: &Fact<Vec<ClientPins>>) -> State {
    let Fact::Measured(all) = clients else { return pinned_clients::state(clients) };
    let own = of_level(level, all);
    if !own.is_empty() {
        let files: Vec<&str> = own.iter().map(|client| client.client.as_str()).collect();
        let in_place = if own.len() == all.len() { InPlace::Yes } else { InPlace::Partly };
        return State::new(in_place, format!("{} accept {}.", files.join(" and "), level.title()));
    }
    if all.is_empty() || all.iter().any(|client| is_open(&client.pins)) {
        return State::new(InPlace::Unknown, "At which level the pins are is not known.");
    }
    State::new(InPlace::No, format!("No client's pins stop at {}.", level.title()))
}

/// What the pins of this level do now: of the clients that have some, the worst off.
pub(super) fn judge(level: Level, threat: Threat, clients: &Fact<Vec<ClientPins>>) -> Judgement {
    let Fact::Measured(all) = clients else { return pinned_clients::judge(threat, clients) };
    let own: Vec<ClientPins> = of_level(level, all).into_iter().cloned().collect();
    if !own.is_empty() {
        return pinned_clients::judge(threat, &Fact::Measured(own));
    }
    if all.is_empty() || all.iter().any(|client| is_open(&client.pins)) {
        return Judgement::new(
            Effect::Unknown,
            "At which level the pins are is not known: they match nothing here, or could not be matched.",
            VALIDATION,
        );
    }
    Judgement::new(Effect::NoEffect, format!("No client's pins stop at {}.", level.title()), VALIDATION)
}

fn of_level(level: Level, clients: &[ClientPins]) -> Vec<&ClientPins> {
    clients.iter().filter(|client| Level::of(&client.pins) == Some(level)).collect()
}

/// Whether pins are enforced, or may be, and their level is not known. Where keys are forbidden alone, there is none.
fn is_open(pins: &Pins) -> bool {
    if *pins == Pins::Undetermined {
        return true;
    }
    let Pins::Pinned { enforcement: PinEnforcement::Enforced, matches, .. } = pins else { return false };
    Level::of(pins).is_none() && !matches.measured().is_some_and(PinMatches::forbid_alone)
}
