//! The column of Certificate Transparency as browsers enforce it.

use super::{CtPolicy, Effect, Fact, Judgement, Threat};

const POLICY: &str = "Chrome CT policy";
const POLICIES: &str = "CT policies of Chrome, Apple, Mozilla and Android";
const MISISSUE: &str = "RFC 6962 section 7.1";
const DETECTION: &str = "RFC 6962 section 7.2";
const LOGS: &str = "RFC 6962 section 7.3";
const LOCAL: &str = "Chrome CT, notes for enterprises";

/// What enforced CT does against `threat`.
pub(super) fn judge(threat: Threat, policy: &Fact<CtPolicy>) -> Judgement {
    match policy {
        Fact::NotGiven => Judgement::new(Effect::Unknown, "The CT policy was not judged.", POLICY),
        Fact::Undetermined => {
            Judgement::new(Effect::Unknown, "Whether the CT policy is met could not be determined.", POLICY)
        }
        Fact::Measured(CtPolicy::Met) => met(threat),
        Fact::Measured(CtPolicy::MetInPart) => met_in_part(threat),
        Fact::Measured(CtPolicy::NotMet) => not_met(threat),
    }
}

fn met(threat: Threat) -> Judgement {
    use Threat as T;
    let (effect, reason, source) = match threat {
        T::OtherCaUnlogged => (
            Effect::Prevents,
            "The host meets Chrome's policy, so browsers that enforce it refuse a certificate without enough SCTs.",
            MISISSUE,
        ),
        T::OtherCaLogged | T::OtherCaDeceived | T::AuthorisedCa | T::DnsHijack => (
            Effect::NoEffect,
            "A logged certificate meets the policy too; someone has to look for it in the logs.",
            DETECTION,
        ),
        T::ColludingLogs => (
            Effect::NoEffect,
            "Promises of colluding logs satisfy the policy; only checking their inclusion shows them.",
            LOGS,
        ),
        T::UserRoot | T::SystemRoot => {
            (Effect::NoEffect, "Browsers do not ask for SCTs under roots that were added locally.", LOCAL)
        }
        T::NetworkAttacker => {
            (Effect::NoEffect, "SCTs are looked at only after the chain was found trusted.", POLICY)
        }
        T::DeviceOwner => (Effect::NoEffect, "Whoever owns the device decides what it enforces.", LOCAL),
        T::StolenKey => (Effect::NoEffect, "The stolen key comes with the logged certificate.", MISISSUE),
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted => {
            (Effect::NoEffect, "A new certificate brings SCTs of its own, whoever issues it.", POLICY)
        }
        T::LogDistrusted => (
            Effect::MakesWorse,
            "The policy is met with the logs of today; without one of them, a new certificate may be needed.",
            POLICY,
        ),
    };
    Judgement::new(effect, reason, source)
}

/// Chrome's policy is met, and another programme's missed: its clients refuse the host's own certificate too.
fn met_in_part(threat: Threat) -> Judgement {
    use Threat as T;
    match threat {
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted => Judgement::new(
            Effect::MakesWorse,
            "Chrome accepts the certificate, but another programme's policy is missed: its clients refuse it under a public root.",
            POLICIES,
        ),
        _ => met(threat),
    }
}

fn not_met(threat: Threat) -> Judgement {
    use Threat as T;
    match threat {
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted | T::LogDistrusted => Judgement::new(
            Effect::MakesWorse,
            "The certificate does not meet Chrome's policy: browsers that enforce it refuse it under a public root.",
            POLICY,
        ),
        _ => Judgement::new(
            Effect::NoEffect,
            "The certificate does not meet Chrome's policy, so clients that reach this host do not enforce it.",
            POLICY,
        ),
    }
}
