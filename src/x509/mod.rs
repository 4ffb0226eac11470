//! Certificates: reading them, cutting their bytes exactly, and building paths to anchors.

mod hash;

pub use self::hash::{CertificateSha256, SpkiSha256};

/// Where in a chain a certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChainPosition {
    /// The server's own certificate.
    Leaf,
    /// A CA certificate between the leaf and the anchor.
    Intermediate,
    /// The trust anchor, or a self-issued certificate served at the end of the chain.
    Root,
}

/// One certificate of a path, as far as pins need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathCertificate {
    /// Where in the path it stands.
    pub position: ChainPosition,
    /// The hash of its key.
    pub spki_sha256: SpkiSha256,
    /// The hash of the whole certificate.
    pub sha256: CertificateSha256,
    /// Its subject, for people.
    pub subject: String,
}
