//! Looking at a TLS server: what it shows in a handshake, with nothing verified.

mod handshake;
mod starttls;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

pub use self::starttls::Starttls;
use super::clock::Stopwatch;
use super::doors::{Doors, Patience};
use crate::evidence::tls::{TlsAttempt, TlsHandshake, TlsObservation, TlsOutcome, TlsStage};

/// How many addresses of each family are tried until one answers.
const ADDRESSES_PER_FAMILY: usize = 3;

/// The least time that a step gets: less would say nothing of the server.
const LEAST: Duration = Duration::from_secs(1);

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
/// that family. All attempts of a family together take no longer than `at_most`, without what they wait at the doors.
pub async fn observe(
    server: &TlsServer,
    addresses: Result<Vec<SocketAddr>, String>,
    options: &TlsOptions,
    (doors, at_most): (&Doors, Duration),
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
        observe_family(server, family(false), options, (doors, at_most)),
        observe_family(server, family(true), options, (doors, at_most))
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
    (doors, at_most): (&Doors, Duration),
) -> Vec<TlsAttempt> {
    let mut attempts = Vec::new();
    let mut left = at_most;
    for address in addresses.take(ADDRESSES_PER_FAMILY) {
        let (milliseconds, outcome) = doors
            .at(address.ip(), async {
                let watch = Stopwatch::start();
                let outcome = match attempt(server, address, options, (doors, left)).await {
                    Ok(handshake) => TlsOutcome::Handshake(handshake),
                    Err((stage, failure)) => TlsOutcome::Failed { stage, error: failure.to_string() },
                };
                (watch.milliseconds(), outcome)
            })
            .await;
        left = left.saturating_sub(Duration::from_millis(milliseconds));
        let seen = matches!(outcome, TlsOutcome::Handshake(_));
        attempts.push(TlsAttempt { address: address.to_string(), milliseconds, outcome });
        if seen {
            break;
        }
    }
    attempts
}

/// Why a step of an attempt failed, for people.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Nothing came in time.
    #[error("no answer within {} s", .0.as_secs())]
    Silence(Duration),
    /// The handshake did not come to its end in time.
    #[error("no end of the handshake within {} s", .0.as_secs())]
    NoEnd(Duration),
    /// The time for the target was over before.
    #[error("not tried: the time for this target was over")]
    TimeOver,
    /// The address is not waited for any more.
    #[error("not tried: this address has not answered {times} connections in a row")]
    GivenUp { times: u32 },
    /// Something came that ended it.
    #[error("{0}")]
    Other(String),
}

/// One attempt at one address; `left` is the time that is left for the target.
async fn attempt(
    server: &TlsServer,
    address: SocketAddr,
    options: &TlsOptions,
    (doors, left): (&Doors, Duration),
) -> Result<TlsHandshake, (TlsStage, Failure)> {
    if left < LEAST {
        return Err((TlsStage::Connect, Failure::TimeOver));
    }
    let patience = match doors.patience(address) {
        Patience::Whole => Duration::MAX,
        Patience::AtMost(patience) => patience,
        Patience::None { times } => return Err((TlsStage::Connect, Failure::GivenUp { times })),
    };
    let seen = attempt_within(server, address, options, (patience, left)).await;
    match &seen {
        Err((_, Failure::Silence(_) | Failure::NoEnd(_))) => doors.silent(address),
        _ => doors.answered(address),
    }
    seen
}

/// The same, no longer than `patience` for each step, and than `left` in all.
async fn attempt_within(
    server: &TlsServer,
    address: SocketAddr,
    options: &TlsOptions,
    (patience, left): (Duration, Duration),
) -> Result<TlsHandshake, (TlsStage, Failure)> {
    let watch = Stopwatch::start();
    let limit = |usual: Duration| {
        let left = left.saturating_sub(Duration::from_millis(watch.milliseconds())).max(LEAST);
        usual.min(patience).min(left)
    };
    let stream = bounded(limit(options.connect_timeout), TcpStream::connect(address))
        .await
        .map_err(|failure| (TlsStage::Connect, failure))?;
    let stream = match options.starttls {
        None => stream,
        Some(protocol) => bounded(limit(options.handshake_timeout), protocol.upgrade(stream))
            .await
            .map_err(|failure| (TlsStage::Starttls, failure))?,
    };
    handshake::observe(stream, server.sni.as_deref(), limit(options.handshake_timeout))
        .await
        .map_err(|failure| (TlsStage::Handshake, failure))
}

/// Awaits with a time-out.
async fn bounded<T>(limit: Duration, future: impl Future<Output = std::io::Result<T>>) -> Result<T, Failure> {
    match timeout(limit, future).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::Other(error.to_string())),
        Err(_) => Err(Failure::Silence(limit)),
    }
}
