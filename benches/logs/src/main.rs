//! `log-world`: makes a CT log of real shape, serves it in both forms, and measures what reading it costs.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use jiff::{Timestamp, Unit};
use pinstead::observe::clock::{Stopwatch, now};
use pinstead_logs::drain::drain;
use pinstead_logs::floor::floor;
use pinstead_logs::make::make;
use pinstead_logs::read::{self, read};
use pinstead_logs::serve::{self, Options};
use pinstead_logs::usage::{cpu_seconds, peak_megabytes};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A CT log of real shape, for measuring.
#[derive(Parser)]
#[command(name = "log-world")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a world and writes it to a folder.
    Make {
        /// How many entries each log has.
        #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
        entries: u64,
        /// Where chance begins: the same seed, time and number of entries give the same octets.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The world's time, RFC 3339 [default: the beginning of this day]
        #[arg(long)]
        at: Option<Timestamp>,
        /// The folder.
        #[arg(long)]
        out: PathBuf,
    },
    /// Serves both logs on loopback, and writes log-list.json with their addresses.
    Serve {
        /// The world's folder.
        folder: PathBuf,
        /// The most entries of one answer to get-entries.
        #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..))]
        page: u64,
        /// Answers every seventh request with 429.
        #[arg(long)]
        throttle: bool,
        /// Takes so many milliseconds at least for each answer.
        #[arg(long, default_value_t = 0)]
        pause: u64,
        /// Begins with the smallest tree, and grows to the next after so many seconds.
        #[arg(long, value_name = "SECONDS")]
        grow: Option<u64>,
        /// The ports of the RFC 6962 log and of the static one; 0: whichever is free.
        #[arg(long, num_args = 2, default_values_t = [0, 0])]
        ports: Vec<u16>,
    },
    /// Fetches everything from served logs without looking at it.
    Drain {
        /// The served world's folder, or one log's address: http://HOST:PORT/
        from: String,
        /// Over how many connections.
        #[arg(long, default_value_t = 4)]
        connections: usize,
    },
    /// Reads served logs as `pinstead watch` does, without its state: HTTP, hashing, names, the root checked.
    Read {
        /// The served world's folder.
        folder: PathBuf,
        /// How many domains are watched: 1, 1000 or 100000.
        #[arg(long, default_value_t = 1)]
        domains: u64,
        /// How many threads; 0: one for all.
        #[arg(long, default_value_t = 2)]
        threads: usize,
        /// How many questions are under way at once.
        #[arg(long, default_value_t = 4)]
        depth: usize,
        /// How often each log is read.
        #[arg(long, default_value_t = 3)]
        passes: u32,
    },
    /// Measures the pure core on a world's files.
    Floor {
        /// The world's folder.
        folder: PathBuf,
    },
}

fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    match Cli::parse().command {
        Command::Make { entries, seed, at, out: folder } => {
            let at = match at {
                Some(at) => at,
                None => now().round(
                    jiff::TimestampRound::new()
                        .smallest(Unit::Hour)
                        .increment(24)
                        .mode(jiff::RoundMode::Trunc),
                )?,
            };
            let watch = Stopwatch::start();
            let world = make(entries, seed, at, &folder)?;
            writeln!(
                out,
                "{entries} entries in {:.1} s ({:.1} CPU s, {:.0} MB): {:.0} octets of JSON and {:.0} of gzipped tile an entry",
                watch.milliseconds() as f64 / 1e3,
                cpu_seconds()?,
                peak_megabytes()?,
                world.json_octets,
                world.tile_octets,
            )?;
            for truth in &world.truth {
                let (domains, entries, certificates) = (truth.domains, truth.entries, truth.certificates);
                writeln!(
                    out,
                    "{domains} domains: {entries} entries of each log, {certificates} certificates"
                )?;
            }
        }
        Command::Serve { folder, page, throttle, pause, grow, ports } => {
            let ports = ports.try_into().ok().context("two ports")?;
            let addresses = serve::start(&folder, Options { page, throttle, pause, grow, ports })?;
            writeln!(out, "rfc6962 http://{}/", addresses.rfc6962)?;
            writeln!(out, "static http://{}/", addresses.tiled)?;
            writeln!(out, "log list {}", folder.join("log-list.json").display())?;
            out.flush()?;
            loop {
                std::thread::sleep(Duration::from_hours(1));
            }
        }
        Command::Drain { from, connections } => {
            for address in addresses(&from)? {
                let drained = drain(address, connections)?;
                writeln!(
                    out,
                    "{:?}: {} entries, {:.0} MB in {:.2} s: {:.0} entries/s; {:.2} CPU s a million entries here",
                    drained.form,
                    drained.entries,
                    drained.octets as f64 / 1e6,
                    drained.seconds,
                    drained.entries as f64 / drained.seconds.max(1e-3),
                    drained.cpu * 1e6 / drained.entries as f64,
                )?;
            }
        }
        Command::Read { folder, domains, threads, depth, passes } => {
            read(&folder, read::Options { threads, depth, domains, passes }, &mut out)?;
        }
        Command::Floor { folder } => floor(&folder, &mut out)?,
    }
    Ok(())
}

/// The address of a log, or those of a served world.
fn addresses(from: &str) -> Result<Vec<SocketAddr>> {
    let bare = |url: &str| -> Result<SocketAddr> {
        Ok(url.trim_start_matches("http://").trim_end_matches('/').parse()?)
    };
    if from.starts_with("http://") {
        return Ok(vec![bare(from)?]);
    }
    let path = Path::new(from).join("log-list.json");
    let list: Value =
        serde_json::from_slice(&std::fs::read(&path).with_context(|| path.display().to_string())?)?;
    let url =
        |pointer| bare(list.pointer(pointer).and_then(Value::as_str).context("an address in the log list")?);
    Ok(vec![url("/operators/0/logs/0/url")?, url("/operators/1/tiled_logs/0/monitoring_url")?])
}
