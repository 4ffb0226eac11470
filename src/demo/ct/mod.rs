//! CT logs as far as a certificate shows them: keys, SCTs, and the list that names them.

mod issuance;
mod log_list;
mod sct_list;

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

pub use self::issuance::{Delivery, ListFault, PlannedSct, SctFault, SctPlan, issue, scts_over};
pub use self::log_list::{ListedLog, openssl_log_list, v3_log_list};
pub use self::sct_list::{Sct, sct_list};

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

/// A CT log: a key that signs SCTs.
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

    /// Makes a static log give its next SCT this leaf index, and count on from there.
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

    /// Signs an SCT; a static log gives each a leaf index of its own.
    pub fn sign(&self, entry: SignedEntry<'_>, timestamp: Timestamp) -> Result<Sct, DemoError> {
        let milliseconds =
            u64::try_from(timestamp.as_millisecond()).map_err(|_| DemoError::Time(timestamp))?;
        let extensions = match self.kind {
            LogKind::Rfc6962 => Vec::new(),
            LogKind::Static => leaf_index(self.next_index.fetch_add(1, Ordering::Relaxed)),
        };
        let signature = self.key.sign(&signed_data(entry, milliseconds, &extensions)?)?;
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
