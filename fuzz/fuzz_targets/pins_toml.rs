//! Any text as our own format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let _ = formats::read("pins.toml", octets);
    let _ = formats::read("pins.toml", &[b"[[pin]]\nhosts = ".as_slice(), octets].concat());
});
