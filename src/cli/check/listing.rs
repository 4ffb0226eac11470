//! The targets of a run in the order in which they were named, each once, in little more room than their names take.

use std::collections::hash_map::{Entry, RandomState};
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher as _;

use crate::evidence::ListedAt;
use crate::observe::files;
use crate::target::{DEFAULT_PORT, ServerTarget, Target, TargetError};

/// A target as it was named.
pub(super) struct Named {
    /// Its text.
    pub(super) text: String,
    /// The file and line of the list that it stands in.
    pub(super) place: Option<ListedAt>,
}

impl From<String> for Named {
    fn from(text: String) -> Self {
        Self { text, place: None }
    }
}

/// What is to be looked at.
pub(super) struct Listing {
    /// The targets' texts, one behind the other.
    texts: String,
    /// Where each text ends.
    ends: Vec<usize>,
    /// How a target was named, each time that it was, where that was more than once.
    several: BTreeMap<usize, Vec<String>>,
    /// The lines of a list that name none, and why.
    nothing: BTreeMap<usize, (ListedAt, String)>,
    /// How many were named in all.
    named: usize,
    default_port: u16,
}

impl Listing {
    /// The targets that these texts name; `default_port` is that of a server without one. A line of a list that names none is
    /// told in its turn.
    ///
    /// # Errors
    ///
    /// A text that stands in no list names no target.
    pub(super) fn of(
        named: impl IntoIterator<Item = impl Into<Named>>,
        default_port: u16,
    ) -> Result<Self, TargetError> {
        let mut listing = Self {
            texts: String::new(),
            ends: Vec::new(),
            several: BTreeMap::new(),
            nothing: BTreeMap::new(),
            named: 0,
            default_port,
        };
        let mut known = Known::default();
        for named in named {
            let Named { text, place } = named.into();
            let target = match (listing.parse(&text), place) {
                (Ok(target), _) => target,
                (Err(error), None) => return Err(error),
                (Err(error), Some(place)) => {
                    Target::Nothing { text: text.clone(), place, why: error.to_string() }
                }
            };
            listing.named += 1;
            match known.number_of(&target, listing.ends.len(), |number| listing.target(number)) {
                None => {
                    if let Target::Nothing { place, why, .. } = target {
                        listing.nothing.insert(listing.ends.len(), (place, why));
                    }
                    listing.texts.push_str(&text);
                    listing.ends.push(listing.texts.len());
                }
                Some(first) => {
                    let before = listing.text(first).to_owned();
                    listing.several.entry(first).or_insert_with(|| vec![before]).push(text);
                }
            }
        }
        Ok(listing)
    }

    /// How many targets there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many of those that were named are the same as one before.
    pub(super) fn repeated(&self) -> usize {
        self.named.saturating_sub(self.ends.len())
    }

    /// The target of this number, from 0; a server with its port.
    pub(super) fn target(&self, number: usize) -> Option<Target> {
        if let Some((place, why)) = self.nothing.get(&number).cloned() {
            return Some(Target::Nothing { text: self.text(number).to_owned(), place, why });
        }
        // It was read before. A file that went away meanwhile is still no host.
        self.parse(self.text(number)).ok().or_else(|| Some(Target::File(self.text(number).to_owned())))
    }

    /// Every target, in order.
    pub(super) fn targets(&self) -> impl Iterator<Item = Target> {
        (0..self.len()).filter_map(|number| self.target(number))
    }

    /// How a target was named each time, where that was more than once.
    pub(super) fn forms(&self, number: usize) -> &[String] {
        self.several.get(&number).map(Vec::as_slice).unwrap_or_default()
    }

    fn text(&self, number: usize) -> &str {
        let begin = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(number).copied().unwrap_or(begin);
        self.texts.get(begin..end).unwrap_or_default()
    }

    fn parse(&self, text: &str) -> Result<Target, TargetError> {
        Ok(match Target::parse(text, files::exists)? {
            Target::Server(ServerTarget { host, port }) => {
                Target::Server(ServerTarget { host, port: Some(port.unwrap_or(self.default_port)) })
            }
            other => other,
        })
    }
}

/// The name in reports of a target of a listing.
pub(super) fn label(target: &Target) -> String {
    match target {
        // In a listing, every server has its port.
        Target::Server(server) => server.label(DEFAULT_PORT),
        Target::File(path) => path.clone(),
        Target::Nothing { text, .. } => text.clone(),
    }
}

/// The targets known so far, by a hash of their names. Where two have the same, they are compared.
#[derive(Default)]
struct Known {
    first: HashMap<u64, usize>,
    /// Those of which the hash was taken already.
    others: Vec<usize>,
    hasher: RandomState,
}

impl Known {
    /// The number of a target that was there before; else it is known from now on by `number`.
    fn number_of(
        &mut self,
        target: &Target,
        number: usize,
        of: impl Fn(usize) -> Option<Target>,
    ) -> Option<usize> {
        let is_it = |number: &usize| of(*number).as_ref() == Some(target);
        match self.first.entry(self.hasher.hash_one(label(target))) {
            Entry::Vacant(place) => {
                place.insert(number);
                None
            }
            Entry::Occupied(place) if is_it(place.get()) => Some(*place.get()),
            Entry::Occupied(_) => {
                let known = self.others.iter().copied().find(is_it);
                if known.is_none() {
                    self.others.push(number);
                }
                known
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_named_in_several_ways_is_one() {
        let named = [
            "shop.example",
            "other.example",
            "https://Shop.Example/path",
            "shop.example:443",
            "shop.example:8443",
            "./a.pem",
            "./a.pem",
        ];
        let listing = Listing::of(named.map(str::to_owned), 443).unwrap();
        let labels: Vec<String> = listing.targets().map(|target| label(&target)).collect();
        assert_eq!(labels, ["shop.example:443", "other.example:443", "shop.example:8443", "./a.pem"]);
        assert_eq!(listing.forms(0), ["shop.example", "https://Shop.Example/path", "shop.example:443"]);
        assert_eq!((listing.forms(1).len(), listing.forms(3).len(), listing.repeated()), (0, 2, 3));
    }

    /// The port that a protocol brings is the one that a name without port means.
    #[test]
    fn the_default_port_is_the_one_that_is_spoken() {
        let listing = Listing::of(["a.example", "a.example:25", "a.example:443"].map(str::to_owned), 25);
        assert_eq!(listing.unwrap().len(), 2);
    }

    #[test]
    fn what_names_nothing_is_told() {
        assert!(Listing::of(["a.example".to_owned(), "b.example:0".to_owned()], 443).is_err());
        // A line of a list is no reason to leave the others out.
        let listed = ["a.example", "bad name", "b.example"].into_iter().zip(1..).map(|(text, line)| Named {
            text: text.to_owned(),
            place: Some(ListedAt { list: "targets.txt".to_owned(), line }),
        });
        let listing = Listing::of(listed, 443).unwrap();
        let Some(Target::Nothing { text, place, why }) = listing.target(1) else { panic!() };
        assert!(text == "bad name" && why.starts_with("“bad name” is neither"), "{why}");
        assert_eq!(place.to_string(), "targets.txt:2");
        assert_eq!((listing.len(), label(&listing.target(2).unwrap())), (3, "b.example:443".to_owned()));
    }
}
