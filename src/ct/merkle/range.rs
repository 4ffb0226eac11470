//! The part of a log's tree over some of its entries.
//!
//! A stretch of entries is made of complete subtrees of the whole tree, as large as its ends allow. Those of
//! neighbouring stretches, read by whomever, fold into the tree's root.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::{TreeBuilder, TreeHash, node_hash};

/// Hashes the entries of a stretch, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeBuilder {
    start: u64,
    end: u64,
    /// The roots of the subtrees with their heights, from left to right.
    subtrees: Vec<(u8, TreeHash)>,
}

/// Why octets are not the subtrees of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The stretch ends before it begins.
    #[error("the stretch from {0} to {1} ends before it begins")]
    Backwards(u64, u64),
    /// There are more or fewer octets than its subtrees have.
    #[error("the stretch from {start} to {end} has not the subtrees that stand there")]
    OtherSubtrees {
        /// Its first entry.
        start: u64,
        /// The one behind its last.
        end: u64,
    },
    /// It does not begin where what stands before it ends.
    #[error("the stretch begins at {start}, and what stands before it ends at {before}")]
    Apart {
        /// Its first entry.
        start: u64,
        /// Where what stands before it ends.
        before: u64,
    },
}

impl RangeBuilder {
    /// A stretch that begins with entry `start`, and has none yet.
    pub fn new(start: u64) -> Self {
        Self { start, end: start, subtrees: Vec::new() }
    }

    /// A stretch whose subtrees were written by [`RangeBuilder::octets`].
    pub fn read(start: u64, end: u64, octets: &[u8]) -> Result<Self, RangeError> {
        let heights = heights(start, end).ok_or(RangeError::Backwards(start, end))?;
        let (hashes, rest) = octets.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() != heights.len() {
            return Err(RangeError::OtherSubtrees { start, end });
        }
        let subtrees = heights.into_iter().zip(hashes.iter().copied().map(TreeHash)).collect();
        Ok(Self { start, end, subtrees })
    }

    /// The hashes of its subtrees, from left to right; their heights follow from its ends.
    pub fn octets(&self) -> Vec<u8> {
        self.subtrees.iter().flat_map(|(_, hash)| hash.0).collect()
    }

    /// Adds the next entry's hash.
    pub fn push(&mut self, leaf: TreeHash) {
        let mut place = self.end;
        let mut subtree = (0_u8, leaf);
        // A node on the right has its sister on the left, unless that lies before the stretch.
        while place & 1 == 1
            && let Some((height, left)) = self.subtrees.pop_if(|(height, _)| *height == subtree.0)
        {
            subtree = (height.saturating_add(1), node_hash(left, subtree.1));
            place >>= 1;
        }
        self.subtrees.push(subtree);
        self.end = self.end.saturating_add(1);
    }

    /// Its first entry.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The entry behind its last.
    pub fn end(&self) -> u64 {
        self.end
    }
}

/// The heights of the subtrees of a stretch, from left to right.
fn heights(start: u64, end: u64) -> Option<Vec<u8>> {
    let mut heights = Vec::new();
    let mut at = start;
    let mut left = end.checked_sub(start)?;
    while left > 0 {
        let fits = left.ilog2();
        let height = if at == 0 { fits } else { at.trailing_zeros().min(fits) };
        heights.push(u8::try_from(height).ok()?);
        let size = 1_u64.checked_shl(height)?;
        at = at.checked_add(size)?;
        left = left.checked_sub(size)?;
    }
    Some(heights)
}

impl TreeBuilder {
    /// Adds the entries of a stretch that begins where this tree ends.
    pub fn push_range(&mut self, range: &RangeBuilder) -> Result<(), RangeError> {
        if range.start != self.size {
            return Err(RangeError::Apart { start: range.start, before: self.size });
        }
        for (height, hash) in &range.subtrees {
            let mut subtree = (u32::from(*height), *hash);
            while let Some((height, left)) = self.subtrees.pop_if(|(height, _)| *height == subtree.0) {
                subtree = (height.saturating_add(1), node_hash(left, subtree.1));
            }
            self.subtrees.push(subtree);
        }
        self.size = range.end;
        Ok(())
    }

    /// The tree of `size` entries that has these hashes of complete subtrees, the largest first.
    pub fn of_subtrees(size: u64, hashes: &[TreeHash]) -> Result<Self, RangeError> {
        let octets: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
        let range = RangeBuilder::read(0, size, &octets)?;
        let mut builder = Self::default();
        builder.push_range(&range)?;
        Ok(builder)
    }

    /// The hashes of its complete subtrees, the largest first: all that is needed to go on.
    pub fn subtrees(&self) -> Vec<TreeHash> {
        self.subtrees.iter().map(|(_, hash)| *hash).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::merkle::{leaf_hash, root_of};

    fn leaves(count: u8) -> Vec<TreeHash> {
        (0..count).map(|number| leaf_hash(&[number])).collect()
    }

    fn range(start: usize, end: usize, leaves: &[TreeHash]) -> RangeBuilder {
        let mut range = RangeBuilder::new(u64::try_from(start).unwrap());
        leaves[start..end].iter().for_each(|leaf| range.push(*leaf));
        range
    }

    #[test]
    fn stretches_fold_into_the_root() {
        let all = leaves(40);
        for first in 0..=all.len() {
            for second in first..=all.len() {
                let mut tree = TreeBuilder::default();
                for part in [range(0, first, &all), range(first, second, &all), range(second, 40, &all)] {
                    let kept = RangeBuilder::read(part.start(), part.end(), &part.octets()).unwrap();
                    assert_eq!(kept, part);
                    tree.push_range(&kept).unwrap();
                }
                assert_eq!(
                    (tree.size(), tree.root()),
                    (40, root_of(all.iter().copied())),
                    "{first} {second}"
                );
            }
        }
    }

    #[test]
    fn a_stretch_can_go_on_after_it_was_kept() {
        let all = leaves(40);
        for cut in 5..30 {
            let early = range(5, cut, &all);
            let mut late = RangeBuilder::read(5, early.end(), &early.octets()).unwrap();
            all[cut..30].iter().for_each(|leaf| late.push(*leaf));
            assert_eq!(late, range(5, 30, &all));
        }
    }

    #[test]
    fn what_is_no_stretch_is_refused() {
        let all = leaves(20);
        let octets = range(3, 17, &all).octets();
        assert_eq!(RangeBuilder::read(17, 3, &octets), Err(RangeError::Backwards(17, 3)));
        let other = RangeError::OtherSubtrees { start: 3, end: 17 };
        assert_eq!(RangeBuilder::read(3, 17, &octets[1..]), Err(other));
        assert_eq!(RangeBuilder::read(3, 17, &octets[32..]), Err(other));
        let mut tree = TreeBuilder::default();
        assert_eq!(tree.push_range(&range(3, 17, &all)), Err(RangeError::Apart { start: 3, before: 0 }));
        tree.push_range(&range(0, 13, &all)).unwrap();
        let again = TreeBuilder::of_subtrees(13, &tree.subtrees()).unwrap();
        assert_eq!(again.root(), tree.root());
        assert!(TreeBuilder::of_subtrees(14, &tree.subtrees()).is_ok(), "13 and 14 have as many subtrees");
        assert!(TreeBuilder::of_subtrees(12, &tree.subtrees()).is_err());
        assert!(RangeBuilder::read(0, u64::MAX, &[]).is_err());
    }
}
