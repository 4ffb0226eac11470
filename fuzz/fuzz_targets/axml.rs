//! Any octets as compiled XML of an Android app, binary and in protocol buffers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let _ = formats::compiled_xml(octets);
    let _ = formats::compiled_xml(&[b"\x03\x00\x08\x00".as_slice(), octets].concat());
});
