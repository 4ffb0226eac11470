//! `pinstead issuance`: what was issued, by files of certificates, from the command line to the report.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
    let other = folder.path().join("other.json");
    let human = [&arguments[..6], &[text(&other)], &arguments[7..]].concat();
    let (seen, _) = issuance(folder.path(), &human, 1);
    let (again, note) = issuance(folder.path(), &[text(&other)], 1);
    assert_eq!(seen, again);
    assert!(note.contains("evidence saved on"), "{note}");
    assert_eq!(json(folder.path(), &[text(&evidence)], 1), report);
    // The time that is told of CAA is that of its answers, and not of the whole look.
    let saved = fs::read_to_string(&evidence).unwrap();
    let is_time = |line: &&str| line.trim_start().starts_with("\"ended_at\": ");
    assert!(saved.lines().filter(is_time).count() >= 1, "{saved}");
    let shifted: Vec<&str> = saved
        .lines()
        .map(|line| if is_time(&line) { "\"ended_at\": \"2026-01-02T03:04:05Z\"," } else { line })
        .collect();
    fs::write(&other, shifted.join("\n")).unwrap();
    let earlier = json(folder.path(), &[text(&other)], 1);
    let name = &earlier["names"][0];
    assert_eq!(name["issuance"]["certificates"][0]["caa"]["seen_at"], "2026-01-02T03:04:05Z");
    let findings = name["findings"].as_array().unwrap();
    let denied = findings.iter().find(|finding| finding["rule"] == "CRT004").unwrap();
    let message = denied["message"].as_str().unwrap();
    assert!(message.contains("the CAA seen at 2026-01-02 03:04 UTC"), "{message}");
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

/// Runs OpenSSL in the lab's folder.
fn openssl(lab: &Lab, arguments: &str) -> Vec<u8> {
    let script = format!("cd '{}' && openssl {arguments}", lab.folder.path().display());
    let made = run("sh", &["-c", &script]);
    assert!(made.status.success(), "{arguments}: {}", world::text(&made));
    made.stdout
}

/// The hash of a key, as pins and policies have it.
fn openssl_key(lab: &Lab, file: &str) -> String {
    let pipe =
        format!("pkey -in {file} -pubout -outform der | openssl dgst -sha256 -binary | openssl base64 -A");
    String::from_utf8(openssl(lab, &pipe)).unwrap()
}

/// A certificate by OpenSSL, with a new key of this kind.
fn openssl_leaf(lab: &Lab, ca: &str, key: &str, file: &str, days: u16, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
    openssl(
        lab,
        &format!(
            "req -x509 {key} -out certificates/{file}.pem -days {days} -subj /CN=t.example -addext \
             'subjectAltName={}' -addext 'basicConstraints=critical,CA:FALSE' -CA certificates/{ca}.pem -CAkey {ca}.key",
            names.join(",")
        ),
    );
}

/// A key and a name that nobody wrote down, a certificate unlike the rest, and the backup CA of a CDN.
#[test]
fn what_openssl_made_is_set_against_the_lists_the_rest_and_the_cdn() {
    let lab = Lab::new();
    for ca in ["own", "backup"] {
        let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(
            &lab,
            &format!(
                "req -x509 {new} -keyout {ca}.key -out certificates/{ca}.pem -days 900 -subj '/O={ca}/CN={ca} CA'"
            ),
        );
    }
    openssl(&lab, "genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out usual.key");
    for number in 0..9 {
        openssl_leaf(
            &lab,
            "own",
            "-key usual.key",
            &format!("usual{number}"),
            90,
            &["t.example", "www.t.example"],
        );
    }
    let policy = format!(
        "expect_ca = [\"Own\"]\n[[private_ca]]\nowner = \"Own\"\nspki_sha256 = \"{}\"\n[[private_ca]]\nowner = \"Backup\"\n\
         spki_sha256 = \"{}\"\ncaa_identifiers = [\"sectigo.com\"]\n[[domain]]\nname = \"t.example\"\n\
         known_keys = [\"{}\"]\nknown_names = [\"t.example\", \"www.t.example\"]\nserved_by = [\"cloudflare\"]\n",
        openssl_key(&lab, "own.key"),
        openssl_key(&lab, "backup.key"),
        openssl_key(&lab, "usual.key"),
    );
    lab.write("pinstead.toml", policy.as_bytes());
    let report = lab.json(&["t.example"], 0);
    assert_eq!(rules(&report["names"][0]), [""; 0]);
    assert_eq!(report["names"][0]["issuance"]["renewals"][0]["certificates"], 9);

    // Another key, four times as long, and twenty names beside the common name.
    let names: Vec<String> = (0..20).map(|number| format!("n{number}.t.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let new = "-newkey rsa:2048 -keyout new.key -nodes";
    openssl_leaf(&lab, "own", new, "odd", 398, &names);
    let report = lab.json(&["t.example"], 0);
    let name = &report["names"][0];
    let mut found = rules(name);
    found.sort_unstable();
    assert_eq!(found, ["CRT005", "CRT006", "CRT008"]);
    let certificates = name["issuance"]["certificates"].as_array().unwrap();
    let of = |file: &str| {
        let place = format!("certificates/{file}.pem");
        certificates.iter().find(|it| it["seen"][0]["place"] == place.as_str()).unwrap()
    };
    let odd = of("odd");
    assert_eq!((&odd["expectation"], &odd["known_key"]), (&"expected".into(), &"unlisted".into()));
    assert_eq!(odd["unlisted_names"].as_array().unwrap().len(), 20);
    let unlike: Vec<&str> =
        odd["unlike"].as_array().unwrap().iter().map(|why| why.as_str().unwrap()).collect();
    assert_eq!(unlike.len(), 3, "{unlike:?}");
    assert!(
        unlike[0].contains("RSA 2048") && unlike[1].contains("398 days") && unlike[2].contains("21 names")
    );
    assert_eq!(
        (&of("usual0")["known_key"], &of("usual0")["unlike"]),
        (&"listed".into(), &serde_json::json!([]))
    );

    // The pair that Cloudflare's backups are, by a CA that it names.
    fs::remove_file(lab.path("certificates/odd.pem")).unwrap();
    openssl_leaf(&lab, "backup", "-key usual.key", "pair", 90, &["t.example", "*.t.example"]);
    let report = lab.json(&["t.example"], 0);
    let name = &report["names"][0];
    let mut found = rules(name);
    found.sort_unstable();
    assert_eq!(found, ["CRT007", "CRT015"]);
    let pair = &name["issuance"]["certificates"][0];
    assert_eq!((&pair["backup_of"], &pair["expectation"]), (&"cloudflare".into(), &"unexpected".into()));
    // Not the pair, or not the domain that is there: unexpected like any other.
    openssl_leaf(&lab, "backup", "-key usual.key", "pair", 90, &["vpn.t.example", "*.vpn.t.example"]);
    assert!(rules(&lab.json(&["t.example"], 1)["names"][0]).contains(&"CRT001"));
}

/// Nobody said who may issue, and nothing says who did.
#[test]
fn an_unknown_issuer_is_undetermined_without_an_expectation() {
    let lab = Lab::new();
    lab.issue("a.pem", &["t.example"]);
    fs::remove_file(lab.path("certificates/ca.pem")).unwrap();
    lab.write("pinstead.toml", b"");
    let report = lab.json(&["t.example"], 0);
    let name = &report["names"][0];
    assert_eq!(
        (&name["outcome"], name["undetermined"].as_array().unwrap().len()),
        (&"undetermined".into(), 1)
    );
    assert_eq!(rules(name), ["CRT002", "CRT012"]);
    lab.json(&["t.example", "--fail-on-undetermined"], 3);
    lab.write("pinstead.toml", b"expect_ca = []");
    assert_eq!(rules(&lab.json(&["t.example"], 1)["names"][0]), ["CRT001"]);
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

/// Each would be answered with “nothing issued” if it were taken for a name.
#[test]
fn what_is_no_name_is_refused() {
    let lab = Lab::new();
    lab.write("empty.json", b"{}");
    for (word, said) in [
        ("192.0.2.1", "is an address"),
        ("2001:db8::1", "is an address"),
        ("[2001:db8::1]", "is an address"),
        ("nosuch.json", "there is no file of that name"),
        ("folder/t.example", "there is no file of that name"),
        ("empty.json", "is a file, and no saved evidence"),
        ("pinstead.toml", "is a file, and no saved evidence"),
    ] {
        let (out, error) = lab.run(&[word], 2);
        assert!(out.is_empty() && error.contains(said), "{word}: {error}");
    }
}

/// What is expected now counts whole: nothing of what was expected then is mixed with it.
#[test]
fn a_policy_that_is_named_takes_the_place_of_saved_expectations() {
    let lab = Lab::new();
    lab.issue("a.pem", &["t.example"]);
    lab.json(&["t.example", "--expect-ca", "letsencrypt.org", "--save-evidence", "saved.json"], 1);
    let again = |arguments: &[&str], code| {
        let all = [&["saved.json"], arguments].concat();
        json(lab.folder.path(), &all, code)["names"][0]["issuance"]["expected"].clone()
    };
    assert_eq!(again(&[], 1), serde_json::json!(["letsencrypt.org"]));
    assert_eq!(again(&["--policy", "pinstead.toml"], 0), serde_json::json!(["Lab"]));
    let (_, note) = issuance(lab.folder.path(), &["saved.json", "--policy", "pinstead.toml"], 0);
    assert!(!note.contains("expected CAs") && !note.contains("policy"), "{note}");
}

/// Evidence goes to others: no key is in it, and it is nobody else's to read.
#[test]
fn saved_evidence_has_files_once_and_no_private_key() {
    let lab = Lab::new();
    lab.issue("a.pem", &["t.example", "u.example"]);
    let both = lab.ca.key.to_pem() + &lab.ca.to_pem();
    lab.write("certificates/both.pem", both.as_bytes());
    let made = run("openssl", &["genpkey", "-algorithm", "ed25519", "-outform", "DER"]);
    lab.write("key.der", &made.stdout);
    // Of what programs are set up with, the certificates alone are kept; of a store in BER, nothing.
    lab.write("setup.ovpn", format!("{}auth-user-pass\nhunter2\n", lab.ca.to_pem()).as_bytes());
    let store = [&[0x30, 0x80, 2, 1, 3, 0x30, 0x80][..], &made.stdout, &[0, 0, 0, 0]].concat();
    lab.write("store.p12", &store);
    let arguments = [
        "t.example",
        "u.example",
        "--offline",
        "--certificates",
        "certificates",
        "key.der",
        "setup.ovpn",
        "store.p12",
        "--save-evidence",
        "e.json",
    ];
    let report = json(lab.folder.path(), &arguments, 3);
    let problems = &report["names"][0]["issuance"]["sources"][0]["problems"];
    assert!(problems[0].as_str().unwrap().starts_with("key.der: it is a private key"), "{problems}");
    let text = fs::read_to_string(lab.path("e.json")).unwrap();
    let evidence: Value = serde_json::from_str(&text).unwrap();
    let files = evidence["inputs"]["certificates"]["told"]["files"].as_array().unwrap();
    assert_eq!((files.len(), evidence["issuance"].as_array().unwrap().len()), (6, 2));
    let ders = files.iter().map(|file| file["content"]["certificates"]["ders"].as_array().unwrap());
    let kept: Vec<Vec<u8>> =
        ders.flatten().map(|der| STANDARD.decode(der.as_str().unwrap()).unwrap()).collect();
    assert_eq!(kept.len(), 4, "three files have one, and one has two");
    assert!(!text.contains(&STANDARD.encode("hunter2")[..8]) && !text.contains("hunter2"));
    let secret = made.stdout.get(16..48).unwrap();
    let letters = lab.ca.key.to_pem();
    let letters = letters.lines().nth(1).unwrap().as_bytes();
    for kept in &kept {
        assert!(kept.windows(8).all(|window| window != &secret[..8] && window != &letters[8..16]));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(lab.path("e.json")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(json(lab.folder.path(), &["e.json"], 3), report);
}

/// A service that is not asked is named without what its address has of secrets.
#[test]
fn the_address_of_a_service_that_is_not_asked_shows_no_secret() {
    let lab = Lab::new();
    lab.issue("a.pem", &["t.example"]);
    for service in
        ["--crt-sh=https://user:s3cret@crt.example/", "--cert-spotter=https://cs.example/?token=s3cret"]
    {
        let (report, _) = lab.run(&["t.example", service, "--save-evidence", "e.json"], 3);
        let evidence = fs::read_to_string(lab.path("e.json")).unwrap();
        assert!(report.contains("--offline") && !report.contains("s3cret"), "{report}");
        assert!(!evidence.contains("s3cret"), "{evidence}");
    }
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
