//! CT logs: their keys and SCTs, the list that names them, and the trees that they are served with.

mod answer;
mod issuance;
mod log_list;
pub(crate) mod precertificate;
mod sct_list;
mod server;
mod tree;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

pub use self::issuance::{Delivery, ListFault, PlannedSct, SctFault, SctPlan, issue, scts_over};
pub use self::log_list::{ListedLog, openssl_log_list, v3_log_list};
pub use self::sct_list::{Sct, sct_list};
pub use self::server::LogServer;

use self::tree::LogTree;
use super::DemoError;
use super::authority::{CaCertificate, Key, KeyAlgorithm};

/// Which interface a log has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// RFC 6962.
    Rfc6962,
    /// static-ct-api: its SCTs carry the leaf index.
    Static,
}

/// A CT log: a key that signs SCTs; a tree too, once it is served.
#[derive(Debug)]
pub struct CtLog {
    /// Its name.
    pub description: String,
    /// Who runs it.
    pub operator: String,
    /// Its interface.
    pub kind: LogKind,
    key: Key,
    next_index: AtomicU64,
    served: OnceLock<Served>,
}

/// What a log has when it is served.
#[derive(Debug)]
struct Served {
    address: SocketAddr,
    tree: Mutex<LogTree>,
}

impl Served {
    fn tree(&self) -> MutexGuard<'_, LogTree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a log signs over (RFC 6962 section 3.2, `signed_entry`).
#[derive(Clone, Copy, Debug)]
pub enum SignedEntry<'a> {
    /// A certificate as it is: for SCTs delivered in TLS or OCSP.
    X509(&'a [u8]),
    /// A precertificate: for SCTs embedded in the certificate.
    Precertificate {
        /// The CA whose key issues the certificate.
        issuer: &'a CaCertificate,
        /// The to-be-signed part without SCT list or poison.
        tbs: &'a [u8],
    },
}

impl CtLog {
    /// Makes a log with a new key.
    pub fn generate(
        description: &str,
        operator: &str,
        kind: LogKind,
        algorithm: KeyAlgorithm,
    ) -> Result<Self, DemoError> {
        Ok(Self {
            description: description.to_owned(),
            operator: operator.to_owned(),
            kind,
            key: Key::generate(algorithm)?,
            next_index: AtomicU64::new(0x0001_0203),
            served: OnceLock::new(),
        })
    }

    /// The SubjectPublicKeyInfo of its key, DER.
    pub fn key_der(&self) -> Vec<u8> {
        self.key.spki_der()
    }

    /// SHA-256 over its key (RFC 6962 section 3.2).
    pub fn log_id(&self) -> [u8; 32] {
        Sha256::digest(self.key.spki_der()).into()
    }

    /// Makes a static log that is not served give its next SCT this leaf index, and count on from there.
    pub fn continue_at(&self, index: u64) {
        self.next_index.store(index, Ordering::Relaxed);
    }

    /// Signs a tree head (RFC 6962 section 3.5); gives the signature with its algorithms, as `get-sth` and checkpoints
    /// carry it.
    pub fn sign_tree_head(&self, timestamp: u64, size: u64, root: [u8; 32]) -> Result<Vec<u8>, DemoError> {
        let version_and_signature_type = [0, 1];
        let mut signed = version_and_signature_type.to_vec();
        signed.extend(timestamp.to_be_bytes());
        signed.extend(size.to_be_bytes());
        signed.extend(root);
        let signature = self.key.sign(&signed)?;
        let mut out = vec![4, self.signature_algorithm()];
        out.extend(sct_list::prefixed_u16("a tree head's signature", &signature)?);
        Ok(out)
    }

    /// The number of its signature algorithm (RFC 5246 section 7.4.1.4.1).
    fn signature_algorithm(&self) -> u8 {
        match self.key.algorithm() {
            KeyAlgorithm::P256 => 3,
            KeyAlgorithm::Rsa2048 => 1,
        }
    }

    /// Where it is served, if it is.
    pub fn address(&self) -> Option<SocketAddr> {
        self.served.get().map(|served| served.address)
    }

    /// Signs an SCT; a static log gives each a leaf index of its own. A log that is served puts the entry into its
    /// tree at once.
    pub fn sign(&self, entry: SignedEntry<'_>, timestamp: Timestamp) -> Result<Sct, DemoError> {
        let milliseconds = milliseconds(timestamp)?;
        let (extensions, signed) = if let Some(served) = self.served.get() {
            self.append(&mut served.tree(), entry, milliseconds)?
        } else {
            let extensions = self.extensions(|| self.next_index.fetch_add(1, Ordering::Relaxed));
            let signed = signed_data(entry, milliseconds, &extensions)?;
            (extensions, signed)
        };
        let signature = self.key.sign(&signed)?;
        Ok(Sct {
            version: 0,
            log_id: self.log_id(),
            timestamp: milliseconds,
            extensions,
            hash_algorithm: 4,
            signature_algorithm: self.signature_algorithm(),
            signature,
        })
    }

    /// Makes it keep its entries from now on, after some others of that time, and name this address.
    fn keep_entries(&self, address: SocketAddr, others: u32, since: Timestamp) -> Result<(), DemoError> {
        let since = milliseconds(since)?;
        let mut tree = LogTree::default();
        for number in 0..others {
            self.append(&mut tree, SignedEntry::X509(format!("another entry, {number}").as_bytes()), since)?;
        }
        let served = Served { address, tree: Mutex::new(tree) };
        self.served.set(served).map_err(|_| DemoError::ServedTwice)
    }

    /// What is made of its address and its tree as it is now; `None` where it is not served.
    fn with_tree<T>(&self, make: impl FnOnce(SocketAddr, &LogTree) -> T) -> Option<T> {
        self.served.get().map(|served| make(served.address, &served.tree()))
    }

    /// Puts an entry into the tree; gives the SCT's extensions, and what its signature covers.
    fn append(
        &self,
        tree: &mut LogTree,
        entry: SignedEntry<'_>,
        timestamp: u64,
    ) -> Result<(Vec<u8>, Vec<u8>), DemoError> {
        let extensions = self.extensions(|| u64::try_from(tree.size()).unwrap_or(u64::MAX));
        let signed = signed_data(entry, timestamp, &extensions)?;
        // The leaf has the same octets as what is signed, see `merkle_tree_leaf`.
        tree.push(entry, signed.clone())?;
        Ok((extensions, signed))
    }

    /// An SCT's extensions: only static logs have one.
    fn extensions(&self, index: impl FnOnce() -> u64) -> Vec<u8> {
        match self.kind {
            LogKind::Rfc6962 => Vec::new(),
            LogKind::Static => leaf_index(index()),
        }
    }
}

/// Milliseconds since the Unix epoch.
fn milliseconds(at: Timestamp) -> Result<u64, DemoError> {
    u64::try_from(at.as_millisecond()).map_err(|_| DemoError::Time(at))
}

/// The leaf that a log puts into its tree for an SCT: the `MerkleTreeLeaf` of RFC 6962 section 3.4, which has the same
/// octets as what the SCT's signature covers.
pub fn merkle_tree_leaf(entry: SignedEntry<'_>, sct: &Sct) -> Result<Vec<u8>, DemoError> {
    signed_data(entry, sct.timestamp, &sct.extensions)
}

/// The digitally-signed struct of RFC 6962 section 3.2.
fn signed_data(entry: SignedEntry<'_>, timestamp: u64, extensions: &[u8]) -> Result<Vec<u8>, DemoError> {
    let version_and_signature_type = [0, 0];
    let mut out = version_and_signature_type.to_vec();
    out.extend(timestamp.to_be_bytes());
    match entry {
        SignedEntry::X509(certificate) => {
            out.extend([0, 0]);
            out.extend(prefixed_u24("a certificate", certificate)?);
        }
        SignedEntry::Precertificate { issuer, tbs } => {
            out.extend([0, 1]);
            out.extend(issuer.key.spki_sha256().0);
            out.extend(prefixed_u24("a to-be-signed part", tbs)?);
        }
    }
    out.extend(sct_list::prefixed_u16("SCT extensions", extensions)?);
    Ok(out)
}

/// The `leaf_index` extension of static-ct-api: type 0, two octets of length, a 40-bit index.
fn leaf_index(index: u64) -> Vec<u8> {
    let mut out = vec![0, 0, 5];
    out.extend(index.to_be_bytes().into_iter().skip(3));
    out
}

/// Octets after their length in three octets.
fn prefixed_u24(what: &'static str, content: &[u8]) -> Result<Vec<u8>, DemoError> {
    const LIMIT: usize = 0x00ff_ffff;
    if content.len() > LIMIT {
        return Err(DemoError::TooLong { what, length: content.len(), limit: LIMIT });
    }
    let length = content.len().to_be_bytes();
    Ok(length.into_iter().skip(length.len() - 3).chain(content.iter().copied()).collect())
}
