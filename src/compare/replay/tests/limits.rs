//! What the numbers bound: gaps of the history, lines beside one another, and how long pins last by definition.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::bounds::Dice;
use super::*;

fn letters() -> Ca {
    ca("Letters", "int", vec![lasting(&["int", "root"])])
}

fn day(begin: &str, days: i64) -> String {
    (at(begin) + SignedDuration::from_hours(24 * days)).to_string()
}

/// Certificates of 90 days, each with a key of its own, one every so many days.
fn every(days: i64, count: i64) -> Vec<HistoricCertificate> {
    let one = |n: i64| {
        let begin = days * n;
        let leaf = format!("leaf{n}");
        certificate(&leaf, &letters(), &day("2024-01-01", begin), &day("2024-01-01", begin + 90))
    };
    (0..count).map(one).collect()
}

fn leaf(replay: &Replay) -> &ReplayedPinSet {
    level(replay, Level::Leaf, false)
}

#[test]
fn a_gap_is_neither_survival_nor_service() {
    let certificates = vec![
        certificate("one", &letters(), "2024-01-01", "2024-04-01"),
        certificate("two", &letters(), "2025-09-01", "2025-12-01"),
    ];
    let lead = Some(SignedDuration::from_hours(24 * 10));
    let replayed = replay(&history(certificates.clone(), "2025-11-01"), lead);
    assert_eq!(
        replayed.gaps,
        [Gap { from: at("2024-04-01T00:00:01Z"), until: at("2025-09-01") }],
        "{:?}",
        replayed.gaps
    );
    let set = leaf(&replayed);
    assert_eq!((set.sure, set.lockouts.len(), set.at_most), (1, 1, None));
    let life = set.half_life.clone().unwrap();
    // 92 days begin in the life of the first, the last of them in its last second; 61 in that of the second.
    assert_eq!((life.starts, life.events, life.censored), (92 + 61, 92, 61), "{life:?}");
    assert!(life.median_days.unwrap() <= 91, "{life:?}");
    // 10 days of 91 + 61 are lost, and not of 670.
    let bounds = set.lockout_days_per_year.unwrap();
    assert!((bounds.at_worst - 10.0 / 152.0 * 365.0).abs() < 0.1, "{bounds:?}");
    assert!(
        replayed.sentence.contains("; of 670 days 517 have no known certificate)")
            && replayed.sentence.contains("a leaf pin would have locked users out at least 1 time (median"),
        "{}",
        replayed.sentence
    );
    assert!(
        replayed.sentence.contains("an intermediate pin 0 times in what is known"),
        "{}",
        replayed.sentence
    );
    assert!(replayed.unknown.iter().any(|told| told.starts_with("On 517 days no certificate")));
    // What the second keeps is not known to have lasted through the gap.
    let root = level(&replayed, Level::Root, false).half_life.clone().unwrap();
    assert_eq!((root.events, root.median_days), (0, None));
    assert_eq!(root.survives[2].share, None, "nothing was followed for 180 days: {root:?}");
    // Given pins: the days of the gap are none of those for which they bind.
    let mut all = history(certificates, "2025-11-01");
    all.pins = vec![given(&["one"], None)];
    let replayed = replay(&all, None);
    let bounds = as_given(&replayed).lockout_days_per_year.unwrap();
    assert!((bounds.at_best - 61.0 / 152.0 * 365.0).abs() < 0.1, "{bounds:?}");
}

#[test]
fn a_renewal_that_comes_some_hours_late_is_no_gap() {
    let certificates = vec![
        certificate("one", &letters(), "2024-01-01", "2024-04-01"),
        certificate("two", &letters(), "2024-04-01T20:00:00Z", "2024-07-01"),
    ];
    let replayed = replay(&history(certificates, "2024-06-01"), None);
    assert!(replayed.gaps.is_empty());
    assert_eq!((leaf(&replayed).sure, leaf(&replayed).at_most), (1, Some(1)));
}

/// A key that never comes again cannot be matched for longer than its certificate lives.
#[test]
fn a_leaf_pin_lasts_no_longer_than_a_certificate_whose_key_is_not_reused() {
    let mut dice = Dice(23);
    for round in 0..200 {
        let count = dice.roll(20) + 1;
        let most = if round % 2 == 0 { 900 } else { 1600 };
        let certificates: Vec<HistoricCertificate> = (0..count)
            .map(|n| {
                let begin = i64::try_from(dice.roll(most)).unwrap();
                let leaf = format!("leaf{n}");
                let (from, until) = (day("2022-01-01", begin), day("2022-01-01", begin + 90));
                certificate(&leaf, &letters(), &from, &until)
            })
            .collect();
        let replayed = replay(&history(certificates, "2026-06-15"), None);
        let life = leaf(&replayed).half_life.clone().unwrap();
        assert!(life.median_days.is_none_or(|days| days <= 90), "{life:?}");
        assert!(life.p10_days.is_none_or(|days| days <= 90), "{life:?}");
        for survival in &life.survives[2..] {
            assert!(survival.share.is_none_or(|share| share < 1e-9), "{life:?}");
        }
        // Each day on which a certificate that is followed was valid, and no other.
        let valid = replayed.certificates.iter().filter(|one| one.is_followed);
        assert!(life.starts <= valid.count() * 91, "{life:?}");
        assert!(!replayed.gaps.is_empty(), "at the end nothing is known");
        assert_eq!(leaf(&replayed).at_most, None);
    }
}

#[test]
fn what_runs_beside_counts_at_most() {
    // One server that renews every 30 of 90 days, or two that do so every 60: nobody can tell.
    let replayed = replay(&history(every(30, 25), "2026-01-01"), None);
    assert_eq!(replayed.lines, 2);
    let set = leaf(&replayed);
    assert!(set.sure <= 24 && set.at_most == Some(24), "{} to {:?}", set.sure, set.at_most);
    assert!(replayed.sentence.contains("to 24 times (median 31 days or less)"), "{}", replayed.sentence);
    assert!(replayed.sentence.contains("an intermediate pin 0 times (none ended)"), "{}", replayed.sentence);
    // Six days and 16 hours, every two days.
    let short: Vec<HistoricCertificate> = (0..60)
        .map(|n| {
            let (from, leaf) = (day("2025-12-01", 2 * n), format!("leaf{n}"));
            let until =
                (from.parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_hours(160)).to_string();
            certificate(&leaf, &letters(), &from, &until)
        })
        .collect();
    let replayed = replay(&history(short, "2026-03-31"), None);
    assert!(leaf(&replayed).sure <= 59 && leaf(&replayed).at_most == Some(59));
}

#[test]
fn given_pins_can_be_broken_by_each_that_runs_beside() {
    let mut certificates = every(60, 6);
    for n in 0..6 {
        let begin = 60 * n + 20;
        certificates.push(HistoricCertificate {
            key_type: Some("RSA 2048".to_owned()),
            ..certificate("beside", &letters(), &day("2024-01-01", begin), &day("2024-01-01", begin + 90))
        });
    }
    let mut all = history(certificates, "2024-11-20");
    all.pins = vec![given(&["leaf0", "leaf1", "leaf2", "leaf3", "leaf4", "leaf5"], None)];
    let replayed = replay(&all, None);
    let set = as_given(&replayed);
    assert_eq!((set.sure, set.lockouts.len(), set.at_most), (0, 1, Some(6)));
}

#[test]
fn days_at_best_are_a_union() {
    let lead = Some(SignedDuration::from_hours(24 * 120));
    let replayed = replay(&history(every(60, 13), "2026-01-10"), lead);
    let set = leaf(&replayed);
    let bounds = set.lockout_days_per_year.unwrap();
    // From the 90th day on, when the first certificate ends, to the 740th.
    assert!((bounds.at_best - 650.0 / 740.0 * 365.0).abs() < 0.2, "{bounds:?}");
    assert!((bounds.at_worst - 365.0).abs() < 1e-6, "{bounds:?}");
}

#[test]
fn pins_are_made_of_the_paths_of_their_day() {
    let crossed = ca(
        "Letters",
        "int",
        vec![
            path(&["int", "root"], true, "2020-01-01", "2040-01-01"),
            path(&["int", "new root"], true, "2025-07-01", "2040-01-01"),
        ],
    );
    let replayed =
        replay(&history(vec![certificate("leaf", &crossed, "2025-01-01", "2026-01-01")], "2025-12-31"), None);
    let life = level(&replayed, Level::Root, false).half_life.clone().unwrap();
    // Begun before 07-01 they miss the new root from then on; begun after, they name both.
    assert_eq!((life.starts, life.events, life.distinct_renewals), (364, 181, 1));
    assert_eq!(life.median_days, Some(137));
    // A root that went: those begun before it did end with it.
    let moved = ca(
        "Letters",
        "int",
        vec![
            path(&["int", "root"], true, "2020-01-01", "2026-02-28T23:59:59Z"),
            path(&["int", "new root"], true, "2026-03-01", "2040-01-01"),
        ],
    );
    let certificates: Vec<HistoricCertificate> = (0..7)
        .map(|n| {
            let (from, until) = (day("2025-01-20", 60 * n), day("2025-01-20", 60 * n + 90));
            certificate(&format!("leaf{n}"), &moved, &from, &until)
        })
        .collect();
    let replayed = replay(&history(certificates, "2026-03-10"), None);
    let life = level(&replayed, Level::Root, false).half_life.clone().unwrap();
    assert_eq!((life.starts, life.events, life.censored), (414, 405, 9));
}

/// The certificate in service on each day, by its place among those that are followed, and what is pinned of it.
type Service = Vec<Option<(usize, BTreeSet<SpkiSha256>)>>;

fn service(all: &History, replayed: &Replay, of: Level) -> (Vec<(i64, i64)>, Service) {
    let day_of = |time: Timestamp| (time.as_second() - at("2024-01-01").as_second()).div_euclid(86_400);
    let followed: Vec<&HistoricCertificate> = replayed
        .certificates
        .iter()
        .filter(|one| one.is_followed)
        .map(|one| all.certificates.iter().find(|own| own.label == one.label).unwrap())
        .collect();
    let lives = followed.iter().map(|one| (day_of(one.not_before), day_of(one.not_after))).collect();
    let on = |days: i64| {
        let place = followed.iter().rposition(|one| day_of(one.not_before) <= days)?;
        let one = followed[place];
        let holds = |path: &&CaPath| day_of(path.from) <= days && days <= day_of(path.until);
        let named = match of {
            Level::Leaf => [one.key].into(),
            _ => one.paths.iter().filter(holds).map(|path| path.certificates[1].spki_sha256).collect(),
        };
        (days <= day_of(one.not_after)).then_some((place, named))
    };
    (lives, (0..=day_of(all.at)).map(on).collect())
}

/// How long a pin set of a day lasts, straight from the definition, day by day.
fn by_definition((lives, service): &(Vec<(i64, i64)>, Service), begun: usize) -> Option<(usize, bool)> {
    let (_, pinned) = service[begun].as_ref()?;
    let mut before = None;
    for (days, shown) in service.iter().enumerate().skip(begun) {
        let Some((place, named)) = shown else {
            // A gap: what comes after it tells whether they broke, and they last until it began.
            let next = service[days..].iter().flatten().next();
            return Some((days - 1 - begun, next.is_some_and(|(_, named)| !named.is_subset(pinned))));
        };
        if !named.is_subset(pinned) {
            // Where the one before had ended by then, with its end.
            let has_ended = |before: usize| lives[before].1 < i64::try_from(days).unwrap();
            let is_late = before.is_some_and(|before| before != *place && has_ended(before));
            return Some((days - begun - usize::from(is_late), true));
        }
        before = Some(*place);
    }
    Some((service.len() - 1 - begun, false))
}

#[test]
fn half_lives_are_those_of_the_definition() {
    let mut dice = Dice(31);
    for _ in 0..60 {
        let cas = [("a", 200), ("b", 350)].map(|(name, turn)| {
            let old = path(&[name, "old"], true, "2020-01-01", "2040-01-01");
            let new = CaPath {
                from: day("2024-01-01", turn).parse().unwrap(),
                ..path(&[name, "new"], true, "2020-01-01", "2040-01-01")
            };
            let ends = CaPath {
                until: (day("2024-01-01", turn - 90)).parse::<Timestamp>().unwrap()
                    - SignedDuration::from_secs(1),
                ..path(&[name, "ending"], true, "2020-01-01", "2040-01-01")
            };
            ca("Letters", name, vec![old, new, ends])
        });
        let mut begin = 0;
        let certificates: Vec<HistoricCertificate> = (0..8)
            .map(|_| {
                begin += 46 + i64::try_from(dice.roll(70)).unwrap();
                let issuer = &cas[usize::try_from(dice.roll(2)).unwrap()];
                let leaf = format!("leaf{}", dice.roll(3));
                let mut one =
                    certificate(&leaf, issuer, &day("2024-01-01", begin), &day("2024-01-01", begin + 90));
                one.label = format!("{leaf} {begin}");
                one
            })
            .collect();
        let all = history(certificates, &day("2024-01-01", begin + 60));
        let replayed = replay(&all, None);
        for of in [Level::Leaf, Level::Root] {
            let life = level(&replayed, of, false).half_life.clone().unwrap();
            let service = service(&all, &replayed, of);
            let days_begun = 0..service.1.len() - 1;
            let own: Vec<(usize, bool)> =
                days_begun.filter_map(|days| by_definition(&service, days)).collect();
            let events = own.iter().filter(|(_, is_break)| *is_break).count();
            assert_eq!((life.starts, life.events), (own.len(), events), "{of:?} {replayed:?}");
            let mut curve = survival::Observations::default();
            for (lasted, is_break) in own {
                curve.note(u32::try_from(lasted).unwrap(), is_break);
            }
            let curve = curve.curve();
            assert_eq!(life.median_days, curve.time_at(0.5), "{of:?} {replayed:?}");
            for survival in &life.survives {
                assert_eq!(survival.share, curve.share_at(survival.days), "{of:?} {replayed:?}");
            }
        }
    }
}
