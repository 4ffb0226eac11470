//! The string pools of compiled resources (`ResStringPool`), in UTF-8 and UTF-16.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::octets::{Chunk, size_at, u8_at, u16_at, u32_at};

/// The kind of chunk that a pool is.
pub(super) const KIND: u16 = 0x0001;
/// The flag of a pool in UTF-8.
const UTF8: u32 = 1 << 8;
/// The longest string that is read, in octets: many places may name the same one.
const LONGEST_STRING: usize = 64 << 10;

/// A pool. Its strings are read when they are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct StringPool<'a> {
    octets: &'a [u8],
    header: usize,
    count: usize,
    start: usize,
    is_utf8: bool,
}

impl<'a> StringPool<'a> {
    /// The pool in a chunk.
    pub(super) fn of(chunk: Chunk<'a>) -> Option<Self> {
        if chunk.kind != KIND {
            return None;
        }
        Some(Self {
            octets: chunk.octets,
            header: chunk.header,
            count: size_at(chunk.octets, 8)?,
            start: size_at(chunk.octets, 20)?,
            is_utf8: u32_at(chunk.octets, 16)? & UTF8 != 0,
        })
    }

    /// A string by its number; `None` where there is none, or one longer than any of an app's configuration.
    pub(super) fn get(&self, index: u32) -> Option<String> {
        let index = usize::try_from(index).ok()?;
        if index >= self.count {
            return None;
        }
        let offset = size_at(self.octets, index.checked_mul(4)?.checked_add(self.header)?)?;
        let at = self.start.checked_add(offset)?;
        if self.is_utf8 { self.utf8(at) } else { self.utf16(at) }
    }

    fn utf8(&self, at: usize) -> Option<String> {
        // First the length in UTF-16 units, then the one in octets.
        let (_, at) = self.short_length(at)?;
        let (length, at) = self.short_length(at)?;
        let octets = self.octets.get(at..at.checked_add(length)?)?;
        Some(String::from_utf8_lossy(octets).into_owned())
    }

    fn short_length(&self, at: usize) -> Option<(usize, usize)> {
        let first = u8_at(self.octets, at)?;
        let next = at.checked_add(1)?;
        if first & 0x80 == 0 {
            return Some((usize::from(first), next));
        }
        let second = u8_at(self.octets, next)?;
        Some((usize::from(u16::from_be_bytes([first & 0x7f, second])), next.checked_add(1)?))
    }

    fn utf16(&self, at: usize) -> Option<String> {
        let first = u16_at(self.octets, at)?;
        let mut at = at.checked_add(2)?;
        let mut length = usize::from(first);
        if first & 0x8000 != 0 {
            length = (usize::from(first & 0x7fff) << 16) | usize::from(u16_at(self.octets, at)?);
            at = at.checked_add(2)?;
        }
        let length = length.checked_mul(2).filter(|length| *length <= LONGEST_STRING)?;
        let octets = self.octets.get(at..at.checked_add(length)?)?;
        let units: Vec<u16> =
            octets.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_le_bytes)).collect();
        Some(String::from_utf16_lossy(&units))
    }
}
