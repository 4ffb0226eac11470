use super::*;

fn entry(number: usize) -> Entry {
    Entry {
        target: format!("h{number}.example:443"),
        outcome: crate::report::Outcome::Pass,
        severities: Vec::new(),
        not_after: None,
        issuing: Some(Issuing { owner: Some(format!("CA {number}")), proven: true }),
        issuer: "no_expectation".to_owned(),
        caa: CaaStanding::None,
        caa_denies: false,
        ct: BTreeMap::new(),
        pins: PinFacts::default(),
        open: [format!("cause {number}")].into(),
        rules: Vec::new(),
    }
}

fn fleet() -> Fleet {
    Fleet::new("2026-11-01T00:00:00Z".parse().unwrap())
}

/// Names come from certificates and servers: however many there are, what is kept is bounded, and nothing is uncounted.
#[test]
fn what_is_kept_does_not_grow_with_the_targets() {
    let mut fleet = fleet();
    for number in 0..5000 {
        fleet.add(&entry(number));
    }
    assert_eq!((fleet.cas.len(), fleet.open.len()), (MOST_KINDS + 1, MOST_KINDS + 1));
    assert_eq!(fleet.cas.values().map(|count| count.targets.targets).sum::<usize>(), 5000);
    assert_eq!(fleet.open.values().map(|group| group.targets).sum::<usize>(), 5000);
    let without = fleet.caa(CaaStanding::None).unwrap();
    assert_eq!((without.targets, without.examples.len()), (5000, MOST_NAMED));
    assert!(fleet.facts().len() < 40);
}

#[test]
fn the_certificates_that_end_first_are_named_first() {
    let mut fleet = fleet();
    for (number, day) in (0_i64..60).rev().enumerate() {
        let not_after = fleet.at.checked_add(SignedDuration::from_hours(24 * (day - 5))).unwrap();
        fleet.add(&Entry { not_after: Some(not_after), ..entry(number) });
    }
    let count = |expiry| fleet.expiry(expiry).map_or(0, |group| group.targets);
    assert_eq!(Expiry::ALL.map(count), [5, 8, 23]);
    assert_eq!(fleet.soonest().len(), MOST_NAMED);
    assert!(fleet.soonest().is_sorted());
    assert_eq!(fleet.soonest()[0].0.to_string(), "2026-10-27T00:00:00Z");
}

/// A name without records is the worst, whatever is not known of another.
#[test]
fn a_target_stands_as_its_worst_name() {
    let of = |names: &[(&str, &str)]| {
        let names = names.iter().map(|(state, policy)| CaaStanding::of_name(state, policy));
        CaaStanding::worst(names, CaaStanding::NotChecked)
    };
    assert_eq!(
        of(&[("found", "only"), ("undetermined", "undetermined"), ("none", "anyone")]),
        CaaStanding::None
    );
    assert_eq!(of(&[("found", "nobody"), ("undetermined", "undetermined")]), CaaStanding::Undetermined);
    assert_eq!(of(&[("found", "only"), ("not_applicable", "anyone")]), CaaStanding::Restricted);
    assert_eq!(of(&[("found", "anyone"), ("found", "only")]), CaaStanding::Anyone);
    assert_eq!(of(&[]), CaaStanding::NotChecked);
}
