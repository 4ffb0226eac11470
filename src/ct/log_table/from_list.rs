//! One list as a part of a table.

use jiff::Timestamp;

use super::{Assurance, KnownLog, ListSnapshot, Signed, SnapshotSource, StateRow, denied};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{
    ListSignature, ListedLog, ListedState, LogList, LogPurpose, Program, operator_name,
};

/// One list's logs, sorted by id, with their states as rows.
#[derive(Debug)]
pub(super) struct ListTable {
    source: SnapshotSource,
    program: Program,
    version: Option<String>,
    date: Option<Timestamp>,
    signature: ListSignature,
    logs: Vec<(ListedLog, Vec<StateRow>)>,
}

impl ListTable {
    /// A table of `list`; its rows continue those that `earlier` gives.
    pub(super) fn new(
        list: &LogList,
        source: SnapshotSource,
        earlier: impl Fn(&LogId, Program) -> &'static [StateRow],
    ) -> Self {
        let date = list.date();
        let rows = |log: &ListedLog| continued(earlier(&log.id, list.program), &rows(log, date));
        let mut logs: Vec<_> = list.logs.iter().map(|log| (log.clone(), rows(log))).collect();
        logs.sort_by_key(|(log, _)| log.id);
        Self {
            source,
            program: list.program,
            version: list.version.clone(),
            date,
            signature: list.signature,
            logs,
        }
    }

    pub(super) fn program(&self) -> Program {
        self.program
    }

    pub(super) fn date(&self) -> Option<Timestamp> {
        self.date
    }

    pub(super) fn log(&self, id: &LogId) -> Option<KnownLog<'_>> {
        self.entry(id).map(|(log, _)| known(log))
    }

    pub(super) fn history(&self, id: &LogId) -> Option<&[StateRow]> {
        self.entry(id).map(|(_, rows)| rows.as_slice())
    }

    pub(super) fn snapshot(&self) -> ListSnapshot<'_> {
        ListSnapshot {
            source: self.source,
            version: self.version.as_deref(),
            timestamp: self.date,
            signed: match self.signature {
                ListSignature::Verified => Signed::Yes,
                ListSignature::Unsigned => Signed::No,
            },
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = LogId> {
        self.logs.iter().map(|(log, _)| log.id)
    }

    fn entry(&self, id: &LogId) -> Option<&(ListedLog, Vec<StateRow>)> {
        let index = self.logs.binary_search_by(|(log, _)| log.id.cmp(id)).ok()?;
        self.logs.get(index)
    }
}

/// Without any date in the list, its states say nothing about any time.
fn rows(log: &ListedLog, date: Option<Timestamp>) -> Vec<StateRow> {
    let Some(date) = date else { return Vec::new() };
    let row =
        |listed: &ListedState| StateRow { state: listed.state, since: listed.since, first: date, last: date };
    log.states.iter().map(row).collect()
}

/// The rows of a history with those of a newer list: what the list says again goes on, the rest is added.
fn continued(earlier: &[StateRow], listed: &[StateRow]) -> Vec<StateRow> {
    let mut rows = earlier.to_vec();
    for new in listed {
        match rows.iter_mut().find(|row| (row.state, row.since) == (new.state, new.since)) {
            Some(row) => {
                row.first = row.first.min(new.first);
                row.last = row.last.max(new.last);
            }
            None => rows.push(*new),
        }
    }
    rows
}

fn known(log: &ListedLog) -> KnownLog<'_> {
    let listed = match log.purpose {
        LogPurpose::Production => Assurance::Real,
        LogPurpose::Test => Assurance::Test,
        LogPurpose::MonitoringOnly => Assurance::MonitoringOnly,
    };
    KnownLog {
        id: log.id,
        key_spki: &log.key_spki,
        log_type: log.log_type,
        operator: operator_name(&log.operator),
        previous_operators: &log.previous_operators,
        name: &log.name,
        interval: log.interval,
        url: log.url.as_deref(),
        monitoring_url: log.monitoring_url.as_deref(),
        assurance: denied(&log.id).unwrap_or(listed),
    }
}
