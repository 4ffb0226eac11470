//! One entry of a log list.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{LogPurpose, LogState, LogType, operator_name};
use crate::ct::log_id::LogId;

/// A log as one list describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLog {
    /// SHA-256 of the key; checked.
    pub id: LogId,
    /// The public key, DER SubjectPublicKeyInfo.
    pub key_spki: Vec<u8>,
    /// `logs` or `tiled_logs`.
    pub log_type: LogType,
    /// Who runs it.
    pub operator: String,
    /// Who ran it before, if the list says.
    pub previous_operators: Vec<PreviousOperator>,
    /// The list's description of it.
    pub name: String,
    /// Where it takes certificates.
    pub url: Option<String>,
    /// Where a static log is read.
    pub monitoring_url: Option<String>,
    /// The maximum merge delay, if the list states one that can be read. It is the log's word to its programme, and no
    /// reason to refuse the entry.
    pub mmd: Option<SignedDuration>,
    /// The log takes certificates whose notAfter lies in `[start, end)`.
    pub interval: Option<(Timestamp, Timestamp)>,
    /// Its states; none for logs that the programme does not judge, several in Mozilla's form.
    pub states: Vec<ListedState>,
    /// What it is run for.
    pub purpose: LogPurpose,
}

/// A state and since when it holds, as the list says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedState {
    /// The state.
    pub state: LogState,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// An operator before the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousOperator {
    /// Who it was.
    pub name: Cow<'static, str>,
    /// Until when.
    pub end: Timestamp,
}

/// An entry that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the entry “{entry}” is not used: {kind}")]
pub struct EntryProblem {
    /// The entry's description, or where it stands.
    pub entry: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// An operator without a name.
    #[error("its operator has no name")]
    UnnamedOperator,
    /// No `key`, or not base64.
    #[error("it has no readable key")]
    Key,
    /// No `log_id`, or not 32 octets of base64.
    #[error("it has no readable log_id")]
    LogId,
    /// `log_id` is not the hash of the key.
    #[error("its log_id is {stated}, but its key has {actual}")]
    IdMismatch {
        /// What the entry says.
        stated: LogId,
        /// The hash of its key.
        actual: LogId,
    },
    /// The id stands in an earlier entry.
    #[error("the log {0} stands in the list already")]
    Duplicate(LogId),
    /// A state that is none of the known ones.
    #[error("its state “{0}” is not a known one")]
    State(String),
    /// An interval or state time that cannot be read.
    #[error("the time {0} cannot be read")]
    Time(String),
    /// Something else in it that cannot be read.
    #[error("its {field} is not as it should be: {text}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What stands there.
        text: String,
    },
}

impl EntryProblem {
    pub(super) fn new(entry: &str, kind: ProblemKind) -> Self {
        Self { entry: entry.chars().take(200).collect(), kind }
    }
}

/// The entries of one operator, each read or refused on its own.
pub(super) fn of_operator(operator: &Value) -> Vec<Result<ListedLog, EntryProblem>> {
    let Some(name) = operator.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
        return vec![Err(EntryProblem::new("(operator)", ProblemKind::UnnamedOperator))];
    };
    let mut entries = Vec::new();
    for (field, log_type) in [("logs", LogType::Rfc6962), ("tiled_logs", LogType::Static)] {
        match operator.get(field) {
            None | Some(Value::Null) => {}
            Some(Value::Array(logs)) => entries.extend(logs.iter().map(|log| read(log, log_type, name))),
            Some(other) => entries.push(Err(EntryProblem::new(name, unusable(field, other)))),
        }
    }
    entries
}

fn read(log: &Value, log_type: LogType, operator: &str) -> Result<ListedLog, EntryProblem> {
    let text = |field: &str| log.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = text("description").or_else(|| text("log_id")).unwrap_or("(without description)");
    let problem = |kind| EntryProblem::new(name, kind);

    let key_spki = text("key").and_then(|key| STANDARD.decode(key).ok());
    let key_spki = key_spki.ok_or_else(|| problem(ProblemKind::Key))?;
    let stated: LogId =
        text("log_id").and_then(|id| id.parse().ok()).ok_or_else(|| problem(ProblemKind::LogId))?;
    let actual = LogId::of_key(&key_spki);
    if stated != actual {
        return Err(problem(ProblemKind::IdMismatch { stated, actual }));
    }
    let url = match log_type {
        LogType::Rfc6962 => text("url"),
        LogType::Static => text("submission_url"),
    };
    Ok(ListedLog {
        id: actual,
        key_spki,
        log_type,
        operator: operator.to_owned(),
        previous_operators: previous_operators(log).map_err(problem)?,
        name: name.to_owned(),
        url: url.map(str::to_owned),
        monitoring_url: text("monitoring_url").map(str::to_owned),
        mmd: log.get("mmd").and_then(Value::as_u64).and_then(seconds),
        interval: interval(log).map_err(problem)?,
        states: states(log).map_err(problem)?,
        purpose: purpose(log).map_err(problem)?,
    })
}

fn seconds(seconds: u64) -> Option<SignedDuration> {
    i64::try_from(seconds).ok().map(SignedDuration::from_secs)
}

fn purpose(log: &Value) -> Result<LogPurpose, ProblemKind> {
    match log.get("log_type") {
        None | Some(Value::Null) => Ok(LogPurpose::Production),
        Some(stated) => match stated.as_str() {
            Some("prod") => Ok(LogPurpose::Production),
            Some("test") => Ok(LogPurpose::Test),
            Some("monitoring_only") => Ok(LogPurpose::MonitoringOnly),
            // What is not known may be anything but a log for production.
            _ => Err(unusable("log_type", stated)),
        },
    }
}

/// Policies count operators as they were: one that cannot be read must not vanish.
fn previous_operators(log: &Value) -> Result<Vec<PreviousOperator>, ProblemKind> {
    const FIELD: &str = "previous_operators";
    let listed = match log.get(FIELD) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(listed)) => listed,
        Some(other) => return Err(unusable(FIELD, other)),
    };
    let read = |operator: &Value| {
        let name = operator_name(operator.get("name")?.as_str()?).to_owned();
        Some(PreviousOperator { name: Cow::Owned(name), end: time(operator.get("end_time")?)? })
    };
    let mut operators = Vec::new();
    for operator in listed {
        operators.push(read(operator).ok_or_else(|| unusable(FIELD, operator))?);
    }
    operators.sort_by_key(|operator| operator.end);
    Ok(operators)
}

fn interval(log: &Value) -> Result<Option<(Timestamp, Timestamp)>, ProblemKind> {
    let Some(interval) = log.get("temporal_interval").filter(|interval| !interval.is_null()) else {
        return Ok(None);
    };
    let bound = |field| interval.get(field).and_then(time);
    match (bound("start_inclusive"), bound("end_exclusive")) {
        (Some(start), Some(end)) if start < end => Ok(Some((start, end))),
        _ => Err(ProblemKind::Time(shown(interval))),
    }
}

fn states(log: &Value) -> Result<Vec<ListedState>, ProblemKind> {
    let listed = match log.get("state") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(listed)) => listed,
        Some(other) => return Err(unusable("state", other)),
    };
    let read = |(name, detail): (&String, &Value)| {
        let state = LogState::from_name(name).ok_or_else(|| ProblemKind::State(name.clone()))?;
        let since = stated_time(detail.get("timestamp")).map_err(ProblemKind::Time)?;
        Ok(ListedState { state, since })
    };
    let mut states = listed.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    states.sort_by_key(|state| state.state);
    Ok(states)
}

/// A time that may be absent, but if it is there can be read.
pub(super) fn stated_time(value: Option<&Value>) -> Result<Option<Timestamp>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(stated) => time(stated).map(Some).ok_or_else(|| shown(stated)),
    }
}

/// A time as RFC 3339 text or as whole milliseconds, cut to milliseconds.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    let time = match value {
        Value::Number(number) => return Timestamp::from_millisecond(number.as_i64()?).ok(),
        Value::String(text) => text.parse::<Timestamp>().ok()?,
        _ => return None,
    };
    Timestamp::from_millisecond(time.as_millisecond()).ok()
}

fn unusable(field: &'static str, value: &Value) -> ProblemKind {
    ProblemKind::Field { field, text: shown(value) }
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(100).collect()
}
