//! Options about the DNS.

use anyhow::Context as _;
use clap::Args;

use crate::observe::dns::{DnsClient, Extent};

/// How to ask the DNS.
#[derive(Debug, Args)]
#[command(next_help_heading = "DNS")]
pub(super) struct DnsOptions {
    /// Ask this resolver instead of the system's
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub(super) resolver: Option<String>,
    /// Ask every authoritative server of every zone on the way for CAA, too: IPv4 and IPv6, UDP and TCP
    #[arg(long)]
    pub(super) all_nameservers: bool,
    /// Ask authoritative servers at this port instead of 53: for test networks
    #[arg(long, value_name = "PORT", requires = "all_nameservers", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) nameserver_port: Option<u16>,
}

impl DnsOptions {
    /// The client that asks so.
    pub(super) fn client(&self) -> anyhow::Result<DnsClient> {
        let client = match &self.resolver {
            Some(address) => DnsClient::from_address(address).context("--resolver")?,
            None => DnsClient::system(),
        };
        Ok(match self.nameserver_port {
            Some(port) => client.with_nameserver_port(port),
            None => client,
        })
    }

    /// How far CAA is looked up.
    pub(super) fn extent(&self) -> Extent {
        Extent { above: true, all_nameservers: self.all_nameservers }
    }
}
