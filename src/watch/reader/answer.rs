//! One answer with entries, as it came.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::ops::Range;

use serde_json::json;

use crate::ct::log_entry::{RawEntry, read_get_entries};
use crate::ct::merkle::{RangeBuilder, TreeHash};
use crate::issuance::names::WatchedNames;
use crate::observe::http::Buffers;
use crate::watch::batch::{
    BatchError, BrokenTile, EncodedEntry, FoundEntry, take_again, take_broken_tile, take_data_tile,
    take_entries,
};

/// One answer with entries, still to be taken.
#[derive(Clone, Debug)]
pub struct Answer {
    start: u64,
    end: u64,
    octets: Vec<u8>,
    form: Form,
    /// Where its memory goes when it is dropped.
    back: Option<Buffers>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(back) = &self.back {
            back.give(std::mem::take(&mut self.octets));
        }
    }
}

/// In which form the entries are.
#[derive(Clone, Debug)]
enum Form {
    /// The JSON of get-entries: where leaf and extra data of each entry stand in it.
    GetEntries(Vec<[Range<usize>; 2]>),
    /// A data tile of so many entries, of which the first ones are before the answer's start.
    DataTile { width: u16, skipped: u16 },
}

impl Answer {
    /// Reads an answer to get-entries whose first entry has this place in the log; entries from `stop` on were not asked
    /// for, and are passed over. Where it is no answer, gives the octets back and says why.
    pub fn read_get_entries(start: u64, stop: u64, octets: Vec<u8>) -> Result<Self, (String, Vec<u8>)> {
        let entries = match read_get_entries(&octets) {
            Ok(entries) => entries,
            Err(error) => return Err((error.to_string(), octets)),
        };
        if entries.is_empty() {
            return Err(("it has no entries".to_owned(), octets));
        }
        let places: Option<Vec<[Range<usize>; 2]>> = entries
            .iter()
            .map(|entry| Some([place(&octets, &entry.leaf_input)?, place(&octets, &entry.extra_data)?]))
            .collect();
        match places {
            Some(places) => {
                let count = u64::try_from(places.len()).unwrap_or(u64::MAX);
                let end = start.saturating_add(count).min(stop);
                Ok(Self { start, end, octets, form: Form::GetEntries(places), back: None })
            }
            // Some text was escaped: it is written anew as it is without that.
            None => Self::read_get_entries(start, stop, plain(&entries)),
        }
    }

    /// A data tile of `width` entries, of which the first `skipped` are before `start`, and those from `end` on are not
    /// wanted.
    pub fn of_data_tile(start: u64, end: u64, width: u16, skipped: u16, octets: Vec<u8>) -> Self {
        Self { start, end, octets, form: Form::DataTile { width, skipped }, back: None }
    }

    /// The same, whose memory is given back there.
    pub(super) fn given_back(mut self, back: &Buffers) -> Self {
        self.back = Some(back.clone());
        self
    }

    /// The place of its first entry in the log.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The place behind its last entry that was asked for. A tile may turn out to have another number of entries than
    /// its name says, which shows when it is taken.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many octets of memory it takes.
    pub fn memory(&self) -> usize {
        let places = match &self.form {
            Form::GetEntries(places) => places.capacity().saturating_mul(size_of::<[Range<usize>; 2]>()),
            Form::DataTile { .. } => 0,
        };
        self.octets.capacity().saturating_add(places)
    }

    /// What the log said, without content coding.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Takes its entries before `stop`: hashes them into `range`, which must end where the answer starts, and gives those
    /// that claim a watched name, or may. Where it fails, `range` may have grown by whole entries.
    pub fn take(
        &self,
        watched: &WatchedNames,
        range: &mut RangeBuilder,
        stop: u64,
    ) -> Result<Vec<FoundEntry>, BatchError> {
        if range.end() != self.start {
            return Err(BatchError::Elsewhere { start: self.start, position: range.end() });
        }
        let most = usize::try_from(stop.min(self.end).saturating_sub(self.start)).unwrap_or(usize::MAX);
        match &self.form {
            Form::GetEntries(places) => {
                let part = |range: &Range<usize>| self.octets.get(range.clone()).unwrap_or_default();
                let entries = places.iter().take(most);
                let encoded =
                    entries.map(|[leaf, extra]| EncodedEntry { leaf: part(leaf), extra: part(extra) });
                take_entries(encoded, watched, range)
            }
            Form::DataTile { width, skipped } => {
                take_data_tile(&self.octets, *width, *skipped, most, watched, range)
            }
        }
    }

    /// The same of a tile that cannot be read to its end, with the hashes of its leaves as the log gives them; `None` where
    /// it is no tile.
    pub fn take_broken(
        &self,
        hashes: &[TreeHash],
        watched: &WatchedNames,
        range: &mut RangeBuilder,
        stop: u64,
    ) -> Option<Result<BrokenTile, BatchError>> {
        let Form::DataTile { skipped, .. } = &self.form else { return None };
        let most = usize::try_from(stop.min(self.end).saturating_sub(self.start)).unwrap_or(usize::MAX);
        Some(take_broken_tile(&self.octets, *skipped, most, hashes, watched, range))
    }

    /// Takes those of its entries that can be read, from `start` on, and have these leaf hashes: of a tile that could not
    /// be read before. Gives how many, and what was found; `None` where it is no tile, or begins elsewhere.
    pub fn take_again(
        &self,
        start: u64,
        hashes: &[TreeHash],
        watched: &WatchedNames,
    ) -> Option<(u64, Vec<FoundEntry>)> {
        let Form::DataTile { skipped, .. } = &self.form else { return None };
        (start == self.start).then(|| take_again(&self.octets, *skipped, start, hashes, watched))
    }
}

/// Where a text stands in the octets that it was read from; `None` where it is a copy.
fn place(octets: &[u8], text: &[u8]) -> Option<Range<usize>> {
    let start = text.as_ptr().addr().checked_sub(octets.as_ptr().addr())?;
    let end = start.checked_add(text.len())?;
    (end <= octets.len()).then_some(start..end)
}

fn plain(entries: &[RawEntry<'_>]) -> Vec<u8> {
    let entries: Vec<_> = entries
        .iter()
        .map(|entry| {
            // What is not ASCII is no base64, whatever it is; without it, nothing has to be escaped.
            let plain = |text: &[u8]| -> String {
                let is_plain = |octet: u8| octet.is_ascii_graphic() && !matches!(octet, b'"' | b'\\');
                let octet = |octet: &u8| if is_plain(*octet) { char::from(*octet) } else { '!' };
                text.iter().map(octet).collect()
            };
            json!({"leaf_input": plain(&entry.leaf_input), "extra_data": plain(&entry.extra_data)})
        })
        .collect();
    json!({ "entries": entries }).to_string().into_bytes()
}
