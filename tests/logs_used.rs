//! `pinstead logs list` and `logs verify`, and `check` by the list that is kept.

mod world;

use std::fs;

use serde_json::Value;
use world::kept_lists::{Lists, ago, octets, path_text};
use world::list_server::{ARGON, MIMIC, list, sign};
use world::{Running, pinstead};

#[test]
fn the_kept_list_adds_to_the_history_and_frees_no_denied_log() {
    let lists = Lists::new();
    lists.server.publish(&octets(&list("99.1", ago(48))));
    lists.update(&[], 0);
    let argon = |arguments: &[&str]| {
        let mut all = vec!["--id", ARGON.0];
        all.extend(arguments);
        lists.listed(&all)
    };
    let now = argon(&[]);
    assert_eq!((&now["logs"][0]["state"], &now["log_list"]["source"]), (&"readonly".into(), &"cache".into()));
    let then = argon(&["--at", "2025-01-01T00:00:00Z"]);
    assert_eq!(then["logs"][0]["state"], "usable");
    let before = argon(&["--at", "2026-08-30T00:00:00Z"]);
    assert_eq!(
        (&before["log_list"]["source"], &before["log_list"]["version"]),
        (&"embedded".into(), &"89.25".into())
    );
    assert_eq!(argon(&["--no-cache"])["logs"][0]["state"], "usable");
    assert!(lists.listed(&[])["logs"].as_array().unwrap().len() > 300);

    let mimic = lists.listed(&["--id", MIMIC.0]);
    assert_eq!(mimic["logs"][0]["assurance"], "mimic");
    let usable = lists.listed(&["--id", MIMIC.0, "--state", "usable"]);
    assert_eq!(usable["logs"], Value::Array(Vec::new()));
    // Nor does a list that is given.
    let file = lists.folder.path().join("list.json");
    fs::write(&file, octets(&list("99.1", ago(48)))).unwrap();
    let mimic = lists.listed(&["--id", MIMIC.0, "--log-list", &path_text(&file)]);
    assert_eq!(
        (&mimic["logs"][0]["assurance"], &mimic["log_list"]["source"]),
        (&"mimic".into(), &"file".into())
    );
    let human = lists.pinstead().args(["logs", "list", "--state", "denied"]).assert().code(0);
    let text = String::from_utf8_lossy(&human.get_output().stdout).into_owned();
    assert!(text.contains("its private") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn the_built_in_logs_are_listed_one_a_line() {
    let list = |arguments: &[&str]| {
        let assert = pinstead().args(["logs", "list", "--format", "jsonl"]).args(arguments).assert().code(0);
        let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    assert_eq!(list(&[]).len(), 336);
    let oak = ["--name", "oak2026h2", "--operator", "let's encrypt", "--type", "rfc6962"];
    let oak = list(&[&oak[..], &["--at", "2026-01-01T00:00:00Z", "--covering", "2026-09-01"]].concat());
    assert_eq!((oak.len(), &oak[0]["state"]), (1, &"readonly".into()));
    assert_eq!(oak[0]["interval"]["end_exclusive"], "2027-01-20T00:00:00Z");
    let unknown = list(&["--name", "oak2026h2", "--at", "2015-01-01T00:00:00Z", "--state", "unknown"]);
    assert_eq!(unknown.len(), 1);
    pinstead().args(["logs", "list", "--covering", "soon"]).assert().code(2);
    pinstead().args(["logs", "list", "--log-list", "/nonexistent"]).assert().code(2);
}

#[test]
fn check_judges_by_the_kept_list_and_saves_it_as_evidence() {
    let lists = Lists::new();
    let running = Running::start();
    let files = &running.world.files;
    // The world's own list, signed: its logs are known only by it.
    let world_list = fs::read(&files.log_list).unwrap();
    lists.server.publish(&world_list);
    lists.update(&[], 0);
    let (shop, roots) = (path_text(&running.world.shop.chain_file), path_text(&files.roots));
    let evidence = path_text(&lists.folder.path().join("evidence.json"));
    let check = |target: &str, arguments: &[&str]| {
        let assert = lists
            .pinstead()
            .args(["check", target, "--offline", "--only", "ct", "--format", "json", "--fail-on", "none"])
            .args(arguments)
            .assert();
        let output = assert.get_output();
        let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
        (report, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let verdict = |report: &Value| report["targets"][0]["ct"]["scts"][1]["verdict"].clone();
    let key = lists.key();
    let with_key = ["--roots", &roots, "--log-list-key", &key, "--save-evidence", &evidence];
    let (report, warned) = check(&shop, &with_key);
    assert_eq!(
        (&report["log_list"]["source"], &report["log_list"]["signed"]),
        (&"cache".into(), &"yes".into())
    );
    assert_eq!((verdict(&report), warned.as_str()), ("valid".into(), ""));

    let (without, _) = check(&shop, &["--roots", &roots, "--no-cache"]);
    assert_eq!(
        (&without["log_list"]["source"], verdict(&without)),
        (&"embedded".into(), "unknown_log".into())
    );

    // A damaged cache is said twice, and the built-in table used.
    let whole = fs::read(lists.kept()).unwrap();
    fs::write(lists.kept(), &whole[1..]).unwrap();
    let (damaged, warned) = check(&shop, &["--roots", &roots, "--log-list-key", &key]);
    assert_eq!(damaged["log_list"]["source"], "embedded");
    assert!(warned.contains("is not used: the file is damaged"), "{warned}");
    let findings = damaged["targets"][0]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["rule"] == "CT027"), "{findings:?}");

    // The evidence brings its own list, whatever became of the cache since.
    fs::remove_file(lists.kept()).unwrap();
    let (again, _) = check(&evidence, &[]);
    assert_eq!(again["targets"], report["targets"]);
    assert_eq!(again["log_list"], report["log_list"]);
    let (dropped, _) = check(&evidence, &["--no-cache"]);
    assert_eq!(dropped["log_list"]["source"], "embedded");
}

#[test]
fn an_unsigned_list_of_chrome_is_a_finding_unless_it_is_for_own_roots() {
    let running = Running::start();
    let (shop, files) = (path_text(&running.world.shop.chain_file), &running.world.files);
    let (log_list, roots) = (path_text(&files.log_list), path_text(&files.roots));
    let rules = |arguments: &[&str]| {
        let assert = pinstead()
            .args(["check", &shop, "--offline", "--only", "ct", "--format", "json", "--fail-on", "none"])
            .args(arguments)
            .assert();
        let report: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
        let findings = report["targets"][0]["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(rules(&["--log-list", &log_list]).contains(&"CT028".to_owned()));
    assert!(!rules(&["--log-list", &log_list, "--roots", &roots]).contains(&"CT028".to_owned()));
    assert!(!rules(&["--log-list", &format!("mozilla={log_list}")]).contains(&"CT028".to_owned()));
}

#[test]
fn a_list_is_verified_with_its_signature() {
    let lists = Lists::new();
    let path = |name: &str| path_text(&lists.folder.path().join(name));
    let good = octets(&list("99.1", ago(48)));
    let mut partly = list("99.1", ago(48));
    partly["operators"][0]["logs"][0]["key"] = "AAAA".into();
    let partly = octets(&partly);
    for (name, octets) in [
        ("list.json", good.as_slice()),
        ("list.sig", &sign(&good)),
        ("partly.json", &partly),
        ("partly.sig", &sign(&partly)),
        ("cut.json", &good[..good.len() / 2]),
        ("cut.sig", &sign(&good[..good.len() / 2])),
    ] {
        fs::write(lists.folder.path().join(name), octets).unwrap();
    }
    let verify = |file: &str, signature: &str, key: &[&str], code: i32| {
        let command = ["logs", "verify", &path(file), &path(signature)].map(str::to_owned);
        let assert = pinstead().args(command).args(key).assert().code(code);
        let output = assert.get_output();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let key = lists.key();
    let key = ["--key", key.as_str()];
    let said = verify("list.json", "list.sig", &key, 0);
    assert!(said.starts_with("GOOD") && said.contains("99.1") && said.contains("2 logs of 2"), "{said}");
    assert!(verify("list.json", "partly.sig", &key, 1).contains("is wrong"));
    assert!(verify("list.json", "list.sig", &[], 1).contains("is wrong"), "Google did not sign it");
    assert!(verify("partly.json", "partly.sig", &key, 1).contains("1 entry cannot be read"));
    assert!(verify("cut.json", "cut.sig", &key, 1).contains("not valid JSON"));
    assert!(verify("none.json", "list.sig", &key, 2).contains("No such file"));
    assert!(verify("list.json", "none.sig", &key, 2).contains("No such file"));
    assert!(verify("list.json", "list.sig", &["--key", &path("list.sig")], 2).contains("no public key"));
}
