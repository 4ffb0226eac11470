//! What the calls of one file give, put together by the hosts that they are about.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::{HashMap, HashSet};

use super::{MOST_PINS, finish};
use crate::pins::model::{Confidence, Enforcement, Expiry, HostPattern, PinEntry, PinSource, Problem};

/// How often the pins of a full file may be given again: a list of hosts and a list of pins, named in call after call,
/// are many times longer than the file.
const MOST_GIVEN: usize = 10 * MOST_PINS;

/// What the pins of one entry have in common.
#[derive(PartialEq, Eq, Hash)]
struct About {
    pinner: Option<usize>,
    taken_by: Vec<usize>,
    is_possible: bool,
    scope: HostPattern,
    confidence: Confidence,
    enforcement: Enforcement,
    expiry: Option<Expiry>,
    /// All of its pins as they are written, and how many more there are, where each call is judged by itself.
    apart: Option<(Vec<String>, u32)>,
}

/// Entries as they are found, each kind of them once.
pub(super) struct Gathered {
    format: &'static str,
    /// The entries so far.
    pub(super) entries: Vec<PinEntry>,
    /// What is wrong or not read.
    pub(super) problems: Vec<Problem>,
    /// Which entry is about what.
    places: HashMap<About, usize>,
    /// The pins of each entry, as they are written.
    written: HashSet<(usize, String)>,
    given: usize,
    /// How many pins each pinner has for hosts that are not known; those of none in particular may be of each.
    unplaced: HashMap<Option<usize>, u32>,
    /// Why what is added is only a guess, for now.
    guess: Option<String>,
}

impl Gathered {
    /// Nothing yet.
    pub(super) fn of(format: &'static str) -> Self {
        Self {
            format,
            entries: Vec::new(),
            problems: Vec::new(),
            places: HashMap::new(),
            written: HashSet::new(),
            given: 0,
            unplaced: HashMap::new(),
            guess: None,
        }
    }

    /// Whether there is more than is taken from one file: what follows is not looked at.
    pub(super) fn is_full(&self) -> bool {
        self.written.len() > MOST_PINS || self.entries.len() > MOST_PINS || self.given > MOST_GIVEN
    }

    /// Makes a guess of what is added from here on, or no longer.
    pub(super) fn guess(&mut self, why: Option<String>) {
        self.guess = why;
    }

    /// Adds pins to the entry of these hosts, or begins one.
    pub(super) fn add(&mut self, entry: PinEntry) {
        self.add_with(entry, false);
    }

    /// Adds the pins of a call that are not taken together with those of others: one entry for each different set.
    pub(super) fn add_apart(&mut self, entry: PinEntry) {
        self.add_with(entry, true);
    }

    fn add_with(&mut self, mut entry: PinEntry, is_apart: bool) {
        if let Some(why) = self.guess.as_ref().filter(|_| entry.confidence == Confidence::Read) {
            entry.confidence = Confidence::Guessed(why.clone());
        }
        if self.is_full() {
            return;
        }
        self.given = self.given.saturating_add(entry.pins.len()).saturating_add(1);
        let apart = is_apart.then(|| {
            let mut pins: Vec<String> = entry.pins.iter().map(|pin| pin.written.clone()).collect();
            pins.sort_unstable();
            pins.dedup();
            (pins, entry.unread)
        });
        let is_whole = apart.is_some();
        let about = About {
            pinner: entry.pinner,
            taken_by: entry.taken_by.clone(),
            is_possible: entry.is_possible,
            scope: entry.scope.clone(),
            confidence: entry.confidence.clone(),
            enforcement: entry.enforcement.clone(),
            expiry: entry.expiry.clone(),
            apart,
        };
        let next = self.entries.len();
        let place = *self.places.entry(about).or_insert(next);
        let unread = entry.unread;
        let (own, entry) = (entry.pins, PinEntry { pins: Vec::new(), unread: 0, ..entry });
        if place == next {
            self.entries.push(entry);
        } else if is_whole {
            return;
        }
        let Some(known) = self.entries.get_mut(place) else { return };
        known.unread = known.unread.saturating_add(unread);
        for pin in own {
            if self.written.insert((place, pin.written.clone())) {
                known.pins.push(pin);
            }
        }
    }

    /// Takes note of pins of a pinner whose host is not known.
    pub(super) fn unplaced(&mut self, pinner: Option<usize>, pins: u32) {
        let all = self.unplaced.entry(pinner).or_default();
        *all = all.saturating_add(pins);
    }

    /// Counts pins for hosts that are not known as not read with each host of their pinner: it may be theirs.
    pub(super) fn share_unplaced(&mut self) {
        let of = |pinner| self.unplaced.get(&pinner).copied().unwrap_or_default();
        for entry in self.entries.iter_mut().filter(|entry| entry.scope != HostPattern::Unstated) {
            let own = entry.pinner.map_or(0, |pinner| of(Some(pinner)));
            entry.unread = entry.unread.saturating_add(of(None)).saturating_add(own);
        }
    }

    /// The source that all of it makes.
    pub(super) fn finish(self) -> Result<PinSource, String> {
        if self.is_full() {
            return Err(format!("it has more than {MOST_PINS} pins or hosts, or gives them again and again"));
        }
        finish(PinSource { entries: self.entries, problems: self.problems, ..PinSource::of(self.format) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::model::{EnforcementMode, Pin, PinFault, PositionRule};

    fn entry(host: &str, pins: &[&str]) -> PinEntry {
        let enforcement = Enforcement { mode: EnforcementMode::Yes, why: String::new() };
        let pin = |text: &&str| Pin::new(text, Err(PinFault::Empty), PositionRule::Any, None);
        let pins = pins.iter().map(pin).collect();
        PinEntry { pins, ..PinEntry::of(HostPattern::Exactly(host.to_owned()), enforcement) }
    }

    #[test]
    fn pins_of_the_same_hosts_stand_together_once() {
        let mut gathered = Gathered::of("okhttp");
        for (host, pins) in [("a.example", ["x", "y"]), ("b.example", ["x", "x"]), ("a.example", ["y", "z"])]
        {
            gathered.add(entry(host, &pins));
        }
        let source = gathered.finish().unwrap();
        let written: Vec<Vec<&str>> = source
            .entries
            .iter()
            .map(|entry| entry.pins.iter().map(|pin| pin.written.as_str()).collect())
            .collect();
        assert_eq!(written, [vec!["x", "y", "z"], vec!["x"]]);
    }

    #[test]
    fn a_full_file_takes_no_more_and_is_refused() {
        let mut gathered = Gathered::of("okhttp");
        for number in 0..=MOST_PINS + 5 {
            gathered.add(entry("a.example", &[&number.to_string()]));
        }
        assert_eq!(gathered.written.len(), MOST_PINS + 1);
        assert!(gathered.finish().is_err());
        // The same pins, given without end.
        let mut gathered = Gathered::of("okhttp");
        while !gathered.is_full() {
            gathered.add(entry("a.example", &["x", "y", "z"]));
        }
        assert_eq!(gathered.entries.len(), 1);
        assert!(gathered.finish().is_err());
    }
}
