//! The loopback world as other programs see it: `openssl s_client` at its TLS server, `dig` at its DNS.

mod world;

use pinstead::demo::authority::KeyAlgorithm;
use pinstead::demo::dns::{DnsServer, Record, Treatment, Zone};
use pinstead::demo::tls::{MisbehavingServer, Misbehaviour, TlsVersion};
use pinstead::demo::world::{BESIDE, EXPECTED_CA, LEGACY, SHOP, WorldOptions, ZONE};

use world::servers::WebServer;
use world::{Running, run, sct_verdicts, text};

/// What `openssl s_client -ct` says of a host of the world: everything, and the verdict on each SCT.
fn see(running: &Running, host: &str, more: &[&str]) -> (String, Vec<String>) {
    see_at(running, &running.world.tls_address().to_string(), host, more)
}

fn see_at(running: &Running, address: &str, host: &str, more: &[&str]) -> (String, Vec<String>) {
    let files = &running.world.files;
    let (roots, logs) = (files.roots.display().to_string(), files.openssl_log_list.display().to_string());
    let mut arguments = vec!["s_client", "-connect", address, "-servername", host, "-verify_hostname", host];
    arguments.extend(["-ct", "-CAfile", &roots, "-ctlogfile", &logs]);
    arguments.extend(more);
    let said = text(&run("openssl", &arguments));
    let verdicts = sct_verdicts(&said);
    (said, verdicts)
}

fn dig(address: std::net::SocketAddr, arguments: &[&str]) -> String {
    let (server, port) = (format!("@{}", address.ip()), address.port().to_string());
    let mut all = vec![server.as_str(), "-p", &port, "+tries=1", "+time=2"];
    all.extend(arguments);
    text(&run("dig", &all))
}

#[test]
fn each_host_shows_what_the_world_promises() {
    for issuer_algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Rsa2048] {
        let running = Running::start_with(WorldOptions { issuer_algorithm, ..WorldOptions::default() });
        for version in ["-tls1_2", "-tls1_3"] {
            let (said, verdicts) = see(&running, SHOP, &[version]);
            assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
            assert_eq!(verdicts, ["valid", "valid"], "{version}");
            let (said, verdicts) = see(&running, LEGACY, &[version]);
            assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
            assert_eq!(verdicts, ["valid", "invalid"], "{version}");
            let (said, verdicts) = see(&running, BESIDE, &[version, "-status"]);
            assert!(said.contains("OCSP Response Status: successful"), "{said}");
            assert_eq!(verdicts, ["valid"; 4], "two of the TLS extension and two of OCSP, {version}");
        }
    }
}

#[test]
fn the_tls_versions_have_bounds() {
    let options = WorldOptions {
        least_tls: TlsVersion::Tls1_0,
        most_tls: TlsVersion::Tls1_2,
        ..WorldOptions::default()
    };
    let running = Running::start_with(options);
    assert!(
        see(&running, SHOP, &["-tls1", "-cipher", "DEFAULT:@SECLEVEL=0"]).0.contains("Protocol  : TLSv1\n")
    );
    assert!(see(&running, SHOP, &["-tls1_3"]).0.contains("no peer certificate available"));
}

#[test]
fn caa_is_answered_as_a_resolver_would() {
    let running = Running::start();
    let dns = running.world.dns_address();
    let said = dig(dns, &[ZONE, "CAA"]);
    assert!(said.contains(&format!("CAA\t0 issue \"{EXPECTED_CA}\"")), "{said}");
    assert!(said.contains("status: NOERROR") && said.contains("ANSWER: 3"), "{said}");
    let said = dig(dns, &[SHOP, "CAA"]);
    assert!(said.contains("status: NOERROR") && said.contains("ANSWER: 0, AUTHORITY: 1"), "{said}");
    assert!(dig(dns, &["nowhere.demo.example", "CAA", "+tcp"]).contains("status: NXDOMAIN"));
    assert!(dig(dns, &[SHOP, "A", "+short"]).contains("127.0.0.1"));
}

#[test]
fn dns_misbehaves_on_request() {
    let runtime = world::runtime();
    let mut zone = Zone::new("zone.example").unwrap();
    zone.add("www.zone.example", &Record::Cname("zone.example".into())).unwrap();
    for number in 0..100 {
        zone.add("zone.example", &Record::caa("issue", &format!("ca{number}.example"))).unwrap();
    }
    for (name, treatment) in [
        ("servfail.example", Treatment::ServFail),
        ("refused.example", Treatment::Refused),
        ("silent.example", Treatment::Silent),
        ("question.example", Treatment::WrongQuestion),
        ("id.example", Treatment::WrongId),
        ("junk.example", Treatment::Junk),
    ] {
        zone.treat(name, treatment).unwrap();
    }
    let dns = runtime.block_on(DnsServer::start(zone)).unwrap();
    let ask = |arguments: &[&str]| dig(dns.address(), arguments);

    let whole = ask(&["www.zone.example", "CAA"]);
    assert!(whole.contains("Truncated, retrying in TCP mode") && whole.contains("ANSWER: 101"), "{whole}");
    assert!(ask(&["zone.example", "CAA", "+ignore", "+noedns"]).contains("flags: qr tc rd"));
    assert!(ask(&["servfail.example", "CAA"]).contains("status: SERVFAIL"));
    assert!(ask(&["refused.example", "CAA"]).contains("status: REFUSED"));
    assert!(ask(&["silent.example", "CAA", "+time=1"]).contains("timed out"));
    assert!(ask(&["question.example", "CAA", "+time=1"]).contains("Question section mismatch"));
    assert!(ask(&["id.example", "CAA", "+time=1"]).contains("ID mismatch"));
    assert!(!ask(&["junk.example", "CAA", "+time=1"]).contains("status: NOERROR"));
}

#[test]
fn misbehaving_servers_give_no_handshake() {
    let runtime = world::runtime();
    for behaviour in
        [Misbehaviour::Closes, Misbehaviour::SendsJunk, Misbehaviour::SendsJunkForever, Misbehaviour::Refuses]
    {
        let server = runtime.block_on(MisbehavingServer::start(behaviour)).unwrap();
        let said = text(&run("openssl", &["s_client", "-connect", &server.address().to_string()]));
        assert!(
            said.contains("no peer certificate available") || said.contains("error"),
            "{behaviour:?}: {said}"
        );
    }
}

#[test]
fn the_same_chain_from_nginx_is_judged_the_same() {
    let running = Running::start();
    let shop = &running.world.shop;
    let server = WebServer::start(&shop.chain_file, &shop.key_file);
    let (said, verdicts) = see_at(&running, &server.address.to_string(), SHOP, &[]);
    assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
    assert_eq!(verdicts, ["valid", "valid"]);
}

#[test]
fn the_files_go_with_the_world() {
    let running = Running::start();
    let folder = running.world.folder().to_owned();
    assert!(folder.join("pinstead.toml").is_file());
    drop(running);
    assert!(!folder.exists());
}
