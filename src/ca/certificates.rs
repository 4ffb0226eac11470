//! The certificates of known CAs, and the values that people take for the pins of their keys by mistake.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::Timestamp;

use super::CaTable;
use super::columns::with_values;
use super::table::{key_at, name_at, position_of};
use crate::x509::miscomputed::{KeyHeader, Miscomputed};
use crate::x509::paths::{CertificateKind, KnownCertificate};
use crate::x509::{CertificateSha256, SpkiSha256};

// NEAR_MISSES: records of 9 octets, sorted: the first 6 of a value, the position of the key it was made from, and
// the place in MISCOMPUTED of what it is. CERTIFICATES: sorted by the position of their keys.
include!(concat!(env!("OUT_DIR"), "/ca_certificates.rs"));

/// One certificate; keys by position.
struct CertificateEntry {
    sha256: [u8; 32],
    key: u16,
    subject: [u8; 6],
    issuer: [u8; 6],
    issuer_keys: &'static [u16],
    kind: CertificateKind,
    not_before: i64,
    not_after: i64,
}

macro_rules! kinds_of {
    ($($column:literal => $kind:expr,)*) => { [$($kind),*] };
}

/// What the last octet of a record stands for.
pub(crate) const MISCOMPUTED: [Miscomputed; 18] = with_values!(kinds_of);

impl CaTable {
    /// The certificates of a key.
    pub fn certificates(&self, key: &SpkiSha256) -> impl Iterator<Item = KnownCertificate> + use<> {
        let position = position_of(key);
        let (start, end) = position.map_or((0, 0), |position| {
            let start = CERTIFICATES.partition_point(|entry| entry.key < position);
            (start, CERTIFICATES.partition_point(|entry| entry.key <= position))
        });
        CERTIFICATES.get(start..end).unwrap_or_default().iter().filter_map(known)
    }

    /// What a hash is of a known key, if it is not the pin of one: told by its first 6 octets. A value of another
    /// length than that of its kind is none.
    pub fn near_miss(&self, hash: &[u8]) -> Option<(Miscomputed, SpkiSha256)> {
        let wanted: &[u8; 6] = hash.first_chunk()?;
        let records = NEAR_MISSES.as_chunks::<9>().0;
        let start = records.partition_point(|[a, b, c, d, e, f, ..]| [*a, *b, *c, *d, *e, *f] < *wanted);
        records
            .get(start..)?
            .iter()
            .take_while(|[a, b, c, d, e, f, ..]| [*a, *b, *c, *d, *e, *f] == *wanted)
            .find_map(|[.., high, low, kind]| {
                let kind = *MISCOMPUTED.get(usize::from(*kind))?;
                let key = key_at(u16::from_be_bytes([*high, *low]))?;
                (kind.hash_length() == hash.len()).then_some((kind, key))
            })
    }
}

fn known(entry: &CertificateEntry) -> Option<KnownCertificate> {
    Some(KnownCertificate {
        sha256: CertificateSha256(entry.sha256),
        key: key_at(entry.key)?,
        name: name_at(entry.key).to_owned(),
        subject: entry.subject,
        issuer: entry.issuer,
        issuer_keys: entry.issuer_keys.iter().filter_map(|key| key_at(*key)).collect(),
        kind: entry.kind,
        not_before: Timestamp::from_second(entry.not_before).ok()?,
        not_after: Timestamp::from_second(entry.not_after).ok()?,
    })
}
