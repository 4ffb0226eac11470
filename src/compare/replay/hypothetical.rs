//! Pin sets that an owner could have had: made from the certificate in service, and made again after each renewal that
//! they do not match.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::cause;
use super::history::History;
use super::keys::Keys;
use super::lines::{Laid, Placed};
use super::matching::{Matcher, PinSet, Segment, Status};
use super::outcome::{Bounds, Cause, HalfLife, Level, Lockout, Share, Survival};
use super::seconds::{DAY, days, moment};
use super::survival::Observations;

/// The most comparisons for the half-life of one pin set.
const MOST_STEPS: usize = 1_000_000;

/// The days for which the share that lasts is told.
const TOLD: [u32; 4] = [30, 90, 180, 365];

/// What a pin set that follows the certificates came to.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) lockouts: Vec<Lockout>,
    pub(super) days_per_year: Option<Bounds>,
    pub(super) undetermined: usize,
}

/// A certificate while the service is taken to be with it.
#[derive(Clone, Copy)]
pub(super) struct Tenure<'l, 'h> {
    pub(super) place: usize,
    pub(super) placed: &'l Placed<'h>,
    /// From when it can have been in service.
    pub(super) from: i64,
    /// When the next can have been, or now.
    pub(super) until: i64,
    /// When the one before it was in service at the latest.
    pub(super) latest_swap: i64,
}

/// The followed certificates with their times.
pub(super) fn tenures<'l, 'h>(laid: &'l Laid<'h>, history: &History) -> Vec<Tenure<'l, 'h>> {
    let end = history.at.as_second();
    let renewals = laid.renewals(history.at);
    let mut latest = renewals.iter().map(|renewal| renewal.latest_swap.as_second());
    let mut tenures: Vec<Tenure<'l, 'h>> = Vec::new();
    for place in &laid.followed {
        let Some(placed) = laid.get(*place) else { continue };
        let from = placed.begins().min(end);
        let latest_swap = if tenures.is_empty() { from } else { latest.next().unwrap_or(from) };
        if let Some(before) = tenures.last_mut() {
            before.until = from.max(before.from);
        }
        let until = placed.ends().min(end).max(from);
        tenures.push(Tenure { place: *place, placed, from, until, latest_swap });
    }
    tenures
}

/// Replays pins of a level.
pub(super) fn replay(
    (level, backup): (Level, bool),
    keys: &Keys<'_>,
    (laid, tenures): (&Laid<'_>, &[Tenure<'_, '_>]),
    (history, lead): (&History, Option<SignedDuration>),
) -> Followed {
    let end = history.at.as_second();
    let made = |tenure: &Tenure<'_, '_>, second| {
        Matcher::new(PinSet::Keys(keys.pins((level, backup), tenure.placed.it, second)))
    };
    let mut followed = Followed { lockouts: Vec::new(), days_per_year: None, undetermined: 0 };
    let Some(first) = tenures.first() else { return followed };
    let begin = first.from;
    let mut pins = made(first, first.from);
    let mut matched: Option<&Placed<'_>> = None;
    let (mut least, mut most) = (0_i64, 0_i64);
    for tenure in tenures {
        let broken = first_break(&mut pins, tenure);
        let at_start = broken.is_some_and(|(at, _)| at <= tenure.from);
        let is_unknown = broken.is_some_and(|(_, status)| status == Status::Unknown);
        if let Some((at, status)) = broken {
            if is_unknown {
                followed.undetermined = followed.undetermined.saturating_add(1);
            } else {
                let cause = why(&mut pins, matched, tenure, at);
                let broke = Break { at, status, cause, is_renewal: at_start };
                let (lockout, lost) = broke.lockout(tenure, laid, (end, lead));
                followed.lockouts.push(lockout);
                least = least.saturating_add(lost.0);
                most = most.saturating_add(lost.1);
            }
            pins = made(tenure, at);
        }
        matched = Some(tenure.placed);
    }
    let span = end.saturating_sub(begin);
    // What is not known has no bounds.
    if lead.is_some() && span >= DAY && followed.undetermined == 0 {
        let per_year = |seconds: i64| days(seconds.min(span)) / days(span) * 365.0;
        followed.days_per_year = Some(Bounds { at_best: per_year(least), at_worst: per_year(most) });
    }
    followed
}

/// When, within its time in service, the pins first do not match a certificate on all paths.
fn first_break(matcher: &mut Matcher<'_>, tenure: &Tenure<'_, '_>) -> Option<(i64, Status)> {
    if matcher.keys().is_some_and(BTreeSet::is_empty) {
        return Some((tenure.from, Status::Unknown));
    }
    let until = tenure.until.max(tenure.from.saturating_add(1));
    let broken = |segment: &&Segment| {
        segment.status != Status::All && segment.until > tenure.from && segment.from < until
    };
    let segments = matcher.over_life(tenure.placed.it);
    segments.iter().find(broken).map(|segment| (segment.from.max(tenure.from), segment.status))
}

fn why(pins: &mut Matcher<'_>, matched: Option<&Placed<'_>>, tenure: &Tenure<'_, '_>, at: i64) -> Cause {
    match matched {
        Some(before) if at <= tenure.from => cause::between(pins, before.it, tenure.placed.it, at),
        _ => Cause::NewPath,
    }
}

/// A moment at which pins ceased to match.
#[derive(Clone, Copy)]
struct Break {
    at: i64,
    status: Status,
    cause: Cause,
    /// Whether it came with a certificate; else with the end of a path.
    is_renewal: bool,
}

impl Break {
    /// The lock-out, and the seconds that are lost at best and at worst.
    ///
    /// At best the owner releases new pins when the certificate is issued, and puts it in service as late as he can; at
    /// worst he puts it in service, and releases pins then.
    fn lockout(
        self,
        tenure: &Tenure<'_, '_>,
        laid: &Laid<'_>,
        (end, lead): (i64, Option<SignedDuration>),
    ) -> (Lockout, (i64, i64)) {
        let latest = if self.is_renewal { tenure.latest_swap.max(self.at) } else { self.at };
        let is_served = laid.served == Some(tenure.place);
        // Before its predecessor ends, a certificate that was not seen in service need not be.
        let has_come = latest < end || is_served;
        let is_sure = self.status == Status::None && has_come;
        let mut lockout = Lockout {
            cause: self.cause,
            certificate: Some(tenure.place),
            begins_at_worst: moment(self.at),
            begins_at_best: is_sure.then(|| moment(latest.min(end))),
            ends_at_best: None,
            ends_at_worst: None,
            is_open: false,
        };
        let Some(lead) = lead.map(|lead| lead.as_secs().max(0)) else { return (lockout, (0, 0)) };
        let ready = self.at.saturating_add(lead);
        let over = latest.saturating_add(lead);
        if lead == 0 || ready <= latest {
            lockout.begins_at_best = None;
        } else if is_sure {
            lockout.ends_at_best = (ready <= end).then(|| moment(ready));
        }
        lockout.ends_at_worst = (over <= end).then(|| moment(over));
        lockout.is_open = over > end && lockout.begins_at_best.is_some() && ready > end;
        let at_best = if lockout.begins_at_best.is_some() {
            ready.min(end).saturating_sub(latest.min(end)).max(0)
        } else {
            0
        };
        let at_worst = lead.min(end.saturating_sub(self.at)).max(0);
        (lockout, (at_best, at_worst))
    }
}

/// How long pins of a level last if they are made on any day of the history; `None` where it took too long to tell.
pub(super) fn half_life(
    (level, backup): (Level, bool),
    keys: &Keys<'_>,
    tenures: &[Tenure<'_, '_>],
    history: &History,
) -> Option<HalfLife> {
    // After the last certificate's life nothing is known that pins could match or miss: watching ends with it.
    let end = history.at.as_second().min(tenures.last()?.placed.ends());
    let ends = ends((level, backup), keys, tenures)?;
    let mut observations = Observations::default();
    let mut renewals = BTreeSet::new();
    let mut day = tenures.first()?.from;
    let nexts = tenures.iter().skip(1).map(|next| next.from).chain([end]);
    for (known, until) in ends.iter().zip(nexts) {
        while day < until {
            if let Some((last, is_event)) = known {
                let stop = (*last).min(end);
                let lasted = stop.saturating_sub(day).max(0).checked_div(DAY).unwrap_or_default();
                let has_ended = *is_event && *last <= end;
                observations.note(u32::try_from(lasted).unwrap_or(u32::MAX), has_ended);
                if has_ended {
                    renewals.insert(*last);
                }
            }
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
        distinct_renewals: renewals.len(),
    })
}

/// For pins made of each certificate in its turn: until when they match, and whether they are known to end then; `None`
/// where there is nothing to pin.
fn ends(
    (level, backup): (Level, bool),
    keys: &Keys<'_>,
    tenures: &[Tenure<'_, '_>],
) -> Option<Vec<Option<(i64, bool)>>> {
    let mut ends: Vec<Option<(i64, bool)>> = Vec::new();
    let mut steps = 0_usize;
    // The pins made of the certificate after this one, and until when they match.
    let mut later: Option<(Matcher<'_>, Option<(i64, bool)>)> = None;
    for (index, tenure) in tenures.iter().enumerate().rev() {
        let pins = keys.pins((level, backup), tenure.placed.it, tenure.from);
        let (mut matcher, known) = match later.take() {
            Some((matcher, known)) if matcher.keys() == Some(&pins) => (matcher, Some(known)),
            _ => (Matcher::new(PinSet::Keys(pins)), None),
        };
        let mut end = Some((i64::MAX, false)).filter(|_| matcher.keys().is_some_and(|keys| !keys.is_empty()));
        let rest = if end.is_some() { tenures.get(index..).unwrap_or_default() } else { &[] };
        for (ahead, other) in rest.iter().enumerate() {
            steps = steps.saturating_add(1);
            if steps > MOST_STEPS {
                return None;
            }
            if let Some((at, status)) = first_break(&mut matcher, other) {
                end = Some((at, status != Status::Unknown));
                break;
            }
            // From the next on it is as it is for the same pins made there.
            if let (0, Some(known)) = (ahead, known)
                && rest.get(1).is_some_and(|next| first_break(&mut matcher, next).is_none())
            {
                end = known;
                break;
            }
        }
        ends.push(end);
        later = Some((matcher, end));
    }
    ends.reverse();
    Some(ends)
}

/// How many renewals count as recent.
const MOST_RECENT: usize = 20;

/// How many of the recent renewals each kept what such pins name, on the paths of now; those of which it is known.
pub(super) fn recent_changes(
    of: (Level, bool),
    keys: &Keys<'_>,
    tenures: &[Tenure<'_, '_>],
    now: i64,
) -> Share {
    let recent =
        tenures.get(tenures.len().saturating_sub(MOST_RECENT.saturating_add(1))..).unwrap_or_default();
    let made = |tenure: &Tenure<'_, '_>| {
        let pins = keys.pins_by_paths_of(of, tenure.placed.it, (tenure.from, now));
        (!pins.is_empty()).then(|| Matcher::new(PinSet::Keys(pins)))
    };
    let mut share = Share::default();
    let mut pins = recent.first().and_then(made);
    for tenure in recent.iter().skip(1) {
        let status = pins.as_mut().map_or(Status::Unknown, |pins| pins.at(tenure.placed.it, now));
        if status != Status::Unknown {
            share.of = share.of.saturating_add(1);
        }
        if status == Status::All {
            share.count = share.count.saturating_add(1);
        } else {
            pins = made(tenure);
        }
    }
    share
}

/// How many of the certificates of recent renewals the pins match on the paths of now; of those of which it is known.
pub(super) fn recent_of_given(matcher: &mut Matcher<'_>, tenures: &[Tenure<'_, '_>], now: i64) -> Share {
    let renewed = tenures.iter().skip(1).rev().take(MOST_RECENT);
    let judged: Vec<Status> = renewed
        .map(|tenure| matcher.at(tenure.placed.it, now))
        .filter(|status| *status != Status::Unknown)
        .collect();
    Share { of: judged.len(), count: judged.iter().filter(|status| **status == Status::All).count() }
}
