//! A data tile of which not every entry can be read: what stands in it goes into the tree all the same.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::{BatchError, Beside, ChainBeside, FoundEntry, Why, name, search_tile_leaf};
use crate::ct::merkle::{RangeBuilder, TreeHash};
use crate::ct::tile::read_data_tile_so_far;
use crate::evidence::Bytes;
use crate::issuance::names::{Form, Found, WatchedNames, find};

/// How much of what cannot be read is kept.
const MOST_KEPT: usize = 64 << 10;

/// Takes a data tile of which an entry, and so all behind it, cannot be read: of those the tree has the hashes, which the
/// log gives beside the tile in `hashes`. What cannot be read is found as one entry, so that nobody hides in it; whether
/// the hashes are the log's shows, as for all others, when they have its root.
pub fn take_broken_tile(
    octets: &[u8],
    skipped: u16,
    most: usize,
    hashes: &[TreeHash],
    watched: &WatchedNames,
    range: &mut RangeBuilder,
) -> Result<Vec<FoundEntry>, BatchError> {
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
        return Ok(found);
    }
    let (why, rest) = match broken {
        Some((error, rest)) => (error.to_string(), rest),
        None => (format!("it ends behind {} entries", leaves.len()), &[][..]),
    };
    // Where nothing is there, it is told from others by its hashes.
    let leaf = match rest {
        [] => dark.iter().flat_map(|hash| hash.0).collect(),
        rest => rest.get(..MOST_KEPT).unwrap_or(rest).to_vec(),
    };
    let count = dark.len();
    found.push(FoundEntry {
        index: range.end(),
        leaf: Bytes(leaf),
        beside: Beside {
            precertificate: None,
            chain: ChainBeside::Unreadable("its tile cannot be read".to_owned()),
        },
        why: Why::Undetermined {
            why: format!("its tile cannot be read, and with it {count} entries from this one on: {why}"),
            mentions: match find(rest, Form::Certificate, watched) {
                Found::Undetermined { mentions, .. } => mentions.map(name),
                Found::Claims(claim) => Some(name(claim.watched)),
                Found::Nothing => None,
            },
        },
    });
    for hash in dark {
        range.push(*hash);
    }
    Ok(found)
}
