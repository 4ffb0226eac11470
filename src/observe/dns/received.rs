//! What one attempt brought.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::sync::oneshot;

use super::message::Reply;
use super::outstanding::Unanswered;
use super::random::NoRandomness;
use crate::evidence::dns::{DnsFailure, DnsOutcome};

/// ENFILE and EMFILE, which are the same on all of Unix; WSAEMFILE.
const OUT_OF_DESCRIPTORS: [i32; 2] = if cfg!(windows) { [10_024, 10_024] } else { [23, 24] };

/// ENOBUFS; WSAENOBUFS.
const NO_BUFFER: i32 = if cfg!(windows) {
    10_055
} else if cfg!(target_os = "linux") {
    105
} else {
    55
};

/// What came of a question on a socket or a stream.
#[derive(Debug)]
pub(super) enum Arrival {
    /// The answering message, to a question sent so many times.
    Message { octets: Vec<u8>, reply: Reply, sends: u8 },
    /// No answer in time.
    Unanswered(Unanswered),
    /// The socket or the stream is of no use.
    Broken(String),
    /// This machine could not ask.
    Local(String),
}

impl Arrival {
    /// What an error of a socket or a stream means.
    pub(super) fn broken(error: &io::Error) -> Self {
        if is_local(error) { Self::Local(error.to_string()) } else { Self::Broken(error.to_string()) }
    }
}

impl From<NoRandomness> for Arrival {
    fn from(error: NoRandomness) -> Self {
        Self::Local(error.to_string())
    }
}

/// Whether this machine itself could not go on: no descriptor, port or memory left, or a rule of its own against it.
/// That is no fault of the server.
pub(super) fn is_local(error: &io::Error) -> bool {
    let is_out_of_descriptors = error.raw_os_error().is_some_and(|code| OUT_OF_DESCRIPTORS.contains(&code));
    let own = [ErrorKind::AddrNotAvailable, ErrorKind::PermissionDenied, ErrorKind::OutOfMemory];
    own.contains(&error.kind()) || is_out_of_descriptors || is_no_buffer(error)
}

/// Whether the system has no room for what is to be sent.
pub(super) fn is_no_buffer(error: &io::Error) -> bool {
    error.raw_os_error() == Some(NO_BUFFER)
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
            Arrival::Unanswered(Unanswered::Refused) => {
                Self::failed(DnsFailure::Io("connection refused".to_owned()))
            }
            Arrival::Broken(error) => Self::failed(DnsFailure::Io(error)),
            Arrival::Local(error) => Self::failed(DnsFailure::Local(error)),
        }
    }

    /// Nothing usable.
    pub(super) fn failed(failure: DnsFailure) -> Self {
        Self { outcome: DnsOutcome::Failed(failure), reply: None, other_case: false, lossy: false }
    }
}

impl From<NoRandomness> for Received {
    fn from(error: NoRandomness) -> Self {
        Self::failed(DnsFailure::Local(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_machine_lacks_is_no_fault_of_the_server() {
        for (kind, is_own) in [
            (ErrorKind::AddrNotAvailable, true),
            (ErrorKind::PermissionDenied, true),
            (ErrorKind::ConnectionRefused, false),
            (ErrorKind::HostUnreachable, false),
        ] {
            let arrival = Arrival::broken(&io::Error::from(kind));
            assert_eq!(matches!(arrival, Arrival::Local(_)), is_own, "{kind}");
        }
        for code in OUT_OF_DESCRIPTORS.into_iter().chain([NO_BUFFER]) {
            let arrival = Arrival::broken(&io::Error::from_raw_os_error(code));
            assert!(matches!(arrival, Arrival::Local(_)), "{code}");
        }
    }
}
