//! Following a log: its tree heads verified, its entries read in ranges, what is found kept and told, and all of it
//! proven against the root that the log signed.
//!
//! One [`follow`] runs for each log, in as many processes as share the state. Whoever holds a log's head takes its tree
//! heads and proves; everybody reads ranges. Whatever goes wrong is tried again after a pause: a log that is silent, a
//! database that is gone, a disk that is full. Every step is one transaction of the state, so that a process may be
//! killed at any moment: what was committed stays, and what was not is read again.

mod again;
mod age;
mod anew;
mod bounded;
mod certificate;
mod dark;
mod fault;
mod flood;
mod heads;
mod issuers;
mod judging;
mod kept;
mod label;
mod names;
mod pauses;
mod ranges;
mod saying;
mod start;
mod trouble;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch::Receiver;

pub use self::age::staleness;
pub use self::anew::{Anew, Rejudging};
pub use self::certificate::{CERTIFICATE_ALERT, Prepared, SELF_TEST_ALERT, Summary, prepare};
pub use self::fault::FAULT_ALERT;
use self::flood::Flood;
use self::issuers::Issuers;
pub use self::judging::{Judging, Standing};
pub use self::label::{LogLabel, kind_name};
pub use self::start::{Beginning, Start};
use self::trouble::{Failing, Trouble};
use super::reader::LogReader;
use super::reader::ahead::Room;
use super::state::{HeadLease, LogKind, LogNumber, RangeLease, State, StateError};
use crate::ct::log_fault::{FaultKind, LogFault};
use crate::evidence::Bytes;
use crate::issuance::names::WatchedNames;
use crate::observe::clock::{self, Stopwatch};
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
    /// From where on a log that the state knows is read again where it was not searched for all names; where nothing is
    /// said, what was not searched is only told.
    pub start_again: Option<Start>,
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
    /// How many entries are read before they are proven, at most: one wrong answer costs no more.
    pub most_unproven: u64,
    /// What time it is.
    pub clock: fn() -> Timestamp,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            start: Start::End,
            start_again: None,
            once: false,
            interval: Duration::from_mins(1),
            lease: Duration::from_secs(90),
            ahead: 4,
            most_uncommitted: 8192,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(5),
            patience: Duration::from_hours(1),
            most_failures: 4,
            most_unproven: 4 << 20,
            clock: clock::now,
        }
    }
}

/// A log to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Its maximum merge delay: within this time it has to sign a new tree head.
    pub merge_delay: SignedDuration,
    /// Whether it takes no certificates any more, so that its last tree head may be of any age.
    pub is_closed: bool,
}

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
        /// How it was begun, where that was by age and now.
        beginning: Option<Beginning>,
    },
    /// A tree head was verified.
    Head(&'a Head),
    /// So many entries were read and committed.
    Read(u64),
    /// A certificate was found that was not known.
    Found(&'a Summary),
    /// All entries before this one are proven.
    Proven(u64),
    /// Proven entries were not searched for all of our names; which, for people.
    Unsearched(&'a str),
    /// How many of them are not, by now.
    UnsearchedCount(u64),
    /// Something failed, and is tried again.
    Trouble {
        /// Of which kind: a word.
        kind: &'static str,
        /// What.
        what: &'a str,
        /// After which pause.
        pause: Duration,
    },
    /// A fault began.
    Fault(&'a LogFault),
    /// A fault was seen once more.
    FaultAgain(&'a LogFault),
    /// The state knows of a fault that is not over; it need not have been seen now.
    FaultKnown(&'a LogFault),
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
    /// What was read of it could not be kept: that is the state's trouble, and not the log's.
    NotKept(String),
}

/// Follows a log until it is told to stop, or once.
pub async fn follow<R: LogReader>(following: &Following, log: &LogToFollow, reader: Arc<R>) -> Outcome {
    follow_until(following, log, reader, following.stop.clone()).await
}

/// The same until `ended` becomes true, too, which is for this log alone: between two commits, and what it holds of the
/// log is given back, so that whoever follows it next need not wait.
pub async fn follow_until<R: LogReader>(
    following: &Following,
    log: &LogToFollow,
    reader: Arc<R>,
    mut ended: Receiver<bool>,
) -> Outcome {
    let mut stop = following.stop.clone();
    let mut follower = Follower::new(following, log, reader);
    let outcome = tokio::select! {
        outcome = Box::pin(follower.run()) => outcome,
        () = stopped(&mut stop) => Outcome::Stopped,
        () = stopped(&mut ended) => Outcome::Stopped,
        never = saying::that_it_is_followed(following, log) => match never {},
    };
    follower.give_back().await;
    saying::how_it_ended(following, log, &outcome).await;
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
    /// What is wrong with the age of the newest tree head, if it is too old.
    stale: Option<String>,
    /// The tree head that is to be proven, with `once`, and the one with which it was compared.
    target: Option<Head>,
    compared: Option<Head>,
    /// The kinds of faults that are not over, by name.
    open: BTreeSet<String>,
    /// How asking for tree heads fails.
    polling: Failing,
    /// Why no tree head is asked for any more, with `once`.
    no_head: Option<String>,
    /// How everything else fails.
    reading: Failing,
    /// The entry at which an answer was not in the form that it must have.
    broken_at: Option<u64>,
    /// When the entries were counted last that were not searched for our names.
    unsearched_counted: Option<Stopwatch>,
    /// How often in a row the entries did not have the signed root.
    wrong_roots: u32,
    /// Up to where it was looked at which entries were not searched for our names.
    searched_to: Option<u64>,
    /// When open verdicts were looked at again last, and up to which.
    judged_again: Option<Stopwatch>,
    judged_upto: Option<[u8; 32]>,
    /// When entries that could not be read were asked for last.
    asked_for_dark: dark::Asked,
    /// How many entries of this hour cannot be read.
    flood: Flood,
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
    /// All is done that can be.
    GivenUp(String),
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
            stale: None,
            target: None,
            compared: None,
            open: BTreeSet::new(),
            polling: Failing::default(),
            no_head: None,
            reading: Failing::default(),
            broken_at: None,
            unsearched_counted: None,
            wrong_roots: 0,
            searched_to: None,
            judged_again: None,
            judged_upto: None,
            asked_for_dark: None,
            flood: Flood::default(),
        }
    }

    fn settings(&self) -> &'a Settings {
        &self.following.settings
    }

    fn state(&self) -> &'a State {
        &self.following.state
    }

    fn now(&self) -> Timestamp {
        (self.following.settings.clock)()
    }

    fn tell(&self, event: &Event<'_>) {
        self.following.observer.happened(&self.label, event);
    }

    async fn run(&mut self) -> Outcome {
        loop {
            match self.round().await {
                Ok(Round::Worked) => self.reading = Failing::default(),
                Ok(Round::Idle(time)) => {
                    self.reading = Failing::default();
                    tokio::time::sleep(time).await;
                }
                Ok(Round::GivenUp(why)) => return Outcome::Failed(why),
                Ok(Round::Done { size }) => return Outcome::Proven { size },
                Err(trouble) => {
                    if let Some(outcome) = self.failed(&trouble).await {
                        return outcome;
                    }
                }
            }
        }
    }

    /// Looks what can be done, and does it.
    async fn round(&mut self) -> Result<Round, Trouble> {
        let Some(number) = self.number else {
            self.begin().await?;
            return Ok(Round::Worked);
        };
        if self.head.is_none() {
            let lease = self.state().lease_head(number, self.settings().lease).await?;
            self.head = lease.map(|lease| lease.with_goals_within(self.settings().most_unproven));
        }
        // Leases are renewed beside the work. One that is lost all the same shows when something is to be written.
        let (state, every) = (self.state(), self.settings().lease / 3);
        if self.is_poll_due() {
            let keeper = keep(state, self.head.clone(), None, every);
            let polled = tokio::select! {
                done = self.poll(number) => done,
                never = keeper => match never {},
            };
            match polled {
                Ok(()) => self.polled_well().await?,
                Err(trouble @ Trouble::State(_)) => return Err(trouble),
                // What it signed before can be read and proven all the same.
                Err(trouble) => self.polled_in_vain(&trouble).await,
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

    /// Gives the leases back. Where the state cannot be reached, they end by themselves.
    async fn give_back(&mut self) {
        if let Some(range) = self.range.take() {
            let _ = self.state().release_range(range).await;
        }
        if let Some(head) = self.head.take() {
            let _ = self.state().release_head(head).await;
        }
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
