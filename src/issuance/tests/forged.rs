//! Names of CAs that certificates bear, and keys that issued them.

use super::*;
use crate::demo::authority::KeyAlgorithm;
use crate::demo::ct::precertificate;
use crate::issuance::forged::NameOfIssuer;

fn chained(report: ReportedCertificate, chain: &[&CaCertificate]) -> ReportedCertificate {
    ReportedCertificate { chain: chain.iter().map(|ca| bytes(&ca.der)).collect(), ..report }
}

fn state(report: ReportedCertificate, known: &Played, issuers: &[&CaCertificate]) -> IssuanceVerdict {
    let mut pool = Issuers::default();
    for ca in issuers {
        pool.add_der(&ca.der);
    }
    let readings = [reading(SourceKind::WatchState, vec![report])];
    judge(&"t.example".parse().unwrap(), &readings, pool, known, now())
}

/// The purpose in the forger's own certificate says nothing against the forgery.
#[test]
fn a_forger_who_is_a_precertificate_signer_is_a_forger() {
    let (real, root) = (ca("CA"), ca("CA"));
    let signer = root.precertificate_signer("CA", now()).unwrap();
    let one = leaf(&signer, &["t.example"]);
    let report = ReportedCertificate {
        precertificate: Some(bytes(&precertificate::of(&signer, &one.precertificate_tbs).unwrap())),
        ..ReportedCertificate::default()
    };
    let verdict = state(chained(report, &[&signer, &root, &real]), &Played::expecting(&real), &[]);
    assert_eq!(only(&verdict).forged.as_ref().unwrap().owners, ["Expected CA"]);
}

/// The CA's own signer, whose name no table has.
#[test]
fn a_precertificate_of_the_cas_own_signer_is_the_cas() {
    let real = ca("CA");
    let signer = real.precertificate_signer("Signer", now()).unwrap();
    let one = leaf(&signer, &["t.example"]);
    let report = ReportedCertificate {
        precertificate: Some(bytes(&precertificate::of(&signer, &one.precertificate_tbs).unwrap())),
        ..ReportedCertificate::default()
    };
    // The signer and its CA are given beside what a service shows.
    let verdict = state(report, &Played::expecting(&real), &[&signer, &real]);
    let one = only(&verdict);
    assert_eq!(one.certificate.issuer.key, Some(real.key.spki_sha256()));
    assert_eq!((one.issuer.expectation, one.forged.is_some()), (Expectation::Expected, false));
}

/// A service shows the precertificate and the certificate, and the signer is given by --issuer.
#[test]
fn a_precertificate_of_a_signer_and_its_certificate_are_one_by_the_signers_that_are_given() {
    let real = ca("CA");
    let signer = real.precertificate_signer("PS", now()).unwrap();
    let one = leaf(&real, &["t.example"]);
    // The signer's name is as long as the CA's, so that it can stand in its place.
    let (own, other) = (Certificate::read(&signer.der).unwrap(), Certificate::read(&real.der).unwrap());
    let in_place = [
        (other.parts().unwrap().subject.to_vec(), own.parts().unwrap().subject.to_vec()),
        (other.subject_key_id.clone().unwrap(), own.subject_key_id.clone().unwrap()),
    ];
    let tbs = in_place.iter().fold(one.precertificate_tbs.clone(), |tbs, (from, to)| {
        let at = tbs.windows(from.len()).position(|piece| piece == from).unwrap();
        [&tbs[..at], to, &tbs[at + from.len()..]].concat()
    });
    let by_signer = precertificate::of(&signer, &tbs).unwrap();
    let shows = |der: Option<&[u8]>, first: Option<&[u8]>| ReportedCertificate {
        certificate: der.map(bytes),
        precertificate: first.map(bytes),
        ..ReportedCertificate::default()
    };
    let readings =
        [reading(SourceKind::CrtSh, vec![shows(Some(&one.der), None), shows(None, Some(&by_signer))])];
    let mut pool = Issuers::default();
    pool.add_der(&signer.der);
    pool.add_der(&real.der);
    let verdict = judge(&"t.example".parse().unwrap(), &readings, pool, &Played::expecting(&real), now());
    assert_eq!(only(&verdict).certificate.contradictions, [""; 0]);
}

/// A CA may have a new key of the same name: without its certificate nothing tells.
#[test]
fn a_known_name_with_an_unknown_key_is_forged_only_where_its_certificate_leads_elsewhere() {
    let real = ca("CA");
    let known = Played::expecting(&real);
    let other_root = ca("Other root");
    let fake = other_root.intermediate("CA", KeyAlgorithm::P256, now()).unwrap();
    let report = |chain: &[&CaCertificate]| chained(logged(&leaf(&fake, &["t.example"]), &fake), chain);
    let says = |verdict: &IssuanceVerdict| only(verdict).name_of_issuer.clone();
    let borne = state(report(&[&real]), &known, &[]);
    assert!(matches!(says(&borne), NameOfIssuer::Borne(_)), "{:?}", says(&borne));
    assert_eq!(only(&borne).issuer.expectation, Expectation::Undetermined);
    assert!(!only(&borne).is_unexpected());
    for chain in [&[&fake, &other_root, &real][..], &[&fake, &real]] {
        assert!(matches!(says(&state(report(chain), &known, &[])), NameOfIssuer::Forged(_)));
    }
    // It may lead to a key of a known name that is not there.
    let named = Played {
        named: vec![(other_root_name(&other_root), real.key.spki_sha256())],
        ..Played::expecting(&real)
    };
    assert!(matches!(says(&state(report(&[&fake, &real]), &named, &[])), NameOfIssuer::Borne(_)));
    // The key is another known owner's.
    let theirs = Played::expecting(&real).knowing(&fake, "Other CA", "other.example");
    assert!(matches!(says(&state(report(&[&real]), &theirs, &[])), NameOfIssuer::Forged(_)));
}

/// Whoever likes makes a certificate for another's key that names a known CA: what nothing verifies says nothing beside a
/// verified way.
#[test]
fn a_certificate_that_nothing_verifies_excuses_no_forger() {
    let (real, other_root, known_root) = (ca("CA"), ca("Other root"), ca("Known root"));
    let fake = other_root.intermediate("CA", KeyAlgorithm::P256, now()).unwrap();
    let at = memchr::memmem::find(&fake.der, b"Other root").unwrap();
    let twisted = [&fake.der[..at], b"Known root", &fake.der[at + 10..]].concat();
    let known = Played {
        named: vec![(other_root_name(&known_root), known_root.key.spki_sha256())],
        ..Played::expecting(&real)
    };
    let says = |chain: &[&CaCertificate]| {
        let mut report = chained(logged(&leaf(&fake, &["t.example"]), &fake), chain);
        report.chain.push(bytes(&twisted));
        only(&state(report, &known, &[])).name_of_issuer.clone()
    };
    assert!(matches!(says(&[&fake, &other_root, &real]), NameOfIssuer::Forged(_)));
    assert!(matches!(says(&[&fake, &real]), NameOfIssuer::Borne(_)), "without a verified way it may be");
}

fn other_root_name(ca: &CaCertificate) -> String {
    Certificate::read(&ca.der).unwrap().subject
}

/// Which other certificates a report holds decides nothing: the owner's CA has a name, or its certificate is there.
#[test]
fn a_ca_of_the_owners_own_is_known_by_its_name() {
    let (real, fake) = (ca("CA"), ca("CA"));
    let name = Certificate::read(&real.der).unwrap().subject;
    let report = || chained(logged(&leaf(&fake, &["t.example"]), &fake), &[&fake]);
    let nameless = Played { nameless: vec![real.key.spki_sha256()], ..Played::expecting(&real) };
    let open = state(report(), &nameless, &[]);
    assert_eq!(only(&open).name_of_issuer, NameOfIssuer::NotCompared);
    let named = Played { named: vec![(name, real.key.spki_sha256())], ..Played::expecting(&real) };
    for verdict in [state(report(), &named, &[]), state(report(), &nameless, &[&real])] {
        assert!(only(&verdict).forged.is_some());
    }
}
