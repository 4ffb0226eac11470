//! The entries that one client goes by, for a host.

use std::collections::BTreeSet;

use super::formats;
use super::model::{Combination, PinEntry, PinSource};

/// The entries of a source that bind for a host, those together that one client takes together: where a format unites
/// its entries, all of one pinner with those of none in particular; else each by itself. Entries that pin nothing are
/// left out.
pub fn entries_together<'a>(source: &'a PinSource, host: &str) -> Vec<Vec<&'a PinEntry>> {
    let binding: Vec<&PinEntry> = formats::applicable(source, host)
        .into_iter()
        .filter(|entry| !entry.pins.is_empty() || !entry.forbidden.is_empty() || entry.unread > 0)
        .collect();
    if binding.is_empty() {
        return Vec::new();
    }
    if formats::combination(source.format) == Combination::MostSpecific {
        return binding.into_iter().map(|entry| vec![entry]).collect();
    }
    let pinners: BTreeSet<usize> = binding.iter().filter_map(|entry| entry.pinner).collect();
    if pinners.is_empty() {
        return vec![binding];
    }
    let of = |pinner: usize| {
        let is_its = |entry: &&&PinEntry| entry.pinner.is_none_or(|own| own == pinner);
        binding.iter().filter(is_its).copied().collect()
    };
    pinners.into_iter().map(of).collect()
}
