//! Any octets, and any change of a good response, are judged as the status of a certificate: no change makes a good one.
#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use pinstead::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest, ocsp_response};
use pinstead::demo::ct::{SctPlan, issue};
use pinstead::x509::Certificate;
use pinstead::x509::ocsp::status;

static GOOD: LazyLock<(Certificate, Certificate, Vec<u8>)> = LazyLock::new(|| {
    let now = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(500_000);
    let ca = CaCertificate::root("CA", KeyAlgorithm::P256, now).unwrap();
    let request = LeafRequest::new(&["fuzz.example"], now).unwrap();
    let leaf = issue(&ca, &request, &SctPlan::default()).unwrap();
    let response = ocsp_response(&ca, &leaf, Some(&[0, 4, 0, 2, 0, 0]), now).unwrap();
    (Certificate::read(&leaf.der).unwrap(), Certificate::read(&ca.der).unwrap(), response)
});

fuzz_target!(|octets: &[u8]| {
    let (certificate, issuer, good) = &*GOOD;
    let mut changed = good.clone();
    for change in octets.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % changed.len();
        changed[place] = change[2];
    }
    let at = certificate.not_before;
    let true_status = status(good, certificate, issuer, at).unwrap();
    for response in [octets, changed.as_slice()] {
        if let Ok(said) = status(response, certificate, issuer, at) {
            assert_eq!(said, true_status);
        }
    }
});
