//! Hashes that code compares by itself: whose they are, and for which hosts.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::gathered::Gathered;
use super::hashes::{self, Found, Hash};
use super::host_name;
use super::scan::Scan;
use crate::pins::model::{
    Confidence, Enforcement, HostPattern, Pin, PinEntry, PinSource, PinValue, PositionRule, Problem,
    ProblemKind,
};
use crate::x509::{CertificateSha256, SpkiSha256};

/// What the hashes of a file are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The SubjectPublicKeyInfo.
    Spki,
    /// The key's bits without their SubjectPublicKeyInfo.
    RawKey,
    /// The certificate.
    Certificate,
}

impl Over {
    /// The value that a hash is.
    pub(super) fn value(self, hash: Hash) -> Option<PinValue> {
        match (self, hash) {
            (Self::Spki, Hash::Sha256(hash)) => Some(PinValue::Spki(SpkiSha256(hash))),
            (Self::Spki, Hash::Sha1(hash)) => Some(PinValue::SpkiSha1(hash)),
            (Self::RawKey, Hash::Sha256(hash)) => Some(PinValue::RawKey(hash)),
            (Self::RawKey, Hash::Sha1(_)) => None,
            (Self::Certificate, Hash::Sha256(hash)) => Some(PinValue::Certificate(CertificateSha256(hash))),
            (Self::Certificate, Hash::Sha1(hash)) => Some(PinValue::CertificateSha1(hash)),
        }
    }
}

/// How a file compares.
pub(super) struct Comparison {
    pub(super) over: Over,
    pub(super) position: PositionRule,
    pub(super) enforcement: Enforcement,
    /// How sure that is where the hosts are clear.
    pub(super) confidence: Confidence,
}

/// Adds what was found to the hosts it stands with: the key of its list, or else the one host that the file compares with.
pub(super) fn place(scan: &Scan<'_>, found: &[Found], comparison: &Comparison, source: &mut Gathered) {
    let compared = hashes::compared_hosts(scan);
    for one in found {
        let Some(value) = comparison.over.value(one.hash) else { continue };
        let pin = Pin::new(&one.written, Ok(value), comparison.position, one.line);
        let pattern = match (&one.host, compared.as_slice()) {
            (Some(host), _) => Some((host.as_str(), false)),
            (None, [(host, with_subdomains)]) => Some((host.as_str(), *with_subdomains)),
            (None, _) => None,
        };
        let scope = pattern.and_then(|(host, with_subdomains)| {
            let host = host_name(host.trim_start_matches('.'))?;
            Some(if with_subdomains { HostPattern::WithSubdomains(host) } else { HostPattern::Exactly(host) })
        });
        let why = if compared.is_empty() {
            "the code names no host: it pins whatever the client that it is given to connects to"
        } else {
            "the code names several hosts, and which of them it pins is not followed"
        };
        let (scope, confidence) = match scope {
            Some(scope) => (scope, comparison.confidence.clone()),
            None => (HostPattern::Unstated, Confidence::Guessed(why.to_owned())),
        };
        let entry = PinEntry::of(scope, comparison.enforcement.clone());
        source.add(PinEntry { pins: vec![pin], line: one.line, confidence, ..entry });
    }
}

/// The entries about `host`: those that name it, or else those that name no host.
pub(in crate::pins::formats) fn about_or_all<'a>(source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
    let named = super::about(source, host);
    let is_open = |entry: &&PinEntry| entry.scope == HostPattern::Unstated;
    if named.is_empty() { source.entries.iter().filter(is_open).collect() } else { named }
}

/// Certificates that are not validated at all.
pub(super) fn no_validation(line: Option<usize>, what: &str) -> Problem {
    Problem::of(ProblemKind::NoValidation, line, what.to_owned())
}

/// Pins that are compared instead of the ordinary validation.
pub(super) fn instead(line: Option<usize>, what: &str) -> Problem {
    Problem::of(ProblemKind::InsteadOfValidation, line, what.to_owned())
}
