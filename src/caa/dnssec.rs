//! What DNSSEC means for CAA: whether an answer counts, and what a CA may make of a failure.
//!
//! Source: TLS BR 3.2.2.8, 4.2.2.1 since version 2.2.8 (a failed look-up is permission only in a zone without a chain
//! to the root) and 3.2.2.8.1, 4.2.2.2 since version 2.3.0 (since 2026-03-15, ballot SC-085: CAs validate, and a
//! validation failure is never permission).

use serde::Serialize;

use super::{BR_CAA, BR_DNSSEC};
use crate::evidence::dns::{DnsExchange, DnssecState, Unfinished};

/// The state of an answer under DNSSEC (RFC 4035 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dnssec {
    /// Validated up to a trust anchor.
    Secure,
    /// Proven to be unsigned.
    Insecure,
    /// It should validate, and does not.
    Bogus,
    /// Validation could not be finished.
    Indeterminate,
    /// Validation was not tried.
    Unchecked,
}

impl Dnssec {
    /// The state that was recorded with an exchange.
    pub(super) fn of(exchange: &DnsExchange) -> Self {
        match exchange.dnssec.as_ref().map(|reading| reading.state) {
            None => Self::Unchecked,
            Some(DnssecState::Secure) => Self::Secure,
            Some(DnssecState::Insecure) => Self::Insecure,
            Some(DnssecState::Bogus) => Self::Bogus,
            Some(DnssecState::Indeterminate) => Self::Indeterminate,
        }
    }

    /// What a CA may make of an answer that failed, or of a bogus one, at `at`.
    pub(super) fn of_failure(self, at: &impl std::fmt::Display, detail: &str) -> String {
        let failed = format!("the look-up failed at {at} ({detail})");
        match self {
            Self::Bogus => format!(
                "the look-up ended at {at} with {detail}; bogus never permits: since 2026-03-15 CAs validate DNSSEC, \
                 and a validation failure is never permission ({BR_DNSSEC})"
            ),
            Self::Insecure => format!(
                "{failed}; a failure is not “no CAA”; the zone is proven to be unsigned, so a CA may take the \
                 failure for permission if it lies outside the CA's own infrastructure and the look-up was retried \
                 at least once ({BR_CAA})"
            ),
            Self::Secure => format!(
                "{failed}; a failure is not “no CAA”, and as the zone is signed, no CA may take it for permission \
                 ({BR_CAA})"
            ),
            Self::Indeterminate if is_unfinished(detail) => format!(
                "the look-up ended at {at} with {detail}; the answer may be forged, and counts only once a CA has \
                 finished the validation ({BR_DNSSEC})"
            ),
            Self::Indeterminate => format!(
                "{failed}; a failure is not “no CAA”, and as the zone is not proven to be unsigned, no CA may take \
                 it for permission ({BR_CAA})"
            ),
            Self::Unchecked => format!(
                "{failed}; a failure is not “no CAA”, and a CA may take it for permission only where the zone is \
                 proven to be unsigned, which was not checked ({BR_CAA})"
            ),
        }
    }
}

/// Why neither the records nor the “none” of an answer count, if they do not: it is bogus, or whoever had it changed
/// may have kept its validation from being finished. An answer that failed anyway is not told here, unless it is bogus.
///
/// Answers count without validation where the resolver shows that it has no DNSSEC to offer, so that there is nothing
/// to finish, and where the zone has no signature that the validator could verify: that is an unsigned zone to it
/// (RFC 4035 section 5.2).
pub(crate) fn not_counted(exchange: &DnsExchange) -> Option<String> {
    let reading = exchange.dnssec.as_ref()?;
    let what = match (reading.state, reading.unfinished) {
        (DnssecState::Bogus, _) => BOGUS,
        (
            DnssecState::Indeterminate,
            Some(Unfinished::ResolverWithoutDnssec | Unfinished::UnsupportedAlgorithm),
        )
        | (DnssecState::Secure | DnssecState::Insecure, _) => return None,
        (DnssecState::Indeterminate, _) => UNFINISHED,
    };
    Some(match &reading.detail {
        Some(why) => format!("{what}: {why}"),
        None => what.to_owned(),
    })
}

/// Whether this is what [`not_counted`] says of an answer whose validation could not be finished. No failure is told so.
pub(crate) fn is_unfinished(detail: &str) -> bool {
    detail.starts_with(UNFINISHED)
}

/// Whether a validator's detail says that the resolver's root is another than ours: then nothing below was reached.
pub(crate) fn is_of_another_root(detail: &str) -> bool {
    detail.contains("are not those of the trust anchor")
}

/// How a bogus answer is told.
const BOGUS: &str = "an answer that fails DNSSEC validation";

/// How an answer is told whose validation could not be finished.
const UNFINISHED: &str = "an answer whose DNSSEC validation could not be finished";
