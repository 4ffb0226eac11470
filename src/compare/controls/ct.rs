//! The column of Certificate Transparency as browsers enforce it.

use super::{Judgement, State, Would};
use crate::compare::{CtPolicy, Effect, Fact, InPlace, Threat};

const POLICY: &str = "Chrome CT policy";
const POLICIES: &str = "CT policies of Chrome, Apple, Mozilla and Android";
const MISISSUE: &str = "RFC 6962 section 7.1";
const DETECTION: &str = "RFC 6962 section 7.2";
const LOGS: &str = "RFC 6962 section 7.3";
const LOCAL: &str = "Chrome CT, notes for enterprises";
const ANDROID: &str = "Android developer guide, “Network security configuration” (certificateTransparency)";

/// What CT does in clients that enforce it.
pub(super) fn would(threat: Threat) -> Would {
    use Threat as T;
    match threat {
        T::OtherCaLogged | T::OtherCaDeceived | T::AuthorisedCa | T::DnsHijack => {
            Would::new(Effect::NoEffect, DETECTION).only("a logged certificate satisfies the policy")
        }
        T::OtherCaUnlogged => Would::new(Effect::Prevents, POLICIES).only(
            "only in clients that enforce it: Chrome, Firefox, Apple's systems, apps that target Android 17; not in other servers",
        ),
        T::ColludingLogs => {
            Would::new(Effect::NoEffect, LOGS).only("unless somebody checks that the logs keep their promises")
        }
        T::UserRoot => Would::new(Effect::NoEffect, LOCAL)
            .only("it is not enforced under roots that were added; a user's anchor in an app's configuration switches it off"),
        T::SystemRoot => Would::new(Effect::Prevents, ANDROID).only(
            "only in apps that target Android 17, for which a root in the system's store is a public one; not in browsers",
        ),
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted => Would::new(Effect::NoEffect, POLICY)
            .only("the new certificate brings SCTs of its own; what the logs themselves do is A5"),
        T::LogDistrusted => Would::new(Effect::MakesWorse, POLICY).only(
            "little: policies ask for logs of several operators, and Android accepts where its log list is missing or too old",
        ),
        T::NetworkAttacker | T::DeviceOwner | T::StolenKey | T::KeyHolder | T::HostilePins => {
            Would::new(Effect::NoEffect, POLICY)
        }
    }
}

/// Whether the policies are met.
pub(super) fn state(policy: &Fact<CtPolicy>) -> State {
    match policy {
        Fact::NotGiven => State::new(InPlace::Unknown, "The CT policies were not judged."),
        Fact::Undetermined => {
            State::new(InPlace::Unknown, "Whether the CT policies are met could not be determined.")
        }
        Fact::Measured(CtPolicy::Met) => {
            State::new(InPlace::Yes, "The SCTs meet Chrome's policy, and no other one is known to be missed.")
        }
        Fact::Measured(CtPolicy::MetInPart) => {
            State::new(InPlace::Partly, "The SCTs meet Chrome's policy, and miss another programme's.")
        }
        Fact::Measured(CtPolicy::NotMet) => State::new(InPlace::No, "The SCTs do not meet Chrome's policy."),
        Fact::Measured(CtPolicy::NotAsked) => State::new(
            InPlace::No,
            "The chain ends at a root that was given, and clients ask for SCTs under public roots alone.",
        ),
    }
}

/// Whose policy is judged, and who enforces it.
#[derive(Clone, Copy, Debug)]
pub(in crate::compare) struct Programme {
    owner: &'static str,
    clients: &'static str,
    source: &'static str,
}

/// Chrome's: it decides the column, for it has the most users and the newest list.
pub(super) const CHROME: Programme =
    Programme { owner: "Chrome's", clients: "browsers that enforce it", source: POLICY };
/// Apple's.
pub(in crate::compare) const APPLE: Programme = Programme {
    owner: "Apple's",
    clients: "Apple's systems",
    source: "Apple's Certificate Transparency policy (support.apple.com/103214)",
};
/// Android's.
pub(in crate::compare) const ANDROIDS: Programme =
    Programme { owner: "Android's", clients: "apps that ask for it", source: ANDROID };

/// What enforced CT does against `threat`, by one programme's policy.
pub(in crate::compare) fn judge(threat: Threat, policy: &Fact<CtPolicy>, programme: Programme) -> Judgement {
    match policy {
        Fact::NotGiven => Judgement::new(Effect::Unknown, "The CT policy was not judged.", programme.source),
        Fact::Undetermined => Judgement::new(
            Effect::Unknown,
            "Whether the CT policy is met could not be determined.",
            programme.source,
        ),
        Fact::Measured(CtPolicy::Met) => met(threat, programme),
        Fact::Measured(CtPolicy::MetInPart) => met_in_part(threat, programme),
        Fact::Measured(CtPolicy::NotMet) => not_met(threat, programme),
        Fact::Measured(CtPolicy::NotAsked) => not_asked(threat, programme),
    }
}

/// The host's own certificate needs no SCTs, and one that a public CA issues for the name does.
fn not_asked(threat: Threat, programme: Programme) -> Judgement {
    if threat == Threat::OtherCaUnlogged {
        let reason = format!(
            "Whatever this host serves, {} refuse an attacker's certificate of a public CA that has not enough SCTs.",
            programme.clients
        );
        return Judgement::new(Effect::Prevents, reason, MISISSUE);
    }
    let reason =
        "The host's chain ends at a root that was given, and clients ask for SCTs under public roots alone.";
    Judgement::new(Effect::NoEffect, reason, LOCAL)
}

fn met(threat: Threat, programme: Programme) -> Judgement {
    use Threat as T;
    let Programme { owner, clients, source: policy } = programme;
    let (effect, reason, source) = match threat {
        T::OtherCaUnlogged => {
            let reason = format!(
                "The host meets {owner} policy, so {clients} refuse a certificate without enough SCTs."
            );
            return Judgement::new(Effect::Prevents, reason, MISISSUE);
        }
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
            (Effect::NoEffect, "SCTs are looked at only after the chain was found trusted.", policy)
        }
        T::DeviceOwner => (Effect::NoEffect, "Whoever owns the device decides what it enforces.", LOCAL),
        T::StolenKey => (Effect::NoEffect, "The stolen key comes with the logged certificate.", MISISSUE),
        T::KeyHolder => {
            (Effect::NoEffect, "Whoever holds the key has the logged certificate with it.", MISISSUE)
        }
        T::HostilePins => (Effect::NoEffect, "SCTs set no pins.", policy),
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted => {
            (Effect::NoEffect, "A new certificate brings SCTs of its own, whoever issues it.", policy)
        }
        T::LogDistrusted => (
            Effect::MakesWorse,
            "The policy is met with the logs of today; without one of them, a new certificate may be needed.",
            policy,
        ),
    };
    Judgement::new(effect, reason, source)
}

/// Chrome's policy is met, and another programme's missed: its clients refuse the host's own certificate too.
fn met_in_part(threat: Threat, programme: Programme) -> Judgement {
    use Threat as T;
    match threat {
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted => Judgement::new(
            Effect::MakesWorse,
            "Chrome accepts the certificate, but another programme's policy is missed: its clients refuse it under a public root.",
            POLICIES,
        ),
        _ => met(threat, programme),
    }
}

fn not_met(threat: Threat, programme: Programme) -> Judgement {
    let Programme { owner, clients, source } = programme;
    let (effect, reason) = if threat == Threat::OtherCaUnlogged {
        // What this host serves is no matter to them.
        let reason = format!(
            "Whatever this host serves, {clients} refuse an attacker's certificate of a public CA that has not enough \
             SCTs; the host's own does not meet {owner} policy either, and they refuse it, too."
        );
        (Effect::Prevents, reason)
    } else if threat.is_change() {
        let reason =
            format!("The certificate does not meet {owner} policy: {clients} refuse it under a public root.");
        (Effect::MakesWorse, reason)
    } else {
        let reason = format!(
            "The certificate does not meet {owner} policy, so clients that reach this host do not enforce it."
        );
        (Effect::NoEffect, reason)
    };
    Judgement::new(effect, reason, source)
}
