//! The pins of a host as the comparison wants them.

use std::collections::BTreeSet;

use crate::compare::{Fact, PinEnforcement, PinMatches, Pins};
use crate::pins::{EnforcementMode, EntryVerdict, PinMatch, PinsStatus, PinsVerdict};

/// What was measured of the pins.
pub(super) fn measured(verdict: &PinsVerdict) -> Fact<Pins> {
    match verdict.status {
        PinsStatus::NoPinSources => return Fact::NotGiven,
        PinsStatus::Undetermined => return Fact::Undetermined,
        PinsStatus::Pinned | PinsStatus::NotPinned => {}
    }
    let applying: Vec<&EntryVerdict> = verdict
        .sources
        .iter()
        .flat_map(|source| &source.entries)
        .filter(|entry| entry.applies && !entry.pins.is_empty())
        .collect();
    // Clients differ by what their own pins say; the strongest mode that any of them has is shown.
    let Some(enforcement) = [EnforcementMode::Yes, EnforcementMode::Report, EnforcementMode::No]
        .into_iter()
        .find(|&mode| applying.iter().any(|entry| entry.enforced == mode))
    else {
        return Fact::Measured(Pins::NotPinned);
    };
    let in_force: Vec<&EntryVerdict> =
        applying.into_iter().filter(|entry| entry.enforced == enforcement).collect();
    Fact::Measured(Pins::Pinned {
        enforcement: match enforcement {
            EnforcementMode::Yes => PinEnforcement::Enforced,
            EnforcementMode::Report => PinEnforcement::ReportOnly,
            EnforcementMode::No => PinEnforcement::Off,
        },
        matches: matches(&in_force),
    })
}

fn matches(entries: &[&EntryVerdict]) -> Fact<PinMatches> {
    if !entries.iter().any(|entry| entry.is_compared()) {
        return Fact::NotGiven;
    }
    let mut positions = BTreeSet::new();
    let mut unmatched = 0;
    for pin in entries.iter().flat_map(|entry| &entry.pins) {
        match pin.matches {
            PinMatch::At(position) => {
                positions.insert(position);
            }
            PinMatch::None | PinMatch::WrongPlace(_) => unmatched += 1,
            PinMatch::NotChecked => {}
        }
    }
    Fact::Measured(PinMatches { positions, unmatched })
}
