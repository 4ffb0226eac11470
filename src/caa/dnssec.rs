//! What DNSSEC means for CAA: whether an answer counts, and what a CA may make of a failure.
//!
//! Source: TLS BR 3.2.2.8 (a failed look-up is permission only in a zone without a chain to the root) and
//! 3.2.2.8.1 (since 2026-03-15, ballot SC-085: CAs validate, and a validation failure is never permission).

use serde::Serialize;

use crate::evidence::dns::{DnsExchange, DnssecState};

/// How the detail of a state begins where the resolver is why nothing can be validated, and not the zone.
pub const NO_DNSSEC_FROM_RESOLVER: &str = "the resolver hands out no DNSSEC records";

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
                 and a validation failure is never permission (TLS BR 3.2.2.8.1)"
            ),
            Self::Insecure => format!(
                "{failed}; a failure is not “no CAA”; the zone is proven to be unsigned, so a CA may take the \
                 failure for permission if it lies outside the CA's own infrastructure and the look-up was retried \
                 at least once (TLS BR 3.2.2.8)"
            ),
            Self::Secure => format!(
                "{failed}; a failure is not “no CAA”, and as the zone is signed, no CA may take it for permission \
                 (TLS BR 3.2.2.8)"
            ),
            Self::Indeterminate => format!(
                "{failed}; a failure is not “no CAA”, and as the zone is not proven to be unsigned, no CA may take \
                 it for permission (TLS BR 3.2.2.8)"
            ),
            Self::Unchecked => format!(
                "{failed}; a failure is not “no CAA”, and a CA may take it for permission only where the zone is \
                 proven to be unsigned, which was not checked (TLS BR 3.2.2.8)"
            ),
        }
    }
}

/// How a bogus answer is told: with the reason, where the validator gives one.
pub(super) fn bogus(exchange: &DnsExchange) -> Option<String> {
    let reading = exchange.dnssec.as_ref().filter(|reading| reading.state == DnssecState::Bogus)?;
    Some(match &reading.detail {
        Some(why) => format!("an answer that fails DNSSEC validation: {why}"),
        None => "an answer that fails DNSSEC validation".to_owned(),
    })
}
