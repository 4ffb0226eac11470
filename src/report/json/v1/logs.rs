//! The JSON of `pinstead logs`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::SCHEMA_VERSION;
use crate::ct::log_list::{ListSignature, LogList, LogState, LogType};
use crate::ct::log_table::{Assurance, Signed, SnapshotSource};
use crate::judge::{ListAge, LogAt};
use crate::report::{ListUpdate, LogsReport, Storing, UpdateReport, VerifyReport, age_in_days};

/// `logs list` as one object.
pub fn list(report: &LogsReport<'_>) -> serde_json::Result<String> {
    pretty(&json!({
        "schema_version": SCHEMA_VERSION,
        "program": report.program,
        "at": report.at,
        "log_list": report.list.as_ref().map(ListView::of),
        "logs": report.logs.iter().map(LogView::of).collect::<Vec<_>>(),
    }))
}

/// `logs list`, one log a line.
pub fn list_lines(report: &LogsReport<'_>) -> serde_json::Result<String> {
    report.logs.iter().map(|log| line(&LogView::of(log))).collect()
}

/// `logs verify` as one object.
pub fn verify(report: &VerifyReport<'_>) -> serde_json::Result<String> {
    pretty(&verified(report))
}

/// `logs verify` in one line.
pub fn verify_line(report: &VerifyReport<'_>) -> serde_json::Result<String> {
    line(&verified(report))
}

/// `logs update` as one object.
pub fn update(report: &UpdateReport) -> serde_json::Result<String> {
    let lists: Vec<Value> = report.updates.iter().map(|update| updated(update, report.now)).collect();
    pretty(&json!({ "schema_version": SCHEMA_VERSION, "updated_at": report.now, "lists": lists }))
}

/// `logs update`, one list a line.
pub fn update_lines(report: &UpdateReport) -> serde_json::Result<String> {
    report.updates.iter().map(|update| line(&updated(update, report.now))).collect()
}

fn pretty(value: &Value) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n")
}

fn line(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value).map(|text| text + "\n")
}

/// The list by which states were told.
#[derive(Serialize)]
struct ListView<'a> {
    source: SnapshotSource,
    version: Option<&'a str>,
    signed: Signed,
    timestamp: Timestamp,
    age_days: i64,
    stale: bool,
}

impl<'a> ListView<'a> {
    fn of(list: &'a ListAge) -> Self {
        Self {
            source: list.source,
            version: list.version.as_deref(),
            signed: list.signed,
            timestamp: list.timestamp,
            age_days: list.days,
            stale: list.is_stale(),
        }
    }
}

#[derive(Serialize)]
struct LogView<'a> {
    log_id: String,
    name: &'a str,
    operator: &'a str,
    log_type: LogType,
    state: LogState,
    state_since: Option<Timestamp>,
    assurance: Assurance,
    interval: Option<IntervalView>,
    url: Option<&'a str>,
    monitoring_url: Option<&'a str>,
    key: String,
}

#[derive(Serialize)]
struct IntervalView {
    start_inclusive: Timestamp,
    end_exclusive: Timestamp,
}

impl<'a> LogView<'a> {
    fn of(LogAt { log, state }: &LogAt<'a>) -> Self {
        Self {
            log_id: log.id.to_string(),
            name: log.name,
            operator: log.operator,
            log_type: log.log_type,
            state: state.state,
            state_since: state.since,
            assurance: log.assurance,
            interval: log
                .interval
                .map(|(start_inclusive, end_exclusive)| IntervalView { start_inclusive, end_exclusive }),
            url: log.url,
            monitoring_url: log.monitoring_url,
            key: STANDARD.encode(log.key_spki),
        }
    }
}

/// What a list says of itself.
fn contents(list: &LogList, now: Timestamp) -> Value {
    let problems: Vec<String> = list.problems.iter().map(ToString::to_string).collect();
    json!({
        "program": list.program,
        "version": list.version,
        "timestamp": list.date(),
        "age_days": list.date().map(|date| age_in_days(date, now)),
        "signed": list.signature == ListSignature::Verified,
        "logs": list.logs.len(),
        "operators": list.operators(),
        "problems": problems,
    })
}

fn verified(report: &VerifyReport<'_>) -> Value {
    json!({
        "schema_version": SCHEMA_VERSION,
        "file": report.file,
        "verdict": if report.is_good() { "good" } else { "bad" },
        "key": if report.by_google { "google" } else { "given" },
        "reason": report.list.err().map(ToString::to_string),
        "list": report.list.ok().map(|list| contents(list, report.now)),
    })
}

fn updated(update: &ListUpdate, now: Timestamp) -> Value {
    json!({
        "program": update.program,
        "url": update.url,
        "outcome": update.outcome(),
        "reason": update.reason(),
        "list": update.list().map(|list| contents(list, now)),
        "before": update.before.as_ref().map(|list| contents(list, now)),
        "before_unusable": update.damaged,
        "file": match &update.storing {
            Storing::Kept(file) => Some(file),
            _ => None,
        },
        "dry_run": update.storing == Storing::DryRun,
    })
}
