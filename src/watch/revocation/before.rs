//! Revocations that were verified and told before: what was revoked for good stays so, whatever can be had later.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::REVOCATION_ALERT;
use super::looked::why;
use super::told::{REVOKED, subject};
use crate::issuance::JudgedCertificate;
use crate::revocation::Status;
use crate::watch::state::{State, StateError};
use crate::x509::crl::Reason;

/// What the state has of such revocations.
pub(super) struct Before(HashMap<String, (Timestamp, Value)>);

/// Whether nothing that is at hand now tells.
fn is_open(judged: &JudgedCertificate) -> bool {
    judged.revocation.verdict().is_none_or(|verdict| verdict.status == Status::Undetermined)
}

impl Before {
    /// Asks the state what was told of those that are open now.
    pub(super) async fn of(certificates: &[JudgedCertificate], state: &State) -> Result<Self, StateError> {
        let open = certificates.iter().filter(|judged| is_open(judged));
        let subjects: Vec<String> = open.map(|judged| subject(judged, REVOKED)).collect();
        let told = state.alerts_about(REVOCATION_ALERT, &subjects).await?;
        // An alert that cannot be read says nothing.
        let read = |alert: crate::watch::state::Alert| {
            let payload: Value = serde_json::from_str(&alert.payload).ok()?;
            Some((alert.subject, (alert.created, payload["details"].clone())))
        };
        Ok(Self(told.into_iter().filter_map(read).collect()))
    }

    /// Its revocation as reports show it, where it is open now and was verified and told to be revoked for good
    /// (RFC 5280 section 5.3.1: only a hold ends). The same CA has to be known to have issued it: a list of a key that nobody
    /// knows proves nothing, and certificates of one content may be of two keys.
    pub(super) fn revocation(&self, judged: &JudgedCertificate, at: Timestamp) -> Option<Value> {
        if !is_open(judged) {
            return None;
        }
        let owner = judged.certificate.issuer.owner.as_deref()?;
        let (told, details) = self.0.get(&subject(judged, REVOKED))?;
        let mut revocation = details["revocation"].clone();
        let date = revocation["revoked_at"].as_str().and_then(|date| date.parse::<Timestamp>().ok())?;
        let is_hold = revocation["reason"] == Reason::CERTIFICATE_HOLD.to_string();
        let is_so = revocation["status"] == "revoked" && details["issuer_owner"] == owner;
        if !is_so || is_hold || date > at {
            return None;
        }
        let then = revocation["why"].as_str().unwrap_or_default();
        let words = format!(
            "Verified and told at {told}, which nothing undoes: {then} What can be had now does not tell: {}",
            why(&judged.revocation)
        );
        revocation["why"] = Value::String(words);
        Some(revocation)
    }
}
