//! `--all-nameservers` against real servers (NSD, behind Unbound) and against servers that misbehave.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use crate::world::nsd::Nsd;
use crate::world::odd_dns::{
    AUTHORITATIVE, CA1_RDATA, CAA, REFUSED, SOA, SOA_RDATA, TRUNCATED, answer, odd_server,
};
use crate::world::ports::free_port;
use crate::world::unbound::Unbound;
use crate::world::{pinstead, run, text};

/// The servers by number: the parent's, two good ones, the odd ones, and one that is not there.
const PARENT: &str = "127.0.4.9";
const FIRST: &str = "127.0.4.11";
const SECOND: &str = "127.0.4.12";
const DROPS: &str = "127.0.4.21";
const UNAUTHORITATIVE: &str = "127.0.4.22";
const NO_TCP: &str = "127.0.4.23";
const TRUNCATES: &str = "127.0.4.24";
const REFUSES: &str = "127.0.4.25";
const SILENT: &str = "127.0.4.26";
const CUTS_TOO: &str = "127.0.4.27";
const ABSENT: &str = "127.0.4.29";
const V6: &str = "::1";

/// Each zone below `example`: its name, the addresses of its servers `ns1`, `ns2` and so on, as its parent has them.
const ZONES: [(&str, &[&[&str]]); 12] = [
    ("agree", &[&[FIRST, V6], &[SECOND]]),
    ("split", &[&[FIRST], &[SECOND]]),
    ("drops", &[&[FIRST], &[DROPS]]),
    ("alone", &[&[DROPS]]),
    ("hush", &[&[FIRST], &[SILENT]]),
    ("lame", &[&[FIRST], &[SECOND], &[UNAUTHORITATIVE]]),
    ("notcp", &[&[FIRST], &[NO_TCP]]),
    ("cut", &[&[FIRST], &[TRUNCATES]]),
    ("cutoff", &[&[TRUNCATES], &[CUTS_TOO]]),
    ("gone", &[&[FIRST], &[ABSENT]]),
    ("other", &[&[FIRST], &[SECOND]]),
    ("noone", &[&[REFUSES], &[ABSENT]]),
];

/// The whole network: a parent zone, its children's servers, and a resolver.
struct Network {
    port: u16,
    resolver: Unbound,
    _servers: Vec<Nsd>,
}

/// A zone file: SOA with the serial, the servers with their addresses, and further lines.
fn zone(name: &str, serial: u32, servers: &[&[&str]], more: &str) -> String {
    let mut text = format!(
        "$ORIGIN {name}.example.\n$TTL 300\n@ SOA ns1 h.example. {serial} 3600 600 86400 60\n{more}\n"
    );
    text += &name_servers("@", servers);
    text
}

/// NS records of `owner`, and the addresses of `ns1`, `ns2` and so on below it.
fn name_servers(owner: &str, servers: &[&[&str]]) -> String {
    let mut text = String::new();
    for (place, addresses) in servers.iter().enumerate() {
        let server =
            if owner == "@" { format!("ns{}", place + 1) } else { format!("ns{}.{owner}", place + 1) };
        let _ = writeln!(text, "{owner} NS {server}");
        for address in *addresses {
            let rtype = if address.contains(':') { "AAAA" } else { "A" };
            let _ = writeln!(text, "{server} {rtype} {address}");
        }
    }
    text
}

fn servers_of(name: &str) -> &'static [&'static [&'static str]] {
    ZONES.iter().find(|(zone, _)| *zone == name).unwrap().1
}

/// Answers for the zone, and drops CAA questions.
fn drops(question: &[u8], rtype: u16) -> Option<Vec<u8>> {
    if rtype == CAA { None } else { good(question, rtype) }
}

#[expect(clippy::unnecessary_wraps, reason = "servers are given it beside others that may be silent")]
fn good(question: &[u8], rtype: u16) -> Option<Vec<u8>> {
    let records: &[(u16, &[u8])] = match rtype {
        SOA => &[(SOA, SOA_RDATA)],
        CAA => &[(CAA, CA1_RDATA)],
        _ => &[],
    };
    Some(answer(question, AUTHORITATIVE, records))
}

impl Network {
    fn start() -> Self {
        let addresses = [
            PARENT,
            FIRST,
            SECOND,
            DROPS,
            UNAUTHORITATIVE,
            NO_TCP,
            TRUNCATES,
            CUTS_TOO,
            REFUSES,
            SILENT,
            ABSENT,
            V6,
        ];
        let port = free_port(&addresses.map(|address| address.parse::<IpAddr>().unwrap()));
        let at = |address: &str| SocketAddr::new(address.parse().unwrap(), port);
        let mut parent =
            String::from("$ORIGIN example.\n$TTL 300\n@ SOA ns h 1 3600 600 86400 60\n@ NS ns\n");
        let _ = writeln!(parent, "ns A {PARENT}");
        for (name, servers) in ZONES {
            // The delegation of this one names a third server, and not the second.
            let servers = if name == "other" { &[&[FIRST][..], &[][..], &[SECOND]][..] } else { servers };
            parent += &name_servers(name, servers);
        }
        let parent = parent.replace("other NS ns2.other\n", "");

        let ca1 = "@ CAA 0 issue \"ca1.example\"";
        let file =
            |name: &str, more: &str| (format!("{name}.example"), zone(name, 2, servers_of(name), more));
        let agree = file(
            "agree",
            "@ CAA 0 issue \"ca1.example\"\n@ CAA 0 iodef \"mailto:a@example\"\nsub A 192.0.2.1\n\
             alias CNAME www.split.example.\nstale CAA 0 issue \"ca1.example\"",
        );
        // The same set in another order.
        let agree_again = file(
            "agree",
            "@ CAA 0 iodef \"mailto:a@example\"\n@ CAA 0 issue \"ca1.example\"\nsub A 192.0.2.1\n\
             alias CNAME www.split.example.\nstale CAA 0 issue \"ca1.example\"",
        );
        let first: Vec<(String, String)> = vec![
            agree.clone(),
            file("split", "@ CAA 0 issue \"ca1.example\"\nwww CAA 0 issue \"ca3.example\""),
            file("drops", ca1),
            file("hush", ca1),
            file("lame", ca1),
            file("notcp", ca1),
            file("cut", ca1),
            file("gone", ca1),
            file("other", ca1),
        ];
        let old_split = zone("split", 1, servers_of("split"), "@ CAA 0 issue \"ca2.example\"");
        let second = vec![agree_again, ("split.example".to_owned(), old_split), file("other", ca1)];
        let serve = |address: &str, zones: &[(String, String)]| {
            let zones: Vec<(&str, &str)> =
                zones.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            Nsd::serving_at(at(address), &zones)
        };
        let servers = vec![
            serve(PARENT, &[("example".to_owned(), parent)]),
            serve(FIRST, &first),
            serve(V6, &[agree]),
            serve(SECOND, &second),
        ];
        odd_server(at(DROPS), drops, Some(drops));
        let unauthoritative = |question: &[u8], rtype| {
            let mut message = good(question, rtype)?;
            message[2] &= !0x04;
            Some(message)
        };
        odd_server(at(SILENT), |_, _| None, Some(|_, _| None));
        odd_server(at(UNAUTHORITATIVE), unauthoritative, Some(unauthoritative));
        odd_server(at(NO_TCP), good, None);
        let truncates = |question: &[u8], rtype| match rtype {
            CAA => Some(answer(question, AUTHORITATIVE | TRUNCATED, &[])),
            _ => good(question, rtype),
        };
        odd_server(at(TRUNCATES), truncates, None);
        odd_server(at(CUTS_TOO), truncates, None);
        let refuses = |question: &[u8], _| Some(answer(question, REFUSED, &[]));
        odd_server(at(REFUSES), refuses, Some(refuses));

        let mut stubs = vec![("example".to_owned(), at(PARENT))];
        for (name, servers) in ZONES {
            let best = if name == "noone" { REFUSES } else { servers[0][0] };
            stubs.push((format!("{name}.example"), at(best)));
        }
        let stubs: Vec<(&str, SocketAddr)> = stubs.iter().map(|(zone, at)| (zone.as_str(), *at)).collect();
        // What the resolver has of itself: an old set, and a set that its servers never give.
        let data = [
            "stale.agree.example. 300 IN CAA 0 issue \"old.example\"",
            "alone.example. 300 IN CAA 0 issue \"ca1.example\"",
        ];
        let resolver = Unbound::asking(&stubs).having(&data).start();
        Self { port, resolver, _servers: servers }
    }

    fn arguments(&self) -> Vec<String> {
        vec![
            "--resolver".to_owned(),
            self.resolver.address.to_string(),
            "--all-nameservers".to_owned(),
            "--nameserver-port".to_owned(),
            self.port.to_string(),
        ]
    }

    fn caa(&self, name: &str, more: &[&str], code: i32) -> String {
        let mut command = pinstead();
        command.arg("caa").arg(name).args(self.arguments()).args(more);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, name: &str, code: i32) -> Value {
        let report: Value = serde_json::from_str(&self.caa(name, &["--format", "json"], code)).unwrap();
        report["names"][0].clone()
    }
}

/// The findings of these rules: rule and severity.
fn findings(report: &Value) -> Vec<(&str, &str)> {
    let about = |finding: &&Value| finding["rule"].as_str().unwrap().starts_with("CAA05");
    let findings = report["findings"].as_array().unwrap().iter().filter(about);
    findings
        .map(|finding| (finding["rule"].as_str().unwrap(), finding["severity"].as_str().unwrap()))
        .collect()
}

fn message<'a>(report: &'a Value, rule: &str) -> &'a str {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["rule"] == rule).unwrap()["message"].as_str().unwrap()
}

/// What one server says of a name, over UDP and over TCP.
fn said<'a>(report: &'a Value, zone: &str, address: &str, name: &str) -> Vec<&'a str> {
    let zones = report["nameservers"]["zones"].as_array().unwrap();
    let zone = zones.iter().find(|known| known["zone"] == zone).unwrap();
    let answers = zone["servers"].as_array().unwrap().iter();
    answers
        .filter(|answer| answer["address"] == address && answer["name_asked"] == name)
        .map(|answer| answer["answer"].as_str().unwrap())
        .collect()
}

fn state(report: &Value) -> &str {
    report["nameservers"]["state"].as_str().unwrap()
}

#[test]
fn servers_that_agree() {
    let network = Network::start();
    let agree = network.json("sub.agree.example", 0);
    assert_eq!(state(&agree), "consistent", "{agree}");
    assert_eq!(findings(&agree), [], "{agree}");
    for address in [FIRST, SECOND, V6] {
        assert_eq!(said(&agree, "agree.example", address, "agree.example"), ["records", "records"]);
        assert_eq!(said(&agree, "agree.example", address, "sub.agree.example"), ["none", "none"]);
    }
    let human = network.caa("sub.agree.example", &[], 0);
    assert!(human.contains("agree.example: both servers agree (IPv4 and IPv6, UDP and TCP)"), "{human}");

    // Another answer from the resolver than from all the servers.
    let stale = network.json("stale.agree.example", 0);
    assert_eq!(state(&stale), "consistent");
    assert_eq!(findings(&stale), [("CAA059", "medium")], "{stale}");
    assert!(message(&stale, "CAA059").contains("ca1.example gains permission"), "{stale}");

    let other = network.json("other.example", 0);
    assert_eq!(findings(&other), [("CAA055", "low")], "{other}");
    let zone = &other["nameservers"]["zones"][0];
    assert_eq!(
        (&zone["only_delegated"][0], &zone["only_own"][0]),
        (&"ns3.other.example".into(), &"ns2.other.example".into())
    );
    assert_eq!(state(&other), "consistent", "both sets were asked: {other}");
}

#[test]
fn servers_that_disagree() {
    let network = Network::start();
    let split = network.json("split.example", 1);
    assert_eq!(state(&split), "inconsistent");
    assert_eq!(findings(&split), [("CAA050", "high"), ("CAA056", "info")], "{split}");
    let words = message(&split, "CAA050");
    for part in [
        "ns1.split.example (127.0.4.11, UDP and TCP): 0 issue \"ca1.example\"",
        "ns2.split.example (127.0.4.12, UDP and TCP): 0 issue \"ca2.example\"",
        "A CA that asks ns2.split.example (127.0.4.12, UDP and TCP) finds that only ca2.example may issue",
        "ca2.example gains permission",
        "ca1.example loses permission",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    // The verdict stays that of the resolver's answer, and its server is the usual one where it is one against one.
    assert_eq!(split["verdicts"][0]["ca"], "ca1.example");
    let differ: Vec<&Value> = split["nameservers"]["zones"][0]["servers"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|answer| answer["differs"] == true)
        .map(|answer| &answer["address"])
        .collect();
    assert_eq!(differ, [SECOND, SECOND]);

    // What the servers say is what dig says that they say.
    for answer in split["nameservers"]["zones"][0]["servers"].as_array().unwrap() {
        let at = format!("@{}", answer["address"].as_str().unwrap());
        let port = network.port.to_string();
        let over = if answer["transport"] == "tcp" { "+tcp" } else { "+notcp" };
        let dug = run("dig", &[&at, "-p", &port, "+norecurse", "+short", over, "split.example", "CAA"]);
        assert_eq!(text(&dug).trim(), answer["detail"], "{answer}");
        let dug = run("dig", &[&at, "-p", &port, "+norecurse", "+short", "split.example", "SOA"]);
        assert_eq!(text(&dug).split_whitespace().nth(2).unwrap(), answer["serial"].to_string());
    }

    // Where only one server has the name's own set, a CA at the other climbs on, with that server's word there too.
    let www = network.json("www.split.example", 1);
    let consequence = &www["nameservers"]["consequences"][0];
    assert_eq!(consequence["gain"][0], "ca2.example", "{www}");
    assert_eq!(consequence["lose"][0], "ca3.example");

    // An alias: its target's servers decide.
    let alias = network.json("alias.agree.example", 1);
    assert_eq!(said(&alias, "agree.example", V6, "alias.agree.example"), ["alias", "alias"]);
    assert_eq!(said(&alias, "split.example", SECOND, "www.split.example"), ["none", "none"]);
    let consequence = &alias["nameservers"]["consequences"][0];
    // At the old server the target has no record: the climb goes on from the name itself, to agree.example.
    assert_eq!(
        (&consequence["gain"][0], &consequence["lose"][0]),
        (&"ca1.example".into(), &"ca3.example".into())
    );
}

#[test]
fn servers_that_misbehave() {
    let network = Network::start();
    let drops = network.json("drops.example", 0);
    assert_eq!(said(&drops, "drops.example", DROPS, "drops.example"), ["silent", "silent"]);
    assert_eq!(findings(&drops), [("CAA051", "medium"), ("CAA056", "info")], "{drops}");
    assert_eq!(state(&drops), "inconsistent");
    let hush = network.json("hush.example", 0);
    assert_eq!(said(&hush, "hush.example", SILENT, "hush.example"), ["silent", "silent"]);
    let human = network.caa("gone.example", &[], 0);
    assert!(human.contains("ns2.gone.example (127.0.4.29, UDP and TCP): no connection"), "{human}");
    assert!(human.lines().all(|line| line.chars().count() <= 80), "{human}");

    let lame = network.json("lame.example", 0);
    assert_eq!(said(&lame, "lame.example", SECOND, "lame.example"), ["refused", "refused"]);
    assert_eq!(said(&lame, "lame.example", UNAUTHORITATIVE, "lame.example"), ["lame", "lame"]);
    assert_eq!(findings(&lame), [("CAA052", "medium"), ("CAA052", "medium")], "{lame}");

    let no_tcp = network.json("notcp.example", 0);
    assert_eq!(said(&no_tcp, "notcp.example", NO_TCP, "notcp.example"), ["records", "unreachable"]);
    assert_eq!(findings(&no_tcp), [("CAA053", "medium"), ("CAA056", "info")], "{no_tcp}");
    let cut = network.json("cut.example", 1);
    assert_eq!(said(&cut, "cut.example", TRUNCATES, "cut.example"), ["truncated", "unreachable"]);
    assert_eq!(findings(&cut), [("CAA053", "high"), ("CAA056", "info")], "{cut}");

    // No server of the zone is heard over TCP, and the parent's is: nothing near this machine is to blame.
    let cut_off = network.json("cutoff.example", 1);
    assert_eq!(said(&cut_off, "cutoff.example", CUTS_TOO, "cutoff.example"), ["truncated", "unreachable"]);
    assert_eq!(findings(&cut_off), [("CAA053", "high"), ("CAA057", "medium")], "{cut_off}");
    let human = network.caa("cutoff.example", &[], 1);
    assert!(!human.contains("cannot be reached from here"), "{human}");

    let gone = network.json("gone.example", 0);
    assert_eq!(said(&gone, "gone.example", ABSENT, "gone.example"), ["unreachable", "unreachable"]);
    assert_eq!(findings(&gone), [("CAA054", "medium")], "{gone}");
}

#[test]
fn what_cannot_be_determined() {
    let network = Network::start();
    // The resolver fails; the parent's delegation still shows whose fault it is.
    let noone = network.json("noone.example", 3);
    assert_eq!(state(&noone), "undetermined", "{noone}");
    assert_eq!(
        findings(&noone),
        [("CAA052", "medium"), ("CAA054", "medium"), ("CAA057", "medium")],
        "{noone}"
    );

    // Every server of the zone drops the question: once the resolver's answer is old, the look-up must fail.
    let alone = network.json("alone.example", 1);
    assert_eq!(findings(&alone), [("CAA051", "high"), ("CAA057", "medium")], "{alone}");

    let tld = network.json("example", 3);
    assert_eq!(state(&tld), "undetermined");
    assert!(tld["nameservers"]["not_asked"][0]["why"].as_str().unwrap().contains("top-level"), "{tld}");

    // Not asked for: nothing is said, and nothing stays open.
    let mut command = pinstead();
    let resolver = network.resolver.address.to_string();
    command.args(["caa", "split.example", "--resolver", &resolver, "--format", "json"]);
    let output = command.assert().code(0).get_output().clone();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["names"][0].get("nameservers").is_none());
}

/// `check` on a certificate file, and again on what it saved.
#[test]
fn saved_evidence_is_judged_the_same() {
    let network = Network::start();
    let folder = tempfile::TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let names = ["www.split.example".to_owned(), "noone.example".to_owned()];
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    std::fs::write(at("leaf.pem"), certificate.pem()).unwrap();

    let mut command = pinstead();
    command.args(["check", &at("leaf.pem"), "--only", "caa", "--format", "json", "--save-evidence"]);
    let first = command.arg(at("seen.json")).args(network.arguments()).assert().code(1).get_output().clone();
    let mut command = pinstead();
    let again = command
        .args(["check", &at("seen.json"), "--only", "caa", "--format", "json", "--all-nameservers"])
        .assert()
        .code(1)
        .get_output()
        .clone();
    let [first, again] =
        [first, again].map(|output| serde_json::from_slice::<Value>(&output.stdout).unwrap());
    let target = &first["targets"][0];
    assert_eq!(target["caa"]["names"][0]["nameservers"]["state"], "inconsistent", "{target}");
    assert_eq!(target["caa"], again["targets"][0]["caa"]);
    assert_eq!(target["findings"], again["targets"][0]["findings"]);

    // Evidence that has nothing of it is not passed off as if it had.
    let mut command = pinstead();
    let resolver = network.resolver.address.to_string();
    command.args(["check", &at("leaf.pem"), "--only", "caa", "--resolver", &resolver, "--save-evidence"]);
    command.arg(at("without.json")).assert().code(3);
    let mut command = pinstead();
    command.args(["check", &at("without.json"), "--all-nameservers"]).assert().code(2);
    let mut command = pinstead();
    command.args(["check", &at("leaf.pem"), "--offline", "--all-nameservers"]).assert().code(2);
}
