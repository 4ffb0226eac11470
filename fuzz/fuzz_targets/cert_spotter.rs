//! Any octets as pages of Cert Spotter: what is read of them is the same after they were saved, and no answer is no data.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::evidence::Bytes;
use pinstead::evidence::http::{HttpAttempt, HttpExchange, HttpOutcome, HttpResponse};
use pinstead::evidence::issuance::{IssuanceSource, Told};
use pinstead::issuance::reported::Coverage;
use pinstead::issuance::sources;

fuzz_target!(|octets: &[u8]| {
    // The first octet says what status the last page has.
    let (status, octets) = octets.split_first().map_or((200, octets), |(first, rest)| {
        ([200, 200, 401, 403, 429, 503][usize::from(*first) % 6], rest)
    });
    let parts: Vec<&[u8]> = octets.split(|octet| *octet == b'#').take(4).collect();
    let page = |(place, part): (usize, &&[u8])| {
        let status = if place + 1 == parts.len() { status } else { 200 };
        let body = Bytes(part.to_vec());
        let response = HttpResponse { status, etag: None, last_modified: None, retry_after: None, body };
        let attempts = vec![HttpAttempt { milliseconds: 0, outcome: HttpOutcome::Response(response) }];
        HttpExchange { url: "https://spotter.example/v1/issuances".to_owned(), attempts }
    };
    let source = IssuanceSource {
        asked_at: jiff::Timestamp::UNIX_EPOCH,
        place: "https://spotter.example/v1/issuances".to_owned(),
        broken_off: None,
        told: Told::CertSpotter(parts.iter().enumerate().map(page).collect()),
    };
    let read = sources::read(&source).expect("Cert Spotter is read");
    match &read.coverage {
        Coverage::NoData(_) | Coverage::NotAsked(_) => assert!(read.certificates.is_empty()),
        Coverage::Whole => assert_eq!(status, 200),
        Coverage::Part(_) => {}
    }
    for name in read.certificates.iter().flat_map(|certificate| &certificate.claimed.dns_names) {
        assert!(!name.contains(char::is_control), "{name:?}");
    }
    let saved = serde_json::to_vec(&source).expect("what was read can be written");
    let again: IssuanceSource = serde_json::from_slice(&saved).expect("what was written can be read");
    assert_eq!(sources::read(&again), Some(read));
});
