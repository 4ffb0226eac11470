//! From the outbox to the channels, with channels that fail and processes that are killed.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pinstead::observe::clock::{self, Stopwatch};
use pinstead::rules::Severity;
use pinstead::watch::alert::{
    Channel, ChannelSettings, Failure, Notice, Sending, Tally, deliver, deliver_once,
};
use pinstead::watch::metrics::WatchMetrics;
use pinstead::watch::state::{Place, State, StateOptions};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::watch;

use super::webhooks::webhook;
use super::{Answer, LONG, Receiver, add, state, status};

/// Where the child finds the state and the receiver.
const STATE: &str = "PINSTEAD_TEST_STATE";
const RECEIVER: &str = "PINSTEAD_TEST_RECEIVER";

/// A channel of the test: it keeps what it gets, fails, or never ends.
struct Played {
    settings: ChannelSettings,
    got: Arc<Mutex<Vec<String>>>,
    fails: Arc<AtomicBool>,
    hangs: bool,
}

impl Played {
    fn new(name: &'static str) -> Self {
        Self::from(name, Severity::Info)
    }

    fn from(name: &str, least: Severity) -> Self {
        let settings = ChannelSettings { name: name.to_owned(), least, timeout: LONG };
        Self { settings, got: Arc::default(), fails: Arc::default(), hangs: false }
    }
}

impl Channel for Played {
    fn settings(&self) -> &ChannelSettings {
        &self.settings
    }

    fn send<'a>(&'a self, notice: &'a Notice) -> Sending<'a> {
        Box::pin(async move {
            if self.hangs {
                std::future::pending::<()>().await;
            }
            self.got.lock().unwrap().push(notice.id.clone());
            if self.fails.load(Ordering::Relaxed) { Err(Failure::passing("not now")) } else { Ok(()) }
        })
    }
}

fn metrics() -> Arc<WatchMetrics> {
    Arc::new(WatchMetrics::new(clock::now()))
}

async fn once(state: &Arc<State>, channels: Vec<Box<dyn Channel>>) -> Tally {
    let (_going, stopped) = watch::channel(false);
    deliver_once(Arc::clone(state), channels, metrics(), stopped).await.unwrap()
}

/// All that waits is due now, and nobody is about to deliver it.
async fn time_goes_by(place: &Place) {
    let Place::File(path) = place else { panic!() };
    let mut connection =
        SqliteConnection::connect(&format!("sqlite://{}", path.to_str().unwrap())).await.unwrap();
    sqlx::query("UPDATE deliveries SET next_at = 0").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Stopwatch::start();
    while !is_so().await {
        assert!(begun.milliseconds() < 60_000, "{what} does not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn a_dead_channel_holds_up_no_other() {
    crate::world::runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (_, state) = state(&folder, &["dead", "alive"]).await;
        let state = Arc::new(state);
        let (dead, alive) = (Played { hangs: true, ..Played::new("dead") }, Played::new("alive"));
        let got = Arc::clone(&alive.got);
        let mut ids = vec![add(&state, "before").await];
        let (stop, stopped) = watch::channel(false);
        let counts = metrics();
        let channels: Vec<Box<dyn Channel>> = vec![Box::new(dead), Box::new(alive)];
        let serving = tokio::spawn(deliver(Arc::clone(&state), channels, Arc::clone(&counts), stopped));
        ids.push(add(&state, "meanwhile").await);
        until("the second alert", async || got.lock().unwrap().len() == 2).await;
        assert_eq!(*got.lock().unwrap(), ids);
        until("the second note", async || state.waiting().await.unwrap().len() == 1).await;
        let waiting = state.waiting().await.unwrap().remove(0);
        assert_eq!((waiting.channel.as_str(), waiting.alerts), ("dead", 2));
        assert_eq!(counts.channel("alive").delivered(), 2);
        stop.send(true).unwrap();
        tokio::time::timeout(LONG, serving).await.expect("it stops though a channel hangs").unwrap();
    });
}

#[test]
fn what_failed_comes_again_with_its_id_and_what_was_taken_does_not() {
    crate::world::runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (place, state) = state(&folder, &["first", "second"]).await;
        let state = Arc::new(state);
        let ids = [add(&state, "one").await, add(&state, "two").await];
        let (first, second) = (Played::new("first"), Played::new("second"));
        let (got, retried) = (Arc::clone(&first.got), Arc::clone(&second.got));
        second.fails.store(true, Ordering::Relaxed);
        let tally = once(&state, vec![Box::new(first), Box::new(second)]).await;
        assert_eq!(tally, Tally { delivered: 2, failed: 2, is_cut: false });
        assert_eq!(*got.lock().unwrap(), ids, "in the order in which they were made");
        let waiting = state.waiting().await.unwrap();
        assert_eq!(waiting.len(), 1);
        assert_eq!((waiting[0].failed, waiting[0].error.as_deref()), (2, Some("not now")));
        // Their pause is not over.
        let played = || Box::new(Played { got: Arc::clone(&retried), ..Played::new("second") });
        assert_eq!(once(&state, vec![played()]).await, Tally::default());
        time_goes_by(&place).await;
        assert_eq!(once(&state, vec![played()]).await.delivered, 2);
        let mut all = retried.lock().unwrap().clone();
        all.sort();
        let mut twice = [ids.clone(), ids].concat();
        twice.sort();
        assert_eq!(all, twice);
        time_goes_by(&place).await;
        assert_eq!(once(&state, vec![played()]).await, Tally::default());
        assert!(state.waiting().await.unwrap().is_empty());
    });
}

#[test]
fn a_channel_that_is_down_is_not_tried_with_everything() {
    crate::world::runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (_, state) = state(&folder, &["down"]).await;
        let state = Arc::new(state);
        for number in 0..10 {
            add(&state, &number.to_string()).await;
        }
        let down = Played::new("down");
        down.fails.store(true, Ordering::Relaxed);
        let got = Arc::clone(&down.got);
        assert_eq!(
            once(&state, vec![Box::new(down)]).await,
            Tally { delivered: 0, failed: 3, is_cut: false }
        );
        assert_eq!(got.lock().unwrap().len(), 3);
        assert_eq!(state.waiting().await.unwrap()[0].alerts, 10, "they all wait");
    });
}

#[test]
fn what_is_below_a_channels_severity_is_passed_over() {
    crate::world::runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (_, state) = state(&folder, &["high", "critical"]).await;
        let state = Arc::new(state);
        add(&state, "a high one").await;
        let unknown = pinstead::watch::state::NewAlert {
            kind: "k".to_owned(),
            subject: "without severity".to_owned(),
            payload: "{}".to_owned(),
        };
        state.add_alert(&unknown).await.unwrap();
        let high = Played::from("high", Severity::High);
        let critical = Played::from("critical", Severity::Critical);
        let tally = once(&state, vec![Box::new(high), Box::new(critical)]).await;
        assert_eq!(tally.delivered, 3, "what has no severity goes everywhere");
        assert!(state.waiting().await.unwrap().is_empty());
    });
}

#[test]
fn a_receiver_that_asks_for_rest_gets_it() {
    crate::world::runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (_, state) = state(&folder, &["siem"]).await;
        let state = Arc::new(state);
        for title in ["one", "two"] {
            add(&state, title).await;
        }
        let receiver = Receiver::start(vec![status("429 Too Many Requests", "Retry-After: 600\r\n")]);
        let tally = once(&state, vec![Box::new(webhook(&receiver.url("/"), LONG))]).await;
        assert_eq!(tally, Tally { delivered: 0, failed: 1, is_cut: false }, "the other is not even tried");
        let waiting = state.waiting().await.unwrap().remove(0);
        assert_eq!((waiting.alerts, waiting.failed, waiting.error.as_deref()), (2, 1, Some("HTTP 429")));
    });
}

/// The life of a process that delivers what is due, and is killed before it can write so down.
#[test]
fn a_child_delivers_until_it_is_killed() {
    // Without that, this is the test that runs among the others, which has nothing to do.
    let (Some(place), Some(url)) = (std::env::var_os(STATE), std::env::var_os(RECEIVER)) else { return };
    crate::world::runtime().block_on(async {
        let state = State::open(&Place::File(place.into()), &StateOptions::default()).await.unwrap();
        println!("opened");
        let _ = once(&Arc::new(state), vec![Box::new(webhook(url.to_str().unwrap(), LONG))]).await;
        println!("delivered");
    });
}

#[test]
fn who_is_killed_after_a_delivery_makes_it_again_with_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = crate::world::runtime();
    let (place, state) = runtime.block_on(state(&folder, &["siem"]));
    let id = runtime.block_on(add(&state, "an alert"));
    let receiver = Receiver::start(vec![Answer::Hangs, status("204 No Content", "")]);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["outbox::a_child_delivers_until_it_is_killed", "--exact", "--nocapture"])
        .env(STATE, folder.path().join("state.db"))
        .env(RECEIVER, receiver.url("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let first = receiver.next();
    child.kill().unwrap();
    let lines: Vec<String> =
        BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).collect();
    child.wait().unwrap();
    assert!(lines.iter().any(|line| line.contains("opened")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("delivered")), "{lines:?}");
    runtime.block_on(async {
        let state = Arc::new(state);
        let again = || vec![Box::new(webhook(&receiver.url("/"), LONG)) as Box<dyn Channel>];
        assert_eq!(once(&state, again()).await, Tally::default(), "for a while, it is the dead one's");
        time_goes_by(&place).await;
        assert_eq!(once(&state, again()).await.delivered, 1);
        assert!(state.waiting().await.unwrap().is_empty());
    });
    let second = receiver.next();
    for request in [&first, &second] {
        assert_eq!(request.field("pinstead-alert-id"), Some(id.as_str()));
    }
    assert_eq!(first.body, second.body);
}
