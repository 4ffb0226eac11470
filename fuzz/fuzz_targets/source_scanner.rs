//! Any text as source code, in a language of its first octet.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::pins::formats;

/// A name for each language, and what its reader looks for before it reads on.
const NAMES: [(&str, &str); 11] = [
    ("x.kt", "CertificatePinner.Builder "),
    ("x.java", "CertificatePinner.Builder "),
    ("x.java", "checkServerTrusted HostnameVerifier "),
    ("x.swift", "kTSKPinnedDomains challenge URLCredential(trust: "),
    ("x.m", "kTSKPinnedDomains AFSSLPinningModePublicKey "),
    ("x.cs", "ServerCertificateCustomValidationCallback "),
    ("x.dart", "badCertificateCallback "),
    ("x.ts", "initializeSslPinning( sslPinning certs "),
    ("x.go", "tls. VerifyPeerCertificate "),
    ("x.rs", "pins "),
    ("x.py", "pins "),
];

fuzz_target!(|octets: &[u8]| {
    let Some((first, text)) = octets.split_first() else { return };
    if let Some((name, words)) = NAMES.get(usize::from(*first) % NAMES.len()) {
        let _ = formats::read(name, &[words.as_bytes(), text].concat());
    }
});
