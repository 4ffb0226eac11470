//! Proofs made from tiles, and which tiles they take: a matter of sizes and indices alone.
//!
//! The tree over any stretch that begins at a multiple of its size is made of complete subtrees; each of them lies
//! under hashes of one tile.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::{BTreeSet, HashMap};

use super::{A_TILE, HEIGHT, Tile, TileKind};
use crate::ct::merkle::{TreeBuilder, TreeHash, fold_right};

/// The tiles of hashes at hand.
#[derive(Clone, Debug, Default)]
pub struct HashTiles(HashMap<(u8, u64), Vec<TreeHash>>);

impl HashTiles {
    /// Adds the hashes of a tile, from its first on.
    pub fn insert(&mut self, level: u8, index: u64, hashes: Vec<TreeHash>) {
        self.0.insert((level, index), hashes);
    }

    /// The hash of the leaf at `index`.
    pub fn leaf(&self, index: u64) -> Result<TreeHash, TileGap> {
        self.subtree(Subtree { height: 0, index })
    }

    fn subtree(&self, subtree: Subtree) -> Result<TreeHash, TileGap> {
        let (level, first, count) = subtree.place().ok_or(TileGap { level: 0, index: subtree.index })?;
        let index = first / A_TILE;
        let gap = TileGap { level, index };
        let tile = self.0.get(&(level, index)).ok_or(gap)?;
        let start = usize::try_from(first % A_TILE).map_err(|_| gap)?;
        let end = start.checked_add(usize::try_from(count).map_err(|_| gap)?).ok_or(gap)?;
        let mut builder = TreeBuilder::default();
        tile.get(start..end).ok_or(gap)?.iter().for_each(|hash| builder.push(*hash));
        Ok(builder.root())
    }

    fn stretch(&self, stretch: Stretch) -> Result<TreeHash, TileGap> {
        let hashes: Vec<TreeHash> =
            stretch.subtrees().into_iter().map(|subtree| self.subtree(subtree)).collect::<Result<_, _>>()?;
        fold_right(hashes.into_iter()).ok_or(TileGap { level: 0, index: 0 })
    }
}

/// A tile that is not at hand, or too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tile {index} of level {level} is not there, or too short")]
pub struct TileGap {
    /// Its level.
    pub level: u8,
    /// Its index.
    pub index: u64,
}

/// The root of the tree of `size` entries.
pub fn root(tiles: &HashTiles, size: u64) -> Result<TreeHash, TileGap> {
    if size == 0 {
        return Ok(TreeHash::of_empty_tree());
    }
    tiles.stretch(Stretch { from: 0, to: size })
}

/// The complete subtrees of the first `size` entries, the largest first.
pub fn subtrees_before(tiles: &HashTiles, size: u64) -> Result<Vec<TreeHash>, TileGap> {
    Stretch { from: 0, to: size }.subtrees().into_iter().map(|subtree| tiles.subtree(subtree)).collect()
}

/// The audit path of the leaf at `index` in the tree of `size` entries (RFC 6962 section 2.1.1); nothing where there is
/// no such leaf.
pub fn inclusion_path(tiles: &HashTiles, index: u64, size: u64) -> Result<Vec<TreeHash>, TileGap> {
    beside_leaf(index, size).into_iter().map(|stretch| tiles.stretch(stretch)).collect()
}

/// The proof that the tree of `first` entries is the beginning of that of `second` (RFC 6962 section 2.1.2).
pub fn consistency_proof(tiles: &HashTiles, first: u64, second: u64) -> Result<Vec<TreeHash>, TileGap> {
    beside_tree(first, second).into_iter().map(|stretch| tiles.stretch(stretch)).collect()
}

/// The tiles of hashes for the path of the leaf at `index`, and for that leaf's own hash.
pub fn tiles_for_inclusion(index: u64, size: u64) -> BTreeSet<Tile> {
    let leaf = Stretch { from: index, to: index.saturating_add(1) };
    let stretches = beside_leaf(index, size).into_iter().chain((index < size).then_some(leaf));
    tiles(stretches, size)
}

/// The tiles of hashes of the tree of `second` entries for the consistency proof, and for the root of the tree of `first`.
pub fn tiles_for_consistency(first: u64, second: u64) -> BTreeSet<Tile> {
    let early = Stretch { from: 0, to: first };
    let stretches = beside_tree(first, second).into_iter().chain((first <= second).then_some(early));
    tiles(stretches, second)
}

/// The tiles of hashes for the root of the tree of `size` entries.
pub fn tiles_for_root(size: u64) -> BTreeSet<Tile> {
    tiles([Stretch { from: 0, to: size }], size)
}

fn tiles(stretches: impl IntoIterator<Item = Stretch>, size: u64) -> BTreeSet<Tile> {
    let subtrees = stretches.into_iter().flat_map(Stretch::subtrees);
    subtrees
        .filter_map(|subtree| {
            let (level, first, _) = subtree.place()?;
            Tile::holding(TileKind::Hashes { level }, first, size)
        })
        .collect()
}

/// Leaves from one index up to before another. It begins at a multiple of the power of two that it fits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: u64,
    to: u64,
}

/// The complete subtree number `index` of those with two to the `height` leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Subtree {
    height: u32,
    index: u64,
}

impl Stretch {
    /// How many leaves it has.
    fn length(self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// Where RFC 6962 section 2.1 splits it: at the largest power of two below its length.
    fn split(self) -> Option<(Self, Self)> {
        let last = self.length().checked_sub(1).filter(|last| *last > 0)?;
        let middle = self.from.checked_add(1_u64.checked_shl(last.ilog2())?)?;
        Some((Self { to: middle, ..self }, Self { from: middle, ..self }))
    }

    /// Its complete subtrees from left to right, each smaller than the one before.
    fn subtrees(self) -> Vec<Subtree> {
        let mut all = Vec::new();
        let mut from = self.from;
        while let Some(height) = self.to.saturating_sub(from).checked_ilog2() {
            let Some(index) = from.checked_shr(height) else { break };
            all.push(Subtree { height, index });
            let Some(next) = 1_u64.checked_shl(height).and_then(|length| from.checked_add(length)) else {
                break;
            };
            from = next;
        }
        all
    }
}

impl Subtree {
    /// The level whose hashes it is made of, the number of the first one there, and how many.
    fn place(self) -> Option<(u8, u64, u64)> {
        let within = self.height % HEIGHT;
        let level = u8::try_from(self.height / HEIGHT).ok()?;
        let count = 1_u64.checked_shl(within)?;
        Some((level, self.index.checked_mul(count)?, count))
    }
}

/// The stretches whose hashes are the audit path of a leaf, lowest first.
fn beside_leaf(index: u64, size: u64) -> Vec<Stretch> {
    let mut path = Vec::new();
    if index >= size {
        return path;
    }
    let mut stretch = Stretch { from: 0, to: size };
    while let Some((left, right)) = stretch.split() {
        let (inner, beside) = if index < left.to { (left, right) } else { (right, left) };
        path.push(beside);
        stretch = inner;
    }
    path.reverse();
    path
}

/// The stretches whose hashes are the proof that the first leaves are a tree of their own, lowest first.
fn beside_tree(first: u64, second: u64) -> Vec<Stretch> {
    let mut proof = Vec::new();
    if first == 0 || first >= second {
        return proof;
    }
    let mut stretch = Stretch { from: 0, to: second };
    while stretch.to != first {
        let Some((left, right)) = stretch.split() else { break };
        let (inner, beside) = if first <= left.to { (left, right) } else { (right, left) };
        proof.push(beside);
        stretch = inner;
    }
    // The whole first tree is known to whoever asks; a part of it is not.
    if stretch.from != 0 {
        proof.push(stretch);
    }
    proof.reverse();
    proof
}
