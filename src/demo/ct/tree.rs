//! The tree of a log that is served: its entries, and the proofs over them.
//!
//! Proofs are made as RFC 6962 section 2.1 words them, from the leaves each time: the trees here have some hundred.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::super::DemoError;
use super::{SignedEntry, precertificate, prefixed_u24, sct_list};
use crate::ct::merkle::{TreeHash, leaf_hash, root_of};

/// One entry, in the forms in which logs hand it out.
#[derive(Debug)]
pub(super) struct LoggedEntry {
    /// The `MerkleTreeLeaf` (RFC 6962 section 3.4).
    pub(super) leaf: Vec<u8>,
    /// What `get-entries` has beside the leaf: what was submitted, and its chain (RFC 6962 section 4.6).
    pub(super) extra_data: Vec<u8>,
    /// The `TileLeaf` (static-ct-api).
    pub(super) tile_leaf: Vec<u8>,
}

/// The entries of a log, in order.
#[derive(Debug, Default)]
pub(super) struct LogTree {
    entries: Vec<LoggedEntry>,
    hashes: Vec<TreeHash>,
    issuers: BTreeMap<[u8; 32], Vec<u8>>,
}

impl LogTree {
    /// Adds what an SCT was signed for; `leaf` is its `MerkleTreeLeaf`.
    pub(super) fn push(&mut self, entry: SignedEntry<'_>, leaf: Vec<u8>) -> Result<(), DemoError> {
        let (submitted, chain) = match entry {
            SignedEntry::X509(_) => (None, None),
            SignedEntry::Precertificate { issuer, tbs } => {
                (Some(precertificate::of(issuer, tbs)?), Some(issuer.der.as_slice()))
            }
        };
        let submitted = submitted.map(|der| prefixed_u24("a precertificate", &der)).transpose()?;
        let submitted = submitted.unwrap_or_default();
        let certificates = chain.map(|der| prefixed_u24("a certificate", der)).transpose()?;
        let certificates = prefixed_u24("a chain", &certificates.unwrap_or_default())?;
        let fingerprint: Option<[u8; 32]> = chain.map(|der| Sha256::digest(der).into());
        let fingerprints =
            sct_list::prefixed_u16("a chain", fingerprint.as_ref().map_or(&[], |hash| hash.as_slice()))?;
        // Version and leaf type, two octets, stand before the TimestampedEntry.
        let timestamped_entry = leaf.get(2..).unwrap_or_default();
        let tile_leaf = [timestamped_entry, &submitted, &fingerprints].concat();
        if let (Some(hash), Some(der)) = (fingerprint, chain) {
            self.issuers.insert(hash, der.to_vec());
        }
        self.hashes.push(leaf_hash(&leaf));
        self.entries.push(LoggedEntry { leaf, extra_data: [submitted, certificates].concat(), tile_leaf });
        Ok(())
    }

    /// How many entries there are.
    pub(super) fn size(&self) -> usize {
        self.entries.len()
    }

    /// The root over all entries.
    pub(super) fn root(&self) -> TreeHash {
        root_of(self.hashes.iter().copied())
    }

    /// All entries.
    pub(super) fn entries(&self) -> &[LoggedEntry] {
        &self.entries
    }

    /// The leaves' hashes.
    pub(super) fn hashes(&self) -> &[TreeHash] {
        &self.hashes
    }

    /// The leaves' hashes of the tree when it had `size` entries; `None` where it never had so many.
    pub(super) fn of_size(&self, size: usize) -> Option<&[TreeHash]> {
        self.hashes.get(..size)
    }

    /// The certificate with this SHA-256 hash, if it stands in the chain of any entry.
    pub(super) fn issuer(&self, fingerprint: [u8; 32]) -> Option<&[u8]> {
        self.issuers.get(&fingerprint).map(Vec::as_slice)
    }
}

/// PATH of RFC 6962 section 2.1.1: from the lowest hash up.
pub(super) fn audit_path(index: usize, leaves: &[TreeHash]) -> Vec<TreeHash> {
    let Some((left, right)) = split(leaves) else { return Vec::new() };
    let (mut path, beside) = match index.checked_sub(left.len()) {
        None => (audit_path(index, left), right),
        Some(index) => (audit_path(index, right), left),
    };
    path.push(root_of(beside.iter().copied()));
    path
}

/// PROOF of RFC 6962 section 2.1.2: that the tree of the first leaves is the beginning of the tree of all.
pub(super) fn consistency_proof(first: usize, leaves: &[TreeHash]) -> Vec<TreeHash> {
    subproof(first, leaves, true)
}

/// SUBPROOF of RFC 6962 section 2.1.2; `known` says that the verifier has the root of these leaves.
fn subproof(first: usize, leaves: &[TreeHash], known: bool) -> Vec<TreeHash> {
    let whole = || root_of(leaves.iter().copied());
    let Some((left, right)) = split(leaves).filter(|_| first < leaves.len()) else {
        return if known { Vec::new() } else { vec![whole()] };
    };
    let (mut proof, beside) = match first.checked_sub(left.len()) {
        None | Some(0) => (subproof(first, left, known), right),
        Some(first) => (subproof(first, right, false), left),
    };
    proof.push(root_of(beside.iter().copied()));
    proof
}

/// The two parts of a tree of more than one leaf: the first has the largest power of two below the number of leaves.
fn split(leaves: &[TreeHash]) -> Option<(&[TreeHash], &[TreeHash])> {
    let last = leaves.len().checked_sub(1)?;
    leaves.split_at_checked(1 << last.checked_ilog2()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::merkle::{verify_consistency, verify_inclusion};

    #[test]
    fn each_proof_of_each_small_tree_holds() {
        let all: Vec<TreeHash> = (0_u8..20).map(|number| leaf_hash(&[number])).collect();
        let root = |size: usize| root_of(all[..size].iter().copied());
        for size in 1..=all.len() {
            for (index, leaf) in all[..size].iter().enumerate() {
                let path = audit_path(index, &all[..size]);
                verify_inclusion(*leaf, index as u64, size as u64, &path, root(size)).unwrap();
            }
            for first in 1..=size {
                let proof = consistency_proof(first, &all[..size]);
                verify_consistency(first as u64, root(first), size as u64, root(size), &proof).unwrap();
            }
        }
    }
}
