//! What was asked in this run, so that parents and top-level domains are asked for once, and bounded, so that a run
//! over a million names does not grow.
//!
//! Names that a climb came to from below are likely to be come to again: they stay as long as there is room, those
//! that were of use longest. Of the names that climbs begin at, only the last few are kept.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::caa::answer::{Answer, Content};
use crate::dns_name::DnsName;
use crate::evidence::dns::{DnsExchange, DnsOutcome, DnssecReading, DnssecState};

/// How much is kept of names that were climbed to, in octets.
const MOST_OCTETS: usize = 64 << 20;

/// What a name, its exchange and its reading take beside the messages, in octets.
const BESIDE: usize = 1000;

/// How many of the names that climbs began at are kept, those under way among them.
const MOST_STARTS: usize = 2048;

/// How long a failure is believed, that of a validation too: they pass. It is kept meanwhile: a dead server must not
/// be waited for a million times.
const FAILURES_LAST: Duration = Duration::from_mins(1);

/// The exchanges of this run, as far as they are kept.
#[derive(Debug)]
pub(super) struct Memo {
    table: Mutex<Table>,
    /// How long a failure is believed.
    failures_last: Duration,
}

/// An exchange, read.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) exchange: Arc<DnsExchange>,
    pub(super) answer: Arc<Answer>,
    /// When it is asked again; `None`: not in this run.
    until: Option<Instant>,
}

/// Filled by whoever asks first, for all who wait.
type Cell = Arc<OnceCell<Arc<Kept>>>;

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<Arc<DnsName>, Entry>,
    /// The names that climbs began at, the oldest first.
    starts: VecDeque<Arc<DnsName>>,
    /// The names that were climbed to, the oldest first.
    parents: VecDeque<Arc<DnsName>>,
    /// What the parents take.
    octets: usize,
}

#[derive(Debug, Default)]
struct Entry {
    cell: Cell,
    is_parent: bool,
    /// Whether it was of use since it was last looked at for being dropped.
    used: bool,
    /// What was counted for it.
    octets: usize,
}

impl Default for Memo {
    fn default() -> Self {
        Self { table: Mutex::default(), failures_last: FAILURES_LAST }
    }
}

impl Memo {
    /// The exchange for a name: the one that is known, the one under way, or else what `ask` brings.
    pub(super) async fn exchange(
        &self,
        name: &DnsName,
        is_parent: bool,
        ask: impl AsyncFnOnce() -> DnsExchange,
    ) -> Arc<Kept> {
        let cell = self.with(|table| table.cell(name, is_parent));
        if let Some(kept) = cell.get() {
            return Arc::clone(kept);
        }
        let kept = cell.get_or_init(async || Arc::new(Kept::of(ask().await, self.failures_last))).await;
        if is_parent {
            self.with(|table| table.weigh(name, kept));
        }
        Arc::clone(kept)
    }

    fn with<T>(&self, look: impl FnOnce(&mut Table) -> T) -> T {
        look(&mut self.table.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Table {
    /// The place of a name.
    fn cell(&mut self, name: &DnsName, is_parent: bool) -> Cell {
        if let Some(entry) = self.entries.get_mut(name) {
            entry.used = true;
            if entry.cell.get().is_some_and(|kept| !kept.holds()) {
                entry.cell = Cell::default();
            }
            if is_parent && !entry.is_parent {
                entry.is_parent = true;
                self.parents.push_back(Arc::new(name.clone()));
            }
            let cell = Arc::clone(&entry.cell);
            // Known before it was a parent, or whoever asked went away before it was counted.
            if entry.is_parent
                && entry.octets == 0
                && let Some(kept) = cell.get()
            {
                self.weigh(name, kept);
            }
            return cell;
        }
        let name = Arc::new(name.clone());
        let entry = Entry { is_parent, ..Entry::default() };
        let cell = Arc::clone(&entry.cell);
        self.entries.insert(Arc::clone(&name), entry);
        if is_parent {
            self.parents.push_back(name);
        } else {
            self.starts.push_back(name);
            self.forget_starts();
        }
        cell
    }

    /// Counts what a parent takes, and makes room for it.
    fn weigh(&mut self, name: &DnsName, kept: &Kept) {
        let Some(entry) = self.entries.get_mut(name) else { return };
        self.octets = self.octets.saturating_sub(entry.octets);
        entry.octets = kept.octets();
        self.octets = self.octets.saturating_add(entry.octets);
        // Each gets a second chance at most, so that this ends.
        let mut chances = self.parents.len().saturating_mul(2);
        while self.octets > MOST_OCTETS && chances > 0 {
            chances = chances.saturating_sub(1);
            let Some(oldest) = self.parents.pop_front() else { return };
            let Some(entry) = self.entries.get_mut(&oldest) else { continue };
            if std::mem::take(&mut entry.used) {
                self.parents.push_back(oldest);
            } else {
                self.octets = self.octets.saturating_sub(entry.octets);
                self.entries.remove(&oldest);
            }
        }
    }

    fn forget_starts(&mut self) {
        while self.starts.len() > MOST_STARTS {
            let Some(oldest) = self.starts.pop_front() else { return };
            if self.entries.get(&oldest).is_some_and(|entry| !entry.is_parent) {
                self.entries.remove(&oldest);
            }
        }
    }
}

impl Kept {
    fn of(exchange: DnsExchange, failures_last: Duration) -> Self {
        let answer = Answer::read(&exchange);
        let is_unproven = |reading: &DnssecReading| {
            matches!(reading.state, DnssecState::Bogus | DnssecState::Indeterminate)
        };
        let failed = answer.content == Content::Failure || exchange.dnssec.as_ref().is_some_and(is_unproven);
        let until = failed.then(|| Instant::now() + failures_last);
        Self { exchange: Arc::new(exchange), answer: Arc::new(answer), until }
    }

    fn holds(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }

    /// About what it takes; the records that were read take about what the message takes, again.
    fn octets(&self) -> usize {
        let message = |outcome: &DnsOutcome| match outcome {
            DnsOutcome::Message(message) => message.len().saturating_mul(3),
            DnsOutcome::Failed(_) => 0,
        };
        self.exchange
            .every_attempt()
            .fold(BESIDE, |sum, attempt| sum.saturating_add(BESIDE).saturating_add(message(&attempt.outcome)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::Timestamp;

    use super::*;
    use crate::evidence::dns::{DnsAttempt, DnsFailure, DnsTransport, Validator};

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
        assert_eq!(first.exchange, second.exchange);
        memo.exchange(&name, false, ask).await;
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn parents_stay_and_the_rest_is_bounded() {
        let memo = Memo::default();
        let parent: DnsName = "example".parse().unwrap();
        let began_at: DnsName = "t.example".parse().unwrap();
        memo.exchange(&parent, true, async || empty(&parent)).await;
        memo.exchange(&began_at, false, async || empty(&began_at)).await;
        let never = async || -> DnsExchange { panic!("it is known") };
        memo.exchange(&began_at, true, never).await;
        for number in 0..3 * MOST_STARTS {
            let name: DnsName = format!("host{number}.example").parse().unwrap();
            memo.exchange(&name, false, async || empty(&name)).await;
        }
        assert!(
            memo.with(|table| table.entries.len() <= MOST_STARTS + 2 && table.starts.len() <= MOST_STARTS)
        );
        memo.exchange(&parent, true, never).await;
        memo.exchange(&began_at, true, never).await;
    }

    #[tokio::test]
    async fn parents_are_bounded_too_and_those_of_use_stay() {
        let memo = Memo::default();
        let wanted: DnsName = "example".parse().unwrap();
        let count = 2 * MOST_OCTETS / (2 * BESIDE);
        for number in 0..count {
            memo.exchange(&wanted, true, async || {
                assert_eq!(number, 0, "it is known");
                empty(&wanted)
            })
            .await;
            let name: DnsName = format!("zone{number}.example").parse().unwrap();
            memo.exchange(&name, true, async || empty(&name)).await;
        }
        memo.with(|table| {
            assert!(table.octets <= MOST_OCTETS, "{}", table.octets);
            assert!(
                table.entries.len() < count && table.entries.len() > count / 4,
                "{}",
                table.entries.len()
            );
            assert_eq!(table.parents.len(), table.entries.len());
        });
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
            assert_eq!(*memo.exchange(&name, true, fail).await.exchange, failure(&name));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::sleep(memo.failures_last * 2).await;
        assert_eq!(*memo.exchange(&name, true, async || empty(&name)).await.exchange, empty(&name));
        tokio::time::sleep(memo.failures_last * 2).await;
        assert_eq!(*memo.exchange(&name, true, fail).await.exchange, empty(&name), "an answer stays");
    }

    #[tokio::test]
    async fn names_that_were_climbed_to_after_they_were_known_are_bounded_too() {
        let memo = Memo::default();
        let count = 2 * MOST_OCTETS / (2 * BESIDE);
        for number in 0..count {
            let name: DnsName = format!("zone{number}.example").parse().unwrap();
            memo.exchange(&name, false, async || empty(&name)).await;
            memo.exchange(&name, true, async || panic!("it is known")).await;
        }
        memo.with(|table| {
            assert!(table.octets > MOST_OCTETS / 2 && table.octets <= MOST_OCTETS, "{}", table.octets);
            assert!(table.entries.len() < count, "{}", table.entries.len());
            assert_eq!(table.parents.len(), table.entries.len());
        });
    }

    #[tokio::test]
    async fn what_did_not_validate_is_believed_for_a_while_only() {
        let memo = Memo { failures_last: Duration::from_millis(50), ..Memo::default() };
        for (label, state, lasts) in [
            ("secure", DnssecState::Secure, true),
            ("insecure", DnssecState::Insecure, true),
            ("bogus", DnssecState::Bogus, false),
            ("indeterminate", DnssecState::Indeterminate, false),
        ] {
            let name: DnsName = format!("{label}.example").parse().unwrap();
            let asked = AtomicUsize::new(0);
            let ask = async || {
                asked.fetch_add(1, Ordering::Relaxed);
                let reading = DnssecReading {
                    state,
                    validator: Validator::Own,
                    detail: None,
                    unfinished: None,
                    own_zone: None,
                    at: Timestamp::UNIX_EPOCH,
                };
                DnsExchange { dnssec: Some(reading), ..empty(&name) }
            };
            memo.exchange(&name, true, ask).await;
            memo.exchange(&name, true, ask).await;
            assert_eq!(asked.load(Ordering::Relaxed), 1, "{label}");
            tokio::time::sleep(memo.failures_last * 2).await;
            memo.exchange(&name, true, ask).await;
            assert_eq!(asked.load(Ordering::Relaxed) == 1, lasts, "{label}");
        }
    }
}
