//! DNS as it was answered: raw messages, and what failed.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::dns_name::DnsName;

/// The CAA look-up for one name: the climb of RFC 8659 section 3 as far as it was needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaaLookup {
    /// The name the climb began at (a wildcard name without its `*.`).
    pub name: DnsName,
    /// One question a step, from the name upwards.
    pub steps: Vec<DnsExchange>,
}

/// One question, and every attempt to get it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsExchange {
    /// The name asked for.
    pub name: DnsName,
    /// The attempts in order; the last one is the answer, or the failure that stands.
    pub attempts: Vec<DnsAttempt>,
}

impl DnsExchange {
    /// How the exchange ended; `None` only where nothing was tried.
    pub fn outcome(&self) -> Option<&DnsOutcome> {
        self.attempts.last().map(|attempt| &attempt.outcome)
    }
}

/// One attempt at one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsAttempt {
    /// The server's address and port.
    pub server: String,
    /// How it was asked.
    pub transport: DnsTransport,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// What came back.
    pub outcome: DnsOutcome,
}

/// How a DNS server was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DnsTransport {
    /// Datagrams (RFC 1035 section 4.2.1).
    Udp,
    /// A stream (RFC 7766).
    Tcp,
}

/// What came back from a DNS server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsOutcome {
    /// A message that answers the question's id and question section, not yet read further.
    Message(Bytes),
    /// No usable message, and why.
    Failed(DnsFailure),
}

/// Why no usable DNS message was had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum DnsFailure {
    /// Nothing came within the time-out.
    #[error("no answer within {milliseconds} ms")]
    Timeout {
        /// The time-out.
        milliseconds: u64,
    },
    /// Only messages that answer another question, or with another id, came within the time-out.
    #[error("only answers to another question or with another id came within {milliseconds} ms")]
    Mismatched {
        /// The time-out.
        milliseconds: u64,
    },
    /// The socket failed.
    #[error("{0}")]
    Io(String),
    /// No server is known to ask.
    #[error("no DNS server is configured: {0}")]
    NoServer(String),
}
