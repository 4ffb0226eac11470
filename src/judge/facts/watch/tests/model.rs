//! States made at random, judged, and compared with the rule as it stands in docs/compare.md, said once more without any of
//! the code: a watch lacks nothing where every log is watched and somebody is told, and nowhere else.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::*;

/// A log, in hours before the state was read.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that the state tells")]
#[derive(Clone, Debug)]
struct Shown {
    is_there: bool,
    /// Whether the state says who follows it.
    is_kept: bool,
    by_service: bool,
    /// When runs looked: the last, and how long before that the first.
    runs: Option<(i64, i64)>,
    head_seen: Option<i64>,
    unproven: u64,
    searched: Vec<(u64, u64)>,
    has_fault: bool,
}

/// A queue, in minutes before the state was read.
#[derive(Clone, Debug)]
struct Waits {
    failed: u64,
    oldest: i64,
    /// How much later the oldest was made that failed.
    later: i64,
    named: Option<i64>,
}

#[derive(Clone, Debug)]
struct World {
    is_watched: Option<bool>,
    is_latest: bool,
    logs: Vec<Shown>,
    services: (bool, bool),
    untold: Option<i64>,
    queues: Vec<Waits>,
    /// How many hours after the state was read it is judged.
    judged_after: i64,
}

/// The entries of each log that are proven.
const PROVEN: u64 = 9;

/// Mostly as it should be, so that both outcomes come up.
fn mostly<T: Clone + std::fmt::Debug + 'static>(
    well: T,
    other: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<T> {
    prop_oneof![24 => Just(well), 1 => other].boxed()
}

fn shown() -> impl Strategy<Value = Shown> {
    let searched = mostly(vec![(0, PROVEN)], vec((0..PROVEN, 1..=PROVEN), 0..3));
    let searched =
        searched.prop_map(|all| all.into_iter().filter(|(start, stop)| start < stop).collect::<Vec<_>>());
    let followed = prop_oneof![
        12 => Just((true, None)),
        12 => Just((false, Some((1, 30)))),
        4 => (any::<bool>(), of((0_i64..60, 0_i64..60))),
    ];
    (
        (mostly(true, any::<bool>()), mostly(true, any::<bool>())),
        followed,
        mostly(Some(1), of(0_i64..60)),
        (mostly(0, 0..3_u64), searched, mostly(false, any::<bool>())),
    )
        .prop_map(
            |((is_there, is_kept), (by_service, runs), head_seen, (unproven, searched, has_fault))| Shown {
                is_there,
                is_kept,
                by_service,
                runs,
                head_seen,
                unproven,
                searched,
                has_fault,
            },
        )
}

fn world(logs: usize) -> impl Strategy<Value = World> {
    let waits = (0..4_u64, 0_i64..30, 0_i64..30, of(0_i64..6000));
    let waits = waits.prop_map(|(failed, oldest, later, named)| Waits { failed, oldest, later, named });
    (
        (mostly(Some(true), any::<Option<bool>>()), mostly(true, any::<bool>())),
        // One way for all but a few, so that not every world has a log that lacks something.
        (shown(), vec((0..logs, shown()), 0..3)),
        mostly((true, true), any::<(bool, bool)>()),
        mostly(None, of(0_i64..40)),
        vec(waits, 0..2),
        mostly(0, -80_i64..80),
    )
        .prop_map(
            move |((is_watched, is_latest), (most, others), services, untold, queues, judged_after)| World {
                is_watched,
                is_latest,
                logs: (0..logs)
                    .map(|place| {
                        others.iter().find(|(other, _)| *other == place).map_or(&most, |(_, log)| log).clone()
                    })
                    .collect(),
                services,
                untold,
                queues,
                judged_after,
            },
        )
}

fn before(time: Timestamp, minutes: i64) -> Timestamp {
    time - SignedDuration::from_mins(minutes)
}

/// The state that a world leaves behind.
fn kept(world: &World) -> WatchStateReading {
    let now = at(NOW);
    let mut kept = state(Vec::new());
    let known = std::mem::take(&mut kept.logs);
    for (mut log, shown) in known.into_iter().zip(&world.logs).filter(|(_, shown)| shown.is_there) {
        log.proven = PROVEN;
        log.head_size = shown.head_seen.map(|_| PROVEN + shown.unproven);
        log.head_seen = shown.head_seen.map(|hours| before(now, hours * 60));
        log.head_at = log.head_seen;
        log.searched = Some(shown.searched.clone());
        log.faults = shown.has_fault.then(|| "two trees".to_owned()).into_iter().collect();
        log.following = shown.is_kept.then(|| {
            let runs = shown.runs.map(|(last, first)| LogRuns {
                first: before(now, (last + first) * 60),
                last: before(now, last * 60),
                apart_seconds: 3600,
            });
            LogFollowing { by_service: shown.by_service, runs }
        });
        kept.logs.push(log);
    }
    kept.is_watched = world.is_watched;
    let looks = kept.looks.as_mut().unwrap();
    looks.is_latest = world.is_latest;
    looks.is_running = world.services.0;
    kept.alerts = Some(AlertQueues {
        has_service: world.services.0,
        has_channel: world.services.1,
        untold: u64::from(world.untold.is_some()),
        oldest_untold: world.untold.map(|minutes| before(now, minutes)),
        waiting: world.queues.iter().map(queue).collect(),
    });
    kept
}

fn queue(waits: &Waits) -> AlertQueue {
    let oldest = before(at(NOW), waits.oldest);
    AlertQueue {
        channel: "pager".to_owned(),
        alerts: 3,
        failed: waits.failed,
        oldest,
        oldest_failed: (waits.failed > 0).then(|| before(at(NOW), (waits.oldest - waits.later).max(0))),
        error: None,
        named: waits.named.map(|minutes| before(at(NOW), minutes)),
    }
}

/// Whether a log is watched, entry by entry.
fn is_watched(log: &Shown, is_closed: bool, judged_after: i64) -> bool {
    let goes_on =
        log.by_service || log.runs.is_some_and(|(last, first)| last + judged_after <= 48 && first >= 1);
    let first = log.searched.iter().map(|(start, _)| *start).min().unwrap_or(0);
    let is_searched = |entry: u64| log.searched.iter().any(|(start, stop)| (*start..*stop).contains(&entry));
    log.is_there
        && log.is_kept
        && goes_on
        && log.head_seen.is_some_and(|seen| seen + judged_after <= 48)
        && log.unproven == 0
        && !log.has_fault
        && (is_closed || (first..PROVEN).all(is_searched))
}

/// Whether somebody is told.
fn is_told(world: &World) -> bool {
    let (has_service, has_channel) = world.services;
    let is_stuck = |waits: &Waits| {
        let since = (waits.oldest - waits.later).max(0);
        waits.failed > 0
            && (waits.failed >= 3 || since >= 1)
            && waits.named.is_none_or(|named| named <= 48 * 60)
    };
    (!has_service || has_channel)
        && world.untold.is_none_or(|minutes| minutes < 15)
        && !world.queues.iter().any(is_stuck)
}

/// Whether the state is of the time of judging; the watch was begun on the first of the month.
fn is_of_the_time(world: &World) -> bool {
    world.judged_after >= -48
}

#[test]
fn it_lacks_nothing_where_every_log_is_watched_and_somebody_is_told() {
    let inputs = inputs(EXPECTS);
    let logs: Vec<String> = state(Vec::new()).logs.into_iter().map(|log| log.log_id).collect();
    let count = logs.len();
    let mut config = ProptestConfig::with_cases(600);
    config.failure_persistence = None;
    let mut seen = (0_u32, 0_u32);
    let outcomes = std::cell::RefCell::new(&mut seen);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&world(count), |world| {
            let judged = at(NOW) + SignedDuration::from_hours(world.judged_after);
            // What is accepted may change with the time; here it is who follows that is asked.
            let accepted = inputs.logs.accepted(judged);
            let state_of =
                |id: &str| accepted.iter().find(|(log, _)| log.id.to_string() == id).map(|(_, state)| *state);
            let source = summary(SourceKind::WatchState, Coverage::Part("a part".to_owned()));
            let all_watched = logs.iter().zip(&world.logs).all(|(id, log)| match state_of(id) {
                Some(state) => is_watched(log, state == LogState::Readonly, world.judged_after),
                None => true,
            });
            let all_known = accepted.iter().all(|(log, _)| logs.contains(&log.id.to_string()));
            let expected = all_watched
                && all_known
                && is_told(&world)
                && is_of_the_time(&world)
                && world.is_latest
                && world.is_watched == Some(true);
            let lacks = match watch_at(source, kept(&world), (at(NOW), judged), &inputs) {
                Fact::Measured(LogWatch::Watched(watch)) => watch.lacks,
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(lacks.is_none(), expected, "{:?}", lacks);
            let mut outcomes = outcomes.borrow_mut();
            if expected {
                outcomes.0 += 1;
            } else {
                outcomes.1 += 1;
            }
            Ok(())
        })
        .unwrap();
    assert!(seen.0 > 50 && seen.1 > 50, "it has to come out both ways: {seen:?}");
}
