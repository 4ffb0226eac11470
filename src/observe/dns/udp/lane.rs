//! One UDP socket, connected to one server from a port of the system's choice, with the questions that wait on it.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::batch::{self, BATCH, Datagrams};
use crate::observe::dns::message::{Query, Wording};
use crate::observe::dns::outstanding::{Offered, Outstanding, Patience, Unanswered};
use crate::observe::dns::question::Question;
use crate::observe::dns::random::NoRandomness;
use crate::observe::dns::received::{self, Arrival, Asker};

/// How many questions may wait on one socket: the answers to all have to fit the system's buffer.
const MOST_WAITING: usize = 256;

/// After how many questions another port is taken.
const MOST_QUESTIONS: u32 = 16_384;

/// After how many messages that answer nothing the port is given up: somebody may be guessing.
const MOST_STRAYS: u64 = 256;

/// How often the time is looked at.
const TICK: Duration = Duration::from_millis(25);

/// How many ticks a socket without questions stays open: ten seconds.
const IDLE_TICKS: u32 = 400;

/// How many refusals in a row the sending of one datagram may meet: each tells of one that was sent before.
const MOST_REFUSALS: usize = 4;

/// How many batches are received before anything is sent.
const BATCHES_IN_A_ROW: usize = 8;

/// A socket and what waits on it.
#[derive(Debug)]
pub(super) struct Lane {
    socket: UdpSocket,
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct State {
    outstanding: Outstanding<Asker>,
    outbox: Datagrams,
    asked: u32,
    /// Whether the task knows that there is something to send.
    woken: bool,
    idle_ticks: u32,
    ended: bool,
    /// What the system said last of a refusal.
    refusal: Option<io::Error>,
}

/// What a lane does with a question.
pub(super) enum Taken {
    /// It will be sent, and this is where its answer comes.
    Asked(oneshot::Receiver<Arrival>),
    /// Too many wait already.
    Full,
    /// It takes no more questions.
    Retired,
}

impl Lane {
    /// Opens a socket, and runs it until nothing is left to do.
    pub(super) fn open(server: SocketAddr) -> io::Result<Arc<Self>> {
        let any: IpAddr =
            if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = std::net::UdpSocket::bind((any, 0))?;
        // A connected socket takes datagrams of this server only, and hears when its port is closed.
        socket.connect(server)?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        batch::widen(&socket);
        let lane = Arc::new(Self { socket, state: Mutex::default(), wake: Notify::new() });
        tokio::spawn(run(Arc::clone(&lane)));
        Ok(lane)
    }

    /// Asks a question, if there is room for it.
    pub(super) fn ask(
        &self,
        question: &Question,
        wording: Wording,
        patience: Patience,
    ) -> Result<Taken, NoRandomness> {
        let mut state = self.state();
        let State { outstanding, outbox, asked, ended, .. } = &mut *state;
        if *ended || *asked >= MOST_QUESTIONS {
            return Ok(Taken::Retired);
        }
        if outstanding.len() >= MOST_WAITING {
            return Ok(Taken::Full);
        }
        let (asker, answer) = oneshot::channel();
        let query = Query::new(question, wording, outstanding.random())?;
        outbox.push(outstanding.add(query, asker, patience, Instant::now())?);
        *asked = asked.saturating_add(1);
        state.idle_ticks = 0;
        if !std::mem::replace(&mut state.woken, true) {
            drop(state);
            self.wake.notify_one();
        }
        Ok(Taken::Asked(answer))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what has come; `false` where the port has to be given up.
    fn receive(&self) -> bool {
        for _ in 0..BATCHES_IN_A_ROW {
            let received = {
                let mut state = self.state();
                let now = Instant::now();
                batch::receive(&self.socket, |datagram| {
                    if let Offered::Answer { asker, reply, sends } = state.outstanding.offer(datagram, now) {
                        // Whoever asked may have gone.
                        let _ = asker.send(Arrival::Message { octets: datagram.to_vec(), reply, sends });
                    }
                })
            };
            match received {
                Err(error) if is_not_now(&error) => break,
                Err(error) => self.state().refused(error),
                Ok(BATCH) => {}
                Ok(_) => break,
            }
        }
        let mut state = self.state();
        let goes_on = state.outstanding.strays() < MOST_STRAYS;
        state.ended |= !goes_on;
        goes_on
    }

    /// Sends what is to be sent.
    async fn send(&self, datagrams: &mut Datagrams) {
        datagrams.clear();
        {
            let mut state = self.state();
            state.woken = false;
            std::mem::swap(&mut state.outbox, datagrams);
        }
        let (mut sent, mut refusals) = (0, 0);
        while sent < datagrams.len() {
            match batch::send(&self.socket, datagrams, sent) {
                Ok(count) => (sent, refusals) = (sent + count, 0),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // An error shows itself at the next attempt.
                    let _ = self.socket.writable().await;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // That is about what was sent before: it goes again.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused && refusals < MOST_REFUSALS => {
                    refusals += 1;
                    self.state().refused(error);
                }
                Err(error) => {
                    // Where the system had no room for it, it got lost as others do on the way, and is sent again.
                    if !received::is_no_buffer(&error) {
                        let question = datagrams.from(sent).next().unwrap_or_default();
                        self.state().unsent(question, &error);
                    }
                    sent += 1;
                }
            }
        }
    }

    /// Looks at the time; `false` where the socket has nothing to do any more.
    fn tick(&self) -> bool {
        let mut state = self.state();
        // A closed port makes the socket fail without making it readable.
        if state.outstanding.len() > 0
            && let Ok(Some(error)) = self.socket.take_error()
        {
            state.refused(error);
        }
        let State { outstanding, outbox, refusal, .. } = &mut *state;
        outstanding.tick(
            Instant::now(),
            |asker, why| {
                let _ = asker.send(match refusal {
                    Some(error) if why == Unanswered::Refused => Arrival::broken(error),
                    _ => Arrival::Unanswered(why),
                });
            },
            |datagram| outbox.push(datagram),
        );
        state.idle_ticks = state.idle_ticks.saturating_add(1);
        let goes_on =
            state.outstanding.len() > 0 || (state.idle_ticks < IDLE_TICKS && state.asked < MOST_QUESTIONS);
        // Under the same lock, so that nobody asks a socket that is on its way out.
        state.ended |= !goes_on;
        goes_on
    }
}

impl State {
    /// Takes note of a refusal: the port may open again, and others may be on their way.
    fn refused(&mut self, error: io::Error) {
        self.outstanding.refused(Instant::now());
        self.refusal = Some(error);
    }

    /// Tells whoever asked that the question could not be sent.
    fn unsent(&mut self, question: &[u8], error: &io::Error) {
        if let Some(asker) = self.outstanding.unsent(question) {
            let _ = asker.send(Arrival::broken(error));
        }
    }
}

/// Sends and receives until the socket is given up.
async fn run(lane: Arc<Lane>) {
    // However this ends, with the runtime too, nobody is left waiting.
    let lane = Ending(lane);
    let lane = &lane.0;
    let mut datagrams = Datagrams::default();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let goes_on = tokio::select! {
            // What fails here fails again, and is told, in receiving.
            _ = lane.socket.readable() => lane.receive(),
            () = lane.wake.notified() => {
                // Whoever else can run now may add to the batch.
                yield_now().await;
                true
            }
            _ = ticks.tick() => {
                // What has come is not given up, however long this process stood still.
                let goes_on = lane.receive();
                lane.tick() && goes_on
            }
        };
        lane.send(&mut datagrams).await;
        if !goes_on {
            return;
        }
    }
}

/// Ends a lane when its task does.
struct Ending(Arc<Lane>);

impl Drop for Ending {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.ended = true;
        state.outstanding.drain(|asker, why| {
            let _ = asker.send(Arrival::Unanswered(why));
        });
    }
}

fn is_not_now(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::super::super::question::Manner;
    use super::*;

    #[tokio::test]
    async fn a_socket_on_its_way_out_takes_no_question() {
        let lane = Lane::open("127.0.0.1:9".parse().unwrap()).unwrap();
        lane.state().idle_ticks = IDLE_TICKS;
        assert!(!lane.tick(), "it is idle");
        let question = Question::caa(&"t.example".parse().unwrap(), Manner::Resolve);
        let patience = Patience { whole: TICK, lossy: true };
        let taken = lane.ask(&question, Wording { edns: true, mixed_case: true }, patience).unwrap();
        assert!(matches!(taken, Taken::Retired));
    }
}
