//! How a connection is made: TCP, and TLS over it (RFC 7858) with the certificate verified as for HTTPS.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::observe::dns::server::address::{Host, TlsAddress};

/// How long connecting may take, TLS included: less than a question waits, so that what failed can be told.
const CONNECTING: Duration = Duration::from_millis(2500);

/// How DNS over TLS names itself in ALPN (RFC 7858 section 10.1 and the IANA registry).
const ALPN: &[u8] = b"dot";

/// A stream of octets in both directions.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How to reach one server over a stream.
pub(in super::super) enum Dial {
    /// In clear text.
    Tcp(SocketAddr),
    /// Over TLS.
    Tls {
        /// Where, and whose certificate it has to be.
        address: TlsAddress,
        /// What TLS needs, once it was needed.
        config: OnceCell<Result<Arc<ClientConfig>, String>>,
    },
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.debug_tuple("Tcp").field(address).finish(),
            Self::Tls { address, .. } => f.debug_tuple("Tls").field(address).finish(),
        }
    }
}

impl Dial {
    /// Over TLS.
    pub(in super::super) fn tls(address: TlsAddress) -> Self {
        Self::Tls { address, config: OnceCell::new() }
    }

    /// Connects.
    pub(super) async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let connecting = async {
            Ok(match self {
                Self::Tcp(address) => {
                    let stream = TcpStream::connect(address).await?;
                    stream.set_nodelay(true)?;
                    Box::new(stream) as Box<dyn Stream>
                }
                Self::Tls { address, config } => {
                    let config = config.get_or_init(async || tls_config()).await;
                    let config = config.as_ref().map_err(|error| io::Error::other(error.clone()))?;
                    let stream = reach(address).await?;
                    stream.set_nodelay(true)?;
                    let name: ServerName<'static> = address.certificate_name.clone();
                    Box::new(TlsConnector::from(Arc::clone(config)).connect(name, stream).await?)
                }
            })
        };
        let late = |_| io::Error::other(format!("no connection within {} ms", CONNECTING.as_millis()));
        timeout(CONNECTING, connecting).await.map_err(late)?
    }
}

/// Connects to an address, or to the first of a host's addresses that can be reached.
async fn reach(address: &TlsAddress) -> io::Result<TcpStream> {
    let name = match &address.host {
        Host::Address(ip) => return TcpStream::connect((*ip, address.port)).await,
        Host::Name(name) => name,
    };
    let mut failure = io::Error::other(format!("{name} has no addresses"));
    for address in lookup_host((name.as_str(), address.port)).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// TLS that verifies certificates as this system does.
fn tls_config() -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(rustls_platform_verifier::BuilderVerifierExt::with_platform_verifier)
        .map_err(|error| format!("TLS could not be set up: {error}"))?
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}
