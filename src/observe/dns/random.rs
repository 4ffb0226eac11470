//! Random bits for ids and letter cases, fetched many at a time.

/// The bits at hand, in octets.
const POOL: usize = 1024;

/// A source of random bits that nobody outside can foretell.
#[derive(Debug)]
pub struct Random {
    pool: Box<[u8; POOL]>,
    used: usize,
}

/// The system gives no random bits, so that nothing can be asked safely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

impl Default for Random {
    fn default() -> Self {
        Self { pool: Box::new([0; POOL]), used: POOL }
    }
}

impl Random {
    /// Sixteen bits.
    pub fn two_octets(&mut self) -> Result<u16, NoRandomness> {
        self.octets().map(u16::from_ne_bytes)
    }

    /// Sixty-four bits.
    pub fn eight_octets(&mut self) -> Result<u64, NoRandomness> {
        self.octets().map(u64::from_ne_bytes)
    }

    fn octets<const N: usize>(&mut self) -> Result<[u8; N], NoRandomness> {
        loop {
            // Each octet is given out once.
            if let Some(octets) = self.pool.get(self.used..).and_then(|rest| rest.first_chunk::<N>()) {
                self.used = self.used.saturating_add(N);
                return Ok(*octets);
            }
            getrandom::fill(self.pool.as_mut_slice()).map_err(|_| NoRandomness)?;
            self.used = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nothing_is_given_out_twice() {
        let mut random = Random::default();
        let drawn: HashSet<u64> = (0..10_000).map(|_| random.eight_octets().unwrap()).collect();
        assert_eq!(drawn.len(), 10_000);
        let ids: HashSet<u16> = (0..10_000).map(|_| random.two_octets().unwrap()).collect();
        assert!(ids.len() > 9_000, "{}", ids.len());
    }
}
