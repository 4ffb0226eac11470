//! The public key in a file: PEM or DER of a public key, a certificate signing request, or a certificate.
//!
//! Private keys are refused by the label of their block, before anything of them is decoded.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::x509::{Certificate, SpkiSha256};

/// Why a file gives no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// It holds a private key.
    #[error(
        "it holds a private key, which is not read here: give its public half (openssl pkey -in FILE -pubout)"
    )]
    Private,
    /// It holds none of what is read.
    #[error("it holds no public key, certificate signing request or certificate, PEM or DER")]
    NoKey,
    /// It holds more than one.
    #[error("it holds more than one key: give each its own file")]
    Several,
    /// A block that cannot be read.
    #[error("its block “{0}” cannot be read")]
    BadBlock(&'static str),
}

/// The labels of the blocks that hold a public key.
const LABELS: [&str; 5] =
    ["PUBLIC KEY", "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", "CERTIFICATE", "X509 CERTIFICATE"];

/// Reads the key of a file. Of a chain of certificates, the first is meant.
pub fn read_key(octets: &[u8]) -> Result<SpkiSha256, KeyFileError> {
    let text = std::str::from_utf8(octets).unwrap_or_default();
    if text.lines().any(|line| line.starts_with("-----BEGIN ") && line.contains("PRIVATE KEY")) {
        return Err(KeyFileError::Private);
    }
    let blocks = blocks(text);
    let Some((label, body)) = blocks.first() else {
        return of_der(octets).ok_or(KeyFileError::NoKey);
    };
    if blocks.len() > 1 && blocks.iter().any(|(label, _)| !label.ends_with("CERTIFICATE")) {
        return Err(KeyFileError::Several);
    }
    let der = STANDARD.decode(body).map_err(|_| KeyFileError::BadBlock(label))?;
    of_der(&der).ok_or(KeyFileError::BadBlock(label))
}

/// The key in a DER structure; none in that of a private key, which begins with a number.
fn of_der(der: &[u8]) -> Option<SpkiSha256> {
    if let Ok(certificate) = Certificate::read(der) {
        return Some(certificate.spki_sha256);
    }
    if let Ok((rest, request)) = X509CertificationRequest::from_der(der) {
        let spki = request.certification_request_info.subject_pki.raw;
        return rest.is_empty().then(|| SpkiSha256::of(spki));
    }
    match SubjectPublicKeyInfo::from_der(der) {
        Ok(([], key)) => Some(SpkiSha256::of(key.raw)),
        _ => None,
    }
}

/// The blocks with a label that is read, and their base64.
fn blocks(text: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut open: Option<(&'static str, String)> = None;
    for line in text.lines().map(str::trim) {
        let begun = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"));
        if let Some(label) = begun {
            open = LABELS.into_iter().find(|known| *known == label).map(|label| (label, String::new()));
        } else if line.starts_with("-----END ") {
            found.extend(open.take());
        } else if let Some((_, body)) = &mut open {
            body.push_str(line);
        }
    }
    found
}
