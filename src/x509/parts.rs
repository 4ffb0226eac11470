//! A certificate cut into its parts, each the octets as signed.
//!
//! Source: RFC 5280 section 4.1. Only the frame is read here; what stands inside the parts is read where it is
//! needed, so that an oddity in one part hides none of the others.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::der::{self, DerError, Element, Reader};

/// The largest certificate that is read, in octets; real ones have a few thousand.
pub const MAX_CERTIFICATE: usize = 1 << 20;

/// The largest number of extensions that is read.
const MAX_EXTENSIONS: usize = 256;

/// Object identifiers of extensions, as DER content.
pub(crate) mod oid {
    /// keyUsage (RFC 5280 section 4.2.1.3).
    pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    /// cRLDistributionPoints (RFC 5280 section 4.2.1.13).
    pub(crate) const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
    /// authorityInfoAccess, 1.3.6.1.5.5.7.1.1 (RFC 5280 section 4.2.2.1).
    pub(crate) const AUTHORITY_INFORMATION_ACCESS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01];
    /// The key purpose of OCSP responders, 1.3.6.1.5.5.7.3.9 (RFC 5280 section 4.2.1.12).
    pub(crate) const OCSP_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09];
    /// id-pkix-ocsp-nocheck, 1.3.6.1.5.5.7.48.1.5 (RFC 6960 section 4.2.2.2.1).
    pub(crate) const OCSP_NO_CHECK: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05];
    /// The TLS feature extension, 1.3.6.1.5.5.7.1.24 (RFC 7633 section 6).
    pub(crate) const TLS_FEATURE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18];
    /// subjectKeyIdentifier (RFC 5280 section 4.2.1.2).
    pub(crate) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
    /// subjectAltName (RFC 5280 section 4.2.1.6).
    pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
    /// basicConstraints (RFC 5280 section 4.2.1.9).
    pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
    /// authorityKeyIdentifier (RFC 5280 section 4.2.1.1).
    pub(crate) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
    /// Embedded SCT list, 1.3.6.1.4.1.11129.2.4.2 (RFC 6962 section 3.3).
    pub(crate) const SCT_LIST: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02];
    /// SCT list in a single response of OCSP, 1.3.6.1.4.1.11129.2.4.5 (RFC 6962 section 3.3).
    pub(crate) const OCSP_SCT_LIST: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x05];
    /// Transparency information of CT version 2, 1.3.101.75 (RFC 9162 section 7.1).
    pub(crate) const TRANSPARENCY_INFORMATION: &[u8] = &[0x2b, 0x65, 0x4b];
    /// extendedKeyUsage (RFC 5280 section 4.2.1.12).
    pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
    /// The key purpose of TLS servers, 1.3.6.1.5.5.7.3.1 (RFC 5280 section 4.2.1.12).
    pub(crate) const SERVER_AUTHENTICATION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
    /// Any key purpose, 2.5.29.37.0 (RFC 5280 section 4.2.1.12).
    pub(crate) const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
    /// The key purpose of a precertificate signing certificate, 1.3.6.1.4.1.11129.2.4.4 (RFC 6962 section 3.1).
    pub(crate) const PRECERTIFICATE_SIGNING: &[u8] =
        &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x04];
    /// The signature algorithm of Merkle Tree Certificates, 1.3.6.1.4.1.44363.47.0, until IANA gives another
    /// (draft-ietf-plants-merkle-tree-certs, “Certificate Format”).
    pub(crate) const MERKLE_TREE_PROOF: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xda, 0x4b, 0x2f, 0x00];
    /// Precertificate poison, 1.3.6.1.4.1.11129.2.4.3 (RFC 6962 section 3.1).
    pub(crate) const POISON: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x03];
}

/// A certificate's parts.
#[derive(Clone, Debug)]
pub(crate) struct Parts<'a> {
    /// The certificate's own octets, without what may follow them.
    pub(crate) whole: &'a [u8],
    /// The TBSCertificate, header included: what the CA signed.
    pub(crate) tbs: &'a [u8],
    /// The serial number's content octets.
    pub(crate) serial: &'a [u8],
    /// The issuer Name, whole.
    pub(crate) issuer: &'a [u8],
    /// The validity, whole.
    pub(crate) validity: &'a [u8],
    /// The subject Name, whole.
    pub(crate) subject: &'a [u8],
    /// The SubjectPublicKeyInfo, whole.
    pub(crate) spki: &'a [u8],
    /// What of the TBSCertificate's content stands before the extensions.
    pub(crate) before_extensions: &'a [u8],
    /// The extensions in order.
    pub(crate) extensions: Vec<Extension<'a>>,
    /// The outer signature algorithm, whole.
    pub(crate) signature_algorithm: &'a [u8],
    /// The signature's BIT STRING content, with its count of unused bits.
    pub(crate) signature: &'a [u8],
}

/// One extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extension<'a> {
    /// Its octets, whole.
    pub(crate) whole: &'a [u8],
    /// Its object identifier's content.
    pub(crate) oid: &'a [u8],
    /// Whether it says that it must be understood.
    pub(crate) critical: bool,
    /// The content of its OCTET STRING.
    pub(crate) value: &'a [u8],
}

/// Why octets are not a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The frame of RFC 5280 section 4.1 is broken.
    #[error("the {part} of the certificate cannot be read: {error}")]
    Der {
        /// What was being read.
        part: &'static str,
        /// What is wrong with it.
        error: DerError,
    },
    /// Larger than [`MAX_CERTIFICATE`].
    #[error("the certificate has {0} octets; at most {MAX_CERTIFICATE} are read")]
    TooLarge(usize),
    /// More extensions than are read.
    #[error("the certificate has more than {MAX_EXTENSIONS} extensions")]
    TooManyExtensions,
    /// The validity is not two points in time.
    #[error("the validity of the certificate is not two dates")]
    BadValidity,
}

fn at(part: &'static str) -> impl Fn(DerError) -> CertificateError {
    move |error| CertificateError::Der { part, error }
}

impl<'a> Parts<'a> {
    /// Cuts a certificate into its parts; nothing may follow it.
    pub(crate) fn read(octets: &'a [u8]) -> Result<Self, CertificateError> {
        if octets.len() > MAX_CERTIFICATE {
            return Err(CertificateError::TooLarge(octets.len()));
        }
        let mut outer = Reader::new(octets);
        let certificate = outer.expect(der::SEQUENCE).map_err(at("frame"))?;
        outer.finish().map_err(at("end"))?;
        let mut fields = certificate.reader();
        let tbs = fields.expect(der::SEQUENCE).map_err(at("TBSCertificate"))?;
        let algorithm = fields.expect(der::SEQUENCE).map_err(at("signature algorithm"))?;
        let signature = fields.expect(der::BIT_STRING).map_err(at("signature"))?;
        fields.finish().map_err(at("end"))?;

        let mut reader = tbs.reader();
        reader.optional(der::constructed(0)).map_err(at("version"))?;
        let serial = reader.expect(der::INTEGER).map_err(at("serial number"))?;
        reader.expect(der::SEQUENCE).map_err(at("inner signature algorithm"))?;
        let issuer = reader.expect(der::SEQUENCE).map_err(at("issuer"))?;
        let validity = reader.expect(der::SEQUENCE).map_err(at("validity"))?;
        let subject = reader.expect(der::SEQUENCE).map_err(at("subject"))?;
        let spki = reader.expect(der::SEQUENCE).map_err(at("public key"))?;
        for number in [1, 2] {
            reader.optional(der::primitive(number)).map_err(at("unique identifier"))?;
        }
        let before = tbs.content.len().saturating_sub(reader.rest().len());
        let extensions = match reader.optional(der::constructed(3)).map_err(at("extensions"))? {
            Some(block) => read_extensions(&block)?,
            None => Vec::new(),
        };
        reader.finish().map_err(at("end of the TBSCertificate"))?;
        Ok(Self {
            whole: certificate.whole,
            tbs: tbs.whole,
            serial: serial.content,
            issuer: issuer.whole,
            validity: validity.whole,
            subject: subject.whole,
            spki: spki.whole,
            before_extensions: tbs.content.get(..before).unwrap_or_default(),
            extensions,
            signature_algorithm: algorithm.whole,
            signature: signature.content,
        })
    }

    /// Every extension with this object identifier.
    pub(crate) fn extensions_with(&self, oid: &[u8]) -> impl Iterator<Item = &Extension<'a>> {
        self.extensions.iter().filter(move |extension| extension.oid == oid)
    }

    /// The first extension with this object identifier.
    pub(crate) fn extension(&self, oid: &[u8]) -> Option<&Extension<'a>> {
        self.extensions_with(oid).next()
    }
}

fn read_extensions<'a>(block: &Element<'a>) -> Result<Vec<Extension<'a>>, CertificateError> {
    let mut outer = block.reader();
    let list = outer.expect(der::SEQUENCE).map_err(at("extensions"))?;
    outer.finish().map_err(at("extensions"))?;
    let mut reader = list.reader();
    let mut extensions = Vec::new();
    while !reader.is_empty() {
        if extensions.len() >= MAX_EXTENSIONS {
            return Err(CertificateError::TooManyExtensions);
        }
        extensions.push(read_extension(&mut reader).map_err(at("extension"))?);
    }
    Ok(extensions)
}

/// Reads one `Extension` of RFC 5280 section 4.1.
pub(crate) fn read_extension<'a>(reader: &mut Reader<'a>) -> Result<Extension<'a>, DerError> {
    let element = reader.expect(der::SEQUENCE)?;
    let mut fields = element.reader();
    let oid = fields.expect(der::OBJECT_IDENTIFIER)?;
    let critical = fields.optional(der::BOOLEAN)?;
    let critical = critical.is_some_and(|flag| flag.content.first().is_some_and(|&octet| octet != 0));
    let value = fields.expect(der::OCTET_STRING)?;
    fields.finish()?;
    Ok(Extension { whole: element.whole, oid: oid.content, critical, value: value.content })
}
