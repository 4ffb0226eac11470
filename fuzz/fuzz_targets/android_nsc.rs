//! Any octets as an Android Network Security Config.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let _ = formats::read("config.xml", &[b"<network-security-config".as_slice(), octets].concat());
});
