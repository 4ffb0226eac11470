//! What one authoritative server says of one name, over one transport.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::fmt;

use domain::base::Message;
use domain::base::iana::{OptRcode, Rtype};

use super::delegation::{referral_of, serial};
use crate::caa::alias::shown;
use crate::caa::answer::{Answer, Content, answers_question, response_code};
use crate::caa::record::CaaRecord;
use crate::dns_name::DnsName;
use crate::evidence::dns::{DnsAttempt, DnsExchange, DnsFailure, DnsOutcome};

/// How many records are shown in one line.
const MOST_SHOWN: usize = 6;

/// What a server says to a CAA question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// These records: RDATA octet by octet, sorted, since a set has no order (RFC 2181 section 5).
    Records(Vec<Vec<u8>>),
    /// The name has no CAA record.
    Nothing,
    /// The name is an alias of this one.
    Alias(String),
    /// The name is in this zone below, of other servers.
    Delegation(String),
    /// The server does not speak for the zone, and what shows it.
    Lame(String),
    /// It gives this response code.
    Error(String),
    /// It cut the answer off.
    Truncated,
    /// Nothing came within the time-out.
    Silent,
    /// There was no connection, and why.
    Unreachable(String),
    /// What came cannot be read, and why.
    Malformed(String),
    /// Nothing was sent, for want of a way there, or of descriptors and ports, on this machine.
    NoRoute(String),
}

/// What a server says to the SOA question for its zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZoneSaid {
    /// It speaks for the zone, in the version with this serial.
    Serial(u32),
    /// It does not: this it says instead.
    Other(Said),
}

impl Said {
    /// Reads the answer of a server of `zone` to the CAA question for `name`.
    pub fn read(zone: &DnsName, name: &DnsName, attempts: &[DnsAttempt]) -> Self {
        let octets = match heard(attempts) {
            Ok(octets) => octets,
            Err(failure) => return failure,
        };
        if let Err(failure) = speaking(zone, name, Rtype::CAA, octets) {
            return failure;
        }
        let answer = Answer::read_message(name, octets);
        if let Some(first) = answer.aliases.first() {
            return Self::Alias(first.clone());
        }
        match answer.content {
            Content::Records { records, .. } => Self::of_records(&records),
            Content::Empty => Self::Nothing,
            Content::Failure => Self::Malformed(answer.detail),
        }
    }

    /// What a resolver's answer says of the name asked for, and of each alias on its way. A failure says nothing.
    pub(super) fn of_resolver(exchange: &DnsExchange) -> Vec<(String, Self)> {
        let answer = Answer::read(exchange);
        let end = match &answer.content {
            Content::Records { records, .. } => Self::of_records(records),
            Content::Empty => Self::Nothing,
            Content::Failure => return Vec::new(),
        };
        let names = std::iter::once(exchange.name.to_string()).chain(answer.aliases.iter().cloned());
        let says = answer.aliases.iter().cloned().map(Self::Alias).chain(std::iter::once(end));
        names.zip(says).collect()
    }

    fn of_records(records: &[CaaRecord]) -> Self {
        let mut set: Vec<Vec<u8>> = records.iter().map(rdata).collect();
        set.sort();
        set.dedup();
        Self::Records(set)
    }

    /// Whether it says what the name has, as the zone's own word.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Records(_) | Self::Nothing | Self::Alias(_) | Self::Delegation(_))
    }

    /// Whether nothing at all came from the server.
    pub fn is_unheard(&self) -> bool {
        matches!(self, Self::Silent | Self::Unreachable(_))
    }

    /// Its name in reports for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Records(_) => "records",
            Self::Nothing => "none",
            Self::Alias(_) => "alias",
            Self::Delegation(_) => "delegation",
            Self::Lame(_) => "lame",
            Self::Error(rcode) if rcode == "REFUSED" => "refused",
            Self::Error(_) => "error",
            Self::Truncated => "truncated",
            Self::Silent => "silent",
            Self::Unreachable(_) => "unreachable",
            Self::Malformed(_) => "malformed",
            Self::NoRoute(_) => "not_asked",
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Records(records) => {
                let shown: Vec<String> =
                    records.iter().take(MOST_SHOWN).map(|rdata| CaaRecord::read(rdata).to_string()).collect();
                let more = records.len().saturating_sub(MOST_SHOWN);
                let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
                write!(f, "{}{rest}", shown.join(", "))
            }
            Self::Nothing => f.write_str("no CAA record"),
            Self::Alias(target) => write!(f, "alias of {target}"),
            Self::Delegation(zone) => write!(f, "delegated to the servers of {zone}"),
            Self::Lame(why) => write!(f, "no authority: {why}"),
            Self::Error(rcode) => f.write_str(rcode),
            Self::Truncated => f.write_str("cut off"),
            Self::Silent => f.write_str("no answer"),
            Self::Unreachable(why) => write!(f, "no connection: {why}"),
            Self::Malformed(why) => write!(f, "not to be read: {why}"),
            Self::NoRoute(why) => write!(f, "not asked from here: {why}"),
        }
    }
}

impl ZoneSaid {
    /// Reads the answer of a server of `zone` to the zone's SOA question.
    pub fn read(zone: &DnsName, attempts: &[DnsAttempt]) -> Self {
        let octets = match heard(attempts) {
            Ok(octets) => octets,
            Err(failure) => return Self::Other(failure),
        };
        match speaking(zone, zone, Rtype::SOA, octets) {
            Err(failure) => Self::Other(failure),
            Ok(message) => match serial(&zone.to_wire(), message) {
                Some(serial) => Self::Serial(serial),
                None => Self::Other(Said::Lame(format!("it gives no SOA record of {zone}"))),
            },
        }
    }

    /// The serial, if it speaks for the zone.
    pub fn serial(&self) -> Option<u32> {
        match self {
            Self::Serial(serial) => Some(*serial),
            Self::Other(_) => None,
        }
    }
}

/// The message that came, or what came instead.
fn heard(attempts: &[DnsAttempt]) -> Result<&[u8], Said> {
    match attempts.last().map(|attempt| &attempt.outcome) {
        None => Err(Said::NoRoute("nothing was sent".to_owned())),
        Some(DnsOutcome::Message(octets)) => Ok(octets),
        Some(DnsOutcome::Failed(failure)) => Err(match failure {
            DnsFailure::Timeout { .. } => Said::Silent,
            DnsFailure::Mismatched { .. } => Said::Malformed(failure.to_string()),
            DnsFailure::Local(why) => Said::NoRoute(why.clone()),
            DnsFailure::Io(why) | DnsFailure::Transport(why) | DnsFailure::NoServer(why) => {
                Said::Unreachable(why.clone())
            }
        }),
    }
}

/// The message, if it is whole and the server speaks in it for the zone or for one below it.
fn speaking<'a>(
    zone: &DnsName,
    name: &DnsName,
    rtype: Rtype,
    octets: &'a [u8],
) -> Result<&'a Message<[u8]>, Said> {
    let malformed = || Said::Malformed("malformed message".to_owned());
    let message = Message::from_slice(octets).map_err(|_| malformed())?;
    if !answers_question(&name.to_wire(), rtype, message) {
        return Err(Said::Malformed("an answer to another question".to_owned()));
    }
    if message.header().tc() {
        return Err(Said::Truncated);
    }
    match response_code(message).map_err(|_| malformed())? {
        OptRcode::NOERROR | OptRcode::NXDOMAIN => {}
        rcode => return Err(Said::Error(rcode.to_string())),
    }
    if message.header().aa() {
        return Ok(message);
    }
    match (elsewhere(zone, name, message), referral_of(message)) {
        (Some(cut), _) => Err(Said::Delegation(cut)),
        (None, Some(other)) => Err(Said::Lame(format!("it refers to the servers of {}", shown(&other)))),
        (None, None) => Err(Said::Lame("its answer is not authoritative (AA is 0)".to_owned())),
    }
}

/// The zone below `zone` that a message refers to for `name`, if it does.
fn elsewhere(zone: &DnsName, name: &DnsName, message: &Message<[u8]>) -> Option<String> {
    if message.header_counts().ancount() > 0 {
        return None;
    }
    let cut: DnsName = shown(&referral_of(message)?).parse().ok()?;
    let is_below = cut != *zone && cut.is_at_or_below(zone) && name.is_at_or_below(&cut);
    is_below.then(|| cut.to_string())
}

/// A record's RDATA, as it was sent.
fn rdata(record: &CaaRecord) -> Vec<u8> {
    match record {
        CaaRecord::Malformed(malformed) => malformed.rdata.clone(),
        CaaRecord::Property(property) => {
            let tag = property.tag.as_str().as_bytes();
            // A tag that was read has at most 255 octets.
            let length = u8::try_from(tag.len()).unwrap_or(u8::MAX);
            [&[property.flags, length], tag, &property.value].concat()
        }
    }
}
