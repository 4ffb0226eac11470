//! What a served log answers to a request: the calls of RFC 6962, or the files of static-ct-api.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::DemoError;
use super::tree::{LogTree, LoggedEntry, audit_path, consistency_proof};
use super::{CtLog, LogKind, milliseconds};
use crate::ct::merkle::{TreeHash, root_of};
use crate::ct::tile::{FULL_WIDTH, Tile, TileKind};

/// The most entries that one answer to `get-entries` has.
const MOST_ENTRIES: usize = 64;

/// An answer: its status and its body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer of the kind that was asked for.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{0}")]
    BadRequest(&'static str),
    #[error("{0} not found")]
    NotFound(&'static str),
    #[error(transparent)]
    Failed(#[from] DemoError),
}

impl Answer {
    /// A line of text.
    pub(super) fn text(status: u16, text: impl std::fmt::Display) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: format!("{text}\n").into_bytes() }
    }

    fn octets(body: Vec<u8>) -> Self {
        Self { status: 200, content_type: "application/octet-stream", body }
    }

    fn json(value: &Value) -> Self {
        Self { status: 200, content_type: "application/json", body: value.to_string().into_bytes() }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::BadRequest(_) => 400,
            Refusal::NotFound(_) => 404,
            Refusal::Failed(_) => 500,
        };
        Self::text(status, refusal)
    }
}

/// A log at the moment of a request.
pub(super) struct Moment<'a> {
    pub(super) log: &'a CtLog,
    pub(super) tree: &'a LogTree,
    /// The log's name in checkpoints.
    pub(super) origin: &'a str,
    /// The tree head's time.
    pub(super) now: Timestamp,
}

impl Moment<'_> {
    /// The answer to `GET` of this path with query.
    pub(super) fn answer(&self, target: &str) -> Answer {
        let url = Url::parse("http://log.invalid/").and_then(|base| base.join(target));
        let Ok(url) = url else { return Refusal::BadRequest("no path").into() };
        let answer = match self.log.kind {
            LogKind::Rfc6962 => self.call(&url).map(|value| Answer::json(&value)),
            LogKind::Static => self.file(url.path()),
        };
        answer.unwrap_or_else(Answer::from)
    }

    /// The calls of RFC 6962 section 4 with which a log is read.
    fn call(&self, url: &Url) -> Result<Value, Refusal> {
        let number = |name: &str| {
            parameter(url, name)
                .and_then(|text| text.parse::<usize>().ok())
                .ok_or(Refusal::BadRequest("a number is missing or malformed"))
        };
        let tree_of = |size: usize| {
            self.tree.of_size(size).ok_or(Refusal::BadRequest("the tree has not so many entries yet"))
        };
        match url.path() {
            "/ct/v1/get-sth" => {
                let (root, signature) = self.signed_root()?;
                Ok(json!({
                    "tree_size": self.tree.size(),
                    "timestamp": self.milliseconds()?,
                    "sha256_root_hash": root.to_string(),
                    "tree_head_signature": STANDARD.encode(signature),
                }))
            }
            "/ct/v1/get-proof-by-hash" => {
                let leaves = tree_of(number("tree_size")?)?;
                let wanted = parameter(url, "hash")
                    .and_then(|text| TreeHash::from_base64(&text))
                    .ok_or(Refusal::BadRequest("the hash is missing or malformed"))?;
                let index = leaves
                    .iter()
                    .position(|leaf| *leaf == wanted)
                    .ok_or(Refusal::NotFound("the hash was"))?;
                Ok(json!({"leaf_index": index, "audit_path": texts(&audit_path(index, leaves))}))
            }
            "/ct/v1/get-entry-and-proof" => {
                let (index, leaves) = (number("leaf_index")?, tree_of(number("tree_size")?)?);
                let entry = self.tree.entries().get(index).filter(|_| index < leaves.len());
                let mut value = entry_json(entry.ok_or(Refusal::BadRequest("the tree has no such entry"))?);
                if let Some(fields) = value.as_object_mut() {
                    fields.insert("audit_path".to_owned(), json!(texts(&audit_path(index, leaves))));
                }
                Ok(value)
            }
            "/ct/v1/get-entries" => {
                let (start, end) = (number("start")?, number("end")?);
                let held = self.tree.entries().get(start..).unwrap_or_default();
                let count = end.saturating_add(1).saturating_sub(start).min(MOST_ENTRIES);
                let entries: Vec<Value> = held.iter().take(count).map(entry_json).collect();
                if entries.is_empty() {
                    return Err(Refusal::BadRequest("the tree has no such entries"));
                }
                Ok(json!({"entries": entries}))
            }
            "/ct/v1/get-sth-consistency" => {
                let (first, leaves) = (number("first")?, tree_of(number("second")?)?);
                if first == 0 || first > leaves.len() {
                    return Err(Refusal::BadRequest("the first tree is empty, or larger than the second"));
                }
                Ok(json!({"consistency": texts(&consistency_proof(first, leaves))}))
            }
            _ => Err(Refusal::NotFound("this call was")),
        }
    }

    /// The files of static-ct-api.
    fn file(&self, path: &str) -> Result<Answer, Refusal> {
        const NO_FILE: Refusal = Refusal::NotFound("this file was");
        if path == "/checkpoint" {
            return Ok(Answer {
                status: 200,
                content_type: "text/plain; charset=utf-8",
                body: self.checkpoint()?.into_bytes(),
            });
        }
        if let Some(name) = path.strip_prefix("/issuer/") {
            let certificate = fingerprint(name).and_then(|hash| self.tree.issuer(hash)).ok_or(NO_FILE)?;
            return Ok(Answer {
                status: 200,
                content_type: "application/pkix-cert",
                body: certificate.to_vec(),
            });
        }
        let tile = read_tile_path(path).ok_or(NO_FILE)?;
        self.tile(tile).map(Answer::octets).ok_or(NO_FILE)
    }

    /// The octets of a tile, if the tree is large enough for it.
    fn tile(&self, tile: Tile) -> Option<Vec<u8>> {
        let from = usize::try_from(tile.index).ok()?.checked_mul(usize::from(FULL_WIDTH))?;
        let range = from..from.checked_add(usize::from(tile.width))?;
        let TileKind::Hashes { level } = tile.kind else {
            let entries = self.tree.entries().get(range)?;
            return Some(entries.iter().flat_map(|entry| entry.tile_leaf.iter().copied()).collect());
        };
        let mut hashes = self.tree.hashes().to_vec();
        for _ in 0..level {
            let whole = hashes.chunks_exact(usize::from(FULL_WIDTH));
            hashes = whole.map(|below| root_of(below.iter().copied())).collect();
        }
        Some(hashes.get(range)?.iter().flat_map(|hash| hash.0).collect())
    }

    /// The tree head as a signed note.
    fn checkpoint(&self) -> Result<String, Refusal> {
        let (root, signature) = self.signed_root()?;
        let key_id =
            Sha256::new().chain_update(self.origin).chain_update(b"\n\x05").chain_update(self.log.log_id());
        let mut signed: Vec<u8> = key_id.finalize().into_iter().take(4).collect();
        signed.extend(self.milliseconds()?.to_be_bytes());
        signed.extend(signature);
        let (origin, size) = (self.origin, self.tree.size());
        Ok(format!("{origin}\n{size}\n{root}\n\n\u{2014} {origin} {}\n", STANDARD.encode(signed)))
    }

    /// The root over all entries, and the log's signature of the tree head.
    fn signed_root(&self) -> Result<(TreeHash, Vec<u8>), Refusal> {
        let root = self.tree.root();
        let size = u64::try_from(self.tree.size()).unwrap_or(u64::MAX);
        Ok((root, self.log.sign_tree_head(self.milliseconds()?, size, root.0)?))
    }

    fn milliseconds(&self) -> Result<u64, DemoError> {
        milliseconds(self.now)
    }
}

fn entry_json(entry: &LoggedEntry) -> Value {
    json!({"leaf_input": STANDARD.encode(&entry.leaf), "extra_data": STANDARD.encode(&entry.extra_data)})
}

fn texts(hashes: &[TreeHash]) -> Vec<String> {
    hashes.iter().map(TreeHash::to_string).collect()
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A SHA-256 hash in lower-case hex.
fn fingerprint(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let octets: Option<Vec<u8>> =
        (0..32).map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()).collect();
    octets?.try_into().ok()
}

/// The tile of a path such as `/tile/0/x001/234.p/16`. No other spelling is one.
fn read_tile_path(path: &str) -> Option<Tile> {
    let (kind, place) = path.strip_prefix("/tile/")?.split_once('/')?;
    let kind = match kind {
        "data" => TileKind::Data,
        level => TileKind::Hashes { level: level.parse().ok()? },
    };
    let (number, width) = match place.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok()?),
        None => (place, FULL_WIDTH),
    };
    let digits: String = number.chars().filter(|c| !matches!(c, 'x' | '/')).collect();
    let tile = Tile { kind, index: digits.parse().ok()?, width };
    (width > 0 && path.strip_prefix('/') == Some(tile.path().as_str())).then_some(tile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_spelling_of_a_tile_is_read() {
        let tile = |path| read_tile_path(path).map(|tile| (tile.kind, tile.index, tile.width));
        assert_eq!(tile("/tile/0/001"), Some((TileKind::Hashes { level: 0 }, 1, 256)));
        assert_eq!(tile("/tile/data/x001/234.p/16"), Some((TileKind::Data, 1234, 16)));
        for path in [
            "/tile/0/1",
            "/tile/00/001",
            "/tile/0/x000/001",
            "/tile/0/001.p/0",
            "/tile/0/001.p/256",
            "/tile/0/001.p/016",
            "/tile/0/001/",
            "/tile/names/001",
            "/tile/0",
            "tile/0/001",
        ] {
            assert_eq!(tile(path), None, "{path}");
        }
    }
}
