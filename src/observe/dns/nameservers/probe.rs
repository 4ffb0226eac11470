//! One server, at each of its addresses, over UDP and TCP.

use core::net::IpAddr;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use domain::base::Message;
use domain::base::iana::Rtype;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Asking, MOST_ADDRESSES, read_addresses};
use crate::dns_name::DnsName;
use crate::evidence::dns::{
    AddressObservation, DnsAttempt, DnsOutcome, DnsTransport, NameserverAnswer, NameserverObservation,
    SupportingExchange,
};
use crate::observe::dns::{DnsClient, Question};

/// The pause before a question is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// How often a silent server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Persistence {
    /// Once: it was silent before.
    Once,
    /// Twice: a datagram may get lost.
    Twice,
}

impl Asking {
    /// Everything that one server says.
    pub(super) async fn observe_server(
        self,
        name: DnsName,
        glued: Vec<IpAddr>,
        zone: &DnsName,
        names: &Arc<Vec<DnsName>>,
    ) -> NameserverObservation {
        let lookups = self.addresses(&name).await;
        let mut all = interleaved(&lookups);
        for address in glued {
            if !all.contains(&address) {
                all.push(address);
            }
        }
        let addresses_left_out = all.len().saturating_sub(MOST_ADDRESSES);
        all.truncate(MOST_ADDRESSES);
        let mut tasks = JoinSet::new();
        for (position, address) in all.into_iter().enumerate() {
            let (asking, zone, names) = (self.clone(), zone.clone(), Arc::clone(names));
            tasks.spawn(async move { (position, asking.observe_address(address, &zone, &names).await) });
        }
        let mut addresses = tasks.join_all().await;
        addresses.sort_by_key(|(position, _)| *position);
        let addresses = addresses.into_iter().map(|(_, observed)| observed).collect();
        NameserverObservation { name, lookups, addresses, addresses_left_out }
    }

    async fn observe_address(
        self,
        address: IpAddr,
        zone: &DnsName,
        names: &Arc<Vec<DnsName>>,
    ) -> AddressObservation {
        let no_route = no_route(address);
        let mut answers = Vec::new();
        if no_route.is_none() {
            let (udp, tcp) = tokio::join!(
                self.observe_transport(address, DnsTransport::Udp, zone, names),
                self.observe_transport(address, DnsTransport::Tcp, zone, names),
            );
            answers.extend(udp);
            answers.extend(tcp);
        }
        AddressObservation { address, no_route, answers }
    }

    /// The zone's SOA first: whoever is silent there is asked the rest with little patience.
    async fn observe_transport(
        &self,
        address: IpAddr,
        transport: DnsTransport,
        zone: &DnsName,
        names: &Arc<Vec<DnsName>>,
    ) -> Vec<NameserverAnswer> {
        let server = self.at(address);
        let answer = |name: &DnsName, rtype: Rtype, attempts| NameserverAnswer {
            transport,
            name: name.clone(),
            rtype: rtype.to_string(),
            attempts,
        };
        let soa = self.authority(server, transport, zone.to_wire(), Rtype::SOA, Persistence::Twice).await;
        let persistence = if is_heard(&soa) { Persistence::Twice } else { Persistence::Once };
        let mut answers = vec![answer(zone, Rtype::SOA, soa)];
        let mut tasks = JoinSet::new();
        for (position, name) in names.iter().enumerate() {
            let (asking, wire) = (self.clone(), name.to_wire());
            tasks.spawn(async move {
                (position, asking.authority(server, transport, wire, Rtype::CAA, persistence).await)
            });
        }
        let mut caa = tasks.join_all().await;
        caa.sort_by_key(|(position, _)| *position);
        let caa = names.iter().zip(caa).map(|(name, (_, attempts))| answer(name, Rtype::CAA, attempts));
        answers.extend(caa);
        answers
    }
}

/// Asks one server over one transport, and again after a pause where nothing came.
pub(super) async fn ask(
    client: &DnsClient,
    server: SocketAddr,
    transport: DnsTransport,
    question: &Question,
    persistence: Persistence,
) -> Vec<DnsAttempt> {
    let mut attempts = client.ask_server(server, transport, question).await;
    if persistence == Persistence::Twice && !is_heard(&attempts) {
        sleep(PAUSE).await;
        attempts.extend(client.ask_server(server, transport, question).await);
    }
    attempts
}

/// IPv4 and IPv6 addresses in turn, so that a limit leaves out neither family.
pub(super) fn interleaved(lookups: &[SupportingExchange]) -> Vec<IpAddr> {
    let families: Vec<Vec<IpAddr>> = lookups.iter().map(read_addresses).collect();
    let longest = families.iter().map(Vec::len).max().unwrap_or_default();
    (0..longest)
        .flat_map(|place| families.iter().filter_map(move |family| family.get(place).copied()))
        .collect()
}

/// Why this machine has no way to an address, if it has none. Connecting a datagram socket sends nothing: the system
/// only looks for a route.
pub(super) fn no_route(address: IpAddr) -> Option<String> {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let connected = UdpSocket::bind((any, 0)).and_then(|socket| socket.connect((address, super::PORT)));
    connected.err().map(|error| error.to_string())
}

/// Whether a message came.
pub(super) fn is_heard(attempts: &[DnsAttempt]) -> bool {
    matches!(attempts.last().map(|attempt| &attempt.outcome), Some(DnsOutcome::Message(_)))
}

/// Whether the message that came was cut off.
pub(super) fn is_truncated(attempts: &[DnsAttempt]) -> bool {
    let Some(DnsOutcome::Message(octets)) = attempts.last().map(|attempt| &attempt.outcome) else {
        return false;
    };
    Message::from_slice(octets).is_ok_and(|message: &Message<[u8]>| message.header().tc())
}
