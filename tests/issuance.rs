//! `pinstead issuance`: what was issued, by files of certificates, from the command line to the report.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;
use std::path::{Path, PathBuf};

use pinstead::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use pinstead::demo::ct::{SctPlan, issue};
use pinstead::observe::clock;
use serde_json::Value;
use tempfile::TempDir;
use world::{Running, pinstead, run};

fn issuance(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let assert = pinstead().current_dir(folder).arg("issuance").args(arguments).assert().code(code);
    let output = assert.get_output();
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

fn json(folder: &Path, arguments: &[&str], code: i32) -> Value {
    let all = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&issuance(folder, &all, code).0).unwrap()
}

fn rules(name: &Value) -> Vec<&str> {
    name["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder with a CA that the policy expects, and what it issued.
struct Lab {
    folder: TempDir,
    ca: CaCertificate,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = CaCertificate::root("Lab CA", KeyAlgorithm::P256, clock::now()).unwrap();
        let lab = Self { folder, ca };
        let policy = format!(
            "expect_ca = [\"Lab\"]\n[[private_ca]]\nowner = \"Lab\"\nspki_sha256 = \"{}\"\n",
            lab.ca.key.spki_sha256()
        );
        lab.write("pinstead.toml", policy.as_bytes());
        fs::create_dir(lab.path("certificates")).unwrap();
        lab.write("certificates/ca.pem", lab.ca.to_pem().as_bytes());
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    fn issue(&self, file: &str, names: &[&str]) {
        let request = LeafRequest::new(names, clock::now()).unwrap();
        let leaf = issue(&self.ca, &request, &SctPlan::default()).unwrap();
        self.write(&format!("certificates/{file}"), leaf.to_pem().as_bytes());
    }

    fn run(&self, arguments: &[&str], code: i32) -> (String, String) {
        let all = [arguments, &["--offline", "--certificates", "certificates"]].concat();
        issuance(self.folder.path(), &all, code)
    }

    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let all = [arguments, &["--format", "json"]].concat();
        serde_json::from_str(&self.run(&all, code).0).unwrap()
    }
}

/// The world's own hosts: one of the expected CA, one of another that CAA does not allow.
#[test]
fn an_unexpected_ca_is_found_and_set_beside_caa() {
    let running = Running::start();
    let world = &running.world;
    let folder = tempfile::tempdir().unwrap();
    let resolver = world.dns_address().to_string();
    let evidence = folder.path().join("evidence.json");
    let arguments = [
        "demo.example",
        "--policy",
        text(&world.files.policy),
        "--resolver",
        &resolver,
        "--save-evidence",
        text(&evidence),
        "--certificates",
        text(&world.shop.chain_file),
        text(&world.legacy.chain_file),
    ];
    let report = json(folder.path(), &arguments, 1);
    let name = &report["names"][0];
    assert_eq!((report["schema_version"].as_u64(), name["name"].as_str()), (Some(1), Some("demo.example")));
    assert_eq!(name["outcome"], "fail");
    let issued = &name["issuance"];
    assert_eq!((&issued["status"], &issued["sources"][0]["coverage"]), (&"checked".into(), &"whole".into()));
    assert_eq!(issued["unexpected"].as_array().unwrap().len(), 1);
    assert_eq!(issued["unexpected"][0]["issuer_owner"], "Careless CA");
    let [first, second] = issued["certificates"].as_array().unwrap().as_slice() else { panic!("{issued}") };
    assert_eq!((&first["expectation"], &second["expectation"]), (&"unexpected".into(), &"expected".into()));
    assert_eq!((&first["caa"]["verdict"], &second["caa"]["verdict"]), (&"deny".into(), &"permit".into()));
    assert_eq!(
        (&first["issuer_proof"], &first["dns_names"][0]),
        (&"signature".into(), &"legacy.demo.example".into())
    );
    assert_eq!(rules(name), ["CRT001", "CRT004"]);
    assert_eq!(report["summary"]["findings"]["high"], 1);

    // Judged again, it is the same report, and nothing is asked.
    let human = [&arguments[..5], &arguments[7..]].concat();
    let (seen, _) = issuance(folder.path(), &human, 1);
    let (again, note) = issuance(folder.path(), &[text(&evidence)], 1);
    assert_eq!(seen, again);
    assert!(note.contains("evidence saved on"), "{note}");
    assert_eq!(json(folder.path(), &[text(&evidence)], 1), report);
    // What is expected may be said anew.
    let loosened = json(folder.path(), &[text(&evidence), "--expect-ca", "Careless CA", "Demo CA"], 0);
    assert_eq!(rules(&loosened["names"][0]), ["CRT004"]);
    // It is no evidence of a target.
    pinstead().args(["check", text(&evidence)]).assert().code(2);
}

#[test]
fn a_folder_is_judged_offline_and_gives_the_expected_its_due() {
    let lab = Lab::new();
    lab.issue("a.pem", &["t.example", "www.t.example"]);
    lab.issue("b.pem", &["u.example"]);
    let report = lab.json(&["t.example", "u.example", "v.example"], 0);
    let counts: Vec<usize> = report["names"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name["issuance"]["certificates"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [1, 1, 0]);
    assert_eq!(report["summary"]["pass"], 3);
    let one = &report["names"][0]["issuance"]["certificates"][0];
    assert_eq!((&one["expectation"], &one["caa"]["verdict"]), (&"expected".into(), &"not_checked".into()));
    assert_eq!(one["seen"][0]["place"], "certificates/a.pem");
    let (lines, _) = lab.run(&["t.example", "u.example", "--format", "jsonl"], 0);
    assert_eq!(lines.lines().count(), 2);
    assert_eq!(serde_json::from_str::<Value>(lines.lines().next().unwrap()).unwrap()["schema_version"], 1);
}

/// The lists of the policy: a key and a name that nobody wrote down.
#[test]
fn keys_and_names_beyond_the_lists_of_the_policy_are_found() {
    let lab = Lab::new();
    lab.issue("a.pem", &["t.example", "*.t.example"]);
    let policy = fs::read_to_string(lab.path("pinstead.toml")).unwrap();
    let domain = "[[domain]]\nname = \"t.example\"\nknown_names = [\"t.example\"]\n\
                  known_keys = [\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"]\n";
    lab.write("pinstead.toml", format!("{policy}{domain}").as_bytes());
    let report = lab.json(&["t.example"], 0);
    assert_eq!(rules(&report["names"][0]), ["CRT005", "CRT007"]);
    let one = &report["names"][0]["issuance"]["certificates"][0];
    assert_eq!((&one["known_key"], &one["unlisted_names"][0]), (&"unlisted".into(), &"*.t.example".into()));
    lab.json(&["t.example", "--fail-on", "medium"], 1);
}

/// OpenSSL makes two CAs of one name, so that only their keys differ.
#[test]
fn a_forged_issuer_name_is_found_by_its_key_in_what_openssl_made() {
    let lab = Lab::new();
    let at = |name: &str| lab.path(name).to_str().unwrap().to_owned();
    for ca in ["real", "forger"] {
        let (key, file) = (at(&format!("{ca}.key")), at(&format!("certificates/{ca}.pem")));
        let made = run(
            "openssl",
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                &key,
                "-out",
                &file,
                "-days",
                "30",
                "-subj",
                "/C=ZZ/O=One Name/CN=One Name CA",
            ],
        );
        assert!(made.status.success(), "{}", world::text(&made));
        let (leaf_key, leaf) = (at(&format!("{ca}-leaf.key")), at(&format!("certificates/{ca}-leaf.pem")));
        let made = run(
            "openssl",
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                &leaf_key,
                "-out",
                &leaf,
                "-days",
                "20",
                "-subj",
                "/CN=t.example",
                "-addext",
                "subjectAltName=DNS:t.example",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-CA",
                &file,
                "-CAkey",
                &key,
            ],
        );
        assert!(made.status.success(), "{}", world::text(&made));
    }
    let real = run(
        "sh",
        &[
            "-c",
            &format!(
                "openssl pkey -in {} -pubout -outform der | openssl dgst -sha256 -binary | openssl base64 -A",
                at("real.key")
            ),
        ],
    );
    let key = String::from_utf8(real.stdout).unwrap();
    lab.write(
        "pinstead.toml",
        format!(
            "expect_ca = [\"One Name\"]\n[[private_ca]]\nowner = \"One Name\"\nspki_sha256 = \"{key}\"\n"
        )
        .as_bytes(),
    );
    let report = lab.json(&["t.example"], 1);
    let name = &report["names"][0];
    assert_eq!(rules(name), ["CRT003"]);
    let forged = &name["issuance"]["certificates"][0];
    assert_eq!(forged["forged_issuer_name"][0], "One Name");
    assert_eq!(forged["seen"][0]["place"], "certificates/forger-leaf.pem");
    assert_ne!(forged["issuer_spki_sha256"], key.as_str());
    let other = &name["issuance"]["certificates"][1];
    assert_eq!(
        (&other["expectation"], &other["issuer_spki_sha256"]),
        (&"expected".into(), &key.as_str().into())
    );
}

#[test]
fn without_a_source_nothing_is_asked() {
    let lab = Lab::new();
    let (out, error) = issuance(lab.folder.path(), &["t.example"], 2);
    assert!(out.is_empty() && error.contains("--certificates"), "{error}");
    let (_, error) = issuance(lab.folder.path(), &["*.t.example", "--certificates", "certificates"], 2);
    assert!(error.contains("give t.example"), "{error}");
}

#[test]
fn what_cannot_be_read_is_never_passed_over() {
    let lab = Lab::new();
    lab.issue("a.pem", &["t.example"]);
    lab.write("certificates/torn.pem", b"-----BEGIN CERTIFICATE-----\nMIIB\n");
    let report = lab.json(&["t.example"], 3);
    let name = &report["names"][0];
    assert_eq!(
        (&name["issuance"]["status"], &name["outcome"]),
        (&"undetermined".into(), &"undetermined".into())
    );
    assert_eq!(rules(name), ["CRT011"]);
    assert_eq!(name["issuance"]["certificates"].as_array().unwrap().len(), 1);
    issuance(lab.folder.path(), &["t.example", "--offline", "--certificates", "none.pem"], 2);
    // A certificate that is cut off is told by the name that can be read in it.
    fs::remove_file(lab.path("certificates/torn.pem")).unwrap();
    let request = LeafRequest::new(&["www.t.example"], clock::now()).unwrap();
    let mut der = issue(&lab.ca, &request, &SctPlan::default()).unwrap().der;
    der.truncate(der.len() - 10);
    lab.write("certificates/cut.der", &der);
    let report = lab.json(&["t.example"], 3);
    let mut found = rules(&report["names"][0]);
    found.sort_unstable();
    assert_eq!(found, ["CRT002", "CRT014"]);
}

#[test]
fn the_report_fits_and_hostile_names_cannot_steer_the_terminal() {
    let lab = Lab::new();
    lab.issue(
        "a.pem",
        &["t.example", "\u{1b}[2J.t.example", &format!("{}.t.example", "long-name.".repeat(20))],
    );
    let (report, _) = lab.run(&["t.example"], 0);
    assert!(!report.contains('\u{1b}'), "{report:?}");
    for line in report.lines().filter(|line| line.trim().contains(' ')) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(report.starts_with("t.example: 1 certificate, current"), "{report}");
    assert!(report.contains("issued by") && report.contains("Lab  "), "{report}");
}
