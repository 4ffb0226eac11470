//! Log lists: the v3 JSON that Google, Apple, Mozilla and Android publish.
//!
//! Source: <https://www.gstatic.com/ct/log_list/v3/log_list_schema.json>. What lists do beyond the schema is
//! read too: `state` may be absent or have several keys, `logs` may be empty, and times may be whole
//! milliseconds (Android) instead of RFC 3339. Lists of schema v1 and v2 are told apart and refused, but for the
//! tables' history.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod edition;
mod entry;
mod form;
mod kept;
mod operator;
mod replacement;
mod signature;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub use self::edition::Edition;
pub use self::entry::{EntryProblem, ListedLog, ListedState, PreviousOperator, ProblemKind};
pub use self::form::OldSchema;
pub use self::kept::{KeptError, read_kept};
pub use self::operator::operator_name;
pub use self::replacement::{Holder, Place, Refusal, may_take_its_place};
pub use self::signature::{GOOGLE_KEY_BASE64, ListKey, ListKeyError, ListSignature, MAX_KEY_OCTETS};
use super::log_id::LogId;

/// The largest list that is read; the largest known one has 165 kB.
pub const MAX_LIST_OCTETS: usize = 8 << 20;

/// The most logs a list may have; the longest known one has 309.
pub const MAX_LOGS: usize = 10_000;

/// Whose programme decides which logs are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Program {
    /// Google's list for Chrome and Chromium.
    Chrome,
    /// Apple's.
    Apple,
    /// Mozilla's, compiled into Firefox.
    Mozilla,
    /// Google's list for Android, signed and published apart.
    Android,
}

impl Program {
    /// Every programme.
    pub const ALL: [Self; 4] = [Self::Chrome, Self::Apple, Self::Mozilla, Self::Android];

    /// The name in tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chrome => "chrome",
            Self::Apple => "apple",
            Self::Mozilla => "mozilla",
            Self::Android => "android",
        }
    }

    /// The programme of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|program| program.name() == name)
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Chrome => "Chrome",
            Self::Apple => "Apple",
            Self::Mozilla => "Mozilla",
            Self::Android => "Android",
        }
    }

    /// Whether its lists are signed with a key that is known beforehand: only Chrome's are.
    pub fn has_known_key(self) -> bool {
        self == Self::Chrome
    }
}

/// What a programme says of a log at some time.
///
/// Source: <https://googlechrome.github.io/CertificateTransparency/log_states.html>. The order is that of a
/// log's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogState {
    /// Nothing is known for that time.
    #[default]
    Unknown,
    /// Applied, not yet accepted.
    Pending,
    /// Accepted; clients may not know it yet.
    Qualified,
    /// Accepted, and known to clients. In lists read out of a browser: accepted.
    Usable,
    /// Accepted; takes no more certificates.
    Readonly,
    /// No longer trusted for SCTs issued after it retired.
    Retired,
    /// Never accepted, or removed for good.
    Rejected,
}

impl LogState {
    /// Every state that a list can say.
    pub const LISTED: [Self; 6] =
        [Self::Pending, Self::Qualified, Self::Usable, Self::Readonly, Self::Retired, Self::Rejected];

    /// The name in lists and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Pending => "pending",
            Self::Qualified => "qualified",
            Self::Usable => "usable",
            Self::Readonly => "readonly",
            Self::Retired => "retired",
            Self::Rejected => "rejected",
        }
    }

    /// The state of this name, if lists have one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::LISTED.into_iter().find(|state| state.name() == name)
    }

    /// Whether SCTs of a log in this state count: qualified, usable or read-only.
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::Qualified | Self::Usable | Self::Readonly)
    }
}

/// The interface a log is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogType {
    /// RFC 6962.
    Rfc6962,
    /// static-ct-api: tiles. Its SCTs carry a leaf index.
    Static,
}

impl LogType {
    /// The name in tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rfc6962 => "rfc6962",
            Self::Static => "static",
        }
    }
}

/// What a log is run for, as the list says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogPurpose {
    /// Nothing said: production.
    Production,
    /// `log_type: test`.
    Test,
    /// `log_type: monitoring_only`.
    MonitoringOnly,
}

/// A log list, read and its signature checked where there was one.
#[derive(Clone, Debug)]
pub struct LogList {
    /// Whose list it is: as was said when it was read, else by its own form, else Chrome's.
    pub program: Program,
    /// Whose form it has, where that tells.
    pub form: Option<Program>,
    /// The version it states.
    pub version: Option<String>,
    /// The time it states.
    pub timestamp: Option<Timestamp>,
    /// When it was last seen published, where that is known.
    pub seen: Option<Timestamp>,
    /// Whether the signature was there; a wrong one refuses the list.
    pub signature: ListSignature,
    /// The logs, in the order of the list.
    pub logs: Vec<ListedLog>,
    /// Entries that could not be used.
    pub problems: Vec<EntryProblem>,
}

/// Why a list is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum LogListError {
    /// Larger than [`MAX_LIST_OCTETS`].
    #[error("the log list has {0} octets; at most {MAX_LIST_OCTETS} are read")]
    TooLarge(usize),
    /// Not JSON, or nested too deeply.
    #[error("the log list is not valid JSON")]
    Syntax(#[source] serde_json::Error),
    /// JSON, but without `operators` as an array.
    #[error("this is not a v3 log list: it has no array “operators”")]
    NotALogList,
    /// A list of a schema before v3.
    #[error("this is {0}; only log lists of schema v3 are read")]
    OldSchema(OldSchema),
    /// It states a time that cannot be read.
    #[error("the log list's “log_list_timestamp” is no time: {0}")]
    Timestamp(String),
    /// More logs than [`MAX_LOGS`].
    #[error("the log list has more than {MAX_LOGS} logs")]
    TooManyLogs,
    /// The signature does not belong to these octets and the key.
    #[error("the signature of the log list is wrong: the list was altered, or signed with another key")]
    InvalidSignature,
}

/// How a list is read; by default without signature, as what its own form says, and in schema v3.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListReading<'a> {
    /// The signature over exactly these octets; a wrong one refuses the list.
    pub signature: Option<&'a [u8]>,
    /// The key that made it; `None`: Google's.
    pub key: Option<&'a ListKey>,
    /// Whose list it is, whatever its form says.
    pub program: Option<Program>,
    /// Lists of schema v2 are read too: the tables' history begins with them.
    pub also_v2: bool,
}

impl LogList {
    /// Reads a list. With a `signature`, it must be by Google's list key over exactly these octets.
    pub fn parse(octets: &[u8], signature: Option<&[u8]>) -> Result<Self, LogListError> {
        Self::read(octets, &ListReading { signature, ..ListReading::default() })
    }

    /// Reads a list.
    pub fn read(octets: &[u8], how: &ListReading<'_>) -> Result<Self, LogListError> {
        if octets.len() > MAX_LIST_OCTETS {
            return Err(LogListError::TooLarge(octets.len()));
        }
        let signature = match how.key {
            Some(key) => signature::check(octets, how.signature, key)?,
            None => signature::check(octets, how.signature, &ListKey::google())?,
        };
        let json: Value = serde_json::from_slice(octets).map_err(LogListError::Syntax)?;
        if let Some(old) = form::old_schema(&json)
            && !(how.also_v2 && old == OldSchema::V2)
        {
            return Err(LogListError::OldSchema(old));
        }
        let operators = json.get("operators").and_then(Value::as_array).ok_or(LogListError::NotALogList)?;
        let form = form::program(&json);
        let mut list = Self {
            program: how.program.or(form).unwrap_or(Program::Chrome),
            form,
            version: json.get("version").and_then(Value::as_str).map(str::to_owned),
            timestamp: entry::stated_time(json.get("log_list_timestamp")).map_err(LogListError::Timestamp)?,
            seen: None,
            signature,
            logs: Vec::new(),
            problems: Vec::new(),
        };
        let mut seen = std::collections::HashSet::new();
        for operator in operators {
            for entry in entry::of_operator(operator) {
                match entry {
                    Ok(log) if !seen.insert(log.id) => {
                        list.problems.push(EntryProblem::new(&log.name, ProblemKind::Duplicate(log.id)));
                    }
                    Ok(log) => list.logs.push(log),
                    Err(problem) => list.problems.push(problem),
                }
                if list.logs.len().max(list.problems.len()) > MAX_LOGS {
                    return Err(LogListError::TooManyLogs);
                }
            }
        }
        Ok(list)
    }

    /// A time at which the list said what it says: the one it states, else when it was last seen published, else
    /// its newest state change.
    ///
    /// The last is a safe lower bound: every state in the list was already in force then.
    pub fn date(&self) -> Option<Timestamp> {
        let newest = || self.logs.iter().flat_map(|log| &log.states).filter_map(|state| state.since).max();
        self.timestamp.or(self.seen).or_else(newest)
    }

    /// The entry of a log.
    pub fn log(&self, id: &LogId) -> Option<&ListedLog> {
        self.logs.iter().find(|log| log.id == *id)
    }

    /// How many operators it names.
    pub fn operators(&self) -> usize {
        self.logs.iter().map(|log| log.operator.as_str()).collect::<std::collections::BTreeSet<_>>().len()
    }
}

#[cfg(test)]
mod tests;
