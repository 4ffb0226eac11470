//! Any text as a JSON configuration with pins.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let _ = formats::read("pins.json", octets);
    let _ = formats::read("pins.json", &[b"{\"pins\":".as_slice(), octets, b"}"].concat());
    let _ = formats::read("pins.json", &[b"{\"pin\":[{\"hosts\":".as_slice(), octets, b"}]}"].concat());
    let of_wultra =
        b"{\"fingerprints\":[{\"name\":\"a.example\",\"fingerprint\":\"\",\"expires\":1}".as_slice();
    let _ = formats::read("pins.json", &[of_wultra, octets].concat());
});
