//! What every authoritative server says, compared: CAs look from several places (TLS BR 3.2.2.9), and each place may
//! ask another server.

mod compare;
mod consequence;
pub mod delegation;
mod said;
#[cfg(test)]
mod tests;

use core::net::IpAddr;

use serde::Serialize;

use self::compare::compare;
pub use self::consequence::Consequence;
use self::consequence::consequences;
pub use self::said::{Said, ZoneSaid};
use super::judge::CaaReading;
use super::verdict::CaaQuestion;
use crate::dns_name::{CertificateName, DnsName};
use crate::evidence::dns::{
    CaaLookup, DnsOutcome, DnsTransport, NameNotAsked, NameserverAnswer, NameserverSurvey, NotAsked,
    ZoneObservation,
};

/// What the authoritative servers say, compared with one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameserverReading {
    /// Whether they agree.
    pub state: Agreement,
    /// The zones of the names of the climb, and of the aliases on its way.
    pub zones: Vec<ZoneReading>,
    /// The names for which no server was asked.
    pub not_asked: Vec<NameNotAsked>,
    /// What a CA would conclude that asks a server which differs, where that is something else.
    pub consequences: Vec<Consequence>,
}

/// Whether all servers say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Every server, at every address and over both transports, says the same.
    Consistent,
    /// At least one says something else than the others, or nothing of use.
    Inconsistent,
    /// For at least one name no server spoke, or no server could be asked.
    Undetermined,
    /// It was not asked for.
    #[default]
    NotAsked,
}

/// One zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneReading {
    /// Its apex.
    pub zone: DnsName,
    /// Each name asked for in it.
    pub names: Vec<NameReading>,
    /// Each address of each server over each transport.
    pub endpoints: Vec<Endpoint>,
    /// The servers whose addresses cannot be had, and why.
    pub without_address: Vec<(DnsName, String)>,
    /// How the zone's own set of servers and that of the delegation differ.
    pub delegation: DelegationDifference,
    /// How many servers and addresses were left out.
    pub left_out: usize,
}

/// One name in a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameReading {
    /// The name.
    pub name: DnsName,
    /// What most servers say; `None`: none of them says anything of the name.
    pub usual: Option<Said>,
    /// How many different answers there are.
    pub answers: usize,
    /// What the resolver says of it, if it got an answer.
    pub resolver: Option<Said>,
}

/// One address of one server over one transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The server's name.
    pub server: DnsName,
    /// The address.
    pub address: IpAddr,
    /// The transport.
    pub transport: DnsTransport,
    /// What it says of its zone.
    pub zone: ZoneSaid,
    /// What it says of each name, in the order of the zone's names.
    pub answers: Vec<EndpointAnswer>,
    /// What is wrong with it, apart from what it says of CAA.
    pub fault: Option<Fault>,
}

/// What one endpoint says of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointAnswer {
    /// The name.
    pub name: DnsName,
    /// What it says.
    pub said: Said,
    /// Whether that is something else than most say.
    pub differs: bool,
}

/// What is wrong with a server at one address, over one transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It speaks for the zone, and does not answer CAA questions.
    NoCaa {
        /// For which names.
        names: Vec<DnsName>,
        /// What it does instead.
        instead: Said,
    },
    /// It does not speak for the zone.
    Lame(Said),
    /// It is heard over UDP and not over TCP.
    NoTcp {
        /// Whether it cuts an answer off over UDP, so that TCP is needed.
        needed: bool,
        /// What happens over TCP.
        instead: Said,
    },
    /// Nothing is heard from it: over this transport, or, where `entirely`, from this address at all.
    Unreachable {
        /// Whether neither transport works.
        entirely: bool,
        /// What happens.
        instead: Said,
    },
}

/// How a zone's own set of servers and that of its delegation differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DelegationDifference {
    /// The servers that only the delegation names.
    pub only_delegated: Vec<DnsName>,
    /// The servers that only the zone itself names.
    pub only_own: Vec<DnsName>,
    /// The addresses that only the delegation gives (glue).
    pub other_glue: Vec<(DnsName, IpAddr)>,
}

impl DelegationDifference {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.only_delegated.is_empty() && self.only_own.is_empty() && self.other_glue.is_empty()
    }
}

impl NameserverReading {
    /// Whether it was asked for, and for some name no server could say anything.
    pub fn is_undetermined(&self) -> bool {
        let is_open = |zone: &ZoneReading| zone.names.iter().any(|name| name.usual.is_none());
        let is_lost = |name: &NameNotAsked| matches!(name.why, NotAsked::ZoneUnknown(_));
        self.state != Agreement::NotAsked
            && (self.zones.is_empty() || self.zones.iter().any(is_open) || self.not_asked.iter().any(is_lost))
    }
}

impl ZoneReading {
    /// How many servers were asked.
    pub fn servers(&self) -> usize {
        let mut servers: Vec<&DnsName> = self.asked().map(|endpoint| &endpoint.server).collect();
        servers.sort_unstable();
        servers.dedup();
        servers.len()
    }

    /// The endpoints that were asked.
    pub fn asked(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter().filter(|endpoint| endpoint.was_asked())
    }

    /// Whether every endpoint that was asked says the same of every name.
    pub fn is_consistent(&self) -> bool {
        self.asked().all(|endpoint| endpoint.answers.iter().all(|answer| !answer.differs))
    }
}

impl Endpoint {
    /// Whether there was a way to it from this machine.
    pub fn was_asked(&self) -> bool {
        !matches!(self.zone, ZoneSaid::Other(Said::NoRoute(_)))
    }

    /// Whether it was left out because nobody is heard over its transport.
    pub fn is_behind_block(&self) -> bool {
        matches!(&self.zone, ZoneSaid::Other(Said::NoRoute(why)) if why == NO_TCP_FROM_HERE)
    }
}

/// Why TCP was left out, where no server of any zone is heard over it.
pub const NO_TCP_FROM_HERE: &str =
    "none of them is heard over it, so that TCP to port 53 may be blocked near this machine";

/// Whether TCP brings nothing from any server, though several answer over UDP: a block near this machine looks just
/// so, and says nothing against the servers. The addresses that answer over UDP, if so.
fn behind_block(zones: &[ZoneReading]) -> Option<Vec<IpAddr>> {
    let is_unheard = |endpoint: &&Endpoint| {
        matches!(endpoint.fault, Some(Fault::NoTcp { .. }))
            || matches!(&endpoint.zone, ZoneSaid::Other(said) if said.is_unheard())
                && endpoint.answers.iter().all(|answer| answer.said.is_unheard())
    };
    let over = |transport| {
        let asked = zones.iter().flat_map(ZoneReading::asked);
        asked.filter(move |endpoint| endpoint.transport == transport)
    };
    let heard = over(DnsTransport::Udp).filter(|endpoint| !is_unheard(endpoint));
    let mut addresses: Vec<IpAddr> = heard.map(|endpoint| endpoint.address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    // One server alone may well be the one at fault.
    (addresses.len() > 1 && over(DnsTransport::Tcp).all(|endpoint| is_unheard(&endpoint)))
        .then_some(addresses)
}

/// Whether a server of a parent zone answered over TCP: then nothing near this machine blocks it.
fn is_tcp_proven(survey: &NameserverSurvey) -> bool {
    let asked = survey.zones.iter().flat_map(|zone| zone.delegation.iter().chain(&zone.tcp_control));
    asked.flat_map(|asked| &asked.attempts).any(|attempt| {
        attempt.transport == DnsTransport::Tcp && matches!(attempt.outcome, DnsOutcome::Message(_))
    })
}

/// Leaves TCP out where something near this machine seems to block it. A server that cuts its answers off keeps its
/// fault: there the doubt is too dear.
fn leave_out_blocked_tcp(zones: &mut [ZoneReading]) {
    let Some(addresses) = behind_block(zones) else { return };
    let not_asked = || Said::NoRoute(NO_TCP_FROM_HERE.to_owned());
    for endpoint in zones.iter_mut().flat_map(|zone| &mut zone.endpoints) {
        let heard_over_udp = addresses.contains(&endpoint.address);
        if endpoint.transport == DnsTransport::Tcp && endpoint.was_asked() && heard_over_udp {
            endpoint.zone = ZoneSaid::Other(not_asked());
            endpoint.fault.take_if(|fault| !matches!(fault, Fault::NoTcp { needed: true, .. }));
            for answer in &mut endpoint.answers {
                *answer = EndpointAnswer { said: not_asked(), differs: false, name: answer.name.clone() };
            }
        } else if heard_over_udp {
            // What is cut off might be had over TCP.
            for answer in endpoint.answers.iter_mut().filter(|answer| answer.said == Said::Truncated) {
                answer.differs = false;
            }
        }
    }
}

/// Where these endpoints are: each server with its address and the transports.
pub fn places<'a>(endpoints: impl IntoIterator<Item = &'a Endpoint>) -> Vec<String> {
    let mut places: Vec<(&DnsName, IpAddr, Vec<&str>)> = Vec::new();
    for Endpoint { server, address, transport, .. } in endpoints {
        let transport = if *transport == DnsTransport::Tcp { "TCP" } else { "UDP" };
        match places.iter_mut().find(|(known, at, _)| *known == server && at == address) {
            Some((_, _, transports)) => transports.push(transport),
            None => places.push((server, *address, vec![transport])),
        }
    }
    let shown = |(server, address, transports): (&DnsName, IpAddr, Vec<&str>)| {
        format!("{server} ({address}, {})", transports.join(" and "))
    };
    places.into_iter().map(shown).collect()
}

/// Whether some server says something else than the resolver at the step where its climb found a set: a CA that asks
/// that server may climb on.
pub fn may_climb_on(lookup: &CaaLookup, survey: &NameserverSurvey) -> bool {
    let Some(last) = lookup.steps.last() else { return false };
    let resolved = Said::of_resolver(last);
    let tells_otherwise = |zone: &ZoneObservation, answer: &NameserverAnswer| {
        let known = resolved.iter().find(|(name, _)| name == answer.name.as_str());
        let said = Said::read(&zone.zone, &answer.name, &answer.attempts);
        known.is_some_and(|(_, known)| said.is_answer() && said != *known)
    };
    survey.zones.iter().any(|zone| {
        let addresses = zone.servers.iter().flat_map(|server| &server.addresses);
        let mut caa = addresses.flat_map(|at| &at.answers).filter(|answer| answer.rtype == "CAA");
        caa.any(|answer| tells_otherwise(zone, answer))
    })
}

/// Compares what the servers said for one name of a certificate; `reading` is what the resolver's answers lead to.
pub(super) fn judge(
    name: &CertificateName,
    lookup: &CaaLookup,
    question: &CaaQuestion,
    reading: &CaaReading,
) -> NameserverReading {
    let Some(survey) = &lookup.nameservers else { return NameserverReading::default() };
    let resolved: Vec<(String, Said)> =
        lookup.steps.iter().chain(&lookup.above).flat_map(|exchange| Said::of_resolver(exchange)).collect();
    let mut zones: Vec<ZoneReading> = survey.zones.iter().map(|zone| compare(zone, &resolved)).collect();
    if !is_tcp_proven(survey) {
        leave_out_blocked_tcp(&mut zones);
    }
    let consequences = consequences(&name.base, lookup, &zones, question, reading);
    let mut compared = NameserverReading {
        state: Agreement::Consistent,
        zones,
        not_asked: survey.not_asked.clone(),
        consequences,
    };
    compared.state = if compared.zones.iter().any(|zone| !zone.is_consistent()) {
        Agreement::Inconsistent
    } else if compared.is_undetermined() {
        Agreement::Undetermined
    } else {
        Agreement::Consistent
    };
    compared
}
