//! What every authoritative server says of CAA, in the JSON of one name.

use core::net::IpAddr;

use serde::Serialize;

use crate::caa::nameservers::{Agreement, Consequence, Endpoint, Fault, NameserverReading, ZoneReading};
use crate::caa::{Policy, Verdict};
use crate::dns_name::DnsName;
use crate::evidence::dns::DnsTransport;

/// The `nameservers` of a name.
#[derive(Debug, Serialize)]
pub(super) struct JsonNameservers<'a> {
    state: Agreement,
    zones: Vec<JsonZone<'a>>,
    /// The names for which no server was asked, and why.
    not_asked: Vec<JsonNotAsked<'a>>,
    /// What a CA would conclude that asks a server which differs.
    consequences: Vec<JsonConsequence<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonZone<'a> {
    zone: &'a str,
    state: Agreement,
    names: Vec<&'a str>,
    servers: Vec<JsonAnswer<'a>>,
    /// Servers that only the delegation names.
    only_delegated: Vec<&'a str>,
    /// Servers that only the zone itself names.
    only_own: Vec<&'a str>,
    /// Servers without an address, and why.
    without_address: Vec<JsonNotAsked<'a>>,
    /// How many servers and addresses were left out.
    left_out: usize,
}

/// One answer of one server at one address over one transport.
#[derive(Debug, Serialize)]
struct JsonAnswer<'a> {
    name: &'a str,
    address: IpAddr,
    transport: DnsTransport,
    name_asked: &'a str,
    answer: &'static str,
    detail: String,
    differs: bool,
    serial: Option<u32>,
    /// `no_caa`, `lame`, `no_tcp` or `unreachable`.
    fault: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct JsonNotAsked<'a> {
    name: &'a str,
    why: String,
}

#[derive(Debug, Serialize)]
struct JsonConsequence<'a> {
    at: &'a [String],
    /// `anyone`, `only`, `nobody` or `undetermined`.
    policy: &'static str,
    gain: &'a [String],
    lose: &'a [String],
    verdicts: Vec<JsonOtherVerdict<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonOtherVerdict<'a> {
    ca: &'a str,
    verdict: Verdict,
    reason: &'a str,
}

impl<'a> JsonNameservers<'a> {
    /// Nothing where nobody wanted to know.
    pub(super) fn new(reading: &'a NameserverReading) -> Option<Self> {
        if reading.state == Agreement::NotAsked {
            return None;
        }
        let not_asked = reading.not_asked.iter();
        Some(Self {
            state: reading.state,
            zones: reading.zones.iter().map(JsonZone::new).collect(),
            not_asked: not_asked
                .map(|name| JsonNotAsked { name: &name.name, why: name.why.to_string() })
                .collect(),
            consequences: reading.consequences.iter().map(JsonConsequence::new).collect(),
        })
    }
}

impl<'a> JsonZone<'a> {
    fn new(zone: &'a ZoneReading) -> Self {
        let state = if !zone.is_consistent() {
            Agreement::Inconsistent
        } else if zone.names.iter().any(|name| name.usual.is_none()) {
            Agreement::Undetermined
        } else {
            Agreement::Consistent
        };
        let without = zone.without_address.iter();
        Self {
            zone: zone.zone.as_str(),
            state,
            names: zone.names.iter().map(|name| name.name.as_str()).collect(),
            servers: zone.endpoints.iter().flat_map(answers).collect(),
            only_delegated: zone.delegation.only_delegated.iter().map(DnsName::as_str).collect(),
            only_own: zone.delegation.only_own.iter().map(DnsName::as_str).collect(),
            without_address: without
                .map(|(name, why)| JsonNotAsked { name: name.as_str(), why: why.clone() })
                .collect(),
            left_out: zone.left_out,
        }
    }
}

fn answers(endpoint: &Endpoint) -> impl Iterator<Item = JsonAnswer<'_>> {
    let fault = endpoint.fault.as_ref().map(|fault| match fault {
        Fault::NoCaa { .. } => "no_caa",
        Fault::Lame(_) => "lame",
        Fault::NoTcp { .. } => "no_tcp",
        Fault::Unreachable { .. } => "unreachable",
    });
    endpoint.answers.iter().map(move |answer| JsonAnswer {
        name: endpoint.server.as_str(),
        address: endpoint.address,
        transport: endpoint.transport,
        name_asked: answer.name.as_str(),
        answer: answer.said.kind(),
        detail: answer.said.to_string(),
        differs: answer.differs,
        serial: endpoint.zone.serial(),
        fault,
    })
}

impl<'a> JsonConsequence<'a> {
    fn new(consequence: &'a Consequence) -> Self {
        let Consequence { at, policy, gain, lose, verdicts } = consequence;
        let policy = match policy {
            Policy::Anyone => "anyone",
            Policy::Only(_) => "only",
            Policy::Nobody => "nobody",
            Policy::Undetermined(_) => "undetermined",
        };
        let verdicts = verdicts.iter().map(|verdict| JsonOtherVerdict {
            ca: &verdict.ca,
            verdict: verdict.verdict,
            reason: &verdict.reason,
        });
        Self { at, policy, gain, lose, verdicts: verdicts.collect() }
    }
}
