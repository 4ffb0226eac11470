//! Chance that can be repeated: the same seed, purpose and number give the same octets on every machine.

/// What a number is drawn for; each purpose has its own chance.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub enum Purpose {
    /// A CA's key and certificate.
    Authority = 1,
    /// What both the precertificate and the certificate have.
    Certificate = 2,
    /// The precertificate's signature.
    Precertificate = 3,
    /// The final certificate's SCTs and signature.
    Final = 4,
    /// A watched domain.
    Watched = 5,
    /// A log's key.
    Log = 6,
}

/// A source of repeatable chance (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The chance of this seed for this purpose and number.
    pub fn new(seed: u64, purpose: Purpose, number: u64) -> Self {
        let mut dice = Self(seed);
        let first = dice.next() ^ purpose as u64;
        let mut dice = Self(first);
        let second = dice.next() ^ number;
        Self(second)
    }

    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// One of these.
    pub fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }

    /// Octets.
    pub fn octets<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        for chunk in octets.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes()[..chunk.len()]);
        }
        octets
    }
}
