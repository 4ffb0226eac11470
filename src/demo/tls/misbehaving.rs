//! Servers that do not speak TLS as they should, for tests of those who must bear it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::super::DemoError;

/// How long a connection is kept at most.
const LIFETIME: Duration = Duration::from_mins(2);
/// How many connections are kept at most.
const MAX_CONNECTIONS: usize = 64;

/// What a server does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// It accepts and says nothing.
    Stalls,
    /// It closes at once.
    Closes,
    /// It sends octets that are not TLS, and closes.
    SendsJunk,
    /// It sends octets that are not TLS, and does not stop.
    SendsJunkForever,
    /// It sends the beginning of a TLS record, and then one octet a second.
    Drips,
    /// It answers every handshake with a fatal alert.
    Refuses,
}

/// A running server of that kind; it ends when this is dropped.
#[derive(Debug)]
pub struct MisbehavingServer {
    address: SocketAddr,
    task: AbortHandle,
}

impl MisbehavingServer {
    /// Starts it on a free port of 127.0.0.1.
    pub async fn start(behaviour: Misbehaviour) -> Result<Self, DemoError> {
        let (listener, address) = super::bind().await?;
        let task = tokio::spawn(serve(listener, behaviour)).abort_handle();
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MisbehavingServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, behaviour: Misbehaviour) {
    let mut connections = JoinSet::new();
    loop {
        if connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(tokio::time::timeout(LIFETIME, misbehave(stream, behaviour)));
        } else {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn misbehave(mut stream: TcpStream, behaviour: Misbehaviour) -> std::io::Result<()> {
    match behaviour {
        Misbehaviour::Closes => Ok(()),
        Misbehaviour::Stalls => {
            let mut sink = [0; 4096];
            while stream.read(&mut sink).await? > 0 {}
            Ok(())
        }
        Misbehaviour::SendsJunk => stream.write_all(b"220 this is not TLS\r\n").await,
        Misbehaviour::SendsJunkForever => loop {
            stream.write_all(&[b'x'; 4096]).await?;
        },
        Misbehaviour::Drips => {
            // A handshake record of 16384 octets that begins with a ServerHello.
            stream.write_all(&[0x16, 0x03, 0x03, 0x40, 0x00, 0x02]).await?;
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                stream.write_all(&[0]).await?;
            }
        }
        Misbehaviour::Refuses => {
            let mut hello = [0; 4096];
            if stream.read(&mut hello).await? > 0 {
                // handshake_failure (RFC 8446 section 6.2).
                stream.write_all(&[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]).await?;
            }
            Ok(())
        }
    }
}
