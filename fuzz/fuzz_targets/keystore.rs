//! Any octets as a keystore: JKS, BKS and PKCS#12.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

fuzz_target!(|octets: &[u8]| {
    let _ = formats::keystore(octets);
    for head in [b"\xfe\xed\xfe\xed\0\0\0\x02".as_slice(), b"\0\0\0\x02\0\0\0\0\0\0\x04\0"] {
        let _ = formats::keystore(&[head, octets].concat());
    }
});
