//! Pins as they were given, over every certificate that can have been in service.
//!
//! At each moment any certificate in its life may be the one that is shown. Users are locked out for sure where none of
//! them matches on any path, and perhaps where one does not match, or not on all paths.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::cause;
use super::history::{GivenPins, History};
use super::lines::{Laid, Placed};
use super::matching::{Matcher, PinSet, Segment, Status};
use super::outcome::{Bounds, Cause, Lockout};
use super::past::{Past, first_match, past};
use super::seconds::{DAY, days, moment};
use super::stretches::Stretches;
use super::unexpected;
use super::waiting::{Beside, beside};
use crate::pins::{AfterExpiry, EnforcementMode, Expiry, ExpiryClock};

/// What given pins did.
#[derive(Debug, Default)]
pub(super) struct GivenFate {
    pub(super) lockouts: Vec<Lockout>,
    /// How many there can have been, whichever of the certificates were put in service.
    pub(super) at_most: usize,
    pub(super) days_per_year: Option<Bounds>,
    pub(super) undetermined: usize,
    /// How many that ended, of those that are left out, the pins are not known to match on every path.
    pub(super) left_out: usize,
    pub(super) past: Past,
    pub(super) beside: Beside,
    pub(super) notes: Vec<String>,
}

/// When pins bind: from the release on, until they end.
#[derive(Clone, Copy, Debug)]
struct Binding {
    from: i64,
    /// From when on what they refuse is sure: pins without a date of release may have come with the first that they match.
    sure_from: i64,
    /// For sure until then.
    surely_until: i64,
    /// On some device until then.
    perhaps_until: i64,
    /// Whether clients refuse everything afterwards.
    is_closed_after: bool,
    /// Whether it is known that they bind at all.
    is_sure: bool,
}

/// What there is to be served, second by second, as counts of certificates.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    all: usize,
    some: usize,
    none: usize,
    unknown: usize,
}

/// The counts of certificates, and of those that are left out as of CAs that are not expected.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    own: Counts,
    left_out: Counts,
}

impl Known {
    /// Nothing is sure where one that was left out may have been in service after all.
    fn is_sure(self) -> bool {
        self.own.is_sure() && (self.left_out.is_empty() || self.left_out.is_sure())
    }
}

impl Counts {
    fn is_empty(self) -> bool {
        self.all == 0 && self.some == 0 && self.none == 0 && self.unknown == 0
    }

    fn of(&mut self, status: Status) -> &mut usize {
        match status {
            Status::All => &mut self.all,
            Status::Some => &mut self.some,
            Status::None => &mut self.none,
            Status::Unknown => &mut self.unknown,
        }
    }

    fn is_sure(self) -> bool {
        self.none > 0 && self.all == 0 && self.some == 0 && self.unknown == 0
    }

    fn is_possible(self) -> bool {
        self.none > 0 || self.some > 0
    }
}

/// Replays the pins of one client.
pub(super) fn replay(given: &GivenPins, laid: &Laid<'_>, history: &History) -> GivenFate {
    let mut matcher = Matcher::new(PinSet::Given(given));
    let lives: Vec<Vec<Segment>> =
        laid.certificates.iter().map(|placed| matcher.over_life(placed.it)).collect();
    let left_out = laid.left_out(history.at.as_second());
    let is_unknown = |(place, segments): &(usize, &Vec<Segment>)| {
        !left_out.contains(place) && segments.iter().any(|segment| segment.status == Status::Unknown)
    };
    let undetermined = lives.iter().enumerate().filter(is_unknown).count();
    let mut notes = notes(given);
    let end = history.at.as_second();
    let Some(mut binding) = binding(given, laid, end) else {
        return GivenFate { undetermined, notes, ..GivenFate::default() };
    };
    let first_match = first_match(&lives, &left_out, (binding.from, binding.perhaps_until.min(end)));
    // Forbidden keys are made of what is to be refused, and not of what is there.
    let came = first_match.filter(|_| given.released.is_none() && given.forbidden.is_empty());
    binding.sure_from = came.or(given.surely_released()).unwrap_or(binding.from).max(binding.from);
    if !binding.is_sure {
        notes.push(
            "Whether a mismatch refuses the connection is not known, so that nothing is sure.".to_owned(),
        );
    }
    let now = laid.served.and_then(|served| {
        let placed = laid.get(served)?;
        Some(matcher.at(placed.it, end))
    });
    let mut sweep = Sweep { lives: &lives, left_out: &left_out, binding, end, open: None, found: Vec::new() };
    let mut seconds = sweep.run();
    sweep.settle_now(now);
    let mut at_most = by_order_of_issue(&lives, (laid, &left_out), binding, end).max(sweep.found.len());
    let mut lockouts = sweep.found;
    for lockout in &mut lockouts {
        lockout.cause = cause(lockout, laid, &mut matcher);
    }
    if let (Some(matches), true) = (first_match, has_cause(&lockouts, Cause::NeverMatched)) {
        notes.push(format!(
            "They did not match the first certificates; from {} on there were some that they match.",
            moment(matches).strftime("%Y-%m-%d")
        ));
    }
    let beside = beside(laid, &mut matcher, (history.at, binding.sure_from));
    let past = past(given, &lockouts, (laid, &lives, &left_out), (came, end, &beside));
    notes.extend(past.told.as_ref().map(|told| format!("Of the past: {told}.")));
    let misses = missed(&lives, (laid, &left_out), binding, end);
    notes.extend(unexpected::note_of_past(&misses));
    let mut expired = None;
    if binding.is_closed_after && binding.perhaps_until < end {
        let since = binding.perhaps_until.max(binding.from);
        lockouts.push(Lockout {
            cause: Cause::PinsExpired,
            certificate: None,
            begins_at_worst: moment(binding.surely_until.max(binding.from)),
            begins_at_best: binding.is_sure.then(|| moment(since)),
            ends_at_best: None,
            ends_at_worst: None,
            is_open: true,
        });
        at_most = at_most.saturating_add(1);
        expired = Some((since, end));
        let more = end.saturating_sub(since);
        seconds.1 = seconds.1.saturating_add(more);
        if binding.is_sure {
            seconds.0 = seconds.0.saturating_add(more);
        }
    }
    let bound = Stretches::of([(binding.from, end)]);
    let span = laid.known(end).and(expired).within(&bound).seconds();
    let per_year = |seconds: i64| days(seconds.min(span)) / days(span) * 365.0;
    let days_per_year = (span >= DAY && !laid.certificates.is_empty())
        .then(|| Bounds { at_best: per_year(seconds.0), at_worst: per_year(seconds.1) });
    GivenFate { lockouts, at_most, days_per_year, undetermined, left_out: misses.len(), past, beside, notes }
}

/// Those that have ended, of those that are left out, which the pins did not match on every path while they bound, as far as
/// is known.
fn missed<'l, 'h>(
    lives: &[Vec<Segment>],
    (laid, left_out): (&'l Laid<'h>, &BTreeSet<usize>),
    binding: Binding,
    end: i64,
) -> Vec<&'l Placed<'h>> {
    let until = binding.perhaps_until.min(end);
    let is_missed = |place: &usize| {
        lives.get(*place).is_some_and(|segments| {
            segments.iter().any(|segment| {
                segment.status != Status::All && segment.from < until && binding.from < segment.until
            })
        })
    };
    let of_them = left_out.iter().filter(|place| is_missed(place)).filter_map(|place| laid.get(*place));
    of_them.filter(|placed| placed.ends() <= end).collect()
}

fn has_cause(lockouts: &[Lockout], cause: Cause) -> bool {
    lockouts.iter().any(|lockout| lockout.cause == cause)
}

/// How often the pins would have begun to refuse had each certificate been put in service when it was issued, one after
/// the other; those that are left out each perhaps, whichever makes it more.
fn by_order_of_issue(
    lives: &[Vec<Segment>],
    (laid, left_out): (&Laid<'_>, &BTreeSet<usize>),
    binding: Binding,
    end: i64,
) -> usize {
    let until = binding.perhaps_until.min(end);
    let all: Vec<(i64, bool, &Vec<Segment>)> = laid
        .certificates
        .iter()
        .zip(lives)
        .enumerate()
        .map(|(place, (placed, segments))| (placed.begins(), left_out.contains(&place), segments))
        .collect();
    // The most so far where the last one let users in, and where it did not.
    let mut most = [Some(0_usize), None];
    // Until the next that is there for sure; of one that is left out, until any other comes.
    let (mut next_own, mut next_any) = (end, end);
    let mut nexts: Vec<i64> = Vec::new();
    for (begins, is_left_out, _) in all.iter().rev() {
        nexts.push(if *is_left_out { next_any } else { next_own });
        next_any = *begins;
        if !is_left_out {
            next_own = *begins;
        }
    }
    for ((begins, is_left_out, segments), next) in all.iter().zip(nexts.into_iter().rev()) {
        let from = (*begins).max(binding.from);
        let next = next.max(begins.saturating_add(1)).min(until);
        let met = segments.iter().filter(|segment| segment.from < next && from < segment.until);
        let after = met.fold(most, |most, segment| match segment.status {
            Status::All => [most.into_iter().flatten().max(), None],
            Status::Unknown if !is_left_out => most,
            Status::Some | Status::None | Status::Unknown => {
                let [inside, outside] = most;
                [None, inside.map(|count| count.saturating_add(1)).max(outside)]
            }
        });
        let ([inside, outside], [was_inside, was_outside]) = (after, most);
        most = if *is_left_out { [inside.max(was_inside), outside.max(was_outside)] } else { after };
    }
    most.into_iter().flatten().max().unwrap_or_default()
}

/// Whether clients refuse what the pins do not match; where that is not known, they are taken to.
pub(super) fn refuses(given: &GivenPins, at: Timestamp) -> bool {
    let is_over = |expiry: &Expiry| expiry.at <= at && expiry.afterwards == AfterExpiry::FailOpen;
    matches!(given.enforcement, EnforcementMode::Yes | EnforcementMode::Unknown)
        && !given.expiry.as_ref().is_some_and(is_over)
}

fn notes(given: &GivenPins) -> Vec<String> {
    let mut notes = Vec::new();
    match given.enforcement {
        EnforcementMode::Report => notes.push("They only report, and lock nobody out.".to_owned()),
        EnforcementMode::No => notes.push("They are not enforced, and lock nobody out.".to_owned()),
        EnforcementMode::Yes | EnforcementMode::Unknown => {}
    }
    match given.released {
        Some(released) => {
            notes.push(format!("Released on {}; before, they bind nobody.", released.strftime("%Y-%m-%d")));
        }
        None => notes.push(
            "When they were released is not stated: they may have been there all the time, or since the first certificate that \
             they match."
                .to_owned(),
        ),
    }
    if let Some(expiry) = &given.expiry {
        let then = match expiry.afterwards {
            AfterExpiry::FailOpen => "clients connect without them afterwards, and are not protected",
            AfterExpiry::FailClosed => "clients refuse every connection afterwards",
        };
        notes.push(format!("They end on {}: {then}.", expiry.at.strftime("%Y-%m-%d")));
    }
    if given.unread > 0 {
        notes.push(format!("{} of their pins could not be read, and may be any key.", given.unread));
    }
    if given.pins.iter().chain(&given.forbidden).any(|pin| pin.ends.is_some()) {
        notes.push("Some of the pins end by themselves, which is not replayed: where only they match, it is not known whether they did.".to_owned());
    }
    notes
}

/// When the pins bind anybody; `None` where they never do.
fn binding(given: &GivenPins, laid: &Laid<'_>, end: i64) -> Option<Binding> {
    let is_sure = match given.enforcement {
        EnforcementMode::Yes => true,
        EnforcementMode::Unknown => false,
        EnforcementMode::Report | EnforcementMode::No => return None,
    };
    if given.pins.is_empty() && given.forbidden.is_empty() && given.unread == 0 {
        return None;
    }
    let first = laid.certificates.first()?.begins();
    let from = given.released.map_or(first, |released| released.as_second().max(first));
    let mut binding = Binding {
        from,
        sure_from: from,
        surely_until: end,
        perhaps_until: end,
        is_closed_after: false,
        is_sure,
    };
    if let Some(expiry) = &given.expiry {
        let (first, last) = ends(expiry);
        binding.surely_until = first.min(end);
        binding.perhaps_until = last.min(end);
        binding.is_closed_after = expiry.afterwards == AfterExpiry::FailClosed;
    }
    Some(binding)
}

/// When pins end on the first device, and when on the last.
pub(super) fn ends(expiry: &Expiry) -> (i64, i64) {
    let at = expiry.at.as_second();
    match expiry.clock {
        ExpiryClock::Utc => (at, at),
        // The first time zone is 14 hours ahead of UTC, the last 12 behind it.
        ExpiryClock::Device => (at.saturating_sub(14 * 3600), at.saturating_add(12 * 3600)),
    }
}

/// When the pins end on the first device, where clients refuse every connection from then on.
pub(super) fn closes(given: &GivenPins) -> Option<Timestamp> {
    let expiry = given.expiry.as_ref().filter(|expiry| expiry.afterwards == AfterExpiry::FailClosed);
    expiry.map(|expiry| moment(ends(expiry).0))
}

/// Whether the pins have ended on some device, and clients refuse every connection since.
pub(super) fn is_closed(given: &GivenPins, second: i64) -> bool {
    let expiry = given.expiry.as_ref();
    expiry.is_some_and(|expiry| expiry.afterwards == AfterExpiry::FailClosed && ends(expiry).0 <= second)
}

struct Sweep<'s> {
    left_out: &'s BTreeSet<usize>,
    lives: &'s [Vec<Segment>],
    binding: Binding,
    end: i64,
    open: Option<Lockout>,
    found: Vec<Lockout>,
}

impl Sweep<'_> {
    /// Goes through time; gives the seconds that are lost at best and at worst.
    fn run(&mut self) -> (i64, i64) {
        let mut turns: BTreeMap<i64, Vec<(bool, usize, Status)>> = BTreeMap::new();
        for (place, segments) in self.lives.iter().enumerate() {
            for segment in segments {
                turns.entry(segment.from).or_default().push((true, place, segment.status));
                turns.entry(segment.until).or_default().push((false, place, segment.status));
            }
        }
        let binding = self.binding;
        for turn in [binding.from, binding.sure_from, binding.surely_until, binding.perhaps_until, self.end] {
            turns.entry(turn).or_default();
        }
        let mut known = Known::default();
        let (mut least, mut most) = (0_i64, 0_i64);
        let nexts: Vec<i64> = turns.keys().skip(1).copied().chain([self.end]).collect();
        for ((at, changes), next) in turns.into_iter().zip(nexts) {
            let mut brought = None;
            for (begins, place, status) in changes {
                let is_left_out = self.left_out.contains(&place);
                let count = if is_left_out { &mut known.left_out } else { &mut known.own }.of(status);
                *count = if begins { count.saturating_add(1) } else { count.saturating_sub(1) };
                if begins && !is_left_out && matches!(status, Status::None | Status::Some) {
                    brought = Some(place);
                }
            }
            let counts = known.own;
            if at >= self.end || at < binding.from || at >= binding.perhaps_until {
                self.close(at.min(self.end), at >= self.end && binding.perhaps_until >= self.end);
                continue;
            }
            let stretch = next.min(self.end).saturating_sub(at);
            let is_sure =
                known.is_sure() && binding.is_sure && (binding.sure_from..binding.surely_until).contains(&at);
            if is_sure {
                least = least.saturating_add(stretch);
            }
            let left_out = known.left_out;
            if counts.is_possible() || counts.unknown > 0 || left_out.is_possible() || left_out.unknown > 0 {
                most = most.saturating_add(stretch);
            }
            if counts.is_possible() {
                self.go_on(at, next.min(self.end), is_sure, brought);
            } else {
                self.close(at, false);
            }
        }
        (least, most)
    }

    fn go_on(&mut self, at: i64, next: i64, is_sure: bool, brought: Option<usize>) {
        let open = self.open.get_or_insert_with(|| Lockout {
            cause: Cause::NeverMatched,
            certificate: brought,
            begins_at_worst: moment(at),
            begins_at_best: None,
            ends_at_best: None,
            ends_at_worst: None,
            is_open: false,
        });
        if open.certificate.is_none() {
            // It was there before the pins were.
            open.certificate = brought.or_else(|| {
                let covers = |segment: &Segment| {
                    segment.from <= at
                        && at < segment.until
                        && matches!(segment.status, Status::None | Status::Some)
                };
                let own =
                    self.lives.iter().enumerate().rev().filter(|(place, _)| !self.left_out.contains(place));
                own.filter(|(_, segments)| segments.iter().any(covers)).map(|(place, _)| place).next()
            });
        }
        if is_sure {
            open.begins_at_best.get_or_insert(moment(at));
            open.ends_at_best = Some(moment(next));
        }
    }

    fn close(&mut self, at: i64, lasts: bool) {
        if let Some(mut open) = self.open.take() {
            if lasts {
                if open.ends_at_best == Some(moment(at)) {
                    open.ends_at_best = None;
                    open.is_open = true;
                }
            } else {
                open.ends_at_worst = Some(moment(at));
            }
            self.found.push(open);
        }
    }

    /// What is shown now settles how it stands now.
    fn settle_now(&mut self, now: Option<Status>) {
        let Some(status) = now else { return };
        let binds_now = self.binding.perhaps_until >= self.end && self.binding.from <= self.end;
        let lasting = self.found.iter_mut().rev().find(|lockout| lockout.ends_at_worst.is_none());
        let Some(lockout) = lasting.filter(|_| binds_now) else { return };
        let (end, is_sure) = (moment(self.end), self.binding.is_sure);
        match status {
            Status::All => {
                lockout.ends_at_worst = Some(end);
                if lockout.is_open {
                    lockout.ends_at_best = Some(end);
                }
                lockout.is_open = false;
            }
            Status::None if is_sure => {
                lockout.begins_at_best.get_or_insert(end);
                lockout.ends_at_best = None;
                lockout.is_open = true;
            }
            Status::None | Status::Some | Status::Unknown => {}
        }
    }
}

/// What brought a lock-out: what changed of what the pins matched before.
fn cause(lockout: &Lockout, laid: &Laid<'_>, matcher: &mut Matcher<'_>) -> Cause {
    let Some(placed) = lockout.certificate.and_then(|place| laid.get(place)) else {
        return Cause::NeverMatched;
    };
    let begins = lockout.begins_at_worst.as_second();
    let just_before = begins.saturating_sub(1);
    if placed.begins() < begins
        && matches!(matcher.at(placed.it, just_before), Status::All | Status::Unknown)
        && matcher.at(placed.it, begins) != Status::All
        && matcher.over_life(placed.it).len() > 1
    {
        return Cause::NewPath;
    }
    // The last that matched before it.
    let earlier = lockout.certificate.unwrap_or_default();
    let before = laid
        .certificates
        .iter()
        .take(earlier)
        .rev()
        .take(MOST_LOOKED_BACK)
        .find(|other| matcher.at(other.it, begins.min(other.ends().saturating_sub(1))) == Status::All);
    let Some(before) = before else { return Cause::NeverMatched };
    cause::between(matcher, before.it, placed.it, begins)
}

/// How many certificates before are looked at for one that matched.
const MOST_LOOKED_BACK: usize = 4_096;
