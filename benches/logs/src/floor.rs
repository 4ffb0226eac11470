//! What the pure core costs: entries from the disk through what `watch` reads them with, on one thread, without network
//! and state.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{Read as _, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use flate2::read::GzDecoder;
use pinstead::ct::log_entry::{LoggedEntry, read_get_entries, read_leaf};
use pinstead::ct::merkle::{RangeBuilder, TreeBuilder, leaf_hash};
use pinstead::ct::tile::{Tile, TileKind, read_data_tile};
use pinstead::dns_name::DnsName;
use pinstead::issuance::names::{Form as NameForm, WatchedName, WatchedNames, find};
use pinstead::watch::batch::{take_data_tile, take_get_entries};

use crate::usage::{cpu_seconds, peak_megabytes};
use crate::world::{Folder, Form, World};

/// How many entries an answer to get-entries has.
const PAGE: usize = 256;

/// How often a pass is made, so that the kernel's ticks are fine enough.
const PASSES: u32 = 3;

/// The watched names of a list of domains, each with all below it.
pub fn watched_names(path: &Path) -> Result<WatchedNames> {
    let list = fs::read_to_string(path)?;
    let names: Result<Vec<WatchedName>> = list
        .lines()
        .map(|line| {
            let name: DnsName = line.parse().with_context(|| line.to_owned())?;
            Ok(WatchedName { name, with_subdomains: true })
        })
        .collect();
    Ok(WatchedNames::new(names?))
}

/// Measures both forms with the fewest and the most domains, and writes what it took.
pub fn floor(folder: &Path, out: &mut impl Write) -> Result<()> {
    let world = World::read(folder)?;
    let folder = Folder(folder.to_owned());
    let reader = Reader::open(&world, folder.clone())?;
    let million = world.entries as f64 / 1e6;
    let mut report = |what: &str, cpu: f64, note: &str| -> Result<()> {
        Ok(writeln!(out, "{what:<58} {:>6.2} CPU s a million entries{note}", cpu / million)?)
    };
    report("RFC 6962: reading the disk", measure(|| reader.pages(|_, _| Ok(())))?, "")?;
    report("RFC 6962: and finding entries in JSON", measure(|| reader.pages(parse_page))?, "")?;
    report("RFC 6962: and decoding leaves", measure(|| reader.pages(decode_page))?, "")?;
    report("RFC 6962: and hashing leaves", measure(|| reader.pages(hash_page))?, "")?;
    report("static: reading the disk", measure(|| reader.tiles_as_stored(|_, _| Ok(())))?, "")?;
    report("static: and gunzip", measure(|| reader.tiles(|_, _| Ok(())))?, "")?;
    report("static: and reading tiles", measure(|| reader.tiles(parse_tile))?, "")?;
    report("static: and hashing leaves", measure(|| reader.tiles(hash_tile))?, "")?;
    for truth in [world.truth.first(), world.truth.last()].into_iter().flatten() {
        let watched = watched_names(&folder.0.join(format!("domains-{}.txt", truth.domains)))?;
        report(
            &format!("names alone, {} domains", truth.domains),
            measure(|| reader.tiles(|octets, _| search_tile(octets, &watched)))?
                - measure(|| reader.tiles(parse_tile))?,
            "",
        )?;
        for form in [Form::Rfc6962, Form::Static] {
            let mut found = 0;
            let cpu = measure(|| {
                found = reader.take(form, &watched)?;
                Ok(())
            })?;
            ensure!(found == truth.entries, "{found} entries were found, and {} are there", truth.entries);
            let what = format!("{form:?}: all of it, root checked, {} domains", truth.domains);
            report(&what, cpu, &format!(", {found} found"))?;
        }
    }
    writeln!(out, "peak memory {:.0} MB", peak_megabytes()?)?;
    Ok(())
}

/// The CPU seconds of one time.
fn measure(mut pass: impl FnMut() -> Result<()>) -> Result<f64> {
    let before = cpu_seconds()?;
    for _ in 0..PASSES {
        pass()?;
    }
    Ok((cpu_seconds()? - before) / f64::from(PASSES))
}

struct Reader<'a> {
    world: &'a World,
    folder: Folder,
    entries: File,
    offsets: Vec<u64>,
}

impl<'a> Reader<'a> {
    fn open(world: &'a World, folder: Folder) -> Result<Self> {
        let offsets = fs::read(folder.offsets())?;
        let offsets = offsets.as_chunks().0.iter().map(|place| u64::from_be_bytes(*place)).collect();
        Ok(Self { world, entries: File::open(folder.entries())?, folder, offsets })
    }

    /// Each answer to get-entries, with the number of its entries.
    fn pages(&self, mut each: impl FnMut(&[u8], u16) -> Result<()>) -> Result<()> {
        let size = usize::try_from(self.world.entries)?;
        let mut page = Vec::new();
        for start in (0..size).step_by(PAGE) {
            let end = (start + PAGE).min(size);
            let (from, to) = (self.offsets[start], self.offsets[end] - 1);
            let length = usize::try_from(to - from)?;
            page.clear();
            page.extend_from_slice(b"{\"entries\":[");
            let before = page.len();
            page.resize(before + length, 0);
            self.entries.read_exact_at(&mut page[before..], from)?;
            page.extend_from_slice(b"]}");
            each(&page, u16::try_from(end - start)?)?;
        }
        Ok(())
    }

    /// Each data tile, gzipped, with its width.
    fn tiles_as_stored(&self, mut each: impl FnMut(&[u8], u16) -> Result<()>) -> Result<()> {
        let mut octets = Vec::new();
        for start in (0..self.world.entries).step_by(PAGE) {
            let tile =
                Tile::holding(TileKind::Data, start, self.world.entries).context("a tile of the tree")?;
            octets.clear();
            File::open(self.folder.tiled().join(tile.path()))?.read_to_end(&mut octets)?;
            each(&octets, tile.width)?;
        }
        Ok(())
    }

    /// Each data tile, with its width.
    fn tiles(&self, mut each: impl FnMut(&[u8], u16) -> Result<()>) -> Result<()> {
        let mut tile = Vec::new();
        self.tiles_as_stored(|octets, width| {
            tile.clear();
            GzDecoder::new(octets).read_to_end(&mut tile)?;
            each(&tile, width)
        })
    }

    /// Takes the whole log in this form; how many entries were found.
    fn take(&self, form: Form, watched: &WatchedNames) -> Result<u64> {
        let head = self.world.heads.last().context("a head")?;
        let mut range = RangeBuilder::new(0);
        let mut found = 0;
        match form {
            Form::Rfc6962 => self.pages(|octets, _| {
                found += take_get_entries(octets, u64::MAX, watched, &mut range)?.len() as u64;
                Ok(())
            })?,
            Form::Static => self.tiles(|octets, width| {
                found += take_data_tile(octets, width, 0, usize::MAX, watched, &mut range)?.len() as u64;
                Ok(())
            })?,
        }
        let mut tree = TreeBuilder::default();
        tree.push_range(&range)?;
        let root = match form {
            Form::Rfc6962 => &head.rfc6962_root,
            Form::Static => &head.static_root,
        };
        ensure!(tree.root().to_string() == *root, "the root is another than the head's");
        Ok(found)
    }
}

fn parse_page(octets: &[u8], _: u16) -> Result<()> {
    black_box(read_get_entries(octets)?);
    Ok(())
}

fn decode_page(octets: &[u8], _: u16) -> Result<()> {
    each_leaf(octets, |leaf| {
        black_box(leaf);
    })
}

fn hash_page(octets: &[u8], _: u16) -> Result<()> {
    each_leaf(octets, |leaf| {
        black_box(read_leaf(leaf).is_ok());
        black_box(leaf_hash(leaf));
    })
}

fn each_leaf(octets: &[u8], mut each: impl FnMut(&[u8])) -> Result<()> {
    use base64_simd::AsOut as _;
    let mut leaf = Vec::new();
    for entry in read_get_entries(octets)? {
        let text = entry.leaf_input.as_bytes();
        leaf.resize(base64_simd::STANDARD.estimated_decoded_length(text.len()), 0);
        let length = base64_simd::STANDARD.decode(text, leaf.as_mut_slice().as_out())?.len();
        each(&leaf[..length]);
    }
    Ok(())
}

fn parse_tile(octets: &[u8], _: u16) -> Result<()> {
    black_box(read_data_tile(octets)?);
    Ok(())
}

fn hash_tile(octets: &[u8], _: u16) -> Result<()> {
    read_data_tile(octets)?.iter().for_each(|leaf| {
        black_box(leaf.leaf_hash());
    });
    Ok(())
}

fn search_tile(octets: &[u8], watched: &WatchedNames) -> Result<()> {
    for leaf in read_data_tile(octets)? {
        let (octets, form) = match leaf.timestamped.entry {
            LoggedEntry::X509 { certificate } => (certificate, NameForm::Certificate),
            LoggedEntry::Precert { tbs, .. } => (tbs, NameForm::TbsCertificate),
        };
        black_box(find(octets, form, watched));
    }
    Ok(())
}
