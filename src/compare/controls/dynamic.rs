//! The column of pins that clients fetch or learn at run time: signed lists, and trust on first use.

use super::pins::{DEVICE, HOSTILE, RISK, VALIDATION};
use super::{Judgement, State, Would};
use crate::compare::{ClientPins, DynamicPins, Effect, Fact, FirstContact, InPlace, Pins, Threat};

const AUTHENTIC: &str =
    "after an authentic first contact: a signed list, or a first connection that nobody meddled with";
const PRELOAD: &str = "OWASP Pinning Cheat Sheet";

/// What dynamic pins do.
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
        | T::SystemRoot => Would::new(Effect::Prevents, PRELOAD).only(AUTHENTIC),
        T::NetworkAttacker => Would::new(Effect::Prevents, VALIDATION),
        T::DeviceOwner => Would::new(Effect::NoEffect, DEVICE),
        T::StolenKey => {
            Would::new(Effect::NoEffect, RISK).only("if a list without the stolen key reaches the clients")
        }
        T::KeyHolder | T::LogDistrusted => Would::new(Effect::NoEffect, VALIDATION),
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted => Would::new(Effect::NoEffect, RISK)
            .only(
                "if the new pins are signed and reach the clients before the change; else it locks users out",
            ),
        T::HostilePins => Would::new(Effect::Prevents, HOSTILE)
            .only("if the lists are signed; without a signature whoever is met first can set pins"),
    }
}

/// Whether some client has dynamic pins, and each.
pub(super) fn state(pins: &Fact<Vec<DynamicPins>>, beside: &[ClientPins]) -> State {
    let state = of_those_with_some(pins);
    let in_place =
        if state.in_place == InPlace::Yes && !beside.is_empty() { InPlace::Partly } else { state.in_place };
    beside.iter().fold(State { in_place, ..state }, |state, client| state.and(without(client)))
}

/// What is said of a client beside those with dynamic pins.
fn without(client: &ClientPins) -> String {
    match client.pins {
        Pins::NotPinned => format!("{} is of an app that has no pins that come at run time.", client.client),
        _ => format!("Whether pins come at run time to the app of {} is not known.", client.client),
    }
}

fn of_those_with_some(pins: &Fact<Vec<DynamicPins>>) -> State {
    match pins {
        Fact::NotGiven => State::new(InPlace::Unknown, "No pins were given."),
        Fact::Undetermined => {
            State::new(InPlace::Unknown, "Whether clients fetch pins could not be determined.")
        }
        Fact::Measured(clients) => {
            let Some(first) = clients.first() else {
                return State::new(
                    InPlace::No,
                    "None of the files that were given has pins that come at run time.",
                );
            };
            let in_place = if clients.iter().all(|client| client.is_enforced == Some(true)) {
                InPlace::Yes
            } else if clients.iter().all(|client| client.is_enforced == Some(false)) {
                InPlace::No
            } else if clients.iter().any(|client| client.is_enforced == Some(true)) {
                InPlace::Partly
            } else {
                InPlace::Unknown
            };
            let sentence = |client: &DynamicPins| {
                format!(
                    "The pins of {} come at run time, and the first contact {}.",
                    client.client,
                    how(client)
                )
            };
            clients
                .iter()
                .skip(1)
                .fold(State::new(in_place, sentence(first)), |state, client| state.and(sentence(client)))
        }
    }
}

fn how(client: &DynamicPins) -> &'static str {
    match client.first_contact {
        FirstContact::Authenticated => "is authenticated by a signature or by a pin",
        FirstContact::NotAuthenticated => "is believed as it is",
        FirstContact::Unknown => "is authenticated by nothing that the file says",
    }
}

/// What the dynamic pins do now: of the clients that have some, and those beside them, the worst off.
pub(super) fn judge(threat: Threat, pins: &Fact<Vec<DynamicPins>>, beside: &[ClientPins]) -> Judgement {
    let judged = of_the_worst_off(threat, pins);
    // Whoever has none is hurt by none, and protected by none.
    if judged.effect != Effect::Prevents {
        return judged;
    }
    let none = beside.iter().find(|client| client.pins == Pins::NotPinned);
    match none
        .map(|client| (client, Effect::NoEffect))
        .or(beside.first().map(|client| (client, Effect::Unknown)))
    {
        Some((client, effect)) => Judgement { effect, reason: without(client), ..judged },
        None => judged,
    }
}

fn of_the_worst_off(threat: Threat, pins: &Fact<Vec<DynamicPins>>) -> Judgement {
    let clients = match pins {
        Fact::NotGiven => {
            return Judgement::new(Effect::Unknown, "No pins were given.", VALIDATION);
        }
        Fact::Undetermined => {
            return Judgement::new(
                Effect::Unknown,
                "Whether clients fetch pins could not be determined.",
                VALIDATION,
            );
        }
        Fact::Measured(clients) => clients,
    };
    // The weakest first contact decides; one that is not known comes between.
    let weakest = clients.iter().max_by_key(|client| match (client.is_enforced, client.first_contact) {
        (Some(false), _) => 3,
        (Some(true), FirstContact::NotAuthenticated) => 2,
        (None, _) | (Some(true), FirstContact::Unknown) => 1,
        (Some(true), FirstContact::Authenticated) => 0,
    });
    let Some(client) = weakest else {
        return Judgement::new(
            Effect::NoEffect,
            "None of the files that were given has pins that come at run time.",
            VALIDATION,
        );
    };
    let file = &client.client;
    match (client.is_enforced, would(threat)) {
        (Some(false), would) => Judgement::new(
            Effect::NoEffect,
            format!("The pins of {file} are not enforced, wherever they come from."),
            would.source,
        ),
        (None, would) => Judgement::new(
            Effect::Unknown,
            format!("The pins of {file} come at run time, and whether they are enforced is not known."),
            would.source,
        ),
        (Some(true), would) => enforced(threat, client, would),
    }
}

fn enforced(threat: Threat, client: &DynamicPins, would: Would) -> Judgement {
    let file = &client.client;
    if threat.is_change() && threat != Threat::LogDistrusted {
        return Judgement::new(
            Effect::Unknown,
            format!(
                "The pins of {file} come at run time; whether new ones arrive before a change is not known."
            ),
            would.source,
        );
    }
    if would.effect != Effect::Prevents || threat == Threat::NetworkAttacker {
        return Judgement::new(
            would.effect,
            format!("The pins of {file} come at run time, which changes nothing here."),
            would.source,
        );
    }
    let (effect, reason) = match (client.first_contact, threat) {
        (FirstContact::Authenticated, _) => (
            Effect::Prevents,
            format!("The pins of {file} come at run time, by a contact that is authenticated."),
        ),
        (FirstContact::NotAuthenticated, Threat::HostilePins) => (
            Effect::MakesWorse,
            format!("The pins of {file} come at run time, and whoever is met first can set them."),
        ),
        (FirstContact::NotAuthenticated | FirstContact::Unknown, _) => (
            Effect::Unknown,
            format!("The pins of {file} come at run time, and the first contact {}.", how(client)),
        ),
    };
    Judgement::new(effect, reason, would.source)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One app's pins protect no other app.
    #[test]
    fn an_app_without_pins_is_told_of_beside_one_that_fetches_them() {
        let fetched = DynamicPins {
            client: "a.json".to_owned(),
            class: None,
            is_enforced: Some(true),
            first_contact: FirstContact::Authenticated,
        };
        let fetched = Fact::Measured(vec![fetched]);
        let beside = |pins| ClientPins { client: "b.xml".to_owned(), class: None, pins };
        let effect = |threat, beside: &[ClientPins]| judge(threat, &fetched, beside).effect;
        let (none, perhaps) = (beside(Pins::NotPinned), beside(Pins::Unknown));
        for threat in [Threat::OtherCaLogged, Threat::SystemRoot, Threat::HostilePins] {
            assert_eq!(effect(threat, &[]), Effect::Prevents);
            assert_eq!(effect(threat, std::slice::from_ref(&perhaps)), Effect::Unknown);
            assert_eq!(effect(threat, &[perhaps.clone(), none.clone()]), Effect::NoEffect);
        }
        assert_eq!(effect(Threat::NewKey, std::slice::from_ref(&none)), Effect::Unknown);
        assert_eq!(state(&fetched, &[]).in_place, InPlace::Yes);
        assert_eq!(state(&fetched, &[none]).in_place, InPlace::Partly);
    }
}
