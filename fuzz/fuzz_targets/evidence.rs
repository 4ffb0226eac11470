//! A saved evidence file: refused or read, and then written and read back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::evidence::Evidence;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(evidence) = serde_json::from_slice::<Evidence>(bytes) {
        let written = serde_json::to_vec(&evidence).expect("what was read can be written");
        assert_eq!(serde_json::from_slice::<Evidence>(&written).ok(), Some(evidence));
    }
});
