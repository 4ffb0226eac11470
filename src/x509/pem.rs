//! Certificates out of a file: DER, or PEM with anything around it.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::bundle::begins_as_der;
use super::certificate::Certificate;
use super::parts::CertificateError;

/// The largest number of certificates that is read from one file.
pub const MAX_CERTIFICATES: usize = 10_000;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Why a file gave no certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFileError {
    /// Neither DER nor PEM.
    #[error("this is no certificate: it is neither DER nor has a PEM block “CERTIFICATE”")]
    NotACertificate,
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// A PEM block that cannot be decoded.
    #[error("the PEM block that begins in line {line} is not base64")]
    BadPem {
        /// The line of its header.
        line: usize,
    },
    /// A PEM block without its end.
    #[error("the PEM block that begins in line {line} has no end")]
    UnendedPem {
        /// The line of its header.
        line: usize,
    },
    /// One of the certificates cannot be read.
    #[error("certificate {number} of the file: {error}")]
    Certificate {
        /// Its place in the file, from 1.
        number: usize,
        /// What is wrong with it.
        error: CertificateError,
    },
    /// More than [`MAX_CERTIFICATES`].
    #[error("the file has more than {MAX_CERTIFICATES} certificates")]
    TooMany,
}

/// Reads every certificate of a file, in order.
pub fn read_certificates(octets: &[u8]) -> Result<Vec<Certificate>, CertificateFileError> {
    certificate_ders(octets)?
        .iter()
        .enumerate()
        .map(|(index, der)| {
            Certificate::read(der)
                .map_err(|error| CertificateFileError::Certificate { number: index.saturating_add(1), error })
        })
        .collect()
}

/// The octets of every certificate of a file, in order, whether they can be read or not.
pub fn certificate_ders(octets: &[u8]) -> Result<Vec<Vec<u8>>, CertificateFileError> {
    if octets.is_empty() {
        return Err(CertificateFileError::Empty);
    }
    // Whatever a certificate holds as text, a block too, is a part of it.
    if begins_as_der(octets) {
        return Ok(vec![octets.to_vec()]);
    }
    let ders = pem_blocks(octets)?;
    Ok(match ders.as_slice() {
        [] if octets.first() == Some(&super::der::SEQUENCE) => vec![octets.to_vec()],
        [] => return Err(CertificateFileError::NotACertificate),
        _ => ders,
    })
}

/// The decoded blocks `CERTIFICATE` and `TRUSTED`/`X509` variants of a text; none where it is no PEM.
fn pem_blocks(octets: &[u8]) -> Result<Vec<Vec<u8>>, CertificateFileError> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in octets.split(|&octet| octet == b'\n').enumerate() {
        let number = index.saturating_add(1);
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let line = line.trim();
        if let Some(label) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) {
            if let Some((line, _)) = open {
                return Err(CertificateFileError::UnendedPem { line });
            }
            if matches!(label, "CERTIFICATE" | "X509 CERTIFICATE") {
                open = Some((number, String::new()));
            }
        } else if line.starts_with("-----END ") {
            let Some((line, text)) = open.take() else { continue };
            if blocks.len() >= MAX_CERTIFICATES {
                return Err(CertificateFileError::TooMany);
            }
            blocks.push(LENIENT.decode(text).map_err(|_| CertificateFileError::BadPem { line })?);
        } else if let Some((_, text)) = &mut open {
            text.extend(line.split_ascii_whitespace());
        }
    }
    match open {
        Some((line, _)) => Err(CertificateFileError::UnendedPem { line }),
        None => Ok(blocks),
    }
}
