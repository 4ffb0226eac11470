//! Any octets as an iOS app.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let _ = formats::read("x.ipa", octets);
    let _ = formats::read("x.ipa", &[b"PK\x03\x04".as_slice(), octets].concat());
});
