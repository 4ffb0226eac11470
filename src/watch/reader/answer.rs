//! One answer with entries, as it came.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::ct::merkle::RangeBuilder;
use crate::issuance::names::WatchedNames;
use crate::watch::batch::{BatchError, FoundEntry, take_data_tile, take_get_entries};

/// One answer with entries, still to be taken.
#[derive(Clone, Debug)]
pub struct Answer {
    start: u64,
    count: u64,
    octets: Vec<u8>,
    form: Form,
}

/// In which form the entries are.
#[derive(Clone, Copy, Debug)]
enum Form {
    GetEntries,
    /// A data tile of so many entries, of which the first ones are before the answer's start.
    DataTile {
        width: u16,
        skipped: u16,
    },
}

impl Answer {
    /// An answer to get-entries with `count` entries, of which the first has this place in the log.
    pub fn of_get_entries(start: u64, count: u64, octets: Vec<u8>) -> Self {
        Self { start, count, octets, form: Form::GetEntries }
    }

    /// A data tile of `width` entries, of which the first `skipped` are before `start`.
    pub fn of_data_tile(start: u64, width: u16, skipped: u16, octets: Vec<u8>) -> Self {
        let count = u64::from(width.saturating_sub(skipped));
        Self { start, count, octets, form: Form::DataTile { width, skipped } }
    }

    /// The place of its first entry in the log.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The place behind its last entry, as far as it can be told before it is taken.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.count)
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
        match self.form {
            Form::GetEntries => {
                take_get_entries(&self.octets, stop.saturating_sub(self.start), watched, range)
            }
            Form::DataTile { width, skipped } => take_data_tile(&self.octets, width, skipped, watched, range),
        }
    }
}
