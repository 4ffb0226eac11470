//! A table made of lists that were given.

use jiff::Timestamp;

use super::{Assurance, KnownLog, ListSnapshot, Signed, SnapshotSource, StateRow, denied};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{ListSignature, ListedLog, LogList, LogPurpose, Program};

/// The logs of some lists, sorted by id, with their states as rows.
#[derive(Debug)]
pub(super) struct FileTable {
    /// By date.
    lists: Vec<FileList>,
    logs: Vec<FileLog>,
}

/// One of the lists.
#[derive(Debug)]
struct FileList {
    program: Program,
    version: Option<String>,
    timestamp: Option<Timestamp>,
    signature: ListSignature,
}

/// A log as the newest of the lists describes it, and what each programme says of it.
#[derive(Debug)]
struct FileLog {
    log: ListedLog,
    rows: Vec<(Program, Vec<StateRow>)>,
}

impl FileTable {
    pub(super) fn new(lists: &[&LogList]) -> Self {
        let mut newest_first: Vec<&LogList> = lists.to_vec();
        newest_first.sort_by_key(|list| std::cmp::Reverse(list.date()));
        let mut logs: Vec<FileLog> = Vec::new();
        for list in &newest_first {
            for log in &list.logs {
                let position = logs.binary_search_by(|known| known.log.id.cmp(&log.id));
                let index = position.unwrap_or_else(|index| {
                    logs.insert(index, FileLog { log: log.clone(), rows: Vec::new() });
                    index
                });
                if let Some(known) = logs.get_mut(index) {
                    known.add(list.program, log, list.date());
                }
            }
        }
        let describe = |list: &&LogList| FileList {
            program: list.program,
            version: list.version.clone(),
            timestamp: list.date(),
            signature: list.signature,
        };
        Self { lists: newest_first.iter().rev().map(describe).collect(), logs }
    }

    pub(super) fn log(&self, id: &LogId) -> Option<KnownLog<'_>> {
        self.entry(id).map(|entry| known(&entry.log))
    }

    pub(super) fn history(&self, id: &LogId, program: Program) -> &[StateRow] {
        let rows = self.entry(id).and_then(|entry| entry.rows.iter().find(|(of, _)| *of == program));
        rows.map(|(_, rows)| rows.as_slice()).unwrap_or_default()
    }

    /// The lists of a programme, by date.
    pub(super) fn snapshots(&self, program: Program) -> impl Iterator<Item = ListSnapshot<'_>> {
        self.lists.iter().filter(move |list| list.program == program).map(|list| ListSnapshot {
            source: SnapshotSource::File,
            version: list.version.as_deref(),
            timestamp: list.timestamp,
            signed: match list.signature {
                ListSignature::Verified => Signed::Yes,
                ListSignature::Unsigned => Signed::No,
            },
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = KnownLog<'_>> {
        self.logs.iter().map(|entry| known(&entry.log))
    }

    fn entry(&self, id: &LogId) -> Option<&FileLog> {
        let index = self.logs.binary_search_by(|entry| entry.log.id.cmp(id)).ok()?;
        self.logs.get(index)
    }
}

impl FileLog {
    /// Adds what a list says. Without any date in the list, its states say nothing about any time.
    fn add(&mut self, program: Program, log: &ListedLog, date: Option<Timestamp>) {
        let Some(date) = date else { return };
        if !self.rows.iter().any(|(of, _)| *of == program) {
            self.rows.push((program, Vec::new()));
        }
        let Some((_, rows)) = self.rows.iter_mut().find(|(of, _)| *of == program) else { return };
        for listed in &log.states {
            match rows.iter_mut().find(|row| (row.state, row.since) == (listed.state, listed.since)) {
                Some(row) => {
                    row.first = row.first.min(date);
                    row.last = row.last.max(date);
                }
                None => {
                    rows.push(StateRow { state: listed.state, since: listed.since, first: date, last: date });
                }
            }
        }
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
        operator: &log.operator,
        previous_operators: &log.previous_operators,
        name: &log.name,
        interval: log.interval,
        url: log.url.as_deref(),
        monitoring_url: log.monitoring_url.as_deref(),
        assurance: denied(&log.id).unwrap_or(listed),
    }
}
