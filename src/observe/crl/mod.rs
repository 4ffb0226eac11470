//! Fetching the CRLs that certificates name: once a run, and between runs only when there may be a newer one.
//!
//! A certificate is written by a stranger, and so are the URLs in it. Nothing else is asked than what they name, by
//! HTTP alone, no more than [`MAX_CRL`] of it, and at public addresses only, unless the target itself is on another
//! network or the user allows it: a certificate must not make a machine ask inside its own network.

mod cache;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moka::future::Cache;
use tokio::task::JoinSet;

pub use self::cache::CrlCache;
use self::cache::Kept;
use super::clock;
use super::dns::DnsClient;
use super::http::{HttpClient, HttpRequest, HttpSetupError, is_public};
use crate::evidence::http::{HttpAttempt, HttpExchange, HttpFailure, HttpOutcome, HttpResponse};
use crate::evidence::revocation::{CrlObservation, Crls, KeptCrl};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Bytes, CertificateSource};
use crate::revocation::CrlQuestion;
use crate::x509::crl::{Crl, MAX_CRL};
use crate::x509::{Certificate, SignatureCheck};

/// How long one list may take in all, repetitions included.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a kept list is taken for the current one without asking. CAs publish a revocation within a day.
const UNASKED: SignedDuration = SignedDuration::from_hours(1);

/// How many KiB of lists are remembered in a run.
const REMEMBERED_KIB: u64 = 256 << 10;

/// The most lists that are asked for one target.
const MOST_A_TARGET: usize = 32;

/// Fetches CRLs. Clones share what they know.
#[derive(Clone, Debug)]
pub struct CrlClient(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    public: HttpClient,
    anywhere: HttpClient,
    cache: CrlCache,
    private_allowed: bool,
    known: Cache<(String, Reach), Arc<CrlObservation>>,
}

/// Where may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Public addresses only.
    Public,
    /// Any address.
    Anywhere,
}

impl Reach {
    /// How far a target's certificates may lead: a target on a private address is on a network whose own CAs may well
    /// keep their lists there.
    pub fn of(source: &CertificateSource) -> Self {
        let CertificateSource::Tls(observation) = source else { return Self::Public };
        let reached =
            observation.attempts.iter().filter(|attempt| matches!(attempt.outcome, TlsOutcome::Handshake(_)));
        let addresses: Vec<std::net::SocketAddr> =
            reached.filter_map(|attempt| attempt.address.parse().ok()).collect();
        if addresses.first().is_some_and(|address| !is_public(address.ip())) {
            Self::Anywhere
        } else {
            Self::Public
        }
    }
}

impl CrlClient {
    /// A client that keeps lists in `cache`; `private_allowed`: CRLs may be asked for at any address.
    pub fn new(dns: &DnsClient, cache: CrlCache, private_allowed: bool) -> Result<Self, HttpSetupError> {
        let known = Cache::builder()
            .max_capacity(REMEMBERED_KIB)
            .weigher(|_, observation: &Arc<CrlObservation>| weight(observation))
            .build();
        let (public, anywhere) = (HttpClient::public_only(dns)?, HttpClient::with_resolver(dns)?);
        Ok(Self(Arc::new(Shared { public, anywhere, cache, private_allowed, known })))
    }

    /// Fetches the list of each question: the first of its URLs that gives one.
    pub async fn fetch(&self, questions: Vec<CrlQuestion>, reach: Reach) -> Crls {
        let reach = if self.0.private_allowed { Reach::Anywhere } else { reach };
        let mut tasks = JoinSet::new();
        for (place, question) in questions.into_iter().take(MOST_A_TARGET).enumerate() {
            let client = self.clone();
            tasks.spawn(async move { (place, client.first_of(&question, reach).await) });
        }
        let mut found = Vec::new();
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(observations) => found.push(observations),
                // A task that panicked must not pass for a list that nobody named.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        found.sort_by_key(|(place, _)| *place);
        let mut crls = Crls::new();
        for observation in found.into_iter().flat_map(|(_, observations)| observations) {
            if crls.iter().all(|known| known.url != observation.url) {
                crls.push(observation);
            }
        }
        crls
    }

    async fn first_of(&self, question: &CrlQuestion, reach: Reach) -> Crls {
        let mut tried = Crls::new();
        for url in &question.urls {
            let key = (url.clone(), reach);
            let ask = async { Arc::new(self.ask(url, &question.signers, reach).await) };
            let observation = self.0.known.get_with(key, ask).await;
            let is_had = observation.list().is_some();
            tried.push(observation);
            if is_had {
                break;
            }
        }
        tried
    }

    async fn ask(&self, url: &str, signers: &[Certificate], reach: Reach) -> CrlObservation {
        let now = clock::now();
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            let why = format!("its URL begins with {scheme}:, and only http: and https: are asked");
            return CrlObservation::not_asked(url, now, why);
        }
        let kept = self.0.cache.read(url).filter(|kept| is_vouched(&kept.octets, signers));
        if let Some(kept) = &kept
            && is_fresh(kept, now)
        {
            let kept = Some(observed(kept));
            return CrlObservation {
                url: url.to_owned(),
                asked_at: now,
                not_asked: None,
                kept,
                exchange: None,
            };
        }
        let (etag, last_modified) =
            kept.as_ref().map(|kept| (kept.etag.clone(), kept.last_modified.clone())).unwrap_or_default();
        let request = HttpRequest::new(url, MAX_CRL).conditional(etag, last_modified);
        let client = match reach {
            Reach::Public => &self.0.public,
            Reach::Anywhere => &self.0.anywhere,
        };
        let exchange = within(client, request, url).await;
        if let Some(HttpOutcome::Failed(HttpFailure::Url(why))) = exchange.outcome() {
            return CrlObservation::not_asked(url, now, why.clone());
        }
        let response = match exchange.outcome() {
            Some(HttpOutcome::Response(response)) => Some(response),
            _ => None,
        };
        let kept = self.keep(url, kept, response, signers, now);
        CrlObservation { url: url.to_owned(), asked_at: now, not_asked: None, kept, exchange: Some(exchange) }
    }

    /// Keeps what came for the next run, where its issuer vouches for it; gives what was kept and still counts.
    fn keep(
        &self,
        url: &str,
        kept: Option<Kept>,
        response: Option<&HttpResponse>,
        signers: &[Certificate],
        now: Timestamp,
    ) -> Option<KeptCrl> {
        match response {
            Some(response) if response.status == 200 => {
                if is_vouched(&response.body, signers) {
                    self.0.cache.keep(
                        url,
                        &Kept {
                            etag: response.etag.clone(),
                            last_modified: response.last_modified.clone(),
                            fetched_at: now,
                            seen_at: now,
                            octets: response.body.0.clone(),
                        },
                    );
                }
                None
            }
            Some(response) if response.status == 304 => {
                let seen = Kept { seen_at: now, ..kept? };
                self.0.cache.keep(url, &seen);
                Some(observed(&seen))
            }
            _ => kept.as_ref().map(observed),
        }
    }
}

fn observed(kept: &Kept) -> KeptCrl {
    KeptCrl { fetched_at: kept.fetched_at, seen_at: kept.seen_at, octets: Bytes(kept.octets.clone()) }
}

/// A list that anyone could have sent is never kept: with a validator of the true one it would stay.
fn is_vouched(octets: &[u8], signers: &[Certificate]) -> bool {
    let Ok(crl) = Crl::read(octets) else { return false };
    signers
        .iter()
        .any(|signer| crl.is_named_after(signer) && crl.is_signed_by(signer) == SignatureCheck::Made)
}

fn is_fresh(kept: &Kept, now: Timestamp) -> bool {
    let age = now.duration_since(kept.seen_at);
    let is_current = Crl::read(&kept.octets).is_ok_and(|crl| crl.next_update.is_some_and(|next| next > now));
    is_current && !age.is_negative() && age < UNASKED
}

fn weight(observation: &CrlObservation) -> u32 {
    let octets = observation.list().map_or(0, |list| list.octets.len());
    u32::try_from(octets >> 10).unwrap_or(u32::MAX).saturating_add(1)
}

async fn within(client: &HttpClient, request: HttpRequest, url: &str) -> HttpExchange {
    let late = || HttpExchange {
        url: url.to_owned(),
        attempts: vec![HttpAttempt {
            milliseconds: u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX),
            outcome: HttpOutcome::Failed(HttpFailure::Timeout),
        }],
    };
    tokio::time::timeout(PATIENCE, client.get(request)).await.unwrap_or_else(|_| late())
}
