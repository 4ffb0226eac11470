//! DNS messages made by hand for tests: no code is shared with what reads them.

use crate::evidence::dns::{CaaLookup, DnsAttempt, DnsExchange, DnsOutcome, DnsTransport};

/// The look-up of a name that has these records itself: tags and values.
pub(crate) fn found(name: &str, records: &[(&str, &str)]) -> CaaLookup {
    let records: Vec<Rr<'_>> = records.iter().map(|(tag, value)| (name, CAA, caa(0, tag, value))).collect();
    let attempt = DnsAttempt {
        server: "192.0.2.1:53".to_owned(),
        transport: DnsTransport::Udp,
        milliseconds: 1,
        outcome: DnsOutcome::Message(message(name, RECURSIVE, &records, &[soa("example")]).into()),
    };
    let name = name.parse().unwrap();
    let step = DnsExchange::of(Clone::clone(&name), vec![attempt]);
    CaaLookup { steps: vec![step.into()], ..CaaLookup::of(name) }
}

/// A record of an answer: owner, type, RDATA.
pub(super) type Rr<'a> = (&'a str, u16, Vec<u8>);

pub(super) const CNAME: u16 = 5;
pub(super) const SOA: u16 = 6;
pub(super) const NS: u16 = 2;
pub(super) const DNAME: u16 = 39;
pub(super) const CAA: u16 = 257;

/// QR, RD and RA: what a recursive server answers with.
pub(super) const RECURSIVE: u16 = 0x8180;
/// QR and AA: what an authoritative server answers with.
pub(super) const AUTHORITATIVE: u16 = 0x8400;

/// A name without compression.
pub(super) fn name(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        octets.push(u8::try_from(label.len()).unwrap());
        octets.extend(label.as_bytes());
    }
    octets.push(0);
    octets
}

/// CAA RDATA.
pub(super) fn caa(flags: u8, tag: &str, value: &str) -> Vec<u8> {
    [&[flags, u8::try_from(tag.len()).unwrap()], tag.as_bytes(), value.as_bytes()].concat()
}

/// A message with a CAA question.
pub(super) fn message(question: &str, flags: u16, answer: &[Rr<'_>], authority: &[Rr<'_>]) -> Vec<u8> {
    let count = |records: &[Rr<'_>]| u16::try_from(records.len()).unwrap().to_be_bytes();
    let mut octets = [&[0x12, 0x34], &flags.to_be_bytes()[..], &[0, 1]].concat();
    octets.extend([count(answer), count(authority), [0, 0]].concat());
    octets.extend(name(question));
    octets.extend([1, 1, 0, 1]);
    for (owner, rtype, rdata) in answer.iter().chain(authority) {
        octets.extend(name(owner));
        octets.extend(rtype.to_be_bytes());
        octets.extend([0, 1, 0, 0, 1, 44]);
        octets.extend(u16::try_from(rdata.len()).unwrap().to_be_bytes());
        octets.extend(rdata);
    }
    octets
}

/// The SOA record of a zone.
pub(super) fn soa(zone: &str) -> Rr<'_> {
    (zone, SOA, [name("ns.example"), name("h.example"), vec![0; 20]].concat())
}
