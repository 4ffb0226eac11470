use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::testing::{Issued, answer, failed, issued, list, now, reading, reading_of};
use super::*;
use crate::evidence::Bytes;
use crate::evidence::http::{HttpFailure, HttpOutcome};
use crate::evidence::issuance::Told;
use crate::x509::{Certificate, CertificateSha256, SpkiSha256, hexadecimal};

const URL: &str = "https://source.example/v1/issuances?domain=example.com";

fn told(pages: Vec<HttpExchange>) -> SourceReading {
    reading(Told::CertSpotter(pages))
}

fn page(issuances: &[Value]) -> HttpExchange {
    answer(URL, 200, list(issuances))
}

fn sha256(octets: &[u8]) -> String {
    hexadecimal(&Sha256::digest(octets))
}

/// An issuance as the API writes it, with all that can be expanded.
fn issuance(issued: &Issued, id: &str) -> Value {
    let certificate = Certificate::read(&issued.leaf.der).unwrap();
    let ca = Certificate::read(&issued.ca.der).unwrap();
    json!({
        "id": id,
        "tbs_sha256": sha256(&issued.leaf.precertificate_tbs),
        "cert_sha256": sha256(&issued.leaf.der),
        "dns_names": ["example.com", "*.example.com"],
        "pubkey_sha256": hexadecimal(&certificate.spki_sha256.0),
        "pubkey": {"type": "ecdsa", "bit_length": 256},
        "issuer": {
            "friendly_name": "CA", "website": null, "caa_domains": ["ca.example", "other.example"],
            "operator": {"name": "Operator", "website": "https://ca.example/"},
            "pubkey_sha256": hexadecimal(&ca.spki_sha256.0), "name": "CN=CA"
        },
        "not_before": certificate.not_before.to_string(),
        "not_after": certificate.not_after.to_string(),
        "revoked": null, "revocation": null, "problem_reporting": "Write to abuse@ca.example",
        "cert_der": STANDARD.encode(&issued.leaf.der),
        "something_new": {"a": [1e300]}
    })
}

fn with(mut issuance: Value, field: &str, value: Value) -> Value {
    issuance[field] = value;
    issuance
}

#[test]
fn an_issuance_is_read_whole() {
    let issued = issued(&["example.com", "*.example.com"]);
    let read = told(vec![page(&[issuance(&issued, "5 a/é")]), page(&[])]);
    assert_eq!((&read.coverage, read.problems.as_slice()), (&Coverage::Whole, [].as_slice()));
    let [one] = read.certificates.as_slice() else { panic!("{read:?}") };
    assert_eq!(one.certificate, Some(Bytes(issued.leaf.der.clone())));
    assert_eq!(one.precertificate, None);
    let claimed = &one.claimed;
    let hash: [u8; 32] = Sha256::digest(&issued.leaf.precertificate_tbs).into();
    assert_eq!(claimed.tbs_sha256, Some(hash));
    assert_eq!(claimed.certificate_sha256, Some(CertificateSha256::of(&issued.leaf.der)));
    let key = Certificate::read(&issued.ca.der).unwrap().spki_sha256;
    assert_eq!(claimed.issuer_spki_sha256, Some(key));
    assert_eq!(claimed.issuer_name.as_deref(), Some("CN=CA"));
    assert_eq!(claimed.issuer_owner.as_deref(), Some("Operator"));
    assert_eq!(claimed.issuer_caa_domains, ["ca.example", "other.example"]);
    assert_eq!(claimed.dns_names, ["example.com", "*.example.com"]);
    assert!(claimed.names_are_complete);
    assert_eq!(claimed.is_revoked, None);
    assert_eq!(claimed.problem_reporting.as_deref(), Some("Write to abuse@ca.example"));
    assert_eq!(one.seen[0].place, "https://source.example/, issuance 5 a/é");
}

#[test]
fn only_an_empty_page_is_the_end() {
    let issued = issued(&["example.com"]);
    let full = || page(&[issuance(&issued, "1")]);
    assert_eq!(told(vec![page(&[])]).coverage, Coverage::Whole);
    let open = Coverage::Part("it has more pages than were asked for".to_owned());
    assert_eq!(told(vec![full()]).coverage, open);
    let mut busy =
        answer(URL, 429, "{\"code\":\"rate_limited\",\"message\":\"Too many \\u001b[0m queries\"}");
    if let Some(HttpOutcome::Response(response)) = busy.attempts.last_mut().map(|last| &mut last.outcome) {
        response.retry_after = Some("3600".to_owned());
    }
    let read = told(vec![full(), busy.clone()]);
    let Coverage::Part(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert!(why.starts_with("page 2: it was asked too often (status 429)"), "{why}");
    assert!(why.contains("Retry-After: 3600") && why.contains("Too many \\u{1b}[0m queries"), "{why}");
    assert_eq!(read.certificates.len(), 1);
    assert!(matches!(told(vec![busy]).coverage, Coverage::NoData(_)));
    let cut = told(vec![full(), failed(URL, HttpFailure::Timeout)]);
    assert_eq!(cut.coverage, Coverage::Part("page 2: no whole answer in time".to_owned()));
    // What came before the connection broke counts, and is a part.
    let Some(HttpOutcome::Response(whole)) = full().outcome().cloned() else { panic!() };
    for (length, count) in [(whole.body.len(), 1), (10, 0)] {
        let body = Bytes(whole.body.0[..length].to_vec());
        let half = told(vec![failed(URL, HttpFailure::Cut { why: "reset".to_owned(), body })]);
        assert_eq!(half.certificates.len(), count);
        assert_eq!(matches!(half.coverage, Coverage::NoData(_)), count == 0, "{:?}", half.coverage);
    }
    let broken_off = reading_of(&IssuanceSource {
        asked_at: now(),
        place: "https://source.example/".to_owned(),
        broken_off: Some("it leads in a circle".to_owned()),
        told: Told::CertSpotter(vec![full()]),
    });
    assert_eq!(broken_off.coverage, Coverage::Part("it leads in a circle".to_owned()));
}

#[test]
fn no_answer_is_no_data() {
    for (status, body, says) in [
        (401, "{\"code\":\"unauthorized\",\"message\":\"no such key\"}", "give a token"),
        (403, "{\"code\":\"not_allowed_by_plan\"}", "whose plan covers"),
        (400, "{\"message\":\"not a registered domain\"}", "“not a registered domain”"),
        (404, "<html>", "a page of HTML"),
        (200, "<html>", "a page of HTML"),
        (200, "", "answered with nothing"),
        (200, "{\"code\":\"x\",\"message\":\"no list\"}", "“no list”"),
        (200, "null", "cannot be read"),
        (200, "[{}", "cannot be read"),
        (200, "[7, {}]", "2 issuances cannot be read"),
    ] {
        let read = told(vec![answer(URL, status, body)]);
        let Coverage::NoData(why) = &read.coverage else { panic!("{body}: {:?}", read.coverage) };
        assert!(why.contains(says), "{why}");
        assert!(read.certificates.is_empty());
    }
    assert!(matches!(told(vec![]).coverage, Coverage::NoData(_)));
}

#[test]
fn what_disagrees_with_the_certificate_is_said() {
    let issued = issued(&["example.com"]);
    let other = sha256(b"another");
    for (field, value) in [
        ("cert_sha256", json!(other)),
        ("tbs_sha256", json!(other)),
        ("pubkey_sha256", json!(other)),
        ("not_before", json!("2020-01-01T00:00:00-00:00")),
        ("not_after", json!("2020-01-01T01:00:00+01:00")),
    ] {
        let read = told(vec![page(&[with(issuance(&issued, "1"), field, value)]), page(&[])]);
        let said = format!("issuance 1 says otherwise than the certificate that it shows: {field}");
        assert_eq!(read.problems, [said]);
        assert_eq!(read.certificates[0].certificate, Some(Bytes(issued.leaf.der.clone())));
    }
}

#[test]
fn precertificates_and_former_answers_are_read() {
    let issued = issued(&["example.com"]);
    let precertificate =
        with(issuance(&issued, "1"), "cert_der", json!(STANDARD.encode(&issued.precertificate)));
    let precertificate = with(precertificate, "cert_sha256", json!(sha256(&issued.precertificate)));
    let former = json!({
        "id": "2", "tbs_sha256": sha256(&issued.leaf.precertificate_tbs), "dns_names": ["example.com"],
        "cert": {"id": "3", "type": "cert", "sha256": sha256(&issued.leaf.der), "data": STANDARD.encode(&issued.leaf.der)}
    });
    let read = told(vec![page(&[precertificate, former]), page(&[])]);
    assert_eq!((&read.coverage, read.problems.len()), (&Coverage::Whole, 0), "{:?}", read.problems);
    assert_eq!(read.certificates[0].precertificate, Some(Bytes(issued.precertificate.clone())));
    assert_eq!(read.certificates[0].certificate, None);
    assert_eq!(read.certificates[1].certificate, Some(Bytes(issued.leaf.der.clone())));
    assert_eq!(
        read.certificates[1].claimed.certificate_sha256,
        Some(CertificateSha256::of(&issued.leaf.der))
    );
}

#[test]
fn a_value_of_another_type_costs_itself_alone() {
    let odd = json!({
        "id": 17, "tbs_sha256": "00ff", "cert_sha256": 7, "pubkey_sha256": "zz".repeat(32),
        "dns_names": ["a.example.com", 7, "b.example.com"], "issuer": "CN=CA", "not_before": "1e9999", "not_after": {},
        "revoked": "no", "revocation": [], "problem_reporting": {"a": 1}, "cert_der": "!!!"
    });
    let read = told(vec![page(&[odd]), page(&[])]);
    assert_eq!(read.coverage, Coverage::Whole);
    let claimed = &read.certificates[0].claimed;
    assert_eq!(claimed.dns_names, ["a.example.com", "b.example.com"]);
    assert!(!claimed.names_are_complete);
    assert_eq!((claimed.tbs_sha256, claimed.spki_sha256, claimed.is_revoked), (None, None, None));
    assert_eq!(read.problems.len(), 11, "{:#?}", read.problems);
    assert!(read.problems.iter().all(|problem| problem.contains("issuance 17")), "{:#?}", read.problems);
}

#[test]
fn revocation_is_told_as_it_is_said() {
    let issued = issued(&["example.com"]);
    let when = json!({"time": "2026-11-01T00:00:00Z", "reason": 4, "checked_at": "2026-11-19T00:00:00Z"});
    for (revoked, revocation, said, problems) in [
        (json!(true), when.clone(), Some(true), 0),
        (json!(true), Value::Null, Some(true), 0),
        (json!(false), Value::Null, Some(false), 0),
        (Value::Null, when.clone(), Some(true), 0),
        (json!(false), when, Some(true), 1),
        (json!(false), json!({"time": null}), Some(false), 0),
    ] {
        let one = with(with(issuance(&issued, "1"), "revoked", revoked), "revocation", revocation);
        let read = told(vec![page(&[one]), page(&[])]);
        assert_eq!((read.certificates[0].claimed.is_revoked, read.problems.len()), (said, problems));
    }
}

#[test]
fn a_certificate_that_cannot_be_read_is_kept() {
    let issued = issued(&["example.com"]);
    let mut broken = issued.leaf.der.clone();
    broken.truncate(40);
    let one = with(issuance(&issued, "1"), "cert_der", json!(STANDARD.encode(&broken)));
    let read = told(vec![page(&[one]), page(&[])]);
    assert_eq!(read.certificates[0].certificate, Some(Bytes(broken)));
    assert!(
        read.problems[0].starts_with("the certificate of issuance 1 cannot be read"),
        "{:?}",
        read.problems
    );
    assert!(read.problems[1].ends_with("cert_sha256"), "{:?}", read.problems);
    assert_eq!(read.certificates[0].claimed.spki_sha256.map(|SpkiSha256(hash)| hash.len()), Some(32));
}

#[test]
fn a_page_says_where_the_next_one_begins() {
    let after = |id: &str| PageEnd::After(id.to_owned());
    assert_eq!(page_end(&page(&[])), PageEnd::Empty);
    assert_eq!(page_end(&page(&[json!({"id": "1"}), json!({"id": "a&b=c %\u{0}"})])), after("a&b=c %\u{0}"));
    assert_eq!(
        page_end(&page(&[json!({"id": 18_446_744_073_709_551_615_u64})])),
        after("18446744073709551615")
    );
    for bad in [
        "",
        "<html>",
        "{\"id\":\"1\"}",
        "[7]",
        "[{}]",
        "[{\"id\":\"\"}]",
        "[{\"id\":null}]",
        "[{\"id\":\"1\"}",
    ] {
        assert_eq!(page_end(&answer(URL, 200, bad)), PageEnd::Unknown, "{bad}");
    }
    assert_eq!(page_end(&answer(URL, 500, "[]")), PageEnd::Unknown);
}
