//! A log's signed tree head: how large its tree is, what its root is, and since when.
//!
//! Source: RFC 6962 section 3.5 for what is signed, section 4.3 for the JSON of `get-sth`. A checkpoint of a static log
//! carries the same signature in another frame.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::log_key::{LogKey, SignatureError};
use super::merkle::TreeHash;
use super::sct::DigitallySigned;

/// The most octets of a tree head's JSON that are read.
pub const MAX_TREE_HEAD: usize = 64 << 10;

/// A tree head with its signature; not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// How many entries the tree has.
    pub size: u64,
    /// Milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// The tree's root.
    pub root: TreeHash,
    /// The log's signature.
    pub signature: DigitallySigned,
}

/// Why octets are no tree head.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeHeadError {
    /// They are not the JSON of `get-sth`.
    #[error("it is not the JSON of a tree head: {0}")]
    Json(String),
    /// The root is not 32 octets of base64.
    #[error("its root hash is not 32 octets in base64")]
    Root,
    /// The signature cannot be read.
    #[error("its signature cannot be read")]
    Signature,
    /// A tree without entries has one root only.
    #[error("its tree has no entries, but its root is not that of the empty tree")]
    NotEmpty,
}

/// The JSON of `get-sth`.
#[derive(Serialize, Deserialize)]
struct SthJson {
    tree_size: u64,
    timestamp: u64,
    sha256_root_hash: String,
    tree_head_signature: String,
}

impl TreeHead {
    /// Reads the answer to `get-sth`.
    pub fn from_json(octets: &[u8]) -> Result<Self, TreeHeadError> {
        let json: SthJson =
            serde_json::from_slice(octets).map_err(|error| TreeHeadError::Json(error.to_string()))?;
        let signature = STANDARD.decode(json.tree_head_signature).ok();
        Self {
            size: json.tree_size,
            timestamp: json.timestamp,
            root: TreeHash::from_base64(&json.sha256_root_hash).ok_or(TreeHeadError::Root)?,
            signature: signature
                .and_then(|octets| DigitallySigned::read(&octets))
                .ok_or(TreeHeadError::Signature)?,
        }
        .checked()
    }

    /// The JSON that [`TreeHead::from_json`] reads; `None` where the signature is too long for its field.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        let json = SthJson {
            tree_size: self.size,
            timestamp: self.timestamp,
            sha256_root_hash: self.root.to_string(),
            tree_head_signature: STANDARD.encode(self.signature.octets()?),
        };
        serde_json::to_value(json).ok()
    }

    /// Refuses a tree without entries that has a root of some.
    pub(super) fn checked(self) -> Result<Self, TreeHeadError> {
        if self.size == 0 && self.root != TreeHash::of_empty_tree() {
            return Err(TreeHeadError::NotEmpty);
        }
        Ok(self)
    }

    /// Whether the log's key signed it.
    pub fn verify(&self, key: &LogKey) -> Result<(), SignatureError> {
        // Version 1 is written as 0, signature type tree_hash as 1.
        let mut signed = vec![0, 1];
        signed.extend(self.timestamp.to_be_bytes());
        signed.extend(self.size.to_be_bytes());
        signed.extend(self.root.0);
        key.verify(&signed, &self.signature)
    }

    /// When it was made; `None` beyond any date.
    pub fn time(&self) -> Option<Timestamp> {
        time(self.timestamp)
    }

    /// Whether it shows more than `other`: a larger tree, or the same one at a later time.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.size, self.timestamp) > (other.size, other.timestamp) && self.timestamp >= other.timestamp
    }
}

/// Milliseconds since the Unix epoch as a point in time; `None` beyond any date.
pub(super) fn time(milliseconds: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(milliseconds).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"tree_size":3,"timestamp":1700000000000,"sha256_root_hash":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","tree_head_signature":"BAMAAgkJ"}"#;

    #[test]
    fn the_json_of_get_sth_is_read_and_written() {
        let head = TreeHead::from_json(GOOD.as_bytes()).unwrap();
        assert_eq!((head.size, head.timestamp, head.root), (3, 1_700_000_000_000, TreeHash([1; 32])));
        assert_eq!(head.signature, DigitallySigned { hash: 4, signature: 3, octets: vec![9, 9] });
        assert_eq!(head.time().unwrap().to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(TreeHead::from_json(head.to_json().unwrap().to_string().as_bytes()), Ok(head));
    }

    #[test]
    fn what_is_no_tree_head_is_refused() {
        let with = |from: &str, to: &str| TreeHead::from_json(GOOD.replace(from, to).as_bytes()).unwrap_err();
        assert_eq!(with("AQE=", "AQE"), TreeHeadError::Root);
        assert_eq!(with("BAMAAgkJ", "BAMAAwkJ"), TreeHeadError::Signature);
        assert_eq!(with("BAMAAgkJ", "BAMAAQkJ"), TreeHeadError::Signature);
        assert_eq!(with("\"tree_size\":3", "\"tree_size\":0"), TreeHeadError::NotEmpty);
        assert!(matches!(with("\"tree_size\":3", "\"tree_size\":-3"), TreeHeadError::Json(_)));
        assert!(matches!(with("tree_size", "size"), TreeHeadError::Json(_)));
        assert!(matches!(TreeHead::from_json(b"<html>"), Err(TreeHeadError::Json(_))));
    }

    #[test]
    fn newer_means_more_and_not_earlier() {
        let head =
            |size, timestamp| TreeHead { size, timestamp, ..TreeHead::from_json(GOOD.as_bytes()).unwrap() };
        assert!(head(4, 10).is_newer_than(&head(3, 10)));
        assert!(head(3, 11).is_newer_than(&head(3, 10)));
        assert!(!head(3, 10).is_newer_than(&head(3, 10)));
        assert!(!head(4, 9).is_newer_than(&head(3, 10)));
        assert!(!head(2, 11).is_newer_than(&head(3, 10)));
    }
}
