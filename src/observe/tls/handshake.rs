//! One handshake through OpenSSL, asking for everything a server may show and verifying nothing.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::ssl::{ExtensionContext, Ssl, SslContext, SslMethod, SslRef, SslVerifyMode, StatusType};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_openssl::SslStream;

use super::Failure;
use crate::evidence::Bytes;
use crate::evidence::tls::TlsHandshake;

/// The TLS extension `signed_certificate_timestamp` (RFC 6962 section 3.3.1).
const SCT_EXTENSION: u16 = 18;

/// The SCT list as the extension's parser finds it.
type Found = Arc<Mutex<Option<Vec<u8>>>>;

/// Shakes hands over `stream` and records what the server showed.
pub(super) async fn observe(
    stream: TcpStream,
    sni: Option<&str>,
    limit: Duration,
) -> Result<TlsHandshake, Failure> {
    let found = Found::default();
    let other = |error: String| Failure::Other(error);
    let ssl = client(sni, &found).map_err(|error| other(format!("OpenSSL cannot be set up: {error}")))?;
    let mut stream = SslStream::new(ssl, stream).map_err(|error| other(error.to_string()))?;
    let broken_off = match timeout(limit, Pin::new(&mut stream).connect()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(other(error.to_string())),
        Err(_) => Some(Failure::NoEnd(limit)),
    };
    let handshake = read(stream.ssl(), sni, &found).map_err(|error| other(error.to_string()))?;
    match broken_off {
        // A server that wants a client certificate has shown its own before it breaks off.
        Some(failure) if handshake.chain.is_empty() => Err(failure),
        broken_off => {
            Ok(TlsHandshake { broken_off: broken_off.map(|failure| failure.to_string()), ..handshake })
        }
    }
}

/// A client that accepts anything: old versions and weak ciphers too, so that old servers can be seen.
fn client(sni: Option<&str>, found: &Found) -> Result<Ssl, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_verify(SslVerifyMode::NONE);
    context.set_security_level(0);
    context.set_min_proto_version(None)?;
    context.set_cipher_list("ALL:COMPLEMENTOFALL:!aNULL:!eNULL:@SECLEVEL=0")?;
    let found = Arc::clone(found);
    context.add_custom_ext(
        SCT_EXTENSION,
        ExtensionContext::CLIENT_HELLO
            | ExtensionContext::TLS1_2_SERVER_HELLO
            | ExtensionContext::TLS1_3_CERTIFICATE,
        |_, _, _| Ok(Some([0_u8; 0])),
        move |_, _, octets, certificate| {
            // In TLS 1.3 each certificate of the chain may carry the extension; the leaf's is meant.
            if certificate.is_none_or(|(index, _)| index == 0) {
                *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(octets.to_vec());
            }
            Ok(())
        },
    )?;
    let mut ssl = Ssl::new(&context.build())?;
    if let Some(name) = sni {
        ssl.set_hostname(name)?;
    }
    ssl.set_status_type(StatusType::OCSP)?;
    Ok(ssl)
}

fn read(ssl: &SslRef, sni: Option<&str>, found: &Found) -> Result<TlsHandshake, ErrorStack> {
    let chain = match ssl.peer_cert_chain() {
        Some(chain) => {
            chain.iter().map(|certificate| certificate.to_der().map(Bytes)).collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    Ok(TlsHandshake {
        sni: sni.map(str::to_owned),
        version: ssl.version_str().to_owned(),
        cipher: ssl.current_cipher().map_or_else(|| "none".to_owned(), |cipher| cipher.name().to_owned()),
        chain,
        ocsp_response: ssl.ocsp_status().map(|octets| Bytes(octets.to_vec())),
        sct_extension: found.lock().unwrap_or_else(PoisonError::into_inner).take().map(Bytes),
        broken_off: None,
    })
}
