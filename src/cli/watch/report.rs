//! The report of `pinstead watch --once`, and what `--status` shows of each log.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::WatchOptions;
use super::logs::{FollowedLog, Selection};
use super::observer::{Printer, say};
use crate::cli::Exit;
use crate::cli::options::{Format, GateOptions};
use crate::ct::log_fault::{FaultKind, LogFault};
use crate::observe::clock;
use crate::policy::Policy;
use crate::report::human::style::{BAD, DOUBTFUL, FAINT, GOOD, STRONG, of_severity, paint};
use crate::report::human::wrap::{indented, wrap};
use crate::report::human::{findings as human_findings, safe, tally};
use crate::report::json::v1::SCHEMA_VERSION;
use crate::rules::{Finding, log};
use crate::watch::alert::Tally;
use crate::watch::follow::{LogToFollow, Outcome, Summary, kind_name};
use crate::watch::state::{Fault, Log, State, StateError};

/// How far a log is covered.
#[derive(Debug, Serialize)]
pub(super) struct LogCoverage {
    name: String,
    log_id: String,
    operator: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
    state: Option<&'static str>,
    /// The first entry that was to be read.
    start: Option<u64>,
    /// All entries from `start` up to before this one are proven.
    proven: Option<u64>,
    tree_size: Option<u64>,
    tree_head_timestamp: Option<Timestamp>,
    tree_head_seen: Option<Timestamp>,
    /// Entries of the last tree head that are not proven yet.
    backlog: Option<u64>,
    /// `proven`, `failed`, `stopped`, or in `--status` `known`.
    status: &'static str,
    reason: Option<String>,
    faults: Vec<serde_json::Value>,
}

impl LogCoverage {
    /// A log as the state has it.
    pub(super) fn of(log: &Log, faults: &[Fault]) -> Self {
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
            proven: Some(log.proven.size()),
            tree_size: size,
            tree_head_timestamp: head.and_then(|head| time(head.timestamp)),
            tree_head_seen: seen,
            backlog: size.map(|size| size.saturating_sub(log.proven.size())),
            status: "known",
            reason: None,
            faults: faults
                .iter()
                .filter(|fault| fault.first.log == log.number)
                .map(|fault| {
                    json!({
                        "kind": fault.first.kind,
                        "text": fault.first.text,
                        "since": fault.since,
                        "last_seen": fault.last_seen,
                        "times": fault.times,
                    })
                })
                .collect(),
        }
    }

    /// One that the state does not know.
    fn unknown(log: &LogToFollow) -> Self {
        Self {
            name: log.name.clone(),
            log_id: STANDARD.encode(log.log_id),
            operator: None,
            kind: kind_name(log.kind),
            url: log.url.clone(),
            state: None,
            start: None,
            proven: None,
            tree_size: None,
            tree_head_timestamp: None,
            tree_head_seen: None,
            backlog: None,
            status: "failed",
            reason: None,
            faults: Vec::new(),
        }
    }

    fn ended(mut self, log: &FollowedLog, outcome: &Outcome) -> Self {
        self.operator = Some(log.operator.clone());
        self.state = Some(log.state.name());
        (self.status, self.reason) = match outcome {
            Outcome::Proven { .. } => ("proven", None),
            Outcome::Stopped => ("stopped", Some("it was told to end before all was read".to_owned())),
            Outcome::Failed(why) => ("failed", Some(why.clone())),
        };
        self
    }

    /// A few lines for people.
    pub(super) fn human(&self) -> String {
        let style = match self.status {
            "proven" => GOOD,
            "failed" => BAD,
            _ => DOUBTFUL,
        };
        let status = if self.status == "known" { String::new() } else { paint(style, self.status) + "  " };
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
            let line = format!("fault “{}” since {}: {}", said("kind"), said("since"), said("text"));
            text.push_str(&indented(&safe(&line), 4));
        }
        text
    }
}

/// What one look brought.
pub(super) struct OnceReport {
    judged_at: Timestamp,
    domains: usize,
    logs: Vec<LogCoverage>,
    left_out: Vec<serde_json::Value>,
    certificates: Vec<Summary>,
    certificates_left_out: u64,
    findings: Vec<Finding>,
    delivered: Option<Tally>,
}

impl OnceReport {
    /// Gathers what is known at the end.
    pub(super) async fn new(
        domains: usize,
        selection: &Selection,
        state: &State,
        outcomes: Vec<(usize, Outcome)>,
        printer: &Printer,
        tally: Result<Tally, StateError>,
    ) -> Self {
        let known_faults = state.faults().await.unwrap_or_default();
        let mut logs = Vec::new();
        let mut findings = Vec::new();
        let mut outcomes: std::collections::BTreeMap<usize, Outcome> = outcomes.into_iter().collect();
        for (place, followed) in selection.followed.iter().enumerate() {
            let lost = || Outcome::Failed("following it ended by a fault of pinstead".to_owned());
            let outcome = outcomes.remove(&place).unwrap_or_else(lost);
            let known = state.find_log(&followed.log.log_id).await.ok().flatten();
            let coverage = match &known {
                Some(log) => LogCoverage::of(log, &known_faults),
                None => LogCoverage::unknown(&followed.log),
            };
            let number = known.as_ref().map(|log| log.number);
            let of_log = known_faults.iter().filter(|fault| Some(fault.first.log) == number);
            let mut faults: Vec<LogFault> = of_log
                .filter_map(|fault| {
                    let kind = FaultKind::from_name(&fault.first.kind)?;
                    Some(log_fault(&coverage, kind, &fault.first.text))
                })
                .collect();
            if let (Outcome::Failed(why), true) = (&outcome, faults.is_empty()) {
                faults.push(log_fault(&coverage, FaultKind::Unreadable, why));
            }
            findings.extend(faults.iter().flat_map(log::findings));
            logs.push(coverage.ended(followed, &outcome));
        }
        let left_out = selection
            .left_out
            .iter()
            .map(|log| json!({"name": log.name, "log_id": log.id, "reason": log.why}));
        let (certificates, certificates_left_out) = printer.found();
        let delivered = match tally {
            Ok(tally) => Some(tally),
            Err(error) => {
                say(&format!("warning: alerts could not be delivered: {error}; they wait in the state"));
                None
            }
        };
        Self {
            judged_at: clock::now(),
            domains,
            logs,
            left_out: left_out.collect(),
            certificates,
            certificates_left_out,
            findings,
            delivered,
        }
    }

    /// Writes it, and gives the exit code.
    pub(super) fn write(&self, options: &WatchOptions, policy: &Policy) -> anyhow::Result<Exit> {
        let gate = options.gate.or_policy(policy);
        let text = match options.output.format {
            Format::Human => self.human(),
            Format::Json => format!("{:#}\n", self.json()),
            Format::Jsonl => format!("{}\n", self.json()),
        };
        options.output.write(&text)?;
        Ok(self.exit(&gate))
    }

    fn exit(&self, gate: &GateOptions) -> Exit {
        let fails = gate.fails(&self.findings)
            || self.certificates.iter().any(|found| gate.fail_on().is_reached_by(found.severity));
        // Every log that is followed had to be read.
        let demanded = self.logs.iter().any(|log| log.status != "proven") || self.alerts_are_stuck();
        let open =
            self.certificates.iter().any(|found| !found.is_determined || found.expectation == "undetermined")
                || self.has_read_nothing();
        gate.exit(fails, demanded, open)
    }

    /// Whether an alert that is due did not arrive.
    fn alerts_are_stuck(&self) -> bool {
        self.delivered.is_none_or(|tally| tally.failed > 0)
    }

    /// Whether no entry of any log has been looked at yet.
    fn has_read_nothing(&self) -> bool {
        self.logs.iter().all(|log| log.proven == log.start)
    }

    fn json(&self) -> serde_json::Value {
        let proven = self.logs.iter().filter(|log| log.status == "proven").count();
        json!({
            "schema_version": SCHEMA_VERSION,
            "tool": {"name": "pinstead", "version": env!("CARGO_PKG_VERSION")},
            "judged_at": self.judged_at,
            "domains": self.domains,
            "logs": self.logs,
            "logs_left_out": self.left_out,
            "certificates": self.certificates,
            "certificates_left_out": self.certificates_left_out,
            "findings": self.findings,
            "alerts": self.delivered.map(|tally| json!({"delivered": tally.delivered, "failed": tally.failed})),
            "summary": {
                "logs": self.logs.len(),
                "logs_proven": proven,
                "certificates": self.certificates.len(),
                "unexpected": self.certificates.iter().filter(|found| found.expectation == "unexpected").count(),
            },
        })
    }

    fn human(&self) -> String {
        let mut text = String::new();
        let proven = self.logs.iter().filter(|log| log.status == "proven").count();
        let heading = format!(
            "{} new {} for {} watched {}; {proven} of {} logs read and proven",
            self.certificates.len(),
            if self.certificates.len() == 1 { "certificate" } else { "certificates" },
            self.domains,
            if self.domains == 1 { "name" } else { "names" },
            self.logs.len(),
        );
        let _ = writeln!(text, "{}\n", paint(STRONG, heading));
        for found in &self.certificates {
            let severity = paint(of_severity(found.severity), found.severity);
            text.push_str(&wrap(&format!("{severity}  {}", safe(&found.title)), "", "  "));
            for line in found.text.lines() {
                text.push_str(&indented(&safe(line), 2));
            }
            text.push('\n');
        }
        if self.certificates_left_out > 0 {
            let _ = writeln!(text, "{} more are in the state.\n", self.certificates_left_out);
        }
        let mut note = |style, words: &str| {
            text.push_str(&wrap(&paint(style, words), "", "  "));
            text.push('\n');
        };
        if self.alerts_are_stuck() {
            note(
                BAD,
                "Alerts could not be delivered; they wait in the state: see `pinstead watch --status`.",
            );
        }
        if self.has_read_nothing() {
            note(
                DOUBTFUL,
                "No entry was looked at yet: what is logged from here on is. `--from 7d` begins earlier.",
            );
        }
        let _ = writeln!(text, "{}", paint(STRONG, "Logs"));
        for log in &self.logs {
            text.push_str(&log.human());
        }
        if !self.left_out.is_empty() {
            let note = format!("{} logs of the list were left out: see the JSON report", self.left_out.len());
            let _ = writeln!(text, "  {}", paint(FAINT, note));
        }
        text.push('\n');
        if !self.findings.is_empty() {
            text.push_str(&human_findings(&self.findings));
            text.push('\n');
        }
        let _ = writeln!(text, "{}", tally(&self.findings));
        text
    }
}

fn log_fault(log: &LogCoverage, kind: FaultKind, text: &str) -> LogFault {
    LogFault {
        log: log.name.clone(),
        log_id: log.log_id.clone(),
        kind,
        text: text.to_owned(),
        url: Some(log.url.clone()),
    }
}
