//! Any value is judged by the grammar; what is accepted has only octets that the grammar has.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::caa::value::IssueValue;

fuzz_target!(|value: &[u8]| {
    let Ok(read) = IssueValue::parse(value) else { return };
    assert!(value.iter().all(|octet| octet.is_ascii_graphic() || matches!(octet, b' ' | b'\t')));
    let issuer = read.issuer.as_deref().unwrap_or_default();
    assert!(!issuer.starts_with(['-', '.']) && !issuer.ends_with(['-', '.']));
    for parameter in &read.parameters {
        assert!(!parameter.tag.is_empty() && !parameter.value.contains([';', ' ', '\t']));
    }
});
