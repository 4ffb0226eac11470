//! Options about the DNS.

use anyhow::Context as _;
use clap::Args;

use crate::observe::dns::DnsClient;

/// How to ask the DNS.
#[derive(Debug, Args)]
#[command(next_help_heading = "DNS")]
pub(super) struct DnsOptions {
    /// Ask this resolver instead of the system's
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub(super) resolver: Option<String>,
}

impl DnsOptions {
    /// The client that asks so.
    pub(super) fn client(&self) -> anyhow::Result<DnsClient> {
        match &self.resolver {
            Some(address) => DnsClient::from_address(address).context("--resolver"),
            None => Ok(DnsClient::system()),
        }
    }
}
