//! Certificates of CAs that the owner does not expect.

use super::*;
use jiff::SignedDuration;

/// Seven certificates of a CA, one every 60 days for 90, and one of another CA beside the last, which is flagged.
fn with_rogue() -> History {
    let own = ca("Letters", "int", vec![lasting(&["int", "root"])]);
    let day = |days: i64| (at("2025-01-01") + SignedDuration::from_hours(24 * days)).to_string();
    let certificate = |n: i64| certificate(&format!("leaf{n}"), &own, &day(n * 60), &day(n * 60 + 90));
    let mut all = history((0..7).map(certificate).collect(), "2026-01-10");
    all.certificates.push(rogue("rogue", "2025-12-01", "2026-03-01"));
    flag(&mut all, &[7]);
    all
}

fn rogue(leaf: &str, from: &str, until: &str) -> HistoricCertificate {
    certificate(leaf, &ca("Other", "other int", vec![lasting(&["other int", "other root"])]), from, until)
}

fn flag(history: &mut History, places: &[usize]) {
    let flagged = |place: &usize| Flagged {
        certificate: *place,
        rule: FlagRule::ExpectedCa,
        why: "Issued by another CA.".to_owned(),
        visible_from: None,
        visible_by: None,
    };
    history.flagged = Some(places.iter().map(flagged).collect());
}

fn replayed(mut history: History, keys: &[&str]) -> Replay {
    history.pins = vec![given(keys, None)];
    replay(&history, None)
}

#[test]
fn a_logged_certificate_of_a_ca_that_is_not_expected_turns_nothing_round() {
    let told = replayed(with_rogue(), &["root"]);
    let pins = as_given(&told);
    assert_eq!(pins.locks_out_now, LocksOutNow::No);
    // A bound holds in either case.
    assert_eq!((pins.lockouts.len(), pins.sure, pins.at_most, pins.undetermined), (0, 0, Some(1), 0));
    assert_eq!(pins.next_match.as_ref().unwrap().share, Share { of: 6, count: 6 });
    let days = pins.lockout_days_per_year.unwrap();
    assert!(days.at_best < 0.1 && (38.0..41.0).contains(&days.at_worst), "{days:?}");
    // What would be if it were the owner's is said.
    let left_out = "Left out as of a CA that is not expected: rogue 2025-12-01 of Other. Should that be yours, they may lock \
                    users out now.";
    assert!(pins.notes.iter().any(|note| note == left_out), "{:?}", pins.notes);
    assert!(told.assumptions.iter().any(|said| said.contains("rogue 2025-12-01 of Other is of a CA")));
    assert_eq!(told.unexpected_now().count(), 1);
    assert!(!told.is_all_unexpected_now());
    // Where nothing is expected, it may be the one.
    let mut unflagged = with_rogue();
    unflagged.flagged = None;
    let told = replayed(unflagged, &["root"]);
    assert_eq!(as_given(&told).locks_out_now, LocksOutNow::Perhaps);
    assert!(!told.assumptions.iter().any(|said| said.contains("rogue")));
}

/// As by a CDN's second CA, which nobody named among the expected.
#[test]
fn one_that_has_ended_is_named_too() {
    let mut all = with_rogue();
    let last = all.certificates.len();
    all.certificates.push(rogue("old", "2025-06-01", "2025-07-01"));
    flag(&mut all, &[last - 1, last]);
    let told = replayed(all, &["root"]);
    assert!(as_given(&told).lockouts.is_empty());
    let named = |said: &&String| said.contains("old 2025-06-01 of Other, by now ended, is of a CA");
    let said: Vec<&String> = told.assumptions.iter().filter(named).collect();
    assert_eq!(said.len(), 1, "{:?}", told.assumptions);
    assert!(said[0].contains("pins that do not match it have locked users out"), "{said:?}");
    let pins = as_given(&told);
    assert_eq!((pins.sure, pins.at_most, pins.left_out), (0, Some(2), 1));
    let note = "Left out as of a CA that is not expected: 1 certificate that has ended (old 2025-06-01 of Other; valid between \
                2025-06-01 and 2025-07-01), and these pins are not known to match it on every path.";
    assert!(pins.notes.iter().any(|said| said.starts_with(note)), "{:?}", pins.notes);
    assert!(pins.lockout_days_per_year.unwrap().at_worst > 66.0);
    // Pins that match it have nothing to tell.
    let mut all = with_rogue();
    let last = all.certificates.len();
    all.certificates.push(rogue("old", "2025-06-01", "2025-07-01"));
    flag(&mut all, &[last - 1, last]);
    let told = replayed(all, &["root", "other root"]);
    assert_eq!((as_given(&told).at_most, as_given(&told).left_out), (Some(0), 0));
}

/// The newest of a line that is longer than the owner's goes into service no more than the only one of another.
#[test]
fn no_line_of_theirs_is_followed() {
    let mut all = with_rogue();
    for n in 1..=9 {
        let from = format!("2025-12-{:02}", n + 1);
        all.certificates.push(rogue(&format!("rogue{n}"), &from, &format!("{from}T09:00:00Z")));
    }
    all.certificates.push(rogue("rogue10", "2026-01-05", "2026-03-01"));
    let places: Vec<usize> = (7..all.certificates.len()).collect();
    flag(&mut all, &places);
    let told = replayed(all, &["root"]);
    let followed = told.certificates.iter().filter(|it| it.is_followed);
    assert!(followed.clone().all(|it| it.issuer == "Letters") && followed.count() == 7);
    assert_eq!(as_given(&told).next_match.as_ref().unwrap().share, Share { of: 6, count: 6 });
    assert!(as_given(&told).lockouts.is_empty());
}

#[test]
fn what_is_served_or_all_there_is_counts_whatever_is_expected() {
    let mut served = with_rogue();
    served.served_now = Some(hash("rogue", "2025-12-01"));
    let told = replayed(served, &["root"]);
    assert_eq!(as_given(&told).locks_out_now, LocksOutNow::Surely);
    assert!(told.is_all_unexpected_now());
    assert!(!told.assumptions.iter().any(|said| said.contains("is of a CA that is not among")));
    // The expectation is behind: all are flagged.
    let mut all = with_rogue();
    flag(&mut all, &[0, 1, 2, 3, 4, 5, 6, 7]);
    let told = replayed(all, &["root"]);
    assert_eq!(as_given(&told).locks_out_now, LocksOutNow::Perhaps);
    assert_eq!((as_given(&told).lockouts.len(), as_given(&told).sure), (1, 0));
    assert!(told.is_all_unexpected_now());
    // The same where only those are left.
    let mut left = with_rogue();
    left.at = at("2026-02-01");
    left.certificates.remove(6);
    flag(&mut left, &[6]);
    let told = replayed(left, &["root"]);
    assert_eq!(as_given(&told).locks_out_now, LocksOutNow::Surely);
    assert_eq!(as_given(&told).sure, 1, "since the last of the owner's ended");
}

/// What is sure holds as well where the certificate was the owner's after all: it may have been in service.
#[test]
fn nothing_is_sure_by_leaving_one_out() {
    let told = replayed(with_rogue(), &["other root"]);
    let pins = as_given(&told);
    assert_eq!(pins.locks_out_now, LocksOutNow::Perhaps);
    assert_eq!((pins.lockouts.len(), pins.sure), (1, 1));
    let lockout = pins.lockouts[0];
    assert_eq!(lockout.ends_at_best, Some(at("2025-12-01")), "until it came");
    assert_eq!(lockout.ends_at_worst, None);
}
