//! Claims that contradict one another, or what a certificate shows.

use super::*;

fn crt_sh(claims: Vec<Claimed>) -> Vec<SourceReading> {
    vec![reading(SourceKind::CrtSh, claims.into_iter().map(claimed).collect())]
}

/// What a source claims besides, or otherwise.
type Change<'a> = &'a dyn Fn(&mut Claimed);

fn told(verdict: &IssuanceVerdict) -> Vec<String> {
    verdict.certificates.iter().flat_map(|judged| judged.certificate.contradictions.clone()).collect()
}

/// The same issuer name and serial number, and else what cannot be of one certificate.
#[test]
fn claims_that_contradict_each_other_are_two_certificates() {
    let ca = ca("CA");
    let known = Played::expecting(&ca);
    let base = Claimed { issuer_number: Some(1), ..claims(&leaf(&ca, &["t.example"])) };
    let later = |time: Option<jiff::Timestamp>| time.map(|time| time + jiff::SignedDuration::from_hours(24));
    let others = [
        Claimed { not_before: later(base.not_before), ..base.clone() },
        Claimed { not_after: later(base.not_after), ..base.clone() },
        Claimed { issuer_number: Some(666), ..base.clone() },
    ];
    for other in others {
        let verdict = judged(&crt_sh(vec![base.clone(), other]), &known);
        assert_eq!(verdict.certificates.len(), 2);
        let told = told(&verdict);
        assert!(told.len() == 1 && told[0].contains("kept apart"), "{told:?}");
    }
    let keyed = |claimed: &Claimed, key: u8| Claimed {
        issuer_spki_sha256: Some(SpkiSha256([key; 32])),
        spki_sha256: Some(SpkiSha256([7; 32])),
        tbs_sha256: Some([3; 32]),
        ..claimed.clone()
    };
    for (one, other) in [
        (keyed(&base, 1), keyed(&base, 2)),
        (
            keyed(&base, 1),
            Claimed { spki_sha256: Some(SpkiSha256([8; 32])), tbs_sha256: None, ..keyed(&base, 1) },
        ),
        (keyed(&base, 1), Claimed { tbs_sha256: Some([4; 32]), ..keyed(&base, 1) }),
    ] {
        let verdict = judged(&crt_sh(vec![one, other]), &known);
        assert_eq!((verdict.certificates.len(), told(&verdict).len()), (2, 1), "{:?}", told(&verdict));
    }
    // Numbers of issuers are each source's own.
    let elsewhere = Claimed { issuer_number: Some(666), ..base.clone() };
    let readings = [crt_sh(vec![base.clone()]), crt_sh(vec![elsewhere])].concat();
    assert_eq!(judged(&readings, &known).certificates.len(), 1);
    // A source that has more than a certificate and its precertificate.
    let apart = Claimed { is_apart: true, ..base.clone() };
    assert_eq!(judged(&crt_sh(vec![apart.clone(), apart]), &known).certificates.len(), 2);
    let verdict = judged(&crt_sh(vec![base.clone(), base]), &known);
    assert_eq!((verdict.certificates.len(), told(&verdict).len()), (1, 0));
}

#[test]
fn every_difference_from_what_a_certificate_shows_is_told_by_who_claims_it() {
    let ca = ca("CA");
    let one = leaf(&ca, &["t.example", "www.t.example"]);
    let differing = |change: Change| {
        let mut report = shown(&one, &[&ca]);
        report.claimed = claims(&one);
        change(&mut report.claimed);
        told(&judged(&[reading(SourceKind::CertSpotter, vec![report])], &Played::expecting(&ca)))
    };
    assert_eq!(differing(&|_| ()), [""; 0]);
    let changes: [(Change, &str); 4] = [
        (
            &|it| it.issuer_name = Some("C=US, O=Let's Encrypt, CN=R11".to_owned()),
            "its issuer’s name is C=US",
        ),
        (&|it| it.dns_names.push("more.t.example".to_owned()), "a name that the certificate has not"),
        (
            &|it| (it.names_are_complete, it.dns_names) = (true, vec!["t.example".to_owned()]),
            "leaves out 1 of",
        ),
        (&|it| it.issuer_spki_sha256 = Some(SpkiSha256([5; 32])), "did."),
    ];
    for (change, expected) in changes {
        let told = differing(change);
        assert!(told.len() == 1 && told[0].contains(expected), "{expected}: {told:?}");
    }
    // The same name as others write it.
    let certificate = Certificate::read(&one.der).unwrap();
    let turned =
        certificate.issuer.split(", ").collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(",");
    assert_eq!(differing(&|it| it.issuer_name = Some(turned.clone())), [""; 0]);
    // Of several claims each is compared.
    let lie = |key: u8| Claimed { issuer_spki_sha256: Some(SpkiSha256([key; 32])), ..claims(&one) };
    let mut readings = files(vec![shown(&one, &[&ca])]);
    readings.extend(crt_sh(vec![lie(1)]));
    readings.extend(crt_sh(vec![lie(2)]));
    assert_eq!(told(&judged(&readings, &Played::expecting(&ca))).len(), 2);
}

/// crt.sh shows one of them, and says of the other what cannot be of that one.
#[test]
fn a_row_of_another_issuer_or_with_other_names_is_no_report_of_a_certificate_that_is_shown() {
    let ca = ca("CA");
    let one = leaf(&ca, &["t.example"]);
    let known = Played::expecting(&ca);
    let base = Claimed { issuer_number: Some(1), ..claims(&one) };
    let fetched = || ReportedCertificate { claimed: base.clone(), ..shown(&one, &[&ca]) };
    let mut more = base.clone();
    more.dns_names.push("login.t.example".to_owned());
    let others = [Claimed { issuer_number: Some(2), ..base.clone() }, more.clone()];
    for other in others {
        let readings = [reading(SourceKind::CrtSh, vec![fetched(), claimed(other)])];
        let verdict = judged(&readings, &known);
        assert_eq!(verdict.certificates.len(), 2);
        assert!(told(&verdict).iter().any(|told| told.contains("kept apart")), "{:?}", told(&verdict));
        assert!(!verdict.demanded().is_empty(), "who issued the other is not known");
    }
    // Of a file of the user's nothing is claimed; the names speak all the same.
    let verdict = judged(&[files(vec![shown(&one, &[&ca])]), crt_sh(vec![more])].concat(), &known);
    assert_eq!(verdict.certificates.len(), 2);
    let verdict = judged(&[files(vec![shown(&one, &[&ca])]), crt_sh(vec![base])].concat(), &known);
    assert_eq!((verdict.certificates.len(), told(&verdict).len()), (1, 0));
}

/// Whoever fills a log or a service with namesakes is not set beside each of them.
#[test]
fn of_many_certificates_of_one_number_none_is_compared_with_all() {
    let ca = ca("CA");
    let base = claims(&leaf(&ca, &["t.example"]));
    let later = |hours: i64| base.not_before.map(|time| time + jiff::SignedDuration::from_hours(hours));
    let many = (1..=40).map(|hours| Claimed { not_before: later(hours), ..base.clone() }).collect();
    let verdict = judged(&crt_sh(many), &Played::expecting(&ca));
    assert_eq!(verdict.certificates.len(), 40);
    let uncompared = told(&verdict).iter().filter(|told| told.starts_with("More than 16")).count();
    assert_eq!(uncompared, 23);
}

/// What a search service claims is said in its name, and no certificate's.
#[test]
fn a_claim_is_said_to_be_whose_it_is() {
    let ca = ca("CA");
    let said =
        Claimed { issuer_spki_sha256: Some(ca.key.spki_sha256()), ..claims(&leaf(&ca, &["t.example"])) };
    let known = Played::expecting(&ca);
    let verdict = judged(&[reading(SourceKind::CertSpotter, vec![claimed(said)])], &known);
    let reason = &only(&verdict).issuer.reasons[0];
    assert!(reason.starts_with("By what Cert Spotter says, Expected CA issued it"), "{reason}");
    let verdict = judged(&crt_sh(vec![claims(&leaf(&ca, &["t.example"]))]), &known);
    let reason = &only(&verdict).issuer.reasons[0];
    assert!(reason.contains("crt.sh does not show the certificate"), "{reason}");
}

#[test]
fn a_broken_certificate_hides_no_readable_precertificate() {
    let ca = ca("CA");
    let one = leaf(&ca, &["www.t.example"]);
    let mut report = logged(&one, &ca);
    report.certificate = Some(bytes(&one.der[..60]));
    let verdict = judged(&[reading(SourceKind::WatchState, vec![report])], &Played::expecting(&ca));
    let certificate = &only(&verdict).certificate;
    assert_eq!(certificate.names, ["www.t.example"]);
    assert!(!certificate.names_are_complete && certificate.unreadable.is_some() && certificate.is_shown);
    assert!(verdict.sources[0].unreadable.is_empty());
}

/// A plain name beside it does not make an odd one plain.
#[test]
fn an_odd_name_beside_a_plain_one_is_told() {
    let ca = ca("CA");
    let names = ["x.t.example", "\u{1b}[31mred.t.example"];
    let verdict = judged(&files(vec![shown(&leaf(&ca, &names), &[&ca])]), &Played::expecting(&ca));
    let told = only(&verdict).certificate.unreadable.clone().unwrap_or_default();
    assert!(told.contains("in an odd way") && told.contains("red.t.example"), "{told}");
    let verdict = judged(&files(vec![shown(&leaf(&ca, &names[..1]), &[&ca])]), &Played::expecting(&ca));
    assert!(only(&verdict).certificate.unreadable.is_none());
}
