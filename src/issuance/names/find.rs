//! Whether a certificate claims a watched name.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::scan::{ClaimedName, Form, NameField, ScanError, scan};
use super::text::{is_letter, pieces};
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
    let scanned = scan(octets, form, &mut |claimed| {
        if claim.is_none() {
            claim = matching(claimed, watched);
        }
    });
    match (claim, scanned) {
        (Some(claim), _) => Found::Claims(claim),
        (None, Ok(())) => Found::Nothing,
        (None, Err(why)) => Found::Undetermined { why, mentions: mention(octets, watched) },
    }
}

fn matching<'a, 'w>(claimed: ClaimedName<'a>, watched: &'w WatchedNames) -> Option<Claim<'a, 'w>> {
    match watched.matching(claimed.octets) {
        Ok(Some(name)) => Some(Claim { claimed, watched: name, is_odd: claimed.field == NameField::OddName }),
        Ok(None) => None,
        // A person's address is no host's name.
        Err(_) if claimed.field == NameField::CommonName && claimed.octets.contains(&b'@') => None,
        Err(_) => odd(claimed.tag, claimed.octets, watched).map(|name| Claim {
            claimed,
            watched: name,
            is_odd: true,
        }),
    }
}

/// The watched name that stands in octets which are no plain name.
fn odd<'w>(tag: u8, octets: &[u8], watched: &'w WatchedNames) -> Option<&'w WatchedName> {
    let mut found = None;
    pieces(tag, octets, &mut |piece| {
        // A port or a path may follow, or a dot lead.
        found = watched.matching(piece).ok().flatten();
        found.is_some()
    });
    found
}

/// The longest name that is looked for in octets of unknown structure.
const LONGEST_NAME: usize = 253;

/// The first watched name that stands somewhere in octets of unknown structure, where the octets behind a name may look
/// like letters of it.
fn mention<'w>(octets: &[u8], watched: &'w WatchedNames) -> Option<&'w WatchedName> {
    octets.split(|octet| !is_letter(*octet)).find_map(|piece| {
        let first_dot = piece.iter().position(|octet| *octet == b'.')?;
        (first_dot..=piece.len()).find_map(|end| {
            let start = end.saturating_sub(LONGEST_NAME);
            watched.matching(piece.get(start..end)?).ok().flatten()
        })
    })
}

#[cfg(test)]
mod tests;
