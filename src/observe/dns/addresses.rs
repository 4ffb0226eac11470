//! The addresses of hosts: from the resolvers that were named, or as the system is set up, through hickory.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use domain::base::iana::{OptRcode, Rtype};
use domain::base::{Message, ParsedName};
use domain::rdata::{A, Aaaa, Cname};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::net::NetError;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::{DnsClient, Manner, Question};
use crate::caa::answer::response_code;
use crate::dns_name::{DnsName, WireName};
use crate::evidence::dns::DnsOutcome;

/// How long one server of the system is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a look-up by the system's resolvers may take in all.
const BUDGET: Duration = Duration::from_secs(10);

/// How many aliases are followed.
const MOST_ALIASES: usize = 16;

/// The text for a name without addresses.
const NONE: &str = "the name has no addresses";

/// The text for a name that is not there.
const NO_NAME: &str = "the name does not exist (NXDOMAIN)";

/// The system's resolver, or why there is none, once it was needed.
type SystemResolver = OnceCell<Result<TokioResolver, String>>;

/// Who is asked for addresses.
#[derive(Debug)]
pub(super) enum AddressResolver {
    /// The system, hosts file included. Its resolver is made when it is first needed, inside the runtime.
    System(Box<SystemResolver>),
    /// The resolvers of the client, and they alone, over the transports that they were named with.
    Resolvers,
}

impl AddressResolver {
    /// As the system is set up.
    pub(super) fn system() -> Self {
        Self::System(Box::default())
    }

    /// The host's addresses of both families.
    pub(super) async fn look_up(&self, client: &DnsClient, name: &DnsName) -> Result<Vec<IpAddr>, String> {
        match self {
            Self::System(resolver) => of_system(resolver, name).await,
            // Never asked for: it is this machine (RFC 6761 section 6.3).
            Self::Resolvers if name.labels().next_back() == Some("localhost") => {
                Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
            }
            Self::Resolvers => of_resolvers(client, name).await,
        }
    }
}

async fn of_resolvers(client: &DnsClient, name: &DnsName) -> Result<Vec<IpAddr>, String> {
    let name = name.to_wire();
    let (four, six) = tokio::join!(of_family(client, &name, Rtype::A), of_family(client, &name, Rtype::AAAA));
    match (four, six) {
        (Ok(four), Ok(six)) if four.is_empty() && six.is_empty() => Err(NONE.to_owned()),
        (Ok(four), Ok(six)) => Ok([four, six].concat()),
        (Ok(found), Err(_)) | (Err(_), Ok(found)) if !found.is_empty() => Ok(found),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// The addresses of one family, none included.
async fn of_family(client: &DnsClient, name: &WireName, rtype: Rtype) -> Result<Vec<IpAddr>, String> {
    let mut at = name.clone();
    for _ in 0..MOST_ALIASES {
        let question = Question { name: at.clone(), rtype, manner: Manner::Resolve };
        let attempts = client.ask(&question).await;
        let read = match attempts.last().map(|attempt| &attempt.outcome) {
            Some(DnsOutcome::Message(message)) => read(&at, message)?,
            Some(DnsOutcome::Failed(failure)) => return Err(failure.to_string()),
            None => return Err("nothing was asked".to_owned()),
        };
        match read {
            Read::Addresses(addresses) => return Ok(addresses),
            Read::Elsewhere(target) => at = target,
        }
    }
    Err("the name is an alias of too many others".to_owned())
}

/// What a message says of a name.
enum Read {
    /// Its addresses, none included.
    Addresses(Vec<IpAddr>),
    /// It is an alias of another name, which the server did not follow.
    Elsewhere(WireName),
}

fn read(name: &WireName, message: &[u8]) -> Result<Read, String> {
    let unreadable = "the answer is malformed";
    let message = Message::from_slice(message).map_err(|_| unreadable)?;
    match response_code(message).map_err(|_| unreadable)? {
        OptRcode::NOERROR => {}
        OptRcode::NXDOMAIN => return Err(NO_NAME.to_owned()),
        other => return Err(format!("the server answered {other}")),
    }
    let mut addresses: Vec<(WireName, IpAddr)> = Vec::new();
    let mut aliases: Vec<(WireName, WireName)> = Vec::new();
    for record in message.answer().map_err(|_| unreadable)? {
        let record = record.map_err(|_| unreadable)?;
        let owner = || -> WireName { domain::base::ToName::to_vec(&record.owner()) };
        if let Ok(Some(found)) = record.to_record::<A>() {
            addresses.push((owner(), found.data().addr().into()));
        } else if let Ok(Some(found)) = record.to_record::<Aaaa>() {
            addresses.push((owner(), found.data().addr().into()));
        } else if let Ok(Some(found)) = record.to_record::<Cname<ParsedName<&[u8]>>>() {
            aliases.push((owner(), domain::base::ToName::to_vec(found.data().cname())));
        }
    }
    let mut at = name;
    for _ in 0..MOST_ALIASES {
        match aliases.iter().find(|(owner, _)| owner == at) {
            Some((_, target)) => at = target,
            None => break,
        }
    }
    let mut found: Vec<IpAddr> = Vec::new();
    for (_, address) in addresses.iter().filter(|(owner, _)| owner == at) {
        if !found.contains(address) {
            found.push(*address);
        }
    }
    // A server that does not recurse leaves the rest to the asker.
    let is_left_open = found.is_empty() && at != name && !message.header().ra();
    Ok(if is_left_open { Read::Elsewhere(at.clone()) } else { Read::Addresses(found) })
}

async fn of_system(resolver: &SystemResolver, name: &DnsName) -> Result<Vec<IpAddr>, String> {
    let resolver = resolver.get_or_init(async || make()).await.as_ref().map_err(Clone::clone)?;
    // The final dot keeps the system's search domains out: a certificate's name is a full one.
    let lookup = resolver.lookup_ip(format!("{name}."));
    let Ok(looked_up) = timeout(BUDGET, lookup).await else {
        return Err(format!("no answer within {} ms", BUDGET.as_millis()));
    };
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in looked_up.map_err(|error| in_words(&error))?.iter() {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err(NONE.to_owned()) } else { Ok(addresses) }
}

fn make() -> Result<TokioResolver, String> {
    let mut builder = TokioResolver::builder_tokio().map_err(|error| error.to_string())?;
    let options = builder.options_mut();
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.timeout = PATIENCE;
    options.attempts = 2;
    builder.build().map_err(|error| error.to_string())
}

/// What failed, without the resolver's own way of writing a question.
fn in_words(error: &NetError) -> String {
    if error.is_nx_domain() {
        NO_NAME.to_owned()
    } else if error.is_no_records_found() {
        NONE.to_owned()
    } else {
        error.to_string()
    }
}
