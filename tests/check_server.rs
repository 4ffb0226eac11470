//! `pinstead check` on servers: the loopback world, and servers of other makers.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "what misbehaves has to be given up in time")]

mod world;

use std::time::{Duration, Instant};

use pinstead::demo::authority::ocsp_response;
use pinstead::demo::ct::{Delivery, PlannedSct, SctFault, sct_list, scts_over};
use pinstead::demo::tls::{MisbehavingServer, Misbehaviour};
use pinstead::demo::world::{BESIDE, LEGACY, SHOP};
use serde_json::Value;
use world::servers::{OpensslServer, Served, WebServer};
use world::{Running, pinstead};

/// The report of `check --format json` with this exit code.
fn report(running: &Running, hosts: &[&str], more: &[&str], code: i32) -> Value {
    let assert = running.check(hosts, &[&["--format", "json"], more].concat()).code(code);
    serde_json::from_slice(&assert.get_output().stdout).expect("the report is JSON")
}

fn rules(target: &Value) -> Vec<&str> {
    target["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

fn verdicts(target: &Value) -> Vec<(&str, &str)> {
    let scts = target["ct"]["scts"].as_array().unwrap();
    scts.iter().map(|sct| (sct["delivery"].as_str().unwrap(), sct["verdict"].as_str().unwrap())).collect()
}

#[test]
fn a_well_protected_host_passes() {
    let running = Running::start();
    let report = report(&running, &[SHOP], &[], 0);
    let target = &report["targets"][0];
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["summary"]["pass"], 1);
    assert_eq!(report["log_list"]["source"], "file");
    assert_eq!(report["log_list"]["stale"], false);
    assert_eq!(target["target"], format!("{SHOP}:443"));
    assert_eq!(target["outcome"], "pass");
    assert_eq!(verdicts(target), [("embedded", "valid"), ("embedded", "valid")]);
    assert_eq!(target["ct"]["policies"]["chrome"]["verdict"], "compliant");
    assert!(target["ct"]["scts"][0]["leaf_index"].is_u64(), "the first log is static");
    assert!(target["ct"]["scts"][1]["leaf_index"].is_null());
    assert_eq!(target["caa"]["names"][0]["relevant"]["name"], "demo.example");
    assert_eq!(target["caa"]["names"][0]["verdicts"][0]["verdict"], "permit");
    assert_eq!(target["issuer"]["status"], "expected");
    assert_eq!(target["pins"]["status"], "pinned");
    let matches: Vec<&Value> = target["pins"]["sources"][0]["entries"][0]["pins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pin| &pin["matches"])
        .collect();
    assert_eq!(matches, ["intermediate", "none"]);
    assert_eq!(target["trust"]["chain"], "trusted");
    compares_every_control_for_every_kind_of_client(&target["comparison"]);
    assert_eq!(rules(target), Vec::<&str>::new());
}

/// The shop has SCTs, CAA and an Android configuration that pins its intermediate.
fn compares_every_control_for_every_kind_of_client(comparison: &Value) {
    assert_eq!(comparison["threats"].as_array().unwrap().len(), 18);
    let cells = |row: &Value| row["cells"].as_array().unwrap().len();
    assert!(comparison["threats"].as_array().unwrap().iter().all(|row| cells(row) == 13));
    let column = |control: &str| {
        let columns = comparison["columns"].as_array().unwrap();
        columns.iter().find(|column| column["control"] == control).unwrap()["in_place"].clone()
    };
    for (control, state) in [
        ("ca_trust", "yes"),
        ("ct", "yes"),
        ("caa", "yes"),
        ("caa_bound", "no"),
        ("pins", "yes"),
        ("leaf_pin", "no"),
        ("intermediate_pin", "yes"),
        ("dynamic_pins", "no"),
        ("dane", "unknown"),
        ("hpkp", "no"),
        ("issuer_expectation", "unknown"),
    ] {
        assert_eq!(column(control), state, "{control}: {comparison:#}");
    }
    let clients = comparison["clients"].as_array().unwrap();
    let served: Vec<_> = clients.iter().map(|client| (&client["client"], &client["served"])).collect();
    assert_eq!(served, [(&"browser".into(), &"assumed".into()), (&"android".into(), &"found".into())]);
    let effect = |client: &Value, id: &str| {
        let threats = client["threats"].as_array().unwrap();
        threats.iter().find(|threat| threat["id"] == id).unwrap()["effect"].clone()
    };
    // Pins protect the app, and SCTs the browser; whether the app asks for them depends on its level, which is not known.
    assert_eq!([effect(&clients[0], "T2"), effect(&clients[0], "T3")], ["prevents", "no_effect"]);
    assert_eq!([effect(&clients[1], "T3"), effect(&clients[1], "A2")], ["prevents", "makes_worse"]);
    let prevents = &comparison["headlines"]["prevents"];
    let item = serde_json::json!({"threat": "T2", "client": "browser", "by": ["ct"]});
    assert!(prevents["items"].as_array().unwrap().contains(&item), "{prevents:#}");
    let sentence = prevents["sentence"].as_str().unwrap();
    assert!(sentence.contains("For browsers: T2 (another CA issues unlogged) by CT;"), "{sentence}");
    // The zone is not signed: whoever deceives a CA may deceive it about CAA, too.
    assert!(sentence.contains("Not known for browsers: T1b (by what CAA would do)"), "{sentence}");
}

#[test]
fn a_badly_protected_host_fails_and_says_why() {
    let running = Running::start();
    let report = report(&running, &[LEGACY], &[], 1);
    let target = &report["targets"][0];
    assert_eq!(target["outcome"], "fail");
    assert_eq!(verdicts(target), [("embedded", "valid"), ("embedded", "invalid_signature")]);
    assert_eq!(target["ct"]["policies"]["chrome"]["verdict"], "not_compliant");
    assert_eq!(target["caa"]["names"][0]["verdicts"][0]["verdict"], "deny");
    assert_eq!(target["issuer"]["status"], "unexpected");
    let found = rules(target);
    for rule in ["ISS001", "CT002", "CT003", "CAA022", "PIN002"] {
        assert!(found.contains(&rule), "{rule} is not among {found:?}");
    }
    for finding in target["findings"].as_array().unwrap() {
        for key in ["title", "message", "subject", "advice"] {
            assert!(finding[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {finding}");
        }
        assert!(!finding["references"].as_array().unwrap().is_empty());
    }
}

#[test]
fn findings_fail_the_gate_only_from_its_severity_on() {
    let running = Running::start();
    running.check(&[LEGACY], &["--fail-on", "none"]).code(0);
    running.check(&[LEGACY], &["--fail-on", "critical"]).code(1);
    running.check(&[LEGACY], &["--fail-on", "critical", "--only", "ct"]).code(0);
    running.check(&[SHOP, LEGACY], &[]).code(1);
}

#[test]
fn scts_come_in_the_handshake_too() {
    let running = Running::start();
    let report = report(&running, &[BESIDE], &[], 0);
    let target = &report["targets"][0];
    let expected = [("tls", "valid"), ("tls", "valid"), ("ocsp", "valid"), ("ocsp", "valid")];
    assert_eq!(verdicts(target), expected, "each way of delivery by itself");
    assert_eq!(target["ct"]["policies"]["chrome"]["verdict"], "compliant");
    assert_eq!(target["connection"]["ocsp_stapled"], true);
}

#[test]
fn openssl_serves_scts_in_both_versions_of_tls() {
    let running = Running::start();
    let host = &running.world.beside;
    let logs = &running.world.logs;
    let plan = |fault| {
        [
            PlannedSct { log: &logs.birch, timestamp: running.world.now, fault: SctFault::None },
            PlannedSct { log: &logs.alder, timestamp: running.world.now, fault },
        ]
    };
    for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        for (fault, second) in [(SctFault::None, "valid"), (SctFault::WrongSignature, "invalid_signature")] {
            let delivery = Delivery::Beside { certificate: &host.leaf.der };
            let list = sct_list(&scts_over(&plan(fault), delivery).unwrap()).unwrap();
            let server = OpensslServer::start(Served {
                chain_pem: &std::fs::read_to_string(&host.chain_file).unwrap(),
                key_pem: &std::fs::read_to_string(&host.key_file).unwrap(),
                sct_list: Some(&list),
                ocsp_response: None,
                more: &[version],
            });
            let arguments = ["--only", "ct", "--fail-on", "none", "--connect", &server.address.to_string()];
            let report = report_at(&running, BESIDE, &arguments);
            let target = &report["targets"][0];
            assert_eq!(target["connection"]["tls_version"], name);
            assert_eq!(verdicts(target), [("tls", "valid"), ("tls", second)], "{version}");
        }
    }
}

#[test]
fn scts_in_a_stapled_response_are_read_and_reported_apart() {
    let running = Running::start();
    let (world, host) = (&running.world, &running.world.beside);
    let plan = [
        PlannedSct { log: &world.logs.birch, timestamp: world.now, fault: SctFault::None },
        PlannedSct { log: &world.logs.alder, timestamp: world.now, fault: SctFault::WrongSignature },
    ];
    let delivery = Delivery::Beside { certificate: &host.leaf.der };
    let list = sct_list(&scts_over(&plan, delivery).unwrap()).unwrap();
    let issuer = &world.cas.expected;
    let about = |leaf| ocsp_response(issuer, leaf, Some(&list), world.now).unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        for (response, expected) in [
            (about(&host.leaf), &[("ocsp", "valid"), ("ocsp", "invalid_signature")][..]),
            // The same SCTs in the entry of another certificate are not this one's.
            (about(&world.shop.leaf), &[]),
        ] {
            let server = OpensslServer::start(Served {
                chain_pem: &std::fs::read_to_string(&host.chain_file).unwrap(),
                key_pem: &std::fs::read_to_string(&host.key_file).unwrap(),
                sct_list: None,
                ocsp_response: Some(&response),
                more: &[version],
            });
            let arguments = ["--only", "ct", "--fail-on", "none", "--connect", &server.address.to_string()];
            let report = report_at(&running, BESIDE, &arguments);
            let target = &report["targets"][0];
            assert_eq!(verdicts(target), expected, "{version}");
            assert_eq!(rules(target).contains(&"CT019"), expected.is_empty(), "{:?}", rules(target));
        }
    }
}

/// A check that connects elsewhere than to the world's own server.
fn report_at(running: &Running, host: &str, more: &[&str]) -> Value {
    let files = &running.world.files;
    let mut command = pinstead();
    command.args(["check", host, "--format", "json", "--resolver", &running.world.dns_address().to_string()]);
    command.arg("--roots").arg(&files.roots).arg("--log-list").arg(&files.log_list).args(more);
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn nginx_is_seen_as_any_server() {
    let running = Running::start();
    let server = WebServer::start(&running.world.shop.chain_file, &running.world.shop.key_file);
    let report = report_at(&running, SHOP, &["--connect", &server.address.to_string()]);
    let target = &report["targets"][0];
    assert_eq!(target["trust"]["chain"], "trusted");
    assert_eq!(target["trust"]["name"], "matches");
    assert_eq!(verdicts(target), [("embedded", "valid"), ("embedded", "valid")]);
}

#[test]
fn a_name_of_another_host_is_told() {
    let running = Running::start();
    let server = WebServer::start(&running.world.shop.chain_file, &running.world.shop.key_file);
    let report = report_at(&running, LEGACY, &["--connect", &server.address.to_string()]);
    assert!(rules(&report["targets"][0]).contains(&"TLS003"));
}

#[test]
fn a_chain_to_no_anchor_is_told() {
    let running = Running::start();
    let output = pinstead()
        .args(["check", SHOP, "--only", "ct", "--format", "json"])
        .args(["--connect", &running.world.tls_address().to_string()])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let target = &report["targets"][0];
    assert_eq!(target["trust"]["chain"], "untrusted");
    assert!(rules(target).contains(&"TLS002"));
    // Its logs are in no public list.
    assert_eq!(verdicts(target), [("embedded", "unknown_log"), ("embedded", "unknown_log")]);
}

#[test]
fn a_server_that_is_not_there_leaves_everything_open() {
    let running = Running::start();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let assert = pinstead()
        .args(["check", SHOP, "--format", "json", "--connect", &closed.to_string()])
        .args(["--resolver", &running.world.dns_address().to_string()])
        .assert()
        .code(3);
    let report: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    let target = &report["targets"][0];
    assert_eq!(target["outcome"], "undetermined");
    assert!(target["certificate"].is_null());
    assert_eq!(target["ct"]["status"], "undetermined");
    assert_eq!(rules(target)[0], "TLS001");
    assert!(target["connection"]["failures"][0].as_str().unwrap().contains("connecting failed"));
    // What does not need the certificate is still told.
    assert_eq!(target["caa"]["names"][0]["name"], SHOP);
}

#[test]
fn a_server_that_misbehaves_is_given_up_in_time() {
    let running = Running::start();
    for behaviour in [
        Misbehaviour::Stalls,
        Misbehaviour::Closes,
        Misbehaviour::SendsJunk,
        Misbehaviour::SendsJunkForever,
        Misbehaviour::Drips,
        Misbehaviour::Refuses,
    ] {
        let server = running.runtime().block_on(MisbehavingServer::start(behaviour)).unwrap();
        let started = Instant::now();
        pinstead()
            .args(["check", SHOP, "--connect", &server.address().to_string()])
            .args(["--resolver", &running.world.dns_address().to_string()])
            .assert()
            .code(3);
        assert!(started.elapsed() < Duration::from_secs(30), "{behaviour:?} took {:?}", started.elapsed());
    }
}

#[test]
fn both_families_are_looked_at() {
    let running = Running::start();
    let listener = std::net::TcpListener::bind("[::1]:0").expect("this test needs IPv6 on loopback");
    let address = listener.local_addr().unwrap();
    let onward = running.world.tls_address();
    std::thread::spawn(move || forward(&listener, onward, &[]));
    let report = report_at(&running, SHOP, &["--connect", &address.to_string()]);
    assert_eq!(report["targets"][0]["connection"]["address"], address.to_string());
    assert_eq!(report["targets"][0]["trust"]["chain"], "trusted");
}

#[test]
fn mail_servers_are_seen_through_starttls() {
    let running = Running::start();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let onward = running.world.tls_address();
    let dialogue: &[(&str, &str)] = &[
        ("", "220-mail.demo.example\r\n220 ready\r\n"),
        ("EHLO", "250-mail.demo.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"),
        ("STARTTLS", "220 go ahead\r\n"),
    ];
    std::thread::spawn(move || forward(&listener, onward, dialogue));
    let report = report_at(&running, SHOP, &["--starttls", "smtp", "--connect", &address.to_string()]);
    assert_eq!(report["targets"][0]["target"], format!("{SHOP}:25"));
    assert_eq!(report["targets"][0]["trust"]["chain"], "trusted");

    let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = refusing.local_addr().unwrap();
    let dialogue: &[(&str, &str)] = &[("", "220 ready\r\n"), ("EHLO", "250 nothing to offer\r\n")];
    std::thread::spawn(move || forward(&refusing, onward, dialogue));
    let report = report_at(&running, SHOP, &["--starttls", "smtp", "--connect", &address.to_string()]);
    let failure = report["targets"][0]["connection"]["failures"][0].as_str().unwrap();
    assert!(failure.contains("does not offer STARTTLS"), "{failure}");
}

/// Speaks a dialogue with one client, then hands its octets on to another server and back.
fn forward(listener: &std::net::TcpListener, onward: std::net::SocketAddr, dialogue: &[(&str, &str)]) {
    use std::io::{Read as _, Write as _};
    let (mut client, _) = listener.accept().unwrap();
    for (command, reply) in dialogue {
        let mut heard = Vec::new();
        while !command.is_empty() && !heard.ends_with(b"\r\n") {
            let mut octet = [0];
            if client.read(&mut octet).unwrap() == 0 {
                return;
            }
            heard.extend(octet);
        }
        assert!(heard.starts_with(command.as_bytes()));
        client.write_all(reply.as_bytes()).unwrap();
    }
    let mut server = std::net::TcpStream::connect(onward).unwrap();
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let there = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
    });
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(std::net::Shutdown::Both);
    let _ = there.join();
}

#[test]
fn evidence_judged_again_gives_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let running = Running::start();
    let mut reports = Vec::new();
    for format in ["json", "jsonl", "human"] {
        let saved = path(format);
        let live = running.check(&[SHOP, LEGACY], &["--format", format, "--save-evidence", &saved]).code(1);
        reports.push((format, saved, live.get_output().stdout.clone()));
    }
    // The world is gone: nothing but the evidence is left.
    drop(running);
    for (format, saved, live) in &reports {
        let again = pinstead().args(["check", saved, "--format", format]).assert().code(1);
        let again = String::from_utf8_lossy(&again.get_output().stdout).into_owned();
        assert!(again == String::from_utf8_lossy(live), "the {format} report differs:\n{again}");
    }
    let saved = &path("json");
    // The command line may ask something else of the same evidence.
    let other = pinstead()
        .args(["check", saved, "--expect-ca", "careless-ca.demo.example", "--format", "json"])
        .assert();
    let other: Value = serde_json::from_slice(&other.get_output().stdout).unwrap();
    assert_eq!(other["targets"][0]["issuer"]["status"], "unexpected");
    assert_eq!(other["targets"][1]["issuer"]["status"], "expected");
}

#[test]
fn pins_are_not_called_broken_where_the_chain_is_incomplete() {
    let running = Running::start();
    let shop = &running.world.shop;
    let server = OpensslServer::start(Served {
        chain_pem: &shop.leaf.to_pem(),
        key_pem: &std::fs::read_to_string(&shop.key_file).unwrap(),
        ..Served::default()
    });
    let pins = running.world.files.network_security_config.display().to_string();
    let report = report_at(&running, SHOP, &["--connect", &server.address.to_string(), "--pins", &pins]);
    let target = &report["targets"][0];
    assert_eq!(target["trust"]["chain"], "untrusted");
    assert!(target["pins"]["sources"][0]["entries"][0]["pins"][0]["matches"].is_null());
    let found = rules(target);
    assert!(found.contains(&"TLS002") && !found.contains(&"PIN001"), "{found:?}");
    assert!(target["undetermined"].as_array().unwrap().contains(&"whether the pins match".into()));
}

#[test]
fn an_expectation_that_cannot_be_judged_is_never_passed_over() {
    let running = Running::start();
    // The policy, which says whose key issued, is left out.
    let files = &running.world.files;
    let mut command = pinstead();
    command.args(["check", SHOP, "--connect", &running.world.tls_address().to_string()]);
    command.args(["--resolver", &running.world.dns_address().to_string(), "--expect-ca", "ca.demo.example"]);
    command.arg("--roots").arg(&files.roots).arg("--log-list").arg(&files.log_list);
    let assert = command.assert().code(3);
    assert!(String::from_utf8_lossy(&assert.get_output().stdout).contains("whether the issuer is expected"));
}

#[test]
fn the_worlds_logs_prove_what_they_hold() {
    let running = Running::start();
    let world = &running.world;
    for (hosts, code) in [(&[SHOP][..], 0), (&[LEGACY], 1), (&[BESIDE], 0), (&[SHOP, LEGACY, BESIDE], 1)] {
        let assert = pinstead()
            .args(["check", "--format", "json"])
            .args(world.whole_check_arguments(hosts))
            .assert()
            .code(code);
        let report: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
        for target in report["targets"].as_array().unwrap() {
            let name = target["target"].as_str().unwrap().trim_end_matches(":443");
            let scts = target["ct"]["scts"].as_array().unwrap();
            let inclusion: Vec<&Value> = scts.iter().map(|sct| &sct["inclusion"]).collect();
            let expected: &[&str] = match name {
                // What does not verify is no promise, and no log is asked about it.
                LEGACY => &["proven", "not_checked"],
                BESIDE => &["proven"; 4],
                _ => &["proven"; 2],
            };
            assert_eq!(inclusion, expected, "{name}: {scts:#?}");
            let met = if name == LEGACY { "not_compliant" } else { "compliant" };
            for programme in ["chrome", "apple", "mozilla", "android"] {
                assert_eq!(target["ct"]["policies"][programme]["verdict"], met, "{name}, {programme}");
            }
            if name == SHOP {
                assert_eq!(rules(target), Vec::<&str>::new());
            }
        }
    }
    // The second run found the tree heads of the first, all in the world's folder.
    let kept = std::fs::read_dir(world.folder().join("cache/tree-heads")).unwrap().count();
    assert_eq!(kept, 2, "one for each log that was asked");
}

#[test]
fn the_worlds_logs_are_seen_to_grow() {
    let running = Running::start();
    let world = &running.world;
    let check = || {
        let mut command = pinstead();
        command.args(["check", "--format", "json"]).args(world.whole_check_arguments(&[SHOP]));
        let assert = command.assert().code(0);
        serde_json::from_slice::<Value>(&assert.get_output().stdout).unwrap()
    };
    let consistency = |report: &Value| -> Vec<String> {
        let scts = report["targets"][0]["ct"]["scts"].as_array().unwrap();
        let status =
            |sct: &Value| sct["inclusion_detail"]["consistency"]["status"].as_str().unwrap().to_owned();
        scts.iter().map(status).collect()
    };
    assert_eq!(consistency(&check()), ["first_seen", "first_seen"]);
    let delivery = Delivery::Beside { certificate: b"another certificate" };
    let plan = |log| PlannedSct { log, timestamp: world.now, fault: SctFault::None };
    for _ in 0..300 {
        scts_over(&[plan(&world.logs.alder), plan(&world.logs.birch)], delivery).unwrap();
    }
    assert_eq!(consistency(&check()), ["consistent", "consistent"]);
}

#[test]
fn the_demo_shows_a_good_and_a_bad_host() {
    // A proxy is no way to this machine's own servers.
    let proxy = "http://127.0.0.1:9";
    let assert = pinstead().arg("demo").env("http_proxy", proxy).env("HTTP_PROXY", proxy).assert().code(1);
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let running_text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "PASS shop.demo.example:443",
        "FAIL legacy.demo.example:443",
        "ISS001",
        "Inclusion in their logs: 2 proven.",
        "The policies of Chrome, Apple, Mozilla and Android are met.",
    ] {
        assert!(running_text.contains(expected), "{expected} is missing in:\n{text}");
    }
    // Paths of this machine may be longer than a line; everything else fits 80 columns.
    let wide = |line: &&str| line.chars().count() > 80 && !line.contains('/');
    assert_eq!(text.lines().find(wide), None);
    assert!(!text.contains('\u{1b}'), "no colour where no terminal is");
}
