//! How much is kept of what a log gives: it may make up as much as it likes.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use crate::evidence::Bytes;
use crate::watch::batch::{ChainBeside, Why};
use crate::watch::state::Found;

/// The most octets that are kept of a leaf, or of a certificate, in an entry that cannot be read whole.
const MOST_KEPT: usize = 64 << 10;

/// Cuts what is kept of an entry that cannot be read whole. A leaf that was cut begins with words that say so: it must
/// never pass for one that the tree covers.
pub(super) fn cut(found: &mut Found, why: &Why) {
    if !matches!(why, Why::Undetermined { .. }) {
        return;
    }
    cut_down(found);
    if let ChainBeside::Certificates(chain) = &found.chain
        && chain.iter().fold(0_usize, |sum, der| sum.saturating_add(der.len())) > MOST_KEPT
    {
        found.chain = ChainBeside::Unreadable("its chain is too large to be kept".to_owned());
    }
}

/// How many octets of certificates that are larger than [`MOST_KEPT`], and of issuers that were not known, the state keeps
/// whole of a log in an hour.
const MOST_AN_HOUR: (usize, usize) = (64 << 20, 8 << 20);
/// As how many octets an issuer counts at least.
const LEAST_ISSUER: usize = 512;

/// What was kept of a log in this hour.
#[derive(Debug, Default)]
pub(super) struct Kept {
    large: usize,
    issuers: usize,
    known: HashSet<[u8; 32]>,
}

impl Kept {
    /// Cuts what is kept of an entry where the log gave too much in this hour: it is told all the same. Of a chain, the
    /// fingerprints stay.
    pub(super) fn bound(&mut self, found: &mut Found) {
        let parts = [Some(&found.leaf), found.certificate.as_ref(), found.precertificate.as_ref()];
        let large = parts.into_iter().flatten().filter(|octets| is_large(octets));
        let octets = large.fold(0_usize, |sum, octets| sum.saturating_add(octets.len()));
        self.large = self.large.saturating_add(octets);
        if octets > 0 && self.large > MOST_AN_HOUR.0 {
            cut_down(found);
        }
        let ChainBeside::Certificates(chain) = &found.chain else { return };
        let hashes: Vec<[u8; 32]> = chain.iter().map(|der| Sha256::digest(&der.0).into()).collect();
        if self.issuers <= MOST_AN_HOUR.1 {
            for (hash, der) in hashes.iter().zip(chain) {
                if self.known.insert(*hash) {
                    self.issuers = self.issuers.saturating_add(der.len().max(LEAST_ISSUER));
                }
            }
        }
        if self.issuers > MOST_AN_HOUR.1 {
            found.chain = ChainBeside::Fingerprints(hashes);
        }
    }
}

fn is_large(octets: &Bytes) -> bool {
    octets.len() > MOST_KEPT
}

fn cut_down(found: &mut Found) {
    if is_large(&found.leaf) {
        let note = format!("the first {MOST_KEPT} of {} octets: ", found.leaf.len());
        let kept = found.leaf.get(..MOST_KEPT).unwrap_or_default();
        found.leaf = Bytes([note.as_bytes(), kept].concat());
    }
    found.certificate.take_if(|der| is_large(der));
    found.precertificate.take_if(|der| is_large(der));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::log_entry::read_leaf;
    use crate::watch::state::EntryKind;

    fn claiming(certificate: usize, chain: Vec<Bytes>) -> Found {
        Found {
            tbs_sha256: [1; 32],
            kind: EntryKind::X509,
            index: 1,
            timestamp: 1,
            leaf: Bytes(vec![0; certificate]),
            certificate: Some(Bytes(vec![0; certificate])),
            precertificate: None,
            chain: ChainBeside::Certificates(chain),
            claims: vec!["ours.example".parse().unwrap()],
            judged: None,
        }
    }

    #[test]
    fn a_log_makes_the_state_keep_so_much_in_an_hour_and_no_more() {
        let mut kept = Kept::default();
        let mut octets = 0;
        for place in 0..100_u8 {
            let mut found = claiming(1 << 20, vec![Bytes(vec![place; 100_000]), Bytes(vec![0; 3])]);
            kept.bound(&mut found);
            octets += found.leaf.len() + found.certificate.as_ref().map_or(0, |der| der.len());
            if let ChainBeside::Certificates(chain) = &found.chain {
                octets += chain.iter().map(|der| der.len()).sum::<usize>();
            } else {
                assert!(matches!(&found.chain, ChainBeside::Fingerprints(hashes) if hashes.len() == 2));
            }
        }
        // Of those that are too much, 64 KiB each.
        assert!(octets < (64 << 20) + (8 << 20) + 100 * (66 << 10), "{octets}");
        // What is small stays whole; the state keeps fingerprints of a chain in either case.
        let mut small = claiming(2000, Vec::new());
        kept.bound(&mut small);
        assert_eq!((small.leaf.len(), small.certificate.map(|der| der.len())), (2000, Some(2000)));
        let mut kept = Kept::default();
        for _ in 0..10_000 {
            let mut found = claiming(2000, vec![Bytes(vec![1; 2000])]);
            kept.bound(&mut found);
            assert_eq!(found.chain, ChainBeside::Certificates(vec![Bytes(vec![1; 2000])]));
        }
    }

    #[test]
    fn of_what_cannot_be_read_the_beginning_is_kept() {
        let large = || Bytes(vec![0; 3 << 20]);
        let found = |leaf: Bytes| Found {
            tbs_sha256: [1; 32],
            kind: EntryKind::X509,
            index: 1,
            timestamp: 1,
            leaf,
            certificate: Some(large()),
            precertificate: Some(Bytes(vec![1])),
            chain: ChainBeside::Certificates(vec![large()]),
            claims: Vec::new(),
            judged: None,
        };
        // A leaf that can be read, and is cut behind its end.
        let length = [0, 0, 1];
        let leaf = [&[0; 12][..], &length, &[5], &[0, 0]].concat();
        assert!(read_leaf(&leaf).is_ok());
        let why = Why::Undetermined { why: "it has too much behind it".to_owned(), mentions: None };
        let mut cut_down = found(Bytes([leaf, vec![0; 3 << 20]].concat()));
        cut(&mut cut_down, &why);
        assert!(cut_down.leaf.len() < MOST_KEPT + 100 && cut_down.certificate.is_none());
        assert!(read_leaf(&cut_down.leaf).is_err(), "it is no leaf of a tree");
        assert_eq!(cut_down.precertificate, Some(Bytes(vec![1])), "what is small stays");
        assert!(matches!(cut_down.chain, ChainBeside::Unreadable(_)));
        let watched = "ours.example".parse().unwrap();
        let claims = Why::Claims { watched, claimed: "ours.example".to_owned(), is_odd: false };
        let mut whole = found(large());
        cut(&mut whole, &claims);
        assert_eq!(whole, found(large()), "what claims a watched name stays whole");
    }
}
