//! A test CA: root, intermediates, and the leaves they issue.

pub(super) mod der;
mod key;
mod leaf;
mod ocsp;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose,
};

pub use self::key::{Key, KeyAlgorithm};
pub use self::leaf::{EmptyExtensions, ExtensionSet, IssuedLeaf, LeafRequest, SctPlace};
pub(super) use self::leaf::{LeafDraft, sct_extension};
pub use self::ocsp::ocsp_response;

use super::DemoError;

/// A certificate of a CA, with the key it certifies.
#[derive(Debug)]
pub struct CaCertificate {
    /// The key, which signs what this CA issues.
    pub key: Key,
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// The subject's name, DER, as it stands in the certificate.
    pub(super) subject_der: Vec<u8>,
    /// The subject key identifier.
    pub(super) key_identifier: Vec<u8>,
    params: CertificateParams,
}

impl CaCertificate {
    /// A self-signed root, valid for ten years around `now`.
    pub fn root(common_name: &str, algorithm: KeyAlgorithm, now: Timestamp) -> Result<Self, DemoError> {
        let key = Key::generate(algorithm)?;
        let params = ca_params(common_name, BasicConstraints::Unconstrained, now)?;
        let certificate = params.self_signed(&key.pair)?;
        Self::assemble(key, certificate.der().to_vec(), params)
    }

    /// An intermediate below this CA, valid for ten years around `now`.
    pub fn intermediate(
        &self,
        common_name: &str,
        algorithm: KeyAlgorithm,
        now: Timestamp,
    ) -> Result<Self, DemoError> {
        let key = Key::generate(algorithm)?;
        let mut params = ca_params(common_name, BasicConstraints::Constrained(0), now)?;
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_params(&self.params, &self.key.pair);
        let certificate = params.signed_by(&key.pair, &issuer)?;
        Self::assemble(key, certificate.der().to_vec(), params)
    }

    /// A precertificate signing certificate below this CA (RFC 6962 section 3.1).
    pub fn precertificate_signer(&self, common_name: &str, now: Timestamp) -> Result<Self, DemoError> {
        const PURPOSE: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 4];
        let key = Key::generate(KeyAlgorithm::P256)?;
        let mut params = ca_params(common_name, BasicConstraints::Constrained(0), now)?;
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(PURPOSE.to_vec())];
        let issuer = Issuer::from_params(&self.params, &self.key.pair);
        let certificate = params.signed_by(&key.pair, &issuer)?;
        Self::assemble(key, certificate.der().to_vec(), params)
    }

    /// The certificate in PEM.
    pub fn to_pem(&self) -> String {
        der::pem("CERTIFICATE", &self.der)
    }

    fn assemble(key: Key, der: Vec<u8>, params: CertificateParams) -> Result<Self, DemoError> {
        let (_, read) = x509_parser::parse_x509_certificate(&der)
            .map_err(|error| DemoError::Unreadable(error.to_string()))?;
        let subject_der = read.subject().as_raw().to_vec();
        let key_identifier = params.key_identifier(&key.pair);
        Ok(Self { key, der, subject_der, key_identifier, params })
    }
}

/// What root and intermediate have in common.
fn ca_params(
    common_name: &str,
    constraints: BasicConstraints,
    now: Timestamp,
) -> Result<CertificateParams, DemoError> {
    let five_years = SignedDuration::from_hours(5 * 365 * 24);
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "pinstead demo");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let since_epoch = |at: Timestamp| {
        u64::try_from(at.as_second()).map(Duration::from_secs).map_err(|_| DemoError::Time(at))
    };
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_epoch(now.checked_sub(five_years)?)?;
    params.not_after = epoch + since_epoch(now.checked_add(five_years)?)?;
    Ok(params)
}
