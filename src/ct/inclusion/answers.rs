//! The JSON that RFC 6962 logs answer with.
//!
//! Source: RFC 6962 sections 4.4 to 4.8.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};

use crate::ct::merkle::{TreeHash, leaf_hash};

/// The most hashes of a proof: a tree has at most 64 levels, and a consistency proof has one more.
const MAX_PROOF: usize = 65;

/// An audit path, and the index it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuditProof {
    pub(crate) index: u64,
    pub(crate) path: Vec<TreeHash>,
}

/// An entry's leaf, with the audit path where the answer has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryLeaf {
    pub(crate) leaf: TreeHash,
    pub(crate) path: Option<Vec<TreeHash>>,
}

#[derive(Deserialize)]
struct ProofByHash {
    leaf_index: u64,
    #[serde(deserialize_with = "list")]
    audit_path: Vec<String>,
}

#[derive(Deserialize)]
struct Consistency {
    #[serde(deserialize_with = "list")]
    consistency: Vec<String>,
}

#[derive(Deserialize)]
struct EntryAndProof {
    leaf_input: String,
    #[serde(deserialize_with = "list")]
    audit_path: Vec<String>,
}

#[derive(Deserialize)]
struct Entries {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    leaf_input: String,
}

/// Reads the answer to `get-proof-by-hash`.
pub(crate) fn proof_by_hash(octets: &[u8]) -> Result<AuditProof, String> {
    let json: ProofByHash = json(octets)?;
    Ok(AuditProof { index: json.leaf_index, path: hashes(&json.audit_path)? })
}

/// Reads the answer to `get-sth-consistency` for two sizes that need a proof: one without any hash is none.
pub(crate) fn consistency(octets: &[u8]) -> Result<Vec<TreeHash>, String> {
    let proof = hashes(&json::<Consistency>(octets)?.consistency)?;
    if proof.is_empty() { Err("it has no proof".to_owned()) } else { Ok(proof) }
}

/// Reads the answer to `get-entry-and-proof`.
pub(crate) fn entry_and_proof(octets: &[u8]) -> Result<EntryLeaf, String> {
    let json: EntryAndProof = json(octets)?;
    Ok(EntryLeaf { leaf: leaf(&json.leaf_input)?, path: Some(hashes(&json.audit_path)?) })
}

/// Reads the first entry of the answer to `get-entries`.
pub(crate) fn first_entry(octets: &[u8]) -> Result<EntryLeaf, String> {
    let json: Entries = json(octets)?;
    let first = json.entries.first().ok_or("it has no entry")?;
    Ok(EntryLeaf { leaf: leaf(&first.leaf_input)?, path: None })
}

fn json<'a, T: Deserialize<'a>>(octets: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(octets).map_err(|error| format!("it is not the JSON of RFC 6962: {error}"))
}

/// A list that has to be there: an error's JSON has none. Some servers write an empty one as null.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn hashes(texts: &[String]) -> Result<Vec<TreeHash>, String> {
    if texts.len() > MAX_PROOF {
        return Err(format!("it has {} hashes; no tree is so high", texts.len()));
    }
    let read =
        |text: &String| TreeHash::from_base64(text).ok_or_else(|| "one of its hashes is none".to_owned());
    texts.iter().map(read).collect()
}

fn leaf(encoded: &str) -> Result<TreeHash, String> {
    let octets = STANDARD.decode(encoded).map_err(|_| "its leaf is not base64")?;
    if octets.is_empty() {
        return Err("its leaf is empty".to_owned());
    }
    Ok(leaf_hash(&octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    #[test]
    fn each_answer_is_read() {
        let one = vec![TreeHash([1; 32])];
        let proof = format!(r#"{{"leaf_index":7,"audit_path":["{HASH}"]}}"#);
        assert_eq!(proof_by_hash(proof.as_bytes()), Ok(AuditProof { index: 7, path: one.clone() }));
        let alone = br#"{"leaf_index":0,"audit_path":null}"#;
        assert_eq!(proof_by_hash(alone), Ok(AuditProof { index: 0, path: Vec::new() }));
        assert_eq!(consistency(format!(r#"{{"consistency":["{HASH}"]}}"#).as_bytes()), Ok(one));
        let entry = entry_and_proof(br#"{"leaf_input":"AAA=","extra_data":"","audit_path":[]}"#).unwrap();
        assert_eq!(entry, EntryLeaf { leaf: leaf_hash(&[0, 0]), path: Some(Vec::new()) });
        let entry = first_entry(br#"{"entries":[{"leaf_input":"AAA=","extra_data":""}]}"#).unwrap();
        assert_eq!(entry, EntryLeaf { leaf: leaf_hash(&[0, 0]), path: None });
    }

    #[test]
    fn what_is_none_is_refused() {
        for octets in [
            "",
            "<html>",
            "{}",
            r#"{"leaf_index":-1,"audit_path":[]}"#,
            r#"{"leaf_index":1,"audit_path":["AQ=="]}"#,
            r#"{"leaf_index":1}"#,
        ] {
            assert!(proof_by_hash(octets.as_bytes()).is_err(), "{octets}");
        }
        for octets in [
            "{}",
            r#"{"error_message":"backend timed out"}"#,
            r#"{"consistency":null}"#,
            r#"{"consistency":[]}"#,
        ] {
            assert!(consistency(octets.as_bytes()).is_err(), "{octets}");
        }
        assert!(entry_and_proof(br#"{"leaf_input":"AAA="}"#).is_err());
        assert!(entry_and_proof(br#"{"leaf_input":"","audit_path":[]}"#).is_err());
        assert!(first_entry(br#"{"entries":[{"leaf_input":""}]}"#).is_err());
        let long = format!(r#"{{"consistency":[{}]}}"#, vec![format!("\"{HASH}\""); 66].join(","));
        assert!(consistency(long.as_bytes()).unwrap_err().contains("66 hashes"));
        assert!(first_entry(br#"{"entries":[]}"#).is_err());
        assert!(entry_and_proof(br#"{"leaf_input":"*","audit_path":[]}"#).is_err());
    }
}
