//! A certificate that two CT logs on loopback promised to hold, and `pinstead check --inclusion` on it.

use std::fs;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use pinstead::demo::authority::{CaCertificate, IssuedLeaf, KeyAlgorithm, LeafRequest};
use pinstead::demo::ct::{
    CtLog, ListedLog, LogKind, PlannedSct, Sct, SctFault, SctPlan, SignedEntry, issue, merkle_tree_leaf,
    v3_log_list,
};
use serde_json::{Value, json};

use super::ct_log::{Entry, LogServer};
use super::pinstead;

/// How many entries stand before the certificate's, and how many after it.
pub(crate) const BEFORE: usize = 270;
pub(crate) const AFTER: usize = 60;

/// A certificate with an SCT of a static log and one of an RFC 6962 log, both of which hold it.
pub(crate) struct Lab {
    pub(crate) tiled: LogServer,
    pub(crate) classic: LogServer,
    folder: tempfile::TempDir,
    pub(crate) at: Timestamp,
}

impl Lab {
    /// The SCTs are two days old.
    pub(crate) fn new() -> Self {
        Self::with_scts_of(SignedDuration::from_hours(48))
    }

    pub(crate) fn with_scts_of(age: SignedDuration) -> Self {
        let at: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let seen = at - age;
        let log = |name: &str, kind| CtLog::generate(name, name, kind, KeyAlgorithm::P256).unwrap();
        let (tiled, classic) = (log("Tiled", LogKind::Static), log("Classic", LogKind::Rfc6962));
        let ca = CaCertificate::root("Lab CA", KeyAlgorithm::P256, at).unwrap();
        tiled.continue_at(BEFORE as u64);
        let sct = |log| PlannedSct { log, timestamp: seen, fault: SctFault::None };
        let plan = SctPlan { scts: vec![sct(&tiled), sct(&classic)], ..SctPlan::default() };
        let leaf = issue(&ca, &LeafRequest::new(&["shop.example"], at).unwrap(), &plan).unwrap();
        let entries = |kind| {
            let mut entries: Vec<Entry> = (0..BEFORE).map(Entry::filler).collect();
            entries.push(own_entry(kind, &ca, &leaf, seen));
            entries.extend((0..AFTER).map(|number| Entry::filler(10_000 + number)));
            entries
        };
        let now = u64::try_from(at.as_millisecond()).unwrap();
        let (tiled_entries, classic_entries) = (entries(LogKind::Static), entries(LogKind::Rfc6962));
        let tiled = LogServer::start(tiled, tiled_entries, now);
        let classic = LogServer::start(classic, classic_entries, now);
        let folder = tempfile::tempdir().unwrap();
        let lab = Self { tiled, classic, folder, at };
        fs::write(lab.path("leaf.pem"), leaf.to_pem()).unwrap();
        fs::write(lab.path("ca.pem"), ca.to_pem()).unwrap();
        fs::write(lab.path("list.json"), lab.log_list().to_string()).unwrap();
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The log list, with the logs where they are.
    pub(crate) fn log_list(&self) -> Value {
        let interval =
            (self.at - SignedDuration::from_hours(9000), self.at + SignedDuration::from_hours(9000));
        let listed =
            |log| ListedLog { log, state: "usable", state_since: interval.0, temporal_interval: interval };
        let text = v3_log_list(&[listed(&self.tiled.log), listed(&self.classic.log)], self.at);
        let mut list: Value = serde_json::from_str(&text).unwrap();
        for operator in list["operators"].as_array_mut().unwrap() {
            for log in operator["logs"].as_array_mut().unwrap() {
                log["url"] = json!(format!("http://{}/", self.classic.address));
            }
            for log in operator["tiled_logs"].as_array_mut().unwrap() {
                log["submission_url"] = json!(format!("https://{}/", self.tiled.address));
                log["monitoring_url"] = json!(format!("http://{}/", self.tiled.address));
            }
        }
        list
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> assert_cmd::assert::Assert {
        let mut command = pinstead();
        command
            .timeout(std::time::Duration::from_mins(3))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("NO_PROXY", "127.0.0.1")
            .args(["check", "--only", "ct", "--at", &self.at.to_string()])
            .arg("--roots")
            .arg(self.path("ca.pem"))
            .arg("--log-list")
            .arg(self.path("list.json"))
            .args(arguments);
        command.assert()
    }

    /// Asks the logs; gives the target's part of the report.
    pub(crate) fn check(&self, code: i32) -> Value {
        self.check_with(&[], code)
    }

    pub(crate) fn check_with(&self, more: &[&str], code: i32) -> Value {
        let (leaf, ca) = (self.path("leaf.pem"), self.path("ca.pem"));
        let own =
            [leaf.to_str().unwrap(), "--inclusion", "--format", "json", "--issuer", ca.to_str().unwrap()];
        let assert = self.run(&[&own, more].concat());
        let output = assert.get_output().clone();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
        assert_eq!(output.status.code(), Some(code), "{said}{report:#}");
        report["targets"][0].clone()
    }

    /// The files in which tree heads are kept.
    pub(crate) fn kept(&self) -> Vec<PathBuf> {
        let folder = self.path("cache/pinstead/tree-heads");
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

/// The entry that a log makes of the certificate's precertificate.
fn own_entry(kind: LogKind, ca: &CaCertificate, leaf: &IssuedLeaf, seen: Timestamp) -> Entry {
    let extensions = match kind {
        LogKind::Rfc6962 => Vec::new(),
        LogKind::Static => [&[0, 0, 5][..], &(BEFORE as u64).to_be_bytes()[3..]].concat(),
    };
    let sct = Sct {
        version: 0,
        log_id: [0; 32],
        timestamp: u64::try_from(seen.as_millisecond()).unwrap(),
        extensions,
        hash_algorithm: 4,
        signature_algorithm: 3,
        signature: Vec::new(),
    };
    let entry = SignedEntry::Precertificate { issuer: ca, tbs: &leaf.precertificate_tbs };
    // A precertificate of three octets, and a chain of one certificate.
    let rest = [&[0, 0, 3, 1, 2, 3, 0, 32][..], &[7; 32]].concat();
    Entry { leaf: merkle_tree_leaf(entry, &sct).unwrap(), rest }
}

/// Adds entries to a log, an hour later than before.
pub(crate) fn grow(log: &LogServer, count: usize) {
    let mut state = log.state();
    let from = state.entries.len();
    state.entries.extend((from..from + count).map(|number| Entry::filler(20_000 + number)));
    state.size = state.entries.len();
    state.timestamp += 3_600_000;
}
