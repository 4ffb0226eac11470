//! Values that are nobody's key: placeholders, and the examples of documentation.

use crate::pins::model::Pin;

/// Where a value is printed in documentation, if it is.
pub(super) fn documented(text: &str) -> Option<&'static str> {
    DOCUMENTATION_EXAMPLES.iter().find(|(example, _)| *example == text).map(|(_, origin)| *origin)
}

/// Values printed in documentation and found again in released apps.
///
/// Sources: Android developer documentation (“Network security configuration”), the README files of OkHttp and
/// TrustKit, and the tutorials that copied from them. Each is the base64 of an SPKI hash.
pub(super) const DOCUMENTATION_EXAMPLES: [(&str, &str); 10] = [
    (
        "7HIpactkIAq2Y49orFOOQKurWxmmSFZhBCoQYcRhJ3Y=",
        "Android documentation, key of the retired Google Internet Authority G2",
    ),
    ("fwza0LRMXouZHRC8Ei+4PyuldPDcf3UKgO/04cDM1oE=", "Android documentation, its backup pin"),
    ("YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=", "tutorials, key of the retired Let's Encrypt X1 and X3"),
    ("sRHdihwgkaib1P1gxX8HFszlD+7/gTfNvuAybgLPNis=", "tutorials, key of the retired Let's Encrypt X2 and X4"),
    ("Vjs8r4z+80wjNcr1YKepWQboSIRi63WsWXhIMN+eWys=", "tutorials, key of the expired DST Root CA X3"),
    ("klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY=", "OkHttp documentation, key of a COMODO issuing CA"),
    ("grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME=", "OkHttp documentation, key of the COMODO RSA CA"),
    ("afwiKY3RxoMmLkuRW1l7QsPZTJPwDS2pdDROQjXw8ig=", "OkHttp documentation, old key of publicobject.com"),
    ("TQEtdMbmwFgYUifM4LDF+xgEtd0z69mPGmkp014d6ZY=", "TrustKit documentation"),
    ("rFjc3wG7lTZe43zeYTvPq8k4xdDEutCmIhI5dn4oCeE=", "TrustKit documentation"),
];

/// Words that stand in pins nobody filled in. Long enough that no hash has them by chance (below 1 in 10^8).
const PLACEHOLDER_WORDS: [&str; 12] = [
    "placeholder",
    "replace",
    "your_pin",
    "your-pin",
    "yourpin",
    "backup",
    "primary",
    "example",
    "changeme",
    "insert_",
    "base64",
    "sha256_hash",
];

/// Whether nobody filled the pin in. Words tell that only of a text that is no hash: that of a certificate's pin may be
/// its subject, in which they mean what they say.
pub(super) fn is_placeholder(pin: &Pin) -> bool {
    match &pin.value {
        Ok(value) => repeats(value.octets(), &OCTETS_AGAIN),
        Err(_) => is_placeholder_text(&pin.written.to_ascii_lowercase()),
    }
}

fn is_placeholder_text(written: &str) -> bool {
    if PLACEHOLDER_WORDS.iter().any(|word| written.contains(word)) || written.contains("...") {
        return true;
    }
    let symbols = written
        .strip_prefix("sha256")
        .map_or(written, |rest| rest.trim_start_matches('/'))
        .trim_end_matches('=')
        .as_bytes();
    // One to four symbols over and over: “AAAA…”, “abcd…”.
    repeats(symbols, &[1, 2, 3, 4])
}

/// After how many octets a value of base64 begins again where one to four symbols do, or one of hexadecimal where eight
/// do.
const OCTETS_AGAIN: [usize; 5] = [1, 2, 3, 4, 9];

/// Whether a value is a few octets over and over. A hash is that once in 2^80.
fn repeats(octets: &[u8], periods: &[usize]) -> bool {
    octets.len() >= 8
        && periods
            .iter()
            .any(|period| octets.iter().zip(octets.iter().skip(*period)).all(|(one, other)| one == other))
}
