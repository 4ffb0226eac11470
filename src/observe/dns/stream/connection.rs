//! One connection with the questions that wait on it. They are sent one after the other without waiting, and answered
//! in any order (RFC 7766 section 6.2.1).

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::dial::Dial;
use super::framing::{self, Frames};
use crate::observe::dns::message::{Query, Wording};
use crate::observe::dns::outstanding::{Offered, Outstanding, Patience, Unanswered};
use crate::observe::dns::question::Question;
use crate::observe::dns::random::NoRandomness;
use crate::observe::dns::received::{Arrival, Asker};

/// How many questions may wait on one connection.
const MOST_WAITING: usize = 1000;

/// After how many messages that answer nothing the connection is given up.
const MOST_STRAYS: u64 = 256;

/// How often the time is looked at.
const TICK: Duration = Duration::from_millis(25);

/// How many ticks a connection without questions stays open: five seconds (RFC 7766 section 6.2.3).
const IDLE_TICKS: u32 = 200;

/// How much may wait to be written where the way is blocked, in octets. More is in nobody's patience.
const MOST_UNWRITTEN: usize = 256 << 10;

/// How much is read at a time.
const PIECE: usize = 16 << 10;

/// A connection and what waits on it.
#[derive(Debug)]
pub(super) struct Connection {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct State {
    outstanding: Outstanding<Waiter>,
    outbox: Vec<u8>,
    connected: bool,
    answered: bool,
    /// How often something was read.
    reads: u64,
    idle_ticks: u32,
    ended: bool,
}

/// Whoever waits for an answer.
#[derive(Debug)]
struct Waiter {
    asker: Asker,
    /// How often something had been read when the question was asked; `None`: there was no connection yet.
    reads_before: Option<u64>,
}

/// A question that a connection took.
pub(super) struct Asked {
    /// Where its answer comes.
    pub(super) answer: oneshot::Receiver<Arrival>,
    /// Whether answers came on this connection before: a server may close such a one at any time.
    pub(super) reused: bool,
}

impl Connection {
    /// A connection that is not made yet; questions can be asked at once.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), wake: Notify::new() })
    }

    /// Begins to connect.
    pub(super) fn start(self: &Arc<Self>, dial: &Arc<Dial>) {
        tokio::spawn(run(Arc::clone(self), Arc::clone(dial)));
    }

    /// Asks a question; `None` where there is no room for it, or the connection has ended.
    pub(super) fn ask(
        &self,
        question: &Question,
        wording: Wording,
        patience: Duration,
    ) -> Result<Option<Asked>, NoRandomness> {
        let mut state = self.state();
        let State { outstanding, outbox, ended, connected, reads, .. } = &mut *state;
        if *ended || outstanding.len() >= MOST_WAITING || outbox.len() >= MOST_UNWRITTEN {
            return Ok(None);
        }
        let (asker, answer) = oneshot::channel();
        let waiter = Waiter { asker, reads_before: connected.then_some(*reads) };
        let query = Query::new(question, wording, outstanding.random())?;
        let patience = Patience { whole: patience, lossy: false };
        // A question of one name is always short enough.
        framing::write(outstanding.add(query, waiter, patience, Instant::now())?, outbox);
        state.idle_ticks = 0;
        let reused = state.answered;
        drop(state);
        self.wake.notify_one();
        Ok(Some(Asked { answer, reused }))
    }

    /// Whether it takes no more questions.
    pub(super) fn has_ended(&self) -> bool {
        self.state().ended
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn work(&self, dial: &Dial) -> io::Result<()> {
        let (reader, writer) = tokio::io::split(dial.connect().await?);
        self.state().connected = true;
        // Whichever ends first ends the connection.
        tokio::select! {
            ended = self.read(reader) => ended,
            ended = self.write(writer) => ended,
        }
    }

    async fn read(&self, mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
        let mut frames = Frames::default();
        let mut piece = vec![0; PIECE];
        loop {
            let length = stream.read(&mut piece).await?;
            if length == 0 {
                return Err(io::Error::other("the server closed the connection"));
            }
            frames.push(piece.get(..length).unwrap_or_default());
            let mut state = self.state();
            state.reads = state.reads.saturating_add(1);
            while let Some(message) = frames.next_message() {
                let offered = state.outstanding.offer(message, Instant::now());
                if let Offered::Answer { asker: waiter, reply, sends } = offered {
                    state.answered = true;
                    // Whoever asked may have gone.
                    let _ = waiter.asker.send(Arrival::Message { octets: message.to_vec(), reply, sends });
                }
            }
            if state.outstanding.strays() >= MOST_STRAYS {
                return Err(io::Error::other("the server sends answers to other questions"));
            }
        }
    }

    async fn write(&self, mut stream: impl AsyncWrite + Unpin) -> io::Result<()> {
        loop {
            let outbox = std::mem::take(&mut self.state().outbox);
            if outbox.is_empty() {
                self.wake.notified().await;
                // Whoever else can run now may add to what is written.
                yield_now().await;
            } else {
                stream.write_all(&outbox).await?;
                stream.flush().await?;
            }
        }
    }

    /// Looks at the time until nothing is left to do.
    async fn watch(&self) -> io::Result<()> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let mut state = self.state();
            let State { outstanding, reads, connected, .. } = &mut *state;
            let mut is_dead = false;
            let give_up = |waiter: Waiter, why| {
                is_dead |= why == Unanswered::Silence && waiter.reads_before == Some(*reads);
                let _ = waiter.asker.send(if *connected {
                    Arrival::Unanswered(why)
                } else {
                    // Patience may be shorter than connecting takes.
                    Arrival::broken(&io::Error::other("no connection in the time there was"))
                });
            };
            outstanding.tick(Instant::now(), give_up, |_| {});
            if is_dead {
                // What is on the way may have forgotten the connection without a word. The next question makes another.
                state.ended = true;
                if state.answered {
                    return Err(io::Error::other("the connection fell silent"));
                }
            }
            state.idle_ticks =
                if state.outstanding.len() > 0 { 0 } else { state.idle_ticks.saturating_add(1) };
            if state.idle_ticks >= IDLE_TICKS || (state.ended && state.idle_ticks > 0) {
                state.ended = true;
                return Ok(());
            }
        }
    }

    fn end(&self, error: Option<&io::Error>) {
        let mut state = self.state();
        state.ended = true;
        let strays = state.outstanding.strays() >= MOST_STRAYS;
        state.outstanding.drain(|waiter, why| {
            let _ = waiter.asker.send(match error {
                Some(error) if !strays => Arrival::broken(error),
                _ => Arrival::Unanswered(why),
            });
        });
    }
}

/// Connects, and works until the connection ends.
async fn run(connection: Arc<Connection>, dial: Arc<Dial>) {
    // However this ends, with the runtime too, nobody is left waiting.
    let connection = Ending(connection);
    let ended = tokio::select! {
        ended = connection.0.work(&dial) => ended,
        ended = connection.0.watch() => ended,
    };
    connection.0.end(ended.as_ref().err());
}

/// Ends a connection when its task does.
struct Ending(Arc<Connection>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(None);
    }
}
