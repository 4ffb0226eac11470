//! One issuance, checked where it shows the certificate itself.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::super::json::Object;
use super::super::problems::{Problems, printable};
use crate::evidence::Bytes;
use crate::evidence::issuance::IssuanceSource;
use crate::issuance::reported::{Claimed, ReportedCertificate, Seen};
use crate::x509::precertificate::logged_tbs;
use crate::x509::{Certificate, CertificateSha256, MAX_CERTIFICATE, SpkiSha256};

/// Reads an issuance; `None` where it is no object, or says nothing of a certificate.
pub(super) fn read(
    raw: &RawValue,
    place: String,
    source: &IssuanceSource,
    problems: &mut Problems,
) -> Option<ReportedCertificate> {
    let mut object = Object::read(raw, place, problems)?;
    // An `id` alone is no sign: rows of crt.sh have one, too.
    let known = ["tbs_sha256", "cert_sha256", "dns_names", "cert_der", "cert", "pubkey_sha256"];
    if !known.iter().any(|field| object.has(field)) {
        problems
            .add(|| format!("{} says nothing of a certificate in the form of Cert Spotter", object.place()));
        return None;
    }
    let id = object.id("id", problems).map(|id| printable(&id));
    if let Some(id) = &id {
        object.rename(format!("issuance {id}"));
    }
    let claimed = claimed(&object, problems);
    let mut reported = ReportedCertificate { claimed, ..ReportedCertificate::default() };
    reported.seen.push(Seen {
        place: id.map_or_else(|| source.place.clone(), |id| format!("{}, issuance {id}", source.place)),
        index: None,
        at: None,
    });
    take_certificate(&object, &mut reported, problems);
    Some(reported)
}

fn claimed(object: &Object<'_>, problems: &mut Problems) -> Claimed {
    let (dns_names, names_are_complete) = object.texts("dns_names", problems).unwrap_or_default();
    let mut claimed = Claimed {
        tbs_sha256: object.sha256("tbs_sha256", problems),
        certificate_sha256: object.sha256("cert_sha256", problems).map(CertificateSha256),
        spki_sha256: object.sha256("pubkey_sha256", problems).map(SpkiSha256),
        not_before: object.time("not_before", problems),
        not_after: object.time("not_after", problems),
        dns_names,
        names_are_complete,
        is_revoked: is_revoked(object, problems),
        problem_reporting: object.text("problem_reporting", problems).map(|text| printable(&text)),
        ..Claimed::default()
    };
    if let Some(issuer) = object.object("issuer", problems) {
        let name = issuer.text("name", problems).or_else(|| issuer.text("friendly_name", problems));
        claimed.issuer_name = name.map(|name| printable(&name));
        claimed.issuer_spki_sha256 = issuer.sha256("pubkey_sha256", problems).map(SpkiSha256);
        claimed.issuer_caa_domains = issuer.texts("caa_domains", problems).unwrap_or_default().0;
        let operator = issuer.object("operator", problems);
        claimed.issuer_owner =
            operator.and_then(|operator| operator.text("name", problems)).map(|name| printable(&name));
    }
    claimed
}

fn is_revoked(object: &Object<'_>, problems: &mut Problems) -> Option<bool> {
    let said = object.flag("revoked", problems);
    let when = object.object("revocation", problems).and_then(|revocation| revocation.time("time", problems));
    if said == Some(false) && when.is_some() {
        problems.add(|| format!("{} is said to be revoked and not to be revoked", object.place()));
    }
    if when.is_some() { Some(true) } else { said }
}

/// Takes the certificate, or the precertificate where Cert Spotter has no other, and compares it with what is said of it.
fn take_certificate(object: &Object<'_>, reported: &mut ReportedCertificate, problems: &mut Problems) {
    let place = object.place();
    // Formerly it stood in an object of its own, with its hash.
    let former = object.object("cert", problems);
    let text = object.text("cert_der", problems).or_else(|| former.as_ref()?.text("data", problems));
    if let Some(former) = &former
        && reported.claimed.certificate_sha256.is_none()
    {
        reported.claimed.certificate_sha256 = former.sha256("sha256", problems).map(CertificateSha256);
    }
    let Some(text) = text else { return };
    // A third more than octets.
    if text.len() > MAX_CERTIFICATE.saturating_mul(2) {
        problems.add(|| format!("the certificate of {place} is larger than any"));
        return;
    }
    let Ok(der) = STANDARD.decode(text.as_bytes()) else {
        problems.add(|| format!("the certificate of {place} is not in base64"));
        return;
    };
    let mut differences = Vec::new();
    if reported.claimed.certificate_sha256.is_some_and(|said| said != CertificateSha256::of(&der)) {
        differences.push("cert_sha256");
    }
    let certificate = Certificate::read(&der);
    match &certificate {
        Ok(certificate) => differences.extend(differing(certificate, &reported.claimed)),
        Err(error) => problems.add(|| format!("the certificate of {place} cannot be read: {error}")),
    }
    if !differences.is_empty() {
        problems.add(|| {
            format!("{place} says otherwise than the certificate that it shows: {}", differences.join(", "))
        });
    }
    let is_precertificate = match &certificate {
        Ok(certificate) => certificate.is_precertificate,
        Err(_) => {
            former.and_then(|former| former.text("type", problems)).is_some_and(|kind| kind == "precert")
        }
    };
    let taken = if is_precertificate { &mut reported.precertificate } else { &mut reported.certificate };
    *taken = Some(Bytes(der));
}

/// What is said otherwise than it stands in the certificate.
fn differing(certificate: &Certificate, claimed: &Claimed) -> Vec<&'static str> {
    let tbs: Option<[u8; 32]> = logged_tbs(certificate).map(|tbs| Sha256::digest(tbs).into());
    let differs = [
        ("tbs_sha256", tbs.is_some() && claimed.tbs_sha256.is_some() && claimed.tbs_sha256 != tbs),
        ("pubkey_sha256", claimed.spki_sha256.is_some_and(|said| said != certificate.spki_sha256)),
        ("not_before", claimed.not_before.is_some_and(|said| said != certificate.not_before)),
        ("not_after", claimed.not_after.is_some_and(|said| said != certificate.not_after)),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}
