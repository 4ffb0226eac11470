//! SCTs as each way of delivery brings them, and what is no SCT of version 1.

use super::*;
use crate::ct::log_list::LogList;
use crate::ct::sct::read_list;
use crate::ct::verdict::Audience;
use crate::demo::authority::{CaCertificate, IssuedLeaf, KeyAlgorithm, LeafRequest, ocsp_response};
use crate::demo::ct::{
    CtLog, Delivery as Way, ListedLog, LogKind, PlannedSct, SctFault, SctPlan, issue, sct_list, scts_over,
    v3_log_list,
};
use crate::x509::der::{self, Reader};

struct World {
    ca: CaCertificate,
    log: CtLog,
    table: LogTable,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = time("2026-11-01T00:00:00Z");
        let ca = CaCertificate::root("CA", KeyAlgorithm::P256, now).unwrap();
        let log = CtLog::generate("log", "operator", LogKind::Static, KeyAlgorithm::P256).unwrap();
        let listed = ListedLog {
            log: &log,
            state: "usable",
            state_since: time("2026-01-01T00:00:00Z"),
            temporal_interval: (time("2026-01-01T00:00:00Z"), time("2028-01-01T00:00:00Z")),
        };
        let list = LogList::parse(v3_log_list(&[listed], now).as_bytes(), None).unwrap();
        Self { table: LogTable::from_list(&list), ca, log, now }
    }

    fn leaf(&self, names: &[&str]) -> IssuedLeaf {
        issue(&self.ca, &LeafRequest::new(names, self.now).unwrap(), &SctPlan::default()).unwrap()
    }

    /// A list with one SCT over the whole certificate.
    fn list_over(&self, certificate: &[u8]) -> Vec<u8> {
        let planned = PlannedSct { log: &self.log, timestamp: self.now, fault: SctFault::None };
        sct_list(&scts_over(&[planned], Way::Beside { certificate }).unwrap()).unwrap()
    }

    fn verify(&self, certificate: &[u8], tls: Option<&[u8]>, ocsp: Option<&[u8]>) -> VerifiedLists {
        let certificate = Certificate::read(certificate).unwrap();
        let keys = [Certificate::read(&self.ca.der).unwrap().spki_sha256];
        let subject = Subject { certificate: &certificate, issuer_keys: &keys, doubtful: false };
        let delivered = Delivered { tls, ocsp, handshake: true, audience: Audience::Public };
        Verifier::new(&self.table).verify(subject, delivered, self.now)
    }
}

fn said(verified: &VerifiedLists) -> Vec<(Delivery, SctOutcome)> {
    verified.scts.iter().map(|sct| (sct.delivery, sct.outcome)).collect()
}

#[test]
fn scts_of_a_stapled_response_are_over_the_certificate_itself() {
    let world = World::new();
    let leaf = world.leaf(&["a.example"]);
    let list = world.list_over(&leaf.der);
    let response = ocsp_response(&world.ca, &leaf, Some(&list), world.now).unwrap();
    let verified = world.verify(&leaf.der, Some(&list), Some(&response));
    assert_eq!(said(&verified), [(Delivery::Tls, SctOutcome::Valid), (Delivery::Ocsp, SctOutcome::Valid)]);
    assert_eq!(verified.unusable_staple, None);
}

#[test]
fn a_response_about_another_certificate_delivers_nothing() {
    let world = World::new();
    let (leaf, other) = (world.leaf(&["a.example"]), world.leaf(&["a.example"]));
    // The SCT is right for the leaf; it stands in the entry of another certificate.
    let list = world.list_over(&leaf.der);
    let response = ocsp_response(&world.ca, &other, Some(&list), world.now).unwrap();
    let verified = world.verify(&leaf.der, None, Some(&response));
    assert_eq!(said(&verified), []);
    assert_eq!(verified.unusable_staple, Some(OcspError::AboutOthers(1)));
}

#[test]
fn a_stapled_response_without_scts_is_nothing_to_complain_of() {
    let world = World::new();
    let leaf = world.leaf(&["a.example"]);
    let response = ocsp_response(&world.ca, &leaf, None, world.now).unwrap();
    let verified = world.verify(&leaf.der, None, Some(&response));
    assert_eq!((said(&verified), verified.unusable_staple), (vec![], None));
    let broken = world.verify(&leaf.der, None, Some(&response[..50]));
    assert!(matches!(broken.unusable_staple, Some(OcspError::Der { .. })));
}

#[test]
fn an_sct_of_one_delivery_does_not_verify_in_another() {
    let world = World::new();
    let planned = PlannedSct { log: &world.log, timestamp: world.now, fault: SctFault::None };
    let request = LeafRequest::new(&["a.example"], world.now).unwrap();
    let leaf = issue(&world.ca, &request, &SctPlan { scts: vec![planned], ..SctPlan::default() }).unwrap();
    let certificate = Certificate::read(&leaf.der).unwrap();
    let parts = certificate.parts().unwrap();
    let embedded = parts.extension(oid::SCT_LIST).unwrap();
    let list = Reader::new(embedded.value).expect(der::OCTET_STRING).unwrap().content;
    assert!(read_list(list).is_ok());
    let verified = world.verify(&leaf.der, Some(list), None);
    assert_eq!(
        said(&verified),
        [(Delivery::Embedded, SctOutcome::Valid), (Delivery::Tls, SctOutcome::InvalidSignature)]
    );
}

/// The certificate with one more extension, or another signature algorithm.
fn rewritten(of: &[u8], extension: Option<&[u8]>, algorithm: Option<&[u8]>) -> Vec<u8> {
    let certificate = Certificate::read(of).unwrap();
    let parts = certificate.parts().unwrap();
    let mut extensions: Vec<u8> =
        parts.extensions.iter().flat_map(|extension| extension.whole).copied().collect();
    if let Some(oid) = extension {
        let fields = [der::wrap(der::OBJECT_IDENTIFIER, oid), der::wrap(der::OCTET_STRING, &[1, 2, 3])];
        extensions.extend(der::wrap(der::SEQUENCE, &fields.concat()));
    }
    let list = der::wrap(der::constructed(3), &der::wrap(der::SEQUENCE, &extensions));
    let tbs = der::wrap(der::SEQUENCE, &[parts.before_extensions, &list].concat());
    let algorithm = match algorithm {
        Some(oid) => der::wrap(der::SEQUENCE, &der::wrap(der::OBJECT_IDENTIFIER, oid)),
        None => parts.signature_algorithm.to_vec(),
    };
    let signature = der::wrap(der::BIT_STRING, &[0, 1]);
    der::wrap(der::SEQUENCE, &[tbs, algorithm, signature].concat())
}

#[test]
fn version_2_is_recognised_and_named_unsupported() {
    let world = World::new();
    let leaf = rewritten(&world.leaf(&["a.example"]).der, Some(oid::TRANSPARENCY_INFORMATION), None);
    let verified = world.verify(&leaf, None, None);
    assert_eq!(said(&verified), [(Delivery::Embedded, SctOutcome::UnsupportedVersion)]);
    assert!(verified.scts[0].reason.contains("RFC 9162"), "{}", verified.scts[0].reason);
}

#[test]
fn a_merkle_tree_certificate_is_told_by_its_signature_algorithm() {
    let world = World::new();
    let leaf = world.leaf(&["a.example"]);
    let merkle = rewritten(&leaf.der, None, Some(oid::MERKLE_TREE_PROOF));
    assert!(Certificate::read(&merkle).unwrap().is_merkle_tree);
    assert!(!Certificate::read(&leaf.der).unwrap().is_merkle_tree);
}

#[test]
fn a_key_of_another_name_says_nothing_where_its_signature_does_not_stand() {
    let world = World::new();
    let planned = PlannedSct { log: &world.log, timestamp: world.now, fault: SctFault::None };
    let request = LeafRequest::new(&["a.example"], world.now).unwrap();
    let leaf = issue(&world.ca, &request, &SctPlan { scts: vec![planned], ..SctPlan::default() }).unwrap();
    let certificate = Certificate::read(&leaf.der).unwrap();
    let right = Certificate::read(&world.ca.der).unwrap().spki_sha256;
    let delivered = Delivered { tls: None, ocsp: None, handshake: false, audience: Audience::Public };
    for (key, doubtful, expected) in [
        (SpkiSha256([7; 32]), true, SctOutcome::IssuerUnknown),
        (SpkiSha256([7; 32]), false, SctOutcome::InvalidSignature),
        (right, true, SctOutcome::Valid),
    ] {
        let subject = Subject { certificate: &certificate, issuer_keys: &[key], doubtful };
        let verified = Verifier::new(&world.table).verify(subject, delivered, world.now);
        assert_eq!(said(&verified), [(Delivery::Embedded, expected)]);
    }
}
