//! Tiles of entries.
//!
//! Source: C2SP static-ct-api, “Log Entries”: a tile is its `TileLeaf` structs one after the other. What the tree
//! hashes is the `MerkleTreeLeaf` of RFC 6962 section 3.4 around each one's `TimestampedEntry`.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use sha2::{Digest as _, Sha256};

use super::FULL_WIDTH;
use crate::ct::log_entry::{EntryError, LoggedEntry, TimestampedEntry, read_timestamped};
use crate::ct::merkle::TreeHash;
use crate::ct::sct::Cursor;

/// One entry of a data tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileLeaf<'a> {
    /// The `TimestampedEntry`, octet by octet.
    pub octets: &'a [u8],
    /// The same as read.
    pub timestamped: TimestampedEntry<'a>,
    /// The precertificate as it was submitted, DER; `None` for a certificate.
    pub precertificate: Option<&'a [u8]>,
    /// The SHA-256 hashes of the chain's certificates.
    pub chain: &'a [[u8; 32]],
    /// What stands behind them and is no hash; nothing belongs there. The tree does not cover the chain, so that the
    /// entry counts all the same.
    pub chain_rest: &'a [u8],
}

impl TileLeaf<'_> {
    /// The hash of the tree's leaf.
    pub fn leaf_hash(&self) -> TreeHash {
        // A leaf's hash begins with 0; version 1 and leaf type timestamped_entry are both written as 0, too.
        TreeHash(Sha256::new().chain_update([0, 0, 0]).chain_update(self.octets).finalize().into())
    }
}

/// Why octets are no data tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataTileError {
    /// An entry cannot be read, and so none behind it.
    #[error("entry {entry} of the tile cannot be read: {error}")]
    Entry {
        /// The entry's number in the tile.
        entry: usize,
        /// What is wrong with it.
        error: EntryError,
    },
    /// It has more entries than a tile can have.
    #[error("it has more than {FULL_WIDTH} entries")]
    TooMany,
}

/// Reads every entry of a data tile.
pub fn read_data_tile(octets: &[u8]) -> Result<Vec<TileLeaf<'_>>, DataTileError> {
    match read_data_tile_so_far(octets) {
        (leaves, None) => Ok(leaves),
        (_, Some((error, _))) => Err(error),
    }
}

/// Reads the entries of a data tile as far as they can be read: also gives why that is not to the end, and the octets
/// from there on.
pub fn read_data_tile_so_far(octets: &[u8]) -> (Vec<TileLeaf<'_>>, Option<(DataTileError, &[u8])>) {
    let mut cursor = Cursor(octets);
    let mut leaves = Vec::new();
    while !cursor.0.is_empty() {
        let rest = cursor.0;
        if leaves.len() >= usize::from(FULL_WIDTH) {
            return (leaves, Some((DataTileError::TooMany, rest)));
        }
        let entry = leaves.len();
        match read_leaf(&mut cursor) {
            Ok(leaf) => leaves.push(leaf),
            Err(error) => return (leaves, Some((DataTileError::Entry { entry, error }, rest))),
        }
    }
    (leaves, None)
}

fn read_leaf<'a>(cursor: &mut Cursor<'a>) -> Result<TileLeaf<'a>, EntryError> {
    let start = cursor.0;
    let timestamped = read_timestamped(cursor)?;
    let used = start.len().saturating_sub(cursor.0.len());
    let octets = start.get(..used).unwrap_or_default();
    let precertificate = match timestamped.entry {
        LoggedEntry::X509 { .. } => None,
        LoggedEntry::Precert { .. } => {
            Some(cursor.u24_prefixed().ok_or(EntryError::Truncated("precertificate"))?)
        }
    };
    let (chain, chain_rest) = cursor.u16_prefixed().ok_or(EntryError::Truncated("chain"))?.as_chunks();
    Ok(TileLeaf { octets, timestamped, precertificate, chain, chain_rest })
}
