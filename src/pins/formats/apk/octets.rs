//! Little-endian numbers and the chunks that Android's compiled resources are made of.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// The octet at a place.
pub(super) fn u8_at(octets: &[u8], at: usize) -> Option<u8> {
    octets.get(at).copied()
}

/// The 16-bit number at a place.
pub(super) fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

/// The 32-bit number at a place.
pub(super) fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

/// The 32-bit number at a place, as a size or an offset.
pub(super) fn size_at(octets: &[u8], at: usize) -> Option<usize> {
    u32_at(octets, at).and_then(|number| usize::try_from(number).ok())
}

/// One chunk: a kind, a header and what follows it (`ResChunk_header` of `ResourceTypes.h`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk<'a> {
    /// Its kind.
    pub(super) kind: u16,
    /// The length of its header.
    pub(super) header: usize,
    /// All of it, the header included.
    pub(super) octets: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// The chunk at a place.
    pub(super) fn at(octets: &'a [u8], at: usize) -> Option<Self> {
        let header = usize::from(u16_at(octets, at.checked_add(2)?)?);
        let size = size_at(octets, at.checked_add(4)?)?;
        if header < 8 || size < header {
            return None;
        }
        let octets = octets.get(at..at.checked_add(size)?)?;
        Some(Self { kind: u16_at(octets, 0)?, header, octets })
    }

    /// The chunks inside, behind its header. One that is cut short ends them with `None`.
    pub(super) fn inside(self) -> Chunks<'a> {
        Chunks { octets: self.octets, at: self.header, ended: false }
    }
}

/// The chunks inside a chunk.
pub(super) struct Chunks<'a> {
    octets: &'a [u8],
    at: usize,
    ended: bool,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Option<Chunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended || self.at >= self.octets.len() {
            return None;
        }
        let chunk = Chunk::at(self.octets, self.at);
        match chunk.and_then(|chunk| self.at.checked_add(chunk.octets.len())) {
            Some(next) => self.at = next,
            None => self.ended = true,
        }
        Some(chunk)
    }
}
