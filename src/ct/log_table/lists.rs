//! A table made of lists: alone, or on top of the table compiled in.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::from_list::ListTable;
use super::{KnownLog, ListSnapshot, SnapshotSource, StateRow, denied, embedded};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogList, Program};

/// Lists of one or several programmes, and what lies below them.
#[derive(Debug)]
pub(super) struct ListsTable {
    /// By programme, Chrome first; of each the newest first.
    lists: Vec<ListTable>,
    ground: Ground,
    /// Of each log that stands in a list of the programme, all that is known.
    histories: HashMap<(LogId, Program), Vec<StateRow>>,
    /// Every log, in order.
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
        Self::new(lists, SnapshotSource::File, Ground::Nothing)
    }

    /// Lists that are newer than the embedded table: they go on where its history ends.
    pub(super) fn on_top(lists: &[&LogList]) -> Self {
        Self::new(lists, SnapshotSource::Cache, Ground::Embedded)
    }

    fn new(lists: &[&LogList], source: SnapshotSource, ground: Ground) -> Self {
        let mut lists: Vec<ListTable> = lists.iter().map(|list| ListTable::new(list, source)).collect();
        // Chrome's names of logs and operators go first.
        lists.sort_by_key(|list| (list.program(), Reverse(list.date())));
        let mut histories = HashMap::new();
        for list in &lists {
            let program = list.program();
            for (id, row) in list.states() {
                let below = || ground.history(&id, program).to_vec();
                add(histories.entry((id, program)).or_insert_with(below), row);
            }
        }
        let below = (ground == Ground::Embedded).then(|| embedded::iter().map(|log| log.id));
        let mut ids: Vec<LogId> =
            lists.iter().flat_map(ListTable::ids).chain(below.into_iter().flatten()).collect();
        ids.sort_unstable();
        ids.dedup();
        Self { lists, ground, histories, ids }
    }

    /// Whether the lists stand instead of the embedded table.
    pub(super) fn stand_alone(&self) -> bool {
        self.ground == Ground::Nothing
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
            // Where lists differ, the longest is the one that no log is wronged by.
            log.mmd = log.mmd.max(other.mmd);
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

    pub(super) fn history(&self, id: &LogId, program: Program) -> &[StateRow] {
        match self.histories.get(&(*id, program)) {
            Some(rows) => rows,
            None => self.ground.history(id, program),
        }
    }

    /// The lists of a programme, by date.
    pub(super) fn snapshots(&self, program: Program) -> impl Iterator<Item = ListSnapshot<'_>> {
        let below = (self.ground == Ground::Embedded).then(|| embedded::snapshots(program));
        let lists = self.lists.iter().rev().filter(move |list| list.program() == program);
        below.into_iter().flatten().copied().chain(lists.map(ListTable::snapshot))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = KnownLog<'_>> {
        self.ids.iter().filter_map(|id| self.log(id))
    }
}

impl Ground {
    fn history(self, id: &LogId, program: Program) -> &'static [StateRow] {
        match self {
            Self::Nothing => &[],
            Self::Embedded => embedded::history(id, program),
        }
    }
}

/// Adds what a list says: said again, it goes on.
fn add(rows: &mut Vec<StateRow>, new: StateRow) {
    match rows.iter_mut().find(|row| (row.state, row.since) == (new.state, new.since)) {
        Some(row) => {
            row.first = row.first.min(new.first);
            row.last = row.last.max(new.last);
        }
        None => rows.push(new),
    }
}
