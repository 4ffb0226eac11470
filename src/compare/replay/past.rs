//! What was, and is no more: which lock-outs of the past say something of pins as they are.
//!
//! Pins whose release is not stated may have come at any time. Those that match what is in service now and missed all that
//! was before were made of the new key, as a rule: that they were out before, and locked everybody out until then, is
//! possible, and nothing is sure of it. Which certificates were in service no log tells, so that a possible lock-out of the
//! past is a question that nobody answers: it is told once it is over, whether the pins have a date or not, and is open only
//! where it may last still. What is in its life and not in service is not over: see [`Beside`].

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::history::GivenPins;
use super::lines::Laid;
use super::matching::{Segment, Status};
use super::outcome::Lockout;
use super::waiting::Beside;

/// Lock-outs that are possible, and not sure.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// How many of them are open questions.
    pub(super) open: usize,
    /// What is said of the others.
    pub(super) told: Option<String>,
}

/// When there first was a certificate that pins match on some path, within a time.
pub(super) fn first_match(
    lives: &[Vec<Segment>],
    left_out: &BTreeSet<usize>,
    (from, until): (i64, i64),
) -> Option<i64> {
    let own = lives.iter().enumerate().filter(|(place, _)| !left_out.contains(place));
    let matches = own.flat_map(|(_, segments)| segments).filter(|segment| {
        matches!(segment.status, Status::All | Status::Some) && segment.from < until && from < segment.until
    });
    matches.map(|segment| segment.from.max(from)).min()
}

/// Tells the possible lock-outs that can still matter from those that cannot; `came` is when pins without a date of release
/// came at the latest: with the first certificate that they match. What is in its life is over only where it has been replaced,
/// whatever the server shows now: see [`Beside`].
pub(super) fn past(
    given: &GivenPins,
    lockouts: &[Lockout],
    (laid, lives, left_out): (&Laid<'_>, &[Vec<Segment>], &BTreeSet<usize>),
    (came, end, beside): (Option<i64>, i64, &Beside),
) -> Past {
    let is_dated = given.released.is_some();
    let mut past = Past::default();
    let (mut count, mut last, mut is_early) = (0_usize, None, true);
    for lockout in lockouts.iter().filter(|lockout| lockout.begins_at_best.is_none()) {
        let began_early = came.is_some_and(|first| {
            lockout.begins_at_worst.as_second() < first
                && !is_by_later(lockout, (laid, lives, left_out), first)
        });
        match lockout.ends_at_worst {
            Some(ended) if beside.waiting.is_none() || ended.as_second() < end => {
                count = count.saturating_add(1);
                last = last.max(Some(ended));
                is_early = is_early && began_early;
            }
            // What can bring it yet is asked by itself.
            Some(_) => {}
            None => past.open = past.open.saturating_add(1),
        }
    }
    let told = last.map(|last| told(count, last, !is_dated && is_early));
    let all: Vec<String> = told.into_iter().chain(beside.told.clone()).collect();
    past.told = (!all.is_empty()).then(|| all.join("; "));
    past
}

/// Whether a certificate that was issued after pins first matched has part in a lock-out.
fn is_by_later(
    lockout: &Lockout,
    (laid, lives, left_out): (&Laid<'_>, &[Vec<Segment>], &BTreeSet<usize>),
    first: i64,
) -> bool {
    let from = lockout.begins_at_worst.as_second();
    let until = lockout.ends_at_worst.map_or(i64::MAX, Timestamp::as_second);
    let misses = |segment: &Segment| {
        matches!(segment.status, Status::None | Status::Some) && segment.from < until && from < segment.until
    };
    let later = laid
        .certificates
        .iter()
        .zip(lives)
        .enumerate()
        .filter(|(place, (placed, _))| !left_out.contains(place) && placed.begins() >= first);
    later.into_iter().any(|(_, (_, segments))| segments.iter().any(misses))
}

fn told(count: usize, last: Timestamp, is_early: bool) -> String {
    let day = last.strftime("%Y-%m-%d");
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    if is_early {
        format!(
            "if they were out before {day}, they may have locked users out: they do not match the certificates of before, \
             and when they were released is not stated"
        )
    } else {
        format!(
            "they may have locked users out {times}, until {day} at the latest: which certificates were in service no log \
             tells"
        )
    }
}
