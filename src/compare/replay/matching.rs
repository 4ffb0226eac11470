//! Whether pins match a certificate: on every path, on some, on none; and from when to when, for paths begin and end.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::history::{GivenPins, HistoricCertificate};
use super::seconds::after;
use crate::pins::{Pin, PinValue, PositionRule, match_pin};
use crate::x509::paths::CaPath;
use crate::x509::{Fingerprints, SpkiSha256};

/// On which paths pins match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// On every path to an anchor of today; where there is none, on every one that is known.
    All,
    /// On some: it depends on the client.
    Some,
    /// On none, to whatever root.
    None,
    /// Not known.
    Unknown,
}

/// A status for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The first second.
    pub(super) from: i64,
    /// The second after the last.
    pub(super) until: i64,
    /// The status.
    pub(super) status: Status,
}

/// Pins to compare with.
#[derive(Clone, Debug)]
pub(super) enum PinSet<'p> {
    /// As given.
    Given(&'p GivenPins),
    /// Keys, anywhere on the path.
    Keys(BTreeSet<SpkiSha256>),
}

/// What the leaf alone comes to, a bit a list of pins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Mask {
    matches: u8,
    open: u8,
    forbidden: Option<bool>,
}

/// Compares pins with certificates; remembers what it found for those of one issuer.
#[derive(Debug)]
pub(super) struct Matcher<'p> {
    pins: PinSet<'p>,
    known: HashMap<(usize, Mask), Rc<[Segment]>>,
}

const LISTS: [PositionRule; 3] = [PositionRule::Any, PositionRule::Leaf, PositionRule::Ca];

impl<'p> Matcher<'p> {
    /// A matcher for pins.
    pub(super) fn new(pins: PinSet<'p>) -> Self {
        Self { pins, known: HashMap::new() }
    }

    /// The keys, where it is keys.
    pub(super) fn keys(&self) -> Option<&BTreeSet<SpkiSha256>> {
        match &self.pins {
            PinSet::Keys(keys) => Some(keys),
            PinSet::Given(_) => None,
        }
    }

    /// The statuses of a certificate over its life, one after the other.
    pub(super) fn over_life(&mut self, it: &HistoricCertificate) -> Vec<Segment> {
        let (begin, end) = (it.not_before.as_second(), after(it.not_after));
        let segments = self.segments(it);
        let within = segments.iter().map(|segment| Segment {
            from: segment.from.max(begin),
            until: segment.until.min(end),
            status: segment.status,
        });
        within.filter(|segment| segment.from < segment.until).collect()
    }

    /// The status of a certificate at a time.
    pub(super) fn at(&mut self, it: &HistoricCertificate, second: i64) -> Status {
        let segments = self.segments(it);
        let found = segments.iter().find(|segment| segment.from <= second && second < segment.until);
        found.map_or(Status::Unknown, |segment| segment.status)
    }

    /// The status of a certificate at a time, if its own key were another.
    pub(super) fn without_leaf(&mut self, it: &HistoricCertificate, second: i64) -> Status {
        let segments = self.above_leaf(it);
        let found = segments.iter().find(|segment| segment.from <= second && second < segment.until);
        found.map_or(Status::Unknown, |segment| segment.status)
    }

    /// The status of a certificate at a time, if its own key were pinned wherever a certificate's own may be.
    pub(super) fn with_leaf(&mut self, it: &HistoricCertificate, second: i64) -> Status {
        let matches = bits(|rule| rule != PositionRule::Ca);
        let segments = self.of_paths(it, Mask { matches, forbidden: Some(false), ..Mask::default() });
        let found = segments.iter().find(|segment| segment.from <= second && second < segment.until);
        found.map_or(Status::Unknown, |segment| segment.status)
    }

    /// The statuses over all time, if its own key were another.
    pub(super) fn above_leaf(&mut self, it: &HistoricCertificate) -> Rc<[Segment]> {
        self.of_paths(it, Mask { forbidden: Some(false), ..Mask::default() })
    }

    /// Whether some pin names this key.
    pub(super) fn names(&self, key: &SpkiSha256) -> bool {
        match &self.pins {
            PinSet::Keys(keys) => keys.contains(key),
            PinSet::Given(given) => given.pins.iter().any(|pin| pin.value == Ok(PinValue::Spki(*key))),
        }
    }

    fn segments(&mut self, it: &HistoricCertificate) -> Rc<[Segment]> {
        let leaf = self.leaf(it);
        if leaf.matches == 1 && self.keys().is_some() {
            // On whatever path.
            return Rc::new([Segment { from: i64::MIN, until: i64::MAX, status: Status::All }]);
        }
        self.of_paths(it, leaf)
    }

    fn of_paths(&mut self, it: &HistoricCertificate, leaf: Mask) -> Rc<[Segment]> {
        if it.paths.is_empty() {
            let accepted = self.accepts(leaf, self.issuer_alone(it), false);
            let status = if accepted == Some(true) { Status::All } else { Status::Unknown };
            return Rc::new([Segment { from: i64::MIN, until: i64::MAX, status }]);
        }
        let shared = (Arc::as_ptr(&it.paths).cast::<u8>().addr(), leaf);
        if let Some(known) = self.known.get(&shared) {
            return Rc::clone(known);
        }
        let found: Rc<[Segment]> = over_paths(&it.paths, |path| {
            // Every path begins with the issuer, those that were not looked at as well.
            let is_further = path.certificates.is_empty();
            let ca = if is_further { self.issuer_alone(it) } else { self.of_ca(path) };
            self.accepts(leaf, ca, !is_further)
        })
        .into();
        self.known.insert(shared, Rc::clone(&found));
        found
    }

    /// The lists that there are.
    fn needed(&self) -> u8 {
        match &self.pins {
            PinSet::Keys(_) => 1,
            PinSet::Given(given) => {
                let has = |rule: PositionRule| given.pins.iter().any(|pin| pin.position == rule);
                bits(has)
            }
        }
    }

    fn leaf(&self, it: &HistoricCertificate) -> Mask {
        match &self.pins {
            PinSet::Keys(keys) => Mask { matches: u8::from(keys.contains(&it.key)), ..Mask::default() },
            PinSet::Given(given) => of_lists(given, |pin| of_leaf(pin, it)),
        }
    }

    fn of_ca(&self, path: &CaPath) -> Mask {
        match &self.pins {
            PinSet::Keys(keys) => {
                let has = path.certificates.iter().any(|certificate| keys.contains(&certificate.spki_sha256));
                Mask { matches: u8::from(has), ..Mask::default() }
            }
            PinSet::Given(given) => of_lists(given, |pin| on_path(pin, path)),
        }
    }

    /// Of the CAs, only the key that issued is known.
    fn issuer_alone(&self, it: &HistoricCertificate) -> Mask {
        let Some(issuer) = it.issuer_key else { return Mask::default() };
        match &self.pins {
            PinSet::Keys(keys) => Mask { matches: u8::from(keys.contains(&issuer)), ..Mask::default() },
            PinSet::Given(given) => of_lists(given, |pin| {
                let is_it = pin.position != PositionRule::Leaf && pin.value == Ok(PinValue::Spki(issuer));
                if is_it { certain(pin, true) } else { None }
            }),
        }
    }

    /// Whether a chain is accepted; `is_whole` where all of it was compared.
    fn accepts(&self, leaf: Mask, ca: Mask, is_whole: bool) -> Option<bool> {
        if leaf.forbidden == Some(true) || ca.forbidden == Some(true) {
            return Some(false);
        }
        let needed = self.needed();
        let matches = leaf.matches | ca.matches;
        let open = leaf.open | ca.open;
        let (unread, is_list_open, may_be_forbidden) = match &self.pins {
            PinSet::Keys(_) => (false, false, false),
            PinSet::Given(given) => {
                let has = |rule| given.pins.iter().any(|pin| pin.position == rule);
                let unread = given.unread > 0;
                let lists = unread && has(PositionRule::Leaf) != has(PositionRule::Ca);
                let forbidden = !given.forbidden.is_empty()
                    && (!is_whole || leaf.forbidden.is_none() || ca.forbidden.is_none());
                (unread, lists, forbidden)
            }
        };
        let has_forbidden = matches!(&self.pins, PinSet::Given(given) if !given.forbidden.is_empty());
        if needed == 0 && has_forbidden {
            // No pin has to match; one that could not be read may have to.
            return (!unread && !may_be_forbidden).then_some(true);
        }
        if needed != 0 && matches & needed == needed {
            return (!is_list_open && !may_be_forbidden).then_some(true);
        }
        let is_open = !is_whole || unread || (matches | open) & needed == needed;
        (!is_open).then_some(false)
    }
}

/// A bit for each list of pins for which something holds.
fn bits(holds: impl Fn(PositionRule) -> bool) -> u8 {
    LISTS.into_iter().zip([1_u8, 2, 4]).filter(|(rule, _)| holds(*rule)).map(|(_, bit)| bit).sum()
}

fn of_lists(given: &GivenPins, compare: impl Fn(&Pin) -> Option<bool>) -> Mask {
    let any = |rule: PositionRule, wanted: Option<bool>| {
        given.pins.iter().filter(|pin| pin.position == rule).any(|pin| compare(pin) == wanted)
    };
    let forbidden: Vec<Option<bool>> = given.forbidden.iter().map(&compare).collect();
    Mask {
        matches: bits(|rule| any(rule, Some(true))),
        open: bits(|rule| any(rule, None)),
        forbidden: if forbidden.contains(&Some(true)) {
            Some(true)
        } else {
            (!forbidden.contains(&None)).then_some(false)
        },
    }
}

/// A match of a pin that ends by itself holds for a time only, which is not replayed.
fn certain(pin: &Pin, matches: bool) -> Option<bool> {
    (pin.ends.is_none() || !matches).then_some(matches)
}

/// Whether a pin matches the leaf.
fn of_leaf(pin: &Pin, it: &HistoricCertificate) -> Option<bool> {
    if pin.position == PositionRule::Ca {
        return Some(false);
    }
    match &pin.value {
        Err(_) => Some(false),
        Ok(PinValue::Spki(key)) => certain(pin, *key == it.key),
        Ok(PinValue::Certificate(hash)) => certain(pin, *hash == it.sha256?),
        // Its octets are not kept.
        Ok(_) => None,
    }
}

/// Whether a pin matches a CA of a path.
fn on_path(pin: &Pin, path: &CaPath) -> Option<bool> {
    if match_pin(pin, Some(&path.certificates)).matches() {
        return certain(pin, true);
    }
    let is_told = matches!(pin.value, Err(_) | Ok(PinValue::Spki(_) | PinValue::Certificate(_)))
        || pin.position == PositionRule::Leaf;
    let is_at_hand =
        || path.certificates.iter().all(|certificate| certificate.fingerprints != Fingerprints::default());
    (is_told || is_at_hand()).then_some(false)
}

/// The statuses over all time, by which of the paths hold when.
fn over_paths(paths: &[CaPath], accepts: impl Fn(&CaPath) -> Option<bool>) -> Vec<Segment> {
    let judged: Vec<(&CaPath, Option<bool>)> = paths.iter().map(|path| (path, accepts(path))).collect();
    let mut turns: BTreeSet<i64> = [i64::MIN, i64::MAX].into();
    for path in paths {
        turns.extend([path.from.as_second(), after(path.until)]);
    }
    let mut segments: Vec<Segment> = Vec::new();
    for (from, until) in turns.iter().zip(turns.iter().skip(1)) {
        let there: Vec<(bool, Option<bool>)> = judged
            .iter()
            .filter(|(path, _)| holds(path, *from))
            .map(|(path, accepted)| (path.trusted, *accepted))
            .collect();
        let status = status(&there);
        match segments.last_mut() {
            Some(last) if last.status == status => last.until = *until,
            _ => segments.push(Segment { from: *from, until: *until, status }),
        }
    }
    segments
}

/// The status by each path: whether it leads to an anchor of today, and whether the pins match on it.
fn status(there: &[(bool, Option<bool>)]) -> Status {
    let has_trusted = there.iter().any(|(trusted, _)| *trusted);
    let judged_by =
        || there.iter().filter(|(trusted, _)| *trusted || !has_trusted).map(|(_, accepted)| *accepted);
    let all = |wanted: Option<bool>| there.iter().all(|(_, accepted)| *accepted == wanted);
    if there.is_empty() {
        // Nobody can validate it, pins or not.
        Status::Unknown
    } else if judged_by().all(|accepted| accepted == Some(true)) {
        Status::All
    } else if all(Some(false)) {
        Status::None
    } else if there.iter().any(|(_, accepted)| *accepted == Some(true))
        && judged_by().any(|accepted| accepted == Some(false))
    {
        Status::Some
    } else {
        Status::Unknown
    }
}

/// Whether each certificate of a path is in its life at a second; paths that stand for others hold always.
pub(super) fn holds(path: &CaPath, second: i64) -> bool {
    path.certificates.is_empty() || (path.from.as_second() <= second && second < after(path.until))
}
