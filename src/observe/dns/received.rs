//! What one attempt brought.

use std::time::Duration;

use tokio::sync::oneshot;

use super::message::Reply;
use super::outstanding::Unanswered;
use super::random::NoRandomness;
use crate::evidence::dns::{DnsFailure, DnsOutcome};

/// What came of a question on a socket or a stream.
#[derive(Debug)]
pub(super) enum Arrival {
    /// The answering message, to a question sent so many times.
    Message { octets: Vec<u8>, reply: Reply, sends: u8 },
    /// No answer in time.
    Unanswered(Unanswered),
    /// The socket or the stream is of no use.
    Broken(String),
}

/// Whoever waits for an arrival.
pub(super) type Asker = oneshot::Sender<Arrival>;

/// What an attempt brought, and what that means for the next one.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) outcome: DnsOutcome,
    /// What to do next; `None` where nothing usable came.
    pub(super) reply: Option<Reply>,
    /// An answer came in another letter case alone.
    pub(super) other_case: bool,
    /// The question or its answer was lost at least once.
    pub(super) lossy: bool,
}

impl Received {
    /// What an arrival is, where so much patience was had.
    pub(super) fn of(arrival: Arrival, patience: Duration) -> Self {
        let milliseconds = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        match arrival {
            Arrival::Message { octets, reply, sends } => Self {
                outcome: DnsOutcome::Message(octets.into()),
                reply: Some(reply),
                other_case: false,
                lossy: sends > 1,
            },
            Arrival::Unanswered(Unanswered::Silence) => {
                Self { lossy: true, ..Self::failed(DnsFailure::Timeout { milliseconds }) }
            }
            Arrival::Unanswered(Unanswered::Strays) => Self::failed(DnsFailure::Mismatched { milliseconds }),
            Arrival::Unanswered(Unanswered::OtherCase) => {
                Self { other_case: true, ..Self::failed(DnsFailure::Mismatched { milliseconds }) }
            }
            Arrival::Broken(error) => Self::failed(DnsFailure::Io(error)),
        }
    }

    /// Nothing usable.
    pub(super) fn failed(failure: DnsFailure) -> Self {
        Self { outcome: DnsOutcome::Failed(failure), reply: None, other_case: false, lossy: false }
    }
}

impl From<NoRandomness> for Received {
    fn from(error: NoRandomness) -> Self {
        Self::failed(DnsFailure::Io(error.to_string()))
    }
}
