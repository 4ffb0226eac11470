//! Memory for large bodies, used again and again: to ask the system for it anew costs as much as to fill it.

use std::sync::{Arc, Mutex, PoisonError};

/// How many buffers are kept.
const MOST_KEPT: usize = 16;

/// The largest buffer that is kept, in octets.
const LARGEST_KEPT: usize = 4 << 20;

/// Buffers that are not used at the moment. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// An empty buffer with room for so many octets at least.
    pub(super) fn take(&self, octets: usize) -> Vec<u8> {
        let mut buffer = self.take_used();
        buffer.clear();
        buffer.reserve(octets);
        buffer
    }

    /// A buffer with whatever was in it, for those who write over that.
    pub(super) fn take_used(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Gives a buffer back when nobody reads it any more.
    pub fn give(&self, buffer: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if (1..=LARGEST_KEPT).contains(&buffer.capacity()) && kept.len() < MOST_KEPT {
            kept.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_and_few_are_kept() {
        let buffers = Buffers::default();
        let mut first = buffers.take(1000);
        first.extend_from_slice(b"what was there");
        let place = first.as_ptr();
        buffers.clone().give(first);
        let again = buffers.take(10);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        buffers.give(vec![0; LARGEST_KEPT + 1]);
        assert_eq!(buffers.take(0).capacity(), 0);
        (0..40).for_each(|_| buffers.give(vec![0; 10]));
        assert_eq!(buffers.0.lock().unwrap().len(), MOST_KEPT);
    }
}
