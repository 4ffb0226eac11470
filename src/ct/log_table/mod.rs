//! Every log known, and the history of what each programme said of it.
//!
//! The embedded table is compiled from `data/ct-*.tsv` into sorted arrays; nothing is parsed at start. Lists
//! given by the user replace it as a whole; newer ones from the cache go on where its history ends.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod assurance;
mod embedded;
mod from_list;
mod history;
mod lists;

use jiff::Timestamp;
use serde::Serialize;

pub use self::assurance::{Assurance, DENIED, denied};
pub use self::history::{StateAt, StateRow, state_at};
use self::lists::ListsTable;
use super::log_id::LogId;
use super::log_list::{Edition, LogList, LogType, PreviousOperator, Program};

/// A log whose key is known.
#[derive(Clone, Copy, Debug)]
pub struct KnownLog<'a> {
    /// SHA-256 of the key.
    pub id: LogId,
    /// The public key, DER SubjectPublicKeyInfo.
    pub key_spki: &'a [u8],
    /// The interface it is read by.
    pub log_type: LogType,
    /// Who runs it, by the name Chrome uses where Chrome knows it.
    pub operator: &'a str,
    /// Who ran it before, oldest first, where a list says so.
    pub previous_operators: &'a [PreviousOperator],
    /// Its name.
    pub name: &'a str,
    /// It takes certificates whose notAfter lies in `[start, end)`; `None`: any, or not known.
    pub interval: Option<(Timestamp, Timestamp)>,
    /// Where it takes certificates.
    pub url: Option<&'a str>,
    /// Where a static log is read.
    pub monitoring_url: Option<&'a str>,
    /// Whether its SCTs assure anything at all.
    pub assurance: Assurance,
}

impl<'a> KnownLog<'a> {
    /// Who ran the log at a time.
    pub fn operator_at(&self, at: Timestamp) -> &'a str {
        let before = self.previous_operators.iter().find(|operator| at < operator.end);
        before.map_or(self.operator, |operator| &*operator.name)
    }
}

/// Where a table's word about a programme comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListSnapshot<'a> {
    /// Embedded, a file, or the cache.
    pub source: SnapshotSource,
    /// The version the list states.
    pub version: Option<&'a str>,
    /// When the list was published, or a time at which it certainly was.
    pub timestamp: Option<Timestamp>,
    /// What vouches for it.
    pub signed: Signed,
}

impl ListSnapshot<'_> {
    /// What tells it from other editions. Its date may be one at which it was seen, so that it states none.
    pub fn edition(&self) -> Edition {
        Edition { version: self.version.map(str::to_owned), stated: None, date: self.timestamp }
    }
}

/// Where a list was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotSource {
    /// Compiled in.
    Embedded,
    /// Given by the user.
    File,
    /// Kept by `pinstead logs update`.
    Cache,
}

/// What vouches for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signed {
    /// Its publisher's signature, checked.
    Yes,
    /// Nothing.
    No,
    /// It was read out of a browser's binary: accepted logs all stand as usable.
    Derived,
}

/// The logs a judgement goes by.
#[derive(Debug)]
pub struct LogTable {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Embedded,
    Lists(Box<ListsTable>),
}

impl LogTable {
    /// The table compiled in.
    pub fn embedded() -> Self {
        Self { source: Source::Embedded }
    }

    /// One list instead of the embedded table. It speaks for its own programme only.
    pub fn from_list(list: &LogList) -> Self {
        Self::from_lists(&[list])
    }

    /// Lists instead of the embedded table, one a programme. Each speaks for its own programme only.
    pub fn from_lists(lists: &[&LogList]) -> Self {
        Self { source: Source::Lists(Box::new(ListsTable::instead(lists))) }
    }

    /// The embedded table with newer lists on top, one a programme: they add to its history.
    pub fn embedded_with(newer: &[&LogList]) -> Self {
        if newer.is_empty() {
            return Self::embedded();
        }
        Self { source: Source::Lists(Box::new(ListsTable::on_top(newer))) }
    }

    /// The log of this id. Denied logs are known to every table.
    pub fn log(&self, id: &LogId) -> Option<KnownLog<'_>> {
        match &self.source {
            Source::Embedded => embedded::log(id),
            Source::Lists(lists) => lists.log(id),
        }
    }

    /// What a programme says of a log's state at a time, and since when that holds.
    pub fn state(&self, id: &LogId, program: Program, at: Timestamp) -> StateAt {
        match &self.source {
            Source::Embedded => embedded::state(id, program, at),
            Source::Lists(lists) => lists.state(id, program, at),
        }
    }

    /// The newest list of a programme that the table has.
    pub fn snapshot(&self, program: Program) -> Option<ListSnapshot<'_>> {
        match &self.source {
            Source::Embedded => embedded::snapshot(program),
            Source::Lists(lists) => lists.snapshot(program),
        }
    }

    /// The newest list of a programme that was out at a time. A list that the user gave stands for every time:
    /// it says itself since when each state holds.
    pub fn snapshot_at(&self, program: Program, at: Timestamp) -> Option<ListSnapshot<'_>> {
        match &self.source {
            Source::Embedded => embedded::snapshot_at(program, at),
            Source::Lists(lists) => lists.snapshot_at(program, at),
        }
    }

    /// Every log, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = KnownLog<'_>> {
        let (embedded, lists) = match &self.source {
            Source::Embedded => (Some(embedded::iter()), None),
            Source::Lists(lists) => (None, Some(lists.iter())),
        };
        embedded.into_iter().flatten().chain(lists.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests;
