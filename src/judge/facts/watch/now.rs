//! Whether a state shows that the logs are watched now: all whose SCTs clients accept, up to their ends, for the name.
//! What is older than the watch is a question of issuance, and says nothing of that.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, Program};
use crate::ct::log_table::KnownLog;
use crate::evidence::issuance::{FollowedLog, IssuanceSource, WatchStateReading};
use crate::issuance::sources::printable;
use crate::judge::ListAge;
use crate::judge::inputs::Inputs;

/// How many logs are named in a sentence.
const MOST_NAMED: usize = 5;

/// How old what was seen last of a log may be: it includes what it promised within a day (RFC 6962 section 3), and a watch
/// that is run once a day may be late.
pub(super) const LONGEST_UNSEEN: SignedDuration = SignedDuration::from_hours(48);

/// How far the clock of the state may be ahead of the time of judging, which has whole seconds.
const CLOCK: SignedDuration = SignedDuration::from_mins(1);

/// The logs that a watch has to follow.
pub(super) struct Logs<'a> {
    /// The time of judging.
    pub(super) at: Timestamp,
    /// By their ids, with the best that a programme says of each.
    accepted: HashMap<LogId, (KnownLog<'a>, LogState)>,
    /// The list that tells them, where it is too old to judge by.
    stale: Option<ListAge>,
}

impl<'a> Logs<'a> {
    /// Those whose SCTs clients accept at a time.
    pub(super) fn of(inputs: &'a Inputs, at: Timestamp) -> Self {
        let list = inputs.logs.list_at(Program::Chrome, at).map(|list| ListAge::of(&list, at));
        Self {
            at,
            accepted: inputs.logs.accepted(at).into_iter().map(|log| (log.0.id, log)).collect(),
            stale: list.filter(ListAge::is_stale),
        }
    }

    fn state(&self, log: &FollowedLog) -> Option<LogState> {
        self.accepted.get(&log.log_id.parse().ok()?).map(|(_, state)| *state)
    }

    /// Those of a state that clients accept; all that it has where none of them is.
    pub(super) fn counting<'s>(&self, state: &'s WatchStateReading) -> impl Iterator<Item = &'s FollowedLog> {
        let has_any = state.logs.iter().any(|log| self.state(log).is_some());
        state.logs.iter().filter(move |log| !has_any || self.state(log).is_some())
    }

    /// Which of them a state does not have.
    fn missing(&self, state: &WatchStateReading) -> Option<String> {
        if self.accepted.is_empty() {
            return Some("which logs clients accept, no list tells".to_owned());
        }
        let has = |id: &LogId| state.logs.iter().any(|log| log.log_id.parse() == Ok(*id));
        let missing: Vec<&KnownLog<'_>> =
            self.accepted.values().map(|(log, _)| log).filter(|log| !has(&log.id)).collect();
        let mut names: Vec<String> = missing.iter().map(|log| printable(log.name)).collect();
        names.sort_unstable();
        // Nobody can follow them by these lists.
        let unreadable = missing.iter().filter(|log| log.read_at().is_none()).count();
        let unreadable = match unreadable {
            0 => String::new(),
            count => format!(
                " (where {count} of them are read, the lists in use do not say: `pinstead logs update` fetches newer ones)"
            ),
        };
        (!names.is_empty()).then(|| {
            let (count, all) = (names.len(), self.accepted.len());
            let names = named(&names);
            format!("it does not follow {count} of the {all} logs that clients accept: {names}{unreadable}")
        })
    }
}

/// Why it is not known that the logs are watched for the name.
pub(super) fn lacks(source: &IssuanceSource, state: &WatchStateReading, logs: &Logs<'_>) -> Vec<String> {
    let mut lacks: Vec<String> = source.broken_off.iter().cloned().collect();
    match state.is_watched {
        Some(true) => {}
        Some(false) => lacks.push("the name is not watched, or only names below it".to_owned()),
        None => lacks.push("whether the name is watched is not known".to_owned()),
    }
    lacks.extend(logs.missing(state));
    lacks.extend(logs.stale.as_ref().map(|list| {
        format!(
            "which logs clients accept by now is not known: the list of logs, {}, is {} days old (`pinstead logs update` \
             fetches a newer one)",
            list.dated(),
            list.days
        )
    }));
    lacks.extend(read_late(source, state, logs.at));
    let behind: Vec<String> = logs
        .counting(state)
        .filter_map(|log| {
            let is_closed = logs.state(log) == Some(LogState::Readonly);
            Some(format!("{}: {}", name(log), behind(log, is_closed, logs.at)?))
        })
        .collect();
    let more = behind.len().saturating_sub(MOST_NAMED);
    lacks.extend(behind.into_iter().take(MOST_NAMED));
    if more > 0 {
        lacks.push(format!("{more} more logs are not watched up to their ends, or have faults"));
    }
    lacks
}

/// Why a state says nothing of the time of judging, which lies before it. Of how long ago it was read, each log tells.
fn read_late(source: &IssuanceSource, state: &WatchStateReading, at: Timestamp) -> Option<String> {
    let day = |time: Timestamp| time.strftime("%Y-%m-%d");
    if let Some(looks) = state.looks.as_ref().filter(|looks| looks.began.duration_since(at) > CLOCK) {
        return Some(format!("it was begun on {}, after the time of judging", day(looks.began)));
    }
    (source.asked_at.duration_since(at) > LONGEST_UNSEEN).then(|| {
        format!(
            "the state was read on {}, long after the time of judging, and tells who watches then",
            day(source.asked_at)
        )
    })
}

/// Why it is not known that a log is watched up to its end.
fn behind(log: &FollowedLog, is_closed: bool, at: Timestamp) -> Option<String> {
    let mut lacks: Vec<String> = log.faults.iter().take(MOST_NAMED).map(|fault| printable(fault)).collect();
    match log.head_size {
        None => lacks.push("no tree head of it was seen yet".to_owned()),
        Some(size) if log.proven < size => {
            lacks.push(format!("entries {} to {} are not proven yet", log.proven, size.saturating_sub(1)));
        }
        Some(_) => {}
    }
    if let Some(seen) = log.head_seen.or(log.head_at)
        && at.duration_since(seen) > LONGEST_UNSEEN
    {
        let day = seen.strftime("%Y-%m-%d");
        lacks.push(format!("its tree head was seen last on {day}: what was logged since is not known"));
    }
    // One that takes nothing any more has nothing new that could be missed.
    if !is_closed {
        lacks.extend(unsearched(log));
    }
    (!lacks.is_empty()).then(|| lacks.join(", "))
}

/// The entries that came after the first that was searched for the name, and were not searched for it.
fn unsearched(log: &FollowedLog) -> Option<String> {
    let mut stretches = log.searched.clone()?;
    stretches.sort_unstable();
    let mut missing = Vec::new();
    // Where none was, all that was read was read for other names; where none came since it was begun, there are none.
    let mut from = stretches.first().map_or(log.start, |(start, _)| *start);
    for (start, stop) in stretches.into_iter().chain([(log.proven, log.proven)]) {
        if from < start.min(log.proven) {
            missing.push(format!("{from} to {}", start.min(log.proven).saturating_sub(1)));
        }
        from = from.max(stop);
    }
    (!missing.is_empty()).then(|| format!("entries {} were not searched for the name", named(&missing)))
}

/// From when on it watches, where it has not searched what is older.
pub(super) fn older(state: &WatchStateReading, logs: &Logs<'_>) -> Option<String> {
    let first = |log: &FollowedLog| match &log.searched {
        Some(searched) => searched.iter().map(|(start, _)| *start).min().unwrap_or(log.proven),
        None => log.start,
    };
    let count = logs.counting(state).filter(|log| first(log) > 0).count();
    let began = state.looks.as_ref()?.began.strftime("%Y-%m-%d");
    (count > 0).then(|| {
        let of = if count == 1 { "one log".to_owned() } else { format!("{count} logs") };
        format!(
            "it was begun on {began}, and has not searched all of {of}: what stands there from before is a question of \
             issuance, not of watching"
        )
    })
}

/// Some of them, and how many more there are.
pub(super) fn named(all: &[String]) -> String {
    let (told, more) = all.split_at(all.len().min(MOST_NAMED));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!("{}{more}", told.join(", "))
}

pub(super) fn name(log: &FollowedLog) -> String {
    printable(if log.description.is_empty() { &log.log_id } else { &log.description })
}
