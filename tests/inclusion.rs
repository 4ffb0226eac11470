//! `pinstead check --inclusion` against CT logs on loopback that keep their promises, and against some that do not.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use pinstead::demo::authority::{CaCertificate, IssuedLeaf, KeyAlgorithm, LeafRequest};
use pinstead::demo::ct::{
    CtLog, ListedLog, LogKind, PlannedSct, Sct, SctFault, SctPlan, SignedEntry, issue, merkle_tree_leaf,
    v3_log_list,
};
use serde_json::{Value, json};
use world::ct_log::{Entry, Fault, LogServer};
use world::pinstead;

/// How many entries stand before the certificate's, and how many after it.
const BEFORE: usize = 270;
const AFTER: usize = 60;

/// A certificate with an SCT of a static log and one of an RFC 6962 log, both of which hold it.
struct Lab {
    tiled: LogServer,
    classic: LogServer,
    folder: tempfile::TempDir,
    at: Timestamp,
}

impl Lab {
    /// The SCTs are two days old.
    fn new() -> Self {
        Self::with_scts_of(SignedDuration::from_hours(48))
    }

    fn with_scts_of(age: SignedDuration) -> Self {
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

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The log list, with the logs where they are.
    fn log_list(&self) -> Value {
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

    fn run(&self, arguments: &[&str]) -> assert_cmd::assert::Assert {
        let mut command = pinstead();
        command
            .timeout(std::time::Duration::from_secs(180))
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
    fn check(&self, code: i32) -> Value {
        self.check_with(&[], code)
    }

    fn check_with(&self, more: &[&str], code: i32) -> Value {
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
    fn kept(&self) -> Vec<PathBuf> {
        let folder = self.path("cache/pinstead/tree-heads");
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Adds entries to a log, an hour later than before.
    fn grow(log: &LogServer, count: usize) {
        let mut state = log.state();
        let from = state.entries.len();
        state.entries.extend((from..from + count).map(|number| Entry::filler(20_000 + number)));
        state.size = state.entries.len();
        state.timestamp += 3_600_000;
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

/// The verdicts on inclusion: of the static log's SCT, and of the RFC 6962 log's.
fn inclusion(target: &Value) -> [&str; 2] {
    [0, 1].map(|sct| target["ct"]["scts"][sct]["inclusion"].as_str().unwrap())
}

fn detail(target: &Value, sct: usize) -> &Value {
    &target["ct"]["scts"][sct]["inclusion_detail"]
}

fn rules(target: &Value) -> Vec<(&str, &str)> {
    let findings = target["findings"].as_array().unwrap();
    let named = |finding: &Value| finding["rule"].as_str().unwrap() >= "CT022";
    findings
        .iter()
        .filter(|finding| named(finding))
        .map(|finding| (finding["rule"].as_str().unwrap(), finding["severity"].as_str().unwrap()))
        .collect()
}

fn message<'a>(target: &'a Value, rule: &str) -> &'a str {
    let findings = target["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["rule"] == rule).expect(rule)["message"].as_str().unwrap()
}

#[test]
fn logs_that_keep_their_promises_prove_it() {
    let lab = Lab::new();
    let target = lab.check(0);
    assert_eq!(inclusion(&target), ["proven", "proven"]);
    assert_eq!(target["outcome"], "pass");
    assert_eq!(rules(&target), []);
    for sct in [0, 1] {
        let detail = detail(&target, sct);
        assert_eq!(detail["leaf_index"], BEFORE);
        assert_eq!(detail["tree_head"]["tree_size"], BEFORE + AFTER + 1);
        assert_eq!(detail["consistency"]["status"], "first_seen");
        assert_eq!(detail["notes"], json!([]));
    }
    // Each thing is asked for once: the tree of 331 entries has two tiles of hashes, and
    // of the first one its hash on the next level is enough.
    let asked = lab.tiled.requests();
    assert_eq!(asked, ["/checkpoint", "/tile/0/001.p/75", "/tile/1/000.p/1", "/tile/data/001.p/75"]);
    let asked = lab.classic.requests();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[1].starts_with("/ct/v1/get-proof-by-hash?hash=") && asked[1].ends_with("&tree_size=331"));
    assert_eq!(asked[2], "/ct/v1/get-entry-and-proof?leaf_index=270&tree_size=331");
    assert_eq!(lab.kept().len(), 2);
}

#[test]
fn nothing_is_asked_unless_it_is_wanted() {
    let lab = Lab::new();
    let leaf = lab.path("leaf.pem");
    let leaf = leaf.to_str().unwrap();
    lab.run(&[leaf, "--format", "json"]);
    assert_eq!((lab.tiled.requests().len(), lab.classic.requests().len()), (0, 0));
    assert_eq!(lab.kept(), Vec::<PathBuf>::new());
    let assert = lab.run(&[leaf, "--inclusion", "--offline"]).code(2);
    assert!(String::from_utf8_lossy(&assert.get_output().stderr).contains("--offline"));
}

#[test]
fn one_tree_head_serves_all_targets() {
    let lab = Lab::new();
    let (leaf, second) = (lab.path("leaf.pem"), lab.path("second.pem"));
    fs::copy(&leaf, &second).unwrap();
    let targets = [leaf.to_str().unwrap(), second.to_str().unwrap()];
    let ca = lab.path("ca.pem");
    lab.run(&[targets[0], targets[1], "--inclusion", "--issuer", ca.to_str().unwrap()]).code(0);
    assert_eq!(lab.tiled.requests().len(), 4);
    assert_eq!(lab.classic.requests().len(), 3);
}

#[test]
fn a_tree_that_grew_is_proven_to_continue_the_one_kept() {
    let lab = Lab::new();
    lab.check(0);
    for count in [1, 200, 500] {
        Lab::grow(&lab.tiled, count);
        Lab::grow(&lab.classic, count);
        let target = lab.check(0);
        assert_eq!(inclusion(&target), ["proven", "proven"]);
        for sct in [0, 1] {
            assert_eq!(detail(&target, sct)["consistency"]["status"], "consistent", "{count}: {target:#}");
        }
    }
    let target = lab.check(0);
    assert_eq!(detail(&target, 0)["consistency"]["kept_tree_head"]["tree_size"], 1032);
}

#[test]
fn a_log_that_lacks_the_entry_after_its_time_is_reported() {
    let lab = Lab::new();
    for log in [&lab.tiled, &lab.classic] {
        log.state().entries[BEFORE] = Entry::filler(99_999);
    }
    let target = lab.check(1);
    assert_eq!(inclusion(&target), ["absent", "absent"]);
    assert_eq!(rules(&target), [("CT022", "critical"), ("CT022", "critical")]);
    let findings = target["findings"].as_array().unwrap();
    let of = |log: &str| &findings.iter().find(|finding| finding["subject"] == log).unwrap()["evidence"];
    let tiled = of("Tiled");
    assert_eq!(tiled["absence"]["kind"], "other_leaf");
    assert_eq!(tiled["leaf_index"], BEFORE);
    assert_eq!(tiled["due"], "2026-10-30T00:01:00Z");
    for key in ["sct", "leaf_hash", "tree_head_url", "log_id", "operator"] {
        assert!(tiled[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {tiled:#}");
    }
    assert!(tiled["tree_head"]["tree_head_signature"].is_string());
    let classic = of("Classic");
    assert_eq!(classic["absence"]["kind"], "stated");
    assert_eq!(classic["absence"]["http_status"], 404);
    assert_eq!(classic["due"], "2026-10-31T00:00:00Z");
    // The log's word counts because it proved its newest entry when asked in the same way.
    let asked = lab.classic.requests();
    assert_eq!(asked[2], "/ct/v1/get-entry-and-proof?leaf_index=330&tree_size=331");
    assert!(asked[3].starts_with("/ct/v1/get-proof-by-hash"), "{asked:?}");
}

#[test]
fn a_static_log_whose_tree_ends_before_the_entry_is_reported() {
    let lab = Lab::new();
    lab.tiled.state().size = BEFORE;
    let target = lab.check(1);
    assert_eq!(inclusion(&target), ["absent", "proven"]);
    assert!(message(&target, "CT022").contains("tree has 270 entries"), "{target:#}");
}

#[test]
fn a_log_that_finds_nothing_at_all_proves_no_absence() {
    let lab = Lab::new();
    for log in [&lab.tiled, &lab.classic] {
        log.state().faults = vec![Fault::NothingFound];
    }
    let target = lab.check(3);
    assert_eq!(inclusion(&target), ["undetermined", "undetermined"]);
    assert_eq!(rules(&target), [("CT025", "low"), ("CT025", "low")]);
    assert!(detail(&target, 1)["reason"].as_str().unwrap().contains("cannot be relied on"), "{target:#}");
}

#[test]
fn an_entry_that_is_not_due_yet_is_not_absent() {
    let lab = Lab::with_scts_of(SignedDuration::from_secs(30));
    for log in [&lab.tiled, &lab.classic] {
        log.state().size = BEFORE;
    }
    let target = lab.check(0);
    assert_eq!(inclusion(&target), ["undetermined", "undetermined"]);
    assert_eq!(rules(&target), [("CT026", "info"), ("CT026", "info")]);
    for sct in [0, 1] {
        assert_eq!(detail(&target, sct)["outcome"], "not_yet_due");
    }
    assert!(message(&target, "CT026").contains("60 seconds"));
}

#[test]
fn an_old_tree_head_shows_no_absence() {
    let lab = Lab::new();
    for log in [&lab.tiled, &lab.classic] {
        let mut state = log.state();
        state.size = BEFORE;
        state.timestamp -= 3 * 24 * 3_600_000;
    }
    let target = lab.check(3);
    assert_eq!(inclusion(&target), ["undetermined", "undetermined"]);
    assert!(message(&target, "CT025").contains("nothing newer"), "{target:#}");
}

#[test]
fn another_root_for_the_same_size_is_a_split_view() {
    let lab = Lab::new();
    lab.check(0);
    let kept: Vec<_> = lab.kept().iter().map(|path| fs::read(path).unwrap()).collect();
    for log in [&lab.tiled, &lab.classic] {
        log.state().faults = vec![Fault::OtherRoot];
    }
    let target = lab.check(1);
    assert_eq!(inclusion(&target), ["undetermined", "undetermined"]);
    assert_eq!(rules(&target), [("CT023", "critical"), ("CT023", "critical")]);
    assert!(message(&target, "CT023").contains("for the same 331 entries"));
    let finding = &target["findings"].as_array().unwrap()[0]["evidence"];
    assert!(finding["tree_head"]["tree_head_signature"].is_string());
    assert!(finding["kept_tree_head"]["tree_head_signature"].is_string());
    let after: Vec<_> = lab.kept().iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(kept, after, "a contradicting tree head replaces nothing");
}

#[test]
fn a_log_that_shrank_is_reported() {
    let lab = Lab::new();
    lab.check(0);
    for log in [&lab.tiled, &lab.classic] {
        let mut state = log.state();
        state.size -= 10;
        state.timestamp += 1000;
    }
    let target = lab.check(1);
    assert_eq!(rules(&target), [("CT023", "critical"), ("CT023", "critical")]);
    assert!(message(&target, "CT023").contains("entries are gone"));
}

#[test]
fn an_older_tree_head_is_no_shrunken_log() {
    let lab = Lab::new();
    lab.check(0);
    for log in [&lab.tiled, &lab.classic] {
        let mut state = log.state();
        state.size -= 10;
        state.timestamp -= 3_600_000;
    }
    // The static log can be read as far as it was; the other's front end does not know the larger tree.
    let target = lab.check(0);
    assert_eq!(inclusion(&target), ["proven", "proven"]);
    assert_eq!(detail(&target, 0)["consistency"]["status"], "consistent", "{target:#}");
    assert_eq!(detail(&target, 1)["consistency"]["status"], "unproven");
    assert_eq!(rules(&target), [("CT025", "low")]);
}

#[test]
fn a_rewritten_past_is_found() {
    let lab = Lab::new();
    lab.check(0);
    for log in [&lab.tiled, &lab.classic] {
        log.state().entries[3] = Entry::filler(77_777);
        Lab::grow(log, 40);
    }
    let target = lab.check(1);
    assert_eq!(rules(&target), [("CT023", "critical"), ("CT023", "critical")]);
    assert!(message(&target, "CT023").contains("there are two trees"), "{target:#}");
}

#[test]
fn a_tree_head_that_the_log_did_not_sign_counts_for_nothing() {
    let lab = Lab::new();
    for log in [&lab.tiled, &lab.classic] {
        log.state().faults = vec![Fault::BadSignature];
    }
    let target = lab.check(1);
    assert_eq!(inclusion(&target), ["undetermined", "undetermined"]);
    assert_eq!(rules(&target), [("CT024", "high"), ("CT024", "high")]);
    assert!(message(&target, "CT024").contains("did not sign"));
    assert_eq!((lab.tiled.requests().len(), lab.classic.requests().len()), (1, 1), "nothing more is asked");
    assert_eq!(lab.kept(), Vec::<PathBuf>::new());
}

#[test]
fn another_origin_is_told_and_no_more() {
    let lab = Lab::new();
    lab.tiled.state().faults = vec![Fault::OtherOrigin];
    let target = lab.check(0);
    assert_eq!(inclusion(&target), ["proven", "proven"]);
    assert_eq!(rules(&target), [("CT024", "low")]);
    assert!(message(&target, "CT024").contains("other.example"));
}

#[test]
fn proofs_and_tiles_that_do_not_hold_prove_nothing() {
    let lab = Lab::new();
    for log in [&lab.tiled, &lab.classic] {
        log.state().faults = vec![Fault::WrongProof];
    }
    let target = lab.check(3);
    assert_eq!(inclusion(&target), ["undetermined", "undetermined"]);
    assert_eq!(rules(&target), [("CT025", "medium"), ("CT025", "medium")]);
    lab.tiled.state().faults = vec![Fault::TruncatedTile];
    lab.classic.state().faults = vec![Fault::TooLarge];
    let target = lab.check(3);
    assert_eq!(rules(&target), [("CT025", "low"), ("CT025", "low")]);
    assert!(detail(&target, 0)["reason"].as_str().unwrap().contains("octets"), "{target:#}");
    assert!(detail(&target, 1)["reason"].as_str().unwrap().contains("more than"), "{target:#}");
}

#[test]
fn an_entry_that_is_in_the_tree_and_not_handed_out_is_withheld() {
    let lab = Lab::new();
    for log in [&lab.tiled, &lab.classic] {
        log.state().faults = vec![Fault::OtherEntries];
    }
    let target = lab.check(1);
    assert_eq!(inclusion(&target), ["undetermined", "undetermined"]);
    assert_eq!(rules(&target), [("CT025", "high"), ("CT025", "high")]);
    assert!(message(&target, "CT025").contains("another"));
}

#[test]
fn where_a_partial_tile_is_gone_the_whole_one_serves() {
    let lab = Lab::new();
    lab.check(0);
    let size = lab.tiled.state().size;
    Lab::grow(&lab.tiled, 300);
    {
        let mut state = lab.tiled.state();
        // The log has grown, its partial tiles are deleted, and a cache still has the old checkpoint.
        state.size = size;
        state.faults = vec![Fault::PartialsGone];
    }
    lab.tiled.requests();
    let target = lab.check(0);
    assert_eq!(inclusion(&target), ["proven", "proven"]);
    let asked = lab.tiled.requests();
    assert!(
        asked.contains(&"/tile/0/001".to_owned()) && asked.contains(&"/tile/data/001".to_owned()),
        "{asked:?}"
    );
}

#[test]
fn a_busy_log_gets_its_time_and_one_that_is_down_stays_open() {
    let lab = Lab::new();
    for log in [&lab.tiled, &lab.classic] {
        log.state().faults = vec![Fault::BusyOnce];
    }
    let target = lab.check(0);
    assert_eq!(inclusion(&target), ["proven", "proven"]);
    lab.tiled.state().faults = vec![Fault::Unavailable];
    lab.tiled.requests();
    let target = lab.check(3);
    assert_eq!(inclusion(&target), ["undetermined", "proven"]);
    assert!(detail(&target, 0)["reason"].as_str().unwrap().contains("503"), "{target:#}");
    let asked = lab.tiled.requests();
    assert!(asked.len() <= 4 && asked.iter().all(|path| path == "/checkpoint"), "{asked:?}");
}

#[test]
fn a_log_that_stalls_is_asked_again() {
    let lab = Lab::new();
    for log in [&lab.tiled, &lab.classic] {
        log.state().faults = vec![Fault::StallOnce];
    }
    assert_eq!(inclusion(&lab.check(0)), ["proven", "proven"]);
}

#[test]
fn a_damaged_tree_head_is_told_and_not_replaced() {
    let lab = Lab::new();
    lab.check(0);
    for path in lab.kept() {
        fs::write(path, "{\"tree_size\": 5").unwrap();
    }
    let target = lab.check(0);
    assert_eq!(inclusion(&target), ["proven", "proven"]);
    assert_eq!(rules(&target), [("CT025", "low"), ("CT025", "low")]);
    assert!(message(&target, "CT025").contains("damaged"), "{target:#}");
    for path in lab.kept() {
        assert_eq!(fs::read_to_string(path).unwrap(), "{\"tree_size\": 5");
    }
}

#[test]
fn a_kept_tree_head_that_was_changed_is_found_out() {
    let lab = Lab::new();
    lab.check(0);
    for path in lab.kept() {
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("331", "330")).unwrap();
    }
    let target = lab.check(0);
    assert!(message(&target, "CT025").contains("did not sign"), "{target:#}");
}

#[test]
fn saved_evidence_is_judged_again_without_the_logs() {
    let lab = Lab::new();
    lab.check(0);
    for log in [&lab.tiled, &lab.classic] {
        log.state().entries[BEFORE] = Entry::filler(99_999);
        Lab::grow(log, 40);
    }
    let saved = lab.path("evidence.json");
    let saved = saved.to_str().unwrap();
    let first = lab.check_with(&["--save-evidence", saved], 1);
    assert_eq!(rules(&first), [("CT023", "critical"), ("CT023", "critical")]);
    lab.tiled.requests();
    fs::remove_dir_all(lab.path("cache")).unwrap();
    for log in [&lab.tiled, &lab.classic] {
        log.state().faults = vec![Fault::Unavailable];
    }
    let assert = lab.run(&[saved, "--format", "json"]).code(1);
    let again: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(again["targets"][0]["findings"], first["findings"]);
    assert_eq!(again["targets"][0]["ct"]["scts"], first["ct"]["scts"]);
    assert_eq!(lab.tiled.requests(), Vec::<String>::new());
    assert_eq!(lab.kept(), Vec::<PathBuf>::new(), "judging again keeps nothing");
}

#[test]
fn a_log_that_was_rejected_is_left_alone() {
    let lab = Lab::new();
    let mut list = lab.log_list();
    for operator in list["operators"].as_array_mut().unwrap() {
        for log in operator["logs"].as_array_mut().unwrap() {
            log["state"] = json!({"rejected": {"timestamp": "2026-10-31T12:00:00Z"}});
        }
    }
    fs::write(lab.path("list.json"), list.to_string()).unwrap();
    let target = lab.check_with(&["--fail-on", "none"], 3);
    assert_eq!(inclusion(&target), ["proven", "undetermined"]);
    assert!(detail(&target, 1)["reason"].as_str().unwrap().contains("was not asked"), "{target:#}");
    assert_eq!(lab.classic.requests(), Vec::<String>::new());
}

#[test]
fn a_person_reads_it_in_a_line() {
    let lab = Lab::new();
    let (leaf, ca) = (lab.path("leaf.pem"), lab.path("ca.pem"));
    let assert = lab.run(&[leaf.to_str().unwrap(), "--inclusion", "--issuer", ca.to_str().unwrap()]).code(0);
    let text =
        String::from_utf8_lossy(&assert.get_output().stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Inclusion in their logs: 2 proven."), "{text}");
}
