//! `--require monitoring` beside watches of the world's logs, as they are run: once, again and again, as a service.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::{Connection as _, SqliteConnection};

use super::*;

/// A process that ends with the test.
struct Service(Child);

impl Service {
    /// Ends it as a service manager does.
    fn stop(mut self) {
        world::run("kill", &["-TERM", &self.0.id().to_string()]);
        self.0.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Shop {
    /// The world's policy with these alerts.
    fn alerting(&self, name: &str, alerts: &str) -> String {
        let policy = fs::read_to_string(&self.running.world.files.policy).unwrap();
        let lines: Vec<&str> = policy.lines().filter(|line| !line.starts_with("pins")).collect();
        self.write(name, &format!("{}\n[alerts]\n{alerts}", lines.join("\n")));
        self.path(name).display().to_string()
    }

    fn watch(&self, state: &str, policy: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
        let list = self.running.world.folder().join("log-list.json").display().to_string();
        command.current_dir(self.folder.path()).env_remove("CI").env_remove("PINSTEAD_STATE");
        command.args(["watch", "--domain", "demo.example", "--policy", policy, "--state", state]);
        for programme in ["chrome", "apple", "mozilla", "android"] {
            command.args(["--log-list", &format!("{programme}={list}")]);
        }
        command.args(more).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn serve(&self, state: &str, policy: &str, more: &[&str]) -> Service {
        Service(self.watch(state, policy, &[&["--interval", "1"], more].concat()).spawn().unwrap())
    }

    /// What the gate says by a state: the exit code, and the evidence.
    fn gate(&self, state: &str, policy: &str) -> (i32, String) {
        let state = self.path(state).display().to_string();
        let gate = ["--require", "monitoring", "--fail-on", "none", "--fail-on-undetermined=false"];
        let given = ["--policy", policy, "--state", &state, "--format", "json"];
        let arguments = self.running.world.check_arguments(&[SHOP]);
        let mut arguments: Vec<&str> = as_str(&arguments);
        let place = arguments.iter().position(|argument| *argument == "--policy").unwrap();
        arguments.drain(place..place + 2);
        let output = pinstead().arg("compare").args(arguments).args(given).args(gate).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let required = &report["targets"][0]["comparison"]["advice"]["required"][0];
        let evidence = required["evidence"].as_str().unwrap().to_owned();
        (output.status.code().unwrap(), evidence)
    }

    /// Waits until the gate says that; a while is forever.
    fn until(&self, (state, policy): (&str, &str), code: i32, what: &str) {
        let mut said = (-1, String::new());
        for _ in 0..120 {
            if self.path(state).exists() {
                said = self.gate(state, policy);
                if said.0 == code && said.1.contains(what) {
                    return;
                }
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        panic!("{code}, {what}: {said:?}");
    }

    fn sql(&self, state: &str, sql: &'static str) {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.path(state));
        world::runtime().block_on(async {
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap();
        });
    }
}

#[test]
fn each_log_is_watched_by_whoever_follows_it() {
    let shop = Shop::new();
    let policy = shop.alerting("p.toml", "");
    let once = || assert!(shop.watch("a.db", &policy, &["--once"]).status().unwrap().success());
    once();
    shop.until(("a.db", &policy), 3, "it looked once, on ");
    // A service that follows one log does not go on with what looked at all of them.
    let alder = shop.serve("a.db", &policy, &["--log", "Alder"]);
    shop.until(("a.db", &policy), 3, "follows 2 of the 3 logs: ");
    alder.stop();
    shop.until(("a.db", &policy), 3, "it looked once, on ");
    // What is run from cron does.
    shop.sql("a.db", "UPDATE looks SET began = began - 3600000, looked = looked - 3600000");
    once();
    shop.until(("a.db", &policy), 0, "");

    let service = shop.serve("b.db", &policy, &[]);
    shop.until(("b.db", &policy), 0, "");
    service.stop();
    shop.until(("b.db", &policy), 3, "no watch that says so in the state runs now");
}

#[test]
fn nothing_is_detected_where_nobody_is_told() {
    let shop = Shop::new();
    let none = shop.alerting("none.toml", "stderr = false\n");
    let mute = shop.serve("mute.db", &none, &[]);
    shop.until(("mute.db", &none), 3, "the watch that runs has no channel for alerts");
    assert_eq!(shop.watch("mute.db", &none, &["--status"]).status().unwrap().code(), Some(3));
    mute.stop();

    let hook = "stderr = false\n[[alerts.hook]]\nname = \"pager\"\ncommand = [\"/bin/sh\", \"-c\", \"test -e mended\"]\n";
    let pager = shop.alerting("pager.toml", hook);
    let failing = shop.serve("pager.db", &pager, &["--from", "begin"]);
    shop.until(("pager.db", &pager), 3, "alerts to “pager” were not taken");
    let status = shop.watch("pager.db", &pager, &["--status"]).status().unwrap();
    assert_eq!(status.code(), Some(3), "it goes by the same");
    // Once it is mended, what waits is sent.
    shop.write("mended", "");
    shop.sql("pager.db", "UPDATE deliveries SET next_at = 0");
    shop.until(("pager.db", &pager), 0, "");
    drop(failing);
}
