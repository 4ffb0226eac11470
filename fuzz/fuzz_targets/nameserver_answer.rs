//! Any message is read as an authoritative server's answer, and as what shows zones and servers. The first octet
//! chooses the type asked for, and how many records each section is said to have.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::caa::nameservers::delegation::{delegation_of, servers_of, zone_cut};
use pinstead::caa::nameservers::{Said, ZoneSaid};
use pinstead::dns_name::DnsName;
use pinstead::evidence::dns::{DnsAttempt, DnsOutcome, DnsTransport};

/// Id, flags QR, one question, t.example, class IN; the type stands before the class.
const START: &[u8] = b"\x12\x34\x80\0\0\x01\0\x01\0\x01\0\x01\x01t\x07example\0\0\0\0\x01";

fuzz_target!(|octets: &[u8]| {
    let Ok(zone) = "t.example".parse::<DnsName>() else { return };
    let Some((choice, rest)) = octets.split_first() else { return };
    let mut message = START.to_vec();
    let rtype: u16 = [257, 6, 2, 1][usize::from(choice & 3)];
    let at = message.len() - 4;
    message[at..at + 2].copy_from_slice(&rtype.to_be_bytes());
    // AA or not.
    message[2] |= choice & 4;
    message[7] = choice >> 6;
    message[9] = (choice >> 4) & 3;
    message.extend(rest);
    let attempts = [DnsAttempt {
        server: String::new(),
        transport: DnsTransport::Udp,
        milliseconds: 0,
        outcome: DnsOutcome::Message(message.into()),
    }];
    assert!(!Said::read(&zone, &zone, &attempts).to_string().contains(char::is_control));
    let _ = (ZoneSaid::read(&zone, &attempts), zone_cut(&zone, &attempts));
    let _ = (delegation_of(&zone, &attempts), servers_of(&zone, &attempts));
});
