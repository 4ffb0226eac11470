//! Whether a certificate claims a watched name.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use super::scan::{ClaimedName, Form, NameField, ScanError, scan};
use super::text::{Left, Search, is_letter};
use super::watched::{WatchedName, WatchedNames};

/// A watched name that a certificate claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<'a, 'w> {
    /// What the certificate has.
    pub claimed: ClaimedName<'a>,
    /// The watched name that it matches.
    pub watched: &'w WatchedName,
    /// Whether it matches only as a lenient reader might take it.
    pub is_odd: bool,
}

/// What a certificate claims of the watched names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a, 'w> {
    /// It was read whole, and claims none.
    Nothing,
    /// It claims one; the first that was found.
    Claims(Claim<'a, 'w>),
    /// It could not be read whole. Of what could be read, nothing is watched.
    Undetermined {
        /// What could not be read.
        why: ScanError,
        /// A watched name that stands somewhere in its octets, if one does.
        mentions: Option<&'w WatchedName>,
    },
}

/// Finds the first watched name that a certificate or TBSCertificate claims.
pub fn find<'a, 'w>(octets: &'a [u8], form: Form, watched: &'w WatchedNames) -> Found<'a, 'w> {
    let mut claim = None;
    let mut left = Left::default();
    let scanned = scan(octets, form, &mut |claimed| {
        if claim.is_none() {
            each_matching(claimed, watched, &mut left, &mut |watched, is_odd| {
                claim = Some(Claim { claimed, watched, is_odd });
                true
            });
        }
    });
    let scanned = scanned.and(if left.is_short { Err(ScanError::TooLong) } else { Ok(()) });
    match (claim, scanned) {
        (Some(claim), _) => Found::Claims(claim),
        (None, Ok(())) => Found::Nothing,
        (None, Err(why)) => Found::Undetermined { why, mentions: mention(octets, watched) },
    }
}

/// The first watched name that is claimed in a way which only a lenient reader might take for it.
pub fn find_odd<'a, 'w>(octets: &'a [u8], form: Form, watched: &'w WatchedNames) -> Option<Claim<'a, 'w>> {
    let mut claim = None;
    let mut left = Left::default();
    // What cannot be read is said by `find`.
    let _ = scan(octets, form, &mut |claimed| {
        if claim.is_none() {
            each_matching(claimed, watched, &mut left, &mut |watched, is_odd| {
                claim = is_odd.then_some(Claim { claimed, watched, is_odd });
                is_odd
            });
        }
    });
    claim
}

/// How many times a watched name is matched by one certificate before no more are looked for: one wildcard may cover
/// all there are, and stand there often.
const MOST_MATCHES: u32 = 1_000_000;

/// All watched names that a certificate or TBSCertificate claims, as far as it can be read.
pub fn find_all<'w>(octets: &[u8], form: Form, watched: &'w WatchedNames) -> BTreeSet<&'w WatchedName> {
    let mut all = BTreeSet::new();
    let mut left = Left::default();
    let mut matches = 0_u32;
    // What cannot be read is said by `find`.
    let _ = scan(octets, form, &mut |claimed| {
        if matches < MOST_MATCHES {
            each_matching(claimed, watched, &mut left, &mut |watched, _| {
                all.insert(watched);
                matches = matches.saturating_add(1);
                matches >= MOST_MATCHES
            });
        }
    });
    all
}

/// Hands each watched name that a name matches to `visit`, with whether only a lenient reader might take it for that,
/// until `visit` says true.
fn each_matching<'w>(
    claimed: ClaimedName<'_>,
    watched: &'w WatchedNames,
    left: &mut Left,
    visit: &mut impl FnMut(&'w WatchedName, bool) -> bool,
) {
    let ClaimedName { field, tag, octets } = claimed;
    // A person's address is no host's name, whatever it ends in.
    let is_person = field == NameField::CommonName && octets.contains(&b'@');
    if !is_person {
        let mut is_over = false;
        let read = watched.each_matching(octets, &mut |name| {
            let is_odd = field == NameField::OddName
                || octets.first() == Some(&b'.')
                || !octets.iter().copied().all(is_letter);
            is_over = visit(name, is_odd);
            is_over
        });
        // What is made of further elements is no plain name, though all its octets were letters.
        if is_over || read.is_ok() && tag & 0x20 == 0 {
            return;
        }
    }
    // A port or a path may follow.
    let mut try_piece = |piece: &[u8]| {
        let mut is_over = false;
        let _ = watched.each_matching(piece, &mut |name| {
            is_over = visit(name, true);
            is_over
        });
        is_over
    };
    Search::new(left, is_person, &mut try_piece).name(tag, octets);
}

/// The longest name that is looked for in octets of unknown structure.
const LONGEST_NAME: usize = 253;

/// At how many places a name may end in octets of unknown structure; behind them none is looked for. 16 MB of letters
/// would take half a minute.
const MOST_ENDS: usize = 65_536;

/// The first watched name that stands somewhere in octets of unknown structure, where the octets behind a name may look
/// like letters of it.
fn mention<'w>(octets: &[u8], watched: &'w WatchedNames) -> Option<&'w WatchedName> {
    let pieces = octets.split(|octet| !is_letter(*octet));
    let ends = pieces.flat_map(|piece| {
        let first_dot = piece.iter().position(|octet| *octet == b'.').unwrap_or(usize::MAX);
        (first_dot..=piece.len()).map(move |end| (piece, end))
    });
    ends.take(MOST_ENDS).find_map(|(piece, end)| {
        let start = end.saturating_sub(LONGEST_NAME);
        watched.matching(piece.get(start..end)?).ok().flatten()
    })
}

#[cfg(test)]
mod tests;
