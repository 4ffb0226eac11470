//! When a certificate came into being: CAs date certificates back, so that SCTs are later than notBefore.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::{SignedDuration, Timestamp};

use super::verdict::SctVerdict;
use crate::x509::Certificate;

/// How much later than its notBefore a certificate may have been made (Baseline Requirements 7.1.2.7: “within 48
/// hours of the certificate signing operation”).
const BACKDATING: SignedDuration = SignedDuration::from_hours(48);

/// The last moment at which an SCT may have been made and still belong to the certificate's issuance.
pub(super) fn latest(certificate: &Certificate) -> Timestamp {
    let latest = certificate.not_before.saturating_add(BACKDATING).unwrap_or(Timestamp::MAX);
    latest.min(certificate.not_after).max(certificate.not_before)
}

/// The first moment of a certificate's life at which there was one: the later of its notBefore and the newest SCT
/// of its issuance.
pub(super) fn first_moment(certificate: &Certificate, scts: &[SctVerdict]) -> Timestamp {
    let latest = latest(certificate);
    let counts = |sct: &&SctVerdict| sct.outcome.signature_stands() || sct.outcome.is_open();
    let made = scts.iter().filter(counts).filter_map(|sct| sct.timestamp);
    made.filter(|time| *time <= latest).fold(certificate.not_before, Timestamp::max)
}
