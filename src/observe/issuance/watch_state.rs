//! Reading what the state of `pinstead watch` has about a name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::super::clock;
use super::WatchState;
use crate::dns_name::DnsName;
use crate::evidence::Bytes;
use crate::evidence::issuance::{
    AlertQueue, AlertQueues, FollowedLog, IssuanceSource, LogFollowing, LogRuns, LogSighting,
    LoggedCertificate, Told, WatchLooks, WatchStateReading,
};
use crate::issuance::names::{Form, Found, WatchedName, WatchedNames, find};
use crate::watch::batch::ChainBeside;
use crate::watch::state::{
    KnownCertificate, Log, LogNumber, NameSearch, Services, Sighting, State, StateError,
};

/// The most certificates that are read of it.
const MOST_CERTIFICATES: usize = 100_000;

/// The most octets of certificates and entries that are read of it.
const MOST_OCTETS: usize = 256 << 20;

/// How many rows the state gives at once.
const A_PAGE: usize = 1000;

pub(super) async fn ask(name: &DnsName, how: &WatchState) -> IssuanceSource {
    let asked_at = clock::now();
    let mut reading = WatchStateReading { is_watched: how.is_watched, ..WatchStateReading::default() };
    let broken_off = match read(&how.state, name, &mut reading).await {
        Ok(why) => why,
        Err(error) => Some(error.to_string()),
    };
    IssuanceSource { asked_at, place: how.place.clone(), broken_off, told: Told::WatchState(reading) }
}

/// Reads how far the logs were proven before it reads what was found: what comes in between is at worst told though it
/// need not have been. Gives why not all of it was read.
async fn read(
    state: &State,
    name: &DnsName,
    reading: &mut WatchStateReading,
) -> Result<Option<String>, StateError> {
    let logs = state.logs().await?;
    let search = state.searched_for(name).await?;
    if search.is_known {
        reading.is_watched.get_or_insert(search.is_watched);
    }
    reading.logs = logs.iter().map(|log| followed(log, &search)).collect();
    let began = logs.iter().map(|log| log.registered).min();
    reading.looks = began.zip(search.named).map(|(began, for_name)| WatchLooks {
        began,
        for_name,
        is_latest: search.is_latest,
        is_running: search.is_running,
    });
    reading.alerts = Some(alert_queues(state).await?);
    let ids = ids_of(&logs);
    let (found, mut cut) = certificates(state, name).await?;
    let mut chains = BTreeSet::new();
    let mut octets = 0_usize;
    for known in found.into_values() {
        let sightings = state.sightings(&known.tbs_sha256).await?;
        octets = sightings.iter().fold(octets, |sum, sighting| sum.saturating_add(sighting.leaf.len()));
        if octets > MOST_OCTETS {
            cut = Some(format!("more than {} MiB of entries are for the name", MOST_OCTETS >> 20));
            break;
        }
        for sighting in &sightings {
            if let ChainBeside::Fingerprints(hashes) = &sighting.chain {
                chains.extend(hashes.iter().copied());
            }
        }
        reading.certificates.push(logged(known, sightings, &ids));
    }
    for hash in &chains {
        reading.issuers.extend(state.issuer(hash).await?);
    }
    // Those of other names may tell whose name a forger took.
    let others = state.issuers().await?;
    let is_other = |der: &Bytes| !chains.contains(&<[u8; 32]>::from(Sha256::digest(&der.0)));
    reading.issuers.extend(others.into_iter().filter(is_other));
    // Last, so that no fault is missed that came up meanwhile.
    add_faults(state, &ids, &mut reading.logs).await?;
    let more_logs = (logs.len() >= A_PAGE).then(|| format!("more than {A_PAGE} logs are followed"));
    Ok(cut.or(more_logs))
}

/// What becomes of the alerts of a state.
pub async fn alert_queues(state: &State) -> Result<AlertQueues, StateError> {
    let services = state.services().await?;
    let (untold, oldest_untold) = state.untold_alerts().await?;
    let waiting = state.waiting().await?.into_iter().map(|waiting| AlertQueue {
        channel: waiting.channel,
        alerts: waiting.alerts,
        failed: waiting.failed,
        oldest: waiting.oldest,
        oldest_failed: waiting.oldest_failed,
        error: waiting.error,
        named: waiting.named,
    });
    let waiting = waiting.collect();
    let Services { is_any: has_service, has_channel } = services;
    Ok(AlertQueues { has_service, has_channel, untold, oldest_untold, waiting })
}

/// The ids of logs, base64.
pub(super) fn ids_of(logs: &[Log]) -> HashMap<LogNumber, String> {
    logs.iter().map(|log| (log.number, STANDARD.encode(log.log_id))).collect()
}

/// The logs as evidence, with what is wrong with each.
pub(super) async fn followed_logs(
    state: &State,
    logs: &[Log],
    ids: &HashMap<LogNumber, String>,
    search: &NameSearch,
) -> Result<Vec<FollowedLog>, StateError> {
    let mut followed: Vec<FollowedLog> = logs.iter().map(|log| followed(log, search)).collect();
    add_faults(state, ids, &mut followed).await?;
    Ok(followed)
}

async fn add_faults(
    state: &State,
    ids: &HashMap<LogNumber, String>,
    logs: &mut [FollowedLog],
) -> Result<(), StateError> {
    for fault in state.faults().await? {
        let id = ids.get(&fault.first.log);
        if let Some(log) = logs.iter_mut().find(|log| Some(&log.log_id) == id) {
            log.faults.push(format!("{} (since {})", fault.first.text, fault.since));
        }
    }
    Ok(())
}

/// The certificates that concern the name, by their hashes, and why there may be more.
async fn certificates(
    state: &State,
    name: &DnsName,
) -> Result<(BTreeMap<[u8; 32], KnownCertificate>, Option<String>), StateError> {
    let below = state.claimed_below(name).await?;
    let mut cut =
        (below.len() >= A_PAGE).then(|| format!("more than {A_PAGE} watched names lie below {name}"));
    let asked = WatchedNames::new([WatchedName { name: name.clone(), with_subdomains: true }]);
    let above = std::iter::successors(name.parent(), DnsName::parent);
    let mut found = BTreeMap::new();
    let mut octets = 0_usize;
    for watched in std::iter::once(name.clone()).chain(below).chain(above) {
        let mut after = None;
        loop {
            let page = state.certificates_claiming(&watched, after.as_ref()).await?;
            let is_last = page.len() < A_PAGE;
            after = page.last().map(|last| last.tbs_sha256);
            for known in page {
                if watched.is_at_or_below(name) || concerns(&known, &asked) {
                    octets = octets.saturating_add(octets_of(&known));
                    found.insert(known.tbs_sha256, known);
                }
            }
            if found.len() >= MOST_CERTIFICATES || octets > MOST_OCTETS {
                cut = Some(format!("it has more than {} certificates for the name", found.len()));
                return Ok((found, cut));
            }
            if is_last {
                break;
            }
        }
    }
    Ok((found, cut))
}

/// Whether a certificate that was found for a name above may be for this one.
fn concerns(known: &KnownCertificate, asked: &WatchedNames) -> bool {
    let mut forms = known.certificate.iter().chain(&known.precertificate).peekable();
    // What is not kept cannot be passed over.
    forms.peek().is_none() || forms.any(|der| !matches!(find(der, Form::Certificate, asked), Found::Nothing))
}

fn octets_of(known: &KnownCertificate) -> usize {
    known.certificate.iter().chain(&known.precertificate).fold(0, |sum, der| sum.saturating_add(der.len()))
}

fn followed(log: &Log, search: &NameSearch) -> FollowedLog {
    let head = log.head.as_ref();
    FollowedLog {
        log_id: STANDARD.encode(log.log_id),
        description: log.description.clone(),
        start: log.start,
        proven: log.proven.size(),
        read: log.read,
        searched: search.is_known.then(|| search.entries.get(&log.number).cloned().unwrap_or_default()),
        head_size: head.map(|(head, _)| head.size),
        head_at: head
            .and_then(|(head, _)| Timestamp::from_millisecond(i64::try_from(head.timestamp).ok()?).ok()),
        head_seen: head.map(|(_, seen)| *seen),
        faults: Vec::new(),
        following: search.is_known.then(|| {
            let following = search.following.get(&log.number).copied().unwrap_or_default();
            let runs = following.looks.map(|looks| LogRuns {
                first: looks.first,
                last: looks.last,
                apart_seconds: looks.apart.as_secs(),
            });
            LogFollowing { by_service: following.by_service, runs }
        }),
    }
}

pub(super) fn logged(
    known: KnownCertificate,
    sightings: Vec<Sighting>,
    ids: &HashMap<LogNumber, String>,
) -> LoggedCertificate {
    let place = |sighting: Sighting| LogSighting {
        log_id: ids.get(&sighting.log).cloned().unwrap_or_default(),
        index: sighting.index,
        is_proven: sighting.is_proven,
        leaf: sighting.leaf,
        chain: match sighting.chain {
            ChainBeside::Fingerprints(hashes) => hashes.iter().map(|hash| Bytes(hash.to_vec())).collect(),
            ChainBeside::Certificates(_) | ChainBeside::Unreadable(_) => Vec::new(),
        },
        seen: sighting.seen,
    };
    LoggedCertificate {
        first_seen: known.first_seen,
        certificate: known.certificate,
        precertificate: known.precertificate,
        sightings: sightings.into_iter().map(place).collect(),
    }
}
