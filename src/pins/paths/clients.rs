//! Which clients the paths are of: the roots that they end at, and whose stores have those.
//!
//! Only what is compiled in is said: the roots of Mozilla's programme. Which roots Chrome, Apple, Microsoft and Android
//! have is in no table here, which is “not known”, never “no”.

use super::{PathMatches, PathsVerdict, verdict};

/// The stores whose roots are known here.
const KNOWN: &str = "mozilla";

/// The stores whose roots are not.
pub const UNKNOWN_STORES: [&str; 4] = ["chrome", "apple", "microsoft", "android"];

/// The most roots of each kind that a sentence names.
const NAMED: usize = 3;

/// A root that paths end at, and what the pins do on the paths that end there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorMatch<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it is one of those that the chain is judged with.
    pub trusted: bool,
    /// Whether Mozilla's programme has it.
    pub is_mozillas: bool,
    /// On which of the paths to it the pins match.
    pub matches: PathsVerdict,
}

impl AnchorMatch<'_> {
    /// The stores that are known to have it.
    pub fn stores(&self) -> &'static [&'static str] {
        if self.is_mozillas { &[KNOWN] } else { &[] }
    }

    /// The stores that are known not to have it.
    pub fn not_in(&self) -> &'static [&'static str] {
        if self.is_mozillas { &[] } else { &[KNOWN] }
    }

    fn in_words(&self) -> String {
        let store = match (self.is_mozillas, self.trusted) {
            (true, _) => "in Mozilla's store",
            (false, true) => "given here, not in Mozilla's store",
            (false, false) => "not in Mozilla's store",
        };
        format!("{} ({store})", self.name)
    }
}

impl PathMatches {
    /// The roots that the paths end at, those that the chain is judged with first.
    pub fn anchors(&self) -> Vec<AnchorMatch<'_>> {
        let mut anchors: Vec<AnchorMatch<'_>> = Vec::new();
        for path in self.paths.iter().filter(|path| path.label != super::FURTHER) {
            if anchors.iter().any(|known| known.name == path.anchor && known.is_mozillas == path.is_mozillas)
            {
                continue;
            }
            let same = |other: &&super::PathMatch| {
                other.anchor == path.anchor && other.is_mozillas == path.is_mozillas
            };
            anchors.push(AnchorMatch {
                name: &path.anchor,
                trusted: self.paths.iter().filter(same).any(|path| path.trusted),
                is_mozillas: path.is_mozillas,
                matches: verdict(&mut self.paths.iter().filter(same)),
            });
        }
        anchors
    }

    /// Which clients match and which do not, by the roots that their paths end at; nothing where all do the same.
    pub fn clients(&self) -> Option<String> {
        if self.verdict() != PathsVerdict::Some {
            return None;
        }
        let anchors = self.anchors();
        let of = |wanted| {
            let names: Vec<String> =
                anchors.iter().filter(|one| one.matches == wanted).map(AnchorMatch::in_words).collect();
            let more = names.len().saturating_sub(NAMED);
            let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
            let shown = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
            (!shown.is_empty()).then(|| shown + &rest)
        };
        let parts: Vec<String> = [
            (PathsVerdict::All, "match"),
            (PathsVerdict::None, "do not match"),
            (PathsVerdict::Some, "match on some of their paths only"),
            (PathsVerdict::Unknown, "are not known to match or not"),
        ]
        .into_iter()
        .filter_map(|(wanted, what)| Some(format!("those that end at {} {what}", of(wanted)?)))
        .collect();
        Some(format!(
            "Of the clients, {}. Which of these roots Chrome, Apple, Microsoft and Android have, the tables here do not \
             say",
            parts.join("; ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::PathMatch;
    use super::*;

    fn path(anchor: &str, (trusted, is_mozillas): (bool, bool), matches: bool) -> PathMatch {
        PathMatch {
            label: format!("CA ← {anchor}"),
            anchor: anchor.to_owned(),
            is_mozillas,
            trusted,
            matches: Some(matches),
        }
    }

    #[test]
    fn clients_are_told_by_the_roots_that_their_paths_end_at() {
        let paths = PathMatches {
            paths: vec![
                path("One", (true, true), true),
                path("Two", (false, false), false),
                path("Both", (true, false), true),
                path("Both", (true, false), false),
            ],
        };
        assert_eq!(
            paths.clients().unwrap(),
            "Of the clients, those that end at One (in Mozilla's store) match; those that end at Two (not in Mozilla's \
             store) do not match; those that end at Both (given here, not in Mozilla's store) match on some of their \
             paths only. Which of these roots Chrome, Apple, Microsoft and Android have, the tables here do not say"
        );
        let stores: Vec<_> =
            paths.anchors().iter().map(|one| (one.name.to_owned(), one.stores(), one.not_in())).collect();
        let (has, lacks): (&[&str], &[&str]) = (&["mozilla"], &[]);
        assert_eq!(stores[0], ("One".to_owned(), has, lacks));
        assert_eq!(stores[1], ("Two".to_owned(), lacks, has));
    }

    #[test]
    fn where_all_clients_do_the_same_nothing_is_told() {
        let both = |matches| PathMatches {
            paths: vec![path("One", (true, true), matches), path("Two", (false, false), matches)],
        };
        assert_eq!((both(true).clients(), both(false).clients()), (None, None));
        assert_eq!(PathMatches::default().clients(), None);
    }
}
