//! Any octets, and any change of a good list, are read as a CRL and searched.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::x509::crl::{Crl, Wanted};

fuzz_target!(|octets: &[u8]| {
    let Ok(crl) = Crl::read(octets) else { return };
    let wanted =
        [Wanted { serial: &[1], issuer: &[0x30, 0] }, Wanted { serial: &[0x10, 0x01], issuer: octets }];
    if let Ok(found) = crl.find(&wanted) {
        assert_eq!(found.entries.len(), wanted.len());
        assert!(found.count <= octets.len());
    }
    let _ = crl.number();
});
