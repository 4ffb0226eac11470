//! DNSSEC where something fails: what a failure, a bogus answer or a resolver without DNSSEC means for issuance.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod world;

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use world::nsd::Nsd;
use world::signed_world::{SignedWorld, report_over};
use world::signed_zones::{SignedZones, Zone};
use world::unbound::Unbound;

const PLAIN: &str =
    "caa IN CAA 0 issue \"ca1.example\"\nnodata IN A 192.0.2.1\nloop IN CNAME pool\npool IN CNAME loop\n";

fn world() -> SignedWorld {
    SignedWorld::start(vec![
        Zone::signed("", ""),
        Zone::signed("tld", ""),
        Zone::signed(
            "signed.tld",
            &format!("{PLAIN}out IN CNAME nodata.unsigned.tld.\nled IN CNAME caa.unsigned.tld.\n"),
        ),
        Zone::unsigned("unsigned.tld", PLAIN),
        Zone {
            tamper: |zone| zone.replace("ca1.example", "ca2.example"),
            ..Zone::signed("forged.tld", PLAIN)
        },
        Zone { tamper: |_| String::new(), ..Zone::signed("lost.tld", PLAIN) },
        Zone { algorithm: "ED25519", ..Zone::signed("ed25519.tld", PLAIN) },
        Zone { algorithm: "ECDSAP384SHA384", ..Zone::signed("p384.tld", PLAIN) },
        Zone { tamper: put_back, ..Zone::signed("malformed.tld", MALFORMED) },
        Zone::unsigned("malformed-unsigned.tld", MALFORMED),
    ])
}

/// A CAA record with a hyphen in its tag, which the standard does not have, as RFC 3597 writes it.
const MALFORMED: &str = "caa IN TYPE257 \\# 6 0003612d6278\n";

/// The signer signs it, and leaves it out of what it writes.
fn put_back(zone: &str) -> String {
    format!("{zone}\ncaa.malformed.tld. 300 IN TYPE257 \\# 6 0003612d6278\n")
}

/// What happens to CAA questions on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Nothing.
    Open,
    /// They are answered with SERVFAIL.
    Fails,
    /// They are answered “none” without any proof: not even an SOA record.
    Bare,
    /// As before, and without EDNS.
    Old,
    /// They pass, and the questions for keys are answered with SERVFAIL.
    KeysFail,
}

/// A resolver before the resolver: it counts the questions by their type, and passes them on.
struct Before {
    address: SocketAddr,
    asked: Arc<Mutex<BTreeMap<u16, usize>>>,
}

impl Before {
    fn start(upstream: SocketAddr, way: Way) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let asked: Arc<Mutex<BTreeMap<u16, usize>>> = Arc::default();
        let counted = Arc::clone(&asked);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((length, client)) = socket.recv_from(&mut buffer) {
                let mut query = buffer[..length].to_vec();
                // The type follows the name's final zero; no label of these tests holds a zero.
                let end = 12 + query[12..].iter().position(|octet| *octet == 0).unwrap();
                let rtype = u16::from_be_bytes([query[end + 1], query[end + 2]]);
                *counted.lock().unwrap().entry(rtype).or_default() += 1;
                let is_stopped = match way {
                    Way::Open => false,
                    Way::KeysFail => rtype == DNSKEY,
                    Way::Fails | Way::Bare | Way::Old => rtype == CAA,
                };
                if is_stopped {
                    query[2] |= 0x80;
                    query[3] = if matches!(way, Way::Fails | Way::KeysFail) { 0x82 } else { 0x80 };
                    if way == Way::Old {
                        // Only header and question.
                        query.truncate(end + 5);
                        query[11] = 0;
                    }
                    socket.send_to(&query, client).unwrap();
                    continue;
                }
                let back = socket.try_clone().unwrap();
                // One slow answer keeps no other question waiting.
                thread::spawn(move || pass_on(&query, upstream, &back, client));
            }
        });
        Self { address, asked }
    }
}

/// Asks for the client, and hands it the answer, if one comes.
fn pass_on(query: &[u8], upstream: SocketAddr, back: &UdpSocket, client: SocketAddr) {
    let onward = UdpSocket::bind("127.0.0.1:0").unwrap();
    onward.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    onward.send_to(query, upstream).unwrap();
    let mut answer = [0; 4096];
    if let Ok(length) = onward.recv(&mut answer) {
        back.send_to(&answer[..length], client).unwrap();
    }
}

const DS: u16 = 43;
const DNSKEY: u16 = 48;
const CAA: u16 = 257;

fn rules(name: &Value) -> Vec<&str> {
    name["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

fn reason(name: &Value) -> (&str, &str) {
    let verdict = &name["verdicts"][0];
    (verdict["verdict"].as_str().unwrap(), verdict["reason"].as_str().unwrap())
}

#[test]
fn what_fails_means() {
    let world = world();
    let anchor = world.anchor_file();
    let own = ["--ca", "ca1.example", "--trust-anchor", &anchor];
    let trusting = ["--ca", "ca1.example", "--dnssec", "resolver"];

    // A bogus set and a bogus “none” end the climb and permit nothing.
    for more in [&own, &trusting] {
        let (report, code) = world.report(&["caa.forged.tld"], more);
        let name = &report["names"][0];
        assert_eq!(name["steps"][0]["dnssec"], "bogus", "{more:?} {name}");
        assert_eq!((name["steps"][0]["outcome"].as_str().unwrap(), code), (outcome(more), 1), "{name}");
        let (verdict, why) = reason(name);
        assert!(verdict == "undetermined" && why.contains("TLS BR 3.2.2.8.1"), "{why}");
        assert!(rules(name).contains(&"CAA024") && !rules(name).contains(&"CAA002"), "{name}");
        assert_eq!(name["relevant"], Value::Null);
    }

    // A failure in a signed zone, and in one that is proven to be unsigned.
    let failing = Before::start(world.unbound.address, Way::Fails).address;
    for more in [&own, &trusting] {
        let (report, _) = report_over(failing, &["nodata.signed.tld", "nodata.unsigned.tld"], more);
        let [signed, unsigned] = report["names"].as_array().unwrap().as_slice() else { panic!("{report}") };
        assert_eq!(signed["steps"][0]["dnssec"], "secure", "{signed}");
        assert_eq!(unsigned["steps"][0]["dnssec"], "insecure", "{unsigned}");
        assert!(rules(signed).contains(&"CAA025") && !rules(unsigned).contains(&"CAA025"), "{report}");
        let ((signed, no_ca), (unsigned, a_ca)) = (reason(signed), reason(unsigned));
        assert!(signed == "undetermined" && no_ca.contains("no CA may take it for permission"), "{no_ca}");
        assert!(unsigned == "undetermined" && a_ca.contains("a CA may take the failure"), "{a_ca}");
    }

    // What is known of an alias's target says nothing of the zone that the alias is in.
    for more in [&own, &trusting] {
        let (report, _) = report_over(failing, &["out.signed.tld"], more);
        let name = &report["names"][0];
        assert_eq!(name["steps"][0]["dnssec"], "indeterminate", "{more:?} {name}");
        assert!(reason(name).1.contains("no CA may take it for permission"), "{more:?} {name}");
    }

    // A “none” without proof is enough from an unsigned zone, and never from a signed one.
    for (way, signed) in [(Way::Bare, "bogus"), (Way::Old, "indeterminate")] {
        let bare = Before::start(world.unbound.address, way).address;
        let (report, _) = report_over(bare, &["nodata.signed.tld", "nodata.unsigned.tld"], &own);
        let state = |index: usize| &report["names"][index]["steps"][0]["dnssec"];
        assert_eq!(
            (state(0), state(1)),
            (&Value::from(signed), &Value::from("insecure")),
            "{way:?} {report}"
        );
    }

    // The resolver fails at every question for these names: only the delegation tells of the zone.
    let (report, _) = world.report(&["loop.unsigned.tld", "loop.signed.tld"], &own);
    let state = |index: usize| &report["names"][index]["steps"][0]["dnssec"];
    assert_eq!((state(0), state(1)), (&Value::from("insecure"), &Value::from("indeterminate")), "{report}");

    // What our validator cannot verify is not known, and never unsigned.
    for (name, own_state, verdict) in [
        ("caa.ed25519.tld", "indeterminate", "permit"),
        ("nodata.p384.tld", "indeterminate", "permit"),
        // Whoever forges an answer can add such a record, so that nothing follows from it.
        ("caa.malformed.tld", "indeterminate", "undetermined"),
        ("caa.malformed-unsigned.tld", "insecure", "undetermined"),
    ] {
        let step = &world.steps(&[name], &own)[0];
        assert_eq!(step.state, own_state, "{step:?}");
        let (report, _) = world.report(&[name], &own);
        let told = &report["names"][0];
        assert_eq!(rules(told).contains(&"CAA027"), own_state == "indeterminate", "{name}");
        assert_eq!(reason(told).0, verdict, "{told}");
        let counts = name.starts_with("caa") && name != "caa.malformed.tld";
        assert_eq!(told["relevant"].is_object(), counts, "{told}");
        assert!(!rules(told).contains(&"CAA002"), "{told}");
        let trusted = if own_state == "insecure" { "insecure" } else { "secure" };
        assert_eq!(world.steps(&[name], &trusting)[0].state, trusted, "{name}");
    }

    // Nobody validates where nobody is asked to.
    assert_eq!(world.steps(&["caa.forged.tld"], &["--dnssec", "off"])[0].state, "unchecked");

    // The keys of another root.
    let other = SignedZones::make(vec![Zone::signed("", "")]).anchor;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("other").display().to_string();
    std::fs::write(&file, other).unwrap();
    let step = &world.steps(&["caa.signed.tld"], &["--trust-anchor", &file])[0];
    assert!(step.state == "bogus" && step.detail.contains("trust anchor"), "{step:?}");
}

#[test]
fn an_alias_out_of_a_signed_zone_is_told_so() {
    let world = world();
    let anchor = world.anchor_file();
    for more in [&["--trust-anchor", &anchor][..], &["--dnssec", "resolver"]] {
        let (report, _) = world.report(&["led.signed.tld", "caa.unsigned.tld"], more);
        let [led, plain] = report["names"].as_array().unwrap().as_slice() else { panic!("{report}") };
        assert_eq!(led["steps"][0]["dnssec"], "insecure", "{led}");
        assert!(rules(led).contains(&"CAA028") && !rules(led).contains(&"CAA026"), "{more:?} {led}");
        assert!(rules(plain).contains(&"CAA026") && !rules(plain).contains(&"CAA028"), "{more:?} {plain}");
    }
}

#[test]
fn a_zone_whose_parent_proves_it_signed_is_signed_though_its_servers_are_dead() {
    let world = world();
    let anchor = world.anchor_file();
    for name in ["lost.tld", "www.lost.tld"] {
        let (report, code) = world.report(&[name], &["--trust-anchor", &anchor]);
        let told = &report["names"][0];
        let step = &told["steps"][0];
        assert_eq!(step["dnssec"], "secure", "{told}");
        assert!(
            step["dnssec_detail"].as_str().unwrap().contains("its parent proves that the zone lost.tld is"),
            "{step}"
        );
        assert!(rules(told).contains(&"CAA025") && !rules(told).contains(&"CAA027"), "{told}");
        assert_eq!(code, 1, "{told}");
    }

    // Unbound answers for this one by itself, and the root denies it.
    let (report, code) = world.report(&["localhost"], &["--trust-anchor", &anchor]);
    let told = &report["names"][0];
    assert_eq!((told["steps"][0]["dnssec"].as_str().unwrap(), code), ("bogus", 3), "{told}");
    assert_eq!(
        (&told["findings"][0]["rule"], &told["findings"][0]["severity"]),
        (&"CAA024".into(), &"low".into())
    );
}

#[test]
fn a_resolver_that_is_silent_is_not_held_against_the_name() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (report, code) = report_over(silent.local_addr().unwrap(), &["t.example"], &[]);
    let name = &report["names"][0];
    assert_eq!((rules(name), code), (vec!["CAA002"], 3), "{name}");
    let advice = name["findings"][0]["advice"].as_str().unwrap();
    assert!(advice.starts_with("Nothing at all was heard from the resolver"), "{advice}");
}

#[test]
fn an_unsigned_domain_costs_one_question_more() {
    const NAMES: [&str; 6] = ["a.plain", "b.plain", "c.plain", "d.plain", "e.plain", "f.plain"];
    let mut zones = vec![Zone::signed("", ""), Zone::signed("plain", "")];
    zones.extend(NAMES.map(|name| Zone::unsigned(name, "")));
    let world = SignedWorld::start(zones);
    let before = Before::start(world.unbound.address, Way::Open);
    let names: Vec<String> = NAMES.iter().map(|name| format!("www.{name}")).collect();
    // Unbound knows the answers beforehand, so that no question is asked twice for its slowness.
    world.opinions(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let (report, _) = report_over(before.address, &names, &["--trust-anchor", &world.anchor_file()]);
    for name in report["names"].as_array().unwrap() {
        let states: Vec<&str> =
            name["steps"].as_array().unwrap().iter().map(|step| step["dnssec"].as_str().unwrap()).collect();
        assert_eq!(states, ["insecure", "insecure", "secure"], "{name}");
    }
    let asked = before.asked.lock().unwrap().clone();
    // Every name and its parent, and the top-level domain once; DS of each domain and of the top-level domain; the keys
    // of the root and of the top-level domain.
    assert_eq!(asked, BTreeMap::from([(CAA, 13), (DS, 7), (DNSKEY, 2)]));
}

/// What the answer says: with CD it comes, without it the resolver keeps it back.
fn outcome(more: &[&str]) -> &'static str {
    if more.contains(&"--trust-anchor") { "records" } else { "failure" }
}

#[test]
fn a_server_without_dnssec_leaves_it_open_and_the_verdicts_stand() {
    let zone = "$ORIGIN t.example.\n$TTL 300\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\nns IN A 127.0.0.1\n\
                @ IN CAA 0 issue \"ca1.example\"\nwww IN A 192.0.2.1\n";
    let nsd = Nsd::serving(&[("t.example.", zone)]);
    let (report, code) = report_over(nsd.address, &["www.t.example"], &["--ca", "ca1.example"]);
    let name = &report["names"][0];
    assert_eq!((reason(name).0, code), ("permit", 0), "{name}");
    for step in name["steps"].as_array().unwrap() {
        assert_eq!(step["dnssec"], "indeterminate", "{step}");
        assert!(step["dnssec_detail"].as_str().unwrap().contains("hands out no DNSSEC records"), "{step}");
    }
    assert!(!rules(name).contains(&"CAA027"), "what the resolver lacks is no finding about the name: {name}");

    // Whoever says in so many words that it is to be validated gets no verdict without.
    let strictly = ["--ca", "ca1.example", "--dnssec", "validate", "--fail-on-undetermined=true"];
    let (report, code) = report_over(nsd.address, &["www.t.example"], &strictly);
    let name = &report["names"][0];
    assert_eq!((reason(name).0, code), ("undetermined", 3), "{name}");
    assert!(rules(name).contains(&"CAA027"), "{name}");
}

#[test]
fn a_question_for_keys_that_fails_switches_no_validation_off() {
    let world = world();
    let failing = Before::start(world.unbound.address, Way::KeysFail).address;
    let server = failing.to_string();
    for more in [&["--dnssec", "validate"][..], &[], &["--dnssec", "resolver"]] {
        let more = [more, &["--ca", "ca1.example", "--fail-on-undetermined=true"]].concat();
        // Unsigned for this one: no AD bit vouches for it.
        let (report, code) = report_over(failing, &["caa.unsigned.tld"], &more);
        let name = &report["names"][0];
        assert_eq!((reason(name).0, code), ("undetermined", 3), "{more:?} {name}");
        assert!(rules(name).contains(&"CAA027"), "{more:?} {name}");
        assert!(!rules(name).contains(&"CAA011"), "no verdict rests on the records: {name}");
    }
    let mut command = world::pinstead();
    let output = command.args(["caa", "caa.unsigned.tld", "--resolver", &server]).output().unwrap();
    let human = String::from_utf8(output.stdout).unwrap();
    assert!(human.contains("hands out no DNSSEC records") && human.contains("SERVFAIL"), "{human}");
}

#[test]
fn a_resolver_has_to_show_that_it_validates() {
    let world = world();
    let signed = SignedZones::make(vec![
        Zone::signed("", ""),
        Zone::signed("tld", ""),
        Zone::signed("signed.tld", PLAIN),
        Zone::unsigned("unsigned.tld", PLAIN),
        Zone::signed("forged.tld", PLAIN),
    ]);
    let served: Vec<(&str, &str)> =
        signed.zones.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let nsd = Nsd::serving(&served);
    let stubs: Vec<(&str, SocketAddr)> = served.iter().map(|(name, _)| (*name, nsd.address)).collect();
    // Signatures and all, and no validation.
    let iterator = Unbound::asking(&stubs).start();
    let trusting = ["--ca", "ca1.example", "--dnssec", "resolver"];
    let state = |report: &Value, index: usize| report["names"][index]["steps"][0]["dnssec"].clone();

    let names = ["caa.signed.tld", "nodata.unsigned.tld"];
    let (report, _) = report_over(iterator.address, &names, &trusting);
    assert_eq!((state(&report, 0), state(&report, 1)), ("indeterminate".into(), "indeterminate".into()));
    for name in report["names"].as_array().unwrap() {
        let detail = name["steps"][0]["dnssec_detail"].as_str().unwrap();
        assert!(detail.contains("does not show that it validates"), "{name}");
        assert_eq!(reason(name).0, "permit", "{name}");
        assert!(!rules(name).contains(&"CAA026") && !rules(name).contains(&"CAA027"), "{name}");
    }

    // What a second resolver says proves nothing by what the first one showed, and takes back no “bogus”.
    let second = iterator.address.to_string();
    let both = [&trusting[..], &["--resolver", &second]].concat();
    let (report, _) = world.report(&["caa.forged.tld", "caa.signed.tld", "caa.unsigned.tld"], &both);
    let states = [0, 1, 2].map(|index| state(&report, index));
    assert_eq!(states, ["bogus", "secure", "insecure"], "{report}");
    let failing = Before::start(world.unbound.address, Way::Fails).address;
    let (report, _) = report_over(failing, &["caa.unsigned.tld"], &both);
    assert_eq!(state(&report, 0), "indeterminate", "{report}");
}

#[test]
fn an_unusable_anchor_is_said() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("anchor").display().to_string();
    let run = |more: &[&str]| {
        let output =
            world::pinstead().args(["caa", "t.example", "--trust-anchor", &file]).args(more).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(&[]);
    assert!(code == Some(2) && said.contains("--trust-anchor") && said.contains(&file), "{said}");
    std::fs::write(&file, "t.example. IN A 192.0.2.1\n").unwrap();
    let (code, said) = run(&[]);
    assert!(code == Some(2) && said.contains("DS and DNSKEY"), "{said}");
    let (code, said) = run(&["--dnssec", "off"]);
    assert!(code == Some(2) && said.contains("--dnssec validate"), "{said}");
}
