//! Asking who issued for a name: crt.sh, Cert Spotter, and the state of `pinstead watch`.
//!
//! What they tell is recorded as it came; `issuance::sources` reads it.

mod cert_spotter;
mod crt_sh;
mod state_pages;
mod watch_state;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

pub use self::state_pages::StatePages;
pub use self::watch_state::alert_queues;
use super::clock::{self, Stopwatch};
use super::http::{HttpClient, HttpRequest, Secret, usable};
use crate::dns_name::DnsName;
use crate::evidence::http::{HttpAttempt, HttpExchange, HttpFailure, HttpOutcome};
use crate::evidence::issuance::{IssuanceObservation, IssuanceSource, Told, WatchStateReading};
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

impl Asking {
    /// The sources that are asked.
    pub fn asked(&self) -> impl Iterator<Item = SourceKind> + '_ {
        self.sources.iter().filter_map(|source| match source {
            AskedSource::CrtSh(_) => Some(SourceKind::CrtSh),
            AskedSource::CertSpotter(_) => Some(SourceKind::CertSpotter),
            AskedSource::WatchState(_) => Some(SourceKind::WatchState),
            AskedSource::NotAsked { .. } => None,
        })
    }
}

/// A source to ask.
#[derive(Clone)]
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
    /// How many unexpired certificates are fetched one by one, at most, each with its precertificate: a row has neither key
    /// nor issuer's key.
    pub most_certificates: usize,
    /// How many names below are asked for one by one, at most, where an answer was cut off.
    pub most_narrower: usize,
    /// The pause between two questions.
    pub pause: Duration,
    /// How long all of it may take.
    pub patience: Duration,
}

impl Default for CrtSh {
    /// Everything it has, a hundred certificates with it, a question a second: it refuses those who ask more often.
    fn default() -> Self {
        Self {
            url: CRT_SH.to_owned(),
            is_unexpired_only: false,
            most_certificates: 100,
            most_narrower: 30,
            pause: Duration::from_secs(1),
            patience: Duration::from_mins(10),
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
    /// How long all of it may take.
    pub patience: Duration,
}

impl Default for CertSpotter {
    fn default() -> Self {
        Self {
            url: CERT_SPOTTER.to_owned(),
            token: None,
            most_pages: 1000,
            patience: Duration::from_mins(10),
        }
    }
}

/// The state of `pinstead watch`.
#[derive(Clone)]
pub struct WatchState {
    /// The state, opened.
    pub state: Arc<State>,
    /// Where it is, without anything secret.
    pub place: String,
    /// Whether the name, or one above it, is watched, as the policy says.
    pub is_watched: Option<bool>,
}

/// Asks all sources, those on the network at the same time.
pub async fn ask(asking: &Asking) -> IssuanceObservation {
    ask_telling(asking, |_| {}).await
}

/// Asks all sources as [`ask`] does, and tells of each of [`Asking::asked`] that it has answered.
pub async fn ask_telling(asking: &Asking, answered: impl Fn(SourceKind)) -> IssuanceObservation {
    let mut told = Vec::new();
    let mut tasks = JoinSet::new();
    for (place, source) in asking.sources.iter().enumerate() {
        let (name, http) = (asking.name.clone(), asking.http.clone());
        match source {
            AskedSource::CrtSh(how) => {
                let how = how.clone();
                let kind = SourceKind::CrtSh;
                tasks.spawn(async move { (kind, (place, crt_sh::ask(&name, &http, &how).await)) });
            }
            AskedSource::CertSpotter(how) => {
                let how = how.clone();
                let kind = SourceKind::CertSpotter;
                tasks.spawn(async move { (kind, (place, cert_spotter::ask(&name, &http, &how).await)) });
            }
            AskedSource::WatchState(how) => {
                told.push((place, watch_state::ask(&name, how).await));
                answered(SourceKind::WatchState);
            }
            AskedSource::NotAsked { source, place: at, why } => {
                let none = nothing_told(*source);
                told.extend(none.map(|none| (place, not_asked(none, at, why.clone(), clock::now()))));
            }
        }
    }
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok((kind, source)) => {
                told.push(source);
                answered(kind);
            }
            // A task that panicked must not pass for a source that was never asked.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    told.sort_by_key(|(place, _)| *place);
    let sources = told.into_iter().map(|(_, source)| source).collect();
    IssuanceObservation { name: asking.name.clone(), sources }
}

/// What a source told that was not asked; `None` for the server itself, which is no source of this kind.
fn nothing_told(source: SourceKind) -> Option<Told> {
    match source {
        SourceKind::CrtSh => Some(Told::CrtSh(Vec::new())),
        SourceKind::CertSpotter => Some(Told::CertSpotter(Vec::new())),
        SourceKind::Files => Some(Told::Files(Vec::new())),
        SourceKind::WatchState => Some(Told::WatchState(WatchStateReading::default())),
        SourceKind::Served => None,
    }
}

fn not_asked(told: Told, place: &str, why: String, asked_at: Timestamp) -> IssuanceSource {
    IssuanceSource { asked_at, place: place.to_owned(), broken_off: Some(why), told }
}

/// Asks for a resource until `ends`; what is late by then is recorded as such. Gives whether there was time.
async fn get_until(
    http: &HttpClient,
    request: HttpRequest,
    url: &Url,
    ends: Instant,
) -> (HttpExchange, bool) {
    let watch = Stopwatch::start();
    if let Ok(exchange) = timeout_at(ends, http.get(request)).await {
        return (exchange, true);
    }
    let outcome = HttpOutcome::Failed(HttpFailure::Timeout);
    let attempts = vec![HttpAttempt { milliseconds: watch.milliseconds(), outcome }];
    (HttpExchange { url: url.to_string(), attempts }, false)
}

/// The address of a source, without a query, which might hold something secret.
fn endpoint(text: &str) -> Result<Url, String> {
    let mut url = usable(text).map_err(|why| format!("its address cannot be used: {why}"))?;
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

impl AskedSource {
    /// A service at an address that is not asked, and why. The address is told as it would be asked: without a query, and not
    /// at all where it holds a password.
    pub fn not_asked(source: SourceKind, address: &str, why: &str) -> Self {
        match endpoint(address) {
            Ok(url) => Self::NotAsked { source, place: url.to_string(), why: why.to_owned() },
            Err(error) => {
                Self::NotAsked { source, place: source.title().to_owned(), why: format!("{why}; {error}") }
            }
        }
    }
}

#[cfg(test)]
mod tests;
