//! TLSA records against NSD and Unbound, with `openssl s_client -dane_tlsa_domain` as the judge of what matches.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::fmt::Write as _;

use pinstead::demo::world::SHOP;
use serde_json::Value;
use world::servers::{OpensslServer, Served};
use world::signed_world::SignedWorld;
use world::signed_zones::{Denial, Zone};
use world::{Running, pinstead, run, text};

/// The data of a record for the certificate of a file, by openssl.
fn data(file: &str, selector: u8, matching: u8) -> String {
    let what = match selector {
        0 => format!("openssl x509 -in '{file}' -outform der"),
        _ => format!("openssl x509 -in '{file}' -noout -pubkey | openssl pkey -pubin -outform der"),
    };
    let hash = match matching {
        0 => "cat",
        1 => "openssl dgst -sha256 -binary",
        _ => "openssl dgst -sha512 -binary",
    };
    let hex = run("sh", &["-c", &format!("({what}) | {hash} | od -An -v -tx1 | tr -d ' \\n'")]);
    String::from_utf8(hex.stdout).unwrap()
}

#[test]
fn openssl_agrees_over_usages_selectors_and_matching_types() {
    let running = Running::start();
    let (world, host) = (&running.world, &running.world.shop);
    let folder = tempfile::tempdir().unwrap();
    let chain_pem = std::fs::read_to_string(&host.chain_file).unwrap();
    let key_pem = std::fs::read_to_string(&host.key_file).unwrap();
    let server =
        OpensslServer::start(Served { chain_pem: &chain_pem, key_pem: &key_pem, ..Served::default() });
    let certificates: Vec<String> = chain_pem
        .split_inclusive("-----END CERTIFICATE-----\n")
        .filter(|block| block.contains("BEGIN"))
        .map(str::to_owned)
        .collect();
    let root = std::fs::read_to_string(&world.files.roots).unwrap();
    let stranger = std::fs::read_to_string(&world.legacy.chain_file).unwrap();
    let named =
        [("leaf", &certificates[0]), ("ca", &certificates[1]), ("root", &root), ("stranger", &stranger)];
    let mut cases = Vec::new();
    for (name, pem) in named {
        let file = folder.path().join(name).display().to_string();
        std::fs::write(&file, pem).unwrap();
        for selector in 0..=1 {
            for matching in 0..=2 {
                let hex = data(&file, selector, matching);
                cases.extend((0..=3_u8).map(|usage| (name, usage, selector, matching, hex.clone())));
            }
        }
    }
    let mut records = String::new();
    for (number, (_, usage, selector, matching, hex)) in cases.iter().enumerate() {
        let port = 1000 + number;
        let _ = writeln!(records, "_{port}._tcp.shop.demo IN TLSA {usage} {selector} {matching} {hex}");
    }
    let zones = SignedWorld::start(vec![Zone::signed("", ""), Zone::signed("example", &records)]);
    let (resolver, anchor) = (zones.unbound.address.to_string(), zones.anchor_file());
    let roots = world.files.roots.display().to_string();
    let (address, chain) = (server.address.to_string(), host.chain_file.display().to_string());
    let (mut differing, mut matching_ones) = (Vec::new(), 0);
    for (number, (name, usage, selector, matching, hex)) in cases.iter().enumerate() {
        let record = format!("{usage} {selector} {matching} {hex}");
        let arguments = [
            "s_client",
            "-connect",
            &address,
            "-servername",
            SHOP,
            "-dane_tlsa_domain",
            SHOP,
            "-dane_tlsa_rrdata",
            &record,
            "-CAfile",
            &roots,
            "-verify_return_error",
            "-brief",
        ];
        let theirs = run("openssl", &arguments).status.success();
        let service = format!("{SHOP}:{}", 1000 + number);
        let output = pinstead()
            .args(["pins", "--tlsa", &service, "--resolver", &resolver, "--trust-anchor", &anchor])
            .args(["--chain", &chain, "--roots", &roots, "--format", "json"])
            .output()
            .unwrap();
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
        let entry = &report["sources"][0]["entries"][0];
        assert_eq!(entry["enforced"], "yes", "{service}: {report:#}");
        assert_eq!(report["sources"][0]["dnssec"], "secure");
        let numbers = serde_json::json!({"usage": usage, "selector": selector, "matching": matching});
        assert_eq!(entry["pins"][0]["tlsa"], numbers);
        let ours = entry["outcome"] == "connects";
        assert!(ours || entry["outcome"] == "locked_out", "{report:#}");
        matching_ones += usize::from(theirs);
        // A trust anchor that the record holds whole is taken by openssl though the server does not send it; RFC 7671
        // section 5.2.2 has servers send it.
        let bare_anchor = *name == "root" && *usage == 2 && *matching == 0;
        if ours != theirs && !bare_anchor {
            differing
                .push(format!("{name} {usage} {selector} {matching}: openssl {theirs}, pinstead {ours}"));
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
    assert!((12..cases.len()).contains(&matching_ones), "{matching_ones} of {} match", cases.len());
}

#[test]
fn dnssec_decides_and_aliases_are_followed() {
    let running = Running::start();
    let hex = data(&running.world.shop.chain_file.display().to_string(), 1, 1);
    let record = format!("IN TLSA 3 1 1 {hex}");
    let signed = format!(
        "_25._tcp.mail {record}\n_25._tcp.alias IN CNAME _25._tcp.mail\n_25._tcp.away IN CNAME _25._tcp.mail.plain.\n\
         mail IN A 192.0.2.1\n"
    );
    let zones = SignedWorld::start(vec![
        Zone::signed("", ""),
        Zone::signed("example", &signed),
        Zone {
            denial: Some(Denial::Nsec3 { iterations: 0, opt_out: false }),
            ..Zone::signed("three", &signed)
        },
        Zone::unsigned("plain", &format!("_25._tcp.mail {record}\n")),
        Zone { tamper: |zone| zone.replace("TLSA\t3 1 1", "TLSA\t3 1 0"), ..Zone::signed("forged", &signed) },
    ]);
    let (resolver, anchor) = (zones.unbound.address.to_string(), zones.anchor_file());
    let look = |service: &str, more: &[&str]| -> (Value, i32) {
        let output = pinstead()
            .args(["pins", "--tlsa", service, "--resolver", &resolver, "--format", "json"])
            .args(more)
            .output()
            .unwrap();
        let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
        (report, output.status.code().unwrap())
    };
    let own = ["--trust-anchor", anchor.as_str()];
    let trusting = ["--dnssec", "resolver"];
    for (host, enforced, rules) in [
        ("mail.example", "yes", vec!["PIN049"]),
        ("alias.example", "yes", vec!["PIN049"]),
        ("mail.three", "yes", vec!["PIN049"]),
        ("away.example", "no", vec!["PIN045", "PIN049"]),
        ("mail.plain", "no", vec!["PIN045", "PIN049"]),
    ] {
        for mode in [&own, &trusting] {
            let (report, _) = look(&format!("{host}:25"), mode);
            let source = &report["sources"][0];
            assert_eq!(source["entries"][0]["enforced"], enforced, "{host} {mode:?}: {report:#}");
            let found: Vec<&str> = report["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["rule"].as_str().unwrap())
                .collect();
            assert_eq!(found, rules, "{host} {mode:?}");
        }
    }
    // Not validated is not known; nothing there is nothing pinned.
    let (report, code) = look("mail.example:25", &["--dnssec", "off"]);
    assert_eq!((&report["status"], code), (&"undetermined".into(), 3), "{report:#}");
    assert_eq!(report["sources"][0]["entries"][0]["enforced"], "unknown", "{report:#}");
    let (report, code) = look("mail.example:587", &own);
    assert_eq!((&report["status"], code), (&"not_pinned".into(), 0), "{report:#}");
    assert_eq!(
        (&report["findings"], &report["sources"][0]["dnssec"]),
        (&Value::Array(vec![]), &"secure".into())
    );
    assert!(report["reason"].as_str().unwrap().contains("DNSSEC proves"), "{report:#}");
    let (report, code) = look("mail.example:587", &["--dnssec", "off"]);
    assert_eq!((&report["status"], code), (&"undetermined".into(), 3), "{report:#}");
    let (report, code) = look("mail.plain:587", &own);
    assert_eq!((&report["status"], code), (&"not_pinned".into(), 0), "{report:#}");
    let (report, _) = look("mail.forged:25", &own);
    let said = report["sources"][0].to_string();
    assert!(report["status"] != "pinned", "{said}");
}

/// What `check` makes of the records: JSON of the one target, and the exit code.
fn checked(arguments: &[&str]) -> (Value, i32) {
    let output = pinstead()
        .arg("check")
        .args(arguments)
        .args(["--only", "pins", "--fail-on", "critical", "--format", "json"])
        .output()
        .unwrap();
    let mut report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    (report["targets"][0].take(), output.status.code().unwrap())
}

fn rules(target: &Value) -> Vec<&str> {
    target["findings"].as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap()).collect()
}

#[test]
fn check_looks_records_up_and_judges_them_again_from_evidence() {
    let running = Running::start();
    let host = &running.world.shop;
    let (chain_pem, key_pem) = (
        std::fs::read_to_string(&host.chain_file).unwrap(),
        std::fs::read_to_string(&host.key_file).unwrap(),
    );
    let server =
        OpensslServer::start(Served { chain_pem: &chain_pem, key_pem: &key_pem, ..Served::default() });
    let own = data(&host.chain_file.display().to_string(), 1, 1);
    let other = data(&running.world.legacy.chain_file.display().to_string(), 1, 1);
    let records = format!(
        "_25._tcp.shop.demo IN TLSA 3 1 1 {own}\n_26._tcp.shop.demo IN TLSA 3 1 1 {other}\n\
         _25._tcp.other.demo IN TLSA 3 1 1 {other}\n_443._tcp.shop.demo IN TLSA 3 1 1 {own}\n"
    );
    let zones = SignedWorld::start(vec![
        Zone::signed("", ""),
        Zone::signed("example", &records),
        Zone::unsigned("plain", &format!("_25._tcp.mail IN TLSA 3 1 1 {own}\n")),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let (resolver, anchor) = (zones.unbound.address.to_string(), zones.anchor_file());
    let (roots, address) = (running.world.files.roots.display().to_string(), server.address.to_string());
    let base = ["--connect", &address, "--roots", &roots, "--trust-anchor", &anchor];
    let network = [&base[..], &["--resolver", &resolver]].concat();
    for (service, status, enforced, outcome, rule, code) in [
        (format!("{SHOP}:25"), "pinned", "yes", "connects", "PIN049", 0),
        (format!("{SHOP}:26"), "pinned", "yes", "locked_out", "PIN046", 1),
        ("other.demo.example:25".to_owned(), "pinned", "yes", "locked_out", "PIN046", 1),
        ("mail.plain:25".to_owned(), "not_pinned", "no", "not_enforced", "PIN045", 0),
        (SHOP.to_owned(), "not_pinned", "no", "not_enforced", "PIN049", 0),
    ] {
        let saved = folder.path().join(service.replace(':', "_")).display().to_string();
        let live =
            checked(&[&[service.as_str(), "--tlsa", "--save-evidence", &saved], &network[..]].concat());
        let (target, found) = &live;
        let source = &target["pins"]["sources"][0];
        assert_eq!((&target["pins"]["status"], *found), (&status.into(), code), "{service}: {target:#}");
        assert_eq!(source["format"], "tlsa", "{service}");
        assert_eq!(source["entries"][0]["enforced"], enforced, "{service}");
        assert_eq!(source["entries"][0]["outcome"], outcome, "{service}");
        assert!(rules(target).contains(&rule), "{service}: {target:#}");
        assert_eq!(checked(&[&saved, "--offline"]), live, "{service}");
        assert_eq!(checked(&[&saved, "--tlsa"]), live, "{service}");
    }
    // Nothing there is nothing pinned, and said to be so.
    let (target, code) = checked(&[&[&*format!("{SHOP}:587"), "--tlsa"], &network[..]].concat());
    assert_eq!((&target["pins"]["status"], code), (&"not_pinned".into(), 0), "{target:#}");
    assert!(target["pins"]["reason"].as_str().unwrap().contains("no TLSA records"), "{target:#}");
    // In the comparison they have a column of their own, which mail servers go by.
    let output = pinstead()
        .args(["check", &format!("{SHOP}:25"), "--tlsa", "--fail-on", "none", "--format", "json"])
        .args(&network)
        .output()
        .unwrap();
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    let comparison = &report["targets"][0]["comparison"];
    let columns = comparison["columns"].as_array().unwrap();
    let in_place = |control: &str| &columns.iter().find(|one| one["control"] == control).unwrap()["in_place"];
    assert_eq!([in_place("dane"), in_place("pins")], ["yes", "unknown"], "{comparison:#}");
    assert_eq!(comparison["clients"][0]["client"], "mail");
    let own_ca = comparison["clients"][0]["threats"].as_array().unwrap().iter().find(|one| one["id"] == "T4");
    assert_eq!(own_ca.unwrap()["effect"], "prevents");
    assert_eq!(own_ca.unwrap()["by"], serde_json::json!(["dane"]));
    // A look-up that failed is passed over by no gate, not even where something else pins.
    let deaf = [&base[..], &["--resolver", "127.0.0.1:1"]].concat();
    let service = format!("{SHOP}:25");
    let (target, code) = checked(&[&[&*service, "--tlsa"], &deaf[..]].concat());
    assert_eq!((&target["pins"]["status"], code), (&"undetermined".into(), 3), "{target:#}");
    let key = String::from_utf8(
        run("sh", &["-c", &format!("printf %s {own} | tr a-f A-F | basenc -d --base16 | base64")]).stdout,
    );
    let curl = format!("sha256//{}", key.unwrap().trim());
    let (target, code) = checked(&[&[&*service, "--tlsa", "--pins", &curl], &deaf[..]].concat());
    assert_eq!((&target["pins"]["status"], code), (&"pinned".into(), 3), "{target:#}");
    let (target, code) = checked(&[&[&*service, "--pins", &curl], &deaf[..]].concat());
    assert_eq!((&target["pins"]["status"], code), (&"pinned".into(), 0), "{target:#}");
}

#[test]
fn evidence_without_tlsa_is_read_and_says_so_where_tlsa_is_asked_for() {
    let running = Running::start();
    let folder = tempfile::tempdir().unwrap();
    let (saved, leaf) =
        (folder.path().join("seen.json"), running.world.shop.chain_file.display().to_string());
    let path = saved.display().to_string();
    let before = checked(&[&leaf, "--save-evidence", &path, "--pins", "sha256//x", "--offline"]);
    let evidence = std::fs::read_to_string(&saved).unwrap();
    let older = evidence.replace("    \"tlsa\": false,\n", "");
    assert_eq!(evidence.matches("tlsa").count(), 1, "{evidence}");
    assert_eq!(older.matches("tlsa").count(), 0, "{evidence}");
    std::fs::write(&saved, older).unwrap();
    assert_eq!(checked(&[&path]), before);
    for (arguments, why) in [
        (vec![&*path, "--tlsa"], "saved without --tlsa"),
        (vec![&leaf, "--tlsa"], "needs a target that is a host"),
        (vec!["192.0.2.1", "--tlsa"], "needs a target that is a host"),
        (vec![SHOP, "--tlsa", "--only", "ct"], "belongs to the part pins"),
        (vec![SHOP, "--tlsa", "--offline"], "cannot be used with"),
    ] {
        let output = pinstead().arg("check").args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output).contains(why), "{arguments:?}: {}", text(&output));
    }
}
