//! Any octets as a property list, XML and binary.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let _ = formats::read("Info.plist", octets);
    let _ = formats::read("Info.plist", &[b"<plist".as_slice(), octets].concat());
    let _ = formats::read("Info.plist", &[b"bplist00".as_slice(), octets].concat());
});
