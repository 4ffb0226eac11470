//! Any octets as a baseline; what is read is written again, and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::baseline::Baseline;

fuzz_target!(|octets: &[u8]| {
    let Ok(baseline) = Baseline::parse("baseline.toml", octets) else { return };
    let until = jiff::civil::date(2027, 3, 1);
    let (text, new, extended) = baseline.with(&[], ("a reason", until), true).expect("nothing is extended");
    assert_eq!((new, extended), (0, 0));
    if !text.is_empty() {
        Baseline::parse("baseline.toml", text.as_bytes()).expect("what was written is read");
    }
});
