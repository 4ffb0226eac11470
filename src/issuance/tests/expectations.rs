//! What the owner expects, and what is not known where nothing is expected.

use super::*;
use crate::question::OpenKind;

/// A wildcard is a certificate for each name that it covers.
#[test]
fn a_wildcard_is_judged_by_all_it_covers() {
    let (ca, other) = (ca("CA"), ca("Other"));
    let known = Played {
        expected_for: vec![("www.t.example".parse().unwrap(), vec!["ca.example".to_owned()])],
        expected: vec!["other.example".to_owned()],
        ..Played::expecting(&ca).knowing(&other, "Other CA", "other.example")
    };
    let of = |name: &str| {
        let verdict = judged(&files(vec![shown(&leaf(&other, &[name]), &[&other])]), &known);
        only(&verdict).issuer.expectation
    };
    assert_eq!(of("t.example"), Expectation::Expected);
    assert_eq!(of("*.t.example"), Expectation::Unexpected, "it covers www");
    assert_eq!(of("*.a.t.example"), Expectation::Expected, "it does not cover www");
}

#[test]
fn an_empty_list_of_expected_cas_makes_every_certificate_unexpected() {
    let ca = ca("CA");
    let known = || Played {
        expected_for: vec![("a.t.example".parse().unwrap(), Vec::new())],
        ..Played::expecting(&ca)
    };
    for report in [
        shown(&leaf(&ca, &["a.t.example"]), &[&ca]),
        shown(&leaf(&ca, &["a.t.example"]), &[]),
        claimed(claims(&leaf(&ca, &["a.t.example"]))),
    ] {
        assert_eq!(only(&judged(&files(vec![report]), &known())).issuer.expectation, Expectation::Unexpected);
    }
    let elsewhere = judged(&files(vec![shown(&leaf(&ca, &["b.t.example"]), &[&ca])]), &known());
    assert_eq!(only(&elsewhere).issuer.expectation, Expectation::Expected);
}

/// Without an expectation nothing is unexpected; who issued is not known all the same.
#[test]
fn an_unknown_issuer_leaves_the_name_open_without_an_expectation() {
    let ca = ca("CA");
    let of = |known: &Played| judged(&files(vec![shown(&leaf(&ca, &["t.example"]), &[])]), known);
    let silent = of(&Played::default());
    assert_eq!(only(&silent).issuer.expectation, Expectation::NoExpectation);
    let open = vec![OpenKind::IssuedBy.asks("who issued one certificate", false)];
    assert_eq!((silent.demanded(), silent.open()), (vec![], open));
    let told = of(&Played::expecting(&ca));
    assert_eq!((told.demanded().len(), told.open().len()), (1, 0));
    let known = Played { expected: vec![], ..Played::expecting(&ca) };
    let shown = judged(&files(vec![shown(&leaf(&ca, &["t.example"]), &[&ca])]), &known);
    assert!(shown.open().is_empty());
}

/// Certificates of which nobody knows who issued them are not those of one CA.
#[test]
fn unknown_issuers_are_not_one() {
    let cas: Vec<CaCertificate> = (0..6).map(|number| ca(&format!("CA {number}"))).collect();
    let mut reports: Vec<ReportedCertificate> =
        cas.iter().map(|ca| shown(&leaf(ca, &["t.example"]), &[])).collect();
    let names: Vec<String> = (0..40).map(|number| format!("n{number}.t.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    reports.push(shown(&leaf(&cas[0], &names), &[]));
    let verdict = judged(&files(reports.clone()), &Played::expecting(&cas[0]));
    assert!(verdict.certificates.iter().all(|judged| judged.unlike.is_empty()));
    assert!(verdict.renewals.iter().all(|renewals| renewals.count == 1), "{:?}", verdict.renewals);
    // The same, of one CA that is proven.
    let mut reports: Vec<ReportedCertificate> =
        (0..6).map(|_| shown(&leaf(&cas[0], &["t.example"]), &[&cas[0]])).collect();
    reports.push(shown(&leaf(&cas[0], &names), &[&cas[0]]));
    let verdict = judged(&files(reports), &Played::expecting(&cas[0]));
    assert_eq!(verdict.certificates.iter().filter(|judged| !judged.unlike.is_empty()).count(), 1);
    assert_eq!(verdict.renewals.iter().map(|renewals| renewals.count).max(), Some(6));
}

/// A list of keys is a demand: what cannot be set beside it is open.
#[test]
fn a_key_that_nobody_tells_is_open_where_keys_are_listed() {
    let ca = ca("CA");
    let one = leaf(&ca, &["t.example"]);
    let listing = || Played {
        keys: Some(vec![Certificate::read(&one.der).unwrap().spki_sha256]),
        expected: Vec::new(),
        ..Played::expecting(&ca)
    };
    let rows = [reading(SourceKind::CrtSh, vec![claimed(claims(&one))])];
    let verdict = judged(&rows, &listing());
    assert_eq!(only(&verdict).key, KeyListing::Unknown);
    let open = OpenKind::IssuedKeys.asks("whether the key of one certificate is among known_keys", true);
    assert_eq!(verdict.demanded(), [open]);
    assert!(judged(&rows, &Played { keys: None, ..listing() }).demanded().is_empty());
    assert!(judged(&files(vec![shown(&one, &[&ca])]), &listing()).demanded().is_empty());
}
