//! Pins that protect nobody, and apps without any beside others that have some.

use super::criteria::Weighed;
use super::known::{Known, Pinned, named};
use crate::compare::{PinEnforcement, Pins};

/// Pins that are there and not in force.
pub(super) fn enforcement(known: &Known<'_>) -> Weighed {
    let off = || {
        known.clients().filter(|client| {
            matches!(
                client.pins,
                Pins::Pinned { enforcement: PinEnforcement::ReportOnly | PinEnforcement::Off, .. }
            )
        })
    };
    if off().next().is_none() {
        return Weighed::Silent;
    }
    Weighed::Wrong {
        text: "Pins are there and refuse nothing.".to_owned(),
        evidence: named(off().map(|client| client.client.as_str())),
        change: "Decide: take them out, or enforce them again; as they are they only look like protection."
            .to_owned(),
    }
}

/// Apps, or versions of one, that do not pin the host, where another one does.
pub(super) fn every_app(known: &Known<'_>) -> Weighed {
    let without = known.beside(&Pins::NotPinned);
    if known.pinned() != Pinned::Yes || without.is_empty() {
        return Weighed::Silent;
    }
    Weighed::Wrong {
        text: "One app, or version of it, pins the host, and another one that was given does not.".to_owned(),
        evidence: format!("without pins for the host: {}", named(without.into_iter())),
        change: "Decide for each app: pin in all of them, or in none; what only one of them is to do, ask with its files alone."
            .to_owned(),
    }
}

/// What is open where builds of an app have a configuration without pins in the place of one that pins.
pub(super) fn perhaps_of_another_build(known: &Known<'_>) -> Option<String> {
    let files = known.beside(&Pins::OtherBuild);
    (!files.is_empty()).then(|| {
        format!(
            "Are the builds that take {} released, and do they connect to this host? They have no pins for it, and others \
             have: ask about each build with its own file or package alone (--pins).",
            named(files.into_iter())
        )
    })
}

/// What is open where it is not known whether a configuration without pins is of the app that has them.
pub(super) fn perhaps_of_another_app(known: &Known<'_>) -> Option<String> {
    let files = known.beside(&Pins::Unknown);
    (!files.is_empty()).then(|| {
        format!(
            "Are the pins those of the app with {}, which has none itself? It is not known: give one folder or \
             package that holds all of that app, or ask about each app with its files alone.",
            named(files.into_iter())
        )
    })
}
