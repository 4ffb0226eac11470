//! Any octets as an Android package.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let _ = formats::read("app.apk", octets);
    let _ = formats::read("app.apk", &[b"PK\x03\x04".as_slice(), octets].concat());
});
