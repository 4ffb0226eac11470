//! Static logs (C2SP static-ct-api): their tree and their entries are files, and every proof is made here.
//!
//! A partial tile is asked for only in the width that a verified tree head implies; where it is gone, the whole one is
//! there. Names tiles are not read: nothing vouches for them.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::place::Search;
use super::source::{Said, Source, breach, gone, too_large, too_large_entries};
use super::{Answer, Breach, LogReader, ReadError, order, verified};
use crate::ct::checkpoint::{Checkpoint, MAX_CHECKPOINT};
use crate::ct::log_id::LogId;
use crate::ct::log_key::LogKey;
use crate::ct::merkle::{TreeBuilder, TreeHash, verify_consistency};
use crate::ct::tile::{
    HashTiles, Tile, TileKind, consistency_proof, read_data_tile, read_hash_tile, root, subtrees_before,
    tiles_for_consistency,
};
use crate::evidence::Bytes;
use crate::observe::http::HttpRequest;
use crate::watch::state::Head;
use crate::x509::parts::Parts;

/// The octets of a whole tile of hashes.
const MAX_HASH_TILE: usize = 8192;

/// The most octets of a data tile, unpacked; real ones have about half a million. 256 entries may lawfully have 2^24 - 1
/// octets in each of two fields (RFC 6962 section 3.4), 8 GiB in all. What is larger than this is passed over as dark: the
/// hashes of its leaves are in a tile of their own (C2SP tlog-tiles, “Merkle Tree”).
const MAX_DATA_TILE: usize = 32 << 20;

/// The most octets of an issuer's certificate; real ones have two thousand. TLS bounds a certificate by 2^24 - 1 octets
/// only (RFC 8446 section 4.4.2), and no client takes so much: by default, OpenSSL refuses a chain of more than 100 KiB
/// in all (`SSL_CTX_set_max_cert_list`), and Go a handshake message of more than 256 KiB.
const MAX_ISSUER: usize = 64 << 10;

/// The entries of a whole tile.
const A_TILE: u64 = 256;

/// A static log.
#[derive(Debug)]
pub struct StaticCt {
    source: Source,
    key: LogKey,
    id: LogId,
}

/// A tile as it was served: the one asked for, or the whole one in its place.
struct Served {
    tile: Tile,
    octets: Vec<u8>,
}

/// Tiles of hashes of one tree that were read already, and which they are.
#[derive(Default)]
struct KnownTiles {
    tiles: HashTiles,
    names: BTreeSet<Tile>,
}

impl StaticCt {
    pub(super) fn new(source: Source, key: LogKey, id: LogId) -> Self {
        Self { source, key, id }
    }

    async fn tile(&self, tile: Tile) -> Result<Served, ReadError> {
        let most = match tile.kind {
            TileKind::Hashes { .. } => MAX_HASH_TILE,
            TileKind::Data => MAX_DATA_TILE,
        };
        let url = self.source.url(&tile.path());
        match self.source.ask(HttpRequest::new(&url, most)).await? {
            Said::Body(octets) => Ok(Served { tile, octets }),
            Said::TooLarge => Err(too_large_tile(tile, url, most)),
            Said::Gone(_) | Said::Wrong(_) if tile.is_partial() => {
                let whole = tile.full();
                let url = self.source.url(&whole.path());
                match self.source.ask(HttpRequest::new(&url, most)).await? {
                    Said::Body(octets) => Ok(Served { tile: whole, octets }),
                    Said::TooLarge => Err(too_large_tile(whole, url, most)),
                    Said::Gone(response) | Said::Wrong(response) => Err(gone(&url, &response)),
                }
            }
            Said::Gone(response) | Said::Wrong(response) => Err(gone(&url, &response)),
        }
    }

    /// Tiles of hashes, cut to what the tree has of them.
    async fn hash_tiles(&self, wanted: impl IntoIterator<Item = Tile>) -> Result<HashTiles, ReadError> {
        let mut tiles = HashTiles::default();
        for tile in wanted {
            self.add_hash_tile(&mut tiles, tile).await?;
        }
        Ok(tiles)
    }

    async fn add_hash_tile(&self, tiles: &mut HashTiles, tile: Tile) -> Result<(), ReadError> {
        let TileKind::Hashes { level } = tile.kind else { return Ok(()) };
        let served = self.tile(tile).await?;
        let mut hashes = read_hash_tile(&served.octets, served.tile.width).map_err(|error| {
            breach(Breach::Form, error.to_string(), self.source.url(&served.tile.path()), &served.octets)
        })?;
        // What a whole tile has beyond the tree is another tree's.
        hashes.truncate(usize::from(tile.width));
        tiles.insert(level, tile.index, hashes);
        Ok(())
    }

    /// The data tile with the entry at `index`, in a tree of `size` entries.
    async fn data_tile(&self, index: u64, size: u64) -> Result<Served, ReadError> {
        let tile = Tile::holding(TileKind::Data, index, size)
            .ok_or_else(|| ReadError::Unusable(format!("a tree of {size} entries has none at {index}")))?;
        self.tile(tile).await
    }

    /// The timestamps and leaf hashes of the entries of the tile that begins at `start`, as far as the tree has them.
    async fn leaves(&self, start: u64, size: u64) -> Result<Vec<(u64, TreeHash)>, ReadError> {
        let served = self.data_tile(start, size).await?;
        let refused =
            |why: String| breach(Breach::Form, why, self.source.url(&served.tile.path()), &served.octets);
        let leaves = read_data_tile(&served.octets).map_err(|error| refused(error.to_string()))?;
        if leaves.len() != usize::from(served.tile.width) {
            return Err(refused(format!("it has {} entries and not {}", leaves.len(), served.tile.width)));
        }
        let there = usize::try_from(size.saturating_sub(start)).unwrap_or(usize::MAX);
        Ok(leaves.iter().take(there).map(|leaf| (leaf.timestamped.timestamp, leaf.leaf_hash())).collect())
    }

    /// Proves that these leaves stand in the tree of `head` from `start` on.
    async fn prove_leaves(
        &self,
        head: &Head,
        start: u64,
        leaves: &[(u64, TreeHash)],
        known: &mut KnownTiles,
    ) -> Result<(), ReadError> {
        let end = start.saturating_add(u64::try_from(leaves.len()).unwrap_or(u64::MAX));
        let wanted = [start, end].into_iter().filter(|size| *size > 0);
        for tile in wanted.flat_map(|size| tiles_for_consistency(size, head.size)) {
            if known.names.insert(tile) {
                self.add_hash_tile(&mut known.tiles, tile).await?;
            }
        }
        let tiles = &known.tiles;
        let proven = || {
            let mut tree = TreeBuilder::default();
            if start > 0 {
                let before = subtrees_before(tiles, start).map_err(|gap| gap.to_string())?;
                tree = TreeBuilder::of_subtrees(start, &before).map_err(|error| error.to_string())?;
            }
            for (_, leaf) in leaves {
                tree.push(*leaf);
            }
            let proof = consistency_proof(tiles, end, head.size).map_err(|gap| gap.to_string())?;
            verify_consistency(end, tree.root(), head.size, head.root, &proof)
                .map_err(|error| error.to_string())
        };
        proven().map_err(|why: String| {
            let what = format!("the tile with entry {start} is not shown to be the one in its tree: {why}");
            breach(Breach::Proof, what, self.source.url("tile/"), &[])
        })
    }

    fn split(&self, why: String, octets: &[u8]) -> ReadError {
        breach(Breach::Split, why, self.source.url("checkpoint"), octets)
    }
}

fn too_large_tile(tile: Tile, url: String, most: usize) -> ReadError {
    match tile.kind {
        TileKind::Hashes { .. } => too_large(url, most),
        TileKind::Data => {
            let first = tile.index.saturating_mul(A_TILE);
            let last = first.saturating_add(u64::from(tile.width).saturating_sub(1));
            too_large_entries(url, most, first, last)
        }
    }
}

fn octets_of(hashes: &[TreeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

impl LogReader for StaticCt {
    async fn head(&self) -> Result<Head, ReadError> {
        let path = "checkpoint";
        let body = self.source.body(path, MAX_CHECKPOINT).await?;
        let url = || self.source.url(path);
        let checkpoint = Checkpoint::read(&body, self.id)
            .map_err(|error| breach(Breach::Form, error.to_string(), url(), &body))?;
        verified(&checkpoint.head, &self.key, url(), body)
    }

    async fn prove_consistency(&self, older: &Head, newer: &Head) -> Result<(), ReadError> {
        let Some((early, late)) = order(older, newer, || self.source.url("checkpoint"))? else {
            return Ok(());
        };
        let tiles = self.hash_tiles(tiles_for_consistency(early.size, late.size)).await?;
        let made = root(&tiles, early.size)
            .and_then(|early_root| Ok((early_root, consistency_proof(&tiles, early.size, late.size)?)));
        let url = || self.source.url("tile/");
        let (early_root, proof) = made.map_err(|gap| breach(Breach::Proof, gap.to_string(), url(), &[]))?;
        // With their own early root the tiles show whether they belong to the later tree at all.
        if let Err(error) = verify_consistency(early.size, early_root, late.size, late.root, &proof) {
            let what = format!("the tiles do not make up the tree of {} entries: {error}", late.size);
            return Err(breach(Breach::Proof, what, url(), &octets_of(&proof)));
        }
        if early_root == early.root {
            return Ok(());
        }
        let why = format!(
            "the first {} entries of the tree of {} have the root {early_root}, and the log signed {}: there are two trees",
            early.size, late.size, early.root
        );
        Err(self.split(why, &[&early_root.0[..], &octets_of(&proof)].concat()))
    }

    async fn tree_before(&self, head: &Head, size: u64) -> Result<TreeBuilder, ReadError> {
        if size == 0 {
            return Ok(TreeBuilder::default());
        }
        if size > head.size {
            return Err(super::beyond(size, head));
        }
        let tiles = self.hash_tiles(tiles_for_consistency(size, head.size)).await?;
        let broken = |what: String| breach(Breach::Proof, what, self.source.url("tile/"), &[]);
        let before = subtrees_before(&tiles, size).map_err(|gap| broken(gap.to_string()))?;
        let tree = TreeBuilder::of_subtrees(size, &before).map_err(|error| broken(error.to_string()))?;
        let proof = consistency_proof(&tiles, size, head.size).map_err(|gap| broken(gap.to_string()))?;
        verify_consistency(size, tree.root(), head.size, head.root, &proof).map_err(|error| {
            broken(format!("the tiles do not make up the tree of {} entries: {error}", head.size))
        })?;
        Ok(tree)
    }

    async fn leaf_at(&self, index: u64, size: u64) -> Result<(u64, TreeHash), ReadError> {
        let leaves = self.leaves((index / A_TILE).saturating_mul(A_TILE), size).await?;
        let leaf = usize::try_from(index % A_TILE).ok().and_then(|place| leaves.get(place)).copied();
        leaf.ok_or_else(|| super::nothing(index, index.saturating_add(1), size))
    }

    async fn leaf_hashes(&self, index: u64, size: u64) -> Result<Vec<TreeHash>, ReadError> {
        let tile = Tile::holding(TileKind::Hashes { level: 0 }, index, size)
            .ok_or_else(|| super::nothing(index, index.saturating_add(1), size))?;
        let served = self.tile(tile).await?;
        let mut hashes = read_hash_tile(&served.octets, served.tile.width).map_err(|error| {
            breach(Breach::Form, error.to_string(), self.source.url(&served.tile.path()), &served.octets)
        })?;
        hashes.truncate(usize::from(tile.width));
        Ok(hashes)
    }

    async fn first_at(&self, head: &Head, time: Timestamp) -> Result<u64, ReadError> {
        // By the first entry of each tile, and then within the last tile whose first entry is before the time.
        let mut search = Search::new(head.size.div_ceil(A_TILE), time);
        let mut within = Vec::new();
        let mut proofs = KnownTiles::default();
        while let Some(tile) = search.wanted() {
            let start = tile.saturating_mul(A_TILE);
            let leaves = self.leaves(start, head.size).await?;
            self.prove_leaves(head, start, &leaves, &mut proofs).await?;
            search.saw(leaves.first().map_or(0, |(timestamp, _)| *timestamp));
            if search.place() > tile {
                within = leaves;
            }
        }
        let Some(before) = search.place().checked_sub(1) else { return Ok(0) };
        let mut search = Search::new(u64::try_from(within.len()).unwrap_or_default(), time);
        while let Some(place) = search.wanted() {
            let leaf = usize::try_from(place).ok().and_then(|place| within.get(place));
            search.saw(leaf.map_or(0, |(timestamp, _)| *timestamp));
        }
        Ok(before.saturating_mul(A_TILE).saturating_add(search.place()))
    }

    fn expected_end(&self, start: u64, stop: u64, size: u64) -> Option<u64> {
        Some((start / A_TILE).saturating_add(1).saturating_mul(A_TILE).min(stop).min(size))
    }

    async fn entries(&self, start: u64, stop: u64, size: u64) -> Result<Answer, ReadError> {
        let end = self.expected_end(start, stop, size).unwrap_or_default();
        if end <= start {
            return Err(super::nothing(start, stop, size));
        }
        let served = self.data_tile(start, size).await?;
        let skipped = u16::try_from(start % A_TILE).unwrap_or_default();
        let answer = Answer::of_data_tile(start, end, served.tile.width, skipped, served.octets);
        Ok(answer.given_back(self.source.buffers()))
    }

    async fn issuer(&self, sha256: &[u8; 32]) -> Result<Bytes, ReadError> {
        let name: Vec<String> = sha256.iter().map(|octet| format!("{octet:02x}")).collect();
        let path = format!("issuer/{}", name.concat());
        let octets = self.source.body(&path, MAX_ISSUER).await?;
        if <[u8; 32]>::from(Sha256::digest(&octets)) != *sha256 {
            let what = "the certificate has another SHA-256 than its name says".to_owned();
            return Err(breach(Breach::Issuer, what, self.source.url(&path), &octets));
        }
        // Any octets have a hash. Those that are no certificate say nothing of who issued.
        if let Err(error) = Parts::read(&octets) {
            let what = format!("what it gives as an issuer is no certificate: {error}");
            return Err(breach(Breach::Issuer, what, self.source.url(&path), &octets));
        }
        Ok(Bytes(octets))
    }
}
