//! What one CRL says of the certificates that name it.

use jiff::Timestamp;

use super::scope::{covered, unknown_critical, vouched};
use super::verdict::{Revocation, Said, SourceKind, SourceVerdict, Trouble, TroubleKind};
use super::{Asked, CLOCK_SKEW};
use crate::evidence::revocation::CrlObservation;
use crate::x509::crl::{Crl, Entry, Found, Reason, Reasons, Wanted};

/// Judges a CRL for each certificate, in one pass over its entries.
pub(super) fn judge(observation: &CrlObservation, asked: &[&Asked<'_>], at: Timestamp) -> Vec<SourceVerdict> {
    if asked.is_empty() {
        return Vec::new();
    }
    let nothing = SourceVerdict {
        kind: SourceKind::Crl,
        url: Some(observation.url.clone()),
        said: Said::Nothing,
        trouble: None,
        this_update: None,
        next_update: None,
        number: None,
        entries: None,
        fetched_at: None,
        from_cache: false,
        covers: Reasons::NONE,
    };
    let all = |trouble: Trouble, source: &SourceVerdict| {
        asked.iter().map(|_| SourceVerdict { trouble: Some(trouble.clone()), ..source.clone() }).collect()
    };
    let Some(list) = observation.list() else {
        let kind = match observation.not_asked {
            Some(_) => TroubleKind::NotAsked,
            None => TroubleKind::NotHad,
        };
        let why = observation.failure().unwrap_or_else(|| "there is none".to_owned());
        return all(Trouble::new(kind, why), &nothing);
    };
    let fetched = SourceVerdict { fetched_at: Some(list.fetched_at), from_cache: list.from_cache, ..nothing };
    let crl = match Crl::read(list.octets) {
        Ok(crl) => crl,
        Err(error) => return all(unreadable(&error), &fetched),
    };
    let read = SourceVerdict {
        this_update: Some(crl.this_update),
        next_update: crl.next_update,
        number: crl.number(),
        ..fetched
    };
    // Without an issuer nothing is found: the name of none has no octets.
    let wanted: Vec<(Vec<u8>, Vec<u8>)> = asked.iter().map(|asked| wanted(asked)).collect();
    let wanted: Vec<Wanted<'_>> = wanted.iter().map(|(serial, issuer)| Wanted { serial, issuer }).collect();
    let found = match crl.find(&wanted) {
        Ok(found) => found,
        Err(error) => return all(unreadable(&error), &read),
    };
    let read = SourceVerdict { entries: Some(found.count), ..read };
    asked
        .iter()
        .enumerate()
        .map(|(place, asked)| match one(&crl, &found, place, (&observation.url, asked), at) {
            Ok((said, covers, trouble)) => SourceVerdict { said, trouble, covers, ..read.clone() },
            Err(trouble) => SourceVerdict { trouble: Some(trouble), ..read.clone() },
        })
        .collect()
}

fn unreadable(error: &crate::x509::crl::CrlError) -> Trouble {
    Trouble::new(TroubleKind::Unreadable, error.to_string())
}

/// Serial number and issuer's Name of what is looked for.
fn wanted(asked: &Asked<'_>) -> (Vec<u8>, Vec<u8>) {
    let serial = asked.certificate.parts().map(|parts| parts.serial.to_vec()).unwrap_or_default();
    let issuer = asked.issuer.and_then(|issuer| issuer.parts().ok());
    (serial, issuer.map(|parts| parts.subject.to_vec()).unwrap_or_default())
}

type Told = (Said, Reasons, Option<Trouble>);

fn one(
    crl: &Crl<'_>,
    found: &Found<'_>,
    place: usize,
    (url, asked): (&str, &Asked<'_>),
    at: Timestamp,
) -> Result<Told, Trouble> {
    let Some(issuer) = asked.issuer else {
        return Err(Trouble::new(
            TroubleKind::Unverifiable,
            "the certificate of the issuer is not at hand, so that the signature cannot be checked (--issuer)",
        ));
    };
    let covers = covered(crl, url, asked, issuer)?;
    if let Some(oid) = found.unknown_critical {
        return Err(unknown_critical(oid));
    }
    vouched(crl, asked, issuer)?;
    let dated = dated(crl.this_update, crl.next_update, at);
    let entry = found.entries.get(place).copied().flatten();
    match (entry.filter(|entry| entry.reason != Some(Reason::REMOVE_FROM_CRL)), dated) {
        (Some(entry), dated) => listed(entry, covers, dated, at),
        (None, Some(trouble)) => Err(trouble),
        (None, None) => {
            let expired = asked.certificate.not_after;
            let kept = crl.extensions.keeps_expired_since.is_some_and(|since| since <= expired);
            if expired < crl.this_update && !kept {
                return Err(Trouble::new(
                    TroubleKind::Expired,
                    "the certificate had expired when this list was made, and revoked certificates may be dropped from a list once they expired (RFC 5280 section 3.3)",
                ));
            }
            let partly = (covers != Reasons::ALL).then(|| {
                Trouble::new(
                    TroubleKind::SomeReasons,
                    "it covers only some reasons of revocation (RFC 5280 section 5.2.5, onlySomeReasons)",
                )
            });
            Ok((Said::Good, covers, partly))
        }
    }
}

/// An entry stays true when its list is past its time, unless the certificate was only put on hold. Of a list from later
/// than the time of judging it counts what had happened by then.
fn listed(entry: Entry, covers: Reasons, dated: Option<Trouble>, at: Timestamp) -> Result<Told, Trouble> {
    let revocation =
        Revocation { date: entry.date, reason: entry.reason, invalid_since: entry.invalid_since };
    let is_open = match &dated {
        None => false,
        Some(trouble) if trouble.kind == TroubleKind::InFuture => entry.date > at,
        Some(_) => entry.reason == Some(Reason::CERTIFICATE_HOLD),
    };
    match dated {
        Some(trouble) if is_open => Err(trouble),
        dated => Ok((Said::Revoked(revocation), covers, dated)),
    }
}

/// Whether information of this time is too old or too new to say “good” by.
pub(super) fn dated(
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    at: Timestamp,
) -> Option<Trouble> {
    if this_update.duration_since(at) > CLOCK_SKEW {
        let text = format!("it is of {this_update}, later than the time of judging");
        return Some(Trouble::new(TroubleKind::InFuture, text));
    }
    match next_update {
        None => Some(Trouble::new(
            TroubleKind::Stale,
            format!(
                "it is of {this_update} and does not say until when it counts (no nextUpdate, which RFC 5280 section 5.1.2.5 asks for)"
            ),
        )),
        Some(next) if next < at => Some(Trouble::new(
            TroubleKind::Stale,
            format!("it is of {this_update}, and a newer one was due by {next}"),
        )),
        Some(_) => None,
    }
}
