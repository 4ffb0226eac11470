//! Unpacking a whole body at once: much less work than piece by piece.
//!
//! What is one gzip stream of a length that it states is unpacked in one step by libdeflate; anything else, and whatever
//! is wrong, is left to zlib, step by step.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::Decompressor;
use memchr::memmem;

/// Why a body could not be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GunzipError {
    /// It is not gzip, or damaged.
    #[error("it is not what gzip makes")]
    Damaged,
    /// It ends too early.
    #[error("it ends within what gzip made")]
    Truncated,
    /// Unpacked, it is longer than what is read.
    #[error("it has more than {0} octets")]
    TooLarge(usize),
}

/// The window that every gzip stream may use, as a power of two.
const WINDOW: u8 = 15;

/// How many times as long as it is a body may become in one step. What is packed better takes more steps.
const FIRST_GUESS: usize = 4;

/// How many times as long as it is a body may state to become and be believed at once.
const BELIEVED: usize = 64;

/// With what a plain member of a gzip stream begins: its two identifying octets, deflate, and no flags (RFC 1952 section
/// 2.3.1). The fields that flags announce, a check of the header among them, are left to zlib.
const PLAIN_MEMBER: &[u8] = &[0x1f, 0x8b, 8, 0];

/// Unpacks a gzip stream (RFC 1952) of at most `most` octets. Further members are read like the first; what follows them
/// and is none is refused.
pub fn gunzip(packed: &[u8], most: usize) -> Result<Vec<u8>, GunzipError> {
    let mut out = Vec::new();
    gunzip_into(packed, most, &mut out)?;
    Ok(out)
}

/// The same into memory that is already there, whatever was in it.
pub(super) fn gunzip_into(packed: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), GunzipError> {
    // Its last four octets say how long it is; whoever lies there gains nothing but another step.
    let stated = packed.last_chunk().map_or(0, |end| u32::from_le_bytes(*end));
    let stated = usize::try_from(stated).unwrap_or(usize::MAX);
    let believed = packed.len().saturating_mul(BELIEVED);
    if stated <= most.min(believed) && gunzip_at_once(packed, stated, out) {
        return Ok(());
    }
    out.clear();
    let likely = packed.len().saturating_mul(FIRST_GUESS).max(stated.min(believed));
    // One octet more than there may be shows that there are more.
    let limit = most.saturating_add(1);
    out.reserve(likely.saturating_add(1).min(limit));
    let mut rest = packed;
    loop {
        let mut stream = Decompress::new_gzip(WINDOW);
        loop {
            let (taken, made) = (stream.total_in(), stream.total_out());
            let status = stream
                .decompress_vec(rest, out, FlushDecompress::Finish)
                .map_err(|_| GunzipError::Damaged)?;
            let taken = usize::try_from(stream.total_in().saturating_sub(taken)).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            if out.len() > most {
                return Err(GunzipError::TooLarge(most));
            }
            if status == Status::StreamEnd {
                break;
            }
            if out.len() == out.capacity() {
                out.reserve_exact(out.len().max(1024).min(limit.saturating_sub(out.len())));
            } else if stream.total_out() == made && taken == 0 {
                return Err(if rest.is_empty() { GunzipError::Truncated } else { GunzipError::Damaged });
            }
        }
        if rest.is_empty() {
            return Ok(());
        }
        if !rest.starts_with(&[0x1f, 0x8b]) {
            return Err(GunzipError::Damaged);
        }
        if out.len() == out.capacity() {
            out.reserve_exact(out.len().max(1024).min(limit.saturating_sub(out.len())));
        }
    }
}

/// Unpacks what is a single member of this length from its first octet to its last; says whether it was.
fn gunzip_at_once(packed: &[u8], length: usize, out: &mut Vec<u8>) -> bool {
    let Some(check) = packed.last_chunk::<8>().filter(|_| packed.starts_with(PLAIN_MEMBER)) else {
        return false;
    };
    // What was there before is written over: zeros are put only behind it.
    out.resize(length, 0);
    // libdeflate does not say where the member ends: with the check of what came out, which must stand at the very end and
    // nowhere before.
    Decompressor::new().gzip_decompress(packed, out) == Ok(length)
        && check.starts_with(&libdeflater::crc32(out).to_le_bytes())
        && memmem::find(packed, check) == packed.len().checked_sub(check.len())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn pack(octets: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(octets).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_out() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        for octets in [&[][..], b"a", &text, &vec![7; 1 << 20]] {
            assert_eq!(gunzip(&pack(octets), octets.len()).as_deref(), Ok(octets));
            if let Some(less) = octets.len().checked_sub(1) {
                assert_eq!(gunzip(&pack(octets), less), Err(GunzipError::TooLarge(less)));
            }
        }
        // Made by gzip 1.12 with `printf 'known\n' | gzip -n9`.
        let known = [
            0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xcb, 0xce, 0xcb, 0x2f, 0xcf, 0xe3, 2, 0, 0xa1, 0xa1, 0xa3,
            0xdc, 6, 0, 0, 0,
        ];
        assert_eq!(gunzip(&known, 6).as_deref(), Ok(&b"known\n"[..]));
    }

    #[test]
    fn members_follow_one_another() {
        let two = [pack(b"one "), pack(b"two")].concat();
        assert_eq!(gunzip(&two, 100).as_deref(), Ok(&b"one two"[..]));
        assert_eq!(gunzip(&[two, vec![0]].concat(), 100), Err(GunzipError::Damaged));
        let alike = [pack(b"once "), pack(b"once ")].concat();
        assert_eq!(gunzip(&alike, 100).as_deref(), Ok(&b"once once "[..]));
        // Found by fuzzing: what follows a member ends in the same check.
        let known = pack(b"one");
        let end = &known[known.len() - 8..];
        assert_eq!(gunzip(&[&known, end].concat(), 100), Err(GunzipError::Damaged));
        // One within another's octets is content, and not a member.
        let within: Vec<u8> = [pack(b"inner"), (0..=255).collect()].concat();
        let mut stored = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        stored.write_all(&within).unwrap();
        assert_eq!(gunzip(&stored.finish().unwrap(), 1000).as_deref(), Ok(&within[..]));
    }

    #[test]
    fn a_header_is_held_to_its_own_check() {
        // Found by fuzzing: RFC 1952 section 2.3.1 (FHCRC). The check is the low half of the header's CRC-32.
        let mut member = pack(b"known");
        member[3] = 2;
        let check = libdeflater::crc32(&member[..10]).to_le_bytes();
        member.splice(10..10, check[..2].iter().copied());
        assert_eq!(gunzip(&member, 100).as_deref(), Ok(&b"known"[..]));
        member[10] ^= 1;
        assert_eq!(gunzip(&member, 100), Err(GunzipError::Damaged));
    }

    #[test]
    fn what_was_there_before_is_not_left_behind() {
        let mut out = vec![9; 5000];
        gunzip_into(&pack(&[5; 3000]), 5000, &mut out).unwrap();
        assert_eq!(out, [5; 3000]);
        let other = [pack(b"one "), pack(b"two")].concat();
        gunzip_into(&other, 5000, &mut out).unwrap();
        assert_eq!(out, b"one two");
    }

    #[test]
    fn what_is_broken_is_refused() {
        let good = pack(&[5; 3000]);
        for end in 0..good.len() {
            assert_eq!(gunzip(&good[..end], 5000), Err(GunzipError::Truncated), "{end}");
        }
        let mut other = good.clone();
        *other.last_mut().unwrap() ^= 1;
        assert_eq!(gunzip(&other, 5000), Err(GunzipError::Damaged));
        assert_eq!(gunzip(b"plain text", 5000), Err(GunzipError::Damaged));
    }
}
