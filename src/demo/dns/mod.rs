//! A DNS answerer on loopback, over UDP and TCP: to a client it looks like a resolver.

mod answer;
mod zone;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::{AbortHandle, JoinSet};

use self::answer::Transport;
pub use self::zone::{Record, Treatment, Zone};
use super::DemoError;

/// How many streams are served at once; more wait to be accepted.
const MAX_STREAMS: usize = 64;
/// How many questions one stream may ask.
const MAX_QUESTIONS: usize = 1000;
/// How long a stream may be idle.
const IDLE: Duration = Duration::from_secs(5);
/// How often a port is looked for that is free for both UDP and TCP.
const PORT_ATTEMPTS: usize = 20;

/// A running DNS answerer; it ends when this is dropped.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    tasks: [AbortHandle; 2],
}

impl DnsServer {
    /// Starts answering for a zone, on a free port of 127.0.0.1.
    pub async fn start(zone: Zone) -> Result<Self, DemoError> {
        let (udp, tcp) = bind().await?;
        let address = udp
            .local_addr()
            .map_err(|source| DemoError::Socket { what: "asking for the DNS port", source })?;
        let zone = Arc::new(zone);
        let datagrams = tokio::spawn(serve_datagrams(udp, Arc::clone(&zone)));
        let streams = tokio::spawn(serve_streams(tcp, zone));
        Ok(Self { address, tasks: [datagrams.abort_handle(), streams.abort_handle()] })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// A port that is free for UDP and TCP.
async fn bind() -> Result<(UdpSocket, TcpListener), DemoError> {
    let mut last = std::io::Error::other("no port was tried");
    for _ in 0..PORT_ATTEMPTS {
        let attempt = async {
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let tcp = TcpListener::bind(udp.local_addr()?).await?;
            Ok((udp, tcp))
        };
        match attempt.await {
            Ok(both) => return Ok(both),
            Err(error) => last = error,
        }
    }
    Err(DemoError::Socket { what: "binding a DNS port", source: last })
}

async fn serve_datagrams(socket: UdpSocket, zone: Arc<Zone>) {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        // An error here is a peer's (such as a port that closed): the next datagram may be fine.
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let query = buffer.get(..length).unwrap_or_default();
        if let Some(reply) = answer::answer(&zone, query, Transport::Udp) {
            // A datagram that cannot be sent is a datagram lost.
            let _ = socket.send_to(&reply, peer).await;
        }
    }
}

async fn serve_streams(listener: TcpListener, zone: Arc<Zone>) {
    let mut streams = JoinSet::new();
    loop {
        if streams.len() >= MAX_STREAMS {
            streams.join_next().await;
        }
        while streams.try_join_next().is_some() {}
        if let Ok((stream, _)) = listener.accept().await {
            streams.spawn(serve_stream(stream, Arc::clone(&zone)));
        } else {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Answers until the peer closes, is idle, or has asked enough.
async fn serve_stream(mut stream: TcpStream, zone: Arc<Zone>) {
    for _ in 0..MAX_QUESTIONS {
        let Ok(Ok(())) = tokio::time::timeout(IDLE, exchange(&mut stream, &zone)).await else { return };
    }
}

/// One question and its answer, each after its length (RFC 1035 section 4.2.2).
async fn exchange(stream: &mut TcpStream, zone: &Zone) -> std::io::Result<()> {
    let length = stream.read_u16().await?;
    let mut query = vec![0; usize::from(length)];
    stream.read_exact(&mut query).await?;
    let Some(reply) = answer::answer(zone, &query, Transport::Tcp) else { return Ok(()) };
    let length = u16::try_from(reply.len()).map_err(std::io::Error::other)?;
    stream.write_all(&[length.to_be_bytes().as_slice(), &reply].concat()).await
}
