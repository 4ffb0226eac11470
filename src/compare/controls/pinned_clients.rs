//! The column of the pins that were given. Each client has its own: a cell speaks of the one that is worst off, for
//! what protects one client does nothing for another.

use super::pins::{self, VALIDATION};
use super::{Judgement, State, Would, levels};
use crate::compare::{ClientClass, ClientPins, Effect, Fact, InPlace, PinEnforcement, Pins, Threat};

/// What pins do whose level is not known: what the levels agree on.
pub(super) fn would(threat: Threat) -> Would {
    let [leaf, intermediate, root] = levels::Level::ALL.map(|level| levels::would(level, threat));
    if leaf.effect == intermediate.effect && leaf.effect == root.effect {
        return leaf;
    }
    Would::new(Effect::Unknown, leaf.source)
        .only("depends on whose key is pinned: see the pins of own keys, intermediates and roots")
}

/// Whether some client has pins that it enforces.
pub(super) fn state(clients: &Fact<Vec<ClientPins>>) -> State {
    let Fact::Measured(clients) = clients else {
        let why = match clients {
            Fact::NotGiven => "No pins were given.",
            _ => "Whether the host is pinned could not be determined.",
        };
        return State::new(InPlace::Unknown, why);
    };
    let mut state = State { in_place: InPlace::Unknown, evidence: Vec::new() };
    for client in clients {
        let (in_place, what) = match &client.pins {
            Pins::NotPinned if client.client.is_empty() => {
                (InPlace::No, "The pins that were given do not name this host.".to_owned())
            }
            Pins::NotPinned => (InPlace::No, format!("{} has no pins for this host.", client.client)),
            Pins::Unknown => (
                InPlace::Unknown,
                format!(
                    "{} has no pins for this host; whether the other pins are of the same app is not known.",
                    client.client
                ),
            ),
            Pins::OtherBuild => (
                InPlace::Unknown,
                format!(
                    "{} has no pins for this host, and some builds take it in the place of the file that has them.",
                    client.client
                ),
            ),
            Pins::Undetermined => {
                (InPlace::Unknown, format!("What {} pins could not be determined.", client.client))
            }
            Pins::Pinned { enforcement: PinEnforcement::ReportOnly, .. } => {
                (InPlace::No, format!("The pins of {} only report.", client.client))
            }
            Pins::Pinned { enforcement: PinEnforcement::Off, .. } => {
                (InPlace::No, format!("The pins of {} are expired, empty or switched off.", client.client))
            }
            Pins::Pinned { locked_out: true, .. } => (
                InPlace::Yes,
                format!("The pins of {} are enforced and lock its users out now.", client.client),
            ),
            Pins::Pinned { .. } => (InPlace::Yes, format!("The pins of {} are enforced.", client.client)),
        };
        state.in_place = match state.in_place {
            InPlace::Yes => InPlace::Yes,
            _ => in_place,
        };
        state.evidence.push(what);
    }
    state
}

/// What the pins do against `threat`, for the worst off of the clients that have some.
pub(super) fn judge(threat: Threat, clients: &Fact<Vec<ClientPins>>) -> Judgement {
    let undetermined =
        || Judgement::new(Effect::Unknown, "Whether the host is pinned could not be determined.", VALIDATION);
    match clients {
        Fact::NotGiven => Judgement::new(Effect::Unknown, "No pins were given.", VALIDATION),
        Fact::Undetermined => undetermined(),
        Fact::Measured(clients) => worst_off(threat, clients).unwrap_or_else(undetermined),
    }
}

/// The judgement of the client that fares worst; it names that client where the judgements differ.
fn worst_off(threat: Threat, clients: &[ClientPins]) -> Option<Judgement> {
    let judged: Vec<(&ClientPins, Judgement)> =
        clients.iter().map(|client| (client, of_client(threat, client))).collect();
    // Of equals the first, and before it a client that is cut off already.
    let (_, worst) = judged
        .iter()
        .min_by_key(|(client, judgement)| (rank(threat, judgement.effect), !is_locked_out(&client.pins)))?;
    if judged.iter().all(|(_, judgement)| judgement == worst) {
        return Some(worst.clone());
    }
    let mut names: Vec<&str> = Vec::new();
    for (client, _) in judged.iter().filter(|(_, judgement)| judgement == worst) {
        if !names.contains(&client.client.as_str()) {
            names.push(&client.client);
        }
    }
    let others = if judged.iter().all(|(_, judgement)| judgement.effect == worst.effect) {
        "the other pins come to the same, but differ in why"
    } else {
        "the other pins differ"
    };
    let reason = format!("For {}: {}; {others}.", names.join(" and "), clause(&worst.reason));
    Some(Judgement { reason, ..worst.clone() })
}

/// What a client's pins do; an app without any is told apart from files that all have none.
fn of_client(threat: Threat, client: &ClientPins) -> Judgement {
    let is_local = matches!(threat, Threat::UserRoot | Threat::SystemRoot);
    let is_enforced = matches!(client.pins, Pins::Pinned { enforcement: PinEnforcement::Enforced, .. });
    if is_local && is_enforced && client.class == Some(ClientClass::Browser) {
        return Judgement::new(
            Effect::NoEffect,
            "Chrome leaves its pins aside where the chain ends at an anchor that is none of the public roots it knows.",
            "Chromium net/http/transport_security_state.cc (CheckPublicKeyPins, is_issued_by_known_root)",
        );
    }
    let judged = pins::judge(threat, &client.pins);
    let is_app = client.pins == Pins::NotPinned && !client.client.is_empty();
    if is_app { Judgement { reason: "It has no pins for this host.".to_owned(), ..judged } } else { judged }
}

/// The order of the effects, worst first. Against an attack, no protection is worse than one that is not known;
/// where pins can only do harm, not to know is worse than to know that nothing happens.
fn rank(threat: Threat, effect: Effect) -> u8 {
    match (effect, threat.is_change() || threat == Threat::StolenKey) {
        (Effect::MakesWorse, _) => 0,
        (Effect::NoEffect, false) | (Effect::Unknown, true) => 1,
        (Effect::Unknown, false) | (Effect::NoEffect, true) => 2,
        (Effect::Detects, _) => 3,
        (Effect::Prevents, _) => 4,
    }
}

fn is_locked_out(pins: &Pins) -> bool {
    matches!(pins, Pins::Pinned { locked_out: true, .. })
}

/// A sentence as it stands inside another.
fn clause(sentence: &str) -> String {
    pins::uncapitalised(sentence.strip_suffix('.').unwrap_or(sentence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{PinEnforcement, PinMatches};
    use crate::x509::ChainPosition::{self, Leaf, Root};

    fn client(name: &str, matches: Fact<PinMatches>, locked_out: bool) -> ClientPins {
        let pins = Pins::Pinned {
            enforcement: PinEnforcement::Enforced,
            matches,
            locked_out,
            overridden_for_user_anchors: false,
        };
        ClientPins { client: name.to_owned(), class: None, pins }
    }

    fn at(name: &str, position: ChainPosition) -> ClientPins {
        let matches = PinMatches { positions: [position].into(), unmatched: 0, ..PinMatches::default() };
        client(name, Fact::Measured(matches), false)
    }

    fn locked_out(name: &str) -> ClientPins {
        let matches = PinMatches { unmatched: 2, ..PinMatches::default() };
        client(name, Fact::Measured(matches), true)
    }

    fn cell(threat: Threat, clients: &[ClientPins]) -> (Effect, String) {
        let Judgement { effect, reason, .. } = judge(threat, &Fact::Measured(clients.to_vec()));
        (effect, reason)
    }

    #[test]
    fn a_cell_speaks_of_the_client_that_is_worst_off() {
        let clients = [at("leaf.txt", Leaf), at("nsc.xml", Root)];
        for (threat, effect, reason) in [
            (
                Threat::AuthorisedCa,
                Effect::NoEffect,
                "For nsc.xml: the pins match the root, so every certificate of that CA is accepted; the other pins \
                 differ.",
            ),
            (
                Threat::NewKey,
                Effect::MakesWorse,
                "For leaf.txt: the pins match the leaf; after this change users are locked out, and there is no \
                 backup pin; the other pins differ.",
            ),
            (
                Threat::OtherCaLogged,
                Effect::Prevents,
                "For leaf.txt: the pins are enforced and match the leaf; a CA that is not pinned is refused; the \
                 other pins come to the same, but differ in why.",
            ),
            (
                Threat::NewIntermediate,
                Effect::NoEffect,
                "For leaf.txt: the pins match the leaf, and a pin still matches after this change; the other pins \
                 come to the same, but differ in why.",
            ),
            (Threat::LogDistrusted, Effect::NoEffect, "Pins name keys, and a change of logs changes none."),
        ] {
            assert_eq!(cell(threat, &clients), (effect, reason.to_owned()), "{threat:?}");
        }
    }

    #[test]
    fn a_client_that_is_locked_out_is_named_whatever_changes() {
        // Where the other is locked out by the change as well, the one that is so already comes first.
        for clients in
            [[at("nsc.xml", Root), locked_out("Info.plist")], [locked_out("Info.plist"), at("nsc.xml", Root)]]
        {
            for threat in Threat::ALL.into_iter().filter(|&threat| threat.is_change()) {
                let (effect, reason) = cell(threat, &clients);
                assert_eq!(effect, Effect::MakesWorse, "{threat:?}");
                assert!(
                    reason
                        .starts_with("For Info.plist: the pins match no certificate of this chain: clients"),
                    "{reason}"
                );
            }
            assert_eq!(cell(Threat::OtherCaLogged, &clients).0, Effect::Unknown);
            assert_eq!(cell(Threat::AuthorisedCa, &clients).0, Effect::NoEffect);
        }
    }

    #[test]
    fn a_client_whose_pins_are_not_known_hides_what_others_prevent() {
        let clients = [at("leaf.txt", Leaf), client("nsc.xml", Fact::Undetermined, false)];
        assert_eq!(cell(Threat::AuthorisedCa, &clients).0, Effect::Unknown);
        assert_eq!(cell(Threat::NewIntermediate, &clients).0, Effect::Unknown);
        // One client's harm is known, whatever the other's is.
        assert_eq!(cell(Threat::NewKey, &clients).0, Effect::MakesWorse);
    }

    #[test]
    fn clients_that_do_not_differ_read_as_one() {
        for threat in Threat::ALL {
            let one = cell(threat, &[at("a.txt", Leaf)]);
            assert_eq!(cell(threat, &[at("a.txt", Leaf), at("b.txt", Leaf)]), one);
        }
        let three = [at("a.txt", Leaf), at("b.xml", Root), at("c.txt", Leaf)];
        assert!(cell(Threat::NewKey, &three).1.starts_with("For a.txt and c.txt: the pins match the leaf;"));
    }

    #[test]
    fn no_client_at_all_is_not_known() {
        assert!(Threat::ALL.into_iter().all(|threat| cell(threat, &[]).0 == Effect::Unknown));
    }
}
