//! Asking over UDP: a few long-lived sockets a server, each on a port that the system chose, and replaced by one on
//! another port after some thousand questions or where answers to nothing keep coming (RFC 5452).

mod batch;
mod lane;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use self::lane::{Lane, Taken};
use super::message::Wording;
use super::outstanding::{Patience, Unanswered};
use super::question::Question;
use super::received::{Arrival, Received};

/// The most sockets a server.
const MOST_LANES: usize = 16;

/// The fewest, once there was a question for each.
const FEWEST_LANES: usize = 2;

/// How many questions in a row go to one socket: datagrams that go together cost less.
const IN_A_ROW: usize = 32;

/// The sockets of one server.
#[derive(Debug)]
pub(super) struct Lanes {
    server: SocketAddr,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    lanes: Vec<Arc<Lane>>,
    turn: usize,
}

impl Lanes {
    pub(super) fn new(server: SocketAddr) -> Self {
        Self { server, open: Mutex::default() }
    }

    /// Asks once, and sends again what may be lost.
    pub(super) async fn ask(&self, question: &Question, wording: Wording, patience: Duration) -> Received {
        let answer = match self.choose(question, wording, patience) {
            Ok(answer) => answer,
            Err(arrival) => return Received::of(arrival, patience),
        };
        // A lane that ended without a word did so with its runtime.
        let arrival = answer.await.unwrap_or(Arrival::Unanswered(Unanswered::Silence));
        Received::of(arrival, patience)
    }

    fn choose(
        &self,
        question: &Question,
        wording: Wording,
        patience: Duration,
    ) -> Result<oneshot::Receiver<Arrival>, Arrival> {
        let patience = Patience { whole: patience, lossy: true };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.turn = open.turn.wrapping_add(1);
        let mut at = open.turn / IN_A_ROW;
        let mut full = 0;
        while full < open.lanes.len() && open.lanes.len() >= FEWEST_LANES {
            let index = at.checked_rem(open.lanes.len()).unwrap_or(0);
            let Some(lane) = open.lanes.get(index) else { break };
            match lane.ask(question, wording, patience)? {
                Taken::Asked(answer) => return Ok(answer),
                Taken::Full => {
                    full += 1;
                    at = at.wrapping_add(1);
                }
                Taken::Retired => {
                    open.lanes.swap_remove(index);
                }
            }
        }
        if open.lanes.len() >= MOST_LANES {
            return Err(Arrival::Local("too many questions are under way".to_owned()));
        }
        let lane = Lane::open(self.server).map_err(|error| Arrival::broken(&error))?;
        let taken = lane.ask(question, wording, patience)?;
        open.lanes.push(lane);
        match taken {
            Taken::Asked(answer) => Ok(answer),
            Taken::Full | Taken::Retired => Err(Arrival::Local("a new socket took no question".to_owned())),
        }
    }
}
