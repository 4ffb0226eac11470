//! Known roots of the CT project's eight test leaves, and every proof of every small tree against a second, naive
//! way of making them.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "sizes are small, and a test stops at the first surprise"
)]

use super::*;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn tree_hash(text: &str) -> TreeHash {
    TreeHash(hex(text).try_into().unwrap())
}

/// The leaves that the Certificate Transparency project tests its implementations with.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// The roots over the first one, two, … of them.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn the_known_roots_come_out() {
    assert_eq!(
        TreeHash::of_empty_tree(),
        tree_hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    let mut builder = TreeBuilder::default();
    assert_eq!(builder.root(), TreeHash::of_empty_tree());
    for (leaf, root) in LEAVES.iter().zip(ROOTS) {
        builder.push(leaf_hash(&hex(leaf)));
        assert_eq!(builder.root(), tree_hash(root));
    }
    assert_eq!(builder.size(), 8);
    assert_eq!(root_of(LEAVES.iter().map(|leaf| leaf_hash(&hex(leaf)))), tree_hash(ROOTS[7]));
}

/// The largest power of two below `n`, as RFC 6962 section 2.1 splits a list.
fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// MTH of RFC 6962 section 2.1, word for word.
fn naive_root(leaves: &[TreeHash]) -> TreeHash {
    match leaves {
        [] => TreeHash::of_empty_tree(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(naive_root(left), naive_root(right))
        }
    }
}

/// PATH of section 2.1.1.
fn naive_path(m: usize, leaves: &[TreeHash]) -> Vec<TreeHash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut path, other) =
        if m < k { (naive_path(m, left), right) } else { (naive_path(m - k, right), left) };
    path.push(naive_root(other));
    path
}

/// SUBPROOF of section 2.1.2.
fn naive_consistency(m: usize, leaves: &[TreeHash], whole: bool) -> Vec<TreeHash> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, other) = if m <= k {
        (naive_consistency(m, left, whole), right)
    } else {
        (naive_consistency(m - k, right, false), left)
    };
    proof.push(naive_root(other));
    proof
}

fn leaves(count: usize) -> Vec<TreeHash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

/// Each hash of a proof with one bit changed, one hash less, and one more: none of them may hold.
fn spoilt(proof: &[TreeHash]) -> Vec<Vec<TreeHash>> {
    let mut all: Vec<Vec<TreeHash>> = (0..proof.len())
        .map(|at| {
            let mut changed = proof.to_vec();
            changed[at].0[at % 32] ^= 1 << (at % 8);
            changed
        })
        .collect();
    if !proof.is_empty() {
        all.push(proof[..proof.len() - 1].to_vec());
    }
    all.push([proof, &[TreeHash([7; 32])]].concat());
    all
}

#[test]
fn every_audit_path_of_every_small_tree_holds_and_no_changed_one() {
    for size in 1..=40 {
        let leaves = leaves(size);
        let root = naive_root(&leaves);
        assert_eq!(root_of(leaves.iter().copied()), root);
        let n = size as u64;
        for index in 0..size {
            let path = naive_path(index, &leaves);
            let i = index as u64;
            assert_eq!(verify_inclusion(leaves[index], i, n, &path, root), Ok(()), "{index} of {size}");
            for changed in spoilt(&path) {
                assert!(verify_inclusion(leaves[index], i, n, &changed, root).is_err(), "{index} of {size}");
            }
            let mut other = root;
            other.0[31] ^= 1;
            assert_eq!(
                verify_inclusion(leaves[index], i, n, &path, other),
                Err(ProofError::OtherRoot { computed: root })
            );
            assert!(verify_inclusion(TreeHash([1; 32]), i, n, &path, root).is_err());
            if size > 1 {
                assert!(verify_inclusion(leaves[index], (i + 1) % n, n, &path, root).is_err());
            }
        }
        assert!(matches!(
            verify_inclusion(leaves[0], n, n, &[], root),
            Err(ProofError::OutOfTree { place, .. }) if place == n
        ));
    }
}

#[test]
fn every_consistency_proof_of_every_small_tree_holds_and_no_changed_one() {
    for second in 1..=40_usize {
        let leaves = leaves(second);
        let late = naive_root(&leaves);
        for first in 1..=second {
            let early = naive_root(&leaves[..first]);
            let proof = naive_consistency(first, &leaves, true);
            let verify = |early, late, proof: &[TreeHash]| {
                verify_consistency(first as u64, early, second as u64, late, proof)
            };
            assert_eq!(verify(early, late, &proof), Ok(()), "{first} of {second}");
            for changed in spoilt(&proof) {
                assert!(verify(early, late, &changed).is_err(), "{first} of {second}");
            }
            let other = TreeHash([9; 32]);
            assert!(verify(early, other, &proof).is_err());
            // Where the proof itself leads to the early root, a fork is shown and not only suspected.
            let expected = if first.is_power_of_two() && first < second { None } else { Some(early) };
            match verify(other, late, &proof) {
                Err(ProofError::OtherHistory { computed }) => assert_eq!(Some(computed), expected),
                Err(ProofError::OtherRoot { .. }) => assert_eq!(expected, None),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn the_ends_of_consistency_are_exact() {
    let (empty, some) = (TreeHash::of_empty_tree(), TreeHash([1; 32]));
    assert_eq!(verify_consistency(0, empty, 5, some, &[]), Ok(()));
    assert_eq!(verify_consistency(0, empty, 5, some, &[some]), Err(ProofError::WrongLength));
    assert_eq!(verify_consistency(0, some, 5, some, &[]), Err(ProofError::OtherHistory { computed: empty }));
    assert_eq!(verify_consistency(6, some, 5, some, &[]), Err(ProofError::OutOfTree { place: 6, size: 5 }));
    assert_eq!(verify_consistency(3, some, 5, some, &[]), Err(ProofError::WrongLength));
    assert!(verify_consistency(u64::MAX - 1, some, u64::MAX, some, &[some; 64]).is_err());
    assert!(verify_inclusion(some, u64::MAX - 1, u64::MAX, &[some; 64], some).is_err());
}
