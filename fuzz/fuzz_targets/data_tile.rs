//! Tiles: any octets are read or refused; the entries read are no longer than the tile, and each can be hashed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::ct::tile::{read_data_tile, read_hash_tile};

fuzz_target!(|octets: &[u8]| {
    if let Ok(leaves) = read_data_tile(octets) {
        assert!(leaves.len() <= 256);
        let held: usize = leaves.iter().map(|leaf| leaf.octets.len() + 32 * leaf.chain.len()).sum();
        assert!(held <= octets.len());
        for leaf in &leaves {
            let _ = leaf.leaf_hash();
        }
    }
    for width in [1, 2, 256] {
        if let Ok(hashes) = read_hash_tile(octets, width) {
            assert_eq!(hashes.len() * 32, octets.len());
        }
    }
});
