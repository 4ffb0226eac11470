//! Signed zones on NSD, and Unbound over them: our upstream, and the second opinion on what it says.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;
use tempfile::TempDir;

use super::nsd::Nsd;
use super::odd_dns::{datagrams, reply};
use super::run;
use super::signed_zones::{SignedZones, Zone};
use super::unbound::Unbound;

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
    /// Signs and serves these zones, but for those whose file is empty: their server fails.
    pub(crate) fn start(zones: Vec<Zone>) -> Self {
        let signed = SignedZones::make(zones);
        let served: Vec<(&str, &str)> =
            signed.zones.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let known: Vec<(&str, &str)> = served.iter().filter(|(_, text)| !text.is_empty()).copied().collect();
        let nsd = Nsd::serving(&known);
        let failing = datagrams(|question| vec![reply(question, 2)]);
        let whose = |text: &str| if text.is_empty() { failing } else { nsd.address };
        let stubs: Vec<(&str, SocketAddr)> = served.iter().map(|(name, text)| (*name, whose(text))).collect();
        let unbound = Unbound::asking(&stubs).validating_from(&signed.anchor).start();
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

    /// What Unbound says of the CAA records at each name.
    pub(crate) fn opinions(&self, names: &[&str]) -> BTreeMap<String, Opinion> {
        let batch = self.folder.path().join("names");
        let lines: Vec<String> = names.iter().map(|name| format!("{name}. CAA")).collect();
        std::fs::write(&batch, lines.join("\n") + "\n").unwrap();
        let (server, port) =
            (format!("@{}", self.unbound.address.ip()), self.unbound.address.port().to_string());
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
        assert!(open.is_empty(), "Unbound does not answer for {open:?}: {}", self.unbound.log());
        opinions
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
