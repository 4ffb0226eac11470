//! How long pins of a level last if they are made on any day of the history.
//!
//! After the life of the last certificate that is known nothing is known that pins could match or miss, and neither is in
//! a gap between two: watching ends there. Where the first certificate after a gap does not match, the pins broke within
//! the gap or with its end; that is counted at its beginning, so that nothing lasts longer than it is known to.

use std::collections::BTreeSet;

use super::history::History;
use super::hypothetical::{Tenure, first_break};
use super::keys::Keys;
use super::matching::{Matcher, PinSet, Status};
use super::outcome::{HalfLife, Level, Survival};
use super::seconds::DAY;
use super::survival::Observations;
use crate::x509::SpkiSha256;

/// The most comparisons for the half-life of one pin set.
const MOST_STEPS: usize = 1_000_000;

/// The days for which the share that lasts is told.
const TOLD: [u32; 4] = [30, 90, 180, 365];

/// Days on which the same pins are made of the same certificate.
struct Days {
    pins: BTreeSet<SpkiSha256>,
    /// The certificate, by its place among those that are followed.
    place: usize,
    /// The first of the days, and how many there are.
    first: i64,
    count: usize,
}

/// Until when pins match.
#[derive(Clone, Copy)]
struct End {
    at: i64,
    /// Whether they break then; else nothing further is known of them.
    is_break: bool,
}

/// How long such pins last; `None` where none can be made, or it took too long to tell.
pub(super) fn half_life(
    of: (Level, bool),
    keys: &Keys<'_>,
    tenures: &[Tenure<'_, '_>],
    history: &History,
) -> Option<HalfLife> {
    let end = history.at.as_second();
    let all = days(of, keys, tenures);
    let ends = ends(&all, tenures)?;
    let mut observations = Observations::default();
    let mut breaks = BTreeSet::new();
    for (days, until) in all.iter().zip(ends) {
        let is_break = until.is_break && until.at <= end;
        if is_break {
            breaks.insert(until.at);
        }
        let mut day = days.first;
        for _ in 0..days.count {
            let lasted = until.at.min(end).saturating_sub(day).max(0).checked_div(DAY).unwrap_or_default();
            observations.note(u32::try_from(lasted).unwrap_or(u32::MAX), is_break);
            day = day.saturating_add(DAY);
        }
    }
    let (events, censored) = (observations.events(), observations.censored());
    let starts = events.saturating_add(censored);
    if starts == 0 {
        return None;
    }
    let curve = observations.curve();
    Some(HalfLife {
        starts,
        events,
        censored,
        median_days: curve.time_at(0.5),
        p10_days: curve.time_at(0.9),
        survives: TOLD.iter().map(|days| Survival { days: *days, share: curve.share_at(*days) }).collect(),
        distinct_renewals: breaks.len(),
    })
}

/// The days of the history on which there is something to pin, together where the pins are the same.
fn days(of: (Level, bool), keys: &Keys<'_>, tenures: &[Tenure<'_, '_>]) -> Vec<Days> {
    let mut all = Vec::new();
    let Some(mut day) = tenures.first().map(|first| first.from) else { return all };
    for (place, tenure) in tenures.iter().enumerate() {
        let turns = keys.turns(of, tenure.placed.it, (tenure.from, tenure.until));
        let nexts = turns.iter().copied().chain([tenure.until]);
        for (from, until) in [tenure.from].into_iter().chain(turns.iter().copied()).zip(nexts) {
            if day < from {
                // The first day that begins there: on those of a gap no pin set is begun.
                let missing = from.saturating_sub(day).saturating_add(DAY).saturating_sub(1);
                day = day.saturating_add(missing.checked_div(DAY).unwrap_or_default().saturating_mul(DAY));
            }
            let first = day;
            let mut count = 0_usize;
            while day < until {
                count = count.saturating_add(1);
                day = day.saturating_add(DAY);
            }
            if count == 0 {
                continue;
            }
            let pins = keys.pins(of, tenure.placed.it, first);
            if !pins.is_empty() {
                all.push(Days { pins, place, first, count });
            }
        }
    }
    all
}

/// Until when the pins of each match; `None` where it took too long to tell.
fn ends(all: &[Days], tenures: &[Tenure<'_, '_>]) -> Option<Vec<End>> {
    let mut ends = Vec::new();
    let mut steps = 0_usize;
    // The pins of the days after these, when those begin, and until when they match.
    let mut later: Option<(Matcher<'_>, &Days, End)> = None;
    for days in all.iter().rev() {
        let (mut matcher, known) = match later.take() {
            Some((matcher, next, end)) if next.pins == days.pins => (matcher, Some((next, end))),
            _ => (Matcher::new(PinSet::Keys(days.pins.clone())), None),
        };
        let end = walk(&mut matcher, days, known, (tenures, &mut steps))?;
        ends.push(end);
        later = Some((matcher, days, end));
    }
    ends.reverse();
    Some(ends)
}

/// Goes from one certificate to the next until the pins break, or nothing further is known; from the days on that had the
/// same pins, it is as it is for these.
fn walk(
    matcher: &mut Matcher<'_>,
    days: &Days,
    known: Option<(&Days, End)>,
    (tenures, steps): (&[Tenure<'_, '_>], &mut usize),
) -> Option<End> {
    let mut end = End { at: days.first, is_break: false };
    for (place, tenure) in tenures.iter().enumerate().skip(days.place) {
        *steps = steps.saturating_add(1);
        if *steps > MOST_STEPS {
            return None;
        }
        let is_first = place == days.place;
        let is_gap = !is_first && tenure.from.saturating_sub(end.at) >= DAY;
        let from = if is_first { days.first } else { tenure.from };
        let broken = first_break(matcher, tenure, from);
        if let Some((next, known)) = known
            && !is_gap
            && next.place == place
            && broken.is_none_or(|(at, _)| at >= next.first)
        {
            return Some(known);
        }
        match broken {
            // Nobody knows what was in service in the gap.
            _ if is_gap => {
                let is_break = broken.is_some_and(|(at, status)| at <= from && status != Status::Unknown);
                return Some(End { is_break, ..end });
            }
            // What is late by some hours ends with the one before.
            Some((at, status)) if at <= from && !is_first => {
                return Some(End { at: at.min(end.at), is_break: status != Status::Unknown });
            }
            Some((at, status)) => return Some(End { at, is_break: status != Status::Unknown }),
            None => end.at = tenure.until,
        }
    }
    Some(end)
}
