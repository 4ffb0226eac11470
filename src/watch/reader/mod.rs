//! Reading a log: its tree heads, its proofs, its entries.
//!
//! Both kinds of log are read through one seam, [`LogReader`]. What a log says of itself (tree heads, proofs, issuers) is
//! verified before it is given. Entries are given as they came: whether they are the log's shows when they are hashed
//! and compared with a verified root.

pub mod ahead;
mod answer;
mod pages;
mod place;
mod rfc6962;
mod source;
mod static_ct;

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

pub use self::answer::Answer;
pub use self::rfc6962::Rfc6962;
use self::source::{Source, breach};
pub use self::static_ct::StaticCt;
use crate::ct::log_id::LogId;
use crate::ct::log_key::LogKey;
use crate::ct::merkle::{TreeBuilder, TreeHash};
use crate::ct::tree_head::TreeHead;
use crate::evidence::Bytes;
use crate::observe::http::HttpClient;
use crate::watch::state::{Head, LogKind};

/// A log as it is read.
///
/// Every method may be called by many at the same time; the log is asked no faster for it.
pub trait LogReader: Send + Sync + 'static {
    /// The newest tree head, its signature verified with the log's key.
    fn head(&self) -> impl Future<Output = Result<Head, ReadError>> + Send;

    /// Proves that the tree of `newer` continues that of `older`.
    fn prove_consistency(
        &self,
        older: &Head,
        newer: &Head,
    ) -> impl Future<Output = Result<(), ReadError>> + Send;

    /// The complete subtrees of the first `size` entries of `head`'s tree, proven against its root.
    fn tree_before(
        &self,
        head: &Head,
        size: u64,
    ) -> impl Future<Output = Result<TreeBuilder, ReadError>> + Send;

    /// What the log gives as the entry at `index` of a tree of `size`: its timestamp, and its leaf's hash. Nothing proves
    /// either before the hash is found in a tree.
    fn leaf_at(
        &self,
        index: u64,
        size: u64,
    ) -> impl Future<Output = Result<(u64, TreeHash), ReadError>> + Send;

    /// The hashes of the leaves of the tile with the entry at `index`, in a tree of `size`: for a tile that cannot be read.
    /// Only static logs have them beside it.
    fn leaf_hashes(
        &self,
        _index: u64,
        _size: u64,
    ) -> impl Future<Output = Result<Vec<TreeHash>, ReadError>> + Send {
        std::future::ready(Err(ReadError::Unusable("the log has no tiles".to_owned())))
    }

    /// The first entry logged at or after `time`, by the timestamps of the entries that are looked at, each proven to stand
    /// in the tree; the tree's size where none of them is. Logs keep these in order but for some hours; nothing proves
    /// that of the entries between.
    fn first_at(&self, head: &Head, time: Timestamp) -> impl Future<Output = Result<u64, ReadError>> + Send;

    /// Where one answer to `entries` is likely to end; `None` as long as the log's pages are not known. Who reads ahead
    /// begins the next question there, and loses no more than time where it is wrong.
    fn expected_end(&self, _start: u64, _stop: u64, _size: u64) -> Option<u64> {
        None
    }

    /// Asks for entries from `start` up to before `stop`, in a tree of which a verified head has at least `size`: one
    /// answer, as it came. It has one entry at least, and often fewer than were asked for.
    fn entries(
        &self,
        start: u64,
        stop: u64,
        size: u64,
    ) -> impl Future<Output = Result<Answer, ReadError>> + Send;

    /// The certificate that has this SHA-256, DER, checked against it, and one that can be read. Static logs have their issuers this way; the
    /// entries of other logs have them beside them, so that there it is [`ReadError::Unusable`].
    fn issuer(&self, sha256: &[u8; 32]) -> impl Future<Output = Result<Bytes, ReadError>> + Send;
}

/// A log of either kind, read over HTTP.
#[derive(Debug)]
pub enum Reader {
    /// By questions.
    Rfc6962(Rfc6962),
    /// As files.
    Static(StaticCt),
}

impl Reader {
    /// The log with this URL (of a static log, its monitoring prefix) and this key, a SubjectPublicKeyInfo. The client is
    /// best made with [`HttpClient::for_reading`], and shared by all logs, so that each host is spared as a whole.
    pub fn open(http: &HttpClient, kind: LogKind, url: &str, key: &[u8]) -> Result<Self, ReadError> {
        let source = Source::new(http.clone(), url)?;
        let id = LogId(Sha256::digest(key).into());
        let key = LogKey::read(key).map_err(|error| ReadError::Unusable(format!("{url}: {error}")))?;
        Ok(match kind {
            LogKind::Rfc6962 => Self::Rfc6962(Rfc6962::new(source, key)),
            LogKind::Static => Self::Static(StaticCt::new(source, key, id)),
        })
    }
}

/// The same question to either kind.
macro_rules! either {
    ($reader:expr, $log:ident => $asked:expr) => {
        match $reader {
            Self::Rfc6962($log) => $asked,
            Self::Static($log) => $asked,
        }
    };
}

impl LogReader for Reader {
    async fn head(&self) -> Result<Head, ReadError> {
        either!(self, log => log.head().await)
    }

    async fn prove_consistency(&self, older: &Head, newer: &Head) -> Result<(), ReadError> {
        either!(self, log => log.prove_consistency(older, newer).await)
    }

    async fn tree_before(&self, head: &Head, size: u64) -> Result<TreeBuilder, ReadError> {
        either!(self, log => log.tree_before(head, size).await)
    }

    async fn leaf_at(&self, index: u64, size: u64) -> Result<(u64, TreeHash), ReadError> {
        either!(self, log => log.leaf_at(index, size).await)
    }

    async fn leaf_hashes(&self, index: u64, size: u64) -> Result<Vec<TreeHash>, ReadError> {
        either!(self, log => log.leaf_hashes(index, size).await)
    }

    async fn first_at(&self, head: &Head, time: Timestamp) -> Result<u64, ReadError> {
        either!(self, log => log.first_at(head, time).await)
    }

    fn expected_end(&self, start: u64, stop: u64, size: u64) -> Option<u64> {
        either!(self, log => log.expected_end(start, stop, size))
    }

    async fn entries(&self, start: u64, stop: u64, size: u64) -> Result<Answer, ReadError> {
        either!(self, log => log.entries(start, stop, size).await)
    }

    async fn issuer(&self, sha256: &[u8; 32]) -> Result<Bytes, ReadError> {
        either!(self, log => log.issuer(sha256).await)
    }
}

/// More entries than any log ever had.
const MOST_ENTRIES: u64 = 1 << 40;

/// A tree head, if the log's key signed it, and if it can be one at all.
fn verified(head: &TreeHead, key: &LogKey, url: String, octets: Vec<u8>) -> Result<Head, ReadError> {
    if head.verify(key).is_err() {
        let what = "the tree head is not signed by the log's key".to_owned();
        return Err(breach(Breach::Signature, what, url, &octets));
    }
    if head.size > MOST_ENTRIES || i64::try_from(head.timestamp).is_err() {
        let what = format!(
            "the tree head is signed, and of {} entries at {} ms after 1970, which no log can have",
            head.size, head.timestamp
        );
        return Err(breach(Breach::Form, what, url, &octets));
    }
    Ok(Head { size: head.size, timestamp: head.timestamp, root: head.root, octets: Bytes(octets) })
}

/// Which of two tree heads has to continue which: `None` where there is nothing to prove. A smaller tree at a later time
/// is a log that shrank; at an earlier time it is one that a slower part of the log still shows.
fn order<'a>(
    older: &'a Head,
    newer: &'a Head,
    url: impl FnOnce() -> String,
) -> Result<Option<(&'a Head, &'a Head)>, ReadError> {
    let split = |what: String| {
        let both = [older.octets.0.as_slice(), b"\n", &newer.octets.0].concat();
        Err(breach(Breach::Split, what, url(), &both))
    };
    if older.size == newer.size {
        if older.root == newer.root {
            return Ok(None);
        }
        let (size, one, other) = (older.size, older.root, newer.root);
        return split(format!(
            "the log signed two trees of {size} entries, with the roots {one} and {other}"
        ));
    }
    if newer.size < older.size && newer.timestamp > older.timestamp {
        return split(format!("the tree had {} entries, and later {}", older.size, newer.size));
    }
    let (early, late) = if older.size < newer.size { (older, newer) } else { (newer, older) };
    Ok((early.size > 0).then_some((early, late)))
}

fn beyond(size: u64, head: &Head) -> ReadError {
    ReadError::Unusable(format!("{size} entries were asked for of a tree of {}", head.size))
}

fn nothing(start: u64, stop: u64, size: u64) -> ReadError {
    ReadError::Unusable(format!("there is no entry from {start} to before {stop} in a tree of {size}"))
}

/// Why something could not be read from a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It may work later: no answer, no connection, too many requests, trouble of the log's own.
    #[error("{why}")]
    Passing {
        /// What happened.
        why: String,
        /// How long the log asked to be left alone, where it did.
        pause: Option<Duration>,
    },
    /// The log breaks what it promises.
    #[error("{what}")]
    Breach {
        /// Which promise.
        breach: Breach,
        /// What is wrong, with what was expected.
        what: String,
        /// Where it was read.
        url: String,
        /// What the log said; of something long, the beginning.
        octets: Bytes,
    },
    /// The log takes the question to be wrong (400), which a part of it may do that lags behind.
    #[error("{0}")]
    Refused(String),
    /// The log has not what was asked for, which it should have: a status that says so for good (404, 403, 410).
    #[error("{0}")]
    Gone(String),
    /// It cannot be asked: its URL or key is unusable, or this kind of log has no such thing.
    #[error("{0}")]
    Unusable(String),
}

/// A promise that a log broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Breach {
    /// A tree head is not signed by its key.
    Signature,
    /// Two trees, both signed: the later one does not continue the earlier one, or is smaller than it was.
    Split,
    /// A proof, or a tile, does not lead to the signed root.
    Proof,
    /// An answer is not in the form that it must have.
    Form,
    /// An answer with entries has more octets than are read: no promise bounds them, and somebody must.
    Size,
    /// An issuer's certificate has another hash than its name, or is no certificate.
    Issuer,
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::demo::authority::KeyAlgorithm;
    use crate::demo::ct::{CtLog, LogKind as Kind};

    #[test]
    fn a_signature_makes_no_tree_head_of_what_cannot_be_one() {
        let log = CtLog::generate("Log", "Log", Kind::Rfc6962, KeyAlgorithm::P256).unwrap();
        let key = LogKey::read(&log.key_der()).unwrap();
        let most = i64::MAX.unsigned_abs();
        for (size, timestamp, is_one) in [
            (MOST_ENTRIES, most, true),
            (MOST_ENTRIES + 1, 1, false),
            (u64::MAX, 1, false),
            (1, most + 1, false),
        ] {
            let signature = log.sign_tree_head(timestamp, size, [7; 32]).unwrap();
            let head = json!({
                "tree_size": size, "timestamp": timestamp,
                "sha256_root_hash": STANDARD.encode([7; 32]), "tree_head_signature": STANDARD.encode(signature),
            });
            let octets = head.to_string().into_bytes();
            let head = TreeHead::from_json(&octets).unwrap();
            match verified(&head, &key, "https://log.example/".to_owned(), octets) {
                Ok(head) => assert!(is_one && head.size == size),
                Err(ReadError::Breach { breach: Breach::Form, .. }) => assert!(!is_one, "{size} {timestamp}"),
                Err(error) => panic!("{error}"),
            }
        }
    }
}
