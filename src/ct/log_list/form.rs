//! Whose form and which schema a list has.

use jiff::Timestamp;
use serde_json::Value;

use super::{Program, entry};

/// A schema before v3, the only one that is still published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OldSchema {
    /// `logs` beside `operators`, which stand for one another by number.
    #[error("a log list of schema v1 (logs with “operated_by”, published until 2019)")]
    V1,
    /// As v3, but without “version”, “log_list_timestamp” and “tiled_logs”.
    #[error(
        "a log list of schema v2 (without “version” and “log_list_timestamp”, published from 2019 to 2022)"
    )]
    V2,
    /// Entries of v2, by operator.
    #[error(
        "the consolidated log list of the CT community site (entries of schema v2 by operator, 2018 to 2021)"
    )]
    Consolidated,
}

/// The last state change that a list of schema v2 may have: Google published no more of them after 2022.
const LAST_OF_V2: Timestamp = Timestamp::constant(1_672_531_200, 0);

/// The schema of a list, if it is an old one.
pub(super) fn old_schema(json: &Value) -> Option<OldSchema> {
    let Some(operators) = json.get("operators") else {
        return is_consolidated(json).then_some(OldSchema::Consolidated);
    };
    let operated_by =
        |log: &Value| log.get("operated_by").is_some() || log.get("maximum_merge_delay").is_some();
    if array(json.get("logs")).any(operated_by) {
        return Some(OldSchema::V1);
    }
    let operators: Vec<&Value> = array(Some(operators)).collect();
    let says_more = json.get("version").is_some()
        || json.get("log_list_timestamp").is_some()
        || operators.iter().any(|operator| operator.get("tiled_logs").is_some());
    if says_more {
        return None;
    }
    let newest = operators.iter().flat_map(|operator| array(operator.get("logs"))).filter_map(changed).max();
    newest.is_some_and(|newest| newest < LAST_OF_V2).then_some(OldSchema::V2)
}

/// Whose form a list has, where that tells.
///
/// Apple's lists name Apple's schema, and Android's state whole milliseconds. Mozilla's, made from
/// `CTKnownLogs.h`, have a time without a version, and logs that are qualified and usable at once.
pub(super) fn program(json: &Value) -> Option<Program> {
    let names_apple =
        |schema: &Value| schema.as_str().is_some_and(|schema| schema.contains("valid.apple.com"));
    let dated = json.get("log_list_timestamp");
    if json.get("$schema").is_some_and(names_apple) {
        Some(Program::Apple)
    } else if dated.is_some_and(Value::is_number) {
        Some(Program::Android)
    } else if dated.is_some() && json.get("version").is_none() && logs(json).any(is_admissible) {
        Some(Program::Mozilla)
    } else {
        None
    }
}

/// Mozilla's “Admissible”, as its list renders it.
fn is_admissible(log: &Value) -> bool {
    let state = log.get("state").and_then(Value::as_object);
    state.is_some_and(|state| state.contains_key("qualified") && state.contains_key("usable"))
}

/// An object of arrays of logs.
fn is_consolidated(json: &Value) -> bool {
    let Some(operators) = json.as_object().filter(|operators| !operators.is_empty()) else { return false };
    let is_log = |log: &Value| log.get("log_id").is_some() && log.get("operator").is_some();
    operators.values().all(|logs| logs.is_array() && array(Some(logs)).any(is_log))
}

fn logs(json: &Value) -> impl Iterator<Item = &Value> {
    array(json.get("operators"))
        .flat_map(|operator| array(operator.get("logs")).chain(array(operator.get("tiled_logs"))))
}

/// When a log's newest state began.
fn changed(log: &Value) -> Option<Timestamp> {
    let states = log.get("state")?.as_object()?;
    states.values().filter_map(|state| entry::time(state.get("timestamp")?)).max()
}

fn array(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}
