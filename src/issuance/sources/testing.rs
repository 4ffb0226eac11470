//! Answers of sources, made for tests.

use jiff::Timestamp;
use serde_json::Value;

use super::read;
use crate::demo::authority::{CaCertificate, IssuedLeaf, KeyAlgorithm, LeafRequest};
use crate::demo::ct::{SctPlan, issue, precertificate};
use crate::evidence::Bytes;
use crate::evidence::http::{HttpAttempt, HttpExchange, HttpFailure, HttpOutcome, HttpResponse};
use crate::evidence::issuance::{IssuanceSource, Told};
use crate::issuance::reported::SourceReading;

pub(crate) fn now() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

/// An answer with a status.
pub(crate) fn answer(url: &str, status: u16, body: impl AsRef<[u8]>) -> HttpExchange {
    let body = Bytes(body.as_ref().to_vec());
    let response = HttpResponse { status, etag: None, last_modified: None, retry_after: None, body };
    outcome(url, HttpOutcome::Response(response))
}

/// No answer.
pub(crate) fn failed(url: &str, failure: HttpFailure) -> HttpExchange {
    outcome(url, HttpOutcome::Failed(failure))
}

fn outcome(url: &str, outcome: HttpOutcome) -> HttpExchange {
    HttpExchange { url: url.to_owned(), attempts: vec![HttpAttempt { milliseconds: 1, outcome }] }
}

/// A list as JSON.
pub(crate) fn list(elements: &[Value]) -> String {
    Value::Array(elements.to_vec()).to_string()
}

/// What is read of a source, which is the same after it was saved.
pub(crate) fn reading(told: Told) -> SourceReading {
    reading_of(&IssuanceSource {
        asked_at: now(),
        place: "https://source.example/".to_owned(),
        broken_off: None,
        told,
    })
}

pub(crate) fn reading_of(source: &IssuanceSource) -> SourceReading {
    let saved = serde_json::to_string(source).unwrap();
    let again: IssuanceSource = serde_json::from_str(&saved).unwrap();
    let reading = read(source).unwrap();
    assert_eq!(read(&again).as_ref(), Some(&reading));
    reading
}

/// A certificate and its precertificate.
pub(crate) struct Issued {
    pub(crate) ca: CaCertificate,
    pub(crate) leaf: IssuedLeaf,
    pub(crate) precertificate: Vec<u8>,
}

pub(crate) fn issued(names: &[&str]) -> Issued {
    issued_with(names, None)
}

/// The same with this serial number.
pub(crate) fn issued_with(names: &[&str], serial: Option<Vec<u8>>) -> Issued {
    let ca = CaCertificate::root("CA", KeyAlgorithm::P256, now()).unwrap();
    let request = LeafRequest { serial, ..LeafRequest::new(names, now()).unwrap() };
    let leaf = issue(&ca, &request, &SctPlan::default()).unwrap();
    let precertificate = precertificate::of(&ca, &leaf.precertificate_tbs).unwrap();
    Issued { ca, leaf, precertificate }
}

/// A certificate as PEM.
pub(crate) fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}
