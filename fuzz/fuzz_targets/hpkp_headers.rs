//! Any text as a response header of HPKP or Expect-CT, in the spellings of servers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let _ = formats::read("headers.txt", octets);
    for before in
        [b"Public-Key-Pins: ".as_slice(), b"add_header Expect-CT \"", b"Header set Public-Key-Pins \""]
    {
        let _ = formats::read("headers.txt", &[before, octets].concat());
    }
});
