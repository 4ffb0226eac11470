//! Responses made by the demo's authority, which OpenSSL accepts (tests/generator_openssl.rs), whole and broken.

use super::*;
use crate::demo::authority::{CaCertificate, IssuedLeaf, KeyAlgorithm, LeafRequest, ocsp_response};
use crate::demo::ct::{SctPlan, issue};
use crate::x509::Certificate;
use crate::x509::parts::oid;

struct World {
    ca: CaCertificate,
    leaf: IssuedLeaf,
    response: Vec<u8>,
}

impl World {
    fn new() -> Self {
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let ca = CaCertificate::root("OCSP CA", KeyAlgorithm::P256, now).unwrap();
        let leaf =
            issue(&ca, &LeafRequest::new(&["ocsp.example"], now).unwrap(), &SctPlan::default()).unwrap();
        let response = ocsp_response(&ca, &leaf, Some(b"a list"), now).unwrap();
        Self { ca, leaf, response }
    }

    fn about(&self, response: &[u8]) -> Result<usize, OcspError> {
        let leaf = Certificate::read(&self.leaf.der).unwrap();
        let parts = leaf.parts().unwrap();
        about(response, &parts).map(|single| single.extensions.len())
    }
}

#[test]
fn the_extensions_of_the_certificates_own_entry_are_found() {
    let world = World::new();
    let leaf = Certificate::read(&world.leaf.der).unwrap();
    let parts = leaf.parts().unwrap();
    let single = about(&world.response, &parts).unwrap();
    let [list] = single.extensions.as_slice() else { panic!("{:?}", single.extensions) };
    assert_eq!(list.oid, oid::OCSP_SCT_LIST);
    assert_eq!(list.value, b"\x04\x06a list");
}

#[test]
fn an_entry_about_another_certificate_is_none() {
    let world = World::new();
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let request = LeafRequest::new(&["ocsp.example"], now).unwrap();
    let other = issue(&world.ca, &request, &SctPlan::default()).unwrap();
    let response = ocsp_response(&world.ca, &other, Some(b"a list"), now).unwrap();
    assert_eq!(world.about(&response), Err(OcspError::AboutOthers(1)), "another serial number");

    let namesake = CaCertificate::root("Other CA", KeyAlgorithm::P256, now).unwrap();
    let response = ocsp_response(&namesake, &world.leaf, Some(b"a list"), now).unwrap();
    assert_eq!(world.about(&response), Err(OcspError::AboutOthers(1)), "another issuer");
}

#[test]
fn a_refusal_is_told() {
    let world = World::new();
    assert_eq!(world.about(&[0x30, 3, 0x0a, 1, 3]), Err(OcspError::NotSuccessful("tryLater")));
    assert!(matches!(world.about(&[0x30, 3, 0x0a, 1, 0]), Err(OcspError::Der { part: "response", .. })));
    assert!(matches!(world.about(b""), Err(OcspError::Der { part: "frame", .. })));
}

proptest::proptest! {
    #[test]
    fn a_changed_response_is_read_without_panic(place in proptest::prelude::any::<proptest::sample::Index>(), octet in 0_u8..) {
        let world = World::new();
        let mut response = world.response.clone();
        let place = place.index(response.len());
        response[place] = octet;
        let _ = world.about(&response);
        let _ = world.about(&response[..place]);
    }

    /// Nobody who changes a response changes what it says.
    #[test]
    fn a_changed_response_never_tells_otherwise(place in proptest::prelude::any::<proptest::sample::Index>(), octet in 0_u8..) {
        static WORLD: std::sync::LazyLock<World> = std::sync::LazyLock::new(World::new);
        let leaf = Certificate::read(&WORLD.leaf.der).unwrap();
        let ca = Certificate::read(&WORLD.ca.der).unwrap();
        let at = "2026-11-01T00:00:00Z".parse().unwrap();
        let good = status(&WORLD.response, &leaf, &ca, at).unwrap();
        proptest::prop_assert_eq!((good.status, &good.signer), (CertificateStatus::Good, &Signer::Issuer));
        let mut response = WORLD.response.clone();
        let place = place.index(response.len());
        response[place] = octet;
        if let Ok(said) = status(&response, &leaf, &ca, at) {
            proptest::prop_assert_eq!(said, good);
        }
    }
}
