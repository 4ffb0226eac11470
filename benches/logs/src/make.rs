//! Making a world: every octet that will be served, once.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::thread;

use anyhow::{Result, anyhow};
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use pinstead::ct::merkle::{TreeHash, leaf_hash};
use pinstead::ct::tile::{Tile, TileKind};
use sha2::{Digest as _, Sha256};

use crate::authority::DAY;
use crate::entry::{Entry, Recipe};
use crate::names::{WATCHED, watched};
use crate::tree::Tree;
use crate::world::{Folder, Form, Head, Truth, World};

/// How many entries a tile has.
const WIDTH: u64 = 256;
/// How many tiles a thread makes between two times that their JSON is written.
const TILES_A_ROUND: u64 = 8;

/// The sizes of the trees that a log of this size had.
fn sizes(entries: u64) -> Vec<u64> {
    let early =
        [entries / 4, entries / 2 + 1, (entries * 3 / 4).saturating_sub(77), entries.saturating_sub(100)];
    let sizes: BTreeSet<u64> =
        early.into_iter().chain([entries]).filter(|size| (1..=entries).contains(size)).collect();
    sizes.into_iter().collect()
}

/// A tile's part of everything.
#[derive(Default)]
struct Made {
    json: Vec<u8>,
    /// Of each entry of the JSON, its length.
    lengths: Vec<u64>,
    rfc6962: Vec<TreeHash>,
    tiled: Vec<TreeHash>,
    /// The whole tile's length, gzipped.
    tile: u64,
    /// Index, certificate and watched domain of each entry that has one, with its names.
    placed: Vec<(u64, u64, u64, String)>,
}

/// Makes a world of this size in a folder.
pub fn make(entries: u64, seed: u64, at: Timestamp, folder: &Path) -> Result<World> {
    let recipe = Recipe::new(entries, seed, at)?;
    let sizes = sizes(entries);
    let folder = Folder(folder.to_owned());
    fs::create_dir_all(folder.0.join("rfc6962"))?;
    let mut json = BufWriter::new(File::create(folder.entries())?);
    let mut offsets = BufWriter::new(File::create(folder.offsets())?);
    let (mut offset, mut tile_octets) = (0_u64, 0_u64);
    let (mut rfc6962, mut tiled, mut placed) = (Vec::new(), Vec::new(), Vec::new());
    offsets.write_all(&offset.to_be_bytes())?;

    let tiles: Vec<u64> = (0..entries.div_ceil(WIDTH)).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    for round in tiles.chunks(threads * TILES_A_ROUND as usize) {
        for made in in_parallel(round, threads, |tile| make_tile(&recipe, *tile, &sizes, &folder))? {
            json.write_all(&made.json)?;
            for length in made.lengths {
                offset += length;
                offsets.write_all(&offset.to_be_bytes())?;
            }
            tile_octets += made.tile;
            rfc6962.extend(made.rfc6962);
            tiled.extend(made.tiled);
            placed.extend(made.placed);
        }
    }
    json.flush()?;
    offsets.flush()?;
    fs::write(folder.hashes(), octets(&rfc6962))?;
    let (rfc6962, tiled) = (Tree::new(rfc6962), Tree::new(tiled));
    write_hash_tiles(&tiled, &sizes, &folder)?;
    for certificate in &recipe.authorities.certificates {
        let name: String = Sha256::digest(certificate).iter().map(|octet| format!("{octet:02x}")).collect();
        write(&folder.tiled().join("issuer").join(name), certificate)?;
    }

    let head = |size: &u64| Head {
        size: *size,
        rfc6962_root: rfc6962.root(*size as usize).to_string(),
        static_root: tiled.root(*size as usize).to_string(),
    };
    let world = World {
        entries,
        seed,
        at,
        heads: sizes.iter().map(head).collect(),
        truth: WATCHED.iter().map(|domains| truth(*domains, &placed)).collect(),
        json_octets: offset as f64 / entries as f64,
        tile_octets: tile_octets as f64 / entries as f64,
    };
    describe(&world, &placed, &folder)?;
    Ok(world)
}

fn truth(domains: u64, placed: &[(u64, u64, u64, String)]) -> Truth {
    let found = || placed.iter().filter(|(_, _, domain, _)| *domain < domains);
    let certificates: BTreeSet<u64> = found().map(|(_, certificate, ..)| *certificate).collect();
    Truth { domains, entries: found().count() as u64, certificates: certificates.len() as u64 }
}

/// Does this for each, in order, on so many threads.
fn in_parallel<T: Sync, R: Send>(
    list: &[T],
    threads: usize,
    each: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let parts = thread::scope(|scope| {
        let running: Vec<_> = list
            .chunks(list.len().div_ceil(threads).max(1))
            .map(|part| scope.spawn(|| part.iter().map(&each).collect::<Result<Vec<R>>>()))
            .collect();
        running
            .into_iter()
            .map(|part| part.join().map_err(|_| anyhow!("a thread ended early"))?)
            .collect::<Result<Vec<_>>>()
    })?;
    Ok(parts.into_iter().flatten().collect())
}

fn make_tile(recipe: &Recipe, tile: u64, sizes: &[u64], folder: &Folder) -> Result<Made> {
    let start = tile * WIDTH;
    let end = (start + WIDTH).min(recipe.entries);
    let mut made = Made::default();
    let mut leaves = Vec::new();
    for index in start..end {
        let entry = recipe.entry(index)?;
        made.lengths.push(push_json(&mut made.json, &entry));
        made.rfc6962.push(leaf_hash(&entry.leaf));
        made.tiled.push(leaf_hash(&[&[0, 0], entry.timestamped.as_slice()].concat()));
        leaves.extend(entry.timestamped);
        leaves.extend(entry.beside);
        if let Some(domain) = entry.placed {
            made.placed.push((index, entry.certificate, domain, entry.names.join(" ")));
        }
        // At the end of a tree there is a partial tile.
        let is_whole = index + 1 == start + WIDTH;
        if is_whole || sizes.contains(&(index + 1)) {
            let width = u16::try_from(index + 1 - start)?;
            let octets = gzip(&leaves)?;
            made.tile = octets.len() as u64;
            write(&folder.tiled().join(Tile { kind: TileKind::Data, index: tile, width }.path()), &octets)?;
        }
    }
    Ok(made)
}

/// Writes an entry as get-entries has it; how long it is.
fn push_json(out: &mut Vec<u8>, entry: &Entry) -> u64 {
    let start = out.len();
    let mut base64 = |before: &str, octets: &[u8]| {
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(base64_simd::STANDARD.encode_to_string(octets).as_bytes());
    };
    base64("{\"leaf_input\":\"", &entry.leaf);
    base64("\",\"extra_data\":\"", &entry.extra_data);
    out.extend_from_slice(b"\"},");
    (out.len() - start) as u64
}

fn gzip(octets: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::default());
    encoder.write_all(octets)?;
    Ok(encoder.finish()?)
}

/// Writes the tiles of hashes of every tree that the log had.
fn write_hash_tiles(tree: &Tree, sizes: &[u64], folder: &Folder) -> Result<()> {
    let mut written = BTreeSet::new();
    for size in sizes {
        for level in 0_u8.. {
            let available = size.checked_shr(8 * u32::from(level)).unwrap_or_default();
            if available == 0 {
                break;
            }
            let kind = TileKind::Hashes { level };
            for position in (0..available).step_by(WIDTH as usize) {
                let Some(tile) = Tile::holding(kind, position, *size).filter(|tile| written.insert(*tile))
                else {
                    continue;
                };
                let from = position as usize;
                let hashes = &tree.level(8 * usize::from(level))[from..from + usize::from(tile.width)];
                write(&folder.tiled().join(tile.path()), &octets(hashes))?;
            }
        }
    }
    Ok(())
}

fn octets(hashes: &[TreeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Writes what people and programs want to know of the world.
fn describe(world: &World, placed: &[(u64, u64, u64, String)], folder: &Folder) -> Result<()> {
    write(&folder.0.join("world.json"), format!("{:#}\n", serde_json::to_value(world)?).as_bytes())?;
    for domains in WATCHED {
        let list: String = (0..domains).map(|number| watched(world.seed, number) + "\n").collect();
        write(&folder.0.join(format!("domains-{domains}.txt")), list.as_bytes())?;
    }
    let mut truth = String::from("index\tcertificate\tdomain\tnames\n");
    for (index, certificate, domain, names) in placed {
        truth += &format!("{index}\t{certificate}\t{}\t{names}\n", watched(world.seed, *domain));
    }
    write(&folder.0.join("truth.tsv"), truth.as_bytes())?;
    let list =
        world.log_list("https://rfc6962.log-world.example/1/", "https://tiles.log-world.example/1/")?;
    write(&folder.log_list(), format!("{list:#}\n").as_bytes())?;
    for (number, head) in (1..).zip(&world.heads) {
        // The last head is of the world's time, those before of the days before.
        let at = world.at - DAY * (world.heads.len() as i32 - number);
        let (sth, checkpoint) =
            (head.sth(&world.key(Form::Rfc6962)?, at)?, head.checkpoint(&world.key(Form::Static)?, at)?);
        write(&folder.0.join(format!("rfc6962/get-sth-{}.json", head.size)), sth.as_bytes())?;
        write(&folder.0.join(format!("static-checkpoint-{}", head.size)), checkpoint.as_bytes())?;
        write(&folder.tiled().join("checkpoint"), checkpoint.as_bytes())?;
    }
    Ok(())
}

fn write(path: &Path, octets: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, octets)?)
}
