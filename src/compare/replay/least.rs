//! How often pins that follow the certificates broke at the least, whichever of these were in service.
//!
//! At each moment one of the certificates in their lives is taken to be in service; which, no log tells. Pins hold for as
//! long as there is one that they may match. So the first pins failed at the latest when the longest lasting of those
//! that can have been made by then do, the next when the longest lasting of those do that can have been made by that
//! time, and so on: no owner, whatever he put in service, had fewer lock-outs or had them later. Pins that match a
//! certificate on some paths only are made again of that one, perhaps without a lock-out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::history::{HistoricCertificate, History};
use super::keys::Keys;
use super::lines::Laid;
use super::matching::{Matcher, PinSet, Status};
use super::outcome::Level;
use super::stretches::Stretches;
use crate::x509::SpkiSha256;

/// How many stretches of time are looked at for one kind of pin set; what lies behind is not told to be sure.
const MOST_STEPS: usize = 1_000_000;

/// A moment by which pins broke once more, for sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SureBreak {
    /// By then.
    pub(super) at: i64,
    /// When the first pins that outlast it can have been made.
    pub(super) made: i64,
}

/// Certificates of which the same pins are made, or that the same pins match.
#[derive(Debug)]
struct Alike<'h> {
    /// One of them.
    it: &'h HistoricCertificate,
    /// When one of them was in its life.
    lives: Stretches,
}

/// What there was to be in service, and when.
#[derive(Debug)]
pub(super) struct Least<'h> {
    /// By their issuer.
    issued: Vec<Alike<'h>>,
    /// Which of these a key of a CA is above.
    below: HashMap<SpkiSha256, Vec<usize>>,
    /// By their own key.
    keyed: BTreeMap<SpkiSha256, Alike<'h>>,
    /// When any was in its life.
    all: Stretches,
    /// When one was of which it is not known whether pins match it that name none of its keys.
    open: Stretches,
    /// The one that is served at the end.
    served: Option<&'h HistoricCertificate>,
    end: i64,
}

/// When pins fail for sure; `None`: never, as far as is known.
type Fails = Option<i64>;

/// Those of one issuer, by its place, and when.
type Others = (usize, (i64, i64));

impl<'h> Least<'h> {
    /// What a history has.
    pub(super) fn of(laid: &Laid<'h>, history: &History) -> Self {
        type Lives<'h> = (&'h HistoricCertificate, Vec<(i64, i64)>);
        let mut issued: BTreeMap<(&str, Option<SpkiSha256>, usize), Lives<'h>> = BTreeMap::new();
        let mut keyed: BTreeMap<SpkiSha256, Lives<'h>> = BTreeMap::new();
        let mut all = Vec::new();
        for placed in &laid.certificates {
            let (it, life) = (placed.it, (placed.begins(), placed.ends()));
            let paths = Arc::as_ptr(&it.paths).cast::<u8>().addr();
            let alike = issued.entry((&it.issuer, it.issuer_key, paths));
            alike.or_insert_with(|| (it, Vec::new())).1.push(life);
            keyed.entry(it.key).or_insert_with(|| (it, Vec::new())).1.push(life);
            all.push(life);
        }
        let alike = |(it, lives): Lives<'h>| Alike { it, lives: Stretches::of(lives) };
        let issued: Vec<Alike<'h>> = issued.into_values().map(alike).collect();
        let mut below: HashMap<SpkiSha256, Vec<usize>> = HashMap::new();
        let mut open = Vec::new();
        let mut nothing = Matcher::new(PinSet::Keys(BTreeSet::new()));
        for (place, alike) in issued.iter().enumerate() {
            let above = alike.it.paths.iter().flat_map(|path| path.certificates.iter());
            let above: BTreeSet<SpkiSha256> =
                above.map(|ca| ca.spki_sha256).chain(alike.it.issuer_key).collect();
            for key in above {
                below.entry(key).or_default().push(place);
            }
            open.extend(may_match(&mut nothing, alike).pairs());
        }
        Self {
            issued,
            below,
            keyed: keyed.into_iter().map(|(key, lives)| (key, alike(lives))).collect(),
            all: Stretches::of(all),
            open: Stretches::of(open),
            served: laid.served.and_then(|served| laid.get(served)).map(|placed| placed.it),
            end: history.at.as_second(),
        }
    }

    /// The moments by which pins of a level broke at the latest, one lock-out more by each.
    pub(super) fn breaks(&self, of: (Level, bool), keys: &Keys<'_>) -> Vec<SureBreak> {
        let Some(first) = self.all.next(i64::MIN).map(|stretch| stretch.0) else { return Vec::new() };
        let mut steps = 0;
        if of == (Level::Leaf, true) {
            return self.of_kept_leaves(first, &mut steps);
        }
        let made = self.made(of, keys);
        let mut made = made.iter().peekable();
        let mut known: BTreeMap<BTreeSet<SpkiSha256>, (i64, Fails)> = BTreeMap::new();
        let mut breaks: Vec<SureBreak> = Vec::new();
        let mut by = first;
        loop {
            let (mut last, mut earliest) = (Some(by), by);
            let mut work: Vec<(i64, &HistoricCertificate)> = Vec::new();
            while let Some(next) = work.pop().or_else(|| made.next_if(|(second, _)| *second <= by).copied()) {
                let (second, it) = next;
                let pins = keys.pins(of, it, second);
                let before = known.get(&pins).copied();
                let fails = match before {
                    // What they are is not known.
                    _ if pins.is_empty() => None,
                    Some((since, fails)) if since <= second && fails.is_none_or(|fails| fails > second) => {
                        fails
                    }
                    _ => {
                        let (fails, others) = self.fails(&pins, second, &mut steps);
                        for (place, (from, until)) in others {
                            let Some(other) = self.issued.get(place) else { continue };
                            let turns = keys.turns(of, other.it, (from, until.min(self.end)));
                            work.extend([from].into_iter().chain(turns).map(|second| (second, other.it)));
                        }
                        known.insert(pins, (second, fails));
                        fails
                    }
                };
                if fails.is_none_or(|fails| fails > by) {
                    earliest = earliest.min(second);
                }
                last = last.zip(fails).map(|(last, fails)| last.max(fails));
            }
            if let Some(before) = breaks.last_mut() {
                before.made = earliest;
            }
            // Those that were made by then, and are known to fail.
            let Some(next) = last.filter(|next| *next > by && steps < MOST_STEPS) else { return breaks };
            breaks.push(SureBreak { at: next, made: next });
            by = next;
        }
    }

    /// The same for leaf pins with all keys that certificates had by then: more than an owner is taken to keep, so that
    /// they last no shorter.
    fn of_kept_leaves(&self, first: i64, steps: &mut usize) -> Vec<SureBreak> {
        let mut since: Vec<(i64, SpkiSha256)> = self
            .keyed
            .iter()
            .filter_map(|(key, alike)| Some((alike.lives.next(i64::MIN)?.0, *key)))
            .collect();
        since.sort_unstable();
        let mut since = since.into_iter().peekable();
        let mut kept: BTreeSet<SpkiSha256> = BTreeSet::new();
        let mut breaks: Vec<SureBreak> = Vec::new();
        let mut by = first;
        loop {
            let lives = |key: &SpkiSha256| self.keyed.get(key).and_then(|alike| alike.lives.next(by));
            kept.retain(|key| lives(key).is_some());
            let mut earliest = by;
            while let Some((second, key)) = since.next_if(|(second, _)| *second <= by) {
                if let Some((begins, _)) = lives(&key) {
                    kept.insert(key);
                    earliest = if begins <= by { earliest.min(second) } else { earliest };
                }
            }
            if let Some(before) = breaks.last_mut() {
                before.made = earliest;
            }
            *steps = steps.saturating_add(kept.len());
            let (fails, _) = self.fails(&kept, by, steps);
            let Some(next) = fails.filter(|next| *next > by && *steps < MOST_STEPS) else { return breaks };
            breaks.push(SureBreak { at: next, made: next });
            by = next;
        }
    }

    /// Of what, and when, pins can have been made that come out otherwise: in the order of time.
    fn made(&self, of: (Level, bool), keys: &Keys<'_>) -> Vec<(i64, &'h HistoricCertificate)> {
        let sources: Vec<&Alike<'h>> = match of.0 {
            Level::Leaf => self.keyed.values().collect(),
            Level::Intermediate | Level::Root | Level::AllRootsOfCa => self.issued.iter().collect(),
        };
        let mut made = Vec::new();
        for source in sources {
            for (from, until) in source.lives.pairs() {
                let turns = keys.turns(of, source.it, (from, until.min(self.end)));
                made.extend([from].into_iter().chain(turns).map(|second| (second, source.it)));
            }
        }
        made.sort_by_key(|(second, _)| *second);
        made
    }

    /// When, from a moment on, there first is no certificate in its life that pins may match, and some that they do not;
    /// and when, until then, pins can have been made of others because of a certificate that they match on some paths only.
    fn fails(&self, pins: &BTreeSet<SpkiSha256>, from: i64, steps: &mut usize) -> (Fails, Vec<Others>) {
        let mut matcher = Matcher::new(PinSet::Keys(pins.clone()));
        let places: BTreeSet<usize> =
            pins.iter().filter_map(|key| self.below.get(key)).flatten().copied().collect();
        let (mut issued, mut partly) = (Vec::new(), Vec::new());
        for (place, alike) in places.into_iter().filter_map(|place| Some((place, self.issued.get(place)?))) {
            *steps = steps.saturating_add(alike.lives.len());
            issued.push(may_match(&mut matcher, alike));
            let some = of_status(&mut matcher, alike, |status| status == Status::Some);
            partly.extend(some.pairs().map(|stretch| (place, stretch)));
        }
        let own = pins.iter().filter_map(|key| self.keyed.get(key)).map(|alike| &alike.lives);
        let held: Vec<&Stretches> = issued.iter().chain(own).chain([&self.open]).collect();
        let mut second = from;
        let fails = loop {
            *steps = steps.saturating_add(held.len());
            if *steps >= MOST_STEPS {
                break None;
            }
            let covers = |(begins, until): (i64, i64)| (begins <= second).then_some(until);
            let until = held.iter().filter_map(|held| held.next(second).and_then(covers)).max();
            second = match (until, self.all.next(second)) {
                _ if second >= self.end => break self.fails_now(&mut matcher),
                (Some(until), _) => until,
                (None, Some((begins, _))) if begins > second => begins,
                (None, Some(_)) => break Some(second),
                (None, None) => break self.fails_now(&mut matcher),
            };
        };
        let until = fails.unwrap_or(self.end);
        let meets = |(place, (begins, ends)): Others| {
            let (begins, ends) = (begins.max(from), ends.min(until));
            // In the one second that a path shares with the next nobody makes pins.
            (begins.saturating_add(1) < ends).then_some((place, (begins, ends)))
        };
        (fails, partly.into_iter().filter_map(meets).collect())
    }

    /// What is shown at the end is known.
    fn fails_now(&self, matcher: &mut Matcher<'_>) -> Fails {
        let served = self.served.filter(|served| matcher.at(served, self.end) == Status::None);
        served.map(|_| self.end)
    }
}

/// When there is one of them that pins match on some path, or perhaps: by the keys above its own.
fn may_match(matcher: &mut Matcher<'_>, alike: &Alike<'_>) -> Stretches {
    of_status(matcher, alike, |status| status != Status::None)
}

fn of_status(matcher: &mut Matcher<'_>, alike: &Alike<'_>, wanted: impl Fn(Status) -> bool) -> Stretches {
    let segments = matcher.above_leaf(alike.it);
    let open = segments.iter().filter(|segment| wanted(segment.status));
    Stretches::of(open.map(|segment| (segment.from, segment.until))).within(&alike.lives)
}
