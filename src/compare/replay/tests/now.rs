//! What holds at the end of the replay: whether pins lock users out, and whether they match what comes next.

use super::*;
use crate::pins::{AfterExpiry, Expiry, ExpiryClock};
use jiff::SignedDuration;

/// The issuer was under one root, and is under another since 2026-03-01.
fn moved() -> Ca {
    ca(
        "Letters",
        "int",
        vec![
            path(&["int", "old root"], true, "2020-01-01", "2026-02-28T23:59:59Z"),
            path(&["int", "new root"], true, "2026-03-01", "2040-01-01"),
        ],
    )
}

/// Seven certificates of 90 days, one every 60, from 2025-01-20 on.
fn renewed(issuer: &Ca) -> Vec<HistoricCertificate> {
    let day = |days: i64| (at("2025-01-20") + SignedDuration::from_hours(24 * days)).to_string();
    (0..7).map(|n| certificate(&format!("leaf{n}"), issuer, &day(n * 60), &day(n * 60 + 90))).collect()
}

fn judged(pins: GivenPins, now: &str) -> ReplayedPinSet {
    let mut all = history(renewed(&moved()), now);
    all.pins = vec![pins];
    as_given(&replay(&all, None)).clone()
}

#[test]
fn pins_are_compared_with_the_paths_of_now() {
    let before = judged(given(&["old root", "spare"], None), "2026-02-20");
    assert_eq!(before.locks_out_now, LocksOutNow::No);
    assert_eq!(before.next_match.unwrap().share, Share { of: 6, count: 6 });
    let after = judged(given(&["old root", "spare"], None), "2026-03-10");
    assert_eq!((after.sure, after.lockouts[0].is_open), (1, true));
    assert_eq!(after.locks_out_now, LocksOutNow::Surely);
    assert_eq!(after.next_match.unwrap().share, Share { of: 6, count: 0 });
    let other = judged(given(&["new root"], None), "2026-03-10");
    assert_eq!(other.locks_out_now, LocksOutNow::No);
    assert_eq!(other.next_match.unwrap().share, Share { of: 6, count: 6 });
    // Whether a mismatch refuses the connection is not known.
    let unsure = GivenPins { enforcement: EnforcementMode::Unknown, ..given(&["old root"], None) };
    assert_eq!(judged(unsure, "2026-03-10").locks_out_now, LocksOutNow::Perhaps);
    for idle in [
        GivenPins { enforcement: EnforcementMode::Report, ..given(&["old root"], None) },
        given(&["old root"], Some("2026-03-11")),
    ] {
        assert_eq!(judged(idle, "2026-03-10").locks_out_now, LocksOutNow::No);
    }
    // What ended tells nothing of what is served since.
    assert_eq!(judged(given(&["old root"], None), "2026-06-01").locks_out_now, LocksOutNow::Unknown);
}

/// Where keys are forbidden and none is pinned, what has none of them matches.
#[test]
fn forbidden_keys_lock_out_without_pins_beside() {
    let forbid = |names: &[&str]| GivenPins { forbidden: given(names, None).pins, ..given(&[], None) };
    let met = judged(forbid(&["new root"]), "2026-03-10");
    assert_eq!((met.locks_out_now, met.sure, met.undetermined), (LocksOutNow::Surely, 1, 0));
    assert_eq!(met.next_match.unwrap().share, Share { of: 6, count: 0 });
    for names in [&["old root"][..], &["elsewhere"][..]] {
        let not_met = judged(forbid(names), "2026-03-10");
        assert_eq!((not_met.locks_out_now, not_met.undetermined), (LocksOutNow::No, 0), "{names:?}");
        assert_eq!(not_met.next_match.unwrap().share, Share { of: 6, count: 6 });
    }
    // It was met while the path was the old one.
    assert_eq!(judged(forbid(&["old root"]), "2026-03-10").sure, 1);
    let unread = GivenPins { unread: 1, ..forbid(&["elsewhere"]) };
    assert_eq!(judged(unread, "2026-03-10").locks_out_now, LocksOutNow::Unknown);
}

#[test]
fn pins_that_ended_closed_match_nothing_next() {
    let ended = |afterwards, clock| {
        let expiry = Expiry { at: at("2026-02-20"), afterwards, note: "", clock };
        GivenPins { expiry: Some(expiry), ..given(&["int"], None) }
    };
    let closed = judged(ended(AfterExpiry::FailClosed, ExpiryClock::Utc), "2026-03-10");
    assert_eq!(closed.locks_out_now, LocksOutNow::Surely);
    assert_eq!(closed.next_match.unwrap().share, Share { of: 6, count: 0 });
    assert_eq!(closed.refuses_all_from, Some(at("2026-02-20")));
    let closing = judged(ended(AfterExpiry::FailClosed, ExpiryClock::Device), "2026-02-20");
    assert_eq!(closing.locks_out_now, LocksOutNow::Perhaps, "on some devices it is that day already");
    assert_eq!(closing.next_match.unwrap().share.count, 0);
    let open = judged(ended(AfterExpiry::FailOpen, ExpiryClock::Utc), "2026-03-10");
    assert_eq!((open.locks_out_now, open.refuses), (LocksOutNow::No, false));
    assert_eq!((open.refuses_all_from, closing.refuses_all_from), (None, Some(at("2026-02-19T10:00:00Z"))));
}

#[test]
fn what_the_server_shows_settles_it_and_else_all_that_it_can_show() {
    let mut certificates = renewed(&moved());
    let other = ca("Other", "other int", vec![lasting(&["other int", "other root"])]);
    certificates.push(certificate("beside", &other, "2026-01-01", "2026-04-01"));
    let mut all = history(certificates, "2026-03-10");
    all.pins = vec![given(&["new root"], None)];
    let now = |all: &History| as_given(&replay(all, None)).locks_out_now;
    assert_eq!(now(&all), LocksOutNow::Perhaps);
    all.served_now = Some(hash("beside", "2026-01-01"));
    assert_eq!(now(&all), LocksOutNow::Surely);
    all.served_now = Some(hash("leaf6", "2026-01-15T00:00:00Z"));
    assert_eq!(now(&all), LocksOutNow::No);
}

#[test]
fn pins_that_follow_lock_out_until_new_ones_are_released() {
    let all = history(renewed(&moved()), "2026-03-10");
    let root = |lead: Option<i64>, level_of| {
        let lead = lead.map(|days| SignedDuration::from_hours(24 * days));
        level(&replay(&all, lead), level_of, false).locks_out_now
    };
    // The path ended nine days ago.
    assert_eq!(root(Some(30), Level::Root), LocksOutNow::Surely);
    assert_eq!(root(Some(5), Level::Root), LocksOutNow::No);
    assert_eq!(root(None, Level::Root), LocksOutNow::Unknown, "how long a release takes is not stated");
    assert_eq!(root(None, Level::Intermediate), LocksOutNow::No);
    // Made again of the paths of now, they match what comes next.
    let chance = level(&replay(&all, None), Level::Root, false).next_match.clone().unwrap();
    assert_eq!((chance.share, chance.basis), (Share { of: 6, count: 6 }, ChanceBasis::RecentChanges));
}
