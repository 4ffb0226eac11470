//! A log's tree, kept so that every proof of every size takes a few dozen hashes.

use pinstead::ct::merkle::{TreeHash, node_hash};

/// The hashes of all complete subtrees.
#[derive(Debug)]
pub struct Tree {
    /// By height: 0 has the leaves.
    levels: Vec<Vec<TreeHash>>,
}

impl Tree {
    /// The tree over these leaves.
    pub fn new(leaves: Vec<TreeHash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let (pairs, _) = below.as_chunks::<2>();
            let above = pairs.iter().map(|[left, right]| node_hash(*left, *right)).collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// How many leaves there are.
    pub fn size(&self) -> usize {
        self.level(0).len()
    }

    /// The hashes of this height, as far as they are complete.
    pub fn level(&self, height: usize) -> &[TreeHash] {
        self.levels.get(height).map_or(&[], Vec::as_slice)
    }

    /// The root over the first `size` leaves.
    pub fn root(&self, size: usize) -> TreeHash {
        if size == 0 { TreeHash::of_empty_tree() } else { self.over(0, size) }
    }

    /// MTH of RFC 6962 section 2.1 over the leaves from `start` up to `end`.
    fn over(&self, start: usize, end: usize) -> TreeHash {
        let length = end - start;
        if length.is_power_of_two() {
            let height = length.trailing_zeros() as usize;
            return self.levels[height][start >> height];
        }
        let middle = split(start, end);
        node_hash(self.over(start, middle), self.over(middle, end))
    }

    /// PATH of RFC 6962 section 2.1.1 in the tree of `size` leaves.
    pub fn path(&self, index: usize, size: usize) -> Vec<TreeHash> {
        let (mut start, mut end) = (0, size);
        let mut path = Vec::new();
        while end - start > 1 {
            let middle = split(start, end);
            if index < middle {
                path.push(self.over(middle, end));
                end = middle;
            } else {
                path.push(self.over(start, middle));
                start = middle;
            }
        }
        path.reverse();
        path
    }

    /// PROOF of RFC 6962 section 2.1.2, for 0 < `first` <= `second`.
    pub fn consistency(&self, first: usize, second: usize) -> Vec<TreeHash> {
        let (mut start, mut end) = (0, second);
        let mut proof = Vec::new();
        while first < end {
            let middle = split(start, end);
            if first <= middle {
                proof.push(self.over(middle, end));
                end = middle;
            } else {
                proof.push(self.over(start, middle));
                start = middle;
            }
        }
        // The verifier has the root of what begins with the first leaf.
        if start != 0 {
            proof.push(self.over(start, end));
        }
        proof.reverse();
        proof
    }
}

/// Where a tree of more than one leaf is split: the largest power of two below the number of its leaves.
fn split(start: usize, end: usize) -> usize {
    start + (1 << (end - start - 1).ilog2())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pinstead::ct::merkle::{leaf_hash, root_of, verify_consistency, verify_inclusion};

    #[test]
    fn each_proof_of_each_small_tree_holds() {
        let all: Vec<TreeHash> = (0_u8..70).map(|number| leaf_hash(&[number])).collect();
        let tree = Tree::new(all.clone());
        for size in 1..=all.len() {
            let root = tree.root(size);
            assert_eq!(root, root_of(all[..size].iter().copied()));
            for (index, leaf) in all[..size].iter().enumerate() {
                verify_inclusion(*leaf, index as u64, size as u64, &tree.path(index, size), root).unwrap();
            }
            for first in 1..=size {
                let proof = tree.consistency(first, size);
                verify_consistency(first as u64, tree.root(first), size as u64, root, &proof).unwrap();
            }
        }
    }
}
