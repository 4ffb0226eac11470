//! Asking the DNS: CAA over our own exchange, which keeps every message as it came, and host addresses
//! through hickory.

mod addresses;
pub mod dnssec;
mod exchange;
mod message;
mod nameservers;
mod question;
mod servers;
mod transport;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, Semaphore};

use self::addresses::AddressResolver;
use self::dnssec::{Dnssec, DnssecMode};
use self::nameservers::Surveyor;
pub use self::question::{Manner, Question};
pub use self::servers::ResolverAddressError;
use self::servers::Server;
use crate::caa::NotApplicable;
use crate::caa::answer::{Answer, Content};
use crate::caa::climb::Climb;
use crate::dns_name::DnsName;
use crate::evidence::dns::{CaaLookup, DnsAttempt, DnsExchange, DnsFailure, DnsOutcome, DnsTransport};

/// The most questions under way at one time.
const MOST_QUESTIONS: usize = 32;

/// How far a CAA look-up goes beyond what its verdict needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Whether to go on above the set found, to the one that would hold without it.
    pub above: bool,
    /// Whether to ask every authoritative server of every zone on the way, too.
    pub all_nameservers: bool,
}

/// A DNS client for one run. Clones share what they know: no question is asked twice.
#[derive(Clone, Debug)]
pub struct DnsClient {
    shared: Arc<Shared>,
    dnssec: Dnssec,
    surveyor: Surveyor,
}

#[derive(Debug)]
struct Shared {
    /// The servers, or why there are none.
    servers: Result<Vec<Server>, String>,
    addresses: AddressResolver,
    /// Every CAA question of this run, so that parents and top-level domains are asked for once.
    asked: Mutex<HashMap<DnsName, Arc<OnceCell<DnsExchange>>>>,
    questions: Semaphore,
}

impl DnsClient {
    /// A client that asks the system's resolvers. Where they cannot be found, every exchange records that.
    pub fn system() -> Self {
        Self::new(servers::of_system(), AddressResolver::system())
    }

    /// A client that asks one server: `ADDR`, `ADDR:PORT` or `[ADDR]:PORT`; the port is 53 unless given.
    pub fn from_address(text: &str) -> Result<Self, ResolverAddressError> {
        let address = servers::parse(text)?;
        Ok(Self::of_servers(&[address]))
    }

    /// A client that asks these servers, in this order.
    pub fn of_servers(addresses: &[SocketAddr]) -> Self {
        let servers = addresses.iter().copied().map(Server::new).collect();
        Self::new(Ok(servers), AddressResolver::of_servers(addresses))
    }

    fn new(servers: Result<Vec<Server>, String>, addresses: AddressResolver) -> Self {
        let shared =
            Shared { servers, addresses, asked: Mutex::default(), questions: Semaphore::new(MOST_QUESTIONS) };
        Self { shared: Arc::new(shared), dnssec: Dnssec::Off, surveyor: Surveyor::new() }
    }

    /// The client, with DNSSEC: to be said before its first question.
    #[must_use]
    pub fn with_dnssec(self, mode: DnssecMode) -> Self {
        let plain = Self { dnssec: Dnssec::Off, ..self.clone() };
        Self { dnssec: Dnssec::new(mode, plain), ..self }
    }

    /// This client, with authoritative servers asked at another port than 53: for test networks.
    #[must_use]
    pub fn with_nameserver_port(self, port: u16) -> Self {
        Self { surveyor: Surveyor::at_port(port), ..self }
    }

    /// Climbs from `name` as far as RFC 8659 section 3 needs, or as `extent` wants, and records every exchange.
    ///
    /// A name that is not in the DNS (`.onion`) is not asked for (RFC 7686).
    pub async fn look_up_caa(&self, name: &DnsName, extent: Extent) -> CaaLookup {
        let mut lookup = CaaLookup::of(name.clone());
        if NotApplicable::to_name(name).is_some() {
            return lookup;
        }
        let (steps, found) = self.climb(name).await;
        if let Some(parent) = found.filter(|_| extent.above).and_then(|found| found.parent()) {
            lookup.above = self.climb(&parent).await.0;
        }
        lookup.steps = steps;
        self.dnssec.support(&mut lookup).await;
        if extent.all_nameservers {
            lookup.nameservers = Some(nameservers::survey(self, &lookup).await);
        }
        lookup
    }

    /// The exchanges of a climb, and where it found records.
    async fn climb(&self, from: &DnsName) -> (Vec<DnsExchange>, Option<DnsName>) {
        let mut climb = Climb::from(from);
        let mut steps = Vec::new();
        let mut found = None;
        while let Some(next) = climb.next_name().cloned() {
            let exchange = self.ask_once(&next).await;
            let answer = Answer::read(&exchange);
            climb.answered(&answer);
            let bogus = dnssec::is_bogus(&exchange);
            steps.push(exchange);
            if bogus {
                break;
            }
            found = matches!(answer.content, Content::Records { .. }).then_some(next);
        }
        (steps, found)
    }

    /// The host's IPv4 and IPv6 addresses, or why they cannot be had.
    pub async fn addresses(&self, name: &DnsName) -> Result<Vec<IpAddr>, String> {
        self.shared.addresses.look_up(name).await
    }

    async fn ask_once(&self, name: &DnsName) -> DnsExchange {
        let cell = {
            let mut asked = self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.entry(name.clone()).or_default().clone()
        };
        let ask = async || {
            let question = Question::caa(name, self.dnssec.manner());
            let (attempts, ()) = tokio::join!(self.ask(&question), self.dnssec.prepare());
            let mut exchange = DnsExchange::of(name.clone(), attempts);
            exchange.dnssec = self.dnssec.read(&exchange).await;
            exchange
        };
        cell.get_or_init(ask).await.clone()
    }

    /// Asks the resolvers, with every attempt that it takes.
    pub async fn ask(&self, question: &Question) -> Vec<DnsAttempt> {
        // The semaphore is never closed; were it, asking without a permit does no harm.
        let _permit = self.shared.questions.acquire().await;
        match &self.shared.servers {
            Ok(servers) => exchange::ask(question, servers).await,
            Err(why) => vec![DnsAttempt {
                server: String::new(),
                transport: DnsTransport::Udp,
                milliseconds: 0,
                outcome: DnsOutcome::Failed(DnsFailure::NoServer(why.clone())),
            }],
        }
    }

    /// Asks one server over one transport and no other; a second attempt only where it does not understand EDNS.
    pub async fn ask_server(
        &self,
        address: SocketAddr,
        transport: DnsTransport,
        question: &Question,
    ) -> Vec<DnsAttempt> {
        let _permit = self.shared.questions.acquire().await;
        exchange::ask_over(question, &Server::new(address), transport).await
    }
}
