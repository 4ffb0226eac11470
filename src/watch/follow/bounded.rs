//! How much is kept of what cannot be read: a log may make up as much of it as it likes.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

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
    let is_large = |octets: &Bytes| octets.len() > MOST_KEPT;
    if is_large(&found.leaf) {
        let note = format!("the first {MOST_KEPT} of {} octets: ", found.leaf.len());
        let kept = found.leaf.get(..MOST_KEPT).unwrap_or_default();
        found.leaf = Bytes([note.as_bytes(), kept].concat());
    }
    found.certificate.take_if(|der| is_large(der));
    found.precertificate.take_if(|der| is_large(der));
    if let ChainBeside::Certificates(chain) = &found.chain
        && chain.iter().fold(0_usize, |sum, der| sum.saturating_add(der.len())) > MOST_KEPT
    {
        found.chain = ChainBeside::Unreadable("its chain is too large to be kept".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::log_entry::read_leaf;
    use crate::watch::state::EntryKind;

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
