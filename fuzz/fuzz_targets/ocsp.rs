//! Any octets, and any change of a good response, are read as a stapled OCSP response about a certificate.
#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use pinstead::ct::log_table::LogTable;
use pinstead::ct::verdict::{Audience, Delivered};
use pinstead::ct::verify::{Subject, Verifier};
use pinstead::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest, ocsp_response};
use pinstead::demo::ct::{SctPlan, issue};
use pinstead::x509::Certificate;

static GOOD: LazyLock<(Certificate, Vec<u8>)> = LazyLock::new(|| {
    let now = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(500_000);
    let ca = CaCertificate::root("CA", KeyAlgorithm::P256, now).unwrap();
    let request = LeafRequest::new(&["fuzz.example"], now).unwrap();
    let leaf = issue(&ca, &request, &SctPlan::default()).unwrap();
    let response = ocsp_response(&ca, &leaf, Some(&[0, 4, 0, 2, 0, 0]), now).unwrap();
    (Certificate::read(&leaf.der).unwrap(), response)
});

fuzz_target!(|octets: &[u8]| {
    let (certificate, good) = &*GOOD;
    let mut changed = good.clone();
    for change in octets.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % changed.len();
        changed[place] = change[2];
    }
    let table = LogTable::embedded();
    for response in [octets, changed.as_slice()] {
        let subject = Subject { certificate, issuer_keys: &[], doubtful: false };
        let delivered =
            Delivered { tls: None, ocsp: Some(response), handshake: true, audience: Audience::Public };
        let verified = Verifier::new(&table).verify(subject, delivered, certificate.not_before);
        assert!(verified.scts.is_empty() || verified.unusable_staple.is_none());
    }
});
