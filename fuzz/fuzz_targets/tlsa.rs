//! Any octets as TLSA records: as a zone file, and as the answer of the DNS.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::evidence::dns::{DnsAttempt, DnsExchange, DnsOutcome, DnsTransport, TlsaLookup};
use pinstead::pins::formats::{self, tlsa};

fuzz_target!(|octets: &[u8]| {
    let _ = formats::read("zone", &[b"_25._tcp.a. TLSA 3 1 1 00\n".as_slice(), octets].concat());
    let (Ok(name), Ok(host)) = ("_25._tcp.mail.example".parse(), "mail.example".parse()) else { return };
    let attempt = DnsAttempt {
        server: String::new(),
        transport: DnsTransport::Udp,
        milliseconds: 0,
        outcome: DnsOutcome::Message(octets.to_vec().into()),
    };
    let exchange = DnsExchange::of(name, vec![attempt]);
    let _ = tlsa::unanswered(&exchange);
    let transport = "tcp".to_owned();
    let _ = tlsa::of_lookup(&TlsaLookup { host, port: 25, transport, exchange, dnssec: Vec::new() });
});
