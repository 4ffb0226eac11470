//! What is counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;

use super::rate::Rate;

/// What stands where nothing was seen yet.
const NOT_SEEN: u64 = u64::MAX;
/// The most characters that are kept of an error.
const MOST_ERROR: usize = 500;
/// The most kinds of errors and faults of a log; what comes beyond is counted as `other`.
const MOST_KINDS: usize = 32;

/// What a process counts.
#[derive(Debug)]
pub struct WatchMetrics {
    started: Timestamp,
    logs: RwLock<BTreeMap<String, Arc<LogMetrics>>>,
    channels: RwLock<BTreeMap<String, Arc<ChannelMetrics>>>,
}

impl WatchMetrics {
    /// Counts from nothing, in a process that started then.
    pub fn new(started: Timestamp) -> Self {
        Self { started, logs: RwLock::default(), channels: RwLock::default() }
    }

    /// When the process started.
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// What is counted of the log of this name; from now on, it is shown.
    pub fn log(&self, name: &str) -> Arc<LogMetrics> {
        of(&self.logs, name)
    }

    /// A log that is followed no more is not shown either.
    pub fn forget_log(&self, name: &str) {
        self.logs.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// What is counted of the alerts' channel of this name; from now on, it is shown.
    pub fn channel(&self, name: &str) -> Arc<ChannelMetrics> {
        of(&self.channels, name)
    }

    /// All logs, by name.
    pub fn logs(&self) -> Vec<(String, Arc<LogMetrics>)> {
        all(&self.logs)
    }

    /// All channels, by name.
    pub fn channels(&self) -> Vec<(String, Arc<ChannelMetrics>)> {
        all(&self.channels)
    }
}

fn of<T: Default>(map: &RwLock<BTreeMap<String, Arc<T>>>, name: &str) -> Arc<T> {
    if let Some(found) = map.read().unwrap_or_else(PoisonError::into_inner).get(name) {
        return Arc::clone(found);
    }
    let mut map = map.write().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(map.entry(name.to_owned()).or_default())
}

fn all<T>(map: &RwLock<BTreeMap<String, Arc<T>>>) -> Vec<(String, Arc<T>)> {
    let map = map.read().unwrap_or_else(PoisonError::into_inner);
    map.iter().map(|(name, counts)| (name.clone(), Arc::clone(counts))).collect()
}

/// How often a channel was tried.
#[derive(Debug, Default)]
pub struct ChannelMetrics {
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl ChannelMetrics {
    /// A delivery was tried.
    pub fn attempted(&self, is_delivered: bool) {
        let counter = if is_delivered { &self.delivered } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it took an alert.
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// How often it did not.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

/// What is counted of a log.
#[derive(Debug)]
pub struct LogMetrics {
    proven: AtomicU64,
    read: AtomicU64,
    tree_size: AtomicU64,
    tree_timestamp: AtomicU64,
    seen: AtomicU64,
    entries: AtomicU64,
    certificates: AtomicU64,
    /// What is rare.
    trouble: Mutex<Trouble>,
    pace: Mutex<Pace>,
}

/// How it goes on, as those who ask see it.
#[derive(Debug, Default)]
struct Pace {
    rate: Rate,
    /// Where it was read to, and when that was seen first, in milliseconds.
    moved: Option<(u64, u64)>,
}

#[derive(Debug, Default)]
struct Trouble {
    errors: BTreeMap<String, u64>,
    last: Option<LastError>,
    faults: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
struct LastError {
    at: Timestamp,
    kind: String,
    text: String,
}

impl Default for LogMetrics {
    fn default() -> Self {
        let unseen = || AtomicU64::new(NOT_SEEN);
        Self {
            proven: unseen(),
            read: unseen(),
            tree_size: unseen(),
            tree_timestamp: unseen(),
            seen: unseen(),
            entries: AtomicU64::new(0),
            certificates: AtomicU64::new(0),
            trouble: Mutex::default(),
            pace: Mutex::default(),
        }
    }
}

impl LogMetrics {
    /// All entries before this one are proven to be those that the log signed.
    pub fn proven(&self, position: u64) {
        self.proven.store(position, Ordering::Relaxed);
    }

    /// So many entries were read, from the log's first, by all processes.
    pub fn read(&self, position: u64) {
        self.read.store(position, Ordering::Relaxed);
    }

    /// A tree head was verified: of this size, with this timestamp in milliseconds since the Unix epoch.
    pub fn head(&self, size: u64, timestamp: u64, seen: Timestamp) {
        self.tree_size.store(size, Ordering::Relaxed);
        self.tree_timestamp.store(timestamp, Ordering::Relaxed);
        self.seen.store(u64::try_from(seen.as_second()).unwrap_or_default(), Ordering::Relaxed);
    }

    /// This process read so many entries more.
    pub fn entries(&self, count: u64) {
        self.entries.fetch_add(count, Ordering::Relaxed);
    }

    /// This process found so many certificates more.
    pub fn certificates(&self, count: u64) {
        self.certificates.fetch_add(count, Ordering::Relaxed);
    }

    /// Something failed. `kind` is one of a few words; nothing secret may be in `text`.
    pub fn error(&self, kind: &str, text: &str, at: Timestamp) {
        let mut trouble = self.trouble();
        let is_known = trouble.errors.contains_key(kind) || trouble.errors.len() < MOST_KINDS;
        let kind = if is_known { kind } else { "other" };
        let count = trouble.errors.entry(kind.to_owned()).or_default();
        *count = count.saturating_add(1);
        trouble.last =
            Some(LastError { at, kind: kind.to_owned(), text: text.chars().take(MOST_ERROR).collect() });
    }

    /// The log broke its promises, and still does.
    pub fn fault(&self, kind: &str, text: &str) {
        let mut trouble = self.trouble();
        if trouble.faults.contains_key(kind) || trouble.faults.len() < MOST_KINDS {
            trouble.faults.insert(kind.to_owned(), text.chars().take(MOST_ERROR).collect());
        }
    }

    /// It does no more.
    pub fn fault_ended(&self, kind: &str) {
        self.trouble().faults.remove(kind);
    }

    /// What was counted, `milliseconds` after some moment that stays the same.
    pub fn reading(&self, milliseconds: u64) -> LogReading {
        let entries = self.entries.load(Ordering::Relaxed);
        let (proven, read) = (seen(&self.proven), seen(&self.read));
        let (entries_per_second, still) = {
            let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
            pace.rate.add(milliseconds, entries);
            if let Some(position) = read.or(proven)
                && pace.moved.is_none_or(|(last, _)| last != position)
            {
                pace.moved = Some((position, milliseconds));
            }
            let still = pace.moved.map(|(_, at)| Duration::from_millis(milliseconds.saturating_sub(at)));
            (pace.rate.per_second(), still)
        };
        let trouble = self.trouble();
        LogReading {
            proven,
            read,
            still,
            tree_size: seen(&self.tree_size),
            tree_timestamp: seen(&self.tree_timestamp)
                .and_then(|time| Timestamp::from_millisecond(i64::try_from(time).ok()?).ok()),
            seen: seen(&self.seen).and_then(|time| Timestamp::from_second(i64::try_from(time).ok()?).ok()),
            entries,
            entries_per_second,
            certificates: self.certificates.load(Ordering::Relaxed),
            errors: trouble.errors.clone().into_iter().collect(),
            last_error: trouble.last.as_ref().map(|last| (last.at, last.kind.clone(), last.text.clone())),
            faults: trouble.faults.clone().into_iter().collect(),
        }
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seen(value: &AtomicU64) -> Option<u64> {
    Some(value.load(Ordering::Relaxed)).filter(|value| *value != NOT_SEEN)
}

/// What was counted of a log at a moment. What was not seen yet is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogReading {
    /// The entries that are proven.
    pub proven: Option<u64>,
    /// The entries that were read.
    pub read: Option<u64>,
    /// For how long nobody has read further.
    pub still: Option<Duration>,
    /// The size of the newest tree head.
    pub tree_size: Option<u64>,
    /// Its time, as the log says.
    pub tree_timestamp: Option<Timestamp>,
    /// When it was seen.
    pub seen: Option<Timestamp>,
    /// The entries that this process read.
    pub entries: u64,
    /// How many of them a second in the last minutes.
    pub entries_per_second: Option<f64>,
    /// The certificates that this process found.
    pub certificates: u64,
    /// How often what failed.
    pub errors: Vec<(String, u64)>,
    /// What failed last: when, the kind, and how.
    pub last_error: Option<(Timestamp, String, String)>,
    /// How the log breaks its promises: the kind, and how.
    pub faults: Vec<(String, String)>,
}

impl LogReading {
    /// How many entries of the newest tree head are not read yet.
    pub fn lag(&self) -> Option<u64> {
        Some(self.tree_size?.saturating_sub(self.read.or(self.proven)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_is_not_zero() {
        let metrics = WatchMetrics::new(Timestamp::UNIX_EPOCH);
        let log = metrics.log("a");
        let reading = log.reading(0);
        assert_eq!(reading, LogReading::default());
        assert_eq!(reading.lag(), None);
        log.head(10, 1_795_323_600_123, "2026-11-22T05:00:01Z".parse().unwrap());
        log.read(7);
        log.proven(5);
        metrics.log("a").entries(7);
        log.certificates(2);
        let reading = log.reading(1000);
        assert_eq!(reading.lag(), Some(3));
        assert_eq!((reading.entries, reading.certificates), (7, 2));
        assert_eq!(reading.still, Some(Duration::ZERO));
        assert_eq!(log.reading(61_000).still, Some(Duration::from_secs(60)));
        log.read(8);
        assert_eq!(log.reading(62_000).still, Some(Duration::ZERO));
        assert_eq!(reading.seen.unwrap().to_string(), "2026-11-22T05:00:01Z");
        assert_eq!(reading.tree_timestamp.unwrap().as_millisecond(), 1_795_323_600_123);
        log.head(4, u64::MAX - 1, Timestamp::UNIX_EPOCH);
        assert_eq!(log.reading(2000).tree_timestamp, None, "no time that could be shown");
        assert_eq!(log.reading(2000).lag(), Some(0));
        assert_eq!(metrics.logs().len(), 1);
        metrics.forget_log("a");
        assert!(metrics.logs().is_empty());
    }

    #[test]
    fn trouble_is_counted_within_bounds() {
        let log = LogMetrics::default();
        let now = "2026-11-22T05:00:00Z".parse().unwrap();
        for number in 0..100 {
            log.error(&format!("kind {number}"), &"x".repeat(10_000), now);
            log.fault(&format!("kind {number}"), "broken");
        }
        log.fault_ended("kind 3");
        let reading = log.reading(0);
        assert_eq!(reading.errors.len(), MOST_KINDS + 1);
        assert_eq!(reading.errors.last(), Some(&("other".to_owned(), 68)));
        assert_eq!(reading.faults.len(), MOST_KINDS - 1);
        let (at, kind, text) = reading.last_error.unwrap();
        assert_eq!((at, kind.as_str(), text.len()), (now, "other", MOST_ERROR));
    }
}
