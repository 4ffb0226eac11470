//! A certificate as people and judges read it.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;

use jiff::Timestamp;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use super::der::{self, Reader};
use super::parts::{CertificateError, Parts, oid};
use super::{CertificateSha256, Fingerprints, SpkiSha256};
use crate::dns_name::CertificateName;

/// A certificate, read as far as it could be; the octets are kept as they were.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts of their own, each read from a field of its own"
)]
pub struct Certificate {
    der: Vec<u8>,
    /// The hash of the whole certificate.
    pub sha256: CertificateSha256,
    /// The hash of its key.
    pub spki_sha256: SpkiSha256,
    /// The subject, for people.
    pub subject: String,
    /// The issuer's name as claimed, for people.
    pub issuer: String,
    /// The serial number's octets as they stand, lower-case hexadecimal.
    pub serial: String,
    /// The first moment of its life.
    pub not_before: Timestamp,
    /// The last second of its life.
    pub not_after: Timestamp,
    /// The names it is for.
    pub names: SubjectNames,
    /// The subject key identifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// The key identifier of the authority key identifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// Whether basicConstraints says that it is a CA's.
    pub is_ca: bool,
    /// Whether it is a precertificate (RFC 6962 section 3.1).
    pub is_precertificate: bool,
    /// Whether it is a CA's for signing precertificates alone (RFC 6962 section 3.1).
    pub is_precertificate_signer: bool,
    /// Whether its signature is a proof that it stands in its CA's log (draft-ietf-plants-merkle-tree-certs).
    pub is_merkle_tree: bool,
}

/// The subject alternative names of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectNames {
    /// The dNSNames that are DNS names.
    pub dns: Vec<CertificateName>,
    /// The dNSNames that are not, made printable.
    pub unusable: Vec<String>,
    /// The iPAddresses.
    pub addresses: Vec<IpAddr>,
}

impl Certificate {
    /// Reads one certificate, DER.
    pub fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let parts = Parts::read(der)?;
        let (not_before, not_after) = validity(parts.validity)?;
        Ok(Self {
            sha256: CertificateSha256::of(parts.whole),
            spki_sha256: SpkiSha256::of(parts.spki),
            subject: name_text(parts.subject),
            issuer: name_text(parts.issuer),
            serial: hexadecimal(parts.serial),
            not_before,
            not_after,
            names: subject_names(&parts),
            subject_key_id: subject_key_id(&parts),
            authority_key_id: authority_key_id(&parts),
            is_ca: is_ca(&parts),
            is_precertificate: parts.extension(oid::POISON).is_some(),
            is_precertificate_signer: is_precertificate_signer(&parts),
            is_merkle_tree: signature_algorithm(&parts) == Some(oid::MERKLE_TREE_PROOF),
            der: parts.whole.to_vec(),
        })
    }

    /// The certificate's octets.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The further hashes by which pins may name it or its key.
    pub fn fingerprints(&self) -> Fingerprints {
        let Ok(parts) = self.parts() else { return Fingerprints::of(&self.der, &[], &[]) };
        Fingerprints::of(&self.der, parts.spki, raw_key(parts.spki).unwrap_or_default())
    }

    /// The parts as octets. They were read once, so they can be read again.
    pub(crate) fn parts(&self) -> Result<Parts<'_>, CertificateError> {
        Parts::read(&self.der)
    }

    /// Whether it demands that servers staple an OCSP response: the TLS feature `status_request` (RFC 7633 section 4). What
    /// cannot be read demands nothing.
    pub fn must_staple(&self) -> bool {
        const STATUS_REQUEST: &[u8] = &[5];
        let Ok(parts) = self.parts() else { return false };
        let Some(extension) = parts.extension(oid::TLS_FEATURE) else { return false };
        let Ok(features) = Reader::new(extension.value).expect(der::SEQUENCE) else { return false };
        let mut features = features.reader();
        std::iter::from_fn(|| features.expect(der::INTEGER).ok())
            .any(|feature| feature.content == STATUS_REQUEST)
    }

    /// Whether subject and issuer are the same name, octet for octet.
    pub fn is_self_issued(&self) -> bool {
        self.parts().is_ok_and(|parts| parts.subject == parts.issuer)
    }
}

/// Which of a file's certificates is meant: the first that is no CA's, a precertificate only where there is no
/// other, and the first of all where there are only CAs'.
pub fn leaf_index(certificates: &[Certificate]) -> Option<usize> {
    let first = |meant: fn(&Certificate) -> bool| certificates.iter().position(meant);
    first(|certificate| !certificate.is_ca && !certificate.is_precertificate)
        .or_else(|| first(|certificate| !certificate.is_ca))
        .or_else(|| first(|_| true))
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.subject, self.sha256)
    }
}

/// The bits of the key in a SubjectPublicKeyInfo, without the count of unused ones (RFC 5280 section 4.1).
pub(crate) fn raw_key(spki: &[u8]) -> Option<&[u8]> {
    let sequence = Reader::new(spki).expect(der::SEQUENCE).ok()?;
    let mut fields = sequence.reader();
    fields.expect(der::SEQUENCE).ok()?;
    let (unused, bits) = fields.expect(der::BIT_STRING).ok()?.content.split_first()?;
    (*unused == 0).then_some(bits)
}

/// Lower-case hexadecimal.
pub fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat()
}

/// A Name as text; one that x509-parser cannot read is shown as hexadecimal.
fn name_text(name: &[u8]) -> String {
    match X509Name::from_der(name) {
        Ok((_, name)) => name.to_string(),
        Err(_) => format!("#{}", hexadecimal(name)),
    }
}

/// The object identifier of the outer signature algorithm.
fn signature_algorithm<'a>(parts: &Parts<'a>) -> Option<&'a [u8]> {
    let algorithm = Reader::new(parts.signature_algorithm).expect(der::SEQUENCE).ok()?;
    algorithm.reader().expect(der::OBJECT_IDENTIFIER).ok().map(|oid| oid.content)
}

fn is_precertificate_signer(parts: &Parts<'_>) -> bool {
    let Some(usage) = parts.extension(oid::EXTENDED_KEY_USAGE) else { return false };
    let Ok(list) = Reader::new(usage.value).expect(der::SEQUENCE) else { return false };
    let mut purposes = list.reader();
    std::iter::from_fn(|| purposes.element().ok()).any(|purpose| {
        purpose.tag == der::OBJECT_IDENTIFIER && purpose.content == oid::PRECERTIFICATE_SIGNING
    })
}

fn validity(octets: &[u8]) -> Result<(Timestamp, Timestamp), CertificateError> {
    let (_, validity) =
        x509_parser::certificate::Validity::from_der(octets).map_err(|_| CertificateError::BadValidity)?;
    let timestamp = |time: x509_parser::time::ASN1Time| {
        Timestamp::from_second(time.timestamp()).map_err(|_| CertificateError::BadValidity)
    };
    Ok((timestamp(validity.not_before)?, timestamp(validity.not_after)?))
}

fn subject_names(parts: &Parts<'_>) -> SubjectNames {
    let mut names = SubjectNames::default();
    let Some(extension) = parts.extension(oid::SUBJECT_ALT_NAME) else { return names };
    let Ok(list) = Reader::new(extension.value).expect(der::SEQUENCE) else { return names };
    let mut reader = list.reader();
    while let Ok(name) = reader.element() {
        if name.tag == der::primitive(2) {
            let text = String::from_utf8_lossy(name.content);
            match text.parse() {
                Ok(name) => names.dns.push(name),
                Err(_) => names.unusable.push(text.escape_debug().to_string()),
            }
        } else if name.tag == der::primitive(7) {
            match address(name.content) {
                Some(address) => names.addresses.push(address),
                None => names.unusable.push(format!("#{}", hexadecimal(name.content))),
            }
        }
    }
    names
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(v4).into());
    }
    <[u8; 16]>::try_from(octets).ok().map(|v6| Ipv6Addr::from(v6).into())
}

fn subject_key_id(parts: &Parts<'_>) -> Option<Vec<u8>> {
    let extension = parts.extension(oid::SUBJECT_KEY_ID)?;
    Reader::new(extension.value).expect(der::OCTET_STRING).ok().map(|id| id.content.to_vec())
}

fn authority_key_id(parts: &Parts<'_>) -> Option<Vec<u8>> {
    let extension = parts.extension(oid::AUTHORITY_KEY_ID)?;
    let sequence = Reader::new(extension.value).expect(der::SEQUENCE).ok()?;
    sequence.reader().optional(der::primitive(0)).ok()?.map(|id| id.content.to_vec())
}

fn is_ca(parts: &Parts<'_>) -> bool {
    parts
        .extension(oid::BASIC_CONSTRAINTS)
        .and_then(|extension| Reader::new(extension.value).expect(der::SEQUENCE).ok())
        .and_then(|sequence| sequence.reader().optional(der::BOOLEAN).ok().flatten())
        .is_some_and(|ca| ca.content.first().is_some_and(|&octet| octet != 0))
}
