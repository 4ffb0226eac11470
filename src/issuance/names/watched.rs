//! The names that are watched, arranged so that asking costs the same for one and for a hundred thousand.
//!
//! A name is read from its end; at each dot the hash of what has been read is looked up.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::dns_name::DnsName;

/// A name that is watched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchedName {
    /// The name.
    pub name: DnsName,
    /// Whether every name below it is watched, too.
    pub with_subdomains: bool,
}

/// A set of watched names.
#[derive(Clone, Debug, Default)]
pub struct WatchedNames {
    names: Vec<WatchedName>,
    /// For each name, the one before it that has the same parent.
    sisters: Vec<Option<u32>>,
    /// By the hash of a suffix, the place of its first suffix in `suffixes`.
    places: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
    suffixes: Vec<Suffix>,
}

/// A text at whose end a name may match.
#[derive(Clone, Debug)]
struct Suffix {
    text: Box<[u8]>,
    /// The watched name of this text.
    whole: Option<u32>,
    /// The one of this text that is watched with all below it.
    below: Option<u32>,
    /// The last watched name one label below, which a wildcard of this parent covers (RFC 6125 section 6.4.3).
    child: Option<u32>,
    /// The next suffix of the same hash.
    next: Option<u32>,
}

/// What octets of names mean: 0 for those that names do not have, else the letter in lower case.
const LETTERS: [u8; 256] = letters();

#[allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "worked out by the compiler, which refuses what is out of bounds"
)]
const fn letters() -> [u8; 256] {
    let mut table = [0; 256];
    let mut letter: u8 = 0;
    loop {
        if letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.' | b'*') {
            table[letter as usize] = letter.to_ascii_lowercase();
        }
        if letter == u8::MAX {
            return table;
        }
        letter += 1;
    }
}

impl WatchedNames {
    /// A set of these names.
    pub fn new(names: impl IntoIterator<Item = WatchedName>) -> Self {
        let mut set = Self::default();
        for watched in names {
            let Ok(place) = u32::try_from(set.names.len()) else { break };
            let text = watched.name.as_str().as_bytes();
            let suffix = set.suffix(text);
            suffix.whole.get_or_insert(place);
            if watched.with_subdomains {
                suffix.below.get_or_insert(place);
            }
            let parent = watched.name.as_str().split_once('.');
            let sister = parent.and_then(|(_, parent)| set.suffix(parent.as_bytes()).child.replace(place));
            set.sisters.push(sister);
            set.names.push(watched);
        }
        set
    }

    /// The names, in the order in which they were given.
    pub fn names(&self) -> &[WatchedName] {
        &self.names
    }

    /// Whether nothing is watched.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// A watched name that a name of plain letters matches: itself, below one, or a wildcard that covers one.
    /// `Err` where it has octets that no host name has.
    pub(super) fn matching(&self, name: &[u8]) -> Result<Option<&WatchedName>, NotPlain> {
        let mut found = None;
        self.each_matching(name, &mut |name| {
            found = Some(name);
            true
        })?;
        Ok(found)
    }

    /// Hands each watched name that it matches to `visit`, until that says true.
    pub(super) fn each_matching<'w>(
        &'w self,
        name: &[u8],
        visit: &mut impl FnMut(&'w WatchedName) -> bool,
    ) -> Result<(), NotPlain> {
        let name = without_final_dots(name);
        let mut hash = Rolling::default();
        for (place, octet) in name.iter().enumerate().rev() {
            let letter = LETTERS.get(usize::from(*octet)).copied().unwrap_or_default();
            match letter {
                0 => return Err(NotPlain),
                b'.' => {
                    let after = name.get(place.saturating_add(1)..).unwrap_or_default();
                    if let Some(suffix) = self.at(hash.value(), after) {
                        let first = name.get(..place).unwrap_or_default();
                        if self.below(suffix, first).any(&mut *visit) {
                            return Ok(());
                        }
                    }
                }
                _ => {}
            }
            hash.push(letter);
        }
        if let Some(whole) = self.at(hash.value(), name).and_then(|suffix| self.name(suffix.whole?)) {
            visit(whole);
        }
        Ok(())
    }

    /// The watched names that a name matches which has `first` in front of a suffix.
    fn below(&self, suffix: &Suffix, first: &[u8]) -> impl Iterator<Item = &WatchedName> {
        // A dot in front stands for whatever is below, and for the name itself, where anybody takes it.
        let is_dots = first.iter().all(|octet| *octet == b'.');
        let covers = is_dots || first.contains(&b'*') && !first.contains(&b'.');
        let own = suffix.below.or(suffix.whole.filter(|_| is_dots));
        let child = suffix.child.filter(|_| covers);
        let sister = |place: &u32| *self.sisters.get(usize::try_from(*place).ok()?)?;
        own.into_iter().chain(std::iter::successors(child, sister)).filter_map(|place| self.name(place))
    }

    fn name(&self, place: u32) -> Option<&WatchedName> {
        self.names.get(usize::try_from(place).ok()?)
    }

    fn at(&self, hash: u64, text: &[u8]) -> Option<&Suffix> {
        let mut next = self.places.get(&hash).copied();
        while let Some(suffix) = next.and_then(|place| self.suffixes.get(usize::try_from(place).ok()?)) {
            if suffix.text.eq_ignore_ascii_case(text) {
                return Some(suffix);
            }
            next = suffix.next;
        }
        None
    }

    /// The suffix of this text, made where there is none.
    fn suffix(&mut self, text: &[u8]) -> &mut Suffix {
        let mut hash = Rolling::default();
        text.iter().rev().for_each(|octet| hash.push(octet.to_ascii_lowercase()));
        let first = self.places.get(&hash.value()).copied();
        let mut next = first.and_then(|place| usize::try_from(place).ok());
        while let Some(place) = next {
            let Some(suffix) = self.suffixes.get(place) else { break };
            if *suffix.text == *text {
                break;
            }
            next = suffix.next.and_then(|place| usize::try_from(place).ok());
        }
        let place = next.unwrap_or(self.suffixes.len());
        if place == self.suffixes.len() {
            let suffix = Suffix { text: text.into(), whole: None, below: None, child: None, next: first };
            self.suffixes.push(suffix);
            if let Ok(place) = u32::try_from(place) {
                self.places.insert(hash.value(), place);
            }
        }
        // The place is that of a suffix that was found or just put there.
        #[expect(clippy::indexing_slicing, reason = "in bounds, as said above")]
        &mut self.suffixes[place]
    }
}

/// The name has octets that host names do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotPlain;

fn without_final_dots(mut name: &[u8]) -> &[u8] {
    while let [rest @ .., b'.'] = name {
        name = rest;
    }
    name
}

/// A hash that grows to the left, letter by letter (FNV-1a, spread once more at the end).
#[derive(Clone, Copy)]
struct Rolling(u64);

impl Default for Rolling {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Rolling {
    fn push(&mut self, letter: u8) {
        self.0 = (self.0 ^ u64::from(letter)).wrapping_mul(0x0100_0000_01b3);
    }

    fn value(self) -> u64 {
        let mixed = self.0 ^ self.0.wrapping_shr(32);
        mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Takes hashes for what they are.
#[derive(Clone, Copy, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = self.0.rotate_left(8) ^ u64::from(*octet);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}
