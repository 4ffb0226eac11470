//! The tables of CT logs: who they are, what programmes said of them over time, and which lists were read.

mod text;

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ct::log_id::LogId;
use crate::ct::log_list::{
    ListSignature, ListedLog, ListedState, LogList, LogPurpose, LogState, LogType, PreviousOperator, Program,
    operator_name,
};
use crate::ct::log_table::{Assurance, Signed, denied};

pub use self::text::LogTexts;

/// A list to fold in.
#[derive(Debug)]
pub struct ListInput {
    /// Whose word it is.
    pub source: ListSource,
    /// The list.
    pub list: LogList,
    /// A version, where the list states none.
    pub version: Option<String>,
    /// When it was seen published, where the list does not say when it was made.
    pub date: Option<Timestamp>,
    /// It was read out of a browser's binary, so that accepted logs all stand as usable.
    pub derived: bool,
}

/// Whose list it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListSource {
    /// A programme's: it says which logs are trusted.
    Program(Program),
    /// Another's: it adds keys and descriptions.
    Other(String),
}

impl ListSource {
    /// The name in the tables.
    pub fn name(&self) -> &str {
        match self {
            Self::Program(program) => program.name(),
            Self::Other(name) => name,
        }
    }

    /// The source of this name.
    pub fn from_name(name: &str) -> Self {
        Program::from_name(name).map_or_else(|| Self::Other(name.to_owned()), Self::Program)
    }

    /// Whose descriptions are preferred: Chrome's operator names are the ones its policy counts by.
    fn rank(&self) -> u8 {
        match self {
            Self::Program(Program::Chrome) => 0,
            Self::Program(Program::Mozilla) => 1,
            Self::Program(Program::Apple) => 2,
            Self::Program(Program::Android) => 3,
            Self::Other(_) => 4,
        }
    }
}

/// A list that cannot be folded in.
#[derive(Debug, thiserror::Error)]
pub enum ListInputError {
    /// A programme's list with no date in it.
    #[error("a list of {0} says nowhere when it was made; give its date")]
    Undated(String),
}

/// The three tables.
#[derive(Debug, Default)]
pub struct LogTables {
    logs: BTreeMap<LogId, LogRow>,
    states: BTreeMap<StateKey, Seen>,
    lists: BTreeMap<ListKey, ListRow>,
}

#[derive(Debug)]
struct LogRow {
    key_spki: Vec<u8>,
    log_type: LogType,
    operator: String,
    previous_operators: Vec<PreviousOperator>,
    name: String,
    interval: Option<(Timestamp, Timestamp)>,
    url: Option<String>,
    monitoring_url: Option<String>,
    assurance: Assurance,
    described_by: ListSource,
    described_on: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct StateKey {
    id: LogId,
    program: Program,
    since: Option<Timestamp>,
    state: LogState,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    first: Timestamp,
    last: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ListKey {
    source: ListSource,
    date: Option<Timestamp>,
    version: String,
}

#[derive(Debug)]
struct ListRow {
    signed: Signed,
    logs: usize,
}

impl LogTables {
    /// Folds lists in. Their order does not matter.
    pub fn add(&mut self, inputs: Vec<ListInput>) -> Result<(), ListInputError> {
        let mut dated = Vec::new();
        for input in inputs {
            let date = input.date.or_else(|| input.list.date());
            if matches!(input.source, ListSource::Program(_)) && date.is_none() {
                return Err(ListInputError::Undated(input.source.name().to_owned()));
            }
            dated.push((input, date));
        }
        // The preferred description first; then the newest.
        dated.sort_by_key(|(input, date)| (input.source.rank(), std::cmp::Reverse(*date)));
        for (input, date) in &dated {
            self.list(input, *date);
            for log in &input.list.logs {
                self.describe(log, &input.source, *date);
            }
        }
        // States read out of binaries continue those that lists tell apart, so they come last, in time's order.
        dated.sort_by_key(|(input, date)| (input.derived, *date));
        for (input, date) in &dated {
            let (ListSource::Program(program), Some(date)) = (&input.source, date) else { continue };
            for log in &input.list.logs {
                for listed in &log.states {
                    self.state(log.id, *program, *listed, *date, input.derived);
                }
            }
        }
        Ok(())
    }

    fn list(&mut self, input: &ListInput, date: Option<Timestamp>) {
        let version = input.version.clone().or_else(|| input.list.version.clone()).unwrap_or_default();
        let signed = match input.list.signature {
            _ if input.derived => Signed::Derived,
            ListSignature::Verified => Signed::Yes,
            ListSignature::Unsigned => Signed::No,
        };
        let key = ListKey { source: input.source.clone(), date, version };
        self.lists.insert(key, ListRow { signed, logs: input.list.logs.len() });
    }

    fn describe(&mut self, log: &ListedLog, source: &ListSource, date: Option<Timestamp>) {
        let purpose = match log.purpose {
            LogPurpose::Production => Assurance::Real,
            LogPurpose::Test => Assurance::Test,
            LogPurpose::MonitoringOnly => Assurance::MonitoringOnly,
        };
        let new = || LogRow {
            key_spki: log.key_spki.clone(),
            log_type: log.log_type,
            operator: operator_name(&log.operator).to_owned(),
            previous_operators: log.previous_operators.clone(),
            name: log.name.clone(),
            interval: log.interval,
            url: log.url.clone(),
            monitoring_url: log.monitoring_url.clone(),
            assurance: denied(&log.id).unwrap_or(purpose),
            described_by: source.clone(),
            described_on: date,
        };
        let Some(row) = self.logs.get_mut(&log.id) else {
            self.logs.insert(log.id, new());
            return;
        };
        // What a log is for is the newest programme's word, whoever's that is.
        let weight = |source: &ListSource, date| (matches!(source, ListSource::Program(_)), date);
        let newer_word = weight(source, date) > weight(&row.described_by, row.described_on);
        if newer_word && denied(&log.id).is_none() {
            row.assurance = purpose;
        }
        let better = (source.rank(), std::cmp::Reverse(date))
            < (row.described_by.rank(), std::cmp::Reverse(row.described_on));
        if better {
            let old = std::mem::replace(row, LogRow { assurance: row.assurance, ..new() });
            row.fill(old.interval, old.url, old.monitoring_url);
        } else {
            row.fill(log.interval, log.url.clone(), log.monitoring_url.clone());
        }
    }

    fn state(&mut self, id: LogId, program: Program, listed: ListedState, date: Timestamp, derived: bool) {
        let continued = if derived { self.continued(id, program, listed, date) } else { None };
        let key = StateKey { id, program, since: listed.since, state: listed.state };
        let seen = self.states.entry(continued.unwrap_or(key)).or_insert(Seen { first: date, last: date });
        seen.first = seen.first.min(date);
        seen.last = seen.last.max(date);
    }

    /// The newest state that a derived list's word goes on from, if it does.
    fn continued(
        &self,
        id: LogId,
        program: Program,
        listed: ListedState,
        date: Timestamp,
    ) -> Option<StateKey> {
        let of_log = self.states.iter().filter(|(key, seen)| {
            key.id == id && key.program == program && key.since.unwrap_or(seen.first) <= date
        });
        let (newest, _) = of_log.max_by_key(|(key, seen)| (key.since.unwrap_or(seen.first), key.state))?;
        let goes_on =
            newest.state == listed.state || (newest.state.is_accepted() && listed.state == LogState::Usable);
        goes_on.then(|| newest.clone())
    }
}

impl LogRow {
    fn fill(
        &mut self,
        interval: Option<(Timestamp, Timestamp)>,
        url: Option<String>,
        monitoring_url: Option<String>,
    ) {
        self.interval = self.interval.or(interval);
        self.url = self.url.take().or(url);
        self.monitoring_url = self.monitoring_url.take().or(monitoring_url);
    }
}

/// `name@end`, separated by `;`.
fn previous_operators_text(operators: &[PreviousOperator]) -> String {
    operators
        .iter()
        .map(|operator| format!("{}@{}", operator.name, operator.end))
        .collect::<Vec<_>>()
        .join(";")
}

fn previous_operators_of(text: &str) -> Option<Vec<PreviousOperator>> {
    let read = |part: &str| {
        let (name, end) = part.rsplit_once('@')?;
        Some(PreviousOperator { name: Cow::Owned(name.to_owned()), end: end.parse().ok()? })
    };
    text.split(';').map(read).collect()
}

#[cfg(test)]
mod tests;
