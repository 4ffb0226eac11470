//! Paths over hierarchies made here, under invented names.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::*;

const AT: &str = "2026-11-21T00:00:00Z";

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    if !name.starts_with("leaf") {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

/// An old root, a new one that it cross-signed, an intermediate of the new one, and a leaf.
struct World {
    old: Certificate,
    new: Certificate,
    cross: Certificate,
    intermediate: Certificate,
    leaf: Certificate,
}

fn world() -> World {
    let [old_key, new_key, intermediate_key, leaf_key] = [(); 4].map(|()| KeyPair::generate().unwrap());
    let read = |certificate: rcgen::Certificate| Certificate::read(certificate.der()).unwrap();
    let signed = |name: &str, key: &KeyPair, by: &str, by_key: &KeyPair| {
        read(params(name).signed_by(key, &Issuer::new(params(by), by_key)).unwrap())
    };
    World {
        old: read(params("Old Root").self_signed(&old_key).unwrap()),
        new: read(params("New Root").self_signed(&new_key).unwrap()),
        cross: signed("New Root", &new_key, "Old Root", &old_key),
        intermediate: signed("Issuing 1", &intermediate_key, "New Root", &new_key),
        leaf: signed("leaf.example", &leaf_key, "Issuing 1", &intermediate_key),
    }
}

fn known(certificate: &Certificate, issuer: &Certificate, kind: CertificateKind) -> KnownCertificate {
    let parts = certificate.parts().unwrap();
    KnownCertificate {
        sha256: certificate.sha256,
        key: certificate.spki_sha256,
        name: certificate.subject.clone(),
        subject: hash_of(parts.subject),
        issuer: hash_of(parts.issuer),
        issuer_keys: vec![issuer.spki_sha256],
        kind,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
    }
}

/// The paths by their labels, and whether they end at an anchor.
fn labels(
    served: &[&Certificate],
    anchors: &[&Certificate],
    graph: &[KnownCertificate],
) -> Vec<(String, bool)> {
    let served: Vec<Certificate> = served.iter().map(|certificate| (*certificate).clone()).collect();
    let anchors = Anchors::given(anchors.iter().map(|anchor| (*anchor).clone()).collect(), "test");
    let of_key = |key: &SpkiSha256| graph.iter().filter(|known| known.key == *key).cloned().collect();
    client_paths(&served, &anchors, &of_key, AT.parse().unwrap())
        .iter()
        .map(|path| (path.label(), path.trusted))
        .collect()
}

fn expected(paths: &[(&str, bool)]) -> Vec<(String, bool)> {
    paths.iter().map(|(label, trusted)| ((*label).to_owned(), *trusted)).collect()
}

#[test]
fn a_cross_signed_root_that_is_an_anchor_ends_the_path() {
    let w = world();
    let served = [&w.leaf, &w.intermediate, &w.cross];
    let long = ("Issuing 1 ← New Root ← Old Root", true);
    assert_eq!(labels(&served, &[&w.old], &[]), expected(&[long]));
    assert_eq!(labels(&served, &[&w.old, &w.new], &[]), expected(&[("Issuing 1 ← New Root", true), long]));
    let new = known(&w.new, &w.new, CertificateKind::Root);
    assert_eq!(labels(&served, &[&w.old], &[new]), expected(&[long, ("Issuing 1 ← New Root", false)]));
    let removed = known(&w.new, &w.new, CertificateKind::Removed);
    assert_eq!(labels(&served, &[&w.old], &[removed]), expected(&[long]));
}

#[test]
fn a_cross_certificate_that_was_not_served_leads_on() {
    let w = world();
    let graph = [
        known(&w.cross, &w.old, CertificateKind::Intermediate),
        known(&w.old, &w.old, CertificateKind::Root),
    ];
    let short = ("Issuing 1 ← New Root", true);
    let both = expected(&[short, ("Issuing 1 ← New Root ← Old Root", false)]);
    assert_eq!(labels(&[&w.leaf, &w.intermediate], &[&w.new], &graph), both);
    let mut expired = graph.clone();
    expired[0].not_after = "2026-11-20T00:00:00Z".parse().unwrap();
    assert_eq!(labels(&[&w.leaf, &w.intermediate], &[&w.new], &expired), expected(&[short]));
}

#[test]
fn a_store_may_have_an_intermediate_as_its_anchor() {
    let w = world();
    let anchored = known(&w.intermediate, &w.intermediate, CertificateKind::Root);
    assert_eq!(
        labels(&[&w.leaf, &w.intermediate], &[&w.new], &[anchored]),
        expected(&[("Issuing 1 ← New Root", true), ("Issuing 1", false)])
    );
}

#[test]
fn a_name_alone_leads_nowhere() {
    let (w, other) = (world(), world());
    assert_eq!(labels(&[&w.leaf, &other.intermediate], &[&w.new, &other.new], &[]), []);
    assert_eq!(labels(&[&w.leaf, &w.intermediate], &[&other.new], &[]), []);
    assert_eq!(labels(&[], &[&w.new], &[]), []);
}

#[test]
fn a_graph_of_certificates_that_sign_each_other_ends() {
    let w = world();
    let base = known(&w.new, &w.new, CertificateKind::Intermediate);
    // Twelve keys, each signed by every other, all under one name.
    let keys: Vec<SpkiSha256> =
        (0..12_u8).map(|number| SpkiSha256([number; 32])).chain([w.new.spki_sha256]).collect();
    let mut graph = Vec::new();
    for key in &keys {
        for kind in [CertificateKind::Intermediate, CertificateKind::Root] {
            graph.push(KnownCertificate { key: *key, issuer_keys: keys.clone(), kind, ..base.clone() });
        }
    }
    let paths = labels(&[&w.leaf, &w.intermediate], &[&w.new], &graph);
    assert!((2..=MOST_PATHS + 1).contains(&paths.len()), "{}", paths.len());
    assert_eq!(paths.last(), Some(&(FURTHER.to_owned(), true)), "that there are more is said");
}

#[test]
fn a_path_to_a_root_of_mozillas_programme_is_known_to_be_one() {
    let ending = |root: &Certificate| ClientPath {
        certificates: vec![path_certificate(ChainPosition::Root, root)],
        trusted: false,
    };
    let embedded = Anchors::embedded();
    // ISRG Root X1 by the hash of its key, as Let's Encrypt and CCADB publish it.
    let isrg = "C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=";
    let known = embedded.certificates().iter().find(|root| root.spki_sha256.to_string() == isrg).unwrap();
    let path = ending(known);
    assert_eq!((path.anchor(), path.ends_at_mozillas()), ("ISRG Root X1", true));
    let mut certificates = path.certificates;
    certificates[0].spki_sha256 = SpkiSha256::of(b"another key of the same name");
    assert!(!ClientPath { certificates, trusted: true }.ends_at_mozillas());
}
