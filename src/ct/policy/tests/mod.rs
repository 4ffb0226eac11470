//! The policies against boundary cases, over logs in every state and SCTs delivered in every way.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test that overflows fails")]

mod outcomes;
mod times;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::ct::inclusion::Inclusion;
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogList, LogType};
use crate::ct::sct::LeafIndex;
use crate::ct::verdict::{Delivery, SctLog, SctOutcome};
use crate::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use crate::demo::ct::{SctPlan, issue};

/// A log of the test's lists.
struct TestLog {
    name: &'static str,
    operator: &'static str,
    log_type: LogType,
    state: (&'static str, &'static str),
    previous: Option<(&'static str, &'static str)>,
}

const USABLE: (&str, &str) = ("usable", "2025-01-01T00:00:00Z");
const RFC: LogType = LogType::Rfc6962;

const fn log(
    name: &'static str,
    operator: &'static str,
    log_type: LogType,
    state: (&'static str, &'static str),
) -> TestLog {
    TestLog { name, operator, log_type, state, previous: None }
}

const LOGS: [TestLog; 14] = [
    log("a1", "A", RFC, USABLE),
    log("a2", "A", RFC, USABLE),
    log("a3", "A", RFC, USABLE),
    log("b1", "B", RFC, USABLE),
    log("b static", "B", LogType::Static, USABLE),
    log("c static", "C", LogType::Static, USABLE),
    log("retired", "D", RFC, ("retired", "2026-10-01T00:00:00Z")),
    log("retired 2", "E", RFC, ("retired", "2026-10-01T00:00:00Z")),
    log("read-only", "D", RFC, ("readonly", "2026-09-01T00:00:00Z")),
    log("pending", "F", RFC, ("pending", "2026-08-01T00:00:00Z")),
    log("rejected", "F", RFC, ("rejected", "2026-08-01T00:00:00Z")),
    log("retiring", "D", RFC, ("retired", "2026-12-01T00:00:00Z")),
    TestLog { previous: Some(("A", "2026-09-25T00:00:00Z")), ..log("sold", "G", RFC, USABLE) },
    log("test", "B", RFC, ("", "test")),
];

/// When the lists were made, when the certificate was issued, and when it is judged.
const LISTED: &str = "2026-10-25T00:00:00Z";
const ISSUED: &str = "2026-09-20T00:00:00Z";
const NOW: &str = "2026-11-01T00:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn key(name: &str) -> Vec<u8> {
    name.bytes().cycle().take(91).collect()
}

impl TestLog {
    fn json(&self) -> Value {
        let key = key(self.name);
        let (state, since) = self.state;
        let mut log = json!({
            "description": self.name,
            "log_id": LogId::of_key(&key).to_string(),
            "key": STANDARD.encode(key),
            "temporal_interval": {"start_inclusive": "2026-06-01T00:00:00Z", "end_exclusive": "2027-12-01T00:00:00Z"},
        });
        if state.is_empty() {
            log["log_type"] = json!(since);
        } else {
            log["state"] = json!({state: {"timestamp": since}});
        }
        if let Some((name, end)) = self.previous {
            log["previous_operators"] = json!([{"name": name, "end_time": end}]);
        }
        log
    }
}

/// A list of one programme, of a date, with the logs that `keep` keeps.
fn list(program: Program, date: &str, keep: impl Fn(&TestLog) -> bool) -> LogList {
    let operators: Vec<Value> = LOGS
        .iter()
        .filter(|log| keep(log))
        .map(|log| {
            let field = if log.log_type == RFC { "logs" } else { "tiled_logs" };
            json!({"name": log.operator, field: [log.json()]})
        })
        .collect();
    let json = json!({"version": date, "log_list_timestamp": date, "operators": operators});
    LogList { program, ..LogList::parse(json.to_string().as_bytes(), None).unwrap() }
}

/// Every programme has the same list, of [`LISTED`].
fn table() -> LogTable {
    let lists: Vec<LogList> =
        Program::ALL.into_iter().map(|program| list(program, LISTED, |_| true)).collect();
    LogTable::from_lists(&lists.iter().collect::<Vec<_>>())
}

/// An SCT of a log of this name, embedded in the certificate at its issuance, its signature right.
fn sct(name: &str) -> SctVerdict {
    let log = LOGS.iter().find(|log| log.name == name);
    SctVerdict {
        delivery: Delivery::Embedded,
        log_id: Some(LogId::of_key(&key(name))),
        log: log.map(|log| SctLog {
            name: log.name.to_owned(),
            operator: log.operator.to_owned(),
            log_type: log.log_type,
        }),
        timestamp: Some(time(ISSUED)),
        leaf_index: match log.map(|log| log.log_type) {
            Some(LogType::Static) => LeafIndex::At(7),
            _ => LeafIndex::Absent,
        },
        state_then: LogState::Unknown,
        state_now: LogState::Unknown,
        outcome: if log.is_some() { SctOutcome::Valid } else { SctOutcome::UnknownLog },
        proves_issuer: None,
        promise: None,
        inclusion: Inclusion::NotChecked,
        reason: "For this test.".to_owned(),
    }
}

fn at(time_of: &str, sct: SctVerdict) -> SctVerdict {
    SctVerdict { timestamp: Some(time(time_of)), ..sct }
}

fn tls(sct: SctVerdict) -> SctVerdict {
    SctVerdict { delivery: Delivery::Tls, ..sct }
}

fn ocsp(sct: SctVerdict) -> SctVerdict {
    SctVerdict { delivery: Delivery::Ocsp, ..sct }
}

/// Certificates of the same CA, by their lifetime in seconds from [`ISSUED`].
struct Issuer {
    ca: CaCertificate,
}

impl Issuer {
    fn new() -> Self {
        Self { ca: CaCertificate::root("Test CA", KeyAlgorithm::P256, time(ISSUED)).unwrap() }
    }

    fn certificate(&self, seconds: i64) -> Certificate {
        let not_before = time(ISSUED);
        let not_after = not_before + SignedDuration::from_secs(seconds);
        let request = LeafRequest::new(&["test.example"], not_before).unwrap();
        let request = LeafRequest { not_before, not_after, ..request };
        Certificate::read(&issue(&self.ca, &request, &SctPlan::default()).unwrap().der).unwrap()
    }
}

fn judged(certificate: &Certificate, scts: &[SctVerdict], table: &LogTable, at: &str) -> Policies {
    let at = time(at);
    judge(&PolicyQuestion { certificate, scts, audience: Audience::Public, handshake: true, table, at })
}

/// The verdicts of Chrome, Apple, Mozilla and Android: accepts (+), refuses (-), not judged (?).
fn signs(policies: &Policies) -> String {
    let sign = |outcome| match outcome {
        PolicyOutcome::Compliant => '+',
        PolicyOutcome::NotCompliant => '-',
        PolicyOutcome::NotJudged => '?',
    };
    policies.iter().map(|(_, verdict)| sign(verdict.outcome)).collect()
}
