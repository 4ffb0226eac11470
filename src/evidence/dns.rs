//! DNS as it was answered: raw messages, and what failed.

use core::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::dns_name::DnsName;

/// The CAA look-up for one name: the climb of RFC 8659 section 3 as far as it was needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaaLookup {
    /// The name the climb began at (a wildcard name without its `*.`).
    pub name: DnsName,
    /// One question a step, from the name upwards. Those about parents are shared by many look-ups.
    pub steps: Vec<Arc<DnsExchange>>,
    /// The climb that would follow if the set found were not there, where it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<Arc<DnsExchange>>,
    /// What was asked to validate the answers: DS, DNSKEY and the like of the zones on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dnssec: Vec<SupportingExchange>,
    /// What each authoritative server says, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nameservers: Option<NameserverSurvey>,
}

impl CaaLookup {
    /// Whether the resolvers were asked, and nothing at all came from them, nor for what validation needs.
    pub fn is_unheard(&self) -> bool {
        let steps = self.steps.iter().chain(&self.above).flat_map(|exchange| exchange.every_attempt());
        let mut attempts = steps.chain(self.dnssec.iter().flat_map(|asked| &asked.attempts)).peekable();
        attempts.peek().is_some() && attempts.all(|attempt| matches!(attempt.outcome, DnsOutcome::Failed(_)))
    }

    /// When the answer came that it ends with: what is said of the name rests on that. A step above may have been asked for
    /// another name before.
    pub fn answered_at(&self) -> Option<Timestamp> {
        self.steps.last().and_then(|step| step.ended_at)
    }

    /// A look-up with nothing asked yet.
    pub fn of(name: DnsName) -> Self {
        Self { name, steps: Vec::new(), above: Vec::new(), dnssec: Vec::new(), nameservers: None }
    }
}

/// The look-up of the TLSA records of one service (RFC 6698 section 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsaLookup {
    /// The host.
    pub host: DnsName,
    /// The port.
    pub port: u16,
    /// `tcp`, `udp` or `sctp`.
    pub transport: String,
    /// The question for `_PORT._TRANSPORT.HOST`.
    pub exchange: DnsExchange,
    /// What was asked to validate the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dnssec: Vec<SupportingExchange>,
}

/// One question, and every attempt to get it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsExchange {
    /// The name asked for.
    pub name: DnsName,
    /// When it ended; not known of evidence that an older version saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The attempts in order; the last one is the answer, or the failure that stands.
    pub attempts: Vec<DnsAttempt>,
    /// The same question for the name that the answer's aliases lead to, where the answer says nothing of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond: Option<SupportingExchange>,
    /// What a validator said of the answer when it came; `None`: none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dnssec: Option<DnssecReading>,
}

impl DnsExchange {
    /// An exchange whose answer no validator has seen.
    pub fn of(name: DnsName, attempts: Vec<DnsAttempt>) -> Self {
        Self { name, ended_at: None, attempts, beyond: None, dnssec: None }
    }

    /// Every attempt, those beyond the aliases included.
    pub fn every_attempt(&self) -> impl Iterator<Item = &DnsAttempt> {
        self.attempts.iter().chain(self.beyond.iter().flat_map(|beyond| &beyond.attempts))
    }

    /// How the exchange ended; `None` only where nothing was tried.
    pub fn outcome(&self) -> Option<&DnsOutcome> {
        self.attempts.last().map(|attempt| &attempt.outcome)
    }
}

/// What a validator said of one answer, when it was asked.
///
/// Signatures expire, so that the same octets validate at one time and not at another: the reading is kept with
/// its time, beside the messages it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnssecReading {
    /// The state of the answer; where there is no answer, of the zone that the name is in.
    pub state: DnssecState,
    /// Who says so.
    pub validator: Validator,
    /// Why, in the validator's words (RFC 8914), where it gives any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Where validation could not be finished: what it lacked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
    /// Where the answer is insecure and goes over an alias: the state of the zone that the alias is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_zone: Option<DnssecState>,
    /// When it was validated.
    pub at: Timestamp,
}

/// The state of an answer under DNSSEC (RFC 4035 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DnssecState {
    /// Validated up to a trust anchor.
    Secure,
    /// Proven to be unsigned.
    Insecure,
    /// It should validate, and does not.
    Bogus,
    /// Validation could not be finished.
    Indeterminate,
}

/// Why validation could not be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfinished {
    /// The resolver hands out no DNSSEC records, or does not show that it validates: no answer of its can be validated.
    ResolverWithoutDnssec,
    /// The zone is signed with nothing but algorithms that the validator cannot verify.
    UnsupportedAlgorithm,
    /// The validator cannot read the answer, or it is about more than the validator takes on.
    UnreadableAnswer,
    /// An answer, or something else that validation needs, could not be had.
    NoAnswer,
    /// The time for it ran out.
    OutOfTime,
    /// Something else, or evidence that does not tell.
    Other,
}

/// Who validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Validator {
    /// This program, from the root's key downwards.
    Own,
    /// The resolver, which the user said to trust: its AD bit and its extended errors.
    Resolver,
}

/// A question that only validation needed, and every attempt to get it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupportingExchange {
    /// The name asked for, as the DNS writes it; `.` for the root.
    pub name: String,
    /// The type asked for, such as `DS`.
    pub rtype: String,
    /// The attempts in order; the last one is the answer, or the failure that stands.
    pub attempts: Vec<DnsAttempt>,
}

/// What the authoritative servers say of the names of a climb, and of the aliases on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameserverSurvey {
    /// The questions to the resolver that showed which zone each name is in.
    pub cuts: Vec<SupportingExchange>,
    /// The zones whose servers were asked.
    pub zones: Vec<ZoneObservation>,
    /// The names for which no server was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_asked: Vec<NameNotAsked>,
}

/// A name for which no authoritative server was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameNotAsked {
    /// The name.
    pub name: String,
    /// Why not.
    pub why: NotAsked,
}

/// Why no authoritative server was asked for a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NotAsked {
    /// It is in the zone of a top-level domain, whose servers are left alone.
    #[error("the servers of top-level domains are left alone")]
    TopLevelDomain,
    /// Which zone it is in could not be found.
    #[error("which zone it is in could not be found: {0}")]
    ZoneUnknown(String),
    /// It is no host name, so that it is not asked for.
    #[error("it is no host name")]
    NotAHostName,
    /// It is beyond the limit of names or zones of one look-up.
    #[error("it is beyond the limit of names and zones of one look-up")]
    TooMany,
}

/// What the authoritative servers of one zone say of the names that were asked for in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneObservation {
    /// The zone's apex.
    pub zone: DnsName,
    /// The names of the climb, and of the aliases, that are in the zone.
    pub names: Vec<DnsName>,
    /// The NS question to the resolver: the servers by the zone's own word.
    pub own: SupportingExchange,
    /// The NS question to servers of the parent zone, without recursion: the servers by the delegation. The last
    /// attempt stands. `None`: no server of the parent zone is known or may be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<SupportingExchange>,
    /// The servers of both, each asked for every name.
    pub servers: Vec<NameserverObservation>,
    /// How many more servers there are.
    #[serde(default)]
    pub servers_left_out: usize,
    /// Where servers are heard over UDP and none over TCP: a question over TCP to the server of the parent zone that
    /// gave the delegation, which shows whether TCP works from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_control: Option<SupportingExchange>,
}

/// What one authoritative server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameserverObservation {
    /// The server's name.
    pub name: DnsName,
    /// The questions to the resolver for its addresses, IPv4 and IPv6.
    pub lookups: Vec<SupportingExchange>,
    /// Its addresses, those that the delegation gives along included.
    pub addresses: Vec<AddressObservation>,
    /// How many more addresses it has.
    #[serde(default)]
    pub addresses_left_out: usize,
}

/// What was asked at one address of an authoritative server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressObservation {
    /// The address.
    pub address: IpAddr,
    /// Why this machine has no way to the address: then nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_route: Option<String>,
    /// Each question over each transport.
    pub answers: Vec<NameserverAnswer>,
}

/// One question to one authoritative server over one transport.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameserverAnswer {
    /// The transport.
    pub transport: DnsTransport,
    /// The name asked for.
    pub name: DnsName,
    /// The type asked for: `CAA`, or `SOA` of the zone.
    pub rtype: String,
    /// The attempts at this address over this transport, in order; the last one stands.
    pub attempts: Vec<DnsAttempt>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DnsTransport {
    /// Datagrams (RFC 1035 section 4.2.1).
    Udp,
    /// A stream (RFC 7766).
    Tcp,
    /// A stream over TLS (RFC 7858).
    Tls,
    /// HTTPS (RFC 8484).
    Https,
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
    /// This machine could not ask: it had no descriptor, port or memory left, or a rule of its own against it.
    #[error("not asked from here: {0}")]
    Local(String),
    /// The server could not be reached over TLS or HTTPS, or it answered with something else than DNS.
    #[error("{0}")]
    Transport(String),
    /// No server is known to ask.
    #[error("no DNS server is configured: {0}")]
    NoServer(String),
}
