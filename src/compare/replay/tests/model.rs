//! What the model says of renewals, parallel certificates, releases and ends.

use super::*;
use crate::pins::{AfterExpiry, Expiry, ExpiryClock};

fn letters() -> Ca {
    ca("Letters", "int", vec![lasting(&["int", "root"])])
}

/// Certificates of 90 days, one every 60, each with a key of its own; from 2025-01-01 on.
fn renewed(count: usize) -> Vec<HistoricCertificate> {
    let first = at("2025-01-01");
    let day = |days: usize| {
        let hours = i64::try_from(days).unwrap() * 24;
        (first + jiff::SignedDuration::from_hours(hours)).to_string()
    };
    (0..count)
        .map(|number| {
            certificate(&format!("leaf{number}"), &letters(), &day(number * 60), &day(number * 60 + 90))
        })
        .collect()
}

#[test]
fn a_new_key_each_time_breaks_a_leaf_pin_each_time_and_nothing_above() {
    // 2025-01-01 and 240 days more.
    let replayed = replay(&history(renewed(5), "2025-09-10"), None);
    assert_eq!(replayed.renewals.len(), 4);
    assert_eq!(replayed.key_reuse, Share { of: 4, count: 0 });
    let leaf = level(&replayed, Level::Leaf, false);
    let causes: Vec<Cause> = leaf.lockouts.iter().map(|lockout| lockout.cause).collect();
    assert_eq!(causes, [Cause::NewKey; 4]);
    let first = leaf.lockouts[0];
    assert_eq!(first.begins_at_worst, at("2025-03-02"));
    // The one before ends on 2025-04-01 at midnight, its last second included.
    assert_eq!(first.begins_at_best, Some(at("2025-04-01T00:00:01Z")));
    assert_eq!((first.ends_at_best, first.ends_at_worst), (None, None));
    // The last but one is in its life: the newest need not be in service.
    assert_eq!((leaf.sure, leaf.lockouts.len()), (3, 4));
    assert!(leaf.lockout_days_per_year.is_none(), "no release lead is stated");
    for above in [Level::Intermediate, Level::Root] {
        let set = level(&replayed, above, false);
        assert!(set.lockouts.is_empty() && set.undetermined == 0, "{above:?}: {:?}", set.lockouts);
        assert_eq!(set.half_life.as_ref().unwrap().events, 0);
    }
    assert!(replayed.sentence.starts_with(
        "In 8 months (5 certificates): a leaf pin would have locked users out 3 to 4 times (median 31 days); an \
         intermediate pin 0 times (none ended);"
    ), "{}", replayed.sentence);
}

#[test]
fn pins_begun_on_any_day_last_until_the_next_renewal() {
    let replayed = replay(&history(renewed(5), "2025-09-10"), None);
    let half_life = level(&replayed, Level::Leaf, false).half_life.clone().unwrap();
    // 240 days before the last renewal, and the 12 since it.
    assert_eq!((half_life.starts, half_life.events, half_life.censored), (252, 240, 12));
    assert_eq!(half_life.distinct_renewals, 4);
    // Of each 60 days in turn one lasts 60, the next 59, …: half of them 30; the 12 that last still make it 31.
    assert_eq!(half_life.median_days, Some(31));
    assert_eq!(half_life.p10_days, Some(7));
    assert_eq!(half_life.survives[1], Survival { days: 90, share: Some(0.0) });
}

#[test]
fn pins_are_watched_no_longer_than_certificates_are_known() {
    let replayed = replay(&history(renewed(5), "2026-09-10"), None);
    let half_life = level(&replayed, Level::Leaf, false).half_life.clone().unwrap();
    // The last one lives for 90 days, its last second included; what came after it is in no source.
    assert_eq!((half_life.starts, half_life.events, half_life.censored), (331, 240, 91));
}

#[test]
fn with_a_lead_the_days_are_bounded() {
    let release = Some(jiff::SignedDuration::from_hours(40 * 24));
    let replayed = replay(&history(renewed(4), "2025-12-31"), release);
    let leaf = level(&replayed, Level::Leaf, false);
    // 30 days of overlap: of the 40 that a release takes 10 are left at best.
    let first = leaf.lockouts[0];
    assert_eq!(first.begins_at_best, Some(at("2025-04-01T00:00:01Z")));
    assert_eq!(first.ends_at_best, Some(at("2025-04-11")));
    assert_eq!(first.ends_at_worst, Some(at("2025-05-11T00:00:01Z")));
    let bounds = leaf.lockout_days_per_year.unwrap();
    // What came after the last certificate, which ends on 2025-09-28, is not known.
    let span = 270.0;
    assert!((bounds.at_worst - 120.0 / span * 365.0).abs() < 0.1, "{bounds:?}");
    assert!((bounds.at_best - 30.0 / span * 365.0).abs() < 0.1, "{bounds:?}");
    // A release within the overlap is in time.
    let release = Some(jiff::SignedDuration::from_hours(20 * 24));
    let replayed = replay(&history(renewed(4), "2025-12-31"), release);
    let leaf = level(&replayed, Level::Leaf, false);
    assert_eq!((leaf.sure, leaf.lockouts.len()), (0, 3));
    assert!(leaf.lockout_days_per_year.unwrap().at_best.abs() < f64::EPSILON);
}

#[test]
fn given_pins_bind_from_their_release_on() {
    let mut history = history(renewed(4), "2025-12-31");
    // The first certificate's key, released when the second had come.
    history.pins = vec![given(&["leaf0", "leaf1"], Some("2025-03-10"))];
    let replayed = replay(&history, None);
    let set = as_given(&replayed);
    // leaf2 from 2025-05-01 on; leaf1 lasts until 2025-05-31.
    assert_eq!(set.lockouts.len(), 1);
    let lockout = set.lockouts[0];
    assert_eq!(lockout.cause, Cause::NewKey);
    assert_eq!(replayed.certificates[lockout.certificate.unwrap()].label, "leaf2 2025-05-01T00:00:00Z");
    assert_eq!(lockout.begins_at_worst, at("2025-05-01"));
    assert_eq!(lockout.begins_at_best, Some(at("2025-05-31T00:00:01Z")));
    // leaf3 ends on 2025-09-28: afterwards nothing is known to be served.
    assert_eq!(lockout.ends_at_worst, Some(at("2025-09-28T00:00:01Z")));
    history.pins = vec![given(&["leaf9"], Some("2025-12-30"))];
    let replayed = replay(&history, None);
    assert!(as_given(&replayed).lockouts.is_empty(), "nothing was in service after the release");
}

#[test]
fn pins_that_ended_or_only_report_lock_nobody_out() {
    let mut history = history(renewed(3), "2025-07-01");
    let ended = |afterwards, clock| {
        let expiry = Expiry { at: at("2025-03-20"), afterwards, note: "", clock };
        GivenPins { expiry: Some(expiry), ..given(&["leaf0"], Some("2025-01-01")) }
    };
    history.pins = vec![ended(AfterExpiry::FailOpen, ExpiryClock::Device)];
    let replayed = replay(&history, None);
    let set = as_given(&replayed);
    // Possible from the second certificate on, and over on the last device 12 hours after midnight in UTC.
    assert_eq!((set.sure, set.lockouts.len()), (0, 1));
    assert_eq!(set.lockouts[0].begins_at_worst, at("2025-03-02"));
    assert_eq!(set.lockouts[0].ends_at_worst, Some(at("2025-03-20T12:00:00Z")));
    history.pins = vec![ended(AfterExpiry::FailClosed, ExpiryClock::Utc)];
    let replayed = replay(&history, None);
    let set = as_given(&replayed);
    let last = set.lockouts.last().unwrap();
    assert_eq!((last.cause, last.is_open, last.certificate), (Cause::PinsExpired, true, None));
    assert_eq!(last.begins_at_best, Some(at("2025-03-20")));
    for mode in [EnforcementMode::Report, EnforcementMode::No] {
        history.pins = vec![GivenPins { enforcement: mode, ..given(&["other"], None) }];
        let replayed = replay(&history, None);
        assert!(as_given(&replayed).lockouts.is_empty(), "{mode:?}");
        assert!(as_given(&replayed).notes[0].contains("lock nobody out"));
    }
    history.pins = vec![GivenPins { enforcement: EnforcementMode::Unknown, ..given(&["other"], None) }];
    let replayed = replay(&history, None);
    assert_eq!((as_given(&replayed).sure, as_given(&replayed).lockouts.len()), (0, 1));
}

#[test]
fn certificates_beside_one_another_are_no_renewals() {
    // ECDSA and RSA, obtained a minute after one another, each with a key that it keeps.
    let kinds = [("ec", "00"), ("rsa", "01")];
    let both: Vec<HistoricCertificate> = [("2025-01-01", "2025-04-01"), ("2025-03-02", "2025-05-31")]
        .into_iter()
        .flat_map(|(from, until)| {
            kinds.map(|(kind, minute)| HistoricCertificate {
                key_type: Some(kind.to_owned()),
                ..certificate(kind, &letters(), &format!("{from}T00:{minute}:00Z"), until)
            })
        })
        .collect();
    let mut with_kinds = history(both.clone(), "2025-05-01");
    with_kinds.served_now = Some(hash("ec", "2025-03-02T00:00:00Z"));
    let replayed = replay(&with_kinds, None);
    assert_eq!((replayed.lines, replayed.renewals.len()), (2, 1));
    assert_eq!(replayed.key_reuse, Share { of: 1, count: 1 });
    assert!(level(&replayed, Level::Leaf, false).lockouts.is_empty());
    assert_eq!(replayed.certificates.iter().filter(|one| one.is_followed).count(), 2);
    // The same where no source says of which kind a key is: then by the keys.
    let without: Vec<HistoricCertificate> =
        both.into_iter().map(|one| HistoricCertificate { key_type: None, ..one }).collect();
    let replayed = replay(&history(without, "2025-05-01"), None);
    assert_eq!((replayed.lines, replayed.renewals.len()), (2, 1));
    assert_eq!(replayed.key_reuse, Share { of: 1, count: 1 });
}

#[test]
fn a_backup_of_another_ca_is_no_renewal_and_may_be_in_service() {
    let spare = ca("Spare", "spare int", vec![lasting(&["spare int", "spare root"])]);
    let mut certificates = renewed(4);
    certificates.push(certificate("spare leaf", &spare, "2025-02-10", "2026-02-10"));
    let mut all = history(certificates, "2025-08-01");
    all.pins = vec![given(&["root"], Some("2025-01-01"))];
    all.served_now = Some(hash("leaf3", "2025-06-30T00:00:00Z"));
    let replayed = replay(&all, None);
    assert_eq!((replayed.lines, replayed.renewals.len()), (2, 3));
    assert!(replayed.renewals.iter().all(|renewal| !renewal.new_ca));
    let set = as_given(&replayed);
    // It may have been shown at any time of its life, and is not now.
    assert_eq!((set.sure, set.lockouts.len()), (0, 1));
    let lockout = set.lockouts[0];
    assert_eq!((lockout.begins_at_worst, lockout.begins_at_best), (at("2025-02-10"), None));
    assert_eq!((lockout.ends_at_worst, lockout.is_open), (Some(at("2025-08-01")), false));
    assert_eq!(lockout.cause, Cause::NewCa);
    // Once the other line has ended, nothing else can be in service.
    all.served_now = None;
    all.at = at("2025-11-01");
    let replayed = replay(&all, None);
    let set = as_given(&replayed);
    assert_eq!((set.sure, set.lockouts.len()), (1, 1));
    assert_eq!(set.lockouts[0].begins_at_best, Some(at("2025-09-28T00:00:01Z")));
    assert!(set.lockouts[0].is_open);
}

#[test]
fn a_switch_of_ca_is_a_renewal_of_what_ended() {
    let other = ca("Other", "other int", vec![lasting(&["other int", "other root"])]);
    let mut certificates = renewed(3);
    certificates.push(certificate("new", &other, "2025-06-30", "2025-09-28"));
    let replayed = replay(&history(certificates, "2025-08-01"), None);
    let last = replayed.renewals.last().unwrap();
    assert_eq!((replayed.renewals.len(), last.new_ca, last.new_key), (3, true, true));
    assert_eq!(last.new_path, Some(true));
    for above in [Level::Intermediate, Level::Root] {
        let set = level(&replayed, above, false);
        assert_eq!((set.lockouts.len(), set.lockouts[0].cause), (1, Cause::NewCa), "{above:?}");
    }
}

#[test]
fn a_path_that_ends_breaks_pins_without_a_renewal() {
    let crossed = ca(
        "Letters",
        "int",
        vec![
            path(&["int", "own root", "old root"], true, "2020-01-01", "2025-02-01"),
            path(&["int", "own root"], true, "2025-02-01T00:00:01Z", "2040-01-01"),
        ],
    );
    let mut all = history(vec![certificate("leaf", &crossed, "2025-01-01", "2025-04-01")], "2025-03-01");
    all.pins = vec![given(&["old root"], Some("2025-01-01"))];
    let replayed = replay(&all, None);
    let set = as_given(&replayed);
    assert_eq!((set.sure, set.lockouts.len()), (1, 1));
    assert_eq!((set.lockouts[0].cause, set.lockouts[0].is_open), (Cause::NewPath, true));
    assert_eq!(set.lockouts[0].begins_at_best, Some(at("2025-02-01T00:00:01Z")));
}

#[test]
fn what_is_not_known_is_neither_a_match_nor_a_lock_out() {
    let bare = Ca { paths: Arc::new([]), ..letters() };
    let mut all = history(vec![certificate("leaf", &bare, "2025-01-01", "2025-04-01")], "2025-03-01");
    all.pins = vec![given(&["root"], Some("2025-01-01"))];
    let replayed = replay(&all, None);
    let set = as_given(&replayed);
    assert!(set.lockouts.is_empty());
    assert_eq!(set.undetermined, 1);
    let bounds = set.lockout_days_per_year.unwrap();
    assert!(bounds.at_best.abs() < f64::EPSILON && (bounds.at_worst - 365.0).abs() < 0.1, "{bounds:?}");
    assert_eq!(level(&replayed, Level::Root, false).undetermined, 1);
    // The issuer's key is known without a path.
    all.pins = vec![given(&["int"], None)];
    assert_eq!(as_given(&replay(&all, None)).undetermined, 0);
    assert!(level(&replayed, Level::Intermediate, false).half_life.is_some());
}

#[test]
fn the_next_renewal_is_by_habit_or_after_two_thirds() {
    let replayed =
        replay(&history(renewed(5), "2025-09-10"), Some(jiff::SignedDuration::from_hours(24 * 24)));
    let next = replayed.next_renewal.unwrap();
    assert_eq!(next.basis, RenewalBasis::OwnHabit);
    // Every 60 of 90 days; 48 days are left, 24 of which the release takes.
    assert_eq!(next.expected_at.strftime("%Y-%m-%d").to_string(), "2025-10-27");
    assert!((next.runway_days - 24.0).abs() < 1.0, "{next:?}");
    let replayed = replay(&history(renewed(1), "2025-01-10"), None);
    let next = replayed.next_renewal.unwrap();
    assert_eq!((next.basis, next.expected_at), (RenewalBasis::TwoThirds, at("2025-03-02")));
    // Issued, and not in service.
    let mut all = history(renewed(2), "2025-03-10");
    all.served_now = Some(hash("leaf0", "2025-01-01T00:00:00Z"));
    let replayed = replay(&all, None);
    let next = replayed.next_renewal.unwrap();
    assert_eq!((next.basis, next.certificate), (RenewalBasis::AlreadyIssued, 0));
    assert!(next.runway_days < 0.0);
}

#[test]
fn the_chance_of_a_match_comes_from_the_renewals() {
    // Two intermediates of one root, in turn.
    let turns: Vec<HistoricCertificate> = renewed(5)
        .into_iter()
        .enumerate()
        .map(|(number, one)| {
            let name = if number % 2 == 0 { "a" } else { "b" };
            let issuer = ca("Letters", name, vec![lasting(&[name, "root"])]);
            HistoricCertificate { issuer_key: Some(issuer.key), paths: issuer.paths, ..one }
        })
        .collect();
    let mut all = history(turns, "2025-09-10");
    all.pins = vec![given(&["a"], None), given(&["root"], None)];
    let replayed = replay(&all, None);
    let chance = level(&replayed, Level::Intermediate, false).next_match.clone().unwrap();
    assert_eq!(chance.share, Share { of: 4, count: 0 });
    // With all that were seen by then, the first change alone breaks.
    let backup = level(&replayed, Level::Intermediate, true);
    assert_eq!((backup.lockouts.len(), backup.lockouts[0].cause), (1, Cause::NewIntermediate));
    assert_eq!(backup.next_match.clone().unwrap().share, Share { of: 4, count: 3 });
    let given = as_given(&replayed).next_match.clone().unwrap();
    assert_eq!((given.share, given.basis), (Share { of: 4, count: 2 }, ChanceBasis::RecentRenewals));
    assert_eq!(level(&replayed, Level::Root, false).next_match.clone().unwrap().share.count, 4);
}

#[test]
fn paths_that_were_not_looked_at_begin_with_the_issuer_too() {
    let further = path_of_others();
    let cut = ca("Letters", "int", vec![lasting(&["int", "root"]), further]);
    let mut all = history(vec![certificate("leaf", &cut, "2025-01-01", "2025-04-01")], "2025-03-01");
    all.pins = vec![given(&["int"], None), given(&["root"], None), given(&["other"], None)];
    let replayed = replay(&all, None);
    let open: Vec<usize> = replayed
        .pin_sets
        .iter()
        .filter(|set| matches!(set.kind, PinSetKind::Given { .. }))
        .map(|set| set.undetermined)
        .collect();
    assert_eq!(open, [0, 1, 1]);
    assert!(replayed.pin_sets.iter().all(|set| set.lockouts.is_empty()));
}

fn path_of_others() -> CaPath {
    CaPath { certificates: Vec::new(), ..lasting(&["int"]) }
}
