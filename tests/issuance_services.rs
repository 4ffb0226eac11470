//! `pinstead issuance` with services that search the CT logs: what they tell together, and what their silence is worth.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;
use std::io::{Read as _, Write as _};
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

/// Answers each request by its target.
fn serve(respond: impl Fn(&str) -> (u16, String) + Send + 'static) -> Service {
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
            let (status, body) = respond(head.split(' ').nth(1).unwrap_or_default());
            kept.lock().unwrap().push_str(&head);
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
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
    let (_, error) = issuance(&lab, &["--state", "mysql://ann:s3cret@host/"], 2);
    assert!(!error.contains("s3cret"), "{error}");
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
