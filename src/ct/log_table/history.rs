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

/// The state at a time, from all rows of one log in one programme, whose newest list is of the time `newest`.
///
/// A state is certain between its start and the last list that has it. After that it holds until the next
/// known state begins, if nothing can lie between the two; and on from the newest list. A log that later
/// lists dropped is unknown from there on, unless it was rejected, which is for good. All else is unknown,
/// never guessed.
pub fn state_at(rows: &[StateRow], newest: Timestamp, at: Timestamp) -> StateAt {
    let begun = || rows.iter().filter(|row| row.start() <= at);
    let certain = begun().filter(|row| at <= row.last).max_by_key(|row| (row.start(), row.state));
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
