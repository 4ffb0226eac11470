//! Any octets are read as a certificate, its signed TBSCertificate is rebuilt, and its SCTs are verified.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::ct::log_table::LogTable;
use pinstead::ct::verdict::{Audience, Delivered};
use pinstead::ct::verify::{Subject, Verifier};
use pinstead::x509::{Certificate, SpkiSha256, read_certificates};

fuzz_target!(|octets: &[u8]| {
    let _ = read_certificates(octets);
    let Ok(certificate) = Certificate::read(octets) else { return };
    assert_eq!(certificate.der(), octets);
    let table = LogTable::embedded();
    let subject = Subject { certificate: &certificate, issuer_keys: &[SpkiSha256([0; 32])], doubtful: false };
    let delivered =
        Delivered { tls: Some(octets), ocsp: Some(octets), handshake: true, audience: Audience::Public };
    let verified = Verifier::new(&table).verify(subject, delivered, certificate.not_before);
    assert!(verified.scts.iter().all(|sct| !sct.reason.is_empty()));
});
