//! A data tile of which not every entry can be read: what stands in it goes into the tree all the same.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::{BatchError, FoundEntry, name, search_tile_leaf};
use crate::ct::merkle::{RangeBuilder, TreeHash};
use crate::ct::tile::read_data_tile_so_far;
use crate::dns_name::DnsName;
use crate::issuance::names::{Form, Found, WatchedNames, find};

/// Entries of a tile that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DarkEntries {
    /// The first of them.
    pub start: u64,
    /// The leaf hash of each, as the log gives them.
    pub hashes: Vec<TreeHash>,
    /// Why they cannot be read.
    pub why: String,
    /// A watched name that stands somewhere in the octets that the log gave for them.
    pub mentions: Option<DnsName>,
    /// Whether these octets were read at all.
    pub were_read: bool,
}

/// What was found in such a tile, and what of it cannot be read.
pub type BrokenTile = (Vec<FoundEntry>, Option<DarkEntries>);

/// Takes a data tile of which an entry, and so all behind it, cannot be read: of those the tree has the hashes, which the
/// log gives beside the tile in `hashes`. What cannot be read is given as such, so that nobody hides in it; whether
/// the hashes are the log's shows, as for all others, when they have its root.
pub fn take_broken_tile(
    octets: &[u8],
    skipped: u16,
    most: usize,
    hashes: &[TreeHash],
    watched: &WatchedNames,
    range: &mut RangeBuilder,
) -> Result<BrokenTile, BatchError> {
    let (leaves, broken) = read_data_tile_so_far(octets);
    let first = usize::from(skipped);
    let all = first.saturating_add(most).min(hashes.len());
    let mut found = Vec::new();
    for leaf in leaves.iter().take(all).skip(first) {
        found.extend(search_tile_leaf(leaf, range.end(), watched));
        range.push(leaf.leaf_hash());
    }
    let dark = hashes.get(leaves.len().max(first)..all).unwrap_or_default();
    if dark.is_empty() {
        return Ok((found, None));
    }
    let (why, rest) = match broken {
        Some((error, rest)) => (error.to_string(), rest),
        None => (format!("it ends behind {} entries", leaves.len()), &[][..]),
    };
    let entries = DarkEntries {
        start: range.end(),
        hashes: dark.to_vec(),
        why,
        mentions: match find(rest, Form::Certificate, watched) {
            Found::Undetermined { mentions, .. } => mentions.map(name),
            Found::Claims(claim) => Some(name(claim.watched)),
            Found::Nothing => None,
        },
        were_read: true,
    };
    for hash in dark {
        range.push(*hash);
    }
    Ok((found, Some(entries)))
}

/// Passes over the entries of a tile that is not read at all, `skipped` of which were taken before, and no more than `most`
/// of the others: the tree has their `hashes`. Nothing where it has none.
pub fn pass_over(
    hashes: &[TreeHash],
    (skipped, most): (usize, usize),
    why: String,
    range: &mut RangeBuilder,
) -> Option<DarkEntries> {
    let all = skipped.saturating_add(most).min(hashes.len());
    let hashes = hashes.get(skipped..all).filter(|dark| !dark.is_empty())?.to_vec();
    let start = range.end();
    for hash in &hashes {
        range.push(*hash);
    }
    Some(DarkEntries { start, hashes, why, mentions: None, were_read: false })
}

/// Looks again at a tile whose entries from `start` on could not be read: `skipped` are before these, and the tree has
/// `hashes` of them. Takes those that can be read by now, from the first on, and are the tree's. Gives how many, and what
/// was found in them.
pub fn take_again(
    octets: &[u8],
    skipped: u16,
    start: u64,
    hashes: &[TreeHash],
    watched: &WatchedNames,
) -> (u64, Vec<FoundEntry>) {
    let (leaves, _) = read_data_tile_so_far(octets);
    let mut found = Vec::new();
    let mut read = 0_u64;
    for (leaf, hash) in leaves.iter().skip(usize::from(skipped)).zip(hashes) {
        if leaf.leaf_hash() != *hash {
            break;
        }
        found.extend(search_tile_leaf(leaf, start.saturating_add(read), watched));
        read = read.saturating_add(1);
    }
    (read, found)
}
