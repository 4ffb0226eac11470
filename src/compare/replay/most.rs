//! How often pins of CA keys that follow the certificates broke at the most, whichever of these were put in service.
//!
//! Certificates go into service in the order of their issue, each at any time of its life, and any may never be: so pins
//! made of one can meet any later one, and what was issued between did not make them wider. For each pin set that can have
//! been made, the most lock-outs up to then are carried along; a certificate that a set does not match on all paths adds
//! one, and gives the next set. Leaf pins need none of this: a set has the key of the certificate that it was made from, so
//! that there is no break without a change of the key on the way from that to the one that breaks it, and to skip
//! certificates only takes changes away.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::Keys;
use super::lines::Laid;
use super::matching::{Matcher, PinSet, Segment, Status};
use super::outcome::Level;
use crate::x509::SpkiSha256;

/// How many comparisons are made for one kind of pin set; beyond, there is no bound.
const MOST_STEPS: usize = 1_000_000;

/// A pin set that can have been made.
struct Made {
    matcher: Matcher<'static>,
    /// From when on, at the earliest.
    since: i64,
    /// How many had broken by then, at the most.
    breaks: usize,
}

/// How many times pins of a level can have broken; `None` where it is not known of some whether they match, or there was
/// too much to compare.
pub(super) fn breaks(of: (Level, bool), keys: &Keys<'_>, laid: &Laid<'_>, end: i64) -> Option<usize> {
    let mut all: BTreeMap<BTreeSet<SpkiSha256>, Made> = BTreeMap::new();
    let (mut steps, mut most) = (0_usize, 0_usize);
    for placed in &laid.certificates {
        let from = placed.begins().min(end);
        let until = placed.ends().min(end).max(from.saturating_add(1));
        let turns: Vec<i64> = keys.turns(of, placed.it, (from, until)).into_iter().collect();
        let nexts = turns.iter().copied().chain([until]);
        for (from, until) in [from].into_iter().chain(turns.iter().copied()).zip(nexts) {
            let pins = keys.pins(of, placed.it, from);
            if pins.is_empty() {
                return None;
            }
            let mut own = 0;
            for made in all.values_mut() {
                steps = steps.saturating_add(1);
                let segments = made.matcher.over_life(placed.it);
                let meets = |second: i64, after: i64| second < until && after > from.max(made.since);
                // In the one second that a path shares with the next nobody makes pins.
                let lasts = |segment: &&Segment| segment.until.saturating_sub(segment.from) > 1;
                let met = segments.iter().filter(lasts).filter(|it| meets(it.from, it.until));
                for segment in met.filter(|segment| segment.status != Status::All) {
                    if segment.status == Status::Unknown {
                        return None;
                    }
                    own = own.max(made.breaks.saturating_add(1));
                }
            }
            if steps > MOST_STEPS {
                return None;
            }
            most = most.max(own);
            let matcher = || Matcher::new(PinSet::Keys(pins.clone()));
            let made = all.entry(pins.clone()).or_insert_with(|| Made {
                matcher: matcher(),
                since: from,
                breaks: own,
            });
            (made.since, made.breaks) = (made.since.min(from), made.breaks.max(own));
        }
    }
    Some(most)
}
