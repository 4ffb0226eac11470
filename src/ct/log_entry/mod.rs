//! Entries as a log hands them out, read without copying.
//!
//! Source: RFC 6962 section 3.4 (`MerkleTreeLeaf`, `TimestampedEntry`) and section 4.6 (`extra_data`).
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod extra_data;
mod get_entries;

pub use self::extra_data::{ExtraData, read_extra_data};
pub use self::get_entries::{GetEntriesError, RawEntry, read_get_entries};

use crate::ct::sct::Cursor;
use crate::x509::SpkiSha256;

/// A `TimestampedEntry`: what a log's tree says of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampedEntry<'a> {
    /// Milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// What was logged.
    pub entry: LoggedEntry<'a>,
    /// The SCT extensions.
    pub extensions: &'a [u8],
}

/// What was logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedEntry<'a> {
    /// A certificate.
    X509 {
        /// The certificate, DER.
        certificate: &'a [u8],
    },
    /// A precertificate.
    Precert {
        /// The hash of the issuer's key.
        issuer_key_hash: SpkiSha256,
        /// The TBSCertificate without SCT list and poison, DER.
        tbs: &'a [u8],
    },
}

/// Why octets are no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// They end within a field.
    #[error("it ends within its {0}")]
    Truncated(&'static str),
    /// The leaf is of another version or type than RFC 6962 has.
    #[error("its version and leaf type are {0} and {1}, where RFC 6962 has 0 and 0")]
    UnknownLeaf(u8, u8),
    /// It is neither a certificate nor a precertificate.
    #[error("it is of the unknown type {0}")]
    UnknownType(u16),
    /// More octets follow.
    #[error("{0} octets follow its end")]
    TrailingData(usize),
}

/// Reads a whole `MerkleTreeLeaf`, the `leaf_input` of get-entries.
pub fn read_leaf(octets: &[u8]) -> Result<TimestampedEntry<'_>, EntryError> {
    let mut cursor = Cursor(octets);
    let [version, kind] = cursor.array().ok_or(EntryError::Truncated("version"))?;
    if (version, kind) != (0, 0) {
        return Err(EntryError::UnknownLeaf(version, kind));
    }
    let entry = read_timestamped(&mut cursor)?;
    match cursor.0 {
        [] => Ok(entry),
        rest => Err(EntryError::TrailingData(rest.len())),
    }
}

/// Reads a `TimestampedEntry` off the front.
pub(in crate::ct) fn read_timestamped<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<TimestampedEntry<'a>, EntryError> {
    let within = EntryError::Truncated;
    let timestamp = cursor.array().map(u64::from_be_bytes).ok_or(within("timestamp"))?;
    let kind = cursor.array().map(u16::from_be_bytes).ok_or(within("type"))?;
    let entry = match kind {
        0 => LoggedEntry::X509 { certificate: cursor.u24_prefixed().ok_or(within("certificate"))? },
        1 => LoggedEntry::Precert {
            issuer_key_hash: SpkiSha256(cursor.array().ok_or(within("issuer key hash"))?),
            tbs: cursor.u24_prefixed().ok_or(within("TBSCertificate"))?,
        },
        found => return Err(EntryError::UnknownType(found)),
    };
    let extensions = cursor.u16_prefixed().ok_or(within("extensions"))?;
    Ok(TimestampedEntry { timestamp, entry, extensions })
}

#[cfg(test)]
mod tests;
