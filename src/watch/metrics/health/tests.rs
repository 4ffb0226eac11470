//! Verdicts on what was counted.

use super::*;

const STARTED: &str = "2026-11-22T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A log that was seen, read and proven at five.
fn well() -> LogReading {
    LogReading {
        proven: Some(100),
        read: Some(100),
        still: Some(Duration::from_hours(2)),
        tree_size: Some(100),
        tree_timestamp: Some(at("2026-11-22T04:58:00Z")),
        oldest_head: Some(SignedDuration::from_hours(24)),
        seen: Some(at("2026-11-22T04:59:00Z")),
        ..LogReading::default()
    }
}

fn judged(log: LogReading, now: &str) -> LogHealth {
    health((at(STARTED), PolicyReads::default()), &[log], &[], Ok(&[]), at(now)).logs.remove(0)
}

fn whole(logs: &[LogReading], waiting: Result<&[Waiting], &str>) -> Health {
    let channels = ["mail".to_owned(), "hook".to_owned()];
    health((at(STARTED), PolicyReads::default()), logs, &channels, waiting, at("2026-11-22T05:00:00Z"))
}

fn stuck(channel: &str, oldest: &str) -> Waiting {
    Waiting {
        channel: channel.to_owned(),
        alerts: 3,
        failed: 1,
        oldest: at(oldest),
        oldest_failed: Some(at(oldest)),
        error: Some("HTTP 500".to_owned()),
        named: None,
    }
}

#[test]
fn a_log_is_judged_by_what_was_seen_of_it() {
    let now = "2026-11-22T05:00:00Z";
    let log = judged(well(), now);
    assert_eq!((log.status, log.lag, log.tree_head_age_seconds), (HealthStatus::Ok, Some(0), Some(120)));
    assert!(log.reasons.is_empty());

    let log = judged(LogReading::default(), "2026-11-22T00:01:00Z");
    assert_eq!((log.status, log.lag, log.proven), (HealthStatus::Undetermined, None, None));
    assert_eq!(judged(LogReading::default(), "2026-11-22T00:20:00Z").status, HealthStatus::Degraded);
    assert_eq!(judged(LogReading::default(), now).status, HealthStatus::Failing);

    let log = judged(well(), "2026-11-22T05:20:00Z");
    assert_eq!(
        (log.status, log.reasons),
        (HealthStatus::Degraded, vec!["no tree head was seen for 21 minutes".to_owned()])
    );
    assert_eq!(judged(well(), "2026-11-22T06:00:00Z").status, HealthStatus::Failing);
    // After a restart, it has the time again that a log has.
    let old = LogReading { seen: Some(at("2026-11-21T00:00:00Z")), ..well() };
    assert_eq!(judged(old, "2026-11-22T00:01:00Z").status, HealthStatus::Undetermined);
    // Another process saw one a moment ago.
    let others = LogReading { seen: Some(at("2026-11-21T23:59:00Z")), ..well() };
    assert_eq!(judged(others, "2026-11-22T00:01:00Z").status, HealthStatus::Ok);

    let frozen = LogReading { tree_timestamp: Some(at("2026-11-21T04:00:00Z")), ..well() };
    assert_eq!(
        (judged(frozen.clone(), now).status, judged(frozen.clone(), now).is_stale),
        (HealthStatus::Degraded, true)
    );
    let closed = LogReading { oldest_head: None, ..frozen };
    assert_eq!((judged(closed.clone(), now).status, judged(closed, now).is_stale), (HealthStatus::Ok, false));
    let faulty = LogReading { faults: vec![("split_view".to_owned(), "two roots".to_owned())], ..well() };
    assert_eq!(judged(faulty.clone(), now).status, HealthStatus::Degraded);
    assert_eq!(judged(faulty, now).faults[0].kind, "split_view");
}

#[test]
fn a_log_that_is_behind_and_stands_still_is_told() {
    let behind =
        |still| LogReading { tree_size: Some(101), still: Some(Duration::from_secs(still)), ..well() };
    let now = "2026-11-22T05:00:00Z";
    assert_eq!(judged(behind(60), now).status, HealthStatus::Ok, "it is being read");
    assert_eq!(judged(behind(15 * 60), now).status, HealthStatus::Degraded);
    assert_eq!(judged(behind(3600), now).status, HealthStatus::Failing);
}

#[test]
fn the_whole_is_as_well_as_most_of_it() {
    let dead = LogReading { seen: Some(at("2026-11-22T01:00:00Z")), ..well() };
    assert_eq!(whole(&[], Ok(&[])).status, HealthStatus::Undetermined);
    assert_eq!(whole(&[well(), well(), well()], Ok(&[])).status, HealthStatus::Ok);
    assert_eq!(whole(&[well(), well(), dead.clone()], Ok(&[])).status, HealthStatus::Degraded);
    assert_eq!(whole(&[well(), dead], Ok(&[])).status, HealthStatus::Failing);
    // A log that shows the past is its operator's trouble; where all do, nothing new can be found.
    let frozen = LogReading { tree_timestamp: Some(at("2026-11-21T04:00:00Z")), ..well() };
    let closed = LogReading { oldest_head: None, ..frozen.clone() };
    assert_eq!(whole(&[well(), frozen.clone()], Ok(&[])).status, HealthStatus::Degraded);
    assert_eq!(
        whole(&[frozen.clone(), frozen.clone(), closed.clone()], Ok(&[])).status,
        HealthStatus::Failing
    );
    assert_eq!(whole(&[closed], Ok(&[])).status, HealthStatus::Ok);
    let broken = whole(&[well()], Err("the state's disk is full"));
    assert_eq!(broken.status, HealthStatus::Failing);
    assert_eq!(broken.reasons, ["the state cannot be used: the state's disk is full"]);
}

#[test]
fn alerts_that_nobody_takes_are_grave() {
    let (long, short) = ("2026-11-22T04:40:00Z", "2026-11-22T04:59:00Z");
    let one = whole(&[well()], Ok(&[stuck("mail", long)]));
    assert_eq!((one.status, one.alerts[0].waiting), (HealthStatus::Degraded, 3));
    let both = whole(&[well()], Ok(&[stuck("hook", long), stuck("mail", long)]));
    assert_eq!(both.status, HealthStatus::Failing);
    let passing = whole(&[well()], Ok(&[stuck("hook", short), stuck("mail", long)]));
    assert_eq!(passing.status, HealthStatus::Degraded);
    let fresh = Waiting { failed: 0, error: None, ..stuck("mail", long) };
    assert_eq!(whole(&[well()], Ok(&[fresh])).status, HealthStatus::Ok, "what waits its turn is no trouble");
}

#[test]
fn an_old_list_and_entries_that_were_not_searched_are_told() {
    let now = at("2026-11-22T05:00:00Z");
    let fine = health((at(STARTED), PolicyReads::default()), &[], &[], Ok(&[]), now);
    let list = |days: i64| Some(now - jiff::SignedDuration::from_hours(24 * days));
    assert_eq!(fine.clone().chosen_by(list(69)).reasons, fine.reasons);
    let old = fine.clone().chosen_by(list(70));
    assert!(old.status >= HealthStatus::Degraded && old.log_list_current_at == list(70));
    assert!(old.reasons.iter().any(|reason| reason.contains("70 days old")), "{:?}", old.reasons);
    // It grows old in a process that goes on.
    let metrics = crate::watch::metrics::WatchMetrics::new(at(STARTED));
    assert!(!metrics.chosen_by(list(69).unwrap(), now));
    let later = now + jiff::SignedDuration::from_hours(24);
    assert!(metrics.chosen_by(list(69).unwrap(), later) && !metrics.chosen_by(list(69).unwrap(), later));
    assert_eq!(metrics.list(), list(69));

    let log = metrics.log("id", "Log");
    let of_log = |metrics: &crate::watch::metrics::WatchMetrics| {
        let reading = metrics.readings(0, None, now).remove(0);
        let log = health((at(STARTED), PolicyReads::default()), &[reading], &[], Ok(&[]), now).logs.remove(0);
        (log.unsearched, log.reasons.iter().any(|reason| reason.contains("10 entries were not searched")))
    };
    assert_eq!(of_log(&metrics), (None, false));
    log.unsearched(10);
    assert_eq!(of_log(&metrics), (Some(10), true));
    log.unsearched(0);
    assert_eq!(of_log(&metrics), (Some(0), false));
}
