//! What one CRL says of the certificates that name it.

use jiff::Timestamp;

use super::scope::{covered, unknown_critical, vouched};
use super::verdict::{Revocation, Said, SourceKind, SourceVerdict, Trouble, TroubleKind};
use super::{Asked, CLOCK_SKEW};
use crate::evidence::revocation::{CrlObservation, FetchedCrl};
use crate::x509::crl::{Crl, Entry, Found, Reason, Reasons, Wanted};

/// The rule about how long a CRL of a public CA counts.
const PUBLIC_CRLS: &str = "Baseline Requirements 4.9.7 and 7.2";

/// Judges a CRL for each certificate, in one pass over its entries: what was fetched, and what was kept where that counts.
pub(super) fn judge(
    observation: &CrlObservation,
    asked: &[&Asked<'_>],
    at: Timestamp,
) -> Vec<Vec<SourceVerdict>> {
    if asked.is_empty() {
        return Vec::new();
    }
    let url = || Some(observation.url.clone());
    let one_each = |sources: Vec<SourceVerdict>| sources.into_iter().map(|source| vec![source]).collect();
    match (observation.fetched(), observation.kept()) {
        (Some(fetched), None) => one_each(by_list(&observation.url, fetched, asked, at)),
        (Some(fetched), Some(kept)) => {
            let rollback = rollback(fetched, kept, at);
            let of_kept = by_list(&observation.url, kept, asked, at);
            by_list(&observation.url, fetched, asked, at)
                .into_iter()
                .zip(of_kept)
                .map(|(fetched, kept)| both(fetched, kept, rollback.as_ref()))
                .collect()
        }
        (None, Some(kept)) => {
            let note = observation.failure().map(|why| format!("asking for a newer one failed, {why}"));
            let sources = by_list(&observation.url, kept, asked, at).into_iter();
            sources.map(|source| vec![SourceVerdict { note: note.clone(), ..source }]).collect()
        }
        (None, None) => {
            let kind = match observation.not_asked {
                Some(_) => TroubleKind::NotAsked,
                None => TroubleKind::NotHad,
            };
            let why = observation.failure().unwrap_or_else(|| "there is none".to_owned());
            let trouble = Some(Trouble::new(kind, why));
            one_each(vec![
                SourceVerdict { trouble, ..SourceVerdict::silent(SourceKind::Crl, url()) };
                asked.len()
            ])
        }
    }
}

/// That a place gives an older list than it gave before. Anyone on the way of plain HTTP can send one again.
fn rollback(fetched: FetchedCrl<'_>, kept: FetchedCrl<'_>, at: Timestamp) -> Option<Trouble> {
    let (now, before) = (Crl::read(fetched.octets).ok()?, Crl::read(kept.octets).ok()?);
    if !now.is_older_than(&before) || before.this_update.duration_since(at) > CLOCK_SKEW {
        return None;
    }
    let named = |crl: &Crl<'_>| match crl.number() {
        Some(number) => format!("of {} (number {number})", crl.this_update),
        None => format!("of {}", crl.this_update),
    };
    let text = format!(
        "it is {}, and the same place gave a newer one before, {}: it went back in time",
        named(&now),
        named(&before)
    );
    Some(Trouble::new(TroubleKind::RolledBack, text))
}

/// What counts of a list that was fetched and one that was kept: the newer, and both where the fetched one is of no use.
fn both(fetched: SourceVerdict, kept: SourceVerdict, rollback: Option<&Trouble>) -> Vec<SourceVerdict> {
    match rollback {
        _ if kept.said == Said::Nothing => vec![fetched],
        // An entry stays true, however old the list is.
        Some(trouble) if fetched.said != Said::Nothing => {
            let said = if fetched.said == Said::Good { Said::Nothing } else { fetched.said };
            vec![SourceVerdict { said, trouble: Some(trouble.clone()), ..fetched }, kept]
        }
        _ if fetched.said == Said::Nothing => vec![fetched, kept],
        _ => vec![fetched],
    }
}

fn by_list(url: &str, list: FetchedCrl<'_>, asked: &[&Asked<'_>], at: Timestamp) -> Vec<SourceVerdict> {
    let all = |trouble: Trouble, source: &SourceVerdict| {
        asked.iter().map(|_| SourceVerdict { trouble: Some(trouble.clone()), ..source.clone() }).collect()
    };
    let fetched = SourceVerdict {
        fetched_at: Some(list.fetched_at),
        from_cache: list.from_cache,
        ..SourceVerdict::silent(SourceKind::Crl, Some(url.to_owned()))
    };
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
        .map(|(place, asked)| match one(&crl, &found, place, (url, asked), at) {
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
    vouched(crl, asked, issuer, at)?;
    if let Some(what) = found.broken {
        return Err(Trouble::new(TroubleKind::Unreadable, what));
    }
    let dated = dated(crl.this_update, crl.next_update, at);
    match (found.entries.get(place).copied().flatten(), dated) {
        (Some(entry), _) if entry.reason == Some(Reason::REMOVE_FROM_CRL) => Err(Trouble::new(
            TroubleKind::Unreadable,
            "it takes a revocation of the certificate back (removeFromCRL), which only a delta CRL can (RFC 5280 section 5.3.1)",
        )),
        (Some(entry), dated) => listed(entry, covers, dated, at),
        (None, _) if found.doubtful.get(place).copied().unwrap_or_default() => Err(Trouble::new(
            TroubleKind::Unreadable,
            "an entry has the certificate's serial number, and whether its issuer is the certificate's cannot be told (RFC 5280 section 7.1)",
        )),
        (None, Some(trouble)) => Err(trouble),
        (None, None) => {
            if let Some(trouble) = asked.too_old(crl.this_update, PUBLIC_CRLS, at) {
                return Err(trouble);
            }
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

/// Whether a list of this time is too old or too new to say “good” by.
fn dated(this_update: Timestamp, next_update: Option<Timestamp>, at: Timestamp) -> Option<Trouble> {
    if let Some(trouble) = in_future(this_update, at) {
        return Some(trouble);
    }
    match next_update {
        None => Some(Trouble::new(
            TroubleKind::Stale,
            format!(
                "it is of {this_update} and does not say until when it counts (no nextUpdate, which RFC 5280 section 5.1.2.5 asks for)"
            ),
        )),
        Some(next) => overdue(this_update, next, at),
    }
}

/// That something is of a later time than that of judging.
pub(super) fn in_future(this_update: Timestamp, at: Timestamp) -> Option<Trouble> {
    (this_update.duration_since(at) > CLOCK_SKEW).then(|| {
        let text = format!("it is of {this_update}, later than the time of judging");
        Trouble::new(TroubleKind::InFuture, text)
    })
}

/// That something newer should be there.
pub(super) fn overdue(this_update: Timestamp, next: Timestamp, at: Timestamp) -> Option<Trouble> {
    (next < at).then(|| {
        let text = format!("it is of {this_update}, and a newer one was due by {next}");
        Trouble::new(TroubleKind::Stale, text)
    })
}
