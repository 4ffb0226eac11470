//! One question in, one answer out: pure.

use domain::base::iana::{Class, Opcode, Rcode, Rtype};
use domain::base::message_builder::{AnswerBuilder, PushError};
use domain::base::rdata::UnknownRecordData;
use domain::base::{Message, MessageBuilder, Serial, ToName as _, Ttl};
use domain::rdata::Soa;

use super::zone::{Treatment, WireName, Zone, wire_name};

/// How many aliases are followed.
const MAX_ALIASES: usize = 12;
/// The time to live of every record, in seconds.
const TTL: u32 = 60;
/// The largest answer over UDP to a client that says nothing of EDNS (RFC 1035 section 4.2.1).
const PLAIN_UDP_LIMIT: u16 = 512;
/// The largest answer over UDP to anyone.
const UDP_LIMIT: u16 = 1232;

/// How the question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// As a datagram.
    Udp,
    /// On a stream.
    Tcp,
}

/// The answer to a message, or `None` where nothing is to be said: to junk, to answers, or by treatment.
pub(super) fn answer(zone: &Zone, query: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let query = Message::from_slice(query).ok()?;
    if query.header().qr() {
        return None;
    }
    if query.header().opcode() != Opcode::QUERY {
        return error(query, Rcode::NOTIMP);
    }
    let Ok(question) = query.sole_question() else {
        return error(query, Rcode::FORMERR);
    };
    let name: WireName = question.qname().to_canonical_name();
    let whole = || respond(zone, query, &name, question.qtype(), transport);
    match zone.treatment(&name) {
        Treatment::ServFail => error(query, Rcode::SERVFAIL),
        Treatment::Refused => error(query, Rcode::REFUSED),
        Treatment::Silent => None,
        Treatment::Junk => Some(b"this is not a DNS message".to_vec()),
        Treatment::AlwaysTruncated if transport == Transport::Udp => truncated(query),
        Treatment::Answer | Treatment::AlwaysTruncated => whole(),
        Treatment::WrongId => whole().map(with_another_id),
        Treatment::WrongQuestion => to_another_question(query, question.qtype()),
    }
}

fn with_another_id(mut message: Vec<u8>) -> Vec<u8> {
    if let Some(first) = message.first_mut() {
        *first ^= 0xff;
    }
    message
}

fn to_another_question(query: &Message<[u8]>, rtype: Rtype) -> Option<Vec<u8>> {
    let mut builder = MessageBuilder::new_vec().question();
    *builder.header_mut() = query.header();
    builder.header_mut().set_qr(true);
    builder.push((wire_name("other.invalid").ok()?, rtype)).ok()?;
    Some(builder.finish())
}

fn respond(
    zone: &Zone,
    query: &Message<[u8]>,
    name: &WireName,
    rtype: Rtype,
    transport: Transport,
) -> Option<Vec<u8>> {
    let limit = match transport {
        Transport::Tcp => u16::MAX,
        Transport::Udp => query
            .opt()
            .map_or(PLAIN_UDP_LIMIT, |opt| opt.udp_payload_size().clamp(PLAIN_UDP_LIMIT, UDP_LIMIT)),
    };
    // A message that does not fit is sent without records and with the TC bit (RFC 2181 section 9).
    fill(zone, query, name, rtype, usize::from(limit)).ok().or_else(|| truncated(query))
}

/// Aliases and records, or an SOA where there are none (RFC 2308).
fn fill(
    zone: &Zone,
    query: &Message<[u8]>,
    name: &WireName,
    rtype: Rtype,
    limit: usize,
) -> Result<Vec<u8>, PushError> {
    let mut builder = start(query, Rcode::NOERROR)?;
    builder.set_push_limit(limit);
    let mut owner = name.clone();
    let mut found = false;
    for _ in 0..=MAX_ALIASES {
        for data in zone.records(&owner, rtype) {
            found = true;
            push(&mut builder, &owner, rtype, data)?;
        }
        let Some(alias) = zone.records(&owner, Rtype::CNAME).next() else { break };
        if found {
            break;
        }
        push(&mut builder, &owner, Rtype::CNAME, alias)?;
        let Ok(target) = WireName::from_octets(alias.to_vec()) else { break };
        owner = target.to_canonical_name();
    }
    if !found && !zone.exists(&owner) {
        builder.header_mut().set_rcode(Rcode::NXDOMAIN);
    }
    let mut authority = builder.authority();
    if !found {
        let soa_owner = zone.soa_owner(&owner);
        let ttl = Ttl::from_secs(TTL);
        let soa = Soa::new(soa_owner.clone(), soa_owner.clone(), Serial(1), ttl, ttl, ttl, ttl);
        authority.push((soa_owner, Class::IN, TTL, soa))?;
    }
    let mut additional = authority.additional();
    if query.opt().is_some() {
        additional.opt(|opt| {
            opt.set_udp_payload_size(UDP_LIMIT);
            Ok(())
        })?;
    }
    Ok(additional.finish())
}

fn push(
    builder: &mut AnswerBuilder<Vec<u8>>,
    owner: &WireName,
    rtype: Rtype,
    data: &[u8],
) -> Result<(), PushError> {
    let data = UnknownRecordData::from_octets(rtype, data).map_err(|_| PushError::LimitExceeded)?;
    builder.push((owner, Class::IN, TTL, data))
}

/// The header and question of an answer by a server that recurses.
fn start(query: &Message<[u8]>, rcode: Rcode) -> Result<AnswerBuilder<Vec<u8>>, PushError> {
    let mut builder = MessageBuilder::new_vec().start_answer(query, rcode)?;
    builder.header_mut().set_ra(true);
    Ok(builder)
}

fn error(query: &Message<[u8]>, rcode: Rcode) -> Option<Vec<u8>> {
    start(query, rcode).ok().map(AnswerBuilder::finish)
}

fn truncated(query: &Message<[u8]>) -> Option<Vec<u8>> {
    let mut builder = start(query, Rcode::NOERROR).ok()?;
    builder.header_mut().set_tc(true);
    Some(builder.finish())
}

#[cfg(test)]
mod tests {
    use super::super::Record;
    use super::*;

    fn query(name: &str, rtype: Rtype) -> Vec<u8> {
        let mut builder = MessageBuilder::new_vec();
        builder.header_mut().set_id(0x1234);
        builder.header_mut().set_rd(true);
        let mut question = builder.question();
        question.push((wire_name(name).unwrap(), rtype)).unwrap();
        question.finish()
    }

    fn ask(zone: &Zone, name: &str, transport: Transport) -> Message<Vec<u8>> {
        Message::from_octets(answer(zone, &query(name, Rtype::CAA), transport).unwrap()).unwrap()
    }

    fn zone() -> Zone {
        let mut zone = Zone::new("demo.example").unwrap();
        zone.add("Demo.Example", &Record::caa("issue", "ca.example")).unwrap();
        zone.add("www.demo.example", &Record::Cname("demo.example".into())).unwrap();
        zone.add("loop.demo.example", &Record::Cname("loop.demo.example".into())).unwrap();
        for _ in 0..40 {
            zone.add("big.demo.example", &Record::caa("issue", "a-rather-long-name.ca.example")).unwrap();
        }
        zone
    }

    #[test]
    fn records_aliases_and_their_absence() {
        let zone = zone();
        let direct = ask(&zone, "DEMO.example", Transport::Udp);
        assert_eq!((direct.header().rcode(), direct.header_counts().ancount()), (Rcode::NOERROR, 1));
        let alias = ask(&zone, "www.demo.example", Transport::Udp);
        assert_eq!((alias.header().rcode(), alias.header_counts().ancount()), (Rcode::NOERROR, 2));
        let empty = ask(&zone, "example", Transport::Udp);
        assert_eq!((empty.header().rcode(), empty.header_counts().nscount()), (Rcode::NOERROR, 1));
        let absent = ask(&zone, "nowhere.demo.example", Transport::Udp);
        assert_eq!((absent.header().rcode(), absent.header_counts().nscount()), (Rcode::NXDOMAIN, 1));
    }

    #[test]
    fn what_does_not_fit_is_cut_over_udp_only() {
        let zone = zone();
        let udp = ask(&zone, "big.demo.example", Transport::Udp);
        assert!(udp.header().tc() && udp.as_slice().len() <= 512);
        assert_eq!(udp.header_counts().ancount(), 0);
        let tcp = ask(&zone, "big.demo.example", Transport::Tcp);
        assert!(!tcp.header().tc());
        assert_eq!(tcp.header_counts().ancount(), 40);
    }

    #[test]
    fn an_alias_to_itself_ends() {
        let answer = ask(&zone(), "loop.demo.example", Transport::Tcp);
        assert_eq!(usize::from(answer.header_counts().ancount()), MAX_ALIASES + 1);
    }

    #[test]
    fn junk_is_not_answered_and_never_panics() {
        let zone = zone();
        assert_eq!(answer(&zone, b"", Transport::Udp), None);
        assert_eq!(answer(&zone, b"short", Transport::Tcp), None);
        let whole = query("www.demo.example", Rtype::CAA);
        for end in 0..whole.len() {
            let _ = answer(&zone, &whole[..end], Transport::Udp);
            let mut changed = whole.clone();
            changed[end] ^= 0xff;
            let _ = answer(&zone, &changed, Transport::Udp);
        }
    }
}
