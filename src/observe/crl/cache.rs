//! The folder in which CRLs are kept between runs: one file for each URL and each signer, replaced as a whole. Whatever a
//! stranger signs and has fetched from the same URL, nobody else's list goes for it.
//!
//! A file is a line of JSON, then the list as it came. What cannot be read whole counts as not there: it is fetched
//! again. The report does not depend on keeping, so that a failure to keep is no failure of the run.

use std::fs;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::observe::{files, whole_file};
use crate::revocation::SignerId;
use crate::x509::crl::MAX_CRL;
use crate::x509::hexadecimal;

/// The longest first line of a file, in octets.
const MAX_HEAD: usize = 16 << 10;

/// The version of the files.
const VERSION: u32 = 2;

/// How many lists are kept; beyond it, those that were not used for longest go.
const MOST_KEPT: usize = 500;

/// Where CRLs are kept.
#[derive(Clone, Debug)]
pub struct CrlCache {
    folder: Option<PathBuf>,
}

/// A list that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// The server's tag of it.
    pub(super) etag: Option<String>,
    /// The server's date of it.
    pub(super) last_modified: Option<String>,
    /// When it was fetched.
    pub(super) fetched_at: Timestamp,
    /// When the server last said that it is the current one.
    pub(super) seen_at: Timestamp,
    /// The list.
    pub(super) octets: Vec<u8>,
}

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct Head {
    pinstead_crl: u32,
    url: String,
    signer: String,
    etag: Option<String>,
    last_modified: Option<String>,
    fetched_at: Timestamp,
    seen_at: Timestamp,
    sha256: String,
}

impl CrlCache {
    /// That of this user: `pinstead/crls` in the folder for caches.
    pub fn of_user() -> Self {
        let folder = etcetera::choose_base_strategy().ok().map(|strategy| strategy.cache_dir());
        Self { folder: folder.map(|folder| folder.join("pinstead").join("crls")) }
    }

    /// One in a folder.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder: Some(folder) }
    }

    /// One that keeps nothing.
    pub fn none() -> Self {
        Self { folder: None }
    }

    /// What is kept for a URL, signed by this one.
    pub(super) fn read(&self, url: &str, signer: &SignerId) -> Option<Kept> {
        let path = self.path(url, signer)?;
        let limit = u64::try_from(MAX_CRL.checked_add(MAX_HEAD)?).ok()?;
        let file = files::read(path.to_str()?, limit);
        let octets = file.octets().ok()?;
        let line = octets.iter().take(MAX_HEAD).position(|&octet| octet == b'\n')?;
        let (head, list) = octets.split_at_checked(line)?;
        let list = list.split_first()?.1;
        let head: Head = serde_json::from_slice(head).ok()?;
        let is_meant = head.url == url && head.signer == fingerprint(&signer.octets());
        let is_whole = head.pinstead_crl == VERSION && is_meant && head.sha256 == fingerprint(list);
        is_whole.then(|| Kept {
            etag: head.etag,
            last_modified: head.last_modified,
            fetched_at: head.fetched_at,
            seen_at: head.seen_at,
            octets: list.to_vec(),
        })
    }

    /// Keeps a list, whole or not at all.
    pub(super) fn keep(&self, url: &str, signer: &SignerId, kept: &Kept) {
        let Some(path) = self.path(url, signer) else { return };
        let head = Head {
            pinstead_crl: VERSION,
            url: url.to_owned(),
            signer: fingerprint(&signer.octets()),
            etag: kept.etag.clone(),
            last_modified: kept.last_modified.clone(),
            fetched_at: kept.fetched_at,
            seen_at: kept.seen_at,
            sha256: fingerprint(&kept.octets),
        };
        let Ok(mut text) = serde_json::to_vec(&head) else { return };
        text.push(b'\n');
        // Without it the next run asks again, and nothing else changes.
        let _ = whole_file::replace(&path, &[text.as_slice(), &kept.octets]);
        self.make_room();
    }

    fn make_room(&self) {
        let Some(entries) = self.folder.as_ref().and_then(|folder| fs::read_dir(folder).ok()) else { return };
        let mut kept: Vec<_> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        kept.sort();
        let surplus = kept.len().saturating_sub(MOST_KEPT);
        for (_, path) in kept.into_iter().take(surplus) {
            let _ = fs::remove_file(path);
        }
    }

    fn path(&self, url: &str, signer: &SignerId) -> Option<PathBuf> {
        let both = [url.as_bytes(), b"\n", &signer.octets()].concat();
        Some(self.folder.as_ref()?.join(format!("{}.crl", fingerprint(&both))))
    }
}

fn fingerprint(octets: &[u8]) -> String {
    hexadecimal(&Sha256::digest(octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::authority::{CaCertificate, KeyAlgorithm};
    use crate::x509::Certificate;

    fn kept(octets: &[u8]) -> Kept {
        Kept {
            etag: Some("\"1\"".to_owned()),
            last_modified: None,
            fetched_at: Timestamp::UNIX_EPOCH,
            seen_at: Timestamp::UNIX_EPOCH,
            octets: octets.to_vec(),
        }
    }

    fn signer(name: &str) -> SignerId {
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let ca = CaCertificate::root(name, KeyAlgorithm::P256, now).unwrap();
        SignerId::of(&Certificate::read(&ca.der).unwrap())
    }

    #[test]
    fn what_is_kept_comes_back_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CrlCache::in_folder(folder.path().join("deep"));
        let url = "http://crl.example/a.crl";
        let [signer, other] = ["CA", "Other"].map(signer);
        assert_eq!(cache.read(url, &signer), None);
        for octets in [b"first\n\nlist".as_slice(), b"\n2nd", b""] {
            cache.keep(url, &signer, &kept(octets));
            assert_eq!(cache.read(url, &signer), Some(kept(octets)));
        }
        assert_eq!(cache.read("http://crl.example/b.crl", &signer), None);
        assert_eq!(cache.read(url, &other), None, "what another signed is another list");
        cache.keep(url, &signer, &kept(b"a list"));
        let path = cache.path(url, &signer).unwrap();
        let mut damaged = fs::read(&path).unwrap();
        *damaged.last_mut().unwrap() ^= 1;
        fs::write(&path, damaged).unwrap();
        assert_eq!(cache.read(url, &signer), None);
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1, "nothing is left beside it");
        CrlCache::none().keep(url, &signer, &kept(b"x"));
    }
}
