//! `pinstead caa` against a real authoritative server (NSD), and against one that misbehaves.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::process::{Command, Output};
use std::sync::Mutex;

use pinstead::observe::clock::Stopwatch;
use pinstead::observe::dns::DnsClient;
use serde_json::Value;

use crate::world::nsd::Nsd;
use crate::world::odd_dns::{
    RECURSIVE, answer, datagrams, good, reply, wrong_case, wrong_id, wrong_question,
};

/// The longest a look-up at one dead server may take, with room for a busy machine.
const LONGEST_MILLISECONDS: u64 = 20_000;

/// Turns a question into the messages that are sent back.
type Answerer = fn(&[u8]) -> Vec<Vec<u8>>;

fn pinstead(resolver: SocketAddr, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .args(["caa", "--resolver", &resolver.to_string()])
        .args(arguments)
        .env_remove("CI")
        .output()
        .unwrap()
}

/// The report of one name, and the exit code.
fn judged(resolver: SocketAddr, name: &str, ca: &str) -> (Value, i32) {
    let output = pinstead(resolver, &[name, "--ca", ca, "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(report["schema_version"], 1);
    (report["names"][0].clone(), output.status.code().unwrap())
}

fn zone() -> String {
    let mut zone = String::from(
        r#"$ORIGIN example.
$TTL 300
@        SOA ns.example. h.example. 1 3600 600 86400 60
@        NS ns.example.
ns       A 127.0.0.1
t        CAA 0 issue "ca1.example"
t        CAA 0 issuewild ";"
www.t    A 192.0.2.1
alias.t  CNAME target.other
target.other CAA 0 issue "ca2.example"
empty.t  CNAME none.other
none.other A 192.0.2.1
gone.t   CNAME nowhere.other
crit     CAA 128 tbs "x"
odd      TYPE257 \# 8 0006697373e96578
free     A 192.0.2.1
both     A 192.0.2.1
both     AAAA 2001:db8::1
big      CAA 0 issue "ca1.example"
"#,
    );
    for number in 0..150 {
        writeln!(zone, "big CAA 0 note{number} \"{}\"", "x".repeat(40)).unwrap();
    }
    zone
}

#[test]
fn a_real_server_is_read_as_the_standard_says() {
    let nsd = Nsd::serving(&[("example", &zone())]);
    for (name, ca, verdict, found, steps) in [
        ("t.example", "ca1.example", "permit", Some("t.example"), 1),
        ("www.t.example", "ca1.example", "permit", Some("t.example"), 2),
        ("a.b.www.t.example", "ca2.example", "deny", Some("t.example"), 4),
        ("*.t.example", "ca1.example", "deny", Some("t.example"), 1),
        ("alias.t.example", "ca2.example", "permit", Some("alias.t.example"), 1),
        ("empty.t.example", "ca1.example", "permit", Some("t.example"), 2),
        ("gone.t.example", "ca1.example", "permit", Some("t.example"), 2),
        ("crit.example", "ca1.example", "deny", Some("crit.example"), 1),
        ("odd.example", "ca1.example", "undetermined", Some("odd.example"), 1),
        ("big.example", "ca1.example", "permit", Some("big.example"), 1),
        ("free.example", "ca1.example", "permit", None, 2),
        ("nx.nx.example", "ca1.example", "permit", None, 3),
        ("outside.test", "ca1.example", "undetermined", None, 1),
    ] {
        let (report, code) = judged(nsd.address, name, ca);
        assert_eq!(report["verdicts"][0]["verdict"], verdict, "{name}: {report}");
        assert_eq!(report["relevant"]["name"].as_str(), found, "{name}: {report}");
        assert_eq!(report["steps"].as_array().unwrap().len(), steps, "{name}: {report}");
        let expected = match (verdict, name) {
            ("undetermined", _) => 3,
            (_, "crit.example") => 1,
            _ => 0,
        };
        assert_eq!(code, expected, "{name}: {report}");
    }
    let (alias, _) = judged(nsd.address, "alias.t.example", "ca1.example");
    assert_eq!(alias["steps"][0]["aliases"][0], "target.other.example");
    let (nx, _) = judged(nsd.address, "nx.nx.example", "ca1.example");
    assert_eq!(
        (&nx["steps"][0]["detail"], &nx["steps"][2]["detail"]),
        (&"NXDOMAIN".into(), &"NOERROR".into())
    );
    let (big, _) = judged(nsd.address, "big.example", "ca1.example");
    assert_eq!(big["relevant"]["records"].as_array().unwrap().len(), 151, "the whole set came over TCP");
}

#[test]
fn addresses_come_from_the_server_named() {
    let nsd = Nsd::serving(&[("example", &zone())]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = DnsClient::from_address(&nsd.address.to_string()).unwrap();
    runtime.block_on(async {
        let of = async |name: &str| client.addresses(&name.parse().unwrap()).await;
        let both: Vec<IpAddr> = vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        let mut found = of("both.example").await.unwrap();
        found.sort();
        assert_eq!(found, both);
        assert_eq!(of("www.t.example").await.unwrap(), both[..1]);
        assert!(of("localhost").await.unwrap().iter().all(IpAddr::is_loopback));
        for name in ["nx.example", "t.example", "outside.test"] {
            assert!(!of(name).await.unwrap_err().is_empty(), "{name}");
        }
    });
}

#[test]
fn reports_and_usage_errors() {
    let nsd = Nsd::serving(&[("example", &zone())]);
    let human = pinstead(nsd.address, &["www.t.example", "192.0.2.1", "a.onion"]);
    let text = String::from_utf8(human.stdout).unwrap();
    assert!(text.starts_with("www.t.example: only ca1.example may issue TLS certificates\n"), "{text}");
    assert!(text.contains("192.0.2.1: CAA does not apply") && text.contains("a.onion: CAA does not apply"));
    assert_eq!(human.status.code(), Some(0));

    let lines = pinstead(nsd.address, &["t.example", "free.example", "--format", "jsonl"]);
    let lines: Vec<Value> = lines
        .stdout
        .split(|octet| *octet == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines[0]["verdicts"][0]["ca"], "ca1.example", "every CA of the set, without --ca");
    assert_eq!(lines[1]["findings"][0]["rule"], "CAA001");
    let gated = pinstead(nsd.address, &["free.example", "--fail-on", "medium"]);
    assert_eq!(gated.status.code(), Some(1));

    let long = "a.".repeat(130);
    for (name, said) in
        [("a.*.example", "wildcard"), ("a..example", "label"), (long.as_str(), "at most 253"), ("", "empty")]
    {
        let output = pinstead(nsd.address, &[name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said), "{name}: {error}");
    }
    assert_eq!(pinstead(nsd.address, &["t.example", "--resolver", "x"]).status.code(), Some(2));
}

#[test]
fn forged_answers_silence_and_junk_end_in_undetermined_within_bounds() {
    let servers: [(&str, Answerer); 6] = [
        ("only answers to other questions", |question| vec![wrong_id(question)]),
        ("only answers to other questions", |question| vec![wrong_question(question)]),
        ("timeout", |question| {
            // The forger does not know that the letters are in one case the second time.
            if question[12..].iter().any(u8::is_ascii_uppercase) {
                vec![wrong_case(question)]
            } else {
                Vec::new()
            }
        }),
        ("only answers to other questions", |question| vec![vec![0x5a; 700]; 20_000 + question.len()]),
        ("timeout", |_| Vec::new()),
        ("SERVFAIL", |question| vec![reply(question, 2)]),
    ];
    std::thread::scope(|scope| {
        for (detail, answer) in servers {
            scope.spawn(move || {
                let begun = Stopwatch::start();
                let (report, code) = judged(datagrams(answer), "t.example", "ca1.example");
                assert_eq!(report["steps"][0]["outcome"], "failure", "{report}");
                assert_eq!(report["steps"][0]["detail"], detail, "{report}");
                assert_eq!(report["verdicts"][0]["verdict"], "undetermined");
                assert_eq!(code, 3);
                assert!(begun.milliseconds() < LONGEST_MILLISECONDS, "{detail}: {begun:?}");
            });
        }
    });
}

#[test]
fn truncation_without_tcp_is_a_failure() {
    let server = datagrams(|question| {
        let mut message = good(question);
        message[2] |= 2;
        vec![message]
    });
    let (report, code) = judged(server, "t.example", "ca1.example");
    assert_eq!(report["verdicts"][0]["verdict"], "undetermined", "{report}");
    assert_eq!(code, 3);
}

#[test]
fn the_right_answer_is_found_among_forged_ones() {
    let server = datagrams(|question| {
        vec![
            wrong_id(question),
            vec![1, 2, 3],
            wrong_question(question),
            wrong_case(question),
            good(question),
        ]
    });
    let (report, code) = judged(server, "t.example", "ca1.example");
    assert_eq!(report["verdicts"][0]["verdict"], "permit", "{report}");
    assert_eq!(code, 0);
}

#[test]
fn a_server_that_does_not_know_edns_is_asked_without() {
    let server = datagrams(|question| {
        if question[11] == 0 {
            return vec![good(question)];
        }
        // As old servers do: the header alone, FORMERR.
        vec![[&question[..2], &[0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0]].concat()]
    });
    let (report, _) = judged(server, "t.example", "ca1.example");
    assert_eq!(report["verdicts"][0]["verdict"], "permit", "{report}");
}

#[test]
fn an_error_that_passes_is_asked_about_again() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let server = datagrams(|question| {
        let first = ASKED.fetch_add(1, Ordering::SeqCst) == 0;
        vec![if first { reply(question, 2) } else { good(question) }]
    });
    let (report, _) = judged(server, "t.example", "ca1.example");
    assert_eq!(report["verdicts"][0]["verdict"], "permit", "{report}");
}

#[test]
fn parents_are_asked_for_once_in_a_run() {
    // A message that is sent again because this machine is busy is the same message.
    static ASKED: Mutex<BTreeSet<Vec<u8>>> = Mutex::new(BTreeSet::new());
    let server = datagrams(|question| {
        ASKED.lock().unwrap().insert(question.to_vec());
        vec![reply(question, 0)]
    });
    let names: Vec<String> = (0..20).map(|number| format!("host{number}.t.example")).collect();
    let mut arguments: Vec<&str> = names.iter().map(String::as_str).collect();
    arguments.extend(["--format", "jsonl"]);
    let output = pinstead(server, &arguments);
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), 20);
    assert!(lines.lines().zip(&names).all(|(line, name)| line.contains(&format!("\"name\":\"{name}\""))));
    assert_eq!(ASKED.lock().unwrap().len(), 20 + 2 + 1, "each host, t.example, example, and the root's keys");
}

/// As some resolvers answer: they give the alias, and nothing of what it leads to.
#[test]
fn an_alias_whose_end_the_resolver_leaves_out_is_asked_on() {
    fn resolver(ends: fn(&[u8]) -> Vec<u8>) -> SocketAddr {
        datagrams(move |question| {
            let is_alias = question[13..16].eq_ignore_ascii_case(b"www");
            let cname: &[(u16, &[u8])] = &[(5, b"\x03end\x04test\0")];
            vec![if is_alias { answer(question, RECURSIVE, cname) } else { ends(question) }]
        })
    }
    let (report, code) = judged(resolver(good), "www.t.example", "ca1.example");
    let step = &report["steps"][0];
    assert_eq!((&step["outcome"], &step["aliases"][0]), (&"records".into(), &"end.test".into()), "{report}");
    assert_eq!((&report["verdicts"][0]["verdict"], code), (&"permit".into(), 0), "{report}");
    let (report, _) = judged(resolver(|question| reply(question, 2)), "www.t.example", "ca1.example");
    assert_eq!(report["verdicts"][0]["verdict"], "undetermined", "{report}");
    let detail = report["steps"][0]["detail"].as_str().unwrap();
    assert_eq!(detail, "the alias chain ends at end.test without an answer: SERVFAIL");
}
