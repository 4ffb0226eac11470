//! Asking the DNS: CAA over our own exchange, which keeps every message as it came, and host addresses
//! through hickory.

mod addresses;
mod exchange;
mod message;
mod servers;
mod transport;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, Semaphore};

use self::addresses::AddressResolver;
pub use self::servers::ResolverAddressError;
use self::servers::Server;
use crate::caa::NotApplicable;
use crate::caa::answer::Answer;
use crate::caa::climb::Climb;
use crate::dns_name::DnsName;
use crate::evidence::dns::{CaaLookup, DnsAttempt, DnsExchange, DnsFailure, DnsOutcome, DnsTransport};

/// The most questions under way at one time.
const MOST_QUESTIONS: usize = 32;

/// A DNS client for one run. Clones share what they know: no question is asked twice.
#[derive(Clone, Debug)]
pub struct DnsClient(Arc<Shared>);

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
        Self(Arc::new(Shared {
            servers,
            addresses,
            asked: Mutex::default(),
            questions: Semaphore::new(MOST_QUESTIONS),
        }))
    }

    /// Climbs from `name` as far as RFC 8659 section 3 needs, and records every exchange.
    ///
    /// A name that is not in the DNS (`.onion`) is not asked for (RFC 7686).
    pub async fn look_up_caa(&self, name: &DnsName) -> CaaLookup {
        let mut lookup = CaaLookup { name: name.clone(), steps: Vec::new() };
        if NotApplicable::to_name(name).is_some() {
            return lookup;
        }
        let mut climb = Climb::from(name);
        while let Some(next) = climb.next_name() {
            let exchange = self.ask_once(next).await;
            climb.answered(&Answer::read(&exchange));
            lookup.steps.push(exchange);
        }
        lookup
    }

    /// The host's IPv4 and IPv6 addresses, or why they cannot be had.
    pub async fn addresses(&self, name: &DnsName) -> Result<Vec<IpAddr>, String> {
        self.0.addresses.look_up(name).await
    }

    async fn ask_once(&self, name: &DnsName) -> DnsExchange {
        let cell = {
            let mut asked = self.0.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.entry(name.clone()).or_default().clone()
        };
        cell.get_or_init(|| self.ask(name)).await.clone()
    }

    async fn ask(&self, name: &DnsName) -> DnsExchange {
        // The semaphore is never closed; were it, asking without a permit does no harm.
        let _permit = self.0.questions.acquire().await;
        match &self.0.servers {
            Ok(servers) => exchange::ask(name, servers).await,
            Err(why) => DnsExchange {
                name: name.clone(),
                attempts: vec![DnsAttempt {
                    server: String::new(),
                    transport: DnsTransport::Udp,
                    milliseconds: 0,
                    outcome: DnsOutcome::Failed(DnsFailure::NoServer(why.clone())),
                }],
            },
        }
    }
}
