//! A CA certificate, as far as the tables need it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{ASN1Time, FromDer as _, X509Certificate, X509Extension, X509Name};

use crate::ca::CaRole;
use crate::x509::{CertificateSha256, SpkiSha256};

/// What the tables need of a CA certificate; all facts are the certificate's own.
#[derive(Clone, Debug)]
pub struct CaCertificate {
    pub(super) sha256: CertificateSha256,
    pub(super) spki_sha256: SpkiSha256,
    /// The whole SubjectPublicKeyInfo.
    pub(super) spki: Vec<u8>,
    pub(super) ski: Option<Vec<u8>>,
    pub(super) aki: Option<Vec<u8>>,
    pub(super) subject_der: Vec<u8>,
    pub(super) issuer_der: Vec<u8>,
    pub(super) subject: String,
    pub(super) organisation: String,
    /// As a date, `2035-06-04`.
    pub(super) not_after: String,
    pub(super) not_before_time: Timestamp,
    pub(super) not_after_time: Timestamp,
    /// Whether it may issue for TLS servers: no extended key usage, server authentication, or any.
    pub(super) tls: bool,
    pub(super) der: Vec<u8>,
    pub(super) tbs: Vec<u8>,
    pub(super) signature_oid: String,
    pub(super) signature: Vec<u8>,
}

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// The text between the PEM lines is not base64.
    #[error("the PEM block at octet {0} is not base64")]
    Pem(usize),
    /// The octets are not a certificate.
    #[error("not a certificate: {0}")]
    Der(String),
}

impl CaCertificate {
    /// Reads a certificate.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateFault> {
        let fault = |error: &dyn std::fmt::Display| CertificateFault::Der(error.to_string());
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| fault(&error))?;
        let time = |time: ASN1Time| Timestamp::from_second(time.timestamp()).map_err(|error| fault(&error));
        let not_before = time(certificate.validity().not_before)?;
        let not_after = time(certificate.validity().not_after)?;
        let mut tls = true;
        let key_identifiers = certificate.extensions().iter().map(X509Extension::parsed_extension);
        let mut ski = None;
        let mut aki = None;
        for extension in key_identifiers {
            match extension {
                ParsedExtension::SubjectKeyIdentifier(id) => ski = Some(id.0.to_vec()),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    aki = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                ParsedExtension::ExtendedKeyUsage(usage) => tls = usage.any || usage.server_auth,
                _ => {}
            }
        }
        let key = certificate.public_key().raw;
        Ok(Self {
            sha256: CertificateSha256::of(der),
            spki_sha256: SpkiSha256::of(key),
            spki: key.to_vec(),
            ski,
            aki,
            subject_der: certificate.subject().as_raw().to_vec(),
            issuer_der: certificate.issuer().as_raw().to_vec(),
            subject: certificate.subject().to_string(),
            organisation: organisation(certificate.subject()),
            not_after: not_after.strftime("%Y-%m-%d").to_string(),
            not_before_time: not_before,
            not_after_time: not_after,
            tls,
            der: der.to_vec(),
            tbs: certificate.tbs_certificate.as_ref().to_vec(),
            signature_oid: certificate.signature_algorithm.algorithm.to_id_string(),
            signature: certificate.signature_value.data.to_vec(),
        })
    }

    /// Self-issued certificates are roots'.
    pub(super) fn role(&self) -> CaRole {
        if self.subject_der == self.issuer_der { CaRole::Root } else { CaRole::Intermediate }
    }

    /// The first 8 octets of SHA-256 over the subject Name.
    pub(super) fn name_hash(&self) -> [u8; 8] {
        let digest: [u8; 32] = Sha256::digest(&self.subject_der).into();
        digest.first_chunk().copied().unwrap_or_default()
    }
}

/// Every PEM certificate in a text, whatever stands between them (CCADB wraps them in CSV).
pub fn pem_certificates(text: &str) -> impl Iterator<Item = Result<Vec<u8>, CertificateFault>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    text.match_indices(BEGIN).map(|(offset, _)| {
        let body = text.get(offset.saturating_add(BEGIN.len())..).unwrap_or_default();
        let body = body.split_once("-----END").map_or("", |(body, _)| body);
        let base64: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        let der = STANDARD.decode(base64).ok().filter(|der| !der.is_empty());
        der.ok_or(CertificateFault::Pem(offset))
    })
}

/// The first organisationName; empty if there is none.
fn organisation(name: &X509Name<'_>) -> String {
    name.iter_organization()
        .next()
        .map(|attribute| directory_string(attribute.attr_value()))
        .unwrap_or_default()
}

/// A DirectoryString as text (RFC 5280 section 4.1.2.4). TeletexString is read as Latin-1, as is usual.
fn directory_string(value: &Any<'_>) -> String {
    match value.tag() {
        Tag::BmpString => {
            let units: Vec<u16> =
                value.data.as_chunks().0.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16_lossy(&units)
        }
        Tag::T61String => value.data.iter().copied().map(char::from).collect(),
        _ => String::from_utf8_lossy(value.data).into_owned(),
    }
}
