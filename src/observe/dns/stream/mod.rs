//! Asking over TCP and TLS: connections that stay open for a while and carry many questions at a time.

mod connection;
mod dial;
pub mod framing;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::connection::{Asked, Connection};
pub(super) use self::dial::Dial;
use super::message::Wording;
use super::outstanding::Unanswered;
use super::question::Question;
use super::random::NoRandomness;
use super::received::{Arrival, Received};

/// The most connections to one server.
const MOST_CONNECTIONS: usize = 4;

/// The connections to one server.
#[derive(Debug)]
pub(super) struct Streams {
    dial: Arc<Dial>,
    open: Mutex<Vec<Arc<Connection>>>,
}

/// What an attempt brought, and whether a new connection may do better.
pub(super) struct FromStream {
    pub(super) received: Received,
    /// The connection had been of use before, and ended under the question: nobody's fault (RFC 7766 section 6.2.4).
    pub(super) worn_out: bool,
}

impl Streams {
    pub(super) fn new(dial: Dial) -> Self {
        Self { dial: Arc::new(dial), open: Mutex::default() }
    }

    /// Asks once.
    pub(super) async fn ask(&self, question: &Question, wording: Wording, patience: Duration) -> FromStream {
        let asked = match self.choose(question, wording, patience) {
            Ok(Some(asked)) => asked,
            Ok(None) => {
                let full = Arrival::Local("too many questions are under way".to_owned());
                return FromStream { received: Received::of(full, patience), worn_out: false };
            }
            Err(error) => return FromStream { received: error.into(), worn_out: false },
        };
        let arrival = asked.answer.await.unwrap_or(Arrival::Unanswered(Unanswered::Silence));
        let worn_out = asked.reused && matches!(arrival, Arrival::Broken(_));
        FromStream { received: Received::of(arrival, patience), worn_out }
    }

    fn choose(
        &self,
        question: &Question,
        wording: Wording,
        patience: Duration,
    ) -> Result<Option<Asked>, NoRandomness> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| !connection.has_ended());
        for connection in open.iter() {
            if let Some(asked) = connection.ask(question, wording, patience)? {
                return Ok(Some(asked));
            }
        }
        if open.len() >= MOST_CONNECTIONS {
            return Ok(None);
        }
        let connection = Connection::new();
        // Asked first: where nobody listens, the connection may end at once.
        let asked = connection.ask(question, wording, patience)?;
        connection.start(&self.dial);
        open.push(connection);
        Ok(asked)
    }
}
