//! The best that the controls in place do about each threat for one kind of client; of a change without an attacker, the
//! worst, for there a control can only harm.

use super::{ClientClass, ClientControl, ClientThreat, Enforced, android};
use crate::compare::controls::{self, Judgement, ct};
use crate::compare::{Control, Effect, MeasuredFacts, Threat};

/// Each threat, by the controls that the client goes by and the facts of its own.
pub(super) fn threats(
    client: ClientClass,
    controls: &[ClientControl],
    own: &MeasuredFacts,
) -> Vec<ClientThreat> {
    Threat::ALL
        .into_iter()
        .map(|threat| {
            let judged = controls
                .iter()
                .filter(|one| one.enforced != Enforced::No)
                .map(|one| {
                    let judged = own_way(client, one.control, threat, own)
                        .unwrap_or_else(|| relevant(one.control, threat, own));
                    (one, of_client(one, judged))
                })
                .collect::<Vec<_>>();
            let weighed = weigh(threat, &judged);
            let only = (weighed.effect == Effect::Prevents)
                .then(|| android::devices(client, threat, &weighed.by, own))
                .flatten();
            ClientThreat { only, ..weighed }
        })
        .collect()
}

/// What a control does where this kind of client has a way of its own.
fn own_way(client: ClientClass, control: Control, threat: Threat, own: &MeasuredFacts) -> Option<Judgement> {
    let programme = match client {
        ClientClass::Ios => ct::APPLE,
        ClientClass::Android { .. } => ct::ANDROIDS,
        ClientClass::Browser | ClientClass::Server | ClientClass::Mail => return None,
    };
    android::judge(client, control, threat, own).or_else(|| {
        let judged = (control == Control::Ct).then(|| ct::judge(threat, &own.ct_policy, programme))?;
        Some(if is_idle(control, threat, &judged) { idle(judged) } else { judged })
    })
}

/// What a control does; nothing, where it is not known and could do nothing against an attack whatever it is.
fn relevant(control: Control, threat: Threat, own: &MeasuredFacts) -> Judgement {
    let judged = controls::judge(control, threat, own);
    if is_idle(control, threat, &judged) { idle(judged) } else { judged }
}

fn is_idle(control: Control, threat: Threat, judged: &Judgement) -> bool {
    let would = controls::would(control, threat).effect;
    !threat.is_change() && judged.effect == Effect::Unknown && would == Effect::NoEffect
}

fn idle(judged: Judgement) -> Judgement {
    Judgement { effect: Effect::NoEffect, ..judged }
}

/// What a control does for the client: not known, where it is not known whether the client goes by it.
fn of_client(control: &ClientControl, judgement: Judgement) -> Judgement {
    if control.enforced == Enforced::Unknown && judgement.effect != Effect::NoEffect {
        // What the control would do says more than that the client may not have it, where neither is known.
        let reason = if judgement.effect == Effect::Unknown { judgement.reason } else { control.why.clone() };
        return Judgement { effect: Effect::Unknown, reason, within: None, ..judgement };
    }
    judgement
}

fn weigh(threat: Threat, judged: &[(&ClientControl, Judgement)]) -> ClientThreat {
    let order = if threat.is_change() {
        [Effect::MakesWorse, Effect::Unknown, Effect::NoEffect, Effect::Detects, Effect::Prevents]
    } else {
        [Effect::Prevents, Effect::Detects, Effect::MakesWorse, Effect::Unknown, Effect::NoEffect]
    };
    let effect = order
        .into_iter()
        .find(|effect| judged.iter().any(|(_, judgement)| judgement.effect == *effect))
        .unwrap_or(Effect::NoEffect);
    let with = |effect: Effect| judged.iter().filter(move |(_, judgement)| judgement.effect == effect);
    let controls = |effect: Effect| with(effect).map(|(one, _)| one.control).collect::<Vec<Control>>();
    let within = with(effect)
        .filter_map(|(_, judgement)| judgement.within.clone())
        .min_by_key(|within| (within.at_worst.is_none(), within.at_worst, within.at_best));
    let why = with(effect).map(|(_, judgement)| judgement.reason.as_str()).next();
    ClientThreat {
        id: threat.id(),
        effect,
        by: if effect == Effect::NoEffect { Vec::new() } else { controls(effect) },
        unknown: if matches!(effect, Effect::Prevents | Effect::Unknown) {
            Vec::new()
        } else {
            controls(Effect::Unknown)
        },
        within,
        only: None,
        why: match effect {
            Effect::NoEffect if threat.is_change() => "Nothing that it goes by stands in the way.".to_owned(),
            Effect::NoEffect => "Nothing that it goes by stops or shows it.".to_owned(),
            _ => why.unwrap_or_default().to_owned(),
        },
    }
}
