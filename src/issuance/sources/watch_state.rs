//! What the state of `pinstead watch` has: certificates out of logs whose trees were rebuilt.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::problems::{Problems, printable};
use crate::ct::log_entry::{LoggedEntry, TimestampedEntry, read_leaf};
use crate::evidence::Bytes;
use crate::evidence::issuance::{
    FollowedLog, IssuanceSource, LogSighting, LoggedCertificate, WatchStateReading,
};
use crate::issuance::reported::{Coverage, LoggedTbs, ReportedCertificate, Seen, SourceKind, SourceReading};
use crate::x509::Certificate;
use crate::x509::precertificate::logged_tbs;

/// How many logs are named in a sentence.
const MOST_NAMED: usize = 10;

/// How old what was seen last of a log may be: a log includes what it promised within a day (RFC 6962 section 3, maximum
/// merge delay; Chrome's log policy: 24 hours), and a run a day may be late.
const LONGEST_UNSEEN: SignedDuration = SignedDuration::from_hours(48);

pub(super) fn read(source: &IssuanceSource, state: &WatchStateReading) -> SourceReading {
    let mut problems = Problems::default();
    let logs: HashMap<&str, &FollowedLog> = state.logs.iter().map(|log| (log.log_id.as_str(), log)).collect();
    let issuers: HashMap<[u8; 32], &Bytes> =
        state.issuers.iter().map(|der| (Sha256::digest(&der.0).into(), der)).collect();
    let certificates = state
        .certificates
        .iter()
        .flat_map(|certificate| report(certificate, &logs, &issuers, &mut problems))
        .collect();
    SourceReading {
        source: SourceKind::WatchState,
        place: source.place.clone(),
        asked_at: source.asked_at,
        coverage: coverage(source, state),
        current_to: current_to(&state.logs),
        scope: scope(&state.logs),
        certificates,
        problems: problems.into_sentences(),
    }
}

/// Whole only where every log was read and proven up to its last tree head, that was seen of late, and keeps its promises.
fn coverage(source: &IssuanceSource, state: &WatchStateReading) -> Coverage {
    let has_nothing = state.certificates.is_empty();
    if state.logs.is_empty() && has_nothing {
        let why = source.broken_off.clone();
        return Coverage::NoData(why.unwrap_or_else(|| "no log was followed yet".to_owned()));
    }
    if has_nothing && state.is_watched == Some(false) {
        return Coverage::NoData(
            "the name is not watched: add it to the policy, and let “watch” run".to_owned(),
        );
    }
    let mut lacks: Vec<String> = source.broken_off.iter().cloned().collect();
    match state.is_watched {
        Some(true) => {}
        Some(false) => lacks.push("the name is not watched any more, or only names below it".to_owned()),
        None => lacks.push("whether the name was watched is not known".to_owned()),
    }
    let is_watched = state.is_watched == Some(true);
    let broken: Vec<(&FollowedLog, String)> =
        state.logs.iter().filter_map(|log| Some((log, lack(log, is_watched, source.asked_at)?))).collect();
    lacks.extend(broken.iter().take(MOST_NAMED).map(|(log, lack)| format!("{}: {lack}", name(log))));
    let more = broken.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        lacks.push(format!("{more} more logs were not proven to their ends, or have faults"));
    }
    if lacks.is_empty() { Coverage::Whole } else { Coverage::Part(lacks.join("; ")) }
}

/// What is not known of a log's entries.
fn lack(log: &FollowedLog, is_watched: bool, asked_at: Timestamp) -> Option<String> {
    let mut lacks: Vec<String> = log.faults.iter().take(MOST_NAMED).map(|fault| printable(fault)).collect();
    match &log.searched {
        Some(searched) if is_watched => lacks.extend(unsearched(searched, log.proven)),
        None if log.start > 0 => {
            lacks.push(format!("entries 0 to {} were not read", log.start.saturating_sub(1)));
        }
        _ => {}
    }
    match log.head_size {
        None => lacks.push("no tree head of it was seen yet".to_owned()),
        Some(size) if log.proven < size => {
            let unproven = format!("entries {} to {} are not proven yet", log.proven, size.saturating_sub(1));
            lacks.push(if log.read > 0 {
                format!("{unproven}, {} of them read", log.read)
            } else {
                unproven
            });
        }
        Some(_) => {}
    }
    // A watch that stopped says nothing of what was issued since.
    let last_seen = log.head_seen.or(log.head_at);
    if let Some(seen) = last_seen.filter(|seen| asked_at.duration_since(*seen) > LONGEST_UNSEEN) {
        lacks.push(format!(
            "its tree head was seen last on {}: what was logged since is not known",
            seen.strftime("%Y-%m-%d")
        ));
    }
    (!lacks.is_empty()).then(|| lacks.join(", "))
}

/// The proven entries that were not searched for the name: it was watched later, or the log was begun later.
fn unsearched(searched: &[(u64, u64)], proven: u64) -> Option<String> {
    let mut stretches = searched.to_vec();
    stretches.sort_unstable();
    let mut from = 0;
    let mut missing: Vec<String> = Vec::new();
    for (start, stop) in stretches.into_iter().chain([(proven, proven)]) {
        if from < start.min(proven) {
            missing.push(format!("{from} to {}", start.min(proven).saturating_sub(1)));
        }
        from = from.max(stop);
    }
    let more = missing.len().saturating_sub(MOST_NAMED);
    missing.truncate(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more stretches") } else { String::new() };
    (!missing.is_empty())
        .then(|| format!("entries {}{more} were not searched for the name", missing.join(", ")))
}

/// The oldest of the logs' tree heads; unknown where one was not proven up to its own.
fn current_to(logs: &[FollowedLog]) -> Option<Timestamp> {
    let proven =
        |log: &FollowedLog| log.head_at.filter(|_| log.head_size.is_some_and(|size| log.proven >= size));
    logs.iter().map(proven).collect::<Option<Vec<_>>>()?.into_iter().min()
}

fn scope(logs: &[FollowedLog]) -> String {
    let followed = match logs.len() {
        1 => "what stands in the CT log that “watch” follows".to_owned(),
        count => format!("what stands in the {count} CT logs that “watch” follows"),
    };
    let late: Vec<String> = logs
        .iter()
        .filter(|log| log.start > 0)
        .map(|log| format!("{} from entry {} on", name(log), log.start))
        .collect();
    let named = late.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    match late.len().checked_sub(MOST_NAMED) {
        _ if late.is_empty() => followed,
        None | Some(0) => format!("{followed}; {named}"),
        Some(more) => format!("{followed}; {named}, and {more} more not from their beginning"),
    }
}

fn name(log: &FollowedLog) -> String {
    printable(if log.description.is_empty() { &log.log_id } else { &log.description })
}

/// A certificate as the logs have it. Where entries of it name different issuers' keys, each is one of its own.
fn report(
    found: &LoggedCertificate,
    logs: &HashMap<&str, &FollowedLog>,
    issuers: &HashMap<[u8; 32], &Bytes>,
    problems: &mut Problems,
) -> Vec<ReportedCertificate> {
    let mut reported: Vec<ReportedCertificate> = Vec::new();
    for sighting in &found.sightings {
        let log = logs.get(sighting.log_id.as_str());
        let place = log.map_or_else(|| printable(&sighting.log_id), |log| name(log));
        let entry = read_leaf(&sighting.leaf);
        if let Err(error) = &entry {
            problems.add(|| format!("entry {} of {place} cannot be read: {error}", sighting.index));
        }
        let entry = entry.ok();
        let logged =
            entry.and_then(|entry| logged_part(&entry, log.is_some_and(|log| proves(log, sighting))));
        let chain = chain(sighting, issuers);
        if let Some(entry) = &entry
            && let Some(what) = differs(entry, found, &chain)
        {
            problems.add(|| format!("entry {} of {place} is not the {what} that is kept", sighting.index));
        }
        let at = entry.map(|entry| entry.timestamp).and_then(|milliseconds| i64::try_from(milliseconds).ok());
        let seen = Seen {
            place,
            index: Some(sighting.index),
            at: at.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok()),
        };
        let same = |before: &&mut ReportedCertificate| match (&before.logged, &logged) {
            (Some(before), Some(logged)) => {
                (&before.tbs, before.issuer_key_hash) == (&logged.tbs, logged.issuer_key_hash)
            }
            _ => true,
        };
        if let Some(before) = reported.iter_mut().find(same) {
            let is_proven = [&before.logged, &logged].into_iter().flatten().any(|logged| logged.is_proven);
            before.logged = before.logged.take().or(logged).map(|logged| LoggedTbs { is_proven, ..logged });
            before.seen.push(seen);
            if chain.len() > before.chain.len() {
                before.chain = chain;
            }
        } else {
            if !reported.is_empty() {
                problems.add(|| {
                    format!("{}, entry {}: another issuer’s key than elsewhere", seen.place, sighting.index)
                });
            }
            reported.push(ReportedCertificate {
                logged,
                chain,
                seen: vec![seen],
                ..ReportedCertificate::default()
            });
        }
    }
    if reported.is_empty() {
        let seen = Seen { place: "the state".to_owned(), index: None, at: Some(found.first_seen) };
        reported.push(ReportedCertificate { seen: vec![seen], ..ReportedCertificate::default() });
    }
    for one in &mut reported {
        one.certificate.clone_from(&found.certificate);
        one.precertificate.clone_from(&found.precertificate);
    }
    reported
}

/// Whether the entry as it is kept is among those that give a root which the log signed, and the log keeps its promises.
fn proves(log: &FollowedLog, sighting: &LogSighting) -> bool {
    log.faults.is_empty() && sighting.is_proven && (log.start..log.proven).contains(&sighting.index)
}

/// What the tree covers of a precertificate.
fn logged_part(entry: &TimestampedEntry<'_>, is_proven: bool) -> Option<LoggedTbs> {
    match entry.entry {
        LoggedEntry::X509 { .. } => None,
        LoggedEntry::Precert { issuer_key_hash, tbs } => {
            Some(LoggedTbs { tbs: Bytes(tbs.to_vec()), issuer_key_hash, is_proven })
        }
    }
}

/// What is kept beside the entry and is not the same as it.
fn differs(entry: &TimestampedEntry<'_>, found: &LoggedCertificate, chain: &[Bytes]) -> Option<&'static str> {
    match entry.entry {
        LoggedEntry::X509 { certificate } => {
            let kept = found.certificate.as_ref()?;
            (kept.0 != certificate).then_some("certificate")
        }
        LoggedEntry::Precert { tbs, .. } => {
            let kept = Certificate::read(found.precertificate.as_ref()?).ok()?;
            // One of a precertificate signing certificate has another issuer than its entry (RFC 6962 section 3.2).
            let signer = chain.first().and_then(|der| Certificate::read(der).ok());
            let has_own_signer = signer.is_some_and(|signer| signer.is_precertificate_signer);
            (!has_own_signer && logged_tbs(&kept)? != tbs).then_some("precertificate")
        }
    }
}

/// The certificates of a chain that are known, up to the first that is not.
fn chain(sighting: &LogSighting, issuers: &HashMap<[u8; 32], &Bytes>) -> Vec<Bytes> {
    let known = |hash: &Bytes| {
        let hash: [u8; 32] = hash.0.as_slice().try_into().ok()?;
        issuers.get(&hash).map(|der| (*der).clone())
    };
    sighting.chain.iter().map_while(known).collect()
}

#[cfg(test)]
mod tests;
