//! `pinstead check --inclusion` against CT logs on loopback that keep their promises, and against some that do not.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;
use std::path::PathBuf;

use jiff::SignedDuration;
use serde_json::{Value, json};
use world::ct_log::{Entry, Fault};
use world::logged::{AFTER, BEFORE, Lab, grow};

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
        grow(&lab.tiled, count);
        grow(&lab.classic, count);
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
fn the_same_certificate_under_another_timestamp_is_not_hidden() {
    let lab = Lab::new();
    {
        let mut state = lab.tiled.state();
        // The last octet of the timestamp, behind version and leaf type.
        state.entries[BEFORE].leaf[9] ^= 1;
    }
    let target = lab.check_with(&["--fail-on", "none"], 0);
    assert_eq!(inclusion(&target), ["absent", "proven"]);
    assert_eq!(rules(&target), [("CT022", "medium")]);
    assert!(message(&target, "CT022").contains("under another timestamp than the SCT's"), "{target:#}");
    let findings = target["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["rule"] == "CT022").unwrap();
    assert_eq!(finding["evidence"]["absence"]["kind"], "other_timestamp");
    // Another certificate there is another matter.
    let lab = Lab::new();
    {
        let mut state = lab.tiled.state();
        let within = state.entries[BEFORE].leaf.len() - 40;
        state.entries[BEFORE].leaf[9] ^= 1;
        state.entries[BEFORE].leaf[within] ^= 1;
    }
    assert_eq!(rules(&lab.check(1)), [("CT022", "critical")]);
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
fn a_log_has_the_merge_delay_that_its_list_states() {
    let lab = Lab::with_scts_of(SignedDuration::from_hours(1));
    lab.tiled.state().size = BEFORE;
    let with = |mmd: Value| {
        let mut list = lab.log_list();
        for operator in list["operators"].as_array_mut().unwrap() {
            for log in operator["tiled_logs"].as_array_mut().unwrap() {
                log["mmd"] = mmd.clone();
            }
        }
        fs::write(lab.path("list.json"), list.to_string()).unwrap();
        lab.check_with(&["--fail-on", "none"], 0)
    };
    // Apple's list has static logs at a day; another list may not say.
    for mmd in [json!(86_400), json!(null)] {
        let target = with(mmd);
        assert_eq!(detail(&target, 0)["outcome"], "not_yet_due", "{target:#}");
        assert_eq!(rules(&target), [("CT026", "info")]);
        assert!(message(&target, "CT026").contains("24 hours after"), "{target:#}");
    }
    assert_eq!(detail(&with(json!(60)), 0)["outcome"], "absent");
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
fn the_time_of_a_tree_head_is_looked_at() {
    let lab = Lab::new();
    // The year 2100 is ahead of every clock, and 2001 behind.
    for (milliseconds, said) in [(4_102_444_800_000, "which is after"), (1_000_000_000_000, "older than")] {
        for log in [&lab.tiled, &lab.classic] {
            log.state().timestamp = milliseconds;
        }
        let target = lab.check(0);
        assert_eq!(inclusion(&target), ["proven", "proven"]);
        assert_eq!(rules(&target), [("CT024", "low"), ("CT024", "low")]);
        assert!(message(&target, "CT024").contains(said), "{target:#}");
        let kept = lab.kept().len();
        assert_eq!(kept, if said == "older than" { 2 } else { 0 }, "one from the future is not kept");
    }
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
        grow(log, 40);
    }
    let target = lab.check(1);
    assert_eq!(rules(&target), [("CT023", "critical"), ("CT023", "critical")]);
    assert!(message(&target, "CT023").contains("there are two trees"), "{target:#}");
    // Heads of two sizes prove nothing without this.
    for finding in target["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "CT023")
    {
        let proof = &finding["evidence"]["consistency_proof"];
        assert_eq!((&proof["first"], &proof["second"]), (&json!(331), &json!(371)), "{finding:#}");
        assert_ne!(proof["first_root"], finding["evidence"]["kept_tree_head"]["sha256_root_hash"]);
        assert!(proof["proof"].as_array().unwrap().len() > 3, "{finding:#}");
    }
}

#[test]
fn a_consistency_proof_that_does_not_hold_is_no_second_tree() {
    let lab = Lab::new();
    lab.check(0);
    for log in [&lab.tiled, &lab.classic] {
        grow(log, 40);
        log.state().faults = vec![Fault::WrongProof];
    }
    let target = lab.check(3);
    assert_eq!(rules(&target), [("CT025", "medium"); 4], "{target:#}");
    for sct in [0, 1] {
        assert_eq!(detail(&target, sct)["consistency"]["status"], "unproven");
    }
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
fn a_web_page_in_the_place_of_a_tree_head_is_no_fault_of_the_log() {
    let lab = Lab::new();
    for log in [&lab.tiled, &lab.classic] {
        log.state().faults = vec![Fault::WebPage];
    }
    let target = lab.check(3);
    assert_eq!(inclusion(&target), ["undetermined", "undetermined"]);
    assert_eq!(rules(&target), [("CT025", "low"), ("CT025", "low")]);
    assert_eq!(detail(&target, 0)["consistency"]["status"], "unavailable");
    assert!(detail(&target, 0)["reason"].as_str().unwrap().contains("not a signed note"), "{target:#}");
    assert!(detail(&target, 1)["reason"].as_str().unwrap().contains("not the JSON"), "{target:#}");
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
fn an_error_with_status_200_is_a_failed_look_up() {
    let lab = Lab::new();
    lab.check(0);
    for log in [&lab.tiled, &lab.classic] {
        grow(log, 40);
        log.state().faults = vec![Fault::ErrorAsAnswer];
    }
    let target = lab.check(3);
    assert_eq!(inclusion(&target), ["undetermined", "undetermined"]);
    for sct in [0, 1] {
        assert_eq!(detail(&target, sct)["consistency"]["status"], "unproven");
    }
    assert_eq!(rules(&target), [("CT025", "low"); 4], "{target:#}");
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
    grow(&lab.tiled, 300);
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
    // What is wrong with the whole one is said of that one.
    lab.tiled.state().faults.push(Fault::TruncatedTile);
    let target = lab.check(3);
    let reason = detail(&target, 0)["reason"].as_str().unwrap();
    assert!(reason.contains("tile/0/001: a tile of 256 hashes"), "{reason}");
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
        grow(log, 40);
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
