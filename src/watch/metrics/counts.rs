//! What this process counts, and what is told of it beside what the state says.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};

use super::health::is_list_stale;
use super::rate::Rate;
use crate::watch::state::SurveyedLog;

/// How old a tree head may be by its own time, where the log promises no more: the longest that the policies of log
/// programmes allow.
const OLDEST_HEAD: SignedDuration = SignedDuration::from_hours(24);
/// The most characters that are kept of an error.
const MOST_ERROR: usize = 500;
/// The most kinds of errors of a log; what comes beyond is counted as `other`.
const MOST_KINDS: usize = 32;

/// What a process counts.
#[derive(Debug)]
pub struct WatchMetrics {
    started: Timestamp,
    logs: RwLock<BTreeMap<String, Arc<LogMetrics>>>,
    channels: RwLock<BTreeMap<String, Arc<ChannelMetrics>>>,
    policy: Mutex<PolicyReads>,
    /// When the list of logs was the current one, and whether it was too old when that was looked at last.
    list: Mutex<Option<(Timestamp, bool)>>,
}

/// How often the policy was read again while the process runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyReads {
    /// How often it was taken.
    pub taken: u64,
    /// How often it was broken, so that the one before stayed.
    pub refused: u64,
    /// Whether it was broken the last time.
    pub is_refused: bool,
}

impl WatchMetrics {
    /// Counts from nothing, in a process that started then.
    pub fn new(started: Timestamp) -> Self {
        Self {
            started,
            logs: RwLock::default(),
            channels: RwLock::default(),
            policy: Mutex::default(),
            list: Mutex::default(),
        }
    }

    /// The policy was read again, and taken, or it was broken and the one before stays.
    pub fn read_policy(&self, is_taken: bool) {
        let mut policy = self.policy.lock().unwrap_or_else(PoisonError::into_inner);
        let count = if is_taken { &mut policy.taken } else { &mut policy.refused };
        *count = count.saturating_add(1);
        policy.is_refused = !is_taken;
    }

    /// How often that was so.
    pub fn policy(&self) -> PolicyReads {
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows only these logs, by their ids in base64, and these channels from now on: those of another policy.
    pub fn keep_only(&self, logs: &[String], channels: &[String]) {
        let mut known = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|id, _| logs.contains(id));
        drop(known);
        let mut known = self.channels.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|name, _| channels.contains(name));
    }

    /// Shows this log, by its id in base64, no more: it is not followed any longer.
    pub fn forget(&self, log: &str) {
        self.logs.write().unwrap_or_else(PoisonError::into_inner).remove(log);
    }

    /// When the process started.
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// The list that the logs are chosen by was the current one at this time last. Gives whether it is too old now and was
    /// not before.
    pub fn chosen_by(&self, current_at: Timestamp, now: Timestamp) -> bool {
        let is_stale = is_list_stale(current_at, now);
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let before = list.replace((current_at, is_stale));
        is_stale && before.is_none_or(|(_, was_stale)| !was_stale)
    }

    /// When the list that the logs are chosen by was the current one, as far as is known.
    pub fn list(&self) -> Option<Timestamp> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).map(|(current_at, _)| current_at)
    }

    /// What is counted of the log of this id, in base64, and this name; from now on, it is shown.
    pub fn log(&self, id: &str, name: &str) -> Arc<LogMetrics> {
        let log = of(&self.logs, id);
        let mut trouble = log.trouble();
        if trouble.name != name {
            name.clone_into(&mut trouble.name);
        }
        drop(trouble);
        log
    }

    /// What is counted of the alerts' channel of this name; from now on, it is shown.
    pub fn channel(&self, name: &str) -> Arc<ChannelMetrics> {
        of(&self.channels, name)
    }

    /// All logs, as they stand `milliseconds` after some moment that stays the same. `survey` is what the state says of
    /// them, where it says something.
    pub fn readings(
        &self,
        milliseconds: u64,
        survey: Option<&[SurveyedLog]>,
        now: Timestamp,
    ) -> Vec<LogReading> {
        let surveyed: HashMap<String, &SurveyedLog> =
            survey.unwrap_or_default().iter().map(|log| (STANDARD.encode(log.log_id), log)).collect();
        let mut readings: Vec<LogReading> = all(&self.logs)
            .into_iter()
            .map(|(id, log)| log.reading(&id, milliseconds, surveyed.get(&id).copied(), now))
            .collect();
        let mut names: HashMap<String, u32> = HashMap::new();
        for reading in &readings {
            let count = names.entry(reading.name.clone()).or_default();
            *count = count.saturating_add(1);
        }
        for reading in &mut readings {
            // Two that are called the same would be one to whoever reads this.
            if names.get(&reading.name).is_some_and(|count| *count > 1) {
                reading.name = format!("{} ({})", reading.name, reading.id);
            }
        }
        readings.sort_by(|a, b| a.name.cmp(&b.name));
        readings
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
#[derive(Debug, Default)]
pub struct LogMetrics {
    entries: AtomicU64,
    certificates: AtomicU64,
    /// Plus one; 0 where that is not known.
    unsearched: AtomicU64,
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
    name: String,
    head: HeadAge,
    errors: BTreeMap<String, u64>,
    last: Option<LastError>,
}

/// How old a log's tree head may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeadAge {
    /// As old as the policies of log programmes allow.
    #[default]
    Usual,
    /// As old as the log promises, and no less than is usual.
    AtMost(SignedDuration),
    /// As old as it likes: nothing is added to it any more.
    Any,
}

impl HeadAge {
    fn limit(self) -> Option<SignedDuration> {
        match self {
            Self::Usual => Some(OLDEST_HEAD),
            Self::AtMost(age) => Some(age.max(OLDEST_HEAD)),
            Self::Any => None,
        }
    }
}

#[derive(Clone, Debug)]
struct LastError {
    at: Timestamp,
    kind: String,
    text: String,
}

impl LogMetrics {
    /// How old its tree head may be.
    pub fn head_may_be(&self, age: HeadAge) {
        self.trouble().head = age;
    }

    /// This process read so many entries more.
    pub fn entries(&self, count: u64) {
        self.entries.fetch_add(count, Ordering::Relaxed);
    }

    /// This process found so many certificates more.
    pub fn certificates(&self, count: u64) {
        self.certificates.fetch_add(count, Ordering::Relaxed);
    }

    /// So many of its proven entries were not searched for all names that this process watches.
    pub fn unsearched(&self, count: u64) {
        self.unsearched.store(count.saturating_add(1), Ordering::Relaxed);
    }

    /// Something failed. `kind` is one of a few words; nothing secret may be in `text`.
    pub fn error(&self, kind: &str, text: &str, at: Timestamp) {
        let mut trouble = self.trouble();
        let is_known = trouble.errors.contains_key(kind) || trouble.errors.len() < MOST_KINDS;
        let kind = if is_known { kind } else { "other" };
        let count = trouble.errors.entry(kind.to_owned()).or_default();
        *count = count.saturating_add(1);
        trouble.last = Some(LastError { at, kind: kind.to_owned(), text: shortened(text) });
    }

    fn reading(
        &self,
        id: &str,
        milliseconds: u64,
        survey: Option<&SurveyedLog>,
        now: Timestamp,
    ) -> LogReading {
        let entries = self.entries.load(Ordering::Relaxed);
        let read = survey.map(|log| log.read);
        let (entries_per_second, still) = {
            let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
            pace.rate.add(milliseconds, entries);
            if let Some(position) = read
                && pace.moved.is_none_or(|(last, _)| last != position)
            {
                pace.moved = Some((position, milliseconds));
            }
            let still = pace.moved.map(|(_, at)| Duration::from_millis(milliseconds.saturating_sub(at)));
            (pace.rate.per_second(), still)
        };
        let head = survey.and_then(|log| log.head.as_ref());
        let trouble = self.trouble();
        LogReading {
            id: id.to_owned(),
            name: trouble.name.clone(),
            proven: survey.map(|log| log.proven),
            read,
            still,
            tree_size: head.map(|head| head.size),
            tree_timestamp: head
                .and_then(|head| Timestamp::from_millisecond(i64::try_from(head.timestamp).ok()?).ok()),
            oldest_head: trouble.head.limit(),
            // The state's clock may be another than ours.
            seen: head.and_then(|head| now.checked_sub(head.age).ok()),
            entries,
            entries_per_second,
            certificates: self.certificates.load(Ordering::Relaxed),
            unsearched: self.unsearched.load(Ordering::Relaxed).checked_sub(1),
            errors: trouble.errors.clone().into_iter().collect(),
            last_error: trouble.last.as_ref().map(|last| (last.at, last.kind.clone(), last.text.clone())),
            faults: survey
                .map(|log| {
                    log.faults.iter().map(|fault| (fault.kind.clone(), shortened(&fault.text))).collect()
                })
                .unwrap_or_default(),
        }
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MOST_ERROR).collect()
}

/// A log at a moment: positions, tree head and faults by the state, the rest by this process. What was not seen yet is
/// `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogReading {
    /// Its id, base64.
    pub id: String,
    /// What it is called, and its id where another is called the same.
    pub name: String,
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
    /// How old it may be by that, where there is a bound.
    pub oldest_head: Option<SignedDuration>,
    /// When it was seen.
    pub seen: Option<Timestamp>,
    /// The entries that this process read.
    pub entries: u64,
    /// How many of them a second in the last minutes.
    pub entries_per_second: Option<f64>,
    /// The certificates that this process found.
    pub certificates: u64,
    /// The proven entries that were not searched for all names that this process watches.
    pub unsearched: Option<u64>,
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
mod tests;
