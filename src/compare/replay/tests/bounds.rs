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
