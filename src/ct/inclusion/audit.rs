//! Puts tree head, proof and time together: proven, absent, not yet due, or not determined.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::verdict::{Absence, Doubt, HeadVerdict, Inclusion, InclusionOutcome, InclusionVerdict, Standing};
use super::view::LogView;
use super::{Promise, head, maximum_merge_delay, milliseconds, rfc6962, static_log, usual_merge_delay};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType, Program};
use crate::ct::log_table::LogTable;
use crate::ct::sct::{LeafIndex, leaf_index};
use crate::ct::tree_head::{TreeHead, time};
use crate::evidence::ct_log::CtLogObservation;

/// What a log's answers say of one promise, whatever the time.
#[derive(Debug)]
pub(super) enum Answered {
    /// The leaf stands in the tree.
    Included { index: u64, notes: Vec<String> },
    /// It does not.
    NotThere { index: Option<u64>, absence: Absence },
    /// That could not be found out.
    Open { doubt: Doubt, why: String },
}

impl Answered {
    pub(super) fn open(doubt: Doubt, why: String) -> Self {
        Self::Open { doubt, why }
    }
}

/// The logs that were asked, each with the verdict on its tree head.
#[derive(Debug)]
pub struct Audits<'a> {
    table: &'a LogTable,
    at: Timestamp,
    logs: HashMap<LogId, (LogView<'a>, Arc<HeadVerdict>)>,
}

impl<'a> Audits<'a> {
    /// Judges the tree head of every log that was asked and is known, as of `at`.
    pub fn of(observations: &'a [CtLogObservation], table: &'a LogTable, at: Timestamp) -> Self {
        let audit = |observation: &'a CtLogObservation| {
            let id: LogId = observation.log_id.parse().ok()?;
            let log = table.log(&id)?;
            let view =
                LogView::new(id, log.log_type, log.key_spki, maximum_merge_delay(&log), observation).ok()?;
            let in_use = table.state(&id, Program::Chrome, at).state == LogState::Usable;
            let head = Arc::new(head::judge(&view, at, in_use));
            Some((id, (view, head)))
        };
        Self { table, at, logs: observations.iter().filter_map(audit).collect() }
    }

    /// Whether the log kept this promise.
    pub fn judge(&self, promise: &Promise, log_type: LogType) -> Inclusion {
        let verdict = if let Some((view, head)) = self.logs.get(&promise.sct.log_id) {
            judge(view, head, promise, self.at)
        } else {
            let log = self.table.log(&promise.sct.log_id);
            let delay = log.map_or_else(|| usual_merge_delay(log_type), |log| maximum_merge_delay(&log));
            let why = "the log was not asked when the evidence was gathered";
            unasked(promise, log_type, delay, why.to_owned())
        };
        Inclusion::Judged(Box::new(verdict))
    }
}

pub(super) fn judge(
    view: &LogView<'_>,
    head: &Arc<HeadVerdict>,
    promise: &Promise,
    at: Timestamp,
) -> InclusionVerdict {
    let mut verdict = opened(promise, view.log_type, view.merge_delay, Arc::clone(head));
    let Some(tree) = head.usable() else {
        verdict.reason = no_head(&head.standing);
        return verdict;
    };
    let answered = match view.log_type {
        LogType::Rfc6962 => rfc6962::judge(view, tree, promise),
        LogType::Static => static_log::judge(view, tree, promise),
    };
    match answered {
        Answered::Included { index, notes } => {
            verdict.outcome = InclusionOutcome::Proven;
            verdict.doubt = None;
            verdict.index = Some(index);
            verdict.reason =
                format!("Entry {index} of the log's signed tree of {} entries, proven.", tree.size);
            verdict.notes = notes;
        }
        Answered::NotThere { index, absence } => {
            verdict.index = index.or(verdict.index);
            not_there(&mut verdict, tree, &absence, promise.sct.timestamp, view.merge_delay, at);
            verdict.absence = Some(absence);
        }
        Answered::Open { doubt, why } => {
            verdict.doubt = Some(doubt);
            verdict.reason = format!("It could not be found out: {why}.");
        }
    }
    let paths = match view.log_type {
        LogType::Rfc6962 => rfc6962::paths(tree, promise, verdict.index),
        LogType::Static => static_log::paths(tree, verdict.index),
    };
    verdict.urls = head.url.iter().cloned().chain(paths.iter().filter_map(|path| view.url(path))).collect();
    verdict
}

/// The leaf is not there: whether that is a broken promise depends on when the tree was signed.
fn not_there(
    verdict: &mut InclusionVerdict,
    tree: &TreeHead,
    absence: &Absence,
    promised: u64,
    merge_delay: SignedDuration,
    at: Timestamp,
) {
    let how = match absence {
        Absence::BeyondTree => format!("the log's tree has {} entries", tree.size),
        Absence::OtherLeaf { there, unread } => {
            let unread = unread.as_ref().map(|why| format!(" (its entry could not be read: {why})"));
            format!(
                "another entry stands at its index in the log's tree, with the leaf hash {there}{}",
                unread.unwrap_or_default()
            )
        }
        Absence::OtherStamp { timestamp, .. } => {
            format!("the certificate is there, {}", other_stamp(*timestamp, promised))
        }
        Absence::Stated { status, .. } => format!(
            "the log says that its tree of {} entries has no such one (HTTP status {status})",
            tree.size
        ),
    };
    let delay = match merge_delay.as_secs() {
        seconds if seconds > 86_400 && seconds % 86_400 == 0 => format!("{} days", seconds / 86_400),
        seconds if seconds >= 3600 && seconds % 3600 == 0 => format!("{} hours", seconds / 3600),
        seconds => format!("{seconds} seconds"),
    };
    let due = verdict.due.map_or_else(|| "a time beyond any date".to_owned(), |due| due.to_string());
    let signed = tree.time();
    // A log whose clock is ahead signs for a time that has not come.
    let waits = verdict.due.is_none_or(|due| at < due);
    let covers = !waits && matches!((signed, verdict.due), (Some(signed), Some(due)) if signed >= due);
    (verdict.outcome, verdict.doubt, verdict.reason) = if covers
        && matches!(absence, Absence::OtherStamp { .. })
    {
        let reason = format!(
            "The log's promise is not kept to the letter: {how}. Whoever watches the log can see the certificate."
        );
        (InclusionOutcome::Absent, None, reason)
    } else if covers {
        let reason = format!(
            "The entry is absent: {how}. The log promised to hold it by {due}, {delay} after the SCT, and signed its tree \
             after that."
        );
        (InclusionOutcome::Absent, None, reason)
    } else if waits {
        let reason = format!(
            "Not yet due: {how}, but the log has until {due} to include the entry ({delay} after the SCT)."
        );
        (InclusionOutcome::NotYetDue, None, reason)
    } else {
        let newest = signed.map_or_else(|| "no date".to_owned(), |signed| signed.to_string());
        let reason = format!(
            "It could not be found out: {how}, but that tree is of {newest}, and the log has until {due} to include the \
             entry. It shows nothing newer."
        );
        (InclusionOutcome::Undetermined, Some(Doubt::Lookup), reason)
    };
}

/// How the entry of the same certificate differs.
fn other_stamp(logged: u64, promised: u64) -> String {
    match time(logged) {
        _ if logged == promised => "with other extensions than the SCT's".to_owned(),
        Some(logged) => format!("under another timestamp than the SCT's: {logged}"),
        None => "under another timestamp than the SCT's, beyond any date".to_owned(),
    }
}

fn no_head(standing: &Standing) -> String {
    let what = match standing {
        Standing::NotAsked(why) => return format!("The log was not asked: {why}."),
        Standing::Unavailable(why) => format!("its tree head could not be had: {why}"),
        Standing::Invalid(why) => format!("what it serves as its tree head is none: {why}"),
        Standing::Inconsistent(how) => format!("its tree head contradicts an earlier one: {how}"),
        Standing::Unproven(..) | Standing::First | Standing::Consistent => "it has no tree head".to_owned(),
    };
    format!("It could not be found out from the log: {what}.")
}

/// A verdict that is open until something settles it.
fn opened(
    promise: &Promise,
    log_type: LogType,
    merge_delay: SignedDuration,
    head: Arc<HeadVerdict>,
) -> InclusionVerdict {
    InclusionVerdict {
        outcome: InclusionOutcome::Undetermined,
        reason: String::new(),
        sct: promise.sct.octets().unwrap_or_default(),
        leaf: promise.leaf,
        index: match (log_type, leaf_index(&promise.sct.extensions)) {
            (LogType::Static, LeafIndex::At(index)) => Some(index),
            _ => None,
        },
        due: time(promise.sct.timestamp.saturating_add(milliseconds(merge_delay))),
        absence: None,
        doubt: Some(Doubt::Lookup),
        notes: Vec::new(),
        urls: head.url.iter().cloned().collect(),
        head,
    }
}

fn unasked(
    promise: &Promise,
    log_type: LogType,
    merge_delay: SignedDuration,
    why: String,
) -> InclusionVerdict {
    let head = HeadVerdict {
        url: None,
        served: None,
        kept: None,
        standing: Standing::NotAsked(why),
        fork: None,
        kept_problem: None,
        is_ahead: false,
        notes: Vec::new(),
    };
    let reason = no_head(&head.standing);
    InclusionVerdict { reason, ..opened(promise, log_type, merge_delay, Arc::new(head)) }
}
