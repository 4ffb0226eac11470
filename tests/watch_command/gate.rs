//! What `watch --once` says a second time, or not at all: killed, told to end, acknowledged, undetermined.

use std::path::PathBuf;

use pinstead::watch::state::{NewAlert, Place, State, StateOptions};

use super::*;

impl Served {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn policy(&self, text: &str) {
        std::fs::write(self.path("pinstead.toml"), text).unwrap();
    }

    /// A policy with one hook, a shell script.
    fn hook(&self, script: &str) {
        let hook =
            format!("[[alerts.hook]]\nname = \"hook\"\ncommand = [\"/bin/sh\", \"-c\", \"{script}\"]\n");
        self.policy(&format!("[alerts]\nstderr = false\n{hook}timeout_seconds = 600\n"));
    }

    /// Starts a look whose hook never ends, and waits until it is there.
    fn hanging(&self) -> Child {
        self.hook("touch begun; exec sleep 600");
        let mut command = self.command(&["--once", "--format", "json"]);
        let watching = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for("the hook to begin", || self.path("begun").exists());
        watching
    }

    fn sql(&self, sql: &'static str) -> i64 {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.path("pinstead-state.db"));
        world::runtime().block_on(async {
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
        })
    }
}

fn count(report: &Value, key: &str) -> usize {
    report[key].as_array().unwrap_or_else(|| panic!("{key}: {report}")).len()
}

/// Waits until it is so; a minute is forever.
pub(crate) fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("waited in vain for {what}");
}

#[test]
fn what_a_killed_run_found_stands_in_the_next_report() {
    let served = Served::start(Options::default());
    let mut killed = served.hanging();
    killed.kill().unwrap();
    killed.wait().unwrap();
    served.policy("[alerts]\nstderr = false\n");
    let next = served.once(&["--fail-on", "info"]);
    assert_eq!(next.status.code(), Some(1), "{}", text(&next));
    assert_eq!(count(&json(&next), "certificates"), certificates());
    let last = served.once(&["--fail-on", "info"]);
    assert_eq!(last.status.code(), Some(0), "{}", text(&last));
    assert_eq!(count(&json(&last), "certificates"), 0, "it was reported");
}

#[test]
fn a_signal_ends_a_delivery_and_a_second_one_everything() {
    let served = Served::start(Options::default());
    let watching = served.hanging();
    // It delivers while it reads.
    let all = i64::try_from(certificates()).unwrap();
    wait_for("all to be found", || asked(&served, "SELECT COUNT(*) FROM alerts") == all);
    run("kill", &["-TERM", &watching.id().to_string()]);
    let ended = watching.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(3), "{}", text(&ended));
    let report = json(&ended);
    assert_eq!(report["alerts"]["cut_short"], true, "{report}");
    assert_eq!(count(&report, "certificates"), certificates(), "what was found is reported");

    let served = Served::start(Options::default());
    let watching = served.hanging();
    run("kill", &["-INT", &watching.id().to_string()]);
    std::thread::sleep(Duration::from_millis(300));
    run("kill", &["-INT", &watching.id().to_string()]);
    let ended = watching.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(3), 0), "{}", text(&ended));
}

#[test]
fn what_did_not_arrive_is_no_success() {
    let served = Served::start(Options::default());
    served.hook("exit 1");
    let output = served.once(&[]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(json(&output)["alerts"]["failed"].as_u64().unwrap() > 0);
    // Nor is it one before it is due again.
    let again = served.once(&[]);
    assert_eq!(again.status.code(), Some(3), "{}", text(&again));
    let human = served.command(&["--once"]).output().unwrap();
    assert!(text(&human).contains("Alerts could not be delivered"), "{}", text(&human));
    served.policy("[alerts]\nstderr = false\n");
    let without = served.once(&[]);
    assert_eq!(without.status.code(), Some(0), "nobody waits there any more: {}", text(&without));
}

#[test]
fn a_log_that_answers_nothing_keeps_no_alert_back_and_ends_with_its_time() {
    let served = Served::start(Options::default());
    let path = served.path("log-list.json");
    let mut list: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    // Whoever asks waits.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    list["operators"][0]["logs"][0]["url"] = url.into();
    std::fs::write(&path, list.to_string()).unwrap();
    let mut watching =
        served.command(&["--once"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the alerts of the other log", || !served.arrived().is_empty());
    assert!(watching.try_wait().unwrap().is_none(), "it reads on");
    watching.kill().unwrap();
    watching.wait().unwrap();

    let output = served.once(&["--timeout", "2", "--state", "other.db"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let report = json(&output);
    let stopped: Vec<&Value> =
        report["logs"].as_array().unwrap().iter().filter(|log| log["status"] == "stopped").collect();
    assert!(!stopped.is_empty(), "{report}");
    assert!(stopped.iter().all(|log| log["reason"].as_str().unwrap().contains("--timeout")), "{report}");
    let refused = served.command(&["--timeout", "2"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
}

#[test]
fn an_undetermined_certificate_stays_one_until_somebody_knows_of_it() {
    let served = Served::start(Options::default());
    assert_eq!(served.once(&[]).status.code(), Some(0));
    let alert = |octet: &str, end: &str| {
        let hash = octet.repeat(32);
        let details = serde_json::json!({
            "tbs_sha256": hash,
            "undetermined": null,
            "certificate": {"not_after": end},
            "issuer": {"status": "undetermined", "reasons": []},
        });
        let payload = serde_json::json!({"title": "A certificate", "severity": "medium", "details": details});
        NewAlert { kind: "certificate".to_owned(), subject: hash, payload: payload.to_string() }
    };
    // A run found them, and was killed.
    world::runtime().block_on(async {
        let place = Place::File(served.path("pinstead-state.db"));
        let options = StateOptions { channels: vec!["--once".to_owned()], most_octets: None };
        let state = State::open(&place, &options).await.unwrap();
        state.add_alert(&alert("ab", "9990-01-01T00:00:00Z")).await.unwrap();
        state.add_alert(&alert("cd", "2026-01-01T00:00:00Z")).await.unwrap();
    });
    let first = served.once(&[]);
    assert_eq!(first.status.code(), Some(3), "{}", text(&first));
    assert_eq!(count(&json(&first), "certificates"), 2);
    let again = served.once(&[]);
    assert_eq!(again.status.code(), Some(3), "a second run is no greener: {}", text(&again));
    let report = json(&again);
    assert_eq!(count(&report, "certificates"), 0);
    assert_eq!(count(&report, "certificates_undetermined_before"), 1, "the other has ended: {report}");
    let hash = report["certificates_undetermined_before"][0]["tbs_sha256"].as_str().unwrap();
    assert_eq!(hash, "ab".repeat(32));
    let known = served.command(&["--acknowledge", hash]).output().unwrap();
    assert_eq!(known.status.code(), Some(0), "{}", text(&known));
    let last = served.once(&[]);
    assert_eq!(last.status.code(), Some(0), "{}", text(&last));
    // Whoever says it twice, beside what is new, is no worse for it.
    let again =
        served.command(&["--acknowledge", hash, "--acknowledge", &hash.to_uppercase()]).output().unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert!(text(&again).contains(&format!("already acknowledged: {hash}")), "{}", text(&again));
}

#[test]
fn an_acknowledged_fault_fails_nothing_any_more() {
    let served = Served::start(Options::default());
    assert_eq!(served.once(&[]).status.code(), Some(0));
    served.sql(
        "INSERT INTO faults (log, kind, text, evidence, since, last_seen, times) \
         VALUES (1, 'split', 'it signed two trees', x'', 0, 0, 1) RETURNING log",
    );
    let split = served.once(&[]);
    assert_eq!(split.status.code(), Some(1), "{}", text(&split));
    let name = json(&split)["logs"].as_array().unwrap().iter().find(|log| count(log, "faults") > 0).unwrap()
        ["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let unknown = served.command(&["--acknowledge", "no such log"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2), "{}", text(&unknown));
    let known = served.command(&["--acknowledge", &name]).output().unwrap();
    assert!(known.status.success() && text(&known).contains("1 fault acknowledged"), "{}", text(&known));
    let after = served.once(&[]);
    assert_eq!(after.status.code(), Some(0), "{}", text(&after));
    let status = json(&served.command(&["--status", "--format", "json"]).output().unwrap());
    let faults = status["logs"].as_array().unwrap().iter().find(|log| log["name"] == *name).unwrap();
    assert!(faults["faults"][0]["acknowledged"].is_string(), "it is shown all the same: {status}");
}

#[test]
fn the_list_and_its_age_are_told() {
    let served = Served::start(Options::default());
    let path = served.path("log-list.json");
    let mut list: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for (time, is_stale) in [("2020-01-01T00:00:00Z", true), ("2026-11-22T00:00:00Z", false)] {
        list["log_list_timestamp"] = time.into();
        std::fs::write(&path, list.to_string()).unwrap();
        let output = served.once(&["--fail-on-undetermined"]);
        let report = json(&output);
        let told = &report["log_list"];
        assert_eq!((&told["source"], &told["timestamp"]), (&"file".into(), &time.into()), "{told}");
        assert_eq!(told["stale"], is_stale, "{told}");
        assert_eq!(output.status.code(), Some(if is_stale { 3 } else { 0 }), "{}", text(&output));
    }
}

#[test]
fn hooks_get_no_secret_of_others() {
    let served = Served::start(Options::default());
    served.hook("env > env");
    let state = served.path("pinstead-state.db");
    let mut command = served.command(&["--once"]);
    let output = command
        .env("PINSTEAD_STATE", &state)
        .env("CERTSPOTTER_TOKEN", "a-token")
        .env("PGPASSWORD", "a-password")
        .env("HARMLESS", "1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let environment = std::fs::read_to_string(served.path("env")).unwrap();
    assert!(environment.contains("HARMLESS=1"), "{environment}");
    for name in ["PINSTEAD_STATE=", "CERTSPOTTER_TOKEN", "PGPASSWORD"] {
        assert!(!environment.contains(name), "{name}: {environment}");
    }
}

#[test]
fn people_read_each_certificate_once() {
    let served = Served::start(Options::default());
    served.policy("");
    let output = served.command(&["--once"]).output().unwrap();
    let (told, report) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    let alerts = told.lines().filter(|line| line.contains("] New certificate")).count();
    assert_eq!(alerts, certificates(), "a line each: {told}");
    assert!(!told.contains("Valid from"), "{told}");
    // Alone, or in a line of a group.
    let listed = report.matches("; entry ").count() + report.matches("  Entry ").count();
    assert_eq!(listed, certificates(), "{report}");
}

#[test]
fn what_keeps_a_log_from_being_read_is_in_the_status() {
    let served = Served::start(Options::default());
    let path = served.path("log-list.json");
    let mut list: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    list["operators"][0]["logs"][0]["url"] = list["operators"][1]["tiled_logs"][0]["monitoring_url"].clone();
    std::fs::write(&path, list.to_string()).unwrap();
    // At its end, it cannot even be begun.
    for from in ["end", "begin"] {
        let state = format!("{from}.db");
        let domains = format!("domains-{DOMAINS}.txt");
        let mut once = served.bare(&["--once", "--domains", &domains, "--from", from, "--state", &state]);
        let output = once.output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        let known = served.command(&["--status", "--state", &state, "--format", "json"]).output().unwrap();
        let status = json(&known);
        let all =
            status["logs"].as_array().unwrap().iter().chain(status["logs_not_begun"].as_array().unwrap());
        let broken: Vec<&Value> = all.filter(|log| !log["reason"].is_null()).collect();
        assert_eq!(broken.len(), 1, "{from}: {status}");
        assert!(broken[0]["reason"].as_str().unwrap().starts_with("since 20"), "{status}");
    }
}

#[test]
fn the_status_says_what_it_comes_to() {
    let served = Served::start(Options::default());
    assert_eq!(served.once(&[]).status.code(), Some(0));
    let status = |arguments: &[&str]| {
        let mut command = served.command(&["--status", "--format", "json"]);
        let output = command.args(arguments).output().unwrap();
        (output.status.code().unwrap(), json(&output))
    };
    let (code, report) = status(&["--fail-on-undetermined"]);
    assert_eq!((code, count(&report, "findings"), count(&report, "undetermined")), (0, 0, 0), "{report}");
    assert_eq!(report["domains"], DOMAINS);

    // A name that is watched since now: nothing is read, and nothing is written.
    let (code, report) = status(&["--domain", "later.example"]);
    assert_eq!(code, 3, "{report}");
    let missing = &report["logs"][0]["unsearched"][0];
    assert_eq!(missing["entries"], serde_json::json!([[0, ENTRIES]]), "{report}");
    assert_eq!(missing["names"], serde_json::json!(["later.example"]));
    let (code, _) = status(&["--domain", "later.example"]);
    assert_eq!((code, served.sql("SELECT COUNT(*) FROM name_sets")), (3, 1));

    served.sql(
        "INSERT INTO faults (log, kind, text, evidence, since, last_seen, times) \
         VALUES (1, 'split', 'it signed two trees', x'', 0, 0, 1) RETURNING log",
    );
    served.sql(
        "INSERT INTO fault_pairs (log, kind, known, shown, text, evidence, seen) VALUES (1, 'split', x'01', x'02', \
         'it signed two trees', CAST('{\"tree_heads\": [{\"root\": \"one\"}, {\"root\": \"other\"}]}' AS BLOB), 0) \
         RETURNING log",
    );
    let (code, report) = status(&[]);
    assert_eq!((code, &report["findings"][0]["rule"]), (1, &"LOG001".into()), "{report}");
    // Both tree heads can be had from either report.
    let once = json(&served.once(&[]));
    for report in [&report, &once] {
        let heads = serde_json::json!([{"root": "one"}, {"root": "other"}]);
        assert_eq!(report["findings"][0]["evidence"]["pairs"][0]["tree_heads"], heads, "{report}");
        let faults =
            report["logs"].as_array().unwrap().iter().flat_map(|log| log["faults"].as_array().unwrap());
        let shown: Vec<&Value> = faults.map(|fault| &fault["pairs"][0]["tree_heads"]).collect();
        assert_eq!(shown, [&heads], "{report}");
    }
    assert_eq!(status(&["--fail-on", "none"]).0, 0);
    let human = served.command(&["--status"]).output().unwrap();
    assert_eq!(human.status.code(), Some(1));
    assert!(text(&human).contains("1 critical"), "{}", text(&human));
    let name = report["logs"][0]["name"].as_str().unwrap();
    assert!(served.command(&["--acknowledge", name]).output().unwrap().status.success());
    assert_eq!(status(&[]).0, 0, "somebody knows of it");

    // What was seen a year ago says nothing of today.
    served.sql("UPDATE logs SET head_timestamp = head_timestamp - 31536000000 WHERE id = 1 RETURNING id");
    let (code, report) = status(&[]);
    assert_eq!(code, 3, "{report}");
    assert!(report["undetermined"][0].as_str().unwrap().contains("newest tree head is of"), "{report}");
    served.sql("UPDATE logs SET head_timestamp = head_timestamp + 31536000000 WHERE id = 1 RETURNING id");
    assert_eq!(status(&[]).0, 0);

    // A log that cannot be read, and one that was never begun.
    served.sql(
        "INSERT INTO troubles (log_id, name, url, text, since, seen) \
         SELECT log_id, description, url, 'nobody answers', 0, 0 FROM logs WHERE id = 2 RETURNING 1",
    );
    assert_eq!((status(&[]).0, status(&["--fail-on", "medium"]).0), (3, 1));
    let mut elsewhere = served.command(&["--once", "--log", name, "--state", "one.db"]);
    assert_eq!(elsewhere.output().unwrap().status.code(), Some(0));
    let (code, report) = status(&["--state", "one.db"]);
    assert_eq!((code, count(&report, "logs_not_begun")), (3, 1), "{report}");
    assert_eq!(status(&["--state", "one.db", "--log", name]).0, 0, "it is not asked for");
}

#[test]
fn what_is_no_state_is_the_same_error_everywhere() {
    let served = Served::start(Options::default());
    let junk = served.path("junk.db");
    std::fs::write(&junk, "this is no database, and long enough to be one's header".repeat(100)).unwrap();
    for action in ["--once", "--status"] {
        let output = served.command(&[action, "--state", "junk.db"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{action}: {}", text(&output));
        assert!(text(&output).contains("junk.db"), "{}", text(&output));
    }
}

#[test]
fn who_is_told_nothing_hears_of_that() {
    let served = Served::start(Options::default());
    served.policy("[alerts]\nstderr = false\n");
    let watching = served.command(&[]).stderr(Stdio::piped()).spawn().unwrap();
    let known = || {
        let state = served.path("pinstead-state.db");
        state.exists() && {
            let status = json(&served.command(&["--status", "--format", "json"]).output().unwrap());
            status["alerts_without_channel"].as_u64().unwrap()
        } == u64::try_from(certificates()).unwrap()
    };
    wait_for("all alerts to be made", known);
    run("kill", &["-TERM", &watching.id().to_string()]);
    let ended = watching.wait_with_output().unwrap();
    assert!(text(&ended).contains("no channel of alerts is set up"), "{}", text(&ended));
}

#[test]
fn what_nobody_could_read_is_listed_again() {
    let served = Served::start(Options::default());
    // A reader that went before the end.
    let mut unread =
        served.command(&["--once"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(unread.stdout.take());
    let unread = unread.wait_with_output().unwrap();
    assert_eq!(unread.status.code(), Some(2), "{}", text(&unread));
    assert!(text(&unread).contains("writing the report"), "{}", text(&unread));
    // Of what does not count as told, a reader may have enough.
    let mut enough = served.command(&["--status"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(enough.stdout.take());
    assert_eq!(enough.wait().unwrap().code(), Some(0));
    let read = served.once(&[]);
    assert_eq!((read.status.code(), count(&json(&read), "certificates")), (Some(0), certificates()));
    assert_eq!(count(&json(&served.once(&[])), "certificates"), 0);
    // Who throws it away has been told.
    let thrown = served.command(&["--once", "--state", "other.db"]).stdout(Stdio::null()).output().unwrap();
    assert_eq!(thrown.status.code(), Some(0), "{}", text(&thrown));
}
