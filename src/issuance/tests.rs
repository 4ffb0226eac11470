//! What sources report, put together and judged, in a small world of CAs.

use super::issued::Life;
use super::issuers::Issuers;
use super::reported::{Claimed, Coverage, ReportedCertificate, SourceKind, SourceReading};
use super::testing::{Played, bytes, ca, claimed, claims, expired, leaf, logged, now, reading, shown};
use super::who::IssuerProof;
use super::{IssuanceVerdict, JudgedCertificate, KeyListing, Status, judge};
use crate::ca::expectation::Expectation;
use crate::demo::authority::CaCertificate;
use crate::x509::{Certificate, SpkiSha256};

mod claims;
mod expectations;
mod forged;

fn judged(readings: &[SourceReading], known: &Played) -> IssuanceVerdict {
    judge(&"t.example".parse().unwrap(), readings, Issuers::default(), known, now())
}

fn files(certificates: Vec<ReportedCertificate>) -> Vec<SourceReading> {
    vec![reading(SourceKind::Files, certificates)]
}

fn only(verdict: &IssuanceVerdict) -> &JudgedCertificate {
    assert_eq!(verdict.certificates.len(), 1, "{:?}", verdict.certificates);
    &verdict.certificates[0]
}

#[test]
fn a_precertificate_and_its_certificate_are_one_with_all_sightings() {
    let ca = ca("CA");
    let leaf = leaf(&ca, &["t.example"]);
    let spotted = Claimed {
        tbs_sha256: Some(
            sha2::Digest::finalize(sha2::Digest::chain_update(
                <sha2::Sha256 as sha2::Digest>::new(),
                &leaf.precertificate_tbs,
            ))
            .into(),
        ),
        dns_names: vec!["t.example".to_owned()],
        ..Claimed::default()
    };
    let readings = [
        reading(SourceKind::CrtSh, vec![claimed(claims(&leaf)), claimed(claims(&leaf))]),
        reading(SourceKind::WatchState, vec![logged(&leaf, &ca)]),
        reading(SourceKind::Files, vec![shown(&leaf, &[&ca])]),
        reading(SourceKind::CertSpotter, vec![claimed(spotted)]),
    ];
    let verdict = judged(&readings, &Played::expecting(&ca));
    let one = only(&verdict);
    assert_eq!(one.certificate.reported_by.iter().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(one.certificate.sha256.is_some() && one.certificate.precertificate_sha256.is_some());
    assert_eq!(one.certificate.sightings.len(), 2);
    assert_eq!(one.certificate.contradictions, [""; 0]);
    assert_eq!(one.certificate.issuer.proof, IssuerProof::Leaf);
    assert_eq!(one.issuer.expectation, Expectation::Expected);
    assert_eq!(verdict.status, Status::Checked);
    let reports: Vec<usize> = verdict.sources.iter().map(|source| source.reports).collect();
    assert_eq!(reports, [2, 1, 1, 1]);
}

#[test]
fn nothing_is_merged_on_less_than_issuer_and_serial() {
    let ca = ca("CA");
    let (one, other) = (leaf(&ca, &["t.example"]), leaf(&ca, &["t.example"]));
    let without_serial = Claimed { serial: None, ..claims(&one) };
    let readings = files(vec![
        shown(&one, &[&ca]),
        shown(&other, &[&ca]),
        claimed(without_serial.clone()),
        claimed(without_serial),
    ]);
    assert_eq!(judged(&readings, &Played::expecting(&ca)).certificates.len(), 4);
}

#[test]
fn a_claim_that_contradicts_the_certificate_is_kept_apart_and_told() {
    let ca = ca("CA");
    let leaf = leaf(&ca, &["t.example"]);
    let lie = Claimed { spki_sha256: Some(SpkiSha256([9; 32])), ..claims(&leaf) };
    let readings = [
        reading(SourceKind::Files, vec![shown(&leaf, &[&ca])]),
        reading(SourceKind::CrtSh, vec![claimed(lie)]),
    ];
    let verdict = judged(&readings, &Played::expecting(&ca));
    assert_eq!(verdict.certificates.len(), 2);
    let told = verdict.certificates.iter().flat_map(|judged| &judged.certificate.contradictions);
    assert_eq!(told.count(), 1);
    // The same key, another issuer key than the one that is proven.
    let lie = Claimed { issuer_spki_sha256: Some(SpkiSha256([9; 32])), ..claims(&leaf) };
    let readings = files(vec![shown(&leaf, &[&ca]), claimed(lie)]);
    let verdict = judged(&readings, &Played::expecting(&ca));
    assert!(only(&verdict).certificate.contradictions[0].contains("did."));
    assert_eq!(only(&verdict).issuer.expectation, Expectation::Expected, "the proof stands");
}

#[test]
fn only_what_is_for_the_name_counts() {
    let ca = ca("CA");
    let names =
        ["www.t.example", "a.b.t.example", "*.example", "other.example", "t.example.net", "not-t.example"];
    let reports: Vec<ReportedCertificate> =
        names.iter().map(|name| shown(&leaf(&ca, &[name]), &[&ca])).collect();
    let verdict = judged(&files(reports), &Played::expecting(&ca));
    let mut found: Vec<&str> =
        verdict.certificates.iter().map(|it| it.certificate.names[0].as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ["*.example", "a.b.t.example", "www.t.example"]);
}

#[test]
fn a_forged_issuer_name_is_told_by_the_key() {
    let (real, fake) = (ca("CA"), ca("CA"));
    let known = Played::expecting(&real);
    let readings = files(vec![
        shown(&leaf(&real, &["t.example"]), &[&real]),
        shown(&leaf(&fake, &["t.example"]), &[&fake, &real]),
    ]);
    let verdict = judged(&readings, &known);
    let forged: Vec<&JudgedCertificate> = verdict.unexpected().collect();
    assert_eq!(forged.len(), 1);
    assert_eq!(forged[0].forged.as_ref().unwrap().owners, ["Expected CA"]);
    assert_eq!(forged[0].issuer.expectation, Expectation::Undetermined, "the key is unknown, not unexpected");
    assert_eq!(forged[0].certificate.issuer.key, Some(fake.key.spki_sha256()));
    assert!(verdict.demanded().is_empty(), "what is told as forged is not open besides");
    assert_eq!(verdict.certificates[0].certificate.sha256, forged[0].certificate.sha256, "it comes first");
}

/// A CA below a known one, of another organisation, is nobody's forgery, and no expected CA either.
#[test]
fn a_new_key_of_the_same_name_below_its_own_ca_is_no_forgery() {
    let root = ca("Root");
    let old = root.intermediate("CA", crate::demo::authority::KeyAlgorithm::P256, now()).unwrap();
    let new = root.intermediate("CA", crate::demo::authority::KeyAlgorithm::P256, now()).unwrap();
    let known = Played::expecting(&root).knowing(&old, "Expected CA", "ca.example");
    let verdict = judged(&files(vec![shown(&leaf(&new, &["t.example"]), &[&new, &old, &root])]), &known);
    let one = only(&verdict);
    assert!(one.forged.is_none());
    assert_eq!(one.certificate.issuer.below.as_deref(), Some("Expected CA"));
    assert_eq!(one.issuer.expectation, Expectation::Undetermined);
}

#[test]
fn names_and_claims_alone_make_nothing_expected_or_unexpected() {
    let ca = ca("CA");
    let leaf = leaf(&ca, &["t.example"]);
    let known = Played::expecting(&ca);
    let said = Claimed {
        issuer_spki_sha256: Some(ca.key.spki_sha256()),
        issuer_owner: Some("Expected CA".to_owned()),
        ..claims(&leaf)
    };
    for (reports, proof) in [
        (vec![claimed(said)], IssuerProof::SourceClaim),
        (vec![claimed(claims(&leaf))], IssuerProof::None),
        (vec![shown(&leaf, &[])], IssuerProof::None),
    ] {
        let verdict = judged(&files(reports), &known);
        assert_eq!(only(&verdict).certificate.issuer.proof, proof);
        assert_eq!(only(&verdict).issuer.expectation, Expectation::Undetermined, "{proof:?}");
        assert!(!only(&verdict).is_unexpected());
        assert_eq!(verdict.demanded().len(), 1);
    }
}

#[test]
fn the_leaf_of_a_log_tells_the_issuer_without_any_chain() {
    let (expected, other) = (ca("CA"), ca("Other"));
    let known = Played::expecting(&expected).knowing(&other, "Other CA", "other.example");
    let without_chain = |ca: &CaCertificate| logged(&leaf(ca, &["t.example"]), ca);
    let verdict = judged(
        &[reading(SourceKind::WatchState, vec![without_chain(&expected), without_chain(&other)])],
        &known,
    );
    let expectations: Vec<Expectation> =
        verdict.certificates.iter().map(|it| it.issuer.expectation).collect();
    assert_eq!(expectations, [Expectation::Unexpected, Expectation::Expected]);
}

/// Who forges a CA's name may have the very same content signed.
#[test]
fn one_content_from_two_issuer_keys_is_two_certificates() {
    let (real, fake) = (ca("CA"), ca("CA"));
    let once = leaf(&real, &["t.example"]);
    let mut chained = logged(&once, &real);
    chained.chain.push(crate::evidence::Bytes(real.der.clone()));
    let mut of_fake = logged(&once, &fake);
    of_fake.chain.push(crate::evidence::Bytes(fake.der.clone()));
    let reports = vec![chained, of_fake];
    let verdict = judged(&[reading(SourceKind::WatchState, reports)], &Played::expecting(&real));
    assert_eq!(verdict.certificates.len(), 2);
    assert_eq!(verdict.unexpected().count(), 1);
    let forged = verdict.unexpected().next().unwrap();
    assert_eq!(forged.certificate.issuer.key, Some(fake.key.spki_sha256()));
    assert_eq!(forged.certificate.contradictions.len(), 1);
}

/// A log's tree proves that the log stands by an entry, not that the log looked at the chain.
#[test]
fn a_signature_that_can_be_checked_wins_over_a_leaf_and_the_difference_is_told() {
    let (real, fake) = (ca("CA"), ca("CA"));
    let forged = leaf(&fake, &["t.example"]);
    for is_proven in [true, false] {
        let mut lying = logged(&forged, &fake);
        if let Some(logged) = &mut lying.logged {
            (logged.issuer_key_hash, logged.is_proven) = (real.key.spki_sha256(), is_proven);
        }
        let with_final =
            ReportedCertificate { certificate: Some(bytes(&forged.der)), ..ReportedCertificate::default() };
        for (report, beside) in [(lying.clone(), None), (lying, Some(with_final))] {
            let mut reports = vec![report];
            reports.extend(beside);
            reports[0].chain = vec![bytes(&fake.der), bytes(&real.der)];
            let verdict = judged(&[reading(SourceKind::WatchState, reports)], &Played::expecting(&real));
            let one = only(&verdict);
            assert_eq!(one.certificate.issuer.key, Some(fake.key.spki_sha256()));
            assert_eq!(one.certificate.issuer.proof, IssuerProof::Signature);
            assert!(one.forged.is_some());
            let told = one.certificate.contradictions.concat();
            assert!(told.contains(&real.key.spki_sha256().to_string()), "{told}");
        }
    }
}

#[test]
fn an_entry_that_is_not_proven_is_a_claim() {
    let ca = ca("CA");
    let mut report = logged(&leaf(&ca, &["t.example"]), &ca);
    report.precertificate = None;
    let of = |report: &ReportedCertificate| {
        let readings = [reading(SourceKind::WatchState, vec![report.clone()])];
        let verdict = judged(&readings, &Played::expecting(&ca));
        let one = only(&verdict);
        (one.certificate.issuer.proof, one.issuer.expectation)
    };
    assert_eq!(of(&report), (IssuerProof::Leaf, Expectation::Expected));
    report.logged.as_mut().unwrap().is_proven = false;
    assert_eq!(of(&report), (IssuerProof::SourceClaim, Expectation::Undetermined));
}

#[test]
fn the_owners_lists_are_compared() {
    let ca = ca("CA");
    let leaf = leaf(&ca, &["t.example", "www.t.example", "*.t.example", "u.example"]);
    let key = Certificate::read(&leaf.der).unwrap().spki_sha256;
    let with = |keys: Option<Vec<SpkiSha256>>, names: Option<&[&str]>| {
        let names = names.map(|names| names.iter().map(|name| name.parse().unwrap()).collect());
        let known = Played { keys, names, ..Played::expecting(&ca) };
        let verdict = judged(&files(vec![shown(&leaf, &[&ca])]), &known);
        let one = only(&verdict).clone();
        (one.key, one.unlisted_names, one.unlisted_wildcards)
    };
    assert_eq!(with(None, None), (KeyListing::NoList, vec![], vec![]));
    let (listed, names, wildcards) =
        with(Some(vec![key]), Some(&["t.example", "*.t.example", "www.t.example"]));
    assert_eq!((listed, names.len(), wildcards.len()), (KeyListing::Listed, 0, 0));
    let (listed, names, wildcards) = with(Some(vec![SpkiSha256([1; 32])]), Some(&["t.example"]));
    assert_eq!(listed, KeyListing::Unlisted);
    assert_eq!((names, wildcards), (vec!["www.t.example".to_owned()], vec!["*.t.example".to_owned()]));
}

#[test]
fn a_source_that_should_know_a_certificate_and_does_not_is_told() {
    let ca = ca("CA");
    let (current, past) = (leaf(&ca, &["t.example"]), expired(&ca, &["t.example"]));
    let lacking = |kind, coverage| {
        let silent = SourceReading { coverage, ..reading(kind, vec![]) };
        let readings =
            [reading(SourceKind::WatchState, vec![logged(&current, &ca), logged(&past, &ca)]), silent];
        let verdict = judged(&readings, &Played::expecting(&ca));
        verdict.certificates.iter().filter(|it| it.lacking == [1]).map(|it| it.life).collect::<Vec<_>>()
    };
    assert_eq!(lacking(SourceKind::CrtSh, Coverage::Whole), [Life::Current, Life::Expired]);
    assert_eq!(
        lacking(SourceKind::CertSpotter, Coverage::Whole),
        [Life::Current],
        "it has unexpired ones only"
    );
    assert_eq!(lacking(SourceKind::CrtSh, Coverage::Part("cut".to_owned())), []);
    assert_eq!(lacking(SourceKind::Files, Coverage::Whole), []);
}

#[test]
fn no_data_is_never_nothing_issued() {
    let of = |coverages: &[Coverage]| {
        let readings: Vec<SourceReading> = coverages
            .iter()
            .map(|coverage| SourceReading {
                coverage: coverage.clone(),
                ..reading(SourceKind::CrtSh, vec![])
            })
            .collect();
        judged(&readings, &Played::default()).status.name()
    };
    let (part, none) = (Coverage::Part("cut".to_owned()), Coverage::NoData("503".to_owned()));
    let not_asked = Coverage::NotAsked("offline".to_owned());
    assert_eq!(of(&[]), "not_checked");
    assert_eq!(of(std::slice::from_ref(&not_asked)), "not_checked");
    assert_eq!(of(&[none.clone(), not_asked]), "undetermined");
    assert_eq!(of(&[part, none.clone()]), "undetermined");
    assert_eq!(of(&[none.clone(), Coverage::Whole]), "checked");
    // Files know what is in them, and nothing of what else was issued.
    let beside = |coverage: Coverage| {
        let files = reading(SourceKind::Files, vec![]);
        let service = SourceReading { coverage, ..reading(SourceKind::CrtSh, vec![]) };
        judged(&[files, service], &Played::default()).status.name()
    };
    assert_eq!((beside(none), beside(Coverage::Whole)), ("undetermined", "checked"));
}

#[test]
fn what_a_source_reports_is_not_lost_to_what_it_shows() {
    let ca = ca("CA");
    let mut report = shown(&leaf(&ca, &["other.test"]), &[&ca]);
    report.claimed.dns_names = vec!["a.t.example".to_owned()];
    let verdict = judged(&[reading(SourceKind::CrtSh, vec![report.clone()])], &Played::expecting(&ca));
    let told = verdict.certificates[0].certificate.unreadable.as_deref().unwrap_or_default();
    assert!(told.contains("what it shows does not name it"), "{told}");
    report.claimed.dns_names = vec!["a.other.test".to_owned()];
    let verdict = judged(&[reading(SourceKind::CrtSh, vec![report])], &Played::expecting(&ca));
    assert!(verdict.certificates.is_empty());
}

#[test]
fn our_names_are_kept_however_many_others_stand_before_them() {
    let ca = ca("CA");
    let mut names: Vec<String> = (0..2_100).map(|number| format!("n{number}.other.test")).collect();
    names.push("evil.t.example".to_owned());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let verdict = judged(&files(vec![shown(&leaf(&ca, &names), &[&ca])]), &Played::expecting(&ca));
    let certificate = &verdict.certificates[0].certificate;
    assert!(certificate.names.iter().any(|name| name == "evil.t.example"));
    assert!(!certificate.names_are_complete && certificate.names.len() == 2_001);
}

#[test]
fn renewals_follow_one_another_by_ca_and_names() {
    let (ca, other) = (ca("CA"), ca("Other"));
    let reports = vec![
        shown(&leaf(&ca, &["t.example", "www.t.example"]), &[&ca]),
        shown(&expired(&ca, &["www.t.example", "t.example"]), &[&ca]),
        shown(&leaf(&other, &["t.example", "www.t.example"]), &[&other]),
        shown(&leaf(&ca, &["t.example"]), &[&ca]),
    ];
    let verdict =
        judged(&files(reports), &Played::expecting(&ca).knowing(&other, "Other CA", "other.example"));
    let counts: Vec<(&str, usize, usize)> =
        verdict.renewals.iter().map(|it| (it.issuer.as_str(), it.count, it.current)).collect();
    assert_eq!(counts[0], ("Other CA", 1, 1));
    assert!(counts.contains(&("Expected CA", 2, 1)) && counts.contains(&("Expected CA", 1, 1)), "{counts:?}");
    let renewed = verdict.renewals.iter().find(|it| it.count == 2).unwrap();
    assert_eq!((renewed.keys.len(), renewed.gap_days), (2, Some(110)));
}

#[test]
fn what_cannot_be_read_is_reported_by_what_can_be() {
    let ca = ca("CA");
    let leaf = leaf(&ca, &["www.t.example"]);
    let mut torn = leaf.der.clone();
    torn.truncate(torn.len() - 20);
    let elsewhere = super::testing::leaf(&ca, &["u.example"]);
    let mut torn_elsewhere = elsewhere.der.clone();
    torn_elsewhere.truncate(200);
    let report =
        |der: &[u8]| ReportedCertificate { certificate: Some(bytes(der)), ..ReportedCertificate::default() };
    let verdict = judged(
        &files(vec![report(&torn), report(&torn_elsewhere), report(b"\x30\x03abc")]),
        &Played::expecting(&ca),
    );
    let one = only(&verdict);
    let why = one.certificate.unreadable.as_ref().unwrap();
    assert!(why.contains("t.example stands somewhere in it"), "{why}");
    assert_eq!(one.life, Life::Unknown);
    assert_eq!(verdict.sources[0].unreadable.len(), 2);
    assert_eq!(verdict.open().len(), 1);
}

/// Octets that are nearly a certificate get further than random ones.
#[test]
fn no_damaged_certificate_stops_the_judge() {
    let ca = ca("CA");
    let one = leaf(&ca, &["t.example", "www.t.example"]);
    let known = Played::expecting(&ca);
    let mut told = 0;
    for at in (0..one.der.len()).step_by(7) {
        let mut der = one.der.clone();
        der[at] ^= 0x81;
        let mut report = logged(&one, &ca);
        report.certificate = Some(bytes(&der));
        report.claimed = claims(&one);
        let verdict = judged(&files(vec![report.clone(), report]), &known);
        assert!(!verdict.certificates.is_empty(), "octet {at}: a certificate for the name is never lost");
        told += usize::from(
            verdict
                .certificates
                .iter()
                .any(|it| it.certificate.unreadable.is_some() || !it.certificate.contradictions.is_empty()),
        );
        let mut torn = logged(&one, &ca);
        torn.precertificate = Some(bytes(&one.der[..at]));
        assert_eq!(judged(&files(vec![torn]), &known).certificates.len(), 1);
    }
    assert!(told > 50, "{told}");
}

proptest::proptest! {
    /// Whatever is reported, it is judged.
    #[test]
    fn no_octets_stop_the_judge(certificate: Vec<u8>, tbs: Vec<u8>, chain: Vec<u8>, serial: String, name: String) {
        let report = ReportedCertificate {
            certificate: Some(bytes(&certificate)),
            precertificate: Some(bytes(&tbs)),
            chain: vec![bytes(&chain)],
            claimed: Claimed { serial: Some(serial), issuer_name: Some(name.clone()), dns_names: vec![name], ..Claimed::default() },
            ..ReportedCertificate::default()
        };
        judged(&files(vec![report.clone(), report]), &Played::default());
    }
}
