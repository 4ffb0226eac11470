//! A table made of one list.

use jiff::Timestamp;

use super::{Assurance, KnownLog, ListSnapshot, Signed, SnapshotSource, StateRow, denied};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{ListSignature, ListedLog, LogList, LogPurpose, Program};

/// One list's logs, sorted by id, with their states as rows.
#[derive(Debug)]
pub(super) struct FileTable {
    program: Program,
    version: Option<String>,
    timestamp: Option<Timestamp>,
    signature: ListSignature,
    logs: Vec<(ListedLog, Vec<StateRow>)>,
}

impl FileTable {
    pub(super) fn new(list: &LogList) -> Self {
        let date = list.date();
        let mut logs: Vec<_> = list.logs.iter().map(|log| (log.clone(), rows(log, date))).collect();
        logs.sort_by_key(|(log, _)| log.id);
        Self {
            program: list.program,
            version: list.version.clone(),
            timestamp: date,
            signature: list.signature,
            logs,
        }
    }

    pub(super) fn log(&self, id: &LogId) -> Option<KnownLog<'_>> {
        self.entry(id).map(|(log, _)| known(log))
    }

    pub(super) fn history(&self, id: &LogId, program: Program) -> &[StateRow] {
        let entry = self.entry(id).filter(|_| program == self.program);
        entry.map(|(_, rows)| rows.as_slice()).unwrap_or_default()
    }

    pub(super) fn snapshot(&self, program: Program) -> Option<ListSnapshot<'_>> {
        let signed = match self.signature {
            ListSignature::Verified => Signed::Yes,
            ListSignature::Unsigned => Signed::No,
        };
        (program == self.program).then_some(ListSnapshot {
            source: SnapshotSource::File,
            version: self.version.as_deref(),
            timestamp: self.timestamp,
            signed,
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = KnownLog<'_>> {
        self.logs.iter().map(|(log, _)| known(log))
    }

    fn entry(&self, id: &LogId) -> Option<&(ListedLog, Vec<StateRow>)> {
        let index = self.logs.binary_search_by(|(log, _)| log.id.cmp(id)).ok()?;
        self.logs.get(index)
    }
}

/// Without any date in the list, its states say nothing about any time.
fn rows(log: &ListedLog, date: Option<Timestamp>) -> Vec<StateRow> {
    let Some(date) = date else { return Vec::new() };
    let row = |listed: &crate::ct::log_list::ListedState| StateRow {
        state: listed.state,
        since: listed.since,
        first: date,
        last: date,
    };
    log.states.iter().map(row).collect()
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
        operator: &log.operator,
        previous_operators: &log.previous_operators,
        name: &log.name,
        interval: log.interval,
        url: log.url.as_deref(),
        monitoring_url: log.monitoring_url.as_deref(),
        assurance: denied(&log.id).unwrap_or(listed),
    }
}
