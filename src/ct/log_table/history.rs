//! What a programme said of a log over time.

use jiff::Timestamp;

use crate::ct::log_list::LogState;

/// One state of a log, and the lists that said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// The state.
    pub state: LogState,
    /// Since when it holds, as the lists say.
    pub since: Option<Timestamp>,
    /// The date of the first list that says so.
    pub first: Timestamp,
    /// The date of the last list that says so.
    pub last: Timestamp,
}

impl StateRow {
    /// From when on the row speaks for the log.
    fn start(&self) -> Timestamp {
        self.since.unwrap_or(self.first)
    }
}

/// A log's state at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateAt {
    /// The state.
    pub state: LogState,
    /// Since when, where a list says so.
    pub since: Option<Timestamp>,
}

impl StateAt {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { state: LogState::Unknown, since: None };
}

/// Where a log stands in a programme's lists at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The lists say so.
    Listed(StateAt),
    /// The lists of that time do not have it: the programme does not accept it.
    NotListed,
    /// The history does not tell.
    NotKnown,
}

/// The lists of a programme around a time: the newest one that was out, and the first one after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ListsAround {
    /// The date of the newest list that was out.
    pub(super) before: Option<Timestamp>,
    /// The date of the first list after.
    pub(super) after: Option<Timestamp>,
}

/// Whether a log of unknown state is known to be in no list of the time.
///
/// It is where neither the list before nor the one after has it. If only one of them has it, it came or went at an
/// unknown time in between.
pub(super) fn is_unlisted(rows: &[StateRow], around: ListsAround) -> bool {
    let lists_it = |date: Timestamp| rows.iter().any(|row| row.first <= date && date <= row.last);
    around.before.is_some_and(|before| !lists_it(before)) && !around.after.is_some_and(lists_it)
}

/// The retirement that a list out at a time announced, and that lies ahead of it.
pub(super) fn retirement_announced(rows: &[StateRow], at: Timestamp) -> Option<Timestamp> {
    let announced = rows.iter().filter(|row| row.state == LogState::Retired && row.first <= at);
    announced.filter_map(|row| row.since).filter(|since| at < *since).min()
}

/// The state at a time, from all rows of one log in one programme, whose newest list is of the time `newest`.
///
/// A state is certain between its start and the last list that has it. Where a later list dates a state back to a
/// time at which a list said another, that list's word stands: clients went by it. After that it holds until the next
/// known state begins, if nothing can lie between the two; and on from the newest list. A log that later
/// lists dropped is unknown from there on, unless it was rejected, which is for good. All else is unknown,
/// never guessed.
pub fn state_at(rows: &[StateRow], newest: Timestamp, at: Timestamp) -> StateAt {
    let begun = || rows.iter().filter(|row| row.start() <= at);
    let certain =
        begun().filter(|row| at <= row.last).max_by_key(|row| (row.first <= at, row.start(), row.state));
    if let Some(row) = certain {
        return said(row);
    }
    let Some(before) = begun().max_by_key(|row| (row.last, row.start(), row.state)) else {
        return StateAt::UNKNOWN;
    };
    let next = rows.iter().filter(|row| at < row.start()).min_by_key(|row| row.start());
    let holds = match next {
        Some(next) => follows_directly(before.state, next.state),
        None => before.last >= newest || before.state == LogState::Rejected,
    };
    if holds { said(before) } else { StateAt::UNKNOWN }
}

fn said(row: &StateRow) -> StateAt {
    StateAt { state: row.state, since: row.since }
}

/// Whether no other state can lie between two states seen one after the other.
///
/// From usable to retired a log may have been read-only, which SCTs count in just as well.
fn follows_directly(before: LogState, next: LogState) -> bool {
    use LogState::{Pending, Qualified, Readonly, Rejected, Retired, Usable};
    before == next
        || matches!(
            (before, next),
            (Pending, Qualified | Rejected)
                | (Qualified, Usable)
                | (Usable, Readonly | Retired)
                | (Readonly, Retired)
                | (Retired, Rejected)
        )
}
