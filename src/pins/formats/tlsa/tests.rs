//! Records in zone files and in answers.

use domain::base::MessageBuilder;
use domain::base::iana::{Class, Rtype};
use domain::base::rdata::UnknownRecordData;
use domain::base::{Ttl, name::ToName as _};
use domain::rdata::Cname;
use proptest::prelude::*;

use super::*;
use crate::evidence::dns::{
    DnsAttempt, DnsExchange, DnsOutcome, DnsTransport, DnssecReading, DnssecState, TlsaLookup, Validator,
};
use crate::pins::formats::tests::only;
use crate::pins::model::{ProblemKind, TlsaNumbers};
use crate::pins::{PinFault, PinFile, PinValue, PositionRule, Reading};
use crate::x509::{CertificateSha256, SpkiSha256, hexadecimal};

/// A look-up for `mail.example` that was answered with this RDATA, over an alias where one is named.
pub(crate) fn lookup(
    port: u16,
    rdata: &[Vec<u8>],
    alias: Option<&str>,
    state: Option<DnssecState>,
) -> TlsaLookup {
    let name: crate::dns_name::DnsName = format!("_{port}._tcp.mail.example").parse().unwrap();
    let wire = name.to_wire();
    let mut message = MessageBuilder::new_vec();
    message.header_mut().set_qr(true);
    let mut question = message.question();
    question.push((&wire, Rtype::TLSA)).unwrap();
    let mut answer = question.answer();
    let mut owner = wire.clone();
    if let Some(alias) = alias {
        let target = alias.parse::<crate::dns_name::DnsName>().unwrap().to_wire();
        answer.push((&owner, Class::IN, Ttl::HOUR, Cname::new(target.clone()))).unwrap();
        owner = target.to_vec();
    }
    for octets in rdata {
        let data = UnknownRecordData::from_octets(Rtype::TLSA, octets.clone()).unwrap();
        answer.push((&owner, Class::IN, Ttl::HOUR, data)).unwrap();
    }
    let attempt = DnsAttempt {
        server: "192.0.2.53:53".to_owned(),
        transport: DnsTransport::Udp,
        milliseconds: 1,
        outcome: DnsOutcome::Message(answer.finish().into()),
    };
    let mut exchange = DnsExchange::of(name, vec![attempt]);
    exchange.dnssec = state.map(|state| DnssecReading {
        state,
        validator: Validator::Own,
        detail: None,
        unfinished: None,
        own_zone: None,
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
    });
    TlsaLookup {
        host: "mail.example".parse().unwrap(),
        port,
        transport: "tcp".to_owned(),
        exchange,
        dnssec: Vec::new(),
    }
}

/// The RDATA of a record for the SHA-256 hash of a key.
pub(crate) fn spki(usage: u8, name: &str) -> Vec<u8> {
    [&[usage, 1, 1], SpkiSha256::of(name.as_bytes()).0.as_slice()].concat()
}

fn source(file: PinFile) -> PinSource {
    match file.reading {
        Reading::Read(source) => source,
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> PinSource {
    match only("zone", text.as_bytes()) {
        Reading::Read(source) => source,
        other => panic!("{other:?}\n{text}"),
    }
}

#[test]
fn zone_files_are_read_in_every_way_of_writing() {
    let hash = SpkiSha256::of(b"key");
    let hex = hexadecimal(&hash.0);
    let (first, second) = hex.split_at(20);
    let service = HostPattern::Service { host: "mail.example".into(), port: 25, transport: "tcp".into() };
    for line in [
        format!("_25._tcp.mail.example. IN TLSA 3 1 1 {hex}"),
        format!("_25._TCP.Mail.Example. 3600 IN tlsa 3 1 1 {first} {second} ; now"),
        format!("$ORIGIN example.\n_25._tcp.mail TLSA DANE-EE SPKI SHA2-256 ( {first}\n  {second} )"),
        format!("$TTL 60\n_25._tcp.mail.example. IN 60 TLSA ( 3 1 1\n {hex} )"),
        format!("_25._tcp.mail.example. 60 IN TYPE52 \\# 35 030101{hex}"),
        format!("_25._tcp.mail.example. IN A 192.0.2.1\n   IN TLSA 3 1 1 {hex}"),
    ] {
        let source = text(&line);
        assert_eq!(source.entries.len(), 1, "{line}\n{source:?}");
        let entry = &source.entries[0];
        assert_eq!(entry.scope, service, "{line}");
        assert_eq!(entry.pins[0].value, Ok(PinValue::Spki(hash)), "{line}");
        assert_eq!(entry.pins[0].position, PositionRule::Leaf);
        // Without the DNS, nobody knows whether clients use it.
        assert_eq!(entry.enforcement.mode, EnforcementMode::Unknown);
        assert_eq!(source.problems, []);
        assert_eq!(entry.pins[0].tlsa, Some(TlsaNumbers { usage: 3, selector: 1, matching: 1 }));
        assert_eq!(entry.pins[0].shown(), format!("3 1 1 {hex}"));
    }
}

#[test]
fn what_is_no_record_is_told_or_left_alone() {
    for other in ["TLSA is a record type", "see RFC 6698 (TLSA)", "mail.example. IN A 192.0.2.1"] {
        assert_eq!(only("notes.txt", other.as_bytes()), Reading::NotRecognised, "{other}");
    }
    let source = text("mail.example. IN TLSA 3 1 1 00\n_25._tcp.mail.example. IN TLSA 3 1 1 0g");
    assert!(source.entries.is_empty());
    let lines: Vec<_> = source.problems.iter().filter_map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 2]);
}

#[test]
fn each_selector_and_matching_type_names_its_own() {
    let octets = b"whole";
    let cases: [(&[u8], Result<PinValue, ()>); 8] = [
        (&[3, 0, 0], Ok(PinValue::Certificate(CertificateSha256::of(octets)))),
        (&[3, 1, 0], Ok(PinValue::Spki(SpkiSha256::of(octets)))),
        (&[3, 0, 1], Ok(PinValue::Certificate(CertificateSha256([7; 32])))),
        (&[3, 1, 1], Ok(PinValue::Spki(SpkiSha256([7; 32])))),
        (&[3, 0, 2], Ok(PinValue::CertificateSha512([7; 64]))),
        (&[3, 1, 2], Ok(PinValue::SpkiSha512([7; 64]))),
        (&[3, 2, 1], Err(())),
        (&[4, 1, 1], Err(())),
    ];
    for (head, expected) in cases {
        let data = match head {
            [_, _, 0] => octets.to_vec(),
            [_, _, 1] => vec![7; 32],
            _ => vec![7; 64],
        };
        let record = Record::read(&[head, &data].concat()).unwrap();
        assert_eq!(record.pin().value.map_err(|_| ()), expected, "{head:?}");
    }
    let short = Record::read(&[3, 1, 1, 0]).unwrap().pin();
    assert!(matches!(short.value, Err(PinFault::NotOfThisPlatform(why)) if why.contains("1 octets")));
    assert_eq!(Record::read(&[3, 1]), None);
}

#[test]
fn only_dnssec_makes_records_count() {
    let of = |port, state| source(of_lookup(&lookup(port, &[spki(3, "key")], None, state)));
    for (port, state, mode, problem) in [
        (25, Some(DnssecState::Secure), EnforcementMode::Yes, None),
        (443, Some(DnssecState::Secure), EnforcementMode::No, None),
        (25, Some(DnssecState::Insecure), EnforcementMode::No, Some(ProblemKind::NoDnssec)),
        (25, Some(DnssecState::Bogus), EnforcementMode::No, Some(ProblemKind::NoDnssec)),
        (25, Some(DnssecState::Indeterminate), EnforcementMode::Unknown, Some(ProblemKind::NotRead)),
        (25, None, EnforcementMode::Unknown, Some(ProblemKind::NotRead)),
    ] {
        let source = of(port, state);
        assert_eq!(source.entries[0].enforcement.mode, mode, "{port} {state:?}");
        assert_eq!(source.problems.first().map(|problem| problem.kind), problem, "{port} {state:?}");
    }
}

#[test]
fn an_alias_is_followed_and_its_open_end_is_told() {
    let over = |rdata: &[Vec<u8>]| lookup(25, rdata, Some("_dane.example.net"), Some(DnssecState::Secure));
    let found = source(of_lookup(&over(&[spki(3, "key"), spki(2, "ca")])));
    let positions: Vec<_> = found.entries.iter().map(|entry| entry.pins[0].position).collect();
    assert_eq!(positions, [PositionRule::Ca, PositionRule::Leaf]);
    assert!(unanswered(&over(&[]).exchange).is_some());
    assert_eq!(unanswered(&over(&[spki(3, "key")]).exchange), None);
    assert!(source(of_lookup(&over(&[]))).entries.is_empty());
}

proptest! {
    #[test]
    fn no_zone_file_makes_it_panic(text in "(_25\\._tcp\\.a\\.|TLSA |TYPE52 |\\\\# |IN |3 1 1 |[0-9a-f]{2}|\\(|\\)|;|\n| |\\$ORIGIN |\\PC){0,60}") {
        let _ = only("zone", text.as_bytes());
        let _ = text::read(&text);
    }

    #[test]
    fn no_message_makes_it_panic(octets: Vec<u8>, cut in 0_usize..120, flip in 0_usize..120) {
        let mut lookup = lookup(25, &[spki(3, "key"), spki(2, "ca")], Some("a.example"), None);
        let DnsOutcome::Message(message) = lookup.exchange.attempts[0].outcome.clone() else { panic!() };
        let mut torn = message.0[..cut.min(message.0.len())].to_vec();
        if let Some(octet) = torn.get_mut(flip) {
            *octet ^= 0x41;
        }
        for octets in [octets, torn] {
            lookup.exchange.attempts[0].outcome = DnsOutcome::Message(octets.into());
            let _ = of_lookup(&lookup);
            let _ = unanswered(&lookup.exchange);
        }
    }
}
