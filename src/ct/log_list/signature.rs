//! The signature of log lists: RSA PKCS#1 v1.5 with SHA-256 over the list's octets, and the keys that make it.
//!
//! A signature vouches for a list only by a key that did not come with the list. Google's key for Chrome's list
//! meets that: it is a constant, the same in every list known from 2021 to 2026, and so it is compiled in.
//! Android's list is signed too, but its key rotates (four keys stand beside the ten lists known of 2026) and is
//! downloaded from where the list is (`log_list.pub`): whoever can alter the one can alter the other. It is
//! therefore no trust anchor, and Android's list counts as unsigned unless the user names a key. Apple and Mozilla
//! sign nothing.

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::LogListError;

/// Google's log list key (RSA-4096), base64 of its DER SubjectPublicKeyInfo.
///
/// A constant: it has signed Chrome's lists unchanged since at least 2021, so that a downloaded list can be
/// checked with nothing downloaded beside it. Should Google ever change it, lists fail their signature here and
/// the old one stays, until a release with the new key, or `--key`.
///
/// Source: <https://www.gstatic.com/ct/log_list/v3/log_list_pubkey.pem>.
pub const GOOGLE_KEY_BASE64: &str = "\
MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAsu0BHGnQ++W2CTdyZyxv\
HHRALOZPlnu/VMVgo2m+JZ8MNbAOH2cgXb8mvOj8flsX/qPMuKIaauO+PwROMjiq\
fUpcFm80Kl7i97ZQyBDYKm3MkEYYpGN+skAR2OebX9G2DfDqFY8+jUpOOWtBNr3L\
rmVcwx+FcFdMjGDlrZ5JRmoJ/SeGKiORkbbu9eY1Wd0uVhz/xI5bQb0OgII7hEj+\
i/IPbJqOHgB8xQ5zWAJJ0DmG+FM6o7gk403v6W3S8qRYiR84c50KppGwe4YqSMkF\
bLDleGQWLoaDSpEWtESisb4JiLaY4H+Kk0EyAhPSb+49JfUozYl+lf7iFN3qRq/S\
IXXTh6z0S7Qa8EYDhKGCrpI03/+qprwy+my6fpWHi6aUIk4holUCmWvFxZDfixox\
K0RlqbFDl2JXMBquwlQpm8u5wrsic1ksIv9z8x9zh4PJqNpCah0ciemI3YGRQqSe\
/mRRXBiSn9YQBUPcaeqCYan+snGADFwHuXCd9xIAdFBolw9R9HTedHGUfVXPJDiF\
4VusfX6BRR/qaadB+bqEArF/TzuDUr6FvOR4o8lUUxgLuZ/7HO+bHnaPFKYHHSm+\
+z1lVDhhYuSZ8ax3T0C3FZpb7HMjZtpEorSV5ElKJEJwrhrBCMOD8L01EoSPrGlS\
1w22i9uGHMn/uGQKo28u7AsCAwEAAQ==";

/// The largest key file that is read, in octets.
pub const MAX_KEY_OCTETS: usize = 64 << 10;

/// The RSA key that signs a list, DER SubjectPublicKeyInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListKey {
    spki: Vec<u8>,
    is_googles: bool,
}

/// Why a file is no list key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListKeyError {
    /// Neither PEM nor DER nor base64.
    #[error("this is no public key: it is neither DER nor PEM (“PUBLIC KEY”)")]
    NotAKey,
    /// A key, but none that signs lists.
    #[error("this is no RSA public key of 2048 to 8192 bits (SubjectPublicKeyInfo)")]
    NotRsa,
}

impl ListKey {
    /// Google's, compiled in.
    pub fn google() -> Self {
        // The constant is checked by a test; an empty key would verify nothing.
        Self { spki: STANDARD.decode(GOOGLE_KEY_BASE64).unwrap_or_default(), is_googles: true }
    }

    /// Reads a key: PEM, DER, or the bare base64 of DER that Android publishes.
    pub fn read(octets: &[u8]) -> Result<Self, ListKeyError> {
        if octets.len() > MAX_KEY_OCTETS {
            return Err(ListKeyError::NotAKey);
        }
        let spki = match std::str::from_utf8(octets).ok().and_then(der_of_text) {
            Some(der) => der,
            None if octets.first() == Some(&DER_SEQUENCE) => octets.to_vec(),
            None => return Err(ListKeyError::NotAKey),
        };
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &spki).map_err(|_| ListKeyError::NotRsa)?;
        let is_googles = spki == Self::google().spki;
        Ok(Self { spki, is_googles })
    }

    /// Whether it is Google's.
    pub fn is_googles(&self) -> bool {
        self.is_googles
    }
}

/// The first octet of a SubjectPublicKeyInfo.
const DER_SEQUENCE: u8 = 0x30;

/// The octets of a PEM block, or of text that is base64 throughout.
fn der_of_text(text: &str) -> Option<Vec<u8>> {
    let body = match text.split_once("-----BEGIN PUBLIC KEY-----") {
        Some((_, rest)) => rest.split_once("-----END PUBLIC KEY-----")?.0,
        None => text,
    };
    let base64: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(base64).ok().filter(|der| !der.is_empty())
}

/// Whether a list came with its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ListSignature {
    /// It did, and it is right.
    Verified,
    /// None was given: the list is as trustworthy as the way it came.
    Unsigned,
}

/// Checks a signature, raw or as base64 text.
pub(super) fn check(
    octets: &[u8],
    signature: Option<&[u8]>,
    key: &ListKey,
) -> Result<ListSignature, LogListError> {
    let Some(signature) = signature else { return Ok(ListSignature::Unsigned) };
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.spki);
    let raw = key.verify(octets, signature).is_ok();
    let from_text = || {
        let decoded = STANDARD.decode(signature.trim_ascii()).ok()?;
        key.verify(octets, &decoded).ok()
    };
    if raw || from_text().is_some() {
        Ok(ListSignature::Verified)
    } else {
        Err(LogListError::InvalidSignature)
    }
}
