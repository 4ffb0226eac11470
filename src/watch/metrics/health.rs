//! Whether `watch` does its work: a plain function of what was counted.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::counts::{LogReading, PolicyReads};
use crate::ct::policy::MAX_LIST_AGE_DAYS;
use crate::watch::state::Waiting;

/// How long a log may show no tree head before something is wrong.
const UNSEEN: SignedDuration = SignedDuration::from_mins(15);
/// How long before it cannot be said to be followed.
const LONG_UNSEEN: SignedDuration = SignedDuration::from_hours(1);
/// How long a log that has more may stay where it is before something is wrong.
const STILL: Duration = Duration::from_mins(15);
/// How long before it is not followed any more.
const LONG_STILL: Duration = Duration::from_hours(1);
/// How long alerts may wait on every channel before nobody is told of anything.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// All is as it should be.
    Ok,
    /// It was not seen yet.
    Undetermined,
    /// Something is wrong, and the rest goes on.
    Degraded,
    /// It does not do its work.
    Failing,
}

/// How well it all is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Health {
    /// The whole.
    pub status: HealthStatus,
    /// Why, where it is not well.
    pub reasons: Vec<String>,
    /// When this was worked out.
    pub at: Timestamp,
    /// When the process started.
    pub started: Timestamp,
    /// When the list that the logs are chosen by was the current one, as far as is known.
    pub log_list_current_at: Option<Timestamp>,
    /// Each log.
    pub logs: Vec<LogHealth>,
    /// Each channel for which alerts wait.
    pub alerts: Vec<ChannelHealth>,
}

/// How well a log is followed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogHealth {
    /// The log.
    pub log: String,
    /// How well.
    pub status: HealthStatus,
    /// Why, where it is not well.
    pub reasons: Vec<String>,
    /// The entries that are proven.
    pub proven: Option<u64>,
    /// The entries that were read.
    pub read: Option<u64>,
    /// The size of the newest tree head.
    pub tree_size: Option<u64>,
    /// How many entries are left to read.
    pub lag: Option<u64>,
    /// The newest tree head's time, as the log says.
    pub tree_head_timestamp: Option<Timestamp>,
    /// How old it is by that.
    pub tree_head_age_seconds: Option<i64>,
    /// Whether it is older than it may be.
    pub is_stale: bool,
    /// When it was seen.
    pub tree_head_seen: Option<Timestamp>,
    /// How many proven entries were not searched for all names that this process watches.
    pub unsearched: Option<u64>,
    /// How many entries this process reads a second, over the last minutes.
    pub entries_per_second: Option<f64>,
    /// What failed last.
    pub last_error: Option<ErrorSeen>,
    /// How the log breaks its promises.
    pub faults: Vec<FaultSeen>,
}

/// An error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorSeen {
    /// When.
    pub at: Timestamp,
    /// Its kind.
    pub kind: String,
    /// What was wrong.
    pub text: String,
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultSeen {
    /// Its kind.
    pub kind: String,
    /// What is wrong.
    pub text: String,
}

/// What waits for a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelHealth {
    /// The channel.
    pub channel: String,
    /// How many alerts wait.
    pub waiting: u64,
    /// How many of them failed before.
    pub failed: u64,
    /// When the oldest was made.
    pub oldest: Option<Timestamp>,
    /// What went wrong with one of them.
    pub error: Option<String>,
}

/// Judges what was counted. `waiting` is what the outbox says, or why it says nothing.
pub fn health(
    (started, policy): (Timestamp, PolicyReads),
    logs: &[LogReading],
    channels: &[String],
    waiting: Result<&[Waiting], &str>,
    now: Timestamp,
) -> Health {
    let datable = logs.iter().filter(|log| log.oldest_head.is_some()).count();
    let logs: Vec<LogHealth> = logs.iter().map(|reading| log(reading, started, now)).collect();
    let mut status = HealthStatus::Ok;
    let mut reasons = Vec::new();
    let mut found = |worse: HealthStatus, reason: String| {
        status = status.max(worse);
        reasons.push(reason);
    };
    let count = |status| logs.iter().filter(|log| log.status == status).count();
    let (failing, degraded, unseen) =
        (count(HealthStatus::Failing), count(HealthStatus::Degraded), count(HealthStatus::Undetermined));
    if policy.is_refused {
        // What is wrong with it may name what is watched.
        let reason =
            "the policy that was read last is broken, and the one before is in use: see standard error";
        found(HealthStatus::Degraded, reason.to_owned());
    }
    if logs.is_empty() {
        found(HealthStatus::Undetermined, "no log is followed yet".to_owned());
    }
    if failing > 0 {
        // One dead log of many is its operator's trouble; most of them are ours.
        let is_most = failing.saturating_mul(2) >= logs.len();
        let worse = if is_most { HealthStatus::Failing } else { HealthStatus::Degraded };
        found(worse, format!("{failing} of {} logs cannot be followed", logs.len()));
    }
    if datable > 0 && logs.iter().filter(|log| log.is_stale).count() >= datable {
        // One that stands still is its own trouble; where all do, somebody shows us the past.
        found(HealthStatus::Failing, "every log shows an old tree head only".to_owned());
    }
    if degraded > 0 {
        found(HealthStatus::Degraded, format!("{degraded} of {} logs have trouble", logs.len()));
    }
    if unseen > 0 {
        found(HealthStatus::Undetermined, format!("{unseen} of {} logs were not seen yet", logs.len()));
    }
    let alerts = match waiting {
        Err(why) => {
            found(HealthStatus::Failing, format!("the state cannot be used: {why}"));
            Vec::new()
        }
        Ok(waiting) => {
            let stuck = |waiting: &&Waiting| waiting.failed > 0;
            for channel in waiting.iter().filter(stuck) {
                let reason =
                    format!("alerts to “{}” were not taken ({} wait)", channel.channel, channel.alerts);
                found(HealthStatus::Degraded, reason);
            }
            let is_long = |channel: &&Waiting| now.duration_since(channel.oldest) >= LONGEST_WAIT;
            let silent = |name: &String| {
                waiting.iter().filter(stuck).filter(is_long).any(|channel| channel.channel == *name)
            };
            if !channels.is_empty() && channels.iter().all(silent) {
                found(HealthStatus::Failing, "no channel takes alerts".to_owned());
            }
            waiting.iter().map(channel).collect()
        }
    };
    Health { status, reasons, at: now, started, log_list_current_at: None, logs, alerts }
}

/// Whether a list of logs that was the current one then is too old by now to choose logs by.
pub fn is_list_stale(current_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(current_at).as_hours() / 24 >= MAX_LIST_AGE_DAYS
}

impl Health {
    /// The same with the list that the logs are chosen by: an old one lacks logs, and whatever stands in them.
    #[must_use]
    pub fn chosen_by(mut self, list: Option<Timestamp>) -> Self {
        self.log_list_current_at = list;
        if let Some(list) = list.filter(|list| is_list_stale(*list, self.at)) {
            let days = self.at.duration_since(list).as_hours() / 24;
            self.status = self.status.max(HealthStatus::Degraded);
            self.reasons
                .push(format!("the log list is {days} days old: logs that became usable since are missing"));
        }
        self
    }
}

fn channel(waiting: &Waiting) -> ChannelHealth {
    ChannelHealth {
        channel: waiting.channel.clone(),
        waiting: waiting.alerts,
        failed: waiting.failed,
        oldest: Some(waiting.oldest),
        error: waiting.error.clone(),
    }
}

fn log(reading: &LogReading, started: Timestamp, now: Timestamp) -> LogHealth {
    let mut status = HealthStatus::Ok;
    let mut reasons = Vec::new();
    let mut found = |worse: HealthStatus, reason: String| {
        status = status.max(worse);
        reasons.push(reason);
    };
    // Whoever holds the log's head asks for it, in whatever process; since this one started, it had this long.
    let silent = reading.seen.map(|seen| now.duration_since(seen));
    let waited = silent.unwrap_or(SignedDuration::MAX).min(now.duration_since(started));
    let minutes = waited.as_mins();
    if waited >= LONG_UNSEEN {
        found(HealthStatus::Failing, format!("no tree head was seen for {minutes} minutes"));
    } else if waited >= UNSEEN {
        found(HealthStatus::Degraded, format!("no tree head was seen for {minutes} minutes"));
    } else if silent.is_none_or(|silent| silent >= UNSEEN) {
        found(HealthStatus::Undetermined, "no tree head was seen yet".to_owned());
    }
    let age = reading.tree_timestamp.map(|time| now.duration_since(time));
    let is_stale = age.zip(reading.oldest_head).is_some_and(|(age, most)| age >= most);
    if is_stale {
        let hours = reading.oldest_head.unwrap_or_default().as_hours();
        found(HealthStatus::Degraded, format!("its newest tree head is older than {hours} hours"));
    }
    let still = reading.still.filter(|_| reading.lag().is_some_and(|lag| lag > 0)).unwrap_or_default();
    if still >= STILL {
        let worse = if still >= LONG_STILL { HealthStatus::Failing } else { HealthStatus::Degraded };
        let minutes = still.as_secs() / 60;
        found(worse, format!("it has entries that are not read, and nothing was read for {minutes} minutes"));
    }
    if let Some(count) = reading.unsearched.filter(|count| *count > 0) {
        found(HealthStatus::Degraded, format!("{count} entries were not searched for all watched names"));
    }
    if !reading.faults.is_empty() {
        found(HealthStatus::Degraded, "it breaks its promises".to_owned());
    }
    LogHealth {
        log: reading.name.clone(),
        status,
        reasons,
        proven: reading.proven,
        read: reading.read,
        tree_size: reading.tree_size,
        lag: reading.lag(),
        tree_head_timestamp: reading.tree_timestamp,
        tree_head_age_seconds: age.map(|age| age.as_secs()),
        is_stale,
        tree_head_seen: reading.seen,
        unsearched: reading.unsearched,
        entries_per_second: reading.entries_per_second.map(|rate| (rate * 10.0).round() / 10.0),
        last_error: reading.last_error.clone().map(|(at, kind, text)| ErrorSeen { at, kind, text }),
        faults: reading.faults.iter().cloned().map(|(kind, text)| FaultSeen { kind, text }).collect(),
    }
}

#[cfg(test)]
mod tests;
