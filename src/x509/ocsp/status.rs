//! What an OCSP response says of a certificate's revocation, and whether that may be believed.
//!
//! Source: RFC 6960 sections 3.2, 4.2.1 and 4.2.2.2: the response is about this certificate of this issuer, and signed
//! by the issuer or by a responder that the issuer itself delegated.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use aws_lc_rs::digest;
use jiff::Timestamp;

use super::{MAX_EXTENSIONS, MAX_RESPONSES, OcspError, at, basic_response, hash_algorithm};
use crate::x509::certificate::raw_key;
use crate::x509::crl::Reason;
use crate::x509::der::{self, DerError, Element, Reader};
use crate::x509::hash::sha1;
use crate::x509::parts::{Parts, oid, read_extension};
use crate::x509::{Certificate, SignatureCheck, is_signed_by, signature, time};

/// The most certificates of a response that are looked at.
const MAX_CERTIFICATES: usize = 16;

/// ENUMERATED.
const ENUMERATED: u8 = 0x0a;

/// What a response says of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspStatus {
    /// The status.
    pub status: CertificateStatus,
    /// As of when the responder knew it.
    pub this_update: Timestamp,
    /// By when it is known anew; none: newer information is always there.
    pub next_update: Option<Timestamp>,
    /// When the response was made.
    pub produced_at: Timestamp,
    /// Who signed.
    pub signer: Signer,
}

/// The status of one certificate (RFC 6960 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateStatus {
    /// It is not revoked.
    Good,
    /// It is.
    Revoked {
        /// Since when.
        date: Timestamp,
        /// Why, if a reason is given.
        reason: Option<Reason>,
    },
    /// The responder does not know it.
    Unknown,
}

/// Who signed a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The certificate's issuer.
    Issuer,
    /// A responder that the issuer delegated.
    Delegated {
        /// Its certificate.
        certificate: Box<Certificate>,
        /// Whether its own status need not be looked at (id-pkix-ocsp-nocheck, RFC 6960 section 4.2.2.2.1).
        no_check: bool,
    },
}

/// Why a response says nothing that may be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OcspProblem {
    /// It cannot be read, or is not about this certificate.
    #[error(transparent)]
    Unreadable(#[from] OcspError),
    /// A date that is none.
    #[error("its {0} is no date")]
    BadTime(&'static str),
    /// A certificate status that RFC 6960 does not have.
    #[error("its certificate status cannot be read")]
    BadStatus,
    /// A critical extension that is not known here.
    #[error("it has a critical extension that is not known here")]
    UnknownCritical,
    /// The signature was made by neither the issuer nor a responder of its.
    #[error(
        "its signature was not made by the certificate's issuer, nor by a responder that the issuer delegated"
    )]
    NotSigned,
    /// The signature's algorithm is not one that is checked.
    #[error("its signature is of an algorithm that is not checked")]
    Unsupported,
    /// The delegated responder's certificate was not valid at the time of judging.
    #[error("the certificate of the delegated responder is not valid at that time")]
    ResponderExpired,
}

impl OcspProblem {
    /// Whether the response was forged or broken, rather than about something else.
    pub fn is_signature(&self) -> bool {
        matches!(self, Self::NotSigned)
    }
}

/// What `response` says of `certificate`, which `issuer` issued. Freshness is left to the caller, but for a delegated
/// responder's certificate, which must be valid at `judged_at`.
///
/// The serial number is the certificate's own; a precertificate has that of the certificate after it.
pub fn status(
    response: &[u8],
    certificate: &Certificate,
    issuer: &Certificate,
    judged_at: Timestamp,
) -> Result<OcspStatus, OcspProblem> {
    let about = certificate.parts().map_err(|_| OcspProblem::BadStatus)?;
    let issuer_parts = issuer.parts().map_err(|_| OcspProblem::BadStatus)?;
    let basic = basic_response(response)?;
    let mut fields = basic.reader();
    let data = fields.expect(der::SEQUENCE).map_err(at("response data"))?;
    let algorithm = fields.expect(der::SEQUENCE).map_err(at("signature algorithm"))?;
    let signature = fields.expect(der::BIT_STRING).map_err(at("signature"))?;
    let certificates = fields.optional(der::constructed(0)).map_err(at("certificates"))?;

    let mut reader = data.reader();
    reader.optional(der::constructed(0)).map_err(at("version"))?;
    let responder = reader.element().map_err(at("responder"))?;
    let produced = reader.element().map_err(at("time"))?;
    let produced_at = time::read(&produced).ok_or(OcspProblem::BadTime("producedAt"))?;
    let entries = reader.expect(der::SEQUENCE).map_err(at("list of responses"))?;
    if let Some(block) = reader.optional(der::constructed(1)).map_err(at("extensions"))? {
        no_unknown_critical(&block)?;
    }
    let single = find(&entries, &about, &issuer_parts)?;

    let claim = Signed { data: data.whole, algorithm: algorithm.whole, signature: signature.content };
    let signer = signer(&claim, &responder, certificates, issuer, judged_at)?;
    let Single { status, this_update, next_update } = single;
    Ok(OcspStatus { status, this_update, next_update, produced_at, signer })
}

/// One single response, read.
struct Single {
    status: CertificateStatus,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
}

impl Single {
    /// How much it counts beside another about the same certificate.
    fn weight(&self) -> u8 {
        match self.status {
            CertificateStatus::Revoked { .. } => 2,
            CertificateStatus::Unknown => 1,
            CertificateStatus::Good => 0,
        }
    }
}

/// The response about the certificate. Of several, which should not be, the one that revokes counts, then one that knows
/// nothing, whatever their order.
fn find(entries: &Element<'_>, about: &Parts<'_>, issuer: &Parts<'_>) -> Result<Single, OcspProblem> {
    let mut reader = entries.reader();
    let mut looked_at = 0_usize;
    let mut found: Option<Single> = None;
    while !reader.is_empty() {
        if looked_at >= MAX_RESPONSES {
            return Err(OcspError::TooMany("responses").into());
        }
        looked_at = looked_at.saturating_add(1);
        let mut entry = reader.expect(der::SEQUENCE).map_err(at("single response"))?.reader();
        let id = entry.expect(der::SEQUENCE).map_err(at("certificate id"))?;
        if is_about(&id, about, issuer).map_err(at("certificate id"))? {
            let single = single(entry)?;
            if found.as_ref().is_none_or(|known| single.weight() > known.weight()) {
                found = Some(single);
            }
        }
    }
    found.ok_or_else(|| OcspError::AboutOthers(looked_at).into())
}

/// All three parts of a CertID: the issuer's name, its key, the serial number (RFC 6960 section 4.1.1).
fn is_about(id: &Element<'_>, about: &Parts<'_>, issuer: &Parts<'_>) -> Result<bool, DerError> {
    let mut fields = id.reader();
    let algorithm = fields.expect(der::SEQUENCE)?.reader().expect(der::OBJECT_IDENTIFIER)?.content;
    let name_hash = fields.expect(der::OCTET_STRING)?.content;
    let key_hash = fields.expect(der::OCTET_STRING)?.content;
    let serial = fields.expect(der::INTEGER)?.content;
    let (Some(algorithm), Some(key)) = (hash_algorithm(algorithm), raw_key(issuer.spki)) else {
        return Ok(false);
    };
    Ok(serial == about.serial
        && digest::digest(algorithm, issuer.subject).as_ref() == name_hash
        && digest::digest(algorithm, key).as_ref() == key_hash)
}

fn single(mut fields: Reader<'_>) -> Result<Single, OcspProblem> {
    let status = fields.element().map_err(at("certificate status"))?;
    let this_update = fields.element().map_err(at("thisUpdate"))?;
    let this_update = time::read(&this_update).ok_or(OcspProblem::BadTime("thisUpdate"))?;
    let next_update = match fields.optional(der::constructed(0)).map_err(at("nextUpdate"))? {
        Some(next) => {
            let next = next.reader().element().map_err(at("nextUpdate"))?;
            Some(time::read(&next).ok_or(OcspProblem::BadTime("nextUpdate"))?)
        }
        None => None,
    };
    if let Some(block) = fields.optional(der::constructed(1)).map_err(at("extensions"))? {
        no_unknown_critical(&block)?;
    }
    fields.finish().map_err(at("single response"))?;
    Ok(Single { status: certificate_status(&status)?, this_update, next_update })
}

fn certificate_status(element: &Element<'_>) -> Result<CertificateStatus, OcspProblem> {
    if element.tag == der::primitive(0) {
        return Ok(CertificateStatus::Good);
    }
    if element.tag == der::primitive(2) {
        return Ok(CertificateStatus::Unknown);
    }
    if element.tag != der::constructed(1) {
        return Err(OcspProblem::BadStatus);
    }
    let mut fields = element.reader();
    let date = fields.element().map_err(at("revocationTime"))?;
    let date = time::read(&date).ok_or(OcspProblem::BadTime("revocationTime"))?;
    let reason = match fields.optional(der::constructed(0)).map_err(at("revocationReason"))? {
        Some(reason) => {
            let code = reason.reader().expect(ENUMERATED).map_err(at("revocationReason"))?;
            code.content.first().copied().map(Reason)
        }
        None => None,
    };
    Ok(CertificateStatus::Revoked { date, reason })
}

/// No extension of a status changes what it means, so that any critical one is unknown.
fn no_unknown_critical(block: &Element<'_>) -> Result<(), OcspProblem> {
    let list = block.reader().expect(der::SEQUENCE).map_err(at("extensions"))?;
    let mut reader = list.reader();
    let mut seen = 0_usize;
    while !reader.is_empty() {
        seen = seen.saturating_add(1);
        if seen > MAX_EXTENSIONS {
            return Err(OcspError::TooMany("extensions").into());
        }
        if read_extension(&mut reader).map_err(at("extension"))?.critical {
            return Err(OcspProblem::UnknownCritical);
        }
    }
    Ok(())
}

/// What was signed, and the signature.
struct Signed<'a> {
    data: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl Signed<'_> {
    fn by(&self, certificate: &Certificate) -> SignatureCheck {
        let Ok(parts) = certificate.parts() else { return SignatureCheck::Unsupported };
        signature::check(self.data, self.algorithm, self.signature, parts.spki)
    }
}

/// Who signed, if it is somebody who may (RFC 6960 section 4.2.2.2).
fn signer(
    claim: &Signed<'_>,
    responder: &Element<'_>,
    certificates: Option<Element<'_>>,
    issuer: &Certificate,
    judged_at: Timestamp,
) -> Result<Signer, OcspProblem> {
    let mut unsupported = false;
    if is_responder(responder, issuer) {
        match claim.by(issuer) {
            SignatureCheck::Made => return Ok(Signer::Issuer),
            SignatureCheck::NotMade => {}
            SignatureCheck::Unsupported => unsupported = true,
        }
    }
    let mut expired = false;
    for delegate in delegates(certificates)? {
        if !is_responder(responder, &delegate) || !may_answer(&delegate) {
            continue;
        }
        if !is_delegated_by(&delegate, issuer) {
            continue;
        }
        match claim.by(&delegate) {
            SignatureCheck::Made if judged_at < delegate.not_before || judged_at > delegate.not_after => {
                expired = true;
            }
            SignatureCheck::Made => {
                let no_check = has_no_check(&delegate);
                return Ok(Signer::Delegated { certificate: Box::new(delegate), no_check });
            }
            SignatureCheck::NotMade => {}
            SignatureCheck::Unsupported => unsupported = true,
        }
    }
    Err(match (expired, unsupported) {
        (true, _) => OcspProblem::ResponderExpired,
        (false, true) => OcspProblem::Unsupported,
        (false, false) => OcspProblem::NotSigned,
    })
}

/// The certificates that came with a response, as far as they can be read.
fn delegates(block: Option<Element<'_>>) -> Result<Vec<Certificate>, OcspProblem> {
    let Some(block) = block else { return Ok(Vec::new()) };
    let list = block.reader().expect(der::SEQUENCE).map_err(at("certificates"))?;
    let mut reader = list.reader();
    let mut certificates = Vec::new();
    while !reader.is_empty() && certificates.len() < MAX_CERTIFICATES {
        let element = reader.element().map_err(at("certificate"))?;
        certificates.extend(Certificate::read(element.whole).ok());
    }
    Ok(certificates)
}

/// Whether a ResponderID, by name or by the SHA-1 of a key, names this certificate.
fn is_responder(responder: &Element<'_>, certificate: &Certificate) -> bool {
    let Ok(parts) = certificate.parts() else { return false };
    if responder.tag == der::constructed(1) {
        return responder.content == parts.subject;
    }
    let by_key = responder.tag == der::constructed(2);
    let hash = responder.reader().expect(der::OCTET_STRING);
    by_key && hash.is_ok_and(|hash| raw_key(parts.spki).is_some_and(|key| sha1(key) == hash.content))
}

/// Whether the issuer, by name and key, certified the responder.
fn is_delegated_by(delegate: &Certificate, issuer: &Certificate) -> bool {
    let is_named = match (delegate.parts(), issuer.parts()) {
        (Ok(delegate), Ok(issuer)) => delegate.issuer == issuer.subject,
        _ => false,
    };
    is_named && is_signed_by(delegate, issuer) == SignatureCheck::Made
}

/// Whether the certificate is for signing OCSP responses: its purpose, its key's usage where that is limited, and nothing
/// critical in it that is not understood here.
fn may_answer(certificate: &Certificate) -> bool {
    const UNDERSTOOD: [&[u8]; 3] = [oid::KEY_USAGE, oid::EXTENDED_KEY_USAGE, oid::BASIC_CONSTRAINTS];
    let Ok(parts) = certificate.parts() else { return false };
    if parts.extensions.iter().any(|extension| extension.critical && !UNDERSTOOD.contains(&extension.oid)) {
        return false;
    }
    has_purpose(&parts) && may_sign(&parts)
}

fn has_purpose(parts: &Parts<'_>) -> bool {
    let Some(usage) = parts.extension(oid::EXTENDED_KEY_USAGE) else { return false };
    let Ok(list) = Reader::new(usage.value).expect(der::SEQUENCE) else { return false };
    let mut purposes = list.reader();
    std::iter::from_fn(|| purposes.element().ok())
        .any(|purpose| purpose.tag == der::OBJECT_IDENTIFIER && purpose.content == oid::OCSP_SIGNING)
}

/// Whether keyUsage, where there is one, has digitalSignature (RFC 5280 section 4.2.1.3).
fn may_sign(parts: &Parts<'_>) -> bool {
    const DIGITAL_SIGNATURE: u8 = 0b1000_0000;
    let Some(usage) = parts.extension(oid::KEY_USAGE) else { return true };
    let Ok(bits) = Reader::new(usage.value).expect(der::BIT_STRING) else { return false };
    bits.content.get(1).is_some_and(|first| first & DIGITAL_SIGNATURE != 0)
}

fn has_no_check(certificate: &Certificate) -> bool {
    certificate.parts().is_ok_and(|parts| parts.extension(oid::OCSP_NO_CHECK).is_some())
}

/// The responder whose own status is to be looked at before a response of its is believed: one that the issuer
/// delegated, that does not say that it need not be, and that the response names. Whether it signed is not checked.
pub fn responder_to_check(response: &[u8], issuer: &Certificate) -> Option<Certificate> {
    let basic = basic_response(response).ok()?;
    let mut fields = basic.reader();
    let data = fields.expect(der::SEQUENCE).ok()?;
    fields.element().ok()?;
    fields.element().ok()?;
    let certificates = fields.optional(der::constructed(0)).ok()?;
    let mut reader = data.reader();
    reader.optional(der::constructed(0)).ok()?;
    let responder = reader.element().ok()?;
    let delegates = delegates(certificates).ok()?;
    delegates.into_iter().find(|delegate| {
        is_responder(&responder, delegate)
            && may_answer(delegate)
            && is_delegated_by(delegate, issuer)
            && !has_no_check(delegate)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
    use crate::demo::ct::{SctPlan, issue};

    /// A response that says two things of one certificate says that it is revoked, whichever comes first.
    #[test]
    fn of_several_responses_about_a_certificate_the_one_that_revokes_counts() {
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let ca = CaCertificate::root("OCSP CA", KeyAlgorithm::P256, now).unwrap();
        let request = LeafRequest::new(&["ocsp.example"], now).unwrap();
        let leaf = Certificate::read(&issue(&ca, &request, &SctPlan::default()).unwrap().der).unwrap();
        let ca = Certificate::read(&ca.der).unwrap();
        let (about, issuer) = (leaf.parts().unwrap(), ca.parts().unwrap());
        let sequence = |parts: &[Vec<u8>]| der::wrap(der::SEQUENCE, &parts.concat());
        let octets = |octets: &[u8]| der::wrap(der::OCTET_STRING, octets);
        // sha-1, 1.3.14.3.2.26.
        let algorithm = sequence(&[der::wrap(der::OBJECT_IDENTIFIER, &[0x2b, 0x0e, 3, 2, 0x1a])]);
        let (name, key) = (sha1(issuer.subject), sha1(raw_key(issuer.spki).unwrap()));
        let serial = der::wrap(der::INTEGER, about.serial);
        let id = sequence(&[algorithm, octets(name.as_ref()), octets(key.as_ref()), serial]);
        let time = der::wrap(0x18, b"20261101000000Z");
        let entry = |status: Vec<u8>| sequence(&[id.clone(), status, time.clone()]);
        let good = entry(der::wrap(der::primitive(0), &[]));
        let unknown = entry(der::wrap(der::primitive(2), &[]));
        let revoked = entry(der::wrap(der::constructed(1), &time));
        let told = |entries: &[&Vec<u8>]| {
            let entries: Vec<Vec<u8>> = entries.iter().map(|&entry| entry.clone()).collect();
            let list = sequence(&entries);
            find(&Reader::new(&list).expect(der::SEQUENCE).unwrap(), &about, &issuer).unwrap().status
        };
        let date = "2026-11-01T00:00:00Z".parse().unwrap();
        let is_revoked = CertificateStatus::Revoked { date, reason: None };
        assert_eq!(told(&[&good]), CertificateStatus::Good);
        assert_eq!(told(&[&good, &revoked]), is_revoked);
        assert_eq!(told(&[&revoked, &good]), is_revoked);
        assert_eq!(told(&[&unknown, &revoked]), is_revoked);
        assert_eq!(told(&[&good, &unknown]), CertificateStatus::Unknown);
    }
}
