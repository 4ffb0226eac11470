//! Any octets are read as an SCT list, bare or in its OCTET STRING; what was read holds no more than was there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::ct::sct::{ListedSct, leaf_index, read_extension, read_list};

fuzz_target!(|octets: &[u8]| {
    for members in [read_list(octets), read_extension(octets)].into_iter().flatten() {
        assert!(!members.is_empty());
        let held: usize = members
            .iter()
            .map(|member| match member {
                ListedSct::V1(sct) => 47 + sct.extensions.len() + sct.signature.octets.len(),
                ListedSct::UnsupportedVersion(_) | ListedSct::Malformed(_) => 1,
            })
            .sum();
        assert!(held <= octets.len());
    }
    let _ = leaf_index(octets);
});
