//! How the DNS is asked: UDP that loses and reorders, TCP with many questions at a time, DNS over TLS and over HTTPS,
//! against NSD, Unbound, and servers that misbehave.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pinstead::caa::answer::{Answer, Content};
use pinstead::caa::record::CaaRecord;
use pinstead::demo::authority::{CaCertificate, IssuedLeaf, KeyAlgorithm, LeafRequest};
use pinstead::demo::ct::{SctPlan, issue};
use pinstead::dns_name::DnsName;
use pinstead::evidence::dns::{DnsAttempt, DnsExchange, DnsFailure, DnsOutcome, DnsTransport};
use pinstead::observe::clock;
use pinstead::observe::dns::{DnsClient, Extent, Manner, Question};
use serde_json::Value;
use tempfile::TempDir;

use crate::world::nsd::Nsd;
use crate::world::odd_dns::{
    datagrams, folded, good, next_message, reordered, streams, write_message, wrong_case, wrong_id,
    wrong_question,
};
use crate::world::unbound;
use crate::world::unbound::Unbound;

const ZONE: &str = r#"$ORIGIN example.
$TTL 300
@        SOA ns.example. h.example. 1 3600 600 86400 60
@        NS ns.example.
ns       A 127.0.0.1
t        CAA 0 issue "ca1.example"
www.t    A 127.0.0.9
alias.t  CNAME www.t
*.many   CAA 0 issue "ca1.example"
"#;

fn run<T>(future: impl Future<Output = T>) -> T {
    world::runtime().block_on(future)
}

fn client(address: SocketAddr) -> DnsClient {
    DnsClient::from_address(&address.to_string()).unwrap()
}

fn caa(name: &str) -> Question {
    Question::caa(&name.parse().unwrap(), Manner::Resolve)
}

/// The CA that the answer names.
fn ca_in(name: &str, attempts: Vec<DnsAttempt>) -> String {
    let name: DnsName = name.parse().unwrap();
    let answer = Answer::read(&DnsExchange::of(name, attempts));
    let Content::Records { records, .. } = &answer.content else { panic!("{answer:?}") };
    let CaaRecord::Property(property) = &records[0] else { panic!("{answer:?}") };
    String::from_utf8(property.value.clone()).unwrap()
}

/// Asks for so many names at the same time, and gives the attempts that each took.
async fn ask_many(client: &DnsClient, count: usize) -> Vec<usize> {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..count {
        let client = client.clone();
        tasks.spawn(async move {
            let name = format!("host{number}.many.example");
            let attempts = client.ask(&caa(&name)).await;
            let count = attempts.len();
            assert_eq!(ca_in(&name, attempts), "ca1.example");
            count
        });
    }
    tasks.join_all().await
}

#[test]
fn a_network_that_loses_every_third_datagram_loses_no_answer() {
    let mut count = 0;
    let server = datagrams(move |question| {
        count += 1;
        if count % 3 == 0 { Vec::new() } else { vec![good(question)] }
    });
    assert_eq!(run(ask_many(&client(server), 200)).len(), 200);
}

#[test]
fn answers_in_any_order_find_their_questions() {
    let server = reordered(50, good);
    let attempts = run(ask_many(&client(server), 400));
    assert!(attempts.iter().all(|count| *count == 1), "{attempts:?}");
}

#[test]
fn forged_answers_do_not_win_while_the_right_one_is_on_its_way() {
    let server = datagrams(|question| {
        vec![wrong_id(question), wrong_question(question), wrong_case(question), good(question)]
    });
    let attempts = run(ask_many(&client(server), 30));
    assert!(attempts.iter().all(|count| *count == 1), "{attempts:?}");
}

#[test]
fn ports_ids_and_cases_are_random_and_a_flood_moves_to_another_port() {
    let seen: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let keep = Arc::clone(&seen);
    let server = datagrams(move |question| {
        keep.lock().unwrap().push(question.to_vec());
        vec![good(question)]
    });
    run(ask_many(&client(server), 100));
    let seen = seen.lock().unwrap();
    let distinct = |part: std::ops::Range<usize>| {
        seen.iter().map(|question| &question[part.clone()]).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert!(distinct(0..2) > 90, "ids");
    assert!(
        seen.iter().any(|question| question[13..17] != *b"host" && question[13..17] != *b"HOST"),
        "cases"
    );

    let flood =
        datagrams(|question| vec![vec![0x5a; 100]; 300].into_iter().chain([good(question)]).collect());
    let attempts = run(async { client(flood).ask(&caa("t.example")).await });
    let first = &attempts[0].outcome;
    assert!(
        matches!(first, DnsOutcome::Failed(DnsFailure::Mismatched { .. }) | DnsOutcome::Message(_)),
        "{first:?}"
    );
}

#[test]
fn a_server_that_does_not_keep_case_is_asked_again_and_then_known() {
    let server = datagrams(|question| vec![folded(question.to_vec())]);
    run(async {
        let client = client(server);
        let first = client.ask(&caa("host1.many.example")).await;
        assert!(
            matches!(first[0].outcome, DnsOutcome::Failed(DnsFailure::Mismatched { .. })),
            "an answer in another case is not taken: {first:?}"
        );
        assert_eq!(first.len(), 2);
        assert_eq!(ca_in("host1.many.example", first), "ca1.example");
        ask_many(&client, 3).await;
        assert_eq!(client.ask(&caa("host9.many.example")).await.len(), 1, "it is known by now");
    });
}

#[test]
fn a_server_that_is_silent_to_edns_is_asked_without() {
    let server = datagrams(|question| if question[11] == 0 { vec![good(question)] } else { Vec::new() });
    run(async {
        let attempts = client(server).ask(&caa("t.example")).await;
        assert!(
            matches!(attempts[0].outcome, DnsOutcome::Failed(DnsFailure::Timeout { .. })),
            "{attempts:?}"
        );
        assert_eq!(ca_in("t.example", attempts), "ca1.example");
    });
}

#[test]
fn many_questions_go_over_one_connection_and_are_answered_in_any_order() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let server = streams(move |mut stream| {
        count.fetch_add(1, Ordering::SeqCst);
        // None is answered before all have come.
        let questions: Vec<Vec<u8>> = (0..100).map_while(|_| next_message(&mut stream)).collect();
        for question in questions.iter().rev() {
            write_message(&mut stream, b"junk that answers nothing");
            write_message(&mut stream, &good(question));
        }
    });
    run(async {
        let client = client(server);
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..100 {
            let client = client.clone();
            tasks.spawn(async move {
                let name = format!("host{number}.many.example");
                let attempts = client.ask_server(server, DnsTransport::Tcp, &caa(&name)).await;
                assert_eq!(attempts.len(), 1, "{attempts:?}");
                assert_eq!(ca_in(&name, attempts), "ca1.example");
            });
        }
        tasks.join_all().await;
    });
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_made_anew() {
    let server = streams(|mut stream| {
        if let Some(question) = next_message(&mut stream) {
            write_message(&mut stream, &good(&question));
        }
        // Closed with the second question unanswered.
        let _ = next_message(&mut stream);
    });
    run(async {
        let client = client(server);
        for (number, expected) in [(0, 1), (1, 2)] {
            let name = format!("host{number}.example");
            let attempts = client.ask_server(server, DnsTransport::Tcp, &caa(&name)).await;
            assert_eq!(attempts.len(), expected, "{attempts:?}");
            assert_eq!(ca_in(&name, attempts), "ca1.example");
        }
        let (nobody, question) = ("127.0.0.1:1".parse().unwrap(), caa("t.example"));
        let attempts = client.ask_server(nobody, DnsTransport::Tcp, &question).await;
        assert!(matches!(attempts[0].outcome, DnsOutcome::Failed(DnsFailure::Io(_))), "{attempts:?}");
    });
}

#[test]
fn nsd_answers_a_thousand_questions_over_either_transport() {
    let nsd = Nsd::serving(&[("example", ZONE)]);
    run(async {
        let client = client(nsd.address);
        assert_eq!(ask_many(&client, 1000).await.len(), 1000);
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..1000 {
            let (client, server) = (client.clone(), nsd.address);
            tasks.spawn(async move {
                let name = format!("host{number}.many.example");
                let question = Question::caa(&name.parse().unwrap(), Manner::Authoritative);
                let attempts = client.ask_server(server, DnsTransport::Tcp, &question).await;
                assert_eq!(attempts.last().unwrap().transport, DnsTransport::Tcp);
                assert_eq!(ca_in(&name, attempts), "ca1.example");
            });
        }
        tasks.join_all().await;
        let lookup = client
            .look_up_caa(&"a.www.t.example".parse().unwrap(), Extent { above: true, ..Extent::default() })
            .await;
        assert_eq!((lookup.steps.len(), lookup.above.len()), (3, 1));
    });
}

/// A CA, and a resolver that shows its certificate for `localhost` and `dns.example`.
struct Encrypted {
    _nsd: Nsd,
    unbound: Unbound,
    at: unbound::Encrypted,
    folder: TempDir,
}

impl Encrypted {
    fn start() -> Self {
        let now = clock::now();
        let ca = CaCertificate::root("Resolver CA", KeyAlgorithm::P256, now).unwrap();
        let other = CaCertificate::root("Other CA", KeyAlgorithm::P256, now).unwrap();
        let request = LeafRequest::new(&["localhost", "dns.example"], now).unwrap();
        let leaf: IssuedLeaf = issue(&ca, &request, &SctPlan::default()).unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("ca.pem"), ca.to_pem()).unwrap();
        std::fs::write(folder.path().join("other.pem"), other.to_pem()).unwrap();
        let nsd = Nsd::serving(&[("example", ZONE)]);
        let (unbound, at) = Unbound::asking(&[("example", nsd.address)]).showing(&leaf);
        let unbound = unbound.start();
        Self { _nsd: nsd, unbound, at, folder }
    }

    /// The report on one name, and the exit code, where these are the trust anchors of the system.
    fn judged(&self, anchors: &str, resolvers: &[String]) -> (Value, i32) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
        command.args(["caa", "www.t.example", "--ca", "ca1.example", "--format", "json"]);
        for resolver in resolvers {
            command.args(["--resolver", resolver]);
        }
        command.env_remove("CI").env_remove("SSL_CERT_DIR").env("SSL_CERT_FILE", self.path(anchors));
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (report["names"][0].clone(), output.status.code().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.folder.path()).join(name)
    }
}

#[test]
fn encrypted_transports_are_spoken_and_certificates_decide() {
    let world = Encrypted::start();
    let (plain, unbound::Encrypted { tls, https }) = (world.unbound.address, world.at);
    let by_name = format!("tls://localhost:{}", tls.port());
    let by_address = format!("tls://{tls}#dns.example");
    let by_url = format!("https://localhost:{}/dns-query", https.port());
    for resolver in [&plain.to_string(), &by_name, &by_address, &by_url] {
        let (report, code) = world.judged("ca.pem", std::slice::from_ref(resolver));
        assert_eq!(report["verdicts"][0]["verdict"], "permit", "{resolver}: {report}");
        assert_eq!((report["relevant"]["name"].as_str(), code), (Some("t.example"), 0), "{resolver}");
    }

    let another_name = format!("tls://{tls}#other.example");
    let no_name = format!("tls://{tls}");
    let in_clear = format!("tls://{plain}#dns.example");
    let no_path = format!("https://localhost:{}/nothing-here", https.port());
    // At the same time: what speaks no TLS is waited for.
    std::thread::scope(|scope| {
        for (anchors, resolver, said) in [
            ("other.pem", &by_name, "certificate"),
            ("other.pem", &by_address, "certificate"),
            ("other.pem", &by_url, "certificate"),
            ("ca.pem", &another_name, "certificate"),
            ("ca.pem", &no_name, "certificate"),
            ("ca.pem", &in_clear, ""),
            ("ca.pem", &no_path, "HTTP status 404"),
        ] {
            let world = &world;
            scope.spawn(move || {
                let (report, code) = world.judged(anchors, std::slice::from_ref(resolver));
                assert_eq!(report["verdicts"][0]["verdict"], "undetermined", "{resolver}: {report}");
                let detail = report["steps"][0]["detail"].as_str().unwrap();
                assert!(detail.contains(said) && detail.contains("no connection"), "{resolver}: {detail}");
                assert_eq!(code, 3, "{resolver}");
            });
        }
    });

    // The next resolver is asked because the user named it, and only then.
    let (report, code) = world.judged("other.pem", &[by_name, plain.to_string()]);
    assert_eq!((report["verdicts"][0]["verdict"].as_str(), code), (Some("permit"), 0), "{report}");
}

#[test]
fn addresses_come_over_the_encrypted_transport_too() {
    let world = Encrypted::start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
    command
        .args(["check", "alias.t.example:9", "--only", "ct", "--format", "json", "--resolver"])
        .arg(format!("tls://{}#dns.example", world.at.tls))
        .args(["--save-evidence"])
        .arg(world.path("evidence.json"))
        .env_remove("CI")
        .env("SSL_CERT_FILE", world.path("ca.pem"));
    let mut child = command.spawn().unwrap();
    // Nobody listens there: that it is tried tells that the address was found.
    child.wait().unwrap();
    let evidence = std::fs::read_to_string(world.path("evidence.json")).unwrap();
    assert!(evidence.contains("127.0.0.9"), "{evidence}");
}

#[test]
fn what_is_no_resolver_is_said() {
    for (resolver, said) in [
        ("tls://", "tls://HOST[:PORT]"),
        ("https://user:secret@dns.example/", "password"),
        ("http://dns.example/dns-query", "not spoken"),
        ("dns.example", "192.0.2.1"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_pinstead"))
            .args(["caa", "t.example", "--resolver", resolver])
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{resolver}: {error}");
        assert!(error.contains(said), "{resolver}: {error}");
    }
}
