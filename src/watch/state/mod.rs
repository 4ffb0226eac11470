//! What `pinstead watch` knows between two moments: how far each log was read and proved, what was found in it, and
//! which alerts are due.
//!
//! It is one file of SQLite, or a database of PostgreSQL that several machines share. Every step that must not be lost
//! or done twice is one transaction, fenced by a lease: whoever was taken over writes nothing. Leases end by the
//! database's own clock, which all who share it read alike.
//!
//! A log is read in ranges that end at multiples of [`RANGE`]. Whoever holds a log's head takes its tree heads, which
//! make ranges; anybody reads these; and when all up to a tree head are read, they are folded and compared with its
//! root. Only then are they proven, and go: what comes next begins a range right there.

mod alerts;
mod certificates;
mod channels;
mod dark;
mod database;
mod error;
mod faults;
mod followers;
mod found;
mod heads;
mod lease;
mod logs;
mod migrations;
mod names;
mod pairs;
mod place;
mod proofs;
mod ranges;
mod reporting;
mod revocations;
mod survey;
mod troubles;
mod verdicts;

use std::sync::OnceLock;

use tokio::sync::OnceCell;

pub use self::alerts::{Alert, Due, NewAlert, Waiting};
pub use self::certificates::{KnownCertificate, Sighting};
pub use self::dark::{Dark, NewDark};
#[cfg(test)]
pub(crate) use self::database::STATEMENTS;
use self::database::{Database, storable};
pub use self::error::StateError;
pub use self::faults::{Fault, NewFault};
pub use self::followers::{Following, Looks, Services};
pub use self::found::{Committed, EntryKind, Found};
pub use self::heads::{HeadLease, HeadTaken};
pub use self::lease::LONGEST_LEASE;
pub use self::logs::{Head, Log, LogKind, LogNumber, NewLog};
use self::names::OwnNames;
pub use self::names::{NameSearch, Unsearched};
pub use self::pairs::FaultPair;
pub use self::place::Place;
pub use self::ranges::{Gain, RANGE, RangeLease};
pub use self::reporting::{REPORT, is_reserved};
pub use self::revocations::RevocationLook;
pub use self::survey::{OpenFault, SurveyedHead, SurveyedLog};
pub use self::troubles::LogTrouble;
pub use self::verdicts::{Judged, OpenEntry};

/// How the state is opened.
#[derive(Clone, Debug, Default)]
pub struct StateOptions {
    /// The channels that each new alert goes to, beside those of the others who work with the state.
    pub channels: Vec<String>,
    /// The most octets that SQLite's file may have; its log of at most some 20 MB comes besides.
    pub most_octets: Option<u64>,
}

/// The state, opened by one process.
pub struct State {
    database: Database,
    /// Shown to people; what a lease is held by is its own token.
    owner: String,
    channels: Vec<String>,
    /// The names that this process searches for.
    names: OnceCell<OwnNames>,
    /// What it wishes of certificates, where it does.
    wishes: OnceLock<[u8; 32]>,
}

impl State {
    /// Opens the state, and makes its tables where there are none.
    pub async fn open(place: &Place, options: &StateOptions) -> Result<Self, StateError> {
        let database = place.open(options.most_octets).await?;
        migrations::migrate(&database).await?;
        Self::of(database, options).await
    }

    /// The same state for other names and channels, by the connections that there are; closing either closes both.
    pub async fn anew(&self, options: &StateOptions) -> Result<Self, StateError> {
        Self::of(self.database.clone(), options).await
    }

    async fn of(database: Database, options: &StateOptions) -> Result<Self, StateError> {
        let channels = options.channels.iter().map(|channel| storable(channel)).collect();
        let (owner, wishes) = (lease::random_text()?, OnceLock::new());
        let state = Self { database, owner, channels, names: OnceCell::new(), wishes };
        match state.name_channels().await {
            // There may be room again later, when they are named again.
            Ok(()) | Err(StateError::Full(_)) => Ok(state),
            Err(error) => Err(error),
        }
    }

    /// What this process is called where it holds a lease.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Ends all connections. What was committed stays, also without this.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

/// How many rows are read at once.
const PAGE: u64 = 1000;
