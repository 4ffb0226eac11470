//! Fetching the CRLs that certificates name: once a run for each signer, and between runs only when there may be a newer one.
//!
//! A certificate is written by a stranger, and so are the URLs in it. Nothing else is asked than what they name, by
//! HTTP alone, no more than [`MAX_CRL`] of it, and at public addresses only, unless the target itself is on another
//! network or the user allows it: a certificate must not make a machine ask inside its own network.

mod budget;
mod cache;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moka::future::Cache;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub use self::budget::Budget;
pub use self::cache::CrlCache;
use self::cache::Kept;
use super::clock;
use super::dns::DnsClient;
use super::http::{HttpClient, HttpRequest, HttpSetupError, reach_of};
use crate::evidence::http::{HttpAttempt, HttpExchange, HttpFailure, HttpOutcome, HttpResponse};
use crate::evidence::revocation::{CrlObservation, Crls, KeptCrl, Reach, add_each_once};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Bytes, CertificateSource};
use crate::revocation::{CrlQuestion, SignerId};
use crate::x509::crl::{Crl, MAX_CRL};
use crate::x509::{Certificate, SignatureCheck};

/// How long one list may take in all, repetitions included.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a kept list is taken for the current one without asking. CAs publish a revocation within a day.
const UNASKED: SignedDuration = SignedDuration::from_hours(1);

/// By how much the clock of who made a list may be ahead.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How long a list is remembered in a run.
const REMEMBERED_FOR: Duration = Duration::from_hours(1);

/// How many KiB of lists are remembered in a run.
const REMEMBERED_KIB: u64 = 256 << 10;

/// The most URLs of one distribution point that are asked. They are the same list, and CAs name one, or two.
const MOST_URLS: usize = 3;

/// How many lists are fetched at the same time for one target.
const AT_ONCE: usize = 2;

/// Fetches CRLs. Clones share what they know.
#[derive(Clone, Debug)]
pub struct CrlClient(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    public: HttpClient,
    private: HttpClient,
    anywhere: HttpClient,
    cache: CrlCache,
    private_allowed: bool,
    /// By URL, how far might be asked, and who may have signed: one asker's list is not another's.
    known: Cache<(String, Reach, Vec<SignerId>), Arc<CrlObservation>>,
}

/// What asking for the lists of one target, or of one run, may cost at most.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// How many lists.
    pub lists: usize,
    /// How many octets, all lists together.
    pub octets: usize,
    /// For how long a list is begun.
    pub time: Duration,
}

impl Allowance {
    /// That of one server or file.
    pub const TARGET: Self = Self { lists: 32, octets: 2 * MAX_CRL, time: Duration::from_mins(2) };
    /// That of everything that was issued for the names of a run.
    pub const ISSUED: Self = Self { lists: 500, octets: 8 * MAX_CRL, time: Duration::from_mins(15) };
}

/// How far a target's certificates may lead: a target on a private address is on a network whose own CAs may well keep
/// their lists there.
pub fn reach_of_source(source: &CertificateSource) -> Reach {
    let CertificateSource::Tls(observation) = source else { return Reach::Public };
    let reached =
        observation.attempts.iter().filter(|attempt| matches!(attempt.outcome, TlsOutcome::Handshake(_)));
    let mut addresses = reached.filter_map(|attempt| attempt.address.parse::<SocketAddr>().ok());
    addresses.next().map_or(Reach::Public, |address| reach_of(address.ip()))
}

impl CrlClient {
    /// A client that keeps lists in `cache`; `private_allowed`: CRLs may be asked for at any address.
    pub fn new(dns: &DnsClient, cache: CrlCache, private_allowed: bool) -> Result<Self, HttpSetupError> {
        let known = Cache::builder()
            .max_capacity(REMEMBERED_KIB)
            // A run may last for months.
            .time_to_live(REMEMBERED_FOR)
            .weigher(|_, observation: &Arc<CrlObservation>| weight(observation))
            .build();
        let client = |reach| HttpClient::within(dns, reach);
        Ok(Self(Arc::new(Shared {
            public: client(Reach::Public)?,
            private: client(Reach::Private)?,
            anywhere: client(Reach::Anywhere)?,
            cache,
            private_allowed,
            known,
        })))
    }

    /// How far is asked where certificates may lead so far.
    pub fn reach(&self, reach: Reach) -> Reach {
        if self.0.private_allowed { Reach::Anywhere } else { reach }
    }

    /// Fetches the list of each question, from the first of its URLs that gives one that can be used.
    pub async fn fetch(&self, questions: Vec<CrlQuestion>, reach: Reach, allowance: Allowance) -> Crls {
        let questions = questions.into_iter().map(|question| (question, reach)).collect();
        self.fetch_each(questions, &Arc::new(Budget::new(allowance))).await
    }

    /// The same, each question as far as may be asked for it, out of what is left.
    pub async fn fetch_each(&self, questions: Vec<(CrlQuestion, Reach)>, budget: &Arc<Budget>) -> Crls {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut tasks = JoinSet::new();
        for (place, (question, reach)) in questions.into_iter().enumerate() {
            if !budget.take_list() {
                break;
            }
            let reach = self.reach(reach);
            let (client, budget, turns) = (self.clone(), Arc::clone(budget), Arc::clone(&turns));
            tasks.spawn(async move {
                // The semaphore is never closed.
                let _turn = turns.acquire().await;
                (place, client.first_of(&question, reach, &budget).await)
            });
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
        for (_, observations) in found {
            add_each_once(&mut crls, observations);
        }
        crls
    }

    async fn first_of(&self, question: &CrlQuestion, reach: Reach, budget: &Budget) -> Crls {
        let mut tried = Crls::new();
        let mut asked = 0;
        for url in &question.urls {
            let observation = if let Some(why) = unasked(url, asked) {
                Arc::new(CrlObservation { reach, ..CrlObservation::not_asked(url, clock::now(), why) })
            } else {
                asked += 1;
                self.known_or_asked(url, question, reach, budget).await
            };
            let is_had = is_usable(&observation, &question.signers);
            tried.push(observation);
            if is_had {
                break;
            }
        }
        tried
    }

    /// What is known of a URL in this run, or what it gives now. What is not asked for want of time or room may be asked
    /// for another target, and is not remembered.
    async fn known_or_asked(
        &self,
        url: &str,
        question: &CrlQuestion,
        reach: Reach,
        budget: &Budget,
    ) -> Arc<CrlObservation> {
        let key = (url.to_owned(), reach, question.signer_ids());
        if let Some(known) = self.0.known.get(&key).await {
            return known;
        }
        let room = match budget.reserve() {
            Ok(room) => room,
            Err(why) => {
                let none = CrlObservation::not_asked(url, clock::now(), why);
                return Arc::new(CrlObservation { reach, ..none });
            }
        };
        let ask = async { Arc::new(self.ask(url, &question.signers, reach, room).await) };
        let observation = if room < MAX_CRL { ask.await } else { self.0.known.get_with(key, ask).await };
        budget.give_back(room, observation.fetched().map_or(0, |list| list.octets.len()));
        observation
    }

    async fn ask(&self, url: &str, signers: &[Certificate], reach: Reach, room: usize) -> CrlObservation {
        let now = clock::now();
        let seen = |kept, exchange| CrlObservation {
            url: url.to_owned(),
            reach,
            asked_at: now,
            not_asked: None,
            kept,
            exchange,
        };
        let kept = self.kept(url, signers, now);
        if let Some(kept) = &kept
            && is_fresh(kept, now)
        {
            return seen(Some(observed(kept)), None);
        }
        let (etag, last_modified) =
            kept.as_ref().map(|kept| (kept.etag.clone(), kept.last_modified.clone())).unwrap_or_default();
        let request = HttpRequest::new(url, room).conditional(etag, last_modified);
        let client = match reach {
            Reach::Public => &self.0.public,
            Reach::Private => &self.0.private,
            Reach::Anywhere => &self.0.anywhere,
        };
        let exchange = within(client, request, url).await;
        if let Some(HttpOutcome::Failed(HttpFailure::Url(why))) = exchange.outcome() {
            return CrlObservation { reach, ..CrlObservation::not_asked(url, now, why.clone()) };
        }
        let response = match exchange.outcome() {
            Some(HttpOutcome::Response(response)) => Some(response),
            _ => None,
        };
        let kept = self.keep(url, kept, response, signers, now);
        seen(kept, Some(exchange))
    }

    /// The newest list of this URL that is kept and that one of these signed.
    fn kept(&self, url: &str, signers: &[Certificate], now: Timestamp) -> Option<Kept> {
        let of = |signer: &Certificate| {
            let kept = self.0.cache.read(url, &SignerId::of(signer))?;
            is_vouched_by(&kept.octets, signer).then_some(kept)
        };
        let all = signers.iter().filter_map(of);
        all.reduce(|one, other| if is_older(&one.octets, &other.octets, now) { other } else { one })
    }

    /// Keeps what came for the next run, where its issuer vouches for it and it is not older than what is kept; gives what
    /// was kept and still counts.
    fn keep(
        &self,
        url: &str,
        kept: Option<Kept>,
        response: Option<&HttpResponse>,
        signers: &[Certificate],
        now: Timestamp,
    ) -> Option<KeptCrl> {
        let signer =
            |list: &[u8]| signers.iter().find(|signer| is_vouched_by(list, signer)).map(SignerId::of);
        match response {
            Some(response) if response.status == 200 => {
                let older = |kept: &Kept| is_older(&response.body, &kept.octets, now);
                let Some(signer) = signer(&response.body).filter(|_| !kept.as_ref().is_some_and(older))
                else {
                    return kept.as_ref().map(observed);
                };
                self.0.cache.keep(
                    url,
                    &signer,
                    &Kept {
                        etag: response.etag.clone(),
                        last_modified: response.last_modified.clone(),
                        fetched_at: now,
                        seen_at: now,
                        octets: response.body.0.clone(),
                    },
                );
                None
            }
            Some(response) if response.status == 304 => {
                let seen = Kept { seen_at: now, ..kept? };
                if let Some(signer) = signer(&seen.octets) {
                    self.0.cache.keep(url, &signer, &seen);
                }
                Some(observed(&seen))
            }
            _ => kept.as_ref().map(observed),
        }
    }
}

/// Why a URL is not asked, after so many of the same list.
fn unasked(url: &str, asked: usize) -> Option<String> {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Some(format!("its URL begins with {scheme}:, and only http: and https: are asked"));
    }
    (asked >= MOST_URLS).then(|| format!("at most {MOST_URLS} URLs of one list are asked"))
}

/// Whether one list is older than another that was kept. One that is of the future is no measure.
fn is_older(list: &[u8], kept: &[u8], now: Timestamp) -> bool {
    let (Ok(list), Ok(kept)) = (Crl::read(list), Crl::read(kept)) else { return false };
    list.is_older_than(&kept) && kept.this_update.duration_since(now) <= CLOCK_SKEW
}

/// Whether a list came that its issuer vouches for and that is of its time: otherwise the next URL may have a better one.
fn is_usable(observation: &CrlObservation, signers: &[Certificate]) -> bool {
    let is_current = |octets: &[u8]| {
        Crl::read(octets).is_ok_and(|crl| crl.next_update.is_some_and(|next| next > observation.asked_at))
    };
    let lists = [observation.fetched(), observation.kept()];
    lists.into_iter().flatten().any(|list| is_vouched(list.octets, signers) && is_current(list.octets))
}

fn observed(kept: &Kept) -> KeptCrl {
    KeptCrl { fetched_at: kept.fetched_at, seen_at: kept.seen_at, octets: Bytes(kept.octets.clone()) }
}

fn is_vouched(octets: &[u8], signers: &[Certificate]) -> bool {
    signers.iter().any(|signer| is_vouched_by(octets, signer))
}

/// A list that anyone could have sent is never kept: with a validator of the true one it would stay.
fn is_vouched_by(octets: &[u8], signer: &Certificate) -> bool {
    let Ok(crl) = Crl::read(octets) else { return false };
    crl.is_named_after(signer) && crl.is_signed_by(signer) == SignatureCheck::Made
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
