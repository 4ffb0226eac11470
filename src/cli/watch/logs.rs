//! Which logs of the list are followed, and which are left out, and why.

use jiff::Timestamp;

use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType, Program};
use crate::ct::log_table::{Assurance, KnownLog, LogTable};
use crate::evidence::Bytes;
use crate::watch::follow::LogToFollow;
use crate::watch::state::LogKind;

/// The logs of a list.
pub(super) struct Selection {
    /// Those that are followed.
    pub(super) followed: Vec<FollowedLog>,
    /// Those that are not.
    pub(super) left_out: Vec<LeftOut>,
}

/// A log that is followed.
pub(super) struct FollowedLog {
    /// How it is read.
    pub(super) log: LogToFollow,
    /// Who runs it.
    pub(super) operator: String,
    /// Its best state with any programme.
    pub(super) state: LogState,
}

/// A log that is not followed.
pub(super) struct LeftOut {
    /// What it is called.
    pub(super) name: String,
    /// Its id.
    pub(super) id: LogId,
    /// Why.
    pub(super) why: String,
    /// Whether it was left out by name, where others were wanted.
    pub(super) by_name: bool,
}

/// Chooses the logs that some programme holds usable, qualified or readonly at a time; of these, those with one of
/// `wanted` in their name or as their id, where any is wanted. Those that can hold nothing new are followed where they
/// are wanted so.
pub(super) fn select(table: &LogTable, at: Timestamp, wanted: &[String]) -> Selection {
    let mut selection = Selection { followed: Vec::new(), left_out: Vec::new() };
    for log in table.iter() {
        let states: Vec<LogState> =
            Program::ALL.into_iter().map(|program| table.state(&log.id, program, at).state).collect();
        let state = best(&states);
        let left_out = |why: String, by_name| LeftOut { name: log.name.to_owned(), id: log.id, why, by_name };
        if let Some(why) = why_not(&log, state) {
            selection.left_out.push(left_out(why, false));
            continue;
        }
        let Some(url) = url(&log) else {
            selection.left_out.push(left_out("the list has no URL for it".to_owned(), false));
            continue;
        };
        if !is_wanted(&log, wanted) {
            selection.left_out.push(left_out("it was not named".to_owned(), true));
            continue;
        }
        if let (true, Some(why)) = (wanted.is_empty(), nothing_new(&log, &states, at)) {
            selection.left_out.push(left_out(why, false));
            continue;
        }
        let kind = match log.log_type {
            LogType::Rfc6962 => LogKind::Rfc6962,
            LogType::Static => LogKind::Static,
        };
        selection.followed.push(FollowedLog {
            log: LogToFollow {
                log_id: log.id.0,
                name: log.name.to_owned(),
                url: url.to_owned(),
                kind,
                key: Bytes(log.key_spki.to_vec()),
            },
            operator: log.operator.to_owned(),
            state,
        });
    }
    selection.followed.sort_by(|a, b| (&a.operator, &a.log.name).cmp(&(&b.operator, &b.log.name)));
    selection
}

/// The best that any programme says of a log.
fn best(states: &[LogState]) -> LogState {
    let rank = |state: &&LogState| match state {
        LogState::Usable => 6,
        LogState::Qualified => 5,
        LogState::Readonly => 4,
        LogState::Pending => 3,
        LogState::Retired => 2,
        LogState::Rejected => 1,
        LogState::Unknown => 0,
    };
    states.iter().max_by_key(rank).copied().unwrap_or_default()
}

/// Why no certificate that clients would accept can be added to a log any more, if none can.
fn nothing_new(log: &KnownLog<'_>, states: &[LogState], at: Timestamp) -> Option<String> {
    if let Some((_, end)) = log.interval.filter(|(_, end)| *end <= at) {
        let day = end.strftime("%Y-%m-%d");
        return Some(format!("it took certificates that ended before {day}; --log follows it all the same"));
    }
    let is_over = |state: &LogState| matches!(state, LogState::Retired | LogState::Rejected);
    let is_closed = best(states) == LogState::Readonly && states.iter().any(is_over);
    is_closed.then(|| {
        "it takes no certificates any more, and a programme has retired it; --log follows it all the same"
            .to_owned()
    })
}

fn why_not(log: &KnownLog<'_>, state: LogState) -> Option<String> {
    match log.assurance {
        Assurance::Mimic => return Some("its private key is published".to_owned()),
        Assurance::Bogus => return Some("it never was a log".to_owned()),
        Assurance::Test => return Some("it is a test log".to_owned()),
        Assurance::Real | Assurance::MonitoringOnly => {}
    }
    match state {
        LogState::Usable | LogState::Qualified | LogState::Readonly => None,
        LogState::Unknown => Some("no programme's list says in which state it is".to_owned()),
        LogState::Pending | LogState::Retired | LogState::Rejected => {
            Some(format!("it is {} with every programme that knows it", state.name()))
        }
    }
}

fn url<'a>(log: &KnownLog<'a>) -> Option<&'a str> {
    match log.log_type {
        LogType::Rfc6962 => log.url,
        LogType::Static => log.monitoring_url,
    }
}

fn is_wanted(log: &KnownLog<'_>, wanted: &[String]) -> bool {
    wanted.is_empty()
        || wanted
            .iter()
            .any(|text| log.id.to_string() == *text || log.name.to_lowercase().contains(&text.to_lowercase()))
}

impl Selection {
    /// Why no log is followed.
    pub(super) fn why_none(&self) -> String {
        match self.left_out.iter().filter(|log| log.by_name).count() {
            0 => {
                "none is usable, qualified or readonly; `pinstead logs update` fetches newer lists".to_owned()
            }
            others => format!("none is named so; {others} others could be followed"),
        }
    }

    /// How many are left out for each reason, in the order of the reasons.
    pub(super) fn reasons(&self) -> Vec<(String, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for log in &self.left_out {
            *counts.entry(log.why.clone()).or_default() += 1;
        }
        counts.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_of_both_kinds_are_followed_and_the_others_have_a_reason() {
        let table = LogTable::embedded();
        let at = "2026-11-21T00:00:00Z".parse().unwrap();
        let all = select(&table, at, &[]);
        assert_eq!(all.followed.len() + all.left_out.len(), table.iter().count());
        let of = |kind| all.followed.iter().filter(|log| log.log.kind == kind).count();
        assert!(of(LogKind::Rfc6962) > 5 && of(LogKind::Static) > 5);
        let states = [LogState::Usable, LogState::Qualified, LogState::Readonly];
        assert!(all.followed.iter().all(|log| states.contains(&log.state)));
        assert!(!all.reasons().is_empty());
        assert!(all.left_out.iter().all(|log| !log.why.is_empty()));

        // What ended can be followed where it is wanted; what would be new to it, clients refuse.
        let argon = |at: &str, wanted: &[String]| {
            let selection = select(&table, at.parse().unwrap(), wanted);
            selection.followed.iter().filter(|log| log.log.name.contains("Argon2026h1")).count()
        };
        let wanted = ["argon2026h1".to_owned()];
        assert_eq!((argon("2026-05-01T00:00:00Z", &[]), argon("2026-07-01T00:00:00Z", &[])), (1, 0));
        assert_eq!(argon("2026-07-01T00:00:00Z", &wanted), 1);

        let one = &all.followed[0].log;
        let by_id = select(&table, at, &[LogId(one.log_id).to_string()]);
        assert_eq!((by_id.followed.len(), &by_id.followed[0].log.name), (1, &one.name));
        assert_eq!(by_id.followed.len() + by_id.left_out.len(), table.iter().count());
        let none = select(&table, at, &["no log is called that".to_owned()]);
        assert!(none.followed.is_empty() && none.why_none().contains("none is named so"));
    }
}
