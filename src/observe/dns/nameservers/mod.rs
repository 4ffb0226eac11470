//! Asking every authoritative server of every zone that a CAA look-up passes.
//!
//! The servers of the root are never asked, and those of top-level domains only for the delegation of a zone below
//! them, one of them once (and once more over TCP, where nothing else shows whether TCP works from here). What was asked is not asked again in the same run.

mod probe;
mod zones;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::base::Message;
use domain::base::iana::{OptRcode, Rtype};
use moka::Expiry;
use moka::future::Cache;
use tokio::task::JoinSet;

use self::zones::Cuts;
use super::DnsClient;
use super::exchange::ROUNDS;
use super::question::{Manner, Question};
use super::server::address::PORT;
use super::weight::weight;
use crate::caa::answer::{Answer, response_code};
use crate::caa::nameservers::delegation::{Delegation, Referral, addresses_of, delegation_of, servers_of};
use crate::caa::nameservers::may_climb_on;
use crate::dns_name::{DnsName, WireName};
use crate::evidence::dns::{
    CaaLookup, DnsAttempt, DnsExchange, DnsFailure, DnsOutcome, DnsTransport, NameNotAsked,
    NameserverObservation, NameserverSurvey, NotAsked, SupportingExchange, ZoneObservation,
};

/// The most names of one look-up, aliases included.
const MOST_NAMES: usize = 40;

/// The most zones of one look-up.
const MOST_ZONES: usize = 8;

/// The most servers of one zone.
const MOST_SERVERS: usize = 16;

/// The most addresses of one server.
const MOST_ADDRESSES: usize = 4;

/// How many servers of a parent zone are asked in turn for a delegation, until one answers.
const MOST_PARENTS: usize = 3;

/// How many questions of one run are remembered.
const REMEMBERED: u32 = 20_000;

/// How many octets of answers are remembered.
const REMEMBERED_OCTETS: u32 = 64 << 20;

/// How long a failure is remembered (RFC 9520 section 3.2: at least 1 second, at most 5 minutes).
const FAILURE_REMEMBERED: Duration = Duration::from_mins(1);

/// Where authoritative servers are asked, and what they were asked in this run. Clones share what they know.
#[derive(Clone, Debug)]
pub(super) struct Surveyor {
    port: u16,
    asked: Cache<Asked, Arc<Vec<DnsAttempt>>>,
}

/// One question, and whom it was put to: one server over one transport, or the resolvers.
type Asked = (Option<(SocketAddr, DnsTransport)>, Question);

impl Surveyor {
    /// One that asks at the port of DNS servers.
    pub(super) fn new() -> Self {
        let asked = Cache::builder()
            .max_capacity(u64::from(REMEMBERED_OCTETS))
            .weigher(|_: &Asked, made: &Arc<Vec<DnsAttempt>>| weight(made, REMEMBERED, REMEMBERED_OCTETS))
            .expire_after(FailuresSooner)
            .build();
        Self { port: PORT, asked }
    }

    /// One that asks at another port.
    pub(super) fn at_port(port: u16) -> Self {
        Self { port, ..Self::new() }
    }
}

/// Answers are remembered for the run.
struct FailuresSooner;

impl Expiry<Asked, Arc<Vec<DnsAttempt>>> for FailuresSooner {
    fn expire_after_create(&self, _: &Asked, made: &Arc<Vec<DnsAttempt>>, _: Instant) -> Option<Duration> {
        let answered = matches!(made.last().map(|last| &last.outcome), Some(DnsOutcome::Message(message))
        if Message::from_slice(message).is_ok_and(|message| {
            matches!(response_code(message), Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN))
        }));
        (!answered).then_some(FAILURE_REMEMBERED)
    }
}

/// Asks the servers of every zone that the look-up passed; those further up only where a CA may get there because
/// some server has no set where the resolver found one.
pub(super) async fn survey(client: &DnsClient, lookup: &CaaLookup) -> NameserverSurvey {
    let survey = survey_steps(client, lookup, &lookup.steps).await;
    if lookup.above.is_empty() || !may_climb_on(lookup, &survey) {
        return survey;
    }
    // What was asked before is remembered, and not asked again.
    let steps: Vec<Arc<DnsExchange>> = lookup.steps.iter().chain(&lookup.above).cloned().collect();
    survey_steps(client, lookup, &steps).await
}

async fn survey_steps(
    client: &DnsClient,
    lookup: &CaaLookup,
    steps: &[Arc<DnsExchange>],
) -> NameserverSurvey {
    let asking = Asking { client: client.clone(), rounds: rounds_after(steps) };
    let mut survey = NameserverSurvey::default();
    let mut cuts = Cuts::new(&asking);
    let mut zones: BTreeMap<DnsName, Vec<DnsName>> = BTreeMap::new();
    let names = names_of(steps, &mut survey.not_asked);
    for name in names {
        let why = match cuts.zone_of(&name).await {
            Err(why) => NotAsked::ZoneUnknown(why),
            Ok(zone) if zone.parent().is_none() => NotAsked::TopLevelDomain,
            Ok(zone) => {
                if zones.len() < MOST_ZONES || zones.contains_key(&zone) {
                    zones.entry(zone).or_default().push(name);
                    continue;
                }
                NotAsked::TooMany
            }
        };
        survey.not_asked.push(NameNotAsked { name: name.to_string(), why });
    }
    let mut tasks = JoinSet::new();
    for (zone, names) in zones {
        let (asking, parent) = (asking.clone(), cuts.parent_of(&zone));
        tasks.spawn(async move { asking.observe_zone(zone, parent, names).await });
    }
    survey.cuts = cuts.asked;
    survey.zones = tasks.join_all().await;
    // From the name upwards, the way the climb goes; other zones after it.
    survey.zones.sort_by_key(|observed| {
        let is_above = lookup.name.is_at_or_below(&observed.zone);
        (!is_above, std::cmp::Reverse(observed.zone.labels().count()), observed.zone.clone())
    });
    survey
}

/// How often each resolver is asked after these steps: once where it was silent already, as resolvers are that look for
/// dead servers. The delegation says what they cannot.
fn rounds_after(steps: &[Arc<DnsExchange>]) -> u32 {
    let is_silence =
        |attempt: &DnsAttempt| matches!(attempt.outcome, DnsOutcome::Failed(DnsFailure::Timeout { .. }));
    let was_silent = steps.iter().any(|step| step.attempts.last().is_some_and(is_silence));
    if was_silent { 1 } else { ROUNDS }
}

/// The names of the steps and of the aliases on their way, without those beyond the limit.
fn names_of(steps: &[Arc<DnsExchange>], not_asked: &mut Vec<NameNotAsked>) -> Vec<DnsName> {
    let mut names: Vec<DnsName> = Vec::new();
    let mut refuse = |name: String, why| not_asked.push(NameNotAsked { name, why });
    for step in steps {
        let aliases = Answer::read(step).aliases;
        let parsed = aliases.into_iter().map(|alias| alias.parse::<DnsName>().map_err(|_| alias));
        for name in std::iter::once(Ok(step.name.clone())).chain(parsed) {
            match name {
                Err(alias) => refuse(alias, NotAsked::NotAHostName),
                Ok(name) if names.contains(&name) => {}
                Ok(name) if names.len() >= MOST_NAMES => refuse(name.to_string(), NotAsked::TooMany),
                Ok(name) => names.push(name),
            }
        }
    }
    names
}

/// Asks, and remembers what was asked.
#[derive(Clone, Debug)]
struct Asking {
    client: DnsClient,
    /// How often each resolver is asked.
    rounds: u32,
}

impl Asking {
    /// Asks the resolvers.
    async fn resolve(&self, name: &DnsName, rtype: Rtype) -> SupportingExchange {
        let question = Question { name: name.to_wire(), rtype, manner: Manner::Resolve };
        let ask = async { Arc::new(self.client.ask_in_rounds(&question, self.rounds).await) };
        let attempts = self.client.surveyor.asked.get_with((None, question.clone()), ask).await;
        SupportingExchange { name: name.to_string(), rtype: rtype.to_string(), attempts: attempts.to_vec() }
    }

    /// Where a server is asked.
    fn at(&self, address: core::net::IpAddr) -> SocketAddr {
        SocketAddr::new(address, self.client.surveyor.port)
    }

    /// Asks one authoritative server over one transport.
    async fn authority(
        &self,
        server: SocketAddr,
        transport: DnsTransport,
        name: WireName,
        rtype: Rtype,
        persistence: probe::Persistence,
    ) -> Vec<DnsAttempt> {
        let question = Question { name, rtype, manner: Manner::Authoritative };
        let ask =
            async { Arc::new(probe::ask(&self.client, server, transport, &question, persistence).await) };
        self.client.surveyor.asked.get_with((Some((server, transport)), question.clone()), ask).await.to_vec()
    }

    /// Everything about one zone.
    async fn observe_zone(
        self,
        zone: DnsName,
        parent: Option<DnsName>,
        names: Vec<DnsName>,
    ) -> ZoneObservation {
        let ask_parent = async {
            match &parent {
                Some(parent) => self.delegation(parent, &zone).await,
                None => None,
            }
        };
        let (own, delegation) = tokio::join!(self.resolve(&zone, Rtype::NS), ask_parent);
        let delegated = delegation.as_ref().map(|asked| delegation_of(&zone, &asked.attempts));
        let referral = match delegated {
            Some(Delegation::Referral(referral)) if referral.cut == zone => Some(referral),
            _ => None,
        };
        let Referral { servers: mut all, glue, .. } =
            referral.unwrap_or(Referral { cut: zone.clone(), servers: Vec::new(), glue: Vec::new() });
        all.extend(servers_of(&zone, &own.attempts).unwrap_or_default());
        all.sort();
        all.dedup();
        let servers_left_out = all.len().saturating_sub(MOST_SERVERS);
        all.truncate(MOST_SERVERS);
        let names = Arc::new(names);
        let mut tasks = JoinSet::new();
        for server in all {
            let glued =
                glue.iter().filter(|(name, _)| *name == server).map(|(_, address)| *address).collect();
            let (asking, zone, names) = (self.clone(), zone.clone(), Arc::clone(&names));
            tasks.spawn(async move { asking.observe_server(server, glued, &zone, &names).await });
        }
        let mut servers: Vec<NameserverObservation> = tasks.join_all().await;
        servers.sort_by(|one, other| one.name.cmp(&other.name));
        let tcp_control = match &delegation {
            Some(delegation) if is_tcp_in_doubt(&servers) => self.tcp_control(&zone, delegation).await,
            _ => None,
        };
        let names = names.to_vec();
        ZoneObservation { zone, names, own, delegation, servers, servers_left_out, tcp_control }
    }

    /// Asks the server that gave the delegation again, over TCP.
    async fn tcp_control(
        &self,
        zone: &DnsName,
        delegation: &SupportingExchange,
    ) -> Option<SupportingExchange> {
        let server = delegation.attempts.last()?.server.parse().ok()?;
        let (tcp, twice) = (DnsTransport::Tcp, probe::Persistence::Twice);
        let attempts = self.authority(server, tcp, zone.to_wire(), Rtype::NS, twice).await;
        Some(SupportingExchange { attempts, ..delegation.clone() })
    }

    /// Asks the servers of `parent` in turn whom they delegate `zone` to.
    async fn delegation(&self, parent: &DnsName, zone: &DnsName) -> Option<SupportingExchange> {
        let servers = self.resolve(parent, Rtype::NS).await;
        let servers = servers_of(parent, &servers.attempts).ok()?;
        let mut attempts = Vec::new();
        'servers: for server in servers.iter().take(MOST_PARENTS) {
            let lookups = self.addresses(server).await;
            let Some(address) =
                probe::interleaved(&lookups).into_iter().find(|at| probe::no_route(*at).is_none())
            else {
                continue;
            };
            for transport in [DnsTransport::Udp, DnsTransport::Tcp] {
                let once = probe::Persistence::Once;
                attempts.extend(
                    self.authority(self.at(address), transport, zone.to_wire(), Rtype::NS, once).await,
                );
                if !matches!(delegation_of(zone, &attempts), Delegation::Unknown(_)) {
                    break 'servers;
                }
                if !probe::is_truncated(&attempts) {
                    break;
                }
            }
        }
        let rtype = Rtype::NS.to_string();
        (!attempts.is_empty()).then(|| SupportingExchange { name: zone.to_string(), rtype, attempts })
    }

    /// Asks the resolvers for both kinds of addresses.
    async fn addresses(&self, server: &DnsName) -> Vec<SupportingExchange> {
        let (ipv4, ipv6) = tokio::join!(self.resolve(server, Rtype::A), self.resolve(server, Rtype::AAAA));
        vec![ipv4, ipv6]
    }
}

/// Whether some server is heard over UDP, and none over TCP.
fn is_tcp_in_doubt(servers: &[NameserverObservation]) -> bool {
    let addresses = || servers.iter().flat_map(|server| &server.addresses);
    let is_heard = |transport| {
        let mut answers =
            addresses().flat_map(|at| &at.answers).filter(|answer| answer.transport == transport);
        answers.any(|answer| probe::is_heard(&answer.attempts))
    };
    is_heard(DnsTransport::Udp) && !is_heard(DnsTransport::Tcp)
}

/// The addresses that look-ups of A and AAAA brought.
fn read_addresses(lookup: &SupportingExchange) -> Vec<core::net::IpAddr> {
    let rtype = if lookup.rtype == "AAAA" { Rtype::AAAA } else { Rtype::A };
    let Ok(name) = lookup.name.parse() else { return Vec::new() };
    addresses_of(&name, rtype, &lookup.attempts).unwrap_or_default()
}
