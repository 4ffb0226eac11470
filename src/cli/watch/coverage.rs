//! How far a log is covered, as reports and `--status` show it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::logs::FollowedLog;
use crate::ct::log_fault::{FaultKind, LogFault};
use crate::report::human::safe;
use crate::report::human::style::{BAD, DOUBTFUL, GOOD, paint};
use crate::report::human::wrap::{indented, wrap};
use crate::rules::{Finding, log};
use crate::watch::follow::{LogToFollow, Outcome, kind_name};
use crate::watch::state::{Dark, FaultPair, Log, LogTrouble, OpenFault, State, StateError};

/// What is done about entries that were not searched for a name.
const SEARCH_AGAIN: &str = "--from 7d (or begin) reads them again, and --from end leaves it at that";

/// Why logs were stopped where it is the network.
pub(super) const NOT_REACHED: &str = "no log could be reached";
/// The most pairs of tree heads of a kind of fault that are shown; the state keeps them all.
const MOST_PAIRS: u64 = 8;

/// How far a log is covered.
#[derive(Debug, Serialize)]
pub(super) struct LogCoverage {
    pub(super) name: String,
    log_id: String,
    operator: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
    state: Option<&'static str>,
    /// The first entry that was to be read.
    pub(super) start: Option<u64>,
    /// Where following it began, why, and when it came into the state.
    started_at: Option<serde_json::Value>,
    /// All entries from `start` up to before this one are proven.
    pub(super) proven: Option<u64>,
    tree_size: Option<u64>,
    tree_head_timestamp: Option<Timestamp>,
    tree_head_seen: Option<Timestamp>,
    /// Entries of the last tree head that are not proven yet.
    pub(super) backlog: Option<u64>,
    /// `proven`, `failed`, `stopped`, or in `--status` `known`, `not_begun`.
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    faults: Vec<serde_json::Value>,
    /// Proven entries that were not searched for some of the watched names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unsearched: Vec<serde_json::Value>,
    /// Proven entries that nobody could read: they were searched for no name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unread: Vec<serde_json::Value>,
}

impl LogCoverage {
    /// A log as the state has it.
    pub(super) fn of(log: &Log, faults: &[OpenFault]) -> Self {
        let (head, seen) = log.head.clone().unzip();
        let time = |at: u64| Timestamp::from_millisecond(i64::try_from(at).ok()?).ok();
        let size = head.as_ref().map(|head| head.size);
        Self {
            name: log.description.clone(),
            log_id: STANDARD.encode(log.log_id),
            operator: None,
            kind: kind_name(log.kind),
            url: log.url.clone(),
            state: None,
            start: Some(log.start),
            started_at: Some(json!({"index": log.start, "why": log.begun, "at": log.registered})),
            proven: Some(log.proven.size()),
            tree_size: size,
            tree_head_timestamp: head.and_then(|head| time(head.timestamp)),
            tree_head_seen: seen,
            backlog: size.map(|size| size.saturating_sub(log.proven.size())),
            status: "known",
            reason: None,
            faults: faults
                .iter()
                .map(|fault| {
                    json!({
                        "kind": fault.kind,
                        "text": fault.text,
                        "since": fault.since,
                        "last_seen": fault.last_seen,
                        "times": fault.times,
                        "acknowledged": fault.acknowledged,
                        "over": false,
                    })
                })
                .collect(),
            unsearched: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// One that the state does not know.
    pub(super) fn unknown(log: &LogToFollow) -> Self {
        Self {
            name: log.name.clone(),
            log_id: STANDARD.encode(log.log_id),
            operator: None,
            kind: kind_name(log.kind),
            url: log.url.clone(),
            state: None,
            start: None,
            started_at: None,
            proven: None,
            tree_size: None,
            tree_head_timestamp: None,
            tree_head_seen: None,
            backlog: None,
            status: "failed",
            reason: None,
            faults: Vec::new(),
            unsearched: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// With what of it was not searched for the watched names.
    pub(super) async fn searched(mut self, state: &State, log: &Log) -> Self {
        match state.dark(log.number).await {
            Ok(dark) => self.unread = dark.iter().map(unread).collect(),
            Err(error) => {
                let text = format!("which entries nobody could read, the state does not say: {error}");
                self.unread = vec![json!({ "text": text })];
            }
        }
        self.show_pairs(state, log).await;
        let missing = async {
            let from = state.wanted_from(log.number).await?.unwrap_or(log.start);
            state.unsearched(log, from).await
        };
        let missing = match missing.await {
            Ok(missing) => missing,
            Err(error) => {
                let text = format!("for which names entries were searched could not be read: {error}");
                self.unsearched = vec![json!({ "text": text })];
                return self;
            }
        };
        self.unsearched = missing
            .iter()
            .map(|missing| {
                let names: Vec<String> =
                    missing.names.iter().map(|watched| watched.name.to_string()).collect();
                json!({
                    "text": missing.to_string(),
                    "names": names,
                    "names_left_out": missing.count.saturating_sub(missing.names.len()),
                    "entries": missing.entries,
                })
            })
            .collect();
        self
    }

    /// Adds to each fault that two tree heads prove both of them, as the log signed them.
    pub(super) async fn show_pairs(&mut self, state: &State, log: &Log) {
        for fault in &mut self.faults {
            let kind = fault["kind"].as_str().and_then(FaultKind::from_name);
            let Some(kind) = kind.filter(|kind| kind.is_lasting()) else { continue };
            match state.pairs_of(log.number, kind.name(), MOST_PAIRS).await {
                Ok((pairs, count)) => {
                    let left_out = count.saturating_sub(u64::try_from(pairs.len()).unwrap_or(u64::MAX));
                    fault["pairs"] = pairs.iter().map(pair).collect();
                    fault["pairs_left_out"] = left_out.into();
                }
                Err(error) => fault["pairs_error"] = error.to_string().into(),
            }
        }
    }

    /// The findings about faults of it, with the tree heads that prove them.
    pub(super) fn findings(&self, faults: &[LogFault]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for fault in faults {
            let shown = self.faults.iter().find(|shown| shown["kind"] == fault.kind.name());
            for mut finding in log::findings(fault) {
                let mut evidence = finding.evidence.to_json();
                for key in ["pairs", "pairs_left_out", "pairs_error"] {
                    if let Some(value) = shown.and_then(|shown| shown.get(key)) {
                        evidence[key] = value.clone();
                    }
                }
                finding.evidence = evidence.into();
                findings.push(finding);
            }
        }
        findings
    }

    /// Whether entries of it could not be read, and nobody said that he knows of them.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.iter().any(|unread| unread["acknowledged"].is_null())
    }

    /// One that is to be followed, and was not begun.
    pub(super) fn not_begun(log: &FollowedLog) -> Self {
        let mut coverage = Self::unknown(&log.log);
        coverage.operator = Some(log.operator.clone());
        coverage.state = Some(log.state.name());
        coverage.status = "not_begun";
        coverage
    }

    /// The same with what keeps it from being followed.
    pub(super) fn troubled(mut self, trouble: &LogTrouble) -> Self {
        self.reason = Some(format!("since {}: {}", trouble.since, trouble.text));
        self
    }

    /// The same with why it is not followed any more.
    pub(super) fn left_out(mut self, why: &str) -> Self {
        let why = format!("not followed any more: {why}");
        self.reason = Some(self.reason.map_or_else(|| why.clone(), |reason| format!("{why}; {reason}")));
        self
    }

    /// The faults of it that nobody acknowledged. `lacking` hears of those of which no rule is known.
    pub(super) fn faults(&self, open: &[OpenFault], mut lacking: impl FnMut(StateError)) -> Vec<LogFault> {
        let mut faults = Vec::new();
        for fault in open.iter().filter(|fault| fault.acknowledged.is_none()) {
            match FaultKind::from_name(&fault.kind) {
                Some(kind) => faults.push(self.fault(kind, &fault.text)),
                // It is no less a fault.
                None => lacking(StateError::Damaged(format!("a fault is of the kind “{}”", fault.kind))),
            }
        }
        faults
    }

    /// A fault of it.
    pub(super) fn fault(&self, kind: FaultKind, text: &str) -> LogFault {
        LogFault {
            log: self.name.clone(),
            log_id: self.log_id.clone(),
            kind,
            text: text.to_owned(),
            url: Some(self.url.clone()),
        }
    }

    /// The same with a fault that was seen and is over.
    pub(super) fn over(&mut self, kind: FaultKind, text: &str) {
        self.faults.push(json!({
            "kind": kind.name(),
            "text": text,
            "since": null,
            "last_seen": null,
            "times": null,
            "acknowledged": null,
            "over": true,
        }));
    }

    /// Whether nothing is known of it: it was not begun, and nothing went wrong with it.
    pub(super) fn is_untouched(&self) -> bool {
        self.status == "not_begun" && self.reason.is_none()
    }

    /// Whether nothing is to be said of it but that none could be reached.
    pub(super) fn is_only_unreached(&self) -> bool {
        self.start.is_none() && self.faults.is_empty() && self.reason.as_deref() == Some(NOT_REACHED)
    }

    /// The same with how following it ended.
    pub(super) fn ended(mut self, log: &FollowedLog, outcome: &Outcome, why_stopped: &str) -> Self {
        self.operator = Some(log.operator.clone());
        self.state = Some(log.state.name());
        (self.status, self.reason) = match outcome {
            Outcome::Proven { .. } => ("proven", None),
            Outcome::Stopped => ("stopped", Some(why_stopped.to_owned())),
            Outcome::Failed(why) | Outcome::NotKept(why) => ("failed", Some(why.clone())),
        };
        self
    }

    /// A few lines for people.
    pub(super) fn human(&self) -> String {
        let style = match self.status {
            "proven" => GOOD,
            "failed" | "not_begun" => BAD,
            _ => DOUBTFUL,
        };
        let shown = paint(style, self.status.replace('_', " ")) + "  ";
        let status = if self.status == "known" { String::new() } else { shown };
        let covered = match (self.start, self.proven) {
            (Some(start), Some(proven)) if start < proven => {
                format!("entries {start} to {} proven", proven.saturating_sub(1))
            }
            (Some(start), Some(_)) => format!("no entries yet from {start} on"),
            _ => "nothing read".to_owned(),
        };
        let behind = match self.backlog {
            Some(backlog) if backlog > 0 => format!("; {backlog} to come"),
            _ => String::new(),
        };
        let seen = self.tree_head_timestamp.map_or_else(String::new, |at| format!("; tree head of {at}"));
        let heading = format!("{status}{}: {covered}{behind}{seen}", safe(&self.name));
        let mut text = wrap(&heading, "  ", "    ");
        if let Some(reason) = &self.reason {
            text.push_str(&indented(&safe(reason), 4));
        }
        for fault in &self.faults {
            let said = |key: &str| fault[key].as_str().unwrap_or_default().to_owned();
            let known = if fault["acknowledged"].is_null() { "" } else { ", acknowledged" };
            let when = if fault["over"] == true {
                "seen and over".to_owned()
            } else {
                format!("since {}", said("since"))
            };
            let line = format!("fault “{}” {when}{known}: {}", said("kind"), said("text"));
            text.push_str(&indented(&safe(&line), 4));
        }
        for unread in &self.unread {
            let known = if unread["acknowledged"].is_null() { "" } else { "; acknowledged" };
            let line = format!("{}{known}", unread["text"].as_str().unwrap_or_default());
            text.push_str(&indented(&safe(&line), 4));
        }
        for missing in &self.unsearched {
            let line = format!("{}; {SEARCH_AGAIN}", missing["text"].as_str().unwrap_or_default());
            text.push_str(&indented(&safe(&line), 4));
        }
        text
    }
}

/// Two tree heads, as reports have them. What was kept in another form is given as text.
fn pair(pair: &FaultPair) -> serde_json::Value {
    let evidence = serde_json::from_slice::<serde_json::Value>(&pair.evidence);
    let heads = evidence.ok().map(|mut evidence| evidence["tree_heads"].take());
    json!({"seen": pair.seen, "text": pair.text, "tree_heads": heads})
}

/// Entries that nobody could read, as reports have them.
fn unread(dark: &Dark) -> serde_json::Value {
    let (first, last) = (dark.start, dark.stop.saturating_sub(1));
    let which = if first == last { format!("entry {first}") } else { format!("entries {first} to {last}") };
    json!({
        "text": format!("cannot be read since {}, and was searched for no name: {which}", dark.since),
        "entries": [dark.start, dark.stop],
        "since": dark.since,
        "acknowledged": dark.acknowledged,
    })
}
