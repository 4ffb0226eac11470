//! Entries whose pins are taken together, as one.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::now;
use crate::pins::formats::tlsa::SMTP;
use crate::pins::model::{Confidence, EnforcementMode, HostPattern, PositionRule};
use crate::pins::paths::PathMatches;
use crate::pins::verdict::{Backup, EntryVerdict, Outcome, PinVerdict};

/// Where the pins of all entries that apply are taken together, a match of one is a match of all, and a pin to fall back
/// on of one is that of all. Each pinner that a file builds has its own pins, those that it is seen to take, and perhaps
/// those of no pinner in particular. Gives the entries of each as one, the worst first.
pub(super) fn unite(entries: &mut [EntryVerdict]) -> Vec<EntryVerdict> {
    let mut pinners: BTreeMap<usize, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    let mut shared = Vec::new();
    for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| is_enforced(entry)) {
        match entry.pinner {
            Some(pinner) if entry.is_possible => pinners.entry(pinner).or_default().1.push(index),
            Some(pinner) => pinners.entry(pinner).or_default().0.push(index),
            None => shared.push(index),
        }
    }
    if pinners.is_empty() {
        let (maybe, shared): (Vec<usize>, Vec<usize>) =
            shared.iter().partition(|index| entries.get(**index).is_some_and(|entry| entry.is_possible));
        // What is only guessed may belong to what is not.
        let is_guess = |index: &usize| {
            entries.get(*index).is_some_and(|entry| matches!(entry.confidence, Confidence::Guessed(_)))
        };
        let (guessed, own): (Vec<usize>, Vec<usize>) = shared.iter().partition(|index| is_guess(index));
        return if own.is_empty() {
            of_one(entries, &guessed, &maybe, None)
        } else {
            of_one(entries, &own, &[guessed, maybe].concat(), None)
        };
    }
    let mut all = Vec::new();
    // What belongs to each pinner fares as it does in the worst of them.
    let mut worst: BTreeMap<usize, EntryVerdict> = BTreeMap::new();
    let alone: Vec<EntryVerdict> = shared.iter().filter_map(|index| entries.get(*index).cloned()).collect();
    for (pinner, (mut own, mut possible)) in pinners {
        let is_taken = |index: &usize| {
            entries.get(*index).is_some_and(|entry| entry.taken_by.contains(&pinner) && !entry.is_possible)
        };
        let (taken, others): (Vec<usize>, Vec<usize>) = shared.iter().partition(|index| is_taken(index));
        own.extend(taken);
        possible.extend(others);
        all.extend(of_one(entries, &own, &possible, Some(pinner)));
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
    leave_alternatives_open(&mut all, entries);
    all.sort_by_key(rank);
    all
}

/// Of the TLSA records of one service a match of any is enough, whatever their usages (RFC 6698 section 2.1): what one has
/// to fall back on, all have. What clients leave aside is no part of it.
pub(super) fn back_up_services(entries: &mut [EntryVerdict], united: &mut [EntryVerdict]) {
    let is_used = |port: u16, pin: &&PinVerdict| {
        let is_mail = port == SMTP && pin.pin.tlsa.is_some_and(|record| record.usage < 2);
        pin.pin.value.is_ok() && !is_mail
    };
    let used = |entry: &EntryVerdict| match entry.scope {
        HostPattern::Service { port, .. } => entry.pins.iter().any(|pin| is_used(port, &pin)),
        _ => false,
    };
    let mut services: HashMap<HostPattern, Vec<&PinVerdict>> = HashMap::new();
    for entry in entries.iter() {
        if let HostPattern::Service { port, .. } = entry.scope {
            let records = entry.pins.iter().filter(|pin| is_used(port, pin));
            services.entry(entry.scope.clone()).or_default().extend(records);
        }
    }
    let backups: HashMap<HostPattern, Backup> =
        services.into_iter().map(|(service, records)| (service, Backup::among(&records))).collect();
    for entry in entries.iter_mut().chain(united).filter(|entry| used(entry)) {
        if let Some(backup) = backups.get(&entry.scope) {
            entry.backup = *backup;
        }
    }
}

/// Of pinners of which a condition builds one, it is not known which: where they differ, what clients do is open.
fn leave_alternatives_open(united: &mut [EntryVerdict], entries: &mut [EntryVerdict]) {
    let mut fates: BTreeMap<usize, Vec<(Outcome, Backup)>> = BTreeMap::new();
    for one in united.iter() {
        if let Some(first) = one.alternative {
            fates.entry(first).or_default().push((one.outcome, one.backup));
        }
    }
    for entry in united.iter_mut().chain(entries.iter_mut().filter(|entry| is_enforced(entry))) {
        let fates = entry.alternative.and_then(|first| fates.get(&first));
        let fates = fates.map_or(&[][..], Vec::as_slice);
        if fates.iter().any(|(outcome, _)| *outcome != entry.outcome) {
            entry.outcome = Outcome::Unknown;
        }
        if fates.iter().any(|(_, backup)| *backup != entry.backup) {
            entry.backup = Backup::Unknown;
        }
    }
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

/// What entries come to that are used together.
#[derive(Clone)]
struct Fate {
    paths: PathMatches,
    outcome: Outcome,
    backup: Backup,
}

impl Fate {
    fn of(entries: &[EntryVerdict], members: &[usize]) -> Self {
        let members: Vec<&EntryVerdict> = members.iter().filter_map(|index| entries.get(*index)).collect();
        let mut united: Option<PathMatches> = None;
        for entry in &members {
            match &mut united {
                Some(united) => united.unite(&entry.paths),
                None => united = Some(entry.paths.clone()),
            }
        }
        let paths = united.unwrap_or_default();
        let outcomes = members.iter().map(|entry| {
            // A pin of one entry may stand on the path where another's does not.
            let is_elsewhere = entry.is_compared() && entry.outcome == Outcome::Unknown && entry.has_match();
            if is_elsewhere { now(Outcome::Connects, &paths) } else { entry.outcome }
        });
        let outcomes: Vec<Outcome> = outcomes.collect();
        let best =
            [Outcome::Connects, Outcome::Unknown].into_iter().find(|outcome| outcomes.contains(outcome));
        let outcome = best.or(outcomes.first().copied()).unwrap_or(Outcome::Unknown);
        let pins: Vec<PinVerdict> = members.iter().flat_map(|entry| &entry.pins).cloned().collect();
        let unread = members.iter().fold(0_u32, |sum, entry| sum.saturating_add(entry.unread));
        Self { paths, outcome, backup: Backup::of(&pins, unread) }
    }

    /// What is known where either may hold.
    fn or(mut self, other: &Self) -> Self {
        self.paths.leave_open(&other.paths);
        if self.outcome != other.outcome {
            self.outcome = Outcome::Unknown;
        }
        if self.backup != other.backup {
            self.backup = Backup::Unknown;
        }
        self
    }

    /// What is known where there may be no pins at all.
    fn or_none(mut self) -> Self {
        self.paths = self.paths.with_unread(true, true);
        (self.outcome, self.backup) = (Outcome::Unknown, Backup::Unknown);
        self
    }

    fn give(&self, entry: &mut EntryVerdict) {
        entry.paths.clone_from(&self.paths);
        (entry.outcome, entry.backup) = (self.outcome, self.backup);
    }
}

/// Takes the entries at these places together: those in force of one pinner, and those that may be among them. Where
/// it matters whether they are, it is not known what clients do. One for each confidence.
fn of_one(
    entries: &mut [EntryVerdict],
    own: &[usize],
    possible: &[usize],
    pinner: Option<usize>,
) -> Vec<EntryVerdict> {
    let mut fate = Fate::of(entries, own);
    let mut members = own.to_vec();
    if !possible.is_empty() {
        members.extend(possible);
        let all = Fate::of(entries, &members);
        fate = if own.is_empty() { all.or_none() } else { fate.or(&all) };
    }
    members.sort_unstable();
    let mut all: Vec<EntryVerdict> = Vec::new();
    for index in &members {
        let Some(entry) = entries.get_mut(*index) else { continue };
        fate.give(entry);
        match all.iter_mut().find(|one| one.confidence.name() == entry.confidence.name()) {
            Some(one) => take_with(one, entry),
            None => all.push(EntryVerdict { pinner, ..entry.clone() }),
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
