//! Whether pins match on every path that a client could build, on some, or on none.

mod clients;

pub use self::clients::{AnchorMatch, UNKNOWN_STORES};
use super::matching::match_pin;
use super::model::{Pin, PinValue};
use super::verdict::PinVerdict;
use crate::x509::paths::{ClientPath, FURTHER};
use crate::x509::{Fingerprints, PathCertificate};

/// What comparing with every path gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathMatches {
    /// Each path, those to the anchors judged with first.
    pub paths: Vec<PathMatch>,
}

/// What comparing with one path gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathMatch {
    /// The path by the names of its CAs.
    pub label: String,
    /// The name of the root that it ends at.
    pub anchor: String,
    /// Whether that is a root of Mozilla's programme.
    pub is_mozillas: bool,
    /// Whether its anchor is one of those that the chain is judged with.
    pub trusted: bool,
    /// Whether the pins match on it; `None` where a hash of a certificate that is not at hand would tell.
    pub matches: Option<bool>,
}

/// On which paths pins match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathsVerdict {
    /// On all of them.
    All,
    /// On some: it depends on the client.
    Some,
    /// On none.
    None,
    /// There are no paths to tell, or a certificate is not at hand that would.
    Unknown,
}

impl PathsVerdict {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Some => "some",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

impl PathMatches {
    /// One pin on each path.
    pub(super) fn of_pin(pin: &Pin, paths: &[ClientPath]) -> Self {
        Self::of(paths, |path| on_path(pin, &path.certificates))
    }

    /// An entry on each path: what `holds` says of its pins, given which of them match there. The pins bring the
    /// matches on each path with them.
    pub(super) fn of_entry(
        pins: &[PinVerdict],
        paths: &[ClientPath],
        holds: impl Fn(&[PinVerdict], &dyn Fn(&PinVerdict) -> bool) -> bool,
    ) -> Self {
        let mut index = 0;
        Self::of(paths, |_| {
            let of = |pin: &PinVerdict| pin.paths.paths.get(index).and_then(|path| path.matches);
            let (sure, possible) =
                (holds(pins, &|pin| of(pin) == Some(true)), holds(pins, &|pin| of(pin) != Some(false)));
            index += 1;
            (sure == possible).then_some(sure)
        })
    }

    /// What of that is known where some pins could not be read, or where there are none that could match.
    pub(super) fn with_unread(mut self, is_match_open: bool, is_mismatch_open: bool) -> Self {
        for path in &mut self.paths {
            path.matches =
                path.matches.filter(|matches| !if *matches { is_match_open } else { is_mismatch_open });
        }
        self
    }

    /// What is left of it where keys are forbidden, each with the paths that it is on: those are refused.
    pub(super) fn without<'p>(mut self, forbidden: impl Iterator<Item = &'p Self>) -> Self {
        for bad in forbidden {
            for (own, bad) in self.paths.iter_mut().zip(&bad.paths) {
                own.matches = match (own.matches, bad.matches) {
                    (_, Some(true)) | (Some(false), _) => Some(false),
                    (matches, Some(false)) => matches,
                    (_, None) => None,
                };
            }
        }
        self
    }

    /// The same paths, and a match on none of them.
    pub(super) fn with_none(mut self) -> Self {
        for path in &mut self.paths {
            path.matches = Some(false);
        }
        self
    }

    fn of(paths: &[ClientPath], mut matches: impl FnMut(&ClientPath) -> Option<bool>) -> Self {
        let path = |path| PathMatch {
            label: ClientPath::label(path),
            anchor: path.anchor().to_owned(),
            is_mozillas: path.ends_at_mozillas(),
            trusted: path.trusted,
            matches: matches(path),
        };
        Self { paths: paths.iter().map(path).collect() }
    }

    /// Takes the matches of another entry whose pins are used together with these.
    pub(super) fn unite(&mut self, other: &Self) {
        for (own, other) in self.paths.iter_mut().zip(&other.paths) {
            own.matches = match (own.matches, other.matches) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
    }

    /// Leaves open what another reading of the same pins says otherwise.
    pub(super) fn leave_open(&mut self, other: &Self) {
        for (own, other) in self.paths.iter_mut().zip(&other.paths) {
            if own.matches != other.matches {
                own.matches = None;
            }
        }
    }

    /// Whether there are more paths than were looked at, and the pins may or may not match on those.
    pub fn is_open_beyond(&self) -> bool {
        self.paths.iter().any(|path| path.label == FURTHER && path.matches.is_none())
    }

    /// On which of all paths known here.
    pub fn verdict(&self) -> PathsVerdict {
        verdict(&mut self.paths.iter())
    }

    /// On which of those to the anchors that the chain is judged with.
    pub fn among_trusted(&self) -> PathsVerdict {
        verdict(&mut self.paths.iter().filter(|path| path.trusted))
    }

    /// The paths on which the pins match.
    pub fn matching(&self) -> Vec<&str> {
        self.with(true)
    }

    /// The paths on which they do not.
    pub fn not_matching(&self) -> Vec<&str> {
        self.with(false)
    }

    fn with(&self, matches: bool) -> Vec<&str> {
        let mut labels = Vec::new();
        for path in self.paths.iter().filter(|path| path.matches == Some(matches)) {
            if !labels.contains(&path.label.as_str()) {
                labels.push(path.label.as_str());
            }
        }
        labels
    }
}

fn verdict(paths: &mut dyn Iterator<Item = &PathMatch>) -> PathsVerdict {
    let (mut some, mut none, mut open) = (false, false, false);
    for path in paths {
        match path.matches {
            Some(true) => some = true,
            Some(false) => none = true,
            None => open = true,
        }
    }
    match (some, none, open) {
        (true, true, _) => PathsVerdict::Some,
        (true, false, false) => PathsVerdict::All,
        (false, true, false) => PathsVerdict::None,
        _ => PathsVerdict::Unknown,
    }
}

fn on_path(pin: &Pin, path: &[PathCertificate]) -> Option<bool> {
    if match_pin(pin, Some(path)).matches() {
        return Some(true);
    }
    // Of further paths, the leaf alone is known.
    if path.len() < 2 {
        return None;
    }
    let told_without_octets = matches!(pin.value, Err(_) | Ok(PinValue::Spki(_) | PinValue::Certificate(_)));
    let all_at_hand = path.iter().all(|certificate| certificate.fingerprints != Fingerprints::default());
    (told_without_octets || all_at_hand).then_some(false)
}
