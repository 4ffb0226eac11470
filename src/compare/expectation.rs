//! The column of the owner's expectation: which issuers are expected, and who compares.
//!
//! A check compares the certificate that one host serves to one place. A certificate served to somebody else
//! is only seen by watching the logs, so that is asked for separately.

use super::{Effect, Expectation, Fact, Judgement, LogWatch, Threat};

const DETECTION: &str = "RFC 6962 section 7.2";

/// What an expectation of issuers does against `threat`.
pub(super) fn judge(threat: Threat, expectation: &Fact<Expectation>, watch: &Fact<LogWatch>) -> Judgement {
    match expectation {
        Fact::NotGiven => Judgement::new(Effect::Unknown, "No expected issuer was given.", DETECTION),
        Fact::Undetermined => Judgement::new(
            Effect::Unknown,
            "Whether the issuer is expected could not be determined.",
            DETECTION,
        ),
        Fact::Measured(Expectation::Unexpected) => unexpected(threat),
        Fact::Measured(Expectation::Expected) => expected(threat, watch),
    }
}

fn unexpected(threat: Threat) -> Judgement {
    use Threat as T;
    match threat {
        T::OtherCaLogged | T::OtherCaDeceived => Judgement::new(
            Effect::Detects,
            "The certificate that was served comes from an issuer that is not expected, and this check says so.",
            DETECTION,
        ),
        _ => expected(threat, &Fact::NotGiven),
    }
}

fn expected(threat: Threat, watch: &Fact<LogWatch>) -> Judgement {
    use Threat as T;
    let (effect, reason) = match threat {
        T::OtherCaLogged | T::OtherCaDeceived => return other_ca(watch),
        T::OtherCaUnlogged | T::ColludingLogs => (
            Effect::NoEffect,
            "The issuer served here is expected; one that is in no log cannot be compared with anything.",
        ),
        T::AuthorisedCa | T::DnsHijack => (
            Effect::NoEffect,
            "The expectation names the CA, which is the one that issues; only an unexpected key would show it.",
        ),
        T::UserRoot | T::SystemRoot | T::NetworkAttacker | T::DeviceOwner => (
            Effect::NoEffect,
            "The expectation looks at what the host serves and what the logs hold, not at what a device trusts.",
        ),
        T::StolenKey => (Effect::NoEffect, "The stolen key comes with the expected certificate."),
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted | T::LogDistrusted => (
            Effect::NoEffect,
            "A new issuer is reported until the expectation names it; no user is locked out.",
        ),
    };
    Judgement::new(effect, reason, DETECTION)
}

fn other_ca(watch: &Fact<LogWatch>) -> Judgement {
    let (effect, reason) = match watch {
        Fact::NotGiven => (
            Effect::Unknown,
            "The issuer served here is expected; whether anyone watches the logs for others was not measured.",
        ),
        Fact::Undetermined => (
            Effect::Unknown,
            "The issuer served here is expected; what the logs hold beside it could not be determined.",
        ),
        Fact::Measured(LogWatch::Watched) => (
            Effect::Detects,
            "The logs are watched, and a certificate of an issuer not expected is reported.",
        ),
        Fact::Measured(LogWatch::NotWatched) => (
            Effect::NoEffect,
            "The issuer served here is expected, but nobody watches the logs for certificates of others.",
        ),
    };
    Judgement::new(effect, reason, DETECTION)
}
