//! Every log known, and the history of what each programme said of it.
//!
//! The embedded table is compiled from `data/ct-*.tsv` into sorted arrays; nothing is parsed at start. Lists
//! given by the user replace it as a whole; newer ones from the cache go on where its history ends. See
//! [`state_at`] for what is known between the lists.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod accepted;
mod assurance;
mod embedded;
mod from_list;
mod history;
mod lists;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

pub use self::accepted::{best, nothing_new, why_never};
pub use self::assurance::{Assurance, DENIED, denied};
pub use self::history::{Listing, StateAt, StateRow, state_at};
use self::history::{ListsAround, is_unlisted, retirement_announced};
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
    /// The longest maximum merge delay that a list states; `None` where none does, as in the table compiled in.
    pub mmd: Option<SignedDuration>,
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
    /// Where it is read, if a list says so.
    pub fn read_at(&self) -> Option<&'a str> {
        match self.log_type {
            LogType::Rfc6962 => self.url,
            LogType::Static => self.monitoring_url,
        }
    }

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
    /// What that time is.
    pub dating: Dating,
    /// What vouches for it.
    pub signed: Signed,
}

impl ListSnapshot<'_> {
    /// What tells it from other editions. Its date may be one at which it was seen, so that it states none.
    pub fn edition(&self) -> Edition {
        Edition { version: self.version.map(str::to_owned), stated: None, date: self.timestamp }
    }
}

/// A list with its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatedList<'a> {
    /// The list.
    pub snapshot: ListSnapshot<'a>,
    /// Its date.
    pub timestamp: Timestamp,
    /// The last time, up to the one asked for, at which it is known to have been the current list.
    pub current_at: Timestamp,
}

/// What the date of a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dating {
    /// A time that it states, or at which it was seen published.
    Known,
    /// The list states none, and nobody saw it: the newest change in it, since when it may have stood for long.
    NewestChange,
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

    /// Lists instead of the embedded table, of one programme or several. Each speaks for its own programme only.
    pub fn from_lists(lists: &[&LogList]) -> Self {
        Self { source: Source::Lists(Box::new(ListsTable::instead(lists))) }
    }

    /// The embedded table with newer lists on top: they add to its history.
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
        let newest = self.snapshot(program).and_then(|snapshot| snapshot.timestamp);
        let Some(newest) = newest else { return StateAt::UNKNOWN };
        state_at(self.history(id, program), newest, at)
    }

    /// Where a log stands in a programme's lists at a time: in a state, in none of them, or not known.
    pub fn listing(&self, id: &LogId, program: Program, at: Timestamp) -> Listing {
        let state = self.state(id, program, at);
        if state != StateAt::UNKNOWN {
            return Listing::Listed(state);
        }
        let mut around = ListsAround::default();
        for date in self.snapshots(program).filter_map(|snapshot| snapshot.timestamp) {
            if date <= at {
                around.before = Some(date);
            } else {
                around.after = around.after.or(Some(date));
            }
        }
        if is_unlisted(self.history(id, program), around) { Listing::NotListed } else { Listing::NotKnown }
    }

    /// When a log is to retire, where a list of the programme that was out at a time announced it for later.
    pub fn retirement_announced(&self, id: &LogId, program: Program, at: Timestamp) -> Option<Timestamp> {
        retirement_announced(self.history(id, program), at)
    }

    /// The newest list of a programme that the table has.
    pub fn snapshot(&self, program: Program) -> Option<ListSnapshot<'_>> {
        match &self.source {
            Source::Embedded => embedded::snapshots(program).last().copied(),
            Source::Lists(lists) => lists.snapshots(program).last(),
        }
    }

    /// The newest list of a programme that was out at a time. Lists that the user gave stand for every time before
    /// them too: they say themselves since when each state holds.
    pub fn snapshot_at(&self, program: Program, at: Timestamp) -> Option<ListSnapshot<'_>> {
        let out = |snapshot: &ListSnapshot<'_>| snapshot.timestamp.is_some_and(|date| date <= at);
        let newest = self.snapshots(program).filter(out).last();
        match &self.source {
            Source::Lists(lists) if lists.stand_alone() => newest.or_else(|| self.snapshots(program).next()),
            Source::Embedded | Source::Lists(_) => newest,
        }
    }

    /// The newest list of a programme that was out at a time, with its date, and how long it is known to have been
    /// current: a version that was seen again later was current in between.
    pub fn list_at(&self, program: Program, at: Timestamp) -> Option<DatedList<'_>> {
        let snapshot = self.snapshot_at(program, at)?;
        let newest = snapshot.timestamp?;
        let same = |other: &ListSnapshot<'_>| other.version.is_some() && other.version == snapshot.version;
        let mut seen = self.snapshots(program).filter(same).filter_map(|other| other.timestamp);
        let timestamp = seen.next().unwrap_or(newest).min(newest);
        // A list that the user gave stands for the time before it too.
        let still_current = seen.any(|date| date > at) || newest > at;
        Some(DatedList { snapshot, timestamp, current_at: if still_current { at } else { newest } })
    }

    fn history(&self, id: &LogId, program: Program) -> &[StateRow] {
        match &self.source {
            Source::Embedded => embedded::history(id, program),
            Source::Lists(lists) => lists.history(id, program),
        }
    }

    /// The lists of a programme, by date.
    fn snapshots(&self, program: Program) -> impl Iterator<Item = ListSnapshot<'_>> {
        let (embedded, lists) = match &self.source {
            Source::Embedded => (embedded::snapshots(program), None),
            Source::Lists(lists) => (&[][..], Some(lists.snapshots(program))),
        };
        embedded.iter().copied().chain(lists.into_iter().flatten())
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
