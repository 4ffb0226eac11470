//! OCSP responses (RFC 6960), signed by the issuing CA itself, with an SCT list where wanted.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::super::DemoError;
use super::{CaCertificate, IssuedLeaf, der};

/// The OID of the SCT list in an OCSP response, 1.3.6.1.4.1.11129.2.4.5 (RFC 6962 section 3.3).
const SCT_LIST: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x05];
/// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1.
const BASIC_RESPONSE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];
/// id-sha256, 2.16.840.1.101.3.4.2.1.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

/// A response that says “good” of `leaf` for a week from `now`.
///
/// `sct_list` is a SignedCertificateTimestampList; it goes into the SingleResponse of this certificate.
pub fn ocsp_response(
    issuer: &CaCertificate,
    leaf: &IssuedLeaf,
    sct_list: Option<&[u8]>,
    now: Timestamp,
) -> Result<Vec<u8>, DemoError> {
    let name_hash = Sha256::digest(&issuer.subject_der);
    let key_bits = public_key_bits(issuer)?;
    let certificate_id = der::sequence(&[
        &der::sequence(&[&der::oid(SHA256)]),
        &der::octet_string(&name_hash),
        &der::octet_string(&Sha256::digest(&key_bits)),
        &der::unsigned(&leaf.serial),
    ]);
    let good = [0x80, 0x00];
    let this_update = der::generalized_time(now);
    let next_update =
        der::tlv(0xa0, &der::generalized_time(now.checked_add(SignedDuration::from_hours(7 * 24))?));
    let extensions = sct_list.map(|list| {
        let value = der::octet_string(&der::octet_string(list));
        der::tlv(0xa1, &der::sequence(&[&der::sequence(&[&der::oid(SCT_LIST), &value])]))
    });
    let single =
        der::sequence(&[&certificate_id, &good, &this_update, &next_update, &extensions.unwrap_or_default()]);
    let responder = der::tlv(0xa1, &issuer.subject_der);
    let data = der::sequence(&[&responder, &der::generalized_time(now), &der::sequence(&[&single])]);
    let basic = issuer.key.signed(&data)?;
    let typed = der::sequence(&[&der::oid(BASIC_RESPONSE), &der::octet_string(&basic)]);
    let successful = [0x0a, 0x01, 0x00];
    Ok(der::sequence(&[&successful, &der::tlv(0xa0, &typed)]))
}

/// The key without algorithm, tag, length and unused bits: what issuerKeyHash is made of.
fn public_key_bits(issuer: &CaCertificate) -> Result<Vec<u8>, DemoError> {
    let (_, read) = x509_parser::parse_x509_certificate(&issuer.der)
        .map_err(|error| DemoError::Unreadable(error.to_string()))?;
    Ok(read.public_key().subject_public_key.data.to_vec())
}
