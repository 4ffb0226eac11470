//! Static logs: their tree is read from tiles, and every proof is made here.
//!
//! Source: C2SP static-ct-api. The SCT names the leaf's index, so that absence can be proven as well as inclusion.

use super::Promise;
use super::audit::Answered;
use super::head::{Continuation, Pair, other_history};
use super::plan::WantedList;
use super::verdict::{Absence, Doubt};
use super::view::{Answer, LogView};
use crate::ct::entry::{SignedEntry, promised_leaf};
use crate::ct::log_entry::LoggedEntry;
use crate::ct::merkle::{TreeHash, verify_consistency, verify_inclusion};
use crate::ct::sct::{LeafIndex, leaf_index};
use crate::ct::tile::{
    FULL_WIDTH, HashTiles, Tile, TileKind, TileLeaf, consistency_proof, inclusion_path, read_data_tile,
    read_hash_tile, root, tiles_for_consistency, tiles_for_inclusion,
};
use crate::ct::tree_head::TreeHead;

/// The octets of a whole tile of hashes.
const MAX_HASH_TILE: usize = 8192;

/// The most octets of a data tile, unpacked; real ones have about half a million.
const MAX_DATA_TILE: usize = 16 << 20;

/// Names what shows that the tree has only grown.
pub(super) fn want_continuation(list: &mut WantedList<'_, '_>, pair: Pair<'_>) {
    for tile in tiles_for_consistency(pair.early.size, pair.late.size) {
        want(list, tile);
    }
}

/// Whether the later tree continues the earlier one.
pub(super) fn continuation(view: &LogView<'_>, pair: Pair<'_>) -> Continuation {
    let Pair { early, late } = pair;
    let wanted = tiles_for_consistency(early.size, late.size);
    let made = hash_tiles(view, wanted).and_then(|tiles| {
        let early_root = root(&tiles, early.size).map_err(|gap| gap.to_string())?;
        let proof = consistency_proof(&tiles, early.size, late.size).map_err(|gap| gap.to_string())?;
        Ok((early_root, proof))
    });
    let (early_root, proof) = match made {
        Ok(made) => made,
        Err(why) => return Continuation::Unknown(Doubt::Lookup, why),
    };
    // With its own early root the proof shows whether the tiles belong to the later tree at all.
    if let Err(error) = verify_consistency(early.size, early_root, late.size, late.root, &proof) {
        let why = format!("the tiles do not make up the tree of {} entries: {error}", late.size);
        return Continuation::Unknown(Doubt::Proof, why);
    }
    if early_root == early.root { Continuation::Proven } else { other_history(pair, early_root, proof) }
}

/// Names what shows whether the promise was kept.
pub(super) fn want_inclusion(list: &mut WantedList<'_, '_>, head: &TreeHead, promise: &Promise) {
    let LeafIndex::At(index) = leaf_index(&promise.sct.extensions) else { return };
    let data = Tile::holding(TileKind::Data, index, head.size);
    for tile in tiles_for_inclusion(index, head.size).into_iter().chain(data) {
        want(list, tile);
    }
}

fn want(list: &mut WantedList<'_, '_>, tile: Tile) {
    let most = match tile.kind {
        TileKind::Hashes { .. } => MAX_HASH_TILE,
        TileKind::Data => MAX_DATA_TILE,
    };
    list.add(&tile.path(), most);
    if tile.is_partial() && is_gone(&list.view.answer(&tile.path())) {
        list.add(&tile.full().path(), most);
    }
}

/// Whether a partial tile is no longer there: logs delete it once the whole one is.
fn is_gone(answer: &Answer<'_>) -> bool {
    matches!(answer, Answer::Refused(response) if matches!(response.status, 403 | 404 | 410))
}

/// A tile's octets, and which tile they are: the one asked for, or the whole one in its place.
fn tile_octets<'a>(view: &LogView<'a>, tile: Tile) -> Result<(&'a [u8], Tile), String> {
    match view.answer(&tile.path()) {
        Answer::Body(body) => Ok((body, tile)),
        answer if tile.is_partial() && is_gone(&answer) => {
            let whole = tile.full();
            view.body(&whole.path()).map(|body| (body, whole))
        }
        _ => Err(view.body(&tile.path()).err().unwrap_or_default()),
    }
}

fn hash_tiles(view: &LogView<'_>, wanted: impl IntoIterator<Item = Tile>) -> Result<HashTiles, String> {
    let mut tiles = HashTiles::default();
    for tile in wanted {
        let TileKind::Hashes { level } = tile.kind else { continue };
        let (octets, served) = tile_octets(view, tile)?;
        let mut hashes =
            read_hash_tile(octets, served.width).map_err(|error| format!("{}: {error}", served.path()))?;
        // What a whole tile has beyond the tree that is judged is another tree's.
        hashes.truncate(usize::from(tile.width));
        tiles.insert(level, tile.index, hashes);
    }
    Ok(tiles)
}

/// Whether the log kept its promise, as of this tree head.
pub(super) fn judge(view: &LogView<'_>, head: &TreeHead, promise: &Promise) -> Answered {
    let LeafIndex::At(index) = leaf_index(&promise.sct.extensions) else {
        return Answered::open(
            Doubt::Lookup,
            "the SCT has no well-formed leaf_index, without which an entry of a static log cannot be found"
                .to_owned(),
        );
    };
    if index >= head.size {
        return Answered::NotThere { index: Some(index), absence: Absence::BeyondTree };
    }
    let tiles = match hash_tiles(view, tiles_for_inclusion(index, head.size)) {
        Ok(tiles) => tiles,
        Err(why) => return Answered::open(Doubt::Lookup, why),
    };
    let (there, path) = match (tiles.leaf(index), inclusion_path(&tiles, index, head.size)) {
        (Ok(there), Ok(path)) => (there, path),
        (Err(gap), _) | (_, Err(gap)) => return Answered::open(Doubt::Lookup, gap.to_string()),
    };
    if let Err(error) = verify_inclusion(there, index, head.size, &path, head.root) {
        return Answered::open(Doubt::Proof, format!("the log's tiles do not make up its tree: {error}"));
    }
    if there != promise.leaf {
        return Answered::NotThere {
            index: Some(index),
            absence: other_leaf(view, head, promise, index, there),
        };
    }
    match data_leaf(view, head, index).map(|leaf| leaf.leaf_hash()) {
        Ok(leaf) if leaf != there => Answered::open(
            Doubt::Withheld,
            format!(
                "the log's tree has the entry at index {index}, but its data tile has another one in its place"
            ),
        ),
        Ok(_) => Answered::Included { index, notes: Vec::new() },
        Err(why) => Answered::Included {
            index,
            notes: vec![format!("The entry itself could not be had from the log: {why}.")],
        },
    }
}

/// What the other leaf at the SCT's index is: perhaps the same certificate, with another timestamp or other extensions.
fn other_leaf(
    view: &LogView<'_>,
    head: &TreeHead,
    promise: &Promise,
    index: u64,
    there: TreeHash,
) -> Absence {
    let leaf = match data_leaf(view, head, index) {
        Ok(leaf) => leaf,
        Err(why) => return Absence::OtherLeaf { there, unread: Some(why) },
    };
    // Under the SCT's own timestamp and extensions, the same certificate makes the promised leaf.
    let entry = match leaf.timestamped.entry {
        LoggedEntry::X509 { certificate } => SignedEntry::X509 { certificate },
        LoggedEntry::Precert { issuer_key_hash, tbs } => SignedEntry::Precert { issuer_key_hash, tbs },
    };
    let is_same = leaf.leaf_hash() == there && promised_leaf(entry, &promise.sct) == Some(promise.leaf);
    if is_same {
        Absence::OtherStamp { there, timestamp: leaf.timestamped.timestamp }
    } else {
        Absence::OtherLeaf { there, unread: None }
    }
}

/// The entry that the data tile has at `index`.
fn data_leaf<'a>(view: &LogView<'a>, head: &TreeHead, index: u64) -> Result<TileLeaf<'a>, String> {
    let tile = Tile::holding(TileKind::Data, index, head.size).ok_or("the tree has no such entry")?;
    let (octets, served) = tile_octets(view, tile)?;
    let leaves = read_data_tile(octets).map_err(|error| format!("{}: {error}", served.path()))?;
    if leaves.len() != usize::from(served.width) {
        return Err(format!("{}: it has {} entries and not {}", served.path(), leaves.len(), served.width));
    }
    let place = usize::try_from(index % u64::from(FULL_WIDTH)).unwrap_or(usize::MAX);
    leaves.into_iter().nth(place).ok_or_else(|| "it is too short".to_owned())
}

/// What was asked about a promise.
pub(super) fn paths(head: &TreeHead, index: Option<u64>) -> Vec<String> {
    let Some(index) = index.filter(|index| *index < head.size) else { return Vec::new() };
    let data = Tile::holding(TileKind::Data, index, head.size);
    data.into_iter().chain(tiles_for_inclusion(index, head.size)).map(Tile::path).collect()
}
