//! What a list is worth that is old, that goes back in time, or that contradicts itself.

use std::sync::Arc;

use super::world::{self, Ca, ListPlan, NOW, URL, at, days};
use super::{answered, by, judged, trouble};
use crate::evidence::Bytes;
use crate::evidence::revocation::{CrlObservation, Crls, KeptCrl, Reach, add_each_once, within};
use crate::revocation::{Question, Said, Status, TroubleKind, crl_questions, judge};
use crate::x509::Certificate;
use crate::x509::crl::Reason;

fn judged_as_public(
    certificate: &Certificate,
    ca: &Ca,
    plan: &ListPlan<'_>,
) -> (Status, Option<TroubleKind>) {
    let issuers = [&ca.certificate];
    let question = Question { public: true, ..Question::about(certificate, &issuers) };
    let crls = vec![answered(URL, 200, plan.signed_by(ca))];
    let verdict = judge(&[question], &crls, at(NOW)).remove(0);
    (verdict.status, trouble(&verdict))
}

/// Whatever a list says of itself, the rules of public CAs let it count for ten days, or for a year where it is about CAs.
#[test]
fn a_list_of_a_public_ca_does_not_count_for_ever() {
    let ca = Ca::new("CA");
    let leaf = ca.leaf(&[7], &[URL]);
    let below = ca.below("Below", &[7], &[URL]);
    let of = |age: i64| ListPlan { this: days(-age), next: Some(days(3000)), ..ListPlan::default() };
    assert_eq!(judged_as_public(&leaf, &ca, &of(10)), (Status::Good, None));
    let old = (Status::Undetermined, Some(TroubleKind::TooOld));
    assert_eq!(judged_as_public(&leaf, &ca, &of(11)), old);
    assert_eq!(judged_as_public(&below, &ca, &of(366)), (Status::Good, None));
    assert_eq!(judged_as_public(&below, &ca, &of(367)), old);
    // What it lists stays listed.
    let entries = [world::entry(&[7], &[])];
    let listed = judged_as_public(&leaf, &ca, &ListPlan { entries: &entries, ..of(400) });
    assert_eq!(listed.0.name(), "revoked");
    // In a CA of one's own the list is good, and its age is said.
    let own = by(&ca, &of(400));
    assert_eq!(own.status, Status::Good);
    assert!(own.why.contains("400 days old"), "{}", own.why);
}

fn kept_and_fetched(ca: &Ca, kept: &ListPlan<'_>, fetched: &ListPlan<'_>) -> Crls {
    let observation = answered(URL, 200, fetched.signed_by(ca));
    let kept = KeptCrl { fetched_at: days(-1), seen_at: days(-1), octets: Bytes(kept.signed_by(ca)) };
    vec![Arc::new(CrlObservation { kept: Some(kept), ..(*observation).clone() })]
}

#[test]
fn of_two_lists_of_one_place_the_later_counts() {
    let ca = Ca::new("CA");
    let leaf = ca.leaf(&[7], &[URL]);
    let listed = [world::entry(&[7], &[])];
    let of = |age: i64, entries| ListPlan { this: days(-age), entries, ..ListPlan::default() };
    let told = |kept: &ListPlan<'_>, fetched: &ListPlan<'_>| {
        let verdict = judged(&leaf, &[&ca.certificate], &kept_and_fetched(&ca, kept, fetched), at(NOW));
        let sources: Vec<(&str, Option<TroubleKind>)> = verdict
            .sources
            .iter()
            .map(|source| (source.said.name(), source.trouble.as_ref().map(|trouble| trouble.kind)))
            .collect();
        (verdict.status.name(), sources)
    };
    let back = Some(TroubleKind::RolledBack);
    let (none, one) = (&[][..], &listed[..]);
    assert_eq!(told(&of(1, one), &of(2, none)), ("revoked", vec![("nothing", back), ("revoked", None)]));
    // Nothing takes a revocation back.
    assert_eq!(told(&of(1, none), &of(2, one)), ("revoked", vec![("revoked", back), ("good", None)]));
    assert_eq!(told(&of(1, none), &of(2, none)), ("good", vec![("nothing", back), ("good", None)]));
    // The usual way: what came now is the later one.
    assert_eq!(told(&of(2, none), &of(1, one)), ("revoked", vec![("revoked", None)]));
    // A list that is of the future is no measure.
    assert_eq!(told(&of(-2, one), &of(1, none)).0, "good");
}

#[test]
fn entries_that_contradict_their_list_say_nothing() {
    let ca = Ca::new("CA");
    let other = Ca::new("Other");
    let removed = || world::entry(&[7], &[world::reason(8)]);
    let verdict = by(&ca, &ListPlan { entries: &[removed()], ..ListPlan::default() });
    assert_eq!((verdict.status, trouble(&verdict)), (Status::Undetermined, Some(TroubleKind::Unreadable)));
    // Of two entries the one that revokes counts, whichever comes first.
    let compromised = || world::entry(&[7], &[world::reason(1)]);
    for entries in [[removed(), compromised()], [compromised(), removed()]] {
        let verdict = by(&ca, &ListPlan { entries: &entries, ..ListPlan::default() });
        assert_eq!(verdict.revocation().and_then(|revocation| revocation.reason), Some(Reason(1)));
    }
    // Only an indirect list has entries of other issuers.
    let named = world::entry(&[5], &[world::certificate_issuer(&other.certificate)]);
    let entries = [named.clone(), compromised()];
    let verdict = by(&ca, &ListPlan { entries: &entries, ..ListPlan::default() });
    assert_eq!((verdict.status, trouble(&verdict)), (Status::Undetermined, Some(TroubleKind::Unreadable)));
    // One whose name cannot be read leaves open whose the entries after it are.
    let nameless = world::extension(&[0x55, 0x1d, 0x1d], true, &[0x30, 0]);
    let extensions = [world::scope(&[world::flag(4)])];
    let entries = [world::entry(&[5], &[nameless]), compromised()];
    let plan = ListPlan { entries: &entries, extensions: &extensions, ..ListPlan::default() };
    assert_eq!(trouble(&by(&ca, &plan)), Some(TroubleKind::Unreadable));
    let entries = [named, compromised()];
    let plan = ListPlan { entries: &entries, extensions: &extensions, ..ListPlan::default() };
    assert_eq!(by(&ca, &plan).status, Status::Good, "an indirect list may");
}

/// Whoever might not ask for a list does not get what another had that might.
#[test]
fn a_list_is_for_those_who_might_ask_for_it() {
    let ca = Ca::new("CA");
    let refused = Arc::new(CrlObservation::not_asked(URL, at(NOW), "for this test"));
    let had = answered(URL, 200, ListPlan::default().signed_by(&ca));
    let had = Arc::new(CrlObservation { reach: Reach::Anywhere, ..(*had).clone() });
    let mut all = Crls::new();
    add_each_once(&mut all, vec![Arc::clone(&refused)]);
    add_each_once(&mut all, vec![Arc::clone(&had), Arc::clone(&refused)]);
    assert_eq!(all.len(), 2);
    assert_eq!(within(&all, Reach::Public), [Arc::clone(&refused)]);
    assert_eq!(within(&all, Reach::Anywhere), [Arc::clone(&had)]);
    // Evidence that does not say for whom it was had is everyone's.
    assert_eq!(within(&vec![refused.clone()], Reach::Private), [refused]);
    let leaf = ca.leaf(&[7], &[URL]);
    let verdict = judged(&leaf, &[&ca.certificate], &within(&all, Reach::Public), at(NOW));
    assert_eq!(verdict.sources[0].said, Said::Nothing);
}

/// Whoever issues lists in another's place does so while that one certifies it.
#[test]
fn who_issues_lists_for_another_is_valid_then() {
    let ca = Ca::new("CA");
    let extensions = [world::scope(&[world::point(URL), world::flag(4)])];
    let plan = ListPlan { extensions: &extensions, ..ListPlan::default() };
    let told = |day: u8, is_own: bool| {
        let certifier = if is_own { &ca } else { &Ca::new("CA") };
        let delegate = certifier.delegate("Lists", day);
        let leaf = ca.leaf_listed_by(&[7], &delegate.certificate);
        let crls = vec![answered(URL, 200, plan.signed_by(&delegate))];
        let verdict = judged(&leaf, &[&ca.certificate, &delegate.certificate], &crls, at(NOW));
        (verdict.status, trouble(&verdict))
    };
    assert_eq!(told(30, true), (Status::Good, None));
    let unverifiable = (Status::Undetermined, Some(TroubleKind::Unverifiable));
    assert_eq!(told(21, true), unverifiable, "it had ended the day before");
    assert_eq!(told(30, false), unverifiable, "a namesake of the CA certified it");
}

/// Names are compared by what they say (RFC 5280 section 7.1): another encoding is no other issuer.
#[test]
fn an_entry_of_an_issuer_whose_name_is_written_otherwise_counts() {
    const UTF8: u8 = 0x0c;
    let ca = Ca::new("CA");
    let told = |change: fn(u8) -> u8| {
        let entries = [world::entry(&[7], &[world::certificate_issuer_as(&ca.certificate, change)])];
        let extensions = [world::scope(&[world::flag(4)])];
        let verdict =
            by(&ca, &ListPlan { entries: &entries, extensions: &extensions, ..ListPlan::default() });
        (verdict.status.name(), trouble(&verdict))
    };
    assert_eq!(told(|octet| if octet == UTF8 { 0x13 } else { octet }), ("revoked", None));
    assert_eq!(told(|octet| if octet == b'C' { b'c' } else { octet }), ("revoked", None));
    assert_eq!(told(|octet| if octet == b'C' { b'D' } else { octet }), ("good", None));
    // TeletexString beyond ASCII is not read: whose the entry is stays open, and that is not “good”.
    let strange = told(|octet| match octet {
        UTF8 => 0x14,
        b'C' => 0xc7,
        other => other,
    });
    assert_eq!(strange, ("undetermined", Some(TroubleKind::Unreadable)));
}

/// Where another issues the list, the CA's own list from that place is not the one that is meant.
#[test]
fn only_the_list_of_whom_the_certificate_names_counts() {
    let ca = Ca::new("CA");
    let delegate = ca.delegate("Lists", 30);
    let issuers = [&ca.certificate, &delegate.certificate];
    let told = |leaf: &Certificate, plan: &ListPlan<'_>, signer: &Ca| {
        let crls = vec![answered(URL, 200, plan.signed_by(signer))];
        let verdict = judged(leaf, &issuers, &crls, at(NOW));
        (verdict.status, trouble(&verdict))
    };
    let leaf = ca.leaf_listed_by(&[7], &delegate.certificate);
    let (usual, indirect) = (ListPlan::default(), [world::scope(&[world::point(URL), world::flag(4)])]);
    let out_of_scope = (Status::Undetermined, Some(TroubleKind::OutOfScope));
    assert_eq!(told(&leaf, &usual, &ca), out_of_scope);
    assert_eq!(told(&leaf, &ListPlan { extensions: &indirect, ..usual.clone() }, &ca), out_of_scope);
    assert_eq!(told(&leaf, &usual, &delegate), out_of_scope, "one that is not indirect is about its own");
    let good = (Status::Good, None);
    assert_eq!(told(&leaf, &ListPlan { extensions: &indirect, ..usual.clone() }, &delegate), good);
    // Some name themselves.
    let own = ca.leaf_listed_by(&[7], &ca.certificate);
    assert_eq!(told(&own, &usual, &ca), good);
}

/// Anyone can make a certificate with the CA's name and key: what that one may not do says nothing of the CA.
#[test]
fn a_counterfeit_of_the_ca_hides_no_revocation() {
    let ca = Ca::new("CA");
    let leaf = ca.leaf(&[7], &[URL]);
    let entries = [world::entry(&[7], &[])];
    let crls = vec![answered(URL, 200, ListPlan { entries: &entries, ..ListPlan::default() }.signed_by(&ca))];
    let counterfeit = ca.counterfeit();
    for issuers in [[&counterfeit, &ca.certificate], [&ca.certificate, &counterfeit]] {
        assert_eq!(judged(&leaf, &issuers, &crls, at(NOW)).status.name(), "revoked");
    }
    let alone = judged(&leaf, &[&counterfeit], &crls, at(NOW));
    assert_eq!((alone.status, trouble(&alone)), (Status::Undetermined, Some(TroubleKind::BadSignature)));
}

/// Nothing is asked for that could not be believed, and the certificate says why its status is open.
#[test]
fn a_list_is_asked_for_where_the_issuer_is_at_hand() {
    let (ca, stranger) = (Ca::new("CA"), Ca::new("Stranger"));
    let leaf = ca.leaf(&[7], &[URL]);
    let stray = stranger.below("Stray", &[8], &["http://127.0.0.1/stray.crl"]);
    let issuers = [&ca.certificate, &stray];
    let questions = [Question::about(&leaf, &issuers), Question::about(&stray, &issuers)];
    let urls: Vec<String> =
        crl_questions(&questions).into_iter().flat_map(|question| question.urls).collect();
    assert_eq!(urls, [URL]);
    let open = judged(&stray, &issuers, &Crls::new(), at(NOW));
    assert!(open.status == Status::Undetermined && open.why.contains("--issuer"), "{}", open.why);
}

/// What was not asked stands behind what came, whoever asked first.
#[test]
fn a_list_that_came_stands_before_one_that_was_not_asked_for() {
    let ca = Ca::new("CA");
    let refused = Arc::new(CrlObservation::not_asked(URL, at(NOW), "for this test"));
    let gone = answered(URL, 404, Vec::new());
    let had = answered(URL, 200, ListPlan::default().signed_by(&ca));
    let mut all = Crls::new();
    add_each_once(&mut all, vec![refused.clone(), gone.clone(), refused.clone()]);
    assert_eq!(all, std::slice::from_ref(&gone));
    add_each_once(&mut all, vec![had.clone(), gone, refused, had.clone()]);
    assert_eq!(all, std::slice::from_ref(&had));
    // Another list of the same place is one of its own.
    let entries = [world::entry(&[7], &[])];
    let other = answered(URL, 200, ListPlan { entries: &entries, ..ListPlan::default() }.signed_by(&ca));
    add_each_once(&mut all, vec![other.clone()]);
    assert_eq!(all, [had, other]);
}
