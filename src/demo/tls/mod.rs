//! A TLS server on loopback: several hosts by server name, each with its chain, and with an SCT extension and
//! a stapled OCSP response where given.

mod misbehaving;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openssl::pkey::PKey;
use openssl::ssl::{
    ExtensionContext, NameType, SniError, Ssl, SslAlert, SslContext, SslContextBuilder, SslMethod, SslRef,
    SslVersion,
};
use openssl::x509::X509;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_openssl::SslStream;

pub use self::misbehaving::{MisbehavingServer, Misbehaviour};
use super::DemoError;

/// The `signed_certificate_timestamp` extension (RFC 6962 section 3.3.1).
const SCT_EXTENSION: u16 = 18;
/// How many connections are served at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 64;
/// How long one connection may last.
const LIFETIME: Duration = Duration::from_secs(10);
/// How much of a request is read.
const MAX_REQUEST: usize = 8192;
/// What is said to anyone who asks over HTTP.
const GREETING: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n";

/// One host of the server.
#[derive(Clone, Debug)]
pub struct ServedHost {
    /// The server name it answers to.
    pub name: String,
    /// The certificates it shows, leaf first, DER.
    pub chain: Vec<Vec<u8>>,
    /// The leaf's private key, PKCS #8 in PEM.
    pub key_pem: String,
    /// The SignedCertificateTimestampList it sends to clients that ask.
    pub sct_extension: Option<Vec<u8>>,
    /// The OCSP response it staples for clients that ask.
    pub ocsp_response: Option<Vec<u8>>,
}

/// A TLS version as a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.0; offered with security level 0.
    Tls1_0,
    /// TLS 1.2.
    Tls1_2,
    /// TLS 1.3.
    Tls1_3,
}

impl From<TlsVersion> for SslVersion {
    fn from(version: TlsVersion) -> Self {
        match version {
            TlsVersion::Tls1_0 => Self::TLS1,
            TlsVersion::Tls1_2 => Self::TLS1_2,
            TlsVersion::Tls1_3 => Self::TLS1_3,
        }
    }
}

/// A running TLS server; it ends when this is dropped.
#[derive(Debug)]
pub struct TlsServer {
    address: SocketAddr,
    task: AbortHandle,
}

impl TlsServer {
    /// Starts serving these hosts with TLS 1.2 and 1.3; the first is shown to clients that name no other.
    pub async fn start(hosts: &[ServedHost]) -> Result<Self, DemoError> {
        Self::start_with(hosts, TlsVersion::Tls1_2, TlsVersion::Tls1_3).await
    }

    /// Starts serving these hosts with TLS versions from `least` to `most`.
    pub async fn start_with(
        hosts: &[ServedHost],
        least: TlsVersion,
        most: TlsVersion,
    ) -> Result<Self, DemoError> {
        let context = by_server_name(hosts, least, most)?;
        let (listener, address) = bind().await?;
        let task = tokio::spawn(serve(listener, Arc::new(context))).abort_handle();
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A listener on a free port of 127.0.0.1.
async fn bind() -> Result<(TcpListener, SocketAddr), DemoError> {
    let failed = |source| DemoError::Socket { what: "binding a TLS port", source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// The first host's context, which hands over to another's when its name is asked for.
fn by_server_name(
    hosts: &[ServedHost],
    least: TlsVersion,
    most: TlsVersion,
) -> Result<SslContext, DemoError> {
    let (first, _) = hosts.split_first().ok_or(DemoError::NoHost)?;
    let mut contexts = BTreeMap::new();
    for host in hosts {
        contexts.insert(host.name.to_ascii_lowercase(), context(host, least, most)?.build());
    }
    let mut default = context(first, least, most)?;
    default.set_servername_callback(move |ssl, _| {
        let name = ssl.servername(NameType::HOST_NAME).map(str::to_ascii_lowercase);
        match name.and_then(|name| contexts.get(&name)) {
            Some(context) => ssl.set_ssl_context(context).map_err(|_| SniError::ALERT_FATAL),
            None => Ok(()),
        }
    });
    Ok(default.build())
}

/// One host's context. The SCT extension is registered even where there is none to send: OpenSSL remembers
/// that the client asked only if the context at hand before the server name was read knows the extension.
fn context(host: &ServedHost, least: TlsVersion, most: TlsVersion) -> Result<SslContextBuilder, DemoError> {
    let mut builder = SslContext::builder(SslMethod::tls_server())?;
    if least < TlsVersion::Tls1_2 {
        builder.set_security_level(0);
    }
    builder.set_min_proto_version(Some(least.into()))?;
    builder.set_max_proto_version(Some(most.into()))?;
    builder.set_private_key(PKey::private_key_from_pem(host.key_pem.as_bytes())?.as_ref())?;
    let mut chain = host.chain.iter();
    if let Some(leaf) = chain.next() {
        builder.set_certificate(X509::from_der(leaf)?.as_ref())?;
    }
    for certificate in chain {
        builder.add_extra_chain_cert(X509::from_der(certificate)?)?;
    }
    let scts = host.sct_extension.clone();
    builder.add_custom_ext(
        SCT_EXTENSION,
        ExtensionContext::CLIENT_HELLO
            | ExtensionContext::TLS1_2_SERVER_HELLO
            | ExtensionContext::TLS1_3_CERTIFICATE,
        move |_: &mut SslRef, _, certificate| {
            let of_the_leaf = certificate.is_none_or(|(position, _)| position == 0);
            Ok::<_, SslAlert>(scts.clone().filter(|_| of_the_leaf))
        },
        |_: &mut SslRef, _, _, _| Ok::<_, SslAlert>(()),
    )?;
    let ocsp = host.ocsp_response.clone();
    builder.set_status_callback(move |ssl| match &ocsp {
        Some(response) => ssl.set_ocsp_status(response).map(|()| true),
        None => Ok(false),
    })?;
    Ok(builder)
}

async fn serve(listener: TcpListener, context: Arc<SslContext>) {
    let mut connections = JoinSet::new();
    loop {
        if connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        if let Ok((stream, _)) = listener.accept().await {
            let greeting = greet(stream, Arc::clone(&context));
            connections.spawn(tokio::time::timeout(LIFETIME, greeting));
        } else {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The handshake, then a greeting to whoever asks for something. What the peer does wrong ends its connection.
async fn greet(stream: TcpStream, context: Arc<SslContext>) {
    let Ok(ssl) = Ssl::new(&context) else { return };
    let Ok(mut stream) = SslStream::new(ssl, stream) else { return };
    if Pin::new(&mut stream).accept().await.is_err() {
        return;
    }
    let mut request = vec![0; MAX_REQUEST];
    if matches!(stream.read(&mut request).await, Ok(1..)) {
        let _ = stream.write_all(GREETING).await;
    }
    let _ = stream.shutdown().await;
}
