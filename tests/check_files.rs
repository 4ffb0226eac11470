//! `pinstead check` on files, and on input of every bad kind.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "what misbehaves has to be given up in time")]

mod world;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use world::{Running, pinstead};

fn json(arguments: &[&str], code: i32) -> Value {
    let assert =
        pinstead().args(["check", "--offline", "--format", "json"]).args(arguments).assert().code(code);
    serde_json::from_slice(&assert.get_output().stdout).expect("the report is JSON")
}

/// The world's files, and its roots and log list as arguments.
struct Files {
    running: Running,
}

impl Files {
    fn new() -> Self {
        Self { running: Running::start() }
    }

    fn shop(&self) -> String {
        path_text(&self.running.world.shop.chain_file)
    }

    fn arguments(&self) -> Vec<String> {
        let files = &self.running.world.files;
        vec!["--roots".into(), path_text(&files.roots), "--log-list".into(), path_text(&files.log_list)]
    }

    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let own = self.arguments();
        let all: Vec<&str> = arguments.iter().copied().chain(own.iter().map(String::as_str)).collect();
        json(&all, code)
    }
}

fn path_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_chain_in_a_file_is_judged_offline() {
    let files = Files::new();
    let report = files.json(&[&files.shop()], 0);
    let target = &report["targets"][0];
    assert_eq!(target["outcome"], "pass");
    assert_eq!(target["chain"].as_array().unwrap().len(), 2);
    assert_eq!(target["ct"]["scts"][1]["verdict"], "valid");
    assert_eq!(target["caa"]["status"], "not_checked");
    assert_eq!(target["pins"]["status"], "no_pin_sources");
    assert_eq!(target["issuer"]["status"], "no_expectation");
    assert_eq!(target["trust"]["name"], "not_asked");
}

#[test]
fn a_lone_leaf_needs_its_issuer() {
    let files = Files::new();
    let folder = tempfile::tempdir().unwrap();
    let leaf = folder.path().join("leaf.der");
    fs::write(&leaf, &files.running.world.shop.leaf.der).unwrap();
    let issuer = folder.path().join("issuer.pem");
    fs::write(&issuer, files.running.world.cas.expected.to_pem()).unwrap();
    let (leaf, issuer) = (path_text(&leaf), path_text(&issuer));
    let without = files.json(&[&leaf, "--fail-on", "none"], 0);
    assert_eq!(without["targets"][0]["ct"]["scts"][0]["verdict"], "issuer_unknown");
    assert_eq!(without["targets"][0]["outcome"], "undetermined");
    files.json(&[&leaf, "--fail-on-undetermined"], 3);
    let with = files.json(&[&leaf, "--issuer", &issuer], 0);
    assert_eq!(with["targets"][0]["ct"]["scts"][0]["verdict"], "valid");
}

#[test]
fn a_ci_environment_does_not_pass_over_what_is_open() {
    let files = Files::new();
    let folder = tempfile::tempdir().unwrap();
    // Without its issuer's key no SCT can be checked.
    let leaf = folder.path().join("leaf.der");
    fs::write(&leaf, &files.running.world.shop.leaf.der).unwrap();
    let check = |ci: bool| {
        let mut command = pinstead();
        if ci {
            command.env("CI", "true");
        }
        let options = ["--fail-on", "none", "--offline"];
        command.arg("check").arg(&leaf).args(options).args(files.arguments()).assert()
    };
    check(false).code(0);
    check(true).code(3);
}

/// The list given is Chrome's: the other programmes are not judged, which is told and does not fail the gate.
#[test]
fn only_chromes_policy_is_a_question_of_the_gate() {
    let files = Files::new();
    let report = files.json(&[&files.shop(), "--fail-on-undetermined"], 0);
    let target = &report["targets"][0];
    assert_eq!(target["outcome"], "pass");
    let policies = &target["ct"]["policies"];
    assert_eq!(policies["chrome"]["verdict"], "compliant");
    assert_eq!(policies["chrome"]["list"]["age_days"], 0);
    assert_eq!(policies["chrome"]["scts"][0]["counted"], "yes");
    assert_eq!(policies["chrome"]["scts"].as_array().unwrap().len(), 2);
    assert_eq!(target["ct"]["scts"][0]["log_states"]["chrome"]["now"], "usable");
    for programme in ["apple", "mozilla", "android"] {
        assert_eq!(policies[programme]["verdict"], "not_judged");
        assert_eq!(policies[programme]["list"], Value::Null);
    }
    // The user asked for Chrome's by giving its list.
    let findings = target["findings"].as_array().unwrap();
    assert!(!findings.iter().any(|finding| finding["rule"] == "CT007"), "{findings:?}");
}

/// The list given is another programme's: its verdict is what the gate asks for.
#[test]
fn a_list_of_apple_alone_is_enough_for_the_gate() {
    let files = Files::new();
    let list = format!("apple={}", path_text(&files.running.world.files.log_list));
    let roots = path_text(&files.running.world.files.roots);
    let assert = pinstead()
        .args(["check", "--offline", &files.shop(), "--fail-on-undetermined", "--fail-on", "none"])
        .args(["--roots", &roots, "--log-list", &list])
        .assert()
        .code(0);
    let text = String::from_utf8_lossy(&assert.get_output().stdout).replace('\n', " ");
    assert!(text.contains("by Apple's log list of"), "{text}");
}

/// Long expired, it is judged as of the end of its own life.
#[test]
fn an_expired_certificate_is_judged_as_of_its_own_life() {
    let files = Files::new();
    let report = files.json(&[&files.shop(), "--at", "2040-01-01T00:00:00Z", "--fail-on", "none"], 0);
    let target = &report["targets"][0];
    let chrome = &target["ct"]["policies"]["chrome"];
    assert_eq!(chrome["verdict"], "compliant");
    assert_eq!(chrome["judged_at"], target["certificate"]["not_after"]);
    assert!(chrome["reasons"][0].as_str().unwrap().contains("the end of its life"), "{chrome}");
    assert_eq!(report["judged_at"], "2040-01-01T00:00:00Z");
}

#[test]
fn standard_input_is_a_file_too() {
    let files = Files::new();
    let pem = fs::read(files.shop()).unwrap();
    let assert = pinstead()
        .args(["check", "-", "--offline", "--only", "ct"])
        .args(files.arguments())
        .write_stdin(pem)
        .assert();
    assert!(String::from_utf8_lossy(&assert.code(0).get_output().stdout).contains("2 of 2 SCTs verify"));
}

#[test]
fn many_targets_are_reported_in_their_order_in_every_form() {
    let files = Files::new();
    let mut list = tempfile::NamedTempFile::new().unwrap();
    let copies = tempfile::tempdir().unwrap();
    let world = &files.running.world;
    let copy = |number: usize| {
        let chain = if number % 7 == 3 { &world.legacy.chain_file } else { &world.shop.chain_file };
        let path = copies.path().join(format!("{number}.pem"));
        fs::copy(chain, &path).unwrap();
        path_text(&path)
    };
    let targets: Vec<String> = (0..300).map(copy).collect();
    writeln!(list, "{}", targets.join("\n")).unwrap();
    let list = list.path().to_str().unwrap();
    let check = |format: &str, more: &[&str]| {
        let mut command = pinstead();
        command.args(["check", "--offline", "--format", format, "--targets", list]).args(more);
        let assert = command.args(files.arguments()).assert().code(1);
        String::from_utf8(assert.get_output().stdout.clone()).unwrap()
    };
    let in_order = |found: &[Value]| {
        let names: Vec<&str> = found.iter().map(|target| target["target"].as_str().unwrap()).collect();
        assert_eq!(names, targets);
    };
    let lines: Vec<Value> =
        check("jsonl", &[]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    in_order(&lines);
    let report: Value = serde_json::from_str(&check("json", &[])).unwrap();
    let found = report["targets"].as_array().unwrap();
    in_order(found);
    let failed = found.iter().filter(|target| target["outcome"] == "fail").count();
    assert_eq!((failed, &report["summary"]["fail"]), (43, &Value::from(43)));
    assert_eq!(report["summary"]["targets"], 300);
    let critical = |target: &Value| {
        let findings = target["findings"].as_array().unwrap().clone();
        findings.iter().filter(|finding| finding["severity"] == "critical").count()
    };
    let counted: usize = found.iter().map(critical).sum();
    assert_eq!(report["summary"]["findings"]["critical"], counted);
    let human = check("human", &[]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(human.contains("300 targets: 257 pass, 43 fail, 0 undetermined."), "{human}");

    // A report in a file is there whole, and nothing is left beside it.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    let same_time = ["--at", report["judged_at"].as_str().unwrap()];
    assert_eq!(check("json", &[&["--output", path.to_str().unwrap()], &same_time[..]].concat()), "");
    let written: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(written["targets"], report["targets"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn targets_come_from_a_file_and_as_lines() {
    let files = Files::new();
    let mut list = tempfile::NamedTempFile::new().unwrap();
    let copy = tempfile::NamedTempFile::new().unwrap();
    fs::copy(files.shop(), copy.path()).unwrap();
    writeln!(list, "# hosts of the shop\n\n{}  # the chain\n{}", files.shop(), copy.path().display())
        .unwrap();
    let assert = pinstead()
        .args(["check", "--offline", "--format", "jsonl", "--targets", list.path().to_str().unwrap()])
        .args(files.arguments())
        .assert()
        .code(0);
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|target| target["outcome"] == "pass" && target["certificate"].is_object()));
}

#[test]
fn what_is_no_certificate_is_a_usage_error_told_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, octets: &[u8]| {
        fs::write(folder.path().join(name), octets).unwrap();
        path(name)
    };
    let sparse = path("sparse.pem");
    fs::File::create(&sparse).unwrap().set_len(100 << 20).unwrap();
    for (file, said) in [
        (write("text.pem", b"hello"), "neither DER nor"),
        (write("empty.pem", b""), "empty"),
        (write("junk.der", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 1, 2]), "cannot be read"),
        (write("nest.der", &[0x30, 0x80].repeat(50_000)), "cannot be read"),
        (write("cut.pem", b"-----BEGIN CERTIFICATE-----\nMIIB"), "has no end"),
        (sparse, "longer than"),
        (format!("{}/none.pem", folder.path().display()), "No such file"),
    ] {
        let started = Instant::now();
        let report = json(&[&file], 2);
        assert!(started.elapsed() < Duration::from_secs(10));
        let finding = &report["targets"][0]["findings"][0];
        assert_eq!(finding["rule"], "TLS007", "{file}");
        assert!(finding["message"].as_str().unwrap().contains(said), "{file}: {finding}");
    }
    // Beside a good one, the good one is still judged.
    let files = Files::new();
    let report = files.json(&[&write("more.pem", b"hello"), &files.shop()], 2);
    assert_eq!(report["targets"][1]["outcome"], "pass");
}

#[test]
fn what_cannot_be_used_is_said_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("pinstead.toml");
    fs::write(&policy, "expect_ca = []\nexpected = 1\n").unwrap();
    let policy = policy.to_str().unwrap();
    for (arguments, said) in [
        (vec!["--policy", policy, "a.example"], "line 2"),
        (vec!["--policy", "/nonexistent/pinstead.toml", "a.example"], "No such file"),
        (vec!["--roots", policy, "a.example"], "neither DER nor"),
        (vec!["--log-list", policy, "a.example"], "pinstead.toml"),
        (vec!["not a host"], "neither a file"),
        (vec!["http://a.example"], "not an https URL"),
        (vec![], "no target is named"),
        (vec!["a.example", "--resolver", "nonsense resolver"], "resolver"),
        (vec!["a.example", "--connect", "a.example"], "no IP address"),
        (vec!["a.example", "--at", "yesterday"], "--at"),
        (vec!["a.example", "--fail-on", "grave"], "no severity"),
    ] {
        let assert = pinstead().arg("check").args(&arguments).assert().code(2);
        let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
        assert!(assert.get_output().stdout.is_empty());
    }
}

/// A leaf that nobody but its own key signed, with the key identifier of a public CA's key.
fn forged(folder: &Path) -> String {
    let (key, pem) = (path_text(&folder.join("key.pem")), path_text(&folder.join("forged.pem")));
    let configuration = folder.join("forged.cnf");
    // The subject key identifier of GTS Root R1, as its certificate has it.
    let identifier = "E4:AF:2B:26:71:1A:2B:48:27:85:2F:52:66:2C:EF:F0:89:13:71:3E";
    let octets = identifier.replace(':', "");
    fs::write(
        &configuration,
        format!(
            "[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\n[dn]\nCN=forged.example\n\
             [ext]\nsubjectAltName=DNS:forged.example\n2.5.29.35=DER:30168014{octets}\n"
        ),
    )
    .unwrap();
    let made = world::run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &pem,
            "-days",
            "30",
            "-config",
            configuration.to_str().unwrap(),
        ],
    );
    assert!(made.status.success(), "{}", world::text(&made));
    pem
}

#[test]
fn a_claimed_issuer_is_no_issuer() {
    let folder = tempfile::tempdir().unwrap();
    let forged = forged(folder.path());
    for expected in ["pki.goog", "letsencrypt.org"] {
        // CT001 is there too: an exit of 3 shows through only where findings do not fail.
        let report = json(&[&forged, "--expect-ca", expected, "--fail-on", "none"], 3);
        let target = &report["targets"][0];
        assert_eq!(target["certificate"]["issuer_claimed_owner"], "Google Trust Services", "{target}");
        assert!(target["certificate"]["issuer_owner"].is_null());
        assert_eq!(target["certificate"]["issuer_caa_identifiers"], serde_json::json!([]));
        assert_eq!(target["issuer"]["status"], "undetermined", "{expected}");
    }
}

#[test]
fn further_certificates_of_a_file_are_not_passed_over() {
    let files = Files::new();
    let folder = tempfile::tempdir().unwrap();
    let both = folder.path().join("both.pem");
    let world = &files.running.world;
    fs::write(&both, fs::read_to_string(files.shop()).unwrap() + &world.legacy.leaf.to_pem()).unwrap();
    let report = files.json(&[&path_text(&both)], 3);
    assert_eq!(report["targets"][0]["findings"][0]["rule"], "TLS009");
    assert_eq!(report["targets"][0]["outcome"], "undetermined");
}

#[test]
fn a_reader_that_leaves_early_changes_no_verdict() {
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .args(["check", "--offline", &forged(folder.path())])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn saved_evidence_cannot_open_the_gate() {
    let files = Files::new();
    let folder = tempfile::tempdir().unwrap();
    let saved = path_text(&folder.path().join("evidence.json"));
    let policy = path_text(&folder.path().join("policy.toml"));
    fs::write(&policy, "fail_on = \"none\"\n").unwrap();
    let forged = forged(folder.path());
    json(&[&forged, "--policy", &policy, "--save-evidence", &saved], 0);
    // Judged again elsewhere, its own lenient policy does not count.
    pinstead().args(["check", &saved]).current_dir(folder.path()).assert().code(1);
    pinstead().args(["check", &saved, "--fail-on", "none"]).current_dir(folder.path()).assert().code(0);
    let change = |from: &str, to: &str| {
        let text = fs::read_to_string(&saved).unwrap();
        assert!(text.contains(from));
        let changed = folder.path().join("changed.json");
        fs::write(&changed, text.replace(from, to)).unwrap();
        let assert = pinstead().args(["check", changed.to_str().unwrap()]).assert().code(2);
        String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
    };
    assert!(change("\"only\": []", "\"only\": [\"bogus\"]").contains("no part of a check"));
    assert!(change("\"pinstead_evidence\": 1", "\"pinstead_evidence\": 99").contains("version 99"));
    let evidence: Value = serde_json::from_str(&fs::read_to_string(&saved).unwrap()).unwrap();
    let empty = folder.path().join("empty.json");
    let mut without = evidence;
    without["targets"] = Value::Array(Vec::new());
    fs::write(&empty, without.to_string()).unwrap();
    pinstead().args(["check", empty.to_str().unwrap()]).assert().code(2);
    // Among other targets it is not taken for a certificate.
    let assert = pinstead().args(["check", &saved, &files.shop()]).assert().code(2);
    assert!(String::from_utf8_lossy(&assert.get_output().stderr).contains("judge it alone"));
}

#[test]
fn under_a_private_root_no_sct_is_asked_for() {
    let files = Files::new();
    let folder = tempfile::tempdir().unwrap();
    let chain = folder.path().join("beside.pem");
    // A certificate without embedded SCTs.
    let world = &files.running.world;
    fs::write(&chain, world.beside.leaf.to_pem() + &world.cas.expected.to_pem()).unwrap();
    let report = json(&[&path_text(&chain), "--roots", &path_text(&world.files.roots)], 0);
    let target = &report["targets"][0];
    assert_eq!(target["ct"]["policies"]["chrome"]["verdict"], "not_judged");
    assert_eq!(target["findings"][0]["rule"], "CT001");
    assert_eq!(target["findings"][0]["severity"], "info");
    // Where the user gave logs too, they are meant to be asked for.
    files.json(&[&path_text(&chain)], 1);
}

#[test]
fn every_name_of_a_file_has_its_expectation() {
    let files = Files::new();
    let folder = tempfile::tempdir().unwrap();
    let world = &files.running.world;
    let key = pinstead::x509::Certificate::read(&world.cas.expected.der).unwrap().spki_sha256;
    let policy = folder.path().join("policy.toml");
    fs::write(
        &policy,
        format!(
            "expect_ca = [\"ca.demo.example\"]\n[[private_ca]]\nowner = \"Demo CA\"\nspki_sha256 = \"{key}\"\n\
             caa_identifiers = [\"ca.demo.example\"]\n[[domain]]\nname = \"shop.demo.example\"\nexpect_ca = [\"pki.goog\"]\n"
        ),
    )
    .unwrap();
    let report = files.json(&[&files.shop(), "--policy", &path_text(&policy)], 1);
    assert_eq!(report["targets"][0]["issuer"]["status"], "unexpected");
    assert_eq!(report["targets"][0]["issuer"]["expected"], serde_json::json!(["pki.goog"]));
}

#[test]
fn a_certificate_of_very_many_names_is_judged_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("many.cnf");
    let names: Vec<String> = (0..20_000).map(|number| format!("DNS.{number}=n{number}.example")).collect();
    fs::write(
        &configuration,
        format!(
            "[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\n[dn]\nCN=many\n[ext]\nsubjectAltName=@names\n[names]\n{}\n",
            names.join("\n")
        ),
    )
    .unwrap();
    let (key, pem) = (path_text(&folder.path().join("key.pem")), path_text(&folder.path().join("many.pem")));
    let configuration = path_text(&configuration);
    let arguments =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", &key];
    let made = world::run(
        "openssl",
        &[&arguments[..], &["-out", &pem, "-days", "30", "-config", &configuration]].concat(),
    );
    assert!(made.status.success(), "{}", world::text(&made));
    let started = Instant::now();
    json(&[&pem, "--fail-on", "none"], 0);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn a_part_asked_for_by_name_is_not_passed_over() {
    let files = Files::new();
    let shop = files.shop();
    for (part, open) in
        [("caa", "CAA, which was asked for"), ("pins", "no pin file"), ("issuer", "no CA is named")]
    {
        let report = files.json(&[&shop, "--only", part], 3);
        let target = &report["targets"][0];
        assert_eq!(target["outcome"], "undetermined", "{part}");
        let said = target["undetermined"].to_string();
        assert!(said.contains(open), "{part}: {said}");
    }
    files.json(&[&shop, "--only", "ct"], 0);
    // The comparison rests on the other parts, so they are judged with it.
    let report = files.json(&[&shop, "--only", "compare"], 3);
    assert_eq!(report["targets"][0]["ct"]["policies"]["chrome"]["verdict"], "compliant");
}

#[test]
fn a_pin_file_that_cannot_be_read_is_not_passed_over() {
    let files = Files::new();
    let pins = path_text(&files.running.world.files.network_security_config);
    let report = files.json(&[&files.shop(), "--fail-on", "none", "--pins", &pins, "no-such-file.xml"], 3);
    let target = &report["targets"][0];
    assert!(target["undetermined"].to_string().contains("no-such-file.xml"));
    // Nor does the comparison say what all clients' pins do.
    let cells = target["comparison"]["threats"][0]["cells"].as_array().unwrap();
    let pins = cells.iter().find(|cell| cell["control"] == "pins").unwrap();
    assert_eq!(pins["effect"], "unknown");
}

#[test]
fn pins_that_end_soon_are_high_where_the_time_was_named_and_in_saved_evidence_too() {
    let files = Files::new();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("network.xml");
    let pin = "<pin digest='SHA-256'>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=</pin>";
    let text = format!(
        "<network-security-config><domain-config><domain includeSubdomains='true'>demo.example</domain>\
         <pin-set expiration='2030-01-31'>{pin}</pin-set></domain-config></network-security-config>"
    );
    fs::write(&config, text).unwrap();
    let (shop, config, saved) =
        (files.shop(), path_text(&config), path_text(&folder.path().join("seen.json")));
    let severity = |arguments: &[&str]| {
        let own = files.arguments();
        let all = own.iter().map(String::as_str).chain(arguments.iter().copied());
        let output = pinstead()
            .args(["check", "--offline", "--format", "json", "--only", "pins", "--at", "2030-01-01"])
            .args(all)
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["targets"][0]["findings"].as_array().unwrap().clone();
        let found = findings.iter().find(|finding| finding["rule"] == "PIN003");
        found.map(|finding| finding["severity"].as_str().unwrap().to_owned())
    };
    let given = [shop.as_str(), "--pins", &config];
    assert_eq!(severity(&given).as_deref(), Some("medium"));
    assert_eq!(severity(&[&given[..], &["--expires-within", "29d"]].concat()).as_deref(), Some("medium"));
    let gate = [&given[..], &["--expires-within", "30d", "--save-evidence", &saved]].concat();
    assert_eq!(severity(&gate).as_deref(), Some("high"));
    assert_eq!(severity(&[&saved]).as_deref(), Some("high"));
    assert_eq!(severity(&[&saved, "--expires-within", "4w"]).as_deref(), Some("medium"));
}

#[test]
fn a_target_taken_for_a_ca_is_refused() {
    let files = Files::new();
    let assert =
        pinstead().args(["check", &files.shop(), "--expect-ca", "pki.goog", &files.shop()]).assert().code(2);
    assert!(String::from_utf8_lossy(&assert.get_output().stderr).contains("took it for a CA"));
}

#[test]
fn a_server_is_not_asked_offline() {
    let report = json(&["a.example"], 3);
    assert!(report["targets"][0]["findings"][0]["message"].as_str().unwrap().contains("offline"));
}

#[test]
fn escape_sequences_in_outside_data_never_reach_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("\u{1b}[31mred\u{1b}]0;title\u{7}.pem");
    fs::write(&file, b"hello").unwrap();
    let assert = pinstead().args(["check", "--offline"]).arg(&file).assert().code(2);
    assert!(!assert.get_output().stdout.contains(&0x1b));
}
