//! Which logs of the list are followed, and which are left out, and why.

use jiff::Timestamp;

use crate::ct::inclusion::maximum_merge_delay;
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType};
use crate::ct::log_table::{KnownLog, LogTable, best, nothing_new, why_never};
use crate::evidence::Bytes;
use crate::watch::follow::{LogLabel, LogToFollow};
use crate::watch::metrics::HeadAge;
use crate::watch::state::LogKind;

/// The logs of a list.
pub(super) struct Selection {
    /// Those that are followed.
    pub(super) followed: Vec<FollowedLog>,
    /// Those that are not.
    pub(super) left_out: Vec<LeftOut>,
    /// What was asked for and leads to no log that can be followed, and why.
    pub(super) unmatched: Vec<String>,
}

/// A log that is followed.
#[derive(Clone)]
pub(super) struct FollowedLog {
    /// How it is read.
    pub(super) log: LogToFollow,
    /// Who runs it.
    pub(super) operator: String,
    /// Its best state with any programme.
    pub(super) state: LogState,
    /// How old its tree head may be.
    pub(super) head_age: HeadAge,
}

impl FollowedLog {
    /// It, as alerts and metrics name it.
    pub(super) fn label(&self) -> LogLabel {
        LogLabel::new(&self.log.name, &self.log.log_id, &self.log.url)
    }
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
    /// How it is followed all the same, where it only can hold nothing new.
    pub(super) closed: Option<FollowedLog>,
}

/// Chooses the logs that some programme holds usable, qualified or readonly at a time; of these, those with one of
/// `wanted` in their name or as their id, where any is wanted. Those that can hold nothing new are followed where they
/// are wanted so.
pub(super) fn select(table: &LogTable, at: Timestamp, wanted: &[String]) -> Selection {
    let mut selection = Selection { followed: Vec::new(), left_out: Vec::new(), unmatched: Vec::new() };
    for log in table.iter() {
        let states = table.states(&log, at);
        let state = best(&states);
        let left_out = |why: String, by_name| {
            let name = log.name.to_owned();
            LeftOut { name, id: log.id, why, by_name, closed: None }
        };
        if let Some(why) = why_never(&log, state) {
            selection.left_out.push(left_out(why, false));
            continue;
        }
        let Some(url) = log.read_at() else {
            selection.left_out.push(left_out("the list has no URL for it".to_owned(), false));
            continue;
        };
        if !is_wanted(&log, wanted) {
            selection.left_out.push(left_out("it was not named".to_owned(), true));
            continue;
        }
        let kind = match log.log_type {
            LogType::Rfc6962 => LogKind::Rfc6962,
            LogType::Static => LogKind::Static,
        };
        let followed = FollowedLog {
            log: LogToFollow {
                log_id: log.id.0,
                name: log.name.to_owned(),
                url: url.to_owned(),
                kind,
                key: Bytes(log.key_spki.to_vec()),
                merge_delay: maximum_merge_delay(&log),
                is_closed: !matches!(state, LogState::Usable | LogState::Qualified | LogState::Pending),
            },
            operator: log.operator.to_owned(),
            state,
            head_age: match state {
                // Its tree is final, and signed no more.
                LogState::Readonly => HeadAge::Any,
                _ => HeadAge::AtMost(maximum_merge_delay(&log)),
            },
        };
        match nothing_new(&log, &states, at).filter(|_| wanted.is_empty()) {
            Some(why) => {
                let why = format!("{why}; --log follows it all the same");
                selection.left_out.push(LeftOut { closed: Some(followed), ..left_out(why, false) });
            }
            None => selection.followed.push(followed),
        }
    }
    tell_apart(&mut selection.followed);
    selection.unmatched = wanted.iter().filter_map(|text| selection.why_unmatched(table, text)).collect();
    selection.sort();
    selection
}

/// Logs of the same name get the beginning of their ids: they are counted and reported by name.
fn tell_apart(logs: &mut [FollowedLog]) {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for log in &*logs {
        *counts.entry(log.log.name.clone()).or_default() += 1;
    }
    for log in logs.iter_mut().filter(|log| counts.get(&log.log.name).is_some_and(|count| *count > 1)) {
        let id: String = LogId(log.log.log_id).to_string().chars().take(8).collect();
        log.log.name = format!("{} ({id}…)", log.log.name);
    }
}

fn is_wanted(log: &KnownLog<'_>, wanted: &[String]) -> bool {
    wanted.is_empty() || wanted.iter().any(|text| is_named(&log.id, log.name, text))
}

/// Whether a text is a log's id, or stands in its name.
pub(super) fn is_named(id: &LogId, name: &str, text: &str) -> bool {
    !text.trim().is_empty() && (id.to_string() == text || name.to_lowercase().contains(&text.to_lowercase()))
}

impl Selection {
    /// Why a text leads to no log that is followed, if it leads to none.
    fn why_unmatched(&self, table: &LogTable, text: &str) -> Option<String> {
        if text.trim().is_empty() {
            return Some("an empty text names no log".to_owned());
        }
        if self.followed.iter().any(|log| is_named(&LogId(log.log.log_id), &log.log.name, text)) {
            return None;
        }
        let left_out = self.left_out.iter().find(|log| !log.by_name && is_named(&log.id, &log.name, text));
        Some(match left_out {
            Some(log) => format!("“{text}” names no log that can be followed: {}: {}", log.name, log.why),
            None => format!(
                "“{text}” is in the name of none of {} logs, and the id of none",
                table.iter().count()
            ),
        })
    }

    fn sort(&mut self) {
        self.followed.sort_by(|a, b| (&a.operator, &a.log.name).cmp(&(&b.operator, &b.log.name)));
    }

    /// Follows those, too, that can hold nothing new and of which `is_unread` says that not all was read.
    pub(super) fn follow_unread(&mut self, is_unread: impl Fn(&[u8; 32]) -> bool) {
        for log in std::mem::take(&mut self.left_out) {
            match log.closed {
                Some(closed) if is_unread(&closed.log.log_id) => self.followed.push(closed),
                closed => self.left_out.push(LeftOut { closed, ..log }),
            }
        }
        self.sort();
    }

    /// How this log is followed, or why it is not.
    pub(super) fn of(&self, id: &[u8; 32]) -> Result<&FollowedLog, &str> {
        let left_out = || self.left_out.iter().find(|log| log.id.0 == *id);
        let why = || left_out().map_or("it is in the list no more", |log| log.why.as_str());
        self.followed.iter().find(|log| log.log.log_id == *id).ok_or_else(why)
    }

    /// Whether there is none that may be followed.
    pub(super) fn is_hopeless(&self) -> bool {
        self.followed.is_empty() && self.left_out.iter().all(|log| log.closed.is_none())
    }

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
        // What “compare” asks of a watch is what a watch follows where nothing is said, if it can.
        let accepted = table.accepted(at);
        let accepted: std::collections::BTreeSet<LogId> =
            accepted.iter().filter(|(log, _)| log.read_at().is_some()).map(|(log, _)| log.id).collect();
        let followed = all.followed.iter().map(|log| LogId(log.log.log_id)).collect();
        assert_eq!(accepted, followed);
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

        // What was not read of it is read to its end.
        let mut selection = select(&table, "2026-07-01T00:00:00Z".parse().unwrap(), &[]);
        let ended = selection.left_out.iter().find(|log| log.name.contains("Argon2026h1")).unwrap().id;
        let (followed, left_out) = (selection.followed.len(), selection.left_out.len());
        selection.follow_unread(|id| *id == ended.0);
        assert_eq!((selection.followed.len(), selection.left_out.len()), (followed + 1, left_out - 1));
        assert!(selection.followed.iter().any(|log| log.log.log_id == ended.0));

        let mut twins = all.followed;
        twins.truncate(3);
        twins[1].log.name = twins[0].log.name.clone();
        let other = twins[2].log.name.clone();
        tell_apart(&mut twins);
        assert_ne!(twins[0].log.name, twins[1].log.name);
        assert_eq!(twins[2].log.name, other);

        let all = select(&table, at, &[]);
        let one = &all.followed[0].log;
        let by_id = select(&table, at, &[LogId(one.log_id).to_string()]);
        assert_eq!((by_id.followed.len(), &by_id.followed[0].log.name), (1, &one.name));
        assert_eq!(by_id.followed.len() + by_id.left_out.len(), table.iter().count());
        let none = select(&table, at, &["no log is called that".to_owned()]);
        assert!(none.followed.is_empty() && none.why_none().contains("none is named so"));

        // Each text must lead to a log: a typo would leave it unwatched.
        let unmatched = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            select(&table, at, &texts).unmatched
        };
        assert!(all.unmatched.is_empty());
        assert_eq!(unmatched(&[&one.name]), Vec::<String>::new());
        let typo = unmatched(&[&one.name, "no log is called that"]);
        assert!(matches!(typo.as_slice(), [why] if why.contains("“no log is called that”")), "{typo:?}");
        assert_eq!(unmatched(&[&one.name, " "]), ["an empty text names no log"]);
        let dead = all.left_out.iter().find(|log| log.why.contains("rejected")).unwrap();
        assert!(unmatched(&[&dead.id.to_string()])[0].contains(&dead.why));
    }
}
