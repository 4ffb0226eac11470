//! Octets that are no list; lists of every kind are in `revocation/tests` and, made by OpenSSL, in `tests/revocation.rs`.

use super::*;

#[test]
fn what_is_no_list_is_refused() {
    assert!(matches!(Crl::read(b""), Err(CrlError::Empty)));
    assert!(matches!(Crl::read(b"\r\n"), Err(CrlError::Empty)));
    assert!(matches!(Crl::read(b"0"), Err(CrlError::Der { part: "frame", .. })));
    assert!(matches!(Crl::read(b"-----BEGIN X509 CRL-----"), Err(CrlError::Text)));
    assert!(matches!(Crl::read(b"\n<!doctype html>"), Err(CrlError::Page)));
    assert!(matches!(Crl::read(&[0x30, 0]), Err(CrlError::Der { part: "TBSCertList", .. })));
    let large = vec![0x30; MAX_CRL + 1];
    assert_eq!(Crl::read(&large).err(), Some(CrlError::TooLarge(MAX_CRL + 1)));
}

/// A list of two entries, by another program.
fn list() -> Vec<u8> {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let revoked = |serial: u8| rcgen::RevokedCertParams {
        serial_number: rcgen::SerialNumber::from_slice(&[serial]),
        revocation_time: rcgen::date_time_ymd(2026, 10, 1),
        reason_code: Some(rcgen::RevocationReason::KeyCompromise),
        invalidity_date: Some(rcgen::date_time_ymd(2026, 9, 1)),
    };
    let list = rcgen::CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2026, 11, 1),
        next_update: rcgen::date_time_ymd(2026, 11, 8),
        crl_number: rcgen::SerialNumber::from_slice(&[9]),
        issuing_distribution_point: None,
        revoked_certs: vec![revoked(7), revoked(8)],
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    list.signed_by(&rcgen::Issuer::from_params(&params, &key)).unwrap().der().to_vec()
}

/// Every octet of a list changed in several ways: whatever becomes of it, reading it ends, and what can still be read is
/// looked through.
#[test]
fn a_changed_list_is_read_without_panic() {
    let list = list();
    let whole = Crl::read(&list).unwrap();
    let (issuer, mut looked_through) = (whole.issuer.to_vec(), 0);
    let wanted = [Wanted { serial: &[7], issuer: &issuer }];
    let found = whole.find(&wanted).unwrap();
    assert_eq!((found.count, found.entries[0].map(|entry| entry.reason)), (2, Some(Some(Reason(1)))));
    for place in 0..list.len() {
        for octet in [0, 1, 0x30, 0x7f, 0x80, 0x84, 0xff, list[place] ^ 1] {
            let mut changed = list.clone();
            changed[place] = octet;
            for octets in [&changed[..], &changed[..place]] {
                if let Ok(crl) = Crl::read(octets) {
                    looked_through += usize::from(crl.find(&wanted).is_ok());
                }
            }
        }
    }
    assert!(looked_through > 500, "{looked_through} of {}", list.len() * 8);
}
