//! Tree heads: any octets are read or refused, and what was read is written and read again unchanged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::ct::tree_head::TreeHead;

fuzz_target!(|octets: &[u8]| {
    let Ok(head) = TreeHead::from_json(octets) else { return };
    let again = head.to_json().expect("what was read fits its fields").to_string();
    assert_eq!(TreeHead::from_json(again.as_bytes()), Ok(head));
});
