//! Any octets are read as a file of certificates, and no certificate is longer than its file. Where it is not known where
//! one ends, what stands in it as text is read as well.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::evidence::private_key::{is_pkcs12, is_private_key};
use pinstead::x509::{Bundle, BundleError, begins_as_der, certificate_ders};

fuzz_target!(|octets: &[u8]| {
    let bundle = Bundle::read(octets);
    let together: usize = bundle.ders.iter().map(Vec::len).sum();
    assert!(together <= octets.len().saturating_mul(2));
    assert!(!bundle.ders.is_empty() || !bundle.problems.is_empty());
    // The strict mode reads no block that the lenient one does not.
    if let Ok(ders) = certificate_ders(octets)
        && !bundle.problems.contains(&BundleError::TooMany)
    {
        assert!(ders == [octets] || ders.iter().all(|der| bundle.ders.contains(der)));
    }
    let _ = (begins_as_der(octets), is_pkcs12(octets), is_private_key(octets));
});
