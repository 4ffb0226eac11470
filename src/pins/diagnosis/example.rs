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

/// Whether nobody filled the pin in.
pub(super) fn is_placeholder(pin: &Pin) -> bool {
    let written = pin.written.to_ascii_lowercase();
    if PLACEHOLDER_WORDS.iter().any(|word| written.contains(word)) || written.contains("...") {
        return true;
    }
    let symbols = written
        .strip_prefix("sha256")
        .map_or(written.as_str(), |rest| rest.trim_start_matches('/'))
        .trim_end_matches('=')
        .as_bytes();
    // One to four symbols over and over: “AAAA…”, “abcd…”. A hash does that once in 2^200.
    let repeats = symbols.len() >= 8
        && (1..=4).any(|period| symbols.iter().zip(symbols.iter().skip(period)).all(|(a, b)| a == b));
    let zero = pin.spki().is_some_and(|key| key.0.windows(2).all(|pair| pair.first() == pair.last()));
    repeats || zero
}
