//! Asking who issued for a name: crt.sh, Cert Spotter, and the state of `pinstead watch`.
//!
//! What they tell is recorded as it came; `issuance::sources` reads it.

use std::sync::Arc;
use std::time::Duration;

use super::http::{HttpClient, Secret};
use crate::dns_name::DnsName;
use crate::evidence::issuance::IssuanceObservation;
use crate::issuance::reported::SourceKind;
use crate::watch::state::State;

/// Where crt.sh is.
pub const CRT_SH: &str = "https://crt.sh/";
/// Where the API of Cert Spotter is.
pub const CERT_SPOTTER: &str = "https://api.certspotter.com/v1/issuances";

/// What to ask whom.
pub struct Asking {
    /// The name; those below it belong to it.
    pub name: DnsName,
    /// Who asks.
    pub http: HttpClient,
    /// The sources; their answers come in this order.
    pub sources: Vec<AskedSource>,
}

/// A source to ask.
pub enum AskedSource {
    /// crt.sh.
    CrtSh(CrtSh),
    /// Cert Spotter.
    CertSpotter(CertSpotter),
    /// The state of `pinstead watch`.
    WatchState(WatchState),
    /// One that is not asked, so that the report says so.
    NotAsked {
        /// Which one.
        source: SourceKind,
        /// Where it is.
        place: String,
        /// Why it is not asked.
        why: String,
    },
}

/// How to ask crt.sh.
#[derive(Clone, Debug)]
pub struct CrtSh {
    /// Where it is.
    pub url: String,
    /// Whether expired certificates are left out.
    pub is_unexpired_only: bool,
    /// How many unexpired certificates are fetched one by one, at most: a row has neither key nor issuer's key.
    pub most_certificates: usize,
    /// The pause between two questions.
    pub pause: Duration,
}

impl Default for CrtSh {
    /// Everything it has, a hundred certificates with it, a question a second: it refuses those who ask more often.
    fn default() -> Self {
        Self {
            url: CRT_SH.to_owned(),
            is_unexpired_only: false,
            most_certificates: 100,
            pause: Duration::from_secs(1),
        }
    }
}

/// How to ask Cert Spotter.
#[derive(Clone, Debug)]
pub struct CertSpotter {
    /// Where its API is.
    pub url: String,
    /// The token of an account; without one it answers few questions an hour.
    pub token: Option<Secret>,
    /// How many pages are read, at most.
    pub most_pages: usize,
}

impl Default for CertSpotter {
    fn default() -> Self {
        Self { url: CERT_SPOTTER.to_owned(), token: None, most_pages: 1000 }
    }
}

/// The state of `pinstead watch`.
pub struct WatchState {
    /// The state, opened.
    pub state: Arc<State>,
    /// Where it is, without anything secret.
    pub place: String,
    /// Whether the name, or one above it, is watched, as the policy says.
    pub is_watched: Option<bool>,
}

/// Asks all sources, those on the network at the same time.
#[expect(clippy::unused_async, reason = "nothing is asked yet")]
pub async fn ask(asking: &Asking) -> IssuanceObservation {
    IssuanceObservation { name: asking.name.clone(), sources: Vec::new() }
}
