//! Asking the DNS: over our own exchange, which keeps every message as it came; host addresses as the system is set up
//! through hickory.

mod addresses;
pub mod dnssec;
mod exchange;
mod https;
mod memo;
pub mod message;
mod nameservers;
mod outstanding;
mod question;
pub mod random;
mod received;
mod server;
mod stream;
mod tlsa;
mod udp;
mod weight;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use domain::base::Message;

use self::addresses::AddressResolver;
use self::dnssec::{Dnssec, DnssecMode};
use self::memo::{Kept, Memo};
use self::nameservers::Surveyor;
pub use self::question::{Manner, Question};
use self::server::Server;
use self::server::address::ResolverAddress;
pub use self::server::address::ResolverAddressError;
pub use self::stream::framing;
use super::clock;
use crate::caa::answer::{Answer, Content};
use crate::caa::climb::Climb;
use crate::caa::{NotApplicable, not_counted};
use crate::dns_name::DnsName;
use crate::evidence::dns::{
    CaaLookup, DnsAttempt, DnsExchange, DnsFailure, DnsOutcome, DnsTransport, SupportingExchange,
};

/// How many servers beside the resolvers are remembered.
const MOST_OTHERS: usize = 256;

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

/// A climb that came to its end.
#[derive(Debug, Default)]
struct Climbed {
    steps: Vec<Arc<DnsExchange>>,
    /// What each step's answer says.
    answers: Vec<Arc<Answer>>,
    /// Where it found records.
    found: Option<DnsName>,
}

#[derive(Debug)]
struct Shared {
    /// The resolvers, or why there are none.
    resolvers: Result<Vec<Server>, String>,
    addresses: AddressResolver,
    memo: Memo,
    /// The other servers that were asked.
    others: Mutex<HashMap<SocketAddr, Arc<Server>>>,
}

impl DnsClient {
    /// A client that asks the system's resolvers. Where they cannot be found, every exchange records that.
    pub fn system() -> Self {
        Self::new(server::of_system(), AddressResolver::system())
    }

    /// A client that asks one resolver: `ADDR[:PORT]` (port 53 unless given), `tls://HOST[:PORT]` or `https://…`.
    pub fn from_address(text: &str) -> Result<Self, ResolverAddressError> {
        Self::from_addresses(&[text])
    }

    /// A client that asks these resolvers, in this order.
    pub fn from_addresses(texts: &[impl AsRef<str>]) -> Result<Self, ResolverAddressError> {
        let addresses: Vec<ResolverAddress> =
            texts.iter().map(|text| text.as_ref().parse()).collect::<Result<_, _>>()?;
        let resolvers = addresses.into_iter().map(Server::named).collect();
        Ok(Self::new(Ok(resolvers), AddressResolver::Resolvers))
    }

    /// A client that asks these resolvers, in this order.
    pub fn of_servers(addresses: &[SocketAddr]) -> Self {
        let named = |address: &SocketAddr| Server::named(ResolverAddress::Plain(*address));
        Self::new(Ok(addresses.iter().map(named).collect()), AddressResolver::Resolvers)
    }

    fn new(resolvers: Result<Vec<Server>, String>, addresses: AddressResolver) -> Self {
        let shared = Shared { resolvers, addresses, memo: Memo::default(), others: Mutex::default() };
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
        // Boxed, so that whoever asks does not nest its state any deeper.
        Box::pin(self.look_up_and_read_caa(name, extent)).await.0
    }

    /// The same, with the answers of the steps as they were read on the way: a judge need not read them again.
    pub async fn look_up_and_read_caa(
        &self,
        name: &DnsName,
        extent: Extent,
    ) -> (CaaLookup, Vec<Arc<Answer>>) {
        let mut lookup = CaaLookup::of(name.clone());
        if NotApplicable::to_name(name).is_some() {
            return (lookup, Vec::new());
        }
        let Climbed { steps, answers, found } = self.climb(name, false).await;
        if let Some(parent) = found.filter(|_| extent.above).and_then(|found| found.parent()) {
            lookup.above = self.climb(&parent, true).await.steps;
        }
        lookup.steps = steps;
        self.dnssec.support(&mut lookup).await;
        if extent.all_nameservers {
            lookup.nameservers = Some(nameservers::survey(self, &lookup).await);
        }
        (lookup, answers)
    }

    async fn climb(&self, from: &DnsName, is_parent: bool) -> Climbed {
        let mut climb = Climb::from(from);
        let mut climbed = Climbed::default();
        while let Some(next) = climb.next_name().cloned() {
            let kept = self.ask_once(&next, is_parent || !climbed.steps.is_empty()).await;
            climb.answered(&kept.answer);
            climbed.steps.push(Arc::clone(&kept.exchange));
            climbed.answers.push(Arc::clone(&kept.answer));
            // Neither records nor “none” of such an answer count: the climb ends with it.
            if not_counted(&kept.exchange).is_some() {
                break;
            }
            climbed.found = matches!(kept.answer.content, Content::Records { .. }).then_some(next);
        }
        climbed
    }

    /// The host's IPv4 and IPv6 addresses, or why they cannot be had.
    pub async fn addresses(&self, name: &DnsName) -> Result<Vec<IpAddr>, String> {
        self.shared.addresses.look_up(self, name).await
    }

    async fn ask_once(&self, name: &DnsName, is_parent: bool) -> Arc<Kept> {
        let ask = async || {
            let question = Question::caa(name, self.dnssec.manner());
            let (attempts, ()) = tokio::join!(self.ask(&question), self.dnssec.prepare());
            let mut exchange = DnsExchange::of(name.clone(), attempts);
            exchange.ended_at = Some(clock::now());
            exchange.beyond = self.ask_beyond(&exchange).await;
            exchange.dnssec = self.dnssec.read(&exchange).await;
            exchange
        };
        self.shared.memo.exchange(name, is_parent, ask).await
    }

    /// Asks for the end of the aliases, where a resolver left that out: some keep aliases apart from what they lead to.
    async fn ask_beyond(&self, exchange: &DnsExchange) -> Option<SupportingExchange> {
        // Most answers without records have no alias either, and need not be read for that.
        let Some(DnsOutcome::Message(octets)) = exchange.outcome() else { return None };
        if Message::from_slice(octets).ok()?.header_counts().ancount() == 0 {
            return None;
        }
        let end = Answer::read(exchange).unanswered?;
        let question = Question::caa(&end, self.dnssec.manner());
        let attempts = self.ask(&question).await;
        Some(SupportingExchange { name: end.to_string(), rtype: question.rtype.to_string(), attempts })
    }

    /// Asks the resolvers, with every attempt that it takes.
    pub async fn ask(&self, question: &Question) -> Vec<DnsAttempt> {
        self.ask_in_rounds(question, exchange::ROUNDS).await
    }

    /// Asks each resolver so many times at most.
    async fn ask_in_rounds(&self, question: &Question, rounds: u32) -> Vec<DnsAttempt> {
        match &self.shared.resolvers {
            Ok(resolvers) => exchange::ask(question, resolvers, rounds).await,
            Err(why) => vec![DnsAttempt {
                server: String::new(),
                transport: DnsTransport::Udp,
                milliseconds: 0,
                outcome: DnsOutcome::Failed(DnsFailure::NoServer(why.clone())),
            }],
        }
    }

    /// Asks the resolver that the evidence has by this name, and no other.
    async fn ask_resolver(&self, label: &str, question: &Question) -> Vec<DnsAttempt> {
        match self.shared.resolvers.iter().flatten().find(|resolver| resolver.label == label) {
            Some(resolver) => exchange::ask(question, std::slice::from_ref(resolver), exchange::ROUNDS).await,
            None => Vec::new(),
        }
    }

    /// Asks one server over UDP or TCP and nothing else; further attempts only where it shows that it does not
    /// understand EDNS, does not keep letter case, or had closed the connection.
    pub async fn ask_server(
        &self,
        address: SocketAddr,
        transport: DnsTransport,
        question: &Question,
    ) -> Vec<DnsAttempt> {
        exchange::ask_over(question, &self.other(address), transport).await
    }

    fn other(&self, address: SocketAddr) -> Arc<Server> {
        let mut others = self.shared.others.lock().unwrap_or_else(PoisonError::into_inner);
        if others.len() >= MOST_OTHERS {
            // Those in use stay.
            others.retain(|_, server| Arc::strong_count(server) > 1);
        }
        Arc::clone(others.entry(address).or_insert_with(|| Arc::new(Server::found(address))))
    }
}
