//! The column of CAA: an instruction to CAs, read when they issue and never by clients.

use super::{CaaPolicy, CurrentIssuer, Effect, Fact, Judgement, Threat};

const SCOPE: &str = "RFC 8659 section 1";
const COMPLIANCE: &str = "RFC 8659 section 5.2";
const AUTHORISED: &str = "RFC 8659 section 5.3";
const SPOOFING: &str = "RFC 8659 section 5.4";
const RELEVANT: &str = "RFC 8659 section 3";

/// What the CAA records do against `threat`.
pub(super) fn judge(threat: Threat, policy: &Fact<CaaPolicy>) -> Judgement {
    match policy {
        Fact::NotGiven => Judgement::new(Effect::Unknown, "CAA was not looked up.", SCOPE),
        Fact::Undetermined => {
            Judgement::new(Effect::Unknown, "The CAA records could not be determined.", RELEVANT)
        }
        Fact::Measured(CaaPolicy::NoRecords) => {
            Judgement::new(Effect::NoEffect, "There is no CAA record, so any CA may issue.", RELEVANT)
        }
        Fact::Measured(CaaPolicy::Unrestricted) => Judgement::new(
            Effect::NoEffect,
            "The CAA records do not restrict who may issue, so any CA may.",
            "RFC 8659 section 4.2",
        ),
        Fact::Measured(CaaPolicy::Restrictive { permitted, current_issuer }) => {
            restrictive(threat, permitted, *current_issuer)
        }
    }
}

fn restrictive(threat: Threat, permitted: &[String], current_issuer: CurrentIssuer) -> Judgement {
    use Threat as T;
    let who = if permitted.is_empty() { "no CA".to_owned() } else { permitted.join(", ") };
    let (effect, reason, source) = match threat {
        T::OtherCaDeceived => (
            Effect::Prevents,
            format!("CAA permits {who}, so every other CA that keeps the rules has to refuse."),
            RELEVANT,
        ),
        T::OtherCaLogged | T::OtherCaUnlogged | T::ColludingLogs => (
            Effect::NoEffect,
            format!("CAA permits {who}; a CA that is under an attacker's control does not ask."),
            COMPLIANCE,
        ),
        T::AuthorisedCa => {
            (Effect::NoEffect, format!("CAA permits {who}, and their mistakes with it."), AUTHORISED)
        }
        T::DnsHijack => (
            Effect::NoEffect,
            "CAA is set, and whoever controls the DNS of the domain rewrites it.".to_owned(),
            SPOOFING,
        ),
        T::UserRoot | T::SystemRoot | T::NetworkAttacker | T::DeviceOwner | T::StolenKey => (
            Effect::NoEffect,
            "CAA is set; clients never look at it, and nobody asks a public CA here.".to_owned(),
            SCOPE,
        ),
        T::NewKey | T::NewIntermediate | T::LogDistrusted => return renewal(&who, current_issuer),
        T::NewCa | T::CaDistrusted => (
            Effect::MakesWorse,
            format!("CAA permits {who}; a new CA has to refuse until the record names it."),
            RELEVANT,
        ),
    };
    Judgement::new(effect, reason, source)
}

/// The present CA is asked again.
fn renewal(who: &str, current_issuer: CurrentIssuer) -> Judgement {
    match current_issuer {
        CurrentIssuer::Permitted => {
            Judgement::new(Effect::NoEffect, "CAA permits the present CA to issue again.", RELEVANT)
        }
        CurrentIssuer::Denied => Judgement::new(
            Effect::MakesWorse,
            format!("CAA permits {who} and not the CA in use, which has to refuse the next certificate."),
            RELEVANT,
        ),
        CurrentIssuer::Undetermined => Judgement::new(
            Effect::Unknown,
            format!("CAA permits {who}; whether that is the CA in use is not known."),
            RELEVANT,
        ),
    }
}
