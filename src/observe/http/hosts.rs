//! What each host is spared: requests a second, requests at the same time, and any while it asked for rest.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::Url;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use super::retry::LONGEST_PAUSE;
use crate::evidence::http::HttpFailure;

/// Requests a second to one host.
const A_SECOND: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Requests to one host at the same time.
const AT_ONCE: usize = 4;

/// A rest that ends after any run does.
const A_DAY: Duration = Duration::from_secs(86_400);

/// The hosts asked so far.
#[derive(Debug, Default)]
pub(super) struct Hosts(Mutex<HashMap<String, Arc<Host>>>);

impl Hosts {
    /// The host of a URL, by name and port.
    pub(super) fn of(&self, url: &Url) -> Arc<Host> {
        let name = format!(
            "{}:{}",
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or_default()
        );
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hosts.entry(name).or_default())
    }
}

/// One host's limits.
pub(super) struct Host {
    rate: DefaultDirectRateLimiter,
    places: Arc<Semaphore>,
    rests_until: Mutex<Option<Instant>>,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            rate: RateLimiter::direct(Quota::per_second(A_SECOND)),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            rests_until: Mutex::new(None),
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("rests_until", &self.rests_until).finish_non_exhaustive()
    }
}

impl Host {
    /// Waits until the host may be asked; the turn ends when the permit is dropped.
    ///
    /// Where the host asked for a longer rest than anyone waits, that is the answer.
    pub(super) async fn turn(&self) -> Result<Option<OwnedSemaphorePermit>, HttpFailure> {
        // Nobody closes the semaphore, so there is always a permit.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        loop {
            let rest = self.rests_until().map(|until| until.saturating_duration_since(Instant::now()));
            match rest {
                Some(rest) if rest > LONGEST_PAUSE => {
                    return Err(HttpFailure::Resting { seconds: rest.as_secs() });
                }
                Some(rest) if !rest.is_zero() => sleep(rest).await,
                _ => break,
            }
        }
        self.rate.until_ready().await;
        Ok(place)
    }

    /// Leaves the host alone for a while.
    pub(super) fn rest(&self, pause: Duration) {
        let now = Instant::now();
        let until = now.checked_add(pause).unwrap_or_else(|| now + A_DAY);
        let mut rests = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        *rests = (*rests).max(Some(until));
    }

    fn rests_until(&self) -> Option<Instant> {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
