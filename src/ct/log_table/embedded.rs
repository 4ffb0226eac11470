//! The table compiled in by `build.rs`.

use jiff::Timestamp;

use super::{Assurance, Dating, KnownLog, ListSnapshot, Signed, SnapshotSource, StateRow};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType, Program};

// LOGS, sorted by id; HISTORY: for each log the rows by programme, in the order of `Program::ALL`; SNAPSHOTS:
// the lists of each programme, by date, in the same order.
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

/// The lists of a programme, by date.
pub(super) fn snapshots(program: Program) -> &'static [ListSnapshot<'static>] {
    position(program).and_then(|position| SNAPSHOTS.get(position).copied()).unwrap_or_default()
}

pub(super) fn iter<'a>() -> impl Iterator<Item = KnownLog<'a>> {
    LOGS.iter().copied()
}

fn index(id: &LogId) -> Option<usize> {
    // Ids are hashes: their first octets decide nearly always, and compare as one number.
    let beginning = |id: &LogId| id.0.first_chunk().copied().map(u64::from_be_bytes);
    let wanted = beginning(id);
    LOGS.binary_search_by(|log| beginning(&log.id).cmp(&wanted).then_with(|| log.id.cmp(id))).ok()
}

fn position(program: Program) -> Option<usize> {
    Program::ALL.iter().position(|candidate| *candidate == program)
}
