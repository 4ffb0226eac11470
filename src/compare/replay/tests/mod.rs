//! The model, on histories made by hand.
#![allow(clippy::arithmetic_side_effects, reason = "the tests choose their own numbers")]

mod bounds;
mod known_cases;
mod least;
mod limits;
mod model;
mod now;
mod own_keys;
mod unexpected;
mod waiting;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::pins::{EnforcementMode, Pin, PinValue, PositionRule};
use crate::x509::{CertificateSha256, ChainPosition, Fingerprints, PathCertificate, SpkiSha256};

/// A day, or a moment.
pub(super) fn at(text: &str) -> Timestamp {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    whole.parse().unwrap()
}

/// A key by a name of its own, or a real one by its pin.
pub(super) fn key(name: &str) -> SpkiSha256 {
    SpkiSha256::from_base64(name).unwrap_or_else(|| SpkiSha256::of(name.as_bytes()))
}

/// A way up, the issuing CA first.
pub(super) fn path(keys: &[&str], is_trusted: bool, from: &str, until: &str) -> CaPath {
    let last = keys.len() - 1;
    let certificate = |(place, name): (usize, &&str)| PathCertificate {
        position: if place == last { ChainPosition::Root } else { ChainPosition::Intermediate },
        spki_sha256: key(name),
        sha256: CertificateSha256::of(name.as_bytes()),
        subject: (*name).to_owned(),
        fingerprints: Fingerprints::default(),
    };
    let certificates = keys.iter().enumerate().map(certificate).collect();
    CaPath { certificates, trusted: is_trusted, from: at(from), until: at(until) }
}

/// One that holds for all of the time that tests are about.
pub(super) fn lasting(keys: &[&str]) -> CaPath {
    path(keys, true, "2000-01-01", "2050-01-01")
}

/// An issuing CA with the ways up.
#[derive(Clone)]
pub(super) struct Ca {
    owner: &'static str,
    key: SpkiSha256,
    paths: Arc<[CaPath]>,
}

pub(super) fn ca(owner: &'static str, name: &str, paths: Vec<CaPath>) -> Ca {
    Ca { owner, key: key(name), paths: paths.into() }
}

/// A certificate of host.example.
pub(super) fn certificate(leaf: &str, ca: &Ca, from: &str, until: &str) -> HistoricCertificate {
    HistoricCertificate {
        label: format!("{leaf} {from}"),
        sha256: Some(hash(leaf, from)),
        serial: None,
        key: key(leaf),
        key_type: None,
        issuer: ca.owner.to_owned(),
        issuer_key: Some(ca.key),
        not_before: at(from),
        not_after: at(until),
        first_logged: Some(at(from)),
        first_logged_by: Some(LoggedBy::Log),
        names: vec!["host.example".to_owned()],
        paths: Arc::clone(&ca.paths),
    }
}

pub(super) fn hash(leaf: &str, from: &str) -> CertificateSha256 {
    CertificateSha256::of(format!("{leaf} {from}").as_bytes())
}

pub(super) fn history(certificates: Vec<HistoricCertificate>, now: &str) -> History {
    History {
        host: "host.example".parse().unwrap(),
        certificates,
        ca_keys: Vec::new(),
        known_cas: BTreeSet::new(),
        pins: Vec::new(),
        flagged: None,
        asked: Vec::new(),
        left_out: Vec::new(),
        coverage: Vec::new(),
        served_now: None,
        at: at(now),
    }
}

/// Pins that are enforced, of these keys anywhere on the path.
pub(super) fn given(keys: &[&str], released: Option<&str>) -> GivenPins {
    let pin = |name: &&str| Pin {
        written: (*name).to_owned(),
        value: Ok(PinValue::Spki(key(name))),
        position: PositionRule::Any,
        key_itself: None,
        line: None,
        label: None,
        tlsa: None,
        ends: None,
    };
    GivenPins {
        client: "app".to_owned(),
        released: released.map(at),
        enforcement: EnforcementMode::Yes,
        expiry: None,
        pins: keys.iter().map(pin).collect(),
        forbidden: Vec::new(),
        unread: 0,
    }
}

/// The replayed pins of a level.
pub(super) fn level(replay: &Replay, level: Level, backup: bool) -> &ReplayedPinSet {
    let wanted = PinSetKind::Hypothetical { level, backup };
    replay.pin_sets.iter().find(|set| set.kind == wanted).unwrap()
}

/// The replayed pins as given, of one client.
pub(super) fn as_given(replay: &Replay) -> &ReplayedPinSet {
    replay.pin_sets.iter().find(|set| matches!(set.kind, PinSetKind::Given { .. })).unwrap()
}
