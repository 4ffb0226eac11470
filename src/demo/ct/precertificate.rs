//! The precertificate that a CA submits to a log.

use super::super::DemoError;
use super::super::authority::{CaCertificate, der};
use crate::x509::der::{DerError, Reader, SEQUENCE, constructed};

/// The OID of the poison extension, 1.3.6.1.4.1.11129.2.4.3 (RFC 6962 section 3.1).
const POISON: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x03];

/// The tag of a to-be-signed part's extensions (RFC 5280 section 4.1).
const EXTENSIONS: u8 = constructed(3);

/// The precertificate of a to-be-signed part: with the poison extension, signed by the CA itself.
pub(crate) fn of(issuer: &CaCertificate, tbs: &[u8]) -> Result<Vec<u8>, DemoError> {
    let poisoned = poisoned(tbs).map_err(|error| DemoError::Unreadable(error.to_string()))?;
    issuer.key.signed(&poisoned)
}

/// The to-be-signed part with the poison as its last extension.
fn poisoned(tbs: &[u8]) -> Result<Vec<u8>, DerError> {
    let mut fields = Reader::new(tbs).expect(SEQUENCE)?.reader();
    let mut content = Vec::new();
    let mut extensions = Vec::new();
    while !fields.is_empty() {
        let field = fields.element()?;
        if field.tag == EXTENSIONS {
            extensions = field.reader().expect(SEQUENCE)?.content.to_vec();
        } else {
            content.extend_from_slice(field.whole);
        }
    }
    let null = [0x05, 0x00];
    extensions.extend(der::sequence(&[&der::oid(POISON), der::TRUE, &der::octet_string(&null)]));
    content.extend(der::tlv(EXTENSIONS, &der::sequence(&[&extensions])));
    Ok(der::sequence(&[&content]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::authority::{KeyAlgorithm, LeafRequest};
    use crate::demo::ct::{SctPlan, issue};
    use crate::x509::precertificate::corresponds;
    use crate::x509::{Certificate, SignatureCheck, is_signed_by};

    #[test]
    fn it_is_the_precertificate_of_the_certificate() {
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let ca = CaCertificate::root("CA", KeyAlgorithm::P256, now).unwrap();
        let leaf =
            issue(&ca, &LeafRequest::new(&["shop.example"], now).unwrap(), &SctPlan::default()).unwrap();
        let read = |der: Vec<u8>| Certificate::read(&der).unwrap();
        let precertificate = read(of(&ca, &leaf.precertificate_tbs).unwrap());
        let issuer = read(ca.der.clone());
        assert_eq!(is_signed_by(&precertificate, &issuer), SignatureCheck::Made);
        assert!(corresponds(&read(leaf.der), &precertificate, &[issuer]));
        assert!(of(&ca, b"no DER").is_err());
    }
}
