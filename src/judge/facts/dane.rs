//! TLSA records that were looked up: whether clients use them, and what they match.

use std::collections::BTreeSet;

use crate::compare::{Dane, Fact};
use crate::evidence::dns::DnssecState;
use crate::pins::{HostPattern, PinMatch, PinVerdict, PinsVerdict, ProblemKind, SourceState, SourceVerdict};

/// The port for mail between servers, where usages 0 and 1 are left aside (RFC 7672 section 3.1.3).
const SMTP: u16 = 25;

/// The records of the look-up. A zone file does not tell what the DNS answers, nor whether it is signed.
pub(super) fn records(pins: &PinsVerdict) -> Fact<Dane> {
    let Some(source) = pins.sources.iter().find(|source| source.is_looked_up()) else {
        return Fact::NotGiven;
    };
    let is_unheard = source.problems.iter().any(|problem| problem.kind == ProblemKind::NotRead);
    if source.state != SourceState::Read || is_unheard {
        return Fact::Undetermined;
    }
    let records: Vec<(&PinVerdict, u8)> = usable(source).collect();
    let has_any = source.entries.iter().any(|entry| !entry.pins.is_empty());
    match source.dnssec {
        _ if !has_any && source.dnssec == Some(DnssecState::Bogus) => {
            Fact::Measured(Dane::NotUsable("the answer fails DNSSEC validation".to_owned()))
        }
        _ if !has_any => Fact::Measured(Dane::NoRecords),
        Some(DnssecState::Insecure) => {
            Fact::Measured(Dane::NotUsable("the zone is not signed with DNSSEC".to_owned()))
        }
        Some(DnssecState::Bogus) => Fact::Measured(Dane::NotUsable("they fail DNSSEC validation".to_owned())),
        Some(DnssecState::Indeterminate) | None => Fact::Undetermined,
        Some(DnssecState::Secure) if records.is_empty() => {
            Fact::Measured(Dane::NotUsable("none of them is of a form that clients know".to_owned()))
        }
        Some(DnssecState::Secure) => {
            let is_compared = records.iter().all(|(pin, _)| pin.matches != PinMatch::NotChecked);
            let satisfied: BTreeSet<u8> =
                records.iter().filter(|(pin, _)| pin.matches.matches()).map(|(_, usage)| *usage).collect();
            Fact::Measured(Dane::Usable {
                usages: records.iter().map(|(_, usage)| *usage).collect(),
                satisfied: (is_compared || !satisfied.is_empty()).then_some(satisfied),
            })
        }
    }
}

/// The records that clients of the service use, with the usage of each.
fn usable(source: &SourceVerdict) -> impl Iterator<Item = (&PinVerdict, u8)> {
    source.entries.iter().flat_map(|entry| {
        let is_mail = matches!(entry.scope, HostPattern::Service { port: SMTP, .. });
        entry.pins.iter().filter_map(move |pin| {
            let usage = pin.pin.tlsa?.usage;
            (pin.pin.value.is_ok() && !(is_mail && usage < 2)).then_some((pin, usage))
        })
    })
}
