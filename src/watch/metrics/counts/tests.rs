//! What is told of logs, from the state and from what was counted.

use super::*;
use crate::watch::state::{LogNumber, OpenFault, SurveyedHead};

const NOW: &str = "2026-11-22T05:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn surveyed(octet: u8, read: u64) -> SurveyedLog {
    SurveyedLog {
        number: LogNumber::example(1),
        log_id: [octet; 32],
        description: "a".to_owned(),
        proven: 5,
        read,
        head: Some(SurveyedHead {
            size: 10,
            timestamp: 1_795_323_600_123,
            age: SignedDuration::from_secs(59),
        }),
        faults: Vec::new(),
    }
}

fn id(octet: u8) -> String {
    STANDARD.encode([octet; 32])
}

#[test]
fn what_was_not_seen_is_not_zero() {
    let metrics = WatchMetrics::new(Timestamp::UNIX_EPOCH);
    let log = metrics.log(&id(1), "a");
    let reading = metrics.readings(0, None, now()).remove(0);
    assert_eq!((reading.proven, reading.read, reading.tree_size, reading.seen), (None, None, None, None));
    assert_eq!((reading.lag(), reading.still), (None, None));
    metrics.log(&id(1), "a").entries(7);
    log.certificates(2);
    let at = |milliseconds, read| metrics.readings(milliseconds, Some(&[surveyed(1, read)]), now()).remove(0);
    let reading = at(1000, 7);
    assert_eq!((reading.proven, reading.read, reading.tree_size), (Some(5), Some(7), Some(10)));
    assert_eq!(reading.lag(), Some(3));
    assert_eq!((reading.entries, reading.certificates), (7, 2));
    assert_eq!(reading.still, Some(Duration::ZERO));
    assert_eq!(at(61_000, 7).still, Some(Duration::from_mins(1)));
    // Others read, and this process has nothing to do.
    let reading = at(62_000, 8);
    assert_eq!((reading.still, reading.entries, reading.lag()), (Some(Duration::ZERO), 7, Some(2)));
    assert_eq!(reading.seen.unwrap().to_string(), "2026-11-22T04:59:01Z");
    assert_eq!(reading.tree_timestamp.unwrap().as_millisecond(), 1_795_323_600_123);
    // What is read a second time is not read yet.
    assert_eq!(at(63_000, 5).lag(), Some(5));
}

#[test]
fn faults_are_those_of_the_state() {
    let metrics = WatchMetrics::new(Timestamp::UNIX_EPOCH);
    metrics.log(&id(1), "a");
    let mut log = surveyed(1, 7);
    let fault = OpenFault {
        kind: "split".to_owned(),
        text: "x".repeat(10_000),
        since: now(),
        last_seen: now(),
        times: 3,
        acknowledged: None,
    };
    log.faults.push(fault);
    let reading = metrics.readings(0, Some(&[log]), now()).remove(0);
    assert_eq!(reading.faults[0].0, "split");
    assert_eq!(reading.faults[0].1.len(), MOST_ERROR);
}

#[test]
fn logs_of_one_name_are_two() {
    let metrics = WatchMetrics::new(Timestamp::UNIX_EPOCH);
    for (octet, name) in [(1, "a"), (2, "a"), (3, "b")] {
        metrics.log(&id(octet), name).entries(octet.into());
    }
    let readings = metrics.readings(0, None, now());
    let told: Vec<(&str, u64)> =
        readings.iter().map(|reading| (reading.name.as_str(), reading.entries)).collect();
    let (first, second) = (format!("a ({})", id(1)), format!("a ({})", id(2)));
    assert_eq!(told, [(first.as_str(), 1), (second.as_str(), 2), ("b", 3)]);
}

#[test]
fn trouble_is_counted_within_bounds() {
    let log = LogMetrics::default();
    for number in 0..100 {
        log.error(&format!("kind {number}"), &"x".repeat(10_000), now());
    }
    let reading = log.reading("", 0, None, now());
    assert_eq!(reading.errors.len(), MOST_KINDS + 1);
    assert_eq!(reading.errors.last(), Some(&("other".to_owned(), 68)));
    let (at, kind, text) = reading.last_error.unwrap();
    assert_eq!((at, kind.as_str(), text.len()), (now(), "other", MOST_ERROR));
}

#[test]
fn a_head_may_be_as_old_as_is_usual_or_promised() {
    let metrics = WatchMetrics::new(Timestamp::UNIX_EPOCH);
    let log = metrics.log(&id(1), "a");
    for (age, limit) in [
        (HeadAge::Usual, Some(24)),
        (HeadAge::AtMost(SignedDuration::from_mins(1)), Some(24)),
        (HeadAge::AtMost(SignedDuration::from_hours(48)), Some(48)),
        (HeadAge::Any, None),
    ] {
        log.head_may_be(age);
        let reading = metrics.readings(0, None, now()).remove(0);
        assert_eq!(reading.oldest_head, limit.map(SignedDuration::from_hours), "{age:?}");
    }
}
