//! Which zone a name is in, and which servers a zone has: SOA, NS and address answers.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use core::net::IpAddr;

use domain::base::iana::{Class, OptRcode, Rtype};
use domain::base::message::RecordSection;
use domain::base::wire::ParseError;
use domain::base::{Message, ParsedName, ParsedRecord};
use domain::rdata::{A, Aaaa, Ns, Soa};

use crate::caa::alias::{owned, shown};
use crate::caa::answer::{answers_question, response_code};
use crate::dns_name::{DnsName, WireName};
use crate::evidence::dns::{DnsAttempt, DnsOutcome};

/// Where a name stands in its zone, by the answer to its SOA question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZoneCut {
    /// It is the apex of a zone.
    Apex,
    /// It is no apex: it is in the zone of its parent.
    Within,
    /// Nobody can say, and why.
    Unknown(String),
}

/// What a server of the parent zone says of a delegation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delegation {
    /// It refers to other servers.
    Referral(Referral),
    /// It answers for the name itself, so that there is no delegation to be seen here.
    Own,
    /// It says nothing of use, and why.
    Unknown(String),
}

/// A referral (RFC 1034 section 4.3.2, step 3b).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// The apex of the zone that is referred to.
    pub cut: DnsName,
    /// Its servers, sorted.
    pub servers: Vec<DnsName>,
    /// The addresses that are given along.
    pub glue: Vec<(DnsName, IpAddr)>,
}

/// Where `name` stands, by the answer to its SOA question. A zone's apex has no alias (RFC 1034 section 3.6.2), so
/// that a name with one is in its parent's zone.
pub fn zone_cut(name: &DnsName, attempts: &[DnsAttempt]) -> ZoneCut {
    let wire = name.to_wire();
    let is_apex = usable(&wire, Rtype::SOA, attempts).and_then(|message| {
        let mut records = section(message.answer()).map_err(malformed)?.into_iter();
        Ok(records.any(|record| record.rtype() == Rtype::SOA && owned(&record.owner()) == wire))
    });
    match is_apex {
        Ok(true) => ZoneCut::Apex,
        Ok(false) => ZoneCut::Within,
        Err(why) => ZoneCut::Unknown(why),
    }
}

/// The servers that the NS question for `zone` brought, sorted.
pub fn servers_of(zone: &DnsName, attempts: &[DnsAttempt]) -> Result<Vec<DnsName>, String> {
    let wire = zone.to_wire();
    let message = usable(&wire, Rtype::NS, attempts)?;
    let servers = nameservers(&section(message.answer()).map_err(malformed)?, &wire);
    if servers.is_empty() { Err(format!("{zone} has no NS record")) } else { Ok(servers) }
}

/// What a server of the parent zone says to the NS question for `name`.
pub fn delegation_of(name: &DnsName, attempts: &[DnsAttempt]) -> Delegation {
    read_delegation(name, attempts).unwrap_or_else(Delegation::Unknown)
}

fn read_delegation(name: &DnsName, attempts: &[DnsAttempt]) -> Result<Delegation, String> {
    let wire = name.to_wire();
    let message = usable(&wire, Rtype::NS, attempts)?;
    if message.header().aa() {
        return Ok(Delegation::Own);
    }
    let authority = section(message.authority()).map_err(malformed)?;
    let Some(cut) = referred_to(&authority) else {
        return Err("neither an authoritative answer nor a referral".to_owned());
    };
    let servers = nameservers(&authority, &cut);
    let additional = section(message.additional()).map_err(malformed)?;
    let glue = additional
        .iter()
        .filter_map(|record| Some((host_name(&owned(&record.owner()))?, address(record)?)))
        .filter(|(name, _)| servers.contains(name))
        .collect();
    match host_name(&cut) {
        Some(cut) if name.is_at_or_below(&cut) => Ok(Delegation::Referral(Referral { cut, servers, glue })),
        _ => Err(format!("a referral to {}", shown(&cut))),
    }
}

/// The addresses that the question for them brought; none is an answer too.
pub fn addresses_of(name: &DnsName, rtype: Rtype, attempts: &[DnsAttempt]) -> Result<Vec<IpAddr>, String> {
    let message = usable(&name.to_wire(), rtype, attempts)?;
    let records = section(message.answer()).map_err(malformed)?;
    let mut addresses: Vec<IpAddr> =
        records.iter().filter(|record| record.rtype() == rtype).filter_map(address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

/// The serial of the zone's SOA record in an answer section.
pub(super) fn serial(zone: &WireName, message: &Message<[u8]>) -> Option<u32> {
    section(message.answer()).ok()?.iter().find_map(|record| {
        let soa = record.to_record::<Soa<ParsedName<&[u8]>>>().ok()??;
        (owned(&record.owner()) == *zone).then(|| soa.data().serial().into_int())
    })
}

/// The apex that the NS records of an authority section belong to.
pub(super) fn referral_of(message: &Message<[u8]>) -> Option<WireName> {
    referred_to(&section(message.authority()).ok()?)
}

fn referred_to(authority: &[ParsedRecord<'_, [u8]>]) -> Option<WireName> {
    authority.iter().find(|record| record.rtype() == Rtype::NS).map(|record| owned(&record.owner()))
}

/// The end of an exchange as a message with an answer, or what it is instead.
fn usable<'a>(
    name: &WireName,
    rtype: Rtype,
    attempts: &'a [DnsAttempt],
) -> Result<&'a Message<[u8]>, String> {
    let octets = match attempts.last().map(|attempt| &attempt.outcome) {
        None => return Err("not asked".to_owned()),
        Some(DnsOutcome::Failed(failure)) => return Err(failure.to_string()),
        Some(DnsOutcome::Message(octets)) => octets,
    };
    let message = Message::from_slice(octets).map_err(malformed)?;
    if !answers_question(name, rtype, message) {
        return Err("an answer to another question".to_owned());
    }
    if message.header().tc() {
        return Err("truncated".to_owned());
    }
    match response_code(message).map_err(malformed)? {
        OptRcode::NOERROR | OptRcode::NXDOMAIN => Ok(message),
        rcode => Err(rcode.to_string()),
    }
}

fn malformed<E>(_: E) -> String {
    "malformed message".to_owned()
}

/// The records of a section, of class IN.
fn section(
    records: Result<RecordSection<'_, [u8]>, ParseError>,
) -> Result<Vec<ParsedRecord<'_, [u8]>>, ParseError> {
    let records: Result<Vec<_>, _> = records?.collect();
    Ok(records?.into_iter().filter(|record| record.class() == Class::IN).collect())
}

/// The host names of the NS records that `owner` has, sorted. Targets that are no host name have no address.
fn nameservers(records: &[ParsedRecord<'_, [u8]>], owner: &WireName) -> Vec<DnsName> {
    let mut servers: Vec<DnsName> = records
        .iter()
        .filter(|record| owned(&record.owner()) == *owner)
        .filter_map(|record| record.to_record::<Ns<ParsedName<&[u8]>>>().ok().flatten())
        .filter_map(|ns| host_name(&owned(ns.data().nsdname())))
        .collect();
    servers.sort();
    servers.dedup();
    servers
}

fn host_name(name: &WireName) -> Option<DnsName> {
    shown(name).parse().ok()
}

fn address(record: &ParsedRecord<'_, [u8]>) -> Option<IpAddr> {
    match record.rtype() {
        Rtype::A => Some(IpAddr::V4(record.to_record::<A>().ok()??.data().addr())),
        Rtype::AAAA => Some(IpAddr::V6(record.to_record::<Aaaa>().ok()??.data().addr())),
        _ => None,
    }
}
