//! What each host is spared: requests a second, requests at the same time, and any while it asked for rest.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::Url;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};

use super::is_loopback;
use super::pace::Pace;
use super::retry::LONGEST_PAUSE;
use crate::evidence::http::{HttpFailure, HttpOutcome};

/// Requests a second to one host.
const A_SECOND: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Requests to one host at the same time.
const AT_ONCE: usize = 4;

/// The longest rest that a host gets, whatever it asks for: a field that is wrong must not silence it for ever.
const LONGEST_REST: Duration = Duration::from_hours(1);

/// How hosts are spared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Limits {
    /// For a run that ends: so many requests a second.
    #[default]
    Fixed,
    /// For reading on and on: as often as the host bears it.
    Paced,
}

/// The hosts asked so far.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    limits: Limits,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

impl Hosts {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, hosts: Mutex::default() }
    }

    /// The host of a URL, by name and port.
    pub(super) fn of(&self, url: &Url) -> Arc<Host> {
        let name = name_and_port(url);
        let rate = || match self.limits {
            Limits::Fixed => Rate::Fixed(RateLimiter::direct(Quota::per_second(A_SECOND))),
            Limits::Paced if is_loopback(url) => Rate::Paced(Mutex::new(Pace::unbounded())),
            Limits::Paced => Rate::Paced(Mutex::new(Pace::sparing())),
        };
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hosts.entry(name).or_insert_with(|| Arc::new(Host::new(rate()))))
    }

    /// Which of them could be reached.
    pub(super) fn contact(&self) -> Contact {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut contact = Contact::default();
        for (name, host) in hosts.iter() {
            match &*host.heard.lock().unwrap_or_else(PoisonError::into_inner) {
                Heard::Something => contact.is_any_reached = true,
                Heard::Nothing(times, why) => {
                    contact.unreached.insert(name.clone(), (*times, why.clone()));
                }
            }
        }
        contact
    }
}

/// Which of the hosts asked so far could be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Whether any of them answered anything.
    pub is_any_reached: bool,
    /// Of those that never did, by name and port: how often they were asked in vain, and why the last time.
    pub unreached: BTreeMap<String, (u32, String)>,
}

/// What was heard of a host.
#[derive(Clone, Debug)]
enum Heard {
    /// So often nothing, and why.
    Nothing(u32, String),
    /// Something, whatever it was.
    Something,
}

/// A host as limits know it: its name, and its port.
pub(super) fn name_and_port(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

/// How often a host is asked.
enum Rate {
    Fixed(DefaultDirectRateLimiter),
    Paced(Mutex<Pace>),
}

/// One host's limits.
pub(super) struct Host {
    rate: Rate,
    places: Arc<Semaphore>,
    rests: Mutex<Option<Rest>>,
    heard: Mutex<Heard>,
}

/// A host is left alone.
#[derive(Clone, Debug)]
struct Rest {
    until: Instant,
    /// What it did before.
    after: String,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("rests", &self.rests).finish_non_exhaustive()
    }
}

impl Host {
    fn new(rate: Rate) -> Self {
        let heard = Mutex::new(Heard::Nothing(0, String::new()));
        Self { rate, places: Arc::new(Semaphore::new(AT_ONCE)), rests: Mutex::new(None), heard }
    }

    /// Waits until the host may be asked; the turn ends when the permit is dropped.
    ///
    /// Where the host asked for a longer rest than anyone waits, that is the answer.
    pub(super) async fn turn(&self) -> Result<Option<OwnedSemaphorePermit>, HttpFailure> {
        // Nobody closes the semaphore, so there is always a permit.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        while let Some(rest) = self.rests() {
            let left = rest.until.saturating_duration_since(Instant::now());
            if left > LONGEST_PAUSE {
                return Err(HttpFailure::Resting { seconds: left.as_secs(), after: rest.after });
            }
            if left.is_zero() {
                break;
            }
            sleep(left).await;
        }
        match &self.rate {
            Rate::Fixed(rate) => rate.until_ready().await,
            Rate::Paced(own) => {
                let now = Instant::now();
                let turn = locked(own).turn(now);
                if turn > now {
                    sleep_until(turn).await;
                }
            }
        }
        Ok(place)
    }

    /// Hears how a request ended.
    pub(super) fn hear(&self, outcome: &HttpOutcome) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match (outcome, &mut *heard) {
            // It was not asked.
            (HttpOutcome::Failed(HttpFailure::Url(_) | HttpFailure::Resting { .. }), _)
            | (HttpOutcome::Failed(_), Heard::Something) => {}
            (
                HttpOutcome::Failed(failure @ (HttpFailure::Connect(_) | HttpFailure::Timeout)),
                Heard::Nothing(times, why),
            ) => {
                *times = times.saturating_add(1);
                *why = failure.to_string();
            }
            (HttpOutcome::Response(_) | HttpOutcome::Failed(_), _) => *heard = Heard::Something,
        }
    }

    /// Learns from how a request ended: whether the host refused it or had trouble with it. Gives the rest that it then
    /// needs besides what it asked for.
    pub(super) fn learn(&self, refused: bool) -> Option<Duration> {
        let Rate::Paced(pace) = &self.rate else { return None };
        if refused {
            return Some(locked(pace).refused());
        }
        locked(pace).answered();
        None
    }

    /// Leaves the host alone for a while, after what it did.
    pub(super) fn rest(&self, pause: Duration, after: &HttpOutcome) {
        let until = Instant::now() + pause.min(LONGEST_REST);
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        if rests.as_ref().is_none_or(|rest| rest.until < until) {
            let after = match after {
                HttpOutcome::Response(response) => format!("HTTP status {}", response.status),
                HttpOutcome::Failed(failure) => failure.to_string(),
            };
            *rests = Some(Rest { until, after });
        }
    }

    fn rests(&self) -> Option<Rest> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn locked(pace: &Mutex<Pace>) -> MutexGuard<'_, Pace> {
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}
