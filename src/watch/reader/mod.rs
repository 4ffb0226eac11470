//! Reading a log: its tree heads, its proofs, its entries.
//!
//! Both kinds of log are read through one seam, [`LogReader`]. What a log says of itself (tree heads, proofs, issuers) is
//! verified before it is given. Entries are given as they came: whether they are the log's shows when they are hashed
//! and compared with a verified root.

mod answer;

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

pub use self::answer::Answer;
use crate::ct::merkle::TreeBuilder;
use crate::evidence::Bytes;
use crate::watch::state::Head;

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

    /// The first entry logged at or after `time`, by the entries' timestamps; the tree's size where there is none. Logs
    /// keep these in order but for some hours.
    fn first_at(&self, head: &Head, time: Timestamp) -> impl Future<Output = Result<u64, ReadError>> + Send;

    /// Asks for entries from `start` up to before `stop`, in a tree of which a verified head has at least `size`: one
    /// answer, as it came. It has one entry at least, and often fewer than were asked for.
    fn entries(
        &self,
        start: u64,
        stop: u64,
        size: u64,
    ) -> impl Future<Output = Result<Answer, ReadError>> + Send;

    /// The certificate that has this SHA-256, DER, checked against it. Static logs have their issuers this way; the
    /// entries of other logs have them beside them, so that there it is [`ReadError::Unusable`].
    fn issuer(&self, sha256: &[u8; 32]) -> impl Future<Output = Result<Bytes, ReadError>> + Send;
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
    /// An issuer's certificate has another hash than its name.
    Issuer,
}
