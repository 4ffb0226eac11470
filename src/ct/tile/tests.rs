//! Tiles: names of known places, and proofs made from tiles against the verification of RFC 9162.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "sizes are small, and a test stops at the first surprise"
)]

use super::*;
use crate::ct::log_entry::{EntryError, LoggedEntry};
use crate::ct::merkle::{leaf_hash, root_of, verify_consistency, verify_inclusion};

fn hashes(level: u8, index: u64, width: u16) -> Tile {
    Tile { kind: TileKind::Hashes { level }, index, width }
}

#[test]
fn tiles_are_named_as_the_specification_names_them() {
    for (tile, path) in [
        (hashes(0, 0, 256), "tile/0/000"),
        (hashes(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (hashes(0, 1_234_067, 16), "tile/0/x001/x234/067.p/16"),
        (hashes(1, 999, 1), "tile/1/999.p/1"),
        (hashes(3, 1000, 255), "tile/3/x001/000.p/255"),
        (Tile { kind: TileKind::Data, index: 273, width: 112 }, "tile/data/273.p/112"),
    ] {
        assert_eq!(tile.path(), path);
    }
}

#[test]
fn a_tile_is_as_wide_as_the_tree_makes_it() {
    let data = |position, size| Tile::holding(TileKind::Data, position, size);
    assert_eq!(data(0, 0), None);
    assert_eq!(data(5, 5), None);
    assert_eq!(data(4, 5), Some(Tile { kind: TileKind::Data, index: 0, width: 5 }));
    assert_eq!(data(255, 256), Some(Tile { kind: TileKind::Data, index: 0, width: 256 }));
    assert_eq!(data(256, 300), Some(Tile { kind: TileKind::Data, index: 1, width: 44 }));
    // Hashes of level 1 are there for full tiles only.
    assert_eq!(Tile::holding(TileKind::Hashes { level: 1 }, 0, 255), None);
    assert_eq!(Tile::holding(TileKind::Hashes { level: 1 }, 2, 70_000), Some(hashes(1, 0, 256)));
    assert_eq!(Tile::holding(TileKind::Hashes { level: 1 }, 270, 70_000), Some(hashes(1, 1, 17)));
    assert_eq!(Tile::holding(TileKind::Hashes { level: 9 }, 0, u64::MAX), None);
}

#[test]
fn a_tile_of_hashes_has_its_length() {
    assert_eq!(read_hash_tile(&[7; 64], 2), Ok(vec![TreeHash([7; 32]); 2]));
    assert_eq!(read_hash_tile(&[7; 63], 2), Err(HashTileError { expected: 2, found: 63 }));
    assert_eq!(read_hash_tile(&[7; 96], 2), Err(HashTileError { expected: 2, found: 96 }));
}

fn leaves(count: usize) -> Vec<TreeHash> {
    (0..count).map(|number| leaf_hash(&number.to_le_bytes())).collect()
}

/// The tiles of a tree, cut level by level; only those that are named.
fn cut(leaves: &[TreeHash], wanted: impl IntoIterator<Item = Tile>) -> HashTiles {
    let mut levels = vec![leaves.to_vec()];
    while levels.last().unwrap().len() >= 256 {
        let (full, _) = levels.last().unwrap().as_chunks::<256>();
        let above = full.iter().map(|tile| root_of(tile.iter().copied())).collect();
        levels.push(above);
    }
    let mut tiles = HashTiles::default();
    for tile in wanted {
        let TileKind::Hashes { level } = tile.kind else { panic!("{tile:?}") };
        let from = usize::try_from(tile.index).unwrap() * 256;
        let hashes = levels[usize::from(level)][from..from + usize::from(tile.width)].to_vec();
        tiles.insert(level, tile.index, hashes);
    }
    tiles
}

const SIZES: [usize; 14] = [1, 2, 3, 7, 40, 255, 256, 257, 300, 511, 512, 1034, 65_537, 66_000];

#[test]
fn paths_made_from_the_tiles_named_for_them_hold() {
    for size in SIZES {
        let leaves = leaves(size);
        let n = size as u64;
        let whole = root_of(leaves.iter().copied());
        assert_eq!(root(&cut(&leaves, tiles_for_root(n)), n), Ok(whole));
        let step = (size / 40).max(1);
        for index in (0..size).step_by(step).chain([size - 1]) {
            let wanted = tiles_for_inclusion(index as u64, n);
            assert!(wanted.len() <= 8, "{wanted:?}");
            let tiles = cut(&leaves, wanted);
            let path = inclusion_path(&tiles, index as u64, n).unwrap();
            assert_eq!(tiles.leaf(index as u64), Ok(leaves[index]));
            assert_eq!(
                verify_inclusion(leaves[index], index as u64, n, &path, whole),
                Ok(()),
                "{index} of {size}"
            );
        }
    }
}

#[test]
fn consistency_made_from_the_tiles_named_for_it_holds() {
    for second in SIZES {
        let all = leaves(second);
        let late = root_of(all.iter().copied());
        let step = (second / 25).max(1);
        for first in (1..=second).step_by(step).chain([second]) {
            let early = root_of(all[..first].iter().copied());
            let (m, n) = (first as u64, second as u64);
            let tiles = cut(&all, tiles_for_consistency(m, n));
            let proof = consistency_proof(&tiles, m, n).unwrap();
            assert_eq!(root(&tiles, m), Ok(early));
            assert_eq!(verify_consistency(m, early, n, late, &proof), Ok(()), "{first} of {second}");
        }
    }
}

#[test]
fn a_missing_tile_is_said() {
    let all = leaves(300);
    let mut wanted = tiles_for_inclusion(5, 300);
    let missing = wanted.pop_last().unwrap();
    let tiles = cut(&all, wanted);
    let gap = inclusion_path(&tiles, 5, 300).unwrap_err();
    assert_eq!(TileKind::Hashes { level: gap.level }, missing.kind);
    assert!(inclusion_path(&tiles, 300, 300).unwrap().is_empty(), "no such leaf, no path");
    // The largest trees have short ways too.
    assert!(tiles_for_inclusion(u64::MAX - 1, u64::MAX).len() <= 16);
    assert!(tiles_for_consistency(12_345_678_901, u64::MAX).len() <= 32);
}

fn leaf_octets(kind: u16, extensions: &[u8], chain: &[u8]) -> Vec<u8> {
    let mut out = 1_700_000_000_000_u64.to_be_bytes().to_vec();
    out.extend(kind.to_be_bytes());
    if kind == 1 {
        out.extend([9; 32]);
    }
    out.extend([0, 0, 3, 1, 2, 3]);
    out.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    out.extend(extensions);
    if kind == 1 {
        out.extend([0, 0, 2, 4, 5]);
    }
    out.extend(u16::try_from(chain.len()).unwrap().to_be_bytes());
    out.extend(chain);
    out
}

#[test]
fn a_data_tile_is_read_entry_by_entry() {
    let octets = [leaf_octets(0, &[], &[]), leaf_octets(1, &[0, 0, 0], &[6; 64])].concat();
    let leaves = read_data_tile(&octets).unwrap();
    assert_eq!(leaves[0].timestamped.entry, LoggedEntry::X509 { certificate: &[1, 2, 3] });
    assert_eq!(leaves[0].precertificate, None);
    let LoggedEntry::Precert { tbs, .. } = leaves[1].timestamped.entry else { panic!("{leaves:?}") };
    assert_eq!((tbs, leaves[1].precertificate), (&[1, 2, 3][..], Some(&[4, 5][..])));
    assert_eq!(leaves[1].chain, [[6; 32]; 2]);
    assert_eq!(leaves[1].timestamped.extensions, [0, 0, 0]);
    // The precertificate and the chain are not hashed; the rest is, after version and leaf type.
    let hashed = &octets[octets.len() - leaf_octets(1, &[0, 0, 0], &[6; 64]).len()..][..10 + 32 + 6 + 5];
    assert_eq!(leaves[1].leaf_hash(), leaf_hash(&[&[0, 0], hashed].concat()));
}

#[test]
fn a_broken_data_tile_is_refused() {
    let good = leaf_octets(1, &[], &[]);
    let cut = [good.as_slice(), &good[..20]].concat();
    assert_eq!(
        read_data_tile(&cut),
        Err(DataTileError::Entry { entry: 1, error: EntryError::Truncated("issuer key hash") })
    );
    // The tree does not cover the chain: what is wrong with it takes nothing from the entries.
    let two = [leaf_octets(0, &[], &[6; 33]), leaf_octets(0, &[], &[])].concat();
    let leaves = read_data_tile(&two).unwrap();
    assert_eq!((leaves.len(), leaves[0].chain, leaves[0].chain_rest), (2, &[[6; 32]][..], &[6][..]));
    assert_eq!(
        read_data_tile(&leaf_octets(7, &[], &[])),
        Err(DataTileError::Entry { entry: 0, error: EntryError::UnknownType(7) })
    );
    assert_eq!(read_data_tile(&leaf_octets(0, &[], &[]).repeat(257)), Err(DataTileError::TooMany));
}

proptest::proptest! {
    #[test]
    fn any_octets_are_read_without_panic(octets in proptest::collection::vec(0_u8.., 0..300)) {
        let _ = read_data_tile(&octets);
        let _ = read_hash_tile(&octets, 3);
    }

    #[test]
    fn any_sizes_name_tiles_of_the_tree(first in 0_u64.., second in 0_u64..) {
        for tile in tiles_for_inclusion(first, second).into_iter().chain(tiles_for_consistency(first, second)) {
            let TileKind::Hashes { level } = tile.kind else { panic!("{tile:?}") };
            let available = second.checked_shr(u32::from(level) * 8).unwrap_or_default();
            proptest::prop_assert!(tile.index * 256 + u64::from(tile.width) <= available);
        }
    }
}
