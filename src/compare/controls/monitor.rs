//! The column of the owner's expectation: which issuers are expected, and who compares.
//!
//! A check compares the certificate that one host serves to one place. A certificate served to somebody else
//! is only seen by watching the logs, so that is asked for separately.

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
        Fact::Measured(LogWatch::Watched(Watch { by, older, .. })) => {
            let older = older.as_ref().map(|older| format!(": {older}")).unwrap_or_default();
            (InPlace::Yes, format!("The logs are watched by {by}{older}."))
        }
        Fact::Measured(LogWatch::LookedUp(Watch { by, .. })) => (
            InPlace::Partly,
            format!(
                "{by} was asked once, by this check, which is no watch; whether anyone watches was not measured."
            ),
        ),
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
        Fact::Measured(expectation) => {
            let (effect, reason, within) = compared(threat, *expectation, watch);
            Judgement::new(effect, reason, DETECTION).within(within)
        }
    }
}

/// What it does, where it is known whether the issuer is expected. That this check reports the certificate which was served
/// to it says nothing of others.
fn compared(
    threat: Threat,
    expectation: Expectation,
    watch: &Fact<LogWatch>,
) -> (Effect, String, Option<Within>) {
    use Threat as T;
    let issuer = match expectation {
        Expectation::Expected => "The issuer served here is expected",
        Expectation::Unexpected => "The issuer served here is not expected, which this check reports",
    };
    let reason = match threat {
        T::OtherCaLogged | T::OtherCaDeceived => {
            return seen(issuer, watch, "a certificate of an issuer not expected");
        }
        T::AuthorisedCa | T::DnsHijack if compares_keys(watch) => {
            return seen(issuer, watch, "a certificate with a key that is not listed");
        }
        T::OtherCaUnlogged | T::ColludingLogs => {
            format!("{issuer}; one that is in no log cannot be compared with anything.")
        }
        T::AuthorisedCa | T::DnsHijack => {
            "The expectation names the CA, which is the one that issues; only an unexpected key would show it.".to_owned()
        }
        T::UserRoot | T::SystemRoot | T::NetworkAttacker | T::DeviceOwner => {
            "The expectation looks at what the host serves and what the logs hold, not at what a device trusts.".to_owned()
        }
        T::StolenKey => "The stolen key comes with the expected certificate.".to_owned(),
        T::KeyHolder => "Whoever holds the key has the expected certificate with it.".to_owned(),
        T::HostilePins => "The expectation looks at certificates, and sets no pins.".to_owned(),
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted | T::LogDistrusted => {
            "A new issuer is reported until the expectation names it; no user is locked out.".to_owned()
        }
    };
    (Effect::NoEffect, reason, None)
}

/// Whether somebody looks into the logs and compares keys.
fn compares_keys(watch: &Fact<LogWatch>) -> bool {
    matches!(watch.measured(), Some(LogWatch::Watched(watch) | LogWatch::LookedUp(watch)) if watch.compares_keys)
}

/// Whether `what`, in the logs, comes to light.
fn seen(issuer: &str, watch: &Fact<LogWatch>, what: &str) -> (Effect, String, Option<Within>) {
    match watch {
        Fact::NotGiven => (
            Effect::Unknown,
            format!("{issuer}; whether anyone watches the logs for others was not measured."),
            None,
        ),
        Fact::Undetermined => (
            Effect::Unknown,
            format!("{issuer}; what the logs hold beside it could not be determined."),
            None,
        ),
        Fact::Measured(LogWatch::Watched(Watch { by, lacks: None, within, .. })) => (
            Effect::Detects,
            format!(
                "The logs are watched by {by}, and {what} is reported, if it goes by the policy given here."
            ),
            within.clone(),
        ),
        Fact::Measured(LogWatch::Watched(Watch { by, lacks: Some(lacks), .. })) => (
            Effect::Unknown,
            format!("The logs are watched by {by} in part, and {what} may be missed: {lacks}."),
            None,
        ),
        // It may lag, lack logs or know nothing of the name, and of what comes later nobody is told.
        Fact::Measured(LogWatch::LookedUp(Watch { by, .. })) => (
            Effect::Unknown,
            format!(
                "{issuer}; this check asked {by} once and reports {what} that it gave: what it does not have, or what is \
                 logged later, comes to light only if somebody looks again, which was not measured."
            ),
            None,
        ),
        Fact::Measured(LogWatch::NotWatched) => (
            Effect::NoEffect,
            format!("{issuer}, but nobody watches the logs for certificates of others."),
            None,
        ),
    }
}
