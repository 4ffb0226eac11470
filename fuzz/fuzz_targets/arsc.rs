//! Any octets as the table of an Android app's resources, binary and in protocol buffers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let _ = formats::resource_files(octets, "xml", "config");
    let _ = formats::resource_files(&[b"\x02\x00\x0c\x00".as_slice(), octets].concat(), "xml", "config");
});
