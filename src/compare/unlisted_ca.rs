//! What an attacker's certificate of a CA that the owner does not use would meet, in one sentence: which clients refuse
//! it, which accept it, and when somebody would see it. It joins what the pins, CT and a watch of the logs do; what is
//! not known of one is said to be so.

use super::headlines::in_words;
use super::{Cell, ClientProtection, ClientThreat, Control, Effect, Threat};

/// What clients do with such a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Refused,
    IfLogged,
    PerhapsIfLogged,
    Accepted,
    NotKnown,
}

impl Answer {
    const ALL: [Self; 5] =
        [Self::Refused, Self::IfLogged, Self::PerhapsIfLogged, Self::Accepted, Self::NotKnown];

    fn of(client: &ClientProtection) -> Self {
        let threat = |wanted: Threat| client.threats.iter().find(|threat| threat.id == wanted.id());
        let (Some(logged), Some(unlogged)) = (threat(Threat::OtherCaLogged), threat(Threat::OtherCaUnlogged))
        else {
            return Self::NotKnown;
        };
        match (logged.effect, unlogged.effect) {
            (Effect::Prevents, _) => Self::Refused,
            _ if may_refuse(logged) => Self::NotKnown,
            (_, Effect::Prevents) => Self::IfLogged,
            _ if may_refuse(unlogged) => Self::PerhapsIfLogged,
            _ => Self::Accepted,
        }
    }

    fn clause(self, whose: &str) -> String {
        match self {
            Self::Refused => format!("refused by {whose}"),
            Self::IfLogged => format!("accepted by {whose} if it is logged"),
            Self::PerhapsIfLogged => {
                format!("accepted by {whose} if it is logged, and perhaps if not")
            }
            Self::Accepted => format!("accepted by {whose}, logged or not"),
            Self::NotKnown => format!("whether {whose} would refuse it is not known"),
        }
    }
}

/// Whether a control of which it is not known what it does would make the attack fail. A revocation follows what was
/// found, and refuses nothing at first.
fn may_refuse(threat: &ClientThreat) -> bool {
    let open = if threat.effect == Effect::Unknown { &threat.by } else { &threat.unknown };
    let of_threat = Threat::ALL.into_iter().find(|own| own.id() == threat.id);
    let refuses = |control: &Control| {
        let would = of_threat.map(|threat| super::controls::would(*control, threat).effect);
        // What an app's own anchors do is not known of them alone.
        *control == Control::CaTrust || *control != Control::Revocation && would == Some(Effect::Prevents)
    };
    open.iter().any(refuses)
}

/// The sentence; `watch` is what the expectation of issuers does about a certificate of another CA that is logged.
pub(super) fn sentence(clients: &[ClientProtection], watch: Option<&Cell>) -> String {
    let (mut known, mut open): (Vec<String>, Option<String>) = (Vec::new(), None);
    for answer in Answer::ALL {
        let whose: Vec<String> = clients
            .iter()
            .filter(|client| Answer::of(client) == answer)
            .map(|client| client.client.title())
            .collect();
        if whose.is_empty() {
            continue;
        }
        let clause = answer.clause(&super::headlines::enumerated(&whose));
        if answer == Answer::NotKnown { open = Some(clause) } else { known.push(clause) }
    }
    if known.is_empty() && open.is_none() {
        open = Some("which clients the host serves is not known".to_owned());
    }
    let met = match (known.is_empty(), open) {
        (true, open) => format!(": {}", open.unwrap_or_default()),
        (false, None) => format!(" would be {}", known.join("; ")),
        (false, Some(open)) => format!(" would be {}; {open}", known.join("; ")),
    };
    let seen = match watch.map(|cell| (cell.effect, cell.within.as_ref())) {
        Some((Effect::Detects, Some(within))) => format!("in the logs it would be seen {}", in_words(within)),
        Some((Effect::Detects, None)) => "in the logs it would be seen, how soon is not known".to_owned(),
        Some((Effect::NoEffect, _)) => "in the logs nobody would see it: nobody watches them".to_owned(),
        _ => "whether anybody would see it in the logs is not known".to_owned(),
    };
    format!("An attacker's certificate of a CA that is not listed{met}; {seen}.")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::SignedDuration;

    use crate::compare::*;
    use crate::x509::ChainPosition;

    fn told(facts: &MeasuredFacts, clients: &[ClientClass]) -> String {
        let stated = Circumstances { clients: clients.to_vec(), ..Circumstances::default() };
        compare(facts, &stated).unlisted_ca
    }

    #[test]
    fn what_pins_ct_and_a_watch_do_is_joined() {
        let pins = Pins::Pinned {
            enforcement: PinEnforcement::Enforced,
            matches: Fact::Measured(PinMatches {
                positions: BTreeSet::from([ChainPosition::Root]),
                unmatched: 1,
                ..PinMatches::default()
            }),
            locked_out: false,
            overridden_for_user_anchors: false,
        };
        let android = ClientClass::Android { target_level: Some(35) };
        let own = ClientPins { client: "app.xml".to_owned(), class: Some(android), pins };
        let within = Within {
            at_best: SignedDuration::ZERO,
            at_worst: Some(SignedDuration::from_hours(26)),
            measured_by: "measured".to_owned(),
        };
        let watch = Watch { by: "the watch".to_owned(), within: Some(within), ..Watch::default() };
        let mut facts = MeasuredFacts {
            pins: Fact::Measured(vec![own]),
            expectation: Fact::Measured(Expectation::Expected),
            log_watch: Fact::Measured(LogWatch::Watched(watch)),
            ..MeasuredFacts::default()
        };
        let clients = [android, ClientClass::Server];
        // Whether servers go by TLSA records was not measured.
        assert_eq!(
            told(&facts, &clients),
            "An attacker's certificate of a CA that is not listed would be refused by Android apps that target \
             API 35; whether other servers would refuse it is not known; in the logs it would be seen within \
             1 d 2 h."
        );
        facts.log_watch = Fact::Measured(LogWatch::NotWatched);
        assert!(told(&facts, &clients).ends_with("in the logs nobody would see it: nobody watches them."));
        facts.expectation = Fact::NotGiven;
        assert!(told(&facts, &clients).ends_with("whether anybody would see it in the logs is not known."));
    }

    #[test]
    fn ct_refuses_what_is_in_no_log() {
        let client = |client, unlogged| {
            let threat = |threat: Threat, effect| ClientThreat {
                id: threat.id(),
                effect,
                by: Vec::new(),
                unknown: Vec::new(),
                within: None,
                only: None,
                why: String::new(),
            };
            ClientProtection {
                client,
                served: Served::Stated,
                evidence: String::new(),
                controls: Vec::new(),
                threats: vec![
                    threat(Threat::OtherCaLogged, Effect::NoEffect),
                    threat(Threat::OtherCaUnlogged, unlogged),
                ],
            }
        };
        let clients = [
            client(ClientClass::Browser, Effect::Prevents),
            client(ClientClass::Ios, Effect::Prevents),
            client(ClientClass::Server, Effect::NoEffect),
        ];
        let told = super::sentence(&clients, None);
        assert!(
            told.contains("would be accepted by browsers and iOS apps if it is logged; accepted by other servers, logged or not;"),
            "{told}"
        );
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let told = told(&MeasuredFacts::default(), &[ClientClass::Ios]);
        assert!(told.contains(" not listed: whether iOS apps would refuse it is not known;"), "{told}");
        let nothing = super::sentence(&[], None);
        assert!(nothing.contains(" not listed: which clients the host serves is not known;"), "{nothing}");
    }
}
