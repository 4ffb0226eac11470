//! Any octets as a list of curl.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let _ = formats::read("pins.txt", &[b"sha256//".as_slice(), octets].concat());
});
