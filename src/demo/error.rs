//! Why a part of the loopback world could not be made.

use std::path::PathBuf;

/// Why a part of the loopback world could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A key or CA certificate could not be made.
    #[error("making a key or a CA certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The system gave no random octets.
    #[error("the system gave no random octets")]
    NoRandomness,
    /// A time cannot be written into a certificate.
    #[error("the time {0} cannot be written into a certificate")]
    Time(jiff::Timestamp),
    /// A time is out of range.
    #[error("a time is out of range: {0}")]
    TimeRange(#[from] jiff::Error),
    /// A certificate made here cannot be read back.
    #[error("a certificate made here cannot be read back: {0}")]
    Unreadable(String),
    /// Something is too long for the length field of its format.
    #[error("{what} has {length} octets; its length field holds at most {limit}")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// How long it is.
        length: usize,
        /// The most its format allows.
        limit: usize,
    },
    /// A name is no DNS name.
    #[error("“{name}” is not a DNS name: {why}")]
    Name {
        /// The name.
        name: String,
        /// Why it is none.
        why: String,
    },
    /// A socket on loopback failed.
    #[error("{what} on loopback: {source}")]
    Socket {
        /// What was being done.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the world could not be written.
    #[error("writing {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// OpenSSL refused something for the TLS server.
    #[error("setting up the TLS server: {0}")]
    OpenSsl(#[from] openssl::error::ErrorStack),
    /// A log has one tree, and one place where it is served.
    #[error("the log is served already")]
    ServedTwice,
    /// A TLS server needs at least one host.
    #[error("a TLS server needs at least one host")]
    NoHost,
}
