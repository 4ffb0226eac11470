//! Logs of RFC 6962: they are asked, and prove what they say.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::pages::Pages;
use super::place::{Search, subtrees_before, timestamp_of_leaf};
use super::source::{Said, Source, breach, gone, refusal, too_large_entries};
use super::{Answer, Breach, LogReader, ReadError, order, verified};
use crate::ct::inclusion::answers;
use crate::ct::log_key::LogKey;
use crate::ct::merkle::{ProofError, TreeBuilder, TreeHash, leaf_hash, verify_consistency, verify_inclusion};
use crate::ct::tree_head::{MAX_TREE_HEAD, TreeHead};
use crate::evidence::Bytes;
use crate::observe::http::HttpRequest;
use crate::watch::state::Head;

/// The most octets of a proof.
const MAX_PROOF: usize = 64 << 10;

/// The most octets of an answer with entries. Where it is too little for what was asked, less is asked.
const MAX_ENTRIES: usize = 16 << 20;

/// The most octets of one entry alone: its certificate and its chain have 16 million octets each at most, and no log
/// takes nearly as much.
const MAX_ENTRY: usize = 48 << 20;

/// An RFC 6962 log.
#[derive(Debug)]
pub struct Rfc6962 {
    source: Source,
    key: LogKey,
    pages: Mutex<Pages>,
}

impl Rfc6962 {
    pub(super) fn new(source: Source, key: LogKey) -> Self {
        Self { source, key, pages: Mutex::default() }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The leaf of one entry, as octets.
    async fn leaf(&self, index: u64) -> Result<Vec<u8>, ReadError> {
        let path = entries_path(index, index);
        let body = self.source.body(&path, MAX_ENTRY).await?;
        let refused = |what: &str| breach(Breach::Form, what.to_owned(), self.source.url(&path), &body);
        let entries =
            crate::ct::log_entry::read_get_entries(&body).map_err(|error| refused(&error.to_string()))?;
        let first = entries.first().ok_or_else(|| refused("it has no entry"))?;
        STANDARD.decode(&first.leaf_input).map_err(|_| refused("its leaf is not base64"))
    }

    fn timestamp(&self, index: u64, leaf: &[u8]) -> Result<u64, ReadError> {
        timestamp_of_leaf(leaf).ok_or_else(|| {
            let url = self.source.url(&entries_path(index, index));
            breach(Breach::Form, "the leaf has no timestamp".to_owned(), url, leaf)
        })
    }

    /// Proves that the leaf of this hash stands at `index` in the tree of `head`.
    async fn prove_inclusion(&self, head: &Head, index: u64, leaf: TreeHash) -> Result<(), ReadError> {
        let (path, url) = if head.size == 1 {
            (Vec::new(), self.source.url("ct/v1/get-sth"))
        } else {
            self.audit_path(leaf, index, head.size).await?
        };
        verify_inclusion(leaf, index, head.size, &path, head.root).map_err(|error| {
            let what =
                format!("what it gave for entry {index} is not shown to be the entry in its tree: {error}");
            breach(Breach::Proof, what, url, &path.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>())
        })
    }

    /// The audit path of the entry at `index`, whose leaf has this hash.
    async fn audit_path(
        &self,
        leaf: TreeHash,
        index: u64,
        size: u64,
    ) -> Result<(Vec<TreeHash>, String), ReadError> {
        let hash = STANDARD.encode(leaf.0).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let path = format!("ct/v1/get-proof-by-hash?hash={hash}&tree_size={size}");
        let by_hash = self.source.body(&path, MAX_PROOF).await.and_then(|body| {
            let proof = answers::proof_by_hash(&body);
            proof.map_err(|why| breach(Breach::Form, why, self.source.url(&path), &body))
        });
        let refused = match by_hash {
            Ok(proof) if proof.index == index => return Ok((proof.path, self.source.url(&path))),
            // The same leaf may stand in two places.
            Ok(_) => None,
            Err(error) => Some(error),
        };
        let path = format!("ct/v1/get-entry-and-proof?leaf_index={index}&tree_size={size}");
        let both =
            self.source.body(&path, MAX_ENTRY).await.map_err(|error| refused.clone().unwrap_or(error))?;
        match answers::entry_and_proof(&both) {
            Ok(both) => Ok((both.path.unwrap_or_default(), self.source.url(&path))),
            Err(why) => {
                Err(refused.unwrap_or_else(|| breach(Breach::Form, why, self.source.url(&path), &both)))
            }
        }
    }
}

fn entries_path(start: u64, last: u64) -> String {
    format!("ct/v1/get-entries?start={start}&end={last}")
}

impl LogReader for Rfc6962 {
    async fn head(&self) -> Result<Head, ReadError> {
        let path = "ct/v1/get-sth";
        let body = self.source.body(path, MAX_TREE_HEAD).await?;
        let url = || self.source.url(path);
        let head = TreeHead::from_json(&body)
            .map_err(|error| breach(Breach::Form, error.to_string(), url(), &body))?;
        verified(&head, &self.key, url(), body)
    }

    async fn prove_consistency(&self, older: &Head, newer: &Head) -> Result<(), ReadError> {
        let Some((early, late)) = order(older, newer, || self.source.url("ct/v1/get-sth"))? else {
            return Ok(());
        };
        let path = format!("ct/v1/get-sth-consistency?first={}&second={}", early.size, late.size);
        let body = self.source.body(&path, MAX_PROOF).await?;
        let broken = |kind, why: String| Err(breach(kind, why, self.source.url(&path), &body));
        let proof = match answers::consistency(&body) {
            Ok(proof) => proof,
            Err(why) => return broken(Breach::Form, why),
        };
        match verify_consistency(early.size, early.root, late.size, late.root, &proof) {
            Ok(()) => Ok(()),
            Err(error @ ProofError::OtherHistory { .. }) => broken(Breach::Split, error.to_string()),
            Err(error) => broken(Breach::Proof, error.to_string()),
        }
    }

    async fn tree_before(&self, head: &Head, size: u64) -> Result<TreeBuilder, ReadError> {
        let Some(last) = size.checked_sub(1) else { return Ok(TreeBuilder::default()) };
        if size > head.size {
            return Err(super::beyond(size, head));
        }
        let leaf = leaf_hash(&self.leaf(last).await?);
        let (path, url) = if head.size == 1 {
            (Vec::new(), self.source.url("ct/v1/get-sth"))
        } else {
            self.audit_path(leaf, last, head.size).await?
        };
        subtrees_before(leaf, last, head, &path).map_err(|why| {
            breach(Breach::Proof, why, url, &path.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>())
        })
    }

    async fn leaf_at(&self, index: u64, _size: u64) -> Result<(u64, TreeHash), ReadError> {
        let leaf = self.leaf(index).await?;
        Ok((self.timestamp(index, &leaf)?, leaf_hash(&leaf)))
    }

    async fn first_at(&self, head: &Head, time: Timestamp) -> Result<u64, ReadError> {
        let mut search = Search::new(head.size, time);
        while let Some(index) = search.wanted() {
            let leaf = self.leaf(index).await?;
            self.prove_inclusion(head, index, leaf_hash(&leaf)).await?;
            search.saw(self.timestamp(index, &leaf)?);
        }
        Ok(search.place())
    }

    fn expected_end(&self, start: u64, stop: u64, size: u64) -> Option<u64> {
        self.pages().expected(start, stop.min(size))
    }

    async fn entries(&self, start: u64, stop: u64, size: u64) -> Result<Answer, ReadError> {
        loop {
            let end = self.pages().stop(start, stop.min(size));
            let asked = end.saturating_sub(start);
            let Some(last) = end.checked_sub(1).filter(|_| asked > 0) else {
                return Err(super::nothing(start, stop, size));
            };
            let path = entries_path(start, last);
            let url = self.source.url(&path);
            let most = if asked == 1 { MAX_ENTRY } else { MAX_ENTRIES };
            // JSON of certificates packs to half, and unpacking costs more than all else that is done with it.
            let octets = match self.source.ask(HttpRequest::new(&url, most).plain()).await? {
                Said::Body(octets) => octets,
                Said::TooLarge if asked > 1 => {
                    self.pages().refused(asked);
                    continue;
                }
                Said::TooLarge => return Err(too_large_entries(url, most, start, start)),
                Said::Gone(response) => return Err(gone(&url, &response)),
                // The tree has these entries: a part of the log does not know that yet, or they are too many.
                Said::Wrong(response) => {
                    if !knows_less(&response.body) {
                        self.pages().refused(asked);
                    }
                    return Err(ReadError::Passing {
                        why: format!("{url}: {}", refusal(&response)),
                        pause: None,
                    });
                }
            };
            let answer = match Answer::read_get_entries(start, end, octets) {
                Ok(answer) => answer,
                Err((why, octets)) => return Err(breach(Breach::Form, why, url, &octets)),
            };
            self.pages().took(asked, answer.end().saturating_sub(start));
            return Ok(answer.given_back(self.source.buffers()));
        }
    }

    async fn issuer(&self, _sha256: &[u8; 32]) -> Result<Bytes, ReadError> {
        Err(ReadError::Unusable(
            "an RFC 6962 log has its issuers beside the entries, and nowhere else".to_owned(),
        ))
    }
}

/// Whether a refusal says that the back-end's tree is smaller than the log's head.
fn knows_less(said: &[u8]) -> bool {
    String::from_utf8_lossy(said).to_ascii_lowercase().contains("tree size")
}
