//! Places in a log: by time, and the tree before one.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::Timestamp;

use crate::ct::merkle::{TreeBuilder, TreeHash, node_hash, verify_inclusion};
use crate::watch::state::Head;

/// A binary search for the first entry at or after a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    from: u64,
    to: u64,
    time: u64,
}

impl Search {
    /// Among `size` entries.
    pub(super) fn new(size: u64, time: Timestamp) -> Self {
        Self { from: 0, to: size, time: u64::try_from(time.as_millisecond()).unwrap_or_default() }
    }

    /// The entry whose timestamp is needed; `None` once the place is found.
    pub(super) fn wanted(&self) -> Option<u64> {
        (self.from < self.to).then(|| self.from.midpoint(self.to))
    }

    /// The entry that was wanted has this timestamp.
    pub(super) fn saw(&mut self, timestamp: u64) {
        let Some(middle) = self.wanted() else { return };
        if timestamp < self.time {
            self.from = middle.saturating_add(1);
        } else {
            self.to = middle;
        }
    }

    /// The place, once nothing is wanted.
    pub(super) fn place(&self) -> u64 {
        self.from
    }
}

/// The timestamp of a `MerkleTreeLeaf` of RFC 6962, whatever follows it.
pub(super) fn timestamp_of_leaf(leaf: &[u8]) -> Option<u64> {
    leaf.strip_prefix(&[0, 0])?.first_chunk().map(|octets| u64::from_be_bytes(*octets))
}

/// The tree up to and with the entry at `last`, from that entry's audit path in the tree of `head`: its hashes on the left
/// are the complete subtrees.
pub(super) fn subtrees_before(
    leaf: TreeHash,
    last: u64,
    head: &Head,
    path: &[TreeHash],
) -> Result<TreeBuilder, String> {
    verify_inclusion(leaf, last, head.size, path, head.root).map_err(|error| error.to_string())?;
    let mut path = path.iter().copied();
    let mut smallest = leaf;
    let mut subtrees = Vec::new();
    let (mut node, mut end) = (last, head.size.saturating_sub(1));
    // As long as the way comes from the right, it stays within the smallest subtree.
    let mut is_within = true;
    while end > 0 {
        if node & 1 == 1 {
            let left = path.next().ok_or("it has too few hashes")?;
            if is_within {
                smallest = node_hash(left, smallest);
            } else {
                subtrees.push(left);
            }
        } else {
            if node < end {
                path.next();
            }
            is_within = false;
        }
        node >>= 1;
        end >>= 1;
    }
    subtrees.insert(0, smallest);
    subtrees.reverse();
    let size = last.saturating_add(1);
    TreeBuilder::of_subtrees(size, &subtrees).map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a test counts in small numbers")]
mod tests {
    use super::*;
    use crate::ct::merkle::leaf_hash;
    use crate::evidence::Bytes;

    /// RFC 6962 section 2.1.1, word for word.
    fn path(index: usize, leaves: &[TreeHash]) -> Vec<TreeHash> {
        if leaves.len() <= 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let root = |leaves: &[TreeHash]| crate::ct::merkle::root_of(leaves.iter().copied());
        if index < left.len() {
            [path(index, left), vec![root(right)]].concat()
        } else {
            [path(index - left.len(), right), vec![root(left)]].concat()
        }
    }

    #[test]
    fn an_audit_path_has_the_tree_before() {
        let leaves: Vec<TreeHash> = (0..70_u8).map(|number| leaf_hash(&[number])).collect();
        for size in 1..=leaves.len() {
            let tree = &leaves[..size];
            let head = Head {
                size: u64::try_from(size).unwrap(),
                timestamp: 0,
                root: crate::ct::merkle::root_of(tree.iter().copied()),
                octets: Bytes(Vec::new()),
            };
            let mut expected = TreeBuilder::default();
            for (last, leaf) in tree.iter().enumerate() {
                expected.push(*leaf);
                let (place, path) = (u64::try_from(last).unwrap(), path(last, tree));
                let before = subtrees_before(*leaf, place, &head, &path).unwrap();
                assert_eq!(
                    (before.size(), before.subtrees()),
                    (expected.size(), expected.subtrees()),
                    "{last} of {size}"
                );
                assert!(subtrees_before(leaf_hash(b"other"), place, &head, &path).is_err());
            }
        }
    }

    #[test]
    fn a_place_is_found_by_time() {
        let times = [5_u64, 5, 7, 9, 9, 12];
        for (time, expected) in [(0, 0), (5, 0), (6, 2), (9, 3), (10, 5), (13, 6)] {
            let mut search = Search::new(6, Timestamp::from_millisecond(time).unwrap());
            while let Some(index) = search.wanted() {
                search.saw(times[usize::try_from(index).unwrap()]);
            }
            assert_eq!(search.place(), expected);
        }
        assert_eq!(Search::new(0, Timestamp::UNIX_EPOCH).wanted(), None);
    }
}
