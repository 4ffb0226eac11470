//! What has been issued, and is not what the server shows.

use jiff::SignedDuration;

use super::*;

fn letters() -> Ca {
    ca("Letters", "int", vec![lasting(&["int", "root"])])
}

fn others() -> Ca {
    ca("Others", "int B", vec![lasting(&["int B", "root B"])])
}

fn day(days: i64) -> Timestamp {
    at("2025-01-01") + SignedDuration::from_hours(24 * days)
}

/// A certificate of 90 days that begins so many days after the first.
fn issued(leaf: &str, ca: &Ca, begin: i64) -> HistoricCertificate {
    certificate(leaf, ca, &day(begin).to_string(), &day(begin + 90).to_string())
}

/// Seven certificates with one key, every 60 days; the last, from day 360 on, is what the server shows. It is day 425.
fn kept(more: Vec<HistoricCertificate>) -> History {
    let mut all: Vec<HistoricCertificate> = (0..7).map(|place| issued("K", &letters(), 60 * place)).collect();
    all.extend(more);
    let mut history = history(all, &day(425).to_string());
    history.served_now = Some(hash("K", &day(360).to_string()));
    history
}

fn judged(history: &History, pins: GivenPins) -> (Replay, ReplayedPinSet) {
    let all = History { pins: vec![pins], ..history.clone() };
    let replay = replay(&all, None);
    let set = as_given(&replay).clone();
    (replay, set)
}

fn named(replay: &Replay, set: &ReplayedPinSet) -> Option<(bool, String)> {
    set.waiting.as_ref().map(|waiting| (waiting.is_next, waiting.named(replay)))
}

/// What is served is matched, and always was; what comes is not.
#[test]
fn the_next_certificate_is_asked_before_what_was() {
    let next = "other 2026-02-27T00:00:00Z of Letters, issued on 2026-02-27".to_owned();
    let next_b = "K 2026-02-27T00:00:00Z of Others, issued on 2026-02-27".to_owned();
    for released in [None, Some("2025-01-01"), Some("2025-06-01")] {
        for (pins, issued, which) in [
            (["K", "spare"], issued("other", &letters(), 422), &next),
            (["root", "spare"], issued("K", &others(), 422), &next_b),
            (["int", "K9"], issued("K", &others(), 422), &next_b),
        ] {
            let (replay, set) = judged(&kept(vec![issued]), given(&pins, released));
            let chance = set.next_match.as_ref().unwrap();
            assert_eq!((chance.basis, chance.share), (ChanceBasis::Issued, Share { of: 1, count: 0 }));
            assert!(chance.may_miss(true));
            assert_eq!(named(&replay, &set), Some((true, which.clone())));
            // It is nothing that is over, and what is served now matches.
            assert_eq!((set.past.as_deref(), set.unsettled, set.locks_out_now), (None, 0, LocksOutNow::No));
            let next = replay.next_renewal.unwrap();
            assert_eq!((next.basis, next.expected_at), (RenewalBasis::AlreadyIssued, day(422)));
        }
    }
    // One that matches is no matter, and what was counts as before.
    let (replay, set) = judged(&kept(vec![issued("K", &letters(), 422)]), given(&["K", "spare"], None));
    assert_eq!((named(&replay, &set), set.next_match.unwrap().basis), (None, ChanceBasis::OwnKeys));
    assert_eq!(replay.next_renewal.unwrap().basis, RenewalBasis::AlreadyIssued);
    // Where the server was not asked, either may be in service.
    let mut unasked = kept(vec![issued("other", &letters(), 422)]);
    unasked.served_now = None;
    let (_, set) = judged(&unasked, given(&["K", "spare"], None));
    assert_eq!((set.waiting, set.locks_out_now), (None, LocksOutNow::Perhaps));
}

/// Retries, tests, backups, other servers': nothing tells whether they will be served.
#[test]
fn of_what_may_never_be_served_it_is_open() {
    let with_names = |names: &[&str], it: HistoricCertificate| HistoricCertificate {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        ..it
    };
    for (more, count) in [
        // Too soon for a renewal.
        (vec![issued("other", &letters(), 380)], 1),
        // With another that would do.
        (vec![issued("other", &letters(), 420), issued("K", &letters(), 422)], 1),
        // For more names, or others.
        (vec![with_names(&["host.example", "www.example"], issued("other", &letters(), 422))], 1),
        (vec![with_names(&["*.example"], issued("other", &others(), 422))], 1),
        // A line of another CA's that goes on beside, and was matched before.
        (vec![issued("K", &others(), 350), issued("other", &others(), 410)], 1),
        // From before the one in service, of another kind.
        (
            vec![HistoricCertificate {
                key_type: Some("RSA 2048".to_owned()),
                ..issued("other", &letters(), 355)
            }],
            1,
        ),
    ] {
        for released in [None, Some("2025-01-01")] {
            let (replay, set) = judged(&kept(more.clone()), given(&["K", "spare"], released));
            let waiting = set.waiting.as_ref().unwrap();
            assert_eq!(
                (waiting.is_next, waiting.certificates.len()),
                (false, count),
                "{:?}",
                named(&replay, &set)
            );
            assert_eq!(set.next_match.unwrap().basis, ChanceBasis::OwnKeys);
            assert_eq!((set.past.as_deref(), set.locks_out_now), (None, LocksOutNow::No));
        }
    }
}

#[test]
fn what_was_replaced_or_goes_on_beside_is_no_question() {
    // The key before, in its life until day 450.
    let mut rotated: Vec<HistoricCertificate> =
        (0..7).map(|place| issued("K", &letters(), 60 * place)).collect();
    rotated.push(issued("L", &letters(), 420));
    let mut all = history(rotated, &day(425).to_string());
    all.served_now = Some(hash("L", &day(420).to_string()));
    for released in [None, Some("2026-02-25")] {
        let (_, set) = judged(&all, given(&["L", "spare"], released));
        assert_eq!((set.waiting, set.unsettled, set.past.is_some()), (None, 0, true));
    }
    // Another server's, with a key of its own for as long as there are pins.
    let line = (0..7).map(|place| issued("other", &others(), 60 * place + 10)).collect();
    let all = kept(line);
    for released in [None, Some("2025-06-01")] {
        let (_, set) = judged(&all, given(&["K", "spare"], released));
        let told = set.past.unwrap();
        assert_eq!((set.waiting, set.unsettled, set.standing.len()), (None, 0, 1));
        assert!(told.contains("beside the certificate in service goes on what they do not match"), "{told}");
    }
    // Pins that came when only the newest of it was in its life have not been through it.
    let (_, set) = judged(&all, given(&["K", "spare"], Some("2026-02-22")));
    assert!(set.waiting.is_some_and(|waiting| !waiting.is_next));
    // What no CA that is expected issued is not the owner's, as a rule.
    let mut all = kept(vec![issued("other", &others(), 422)]);
    let why = String::new();
    let flag =
        Flagged { certificate: 7, rule: FlagRule::ExpectedCa, why, visible_from: None, visible_by: None };
    all.flagged = Some(vec![flag]);
    let (_, set) = judged(&all, given(&["K", "spare"], None));
    assert_eq!(set.waiting, None);
}
