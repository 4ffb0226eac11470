//! `pinstead logs`: lists fetched, kept, refused, verified and listed, and `check` by what is kept.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "lists are dated by the clock that the binary reads too")]

mod world;

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;
use world::list_server::{ARGON, ListServer, MIMIC, Reply, key_pem, list, sign};
use world::{Running, pinstead};

/// A server of lists, a cache folder of its own, and the key.
struct Lists {
    server: ListServer,
    folder: TempDir,
}

impl Lists {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key.pem"), key_pem()).unwrap();
        Self { server: ListServer::start(), folder }
    }

    fn key(&self) -> String {
        path_text(&self.folder.path().join("key.pem"))
    }

    /// The file in which Chrome's list is kept.
    fn kept(&self) -> PathBuf {
        self.folder.path().join("pinstead/log-lists/chrome.json")
    }

    fn pinstead(&self) -> assert_cmd::Command {
        let mut command = pinstead();
        command.env("XDG_CACHE_HOME", self.folder.path());
        command
    }

    /// `logs update` of the list and signature that are served; its only entry.
    fn update(&self, more: &[&str], code: i32) -> Value {
        let (url, signature_url) = (self.server.url("/list.json"), self.server.url("/list.sig"));
        let signed = ["--signature-url", &signature_url, "--key", &self.key()].map(str::to_owned);
        self.update_from(
            &url,
            &signed.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>(),
            code,
        )
    }

    fn update_from(&self, url: &str, arguments: &[&str], code: i32) -> Value {
        let assert = self
            .pinstead()
            .args(["logs", "update", "--format", "json", "--url", url])
            .args(arguments)
            .assert();
        let output = assert.get_output();
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stdout));
        let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
        report["lists"][0].clone()
    }

    /// `logs list` by what is kept.
    fn listed(&self, arguments: &[&str]) -> Value {
        let key = self.key();
        let assert = self
            .pinstead()
            .args(["logs", "list", "--format", "json", "--log-list-key", &key])
            .args(arguments)
            .assert()
            .code(0);
        serde_json::from_slice(&assert.get_output().stdout).unwrap()
    }
}

fn path_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn octets(list: &Value) -> Vec<u8> {
    list.to_string().into_bytes()
}

/// A time so many hours ago.
fn ago(hours: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(hours)
}

fn reason(update: &Value) -> &str {
    update["reason"].as_str().unwrap_or_default()
}

#[test]
fn a_list_is_fetched_kept_and_asked_for_again_only_when_it_changed() {
    let lists = Lists::new();
    let first = octets(&list("99.1", ago(49)));
    lists.server.set("/list.json", Reply::Tagged(first.clone(), "\"one\""));
    lists.server.set("/list.sig", Reply::Body(sign(&first)));
    let update = lists.update(&[], 0);
    assert_eq!((&update["outcome"], &update["program"]), (&"updated".into(), &"chrome".into()));
    assert_eq!((&update["list"]["version"], &update["list"]["signed"]), (&"99.1".into(), &true.into()));
    assert_eq!((&update["list"]["age_days"], &update["list"]["logs"]), (&2.into(), &2.into()));
    assert_eq!(update["before"], Value::Null);
    assert!(!lists.server.requests()[0].headers.contains_key("if-none-match"));

    // 304: nothing is fetched, and nothing changes but when it was seen.
    let update = lists.update(&[], 0);
    assert_eq!((&update["outcome"], &update["list"]["version"]), (&"current".into(), &"99.1".into()));
    let requests = lists.server.requests();
    let paths: Vec<_> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/list.json"]);
    assert_eq!(requests[0].headers["if-none-match"], "\"one\"");
    assert!(requests[0].headers["user-agent"].starts_with("pinstead/"));

    // The same list without 304 is the current one too.
    lists.server.publish(&first);
    assert_eq!(lists.update(&[], 0)["outcome"], "current");

    let second = octets(&list("99.2", ago(24)));
    lists.server.publish(&second);
    let update = lists.update(&[], 0);
    assert_eq!((&update["outcome"], &update["before"]["version"]), (&"updated".into(), &"99.1".into()));
    assert_eq!(lists.listed(&[])["log_list"]["version"], "99.2");

    // Another URL's tag is not this one's.
    lists.server.requests();
    lists.server.set("/mirror.json", Reply::Body(second.clone()));
    let signature_url = lists.server.url("/list.sig");
    let arguments = ["--signature-url", &signature_url, "--key", &lists.key()].map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    lists.update_from(&lists.server.url("/mirror.json"), &arguments, 0);
    assert!(!lists.server.requests()[0].headers.contains_key("if-none-match"));
}

#[test]
fn what_is_wrong_is_refused_and_the_old_list_stays() {
    let lists = Lists::new();
    lists.server.publish(&octets(&list("99.5", ago(48))));
    lists.update(&[], 0);
    let before = fs::read(lists.kept()).unwrap();

    let newer = octets(&list("99.6", ago(24)));
    let mut forged = sign(&newer);
    forged[7] ^= 1;
    let older = octets(&list("99.4", ago(72)));
    let future = octets(&list("99.7", ago(-48)));
    let mut apples = list("99.6", ago(24));
    apples["$schema"] = "https://valid.apple.com/ct/log_list/schema_versions/log_list_schema_v5.json".into();
    let empty = br#"{"version": "99.6", "log_list_timestamp": "2026-11-20T00:00:00Z", "operators": []}"#;
    for (name, list, signature, why) in [
        ("forged", newer.clone(), forged, "signature of the log list is wrong"),
        ("another's signature", newer.clone(), sign(&older), "signature of the log list is wrong"),
        ("older", older.clone(), sign(&older), "it is older (version 99.4"),
        ("from the future", future.clone(), sign(&future), "still to come"),
        ("Apple's", octets(&apples), sign(&octets(&apples)), "form of the list of Apple"),
        ("empty", empty.to_vec(), sign(empty), "no log that can be used"),
        ("no JSON", b"<html>".to_vec(), sign(b"<html>"), "not valid JSON"),
        ("no list", b"{}".to_vec(), sign(b"{}"), "not a v3 log list"),
    ] {
        lists.server.set("/list.json", Reply::Body(list));
        lists.server.set("/list.sig", Reply::Body(signature));
        let update = lists.update(&[], 1);
        assert_eq!(update["outcome"], "refused", "{name}");
        assert!(reason(&update).contains(why), "{name}: {}", reason(&update));
        assert_eq!(update["before"]["version"], "99.5", "{name}");
        assert_eq!(fs::read(lists.kept()).unwrap(), before, "{name}");
    }
    // What is older than the table that is built in is refused as well.
    let fresh = Lists::new();
    fresh.server.publish(&octets(&list("80.1", "2026-01-01T00:00:00Z".parse().unwrap())));
    assert!(reason(&fresh.update(&[], 1)).contains("the list that is built in"));
    assert!(!fresh.kept().exists());
}

#[test]
fn never_an_unsigned_list_unless_told() {
    let lists = Lists::new();
    let newer = octets(&list("99.6", ago(24)));
    lists.server.set("/list.json", Reply::Body(newer.clone()));
    let url = lists.server.url("/list.json");
    let update = lists.update_from(&url, &[], 1);
    assert!(reason(&update).contains("Google signs the lists of Chrome"), "{}", reason(&update));
    // A signature that is not there (404) is none.
    assert!(reason(&lists.update(&[], 1)).contains("it has no signature"));
    assert!(!lists.kept().exists());

    let update = lists.update_from(&url, &["--allow-unsigned"], 0);
    assert_eq!((&update["outcome"], &update["list"]["signed"]), (&"updated".into(), &false.into()));
    // A signed one may follow, and then no unsigned one any more.
    lists.server.publish(&newer);
    assert_eq!(lists.update(&[], 0)["list"]["signed"], true);
    let newest = octets(&list("99.7", ago(12)));
    lists.server.set("/list.json", Reply::Body(newest));
    assert!(
        reason(&lists.update_from(&url, &["--key", &lists.key()], 1)).contains("the one that is kept has")
    );
    // Apple signs nothing; over plain HTTP nothing vouches for its list at all.
    let apple = ["--program", "apple"];
    assert!(reason(&lists.update_from(&url, &apple, 1)).contains("did not come over https"));
    let update = lists.update_from(&url, &["--program", "apple", "--allow-unsigned"], 0);
    assert_eq!((&update["outcome"], &update["program"]), (&"updated".into(), &"apple".into()));
}

#[test]
fn what_does_not_come_is_said_and_the_old_list_stays() {
    let lists = Lists::new();
    let good = octets(&list("99.5", ago(48)));
    lists.server.publish(&good);
    lists.update(&[], 0);
    let newer = octets(&list("99.6", ago(24)));
    lists.server.set("/list.sig", Reply::Body(sign(&newer)));
    for (reply, more, why) in [
        (Reply::Status(404), "60", "HTTP 404"),
        (Reply::Status(500), "60", "HTTP 500"),
        (Reply::Truncated(newer.clone()), "60", "cannot be read"),
        (Reply::Body(vec![b' '; (8 << 20) + 1]), "60", "more than 8388608 octets"),
        (Reply::Stall, "1", "in time"),
        // A redirection that leads nowhere.
        (Reply::Status(302), "60", "HTTP 302"),
    ] {
        lists.server.set("/list.json", reply.clone());
        let update = lists.update(&["--timeout", more], 3);
        assert_eq!(update["outcome"], "not_fetched", "{reply:?}");
        assert!(reason(&update).contains(why), "{}", reason(&update));
        assert_eq!(update["before"]["version"], "99.5");
    }
    lists.server.set("/list.json", Reply::Body(newer));
    lists.server.set("/list.sig", Reply::Status(500));
    assert!(reason(&lists.update(&[], 3)).contains("its signature: the server answers with HTTP 500"));
    lists.server.set("/list.sig", Reply::Stall);
    assert!(reason(&lists.update(&["--timeout", "1"], 3)).contains("its signature"));
    let fresh = Lists::new();
    fresh.server.set("/list.json", Reply::Status(304));
    assert!(reason(&fresh.update(&[], 3)).contains("no list is kept here"));
    // Nobody listens there.
    let update = fresh.update_from("http://127.0.0.1:1/list.json", &["--timeout", "5"], 3);
    assert_eq!(update["outcome"], "not_fetched");
}

#[test]
fn a_damaged_cache_is_said_and_mended() {
    let lists = Lists::new();
    let good = octets(&list("99.5", ago(48)));
    lists.server.set("/list.json", Reply::Tagged(good.clone(), "\"one\""));
    lists.server.set("/list.sig", Reply::Body(sign(&good)));
    lists.update(&[], 0);
    let whole = fs::read(lists.kept()).unwrap();
    fs::write(lists.kept(), &whole[..whole.len() / 2]).unwrap();
    let assert = lists.pinstead().args(["logs", "list", "--name", "argon"]).assert().code(0);
    let warned = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(warned.contains("chrome.json is not used: the file is damaged"), "{warned}");
    assert!(String::from_utf8_lossy(&assert.get_output().stdout).contains("built-in table"));

    lists.server.requests();
    let update = lists.update(&[], 0);
    assert_eq!(update["outcome"], "updated");
    assert!(update["before_unusable"].as_str().unwrap().contains("damaged"));
    assert!(
        !lists.server.requests()[0].headers.contains_key("if-none-match"),
        "nothing is kept to compare with"
    );
    assert_eq!(lists.listed(&[])["log_list"]["source"], "cache");
    // A crash while writing leaves the whole old list.
    fs::write(lists.kept().with_extension("json.part"), b"{").unwrap();
    assert_eq!(lists.listed(&[])["log_list"]["version"], "99.5");
    assert_eq!(lists.update(&[], 0)["outcome"], "current");
    // Without the key that signed it, the list is as good as forged.
    let assert = lists.pinstead().args(["logs", "list", "--name", "argon"]).assert().code(0);
    assert!(
        String::from_utf8_lossy(&assert.get_output().stderr).contains("signature of the log list is wrong")
    );
}

#[test]
fn concurrent_updates_leave_the_newest_list() {
    let lists = Lists::new();
    let versions = ["99.1", "99.2", "99.3", "99.4"];
    for (number, version) in versions.iter().enumerate() {
        let list = octets(&list(version, ago(100 - i64::try_from(number).unwrap())));
        lists.server.set(&format!("/{version}.json"), Reply::Body(list.clone()));
        lists.server.set(&format!("/{version}.sig"), Reply::Body(sign(&list)));
    }
    std::thread::scope(|scope| {
        for version in versions.iter().chain(&versions) {
            let (url, signature) =
                (lists.server.url(&format!("/{version}.json")), lists.server.url(&format!("/{version}.sig")));
            let mut command = lists.pinstead();
            command.args([
                "logs",
                "update",
                "--url",
                &url,
                "--signature-url",
                &signature,
                "--key",
                &lists.key(),
            ]);
            scope.spawn(move || {
                let code = command.assert().get_output().status.code();
                assert!(matches!(code, Some(0 | 1)), "updated, current, or older: {code:?}");
            });
        }
    });
    let listed = lists.listed(&[]);
    assert_eq!(
        (&listed["log_list"]["version"], &listed["log_list"]["signed"]),
        (&"99.4".into(), &"yes".into())
    );
    let left: Vec<_> = fs::read_dir(lists.kept().parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 2, "the list and the lock: {left:?}");
}

#[test]
fn a_trial_keeps_nothing_and_a_cache_that_cannot_be_written_is_said() {
    let lists = Lists::new();
    lists.server.publish(&octets(&list("99.1", ago(48))));
    let update = lists.update(&["--dry-run"], 0);
    assert_eq!((&update["outcome"], &update["dry_run"]), (&"updated".into(), &true.into()));
    assert!(!lists.kept().exists());
    fs::write(lists.folder.path().join("pinstead"), b"a file, not a folder").unwrap();
    let update = lists.update(&[], 2);
    assert_eq!(update["outcome"], "not_kept");
    let elsewhere = path_text(&lists.folder.path().join("elsewhere"));
    assert_eq!(lists.update(&["--cache-dir", &elsewhere], 0)["outcome"], "updated");
    let listed = lists.listed(&["--cache-dir", &elsewhere]);
    assert_eq!(listed["log_list"]["source"], "cache");
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let lists = Lists::new();
    for arguments in [
        vec!["--program", "mozilla"],
        vec!["--program", "chrome,apple", "--url", "http://127.0.0.1:1/"],
        vec!["--key", "/nonexistent"],
        vec!["--timeout", "0"],
    ] {
        lists.pinstead().args(["logs", "update"]).args(arguments).assert().code(2);
    }
}

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
