//! The columns of the table, one control a file: what the control does where it is in place, whether it is in place,
//! and what it does now.

mod caa;
mod caa_bound;
pub(super) mod ct;
mod dane;
mod dynamic;
mod hpkp;
mod idle;
mod levels;
mod monitor;
mod pinned_clients;
mod pins;
mod revocation;
mod trust;

pub(super) use self::idle::never_matters;
use self::levels::Level;
use super::{
    Cell, Column, Control, CoveringName, Dnssec, Effect, InPlace, MeasuredFacts, Pins, Threat, Within,
    covering,
};

/// One cell of the table.
pub(super) fn cell(control: Control, threat: Threat, facts: &MeasuredFacts) -> Cell {
    let Judgement { effect, reason, source, within } = judge(control, threat, facts);
    let would = would(control, threat);
    Cell {
        control,
        effect,
        would: would.effect,
        condition: would.condition.map(str::to_owned),
        within,
        reason,
        source,
    }
}

/// One control's column.
pub(super) fn column(control: Control, facts: &MeasuredFacts) -> Column {
    let State { in_place, evidence } = match control {
        Control::CaTrust => trust::state(&facts.public_trust),
        Control::Ct => ct::state(&facts.ct_policy),
        Control::Caa => caa::state(&facts.caa).and_covering(&covering::of_other_cas(&facts.caa_covering)),
        Control::CaaBound => {
            caa_bound::state(&facts.caa, &facts.caa_binding).and_covering(&facts.caa_covering)
        }
        Control::IssuerExpectation => monitor::state(&facts.expectation, &facts.log_watch),
        Control::Pins => pinned_clients::state(&facts.pins),
        Control::LeafPin => levels::state(Level::Leaf, &facts.pins),
        Control::IntermediatePin => levels::state(Level::Intermediate, &facts.pins),
        Control::RootPin => levels::state(Level::Root, &facts.pins),
        Control::DynamicPins => dynamic::state(&facts.dynamic_pins, &facts.beside_dynamic),
        Control::Hpkp => hpkp::state(&facts.hpkp),
        Control::Dane => dane::state(&facts.dane),
        Control::Revocation => revocation::state(&facts.revocation),
    };
    Column { control, title: control.title(), in_place, evidence }
}

/// What a control does where it is in place.
pub(super) fn would(control: Control, threat: Threat) -> Would {
    match control {
        Control::CaTrust => trust::would(threat),
        Control::Ct => ct::would(threat),
        Control::Caa => caa::would(threat),
        Control::CaaBound => caa_bound::would(threat),
        Control::IssuerExpectation => monitor::would(threat),
        Control::Pins => pinned_clients::would(threat),
        Control::LeafPin => levels::would(Level::Leaf, threat),
        Control::IntermediatePin => levels::would(Level::Intermediate, threat),
        Control::RootPin => levels::would(Level::Root, threat),
        Control::DynamicPins => dynamic::would(threat),
        Control::Hpkp => hpkp::would(threat),
        Control::Dane => dane::would(threat),
        Control::Revocation => revocation::would(threat),
    }
}

/// What one client's pins do against a threat.
pub(super) fn of_pins(threat: Threat, pins: &Pins) -> Effect {
    pins::judge(threat, pins).effect
}

/// What a control does now: nothing, where it is not known and would do nothing whatever it is.
pub(super) fn judge(control: Control, threat: Threat, facts: &MeasuredFacts) -> Judgement {
    let judged = measured(control, threat, facts);
    if judged.effect == Effect::Unknown && never_matters(control, threat) {
        let reason = "Whatever its state is, it changes nothing here.";
        return Judgement::new(Effect::NoEffect, reason, would(control, threat).source);
    }
    judged
}

/// What a control does by its facts.
fn measured(control: Control, threat: Threat, facts: &MeasuredFacts) -> Judgement {
    match control {
        Control::CaTrust => trust::judge(threat, &facts.public_trust),
        Control::Ct => ct::judge(threat, &facts.ct_policy, ct::CHROME),
        Control::Caa => caa::besides(caa::judge(threat, &facts.caa, dnssec(facts)), threat, facts)
            .covering(threat, &covering::of_other_cas(&facts.caa_covering)),
        Control::CaaBound => {
            caa::besides(caa_bound::judge(threat, &facts.caa, &facts.caa_binding), threat, facts)
                .covering(threat, &facts.caa_covering)
        }
        Control::IssuerExpectation => monitor::judge(threat, &facts.expectation, &facts.log_watch),
        Control::Pins => pinned_clients::judge(threat, &facts.pins),
        Control::LeafPin => levels::judge(Level::Leaf, threat, &facts.pins),
        Control::IntermediatePin => levels::judge(Level::Intermediate, threat, &facts.pins),
        Control::RootPin => levels::judge(Level::Root, threat, &facts.pins),
        Control::DynamicPins => dynamic::judge(threat, &facts.dynamic_pins, &facts.beside_dynamic),
        Control::Hpkp => hpkp::judge(threat, &facts.hpkp),
        Control::Dane => dane::judge(threat, &facts.dane),
        Control::Revocation => revocation::judge(threat, &facts.revocation),
    }
}

/// What DNSSEC says of the CAA look-ups.
fn dnssec(facts: &MeasuredFacts) -> Dnssec {
    facts.caa_binding.measured().map_or(Dnssec::Unknown, |binding| binding.dnssec)
}

/// What a control does where it is in place, whatever was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Would {
    pub(super) effect: Effect,
    /// On what that depends.
    pub(super) condition: Option<&'static str>,
    pub(super) source: &'static str,
}

impl Would {
    fn new(effect: Effect, source: &'static str) -> Self {
        Self { effect, condition: None, source }
    }

    /// The same under a condition.
    fn only(self, condition: &'static str) -> Self {
        Self { condition: Some(condition), ..self }
    }
}

/// Whether a control is in place, and by what evidence.
struct State {
    in_place: InPlace,
    evidence: Vec<String>,
}

impl State {
    fn new(in_place: InPlace, evidence: impl Into<String>) -> Self {
        Self { in_place, evidence: vec![evidence.into()] }
    }

    /// The same with a further sentence.
    fn and(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// The same with what other names let in.
    fn and_covering(self, names: &[CoveringName]) -> Self {
        match covering::told(names) {
            Some(told) => self.and(format!("{told}.")),
            None => self,
        }
    }
}

/// What a control does now, before it is put into its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) effect: Effect,
    pub(super) reason: String,
    pub(super) source: &'static str,
    pub(super) within: Option<Within>,
}

impl Judgement {
    pub(super) fn new(effect: Effect, reason: impl Into<String>, source: &'static str) -> Self {
        Self { effect, reason: reason.into(), source, within: None }
    }

    /// The same, with what other names let in, where that is what the threat is about.
    fn covering(self, threat: Threat, names: &[CoveringName]) -> Self {
        let is_issuance =
            matches!(threat, Threat::OtherCaDeceived | Threat::AuthorisedCa | Threat::DnsHijack);
        match covering::told(names).filter(|_| is_issuance) {
            Some(told) => Self { reason: format!("{} {told}.", self.reason), ..self },
            None => self,
        }
    }

    /// The same, with how long detection takes.
    fn within(self, within: Option<Within>) -> Self {
        Self { within, ..self }
    }
}

#[cfg(test)]
mod tests;
