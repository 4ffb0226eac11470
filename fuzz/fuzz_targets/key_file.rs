//! Any octets as a file with a key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::make::read_key;

fuzz_target!(|octets: &[u8]| {
    let _ = read_key(octets);
    let begin = b"-----BEGIN PUBLIC KEY-----\n".as_slice();
    let _ = read_key(&[begin, octets, b"\n-----END PUBLIC KEY-----\n"].concat());
});
