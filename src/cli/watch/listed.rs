//! A certificate as a report lists it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::rules::Severity;
use crate::watch::alert::Notice;
use crate::watch::follow::{CERTIFICATE_ALERT, Summary};
use crate::watch::state::Alert;

/// A certificate as a report lists it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Listed {
    /// What makes precertificate and certificate one.
    pub(super) tbs_sha256: String,
    /// How much it matters.
    pub(super) severity: Severity,
    /// In one line.
    pub(super) title: String,
    /// In several.
    #[serde(skip)]
    pub(super) text: String,
    /// Whether the issuer is expected, as the contract names it.
    pub(super) expectation: String,
    /// Whether what it claims could be read.
    pub(super) is_determined: bool,
    /// The facts.
    pub(super) details: Value,
}

impl Listed {
    /// The certificate that an alert is about, if it is about one.
    pub(super) fn of(alert: &Alert) -> Option<Self> {
        if alert.kind != CERTIFICATE_ALERT {
            return None;
        }
        let notice = Notice::new(alert);
        let details: Value = notice
            .details
            .as_ref()
            .and_then(|details| serde_json::from_str(details.get()).ok())
            .unwrap_or_default();
        let said = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            tbs_sha256: said(&details["tbs_sha256"]).unwrap_or_else(|| alert.subject.clone()),
            // What cannot be read is no less than what could not be determined.
            severity: notice.severity.unwrap_or(Severity::Medium),
            title: notice.headline(),
            text: notice.text.clone().unwrap_or_default(),
            expectation: said(&details["issuer"]["status"]).unwrap_or_else(|| "undetermined".to_owned()),
            is_determined: details["undetermined"].is_null() && !details.is_null(),
            details,
        })
    }

    /// The same by what is judged of it now.
    pub(super) fn anew(summary: Summary) -> Self {
        Self {
            tbs_sha256: summary.tbs_sha256,
            severity: summary.severity,
            title: summary.title,
            text: summary.text,
            expectation: summary.expectation.to_owned(),
            is_determined: summary.is_determined,
            details: summary.details,
        }
    }

    /// Whether anything about it that matters could not be determined.
    pub(super) fn is_open(&self) -> bool {
        !self.is_determined || self.expectation == "undetermined"
    }

    /// The key that issued it, where that is proven: certificates of one content that two keys issued are two.
    pub(super) fn issuer_key(&self) -> Option<&str> {
        let issuer = &self.details["issuer"];
        let is_proven =
            !matches!(issuer["proven_by"].as_str(), None | Some("none" | "claim" | "source_claim"));
        issuer["spki_sha256"].as_str().filter(|_| is_proven)
    }

    /// Whether a certificate at hand made its signature: nothing that is found later proves more.
    pub(super) fn is_signature_proven(&self) -> bool {
        self.details["issuer"]["proven_by"] == "signature"
    }

    /// Whether it bears the name of a CA whose key did not issue it.
    pub(super) fn is_forged(&self) -> bool {
        !self.details["issuer"]["forged_name_of"].is_null()
    }

    /// Whether it should not be there: by its CA, by a forged name of one, or by a key or name that the owner does not list.
    pub(super) fn is_unexpected(&self) -> bool {
        self.expectation == "unexpected" || self.is_forged() || self.details["unexpected"] == true
    }

    /// Whether the owner accepts it, whoever issued it.
    pub(super) fn is_accepted(&self) -> bool {
        self.details["accepted"] == true
    }

    /// Whether it has ended.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        let end = self.details["certificate"]["not_after"].as_str();
        end.and_then(|end| end.parse::<Timestamp>().ok()).is_some_and(|end| end < now)
    }
}
