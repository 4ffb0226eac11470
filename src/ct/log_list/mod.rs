//! Log lists: the v3 JSON that Google, Apple, Mozilla and Android publish.
//!
//! Source: <https://www.gstatic.com/ct/log_list/v3/log_list_schema.json>. What lists do beyond the schema is
//! read too: `state` may be absent or have several keys, `logs` may be empty, and times may be whole
//! milliseconds (Android) instead of RFC 3339.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod entry;
mod signature;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub use self::entry::{EntryProblem, ListedLog, ListedState, PreviousOperator, ProblemKind};
pub use self::signature::{GOOGLE_KEY_BASE64, ListSignature};
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
    /// Whose list it is, by its own form; Chrome's unless something tells otherwise.
    pub program: Program,
    /// The version it states.
    pub version: Option<String>,
    /// The time it states.
    pub timestamp: Option<Timestamp>,
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
    /// More logs than [`MAX_LOGS`].
    #[error("the log list has more than {MAX_LOGS} logs")]
    TooManyLogs,
    /// The signature does not belong to these octets and the key.
    #[error("the signature of the log list is wrong: the list was altered, or signed with another key")]
    InvalidSignature,
}

impl LogList {
    /// Reads a list. With a `signature`, it must be by Google's list key over exactly these octets.
    pub fn parse(octets: &[u8], signature: Option<&[u8]>) -> Result<Self, LogListError> {
        Self::parse_with_key(octets, signature, &signature::google_key())
    }

    /// Reads a list whose signature, if given, is by the RSA key `key_spki` (DER SubjectPublicKeyInfo).
    pub fn parse_with_key(
        octets: &[u8],
        signature: Option<&[u8]>,
        key_spki: &[u8],
    ) -> Result<Self, LogListError> {
        if octets.len() > MAX_LIST_OCTETS {
            return Err(LogListError::TooLarge(octets.len()));
        }
        let signature = signature::check(octets, signature, key_spki)?;
        let json: Value = serde_json::from_slice(octets).map_err(LogListError::Syntax)?;
        let operators = json.get("operators").and_then(Value::as_array).ok_or(LogListError::NotALogList)?;
        let mut list = Self {
            program: program_of(&json),
            version: json.get("version").and_then(Value::as_str).map(str::to_owned),
            timestamp: json.get("log_list_timestamp").and_then(entry::time),
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

    /// A time at which the list said what it says: the one it states, else its newest state change.
    ///
    /// The second is a safe lower bound: every state in the list was already in force then.
    pub fn date(&self) -> Option<Timestamp> {
        let newest = || self.logs.iter().flat_map(|log| &log.states).filter_map(|state| state.since).max();
        self.timestamp.or_else(newest)
    }

    /// The entry of a log.
    pub fn log(&self, id: &LogId) -> Option<&ListedLog> {
        self.logs.iter().find(|log| log.id == *id)
    }
}

/// Apple's lists name Apple's schema, Android's state whole milliseconds.
fn program_of(json: &Value) -> Program {
    let names_apple =
        |schema: &Value| schema.as_str().is_some_and(|schema| schema.contains("valid.apple.com"));
    if json.get("$schema").is_some_and(names_apple) {
        Program::Apple
    } else if json.get("log_list_timestamp").is_some_and(Value::is_number) {
        Program::Android
    } else {
        Program::Chrome
    }
}

#[cfg(test)]
mod tests;
