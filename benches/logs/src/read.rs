//! Reading a served world as `pinstead watch` does, without its state: HTTP, proofs, hashing and names.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pinstead::ct::merkle::{RangeBuilder, TreeBuilder};
use pinstead::observe::clock::Stopwatch;
use pinstead::observe::http::HttpClient;
use pinstead::watch::reader::ahead::{Ahead, Room};
use pinstead::watch::reader::{LogReader as _, Reader};
use pinstead::watch::state::LogKind;
use serde_json::Value;

use crate::floor::watched_names;
use crate::usage::{cpu_seconds, peak_megabytes};
use crate::world::World;

/// The room for answers read ahead, in octets.
const ROOM: usize = 48 << 20;

/// How reading is done.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many threads: 0 is the one that asks, too.
    pub threads: usize,
    /// How many questions are under way at once.
    pub depth: usize,
    /// How many domains are watched.
    pub domains: u64,
    /// How often.
    pub passes: u32,
}

/// Reads both logs of a served world, and writes what it took.
pub fn read(folder: &Path, options: Options, out: &mut impl Write) -> Result<()> {
    let mut builder = match options.threads {
        0 => tokio::runtime::Builder::new_current_thread(),
        threads => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(threads);
            builder
        }
    };
    builder.enable_all().build()?.block_on(read_both(folder, options, out))
}

async fn read_both(folder: &Path, options: Options, out: &mut impl Write) -> Result<()> {
    let world = World::read(folder)?;
    let watched = watched_names(&folder.join(format!("domains-{}.txt", options.domains)))?;
    let truth =
        world.truth.iter().find(|truth| truth.domains == options.domains).context("no such number")?;
    let list: Value = serde_json::from_slice(&fs::read(folder.join("log-list.json"))?)?;
    let http = HttpClient::for_reading(None)?;
    for (kind, place, url) in [
        (LogKind::Rfc6962, "/operators/0/logs/0", "url"),
        (LogKind::Static, "/operators/1/tiled_logs/0", "monitoring_url"),
    ] {
        let listed = list.pointer(place).context("a log in the list")?;
        let text = |field: &str| listed[field].as_str().context("a text in the list");
        let key = STANDARD.decode(text("key")?)?;
        let reader = Arc::new(Reader::open(&http, kind, text(url)?, &key)?);
        let head = reader.head().await?;
        let room = Room::new(ROOM);
        let (watch, before) = (Stopwatch::start(), cpu_seconds()?);
        for _ in 0..options.passes {
            let mut ahead =
                Ahead::new(Arc::clone(&reader), 0, head.size, head.size, options.depth, room.clone());
            let (mut range, mut found) = (RangeBuilder::new(0), 0);
            while let Some(answer) = ahead.next().await {
                found += answer?.take(&watched, &mut range, head.size)?.len() as u64;
            }
            let mut tree = TreeBuilder::default();
            tree.push_range(&range)?;
            ensure!(tree.root() == head.root, "the entries do not make up the tree");
            ensure!(head.size < world.entries || found == truth.entries, "{found} entries were found");
        }
        let entries = (head.size * u64::from(options.passes)) as f64;
        let (seconds, cpu) = (watch.milliseconds() as f64 / 1e3, cpu_seconds()? - before);
        writeln!(
            out,
            "{kind:?}, {} domains: {:.2} CPU s a million entries, {:.0} entries/s, {:.0} MB",
            options.domains,
            cpu * 1e6 / entries,
            entries / seconds.max(1e-3),
            peak_megabytes()?,
        )?;
    }
    Ok(())
}
