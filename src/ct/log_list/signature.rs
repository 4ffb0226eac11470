//! The signature of Google's log lists: RSA PKCS#1 v1.5 with SHA-256 over the list's octets.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::LogListError;

/// Google's log list key (RSA-4096), base64 of its DER SubjectPublicKeyInfo; the same since at least 2021.
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

/// Whether a list came with its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ListSignature {
    /// It did, and it is right.
    Verified,
    /// None was given: the list is as trustworthy as the way it came.
    Unsigned,
}

pub(super) fn google_key() -> Vec<u8> {
    // The constant is checked by a test; an empty key would verify nothing.
    STANDARD.decode(GOOGLE_KEY_BASE64).unwrap_or_default()
}

/// Checks a signature, raw or as base64 text.
pub(super) fn check(
    octets: &[u8],
    signature: Option<&[u8]>,
    key_spki: &[u8],
) -> Result<ListSignature, LogListError> {
    let Some(signature) = signature else { return Ok(ListSignature::Unsigned) };
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key_spki);
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
