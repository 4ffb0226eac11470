//! Tiles: how a static log cuts its tree and its entries into files.
//!
//! Source: C2SP static-ct-api and tlog-tiles. A tile has up to 256 hashes of one level of the tree, every eighth level
//! being cut, or up to 256 entries. One at the right edge is partial, and named by how many it has.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod leaf;
mod tree;

pub use self::leaf::{DataTileError, TileLeaf, read_data_tile, read_data_tile_so_far};
pub use self::tree::{HashTiles, TileGap, consistency_proof, inclusion_path, root, subtrees_before};
pub use self::tree::{tiles_for_consistency, tiles_for_inclusion, tiles_for_root};

use super::merkle::TreeHash;

/// The most hashes or entries of a tile.
pub const FULL_WIDTH: u16 = 256;

/// The same as a number of entries.
const A_TILE: u64 = 256;

/// How many levels of the tree lie between two that are cut into tiles.
const HEIGHT: u32 = 8;

/// The octets of a hash.
const HASH: usize = 32;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes: level 0 those of the leaves, level 1 those of full tiles of level 0, and so on.
    Hashes {
        /// The level.
        level: u8,
    },
    /// Entries.
    Data,
}

/// One tile of a tree of some size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What it holds.
    pub kind: TileKind,
    /// Its place among those of its kind.
    pub index: u64,
    /// How much it holds, 1 to 256.
    pub width: u16,
}

impl Tile {
    /// The tile that holds number `position` of its kind, as wide as a tree of `size` entries makes it; `None` where the
    /// tree has no such number.
    pub fn holding(kind: TileKind, position: u64, size: u64) -> Option<Self> {
        let available = match kind {
            TileKind::Hashes { level } => {
                size.checked_shr(u32::from(level).checked_mul(HEIGHT)?).unwrap_or_default()
            }
            TileKind::Data => size,
        };
        let index = position / A_TILE;
        let before = index.checked_mul(A_TILE)?;
        let width = available.checked_sub(before)?.min(A_TILE);
        (position < available).then_some(Self { kind, index, width: u16::try_from(width).ok()? })
    }

    /// Whether it is at the right edge, where there is not enough for a whole tile.
    pub fn is_partial(self) -> bool {
        self.width < FULL_WIDTH
    }

    /// The whole tile of this place, which is there once the tree has grown.
    #[must_use]
    pub fn full(self) -> Self {
        Self { width: FULL_WIDTH, ..self }
    }

    /// Its path below the log's monitoring prefix, such as `tile/0/x001/234.p/16`.
    pub fn path(self) -> String {
        let kind = match self.kind {
            TileKind::Hashes { level } => level.to_string(),
            TileKind::Data => "data".to_owned(),
        };
        let mut groups = Vec::new();
        let mut rest = self.index;
        loop {
            groups.push(format!("{:03}", rest % 1000));
            rest /= 1000;
            if rest == 0 {
                break;
            }
        }
        let last = groups.len().saturating_sub(1);
        let number: Vec<String> = groups
            .iter()
            .rev()
            .enumerate()
            .map(|(at, group)| if at < last { format!("x{group}") } else { group.clone() })
            .collect();
        let partial = if self.is_partial() { format!(".p/{}", self.width) } else { String::new() };
        format!("tile/{kind}/{}{partial}", number.join("/"))
    }
}

/// Why octets are no tile of hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tile of {expected} hashes has {} octets, and this has {found}", usize::from(*expected).saturating_mul(HASH))]
pub struct HashTileError {
    /// How many hashes it should have.
    pub expected: u16,
    /// How many octets there are.
    pub found: usize,
}

/// Reads a tile of exactly `width` hashes.
pub fn read_hash_tile(octets: &[u8], width: u16) -> Result<Vec<TreeHash>, HashTileError> {
    let (hashes, rest) = octets.as_chunks::<HASH>();
    if !rest.is_empty() || hashes.len() != usize::from(width) {
        return Err(HashTileError { expected: width, found: octets.len() });
    }
    Ok(hashes.iter().map(|hash| TreeHash(*hash)).collect())
}

#[cfg(test)]
mod tests;
