//! Names from certificates, options and target lists: canonical once read, and read back as themselves.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::dns_name::{CertificateName, DnsName};
use pinstead::report::human::safe;

fuzz_target!(|text: &str| {
    if let Ok(name) = text.parse::<DnsName>() {
        assert_eq!(name.as_str().parse::<DnsName>().as_ref(), Ok(&name));
        assert!(name.as_str().len() <= 253);
    }
    if let Ok(name) = text.parse::<CertificateName>() {
        assert_eq!(name.to_string().parse::<CertificateName>().as_ref(), Ok(&name));
    }
    assert!(!safe(text).chars().any(char::is_control));
});
