//! The column of DANE: TLSA records, for clients that validate them. Mail servers do; browsers do not.

use std::collections::BTreeSet;

use super::{Judgement, State, Would};
use crate::compare::{Dane, Effect, Fact, InPlace, Threat};

const USAGES: &str = "RFC 6698 section 2.1.1";
const USABLE: &str = "RFC 6698 section 4.1";
const OWN_KEY: &str = "RFC 7671 section 5.1";
const ROLLOVER: &str = "RFC 7671 section 8";
const SMTP: &str = "RFC 7672 section 3.1";
const CLIENTS: &str = "only in clients that validate DANE: mail servers, and no browser";

/// What usable TLSA records do.
pub(super) fn would(threat: Threat) -> Would {
    use Threat as T;
    match threat {
        T::OtherCaLogged
        | T::OtherCaDeceived
        | T::OtherCaUnlogged
        | T::ColludingLogs
        | T::UserRoot
        | T::SystemRoot
        | T::NetworkAttacker => Would::new(Effect::Prevents, USAGES).only(CLIENTS),
        T::AuthorisedCa => Would::new(Effect::Prevents, OWN_KEY).only(
            "only usages 3 and 1, which name the own certificate; usages 2 and 0 accept what else that CA issues",
        ),
        T::DnsHijack => Would::new(Effect::Prevents, SMTP).only(
            "only while DNSSEC is intact: whoever signs the zone, or takes over the delegation, writes the records",
        ),
        T::StolenKey => Would::new(Effect::NoEffect, ROLLOVER)
            .only("the records can leave the stolen key within their time to live"),
        T::NewKey => {
            Would::new(Effect::MakesWorse, ROLLOVER).only("unless the records name the new key before it serves")
        }
        T::NewIntermediate | T::NewCa | T::CaDistrusted => Would::new(Effect::MakesWorse, ROLLOVER).only(
            "of usages 2 and 0, or where the key changes too; a change in the DNS mends it within the time to live",
        ),
        T::LogDistrusted => Would::new(Effect::NoEffect, ROLLOVER)
            .only("as long as keys are named (selector 1): a record of the whole certificate ends with it"),
        T::DeviceOwner | T::KeyHolder | T::HostilePins => Would::new(Effect::NoEffect, USAGES),
    }
}

/// Whether there are records that clients use.
pub(super) fn state(dane: &Fact<Dane>) -> State {
    match dane {
        Fact::NotGiven => State::new(InPlace::Unknown, "TLSA records were not looked up."),
        Fact::Undetermined => State::new(InPlace::Unknown, "The TLSA records could not be determined."),
        Fact::Measured(Dane::NoRecords) => State::new(InPlace::No, "The service has no TLSA records."),
        Fact::Measured(Dane::NotUsable(why)) => {
            State::new(InPlace::No, format!("No client uses the TLSA records: {why}."))
        }
        Fact::Measured(Dane::Usable { usages, satisfied, .. }) => {
            let state = State::new(
                InPlace::Yes,
                format!("TLSA records of usage {} are secured by DNSSEC.", listed(usages)),
            );
            state.and(match satisfied.as_ref().map(BTreeSet::is_empty) {
                Some(false) => "The chain satisfies one of them.",
                Some(true) => "The chain satisfies none of them: clients that validate DANE refuse it now.",
                None => "Whether the chain satisfies them is not known.",
            })
        }
    }
}

fn listed(usages: &BTreeSet<u8>) -> String {
    usages.iter().map(u8::to_string).collect::<Vec<_>>().join(" and ")
}

/// What the records do now, for clients that validate them.
pub(super) fn judge(threat: Threat, dane: &Fact<Dane>) -> Judgement {
    match dane {
        Fact::NotGiven => Judgement::new(Effect::Unknown, "TLSA records were not looked up.", USABLE),
        Fact::Undetermined => {
            Judgement::new(Effect::Unknown, "The TLSA records could not be determined.", USABLE)
        }
        Fact::Measured(Dane::NoRecords) => {
            Judgement::new(Effect::NoEffect, "The service has no TLSA records.", USABLE)
        }
        Fact::Measured(Dane::NotUsable(why)) => {
            Judgement::new(Effect::NoEffect, format!("No client uses the TLSA records: {why}."), USABLE)
        }
        Fact::Measured(Dane::Usable { usages, satisfied, by_key }) => {
            usable(threat, usages, (satisfied.as_ref(), by_key))
        }
    }
}

fn usable(
    threat: Threat,
    usages: &BTreeSet<u8>,
    (satisfied, by_key): (Option<&BTreeSet<u8>>, &BTreeSet<u8>),
) -> Judgement {
    use Threat as T;
    let listed = listed(usages);
    let would = would(threat);
    if threat.is_change() {
        return match satisfied {
            Some(satisfied) if satisfied.is_empty() => Judgement::new(
                Effect::MakesWorse,
                "The chain satisfies none of the TLSA records: clients that validate DANE refuse it now.",
                USABLE,
            ),
            None => Judgement::new(
                Effect::Unknown,
                "Whether the chain satisfies the TLSA records is not known.",
                USABLE,
            ),
            Some(satisfied) => change(threat, satisfied, by_key),
        };
    }
    if would.effect == Effect::NoEffect {
        let reason = format!("The TLSA records are of usage {listed}, which changes nothing here.");
        return Judgement::new(Effect::NoEffect, reason, would.source);
    }
    if satisfied.is_none_or(BTreeSet::is_empty) && threat != T::NetworkAttacker {
        let reason = format!(
            "The TLSA records are of usage {listed}; what they accept is not known, as the chain was not found to \
             satisfy one."
        );
        return Judgement::new(Effect::Unknown, reason, would.source);
    }
    let of_ca = usages.contains(&0) || usages.contains(&2);
    if matches!(threat, T::AuthorisedCa) && of_ca {
        let reason = format!(
            "The TLSA records are of usage {listed}, and one that names a CA accepts whatever else that CA issues."
        );
        return Judgement::new(Effect::NoEffect, reason, USAGES);
    }
    let reason = match threat {
        T::DnsHijack => format!(
            "The TLSA records are of usage {listed} and signed: whoever cannot sign the zone cannot change them."
        ),
        _ => format!(
            "The TLSA records are of usage {listed}; clients that validate DANE refuse what they do not name."
        ),
    };
    if threat == T::DnsHijack && of_ca {
        let reason = format!(
            "The TLSA records are of usage {listed}, and one that names a CA accepts the certificate that it issues to \
             whoever took over the DNS."
        );
        return Judgement::new(Effect::NoEffect, reason, USAGES);
    }
    Judgement::new(Effect::Prevents, reason, would.source)
}

/// The chain changes and satisfies records of these usages now, those of `by_key` by a key that may stay. Every change of
/// these brings a new certificate.
fn change(threat: Threat, usages: &BTreeSet<u8>, by_key: &BTreeSet<u8>) -> Judgement {
    let own_key = by_key.contains(&3) || by_key.contains(&1);
    let of_ca = usages.contains(&2) || usages.contains(&0);
    let stays = match threat {
        Threat::NewKey => of_ca,
        // Usage 1 demands an ordinary path as well, to whichever CA.
        Threat::NewIntermediate => own_key,
        Threat::NewCa | Threat::CaDistrusted => by_key.contains(&3),
        _ => own_key || of_ca,
    };
    if stays {
        return Judgement::new(
            Effect::NoEffect,
            "A TLSA record names what stays the same, as far as only this changes.",
            ROLLOVER,
        );
    }
    Judgement::new(
        Effect::MakesWorse,
        "The TLSA records that match name what goes; mail is put off until the DNS names what comes.",
        ROLLOVER,
    )
}
