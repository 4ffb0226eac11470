//! Whether each log is followed now, and anybody told of what is found.

use super::*;
use crate::judge::untold;

const SERVICE: LogFollowing = LogFollowing { by_service: true, runs: None };
const NOBODY: LogFollowing = LogFollowing { by_service: false, runs: None };

fn of_queues(queues: &AlertQueues) -> Option<String> {
    lacks_of(|state| state.alerts = Some(queues.clone())).0
}

/// A queue whose oldest alert was made then, and was not taken.
fn failing(made: &str) -> AlertQueue {
    AlertQueue {
        channel: "pager".to_owned(),
        alerts: 56,
        failed: 2,
        oldest: at(made),
        oldest_failed: Some(at(made)),
        error: Some("exit status: 1".to_owned()),
        named: Some(at("2026-11-20T11:30:00Z")),
    }
}

#[test]
fn each_log_has_a_follower_of_its_own() {
    let each = |following: Option<LogFollowing>| each_log(|log| log.following.clone_from(&following)).0;
    assert_eq!(each(Some(SERVICE)), None);
    // Once an hour, a little early; and twice by hand.
    assert_eq!(each(Some(runs("2026-11-20T10:50:00Z", "2026-11-20T11:49:00Z"))), None);
    assert_eq!(
        each(Some(runs("2026-11-20T11:15:00Z", "2026-11-20T11:50:00Z"))).unwrap(),
        "it looked once, on 2026-11-20 11:50 UTC, and no watch runs: whether one goes on is not known"
    );
    for gone in [NOBODY, runs("2026-11-01T00:00:00Z", "2026-11-18T11:59:00Z")] {
        assert!(each(Some(gone)).unwrap().starts_with("no watch that says so in the state runs now"));
    }
    assert!(each(None).unwrap().contains("an older version of pinstead kept the state"));

    // A service that follows one log says nothing of the others, whoever looked at them before.
    let all = state(Vec::new()).logs.len();
    for others in [Some(NOBODY), Some(runs("2026-11-20T11:50:00Z", "2026-11-20T11:50:00Z")), None] {
        let lacks = lacks_of(|state| {
            state.looks.as_mut().unwrap().is_running = true;
            for (place, log) in state.logs.iter_mut().enumerate() {
                log.following = if place == 0 { Some(SERVICE) } else { others.clone() };
            }
        });
        let lacks = lacks.0.unwrap();
        let expected = format!("again and again, follows {} of the {all} logs: ", all - 1);
        assert!(lacks.contains(&expected), "{lacks}");
    }
    // One log by a service, the others by runs.
    let both = lacks_of(|state| state.logs[0].following = Some(SERVICE));
    assert_eq!(both, (None, None));
}

#[test]
fn runs_may_be_as_far_apart_as_they_were() {
    let within = |apart_seconds| {
        let mut kept = state(Vec::new());
        let first = at("2026-11-01T00:00:00Z");
        let runs = Some(LogRuns { first, last: at(LAST_SEEN), apart_seconds });
        kept.logs.iter_mut().for_each(|log| log.following.as_mut().unwrap().runs.clone_from(&runs));
        match watch_of(summary(SourceKind::WatchState, Coverage::Whole), kept, EXPECTS) {
            Fact::Measured(LogWatch::Watched(watch)) => watch.within.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let daily = within(86_400);
    assert_eq!(daily.at_worst, Some(SignedDuration::from_hours(48)));
    assert!(
        daily.measured_by.contains("and the watch is run once in 1 d, as it last was"),
        "{}",
        daily.measured_by
    );
    assert_eq!(within(60).at_worst, Some(SignedDuration::from_mins(24 * 60 + 10)));
}

#[test]
fn what_nobody_is_told_of_is_not_detected() {
    let telling = AlertQueues { has_service: true, has_channel: true, ..AlertQueues::default() };
    assert_eq!(of_queues(&telling), None);
    let silent = of_queues(&AlertQueues { has_channel: false, ..telling.clone() }).unwrap();
    assert!(silent.contains("no channel for alerts"), "{silent}");
    assert_eq!(of_queues(&AlertQueues::default()), None, "runs report");

    let waiting = |queue| AlertQueues { waiting: vec![queue], ..telling.clone() };
    let stuck = of_queues(&waiting(failing("2026-11-20T11:50:00Z"))).unwrap();
    assert_eq!(stuck, "alerts to “pager” were not taken: exit status: 1");
    let once = failing("2026-11-20T11:59:30Z");
    assert_eq!(of_queues(&waiting(once.clone())), None, "it is given again at once");
    assert!(
        of_queues(&waiting(AlertQueue { failed: 3, ..once.clone() })).is_some(),
        "it fails again and again"
    );
    // What waits for longer may not have been given before.
    let beside = AlertQueue { oldest: at("2026-11-20T11:50:00Z"), ..once };
    assert_eq!(of_queues(&waiting(beside)), None);
    let left = AlertQueue { named: Some(at("2026-11-18T11:00:00Z")), ..failing("2026-11-18T12:00:00Z") };
    assert_eq!(of_queues(&waiting(left)), None, "nobody serves it any more, and others were told");

    let untold = |since: &str| AlertQueues { untold: 2, oldest_untold: Some(at(since)), ..telling.clone() };
    let nobody = of_queues(&untold("2026-11-20T11:40:00Z")).unwrap();
    assert!(nobody.starts_with("nobody was told of 2 alerts: no channel took them"), "{nobody}");
    assert_eq!(of_queues(&untold("2026-11-20T11:50:00Z")), None, "they are on their way");
    // Of evidence that an older version saved nothing is known.
    assert!(lacks_of(|state| state.alerts = None).0.unwrap().contains("older version of pinstead saved"));
}

#[test]
fn what_no_channel_takes_by_its_severity_nobody_hears_of() {
    let of = |alerts: &str, domain: &str, has_service| {
        let kept = WatchStateReading {
            alerts: Some(AlertQueues { has_service, has_channel: true, ..AlertQueues::default() }),
            ..state(Vec::new())
        };
        let policy = format!("{alerts}{EXPECTS}{domain}");
        match watch_of(summary(SourceKind::WatchState, Coverage::Whole), kept, &policy) {
            Fact::Measured(LogWatch::Watched(watch)) => watch.lacks,
            other => panic!("{other:?}"),
        }
    };
    let pager = |least: &str| {
        format!(
            "[alerts]\nstderr = false\n[[alerts.hook]]\nname = \"pager\"\ncommand = [\"true\"]\nmin_severity = \"{least}\"\n"
        )
    };
    let names = "known_names = [\"shop.example\"]\n";
    assert_eq!(of(&pager("high"), "", true), None);
    assert_eq!(of(&pager("medium"), names, true), None);
    assert_eq!(of("", names, true), None, "standard error takes all");
    assert!(of(&pager("critical"), "", true).unwrap().contains("no channel takes an alert of severity high"));
    assert!(
        of(&pager("high"), names, true).unwrap().contains("no channel takes an alert of severity medium")
    );
    let none = "[alerts]\nstderr = false\n";
    assert!(of(none, "", true).unwrap().contains("there is no channel for alerts"));
    assert_eq!(of(none, "", false), None, "runs report what they find");
}

#[test]
fn compare_and_status_go_by_the_same() {
    let queues = AlertQueues { waiting: vec![failing("2026-11-20T11:50:00Z")], ..AlertQueues::default() };
    assert_eq!(of_queues(&queues), Some(untold(&queues, at(NOW)).join("; ")));
}

#[test]
fn it_is_watched_at_the_time_of_judging() {
    let inputs = inputs(EXPECTS);
    let of = |read: &str, judged: &str| {
        let source = summary(SourceKind::WatchState, Coverage::Whole);
        match watch_at(source, state(Vec::new()), (at(read), at(judged)), &inputs) {
            Fact::Measured(LogWatch::Watched(watch)) => (watch.lacks, watch.within.unwrap().at_worst),
            other => panic!("{other:?}"),
        }
    };
    let day = SignedDuration::from_hours(24);
    assert_eq!(of(NOW, NOW), (None, Some(day + SignedDuration::from_mins(10))));
    // As long as it may be that the watch looked, and by then the next certificate has waited that long.
    assert_eq!(of(NOW, "2026-11-22T11:50:00Z"), (None, Some(day * 3)));
    let late = of(NOW, "2026-11-22T11:51:00Z").0.unwrap();
    assert!(late.contains("its tree head was seen last on 2026-11-20"), "{late}");
    // What was read later says nothing of the time before.
    assert_eq!(of(NOW, "2026-11-19T00:00:00Z").0, None);
    let before = of(NOW, "2026-11-18T11:00:00Z").0.unwrap();
    assert!(before.contains("the state was read on 2026-11-20, long after the time of judging"), "{before}");
    let unborn = of(NOW, "2026-10-31T00:00:00Z").0.unwrap();
    assert!(unborn.contains("it was begun on 2026-11-01, after the time of judging"), "{unborn}");
}

#[test]
fn evidence_of_before_is_read_and_tells_nothing_of_who_follows() {
    let mut kept = serde_json::to_value(state(Vec::new())).unwrap();
    kept.as_object_mut().unwrap().remove("alerts").unwrap();
    for log in kept["logs"].as_array_mut().unwrap() {
        log.as_object_mut().unwrap().remove("following").unwrap();
    }
    let old: WatchStateReading = serde_json::from_value(kept).unwrap();
    let lacks = lacks_of(|state| state.clone_from(&old)).0.unwrap();
    assert!(lacks.contains("who follows which log is not known"), "{lacks}");
    assert!(lacks.contains("whether anybody takes its alerts is not known"), "{lacks}");
}
