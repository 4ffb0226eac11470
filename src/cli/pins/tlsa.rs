//! TLSA records of services, looked up for `pinstead pins --tlsa`.

use anyhow::{Context as _, bail};

use crate::cli::options::NetworkOptions;
use crate::cli::runtime;
use crate::dns_name::DnsName;
use crate::evidence::dns::TlsaLookup;
use crate::observe::dns::DnsClient;

/// A service whose records are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) host: DnsName,
    pub(super) port: u16,
    pub(super) transport: String,
}

/// Reads `HOST:PORT[/tcp]`.
pub(super) fn parse_service(text: &str) -> Result<Service, String> {
    let (server, transport) = text.rsplit_once('/').unwrap_or((text, "tcp"));
    if !matches!(transport, "tcp" | "udp" | "sctp") {
        return Err(format!("“{transport}” is no transport: tcp, udp or sctp"));
    }
    let no_port = || format!("“{text}” is no HOST:PORT, such as mail.example.com:25");
    let (host, port) = server.rsplit_once(':').ok_or_else(no_port)?;
    let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(no_port)?;
    let host = host.parse().map_err(|error: crate::dns_name::DnsNameError| error.to_string())?;
    Ok(Service { host, port, transport: transport.to_owned() })
}

/// Looks up every service, in order.
pub(super) fn look_up(services: &[Service], network: &NetworkOptions) -> anyhow::Result<Vec<TlsaLookup>> {
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let Some(client) = network.client()? else {
        bail!("--tlsa needs the network: leave out --offline");
    };
    runtime()?.block_on(async {
        let mut lookups = Vec::new();
        for service in services {
            lookups.push(one(&client, service).await?);
        }
        Ok(lookups)
    })
}

async fn one(client: &DnsClient, service: &Service) -> anyhow::Result<TlsaLookup> {
    let Service { host, port, transport } = service;
    client.look_up_tlsa(host, *port, transport).await.with_context(|| format!("--tlsa {host}:{port}"))
}
