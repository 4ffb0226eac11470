//! Tiles of entries.
//!
//! Source: C2SP static-ct-api, “Log Entries”: a tile is its `TileLeaf` structs one after the other. What the tree
//! hashes is the `MerkleTreeLeaf` of RFC 6962 section 3.4 around each one's `TimestampedEntry`.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::FULL_WIDTH;
use crate::ct::merkle::{TreeHash, leaf_hash};
use crate::ct::sct::Cursor;
use crate::x509::SpkiSha256;

/// One entry of a data tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileLeaf<'a> {
    /// The `TimestampedEntry`, octet by octet.
    pub timestamped_entry: &'a [u8],
    /// Milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// What was logged.
    pub entry: TileEntry<'a>,
    /// The SCT extensions.
    pub extensions: &'a [u8],
    /// The SHA-256 hashes of the chain's certificates.
    pub chain: Vec<[u8; 32]>,
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileEntry<'a> {
    /// A certificate as it is.
    X509 {
        /// The certificate, DER.
        certificate: &'a [u8],
    },
    /// A precertificate.
    Precert {
        /// The hash of the issuer's key.
        issuer_key_hash: SpkiSha256,
        /// The TBSCertificate that the SCT is about.
        tbs: &'a [u8],
        /// The precertificate as it was submitted, DER.
        precertificate: &'a [u8],
    },
}

impl TileLeaf<'_> {
    /// The hash of the tree's leaf.
    pub fn leaf_hash(&self) -> TreeHash {
        // Version 1 and leaf type timestamped_entry are both written as 0.
        leaf_hash(&[&[0, 0], self.timestamped_entry].concat())
    }
}

/// Why octets are no data tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataTileError {
    /// It ends within an entry.
    #[error("its entry {entry} ends within its {field}")]
    Truncated {
        /// The entry's number in the tile.
        entry: usize,
        /// What it ends within.
        field: &'static str,
    },
    /// An entry is neither a certificate nor a precertificate.
    #[error("its entry {entry} is of the unknown type {found}")]
    UnknownType {
        /// The entry's number in the tile.
        entry: usize,
        /// The type.
        found: u16,
    },
    /// It has more entries than a tile can have.
    #[error("it has more than {FULL_WIDTH} entries")]
    TooMany,
}

/// Reads every entry of a data tile.
pub fn read_data_tile(octets: &[u8]) -> Result<Vec<TileLeaf<'_>>, DataTileError> {
    let mut cursor = Cursor(octets);
    let mut leaves = Vec::new();
    while !cursor.0.is_empty() {
        if leaves.len() >= usize::from(FULL_WIDTH) {
            return Err(DataTileError::TooMany);
        }
        leaves.push(read_leaf(&mut cursor, leaves.len())?);
    }
    Ok(leaves)
}

fn read_leaf<'a>(cursor: &mut Cursor<'a>, number: usize) -> Result<TileLeaf<'a>, DataTileError> {
    let within = |field| DataTileError::Truncated { entry: number, field };
    let start = cursor.0;
    let timestamp = cursor.array().map(u64::from_be_bytes).ok_or(within("timestamp"))?;
    let kind = cursor.array().map(u16::from_be_bytes).ok_or(within("type"))?;
    let mut entry = match kind {
        0 => TileEntry::X509 { certificate: cursor.u24_prefixed().ok_or(within("certificate"))? },
        1 => TileEntry::Precert {
            issuer_key_hash: SpkiSha256(cursor.array().ok_or(within("issuer key hash"))?),
            tbs: cursor.u24_prefixed().ok_or(within("TBSCertificate"))?,
            precertificate: &[],
        },
        found => return Err(DataTileError::UnknownType { entry: number, found }),
    };
    let extensions = cursor.u16_prefixed().ok_or(within("extensions"))?;
    let used = start.len().saturating_sub(cursor.0.len());
    let timestamped_entry = start.get(..used).unwrap_or_default();
    if let TileEntry::Precert { precertificate, .. } = &mut entry {
        *precertificate = cursor.u24_prefixed().ok_or(within("precertificate"))?;
    }
    let (chain, rest) = cursor.u16_prefixed().ok_or(within("chain"))?.as_chunks();
    if !rest.is_empty() {
        return Err(within("chain"));
    }
    Ok(TileLeaf { timestamped_entry, timestamp, entry, extensions, chain: chain.to_vec() })
}
