//! Leaf certificates, written by hand so that the SCT extension can stand anywhere among the others.

use jiff::{SignedDuration, Timestamp};

use super::super::DemoError;
use super::{CaCertificate, Key, KeyAlgorithm, der};

/// The OID of the embedded SCT list, 1.3.6.1.4.1.11129.2.4.2 (RFC 6962 section 3.3).
const SCT_LIST: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02];

/// Which extensions a leaf has beside the SCT list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExtensionSet {
    /// Those of an ordinary server certificate.
    #[default]
    Usual,
    /// None at all.
    None,
}

/// Where the SCT list stands among the other extensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SctPlace {
    /// Before all others.
    First,
    /// Among the others.
    Middle,
    /// After all others, where most CAs put it.
    #[default]
    Last,
}

/// How an empty list of extensions is written into the to-be-signed part that a log signs.
///
/// RFC 5280 section 4.1 has no empty list, RFC 6962 does not say; both ways are found: OpenSSL 3.0 keeps the
/// empty list, later versions leave the field out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyExtensions {
    /// `[3] { SEQUENCE {} }`.
    #[default]
    Kept,
    /// No `[3]` field.
    Omitted,
}

/// What a leaf is asked to be.
#[derive(Clone, Debug)]
pub struct LeafRequest {
    /// The DNS names of the subjectAltName; the first is the common name too.
    pub dns_names: Vec<String>,
    /// The first moment of validity.
    pub not_before: Timestamp,
    /// The last second of validity.
    pub not_after: Timestamp,
    /// The serial number; `None`: sixteen random octets.
    pub serial: Option<Vec<u8>>,
    /// The kind of its key.
    pub algorithm: KeyAlgorithm,
    /// Its extensions beside the SCT list.
    pub extensions: ExtensionSet,
}

impl LeafRequest {
    /// An ordinary server certificate: issued thirty days ago, valid for ninety.
    pub fn new(dns_names: &[&str], now: Timestamp) -> Result<Self, DemoError> {
        let not_before = now.checked_sub(SignedDuration::from_hours(30 * 24))?;
        let lifetime = SignedDuration::from_hours(90 * 24) - SignedDuration::from_secs(1);
        Ok(Self {
            dns_names: dns_names.iter().map(|&name| name.to_owned()).collect(),
            not_before,
            not_after: not_before.checked_add(lifetime)?,
            serial: None,
            algorithm: KeyAlgorithm::P256,
            extensions: ExtensionSet::Usual,
        })
    }
}

/// A certificate that was issued, with its key.
#[derive(Debug)]
pub struct IssuedLeaf {
    /// Its key.
    pub key: Key,
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// The to-be-signed part without the SCT list, DER: what logs signed.
    pub precertificate_tbs: Vec<u8>,
    /// The serial number, as magnitude.
    pub serial: Vec<u8>,
}

impl IssuedLeaf {
    /// The certificate in PEM.
    pub fn to_pem(&self) -> String {
        der::pem("CERTIFICATE", &self.der)
    }
}

/// A leaf whose key, serial and other extensions are settled, and whose SCT list is not.
pub(in super::super) struct LeafDraft<'a> {
    issuer: &'a CaCertificate,
    request: &'a LeafRequest,
    key: Key,
    serial: Vec<u8>,
    others: Vec<Vec<u8>>,
}

impl<'a> LeafDraft<'a> {
    /// Settles key, serial and extensions.
    pub(in super::super) fn new(
        issuer: &'a CaCertificate,
        request: &'a LeafRequest,
    ) -> Result<Self, DemoError> {
        let key = Key::generate(request.algorithm)?;
        let serial = match &request.serial {
            Some(serial) => serial.clone(),
            None => random_serial()?,
        };
        let others = match request.extensions {
            ExtensionSet::Usual => usual_extensions(issuer, request, &key),
            ExtensionSet::None => Vec::new(),
        };
        Ok(Self { issuer, request, key, serial, others })
    }

    /// The to-be-signed part without SCT list.
    pub(in super::super) fn precertificate_tbs(&self, empty: EmptyExtensions) -> Result<Vec<u8>, DemoError> {
        let others: Vec<&[u8]> = self.others.iter().map(Vec::as_slice).collect();
        match (others.is_empty(), empty) {
            (true, EmptyExtensions::Omitted) => self.tbs(None),
            _ => self.tbs(Some(&others)),
        }
    }

    /// Issues the certificate with these SCT extensions (usually one) at this place.
    pub(in super::super) fn issue(
        self,
        sct_extensions: &[Vec<u8>],
        place: SctPlace,
        empty: EmptyExtensions,
    ) -> Result<IssuedLeaf, DemoError> {
        let before = match place {
            SctPlace::First => 0,
            SctPlace::Middle => self.others.len() / 2,
            SctPlace::Last => self.others.len(),
        };
        let (head, tail) = self.others.split_at(before);
        let all: Vec<&[u8]> = head.iter().chain(sct_extensions).chain(tail).map(Vec::as_slice).collect();
        let tbs = if all.is_empty() { self.tbs(None)? } else { self.tbs(Some(&all))? };
        let precertificate_tbs = self.precertificate_tbs(empty)?;
        let der = self.issuer.key.signed(&tbs)?;
        Ok(IssuedLeaf { key: self.key, der, precertificate_tbs, serial: self.serial })
    }

    /// TBSCertificate, version 3 (RFC 5280 section 4.1).
    fn tbs(&self, extensions: Option<&[&[u8]]>) -> Result<Vec<u8>, DemoError> {
        let version = der::tlv(0xa0, &der::unsigned(&[2]));
        let serial = der::unsigned(&self.serial);
        let validity =
            der::sequence(&[&der::time(self.request.not_before)?, &der::time(self.request.not_after)?]);
        let extensions = extensions.map(|all| der::tlv(0xa3, &der::sequence(all))).unwrap_or_default();
        Ok(der::sequence(&[
            &version,
            &serial,
            &self.issuer.key.signature_algorithm(),
            &self.issuer.subject_der,
            &validity,
            &subject(self.request),
            &self.key.spki_der(),
            &extensions,
        ]))
    }
}

/// The SCT list as an extension: the value of `extnValue` is given whole, so that it can be malformed.
pub(in super::super) fn sct_extension(extension_value: &[u8]) -> Vec<u8> {
    der::sequence(&[&der::oid(SCT_LIST), &der::octet_string(extension_value)])
}

/// Sixteen random octets, the first neither zero nor with its top bit set.
fn random_serial() -> Result<Vec<u8>, DemoError> {
    let mut serial = vec![0; 16];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| DemoError::NoRandomness)?;
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(serial)
}

/// A Name with the first DNS name as common name.
fn subject(request: &LeafRequest) -> Vec<u8> {
    let Some(name) = request.dns_names.first() else { return der::sequence(&[]) };
    let attribute = der::sequence(&[&der::oid(&[0x55, 0x04, 0x03]), &der::tlv(0x0c, name.as_bytes())]);
    der::sequence(&[&der::tlv(0x31, &attribute)])
}

/// The extensions of an ordinary server certificate, in the order many CAs use.
fn usual_extensions(issuer: &CaCertificate, request: &LeafRequest, key: &Key) -> Vec<Vec<u8>> {
    let extension = |id: &[u8], critical: bool, value: &[u8]| {
        let critical: &[u8] = if critical { der::TRUE } else { &[] };
        der::sequence(&[&der::oid(id), critical, &der::octet_string(value)])
    };
    let digital_signature = [0x03, 0x02, 0x07, 0x80];
    let server_auth = der::sequence(&[&der::oid(&[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01])]);
    let own_key: Vec<u8> = key.spki_sha256().0.into_iter().take(20).collect();
    let issuing_key = der::sequence(&[&der::tlv(0x80, &issuer.key_identifier)]);
    let names: Vec<u8> = request.dns_names.iter().flat_map(|name| der::tlv(0x82, name.as_bytes())).collect();
    let domain_validated = der::sequence(&[&der::oid(&[0x67, 0x81, 0x0c, 0x01, 0x02, 0x01])]);
    vec![
        extension(&[0x55, 0x1d, 0x0f], true, &digital_signature),
        extension(&[0x55, 0x1d, 0x25], false, &server_auth),
        extension(&[0x55, 0x1d, 0x13], true, &der::sequence(&[])),
        extension(&[0x55, 0x1d, 0x0e], false, &der::octet_string(&own_key)),
        extension(&[0x55, 0x1d, 0x23], false, &issuing_key),
        extension(&[0x55, 0x1d, 0x11], false, &der::tlv(0x30, &names)),
        extension(&[0x55, 0x1d, 0x20], false, &der::sequence(&[&domain_validated])),
    ]
}
