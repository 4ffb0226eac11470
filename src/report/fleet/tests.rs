use super::*;
use crate::compare::advice::Verdict;
use crate::report::document::Mark;

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
        advice: None,
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

fn facts(entries: &[Entry]) -> Vec<(&'static str, Mark, usize, String)> {
    let mut fleet = fleet();
    for entry in entries {
        fleet.add(entry);
    }
    fleet.facts().into_iter().map(|fact| (fact.about, fact.mark, fact.targets, fact.told(2))).collect()
}

/// A target of which nothing is known is told of beside those of which something is.
#[test]
fn who_issues_and_who_pins_is_told_with_what_is_not_known_apart() {
    let pins = |status: &str| PinFacts { status: status.to_owned(), ..PinFacts::default() };
    let of = |issuer: &str| {
        let issuing = Some(Issuing { owner: Some("A CA".to_owned()), proven: true });
        Entry { issuing, issuer: issuer.to_owned(), pins: pins("pinned"), ..entry(1) }
    };
    let without =
        Entry { issuing: None, issuer: "undetermined".to_owned(), pins: pins("no_pin_sources"), ..entry(2) };
    let told = facts(&[of("no_expectation"), without.clone()]);
    let about = |wanted: &str| -> Vec<_> { told.iter().filter(|fact| fact.0 == wanted).cloned().collect() };
    let none = "not known: no certificate was obtained (h2.example:443)".to_owned();
    assert_eq!(
        about("Issued by"),
        [
            ("Issued by", Mark::None, 1, "A CA (h1.example:443)".to_owned()),
            ("Issued by", Mark::Open, 1, none),
        ],
        "where nothing is expected, nothing is as it should be"
    );
    let not_given = "whether they are pinned is not known: no pins were given".to_owned();
    assert_eq!(
        about("Pins"),
        [("Pins", Mark::None, 1, not_given), ("Pins", Mark::None, 1, "pinned (h1.example:443)".to_owned()),],
        "who pins is named, and is no praise"
    );
    let expected = facts(&[of("expected")]);
    assert!(expected.contains(&("Issued by", Mark::Good, 1, "A CA; expected".to_owned())), "{expected:?}");
}

#[test]
fn what_several_browsers_say_of_the_same_targets_is_told_once() {
    let with = |programs: &[Program], number| Entry {
        ct: programs.iter().map(|program| (*program, PolicyOutcome::NotCompliant)).collect(),
        ..entry(number)
    };
    let told = |entries: &[Entry]| -> Vec<(usize, String)> {
        let facts = facts(entries).into_iter().filter(|fact| fact.0 == "CT");
        facts.map(|fact| (fact.2, fact.3)).collect()
    };
    let [first, second, ..] = Program::ALL;
    let both: Vec<Entry> = (0..30).map(|number| with(&[first, second], number)).collect();
    assert_eq!(told(&both).len(), 1, "{:?}", told(&both));
    // Thirty of sixty each: which they are is not known of all.
    let mut apart = both.clone();
    apart.extend((30..60).map(|number| with(&[], number)));
    assert_eq!(told(&apart).len(), 2);
    assert_eq!(told(&[with(&[first, second], 1), with(&[], 2)]).len(), 1, "each is named");
    assert_eq!(told(&[with(&[first], 1), with(&[second], 2)]).len(), 2);
}

/// What a baseline accepts is in the counts, and nobody is alarmed by it.
#[test]
fn what_is_accepted_is_told_as_that() {
    let with = |accepted: usize, number| {
        let mut rules = Vec::new();
        for place in 0..2 {
            FoundRule::count(&mut rules, "TLS003", (Severity::High, place < accepted), "No trust");
        }
        Entry { rules, ..entry(number) }
    };
    let told = |entries: &[Entry]| facts(entries).into_iter().find(|fact| fact.0 == "Findings").unwrap();
    for (entries, mark, words) in [
        (vec![with(0, 1)], Mark::Bad, "high TLS003: No trust (h1.example:443)"),
        (vec![with(2, 1)], Mark::None, "high TLS003: No trust; accepted (h1.example:443)"),
        (
            vec![with(2, 1), with(1, 2)],
            Mark::Bad,
            "high TLS003: No trust; 3 of 4 accepted (h1.example:443, h2.example:443)",
        ),
    ] {
        assert_eq!(told(&entries), ("Findings", mark, entries.len(), words.to_owned()));
    }
}

#[test]
fn the_advice_of_many_hosts_is_counted() {
    let with = |advice: &str, number| Entry { advice: Some(advice.to_owned()), ..entry(number) };
    let told = facts(&[with("keep", 1), with("drop", 2), with("drop", 3)]);
    let advice: Vec<_> = told.into_iter().filter(|fact| fact.0 == "Advice").collect();
    assert_eq!(
        advice,
        [
            ("Advice", Mark::Bad, 2, "drop the pins (h2.example:443, h3.example:443)".to_owned()),
            ("Advice", Mark::Good, 1, "keep".to_owned())
        ]
    );
    // The names are those of JSON.
    for verdict in Verdict::ALL {
        assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.name());
    }
}
