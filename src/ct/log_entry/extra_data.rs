//! What stands beside an entry in the answer to get-entries; the tree does not cover it.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::{EntryError, LoggedEntry};
use crate::ct::sct::Cursor;

/// The most certificates of a chain that are read.
const LONGEST_CHAIN: usize = 64;

/// The `extra_data` of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtraData<'a> {
    /// The precertificate as it was submitted, DER; `None` beside a certificate.
    pub precertificate: Option<&'a [u8]>,
    /// The chain above it, DER, the issuer first.
    pub chain: Vec<&'a [u8]>,
}

/// Reads the `extra_data` of an entry (RFC 6962 section 4.6: a chain, or a `PrecertChainEntry`).
pub fn read_extra_data<'a>(octets: &'a [u8], entry: &LoggedEntry<'_>) -> Result<ExtraData<'a>, EntryError> {
    let mut cursor = Cursor(octets);
    let precertificate = match entry {
        LoggedEntry::X509 { .. } => None,
        LoggedEntry::Precert { .. } => {
            Some(cursor.u24_prefixed().ok_or(EntryError::Truncated("precertificate"))?)
        }
    };
    let mut certificates = Cursor(cursor.u24_prefixed().ok_or(EntryError::Truncated("chain"))?);
    let mut chain = Vec::new();
    while !certificates.0.is_empty() && chain.len() < LONGEST_CHAIN {
        chain.push(certificates.u24_prefixed().ok_or(EntryError::Truncated("chain"))?);
    }
    match cursor.0.len().saturating_add(certificates.0.len()) {
        0 => Ok(ExtraData { precertificate, chain }),
        rest => Err(EntryError::TrailingData(rest)),
    }
}
