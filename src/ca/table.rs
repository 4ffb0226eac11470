//! The tables compiled in by `build.rs` from `data/ca-*.tsv`.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::{
    CaKey, CaRole, CaaIdentifier, IdentifierSource, OwnerSource, RetiredIdentifier, RetirementKind, nearest,
    owner_key, same_owner,
};
use crate::x509::SpkiSha256;

// SPKIS: the hashes of all keys, 32 octets each, sorted. KEYS: what is known of each, in the same order.
// SKIS and NAMES: subject key identifiers, and the first 8 octets of SHA-256 over a subject Name; sorted, each
// beside the position of its key. STRINGS: every text; IDENTIFIERS: identifiers, sorted, with their owners; SETS:
// sets of identifiers, by position; OWNER_KEYS: the owners' names as `owner_key` reduces them, sorted; RETIRED: what
// ended which CAs, by identifier, sorted; CONTACTS: where owners take problem reports, by their names as `owner_key`
// reduces them, sorted.
include!(concat!(env!("OUT_DIR"), "/ca_tables.rs"));

/// What is known of one key; texts and sets by position.
struct KeyEntry {
    owner: u16,
    owner_source: OwnerSource,
    subject: u16,
    not_after: u16,
    role: CaRole,
    by_subject: u16,
    by_root: u16,
}

/// The position of an absent owner.
const NO_OWNER: u16 = u16::MAX;

/// How many texts are remembered with the identifier nearest to them, and how long they are at most.
const MOST_FOUND: usize = 4096;
const LONGEST_FOUND: usize = 256;

/// The tables of CAs compiled in.
#[derive(Clone, Copy, Debug, Default)]
pub struct CaTable;

impl CaTable {
    /// The keys of CA certificates with this subject key identifier: what a leaf names as its authority key
    /// identifier (RFC 5280 section 4.2.1.1). Nothing makes identifiers unique: there may be several.
    pub fn keys_by_ski(&self, ski: &[u8]) -> impl Iterator<Item = SpkiSha256> + use<> {
        let start = SKIS.partition_point(|(candidate, _)| *candidate < ski);
        let end = SKIS.partition_point(|(candidate, _)| *candidate <= ski);
        keys_at(SKIS.get(start..end).unwrap_or_default())
    }

    /// The keys of CA certificates with this subject, given as the DER of the Name.
    pub fn keys_by_subject(&self, name_der: &[u8]) -> impl Iterator<Item = SpkiSha256> + use<> {
        let digest: [u8; 32] = Sha256::digest(name_der).into();
        let hash = digest.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets));
        let start = NAMES.partition_point(|(candidate, _)| *candidate < hash);
        let end = NAMES.partition_point(|(candidate, _)| *candidate <= hash);
        keys_at(NAMES.get(start..end).unwrap_or_default())
    }

    /// What is known of a key.
    pub fn key(&self, spki: &SpkiSha256) -> Option<CaKey> {
        let index = spkis().binary_search(&spki.0).ok()?;
        let entry = KEYS.get(index)?;
        let of_set = |set: u16, by| identifier_set(set).map(move |domain| CaaIdentifier { domain, by });
        let mut identifiers: Vec<CaaIdentifier> = of_set(entry.by_subject, IdentifierSource::Subject)
            .chain(of_set(entry.by_root, IdentifierSource::Root))
            .collect();
        identifiers.sort_unstable();
        Some(CaKey {
            spki_sha256: *spki,
            owner: (entry.owner != NO_OWNER).then(|| string(entry.owner)),
            owner_source: entry.owner_source,
            subject: string(entry.subject),
            role: entry.role,
            not_after: string(entry.not_after),
            identifiers,
        })
    }

    /// Every owner that recognises a CAA identifier, by any source; none for an unknown one.
    pub fn owner_of_identifier(&self, identifier: &str) -> impl Iterator<Item = &'static str> {
        let wanted = identifier.to_ascii_lowercase();
        let found = IDENTIFIERS.binary_search_by(|(domain, _)| (*domain).cmp(wanted.as_str()));
        let owners = found.ok().and_then(|index| IDENTIFIERS.get(index)).map(|(_, owners)| *owners);
        owners.unwrap_or_default().iter().copied()
    }

    /// Whether some CA is known by this CAA identifier.
    pub fn is_known_identifier(&self, identifier: &str) -> bool {
        let wanted = identifier.to_ascii_lowercase();
        IDENTIFIERS.binary_search_by(|(domain, _)| (*domain).cmp(wanted.as_str())).is_ok()
    }

    /// What ended the CA of this identifier, if anything did.
    pub fn retirement(&self, identifier: &str) -> Option<&'static RetiredIdentifier> {
        let wanted = identifier.to_ascii_lowercase();
        let found = RETIRED.binary_search_by(|retired| retired.identifier.cmp(wanted.as_str()));
        found.ok().and_then(|index| RETIRED.get(index))
    }

    /// The identifier that was probably meant by a text that is none.
    pub fn nearest_identifier(&self, text: &str) -> Option<&'static str> {
        static FOUND: Mutex<BTreeMap<String, Option<&'static str>>> = Mutex::new(BTreeMap::new());
        let found = || FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(nearest) = found().get(text) {
            return *nearest;
        }
        let nearest = nearest::nearest(text, self.is_known_owner(text), &IDENTIFIERS);
        let mut found = found();
        // One text stands in many zones of a bulk run, and looking costs much; new ones are looked for each time then.
        if found.len() < MOST_FOUND && text.len() < LONGEST_FOUND {
            found.insert(text.to_owned(), nearest);
        }
        nearest
    }

    /// Where the CAs of an owner take problem reports, where the table has it.
    pub fn problem_reporting(&self, owner: &str) -> Option<&'static str> {
        contact_of(&CONTACTS, owner)
    }

    /// Whether this is the name of a known owner, however it is punctuated.
    pub fn is_known_owner(&self, name: &str) -> bool {
        OWNER_KEYS.binary_search(&owner_key(name).as_str()).is_ok()
    }

    /// Every identifier, sorted.
    pub fn identifiers(&self) -> impl Iterator<Item = &'static str> {
        IDENTIFIERS.iter().map(|(domain, _)| *domain)
    }

    /// Every identifier that an owner recognises, by any source.
    pub fn identifiers_of_owner(&self, owner: &str) -> impl Iterator<Item = &'static str> {
        IDENTIFIERS
            .iter()
            .filter(move |(_, owners)| owners.iter().any(|candidate| same_owner(candidate, owner)))
            .map(|(domain, _)| *domain)
    }

    /// Every key, sorted.
    pub fn keys(&self) -> impl Iterator<Item = SpkiSha256> + use<> {
        spkis().iter().copied().map(SpkiSha256)
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        KEYS.len()
    }

    /// Whether the table has no keys.
    pub fn is_empty(&self) -> bool {
        KEYS.is_empty()
    }
}

/// The contact of an owner among those of a table.
fn contact_of<'t>(contacts: &[(&str, &'t str)], owner: &str) -> Option<&'t str> {
    let wanted = owner_key(owner);
    let found = contacts.binary_search_by(|(known, _)| (*known).cmp(wanted.as_str())).ok()?;
    contacts.get(found).map(|(_, contact)| *contact)
}

fn spkis() -> &'static [[u8; 32]] {
    SPKIS.as_chunks().0
}

/// The key at a position.
pub(super) fn key_at(position: u16) -> Option<SpkiSha256> {
    spkis().get(usize::from(position)).copied().map(SpkiSha256)
}

/// The subject of the key at a position.
pub(super) fn name_at(position: u16) -> &'static str {
    KEYS.get(usize::from(position)).map_or("", |entry| string(entry.subject))
}

/// The position of a key.
pub(super) fn position_of(key: &SpkiSha256) -> Option<u16> {
    spkis().binary_search(&key.0).ok()?.try_into().ok()
}

/// The keys of some entries of an index.
fn keys_at<K>(entries: &'static [(K, u16)]) -> impl Iterator<Item = SpkiSha256> + use<K> {
    entries.iter().filter_map(|(_, key)| spkis().get(usize::from(*key)).copied().map(SpkiSha256))
}

fn string(position: u16) -> &'static str {
    STRINGS.get(usize::from(position)).copied().unwrap_or_default()
}

fn identifier_set(position: u16) -> impl Iterator<Item = &'static str> {
    let set = SETS.get(usize::from(position)).copied().unwrap_or_default();
    set.iter().filter_map(|index| IDENTIFIERS.get(usize::from(*index)).map(|(domain, _)| *domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_found_however_the_owner_is_spelled() {
        let contacts = [("digicert", "revoke@digicert.example"), ("sectigo", "report@sectigo.example")];
        assert_eq!(contact_of(&contacts, "DigiCert, Inc."), Some("revoke@digicert.example"));
        assert_eq!(contact_of(&contacts, "Sectigo"), Some("report@sectigo.example"));
        assert_eq!(contact_of(&contacts, "Somebody"), None);
        // Each stands there once, sorted: the search rests on it.
        assert!(CONTACTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
