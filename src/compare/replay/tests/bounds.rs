//! Large and hostile histories.

use super::*;

#[test]
fn nothing_is_replayed_as_nothing() {
    let replayed = replay(&history(Vec::new(), "2026-01-01"), None);
    assert_eq!((replayed.from, replayed.renewals.len(), replayed.next_renewal.is_none()), (None, 0, true));
    assert!(replayed.sentence.contains("No certificate of host.example is known"), "{}", replayed.sentence);
    assert!(serde_json::to_value(&replayed).is_ok());
}

#[test]
fn absurd_dates_and_strange_names_are_left_out_and_told() {
    let issuer = ca("Letters", "int", vec![lasting(&["int", "root"])]);
    let far = certificate("far", &issuer, "2026-01-01", "9999-12-01");
    let mut old = certificate("old", &issuer, "2026-01-01", "2026-02-01");
    old.not_before = Timestamp::MIN;
    let mut backward = certificate("backward", &issuer, "2026-02-01", "2026-02-02");
    backward.not_after = at("2020-01-01");
    let mut other = certificate("other", &issuer, "2026-01-01", "2026-02-01");
    other.names = vec!["other.example".to_owned(), "\u{0}".to_owned()];
    let ahead = certificate("ahead", &issuer, "2027-01-01", "2027-02-01");
    let replayed = replay(&history(vec![far, old, backward, other, ahead], "2026-06-01"), None);
    assert_eq!(replayed.certificates.len(), 1);
    assert_eq!(replayed.left_out.len(), 4, "{:?}", replayed.left_out);
    let next = replayed.next_renewal.unwrap();
    assert!(next.expected_at > at("2026-06-01"));
}

/// Many certificates: each with a key of its own and one of many path tables, or all at once.
#[test]
fn a_large_history_is_bounded() {
    let issuers: Vec<Ca> = (0..50)
        .map(|number| {
            let name = format!("int{number}");
            let paths = (0..12).map(|root| lasting(&[&name, &format!("root{root}")])).collect();
            ca("Letters", &name, paths)
        })
        .collect();
    let begin = at("2020-01-01");
    let one = |number: usize, spread: i64| {
        let from = begin + jiff::SignedDuration::from_mins(i64::try_from(number).unwrap() * spread);
        let issuer = &issuers[number * 7 % issuers.len()];
        HistoricCertificate {
            not_before: from,
            not_after: from + jiff::SignedDuration::from_hours(90 * 24),
            ..certificate(&format!("leaf{}", number % 977), issuer, "2020-01-01", "2020-03-01")
        }
    };
    for (count, spread) in [(2_000, 1_000), (1_000, 0), (20_500, 1)] {
        let certificates: Vec<HistoricCertificate> = (0..count).map(|number| one(number, spread)).collect();
        let mut all = history(certificates, "2026-01-01");
        all.pins = vec![given(&["int3", "int5", "root4"], None)];
        let replayed = replay(&all, None);
        assert!(replayed.certificates.len() <= 20_000);
        assert_eq!(count > 20_000, replayed.left_out.iter().any(|said| said.contains("only the newest")));
    }
}

/// Numbers that look random and are the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn days(&mut self, most: u64) -> jiff::SignedDuration {
        jiff::SignedDuration::from_hours(24 * i64::try_from(self.roll(most)).unwrap())
    }
}

/// Certificates of three CAs, of which one has paths to two roots, at any time of two years.
fn thrown(dice: &mut Dice) -> History {
    let cas = [
        ca("A", "a", vec![lasting(&["a", "root"])]),
        ca("B", "b", vec![lasting(&["b", "root"]), lasting(&["b", "other root"])]),
        ca("C", "c", vec![lasting(&["c", "other root"])]),
    ];
    let begin = at("2024-01-01");
    let count = dice.roll(9) + 1;
    let certificates: Vec<HistoricCertificate> = (0..count)
        .map(|_| {
            let issuer = &cas[usize::try_from(dice.roll(3)).unwrap()];
            let not_before = begin + dice.days(730);
            let leaf = format!("leaf{}", dice.roll(4));
            HistoricCertificate {
                not_before,
                not_after: not_before + dice.days(200) + jiff::SignedDuration::from_hours(24),
                ..certificate(&leaf, issuer, "2024-01-01", "2024-02-01")
            }
        })
        .collect();
    let mut all = history(certificates, "2026-01-01");
    all.pins = vec![given(&["root", "leaf0"], Some("2024-03-01"))];
    all
}

/// What the pins come to on a day, straight from the definition: whether users are locked out for sure, and perhaps.
fn by_definition(all: &History, when: Timestamp) -> (bool, bool) {
    let in_life = all.certificates.iter().filter(|one| one.not_before <= when && when <= one.not_after);
    let matches: Vec<(bool, bool)> = in_life
        .map(|one| {
            let by_leaf = one.key == key("leaf0");
            let on = |path: &CaPath| path.certificates.iter().any(|ca| ca.spki_sha256 == key("root"));
            (by_leaf || one.paths.iter().all(on), by_leaf || one.paths.iter().any(on))
        })
        .collect();
    let is_sure = !matches.is_empty() && matches.iter().all(|(_, some)| !some);
    (is_sure, matches.iter().any(|(all, _)| !all))
}

#[test]
fn lock_outs_are_those_of_the_definition_day_by_day() {
    let mut dice = Dice(7);
    for _ in 0..300 {
        let all = thrown(&mut dice);
        let replayed = replay(&all, None);
        let set = as_given(&replayed);
        let mut when = at("2024-01-01T12:00:00Z");
        while when < all.at {
            let (is_sure, is_possible) = by_definition(&all, when);
            let released = when >= at("2024-03-01");
            let within: Vec<&Lockout> = set
                .lockouts
                .iter()
                .filter(|one| one.begins_at_worst <= when && one.ends_at_worst.is_none_or(|end| when < end))
                .collect();
            assert_eq!(within.len(), usize::from(is_possible && released), "{when} {set:?}");
            // Of the day of the release nobody knows from when on.
            if is_sure && when >= at("2024-03-02") {
                assert!(within[0].begins_at_best.is_some_and(|begin| begin <= when), "{when} {set:?}");
            }
            when += jiff::SignedDuration::from_hours(24);
        }
    }
}

/// The certificate that pins are made of is issued on the day of their release, as a rule.
#[test]
fn a_day_of_release_is_any_moment_of_it() {
    let issuer = ca("Letters", "int", vec![lasting(&["int", "root"])]);
    let before = certificate("before", &issuer, "2026-01-01", "2026-06-01");
    let after = certificate("after", &issuer, "2026-03-11T09:48:26Z", "2026-06-09");
    let of = |released: &str| {
        let mut all = history(vec![before.clone(), after.clone()], "2026-03-20");
        all.pins = vec![given(&["after"], Some(released))];
        let set = as_given(&replay(&all, None)).clone();
        (set.sure, set.lockouts[0].begins_at_best)
    };
    assert_eq!(of("2026-03-11"), (0, None));
    assert_eq!(of("2026-03-11T00:00:01Z"), (1, Some(at("2026-03-11T00:00:01Z"))));
    assert_eq!(of("2026-03-10"), (1, Some(at("2026-03-11"))));
}

#[test]
fn what_is_best_is_never_worse_than_what_is_worst() {
    let mut dice = Dice(11);
    for round in 0..300 {
        let mut all = thrown(&mut dice);
        if round % 2 == 0 {
            let place = usize::try_from(dice.roll(u64::try_from(all.certificates.len()).unwrap())).unwrap();
            let one = &mut all.certificates[place];
            one.not_after = at("2026-02-01");
            all.served_now = one.sha256;
        }
        let lead = (round % 3 > 0).then(|| dice.days(90));
        let replayed = replay(&all, lead);
        for set in &replayed.pin_sets {
            for one in &set.lockouts {
                let ordered = |earlier: Option<Timestamp>, later: Option<Timestamp>| {
                    earlier.zip(later).is_none_or(|(earlier, later)| earlier <= later)
                };
                assert!(ordered(Some(one.begins_at_worst), one.begins_at_best), "{set:?}");
                assert!(ordered(one.begins_at_best, one.ends_at_best), "{set:?}");
                assert!(ordered(one.ends_at_best, one.ends_at_worst), "{set:?}");
                assert!(!one.is_open || one.ends_at_worst.is_none(), "{set:?}");
            }
            if let Some(days) = set.lockout_days_per_year {
                assert!(0.0 <= days.at_best && days.at_best <= days.at_worst, "{set:?}");
                assert!(days.at_worst <= 365.1, "{set:?}");
            }
            if let Some(life) = &set.half_life {
                assert_eq!(life.starts, life.events + life.censored);
                let shares: Vec<f64> = life.survives.iter().filter_map(|one| one.share).collect();
                assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]), "{life:?}");
                assert!(life.p10_days.unwrap_or(u32::MAX) <= life.median_days.unwrap_or(u32::MAX));
            }
            assert!(set.sure <= set.lockouts.len());
            let is_whole = replayed.gaps.is_empty() && set.undetermined == 0;
            assert_eq!(set.at_most.is_none(), !is_whole, "{set:?}");
            assert!(set.at_most.is_none_or(|most| set.lockouts.len() <= most), "{set:?}");
        }
        for renewal in &replayed.renewals {
            assert!(renewal.from < renewal.to, "{renewal:?}");
        }
        assert!(serde_json::to_string(&replayed).is_ok());
    }
}
