//! Certificate revocation lists as they were fetched: once a URL, for however many certificates.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Bytes;
use super::http::{HttpExchange, HttpOutcome};

/// The CRLs of a run.
pub type Crls = Vec<Arc<CrlObservation>>;

/// One CRL, by the URL that a certificate names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrlObservation {
    /// The URL, as it stands in the certificate.
    pub url: String,
    /// When it was asked for, or not.
    pub asked_at: Timestamp,
    /// Why nothing was asked in this run, if nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_asked: Option<String>,
    /// What an earlier run kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptCrl>,
    /// The request of this run, and what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<HttpExchange>,
}

/// A CRL that an earlier run fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCrl {
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// When the server last said that it is the current one.
    pub seen_at: Timestamp,
    /// The list as it came.
    pub octets: Bytes,
}

/// A list that is there to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchedCrl<'a> {
    /// Its octets.
    pub octets: &'a [u8],
    /// When they were fetched.
    pub fetched_at: Timestamp,
    /// Whether an earlier run did.
    pub from_cache: bool,
}

impl CrlObservation {
    /// One for which nothing was asked, and why.
    pub fn not_asked(url: impl Into<String>, asked_at: Timestamp, why: impl Into<String>) -> Self {
        Self { url: url.into(), asked_at, not_asked: Some(why.into()), kept: None, exchange: None }
    }

    /// The list: what was fetched now, else what was kept.
    pub fn list(&self) -> Option<FetchedCrl<'_>> {
        if let Some(HttpOutcome::Response(response)) = self.outcome()
            && response.status == 200
        {
            let octets = &response.body;
            return Some(FetchedCrl { octets, fetched_at: self.asked_at, from_cache: false });
        }
        let kept = self.kept.as_ref()?;
        Some(FetchedCrl { octets: &kept.octets, fetched_at: kept.fetched_at, from_cache: true })
    }

    /// Why there is none, or none of this run, in words.
    pub fn failure(&self) -> Option<String> {
        if let Some(why) = &self.not_asked {
            return Some(format!("it was not asked for: {why}"));
        }
        match self.outcome()? {
            HttpOutcome::Response(response) if matches!(response.status, 200 | 304) => None,
            HttpOutcome::Response(response) => {
                Some(format!("the server answered with HTTP status {}", response.status))
            }
            HttpOutcome::Failed(failure) => Some(failure.to_string()),
        }
    }

    fn outcome(&self) -> Option<&HttpOutcome> {
        self.exchange.as_ref().and_then(HttpExchange::outcome)
    }
}
