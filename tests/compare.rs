//! `pinstead compare`: a host of the loopback world with pins and a history of certificates, from the command line to
//! the report.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

#[path = "compare/monitored.rs"]
mod monitored;

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use pinstead::demo::authority::{CaCertificate, LeafRequest};
use pinstead::demo::ct::{SctPlan, issue};
use pinstead::demo::world::{BESIDE, SHOP};
use serde_json::Value;
use tempfile::TempDir;
use world::odd_dns::{CAA, RECURSIVE, answer, datagrams, reply};
use world::{Running, pinstead};

/// A world, and what was issued for its shop: three certificates of the CA that nobody expects, then the one in use.
struct Shop {
    running: Running,
    folder: TempDir,
}

impl Shop {
    fn new() -> Self {
        let running = Running::start();
        let shop = Self { running, folder: tempfile::tempdir().unwrap() };
        fs::create_dir(shop.path("history")).unwrap();
        let world = &shop.running.world;
        let cas = &world.cas;
        for (name, ca) in [("root", &cas.root), ("expected", &cas.expected), ("careless", &cas.careless)] {
            shop.write(&format!("history/{name}.pem"), &ca.to_pem());
        }
        for (name, days) in [("a", 215), ("b", 155), ("c", 95)] {
            shop.write(&format!("history/{name}.pem"), &leaf(&cas.careless, world.now, days));
        }
        shop.write("history/now.pem", &world.shop.leaf.to_pem());
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn history(&self) -> String {
        self.path("history").display().to_string()
    }

    fn run(&self, hosts: &[&str], more: &[&str], code: i32) -> (String, String) {
        compare(&[&as_str(&self.running.world.check_arguments(hosts)), more].concat(), code)
    }

    fn json(&self, hosts: &[&str], more: &[&str], code: i32) -> Value {
        let text = self.run(hosts, &[more, &["--format", "json"]].concat(), code).0;
        serde_json::from_str(&text).unwrap()
    }
}

fn as_str(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// A certificate for the shop, issued so many days ago for ninety.
fn leaf(ca: &CaCertificate, now: Timestamp, days_ago: i64) -> String {
    let not_before = now - SignedDuration::from_hours(days_ago * 24);
    let not_after = not_before + SignedDuration::from_hours(90 * 24);
    let request = LeafRequest { not_before, not_after, ..LeafRequest::new(&[SHOP], now).unwrap() };
    issue(ca, &request, &SctPlan::default()).unwrap().to_pem()
}

fn compare(arguments: &[&str], code: i32) -> (String, String) {
    let assert = pinstead().arg("compare").args(arguments).assert().code(code);
    let output = assert.get_output();
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

fn rules(target: &Value) -> Vec<&str> {
    target["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

fn step<'v>(target: &'v Value, id: &str) -> &'v Value {
    let steps = target["comparison"]["advice"]["migration"].as_array().unwrap();
    steps.iter().find(|step| step["id"] == id).unwrap()
}

#[test]
fn a_host_is_compared_and_its_history_replayed() {
    let shop = Shop::new();
    let history = shop.history();
    // Whoever issued before is not expected any more, which `issuance` tells: that fails nothing here.
    let report = shop.json(&[SHOP], &["--history", &history, "--fail-on", "none"], 0);
    let target = &report["targets"][0];
    let comparison = &target["comparison"];
    assert!(comparison["threats"].as_array().unwrap().len() > 10);
    let replay = &comparison["replay"];
    assert_eq!(replay["host"], SHOP);
    assert_eq!(replay["certificates"].as_array().unwrap().len(), 4);
    assert_eq!(replay["key_reuse"], serde_json::json!({"of": 3, "count": 0}));
    let sets = replay["pin_sets"].as_array().unwrap();
    let given = sets.iter().find(|set| set["kind"]["kind"] == "given").unwrap();
    assert!(!given["lockouts"].as_array().unwrap().is_empty(), "{given}");
    let advice = &comparison["advice"];
    assert_eq!(advice["verdict"], "change");
    assert_eq!(advice["open_questions"].as_array().unwrap().len(), 5);
    assert_eq!(step(target, "caa")["done"], "yes");
    assert_eq!(step(target, "removed")["done"], "no");
    assert_eq!(step(target, "released")["done"], "unknown");
}

#[test]
fn what_the_owner_states_decides() {
    let shop = Shop::new();
    let history = shop.history();
    let stated =
        ["--history", &history, "--fail-on", "none", "--client", "android:36,ios", "--pins-updatable=false"];
    let report = shop.json(&[SHOP], &stated, 0);
    let advice = &report["targets"][0]["comparison"]["advice"];
    assert_eq!(advice["verdict"], "drop");
    assert_eq!(advice["because"][0]["id"], "pins_not_updatable");
    // The four that are left, and what iOS apps pin: the file is Android's.
    let open = advice["open_questions"].as_array().unwrap();
    assert_eq!(open.len(), 5);
    assert!(open[4].as_str().unwrap().starts_with("Do iOS apps have pins of their own"), "{}", open[4]);
}

#[test]
fn saved_evidence_gives_the_same_comparison() {
    let shop = Shop::new();
    let (history, saved) = (shop.history(), shop.path("evidence.json"));
    let saved = saved.to_str().unwrap();
    let observed = shop.json(
        &[SHOP],
        &["--history", &history, "--fail-on", "none", "--release-lead", "30d", "--save-evidence", saved],
        0,
    );
    let again = |more: &[&str]| -> Value {
        let text = compare(&[&[saved, "--format", "json", "--fail-on", "none"], more].concat(), 0).0;
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(observed["targets"], again(&[])["targets"]);
    // What is stated now counts instead.
    let stated = again(&["--native-app=false"]);
    assert_eq!(stated["targets"][0]["comparison"]["advice"]["verdict"], "drop");
}

#[test]
fn history_and_pins_alone_are_enough_without_a_network() {
    let shop = Shop::new();
    let world = &shop.running.world;
    let path = |path: &Path| path.display().to_string();
    let (roots, pins) = (path(&world.files.roots), path(&world.files.network_security_config));
    let arguments = [
        SHOP,
        "--offline",
        "--roots",
        &roots,
        "--pins",
        &pins,
        "--history",
        &shop.history(),
        "--format",
        "json",
    ];
    let report: Value = serde_json::from_str(&compare(&arguments, 0).0).unwrap();
    let target = &report["targets"][0];
    assert_eq!(target["comparison"]["replay"]["certificates"].as_array().unwrap().len(), 4);
    assert!(!rules(target).contains(&"TLS001"), "nobody asked for the server");
    let open = target["undetermined"].as_array().unwrap();
    assert!(!open.iter().any(|what| what == "whether the pins match"), "{open:?}");
    // What the server shows is not known, and a gate that lets nothing stay open does not pass.
    assert!(open.iter().any(|what| what == "the certificate"), "{open:?}");
    compare(&[&arguments[..], &["--fail-on-undetermined"]].concat(), 3);
    // Without a history there is nothing left to compare.
    compare(&[SHOP, "--offline", "--pins", &pins], 3);
}

#[test]
fn without_a_source_the_replay_is_not_checked() {
    let shop = Shop::new();
    let (text, _) = shop.run(&[SHOP], &[], 0);
    assert!(text.contains("Replay not checked: no source of what was issued is named"), "{text}");
    assert!(text.contains("\nAdvice "), "{text}");
    let report = shop.json(&[SHOP], &[], 0);
    assert_eq!(report["targets"][0]["comparison"]["replay"], Value::Null);
}

#[test]
fn a_history_that_cannot_be_read_is_a_usage_error() {
    let shop = Shop::new();
    shop.write("empty.pem", "nothing\n");
    let missing = shop.path("missing").display().to_string();
    let empty = shop.path("empty.pem").display().to_string();
    for path in [&missing, &empty] {
        let (out, error) = shop.run(&[SHOP], &["--history", path], 2);
        assert!(out.is_empty() && error.contains(&format!("--history {path}: ")), "{error}");
    }
}

#[test]
fn many_names_are_told_one_after_the_other() {
    let shop = Shop::new();
    // The records that nobody asked for by name, and that cannot be had, leave nothing else open.
    let report = shop.json(&[SHOP, BESIDE], &["--history", &shop.history(), "--fail-on", "none"], 0);
    let targets = report["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 2);
    assert!(targets.iter().all(|target| target["comparison"]["advice"].is_object()));
    assert!(!rules(&targets[0]).contains(&"CMP002"));
    let lines = shop
        .run(&[SHOP, BESIDE], &["--history", &shop.history(), "--format", "jsonl", "--fail-on", "none"], 0)
        .0;
    assert_eq!(lines.lines().count(), 2);
}

#[test]
fn what_cannot_be_replayed_is_told() {
    let shop = Shop::new();
    let history = shop.history();
    let arguments = [BESIDE, "--offline", "--history", &history, "--fail-on", "none", "--format", "json"];
    let report: Value = serde_json::from_str(&compare(&arguments, 3).0).unwrap();
    assert!(rules(&report["targets"][0]).contains(&"CMP002"), "{:?}", rules(&report["targets"][0]));
}

#[test]
fn a_step_can_be_required() {
    let shop = Shop::new();
    let (text, _) = shop.run(&[SHOP], &["--require", "removed"], 1);
    assert!(text.contains("CMP003") && text.contains("network_security_config.xml"), "{text}");
    shop.run(&[SHOP], &["--require", "caa,expected-ca"], 0);
    let (text, _) = shop.run(&[SHOP], &["--require", "monitoring"], 3);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("whether the step “monitoring” is done"), "{text}");
    assert!(shop.run(&[SHOP], &["--require", "luck"], 2).1.contains("is no step; use monitoring, caa"));
}

/// A configuration of an Android app that pins the shop to these keys.
fn android(keys: &[&CaCertificate]) -> String {
    let pins: Vec<String> =
        keys.iter().map(|ca| format!("<pin digest='SHA-256'>{}</pin>", ca.key.spki_sha256())).collect();
    format!(
        "<network-security-config><domain-config><domain>{SHOP}</domain><pin-set>{}</pin-set></domain-config>\
         </network-security-config>",
        pins.concat()
    )
}

/// Code of an Android app that pins the shop to this key.
fn okhttp(ca: &CaCertificate) -> String {
    format!(
        "val pins = CertificatePinner.Builder().add(\"{SHOP}\", \"sha256/{}\").build()\n\
         val client = OkHttpClient.Builder().certificatePinner(pins).build()\n",
        ca.key.spki_sha256()
    )
}

/// Wide are pins of every root, over a history that shows it; not pins of an intermediate, which the same history matches.
#[test]
fn pins_are_wide_by_their_roots_and_by_what_was_issued() {
    let shop = Shop::new();
    let world = &shop.running.world;
    let roots = world.files.roots.display().to_string();
    fs::create_dir(shop.path("own")).unwrap();
    let own = shop.path("own").display().to_string();
    let path = |name: &str| shop.path(name).display().to_string();
    for (name, ca) in [("root", &world.cas.root), ("intermediate", &world.cas.expected)] {
        shop.write(&format!("own/{name}.pem"), &ca.to_pem());
        shop.write(&format!("{name}.xml"), &android(&[ca, &world.cas.careless]));
    }
    let issued = |days: &[i64]| {
        for days in days {
            shop.write(&format!("own/{days}.pem"), &leaf(&world.cas.expected, world.now, *days));
        }
    };
    let widened = |pins: &str, code: i32| {
        let arguments = [SHOP, "--offline", "--roots", &roots, "--pins", &path(pins), "--fail-on", "none"];
        let gate = ["--require", "widened", "--history", &own, "--format", "json"];
        let text = compare(&[&arguments[..], &gate].concat(), code).0;
        let report: Value = serde_json::from_str(&text).unwrap();
        report["targets"][0]["comparison"]["advice"]["required"][0]["evidence"].as_str().unwrap().to_owned()
    };
    issued(&[80, 20]);
    let few = widened("root.xml", 3);
    assert!(few.contains("only 1 recent renewals are known"), "{few}");
    issued(&[380, 320, 260, 200, 140]);
    let all = widened("root.xml", 0);
    assert!(all.contains("every root of the CAs in use is pinned"), "{all}");
    let narrow = widened("intermediate.xml", 1);
    assert!(narrow.contains("1 of 1 roots of the CAs in use are not pinned"), "{narrow}");
    // A build that takes another file pins nothing here, and nobody of it is locked out.
    for (set, text) in
        [("main", android(&[&world.cas.root])), ("staging", android(&[]).replace(SHOP, "stg.example"))]
    {
        fs::create_dir_all(shop.path(&format!("app/src/{set}/res/xml"))).unwrap();
        shop.write(&format!("app/src/{set}/res/xml/nsc.xml"), &text);
    }
    let flavours = widened("app", 0);
    assert!(flavours.contains("match the pins of src/main/res/xml/nsc.xml"), "{flavours}");
    // Compiled code of an app whose pins were read keeps nothing open; code that compares keys, maybe of another app, does.
    fs::create_dir(shop.path("app/ios")).unwrap();
    shop.write("app/x.so", "\u{7f}ELF");
    widened("app", 0);
    shop.write("app/ios/Pins.swift", "let manager = ServerTrustManager(evaluators: evaluators)");
    let called = widened("app", 3);
    assert!(
        called.contains("Pins.swift:1: it looks at certificates itself (ServerTrustManager)"),
        "{called}"
    );
    shop.write("app/ios/Pins.swift", "let key = SecTrustCopyKey(trust)");
    let code = widened("app", 3);
    assert!(code.contains("app/ios/Pins.swift:1: ") && code.contains("without_pins"), "{code}");
    fs::remove_file(shop.path("app/src/main/res/xml/nsc.xml")).unwrap();
    shop.write("app/Net.kt", &okhttp(&world.cas.root));
    shop.write("app/ios/Pins.swift", "");
    shop.write("app/Client.kt", "fun of(pinner: CertificatePinner) = builder.certificatePinner(pinner)");
    widened("app", 0);
}

/// What is required fails by itself, whatever else is to fail.
#[test]
fn a_required_step_fails_whatever_severity_does() {
    let shop = Shop::new();
    for more in [
        vec!["--require", "removed"],
        vec!["--require", "removed", "--fail-on", "none"],
        vec!["--require", "removed", "--fail-on", "critical"],
        vec!["--require", "caa,removed", "--fail-on", "none"],
    ] {
        let report = shop.json(&[SHOP], &more, 1);
        assert_eq!(report["targets"][0]["outcome"], "fail", "{more:?}");
        assert_eq!(report["summary"]["fail"], 1);
    }
    shop.run(&[SHOP], &["--require", "caa", "--fail-on", "none"], 0);
    shop.run(&[SHOP], &["--require", "monitoring", "--fail-on", "none"], 3);
    // Done, and another finding fails all the same.
    shop.run(&[SHOP], &["--require", "caa", "--fail-on", "info"], 1);
    let (text, _) = shop.run(&[SHOP], &["--require", "removed", "--fail-on", "none", "--format", "junit"], 1);
    assert!(text.contains("<failure") && text.contains("CMP003"), "{text}");
    let (text, _) =
        shop.run(&[SHOP], &["--require", "removed", "--fail-on", "none", "--format", "markdown"], 1);
    assert!(text.contains("\nA step that is required is not done.\n"), "{text}");
    // Nothing tells these, so nobody can wait for them.
    for step in ["released", "old-versions-gone"] {
        let error = shop.run(&[SHOP], &["--require", step], 2).1;
        assert!(error.contains(&format!("the step “{step}” cannot be required")), "{error}");
    }
}

/// `compare` looks up TLSA records by itself; what stays open there is told, and fails where nothing may stay open.
#[test]
fn tlsa_records_that_could_not_be_had_stay_open() {
    let shop = Shop::new();
    // This resolver answers nothing; the server is reached all the same, and CAA is not asked for.
    let deaf = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let deaf = deaf.local_addr().unwrap().to_string();
    let world = &shop.running.world;
    let (connect, roots) = (world.tls_address().to_string(), world.files.roots.display().to_string());
    let pins = world.files.network_security_config.display().to_string();
    let arguments = [
        SHOP,
        "--connect",
        &connect,
        "--resolver",
        &deaf,
        "--roots",
        &roots,
        "--pins",
        &pins,
        "--only",
        "pins,compare",
        "--fail-on",
        "none",
        "--format",
        "json",
    ];
    let open = |more: &[&str], code: i32| -> Vec<String> {
        let text = compare(&[&arguments[..], more].concat(), code).0;
        let report: Value = serde_json::from_str(&text).unwrap();
        let open = report["targets"][0]["undetermined"].as_array().unwrap();
        open.iter().map(|what| what.as_str().unwrap().to_owned()).collect()
    };
    let told = open(&["--fail-on-undetermined"], 3);
    assert!(told.iter().any(|what| what.contains("TLSA of _443._tcp.")), "{told:?}");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let shop = Shop::new();
    for (arguments, told) in [
        (vec![SHOP, "--offline", "--client", "windows"], "is no kind of client"),
        (vec![SHOP, "--offline", "--release-lead", "soon"], "is no release lead"),
        (vec!["--offline"], "no name is given"),
        (vec!["history/a.pem", "--offline"], "is a file, and no saved evidence"),
    ] {
        let error = compare(&arguments, 2).1;
        assert!(error.contains(told), "{error}");
    }
    shop.write("pinstead.toml", "[compare]\nclients = [\"browser\"]\nrelease_lead = \"two months\"\n");
    let policy = shop.path("pinstead.toml").display().to_string();
    let error = compare(&[SHOP, "--offline", "--policy", &policy], 2).1;
    assert!(error.contains("line 3") && error.contains("“two months” is no release lead"), "{error}");
}

#[test]
fn the_report_fits_in_80_columns() {
    let shop = Shop::new();
    let history = shop.history();
    for more in [vec!["--history", &history], vec!["--history", &history, "--full"]] {
        let (text, _) = shop.run(&[SHOP], &[more, vec!["--fail-on", "none"]].concat(), 0);
        let is_long = |line: &&str| line.chars().count() > 80 && line.trim().contains(' ');
        let long: Vec<&str> = text.lines().filter(is_long).collect();
        // Commands and hashes are there to be copied, and stay whole.
        assert!(long.is_empty(), "{long:#?}");
        assert!(text.contains("Replay") && text.contains("The way off pinning"), "{text}");
    }
}

const ISSUE: &[u8] = b"\0\x05issueca.demo.example";
const NO_WILDCARD: &[u8] = b"\0\x09issuewild;";
const OTHER_WILDCARD: &[u8] = b"\0\x09issuewildother-ca.example";

/// A resolver for which the shop and its parent have these CAA records, and nothing else has anything.
fn resolver(shop: &'static [&[u8]], parent: &'static [&[u8]]) -> String {
    let answerer = move |question: &[u8]| {
        let end = question.iter().skip(12).position(|octet| *octet == 0).unwrap() + 13;
        let is_caa = question[end..end + 2] == CAA.to_be_bytes();
        let records: &[&[u8]] = match question[12..end].to_ascii_lowercase().as_slice() {
            b"\x04shop\x04demo\x07example\0" if is_caa => shop,
            b"\x04demo\x07example\0" if is_caa => parent,
            _ => &[],
        };
        let records: Vec<(u16, &[u8])> = records.iter().map(|rdata| (CAA, *rdata)).collect();
        vec![if records.is_empty() { reply(question, 0) } else { answer(question, RECURSIVE, &records) }]
    };
    datagrams(answerer).to_string()
}

/// A certificate for the wildcard serves for the host as well, so who may issue it counts.
#[test]
fn the_gate_of_caa_holds_for_the_wildcard_over_the_host() {
    let shop = Shop::new();
    let saved = shop.path("caa.json").display().to_string();
    let gate = |records: (&'static [&[u8]], &'static [&[u8]]), code: i32| -> String {
        let mut arguments = shop.running.world.check_arguments(&[SHOP]);
        let at = arguments.iter().position(|argument| argument == "--resolver").unwrap();
        arguments[at + 1] = resolver(records.0, records.1);
        let more = ["--require", "caa", "--fail-on", "none", "--format", "json", "--save-evidence", &saved];
        evidence(&compare(&[&as_str(&arguments)[..], &more].concat(), code).0)
    };
    gate((&[], &[ISSUE, NO_WILDCARD]), 0);
    let other = gate((&[], &[ISSUE, OTHER_WILDCARD]), 1);
    assert!(other.contains("*.demo.example covers shop.demo.example as well"), "{other}");
    assert!(other.contains("CAA permits other-ca.example: at demo.example, name"), "{other}");
    let open = gate((&[ISSUE], &[]), 1);
    assert!(open.contains("CAA lets any CA issue that"), "{open}");
    gate((&[ISSUE], &[ISSUE, NO_WILDCARD]), 0);
    // Evidence in which nobody asked for the parent's records does not tell.
    let mut evidence_of: Value = serde_json::from_str(&fs::read_to_string(&saved).unwrap()).unwrap();
    for lookup in evidence_of["targets"][0]["caa"].as_array_mut().unwrap() {
        assert!(lookup.as_object_mut().unwrap().remove("above").is_some(), "{lookup}");
    }
    // Evidence is known by its first key.
    let version = evidence_of.as_object_mut().unwrap().remove("pinstead_evidence").unwrap();
    let text = evidence_of.to_string().replacen('{', &format!("{{\"pinstead_evidence\":{version},"), 1);
    fs::write(&saved, text).unwrap();
    let again = [saved.as_str(), "--require", "caa", "--fail-on", "none", "--format", "json"];
    let unknown = evidence(&compare(&again, 3).0);
    assert!(unknown.contains("what CAA permits for that could not be determined"), "{unknown}");
}

/// The evidence of the step that was required.
fn evidence(report: &str) -> String {
    let report: Value = serde_json::from_str(report).unwrap();
    let required = &report["targets"][0]["comparison"]["advice"]["required"][0];
    required["evidence"].as_str().unwrap().to_owned()
}
