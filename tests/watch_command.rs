//! `pinstead watch`, the real program over logs on loopback that the generator made: what it finds is what the generator
//! put there, whoever is killed in between and however many share the work.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod world;

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
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
        let domains = format!("domains-{DOMAINS}.txt");
        command
            .current_dir(self.folder.path())
            .env_remove("CI")
            .env_remove("PINSTEAD_STATE")
            .args(["watch", "--log-list", "log-list.json", "--domains", &domains, "--from", "begin"])
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
        for line in lines.lines().filter(|line| !line.is_empty()) {
            let alert: Value = serde_json::from_str(line).unwrap();
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
    assert_eq!(report["certificates"].as_array().unwrap().len(), certificates());
    let logs = report["logs"].as_array().unwrap();
    assert_eq!(logs.len(), 2, "of both kinds");
    for log in logs {
        assert_eq!((&log["status"], &log["start"]), (&"proven".into(), &0.into()), "{log}");
        assert_eq!((&log["proven"], &log["backlog"]), (&ENTRIES.into(), &0.into()), "{log}");
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

    let status = served.command(&["--status", "--format", "json"]).output().unwrap();
    let status = json(&status);
    assert_eq!(status["logs"][1]["proven"], ENTRIES);
    assert_eq!(status["waiting"].as_array().unwrap().len(), 0);
    let human = served.command(&["--status"]).output().unwrap();
    assert!(text(&human).contains("entries 0 to 2999 proven"), "{}", text(&human));
}

#[test]
fn who_is_killed_loses_and_repeats_nothing() {
    let served = Served::start(Options { page: 8, ..Options::default() });
    for round in 0..4 {
        let mut watching = served.command(&[]).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(150 + 100 * round));
        // SIGKILL.
        watching.kill().unwrap();
        watching.wait().unwrap();
    }
    // Ranges that the dead hold are taken over when their leases end; here nobody waits for that.
    let state = served.folder.path().join("pinstead-state.db");
    world::runtime().block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&state);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        for sql in ["UPDATE ranges SET lease_until = 0", "UPDATE logs SET lease_until = 0"] {
            sqlx::query(sql).execute(&mut connection).await.unwrap();
        }
    });
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
    refused(&["--once", "--log", "no such log"], "none is named so");
    refused(&["--status", "--state", "nowhere.db"], "there is no state");
    refused(&["--once", "--status"], "cannot be used with");
    let mut nobody = Command::new(env!("CARGO_BIN_EXE_pinstead"));
    let output = nobody.args(["watch", "--once"]).current_dir("/").output().unwrap();
    assert!(text(&output).contains("no domain is named"), "{}", text(&output));
    assert_eq!(output.status.code(), Some(2));
}
