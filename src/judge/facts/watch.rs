//! Whether the logs are watched, and how long it takes until a logged certificate is found: measured where certificates
//! were logged while the watch ran, and bounded by its parts.

mod followed;
mod now;
mod told;

use jiff::{SignedDuration, Timestamp};

use crate::compare::{Fact, LogWatch, Watch, Within, duration};
use crate::ct::inclusion::maximum_merge_delay;
use crate::ct::log_entry::read_leaf;
use crate::ct::log_id::LogId;
use crate::evidence::issuance::{IssuanceEvidence, LoggedCertificate, Told, WatchStateReading};
use crate::issuance::reported::{Coverage, SourceKind};
use crate::issuance::{IssuanceVerdict, SourceSummary};
use crate::judge::inputs::Inputs;
use crate::judge::target::Part;

use self::now::Logs;
pub(crate) use self::told::untold;

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
    let keys = inputs.policy.nearest(&verdict.name, |domain| domain.known_keys.as_ref());
    let watch = |by: String, lacks: Vec<String>| {
        let parts: Vec<String> =
            lacks.iter().map(|why| why.trim_end_matches('.').replace(". ", "; ")).collect();
        let lacks = (!parts.is_empty()).then(|| parts.join("; "));
        Watch { by, lacks, compares_keys: keys.is_some(), ..Watch::default() }
    };
    let told = |kind: fn(SourceKind) -> bool| verdict.sources.iter().filter(move |source| kind(source.kind));
    let sources = evidence.map(|evidence| evidence.observation.sources.as_slice()).unwrap_or_default();
    let mut watches = Vec::new();
    for summary in told(|kind| kind == SourceKind::WatchState) {
        let state = sources.iter().find_map(|source| match &source.told {
            Told::WatchState(state) if source.place == summary.place => Some((source, state)),
            _ => None,
        });
        let (Coverage::Whole | Coverage::Part(_), Some((source, state))) = (&summary.coverage, state) else {
            continue;
        };
        let logs = Logs::of(inputs, verdict.judged_at);
        let mut lacks = now::lacks(source, state, &logs);
        lacks.extend(stopped(state));
        lacks.extend(followed::lack(state, &logs));
        lacks.extend(told::lacks(source, state));
        let lists_names =
            inputs.policy.nearest(&verdict.name, |domain| domain.known_names.as_ref()).is_some();
        lacks.extend(told::unheard(&inputs.policy.alerts, state, keys.is_some() || lists_names));
        if inputs.policy.expected_for(Some(&verdict.name)).is_none() {
            lacks.push(
                "with which CAs it compares is not known, for its state does not tell, and no policy given here names any"
                    .to_owned(),
            );
        }
        let within = Some(within(state, summary, &logs, inputs));
        watches.push(Watch { within, older: now::older(state, &logs), ..watch(summary.title(), lacks) });
    }
    // What one state lacks, another may have: the best counts.
    if let Some(best) = watches.into_iter().min_by_key(|watch| watch.lacks.as_ref().map_or(0, String::len)) {
        return Fact::Measured(LogWatch::Watched(best));
    }
    let is_asked = |source: &&SourceSummary| !matches!(source.coverage, Coverage::NotAsked(_));
    if told(|kind| kind == SourceKind::WatchState).any(|source| is_asked(&source)) {
        return Fact::Undetermined;
    }
    let services =
        || told(|kind| matches!(kind, SourceKind::CrtSh | SourceKind::CertSpotter)).filter(is_asked);
    let answered = |source: &&SourceSummary| !matches!(source.coverage, Coverage::NoData(_));
    match services().find(answered) {
        Some(asked) => Fact::Measured(LogWatch::LookedUp(watch(asked.title(), Vec::new()))),
        None if services().next().is_some() => Fact::Undetermined,
        None => Fact::NotGiven,
    }
}

/// How long it takes: measured where that can be, and at worst as long as what is bounded.
fn within(state: &WatchStateReading, summary: &SourceSummary, logs: &Logs<'_>, inputs: &Inputs) -> Within {
    let (at_worst, parts) = bounded(state, logs, inputs);
    let Some(measured) = measured(state, summary) else {
        return Within {
            at_best: SignedDuration::ZERO,
            at_worst,
            measured_by: format!(
                "Not measured, for nothing was logged since the watch found its first; bounded, if it goes on as it did: \
                 {parts}; the handling of the alert is not counted."
            ),
        };
    };
    let worst = at_worst.map(|bound| bound.max(measured.at_worst));
    Within {
        at_best: measured.at_best,
        at_worst: worst,
        measured_by: format!(
            "Measured on {}; at worst as bounded, for the next one, if it goes on as it did: {parts}; the handling of the \
             alert is not counted.",
            measured.told
        ),
    }
}

/// Why it is not known that a watch goes on for the name.
fn stopped(state: &WatchStateReading) -> Option<String> {
    let Some(looks) = &state.looks else {
        return Some("who looks for the name, and when last, is not known".to_owned());
    };
    let day = looks.for_name.strftime("%Y-%m-%d %H:%M");
    // A process that runs may search for the others alone.
    (!looks.is_latest)
        .then(|| format!("the watch looked last for other names, and for this one on {day} UTC"))
}

/// What was measured.
struct Measured {
    at_best: SignedDuration,
    at_worst: SignedDuration,
    told: String,
}

/// From when a log signed that it has a certificate until the watch found it, over the certificates that were logged after
/// the watch had found its first: before that, it may have been reading old entries.
fn measured(state: &WatchStateReading, source: &SourceSummary) -> Option<Measured> {
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
    Some(Measured {
        at_best: best,
        at_worst: worst,
        told: format!(
            "{of} that {} found after {}, from the log's time stamp to the finding: {} in the middle, {} the longest",
            source.title(),
            began.strftime("%Y-%m-%d"),
            duration(median),
            duration(worst)
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

/// The next certificate may take as long as the merge delay of the logs, and as the watch was away; with the parts of that.
fn bounded(state: &WatchStateReading, logs: &Logs<'_>, inputs: &Inputs) -> (Option<SignedDuration>, String) {
    let merge_delay = |id: &str| {
        let log = id.parse::<LogId>().ok().and_then(|id| inputs.logs.log(&id));
        log.map_or(LONGEST_MERGE_DELAY, |log| maximum_merge_delay(&log))
    };
    let followed = || logs.counting(state);
    let merge = followed().map(|log| merge_delay(&log.log_id)).max();
    let heads: Option<Vec<Timestamp>> = followed().map(|log| log.head_seen.or(log.head_at)).collect();
    let last = heads.and_then(|heads| heads.into_iter().min());
    // Where no process runs, what was seen since was not seen for the name.
    let for_name = state.looks.as_ref().filter(|looks| !looks.is_latest).map(|looks| looks.for_name);
    let last = last.map(|last| for_name.map_or(last, |for_name| for_name.min(last)));
    let unseen = last.map(|last| logs.at.duration_since(last).max(SignedDuration::ZERO));
    let interval =
        inputs.policy.watch.interval_seconds.map(|seconds| SignedDuration::from_secs(i64::from(seconds)));
    let merge = merge.unwrap_or(LONGEST_MERGE_DELAY);
    // Where runs look, and no service, they may be that far apart.
    let runs = followed().filter_map(|log| log.following.as_ref().filter(|following| !following.by_service));
    let apart = runs.filter_map(|following| Some(following.runs.as_ref()?.apart_seconds)).max();
    let unseen =
        unseen.map(|unseen| apart.map_or(unseen, |apart| unseen.max(SignedDuration::from_secs(apart))));
    let looked = unseen.map(|unseen| interval.map_or(unseen, |interval| interval.max(unseen)));
    let looks = match (looked, interval) {
        (Some(looked), _) if apart.is_some_and(|apart| looked.as_secs() == apart) => {
            format!("the watch is run once in {}, as it last was", duration(looked))
        }
        (Some(looked), Some(_)) => {
            format!("the watch looks once in {} by the policy, or as it last did", duration(looked))
        }
        (Some(looked), None) => format!("the watch looked last {} before", duration(looked)),
        (None, _) => "when the watch looked last is not known".to_owned(),
    };
    let at_worst = looked.map(|looked| looked.saturating_add(merge));
    (at_worst, format!("a log may take {} to include what it promised, and {looks}", duration(merge)))
}

#[cfg(test)]
mod tests;
