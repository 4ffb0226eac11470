//! Any text as the two files of Chromium's static pins.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let hosts = b"{\"pinsets\":[{\"name\":\"a\",\"static_spki_hashes\":[\"A\"]}],\"entries\":[{\"name\":\"a.b\",\"pins\":\"a\"}]}";
    let _ = formats::read("x.json", octets);
    let _ = formats::read("x.json", &[hosts.as_slice(), octets].concat());
    let _ = formats::read("x.pins", &[b"PinsListTimestamp\n1\n".as_slice(), octets].concat());
});
