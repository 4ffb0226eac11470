//! What pins and expectations would have done over the certificates that were issued for a host.
//!
//! Which certificate a server showed, and since when, no log tells: only when one was issued and how long it is valid.
//! So every answer here is a bound. See `docs/replay.md` for the model.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod cause;
mod forecast;
mod given;
mod half_life;
mod history;
mod hypothetical;
mod keys;
mod least;
mod lines;
mod matching;
mod most;
mod now;
mod outcome;
mod own_keys;
mod past;
mod seconds;
mod stretches;
mod survival;
#[cfg(test)]
mod tests;
mod unexpected;
mod waiting;
mod words;

use jiff::SignedDuration;

pub use self::history::{Asked, CaKeyFacts, GivenPins, HistoricCertificate, History};
use self::hypothetical::Tenure;
use self::keys::Keys;
use self::least::Least;
use self::lines::Laid;
use self::matching::{Matcher, PinSet};
pub use self::outcome::{
    Bounds, Cause, Chance, ChanceBasis, FlagRule, Flagged, Gap, HalfLife, HeldAgainst, Level, Lockout,
    LocksOutNow, LoggedBy, NextRenewal, PinSetKind, Renewal, RenewalBasis, Replay, ReplayedCertificate,
    ReplayedPinSet, Share, Survival,
};
pub use self::waiting::Waiting;
pub use self::words::number_of_days;
pub use crate::x509::paths::CaPath;

/// The most pin sets as given that are replayed.
const MOST_GIVEN: usize = 64;

/// Replays a history; `release_lead` is how long new pins take to reach clients, where the owner states it.
pub fn replay(history: &History, release_lead: Option<SignedDuration>) -> Replay {
    let mut laid = Laid::of(history);
    let mut left_out = history.left_out.clone();
    left_out.append(&mut laid.left_out);
    let tenures = hypothetical::tenures(&laid, history);
    let keys = Keys::of(history, &laid);
    let least = Least::of(&laid, history);
    let mut pin_sets = Vec::new();
    for level in Level::ALL {
        for backup in [false, true] {
            pin_sets.push(hypothetical_set(
                (level, backup),
                &keys,
                (&laid, &tenures, &least),
                (history, release_lead),
                &mut left_out,
            ));
        }
    }
    if let Some(more) = history.pins.len().checked_sub(MOST_GIVEN).filter(|more| *more > 0) {
        left_out.push(format!("{more} further pin sets are left out: the first {MOST_GIVEN} are replayed."));
    }
    pin_sets
        .extend(history.pins.iter().take(MOST_GIVEN).map(|given| given_set(given, &laid, &tenures, history)));
    let renewals = laid.renewals(history.at);
    let flagged = history.flagged.as_deref().map(|all| placed(all, &laid));
    let gaps = gaps(&laid, history);
    if !gaps.is_empty() {
        for set in &mut pin_sets {
            set.at_most = None;
        }
    }
    let mut replay = Replay {
        host: history.host.to_string(),
        from: laid.certificates.first().map(|first| first.it.not_before),
        until: history.at,
        certificates: certificates(&laid, history),
        key_reuse: Share {
            of: renewals.len(),
            count: renewals.iter().filter(|renewal| !renewal.new_key).count(),
        },
        renewals,
        pin_sets,
        next_renewal: forecast::next_renewal(&laid, &tenures, (history.at, release_lead)),
        left_out,
        lines: laid.lines,
        assumptions: words::assumptions(&laid, history, release_lead.is_some()),
        unknown: unknown(&laid, history, (&gaps, flagged.as_deref())),
        gaps,
        flagged,
        held_against: held_against(history, &laid.certificates),
        sentence: String::new(),
    };
    replay.sentence = words::sentence(&replay);
    replay
}

fn hypothetical_set(
    (level, backup): (Level, bool),
    keys: &Keys<'_>,
    (laid, tenures, least): (&Laid<'_>, &[Tenure<'_, '_>], &Least<'_>),
    (history, lead): (&History, Option<SignedDuration>),
    left_out: &mut Vec<String>,
) -> ReplayedPinSet {
    let fate = hypothetical::replay((level, backup), keys, (laid, tenures, least), (history, lead));
    let recent = hypothetical::recent_changes((level, backup), keys, tenures, history.at.as_second());
    let half_life = half_life::half_life((level, backup), keys, tenures, history);
    let title = level.title(backup);
    if half_life.is_none() && fate.undetermined < tenures.len() {
        left_out
            .push(format!("How long {title} lasts is left out: there are too many renewals to go through."));
    }
    ReplayedPinSet {
        kind: PinSetKind::Hypothetical { level, backup },
        title: title.to_owned(),
        refuses: true,
        sure: sure(&fate.lockouts),
        at_most: fate.at_most,
        locks_out_now: now::of_followed(&fate, tenures, (history.at, lead)),
        refuses_all_from: None,
        lockouts: fate.lockouts,
        lockout_days_per_year: fate.days_per_year,
        half_life,
        next_match: forecast::chance(recent, ChanceBasis::RecentChanges),
        undetermined: fate.undetermined,
        left_out: 0,
        unsettled: 0,
        past: None,
        waiting: None,
        standing: Vec::new(),
        notes: vec![level.note(backup).to_owned()],
    }
}

fn given_set(
    given: &GivenPins,
    laid: &Laid<'_>,
    tenures: &[Tenure<'_, '_>],
    history: &History,
) -> ReplayedPinSet {
    let mut fate = given::replay(given, laid, history);
    let (locks_out_now, if_own) = now::of_given(given, laid, history.at);
    if locks_out_now != if_own {
        fate.notes.extend(unexpected::note(laid, history.at, if_own));
    }
    let mut matcher = Matcher::new(PinSet::Given(given));
    let mut recent = hypothetical::recent_of_given(&mut matcher, (laid, tenures), history.at);
    let is_closed = given::is_closed(given, history.at.as_second());
    if is_closed {
        // Whatever comes is refused.
        recent = (Share { of: recent.0.of.saturating_add(recent.1), count: 0 }, 0);
    }
    let of_own_keys =
        if is_closed { None } else { own_keys::chance(given, &mut matcher, (laid, tenures), history) };
    // What is there already says more than what was.
    let issued = fate.beside.waiting.as_ref().filter(|_| !is_closed).and_then(Waiting::chance);
    let next_match = issued.or(of_own_keys).or_else(|| forecast::chance(recent, ChanceBasis::RecentRenewals));
    ReplayedPinSet {
        kind: PinSetKind::Given { client: given.client.clone() },
        title: format!("the pins of {}", given.client),
        refuses: given::refuses(given, history.at),
        sure: sure(&fate.lockouts),
        at_most: Some(fate.at_most).filter(|_| fate.undetermined == 0),
        locks_out_now,
        refuses_all_from: given::closes(given),
        lockouts: fate.lockouts,
        lockout_days_per_year: fate.days_per_year,
        half_life: None,
        next_match,
        undetermined: fate.undetermined,
        left_out: fate.left_out,
        unsettled: fate.past.open,
        past: fate.past.told,
        waiting: fate.beside.waiting,
        standing: fate.beside.standing,
        notes: fate.notes,
    }
}

fn sure(lockouts: &[Lockout]) -> usize {
    lockouts.iter().filter(|lockout| lockout.begins_at_best.is_some()).count()
}

fn certificates(laid: &Laid<'_>, history: &History) -> Vec<ReplayedCertificate> {
    let followed: std::collections::BTreeSet<usize> = laid.followed.iter().copied().collect();
    let certificate = |(place, placed): (usize, &lines::Placed<'_>)| {
        let it = placed.it;
        ReplayedCertificate {
            label: it.label.clone(),
            sha256: it.sha256,
            serial: it.serial.clone(),
            spki_sha256: it.key,
            issuer: it.issuer.clone(),
            issuer_spki_sha256: it.issuer_key,
            not_before: it.not_before,
            not_after: it.not_after,
            first_logged: it.first_logged,
            first_logged_by: it.first_logged_by,
            served_now: history.served_now.map(|_| laid.served == Some(place)),
            line: placed.line,
            is_followed: followed.contains(&place),
        }
    };
    laid.certificates.iter().enumerate().map(certificate).collect()
}

/// What was flagged, by the places of the replay.
fn placed(flagged: &[Flagged], laid: &Laid<'_>) -> Vec<Flagged> {
    let places: std::collections::BTreeMap<usize, usize> =
        laid.certificates.iter().enumerate().map(|(place, placed)| (placed.given, place)).collect();
    let mut moved: Vec<Flagged> = flagged
        .iter()
        .filter_map(|flag| Some(Flagged { certificate: *places.get(&flag.certificate)?, ..flag.clone() }))
        .collect();
    moved.sort_by_key(|flag| (flag.certificate, flag.rule));
    moved
}

/// What the certificates that are replayed were held against.
fn held_against(history: &History, certificates: &[lines::Placed<'_>]) -> Vec<HeldAgainst> {
    let held = |asked: &Asked| HeldAgainst {
        rule: asked.rule,
        of: certificates.len(),
        undetermined: certificates.iter().filter(|placed| asked.undetermined.contains(&placed.given)).count(),
    };
    history.asked.iter().map(held).collect()
}

/// The times of which no certificate is known.
fn gaps(laid: &Laid<'_>, history: &History) -> Vec<Gap> {
    let end = history.at.as_second();
    let begin = laid.certificates.first().map_or(end, lines::Placed::begins);
    let gap = |(from, until)| Gap { from: seconds::moment(from), until: seconds::moment(until) };
    laid.known(end).gaps(begin, end).into_iter().map(gap).collect()
}

fn unknown(laid: &Laid<'_>, history: &History, (gaps, flagged): (&[Gap], Option<&[Flagged]>)) -> Vec<String> {
    let mut unknown = history.coverage.clone();
    unknown.extend(words::of_gaps(gaps));
    let without_paths = laid.certificates.iter().filter(|placed| placed.it.paths.is_empty()).count();
    if without_paths > 0 {
        unknown.push(format!(
            "The paths of {without_paths} of {} certificates are not known: of these only the keys of the certificate \
             and of its issuer are compared.",
            laid.certificates.len()
        ));
    }
    if history.served_now.is_some() && laid.served.is_none() {
        unknown
            .push("The certificate that the server shows is not among those that are replayed.".to_owned());
    }
    unknown.extend(words::of_today(flagged));
    unknown
}
