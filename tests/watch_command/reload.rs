//! A service that reads its policy again: on SIGHUP, while it runs.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::gate::wait_for;
use super::*;

impl Served {
    /// A policy for these domains, whose alerts go to a file.
    fn watching(&self, domains: &[&str], from: &str) {
        let path = self.folder.path().display();
        let policy = format!(
            "[watch]\ninterval_seconds = 1\n{from}domains = {domains:?}\n\
             [alerts]\nstderr = false\n[[alerts.hook]]\nname = \"file\"\n\
             command = [\"/bin/sh\", \"-c\", \"cat >> {path}/alerts; echo >> {path}/alerts\"]\n"
        );
        std::fs::write(self.folder.path().join("pinstead.toml"), policy).unwrap();
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("said")).unwrap_or_default()
    }

    fn page(&self, path: &str) -> String {
        let said = self.said();
        let address = said.split("http://").nth(1).unwrap().split('/').next().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }

    fn status(&self) -> (Option<i32>, Value) {
        let output = self.bare(&["--status", "--format", "json"]).output().unwrap();
        (output.status.code(), json(&output))
    }

    fn is_proven(&self) -> bool {
        self.folder.path().join("pinstead-state.db").exists()
            && self.status().1["logs"]
                .as_array()
                .is_some_and(|logs| logs.len() == 2 && logs.iter().all(|log| log["proven"] == ENTRIES))
    }
}

#[test]
fn a_service_takes_a_new_policy_and_keeps_the_old_one_where_that_is_broken() {
    let served = Served::start(Options::default());
    let all = std::fs::read_to_string(served.folder.path().join(format!("domains-{DOMAINS}.txt"))).unwrap();
    let all: Vec<&str> =
        all.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).collect();
    served.watching(&all[..500], "from = \"begin\"\n");
    let said = std::fs::File::create(served.folder.path().join("said")).unwrap();
    let mut watching = served.bare(&["--metrics", "127.0.0.1:0"]).stderr(said).spawn().unwrap();
    let hang_up = || run("kill", &["-HUP", &watching.id().to_string()]);
    wait_for("the first names to be found", || served.is_proven());
    let half = served.arrived().len();
    assert!(half < certificates());

    std::fs::write(served.folder.path().join("pinstead.toml"), "[watch]\ndomains = [\"a b\"]\n").unwrap();
    hang_up();
    wait_for("the broken policy to be told", || served.said().contains("the one before stays"));
    let metrics = served.page("/metrics");
    assert!(metrics.contains("pinstead_policy_current 0\n"), "{metrics}");
    assert!(metrics.contains("pinstead_policy_reads_total{outcome=\"refused\"} 1\n"), "{metrics}");
    assert!(served.page("/health").contains("the policy that was read last is broken"));

    // What was read before is read again for the new names, as the policy says.
    served.watching(&all, "from = \"begin\"\n");
    hang_up();
    wait_for("the further names to be found", || served.arrived().len() == certificates());
    wait_for("all to be proven again", || served.is_proven() && served.status().0 == Some(0));
    let metrics = served.page("/metrics");
    assert!(metrics.contains("pinstead_policy_current 1\n"), "{metrics}");
    assert!(!served.page("/health").contains("is broken"));
    assert!(served.arrived().values().all(|ids| ids.len() == 1), "one alert a certificate");

    // Where nothing is said of what was read before, it is told that it was not searched.
    served.watching(&[&all[..], &["later.example"]].concat(), "");
    hang_up();
    wait_for("what was not searched to be told", || served.said().contains("not searched for later.example"));
    let (code, status) = served.status();
    assert_eq!((code, status["domains"].as_u64()), (Some(3), Some(DOMAINS + 1)), "{status}");

    run("kill", &["-TERM", &watching.id().to_string()]);
    let ended = watching.wait().unwrap();
    assert_eq!(ended.code(), Some(0), "{}", served.said());
    // Nothing is leased any more, so that another goes on at once.
    assert_eq!(asked(&served, "SELECT COUNT(*) FROM logs WHERE lease IS NOT NULL"), 0);
}

#[test]
fn a_service_says_once_that_a_channel_does_not_take_alerts() {
    let served = Served::start(Options::default());
    let policy = "[alerts]\nstderr = false\n[[alerts.hook]]\nname = \"broken\"\ncommand = [\"/bin/false\"]\n";
    std::fs::write(served.folder.path().join("pinstead.toml"), policy).unwrap();
    let said = std::fs::File::create(served.folder.path().join("said")).unwrap();
    let watching = served.command(&[]).stderr(said).spawn().unwrap();
    let waiting = || {
        let state = served.folder.path().join("pinstead-state.db");
        let mut status = served.bare(&["--status", "--format", "json"]);
        state.exists() && json(&status.output().unwrap())["waiting"][0]["failed"].as_u64() >= Some(3)
    };
    wait_for("several alerts to fail", waiting);
    run("kill", &["-TERM", &watching.id().to_string()]);
    watching.wait_with_output().unwrap();
    let lines: Vec<String> =
        served.said().lines().filter(|line| line.contains("“broken”")).map(str::to_owned).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("does not take alerts") && lines[0].contains("status: 1"), "{lines:?}");
}
