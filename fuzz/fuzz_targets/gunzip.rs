//! Packed answers: unpacked as a streaming reader unpacks them, or refused; never more than the limit.
#![no_main]

use std::io::Read as _;

use libfuzzer_sys::fuzz_target;
use pinstead::observe::http::gzip::gunzip;

/// Less than some inputs unpack to.
const MOST: usize = 1 << 16;

fuzz_target!(|octets: &[u8]| {
    let Ok(out) = gunzip(octets, MOST) else { return };
    assert!(out.len() <= MOST);
    let mut expected = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(octets).read_to_end(&mut expected);
    assert!(read.is_ok() && out == expected);
});
