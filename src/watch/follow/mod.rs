//! Following a log: its tree heads verified, its entries read in ranges, what is found kept and told, and all of it
//! proven against the root that the log signed.
//!
//! One [`follow`] runs for each log, in as many processes as share the state. Whoever holds a log's head takes its tree
//! heads and proves; everybody reads ranges. Whatever goes wrong is tried again after a pause: a log that is silent, a
//! database that is gone, a disk that is full. Every step is one transaction of the state, so that a process may be
//! killed at any moment: what was committed stays, and what was not is read again.

mod certificate;
mod fault;
mod heads;
mod issuers;
mod ranges;
mod start;
mod trouble;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Receiver;

pub use self::certificate::{
    CERTIFICATE_ALERT, Judging, LogLabel, Prepared, SELF_TEST_ALERT, Summary, kind_name, prepare,
};
pub use self::fault::FAULT_ALERT;
use self::issuers::Issuers;
pub use self::start::Start;
use self::trouble::Trouble;
use super::reader::LogReader;
use super::reader::ahead::Room;
use super::state::{HeadLease, LogKind, LogNumber, RangeLease, State, StateError};
use crate::ct::log_fault::{FaultKind, LogFault};
use crate::evidence::Bytes;
use crate::issuance::names::WatchedNames;
use crate::observe::clock::Stopwatch;
use crate::watch::state::Head;

/// What all logs that a process follows have in common.
pub struct Following {
    /// Where everything is kept.
    pub state: Arc<State>,
    /// The names that are looked for.
    pub watched: Arc<WatchedNames>,
    /// What found certificates are judged by.
    pub judging: Arc<Judging>,
    /// How it is done.
    pub settings: Settings,
    /// Room in memory for the answers of all logs.
    pub room: Room,
    /// Becomes true when all is to end.
    pub stop: Receiver<bool>,
    /// Hears what happens.
    pub observer: Arc<dyn Observer>,
}

/// How logs are followed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where a log is begun that the state does not know.
    pub start: Start,
    /// Whether to end when everything up to the tree head of now is proven.
    pub once: bool,
    /// How often a log's tree head is asked for.
    pub interval: Duration,
    /// For how long a lease is taken; it is renewed long before.
    pub lease: Duration,
    /// How many answers of a log are asked for in advance.
    pub ahead: usize,
    /// How many entries are read before they are committed, at most.
    pub most_uncommitted: u64,
    /// The pause after the first failure; each further one doubles it.
    pub first_pause: Duration,
    /// The longest pause of our own.
    pub longest_pause: Duration,
    /// How long a log may fail before that is a fault of its own.
    pub patience: Duration,
    /// With `once`: after how many failures in a row a log is given up.
    pub most_failures: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            start: Start::End,
            once: false,
            interval: Duration::from_secs(60),
            lease: Duration::from_secs(90),
            ahead: 4,
            most_uncommitted: 8192,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(300),
            patience: Duration::from_secs(3600),
            most_failures: 4,
        }
    }
}

/// A log to follow.
#[derive(Clone, Debug)]
pub struct LogToFollow {
    /// Its id: SHA-256 of its key.
    pub log_id: [u8; 32],
    /// What it is called.
    pub name: String,
    /// Where it is read.
    pub url: String,
    /// How it is read.
    pub kind: LogKind,
    /// Its key, a DER SubjectPublicKeyInfo.
    pub key: Bytes,
}

/// With [`Settings::once`]: how often entries are read again that do not have the signed root.
const MOST_WRONG_ROOTS: u32 = 3;

/// Hears what happens with the logs; it must not wait for anything.
pub trait Observer: Send + Sync {
    /// Something happened with this log.
    fn happened(&self, log: &LogLabel, event: &Event<'_>);
}

/// What happens with a log.
#[derive(Debug)]
pub enum Event<'a> {
    /// It is followed from here on.
    Began {
        /// Its number in the state.
        number: LogNumber,
        /// The first entry that is not proven yet.
        proven: u64,
    },
    /// A tree head was verified.
    Head(&'a Head),
    /// So many entries were read and committed.
    Read(u64),
    /// A certificate was found that was not known.
    Found(&'a Summary),
    /// All entries before this one are proven.
    Proven(u64),
    /// Something failed, and is tried again.
    Trouble {
        /// What.
        what: &'a str,
        /// After which pause.
        pause: Duration,
    },
    /// A fault began.
    Fault(&'a LogFault),
    /// A fault is over.
    FaultOver(FaultKind),
}

/// How following a log ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything up to the tree head that it had when this began is proven.
    Proven {
        /// That tree's size.
        size: u64,
    },
    /// It was told to stop.
    Stopped,
    /// It could not be read or proven.
    Failed(String),
}

/// Follows a log until it is told to stop, or once.
pub async fn follow<R: LogReader>(following: &Following, log: &LogToFollow, reader: Arc<R>) -> Outcome {
    let mut stop = following.stop.clone();
    let mut follower = Follower::new(following, log, reader);
    let outcome = tokio::select! {
        outcome = follower.run() => outcome,
        () = stopped(&mut stop) => Outcome::Stopped,
    };
    follower.give_back().await;
    outcome
}

/// Waits until all is to end.
async fn stopped(stop: &mut Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Who could say so is gone: nobody will.
        std::future::pending::<()>().await;
    }
}

/// Follows one log.
struct Follower<'a, R> {
    following: &'a Following,
    log: &'a LogToFollow,
    label: LogLabel,
    reader: Arc<R>,
    number: Option<LogNumber>,
    head: Option<HeadLease>,
    range: Option<RangeLease>,
    issuers: Issuers,
    /// When the tree head was asked for last, and after which time it is again.
    polled: Option<(Stopwatch, Duration)>,
    /// Since when an older tree than before is shown.
    older_since: Option<Stopwatch>,
    /// The size that is to be proven, with `once`.
    target: Option<u64>,
    /// The kinds of faults that are not over, by name.
    open: BTreeSet<String>,
    failing_since: Option<Stopwatch>,
    failures: u32,
    /// How often in a row the entries did not have the signed root.
    wrong_roots: u32,
}

/// What a round came to.
enum Round {
    /// Something was done; there may be more.
    Worked,
    /// Nothing is to be done for this time.
    Idle(Duration),
    /// All of it is done.
    Done {
        /// The size that is proven.
        size: u64,
    },
}

impl<'a, R: LogReader> Follower<'a, R> {
    fn new(following: &'a Following, log: &'a LogToFollow, reader: Arc<R>) -> Self {
        Self {
            following,
            log,
            label: LogLabel::new(&log.name, &log.log_id, &log.url),
            reader,
            number: None,
            head: None,
            range: None,
            issuers: Issuers::default(),
            polled: None,
            older_since: None,
            target: None,
            open: BTreeSet::new(),
            failing_since: None,
            failures: 0,
            wrong_roots: 0,
        }
    }

    fn settings(&self) -> &'a Settings {
        &self.following.settings
    }

    fn state(&self) -> &'a State {
        &self.following.state
    }

    fn tell(&self, event: &Event<'_>) {
        self.following.observer.happened(&self.label, event);
    }

    async fn run(&mut self) -> Outcome {
        loop {
            match self.round().await {
                Ok(Round::Worked) => self.succeeded(),
                Ok(Round::Idle(time)) => {
                    self.succeeded();
                    tokio::time::sleep(time).await;
                }
                Ok(Round::Done { size }) => return Outcome::Proven { size },
                Err(trouble) => {
                    if let Some(outcome) = self.failed(&trouble).await {
                        return outcome;
                    }
                }
            }
        }
    }

    fn succeeded(&mut self) {
        self.failures = 0;
        self.failing_since = None;
    }

    /// Looks what can be done, and does it.
    async fn round(&mut self) -> Result<Round, Trouble> {
        let Some(number) = self.number else {
            self.begin().await?;
            return Ok(Round::Worked);
        };
        if self.head.is_none() {
            self.head = self.state().lease_head(number, self.settings().lease).await?;
        }
        // Leases are renewed beside the work. One that is lost all the same shows when something is to be written.
        let (state, every) = (self.state(), self.settings().lease / 3);
        if self.is_poll_due() {
            let keeper = keep(state, self.head.clone(), None, every);
            tokio::select! {
                done = self.poll(number) => done?,
                never = keeper => match never {},
            }
        }
        if self.range.is_none() {
            self.range = state.lease_range(number, self.settings().lease).await?;
        }
        if self.range.is_some() {
            let keeper = keep(state, self.head.clone(), self.range.clone(), every);
            tokio::select! {
                done = self.read(number) => done?,
                never = keeper => match never {},
            }
            return Ok(Round::Worked);
        }
        if self.head.is_some() && self.prove(number).await? {
            return Ok(Round::Worked);
        }
        self.rest(number).await
    }

    /// Nothing is to be read or proven by us now.
    async fn rest(&mut self, number: LogNumber) -> Result<Round, Trouble> {
        let log = self.state().log(number).await?;
        if log.goal.is_none() {
            // Its tree head could be read, and everything behind it was.
            self.is_over(FaultKind::Form).await?;
        }
        if let Some(target) = self.target
            && log.proven.size() >= target
        {
            return Ok(Round::Done { size: log.proven.size() });
        }
        let often = self.settings().interval.min(self.settings().lease / 8).max(Duration::from_millis(1));
        if self.head.is_none() || log.goal.is_some() {
            // Others read it, or hold its head.
            return Ok(Round::Idle(often));
        }
        if self.settings().once {
            // Who held the head before did not take the tree head that we saw.
            self.target = None;
            return Ok(Round::Idle(Duration::from_millis(1)));
        }
        Ok(Round::Idle(self.until_poll()))
    }

    /// What follows from a failure: a pause, or the end.
    async fn failed(&mut self, trouble: &Trouble) -> Option<Outcome> {
        self.give_back().await;
        if trouble.is_lost_lease() {
            // Somebody else works on it, or nobody could be reached for long; that is no failure.
            tokio::time::sleep(self.settings().first_pause).await;
            return None;
        }
        self.failures = self.failures.saturating_add(1);
        if matches!(trouble, Trouble::OtherRoot { .. }) {
            // Reading it all again succeeds, and so does not count for anything.
            self.wrong_roots = self.wrong_roots.saturating_add(1);
            self.failures = self.failures.max(self.wrong_roots);
        }
        self.note_fault(trouble).await;
        let what = trouble.to_string();
        let asked = trouble.asked_pause();
        let doublings = self.failures.saturating_sub(1).min(16);
        let own = self.settings().first_pause.saturating_mul(1 << doublings);
        let pause = own.min(self.settings().longest_pause).max(asked.unwrap_or_default());
        let pause = trouble::jittered(pause.min(trouble::LONGEST_ASKED));
        let is_given_up = self.settings().once
            && (self.failures >= self.settings().most_failures
                || self.wrong_roots >= MOST_WRONG_ROOTS
                || trouble.is_for_good()
                || asked.is_some_and(|asked| asked > self.settings().longest_pause));
        if is_given_up {
            return Some(Outcome::Failed(what));
        }
        self.tell(&Event::Trouble { what: &what, pause });
        tokio::time::sleep(pause).await;
        None
    }

    /// Gives the leases back. Where the state cannot be reached, they end by themselves.
    async fn give_back(&mut self) {
        if let Some(range) = self.range.take() {
            let _ = self.state().release_range(range).await;
        }
        if let Some(head) = self.head.take() {
            let _ = self.state().release_head(head).await;
        }
    }

    fn is_poll_due(&self) -> bool {
        if self.settings().once {
            return self.target.is_none();
        }
        // Only who holds the log's head can take what it shows.
        self.head.is_some()
            && self
                .polled
                .is_none_or(|(watch, interval)| u128::from(watch.milliseconds()) >= interval.as_millis())
    }

    fn until_poll(&self) -> Duration {
        let Some((watch, interval)) = self.polled else { return Duration::ZERO };
        interval.saturating_sub(Duration::from_millis(watch.milliseconds()))
    }
}

/// Renews leases for as long as it is asked for. One that is lost is left alone.
async fn keep(
    state: &State,
    mut head: Option<HeadLease>,
    mut range: Option<RangeLease>,
    every: Duration,
) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(every.max(Duration::from_millis(1))).await;
        if let Some(lease) = &head
            && matches!(state.renew_head(lease).await, Err(StateError::LeaseLost))
        {
            head = None;
        }
        if let Some(lease) = &range
            && matches!(state.renew_range(lease).await, Err(StateError::LeaseLost))
        {
            range = None;
        }
    }
}
