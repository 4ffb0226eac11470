//! Lists of every kind for a certificate, each signed anew; `tests/revocation.rs` has those that OpenSSL makes.

mod bounds;
mod world;

use jiff::Timestamp;

use self::world::{Ca, ListPlan, NOW, URL, at, days};
use super::{CrlQuestion, Question, RevocationVerdict, Said, Status, TroubleKind, crl_questions, judge};
use crate::evidence::http::{HttpAttempt, HttpExchange, HttpOutcome, HttpResponse};
use crate::evidence::revocation::{CrlObservation, Crls, Reach};
use crate::x509::Certificate;
use crate::x509::crl::Reason;

fn answered(url: &str, status: u16, body: Vec<u8>) -> std::sync::Arc<CrlObservation> {
    let response =
        HttpResponse { status, etag: None, last_modified: None, retry_after: None, body: body.into() };
    let attempts = vec![HttpAttempt { milliseconds: 1, outcome: HttpOutcome::Response(response) }];
    std::sync::Arc::new(CrlObservation {
        url: url.to_owned(),
        reach: Reach::default(),
        asked_at: at(NOW),
        not_asked: None,
        kept: None,
        exchange: Some(HttpExchange { url: url.to_owned(), attempts }),
    })
}

fn judged(
    certificate: &Certificate,
    issuers: &[&Certificate],
    crls: &Crls,
    now: Timestamp,
) -> RevocationVerdict {
    let question = Question::about(certificate, issuers);
    judge(&[question], crls, now).remove(0)
}

/// The verdict on the usual leaf by one list.
fn by(ca: &Ca, plan: &ListPlan<'_>) -> RevocationVerdict {
    let leaf = ca.leaf(&[7], &[URL]);
    judged(&leaf, &[&ca.certificate], &vec![answered(URL, 200, plan.signed_by(ca))], at(NOW))
}

fn trouble(verdict: &RevocationVerdict) -> Option<TroubleKind> {
    verdict.sources.first()?.trouble.as_ref().map(|trouble| trouble.kind)
}

#[test]
fn a_current_list_tells_both_ways() {
    let ca = Ca::new("CA");
    let good = by(&ca, &ListPlan::default());
    assert_eq!((good.status, trouble(&good)), (Status::Good, None), "{}", good.why);
    assert_eq!(good.issuer_key, Some(ca.certificate.spki_sha256));
    let entries = [world::entry(&[6], &[]), world::entry(&[7], &[world::reason(1), world::invalid_since()])];
    let revoked = by(&ca, &ListPlan { entries: &entries, ..ListPlan::default() });
    let revocation = revoked.revocation().unwrap();
    assert_eq!(revocation.reason, Some(Reason(1)));
    assert_eq!(revocation.date, at("2026-10-01T00:00:00Z"));
    assert_eq!(revocation.invalid_since, Some(at("2026-09-30T00:00:00Z")));
    assert_eq!(revoked.sources[0].entries, Some(2));
    assert_eq!(revoked.sources[0].number.as_deref(), Some("2a"));
}

#[test]
fn a_list_that_nobody_vouches_for_says_nothing() {
    let (ca, namesake) = (Ca::new("CA"), Ca::new("CA"));
    let leaf = ca.leaf(&[7], &[URL]);
    let forged = vec![answered(URL, 200, ListPlan::default().signed_by(&namesake))];
    let verdict = judged(&leaf, &[&namesake.certificate, &ca.certificate], &forged, at(NOW));
    assert_eq!((verdict.status, trouble(&verdict)), (Status::Undetermined, Some(TroubleKind::BadSignature)));
    // Without the issuer's certificate nothing can be checked, and a namesake is no issuer.
    let own = vec![answered(URL, 200, ListPlan::default().signed_by(&ca))];
    for issuers in [vec![], vec![&namesake.certificate]] {
        let verdict = judged(&leaf, &issuers, &own, at(NOW));
        assert_eq!(
            (verdict.status, trouble(&verdict)),
            (Status::Undetermined, Some(TroubleKind::Unverifiable))
        );
        assert_eq!(verdict.issuer_key, None);
    }
    let other = by(&ca, &ListPlan { issuer: Some(&Ca::new("Other").certificate), ..ListPlan::default() });
    assert_eq!(trouble(&other), Some(TroubleKind::OutOfScope));
    let text = vec![answered(URL, 200, b"-----BEGIN X509 CRL-----".to_vec())];
    assert_eq!(trouble(&judged(&leaf, &[&ca.certificate], &text, at(NOW))), Some(TroubleKind::Unreadable));
    let gone = vec![answered(URL, 404, Vec::new())];
    assert_eq!(trouble(&judged(&leaf, &[&ca.certificate], &gone, at(NOW))), Some(TroubleKind::NotHad));
    let refused = vec![std::sync::Arc::new(CrlObservation::not_asked(URL, at(NOW), "for this test"))];
    assert_eq!(trouble(&judged(&leaf, &[&ca.certificate], &refused, at(NOW))), Some(TroubleKind::NotAsked));
    // A list from a URL that the certificate does not name is none of its.
    let elsewhere = vec![answered("http://elsewhere.example/", 200, ListPlan::default().signed_by(&ca))];
    let verdict = judged(&leaf, &[&ca.certificate], &elsewhere, at(NOW));
    assert_eq!((verdict.status, verdict.sources.len()), (Status::Undetermined, 0));
}

#[test]
fn a_list_counts_in_its_time() {
    let ca = Ca::new("CA");
    let listed = [world::entry(&[7], &[])];
    let held = [world::entry(&[7], &[world::reason(6)])];
    let stale = (days(-9), Some(days(-2)));
    let future = (days(1), Some(days(8)));
    for (times, entries, status, expected) in [
        (stale, &[][..], "undetermined", TroubleKind::Stale),
        (stale, &listed, "revoked", TroubleKind::Stale),
        // A hold may have ended meanwhile.
        (stale, &held, "undetermined", TroubleKind::Stale),
        ((days(-1), None), &[], "undetermined", TroubleKind::Stale),
        (future, &[], "undetermined", TroubleKind::InFuture),
        // What had happened by then has happened.
        (future, &listed, "revoked", TroubleKind::InFuture),
    ] {
        let plan = ListPlan { this: times.0, next: times.1, entries, ..ListPlan::default() };
        let verdict = by(&ca, &plan);
        assert_eq!((verdict.status.name(), trouble(&verdict)), (status, Some(expected)), "{}", verdict.why);
    }
    // A clock that is a little ahead is forgiven.
    let ahead = at(NOW) + jiff::SignedDuration::from_secs(200);
    let verdict = by(&ca, &ListPlan { this: ahead, ..ListPlan::default() });
    assert_eq!(verdict.status, Status::Good);
}

#[test]
fn of_a_certificate_that_expired_before_the_list_nothing_is_known() {
    let ca = Ca::new("CA");
    let leaf = ca.leaf(&[7], &[URL]);
    let later = leaf.not_after + jiff::SignedDuration::from_hours(48);
    let of_later = ListPlan {
        this: leaf.not_after + jiff::SignedDuration::from_hours(24),
        next: Some(leaf.not_after + jiff::SignedDuration::from_hours(240)),
        ..ListPlan::default()
    };
    let judged_by = |plan: &ListPlan<'_>| {
        judged(&leaf, &[&ca.certificate], &vec![answered(URL, 200, plan.signed_by(&ca))], later)
    };
    let verdict = judged_by(&of_later);
    assert_eq!((verdict.status, trouble(&verdict)), (Status::Undetermined, Some(TroubleKind::Expired)));
    assert!(verdict.expired);
    let listed = [world::entry(&[7], &[])];
    assert_eq!(judged_by(&ListPlan { entries: &listed, ..of_later.clone() }).status.name(), "revoked");
    // A list that says that it keeps them tells.
    let keeps = [world::extension(&[0x55, 0x1d, 0x3c], false, &world::generalized("20200101000000Z"))];
    assert_eq!(judged_by(&ListPlan { extensions: &keeps, ..of_later }).status, Status::Good);
}

#[test]
fn a_list_counts_for_the_certificates_it_is_about() {
    let ca = Ca::new("CA");
    let scope = |fields: &[Vec<u8>]| vec![world::scope(fields)];
    let own = world::point(URL);
    let other = world::point("http://crl.example/other.crl");
    for (extensions, expected) in [
        (scope(std::slice::from_ref(&own)), None),
        (scope(&[own.clone(), world::flag(1)]), None),
        (scope(&[other]), Some(TroubleKind::OutOfScope)),
        (scope(&[world::flag(2)]), Some(TroubleKind::OutOfScope)),
        (scope(&[world::flag(5)]), Some(TroubleKind::OutOfScope)),
        (scope(&[world::some_reasons(&[5, 0x60])]), Some(TroubleKind::SomeReasons)),
        (vec![world::extension(&[0x55, 0x1d, 0x1b], true, &[2, 1, 1])], Some(TroubleKind::Delta)),
        (vec![world::extension(&[0x2a, 3], true, &[5, 0])], Some(TroubleKind::UnknownCritical)),
        (vec![world::extension(&[0x2a, 3], false, &[5, 0])], None),
    ] {
        let verdict = by(&ca, &ListPlan { extensions: &extensions, ..ListPlan::default() });
        assert_eq!(trouble(&verdict), expected, "{}", verdict.why);
        assert_eq!(verdict.status == Status::Good, expected.is_none(), "{}", verdict.why);
    }
    let strange = [world::entry(&[9], &[world::extension(&[0x2a, 3], true, &[5, 0])])];
    let verdict = by(&ca, &ListPlan { entries: &strange, ..ListPlan::default() });
    assert_eq!(trouble(&verdict), Some(TroubleKind::UnknownCritical), "of any entry");
    // A CA's certificate has other lists than a server's.
    let below = ca.below("Below", &[7], &[URL]);
    let only_user = scope(&[world::flag(1)]);
    let plan = ListPlan { extensions: &only_user, ..ListPlan::default() };
    let crls = vec![answered(URL, 200, plan.signed_by(&ca))];
    let verdict = judged(&below, &[&ca.certificate], &crls, at(NOW));
    assert_eq!(trouble(&verdict), Some(TroubleKind::OutOfScope));
}

#[test]
fn lists_for_some_reasons_together_cover_all() {
    let ca = Ca::new("CA");
    let urls = ["http://crl.example/compromise.crl", "http://crl.example/others.crl"];
    let leaf = ca.leaf(&[7], &urls);
    let list = |url: &str, reasons: &[u8]| {
        let extensions = [world::scope(&[world::some_reasons(reasons)])];
        answered(url, 200, ListPlan { extensions: &extensions, ..ListPlan::default() }.signed_by(&ca))
    };
    let (first, second) = (list(urls[0], &[5, 0x60]), list(urls[1], &[7, 0x1f, 0x80]));
    let both = vec![first.clone(), second];
    assert_eq!(judged(&leaf, &[&ca.certificate], &both, at(NOW)).status, Status::Good);
    assert_eq!(judged(&leaf, &[&ca.certificate], &vec![first], at(NOW)).status, Status::Undetermined);
}

#[test]
fn an_indirect_list_is_read_by_the_issuer_of_each_entry() {
    let (ca, other) = (Ca::new("CA"), Ca::new("Other"));
    let extensions = [world::scope(&[world::flag(4)])];
    let named = |ca: &Ca| world::certificate_issuer(&ca.certificate);
    // The serial number is another CA's, and the entry after it has no issuer of its own.
    let others = [world::entry(&[5], &[named(&other)]), world::entry(&[7], &[])];
    let verdict = by(&ca, &ListPlan { extensions: &extensions, entries: &others, ..ListPlan::default() });
    assert_eq!(verdict.status, Status::Good);
    let own = [world::entry(&[5], &[named(&other)]), world::entry(&[7], &[named(&ca)])];
    let verdict = by(&ca, &ListPlan { extensions: &extensions, entries: &own, ..ListPlan::default() });
    assert_eq!(verdict.status.name(), "revoked");
}

#[test]
fn sources_that_disagree_are_told() {
    let ca = Ca::new("CA");
    let urls = ["http://crl.example/1.crl", "http://crl.example/2.crl"];
    let leaf = ca.leaf(&[7], &urls);
    let judged_by = |reason: u8, revoked: Timestamp| {
        let entries = [world::entry(&[7], &[world::reason(reason)])];
        let lists =
            [ListPlan { entries: &entries, this: revoked, ..ListPlan::default() }, ListPlan::default()];
        let crls =
            urls.iter().zip(lists).map(|(url, list)| answered(url, 200, list.signed_by(&ca))).collect();
        judged(&leaf, &[&ca.certificate], &crls, at(NOW))
    };
    let verdict = judged_by(4, days(-3));
    assert_eq!((verdict.status.name(), verdict.disagree), ("revoked", true));
    assert_eq!(
        verdict.sources.iter().map(|source| source.said.name()).collect::<Vec<_>>(),
        ["revoked", "good"]
    );
    // A hold that a newer list has lifted.
    assert_eq!(judged_by(6, days(-3)).status, Status::Good);
    let verdict = judged_by(6, at(NOW));
    assert!(matches!(verdict.sources[0].said, Said::Revoked(_)));
    assert_eq!(verdict.status.name(), "revoked");
}

#[test]
fn many_certificates_are_judged_by_one_list_each_by_its_own_issuer() {
    let ca = Ca::new("CA");
    let leaves: Vec<Certificate> = (1..=40).map(|serial| ca.leaf(&[serial], &[URL])).collect();
    let entries: Vec<Vec<u8>> = (1..=40).step_by(2).map(|serial| world::entry(&[serial], &[])).collect();
    let crls = vec![answered(URL, 200, ListPlan { entries: &entries, ..ListPlan::default() }.signed_by(&ca))];
    let issuers = [&ca.certificate];
    let questions: Vec<Question<'_>> =
        leaves.iter().map(|certificate| Question::about(certificate, &issuers)).collect();
    let verdicts = judge(&questions, &crls, at(NOW));
    for (place, verdict) in verdicts.iter().enumerate() {
        assert_eq!(verdict.status == Status::Good, place % 2 == 1, "{place}");
    }
    let wanted = crl_questions(&questions);
    assert_eq!(wanted, [CrlQuestion { urls: vec![URL.to_owned()], signers: vec![ca.certificate.clone()] }]);
}

#[test]
fn a_certificate_says_where_to_look_or_need_not() {
    let ca = Ca::new("CA");
    let of = |days: i64, urls: &[&str]| {
        let leaf = ca.leaf_for(&[7], urls, days);
        let verdict = judged(&leaf, &[&ca.certificate], &Crls::new(), at(NOW));
        (verdict.provision.short_lived, verdict.provision.is_missing())
    };
    assert_eq!(of(90, &[URL]), (false, false));
    assert_eq!(of(90, &[]), (false, true));
    assert_eq!(of(7, &[]), (true, false));
    assert_eq!(of(8, &[]), (false, true), "from 15 March 2026 on, seven days");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(300))]

    /// Nobody who changes a list changes what it says.
    #[test]
    fn a_changed_list_never_tells_otherwise(
        place in proptest::prelude::any::<proptest::sample::Index>(), octet in 0_u8.., cut in proptest::prelude::any::<bool>(),
    ) {
        use std::sync::LazyLock;
        static MADE: LazyLock<(Certificate, Certificate, Vec<u8>)> = LazyLock::new(|| {
            let ca = Ca::new("CA");
            let leaf = ca.leaf(&[7], &[URL]);
            let entries = [world::entry(&[7], &[world::reason(1)]), world::entry(&[8], &[])];
            let extensions = [world::scope(&[world::point(URL)])];
            let list = ListPlan { entries: &entries, extensions: &extensions, ..ListPlan::default() }.signed_by(&ca);
            (ca.certificate, leaf, list)
        });
        let (ca, leaf, list) = &*MADE;
        let mut changed = list.clone();
        let place = place.index(changed.len());
        let same = changed[place] == octet && !cut;
        changed[place] = octet;
        if cut {
            changed.truncate(place);
        }
        let verdict = judged(leaf, &[ca], &vec![answered(URL, 200, changed)], at(NOW));
        proptest::prop_assert_ne!(verdict.status, Status::Good);
        proptest::prop_assert_eq!(verdict.revocation().is_some(), same, "{}", verdict.why);
    }
}
