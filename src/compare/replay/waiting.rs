//! Certificates that are in their lives, and are not the one that the server shows: which of them is the next.
//!
//! No log tells whether a certificate will ever be served. So they are told apart by what is known, where the server was
//! asked:
//! - Those that the one in service came after, from one to the one before it, are replaced: they are of the past.
//! - The next is what was issued for the same names when the one in service was due, which is in the second half of its
//!   life: after it in its line; or, of whatever CA or kind of key, the first of a line, for an owner who changes either begins
//!   one so. Where all such miss the pins, that is no question.
//! - A line that goes on beside, and the one before of which the pins missed while they were in force, is as it was: where it
//!   is served, users have been locked out since then. It is told, and nothing of it is to come.
//! - Of each other it is not known whether it will be served: a retry, a test, what was issued early, a backup, a second
//!   server's. That is open as long as it is in its life.
//!
//! Where the server was not asked, each of them can be the one in service, and is judged as such.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::lines::{Laid, Placed};
use super::matching::{Matcher, Status};
use super::outcome::{Bounds, Chance, ChanceBasis, Replay, Share};
use super::unexpected::named;

/// Certificates that pins do not match on every path, that are in their lives, and that the server does not show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Which, by their places.
    pub certificates: Vec<usize>,
    /// Whether they are the next; else it is not known whether they will be served.
    pub is_next: bool,
}

/// What pins miss of what is in its life beside what the server shows.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// What may come.
    pub(super) waiting: Option<Waiting>,
    /// What goes on beside, as it did, by its places.
    pub(super) standing: Vec<usize>,
    /// What is said of it.
    pub(super) told: Option<String>,
}

impl Laid<'_> {
    /// Whether the next certificate of what the server shows has been issued: those that are.
    pub(super) fn issued_next(&self, at: Timestamp) -> Vec<usize> {
        let Some(served) = self.served.and_then(|served| self.get(served)) else { return Vec::new() };
        let half = served.ends().saturating_sub(served.begins()) / 2;
        let due = served.begins().saturating_add(half);
        let begins_a_line = |placed: &Placed<'_>| {
            let before = placed.before.and_then(|before| self.get(before));
            before.is_none_or(|before| before.ends() <= served.begins())
        };
        self.others_in_life(at)
            .filter(|(_, placed)| placed.names == served.names && placed.begins() >= due)
            .filter(|(_, placed)| placed.line == served.line || begins_a_line(placed))
            .map(|(place, _)| place)
            .collect()
    }

    /// The certificates in their lives that count, the one that the server shows apart.
    fn others_in_life(&self, at: Timestamp) -> impl Iterator<Item = (usize, &Placed<'_>)> {
        let counts = self.counting(at);
        self.certificates.iter().enumerate().filter(move |(place, placed)| {
            placed.it.not_before <= at
                && at <= placed.it.not_after
                && self.served != Some(*place)
                && counts(*place)
        })
    }
}

/// What pins miss of what is in its life at a time; they are in force from a second on.
pub(super) fn beside(laid: &Laid<'_>, matcher: &mut Matcher<'_>, (at, in_force): (Timestamp, i64)) -> Beside {
    let Some(served) = laid.served.and_then(|served| laid.get(served)) else { return Beside::default() };
    let now = at.as_second();
    let misses = |status: Status| matches!(status, Status::None | Status::Some);
    let next = laid.issued_next(at);
    let is_missed: Vec<bool> =
        next.iter().filter_map(|place| laid.get(*place)).map(|it| misses(matcher.at(it.it, now))).collect();
    if is_missed.contains(&true) && !is_missed.contains(&false) {
        return Beside { waiting: Some(Waiting { certificates: next, is_next: true }), ..Beside::default() };
    }
    let followed: BTreeSet<usize> = laid.followed.iter().copied().collect();
    let (mut open, mut standing) = (Vec::new(), Vec::new());
    for (place, placed) in laid.others_in_life(at) {
        if followed.contains(&place) || !misses(matcher.at(placed.it, now)) {
            continue;
        }
        let goes_on = placed.before.and_then(|before| laid.get(before)).is_some_and(|before| {
            let last = before.ends().saturating_sub(1);
            placed.line != served.line
                && before.ends() > in_force.max(served.begins())
                && misses(matcher.at(before.it, last.min(now)))
        });
        if goes_on {
            standing.push(place);
        } else {
            open.push(place);
        }
    }
    let lines: Vec<&Placed<'_>> = standing.iter().filter_map(|place| laid.get(*place)).collect();
    let told = named(&lines).map(|named| {
        format!(
            "beside the certificate in service goes on what they do not match, as before ({named}): whoever is served that is \
             locked out"
        )
    });
    let waiting = (!open.is_empty()).then_some(Waiting { certificates: open, is_next: false });
    Beside { waiting, standing, told }
}

impl Waiting {
    /// The chance of the next certificate, where these are it.
    pub(super) fn chance(&self) -> Option<Chance> {
        self.is_next.then_some(Chance {
            share: Share { of: self.certificates.len(), count: 0 },
            unknown: 0,
            basis: ChanceBasis::Issued,
            interval: Bounds { at_worst: 0.0, at_best: 0.0 },
        })
    }

    /// Which they are, in words: the first few.
    pub fn named(&self, replay: &Replay) -> String {
        const NAMED: usize = 3;
        let all = self.certificates.iter().filter_map(|place| replay.certificates.get(*place));
        let told: Vec<String> = all
            .take(NAMED)
            .map(|it| {
                format!("{} of {}, issued on {}", it.label, it.issuer, it.not_before.strftime("%Y-%m-%d"))
            })
            .collect();
        match self.certificates.len().saturating_sub(NAMED) {
            0 => told.join("; "),
            more => format!("{}; and {more} more", told.join("; ")),
        }
    }
}
