//! OCSP responses, as far as a stapled one speaks of one certificate.
//!
//! Source: RFC 6960 section 4.2.1. For the SCTs in it the responder's signature is not checked: each carries a log's
//! signature of its own, and browsers take it the same way (Chromium net/cert/ct_objects_extractor.cc). For the
//! certificate's status it is, in `status`.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod status;

use aws_lc_rs::digest;

pub use self::status::{CertificateStatus, OcspProblem, OcspStatus, Signer, responder_to_check, status};
use super::der::{self, DerError, Element, Reader};
use super::parts::{Extension, Parts, read_extension};

/// The largest response that is read, in octets; real ones have a few thousand.
pub const MAX_OCSP_RESPONSE: usize = 1 << 20;

/// The most single responses that are looked through; stapled ones have one.
const MAX_RESPONSES: usize = 1000;

/// The most extensions of one single response.
const MAX_EXTENSIONS: usize = 64;

/// ENUMERATED.
const ENUMERATED: u8 = 0x0a;

/// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1 (RFC 6960 section 4.2.1).
const BASIC: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];

/// What a response says of the certificate that was asked about.
#[derive(Clone, Debug)]
pub(crate) struct SingleResponse<'a> {
    /// Its extensions, in order.
    pub(crate) extensions: Vec<Extension<'a>>,
}

/// Why a response says nothing of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OcspError {
    /// Larger than [`MAX_OCSP_RESPONSE`].
    #[error("it has {0} octets; at most {MAX_OCSP_RESPONSE} are read")]
    TooLarge(usize),
    /// The responder did not answer (RFC 6960 section 2.3).
    #[error("the responder answered “{0}” instead of a status")]
    NotSuccessful(&'static str),
    /// Another form than the basic one.
    #[error("it is no basic OCSP response (RFC 6960 section 4.2.1)")]
    NotBasic,
    /// The frame is broken.
    #[error("its {part} cannot be read: {error}")]
    Der {
        /// What was being read.
        part: &'static str,
        /// What is wrong with it.
        error: DerError,
    },
    /// More entries than are read.
    #[error("it has more {0} than are read")]
    TooMany(&'static str),
    /// It speaks of other certificates.
    #[error("none of its {0} entries is about this certificate")]
    AboutOthers(usize),
}

fn at(part: &'static str) -> impl Fn(DerError) -> OcspError {
    move |error| OcspError::Der { part, error }
}

/// The entry of `response` about the certificate: its serial number, and the hash of its issuer's name.
///
/// The hash of the issuer's key, which the entry has too, needs the issuer's certificate. It is left alone: a wrong
/// issuer of the same name would still leave an SCT that does not verify.
pub(crate) fn about<'a>(
    response: &'a [u8],
    certificate: &Parts<'_>,
) -> Result<SingleResponse<'a>, OcspError> {
    let basic = basic_response(response)?;
    let data = basic.reader().expect(der::SEQUENCE).map_err(at("response data"))?;
    let mut fields = data.reader();
    fields.optional(der::constructed(0)).map_err(at("version"))?;
    fields.element().map_err(at("responder"))?;
    fields.element().map_err(at("time"))?;
    let entries = fields.expect(der::SEQUENCE).map_err(at("list of responses"))?;
    let mut reader = entries.reader();
    let mut looked_at = 0_usize;
    while !reader.is_empty() {
        if looked_at >= MAX_RESPONSES {
            return Err(OcspError::TooMany("responses"));
        }
        looked_at = looked_at.saturating_add(1);
        let entry = reader.expect(der::SEQUENCE).map_err(at("single response"))?;
        let mut entry = entry.reader();
        let id = entry.expect(der::SEQUENCE).map_err(at("certificate id"))?;
        if is_about(&id, certificate).map_err(at("certificate id"))? {
            return single_response(entry);
        }
    }
    Err(OcspError::AboutOthers(looked_at))
}

/// The basic response in a successful answer: signed part, algorithm, signature, certificates.
fn basic_response(response: &[u8]) -> Result<Element<'_>, OcspError> {
    if response.len() > MAX_OCSP_RESPONSE {
        return Err(OcspError::TooLarge(response.len()));
    }
    let mut outer = Reader::new(response);
    let whole = outer.expect(der::SEQUENCE).map_err(at("frame"))?;
    outer.finish().map_err(at("end"))?;
    let mut fields = whole.reader();
    let status = fields.expect(ENUMERATED).map_err(at("status"))?;
    if let Some(said) = refusal(status.content) {
        return Err(OcspError::NotSuccessful(said));
    }
    let typed = fields.expect(der::constructed(0)).map_err(at("response"))?;
    let typed = typed.reader().expect(der::SEQUENCE).map_err(at("response"))?;
    let mut typed = typed.reader();
    if typed.expect(der::OBJECT_IDENTIFIER).map_err(at("response type"))?.content != BASIC {
        return Err(OcspError::NotBasic);
    }
    let basic = typed.expect(der::OCTET_STRING).map_err(at("response"))?;
    basic.reader().expect(der::SEQUENCE).map_err(at("basic response"))
}

/// `None` for “successful” (RFC 6960 section 4.2.1, OCSPResponseStatus).
fn refusal(status: &[u8]) -> Option<&'static str> {
    match status {
        [0] => None,
        [1] => Some("malformedRequest"),
        [2] => Some("internalError"),
        [3] => Some("tryLater"),
        [5] => Some("sigRequired"),
        [6] => Some("unauthorized"),
        _ => Some("an unknown status"),
    }
}

fn is_about(id: &Element<'_>, certificate: &Parts<'_>) -> Result<bool, DerError> {
    let mut fields = id.reader();
    let algorithm = fields.expect(der::SEQUENCE)?.reader().expect(der::OBJECT_IDENTIFIER)?.content;
    let name_hash = fields.expect(der::OCTET_STRING)?.content;
    fields.expect(der::OCTET_STRING)?;
    let serial = fields.expect(der::INTEGER)?.content;
    let named = hash_algorithm(algorithm)
        .is_some_and(|algorithm| digest::digest(algorithm, certificate.issuer).as_ref() == name_hash);
    Ok(named && serial == certificate.serial)
}

/// The hashes that name certificates in OCSP. SHA-1 is no weakness here: nothing is proven by it.
fn hash_algorithm(oid: &[u8]) -> Option<&'static digest::Algorithm> {
    match oid {
        [0x2b, 0x0e, 0x03, 0x02, 0x1a] => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01] => Some(&digest::SHA256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02] => Some(&digest::SHA384),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03] => Some(&digest::SHA512),
        _ => None,
    }
}

/// What follows the certificate id of a single response.
fn single_response(mut fields: Reader<'_>) -> Result<SingleResponse<'_>, OcspError> {
    fields.element().map_err(at("certificate status"))?;
    fields.element().map_err(at("thisUpdate"))?;
    fields.optional(der::constructed(0)).map_err(at("nextUpdate"))?;
    let block = fields.optional(der::constructed(1)).map_err(at("extensions"))?;
    fields.finish().map_err(at("single response"))?;
    let mut extensions = Vec::new();
    if let Some(block) = block {
        let list = block.reader().expect(der::SEQUENCE).map_err(at("extensions"))?;
        let mut reader = list.reader();
        while !reader.is_empty() {
            if extensions.len() >= MAX_EXTENSIONS {
                return Err(OcspError::TooMany("extensions"));
            }
            extensions.push(read_extension(&mut reader).map_err(at("extension"))?);
        }
    }
    Ok(SingleResponse { extensions })
}

#[cfg(test)]
mod tests;
