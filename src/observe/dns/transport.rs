//! One attempt over UDP or TCP. Messages that do not answer the question are passed over.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::message::{Query, Reply};
use crate::evidence::dns::{DnsFailure, DnsOutcome};

/// The most messages that do not answer the question; more than that is an attack or a broken server.
const MOST_STRAYS: usize = 256;

/// What an attempt brought.
pub(super) struct Received {
    pub(super) outcome: DnsOutcome,
    /// What to do next; `None` where nothing usable came.
    pub(super) reply: Option<Reply>,
}

/// Asks over UDP, from a fresh socket and therefore a fresh port.
pub(super) async fn udp(server: SocketAddr, query: &Query, patience: Duration) -> Received {
    let mut strays = 0;
    let ended = timeout(patience, receive_datagram(server, query, &mut strays)).await;
    received(ended.ok(), strays, patience)
}

/// Asks over TCP (RFC 7766).
pub(super) async fn tcp(server: SocketAddr, query: &Query, patience: Duration) -> Received {
    let mut strays = 0;
    let ended = timeout(patience, receive_from_stream(server, query, &mut strays)).await;
    received(ended.ok(), strays, patience)
}

/// A message and what it asks for next; `None` when too many strays came.
type Ended = std::io::Result<Option<(Vec<u8>, Reply)>>;

fn received(ended: Option<Ended>, strays: usize, patience: Duration) -> Received {
    let milliseconds = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    let failure = match ended {
        Some(Ok(Some((message, reply)))) => {
            return Received { outcome: DnsOutcome::Message(message.into()), reply: Some(reply) };
        }
        Some(Err(error)) => DnsFailure::Io(error.to_string()),
        Some(Ok(None)) => DnsFailure::Mismatched { milliseconds },
        None if strays > 0 => DnsFailure::Mismatched { milliseconds },
        None => DnsFailure::Timeout { milliseconds },
    };
    Received { outcome: DnsOutcome::Failed(failure), reply: None }
}

async fn receive_datagram(server: SocketAddr, query: &Query, strays: &mut usize) -> Ended {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    // A connected socket takes datagrams of this server only, and hears when its port is closed.
    socket.connect(server).await?;
    socket.send(query.octets()).await?;
    let mut buffer = vec![0; usize::from(u16::MAX)];
    while *strays < MOST_STRAYS {
        let length = socket.recv(&mut buffer).await?;
        let datagram = buffer.get(..length).unwrap_or_default();
        if let Some(reply) = query.reply(datagram) {
            return Ok(Some((datagram.to_vec(), reply)));
        }
        *strays = strays.saturating_add(1);
    }
    Ok(None)
}

async fn receive_from_stream(server: SocketAddr, query: &Query, strays: &mut usize) -> Ended {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(query.octets().len()).map_err(std::io::Error::other)?;
    let framed = [&length.to_be_bytes()[..], query.octets()].concat();
    stream.write_all(&framed).await?;
    while *strays < MOST_STRAYS {
        let length = stream.read_u16().await?;
        let mut message = vec![0; usize::from(length)];
        stream.read_exact(&mut message).await?;
        if let Some(reply) = query.reply(&message) {
            return Ok(Some((message, reply)));
        }
        *strays = strays.saturating_add(1);
    }
    Ok(None)
}
