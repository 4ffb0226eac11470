//! One pin: what it names, and which certificates it is compared with.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::pins::base64_text;
use crate::x509::{CertificateSha256, SpkiSha256, hexadecimal, miscomputed};

/// One pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// As it is written in the file, without surrounding white space; cut where it is very long.
    pub written: String,
    /// What it names, if the platform can read it.
    pub value: Result<PinValue, PinFault>,
    /// Which certificates of a chain it is compared with.
    pub position: PositionRule,
    /// The hash of the key, where the text is the key itself or its certificate.
    pub key_itself: Option<SpkiSha256>,
    /// The line it stands on, from 1.
    pub line: Option<usize>,
    /// What a comment or a label beside it says it is, if anything: to be compared with what it is.
    pub label: Option<String>,
    /// The numbers of the TLSA record that it is, if it is one.
    pub tlsa: Option<TlsaNumbers>,
    /// When it ends by itself, whatever becomes of those beside it: afterwards it matches nothing.
    pub ends: Option<Timestamp>,
}

/// How a TLSA record is compared (RFC 6698 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsaNumbers {
    /// The certificate usage: which certificates, and how they are validated.
    pub usage: u8,
    /// The selector: the whole certificate (0) or its key (1).
    pub selector: u8,
    /// The matching type: whole (0), SHA-256 (1) or SHA-512 (2).
    pub matching: u8,
}

/// The longest text of a pin that is kept.
const LONGEST_WRITTEN: usize = 160;

/// What may stand before a hash, and by mistake before a key.
const PREFIXES: [&str; 4] = ["sha256//", "sha256/", "sha1/", "sha512/"];

/// The longest text that is read as a key or a certificate.
const LONGEST_KEY_TEXT: usize = 16 << 10;

impl Pin {
    /// A pin, with its text kept within bounds.
    pub(in crate::pins) fn new(
        written: &str,
        value: Result<PinValue, PinFault>,
        position: PositionRule,
        line: Option<usize>,
    ) -> Self {
        let key_itself = value.as_ref().err().and_then(|_| key_itself(written));
        let written = written.chars().take(LONGEST_WRITTEN).collect();
        Self { written, value, position, key_itself, line, label: None, tlsa: None, ends: None }
    }

    /// The same pin with what stands beside it, kept within bounds.
    #[must_use]
    pub(in crate::pins) fn labelled(self, label: Option<&str>) -> Self {
        let label = label.map(str::trim).filter(|label| !label.is_empty());
        Self { label: label.map(|label| label.chars().take(LONGEST_WRITTEN).collect()), ..self }
    }

    /// As people know it: a TLSA record as it stands in the zone, anything else by what it names.
    pub fn shown(&self) -> String {
        if self.tlsa.is_some() { self.written.clone() } else { self.to_string() }
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&self, at: Timestamp) -> bool {
        self.ends.is_some_and(|end| end < at)
    }

    /// The key it names, if it names one.
    pub fn spki(&self) -> Option<&SpkiSha256> {
        match &self.value {
            Ok(PinValue::Spki(key)) => Some(key),
            Ok(_) | Err(_) => None,
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Ok(value) => value.fmt(f),
            Err(_) => f.write_str(&self.written),
        }
    }
}

/// The key in a text that is base64 or PEM of a key or of a certificate.
fn key_itself(written: &str) -> Option<SpkiSha256> {
    // Shorter than the shortest key, and longer than any certificate with base64's third more.
    if !(56..=LONGEST_KEY_TEXT).contains(&written.len()) {
        return None;
    }
    let lines = written.lines().filter(|line| !line.trim_start().starts_with("-----"));
    let symbols: String = lines.flat_map(str::chars).filter(|symbol| !symbol.is_whitespace()).collect();
    let symbols = symbols.trim_matches(['"', '\'']);
    // A prefix is of base64's alphabet, too: what stands behind it shows that it is one.
    let behind = PREFIXES.iter().find_map(|prefix| symbols.strip_prefix(prefix));
    [Some(symbols), behind]
        .into_iter()
        .flatten()
        .find_map(|text| miscomputed::key_in(&base64_text::lenient(text)?))
}

/// What a readable pin names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinValue {
    /// SHA-256 over a SubjectPublicKeyInfo.
    Spki(SpkiSha256),
    /// SHA-1 over a SubjectPublicKeyInfo: obsolete, and still compared by old libraries.
    SpkiSha1([u8; 20]),
    /// SHA-512 over a SubjectPublicKeyInfo (TLSA, matching type 2).
    SpkiSha512([u8; 64]),
    /// SHA-256 over the public key's bits without their SubjectPublicKeyInfo, where the code compares just those.
    RawKey([u8; 32]),
    /// SHA-256 over a whole certificate.
    Certificate(CertificateSha256),
    /// SHA-1 over a whole certificate (a “thumbprint”).
    CertificateSha1([u8; 20]),
    /// SHA-512 over a whole certificate (TLSA, matching type 2).
    CertificateSha512([u8; 64]),
}

impl PinValue {
    /// The octets of the hash.
    pub(in crate::pins) fn octets(&self) -> &[u8] {
        match self {
            Self::Spki(key) => &key.0,
            Self::SpkiSha1(hash) | Self::CertificateSha1(hash) => hash,
            Self::SpkiSha512(hash) | Self::CertificateSha512(hash) => hash,
            Self::RawKey(hash) => hash,
            Self::Certificate(hash) => &hash.0,
        }
    }

    /// Whether it names a whole certificate, which every renewal replaces.
    pub fn is_certificate(&self) -> bool {
        matches!(self, Self::Certificate(_) | Self::CertificateSha1(_) | Self::CertificateSha512(_))
    }

    /// Whether it is a SHA-1 hash.
    pub fn is_sha1(&self) -> bool {
        matches!(self, Self::SpkiSha1(_) | Self::CertificateSha1(_))
    }
}

impl fmt::Display for PinValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base64 = |octets: &[u8]| STANDARD.encode(octets);
        match self {
            Self::Spki(key) => write!(f, "sha256/{key}"),
            Self::SpkiSha1(hash) => write!(f, "sha1/{}", base64(hash)),
            Self::SpkiSha512(hash) => write!(f, "sha512/{}", base64(hash)),
            Self::RawKey(hash) => write!(f, "raw-key-sha256/{}", base64(hash)),
            Self::Certificate(hash) => write!(f, "certificate-sha256/{hash}"),
            Self::CertificateSha1(hash) => write!(f, "certificate-sha1/{}", hexadecimal(hash)),
            Self::CertificateSha512(hash) => write!(f, "certificate-sha512/{}", hexadecimal(hash)),
        }
    }
}

/// Why a platform cannot use a pin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinFault {
    /// Nothing is written where the pin should be.
    #[error("it is empty")]
    Empty,
    /// Not base64 as the platform reads it.
    #[error("it is not base64 as this platform reads it")]
    NotBase64,
    /// Base64 of something that is no SHA-256 hash.
    #[error("it has {0} octets; a SHA-256 hash has 32")]
    WrongLength(usize),
    /// A hash the platform does not know.
    #[error("its digest is “{0}”; this platform knows SHA-256 only")]
    UnknownDigest(String),
    /// A prefix this platform takes for part of the value.
    #[error("it begins with “{0}”, which this platform takes for part of the value")]
    Prefix(&'static str),
    /// A prefix this platform needs and does not find.
    #[error("it does not begin with “{0}”, without which this platform does not take it for a pin")]
    NoPrefix(&'static str),
    /// Something else that this platform cannot use, and what.
    #[error("{0}")]
    NotOfThisPlatform(String),
    /// Elements where only text may stand.
    #[error("it has elements inside")]
    Elements,
    /// Something other than a text.
    #[error("it is a {0} where a text belongs")]
    NotText(&'static str),
    /// Something other than a dictionary.
    #[error("it is a {0} where a dictionary belongs")]
    NotDictionary(&'static str),
}

/// Which certificates of a chain a pin is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PositionRule {
    /// Every certificate of the chain, the root included.
    Any,
    /// The server's own certificate.
    Leaf,
    /// Every certificate but the server's own.
    Ca,
}

impl PositionRule {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Leaf => "leaf",
            Self::Ca => "ca",
        }
    }
}
