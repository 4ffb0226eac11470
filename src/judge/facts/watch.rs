//! Whether the logs are watched, and how long it takes until a logged certificate is found: measured where certificates
//! were logged while the watch ran, else bounded by its parts.

use jiff::{SignedDuration, Timestamp};

use crate::compare::{Fact, LogWatch, Watch, Within, duration};
use crate::ct::inclusion::maximum_merge_delay;
use crate::ct::log_entry::read_leaf;
use crate::ct::log_id::LogId;
use crate::evidence::issuance::{
    IssuanceEvidence, IssuanceSource, LoggedCertificate, Told, WatchStateReading,
};
use crate::issuance::reported::{Coverage, SourceKind};
use crate::issuance::{IssuanceVerdict, SourceSummary, Status};
use crate::judge::inputs::Inputs;
use crate::judge::target::Part;

/// The merge delay of a log of which nothing is known: the longest that browsers' programmes allow.
const LONGEST_MERGE_DELAY: SignedDuration = SignedDuration::from_hours(24);

/// Who looks into the logs, by the sources that told what was issued.
pub(super) fn log_watch(
    issuance: &Part<IssuanceVerdict>,
    evidence: Option<&IssuanceEvidence>,
    inputs: &Inputs,
) -> Fact<LogWatch> {
    let verdict = match issuance {
        Part::NotChecked(_) => return Fact::NotGiven,
        Part::Undetermined(_) => return Fact::Undetermined,
        Part::Checked(verdict) => verdict,
    };
    let looks = |source: &&SourceSummary| {
        matches!(source.kind, SourceKind::WatchState | SourceKind::CrtSh | SourceKind::CertSpotter)
    };
    let rank = |source: &&SourceSummary| match (source.kind, &source.coverage) {
        (SourceKind::WatchState, Coverage::Whole) => 0,
        (_, Coverage::Whole) => 1,
        (SourceKind::WatchState, Coverage::Part(_)) => 2,
        (_, Coverage::Part(_)) => 3,
        (_, Coverage::NoData(_)) => 4,
        (_, Coverage::NotAsked(_)) => 5,
    };
    let Some(best) = verdict.sources.iter().filter(looks).min_by_key(rank) else { return Fact::NotGiven };
    let lacks = match &best.coverage {
        Coverage::Whole if best.problems.is_empty() && best.unreadable.is_empty() => None,
        Coverage::Whole => Some("not all that it told could be read".to_owned()),
        Coverage::Part(why) => Some(why.clone()),
        Coverage::NoData(_) => return Fact::Undetermined,
        Coverage::NotAsked(_) => return Fact::NotGiven,
    };
    if matches!(verdict.status, Status::Undetermined(_)) {
        return Fact::Undetermined;
    }
    let keys = inputs.policy.nearest(&verdict.name, |domain| domain.known_keys.as_ref());
    let watch = |within| Watch {
        by: best.title(),
        lacks: lacks.as_ref().map(|why: &String| why.trim_end_matches('.').replace(". ", "; ")),
        compares_keys: keys.is_some(),
        within,
    };
    if best.kind != SourceKind::WatchState {
        return Fact::Measured(LogWatch::LookedUp(watch(Some(Within {
            at_best: SignedDuration::ZERO,
            at_worst: None,
            measured_by: "It was asked once, by this check; what is logged later waits for the next one."
                .to_owned(),
        }))));
    }
    let mut lacks: Vec<String> = watch(None).lacks.into_iter().collect();
    let sources = evidence.map(|evidence| evidence.observation.sources.as_slice()).unwrap_or_default();
    let state = sources.iter().find_map(|source| match &source.told {
        Told::WatchState(state) if source.place == best.place => Some((source, state)),
        _ => None,
    });
    let within =
        state.map(|(source, state)| measured(state, best).unwrap_or_else(|| bounded(source, state, inputs)));
    lacks.extend(state.and_then(|(_, state)| stopped(state)));
    if inputs.policy.expected_for(Some(&verdict.name)).is_none() {
        lacks.push(
            "with which CAs it compares is not known, for its state does not tell, and no policy given here names any"
                .to_owned(),
        );
    }
    let lacks = (!lacks.is_empty()).then(|| lacks.join("; "));
    Fact::Measured(LogWatch::Watched(Watch { lacks, ..watch(within) }))
}

/// How long looks at a state lie apart at least that are several.
const TWO_LOOKS: SignedDuration = SignedDuration::from_hours(1);

/// Why it is not known that a watch goes on, and for the name. A process that runs says so in the state; what is run now and
/// then has looked more than once.
fn stopped(state: &WatchStateReading) -> Option<String> {
    let Some(looks) = &state.looks else {
        return Some("who looks for the name, and when last, is not known".to_owned());
    };
    let day = looks.for_name.strftime("%Y-%m-%d %H:%M");
    // A process that runs may search for the others alone.
    if !looks.is_latest {
        return Some(format!("the watch looked last for other names, and for this one on {day} UTC"));
    }
    if looks.is_running {
        return None;
    }
    let last = state.logs.iter().filter_map(|log| log.head_seen).max().unwrap_or(looks.for_name);
    let is_once = last.duration_since(looks.began) < TWO_LOOKS;
    is_once
        .then(|| format!("it looked once, on {day} UTC, and no watch runs: whether one goes on is not known"))
}

/// From when a log signed that it has a certificate until the watch found it, over the certificates that were logged after
/// the watch had found its first: before that, it may have been reading old entries.
fn measured(state: &WatchStateReading, source: &SourceSummary) -> Option<Within> {
    let began = state.certificates.iter().map(found).min()?;
    let mut delays: Vec<SignedDuration> = state
        .certificates
        .iter()
        .filter_map(|certificate| {
            let logged = logged(certificate).filter(|logged| *logged > began)?;
            Some(found(certificate).duration_since(logged).max(SignedDuration::ZERO))
        })
        .collect();
    delays.sort_unstable();
    let (best, worst) = (*delays.first()?, *delays.last()?);
    let median = delays.get(delays.len() / 2).copied().unwrap_or(worst);
    let of = if delays.len() == 1 {
        "one certificate".to_owned()
    } else {
        format!("{} certificates", delays.len())
    };
    Some(Within {
        at_best: best,
        at_worst: Some(worst),
        measured_by: format!(
            "Measured on {of} that {} found after {}, from the log's time stamp to the finding: {} in the middle; the \
             handling of the alert is not counted.",
            source.title(),
            began.strftime("%Y-%m-%d"),
            duration(median)
        ),
    })
}

/// When a certificate was found.
fn found(certificate: &LoggedCertificate) -> Timestamp {
    let sightings = certificate.sightings.iter().map(|sighting| sighting.seen);
    sightings.min().unwrap_or(certificate.first_seen)
}

/// When the first log signed that it has it: of the entries that stand in a tree.
fn logged(certificate: &LoggedCertificate) -> Option<Timestamp> {
    let proven = certificate.sightings.iter().filter(|sighting| sighting.is_proven);
    proven
        .filter_map(|sighting| {
            let milliseconds = i64::try_from(read_leaf(&sighting.leaf).ok()?.timestamp).ok()?;
            Timestamp::from_millisecond(milliseconds).ok()
        })
        .min()
}

/// Nothing was logged while the watch ran: the merge delay of its logs, and how long ago it looked last.
fn bounded(source: &IssuanceSource, state: &WatchStateReading, inputs: &Inputs) -> Within {
    let merge_delay = |id: &str| {
        let log = id.parse::<LogId>().ok().and_then(|id| inputs.logs.log(&id));
        log.map_or(LONGEST_MERGE_DELAY, |log| maximum_merge_delay(&log))
    };
    let merge = state.logs.iter().map(|log| merge_delay(&log.log_id)).max();
    let heads: Option<Vec<Timestamp>> = state.logs.iter().map(|log| log.head_seen.or(log.head_at)).collect();
    let last = heads.and_then(|heads| heads.into_iter().min());
    // Where no process runs, what was seen since was not seen for the name.
    let for_name = state.looks.as_ref().filter(|looks| !looks.is_latest).map(|looks| looks.for_name);
    let last = last.map(|last| for_name.map_or(last, |for_name| for_name.min(last)));
    let unseen = last.map(|last| source.asked_at.duration_since(last).max(SignedDuration::ZERO));
    let interval =
        inputs.policy.watch.interval_seconds.map(|seconds| SignedDuration::from_secs(i64::from(seconds)));
    let merge = merge.unwrap_or(LONGEST_MERGE_DELAY);
    let looked = unseen.map(|unseen| interval.map_or(unseen, |interval| interval.max(unseen)));
    let mut parts = vec![format!("a log may take {} to include what it promised", duration(merge))];
    match (looked, interval) {
        (Some(looked), Some(_)) => {
            parts.push(format!(
                "the watch looks once in {} by the policy, or as it last did",
                duration(looked)
            ));
        }
        (Some(looked), None) => parts.push(format!("the watch looked last {} before", duration(looked))),
        (None, _) => parts.push("when the watch looked last is not known".to_owned()),
    }
    Within {
        at_best: SignedDuration::ZERO,
        at_worst: looked.map(|looked| looked.saturating_add(merge)),
        measured_by: format!(
            "Not measured, for nothing was logged since the watch found its first; bounded, if it goes on as it did: {}; \
             the handling of the alert is not counted.",
            parts.join(", and ")
        ),
    }
}

#[cfg(test)]
mod tests;
