//! The table compiled in by `build.rs`.

use jiff::Timestamp;

use super::{Assurance, KnownLog, ListSnapshot, Signed, SnapshotSource, StateAt, StateRow, state_at};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType, Program};

// LOGS, sorted by id; HISTORY: for each log the rows by programme, in the order of `Program::ALL`; SNAPSHOTS:
// the lists of the programmes, by date.
include!(concat!(env!("OUT_DIR"), "/ct_tables.rs"));

/// One log's rows, by programme.
type History = [&'static [StateRow]; Program::ALL.len()];

pub(super) fn log(id: &LogId) -> Option<KnownLog<'static>> {
    LOGS.get(index(id)?).copied()
}

pub(super) fn history(id: &LogId, program: Program) -> &'static [StateRow] {
    let of_log = index(id).and_then(|index| HISTORY.get(index));
    of_log.and_then(|history| history.get(position(program)?).copied()).unwrap_or_default()
}

/// What a programme said of a log at a time.
pub(super) fn state(id: &LogId, program: Program, at: Timestamp) -> StateAt {
    let newest = snapshot(program).and_then(|snapshot| snapshot.timestamp);
    newest.map_or(StateAt::UNKNOWN, |newest| state_at(history(id, program), newest, at))
}

pub(super) fn snapshot(program: Program) -> Option<ListSnapshot<'static>> {
    snapshots(program).last()
}

/// The newest list of a programme that was out at a time.
pub(super) fn snapshot_at(program: Program, at: Timestamp) -> Option<ListSnapshot<'static>> {
    snapshots(program).filter(|snapshot| snapshot.timestamp.is_some_and(|date| date <= at)).last()
}

/// The lists of a programme, by date.
fn snapshots(program: Program) -> impl Iterator<Item = ListSnapshot<'static>> {
    SNAPSHOTS.iter().filter(move |(of, _)| *of == program).map(|&(_, snapshot)| snapshot)
}

pub(super) fn iter<'a>() -> impl Iterator<Item = KnownLog<'a>> {
    LOGS.iter().copied()
}

fn index(id: &LogId) -> Option<usize> {
    LOGS.binary_search_by(|log| log.id.cmp(id)).ok()
}

fn position(program: Program) -> Option<usize> {
    Program::ALL.iter().position(|candidate| *candidate == program)
}
