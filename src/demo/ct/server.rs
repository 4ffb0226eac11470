//! Serving a log on loopback, over plain HTTP: whoever reads a log trusts signatures and proofs, not the way they came.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::super::DemoError;
use super::CtLog;
use super::answer::{Answer, Moment};
use crate::observe::clock;

/// How many connections are served at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 64;
/// The most octets of a request's head.
const MAX_REQUEST: usize = 8 << 10;
/// How long a connection may last.
const LIFETIME: Duration = Duration::from_secs(10);

/// A log that is served; it ends when this is dropped.
#[derive(Debug)]
pub struct LogServer {
    address: SocketAddr,
    task: AbortHandle,
}

impl LogServer {
    /// Serves a log on a free port of 127.0.0.1. From now on the log keeps what it signs SCTs for; before that it has
    /// `others` entries from this time, so that its tree is no small one.
    pub async fn start(log: Arc<CtLog>, others: u32, since: Timestamp) -> Result<Self, DemoError> {
        let failed = |source| DemoError::Socket { what: "binding a CT log's port", source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        log.keep_entries(address, others, since)?;
        let task = tokio::spawn(serve(listener, log)).abort_handle();
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for LogServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, log: Arc<CtLog>) {
    let mut connections = JoinSet::new();
    loop {
        if connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        if let Ok((stream, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            connections.spawn(tokio::time::timeout(LIFETIME, exchange(stream, log)));
        } else {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// One request and its answer. What the peer does wrong ends its connection.
async fn exchange(mut stream: TcpStream, log: Arc<CtLog>) -> std::io::Result<()> {
    let mut request = Vec::new();
    let answer = loop {
        if request.windows(4).any(|octets| octets == b"\r\n\r\n") {
            break answer(&log, &request);
        }
        if request.len() >= MAX_REQUEST {
            break Answer::text(431, "the request is too large");
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    stream.write_all(&encoded(&answer)).await?;
    stream.shutdown().await
}

fn answer(log: &CtLog, request: &[u8]) -> Answer {
    let line = request.split(|octet| *octet == b'\r').next().unwrap_or_default();
    let words: Vec<&str> =
        std::str::from_utf8(line).map(|line| line.split(' ').collect()).unwrap_or_default();
    match words.as_slice() {
        ["GET", target, version] if target.starts_with('/') && version.starts_with("HTTP/1.") => {
            let moment = |address: SocketAddr, tree: &_| {
                let origin = address.to_string();
                Moment { log, tree, origin: &origin, now: clock::now() }.answer(target)
            };
            log.with_tree(moment).unwrap_or_else(|| Answer::text(503, "the log keeps no entries"))
        }
        [_, _, version] if version.starts_with("HTTP/1.") => Answer::text(405, "only GET is answered"),
        _ => Answer::text(400, "that is no request"),
    }
}

/// The answer as HTTP/1.1 has it (RFC 9112).
fn encoded(answer: &Answer) -> Vec<u8> {
    let reason = match answer.status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed\r\nAllow: GET",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
    let head = format!(
        "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.content_type,
        answer.body.len()
    );
    [head.as_bytes(), &answer.body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::authority::KeyAlgorithm;
    use crate::demo::ct::LogKind;

    async fn ask(server: &LogServer, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut heard = Vec::new();
        // A server that refuses may close before all was read.
        let _ = stream.read_to_end(&mut heard).await;
        String::from_utf8_lossy(&heard).into_owned()
    }

    #[tokio::test]
    async fn requests_are_answered_or_refused() {
        let since = "2026-11-01T00:00:00Z".parse().unwrap();
        let start = async |kind| {
            let log = Arc::new(CtLog::generate("log", "operator", kind, KeyAlgorithm::P256).unwrap());
            (LogServer::start(Arc::clone(&log), 300, since).await.unwrap(), log)
        };
        let (classic, log) = start(LogKind::Rfc6962).await;
        let (tiled, _) = start(LogKind::Static).await;
        let get = async |server, path: &str| {
            let said = ask(server, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await;
            let (head, body) = said.split_once("\r\n\r\n").unwrap();
            (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
        };
        for (server, path, status) in [
            (&classic, "/ct/v1/get-sth", "200"),
            (&classic, "/ct/v1/get-entries?start=299&end=5000", "200"),
            (&classic, "/ct/v1/get-entries?start=300&end=300", "400"),
            (&classic, "/ct/v1/get-entry-and-proof?leaf_index=299&tree_size=300", "200"),
            (&classic, "/ct/v1/get-entry-and-proof?leaf_index=299&tree_size=299", "400"),
            (&classic, "/ct/v1/get-sth-consistency?first=7&second=300", "200"),
            (&classic, "/ct/v1/get-sth-consistency?first=8&second=7", "400"),
            (&classic, "/ct/v1/get-proof-by-hash?tree_size=301&hash=x", "400"),
            (&classic, "/ct/v1/get-proof-by-hash?tree_size=300&hash=x", "400"),
            (&classic, &format!("/ct/v1/get-proof-by-hash?tree_size=300&hash={}%3D", "A".repeat(43)), "404"),
            (&classic, "/checkpoint", "404"),
            (&tiled, "/checkpoint", "200"),
            (&tiled, "/tile/0/000", "200"),
            (&tiled, "/tile/0/001.p/44", "200"),
            (&tiled, "/tile/0/001.p/45", "404"),
            (&tiled, "/tile/1/000.p/1", "200"),
            (&tiled, "/tile/1/000.p/2", "404"),
            (&tiled, "/tile/255/000", "404"),
            (&tiled, "/tile/data/001.p/44", "200"),
            (&tiled, "/issuer/00", "404"),
        ] {
            let (said, body) = get(server, path).await;
            assert_eq!(said, status, "{path}: {body}");
        }
        assert!(get(&tiled, "/checkpoint").await.1.starts_with(&format!("{}\n300\n", tiled.address())));

        assert!(ask(&classic, b"POST /ct/v1/add-chain HTTP/1.1\r\n\r\n").await.contains("405"));
        assert!(ask(&classic, b"\xff\r\n\r\n").await.contains("400"));
        assert_eq!(ask(&classic, &vec![b'x'; 3 * MAX_REQUEST]).await.find("HTTP/1.1 200"), None);
        let again = LogServer::start(log, 0, since).await;
        assert!(matches!(again, Err(DemoError::ServedTwice)), "a log has one tree");
    }
}
