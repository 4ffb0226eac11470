//! Verifies a folder of a CT log's saved answers against the log's key: everything that can be recomputed, is.
//!
//! ```sh
//! cargo run --example verify_tree -- KEY FOLDER
//! ```
//!
//! KEY is the log's public key, base64 of the DER SubjectPublicKeyInfo, as log lists have it. FOLDER is either
//!
//! - a static log as it lies on its web server (`checkpoint`, `tile/…`): every entry of every data tile is hashed and set
//!   beside the hash tiles and its own leaf index, the tree is rebuilt from them, and its root set beside the checkpoint's;
//! - or answers of an RFC 6962 log, a file each, named for the call and its numbers: `get-sth…`,
//!   `get-entries-FIRST-LAST…`, `get-proof-by-hash-…-SIZE…`, `get-entry-and-proof-INDEX-SIZE…`,
//!   `get-sth-consistency-FIRST-SECOND…`.
//!
//! Tiles may be compressed with gzip. It ends with code 1 at the first thing that does not hold.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program for the terminal")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pinstead::ct::checkpoint::Checkpoint;
use pinstead::ct::log_entry::LoggedEntry;
use pinstead::ct::log_id::LogId;
use pinstead::ct::log_key::LogKey;
use pinstead::ct::merkle::{
    ProofError, TreeBuilder, TreeHash, leaf_hash, verify_consistency, verify_inclusion,
};
use pinstead::ct::sct::{LeafIndex, leaf_index};
use pinstead::ct::tile::{
    HashTiles, Tile, TileKind, consistency_proof, inclusion_path, read_data_tile, read_hash_tile, root,
    tiles_for_root,
};
use pinstead::ct::tree_head::TreeHead;
use serde_json::Value;

/// What went wrong, in words.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [key, folder] = arguments.as_slice() else {
        eprintln!("usage: verify_tree KEY FOLDER");
        return ExitCode::from(2);
    };
    match verify(key, Path::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("does not hold: {error}");
            ExitCode::FAILURE
        }
    }
}

fn verify(key: &str, folder: &Path) -> Result<(), Failure> {
    let spki = STANDARD.decode(key)?;
    let key = LogKey::read(&spki)?;
    let id = LogId::of_key(&spki);
    println!("log {id}");
    if folder.join("tile").is_dir() { static_log(folder, &key, id) } else { rfc6962(folder, &key) }
}

/// A static log: tiles, and a checkpoint if there is one.
fn static_log(folder: &Path, key: &LogKey, id: LogId) -> Result<(), Failure> {
    let data = data_tiles(&folder.join("tile/data"))?;
    let mut builder = TreeBuilder::default();
    let mut leaves = Vec::new();
    let (mut entries, mut precertificates, mut chains) = (0, 0, 0);
    for (index, width, path) in &data {
        let octets = read(path)?;
        let tile = read_data_tile(&octets)?;
        if tile.len() != usize::from(*width) {
            return Err(format!("{} has {} entries and not {width}", path.display(), tile.len()).into());
        }
        let hashes = read_hash_tile(&read(&hash_tile(folder, 0, *index, *width))?, *width)?;
        for (place, (leaf, hash)) in (index * 256..).zip(tile.iter().zip(&hashes)) {
            if leaf_index(leaf.timestamped.extensions) != LeafIndex::At(place) {
                let said = leaf_index(leaf.timestamped.extensions);
                return Err(format!("entry {place} has another leaf index: {said:?}").into());
            }
            if leaf.leaf_hash() != *hash {
                return Err(format!("entry {place} has another hash than its tile").into());
            }
            // A partial tile may stand beside the wider one that followed it: the same entries again.
            match leaves.get(usize::try_from(place)?) {
                None if place == builder.size() => {
                    builder.push(*hash);
                    leaves.push(*hash);
                }
                Some(known) if known == hash => {}
                _ => return Err(format!("entry {place} is another one in {}", path.display()).into()),
            }
            entries += 1;
            precertificates += usize::from(matches!(leaf.timestamped.entry, LoggedEntry::Precert { .. }));
            chains += leaf.chain.len();
        }
    }
    println!(
        "{entries} entries in {} data tiles ({precertificates} precertificates; {chains} chain hashes): hashes and leaf \
         indices agree",
        data.len()
    );
    let size = builder.size();
    println!("rebuilt root of {size} entries: {}", builder.root());
    let checkpoint = folder.join("checkpoint");
    if checkpoint.exists() {
        let checkpoint = Checkpoint::read(&read(&checkpoint)?, id)?;
        checkpoint.head.verify(key).map_err(|_| "the log's key did not sign the checkpoint")?;
        println!("checkpoint of {}: {} entries, signature holds", checkpoint.origin, checkpoint.head.size);
        // Tiles may have grown since; the tree is what the checkpoint covers.
        let covered = leaves.iter().take(usize::try_from(checkpoint.head.size)?);
        let mut tree = TreeBuilder::default();
        covered.for_each(|leaf| tree.push(*leaf));
        if tree.size() != checkpoint.head.size || tree.root() != checkpoint.head.root {
            return Err(format!("the {} entries have the root {}", tree.size(), tree.root()).into());
        }
        println!("rebuilt root of its {} entries is the checkpoint's", tree.size());
        tile_proofs(folder, checkpoint.head.size, checkpoint.head.root, &leaves)?;
    }
    Ok(())
}

/// Makes every audit path and every consistency proof from the log's own tiles, and verifies them.
fn tile_proofs(folder: &Path, size: u64, whole: TreeHash, leaves: &[TreeHash]) -> Result<(), Failure> {
    let mut tiles = HashTiles::default();
    let levels = (0..8).take_while(|level| size >> (8 * level) > 0);
    for level in levels {
        let count = size >> (8 * u32::from(level));
        for index in 0..=(count - 1) / 256 {
            let kind = TileKind::Hashes { level };
            let tile = Tile::holding(kind, index * 256, size).ok_or("no such tile")?;
            tiles.insert(level, index, read_hash_tile(&read(&folder.join(tile.path()))?, tile.width)?);
        }
    }
    if root(&tiles, size)? != whole {
        return Err("the tiles that are needed for the root make another".into());
    }
    println!("root made from {} tiles agrees", tiles_for_root(size).len());
    let mut early = TreeBuilder::default();
    for (index, leaf) in (0..size).zip(leaves) {
        verify_inclusion(*leaf, index, size, &inclusion_path(&tiles, index, size)?, whole)?;
        early.push(*leaf);
        let first = index + 1;
        verify_consistency(first, early.root(), size, whole, &consistency_proof(&tiles, first, size)?)?;
    }
    println!("{size} audit paths and {size} consistency proofs made from tiles hold");
    Ok(())
}

/// The tiles of a folder with their index and width, by index, and of one index the widest first.
fn data_tiles(folder: &Path) -> Result<Vec<(u64, u16, PathBuf)>, Failure> {
    let mut tiles = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, before)) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name that is not UTF-8")?;
            if let Some(number) = name.strip_suffix(".p") {
                let index: u64 = (before.clone() + number).parse()?;
                for file in fs::read_dir(&path)? {
                    let file = file?.path();
                    let width = file.file_name().and_then(|name| name.to_str()).ok_or("no width")?.parse()?;
                    tiles.push((index, width, file));
                }
            } else if path.is_dir() {
                let group = before.clone() + name.trim_start_matches('x');
                folders.push((path, group));
            } else {
                tiles.push(((before.clone() + name).parse()?, 256, path));
            }
        }
    }
    tiles.sort_by_key(|(index, width, _)| (*index, std::cmp::Reverse(*width)));
    Ok(tiles)
}

fn hash_tile(folder: &Path, level: u8, index: u64, width: u16) -> PathBuf {
    folder.join(Tile { kind: TileKind::Hashes { level }, index, width }.path())
}

/// Answers of an RFC 6962 log.
fn rfc6962(folder: &Path, key: &LogKey) -> Result<(), Failure> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    let named =
        |call: &str| -> Vec<&PathBuf> { files.iter().filter(|path| call_of(path) == Some(call)).collect() };
    let sth = named("get-sth");
    let sth = sth.first().ok_or("no file is named get-sth…")?;
    let head = TreeHead::from_json(&read(sth)?)?;
    head.verify(key).map_err(|_| "the log's key did not sign the tree head")?;
    println!(
        "tree head of {} entries, {}: signature holds",
        head.size,
        head.time().map_or_else(String::new, |time| time.to_string())
    );

    let leaves = entries(&named("get-entries"), head.size)?;
    println!("{} entries read", leaves.len());
    let roots = roots(&leaves);
    if let Some(rebuilt) = roots.get(&head.size) {
        if *rebuilt != head.root {
            return Err(format!("the entries have the root {rebuilt}").into());
        }
        println!("rebuilt root {rebuilt} is the tree head's");
    }
    for path in named("get-proof-by-hash") {
        let answer = json(path)?;
        let index = answer["leaf_index"].as_u64().ok_or("no leaf_index")?;
        let leaf = leaves.get(&index).ok_or("the entry that a proof is for is not there")?;
        verify_inclusion(*leaf, index, head.size, &hashes(&answer["audit_path"])?, head.root)?;
        println!("audit path of entry {index} holds");
    }
    for path in named("get-entry-and-proof") {
        let answer = json(path)?;
        let index = numbers(path).first().copied().ok_or("no index in the file's name")?;
        let leaf = leaf_of(&answer)?;
        verify_inclusion(leaf, index, head.size, &hashes(&answer["audit_path"])?, head.root)?;
        if leaves.get(&index).is_some_and(|known| *known != leaf) {
            return Err(format!("entry {index} is another one in get-entries").into());
        }
        println!("entry {index} with its audit path holds");
    }
    for path in named("get-sth-consistency") {
        let first = numbers(path).first().copied().ok_or("no sizes in the file's name")?;
        let proof = hashes(&json(path)?["consistency"])?;
        // Where the early root is not known, the proof itself gives it, bound to the signed late one.
        let early = roots.get(&first).copied();
        let asked = early.unwrap_or(TreeHash([0; 32]));
        match (verify_consistency(first, asked, head.size, head.root, &proof), early) {
            (Ok(()), _) => println!("consistency of {first} with {} holds, both roots known", head.size),
            (Err(ProofError::OtherHistory { computed }), None) => {
                println!(
                    "consistency of {first} with {} leads to the signed root; the early root is {computed}",
                    head.size
                );
            }
            (Err(error), _) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The call that a file is the answer to.
fn call_of(path: &Path) -> Option<&'static str> {
    // The longer name of two that begin alike stands first.
    const CALLS: [&str; 5] =
        ["get-sth-consistency", "get-sth", "get-entries", "get-proof-by-hash", "get-entry-and-proof"];
    let name = path.file_name()?.to_str()?;
    CALLS.into_iter().find(|call| name.starts_with(call))
}

/// The leaves of all entries that are there, by index; a tree of some hundred million has only a few of them.
fn entries(files: &[&PathBuf], size: u64) -> Result<BTreeMap<u64, TreeHash>, Failure> {
    let mut leaves = BTreeMap::new();
    for path in files {
        let first = numbers(path).first().copied().ok_or("no index in the file's name")?;
        let answer = json(path)?;
        let entries = answer["entries"].as_array().ok_or("no entries")?;
        for (index, entry) in (first..size).zip(entries) {
            leaves.insert(index, leaf_of(entry)?);
        }
    }
    Ok(leaves)
}

/// The root of every size as far as the entries are there without a gap.
fn roots(leaves: &BTreeMap<u64, TreeHash>) -> BTreeMap<u64, TreeHash> {
    let mut builder = TreeBuilder::default();
    let mut roots = BTreeMap::new();
    for (index, leaf) in leaves {
        if *index != builder.size() {
            break;
        }
        builder.push(*leaf);
        roots.insert(builder.size(), builder.root());
    }
    roots
}

fn leaf_of(entry: &Value) -> Result<TreeHash, Failure> {
    Ok(leaf_hash(&STANDARD.decode(entry["leaf_input"].as_str().ok_or("no leaf_input")?)?))
}

fn hashes(list: &Value) -> Result<Vec<TreeHash>, Failure> {
    let read = |hash: &Value| hash.as_str().and_then(TreeHash::from_base64);
    let all: Option<Vec<TreeHash>> = list.as_array().ok_or("no list of hashes")?.iter().map(read).collect();
    Ok(all.ok_or("a hash that is none")?)
}

/// The numbers that stand alone in a file's name.
fn numbers(path: &Path) -> Vec<u64> {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    name.split('-').filter_map(|part| part.parse().ok()).collect()
}

fn json(path: &Path) -> Result<Value, Failure> {
    Ok(serde_json::from_slice(&read(path)?)?)
}

/// A file, unpacked where it is compressed.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let octets = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if !octets.starts_with(&[0x1f, 0x8b]) {
        return Ok(octets);
    }
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(octets.as_slice()).take(64 << 20).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}
