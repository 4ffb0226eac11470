//! A table made of lists: alone, or on top of the table compiled in.

use jiff::Timestamp;

use super::from_list::ListTable;
use super::{KnownLog, ListSnapshot, SnapshotSource, StateAt, denied, embedded, state_at};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogList, Program};

/// Lists of different programmes, and what lies below them.
#[derive(Debug)]
pub(super) struct ListsTable {
    lists: Vec<ListTable>,
    ground: Ground,
    ids: Vec<LogId>,
}

/// What lies below the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    /// Nothing but the denied logs: the lists stand instead of the embedded table.
    Nothing,
    /// The embedded table, which knows the time before the lists.
    Embedded,
}

impl ListsTable {
    /// Lists that the user gave. Each speaks for its own programme only.
    pub(super) fn instead(lists: &[&LogList]) -> Self {
        let tables = lists.iter().map(|list| ListTable::new(list, SnapshotSource::File, |_, _| &[]));
        Self::new(tables.collect(), Ground::Nothing)
    }

    /// Lists that are newer than the embedded table: they go on where its history ends.
    pub(super) fn on_top(lists: &[&LogList]) -> Self {
        let tables = lists.iter().map(|list| ListTable::new(list, SnapshotSource::Cache, embedded::history));
        Self::new(tables.collect(), Ground::Embedded)
    }

    fn new(mut lists: Vec<ListTable>, ground: Ground) -> Self {
        // Chrome's names of logs and operators go first.
        lists.sort_by_key(ListTable::program);
        let below = (ground == Ground::Embedded).then(|| embedded::iter().map(|log| log.id));
        let mut ids: Vec<LogId> =
            lists.iter().flat_map(ListTable::ids).chain(below.into_iter().flatten()).collect();
        ids.sort_unstable();
        ids.dedup();
        Self { lists, ground, ids }
    }

    pub(super) fn log(&self, id: &LogId) -> Option<KnownLog<'_>> {
        let below = match self.ground {
            Ground::Embedded => embedded::log(id),
            Ground::Nothing => denied(id).and_then(|_| embedded::log(id)),
        };
        let mut listed = self.lists.iter().filter_map(|list| Some((list, list.log(id)?)));
        let Some((first, described)) = listed.next() else { return below };
        // Chrome's own list describes a log best, then the table, which prefers Chrome's words too.
        let mut log = match below {
            Some(below) if first.program() != Program::Chrome => below,
            _ => described,
        };
        let others = self.lists.iter().filter_map(|list| list.log(id));
        for other in below.into_iter().chain(others) {
            log.interval = log.interval.or(other.interval);
            log.url = log.url.or(other.url);
            log.monitoring_url = log.monitoring_url.or(other.monitoring_url);
            if log.previous_operators.is_empty() {
                log.previous_operators = other.previous_operators;
            }
        }
        // What a log is for is the newest list's word, but for the logs that no list makes good.
        let newest = self.lists.iter().filter(|list| list.log(id).is_some()).max_by_key(|list| list.date());
        let purpose = newest.and_then(|list| list.log(id)).map_or(log.assurance, |log| log.assurance);
        log.assurance = denied(id).unwrap_or(purpose);
        Some(log)
    }

    pub(super) fn state(&self, id: &LogId, program: Program, at: Timestamp) -> StateAt {
        let Some(newest) = self.snapshot(program).and_then(|snapshot| snapshot.timestamp) else {
            return StateAt::UNKNOWN;
        };
        let listed = self.list(program).and_then(|list| list.history(id));
        let rows = match self.ground {
            Ground::Nothing => listed.unwrap_or_default(),
            Ground::Embedded => listed.unwrap_or_else(|| embedded::history(id, program)),
        };
        state_at(rows, newest, at)
    }

    pub(super) fn snapshot(&self, program: Program) -> Option<ListSnapshot<'_>> {
        match self.list(program) {
            Some(list) => Some(list.snapshot()),
            None if self.ground == Ground::Embedded => embedded::snapshot(program),
            None => None,
        }
    }

    pub(super) fn snapshot_at(&self, program: Program, at: Timestamp) -> Option<ListSnapshot<'_>> {
        match self.ground {
            // It says itself since when each state holds.
            Ground::Nothing => self.snapshot(program),
            Ground::Embedded => self
                .list(program)
                .filter(|list| list.date().is_some_and(|date| date <= at))
                .map(ListTable::snapshot)
                .or_else(|| embedded::snapshot_at(program, at)),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = KnownLog<'_>> {
        self.ids.iter().filter_map(|id| self.log(id))
    }

    fn list(&self, program: Program) -> Option<&ListTable> {
        self.lists.iter().find(|list| list.program() == program)
    }
}
