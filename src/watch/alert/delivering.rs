//! Serving the channels from the outbox.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::channel::{Channel, Failure};
use super::notice::Notice;
use super::stderr;
use crate::observe::clock::Stopwatch;
use crate::watch::metrics::WatchMetrics;
use crate::watch::state::{Due, State, StateError};

/// How often the outbox is looked at.
const INTERVAL: Duration = Duration::from_secs(2);
/// The longest pause after failures one after another, of the channel or of the state.
const LONGEST_REST: Duration = Duration::from_mins(1);
/// How long a delivery has to end once all are told to stop.
const LAST_MOMENTS: Duration = Duration::from_secs(5);
/// What is left after the longest delivery to write down that it was made.
const TO_WRITE: Duration = Duration::from_mins(1);
/// How often the state hears which channels are served.
const NAMED_AGAIN: Duration = Duration::from_hours(1);
/// After this many failures one after another, a channel gets nothing more in this run.
const MOST_FAILURES: u32 = 3;

/// What a run delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Deliveries that were taken, those that were below the channel's severity not among them.
    pub delivered: u64,
    /// Alerts that a channel did not take, and has not taken since; they stay in the outbox.
    pub failed: u64,
    /// Whether it was told to stop before all was tried.
    pub is_cut: bool,
}

/// Delivers alerts as they come, until `stop` is true or its sender is gone.
pub async fn deliver(
    state: Arc<State>,
    channels: Vec<Box<dyn Channel>>,
    metrics: Arc<WatchMetrics>,
    stop: watch::Receiver<bool>,
) {
    let mut loops = JoinSet::new();
    for channel in channels {
        // So that its health is asked for before there is anything to deliver.
        metrics.channel(channel.name());
        let server = Server { state: Arc::clone(&state), channel, metrics: Arc::clone(&metrics) };
        loops.spawn(server.until(stop.clone()));
    }
    if !loops.is_empty() {
        loops.spawn(name_again(state, stop));
    }
    while loops.join_next().await.is_some() {}
}

/// Says every hour that the channels are served, so that others make alerts for them, too.
async fn name_again(state: Arc<State>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(NAMED_AGAIN) => {}
            () = over(&mut stop, Duration::ZERO) => return,
        }
        // What fails now is done in an hour.
        let _ = state.name_channels().await;
    }
}

/// Delivers what is due now, once, or until `stop` is true. An error of the state ends it; what was not delivered stays
/// in the outbox.
pub async fn deliver_once(
    state: Arc<State>,
    channels: Vec<Box<dyn Channel>>,
    metrics: Arc<WatchMetrics>,
    stop: watch::Receiver<bool>,
) -> Result<Tally, StateError> {
    deliver_until(state, channels, metrics, watch::channel(true).1, stop).await
}

/// Delivers alerts as they come until `all_made` is true, and then what is due, once: nobody waits for an alert until the
/// slowest log is read. Ends where `stop` is true. An error of the state then ends it; what was not delivered stays in the
/// outbox.
pub async fn deliver_until(
    state: Arc<State>,
    channels: Vec<Box<dyn Channel>>,
    metrics: Arc<WatchMetrics>,
    all_made: watch::Receiver<bool>,
    stop: watch::Receiver<bool>,
) -> Result<Tally, StateError> {
    let mut loops = JoinSet::new();
    for channel in channels {
        let server = Server { state: Arc::clone(&state), channel, metrics: Arc::clone(&metrics) };
        loops.spawn(server.once(all_made.clone(), stop.clone()));
    }
    let mut all = Tally::default();
    let mut error = None;
    while let Some(done) = loops.join_next().await {
        match done {
            Ok((tally, result)) => {
                all.delivered = all.delivered.saturating_add(tally.delivered);
                all.failed = all.failed.saturating_add(tally.failed);
                all.is_cut |= tally.is_cut;
                error = error.or(result.err());
            }
            // A channel that panicked delivered nothing more; its alerts are in the outbox.
            Err(_) => all.failed = all.failed.saturating_add(1),
        }
    }
    error.map_or(Ok(all), Err)
}

/// Whether a channel takes alerts, as far as that was said.
#[derive(Debug, Default)]
struct Standing {
    is_failing: bool,
}

impl Standing {
    /// What is to be said of the channel of this name after a delivery, where something changed: once, and not each time.
    /// `failure` has nothing secret: it is kept and shown elsewhere, too.
    fn after(&mut self, name: &str, failure: Option<&str>) -> Option<String> {
        let (was_failing, is_failing) = (self.is_failing, failure.is_some());
        self.is_failing = is_failing;
        match failure {
            Some(why) if !was_failing => Some(format!(
                "warning: “{name}” does not take alerts: {why}; they wait in the state, and are sent again and again"
            )),
            None if was_failing => Some(format!("“{name}” takes alerts again")),
            _ => None,
        }
    }
}

/// Who serves one channel.
struct Server {
    state: Arc<State>,
    channel: Box<dyn Channel>,
    metrics: Arc<WatchMetrics>,
}

/// How one look at the outbox ended.
enum Turn {
    Nothing,
    PassedOver,
    /// The alert of this id.
    Delivered(String),
    /// The alert of this id was not taken.
    Failed(String, Failure),
}

/// What a run delivered to one channel.
#[derive(Default)]
struct Account {
    delivered: u64,
    /// The ids of the alerts that were not taken, and not delivered since.
    failed: HashSet<String>,
}

impl Account {
    fn add(&mut self, turn: &Turn) {
        match turn {
            Turn::Delivered(id) => {
                self.delivered = self.delivered.saturating_add(1);
                self.failed.remove(id);
            }
            Turn::Failed(id, _) => {
                self.failed.insert(id.clone());
            }
            Turn::Nothing | Turn::PassedOver => {}
        }
    }

    fn tally(&self, is_cut: bool) -> Tally {
        let failed = u64::try_from(self.failed.len()).unwrap_or(u64::MAX);
        Tally { delivered: self.delivered, failed, is_cut }
    }
}

impl Server {
    async fn until(self, mut stop: watch::Receiver<bool>) {
        let mut failures = 0_u32;
        let mut standing = Standing::default();
        while !*stop.borrow() {
            let rest = tokio::select! {
                biased;
                rest = self.step(&mut failures, (None, Some(&mut standing))) => rest,
                () = over(&mut stop, LAST_MOMENTS) => return,
            };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = over(&mut stop, Duration::ZERO) => return,
            }
        }
    }

    /// Delivers what is due next, and says how long to wait then. Where a standing is kept, standard error is told of what
    /// changed in it.
    async fn step(
        &self,
        failures: &mut u32,
        (account, standing): (Option<&mut Account>, Option<&mut Standing>),
    ) -> Duration {
        let turn = self.turn().await;
        let done = match &turn {
            Ok(Turn::Delivered(_)) => Some(None),
            Ok(Turn::Failed(_, failure)) => Some(Some(failure.to_string())),
            _ => None,
        };
        if let (Some(done), Some(standing)) = (done, standing)
            && let Some(said) = standing.after(self.channel.name(), done.as_deref())
        {
            stderr::say(&said);
        }
        if let (Some(account), Ok(turn)) = (account, &turn) {
            account.add(turn);
        }
        match turn {
            Ok(Turn::Nothing) => INTERVAL,
            Ok(Turn::PassedOver) => Duration::ZERO,
            Ok(Turn::Delivered(_)) => {
                *failures = 0;
                Duration::ZERO
            }
            Ok(Turn::Failed(_, failure)) => {
                *failures = failures.saturating_add(1);
                failure.rest().unwrap_or_default().max(growing(*failures)).min(LONGEST_ASKED)
            }
            Err(_) => {
                *failures = failures.saturating_add(1);
                INTERVAL.max(growing(*failures))
            }
        }
    }

    /// Delivers until all alerts are made, and then what is due.
    async fn once(
        self,
        mut all_made: watch::Receiver<bool>,
        mut stop: watch::Receiver<bool>,
    ) -> (Tally, Result<(), StateError>) {
        let mut account = Account::default();
        let mut failures = 0_u32;
        // Where the sender is gone, nobody makes any more.
        while !*all_made.borrow() && all_made.has_changed().is_ok() && !*stop.borrow() {
            let rest = tokio::select! {
                biased;
                rest = self.step(&mut failures, (Some(&mut account), None)) => rest,
                () = over(&mut stop, LAST_MOMENTS) => return (account.tally(true), Ok(())),
            };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = over(&mut all_made, Duration::ZERO) => {}
                () = over(&mut stop, Duration::ZERO) => {}
            }
        }
        failures = 0;
        loop {
            if *stop.borrow() {
                return (account.tally(true), Ok(()));
            }
            let turn = tokio::select! {
                biased;
                turn = self.turn() => turn,
                () = over(&mut stop, LAST_MOMENTS) => return (account.tally(true), Ok(())),
            };
            match turn {
                Ok(turn) => {
                    account.add(&turn);
                    match turn {
                        Turn::Nothing => return (account.tally(false), Ok(())),
                        Turn::PassedOver => {}
                        Turn::Delivered(_) => failures = 0,
                        Turn::Failed(_, failure) => {
                            failures = failures.saturating_add(1);
                            if failures >= MOST_FAILURES || failure.rest().is_some() {
                                return (account.tally(false), Ok(()));
                            }
                        }
                    }
                }
                Err(error) => return (account.tally(false), Err(error)),
            }
        }
    }

    /// Takes one delivery from the outbox, and makes it.
    async fn turn(&self) -> Result<Turn, StateError> {
        let begun = Stopwatch::start();
        let held = self.channel.timeout().saturating_add(TO_WRITE);
        let Some(due) = self.state.due(self.channel.name(), 1, held).await?.pop() else {
            return Ok(Turn::Nothing);
        };
        let notice = Notice::new(&due.alert);
        if notice.severity.is_some_and(|severity| severity < self.channel.min_severity()) {
            self.state.delivered(&due).await?;
            return Ok(Turn::PassedOver);
        }
        let done = self.channel.send(&notice).await;
        self.metrics.channel(self.channel.name()).attempted(done.is_ok());
        match done {
            Ok(()) => {
                self.write_down(&due, begun, held).await?;
                Ok(Turn::Delivered(due.alert.id))
            }
            Err(failure) => {
                self.state.failed(&due, &failure.to_string(), failure.pause()).await?;
                Ok(Turn::Failed(due.alert.id, failure))
            }
        }
    }

    /// Writes down that it was delivered, as long as nobody else may deliver it.
    async fn write_down(&self, due: &Due, begun: Stopwatch, held: Duration) -> Result<(), StateError> {
        let mut tries = 0_u32;
        loop {
            let Err(error) = self.state.delivered(due).await else { return Ok(()) };
            tries = tries.saturating_add(1);
            let pause = growing(tries);
            let passed = Duration::from_millis(begun.milliseconds());
            if passed.saturating_add(pause) >= held {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// The longest that a channel is left alone because its receiver asked for it; the alert itself may wait for longer.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// Waits until all are told to stop, and this long besides.
async fn over(stop: &mut watch::Receiver<bool>, besides: Duration) {
    // Where the sender is gone, nobody is left who could want more.
    let _ = stop.wait_for(|stop| *stop).await;
    tokio::time::sleep(besides).await;
}

/// One second, doubled with each failure after another.
fn growing(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    Duration::from_secs(1).saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_a_channel_fails_is_said_once_and_so_is_that_it_does_not() {
        let mut standing = Standing::default();
        let mut said = |failure| standing.after("pager", failure);
        assert_eq!(said(None), None);
        let first = said(Some("it said 500")).unwrap();
        assert!(first.starts_with("warning: “pager” does not take alerts: it said 500;"), "{first}");
        assert_eq!((said(Some("it said 500")), said(Some("no connection"))), (None, None));
        assert_eq!(said(None).as_deref(), Some("“pager” takes alerts again"));
        assert_eq!(said(None), None);
        assert!(said(Some("it said 500")).is_some(), "the next time is another one");
    }

    #[test]
    fn rests_grow_up_to_a_minute() {
        let seconds: Vec<u64> = [1, 2, 3, 6, 7, u32::MAX].map(|count| growing(count).as_secs()).to_vec();
        assert_eq!(seconds, [1, 2, 4, 32, 60, 60]);
    }
}
