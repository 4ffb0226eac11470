//! Octets that are no list; lists of every kind are in `revocation/tests` and, made by OpenSSL, in `tests/revocation.rs`.

use super::*;

#[test]
fn what_is_no_list_is_refused() {
    assert!(matches!(Crl::read(b""), Err(CrlError::Der { part: "frame", .. })));
    assert!(matches!(Crl::read(b"-----BEGIN X509 CRL-----"), Err(CrlError::Text)));
    assert!(matches!(Crl::read(b"<!doctype html>"), Err(CrlError::Text)));
    assert!(matches!(Crl::read(&[0x30, 0]), Err(CrlError::Der { part: "TBSCertList", .. })));
    let large = vec![0x30; MAX_CRL + 1];
    assert_eq!(Crl::read(&large).err(), Some(CrlError::TooLarge(MAX_CRL + 1)));
}

proptest::proptest! {
    #[test]
    fn any_octets_are_read_without_panic(octets in proptest::collection::vec(0_u8.., 0..300)) {
        if let Ok(crl) = Crl::read(&octets) {
            let _ = crl.find(&[Wanted { serial: &[1], issuer: &[0x30, 0] }]);
        }
    }
}
