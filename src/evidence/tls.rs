//! A TLS server as it was seen: one handshake an address, nothing verified.

use serde::{Deserialize, Serialize};

use super::Bytes;

/// Every attempt to see a TLS server's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsObservation {
    /// The host as named: a DNS name or an IP address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The STARTTLS protocol spoken before the handshake, if any.
    pub starttls: Option<String>,
    /// Why the host's addresses could not be had, if that failed.
    pub resolution_failure: Option<String>,
    /// One attempt for each address tried.
    pub attempts: Vec<TlsAttempt>,
    /// Why nothing was tried, if nothing was (`--offline`).
    pub not_tried: Option<String>,
}

/// One address, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsAttempt {
    /// The address and port connected to.
    pub address: String,
    /// How long the attempt took, in milliseconds.
    pub milliseconds: u64,
    /// What came of it.
    pub outcome: TlsOutcome,
}

/// What came of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsOutcome {
    /// The server showed its certificates.
    Handshake(TlsHandshake),
    /// It did not, and where that failed.
    Failed {
        /// The step that failed.
        stage: TlsStage,
        /// What the system or OpenSSL said.
        error: String,
    },
}

/// The steps of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsStage {
    /// The TCP connection.
    Connect,
    /// The plain-text dialogue before TLS.
    Starttls,
    /// The TLS handshake.
    Handshake,
}

/// What one handshake showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsHandshake {
    /// The server name sent (RFC 6066 section 3); `None` for an IP address.
    pub sni: Option<String>,
    /// The protocol version negotiated, such as `TLSv1.3`.
    pub version: String,
    /// The cipher suite negotiated.
    pub cipher: String,
    /// The certificates as served, leaf first, DER.
    pub chain: Vec<Bytes>,
    /// The stapled OCSP response (RFC 6066 section 8), DER.
    pub ocsp_response: Option<Bytes>,
    /// The body of the `signed_certificate_timestamp` extension (RFC 6962 section 3.3.1).
    pub sct_extension: Option<Bytes>,
    /// Why the handshake ended after the certificates were shown, if it did (a client certificate was asked for).
    pub broken_off: Option<String>,
}
