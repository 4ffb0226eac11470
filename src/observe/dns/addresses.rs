//! The addresses of hosts, through hickory.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::dns_name::DnsName;

/// How long one server is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a look-up may take in all.
const BUDGET: Duration = Duration::from_secs(10);

/// Looks up addresses; the resolver is made when it is first needed, inside the runtime.
#[derive(Debug)]
pub(super) struct AddressResolver {
    /// The servers to ask; `None`: as the system is set up, hosts file included.
    servers: Option<Vec<SocketAddr>>,
    resolver: OnceCell<Result<TokioResolver, String>>,
}

impl AddressResolver {
    /// As the system is set up.
    pub(super) fn system() -> Self {
        Self { servers: None, resolver: OnceCell::new() }
    }

    /// From these servers, and from them alone.
    pub(super) fn of_servers(servers: &[SocketAddr]) -> Self {
        Self { servers: Some(servers.to_vec()), resolver: OnceCell::new() }
    }

    /// The host's addresses of both families.
    pub(super) async fn look_up(&self, name: &DnsName) -> Result<Vec<IpAddr>, String> {
        let resolver =
            self.resolver.get_or_init(async || self.make()).await.as_ref().map_err(Clone::clone)?;
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
        if addresses.is_empty() { Err("the name has no addresses".to_owned()) } else { Ok(addresses) }
    }

    fn make(&self) -> Result<TokioResolver, String> {
        let mut builder = match &self.servers {
            None => TokioResolver::builder_tokio().map_err(|error| error.to_string())?,
            Some(servers) => {
                let config = ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(at).collect());
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.timeout = PATIENCE;
        options.attempts = 2;
        if self.servers.is_some() {
            options.use_hosts_file = ResolveHosts::Never;
        }
        builder.build().map_err(|error| error.to_string())
    }
}

/// What failed, without the resolver's own way of writing a question.
fn in_words(error: &NetError) -> String {
    if error.is_nx_domain() {
        "the name does not exist (NXDOMAIN)".to_owned()
    } else if error.is_no_records_found() {
        "the name has no addresses".to_owned()
    } else {
        error.to_string()
    }
}

fn at(server: &SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut config.connections {
        connection.port = server.port();
    }
    config
}
