//! `pinstead watch`, the real program over logs on loopback that the generator made: what it finds is what the generator
//! put there, whoever is killed in between and however many share the work.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod world;

#[path = "report_schema/described.rs"]
mod described;
#[path = "watch_command/gate.rs"]
mod gate;
#[path = "watch_command/reload.rs"]
mod reload;
#[path = "watch_command/reports.rs"]
mod reports;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use pinstead_logs::make::make;
use pinstead_logs::serve::{self, Options};
use pinstead_logs::world::World;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use world::postgres::Postgres;
use world::{run, text};

const ENTRIES: u64 = 3000;
const DOMAINS: u64 = 1000;

/// The world that all tests read.
static WORLD: LazyLock<(PathBuf, World)> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("watch-command");
    let _ = std::fs::remove_dir_all(&folder);
    let world = make(ENTRIES, 11, "2026-06-01T00:00:00Z".parse().unwrap(), &folder).unwrap();
    (folder, world)
});

/// A served world, in a folder of its own.
struct Served {
    folder: tempfile::TempDir,
}

impl Served {
    fn start(options: Options) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        run("cp", &["-r", &format!("{}/.", WORLD.0.display()), &folder.path().display().to_string()]);
        serve::start(folder.path(), options).unwrap();
        let policy = format!(
            "[alerts]\nstderr = false\n[[alerts.hook]]\nname = \"file\"\n\
             command = [\"/bin/sh\", \"-c\", \"cat >> {0}/alerts; echo >> {0}/alerts\"]\n",
            folder.path().display()
        );
        std::fs::write(folder.path().join("pinstead.toml"), policy).unwrap();
        Self { folder }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let domains = format!("domains-{DOMAINS}.txt");
        let mut command = self.bare(&["--domains", &domains, "--from", "begin"]);
        command.args(arguments);
        command
    }

    /// Without names, and where to begin.
    fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
        command
            .current_dir(self.folder.path())
            .env_remove("CI")
            .env_remove("PINSTEAD_STATE")
            .args(["watch", "--log-list", "log-list.json"])
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    fn once(&self, arguments: &[&str]) -> Output {
        self.command(&["--once", "--format", "json"]).args(arguments).output().unwrap()
    }

    /// The alerts that arrived: for each subject the ids.
    fn arrived(&self) -> BTreeMap<String, BTreeSet<String>> {
        let lines = std::fs::read_to_string(self.folder.path().join("alerts")).unwrap_or_default();
        let mut arrived: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        // Two hooks at a time may write their alerts before either ends its line; one may be in the middle of its own.
        let alerts = serde_json::Deserializer::from_str(&lines).into_iter::<Value>();
        for alert in alerts.map_while(Result::ok) {
            assert_eq!(alert["kind"], "certificate", "{alert}");
            let said = |key: &str| alert[key].as_str().unwrap().to_owned();
            arrived.entry(said("subject")).or_default().insert(said("id"));
        }
        arrived
    }
}

fn certificates() -> usize {
    let truth = WORLD.1.truth.iter().find(|truth| truth.domains == DOMAINS).unwrap();
    assert!(truth.certificates > 3 && truth.entries > truth.certificates);
    usize::try_from(truth.certificates).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

#[test]
fn once_finds_what_the_generator_put_there() {
    let served = Served::start(Options::default());
    let first = served.once(&[]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    let report = json(&first);
    described::described("watch_report", &report);
    assert_eq!(report["certificates"].as_array().unwrap().len(), certificates());
    let logs = report["logs"].as_array().unwrap();
    assert_eq!(logs.len(), 2, "of both kinds");
    for log in logs {
        assert_eq!((&log["status"], &log["start"]), (&"proven".into(), &0.into()), "{log}");
        assert_eq!((&log["proven"], &log["backlog"]), (&ENTRIES.into(), &0.into()), "{log}");
        let started = &log["started_at"];
        assert_eq!(
            (&started["index"], &started["why"]),
            (&0.into(), &"begun at its first entry (from begin)".into()),
            "{log}"
        );
    }
    let arrived = served.arrived();
    assert_eq!(arrived.len(), certificates());
    assert!(arrived.values().all(|ids| ids.len() == 1), "one alert a certificate");

    let again = served.once(&[]);
    assert_eq!(json(&again)["certificates"].as_array().unwrap().len(), 0, "nothing is new");
    assert_eq!(served.arrived(), arrived);
    let unexpected = served.once(&["--state", "other.db", "--expect-ca", "letsencrypt.org"]);
    let report = json(&unexpected);
    let statuses: BTreeSet<&str> = report["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["expectation"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, BTreeSet::from(["undetermined"]), "keys that no table knows");
    // Of those it is not known whether they are unexpected: no list is asked for.
    let looking = served.once(&["--state", "other.db", "--expect-ca", "letsencrypt.org", "--revocation"]);
    assert_eq!(looking.status.code(), Some(3), "{}", text(&looking));
    assert!(!text(&looking).contains("revocation could not be looked at"), "{}", text(&looking));
    assert_eq!(
        (&report["revocation"]["status"], &report["revocation"]["counts"]),
        (&"not_checked".into(), &Value::Null)
    );
    let looked = &json(&looking)["revocation"];
    assert_eq!(
        (&looked["status"], &looked["counts"]["certificates"]),
        (&"checked".into(), &0.into()),
        "{looked}"
    );
    let status = served.command(&["--status", "--format", "json", "--state", "other.db"]).output().unwrap();
    assert_eq!(json(&status)["revocation"], *looked);

    let status = served.command(&["--status", "--format", "json"]).output().unwrap();
    let status = json(&status);
    assert_eq!(status["logs"][1]["proven"], ENTRIES);
    assert!(status["logs"][1]["started_at"]["at"].is_string(), "{status}");
    assert_eq!(status["waiting"].as_array().unwrap().len(), 0);
    let human = served.command(&["--status"]).output().unwrap();
    assert!(text(&human).contains("entries 0 to 2999 proven"), "{}", text(&human));
}

/// Asks the state itself for a number, 0 where it has none: the tables may not be there yet.
fn asked(served: &Served, sql: &'static str) -> i64 {
    let state = served.folder.path().join("pinstead-state.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&state);
    world::runtime().block_on(async {
        let Ok(mut connection) = sqlx::SqliteConnection::connect_with(&options).await else { return 0 };
        sqlx::query_scalar(sql).fetch_optional(&mut connection).await.ok().flatten().unwrap_or(0)
    })
}

#[test]
fn a_name_that_was_not_searched_for_is_undetermined() {
    let served = Served::start(Options::default());
    let folder = served.folder.path();
    let all = std::fs::read_to_string(folder.join(format!("domains-{DOMAINS}.txt"))).unwrap();
    let domains = || all.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let half = domains().take(500).collect::<Vec<_>>().join("\n");
    std::fs::write(folder.join(format!("domains-{DOMAINS}.txt")), half).unwrap();
    let first = json(&served.once(&[]));
    let known = first["certificates"].as_array().unwrap().len();
    std::fs::write(folder.join(format!("domains-{DOMAINS}.txt")), &all).unwrap();

    // Without a word where to begin, what was read before is not searched again, and that is said.
    let watch = |from: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
        command.current_dir(folder).env_remove("CI").env_remove("PINSTEAD_STATE");
        command.args(["watch", "--once", "--format", "json", "--log-list", "log-list.json", "--domains"]);
        command.arg(format!("domains-{DOMAINS}.txt")).args(from.map(|from| format!("--from={from}")));
        command.stdin(Stdio::null()).output().unwrap()
    };
    for _ in 0..2 {
        let told = watch(None);
        assert_eq!(told.status.code(), Some(3), "{}", text(&told));
        let report = json(&told);
        assert_eq!(report["certificates"].as_array().unwrap().len(), 0);
        for log in report["logs"].as_array().unwrap() {
            let missing = &log["unsearched"][0];
            assert_eq!(missing["entries"], serde_json::json!([[0, ENTRIES]]), "{log}");
            let named = missing["names"].as_array().unwrap().len();
            let left_out = usize::try_from(missing["names_left_out"].as_u64().unwrap()).unwrap();
            assert_eq!(named + left_out, domains().count() - 500);
        }
    }
    let again = watch(Some("begin"));
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    let report = json(&again);
    assert_eq!(report["certificates"].as_array().unwrap().len(), certificates() - known);
    assert!(report["logs"].as_array().unwrap().iter().all(|log| log["proven"] == ENTRIES));
    assert_eq!(watch(None).status.code(), Some(0), "all of it was searched for all of them");
}

#[test]
fn who_is_killed_loses_and_repeats_nothing() {
    // Slow enough for several commits.
    let served = Served::start(Options { page: 8, pause: 20, ..Options::default() });
    let position = || {
        let sql =
            "SELECT (SELECT COALESCE(SUM(position - start), 0) FROM ranges) + SUM(proven_size) FROM logs";
        asked(&served, sql)
    };
    let mut in_the_middle = 0;
    for _ in 0..4 {
        let before = position();
        let mut watching = served.command(&[]).stderr(Stdio::null()).spawn().unwrap();
        // As soon as it is somewhere else, or has nothing more to do.
        for _ in 0..300 {
            std::thread::sleep(Duration::from_millis(10));
            if position() > before || before == 2 * i64::try_from(ENTRIES).unwrap() {
                break;
            }
        }
        // SIGKILL.
        watching.kill().unwrap();
        watching.wait().unwrap();
        in_the_middle +=
            asked(&served, "SELECT COUNT(*) FROM ranges WHERE start < position AND position < stop");
        // Ranges that the dead hold are taken over when their leases end; here nobody waits for that.
        asked(&served, "UPDATE ranges SET lease_until = 0 RETURNING 0");
        asked(&served, "UPDATE logs SET lease_until = 0 RETURNING 0");
    }
    assert!(in_the_middle > 0, "each was killed before it began, or when all was done");
    let last = served.once(&[]);
    assert_eq!(last.status.code(), Some(0), "{}", text(&last));
    let report = json(&last);
    assert!(report["logs"].as_array().unwrap().iter().all(|log| log["proven"] == ENTRIES));
    // A delivery that was under way waits for its time.
    let status = json(&served.command(&["--status", "--format", "json"]).output().unwrap());
    let left = status["waiting"].as_array().unwrap().iter().map(|one| one["alerts"].as_u64().unwrap());
    let arrived = served.arrived();
    assert!(arrived.values().all(|ids| ids.len() == 1), "whatever comes twice has the same id");
    let (known, left) = (arrived.len(), usize::try_from(left.sum::<u64>()).unwrap());
    assert!(known <= certificates() && known + left >= certificates(), "{known} and {left}");
}

#[test]
fn a_signal_ends_it_cleanly() {
    let served = Served::start(Options::default());
    let watching = served.command(&["--state", "state.db"]).stderr(Stdio::piped()).spawn().unwrap();
    while served.arrived().len() < certificates() {
        std::thread::sleep(Duration::from_millis(50));
    }
    run("kill", &["-TERM", &watching.id().to_string()]);
    let ended = watching.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended));
    // Nothing is leased any more, so that another goes on at once.
    let next = served.once(&["--state", "state.db"]);
    assert_eq!(next.status.code(), Some(0), "{}", text(&next));
}

#[test]
fn two_share_the_work_in_postgresql() {
    let postgres = world::runtime().block_on(Postgres::start());
    let url = world::runtime().block_on(postgres.database());
    let served = Served::start(Options { page: 16, ..Options::default() });
    let start = || -> Child {
        let mut command = served.command(&["--once", "--format", "json"]);
        command.env("PINSTEAD_STATE", &url).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start(), start()].map(|child| child.wait_with_output().unwrap());
    for output in &both {
        assert_eq!(output.status.code(), Some(0), "{}", text(output));
        assert!(!text(output).contains(world::postgres::PASSWORD));
        assert!(json(output)["logs"].as_array().unwrap().iter().all(|log| log["proven"] == ENTRIES));
    }
    let listed: Vec<String> = both
        .iter()
        .flat_map(|output| json(output)["certificates"].as_array().unwrap().clone())
        .map(|one| one["tbs_sha256"].as_str().unwrap().to_owned())
        .collect();
    let different: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(
        (listed.len(), different.len()),
        (certificates(), certificates()),
        "each in one of the reports"
    );
    let alerts: i64 = world::runtime().block_on(async {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sqlx::query_scalar("SELECT COUNT(*) FROM pinstead.alerts").fetch_one(&mut connection).await.unwrap()
    });
    assert_eq!(usize::try_from(alerts).unwrap(), certificates());
    assert_eq!(served.arrived().len(), certificates());
}

#[test]
fn a_dead_log_is_undetermined_and_never_nothing() {
    let served = Served::start(Options::default());
    let path = served.folder.path().join("log-list.json");
    let mut list: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    // The other log is there, and has nothing under these names.
    list["operators"][0]["logs"][0]["url"] = list["operators"][1]["tiled_logs"][0]["monitoring_url"].clone();
    std::fs::write(&path, list.to_string()).unwrap();
    let output = served.once(&["--fail-on", "high"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let report = json(&output);
    let statuses: BTreeSet<&str> =
        report["logs"].as_array().unwrap().iter().map(|log| log["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, BTreeSet::from(["failed", "proven"]));
    assert_eq!(report["findings"][0]["rule"], "LOG007");
}

#[test]
fn where_no_log_can_be_reached_that_is_one_finding_and_told_early() {
    let served = Served::start(Options::default());
    let path = served.folder.path().join("log-list.json");
    let mut list: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    // Nobody listens there.
    let nowhere = || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Value::from(format!("http://{}/", listener.local_addr().unwrap()))
    };
    list["operators"][0]["logs"][0]["url"] = nowhere();
    list["operators"][1]["tiled_logs"][0]["monitoring_url"] = nowhere();
    std::fs::write(&path, list.to_string()).unwrap();
    let output = served.once(&["--fail-on", "high"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let report = json(&output);
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.iter().map(|one| &one["rule"]).collect::<Vec<_>>(), ["LOG011"], "{report}");
    assert_eq!((&findings[0]["evidence"]["logs"], &findings[0]["evidence"]["hosts"]), (&2.into(), &2.into()));
    assert!(findings[0]["message"].as_str().unwrap().contains("no connection"), "{report}");
    for log in report["logs"].as_array().unwrap() {
        assert_eq!((&log["status"], &log["reason"]), (&"stopped".into(), &"no log could be reached".into()));
    }
    // Long before any log was given up by itself.
    assert!(!text(&output).contains("fault (unreadable)"), "{}", text(&output));
}

#[test]
fn the_self_test_arrives_at_every_channel() {
    let served = Served::start(Options::default());
    let output = served.command(&["--self-test"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("file: delivered"), "{}", text(&output));
    let alert = std::fs::read_to_string(served.folder.path().join("alerts")).unwrap();
    let alert: Value = serde_json::from_str(alert.trim()).unwrap();
    assert_eq!(alert["kind"], "self_test");
    assert!(alert["title"].as_str().unwrap().starts_with("TEST: "), "{alert}");
    assert!(alert["text"].as_str().unwrap().contains("made up"), "{alert}");
    assert!(!served.folder.path().join("pinstead-state.db").exists(), "the state is left alone");

    let policy = "[alerts]\nstderr = false\n[[alerts.hook]]\nname = \"broken\"\ncommand = [\"/bin/false\"]\n";
    std::fs::write(served.folder.path().join("pinstead.toml"), policy).unwrap();
    let output = served.command(&["--self-test"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("broken: not delivered"), "{}", text(&output));
}

#[test]
fn what_cannot_be_used_is_refused_before_anything_is_asked() {
    let served = Served::start(Options::default());
    let refused = |arguments: &[&str], why: &str| {
        let output = served.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(why), "{}", text(&output));
    };
    refused(&["--once", "--state", "postgres://ann:s3cret@db.example/x"], "PINSTEAD_STATE");
    refused(&["--once", "--log", "no such log"], "“no such log” is in the name of none");
    let list = std::fs::read(served.folder.path().join("log-list.json")).unwrap();
    let list: Value = serde_json::from_slice(&list).unwrap();
    let name = list["operators"][0]["logs"][0]["description"].as_str().unwrap();
    refused(&["--once", "--log", name, "--log", "typo"], "“typo” is in the name of none");
    refused(&["--once", "--log", name, "--log", ""], "an empty text names no log");
    std::fs::write(served.folder.path().join("none.txt"), "# nothing came of it\n").unwrap();
    for (arguments, why) in [
        (["--domains", "none.txt"], "none.txt names no domain"),
        (["--domain", "192.0.2.1"], "192.0.2.1 is an IP address"),
        (["--domain", "*.ours.example"], "give ours.example instead of *.ours.example"),
        (["--domain", "a*.ours.example"], "a wildcard elsewhere than as its leftmost label"),
    ] {
        let output = served.bare(&["--once"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(why), "{}", text(&output));
    }
    refused(&["--status", "--state", "nowhere.db"], "there is no state");
    refused(&["--once", "--status"], "cannot be used with");
    let mut nobody = Command::new(env!("CARGO_BIN_EXE_pinstead"));
    let output = nobody.args(["watch", "--once"]).current_dir("/").output().unwrap();
    assert!(text(&output).contains("no domain is named"), "{}", text(&output));
    assert_eq!(output.status.code(), Some(2));
}
