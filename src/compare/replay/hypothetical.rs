//! Pin sets that an owner could have had: made from the certificate in service, and made again after each renewal that
//! they do not match.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::cause;
use super::history::History;
use super::keys::Keys;
use super::least::{Least, SureBreak};
use super::lines::{Laid, Placed};
use super::matching::{Matcher, PinSet, Segment, Status};
use super::most;
use super::outcome::{Bounds, Cause, Level, Lockout, Share};
use super::seconds::{DAY, days, moment};
use super::stretches::Stretches;

/// What a pin set that follows the certificates came to.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) lockouts: Vec<Lockout>,
    /// How many there can have been, whichever of the certificates were put in service; `None` where some are not known to
    /// match.
    pub(super) at_most: Option<usize>,
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
    /// When the next can have been, it ended, or now.
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
            before.until = from.min(before.placed.ends()).max(before.from);
        }
        let until = placed.ends().min(end).max(from);
        tenures.push(Tenure { place: *place, placed, from, until, latest_swap });
    }
    tenures
}

/// Replays pins of a level.
pub(super) fn replay(
    of: (Level, bool),
    keys: &Keys<'_>,
    (laid, tenures, least): (&Laid<'_>, &[Tenure<'_, '_>], &Least<'_>),
    (history, lead): (&History, Option<SignedDuration>),
) -> Followed {
    let end = history.at.as_second();
    let made =
        |tenure: &Tenure<'_, '_>, second| Matcher::new(PinSet::Keys(keys.pins(of, tenure.placed.it, second)));
    let mut followed = Followed { lockouts: Vec::new(), at_most: None, days_per_year: None, undetermined: 0 };
    let Some(first) = tenures.first() else { return followed };
    let mut pins = made(first, first.from);
    let mut matched: Option<&Placed<'_>> = None;
    let mut breaks = Vec::new();
    for tenure in tenures {
        let broken = first_break(&mut pins, tenure, tenure.from);
        if let Some((at, status)) = broken {
            if status == Status::Unknown {
                followed.undetermined = followed.undetermined.saturating_add(1);
            } else {
                let cause = why(&mut pins, matched, tenure, at);
                breaks.push(Break { at, tenure: *tenure, cause, is_renewal: at <= tenure.from, sure: None });
            }
            pins = made(tenure, at);
        }
        matched = Some(tenure.placed);
    }
    assign(&mut breaks, &least.breaks(of, keys));
    let lead = lead.map(|lead| lead.as_secs().max(0));
    let (mut at_best, mut at_worst) = (Vec::new(), 0_i64);
    for broke in breaks {
        let (lockout, (best, worst)) = broke.lockout(end, lead);
        followed.lockouts.push(lockout);
        at_best.extend(best);
        at_worst = at_worst.saturating_add(worst);
    }
    followed.at_most = Some(followed.undetermined)
        .filter(|open| *open == 0)
        .and_then(|_| at_most(of, keys, laid, end))
        .map(|count| count.max(followed.lockouts.len()));
    // What is not known has no bounds.
    let Some((lead, at_most)) = lead.zip(followed.at_most) else { return followed };
    let known = Stretches::bridged(tenures.iter().map(|tenure| (tenure.from, tenure.until)));
    let span = known.seconds();
    if span >= DAY {
        let per_year = |seconds: i64| days(seconds) / days(span) * 365.0;
        // Each that other certificates can have brought besides costs a release at most.
        let others = at_most.saturating_sub(followed.lockouts.len());
        let others = i64::try_from(others).unwrap_or(i64::MAX).saturating_mul(lead);
        followed.days_per_year = Some(Bounds {
            at_best: per_year(Stretches::of(at_best).within(&known).seconds()),
            at_worst: per_year(at_worst.saturating_add(others).min(span)),
        });
    }
    followed
}

/// Tells each sure break to the last of the followed certificates that had broken the pins by then and is in its life; each
/// to a later one than the one before.
fn assign(breaks: &mut [Break<'_, '_>], sure: &[SureBreak]) {
    let mut rest = breaks;
    for sure in sure {
        let by_then = rest.partition_point(|broke| broke.at <= sure.at);
        let (came, later) = rest.split_at_mut(by_then);
        let Some(place) = came.iter().rposition(|broke| sure.at < broke.tenure.placed.ends()) else {
            // None of those that came is in its life any more, nor will be.
            rest = later;
            continue;
        };
        let (_, from) = came.split_at_mut(place);
        if let Some((broke, _)) = from.split_first_mut() {
            broke.sure = Some(*sure);
        }
        rest = later;
    }
}

/// How often pins can have broken, whichever certificates were put in service, one after the other in the order of their
/// issue.
fn at_most(of: (Level, bool), keys: &Keys<'_>, laid: &Laid<'_>, end: i64) -> Option<usize> {
    let by_order = by_order_of_issue(of, keys, laid, end)?;
    let more = match of {
        // Of a longer history not all keys are kept; that of the certificate itself always is.
        (Level::Leaf, true) if keys.is_more_than_kept() => {
            by_order_of_issue((Level::Leaf, false), keys, laid, end)?
        }
        (Level::Leaf, _) => by_order,
        _ => most::breaks(of, keys, laid, end)?,
    };
    Some(by_order.max(more))
}

/// How often pins would have broken had each certificate been put in service when it was issued, one after the other:
/// what a server, or several beside one another, can have done to clients. `None` where some are not known to match.
fn by_order_of_issue(of: (Level, bool), keys: &Keys<'_>, laid: &Laid<'_>, end: i64) -> Option<usize> {
    let mut pins: Option<Matcher<'_>> = None;
    let mut count = 0_usize;
    let nexts = laid.certificates.iter().skip(1).map(Placed::begins).chain([end]);
    for ((place, placed), next) in laid.certificates.iter().enumerate().zip(nexts) {
        let from = placed.begins().min(end);
        let until = next.min(placed.ends()).min(end).max(from);
        let tenure = Tenure { place, placed, from, until, latest_swap: from };
        let made = |second| Matcher::new(PinSet::Keys(keys.pins(of, placed.it, second)));
        let mut at = from;
        let mut current = pins.take().unwrap_or_else(|| made(from));
        while let Some((broken, status)) = first_break(&mut current, &tenure, at) {
            if broken <= at && at > from {
                // Made anew, they do not match either.
                break;
            }
            if status == Status::Unknown {
                return None;
            }
            count = count.saturating_add(1);
            current = made(broken);
            at = broken.saturating_add(1);
        }
        pins = Some(current);
    }
    Some(count)
}

/// When, within its time in service and from a moment on, the pins first do not match a certificate on all paths.
pub(super) fn first_break(
    matcher: &mut Matcher<'_>,
    tenure: &Tenure<'_, '_>,
    from: i64,
) -> Option<(i64, Status)> {
    if matcher.keys().is_some_and(BTreeSet::is_empty) {
        return Some((from, Status::Unknown));
    }
    let until = tenure.until.max(tenure.from.saturating_add(1));
    let broken =
        |segment: &&Segment| segment.status != Status::All && segment.until > from && segment.from < until;
    let segments = matcher.over_life(tenure.placed.it);
    segments.iter().find(broken).map(|segment| (segment.from.max(from), segment.status))
}

fn why(pins: &mut Matcher<'_>, matched: Option<&Placed<'_>>, tenure: &Tenure<'_, '_>, at: i64) -> Cause {
    match matched {
        Some(before) if at <= tenure.from => cause::between(pins, before.it, tenure.placed.it, at),
        _ => Cause::NewPath,
    }
}

/// A moment at which pins ceased to match a certificate on all paths.
#[derive(Clone, Copy)]
struct Break<'l, 'h> {
    at: i64,
    tenure: Tenure<'l, 'h>,
    cause: Cause,
    /// Whether it came with a certificate; else with the end of a path.
    is_renewal: bool,
    /// By when there was one for sure, whatever was in service.
    sure: Option<SureBreak>,
}

impl Break<'_, '_> {
    /// The lock-out, the stretch that is lost for sure, and the seconds that are lost at worst.
    ///
    /// At best the owner releases new pins as soon as there is a certificate to make them of, and puts it in service as late
    /// as he can; at worst he puts it in service, and releases pins then.
    fn lockout(self, end: i64, lead: Option<i64>) -> (Lockout, (Option<(i64, i64)>, i64)) {
        let mut lockout = Lockout {
            cause: self.cause,
            certificate: Some(self.tenure.place),
            begins_at_worst: moment(self.at),
            begins_at_best: self.sure.map(|sure| moment(sure.at)),
            ends_at_best: None,
            ends_at_worst: None,
            is_open: false,
        };
        let Some(lead) = lead else { return (lockout, (None, 0)) };
        let sure =
            self.sure.map(|sure| (sure.at, sure.made.saturating_add(lead))).filter(|(at, ready)| at < ready);
        lockout.begins_at_best = sure.map(|(at, _)| moment(at));
        lockout.ends_at_best = sure.filter(|(_, ready)| *ready <= end).map(|(_, ready)| moment(ready));
        let swapped = if self.is_renewal { self.tenure.latest_swap } else { self.at };
        let latest = swapped.min(self.tenure.placed.ends()).max(sure.map_or(self.at, |(at, _)| at));
        let over = latest.saturating_add(lead);
        lockout.ends_at_worst = (over <= end).then(|| moment(over));
        lockout.is_open = sure.is_some_and(|(_, ready)| over > end && ready > end);
        let at_best = sure.map(|(at, ready)| (at, ready.min(end)));
        let at_worst = lead.min(end.saturating_sub(self.at)).max(0);
        (lockout, (at_best, at_worst))
    }
}

/// How many renewals count as recent.
pub(super) const MOST_RECENT: usize = 20;

/// How many of the recent renewals each kept what such pins name, on the paths of now; where the issuer has none any more,
/// on those of its time; and of how many more it is not known.
pub(super) fn recent_changes(
    of: (Level, bool),
    keys: &Keys<'_>,
    tenures: &[Tenure<'_, '_>],
    now: i64,
) -> (Share, usize) {
    let recent =
        tenures.get(tenures.len().saturating_sub(MOST_RECENT.saturating_add(1))..).unwrap_or_default();
    let on_paths_of = |paths: Option<i64>| {
        let made = |tenure: &Tenure<'_, '_>| {
            let known = (tenure.from, paths.unwrap_or(tenure.from));
            let pins = keys.pins_by_paths_of(of, tenure.placed.it, known);
            (!pins.is_empty()).then(|| Matcher::new(PinSet::Keys(pins)))
        };
        let mut pins = recent.first().and_then(made);
        let mut statuses = Vec::new();
        for tenure in recent.iter().skip(1) {
            let second = paths.unwrap_or(tenure.from);
            let status = pins.as_mut().map_or(Status::Unknown, |pins| pins.at(tenure.placed.it, second));
            if status != Status::All {
                pins = made(tenure);
            }
            statuses.push(status);
        }
        statuses
    };
    let (mut share, mut unknown) = (Share::default(), 0_usize);
    for (today, then) in on_paths_of(Some(now)).into_iter().zip(on_paths_of(None)) {
        let status = if today == Status::Unknown { then } else { today };
        share.of = share.of.saturating_add(usize::from(status != Status::Unknown));
        share.count = share.count.saturating_add(usize::from(status == Status::All));
        unknown = unknown.saturating_add(usize::from(status == Status::Unknown));
    }
    (share, unknown)
}

/// How many of the certificates of recent renewals the pins match on the paths of now, of those that are of CAs which are
/// expected, where any in its life is; and of how many more it is not known.
pub(super) fn recent_of_given(
    matcher: &mut Matcher<'_>,
    (laid, tenures): (&Laid<'_>, &[Tenure<'_, '_>]),
    at: Timestamp,
) -> (Share, usize) {
    let now = at.as_second();
    let counts = laid.counting(at);
    let renewed = tenures.iter().skip(1).filter(|tenure| counts(tenure.place)).rev().take(MOST_RECENT);
    let (unknown, judged): (Vec<Status>, Vec<Status>) = renewed
        .map(|tenure| matcher.at(tenure.placed.it, now))
        .partition(|status| *status == Status::Unknown);
    let count = judged.iter().filter(|status| **status == Status::All).count();
    (Share { of: judged.len(), count }, unknown.len())
}
