//! One list as a part of a table.

use jiff::Timestamp;

use super::{Assurance, Dating, KnownLog, ListSnapshot, Signed, SnapshotSource, StateRow, denied};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{
    ListSignature, ListedLog, ListedState, LogList, LogPurpose, Program, operator_name,
};

/// One list's logs, sorted by id.
#[derive(Debug)]
pub(super) struct ListTable {
    source: SnapshotSource,
    program: Program,
    version: Option<String>,
    date: Option<Timestamp>,
    dating: Dating,
    signature: ListSignature,
    logs: Vec<ListedLog>,
}

impl ListTable {
    pub(super) fn new(list: &LogList, source: SnapshotSource) -> Self {
        let mut logs = list.logs.clone();
        logs.sort_by_key(|log| log.id);
        Self {
            source,
            program: list.program,
            version: list.version.clone(),
            date: list.date(),
            dating: if list.timestamp.or(list.seen).is_some() { Dating::Known } else { Dating::NewestChange },
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
        self.entry(id).map(known)
    }

    /// What the list says of its logs' states. Without any date in the list, that says nothing about any time.
    pub(super) fn states(&self) -> impl Iterator<Item = (LogId, StateRow)> {
        let of_log = |log: &ListedLog, date: Timestamp| {
            let id = log.id;
            let row = move |listed: ListedState| StateRow {
                state: listed.state,
                since: listed.since,
                first: date,
                last: date,
            };
            log.states.clone().into_iter().map(move |listed| (id, row(listed)))
        };
        let dated = self.date.into_iter();
        dated.flat_map(move |date| self.logs.iter().flat_map(move |log| of_log(log, date)))
    }

    pub(super) fn snapshot(&self) -> ListSnapshot<'_> {
        ListSnapshot {
            source: self.source,
            version: self.version.as_deref(),
            timestamp: self.date,
            dating: self.dating,
            signed: match self.signature {
                ListSignature::Verified => Signed::Yes,
                ListSignature::Unsigned => Signed::No,
            },
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = LogId> {
        self.logs.iter().map(|log| log.id)
    }

    fn entry(&self, id: &LogId) -> Option<&ListedLog> {
        let index = self.logs.binary_search_by(|log| log.id.cmp(id)).ok()?;
        self.logs.get(index)
    }
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
        mmd: log.mmd,
        interval: log.interval,
        url: log.url.as_deref(),
        monitoring_url: log.monitoring_url.as_deref(),
        assurance: denied(&log.id).unwrap_or(listed),
    }
}
