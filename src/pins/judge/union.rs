//! Entries whose pins are taken together, as one.

use std::collections::{BTreeMap, HashSet};

use super::now;
use crate::pins::model::{EnforcementMode, PositionRule};
use crate::pins::paths::PathMatches;
use crate::pins::verdict::{Backup, EntryVerdict, Outcome};

/// Where the pins of all entries that apply are taken together, a match of one is a match of all, and a pin to fall back
/// on of one is that of all. Each pinner that a file builds has its own pins, and those of no pinner in particular.
/// Gives the entries of each as one, the worst first.
pub(super) fn unite(entries: &mut [EntryVerdict]) -> Vec<EntryVerdict> {
    let mut pinners: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut shared = Vec::new();
    for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| is_enforced(entry)) {
        match entry.pinner {
            Some(pinner) => pinners.entry(pinner).or_default().push(index),
            None => shared.push(index),
        }
    }
    if pinners.is_empty() {
        return of_one(entries, &shared, None);
    }
    let mut all = Vec::new();
    // What belongs to each pinner fares as it does in the worst of them.
    let mut worst: BTreeMap<usize, EntryVerdict> = BTreeMap::new();
    let alone: Vec<EntryVerdict> = shared.iter().filter_map(|index| entries.get(*index).cloned()).collect();
    for (pinner, mut members) in pinners {
        members.extend(&shared);
        members.sort_unstable();
        all.extend(of_one(entries, &members, Some(pinner)));
        for (index, before) in shared.iter().zip(&alone) {
            let Some(entry) = entries.get_mut(*index) else { continue };
            let judged = std::mem::replace(entry, before.clone());
            match worst.get(index) {
                Some(known) if rank(known) <= rank(&judged) => {}
                _ => drop(worst.insert(*index, judged)),
            }
        }
    }
    for (index, judged) in worst {
        if let Some(entry) = entries.get_mut(index) {
            *entry = judged;
        }
    }
    all.sort_by_key(rank);
    all
}

/// How bad it is: the worst first.
fn rank(entry: &EntryVerdict) -> (u8, u8) {
    let outcome = match entry.outcome {
        Outcome::LockedOut => 0,
        Outcome::Unknown => 1,
        Outcome::Connects => 2,
        Outcome::NotEnforced => 3,
    };
    let backup = match entry.backup {
        Backup::Absent => 0,
        Backup::Unknown => 1,
        Backup::Present => 2,
    };
    (outcome, backup)
}

fn is_enforced(entry: &EntryVerdict) -> bool {
    entry.applies && entry.enforced == EnforcementMode::Yes
}

/// Takes the entries at these places together: those in force of one pinner, one for each confidence.
fn of_one(entries: &mut [EntryVerdict], members: &[usize], pinner: Option<usize>) -> Vec<EntryVerdict> {
    let mut united: Option<PathMatches> = None;
    for entry in members.iter().filter_map(|index| entries.get(*index)) {
        match &mut united {
            Some(united) => united.unite(&entry.paths),
            None => united = Some(entry.paths.clone()),
        }
    }
    for index in members {
        let Some(entry) = entries.get_mut(*index) else { continue };
        entry.paths = united.clone().unwrap_or_default();
        // A pin of one entry may stand on the path where another's does not.
        if entry.is_compared() && entry.outcome == Outcome::Unknown && entry.has_match() {
            entry.outcome = now(Outcome::Connects, &entry.paths);
        }
    }
    let outcomes: Vec<Outcome> =
        members.iter().filter_map(|index| entries.get(*index)).map(|entry| entry.outcome).collect();
    let best = [Outcome::Connects, Outcome::Unknown].into_iter().find(|outcome| outcomes.contains(outcome));
    let mut all: Vec<EntryVerdict> = Vec::new();
    for index in members {
        let Some(entry) = entries.get_mut(*index) else { continue };
        entry.outcome = best.unwrap_or(entry.outcome);
        match all.iter_mut().find(|one| one.confidence.name() == entry.confidence.name()) {
            Some(one) => take_with(one, entry),
            None => all.push(EntryVerdict { pinner, ..entry.clone() }),
        }
    }
    for one in &mut all {
        one.backup = Backup::of(&one.pins, one.unread);
        let name = one.confidence.name();
        for index in members {
            if let Some(entry) = entries.get_mut(*index).filter(|entry| entry.confidence.name() == name) {
                entry.backup = one.backup;
            }
        }
    }
    all
}

/// Adds the pins of an entry that is used together with another.
fn take_with(one: &mut EntryVerdict, other: &EntryVerdict) {
    let mut known: HashSet<(String, PositionRule)> =
        one.pins.iter().map(|pin| (pin.pin.written.clone(), pin.pin.position)).collect();
    let new = other.pins.iter().filter(|pin| known.insert((pin.pin.written.clone(), pin.pin.position)));
    one.pins.extend(new.cloned());
    one.forbidden.extend(other.forbidden.iter().cloned());
    one.unread = one.unread.saturating_add(other.unread);
}
