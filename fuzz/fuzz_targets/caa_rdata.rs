//! Any RDATA is read, and nothing of it is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::caa::record::CaaRecord;

fuzz_target!(|rdata: &[u8]| {
    let record = CaaRecord::read(rdata);
    assert!(!record.to_string().contains(char::is_control));
    match record {
        CaaRecord::Malformed(malformed) => assert_eq!(malformed.rdata, rdata),
        CaaRecord::Property(property) => {
            let tag = property.tag.as_str().as_bytes();
            assert_eq!(&rdata[2..2 + tag.len()], tag);
            assert_eq!(&rdata[2 + tag.len()..], property.value);
        }
    }
});
