//! Whether a certificate says where its revocation can be looked up, and whether it has to.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::x509::Certificate;
use crate::x509::distribution::{Point, Pointers};

/// Where a certificate sends who wants to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Provision {
    /// The URLs of its CRLs, in order.
    pub crl_urls: Vec<String>,
    /// The URLs of its OCSP responders.
    pub ocsp_urls: Vec<String>,
    /// Whether it lives so shortly that it needs neither.
    pub short_lived: bool,
}

impl Provision {
    pub(super) fn of(certificate: &Certificate, pointers: &Pointers<'_>) -> Self {
        Self {
            crl_urls: pointers.points.iter().flat_map(Point::urls).collect(),
            ocsp_urls: pointers.ocsp.clone(),
            short_lived: is_short_lived(certificate),
        }
    }

    /// Whether it names nothing, though it lives long enough to be revoked.
    pub fn is_missing(&self) -> bool {
        self.crl_urls.is_empty() && self.ocsp_urls.is_empty() && !self.short_lived
    }
}

/// Whether it is a Short-lived Subscriber Certificate (Baseline Requirements 1.6.1): at most ten days if issued from
/// 15 March 2024 on, at most seven if issued from 15 March 2026 on; no CA's certificate is one.
pub fn is_short_lived(certificate: &Certificate) -> bool {
    !certificate.is_ca && is_short_period(certificate.not_before, certificate.not_after)
}

/// Whether a subscriber's certificate of this period is a short-lived one.
pub fn is_short_period(issued: Timestamp, end: Timestamp) -> bool {
    const SINCE: i64 = 1_710_460_800;
    const SHORTER_SINCE: i64 = 1_773_532_800;
    let days = match issued {
        _ if issued < second(SINCE) => return false,
        _ if issued < second(SHORTER_SINCE) => 10,
        _ => 7,
    };
    // The last second belongs to the period (RFC 5280 section 4.1.2.5).
    let period = end.duration_since(issued).saturating_add(SignedDuration::from_secs(1));
    period <= SignedDuration::from_hours(24).saturating_mul(days)
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or_default()
}
