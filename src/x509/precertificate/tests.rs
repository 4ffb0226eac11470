//! Precertificates put together by hand, as a CA and as a precertificate signing certificate would make them.

use super::*;
use crate::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use crate::demo::ct::{CtLog, LogKind, PlannedSct, SctFault, SctPlan, issue};

/// 1.3.6.1.4.1.11129.2.4.3, critical, NULL.
const POISON: &[u8] = &[
    0x30, 0x13, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x03, 0x01, 0x01, 0xff,
    0x04, 0x02, 0x05, 0x00,
];

struct World {
    ca: CaCertificate,
    last: Certificate,
}

impl World {
    fn new() -> Self {
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let ca = CaCertificate::root("The CA", KeyAlgorithm::P256, now).unwrap();
        let log = CtLog::generate("log", "operator", LogKind::Rfc6962, KeyAlgorithm::P256).unwrap();
        let plan = SctPlan {
            scts: vec![PlannedSct { log: &log, timestamp: now, fault: SctFault::None }],
            ..SctPlan::default()
        };
        let leaf = issue(&ca, &LeafRequest::new(&["pre.example"], now).unwrap(), &plan).unwrap();
        Self { ca, last: Certificate::read(&leaf.der).unwrap() }
    }
}

/// `of` with poison in place of the SCT list, and issuer and authority key identifier as `signer` says.
fn precertificate(of: &Certificate, signer: Option<&Certificate>) -> Certificate {
    let parts = of.parts().unwrap();
    let signer = signer.map(|signer| signer.parts().unwrap());
    let mut fields = Reader::new(parts.before_extensions);
    let mut before = Vec::new();
    while let Ok(field) = fields.element() {
        let other = signer.as_ref().filter(|_| field.whole == parts.issuer);
        before.extend_from_slice(other.map_or(field.whole, |signer| signer.subject));
    }
    let mut extensions = Vec::new();
    for extension in &parts.extensions {
        match (extension.oid, &signer) {
            (oid::SCT_LIST, _) => extensions.extend_from_slice(POISON),
            (oid::AUTHORITY_KEY_ID, Some(signer)) => {
                let own = signer.extension(oid::SUBJECT_KEY_ID).unwrap();
                let id = Reader::new(own.value).expect(der::OCTET_STRING).unwrap().content;
                let value = der::wrap(der::SEQUENCE, &der::wrap(der::primitive(0), id));
                let fields = [
                    der::wrap(der::OBJECT_IDENTIFIER, oid::AUTHORITY_KEY_ID),
                    der::wrap(der::OCTET_STRING, &value),
                ];
                extensions.extend(der::wrap(der::SEQUENCE, &fields.concat()));
            }
            _ => extensions.extend_from_slice(extension.whole),
        }
    }
    let list = der::wrap(der::constructed(3), &der::wrap(der::SEQUENCE, &extensions));
    let tbs = der::wrap(der::SEQUENCE, &[before, list].concat());
    let signature = der::wrap(der::BIT_STRING, &[0, 1, 2, 3]);
    let octets = der::wrap(der::SEQUENCE, &[&tbs, parts.signature_algorithm, &signature].concat());
    Certificate::read(&octets).unwrap()
}

#[test]
fn a_precertificate_is_recognised_as_its_certificates_own() {
    let world = World::new();
    let first = precertificate(&world.last, None);
    assert!(first.is_precertificate && !world.last.is_precertificate);
    assert!(corresponds(&world.last, &first, &[]));
    assert!(!corresponds(&first, &world.last, &[]), "only a precertificate comes before");
    assert!(!corresponds(&World::new().last, &first, &[]), "another certificate");
}

#[test]
fn a_precertificate_signer_stands_in_for_its_ca() {
    let world = World::new();
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let signer = world.ca.precertificate_signer("The CA's signer", now).unwrap();
    let signer = Certificate::read(&signer.der).unwrap();
    assert!(signer.is_precertificate_signer);
    let first = precertificate(&world.last, Some(&signer));
    assert_ne!(first.issuer, world.last.issuer);
    assert!(corresponds(&world.last, &first, std::slice::from_ref(&signer)));
    assert!(!corresponds(&world.last, &first, &[]), "without the signer nothing shows it");
    let ordinary = Certificate::read(&world.ca.der).unwrap();
    assert!(!ordinary.is_precertificate_signer);
    assert!(!corresponds(&world.last, &first, &[ordinary]));
}
