//! Reading one raw DNS message as the answer to a CAA question.
//!
//! Three ends are kept apart: records, none, and failure. Only NOERROR and NXDOMAIN say “none”
//! (RFC 8659 section 3 with RFC 2308 section 2); every other response code, a truncated or unreadable
//! message, a referral and an alias chain that does not end are failures.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use domain::base::iana::{Class, Opcode, OptRcode, Rtype};
use domain::base::message::RecordSection;
use domain::base::name::ToName as _;
use domain::base::{Message, ParsedName, ParsedRecord, UnknownRecordData};
use domain::rdata::{Cname, Dname};

use super::alias::{Aliases, owned, shown};
use super::record::CaaRecord;
use crate::dns_name::{DnsName, WireName};
use crate::evidence::dns::{DnsExchange, DnsFailure, DnsOutcome};

/// The answer to one CAA question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Records, none, or failure.
    pub content: Content,
    /// The response code, or what failed: `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `timeout` and so on.
    pub detail: String,
    /// The aliases followed, in order; the last is where the records are, or would be.
    pub aliases: Vec<String>,
    /// Whether the server set the AD bit: it says that it validated the answer (RFC 4035 section 3.2.3).
    pub authentic_data: bool,
    /// The end of the aliases, where a server that recurses says nothing of it: neither records nor “none”.
    pub unanswered: Option<DnsName>,
}

/// What an answer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// At least one CAA record, malformed ones included.
    Records {
        /// The records, in the order of the message.
        records: Vec<CaaRecord>,
        /// The lowest time to live among them, in seconds.
        ttl: u32,
    },
    /// The name has no CAA record.
    Empty,
    /// Nobody can say what the name has.
    Failure,
}

impl Answer {
    /// An answer without aliases.
    pub fn of(content: Content, detail: impl Into<String>) -> Self {
        Self { content, detail: detail.into(), aliases: Vec::new(), authentic_data: false, unanswered: None }
    }

    fn failure(detail: impl Into<String>) -> Self {
        Self::of(Content::Failure, detail)
    }

    /// Reads the end of an exchange.
    pub fn read(exchange: &DnsExchange) -> Self {
        match exchange.outcome() {
            None => Self::failure("not asked"),
            Some(DnsOutcome::Message(message)) => {
                let answer = Self::read_message(&exchange.name, message);
                match (&answer.unanswered, &exchange.beyond) {
                    (Some(end), Some(beyond)) => {
                        let beyond = DnsExchange::of(end.clone(), beyond.attempts.clone());
                        answer.completed(&exchange.name, &Self::read(&beyond))
                    }
                    _ => answer,
                }
            }
            Some(DnsOutcome::Failed(failure)) => Self::failure(match failure {
                DnsFailure::Timeout { .. } => "timeout".to_owned(),
                DnsFailure::Mismatched { .. } => "only answers to other questions".to_owned(),
                DnsFailure::Io(error) => format!("I/O error: {error}"),
                DnsFailure::Local(error) => format!("not asked from here: {error}"),
                DnsFailure::Transport(error) => format!("no connection: {error}"),
                DnsFailure::NoServer(why) => format!("no DNS server: {why}"),
            }),
        }
    }

    /// The answer, with that for the end of its aliases.
    fn completed(mut self, name: &DnsName, beyond: &Self) -> Self {
        if beyond.content == Content::Failure {
            self.detail = format!("{}: {}", self.detail, beyond.detail);
            return self;
        }
        let is_known = |alias: &String| alias == name.as_str() || self.aliases.contains(alias);
        if let Some(again) = beyond.aliases.iter().find(|alias| is_known(alias)) {
            self.detail = format!("alias loop at {again}");
            return self;
        }
        self.aliases.extend(beyond.aliases.iter().cloned());
        Self {
            content: beyond.content.clone(),
            detail: beyond.detail.clone(),
            aliases: self.aliases,
            authentic_data: self.authentic_data && beyond.authentic_data,
            unanswered: None,
        }
    }

    /// Reads a message as the answer to the CAA question for `name`. The message's id is not looked at.
    pub fn read_message(name: &DnsName, octets: &[u8]) -> Self {
        read(name, octets).unwrap_or_else(|Unreadable| Self::failure("malformed message"))
    }
}

/// Whether a message answers the question for `name` and `rtype`.
///
/// Some servers leave the question out of an error they give to a message they cannot read: that is taken as
/// an answer only where it is an error.
pub fn answers_question(name: &WireName, rtype: Rtype, message: &Message<[u8]>) -> bool {
    if !message.header().qr() || message.header().opcode() != Opcode::QUERY {
        return false;
    }
    match message.header_counts().qdcount() {
        0 => !matches!(response_code(message), Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN)),
        1 => message.sole_question().is_ok_and(|question| {
            question.qtype() == rtype && question.qclass() == Class::IN && name.name_eq(question.qname())
        }),
        _ => false,
    }
}

/// The response code with its extension (RFC 6891 section 6.1.3), without which BADVERS reads as NOERROR.
pub fn response_code(message: &Message<[u8]>) -> Result<OptRcode, Unreadable> {
    let rcode = message.header().rcode();
    if message.header_counts().arcount() == 0 {
        return Ok(rcode.into());
    }
    for record in message.additional().map_err(|_| Unreadable)? {
        let record = record.map_err(|_| Unreadable)?;
        if record.rtype() == Rtype::OPT {
            let [extension, ..] = record.ttl().as_secs().to_be_bytes();
            return Ok(OptRcode::from_parts(rcode, extension));
        }
    }
    Ok(rcode.into())
}

/// A message that cannot be read to the end of what is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the DNS message is malformed")]
pub struct Unreadable;

fn read(name: &DnsName, octets: &[u8]) -> Result<Answer, Unreadable> {
    let message = Message::from_slice(octets).map_err(|_| Unreadable)?;
    let start = name.to_wire();
    if !answers_question(&start, Rtype::CAA, message) {
        return Ok(Answer::failure("an answer to another question"));
    }
    let header = message.header();
    if header.tc() {
        return Ok(Answer::failure("truncated"));
    }
    let rcode = response_code(message)?;
    if !matches!(rcode, OptRcode::NOERROR | OptRcode::NXDOMAIN) {
        return Ok(Answer::failure(rcode.to_string()));
    }
    let sections = AnswerSection::read(message)?;
    let chain = match sections.aliases.follow(&start) {
        Ok(chain) => chain,
        Err(error) => return Ok(Answer::failure(error.to_string())),
    };
    let end = chain.last().unwrap_or(&start);
    let at_end = || sections.caa.iter().filter(|record| record.owner == *end);
    let answer = Answer {
        content: match at_end().map(|record| record.ttl).min() {
            Some(ttl) => {
                let mut records: Vec<CaaRecord> = at_end().map(|record| record.record.clone()).collect();
                // Servers turn sets round from answer to answer; what is said of them is not to.
                if records.len() > 1 {
                    records.sort_by_cached_key(CaaRecord::rdata);
                }
                Content::Records { records, ttl }
            }
            None => Content::Empty,
        },
        detail: rcode.to_string(),
        aliases: chain.iter().map(shown).collect(),
        authentic_data: header.ad(),
        unanswered: None,
    };
    if answer.content == Content::Empty && rcode == OptRcode::NOERROR {
        let authority = Authority::read(message)?;
        if !authority.soa {
            // RFC 2308 section 2.2: servers of the zone itself say “none” otherwise, and so do resolvers. Some of those
            // hand on a referral as it came, so that their RA bit tells nothing.
            if authority.ns && !header.aa() && (!header.ra() || answer.aliases.is_empty()) {
                return Ok(Answer { content: Content::Failure, detail: "referral".to_owned(), ..answer });
            }
            if let Some(last) = answer.aliases.last() {
                // A server that does not recurse leaves the rest to whoever asks; one that does may only have lost it.
                let (detail, unanswered) = if header.ra() {
                    (format!("the alias chain ends at {last} without an answer"), last.parse().ok())
                } else {
                    (format!("the server did not follow the alias to {last}"), None)
                };
                return Ok(Answer { content: Content::Failure, detail, unanswered, ..answer });
            }
            if !header.aa() && !header.ra() {
                let detail = "an empty answer, neither authoritative nor recursive".to_owned();
                return Ok(Answer { content: Content::Failure, detail, ..answer });
            }
        }
    }
    Ok(answer)
}

/// What the answer section holds, as far as CAA is concerned.
#[derive(Default)]
struct AnswerSection {
    caa: Vec<OwnedCaa>,
    aliases: Aliases,
}

/// A CAA record with its owner.
struct OwnedCaa {
    owner: WireName,
    ttl: u32,
    record: CaaRecord,
}

impl AnswerSection {
    fn read(message: &Message<[u8]>) -> Result<Self, Unreadable> {
        let mut section = Self::default();
        for record in message.answer().map_err(|_| Unreadable)? {
            let record = record.map_err(|_| Unreadable)?;
            if record.class() == Class::IN {
                section.add(&record)?;
            }
        }
        Ok(section)
    }

    fn add(&mut self, record: &ParsedRecord<'_, [u8]>) -> Result<(), Unreadable> {
        let owner = owned(&record.owner());
        match record.rtype() {
            Rtype::CAA => {
                // Only the bounds of the RDATA come from the message; its content is read apart.
                let raw = record.to_record::<UnknownRecordData<&[u8]>>().ok().flatten().ok_or(Unreadable)?;
                let ttl = record.ttl().as_secs();
                self.caa.push(OwnedCaa { owner, ttl, record: CaaRecord::read(raw.data().data()) });
            }
            Rtype::CNAME => {
                let cname = record.to_record::<Cname<ParsedName<&[u8]>>>().ok().flatten();
                self.aliases.add_cname(owner, cname.map(|cname| owned(cname.data().cname())));
            }
            Rtype::DNAME => {
                if let Ok(Some(dname)) = record.to_record::<Dname<ParsedName<&[u8]>>>() {
                    self.aliases.dnames.push((owner, owned(dname.data().dname())));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Which kinds of record stand in the authority section.
struct Authority {
    soa: bool,
    ns: bool,
}

impl Authority {
    fn read(message: &Message<[u8]>) -> Result<Self, Unreadable> {
        let section: RecordSection<'_, [u8]> = message.authority().map_err(|_| Unreadable)?;
        let mut seen = Self { soa: false, ns: false };
        for record in section {
            let rtype = record.map_err(|_| Unreadable)?.rtype();
            seen.soa |= rtype == Rtype::SOA;
            seen.ns |= rtype == Rtype::NS;
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests;
