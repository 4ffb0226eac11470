//! Any octets as answers of crt.sh: what is read of them is the same after they were saved, and no answer is no data.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::evidence::Bytes;
use pinstead::evidence::http::{HttpAttempt, HttpExchange, HttpOutcome, HttpResponse};
use pinstead::evidence::issuance::{IssuanceSource, Told};
use pinstead::issuance::reported::Coverage;
use pinstead::issuance::sources;

fn answer(url: &str, octets: &[u8]) -> HttpExchange {
    let body = Bytes(octets.to_vec());
    let response = HttpResponse { status: 200, etag: None, last_modified: None, retry_after: None, body };
    let attempts = vec![HttpAttempt { milliseconds: 0, outcome: HttpOutcome::Response(response) }];
    HttpExchange { url: url.to_owned(), attempts }
}

fuzz_target!(|octets: &[u8]| {
    // Two answers, and a certificate, with a line of # between them.
    let mut parts = octets.splitn(3, |octet| *octet == b'#');
    let mut exchanges = Vec::new();
    for url in [
        "https://crt.example/?q=a.example",
        "https://crt.example/?q=%25.a.example",
        "https://crt.example/?d=1",
    ] {
        exchanges.extend(parts.next().map(|part| answer(url, part)));
    }
    let source = IssuanceSource {
        asked_at: jiff::Timestamp::UNIX_EPOCH,
        place: "https://crt.example/".to_owned(),
        broken_off: None,
        told: Told::CrtSh(exchanges),
    };
    let read = sources::read(&source).expect("crt.sh is read");
    if matches!(read.coverage, Coverage::NoData(_) | Coverage::NotAsked(_)) {
        assert!(read.certificates.is_empty());
    }
    for name in read.certificates.iter().flat_map(|certificate| &certificate.claimed.dns_names) {
        assert!(!name.contains(char::is_control), "{name:?}");
    }
    let saved = serde_json::to_vec(&source).expect("what was read can be written");
    let again: IssuanceSource = serde_json::from_slice(&saved).expect("what was written can be read");
    assert_eq!(sources::read(&again), Some(read));
});
