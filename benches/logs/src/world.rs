//! A world on disk: what is in its folder, and what is known of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use pinstead::ct::merkle::TreeHash;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::authority::DAY;
use crate::certificate::milliseconds;
use crate::dice::{Dice, Purpose};
use crate::key::LogKey;

/// The static log's submission prefix. Nothing is submitted; it is where the checkpoint's origin comes from.
const SUBMISSION: &str = "https://static.log-world.example/1/";

/// What is known of a world: `world.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// How many entries each log has.
    pub entries: u64,
    /// Where chance began.
    pub seed: u64,
    /// The world's time: its entries are of the ten days before.
    pub at: Timestamp,
    /// The trees that the logs had, the last one whole.
    pub heads: Vec<Head>,
    /// What stands in the logs of the watched domains, by how many there are.
    pub truth: Vec<Truth>,
    /// Octets of get-entries an entry.
    pub json_octets: f64,
    /// Octets of gzipped data tiles an entry.
    pub tile_octets: f64,
}

/// A tree that the logs had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many entries.
    pub size: u64,
    /// Of the RFC 6962 log, base64.
    pub rfc6962_root: String,
    /// Of the static log, base64.
    pub static_root: String,
}

/// How much is to be found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// How many domains are watched, each with all below it.
    pub domains: u64,
    /// How many entries of one log have a name of one.
    pub entries: u64,
    /// How many certificates: one that stands twice counts once.
    pub certificates: u64,
}

/// One of the two logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RFC 6962.
    Rfc6962,
    /// static-ct-api.
    Static,
}

impl World {
    /// Reads what is known of the world in this folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("world.json");
        let octets = fs::read(&path).with_context(|| format!("{}; was it made?", path.display()))?;
        Ok(serde_json::from_slice(&octets)?)
    }

    /// The key of a log.
    pub fn key(&self, form: Form) -> Result<LogKey> {
        LogKey::new(Dice::new(self.seed, Purpose::Log, form as u64))
    }

    /// The list of both logs in the v3 schema, each with its address.
    pub fn log_list(&self, rfc6962: &str, monitoring: &str) -> Result<Value> {
        let interval = json!({"start_inclusive": self.at - DAY * 30, "end_exclusive": self.at + DAY * 400});
        let state = json!({"usable": {"timestamp": self.at - DAY * 200}});
        let common = |form, description, mmd| -> Result<Value> {
            let key = self.key(form)?;
            Ok(json!({
                "description": description,
                "log_id": STANDARD.encode(key.log_id()),
                "key": STANDARD.encode(&key.spki),
                "mmd": mmd,
                "state": state,
                "temporal_interval": interval,
            }))
        };
        let mut classic = common(Form::Rfc6962, "Log World RFC 6962", 86_400)?;
        classic["url"] = json!(rfc6962);
        let mut tiled = common(Form::Static, "Log World static", 60)?;
        tiled["submission_url"] = json!(SUBMISSION);
        tiled["monitoring_url"] = json!(monitoring);
        Ok(json!({
            "version": "1.0",
            "log_list_timestamp": self.at,
            "operators": [
                {"name": "Log World One", "email": ["one@log-world.example"], "logs": [classic], "tiled_logs": []},
                {"name": "Log World Two", "email": ["two@log-world.example"], "logs": [], "tiled_logs": [tiled]},
            ],
        }))
    }
}

impl Head {
    /// The answer to get-sth, signed for this time.
    pub fn sth(&self, key: &LogKey, at: Timestamp) -> Result<String> {
        let root = TreeHash::from_base64(&self.rfc6962_root).context("a root in base64")?;
        let signature = STANDARD.encode(key.sign(&self.signed(root, at))?);
        let sth = json!({
            "tree_size": self.size,
            "timestamp": milliseconds(at),
            "sha256_root_hash": self.rfc6962_root,
            "tree_head_signature": signature,
        });
        Ok(sth.to_string())
    }

    /// The checkpoint (C2SP static-ct-api, “Checkpoints”), signed for this time.
    pub fn checkpoint(&self, key: &LogKey, at: Timestamp) -> Result<String> {
        let root = TreeHash::from_base64(&self.static_root).context("a root in base64")?;
        let origin = SUBMISSION.trim_start_matches("https://").trim_end_matches('/');
        let key_id =
            Sha256::new().chain_update(origin).chain_update(b"\n\x05").chain_update(key.log_id()).finalize();
        let mut note = key_id[..4].to_vec();
        note.extend(milliseconds(at).to_be_bytes());
        note.extend(key.sign(&self.signed(root, at))?);
        Ok(format!("{origin}\n{}\n{root}\n\n\u{2014} {origin} {}\n", self.size, STANDARD.encode(note)))
    }

    /// What a log signs of a tree: version 1, tree_hash (RFC 6962 section 3.5).
    fn signed(&self, root: TreeHash, at: Timestamp) -> Vec<u8> {
        [&[0, 1], &milliseconds(at).to_be_bytes()[..], &self.size.to_be_bytes(), &root.0].concat()
    }
}

/// Where the parts of a world lie.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// Of get-entries: each entry's JSON with a comma behind it.
    pub fn entries(&self) -> PathBuf {
        self.0.join("rfc6962/entries.json")
    }

    /// Where each of these begins, and where the last ends: eight octets each, big-endian.
    pub fn offsets(&self) -> PathBuf {
        self.0.join("rfc6962/offsets")
    }

    /// The hashes of the RFC 6962 log's leaves.
    pub fn hashes(&self) -> PathBuf {
        self.0.join("rfc6962/hashes")
    }

    /// The static log, as its files are named below the monitoring prefix.
    pub fn tiled(&self) -> PathBuf {
        self.0.join("static")
    }

    /// The list of both logs, with the addresses where they are served now.
    pub fn log_list(&self) -> PathBuf {
        self.0.join("log-list.json")
    }
}
