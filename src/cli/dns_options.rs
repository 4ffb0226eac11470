//! Options about the DNS.

use anyhow::Context as _;
use clap::Args;

use crate::observe::dns::DnsClient;

/// How to ask the DNS.
#[derive(Debug, Args)]
#[command(next_help_heading = "DNS")]
pub(super) struct DnsOptions {
    /// Ask this resolver instead of the system's: ADDR[:PORT], tls://HOST[:PORT] or https://HOST/PATH; may be repeated,
    /// and the next one is asked where one fails
    #[arg(long = "resolver", value_name = "ADDR|URL")]
    pub(super) resolvers: Vec<String>,
}

impl DnsOptions {
    /// The client that asks so.
    pub(super) fn client(&self) -> anyhow::Result<DnsClient> {
        match self.resolvers.as_slice() {
            [] => Ok(DnsClient::system()),
            resolvers => DnsClient::from_addresses(resolvers).context("--resolver"),
        }
    }
}
