//! The entries: which certificate stands where, and in what octets.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use crate::authority::{Authorities, DAY};
use crate::certificate::{Draft, leaf_index, milliseconds};
use crate::der;

/// Of twenty entries, thirteen are precertificates: 65 %. Six certificates follow the precertificate a little later; one
/// has none. Numbers are those of a block's certificates.
const BLOCK: [Slot; 20] = {
    use Slot::{Final, Precertificate};
    [
        Precertificate(0),
        Precertificate(1),
        Precertificate(2),
        Final(0),
        Precertificate(3),
        Precertificate(4),
        Final(2),
        Precertificate(5),
        Precertificate(6),
        Final(13),
        Precertificate(7),
        Final(4),
        Precertificate(8),
        Precertificate(9),
        Final(6),
        Precertificate(10),
        Precertificate(11),
        Final(9),
        Precertificate(12),
        Final(11),
    ]
};

/// How many certificates a block has.
const CERTIFICATES: u64 = 14;

#[derive(Clone, Copy)]
enum Slot {
    Precertificate(u64),
    Final(u64),
}

/// All that entries are made from.
#[derive(Debug)]
pub struct Recipe {
    /// How many entries there are.
    pub entries: u64,
    /// Where chance begins.
    pub seed: u64,
    /// The world's time: all entries are of the days before.
    pub at: Timestamp,
    /// The CAs.
    pub authorities: Authorities,
}

/// One entry, in the forms in which both logs hand it out.
#[derive(Debug)]
pub struct Entry {
    /// Its certificate's number: a precertificate and its certificate have one.
    pub certificate: u64,
    /// The watched domain that it has, by number.
    pub placed: Option<u64>,
    /// Its names.
    pub names: Vec<String>,
    /// The `MerkleTreeLeaf` of the RFC 6962 log.
    pub leaf: Vec<u8>,
    /// What stands beside it in get-entries.
    pub extra_data: Vec<u8>,
    /// The static log's `TimestampedEntry`.
    pub timestamped: Vec<u8>,
    /// What follows it in the `TileLeaf`.
    pub beside: Vec<u8>,
}

impl Recipe {
    /// What a world of this size is made from.
    pub fn new(entries: u64, seed: u64, at: Timestamp) -> Result<Self> {
        Ok(Self { entries, seed, at, authorities: Authorities::new(seed, at)? })
    }

    /// How many certificates there are.
    fn certificates(&self) -> u64 {
        self.entries.div_ceil(BLOCK.len() as u64) * CERTIFICATES
    }

    /// When the entry was logged: over nine days, up to a day ago.
    fn logged(&self, index: u64) -> Timestamp {
        let span = DAY.as_millis() as u64 * 9;
        let offset = span / self.entries.max(1) * index;
        self.at - DAY * 10 + SignedDuration::from_millis(offset as i64)
    }

    /// The entry of this index.
    pub fn entry(&self, index: u64) -> Result<Entry> {
        let (block, place) = (index / BLOCK.len() as u64, (index % BLOCK.len() as u64) as usize);
        let slot = BLOCK[place];
        let (Slot::Precertificate(within) | Slot::Final(within)) = slot;
        let number = block * CERTIFICATES + within;
        // A certificate's dates are those of its block, so that both of a pair have the same.
        let issued = self.logged(block * BLOCK.len() as u64);
        let draft = Draft::new(self.seed, number, self.certificates(), &self.authorities, issued)?;

        let mut content = Vec::new();
        let mut submitted = Vec::new();
        let kind: u16 = match slot {
            Slot::Precertificate(_) => {
                content.extend(draft.issuer.key_hash);
                der::u24_prefixed(&mut content, &draft.logged_tbs());
                der::u24_prefixed(&mut submitted, &draft.precertificate());
                1
            }
            Slot::Final(_) => {
                der::u24_prefixed(&mut content, &draft.certificate());
                0
            }
        };
        let timestamped = |at: Timestamp, extensions: &[u8]| {
            let mut out = milliseconds(at).to_be_bytes().to_vec();
            out.extend(kind.to_be_bytes());
            out.extend_from_slice(&content);
            der::u16_prefixed(&mut out, extensions);
            out
        };
        let logged = self.logged(index);
        let mut leaf = vec![0, 0];
        leaf.extend(timestamped(logged, &[]));
        // The static log was given it a moment later.
        let later = timestamped(logged + SignedDuration::from_millis(137), &leaf_index(index));
        let mut extra_data = submitted.clone();
        der::u24_prefixed(&mut extra_data, &draft.issuer.chain);
        let mut beside = submitted;
        der::u16_prefixed(&mut beside, &draft.issuer.fingerprints);
        Ok(Entry {
            certificate: number,
            placed: draft.placed,
            names: draft.names,
            leaf,
            extra_data,
            timestamped: later,
            beside,
        })
    }
}
