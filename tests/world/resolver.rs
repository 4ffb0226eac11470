//! Unbound, the validating resolver, on loopback: our upstream, and the second opinion on what it says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pinstead::observe::clock::Stopwatch;
use serde_json::Value;
use tempfile::TempDir;

use super::nsd::Nsd;
use super::run;
use super::signed_zones::{SignedZones, Zone};

/// Signed zones on NSD, and Unbound over them.
pub(crate) struct SignedWorld {
    pub(crate) unbound: Unbound,
    nsd: Nsd,
    /// The root's key, in zone-file form.
    pub(crate) anchor: String,
    folder: TempDir,
}

/// One step of a climb, as the JSON report has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportedStep {
    pub(crate) name: String,
    /// Its `dnssec`.
    pub(crate) state: String,
    /// Its `dnssec_detail`; empty where there is none.
    pub(crate) detail: String,
}

impl SignedWorld {
    /// Signs and serves these zones.
    pub(crate) fn start(zones: Vec<Zone>) -> Self {
        let signed = SignedZones::make(zones);
        let served: Vec<(&str, &str)> =
            signed.zones.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let nsd = Nsd::serving(&served);
        let unbound = Unbound::over(nsd.address, &served, &signed.anchor);
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("anchor"), &signed.anchor).unwrap();
        Self { unbound, nsd, anchor: signed.anchor, folder }
    }

    /// The file with the root's key.
    pub(crate) fn anchor_file(&self) -> String {
        self.folder.path().join("anchor").display().to_string()
    }

    /// The report of `pinstead caa` over Unbound, and the exit code.
    pub(crate) fn report(&self, names: &[impl AsRef<str>], more: &[&str]) -> (Value, i32) {
        report_over(self.unbound.address, names, more)
    }

    /// Every step that `pinstead caa` reports.
    pub(crate) fn steps(&self, names: &[impl AsRef<str>], more: &[&str]) -> Vec<ReportedStep> {
        let (report, _) = self.report(names, more);
        let names = report["names"].as_array().unwrap();
        let said = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let steps = names.iter().flat_map(|name| name["steps"].as_array().unwrap());
        steps
            .map(|step| ReportedStep {
                name: said(&step["name"]),
                state: said(&step["dnssec"]),
                detail: said(&step["dnssec_detail"]),
            })
            .collect()
    }
}

/// The report of `pinstead caa` over a resolver, and the exit code.
pub(crate) fn report_over(resolver: SocketAddr, names: &[impl AsRef<str>], more: &[&str]) -> (Value, i32) {
    let mut command = super::pinstead();
    command.args(["caa", "--format", "json", "--resolver", &resolver.to_string()]).args(more);
    let output = command.args(names.iter().map(AsRef::as_ref)).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let report = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code().unwrap())
}

/// A running Unbound; it ends with the test.
pub(crate) struct Unbound {
    /// Where it answers.
    pub(crate) address: SocketAddr,
    process: Child,
    folder: TempDir,
}

/// What a validating resolver says of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opinion {
    /// `secure`, `insecure` or `bogus`.
    pub(crate) state: &'static str,
    /// The response code.
    pub(crate) status: String,
    /// The lines about extended errors.
    pub(crate) extended: String,
}

impl Unbound {
    /// Resolves from the server at `authority`, which has these zones, and validates from `anchor`.
    pub(crate) fn over(authority: SocketAddr, zones: &[(&str, &str)], anchor: &str) -> Self {
        assert!(
            Path::new("/usr/sbin/unbound").exists(),
            "this test needs the resolver Unbound at /usr/sbin/unbound: apt-get install unbound"
        );
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        std::fs::write(at("anchor"), anchor).unwrap();
        let mut configuration = format!(
            "server:\n  interface: {ip}@{port}\n  port: {port}\n  username: \"\"\n  chroot: \"\"\n  directory: \"{dir}\"\n  \
             pidfile: \"{pid}\"\n  use-syslog: no\n  logfile: \"{log}\"\n  num-threads: 1\n  \
             do-not-query-localhost: no\n  do-ip6: no\n  module-config: \"validator iterator\"\n  \
             trust-anchor-file: \"{anchor}\"\n  aggressive-nsec: no\n  val-log-level: 2\n  ede: yes\n  \
             val-clean-additional: yes\nremote-control:\n  control-enable: no\n",
            ip = address.ip(),
            port = address.port(),
            dir = folder.path().display(),
            pid = at("pid"),
            log = at("log"),
            anchor = at("anchor"),
        );
        // Each zone by itself: what the zones say of their servers' addresses has no port.
        for (name, _) in zones {
            let (ip, port) = (authority.ip(), authority.port());
            let _ = write!(configuration, "stub-zone:\n  name: \"{name}\"\n  stub-addr: {ip}@{port}\n");
        }
        std::fs::write(at("unbound.conf"), configuration).unwrap();
        let process = Command::new("/usr/sbin/unbound")
            .args(["-d", "-c", &at("unbound.conf")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let unbound = Self { address, process, folder };
        let begun = Stopwatch::start();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(begun.milliseconds() < 30_000, "Unbound does not start: {}", unbound.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        unbound
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// What it says of the CAA records at each name.
    pub(crate) fn opinions(&self, names: &[&str]) -> BTreeMap<String, Opinion> {
        let batch = self.folder.path().join("names");
        let lines: Vec<String> = names.iter().map(|name| format!("{name}. CAA")).collect();
        std::fs::write(&batch, lines.join("\n") + "\n").unwrap();
        let (server, port) = (format!("@{}", self.address.ip()), self.address.port().to_string());
        let arguments =
            [&server, "-p", &port, "+dnssec", "+tries=1", "+time=10", "-f", batch.to_str().unwrap()];
        let output = run("dig", &arguments);
        let said = String::from_utf8(output.stdout).unwrap();
        let opinions: BTreeMap<String, Opinion> = said
            .split(";; Got answer:")
            .skip(1)
            .map(|answer| (question(answer), Opinion::read(answer)))
            .collect();
        let open: Vec<_> = names.iter().filter(|name| !opinions.contains_key(**name)).collect();
        assert!(open.is_empty(), "Unbound does not answer for {open:?}: {}", self.log());
        opinions
    }
}

/// The name that an answer is about.
fn question(answer: &str) -> String {
    let section = answer.split(";; QUESTION SECTION:").nth(1).unwrap_or_default();
    let name = section.trim_start().trim_start_matches(';').split_whitespace().next().unwrap_or_default();
    name.trim_end_matches('.').to_owned()
}

impl Opinion {
    fn read(answer: &str) -> Self {
        let after = |key: &str| answer.split(key).nth(1).unwrap_or_default();
        let status = after("status: ").split(',').next().unwrap_or_default().to_owned();
        let flags = after(";; flags: ").split(';').next().unwrap_or_default();
        let state = match status.as_str() {
            "SERVFAIL" => "bogus",
            "NOERROR" | "NXDOMAIN" if flags.split_whitespace().any(|flag| flag == "ad") => "secure",
            "NOERROR" | "NXDOMAIN" => "insecure",
            other => panic!("{other}: {answer}"),
        };
        let extended: Vec<&str> = answer.lines().filter(|line| line.contains("EDE")).collect();
        Self { state, status, extended: extended.join(" ") }
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
