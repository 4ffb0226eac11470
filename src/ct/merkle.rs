//! The Merkle tree of a CT log: hashes, and the proofs that lead from one to another.
//!
//! Source: RFC 6962 section 2.1; the ways to verify are those of RFC 9162 sections 2.1.3.2 and 2.1.4.2, which
//! has the same tree.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod range;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

pub use self::range::{RangeBuilder, RangeError};

/// A hash in a log's tree: of a leaf, a node or the root. Shown as base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeHash(pub [u8; 32]);

impl TreeHash {
    /// The root of the tree without leaves: SHA-256 of nothing.
    pub fn of_empty_tree() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// Reads the base64 form that [`fmt::Display`] writes.
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Display for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeHash({self})")
    }
}

impl Serialize for TreeHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The hash of a leaf.
pub fn leaf_hash(leaf: &[u8]) -> TreeHash {
    TreeHash(Sha256::new().chain_update([0]).chain_update(leaf).finalize().into())
}

/// The hash of a node above two others.
pub fn node_hash(left: TreeHash, right: TreeHash) -> TreeHash {
    TreeHash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// Puts a tree together from its leaves' hashes, one after the other; holds one hash a level.
#[derive(Clone, Debug, Default)]
pub struct TreeBuilder {
    /// The roots of the complete subtrees so far with their heights, the highest first.
    subtrees: Vec<(u32, TreeHash)>,
    size: u64,
}

impl TreeBuilder {
    /// Adds the next leaf.
    pub fn push(&mut self, leaf: TreeHash) {
        let mut subtree = (0_u32, leaf);
        while let Some((height, left)) = self.subtrees.pop_if(|(height, _)| *height == subtree.0) {
            subtree = (height.saturating_add(1), node_hash(left, subtree.1));
        }
        self.subtrees.push(subtree);
        self.size = self.size.saturating_add(1);
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> TreeHash {
        let hashes = self.subtrees.iter().map(|(_, hash)| *hash);
        fold_right(hashes).unwrap_or_else(TreeHash::of_empty_tree)
    }
}

/// The root over these leaves.
pub fn root_of(leaves: impl IntoIterator<Item = TreeHash>) -> TreeHash {
    let mut builder = TreeBuilder::default();
    leaves.into_iter().for_each(|leaf| builder.push(leaf));
    builder.root()
}

/// The hash above neighbouring complete subtrees, which get smaller to the right.
pub(super) fn fold_right(subtrees: impl DoubleEndedIterator<Item = TreeHash>) -> Option<TreeHash> {
    subtrees.rev().reduce(|right, left| node_hash(left, right))
}

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree has no such leaf or no such earlier size.
    #[error("the tree of {size} entries has no place {place}")]
    OutOfTree {
        /// The leaf's index, or the earlier size.
        place: u64,
        /// The tree's size.
        size: u64,
    },
    /// It has not as many hashes as the sizes call for.
    #[error("it has the wrong number of hashes")]
    WrongLength,
    /// It leads to another root than the tree's.
    #[error("it leads to the root {computed}, which is not the tree's")]
    OtherRoot {
        /// Where it leads.
        computed: TreeHash,
    },
    /// It leads to the later tree's root, and shows that its first part is another tree than the earlier one: there are
    /// two trees.
    #[error("it shows that the earlier part of the tree has the root {computed}: there are two trees")]
    OtherHistory {
        /// The root of the later tree's first part.
        computed: TreeHash,
    },
}

/// Verifies that `leaf` stands at `index` in the tree of `size` leaves with this root (RFC 6962 section 2.1.1).
pub fn verify_inclusion(
    leaf: TreeHash,
    index: u64,
    size: u64,
    path: &[TreeHash],
    root: TreeHash,
) -> Result<(), ProofError> {
    let last = size.checked_sub(1).filter(|last| index <= *last);
    let Some(last) = last else { return Err(ProofError::OutOfTree { place: index, size }) };
    let mut way = Way { node: index, last };
    let mut hash = leaf;
    for &beside in path {
        hash = match way.up().ok_or(ProofError::WrongLength)? {
            Side::Left => node_hash(beside, hash),
            Side::Right => node_hash(hash, beside),
        };
    }
    if way.last != 0 {
        return Err(ProofError::WrongLength);
    }
    if hash == root { Ok(()) } else { Err(ProofError::OtherRoot { computed: hash }) }
}

/// Verifies that the tree of `first` leaves is the beginning of the tree of `second` leaves (RFC 6962 section 2.1.2).
pub fn verify_consistency(
    first: u64,
    first_root: TreeHash,
    second: u64,
    second_root: TreeHash,
    proof: &[TreeHash],
) -> Result<(), ProofError> {
    if first > second {
        return Err(ProofError::OutOfTree { place: first, size: second });
    }
    if first == second || first == 0 {
        if !proof.is_empty() {
            return Err(ProofError::WrongLength);
        }
        return match first {
            0 if first_root != TreeHash::of_empty_tree() => {
                Err(ProofError::OtherHistory { computed: TreeHash::of_empty_tree() })
            }
            0 => Ok(()),
            _ if first_root == second_root => Ok(()),
            _ => Err(ProofError::OtherHistory { computed: second_root }),
        };
    }
    let mut way = Way { node: first.saturating_sub(1), last: second.saturating_sub(1) };
    way.skip_complete();
    // A complete first tree is a node of the second one, and the proof begins above it.
    let (mut early, rest) = if first.is_power_of_two() {
        (first_root, proof)
    } else {
        let (&seed, rest) = proof.split_first().ok_or(ProofError::WrongLength)?;
        (seed, rest)
    };
    let mut late = early;
    for &beside in rest {
        match way.up().ok_or(ProofError::WrongLength)? {
            Side::Left => {
                early = node_hash(beside, early);
                late = node_hash(beside, late);
            }
            Side::Right => late = node_hash(late, beside),
        }
    }
    if way.last != 0 {
        return Err(ProofError::WrongLength);
    }
    if late != second_root {
        return Err(ProofError::OtherRoot { computed: late });
    }
    if early == first_root { Ok(()) } else { Err(ProofError::OtherHistory { computed: early }) }
}

/// A way from a node up to the root, level by level, beside that of the last node.
struct Way {
    node: u64,
    last: u64,
}

/// On which side of the way a proof's hash stands.
enum Side {
    Left,
    Right,
}

impl Way {
    /// Goes up to the next level where there is a node beside; `None` at the root.
    fn up(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            // A last node without one on its right moves up unchanged.
            while self.node & 1 == 0 && self.node != 0 {
                self.climb();
            }
            Side::Left
        } else {
            Side::Right
        };
        self.climb();
        Some(side)
    }

    /// Goes up as long as the way comes from the right: that subtree is complete.
    fn skip_complete(&mut self) {
        while self.node & 1 == 1 {
            self.climb();
        }
    }

    fn climb(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }
}

#[cfg(test)]
mod tests;
