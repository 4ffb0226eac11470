//! All sources of one certificate, weighed.

use jiff::Timestamp;

use super::verdict::{Revocation, RevocationVerdict, Said, SourceKind, SourceVerdict, Status};
use super::{Asked, Provision};
use crate::evidence::revocation::Crls;
use crate::x509::crl::{Reason, Reasons};

/// The verdict that sources give together.
pub(super) fn verdict(
    asked: &Asked<'_>,
    sources: Vec<SourceVerdict>,
    crls: &Crls,
    at: Timestamp,
) -> RevocationVerdict {
    let certificate = asked.certificate;
    let provision = Provision::of(certificate, &asked.pointers);
    let says_good = sources.iter().any(|source| source.said == Said::Good);
    let revoked = revoked(&sources);
    let any_revoked = sources.iter().any(|source| matches!(source.said, Said::Revoked(_)));
    let covered = sources
        .iter()
        .filter(|source| source.said == Said::Good)
        .fold(Reasons::NONE, |all, source| all.or(source.covers));
    let (status, why) = match revoked {
        Some((revocation, source)) => {
            (Status::Revoked(revocation), said_by(source, &revocation.in_words(), at))
        }
        None if covered == Reasons::ALL => {
            let good = sources.iter().filter(|source| source.said == Said::Good);
            let by: Vec<String> = good.map(|source| said_by(source, "not revoked", at)).collect();
            (Status::Good, by.join(" "))
        }
        None => (Status::Undetermined, open(asked, &provision, (&sources, crls), at)),
    };
    RevocationVerdict {
        sha256: certificate.sha256,
        subject: certificate.subject.clone(),
        serial: certificate.serial.clone(),
        is_ca: certificate.is_ca,
        issuer_key: asked.issuer.map(|issuer| issuer.spki_sha256),
        status,
        why,
        disagree: says_good && any_revoked,
        sources,
        provision,
        expired: at > certificate.not_after,
    }
}

/// The revocation that stands: the earliest, for nothing takes a revocation back. One on hold ends where a newer source
/// says good.
fn revoked(sources: &[SourceVerdict]) -> Option<(Revocation, &SourceVerdict)> {
    let newest_good = sources
        .iter()
        .filter(|source| source.said == Said::Good)
        .filter_map(|source| source.this_update)
        .max();
    sources
        .iter()
        .filter_map(|source| match source.said {
            Said::Revoked(revocation) => Some((revocation, source)),
            Said::Good | Said::Unknown | Said::Nothing => None,
        })
        .filter(|(revocation, source)| {
            revocation.reason != Some(Reason::CERTIFICATE_HOLD) || newest_good <= source.this_update
        })
        .min_by_key(|(revocation, _)| revocation.date)
}

fn said_by(source: &SourceVerdict, what: &str, at: Timestamp) -> String {
    let of = source.this_update.map(|time| format!(" of {time}{}", age(time, at))).unwrap_or_default();
    let note = source.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    match (source.kind, &source.url) {
        (SourceKind::StapledOcsp, _) => format!("The stapled OCSP response{of}: {what}{note}."),
        (SourceKind::Crl, url) => {
            format!("The CRL{of} at {}: {what}{note}.", url.as_deref().unwrap_or("an unknown place"))
        }
    }
}

/// How old something is, where that is worth a word.
fn age(time: Timestamp, at: Timestamp) -> String {
    const WORTH: i64 = 10;
    let days = at.duration_since(time).as_hours() / 24;
    if days > WORTH { format!(", {days} days old,") } else { String::new() }
}

/// Why nothing is known.
fn open(
    asked: &Asked<'_>,
    provision: &Provision,
    (sources, crls): (&[SourceVerdict], &Crls),
    at: Timestamp,
) -> String {
    let mut reasons: Vec<String> = sources
        .iter()
        .map(|source| match (&source.trouble, source.said) {
            (Some(trouble), _) => said_by(source, &trouble.text, at),
            (None, Said::Unknown) => said_by(source, "the responder does not know the certificate", at),
            (None, _) => said_by(source, "it says nothing", at),
        })
        .collect();
    if reasons.is_empty() {
        reasons.push(if provision.short_lived && provision.crl_urls.is_empty() {
            "It names no CRL: it is short-lived, and need not be revocable (Baseline Requirements 4.9.1.1)."
                .to_owned()
        } else if provision.crl_urls.is_empty() && provision.ocsp_urls.is_empty() {
            "It names neither a CRL nor an OCSP responder.".to_owned()
        } else if provision.crl_urls.is_empty() {
            "It names an OCSP responder and no CRL, and no OCSP response was stapled.".to_owned()
        } else if asked.issuer.is_none() {
            "No CRL was asked for: the certificate of its issuer is not at hand, so that none could be verified (--issuer)."
                .to_owned()
        } else if crls.is_empty() {
            "No CRL was asked for.".to_owned()
        } else {
            "None of its CRLs was asked for.".to_owned()
        });
    }
    reasons.extend(asked.pointers.broken.iter().map(|part| format!("Its {part} cannot be read.")));
    reasons.join(" ")
}
