//! One answer of a log: its entries hashed into the tree, and those found that claim a watched name.
//!
//! Plain functions of octets: what the log said goes in, what was found comes out. Every entry is hashed, whatever is in
//! it; one that cannot be read is found, too, so that nobody hides behind a mistake.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod broken_tile;

pub use self::broken_tile::{BrokenTile, DarkEntries, pass_over, take_again, take_broken_tile};

use crate::ct::log_entry::{LoggedEntry, read_extra_data, read_get_entries, read_leaf};
use crate::ct::merkle::{RangeBuilder, leaf_hash};
use crate::ct::tile::{TileLeaf, read_data_tile};
use crate::dns_name::DnsName;
use crate::evidence::Bytes;
use crate::issuance::names::{Claim, Form, Found, WatchedName, WatchedNames, find};

/// An entry that claims a watched name, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundEntry {
    /// Its place in the log.
    pub index: u64,
    /// The `MerkleTreeLeaf`, which the log's tree covers.
    pub leaf: Bytes,
    /// What the tree does not cover: what was submitted, and its chain.
    pub beside: Beside,
    /// Why it was found.
    pub why: Why,
}

/// What stands beside an entry's leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// The precertificate as it was submitted, DER.
    pub precertificate: Option<Bytes>,
    /// The chain above it, the issuer first.
    pub chain: ChainBeside,
}

/// The chain of an entry, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainBeside {
    /// The certificates, DER.
    Certificates(Vec<Bytes>),
    /// Their SHA-256 hashes: a static log has each certificate once, in a file of that name.
    Fingerprints(Vec<[u8; 32]>),
    /// It cannot be read.
    Unreadable(String),
}

/// Why an entry was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It claims a watched name.
    Claims {
        /// The watched name.
        watched: DnsName,
        /// What the certificate has, made printable.
        claimed: String,
        /// Whether only a lenient reader might take it for the watched name.
        is_odd: bool,
    },
    /// What it claims could not be read whole.
    Undetermined {
        /// What could not be read.
        why: String,
        /// A watched name that stands somewhere in its octets.
        mentions: Option<DnsName>,
    },
}

/// Why an answer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// It is not in the form that the log's interface has.
    #[error("{0}")]
    Form(String),
    /// An entry is not base64, so that its place in the tree is not known.
    #[error("the leaf of entry {index} is not in base64")]
    NotBase64 {
        /// Its place in the log.
        index: u64,
    },
    /// A tile has another number of entries than its name says.
    #[error("it has {found} entries and not {expected}")]
    OtherCount {
        /// How many it should have.
        expected: u64,
        /// How many it has.
        found: u64,
    },
    /// It does not begin where the stretch ends.
    #[error("it begins with entry {start}, and what was taken ends before {position}")]
    Elsewhere {
        /// Its first entry.
        start: u64,
        /// The next entry of the stretch.
        position: u64,
    },
    /// There are no entries in it.
    #[error("it has no entries")]
    Empty,
}

/// An entry of get-entries: both in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedEntry<'a> {
    /// The `MerkleTreeLeaf`.
    pub leaf: &'a [u8],
    /// The chain, and the precertificate where it is one.
    pub extra: &'a [u8],
}

/// Takes the answer to get-entries whose first entry is the next one of `range`, and no more than `most` of it. Gives what
/// was found; `range` tells how far the answer went. Where it fails, `range` may have grown by whole entries.
pub fn take_get_entries(
    octets: &[u8],
    most: u64,
    watched: &WatchedNames,
    range: &mut RangeBuilder,
) -> Result<Vec<FoundEntry>, BatchError> {
    let entries = read_get_entries(octets).map_err(|error| BatchError::Form(error.to_string()))?;
    if entries.is_empty() {
        return Err(BatchError::Empty);
    }
    let encoded = entries
        .iter()
        .take(usize::try_from(most).unwrap_or(usize::MAX))
        .map(|entry| EncodedEntry { leaf: &entry.leaf_input, extra: &entry.extra_data });
    take_entries(encoded, watched, range)
}

/// Takes entries of get-entries, the first of which is the next one of `range`.
pub fn take_entries<'a>(
    entries: impl Iterator<Item = EncodedEntry<'a>>,
    watched: &WatchedNames,
    range: &mut RangeBuilder,
) -> Result<Vec<FoundEntry>, BatchError> {
    let mut found = Vec::new();
    let mut memory = Vec::new();
    for entry in entries {
        let index = range.end();
        let Some(leaf) = decode(entry.leaf, &mut memory) else {
            // What was found before it is not lost: the next question begins here, and fails.
            return if found.is_empty() { Err(BatchError::NotBase64 { index }) } else { Ok(found) };
        };
        if let Some(why) = search_leaf(leaf, watched) {
            let beside = beside(leaf, entry.extra);
            found.push(FoundEntry { index, leaf: Bytes(leaf.to_vec()), beside, why });
        }
        range.push(leaf_hash(leaf));
    }
    Ok(found)
}

/// Takes a data tile of `width` entries, of which the first `skipped` were taken before, and no more than `most` of the
/// others.
pub fn take_data_tile(
    octets: &[u8],
    width: u16,
    skipped: u16,
    most: usize,
    watched: &WatchedNames,
    range: &mut RangeBuilder,
) -> Result<Vec<FoundEntry>, BatchError> {
    let leaves = read_data_tile(octets).map_err(|error| BatchError::Form(error.to_string()))?;
    if leaves.len() != usize::from(width) {
        let found = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
        return Err(BatchError::OtherCount { expected: u64::from(width), found });
    }
    let mut found = Vec::new();
    for leaf in leaves.iter().skip(usize::from(skipped)).take(most) {
        found.extend(search_tile_leaf(leaf, range.end(), watched));
        range.push(leaf.leaf_hash());
    }
    Ok(found)
}

fn search_tile_leaf(leaf: &TileLeaf<'_>, index: u64, watched: &WatchedNames) -> Option<FoundEntry> {
    let why = search(&leaf.timestamped.entry, watched)?;
    let octets = Bytes([&[0, 0], leaf.octets].concat());
    Some(FoundEntry { index, leaf: octets, beside: beside_tile(leaf), why })
}

/// Why an entry with this leaf is found, if it is.
pub(crate) fn search_leaf(leaf: &[u8], watched: &WatchedNames) -> Option<Why> {
    match read_leaf(leaf) {
        Ok(read) => search(&read.entry, watched),
        // Names may stand in it all the same.
        Err(error) => Some(Why::Undetermined {
            why: format!("its leaf cannot be read: {error}"),
            mentions: match find(leaf, Form::Certificate, watched) {
                Found::Undetermined { mentions, .. } => mentions.map(name),
                Found::Claims(claim) => Some(name(claim.watched)),
                Found::Nothing => None,
            },
        }),
    }
}

fn search(entry: &LoggedEntry<'_>, watched: &WatchedNames) -> Option<Why> {
    let (octets, form) = match entry {
        LoggedEntry::X509 { certificate } => (*certificate, Form::Certificate),
        LoggedEntry::Precert { tbs, .. } => (*tbs, Form::TbsCertificate),
    };
    match find(octets, form, watched) {
        Found::Nothing => None,
        Found::Claims(Claim { claimed, watched, is_odd }) => Some(Why::Claims {
            watched: name(watched),
            claimed: claimed.octets.escape_ascii().to_string(),
            is_odd,
        }),
        Found::Undetermined { why, mentions } => {
            Some(Why::Undetermined { why: why.to_string(), mentions: mentions.map(name) })
        }
    }
}

fn name(watched: &WatchedName) -> DnsName {
    watched.name.clone()
}

fn beside(leaf: &[u8], encoded: &[u8]) -> Beside {
    let unreadable = |why: String| Beside { precertificate: None, chain: ChainBeside::Unreadable(why) };
    let mut memory = Vec::new();
    let Some(extra) = decode(encoded, &mut memory) else {
        return unreadable("its extra_data is not in base64".to_owned());
    };
    let read = read_leaf(leaf).and_then(|leaf| read_extra_data(extra, &leaf.entry));
    match read {
        Ok(read) => Beside {
            precertificate: read.precertificate.map(|der| Bytes(der.to_vec())),
            chain: ChainBeside::Certificates(read.chain.iter().map(|der| Bytes(der.to_vec())).collect()),
        },
        Err(error) => unreadable(format!("its extra_data cannot be read: {error}")),
    }
}

fn beside_tile(leaf: &TileLeaf<'_>) -> Beside {
    Beside {
        precertificate: leaf.precertificate.map(|der| Bytes(der.to_vec())),
        chain: match leaf.chain_rest {
            [] => ChainBeside::Fingerprints(leaf.chain.to_vec()),
            _ => ChainBeside::Unreadable("its chain is not made of fingerprints".to_owned()),
        },
    }
}

/// Decodes base64 into `memory`, whatever was there before.
fn decode<'a>(text: &[u8], memory: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    use base64_simd::AsOut as _;
    let most = base64_simd::STANDARD.estimated_decoded_length(text.len());
    // It only grows: to write zeros where octets follow at once is work for nothing.
    if memory.len() < most {
        memory.resize(most, 0);
    }
    let decoded = base64_simd::STANDARD.decode(text, memory.as_mut_slice().as_out()).ok()?;
    Some(decoded)
}

#[cfg(test)]
mod tests;
