//! What was asked in this run, so that parents and top-level domains are asked for once, and bounded, so that a run
//! over a million names does not grow.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::future::Cache;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::caa::answer::{Answer, Content};
use crate::dns_name::DnsName;
use crate::evidence::dns::{DnsExchange, DnsOutcome};

/// How much is kept of names that were climbed to, in octets.
const MOST_OCTETS: u64 = 64 << 20;

/// What a name and its exchange take beside the message, in octets.
const BESIDE: usize = 500;

/// How many of the names asked for last are kept besides, those under way among them.
const MOST_RECENT: usize = 2048;

/// How long a failure is believed. It is kept too: a dead server must not be waited for a million times.
const FAILURES_LAST: Duration = Duration::from_mins(1);

/// The exchanges of this run, as far as they are kept.
#[derive(Debug)]
pub(super) struct Memo {
    /// Names that something below them was climbed from: others will come by.
    parents: Cache<DnsName, Arc<Kept>>,
    recent: Mutex<Recent>,
    /// How long a failure is believed.
    failures_last: Duration,
}

#[derive(Debug)]
struct Kept {
    exchange: DnsExchange,
    /// When it is asked again; `None`: not in this run.
    until: Option<Instant>,
}

#[derive(Debug, Default)]
struct Recent {
    cells: HashMap<DnsName, Arc<OnceCell<Arc<Kept>>>>,
    order: VecDeque<DnsName>,
}

impl Default for Memo {
    fn default() -> Self {
        let weigh = |_: &DnsName, kept: &Arc<Kept>| u32::try_from(kept.octets()).unwrap_or(u32::MAX);
        Self {
            parents: Cache::builder().weigher(weigh).max_capacity(MOST_OCTETS).build(),
            recent: Mutex::default(),
            failures_last: FAILURES_LAST,
        }
    }
}

impl Memo {
    /// The exchange for a name: the one that is known, the one under way, or else what `ask` brings.
    pub(super) async fn exchange(
        &self,
        name: &DnsName,
        is_parent: bool,
        ask: impl AsyncFnOnce() -> DnsExchange,
    ) -> DnsExchange {
        if let Some(kept) = self.parents.get(name).await.filter(|kept| kept.holds()) {
            return kept.exchange.clone();
        }
        let cell = self.cell(name);
        let kept = cell.get_or_init(async || Arc::new(Kept::of(ask().await, self.failures_last))).await;
        if is_parent {
            self.parents.insert(name.clone(), Arc::clone(kept)).await;
        }
        kept.exchange.clone()
    }

    /// The place of a name among the recent ones; whoever fills it asks for all who wait.
    fn cell(&self, name: &DnsName) -> Arc<OnceCell<Arc<Kept>>> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let Recent { cells, order } = &mut *recent;
        if let Some(cell) = cells.get_mut(name) {
            if cell.get().is_some_and(|kept| !kept.holds()) {
                *cell = Arc::default();
            }
            return Arc::clone(cell);
        }
        while order.len() >= MOST_RECENT {
            if let Some(oldest) = order.pop_front() {
                cells.remove(&oldest);
            }
        }
        let cell = Arc::<OnceCell<Arc<Kept>>>::default();
        cells.insert(name.clone(), Arc::clone(&cell));
        order.push_back(name.clone());
        cell
    }
}

impl Kept {
    fn of(exchange: DnsExchange, failures_last: Duration) -> Self {
        let is_failure = Answer::read(&exchange).content == Content::Failure;
        let until = is_failure.then(|| Instant::now() + failures_last);
        Self { exchange, until }
    }

    fn holds(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }

    fn octets(&self) -> usize {
        let attempts = self.exchange.attempts.iter();
        let message = |outcome: &DnsOutcome| match outcome {
            DnsOutcome::Message(message) => message.len(),
            DnsOutcome::Failed(_) => 0,
        };
        attempts
            .map(|attempt| message(&attempt.outcome).saturating_add(BESIDE))
            .sum::<usize>()
            .saturating_add(BESIDE)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::evidence::dns::{DnsAttempt, DnsFailure, DnsTransport};

    fn failure(name: &DnsName) -> DnsExchange {
        let outcome = DnsOutcome::Failed(DnsFailure::Timeout { milliseconds: 1 });
        let attempt =
            DnsAttempt { server: String::new(), transport: DnsTransport::Udp, milliseconds: 1, outcome };
        DnsExchange::of(name.clone(), vec![attempt])
    }

    fn empty(name: &DnsName) -> DnsExchange {
        let wire = name.to_wire();
        let message = [&b"\0\0\x81\x80\0\x01\0\0\0\0\0\0"[..], wire.as_slice(), b"\x01\x01\0\x01"].concat();
        let outcome = DnsOutcome::Message(message.into());
        let attempt =
            DnsAttempt { server: String::new(), transport: DnsTransport::Udp, milliseconds: 1, outcome };
        DnsExchange::of(name.clone(), vec![attempt])
    }

    #[tokio::test]
    async fn a_name_is_asked_for_once_by_all_who_want_it() {
        let memo = Memo::default();
        let asked = AtomicUsize::new(0);
        let name: DnsName = "t.example".parse().unwrap();
        let ask = async || {
            asked.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            empty(&name)
        };
        let (first, second) = tokio::join!(memo.exchange(&name, false, ask), memo.exchange(&name, true, ask));
        assert_eq!(first, second);
        memo.exchange(&name, false, ask).await;
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn parents_stay_and_the_rest_is_bounded() {
        let memo = Memo::default();
        let parent: DnsName = "example".parse().unwrap();
        let never = async || -> DnsExchange { panic!("it is known") };
        memo.exchange(&parent, true, async || empty(&parent)).await;
        for number in 0..3 * MOST_RECENT {
            let name: DnsName = format!("host{number}.example").parse().unwrap();
            memo.exchange(&name, false, async || empty(&name)).await;
        }
        assert_eq!(memo.recent.lock().unwrap().cells.len(), MOST_RECENT);
        assert_eq!(memo.recent.lock().unwrap().order.len(), MOST_RECENT);
        memo.exchange(&parent, true, never).await;
    }

    #[tokio::test]
    async fn failures_are_believed_for_a_while_only() {
        let memo = Memo { failures_last: Duration::from_millis(100), ..Memo::default() };
        let name: DnsName = "dead.example".parse().unwrap();
        let asked = AtomicUsize::new(0);
        let fail = async || {
            asked.fetch_add(1, Ordering::Relaxed);
            failure(&name)
        };
        for _ in 0..3 {
            assert_eq!(memo.exchange(&name, true, fail).await, failure(&name));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::sleep(memo.failures_last * 2).await;
        assert_eq!(memo.exchange(&name, true, async || empty(&name)).await, empty(&name));
        tokio::time::sleep(memo.failures_last * 2).await;
        assert_eq!(memo.exchange(&name, true, fail).await, empty(&name), "an answer stays");
    }
}
