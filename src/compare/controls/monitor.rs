//! The column of the owner's expectation: which issuers are expected, and who compares.
//!
//! A check compares the certificate that one host serves to one place. A certificate served to somebody else
//! is only seen by watching the logs, so that is asked for separately.

use jiff::SignedDuration;

use super::{Judgement, State, Would};
use crate::compare::{Effect, Expectation, Fact, InPlace, LogWatch, Threat, Watch, Within};

const DETECTION: &str = "RFC 6962 section 7.2";
const LOGS: &str = "RFC 6962 section 7.3";

/// What watching the logs by an expectation does.
pub(super) fn would(threat: Threat) -> Would {
    use Threat as T;
    match threat {
        T::OtherCaLogged | T::OtherCaDeceived => Would::new(Effect::Detects, DETECTION)
            .only("after the log's merge delay, the interval of looking and the handling of the alert"),
        T::AuthorisedCa | T::DnsHijack => Would::new(Effect::Detects, DETECTION).only(
            "only where keys or orders are compared: a rule about CAs alone sees the CA that may issue",
        ),
        T::ColludingLogs => Would::new(Effect::NoEffect, LOGS)
            .only("unless somebody checks that what has an SCT is in its log"),
        _ => Would::new(Effect::NoEffect, DETECTION),
    }
}

/// Whether the logs are watched by an expectation.
pub(super) fn state(expectation: &Fact<Expectation>, watch: &Fact<LogWatch>) -> State {
    let expectation = match expectation {
        Fact::NotGiven => return State::new(InPlace::Unknown, "No expected issuer was given."),
        Fact::Undetermined => {
            return State::new(InPlace::Unknown, "Whether the issuer is expected could not be determined.");
        }
        Fact::Measured(Expectation::Expected) => "The issuer served here is expected.",
        Fact::Measured(Expectation::Unexpected) => "The issuer served here is not expected.",
    };
    let (in_place, what) = match watch {
        Fact::NotGiven => (InPlace::Unknown, "Whether anyone watches the logs was not measured.".to_owned()),
        Fact::Undetermined => (InPlace::Unknown, "What the logs hold could not be determined.".to_owned()),
        Fact::Measured(LogWatch::NotWatched) => (InPlace::No, "Nobody watches the logs.".to_owned()),
        Fact::Measured(LogWatch::Watched(Watch { by, lacks: Some(lacks), .. })) => {
            (InPlace::Partly, format!("The logs are watched in part by {by}: {lacks}."))
        }
        Fact::Measured(LogWatch::Watched(Watch { by, .. })) => {
            (InPlace::Yes, format!("The logs are watched by {by}."))
        }
        Fact::Measured(LogWatch::LookedUp(Watch { by, .. })) => {
            (InPlace::Partly, format!("{by} was asked once, by this check."))
        }
    };
    let state = State::new(in_place, expectation).and(what);
    match watch.measured() {
        Some(LogWatch::Watched(watch) | LogWatch::LookedUp(watch)) => state.and(if watch.compares_keys {
            "The keys of what is found are compared with known_keys."
        } else {
            "Keys are not compared: no known_keys are given."
        }),
        _ => state,
    }
}

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
        )
        .within(Some(Within {
            at_best: SignedDuration::ZERO,
            at_worst: None,
            measured_by: "It was served to this check; how long it was served before is not known.".to_owned(),
        })),
        _ => expected(threat, &Fact::NotGiven),
    }
}

fn expected(threat: Threat, watch: &Fact<LogWatch>) -> Judgement {
    use Threat as T;
    let (effect, reason) = match threat {
        T::OtherCaLogged | T::OtherCaDeceived => {
            return seen(watch, "a certificate of an issuer not expected");
        }
        T::AuthorisedCa | T::DnsHijack if compares_keys(watch) => {
            return seen(watch, "a certificate with a key that is not listed");
        }
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
        T::KeyHolder => (Effect::NoEffect, "Whoever holds the key has the expected certificate with it."),
        T::HostilePins => (Effect::NoEffect, "The expectation looks at certificates, and sets no pins."),
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted | T::LogDistrusted => (
            Effect::NoEffect,
            "A new issuer is reported until the expectation names it; no user is locked out.",
        ),
    };
    Judgement::new(effect, reason, DETECTION)
}

/// Whether somebody looks into the logs and compares keys.
fn compares_keys(watch: &Fact<LogWatch>) -> bool {
    matches!(watch.measured(), Some(LogWatch::Watched(watch) | LogWatch::LookedUp(watch)) if watch.compares_keys)
}

/// Whether `what`, in the logs, comes to light.
fn seen(watch: &Fact<LogWatch>, what: &str) -> Judgement {
    let (effect, reason) = match watch {
        Fact::NotGiven => (
            Effect::Unknown,
            "The issuer served here is expected; whether anyone watches the logs for others was not measured."
                .to_owned(),
        ),
        Fact::Undetermined => (
            Effect::Unknown,
            "The issuer served here is expected; what the logs hold beside it could not be determined."
                .to_owned(),
        ),
        Fact::Measured(LogWatch::Watched(watch)) => {
            return match &watch.lacks {
                None => Judgement::new(
                    Effect::Detects,
                    format!("The logs are watched by {}, and {what} is reported, if it goes by the policy given here.", watch.by),
                    DETECTION,
                )
                .within(watch.within.clone()),
                Some(lacks) => Judgement::new(
                    Effect::Unknown,
                    format!("The logs are watched by {} in part, and {what} may be missed: {lacks}.", watch.by),
                    DETECTION,
                ),
            };
        }
        Fact::Measured(LogWatch::LookedUp(watch)) => {
            return match &watch.lacks {
                None => Judgement::new(
                    Effect::Detects,
                    format!("This check asked {} and reports {what}; the next one is seen when it is run again.", watch.by),
                    DETECTION,
                )
                .within(watch.within.clone()),
                Some(lacks) => Judgement::new(
                    Effect::Unknown,
                    format!("This check asked {}, which did not tell all: {lacks}.", watch.by),
                    DETECTION,
                ),
            };
        }
        Fact::Measured(LogWatch::NotWatched) => (
            Effect::NoEffect,
            "The issuer served here is expected, but nobody watches the logs for certificates of others."
                .to_owned(),
        ),
    };
    Judgement::new(effect, reason, DETECTION)
}
