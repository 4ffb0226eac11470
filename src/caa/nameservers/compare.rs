//! One zone's servers side by side.

use core::net::IpAddr;
use std::collections::BTreeMap;

use domain::base::iana::Rtype;

use super::delegation::{Delegation, Referral, addresses_of, delegation_of, servers_of};
use super::said::{Said, ZoneSaid};
use super::{DelegationDifference, Endpoint, EndpointAnswer, Fault, NameReading, ZoneReading};
use crate::dns_name::DnsName;
use crate::evidence::dns::{
    AddressObservation, DnsTransport, NameserverObservation, SupportingExchange, ZoneObservation,
};

/// Compares the servers of one zone; `resolved` is what the resolver says, by name.
pub(super) fn compare(observed: &ZoneObservation, resolved: &[(String, Said)]) -> ZoneReading {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for server in &observed.servers {
        for address in &server.addresses {
            let [udp, tcp] = [DnsTransport::Udp, DnsTransport::Tcp]
                .map(|transport| endpoint(observed, &server.name, address, transport));
            endpoints.extend(with_faults(udp, tcp));
        }
    }
    let names: Vec<NameReading> =
        observed.names.iter().map(|name| name_reading(name, &endpoints, resolved)).collect();
    mark(&mut endpoints, &names);
    let addresses_left_out: usize = observed.servers.iter().map(|server| server.addresses_left_out).sum();
    ZoneReading {
        zone: observed.zone.clone(),
        names,
        endpoints,
        without_address: observed.servers.iter().filter_map(without_address).collect(),
        delegation: delegation_difference(observed),
        left_out: observed.servers_left_out.saturating_add(addresses_left_out),
    }
}

fn endpoint(
    observed: &ZoneObservation,
    server: &DnsName,
    at: &AddressObservation,
    transport: DnsTransport,
) -> Endpoint {
    let attempts = |name: &DnsName, rtype: &str| {
        at.answers
            .iter()
            .find(|answer| answer.transport == transport && answer.name == *name && answer.rtype == rtype)
            .map_or(&[][..], |answer| &answer.attempts)
    };
    let no_route = at.no_route.clone().map(Said::NoRoute);
    let said = |name: &DnsName| {
        no_route.clone().unwrap_or_else(|| Said::read(&observed.zone, name, attempts(name, "CAA")))
    };
    let zone = match &no_route {
        Some(no_route) => ZoneSaid::Other(no_route.clone()),
        None => ZoneSaid::read(&observed.zone, attempts(&observed.zone, "SOA")),
    };
    let answers = observed.names.iter().map(|name| EndpointAnswer {
        name: name.clone(),
        said: said(name),
        differs: false,
    });
    Endpoint {
        server: server.clone(),
        address: at.address,
        transport,
        zone,
        answers: answers.collect(),
        fault: None,
    }
}

/// Finds what is wrong at one address, from both transports.
fn with_faults(mut udp: Endpoint, mut tcp: Endpoint) -> [Endpoint; 2] {
    let unheard = |endpoint: &Endpoint| {
        let mut said: Vec<&Said> = endpoint.answers.iter().map(|answer| &answer.said).collect();
        if let ZoneSaid::Other(zone) = &endpoint.zone {
            said.push(zone);
        } else {
            return None;
        }
        // What was not asked tells nothing of the server.
        said.retain(|said| !matches!(said, Said::NoRoute(_)));
        said.iter().all(|said| said.is_unheard()).then(|| said.first().map(|said| (*said).clone())).flatten()
    };
    match (unheard(&udp), unheard(&tcp)) {
        _ if !udp.was_asked() && !tcp.was_asked() => {}
        (instead, _) if !tcp.was_asked() => {
            udp.fault = match instead {
                Some(instead) => Some(Fault::Unreachable { entirely: false, instead }),
                None => fault_of_heard(&udp),
            };
        }
        (_, instead) if !udp.was_asked() => {
            tcp.fault = match instead {
                Some(instead) => Some(Fault::NoTcp { needed: false, instead }),
                None => fault_of_heard(&tcp),
            };
        }
        (Some(over_udp), Some(over_tcp)) => {
            udp.fault = Some(Fault::Unreachable { entirely: true, instead: over_udp });
            tcp.fault = Some(Fault::Unreachable { entirely: true, instead: over_tcp });
        }
        (Some(instead), None) => {
            udp.fault = Some(Fault::Unreachable { entirely: false, instead });
            tcp.fault = fault_of_heard(&tcp);
        }
        (None, Some(instead)) => {
            let needed = udp.answers.iter().any(|answer| answer.said == Said::Truncated);
            udp.fault = fault_of_heard(&udp);
            // A server that is no use at all over UDP does not get better by TCP.
            if !matches!(udp.fault, Some(Fault::Lame(_))) {
                tcp.fault = Some(Fault::NoTcp { needed, instead });
            }
        }
        (None, None) => {
            udp.fault = fault_of_heard(&udp);
            tcp.fault = fault_of_heard(&tcp);
        }
    }
    [udp, tcp]
}

/// What is wrong with an endpoint that says anything.
fn fault_of_heard(endpoint: &Endpoint) -> Option<Fault> {
    let is_useless = |said: &Said| match said {
        // TCP makes up for it, or is at fault itself.
        Said::Truncated => endpoint.transport == DnsTransport::Tcp,
        Said::NoRoute(_) => false,
        said => !said.is_answer(),
    };
    let useless: Vec<&EndpointAnswer> =
        endpoint.answers.iter().filter(|answer| is_useless(&answer.said)).collect();
    let first = useless.first()?;
    match &endpoint.zone {
        ZoneSaid::Serial(_) => Some(Fault::NoCaa {
            names: useless.iter().map(|answer| answer.name.clone()).collect(),
            instead: first.said.clone(),
        }),
        // One name answered shows that it serves the zone.
        ZoneSaid::Other(_) if useless.len() < endpoint.answers.len() => Some(Fault::NoCaa {
            names: useless.iter().map(|answer| answer.name.clone()).collect(),
            instead: first.said.clone(),
        }),
        ZoneSaid::Other(said) => {
            Some(Fault::Lame(if said.is_unheard() { first.said.clone() } else { said.clone() }))
        }
    }
}

fn name_reading(name: &DnsName, endpoints: &[Endpoint], by_resolver: &[(String, Said)]) -> NameReading {
    let resolver = by_resolver.iter().find(|(known, _)| known == name.as_str()).map(|(_, said)| said.clone());
    let mut counts: BTreeMap<&Said, usize> = BTreeMap::new();
    for endpoint in endpoints {
        let said = endpoint.answers.iter().filter(|answer| answer.name == *name).map(|answer| &answer.said);
        for said in said.filter(|said| said.is_answer()) {
            let count = counts.entry(said).or_default();
            *count = count.saturating_add(1);
        }
    }
    // Where as many say one thing as the other, the resolver decides.
    let usual = counts
        .iter()
        .max_by_key(|(said, count)| (**count, resolver.as_ref() == Some(**said)))
        .map(|(said, _)| (*said).clone());
    NameReading { name: name.clone(), usual, answers: counts.len(), resolver }
}

/// Marks the answers that are not the usual one.
fn mark(endpoints: &mut [Endpoint], names: &[NameReading]) {
    let usual = |name: &DnsName| {
        names.iter().find(|reading| reading.name == *name).and_then(|reading| reading.usual.as_ref())
    };
    let over_tcp: Vec<(IpAddr, DnsName, Said)> = endpoints
        .iter()
        .filter(|endpoint| endpoint.transport == DnsTransport::Tcp)
        .flat_map(|endpoint| {
            let answers = endpoint.answers.iter();
            answers.map(|answer| (endpoint.address, answer.name.clone(), answer.said.clone()))
        })
        .collect();
    for endpoint in endpoints {
        for answer in &mut endpoint.answers {
            let Some(usual) = usual(&answer.name) else { continue };
            answer.differs = match &answer.said {
                Said::NoRoute(_) => false,
                // What is cut off over UDP is had over TCP.
                Said::Truncated if endpoint.transport == DnsTransport::Udp => {
                    !over_tcp.iter().any(|(address, name, said)| {
                        *address == endpoint.address && *name == answer.name && said.is_answer()
                    })
                }
                said => said != usual,
            };
        }
    }
}

/// A server without any address, and why.
fn without_address(server: &NameserverObservation) -> Option<(DnsName, String)> {
    if !server.addresses.is_empty() {
        return None;
    }
    let why = server.lookups.iter().find_map(|lookup| addresses(&server.name, lookup).err());
    Some((server.name.clone(), why.unwrap_or_else(|| "it has no address".to_owned())))
}

fn delegation_difference(observed: &ZoneObservation) -> DelegationDifference {
    let delegated = observed.delegation.as_ref().map(|asked| delegation_of(&observed.zone, &asked.attempts));
    let Some(Delegation::Referral(Referral { cut, servers, glue })) = delegated else {
        return DelegationDifference::default();
    };
    let Ok(own) = servers_of(&observed.zone, &observed.own.attempts) else {
        return DelegationDifference::default();
    };
    if cut != observed.zone {
        return DelegationDifference::default();
    }
    // A look-up that failed says nothing against the glue.
    let is_known = |name: &DnsName, address: IpAddr| {
        let rtype = if address.is_ipv4() { "A" } else { "AAAA" };
        let lookups = observed.servers.iter().filter(|server| server.name == *name);
        let mut lookups = lookups.flat_map(|server| &server.lookups).filter(|lookup| lookup.rtype == rtype);
        lookups.all(|lookup| addresses(name, lookup).map_or(true, |known| known.contains(&address)))
    };
    DelegationDifference {
        only_delegated: servers.iter().filter(|server| !own.contains(server)).cloned().collect(),
        only_own: own.iter().filter(|server| !servers.contains(server)).cloned().collect(),
        other_glue: glue.into_iter().filter(|(server, address)| !is_known(server, *address)).collect(),
    }
}

/// What a look-up of addresses brought.
fn addresses(name: &DnsName, lookup: &SupportingExchange) -> Result<Vec<IpAddr>, String> {
    let rtype = if lookup.rtype == "AAAA" { Rtype::AAAA } else { Rtype::A };
    addresses_of(name, rtype, &lookup.attempts)
}
