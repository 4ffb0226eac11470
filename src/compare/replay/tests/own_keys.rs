//! Pins of own keys, and what lies behind them.

use jiff::SignedDuration;

use super::bounds::Dice;
use super::*;

fn letters() -> Ca {
    ca("Letters", "int", vec![lasting(&["int", "root"])])
}

fn day(days: i64) -> Timestamp {
    at("2023-01-01") + SignedDuration::from_hours(24 * days)
}

/// Certificates of 90 days, one every 60 from 2023-01-01 on, of these keys.
fn renewed(keys: &[&str]) -> Vec<HistoricCertificate> {
    let one = |(place, leaf): (usize, &&str)| {
        let begin = 60 * i64::try_from(place).unwrap();
        certificate(leaf, &letters(), &day(begin).to_string(), &day(begin + 90).to_string())
    };
    keys.iter().enumerate().map(one).collect()
}

/// Keys that are each kept for a year, the next of which is pinned before it goes into service.
fn yearly() -> History {
    let keys: Vec<&str> = ["K0", "K1", "K2"].into_iter().flat_map(|key| [key; 6]).take(17).collect();
    history(renewed(&keys), "2025-10-01")
}

fn judged(mut all: History, pins: GivenPins) -> ReplayedPinSet {
    all.pins = vec![pins];
    as_given(&replay(&all, None)).clone()
}

fn next(set: &ReplayedPinSet) -> (usize, usize, usize, ChanceBasis) {
    let chance = set.next_match.as_ref().unwrap();
    (chance.share.count, chance.share.of, chance.unknown, chance.basis)
}

/// As OWASP asks: the key in service and the next one, of which the logs know nothing yet.
#[test]
fn a_key_that_is_kept_and_has_a_backup_is_not_expected_to_miss() {
    // The two renewals that took another key were before these pins: what was pinned then, they do not tell.
    let set = judged(yearly(), given(&["K2", "K3"], Some("2025-02-15")));
    assert_eq!(next(&set), (14, 14, 2, ChanceBasis::OwnKeys));
    assert!(!set.next_match.as_ref().unwrap().may_miss(false));
    assert_eq!((set.lockouts.len(), set.unsettled, set.past.as_deref()), (0, 0, None));
    // Without a date of release: they came with the key that they match, as far as is known.
    let set = judged(yearly(), given(&["K2", "K3"], None));
    assert_eq!(next(&set), (14, 14, 2, ChanceBasis::OwnKeys));
    assert_eq!((set.sure, set.lockouts.len(), set.at_most, set.unsettled), (0, 1, Some(1), 0));
    assert_eq!(set.lockouts[0].ends_at_worst, Some(at("2025-01-20T00:00:01Z")));
    assert!(set.past.as_ref().unwrap().starts_with("if they were out before 2025-01-20, they may have"));
    // Released with the key before still in its life: possible once, and it binds nobody any more.
    let set = judged(yearly(), given(&["K2", "K3"], Some("2025-01-01")));
    assert_eq!((set.sure, set.lockouts.len(), set.unsettled), (0, 1, 0));
    assert!(set.past.as_ref().unwrap().starts_with("they may have locked users out once, until 2025-01-20"));
    // A renewal that went to the pinned key while they were in force.
    let set = judged(yearly(), given(&["K1", "K2", "K3"], Some("2024-02-01")));
    assert_eq!(next(&set), (15, 15, 1, ChanceBasis::OwnKeys));
}

#[test]
fn own_keys_that_may_miss_are_told() {
    let may_miss = |set: &ReplayedPinSet| set.next_match.as_ref().unwrap().may_miss(false);
    // Without a backup, each renewal that took another key would have broken them.
    let set = judged(yearly(), given(&["K2"], None));
    assert_eq!((next(&set), may_miss(&set)), ((14, 16, 0, ChanceBasis::OwnKeys), true));
    // A new key each time: whether the next one is the pinned one is not known.
    let keys: Vec<String> = (0..12).map(|number| format!("leaf{number}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let all = || history(renewed(&keys), "2024-11-01");
    let set = judged(all(), given(&["leaf11", "spare"], Some("2024-10-25")));
    assert_eq!((next(&set), may_miss(&set)), ((0, 0, 11, ChanceBasis::OwnKeys), true));
    // Each added when it was there already, for all that is known.
    let set = judged(all(), given(&["leaf9", "leaf10", "leaf11", "spare"], None));
    assert_eq!((next(&set), may_miss(&set)), ((0, 0, 11, ChanceBasis::OwnKeys), true));
    // All of them released before: the plan was kept.
    let set = judged(all(), given(&[&keys[..], &["spare"]].concat(), Some("2022-12-01")));
    assert_eq!((next(&set), may_miss(&set)), ((11, 11, 0, ChanceBasis::OwnKeys), false));
    // In force, and missed.
    let went_off = ["K1", "K1", "other", "K1", "K1"];
    for released in [None, Some("2023-01-02")] {
        let set = judged(history(renewed(&went_off), "2023-10-01"), given(&["K1", "spare"], released));
        assert!(may_miss(&set), "{set:?}");
        assert!(next(&set).0 < next(&set).1 && set.next_match.unwrap().basis == ChanceBasis::OwnKeys);
    }
}

/// What a CA does is as it was, whenever the pins came.
#[test]
fn pins_of_a_ca_and_pins_that_match_nothing_go_by_all_renewals() {
    let mut certificates = renewed(&["K0"; 8]);
    let other = ca("Letters", "int2", vec![lasting(&["int2", "root"])]);
    for certificate in certificates.iter_mut().step_by(2) {
        (certificate.issuer_key, certificate.paths) = (Some(other.key), Arc::clone(&other.paths));
    }
    let all = || history(certificates.clone(), "2024-04-01");
    let set = judged(all(), given(&["int", "spare"], Some("2024-03-01")));
    assert_eq!(next(&set), (4, 7, 0, ChanceBasis::RecentRenewals));
    let set = judged(yearly(), given(&["K8", "K9"], None));
    assert_eq!(next(&set), (0, 16, 0, ChanceBasis::RecentRenewals));
    assert_eq!((set.sure, set.lockouts.len()), (1, 1), "they match nothing at any time");
}

/// Another CA's key for the last resort only lets in more: own keys are judged as without it.
#[test]
fn pins_of_cas_beside_own_keys_take_nothing_from_them() {
    let x1 = "C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=";
    let ca_alone = |pins: GivenPins, lists: [PositionRule; 3]| {
        let pins_of = pins.pins.into_iter().zip(lists).map(|(pin, position)| Pin { position, ..pin });
        GivenPins { pins: pins_of.collect(), ..pins }
    };
    for released in [Some("2025-02-15"), None] {
        for last_resort in [x1, "spare root"] {
            let mut all = yearly();
            all.known_cas.insert(key("spare root"));
            let set = judged(all, given(&["K2", "K3", last_resort], released));
            assert_eq!(next(&set), (14, 14, 2, ChanceBasis::OwnKeys), "{last_resort}");
            // But it is no key to go to.
            let mut all = yearly();
            all.known_cas.insert(key("spare root"));
            let set = judged(all, given(&["K2", last_resort], released));
            assert_eq!(next(&set), (14, 16, 0, ChanceBasis::OwnKeys), "{last_resort}");
        }
        // What matches by its CA does so whatever its key is.
        let set = judged(yearly(), given(&["K2", "root"], released));
        assert_eq!(next(&set), (16, 16, 0, ChanceBasis::OwnKeys));
        // Two lists, each of which has to match.
        let lists = [PositionRule::Leaf, PositionRule::Leaf, PositionRule::Ca];
        let set = judged(yearly(), ca_alone(given(&["K2", "K3", "root"], released), lists));
        assert_eq!(next(&set), (14, 14, 2, ChanceBasis::OwnKeys));
        let mut all = yearly();
        let other = ca("Letters", "int2", vec![lasting(&["int2", "root"])]);
        for certificate in all.certificates.iter_mut().skip(14).step_by(3) {
            (certificate.issuer_key, certificate.paths) = (Some(other.key), Arc::clone(&other.paths));
        }
        let set = judged(all, ca_alone(given(&["K2", "K3", "int"], released), lists));
        assert_eq!(next(&set), (13, 14, 2, ChanceBasis::OwnKeys), "the CA went elsewhere once");
    }
}

/// A backup of another CA that may have been in service once.
#[test]
fn what_is_possible_is_asked_while_it_may_last_and_told_afterwards() {
    let spare = ca("Spare", "spare int", vec![lasting(&["spare int", "spare root"])]);
    for (ends, released, open) in [
        ("2025-06-01", None, 0),
        ("2024-06-01", None, 0),
        ("2025-06-01", Some("2023-02-01"), 0),
        ("2025-12-01", None, 1),
        ("2025-12-01", Some("2023-02-01"), 1),
    ] {
        let mut all = yearly();
        all.certificates.push(certificate("spare", &spare, "2024-03-01", ends));
        let set = judged(all, given(&["root"], released));
        assert_eq!((set.sure, set.lockouts.len(), set.unsettled), (0, 1, open), "{ends} {released:?}");
        assert_eq!(set.past.is_none(), open == 1, "{:?}", set.past);
    }
    // One that came after the first match is no matter of when the pins were released.
    let mut all = yearly();
    all.certificates.push(certificate("spare", &spare, "2025-01-05", "2025-09-01"));
    let set = judged(all, given(&["K2", "K3"], None));
    assert_eq!((set.sure, set.lockouts.len(), set.unsettled), (0, 1, 0));
    assert!(set.past.unwrap().starts_with("they may have locked users out once, until 2025-09-01"));
}

/// An owner whose pins have no date, and came on some day: how often users were locked out lies in the bounds.
#[test]
fn the_true_number_lies_in_the_bounds_whenever_pins_came() {
    let mut dice = Dice(41);
    for round in 0..400 {
        let keys: Vec<String> = (0..10).map(|_| format!("K{}", dice.roll(4))).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let pinned: Vec<&str> =
            ["K0", "K1", "K9"].into_iter().skip(usize::try_from(dice.roll(2)).unwrap()).collect();
        let all = history(renewed(&keys), "2024-08-20");
        // Swapped within the 30 days in which both are valid.
        let swaps: Vec<i64> =
            (0..10).map(|place| 60 * place + i64::try_from(dice.roll(30)).unwrap()).collect();
        // Nobody releases pins that do not match what is served.
        let matches = |place: usize| pinned.contains(&keys[place]);
        let Some(first) = (0..10).find(|place| matches(*place)) else { continue };
        let released = if round % 2 == 0 { swaps[first] } else { i64::try_from(dice.roll(550)).unwrap() };
        let mut count = 0_usize;
        let mut was_out = false;
        for (place, swap) in swaps.iter().enumerate() {
            let until = swaps.get(place + 1).copied().unwrap_or(i64::MAX);
            let is_out = !matches(place) && until > released;
            count += usize::from(is_out && !was_out);
            was_out = is_out && until > *swap;
        }
        let set = judged(all, given(&pinned, None));
        let most = set.at_most.unwrap();
        assert!(count <= most, "{count} of at most {most}: {keys:?} {pinned:?}");
        if round % 2 == 0 {
            assert!(set.sure <= count, "{} sure of {count}: {keys:?} {pinned:?}", set.sure);
        }
    }
}
