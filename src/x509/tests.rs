//! Certificates and paths, on a small hierarchy made by the demo's authority.

use jiff::{SignedDuration, Timestamp};

use super::path::{Anchors, ChainPosition, HostIdentity, Life, NameMatch, Trust, judge};
use super::{Certificate, CertificateFileError, SignatureCheck, is_signed_by, read_certificates};
use crate::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use crate::demo::ct::{SctPlan, issue};

struct Hierarchy {
    root: CaCertificate,
    intermediate: CaCertificate,
    leaf: Vec<u8>,
    now: Timestamp,
}

impl Hierarchy {
    fn new() -> Self {
        let now: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let root = CaCertificate::root("Test Root", KeyAlgorithm::P256, now).unwrap();
        let intermediate = root.intermediate("Test Intermediate", KeyAlgorithm::Rsa2048, now).unwrap();
        let request = LeafRequest::new(&["www.test.example", "*.wild.test.example"], now).unwrap();
        let leaf = issue(&intermediate, &request, &SctPlan::default()).unwrap().der;
        Self { root, intermediate, leaf, now }
    }

    fn chain(&self) -> Vec<Certificate> {
        [&self.leaf, &self.intermediate.der].map(|der| Certificate::read(der).unwrap()).into()
    }

    fn anchors(&self) -> Anchors {
        Anchors::given(vec![Certificate::read(&self.root.der).unwrap()], "roots.pem")
    }
}

fn host(name: &str) -> HostIdentity {
    name.parse().map_or_else(|_| HostIdentity::Name(name.parse().unwrap()), HostIdentity::Address)
}

#[test]
fn a_good_chain_leads_to_its_anchor() {
    let world = Hierarchy::new();
    let verdict =
        judge(&world.chain(), Some(&host("www.test.example")), &world.anchors(), world.now).unwrap();
    assert_eq!(
        (&verdict.trust, verdict.life, &verdict.name),
        (&Trust::Trusted, Life::Current, &NameMatch::Matches)
    );
    let positions: Vec<ChainPosition> = verdict.path.iter().map(|member| member.position).collect();
    assert_eq!(positions, [ChainPosition::Leaf, ChainPosition::Intermediate, ChainPosition::Root]);
    assert_eq!(verdict.path[2].spki_sha256, Certificate::read(&world.root.der).unwrap().spki_sha256);
}

#[test]
fn name_dates_and_path_are_told_apart() {
    let world = Hierarchy::new();
    let wrong_name =
        judge(&world.chain(), Some(&host("other.example")), &world.anchors(), world.now).unwrap();
    assert_eq!((wrong_name.trust, wrong_name.name), (Trust::Trusted, NameMatch::Differs));
    let late = world.now + SignedDuration::from_hours(24 * 100);
    let expired = judge(&world.chain(), None, &world.anchors(), late).unwrap();
    assert!(matches!(expired.trust, Trust::TrustedAtAnotherTime { .. }), "{:?}", expired.trust);
    assert_eq!((expired.life, expired.path.len()), (Life::Expired, 3));
    let early = world.now - SignedDuration::from_hours(24 * 100);
    assert_eq!(judge(&world.chain(), None, &world.anchors(), early).unwrap().life, Life::NotYet);
    let lone = judge(&world.chain()[..1], None, &world.anchors(), world.now).unwrap();
    assert!(matches!(lone.trust, Trust::Untrusted { .. }));
    let public = judge(&world.chain(), None, &Anchors::embedded(), world.now).unwrap();
    assert!(matches!(public.trust, Trust::Untrusted { .. }));
    assert_eq!(judge(&[], None, &world.anchors(), world.now), None);
}

#[test]
fn wildcards_and_addresses_are_matched_by_their_own_rules() {
    let world = Hierarchy::new();
    let name =
        |asked: &str| judge(&world.chain(), Some(&host(asked)), &world.anchors(), world.now).unwrap().name;
    assert_eq!(name("a.wild.test.example"), NameMatch::Matches);
    assert_eq!(name("a.b.wild.test.example"), NameMatch::Differs);
    assert_eq!(name("wild.test.example"), NameMatch::Differs);
    assert_eq!(name("127.0.0.1"), NameMatch::Differs);
}

#[test]
fn a_signature_is_its_makers() {
    let world = Hierarchy::new();
    let [leaf, intermediate] = <[Certificate; 2]>::try_from(world.chain()).unwrap();
    let root = Certificate::read(&world.root.der).unwrap();
    assert_eq!(is_signed_by(&leaf, &intermediate), SignatureCheck::Made);
    assert_eq!(is_signed_by(&intermediate, &root), SignatureCheck::Made);
    assert_ne!(is_signed_by(&leaf, &root), SignatureCheck::Made);
}

#[test]
fn a_signature_that_was_good_once_is_good_for_nothing_else() {
    let world = Hierarchy::new();
    let [leaf, intermediate] = <[Certificate; 2]>::try_from(world.chain()).unwrap();
    assert_eq!(is_signed_by(&leaf, &intermediate), SignatureCheck::Made);
    assert_eq!(is_signed_by(&leaf, &intermediate), SignatureCheck::Made, "remembered");
    // The same signature over one other octet of a name, and under another key.
    let place = leaf.der().windows(4).position(|octets| octets == b"test").unwrap();
    let mut changed = leaf.der().to_vec();
    changed[place] = b'b';
    let changed = Certificate::read(&changed).unwrap();
    assert_eq!(is_signed_by(&changed, &intermediate), SignatureCheck::NotMade);
    let other = Hierarchy::new();
    let namesake = Certificate::read(&other.intermediate.der).unwrap();
    assert_eq!(is_signed_by(&leaf, &namesake), SignatureCheck::NotMade);
}

#[test]
fn files_are_der_or_pem_with_anything_around_it() {
    let world = Hierarchy::new();
    let pem = format!("some words\r\n{}\nmore words\n{}", world.intermediate.to_pem(), world.root.to_pem());
    let read = |octets: &[u8]| read_certificates(octets).map(|found| found.len());
    assert_eq!(read(pem.as_bytes()), Ok(2));
    assert_eq!(read(pem.replace('\n', "\r\n").as_bytes()), Ok(2));
    assert_eq!(read(&world.leaf), Ok(1));
    assert_eq!(read(b""), Err(CertificateFileError::Empty));
    assert_eq!(read(b"hello"), Err(CertificateFileError::NotACertificate));
    let cut = &pem.as_bytes()[..pem.len() - 30];
    assert!(matches!(read(cut), Err(CertificateFileError::UnendedPem { line } ) if line > 2));
    let mut trailing = world.leaf.clone();
    trailing.push(0);
    assert!(matches!(read(&trailing), Err(CertificateFileError::Certificate { number: 1, .. })));
    assert!(matches!(
        read(b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----"),
        Err(CertificateFileError::BadPem { line: 1 })
    ));
}

#[test]
fn a_key_is_hashed_as_openssl_hashes_it() {
    // openssl x509 -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256, over the root of
    // webpki-root-certs that is ISRG Root X1, gives the pin that Let's Encrypt's users know.
    let known = "C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=";
    let found = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| Certificate::read(der).ok())
        .find(|root| root.spki_sha256.to_string() == known)
        .unwrap();
    assert!(found.subject.contains("ISRG Root X1"));
    assert!(found.is_ca && found.is_self_issued());
}

#[test]
fn every_embedded_root_is_read() {
    for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        assert!(Certificate::read(der).is_ok());
    }
}

proptest::proptest! {
    #[test]
    fn a_spoiled_certificate_is_read_without_panic(index in 0_usize..2000, octet in 0_u8.., cut in 0_usize..2000) {
        use std::sync::LazyLock;
        static LEAF: LazyLock<Vec<u8>> = LazyLock::new(|| Hierarchy::new().leaf);
        let mut der = LEAF.clone();
        let place = index % der.len();
        der[place] = octet;
        let _ = Certificate::read(&der).map(|certificate| {
            let _ = super::precertificate::signed_tbs(&certificate.parts().unwrap());
        });
        der.truncate(cut);
        let _ = Certificate::read(&der);
    }
}

#[test]
fn must_staple_is_the_tls_feature_of_status_requests() {
    let with = |content: &[u8]| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        let feature =
            rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], content.to_vec());
        params.custom_extensions = vec![feature];
        Certificate::read(params.self_signed(&key).unwrap().der()).unwrap().must_staple()
    };
    assert!(with(&[0x30, 3, 2, 1, 5]));
    assert!(with(&[0x30, 6, 2, 1, 17, 2, 1, 5]), "beside another");
    assert!(!with(&[0x30, 3, 2, 1, 17]), "another alone");
    assert!(!with(&[0x30, 4, 2, 2, 0, 5]), "no DER");
    for broken in [&[][..], &[0x30], &[0x30, 3, 2, 1], &[2, 1, 5]] {
        assert!(!with(broken), "{broken:?}");
    }
}
