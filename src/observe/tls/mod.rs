//! Looking at a TLS server: what it shows in a handshake, with nothing verified.

mod handshake;
mod starttls;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

pub use self::starttls::Starttls;
use super::clock::Stopwatch;
use crate::evidence::tls::{TlsAttempt, TlsObservation, TlsOutcome, TlsStage};

/// How many addresses of each family are tried until one answers.
const ADDRESSES_PER_FAMILY: usize = 3;

/// How a TLS server is to be looked at.
#[derive(Clone, Debug)]
pub struct TlsOptions {
    /// The protocol to speak before TLS.
    pub starttls: Option<Starttls>,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
    /// How long the dialogue before TLS and the handshake may take, each.
    pub handshake_timeout: Duration,
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self {
            starttls: None,
            connect_timeout: Duration::from_secs(5),
            handshake_timeout: Duration::from_secs(10),
        }
    }
}

/// The server to look at.
#[derive(Clone, Debug)]
pub struct TlsServer {
    /// The host as named.
    pub host: String,
    /// The server name to send; none for an IP address (RFC 6066 section 3).
    pub sni: Option<String>,
    /// The port.
    pub port: u16,
}

/// Looks at a server at each family's addresses; the first address of a family that shows certificates ends
/// that family.
pub async fn observe(
    server: &TlsServer,
    addresses: Result<Vec<SocketAddr>, String>,
    options: &TlsOptions,
) -> TlsObservation {
    let mut observation = TlsObservation {
        host: server.host.clone(),
        port: server.port,
        starttls: options.starttls.map(|protocol| protocol.name().to_owned()),
        resolution_failure: None,
        attempts: Vec::new(),
        not_tried: None,
    };
    let addresses = match addresses {
        Ok(addresses) => addresses,
        Err(error) => {
            observation.resolution_failure = Some(error);
            return observation;
        }
    };
    let family = |v6: bool| addresses.iter().copied().filter(move |address| address.is_ipv6() == v6);
    let (v4, v6) = tokio::join!(
        observe_family(server, family(false), options),
        observe_family(server, family(true), options)
    );
    observation.attempts = v4.into_iter().chain(v6).collect();
    observation
}

/// An observation of a server that was not asked.
pub fn not_tried(server: &TlsServer, why: &str) -> TlsObservation {
    TlsObservation {
        host: server.host.clone(),
        port: server.port,
        starttls: None,
        resolution_failure: None,
        attempts: Vec::new(),
        not_tried: Some(why.to_owned()),
    }
}

/// The addresses with the server's port.
pub fn with_port(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    addresses.iter().map(|&address| SocketAddr::new(address, port)).collect()
}

async fn observe_family(
    server: &TlsServer,
    addresses: impl Iterator<Item = SocketAddr>,
    options: &TlsOptions,
) -> Vec<TlsAttempt> {
    let mut attempts = Vec::new();
    for address in addresses.take(ADDRESSES_PER_FAMILY) {
        let watch = Stopwatch::start();
        let outcome = match attempt(server, address, options).await {
            Ok(handshake) => TlsOutcome::Handshake(handshake),
            Err((stage, error)) => TlsOutcome::Failed { stage, error },
        };
        let seen = matches!(outcome, TlsOutcome::Handshake(_));
        attempts.push(TlsAttempt {
            address: address.to_string(),
            milliseconds: watch.milliseconds(),
            outcome,
        });
        if seen {
            break;
        }
    }
    attempts
}

async fn attempt(
    server: &TlsServer,
    address: SocketAddr,
    options: &TlsOptions,
) -> Result<crate::evidence::tls::TlsHandshake, (TlsStage, String)> {
    let stream = bounded(options.connect_timeout, TcpStream::connect(address))
        .await
        .map_err(|error| (TlsStage::Connect, error))?;
    let stream = match options.starttls {
        None => stream,
        Some(protocol) => bounded(options.handshake_timeout, protocol.upgrade(stream))
            .await
            .map_err(|error| (TlsStage::Starttls, error))?,
    };
    handshake::observe(stream, server.sni.as_deref(), options.handshake_timeout)
        .await
        .map_err(|error| (TlsStage::Handshake, error))
}

/// Awaits with a time-out; both ways of failing become text.
async fn bounded<T>(limit: Duration, future: impl Future<Output = std::io::Result<T>>) -> Result<T, String> {
    match timeout(limit, future).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", limit.as_secs())),
    }
}
