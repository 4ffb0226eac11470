//! Unpacking a whole body at once: much less work than piece by piece.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use flate2::{Decompress, FlushDecompress, Status};

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

/// Unpacks a gzip stream (RFC 1952) of at most `most` octets. Further members are read like the first; what follows them
/// and is none is refused.
pub fn gunzip(packed: &[u8], most: usize) -> Result<Vec<u8>, GunzipError> {
    // Its last four octets say how long it is; whoever lies there gains nothing but another step.
    let stated = packed.last_chunk().map_or(0, |end| u32::from_le_bytes(*end));
    let stated = usize::try_from(stated).unwrap_or(usize::MAX);
    let likely = packed.len().saturating_mul(FIRST_GUESS).max(stated.min(packed.len().saturating_mul(64)));
    // One octet more than there may be shows that there are more.
    let limit = most.saturating_add(1);
    let mut out = Vec::with_capacity(likely.saturating_add(1).min(limit));
    let mut rest = packed;
    loop {
        let mut stream = Decompress::new_gzip(WINDOW);
        loop {
            let (taken, made) = (stream.total_in(), stream.total_out());
            let status = stream
                .decompress_vec(rest, &mut out, FlushDecompress::Finish)
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
            return Ok(out);
        }
        if !rest.starts_with(&[0x1f, 0x8b]) {
            return Err(GunzipError::Damaged);
        }
        if out.len() == out.capacity() {
            out.reserve_exact(out.len().max(1024).min(limit.saturating_sub(out.len())));
        }
    }
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
