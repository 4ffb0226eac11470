//! `pinstead issuance` with services that search the CT logs: what they tell together, and what their silence is worth.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use pinstead::demo::authority::{CaCertificate, IssuedLeaf, KeyAlgorithm, LeafRequest};
use pinstead::demo::ct::{SctPlan, issue};
use pinstead::observe::clock;
use pinstead::x509::Certificate;
use serde_json::{Value, json};
use tempfile::TempDir;
use world::{Running, pinstead};

/// A service on loopback.
struct Service {
    url: String,
    asked: Arc<AtomicUsize>,
    heads: Arc<Mutex<String>>,
}

/// A whole answer.
fn whole(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// Answers each request by its target.
fn serve(respond: impl Fn(&str) -> (u16, String) + Send + 'static) -> Service {
    serve_octets(move |target| {
        let (status, body) = respond(target);
        whole(status, &body)
    })
}

/// The same, with all that is sent.
fn serve_octets(respond: impl Fn(&str) -> String + Send + 'static) -> Service {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, heads) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(String::new())));
    let (counted, kept) = (Arc::clone(&asked), Arc::clone(&heads));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer).unwrap_or(0) {
                    0 => break,
                    count => head.extend_from_slice(&buffer[..count]),
                }
            }
            counted.fetch_add(1, Ordering::SeqCst);
            let head = String::from_utf8_lossy(&head).into_owned();
            let answer = respond(head.split(' ').nth(1).unwrap_or_default());
            kept.lock().unwrap().push_str(&head);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    Service { url, asked, heads }
}

/// A CA that is expected, a certificate of its, and the row that crt.sh has of it.
struct Lab {
    folder: TempDir,
    leaf: IssuedLeaf,
    row: Value,
}

fn lab() -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let ca = CaCertificate::root("Lab CA", KeyAlgorithm::P256, clock::now()).unwrap();
    let leaf =
        issue(&ca, &LeafRequest::new(&["t.example"], clock::now()).unwrap(), &SctPlan::default()).unwrap();
    let policy = format!(
        "expect_ca = [\"Lab\"]\n[[private_ca]]\nowner = \"Lab\"\nspki_sha256 = \"{}\"\n",
        ca.key.spki_sha256()
    );
    fs::write(folder.path().join("pinstead.toml"), policy).unwrap();
    fs::write(folder.path().join("ca.pem"), ca.to_pem()).unwrap();
    let certificate = Certificate::read(&leaf.der).unwrap();
    let row = json!({
        "issuer_ca_id": 1, "issuer_name": certificate.issuer, "common_name": "t.example", "name_value": "t.example",
        "id": 7, "entry_timestamp": null, "serial_number": certificate.serial, "result_count": 1,
        "not_before": certificate.not_before.to_string().trim_end_matches('Z'),
        "not_after": certificate.not_after.to_string().trim_end_matches('Z'),
    });
    Lab { folder, leaf, row }
}

fn issuance(lab: &Lab, arguments: &[&str], code: i32) -> (Value, String) {
    let assert = pinstead()
        .current_dir(lab.folder.path())
        .env("CERTSPOTTER_TOKEN", "k1_hush-hush-0123456789")
        .args(["issuance", "t.example", "--format", "json", "--issuer", "ca.pem"])
        .args(arguments)
        .assert()
        .code(code);
    let output = assert.get_output();
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    (serde_json::from_slice(&output.stdout).unwrap_or_default(), error)
}

fn rules(report: &Value) -> Vec<&str> {
    let findings = report["names"][0]["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn two_services_tell_of_one_certificate_and_the_saved_answers_are_judged_alike() {
    let lab = lab();
    let (rows, pem) = (json!([lab.row]).to_string(), lab.leaf.to_pem());
    let crt_sh = serve(move |target| match target {
        "/?q=t.example&output=json" => (200, rows.clone()),
        "/?d=7" => (200, pem.clone()),
        _ => (200, "[]".to_owned()),
    });
    let spotter = serve(|_| (200, "[]".to_owned()));
    let (crt_sh_url, spotter_url) =
        (format!("--crt-sh={}", crt_sh.url), format!("--cert-spotter={}", spotter.url));
    let (report, _) = issuance(&lab, &[&crt_sh_url, &spotter_url, "--save-evidence", "evidence.json"], 0);
    let issued = &report["names"][0]["issuance"];
    assert_eq!(issued["status"], "checked");
    let [one] = issued["certificates"].as_array().unwrap().as_slice() else { panic!("{issued}") };
    assert_eq!((&one["issuer_proof"], &one["expectation"]), (&"signature".into(), &"expected".into()));
    // Cert Spotter told all it knows, and does not know this one.
    assert_eq!((&one["reported_by"], &one["lacking"]), (&json!([0]), &json!([1])));
    assert_eq!(rules(&report), ["CRT009"]);
    assert!(spotter.heads.lock().unwrap().to_lowercase().contains("authorization: bearer k1_hush"));
    assert!(!crt_sh.heads.lock().unwrap().contains("hush"), "the token is for one service");
    let saved = fs::read_to_string(lab.folder.path().join("evidence.json")).unwrap();
    assert!(!saved.contains("hush") && !report.to_string().contains("hush"));
    let again = pinstead()
        .current_dir(lab.folder.path())
        .args(["issuance", "evidence.json", "--format", "json"])
        .assert()
        .code(0);
    assert_eq!(serde_json::from_slice::<Value>(&again.get_output().stdout).unwrap(), report);
}

#[test]
fn an_error_is_no_data_and_never_nothing_issued() {
    let lab = lab();
    let crt_sh = serve(|_| (403, "<html>go away</html>".to_owned()));
    let (report, _) = issuance(&lab, &[&format!("--crt-sh={}", crt_sh.url)], 3);
    assert_eq!(report["names"][0]["issuance"]["status"], "undetermined");
    assert_eq!(report["names"][0]["issuance"]["sources"][0]["coverage"], "no_data");
    assert_eq!(rules(&report), ["CRT010"]);
}

#[test]
fn offline_nothing_is_asked_and_that_is_told() {
    let lab = lab();
    let service = serve(|_| (200, "[]".to_owned()));
    let asked = [format!("--crt-sh={}", service.url), format!("--cert-spotter={}", service.url)];
    let (report, _) = issuance(&lab, &[&asked[0], &asked[1], "--offline"], 3);
    assert_eq!(report["names"][0]["issuance"]["status"], "not_checked");
    assert_eq!(rules(&report), ["CRT013"]);
    assert_eq!(service.asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_state_that_is_not_there_is_not_made() {
    let lab = lab();
    let (_, error) = issuance(&lab, &["--state", "none.db"], 2);
    assert!(error.contains("there is no file none.db"), "{error}");
    assert!(!lab.folder.path().join("none.db").exists());
    // A URL with a password is for the environment, as with `watch`.
    for url in ["mysql://ann:s3cret@host/", "postgresql://ann:s3cret@host/", "ann:s3cret@host"] {
        let (_, error) = issuance(&lab, &["--state", url], 2);
        assert!(error.contains("--state") && !error.contains("s3cret"), "{error}");
        assert_eq!(error.contains("PINSTEAD_STATE"), url.contains("://"), "{error}");
    }
    // Without a value it is the one that `watch` uses: by the environment, the policy, or in this folder.
    let named = |environment: Option<&str>| {
        let mut command = pinstead();
        command.current_dir(lab.folder.path()).args(["issuance", "t.example", "--state"]);
        environment.map(|place| command.env("PINSTEAD_STATE", place));
        let output = command.assert().code(2).get_output().stderr.clone();
        String::from_utf8(output).unwrap()
    };
    assert!(named(Some("of-environment.db")).contains("no file of-environment.db"));
    let unreachable = named(Some("postgresql://ann:s3cret@127.0.0.1:1/x"));
    assert!(unreachable.contains("127.0.0.1:1") && !unreachable.contains("s3cret"), "{unreachable}");
    assert!(named(None).contains("no file pinstead-state.db"));
    let policy = lab.folder.path().join("pinstead.toml");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(policy, format!("{text}[watch]\nstate = \"of-policy.db\"\n")).unwrap();
    assert!(named(None).contains("no file of-policy.db"));
    fs::write(lab.folder.path().join("text.db"), "no database at all, and long enough to be read as one")
        .unwrap();
    assert!(named(Some("text.db")).contains("text.db"));
}

/// Asks about many names and gives the report for people.
fn report(lab: &Lab, arguments: &[&str], input: &str, code: i32) -> (String, String) {
    let mut command = pinstead();
    command.current_dir(lab.folder.path()).args(["issuance", "--offline", "--issuer", "ca.pem"]);
    let assert = command.args(arguments).write_stdin(input).assert().code(code);
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    (text(&assert.get_output().stdout), text(&assert.get_output().stderr))
}

#[test]
fn many_names_come_from_a_list_or_the_policy_and_end_with_a_summary() {
    let lab = lab();
    let other = CaCertificate::root("Other CA", KeyAlgorithm::P256, clock::now()).unwrap();
    let request = LeafRequest::new(&["bad.example"], clock::now()).unwrap();
    let foreign = issue(&other, &request, &SctPlan::default()).unwrap();
    fs::write(lab.folder.path().join("leaf.pem"), lab.leaf.to_pem()).unwrap();
    fs::write(lab.folder.path().join("foreign.pem"), foreign.to_pem()).unwrap();
    let files = ["--certificates", "leaf.pem", "foreign.pem"];
    let list = "\u{feff}# ours\r\nt.example\r\n\nbad.example # not ours\nT.example.\nclean.example\n";
    fs::write(lab.folder.path().join("names.txt"), list).unwrap();
    let of_list = report(&lab, &[&["--targets", "names.txt"], &files[..]].concat(), "", 3).0;
    let of_input = report(&lab, &[&["--targets", "-"], &files[..]].concat(), list, 3).0;
    assert_eq!(of_list, of_input);
    let summary = "3 names: 1 undetermined, 2 passed\n  undetermined  bad.example: 1 certificate, current; of 1 it is \
                   not known who";
    assert!(of_list.contains(summary), "{of_list}");
    // One that fails comes before those that are undetermined, wherever it was asked about.
    let failing = [&["bad.example", "t.example", "--expect-ca", "letsencrypt.org"], &files[..]].concat();
    let policy = lab.folder.path().join("pinstead.toml");
    let text = fs::read_to_string(&policy).unwrap();
    let (failing, _) = report(&lab, &failing, "", 1);
    let place = |what: &str| failing.find(what).unwrap_or_else(|| panic!("{what} in {failing}"));
    assert!(place("  failed        t.example: ") < place("  undetermined  bad.example: "), "{failing}");
    // A name alone needs no summary.
    assert!(!report(&lab, &[&["t.example"], &files[..]].concat(), "", 0).0.contains("names:"));
    // Without a name, those of the policy; what belongs to another of them is asked about with it.
    let (_, error) = report(&lab, &files, "", 2);
    assert!(error.contains("no name is given") && error.contains("--targets"), "{error}");
    let more = "[[domain]]\nname = \"bad.example\"\n[[domain]]\nname = \"www.t.example\"\n[watch]\n\
                domains = [\"t.example\", \"bad.example\"]\nnames = [\"one.example\"]\n";
    fs::write(&policy, format!("{text}{more}")).unwrap();
    let (of_policy, _) = report(&lab, &files, "", 3);
    assert!(of_policy.contains("3 names: 1 undetermined, 2 passed"), "{of_policy}");
    assert!(!of_policy.contains("www.t.example"), "{of_policy}");
    // What a list has wrong is told with its line; a file is no name only where it may have been meant as a file.
    let (_, error) = report(&lab, &[&["--targets", "-"], &files[..]].concat(), "t.example\n192.0.2.1\n", 2);
    assert!(error.contains("-, line 2") && error.contains("is an address"), "{error}");
    fs::write(lab.folder.path().join("t.example"), "a file").unwrap();
    report(&lab, &[&["t.example"], &files[..]].concat(), "", 2);
    report(&lab, &[&["--targets", "-"], &files[..]].concat(), "t.example\n", 0);
    report(&lab, &[&["--targets", "-"], &files[..]].concat(), "# none\n", 2);
    let (_, error) = report(&lab, &["--crt-sh", "http://127.0.0.1:1/"], "", 2);
    assert!(error.contains("--crt-sh=http://127.0.0.1:1/"), "{error}");
}

/// The owner knows a certificate, and says why and until when.
#[test]
fn a_certificate_that_the_policy_accepts_is_shown_and_fails_nothing_until_its_day() {
    let lab = lab();
    fs::write(lab.folder.path().join("leaf.pem"), lab.leaf.to_pem()).unwrap();
    let policy = fs::read_to_string(lab.folder.path().join("pinstead.toml")).unwrap();
    let policy = policy.replace("expect_ca = [\"Lab\"]", "expect_ca = [\"letsencrypt.org\"]");
    // Neither its key nor its name is one of the lists.
    let lists = "[[domain]]\nname = \"t.example\"\nknown_names = []\n\
                 known_keys = [\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"]\n";
    let judge = |entry: &str, code: i32| {
        fs::write(lab.folder.path().join("pinstead.toml"), format!("{policy}{lists}{entry}")).unwrap();
        issuance(&lab, &["--offline", "--certificates", "leaf.pem", "--fail-on-undetermined"], code).0
    };
    let red = judge("", 1);
    let mut found = rules(&red);
    found.sort_unstable();
    assert_eq!(found, ["CRT001", "CRT005", "CRT006"]);
    let shown = red["names"][0]["issuance"]["certificates"][0].clone();
    assert!(shown["accepted"].is_null());
    let text = |field: &str| shown[field].as_str().unwrap().to_owned();
    let accepted = |which: &str, until: &str| {
        format!("[[accepted_certificate]]\n{which}\nreason = \"ticket 4711\"\nuntil = {until}\n")
    };
    let by_number =
        format!("issuer_spki_sha256 = \"{}\"\nserial = \"00{}\"", text("issuer_spki_sha256"), text("serial"));
    let by_hash = |field: &str| format!("sha256 = \"{}\"", text(field));
    for which in [
        by_hash("sha256"),
        by_hash("tbs_sha256").to_uppercase().replace("SHA256", "sha256"),
        by_number.clone(),
    ] {
        let report = judge(&accepted(&which, "2999-12-31"), 0);
        let name = &report["names"][0];
        assert_eq!(
            (rules(&report), &name["outcome"]),
            (vec!["CRT019"], &"pass".into()),
            "{which}: {report:#}"
        );
        assert_eq!(name["findings"][0]["severity"], "info");
        let message = name["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains("“ticket 4711”") && message.contains("none of the expected"), "{message}");
        assert_eq!(name["issuance"]["unexpected"], json!([]));
        let one = &name["issuance"]["certificates"][0];
        assert_eq!(
            (&one["expectation"], &one["accepted"]["until"]),
            (&"expected".into(), &"2999-12-31".into())
        );
    }
    // A day that has gone excuses nothing, and is told.
    let late = judge(&accepted(&by_hash("sha256"), "2020-01-01"), 1);
    let mut found = rules(&late);
    found.sort_unstable();
    assert_eq!(found, ["CRT001", "CRT005", "CRT006", "CRT020"]);
    assert_eq!(late["names"][0]["issuance"]["certificates"][0]["accepted"]["ended"], true);
    // Another certificate is not accepted with it, nor is this one where only it itself says who issued it.
    judge(&accepted(&format!("sha256 = \"{}\"", "0".repeat(64)), "2999-12-31"), 1);
    let other = CaCertificate::root("Other CA", KeyAlgorithm::P256, clock::now()).unwrap();
    fs::write(lab.folder.path().join("ca.pem"), other.to_pem()).unwrap();
    let claimed = judge(&accepted(&by_number, "2999-12-31"), 3);
    assert!(rules(&claimed).contains(&"CRT002"), "{claimed:#}");
    judge(&accepted(&by_hash("sha256"), "2999-12-31"), 0);
}

/// Whoever waits is told for whom, and who wants silence has it.
#[test]
fn a_source_that_takes_long_is_told_while_it_is_asked() {
    for (quiet, told) in [(&[][..], true), (&["--quiet"][..], false)] {
        let lab = lab();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let spotter = serve(move |_| {
            // The question is answered once somebody was told that it takes long; with --quiet nobody is.
            let patience = std::time::Duration::from_secs(if told { 50 } else { 7 });
            let _ = wait.lock().unwrap().recv_timeout(patience);
            (200, "[]".to_owned())
        });
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("pinstead"));
        command.current_dir(lab.folder.path()).env_remove("CI").args(["issuance", "t.example"]).args(quiet);
        command.arg(format!("--cert-spotter={}", spotter.url));
        let mut running =
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        for line in BufReader::new(running.stderr.take().unwrap()).lines() {
            said.push_str(&line.unwrap());
            let _ = go.send(());
        }
        assert_eq!(running.wait().unwrap().code(), Some(0), "{said}");
        assert_eq!(said.contains("note: still asking Cert Spotter about t.example"), told, "{said}");
    }
}

#[test]
fn rows_in_another_form_are_no_issuances_and_a_host_alone_is_asked_at_the_path_of_the_api() {
    let lab = lab();
    let rows = json!([lab.row]).to_string();
    let spotter = serve(move |_| (200, rows.clone()));
    let (report, _) = issuance(&lab, &[&format!("--cert-spotter={}", spotter.url)], 3);
    let source = &report["names"][0]["issuance"]["sources"][0];
    assert_eq!((&source["coverage"], &source["reports"]), (&"no_data".into(), &0.into()));
    assert!(spotter.heads.lock().unwrap().starts_with("GET /v1/issuances?domain=t.example&"));
}

#[test]
fn an_error_in_json_is_told_in_its_own_words() {
    let lab = lab();
    let crt_sh = serve(|_| (200, json!({"error": "rate limited"}).to_string()));
    let (report, _) = issuance(&lab, &[&format!("--crt-sh={}", crt_sh.url)], 3);
    let source = &report["names"][0]["issuance"]["sources"][0];
    let why = source["reason"].as_str().unwrap();
    assert!(why.contains("it answered with a message instead of rows: “rate limited”"), "{why}");
    assert_eq!((&source["coverage"], &source["problems"]), (&"no_data".into(), &json!([])));
}

/// What came before the connection broke is a part, and is judged; it is never “nothing issued”.
#[test]
fn an_answer_that_the_connection_cuts_keeps_its_rows() {
    let lab = lab();
    let (rows, pem) = (json!([lab.row, lab.row]).to_string(), lab.leaf.to_pem());
    let cut = rows[..rows.len() - 20].to_owned();
    let crt_sh = serve_octets(move |target| match target {
        "/?d=7" => whole(200, &pem),
        _ if target.starts_with("/?q=t.example&") => {
            format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{cut}", rows.len())
        }
        _ => whole(200, "[]"),
    });
    let arguments = [&*format!("--crt-sh={}", crt_sh.url), "--save-evidence", "evidence.json"];
    let (report, _) = issuance(&lab, &arguments, 3);
    let issued = &report["names"][0]["issuance"];
    assert_eq!(issued["sources"][0]["coverage"], "part", "{issued:#}");
    assert_eq!(issued["certificates"][0]["expectation"], "expected");
    let mut again = pinstead();
    again.current_dir(lab.folder.path()).args(["issuance", "evidence.json", "--format", "json"]);
    let again = again.assert().code(3);
    assert_eq!(serde_json::from_slice::<Value>(&again.get_output().stdout).unwrap(), report);
}

/// Beside the server itself: what else was issued for its host, by the judge of `pinstead issuance`.
#[test]
fn a_check_asks_what_was_issued_for_the_host() {
    let running = Running::start();
    let world = &running.world;
    let host = &world.shop;
    let folder = tempfile::tempdir().unwrap();
    let request = LeafRequest::new(&[host.name], world.now).unwrap();
    let foreign = issue(&world.cas.careless, &request, &SctPlan::default()).unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("foreign.pem"), foreign.to_pem() + &world.cas.careless.to_pem()).unwrap();
    let service = serve(|_| (200, "[]".to_owned()));
    let crt_sh = format!("--crt-sh={}", service.url);
    let (certificates, evidence) = (path("foreign.pem"), path("evidence.json"));
    let more = [&crt_sh, "--certificates", &certificates, "--save-evidence", &evidence, "--format", "json"];
    let checked = |more: &[&str], code| -> Value {
        let assert = running.check(&[host.name], more).code(code);
        serde_json::from_slice(&assert.get_output().stdout).unwrap()
    };
    let report = checked(&more, 1);
    let target = &report["targets"][0];
    let issued = &target["issuance"];
    assert_eq!((&issued["status"], &target["issuer"]["status"]), (&"checked".into(), &"expected".into()));
    assert_eq!(issued["unexpected"][0]["issuer_owner"], "Careless CA");
    assert_eq!(issued["unexpected"].as_array().unwrap().len(), 1);
    let has = |rule: &str| {
        let mut findings = target["findings"].as_array().unwrap().iter();
        findings.any(|finding| finding["rule"] == rule)
    };
    assert!(has("CRT001") && has("CRT004"), "{:#}", target["findings"]);
    let asked = service.asked.load(Ordering::SeqCst);
    assert!(asked > 0);
    // Judged again it is the same, and nobody is asked.
    let again = pinstead().args(["check", &evidence, "--format", "json"]).assert().code(1);
    assert_eq!(serde_json::from_slice::<Value>(&again.get_output().stdout).unwrap(), report);
    assert_eq!(service.asked.load(Ordering::SeqCst), asked);
    pinstead().args(["check", &evidence, &crt_sh]).assert().code(2);
    // Two ports of a host are one question.
    let beside = format!("{}:8443", host.name);
    running.check(&[host.name, &beside], &[&crt_sh, "--certificates", &certificates]).code(1);
    assert_eq!(service.asked.swap(asked, Ordering::SeqCst), 2 * asked);
    // Where no source is named, nobody is asked, and that is not hidden.
    let silent = checked(&["--format", "json"], 0);
    assert_eq!(silent["targets"][0]["issuance"]["status"], "not_checked");
    running.check(&[host.name], &["--only", "issuance"]).code(2);
    running.check(&[host.name], &["--only", "ct", &crt_sh]).code(2);
    assert_eq!(service.asked.load(Ordering::SeqCst), asked);
}
