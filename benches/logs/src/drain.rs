//! Fetching a served log without looking at it: the limit that the server sets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use pinstead::ct::tile::{Tile, TileKind};
use pinstead::observe::clock::Stopwatch;
use serde_json::Value;

use crate::usage::cpu_seconds;
use crate::world::Form;

/// What draining a log took.
#[derive(Clone, Copy, Debug)]
pub struct Drained {
    /// The form in which it was read.
    pub form: Form,
    /// How many entries came.
    pub entries: u64,
    /// In how many octets.
    pub octets: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The CPU seconds of this process alone.
    pub cpu: f64,
}

/// Fetches all entries of the log at this address over so many connections.
pub fn drain(address: SocketAddr, connections: usize) -> Result<Drained> {
    let (watch, before) = (Stopwatch::start(), cpu_seconds()?);
    let mut first = Connection::open(address)?;
    let (form, size) = first.size()?;
    let page = match form {
        Form::Static => 256,
        // As many as come when all are asked for.
        Form::Rfc6962 => {
            ensure!(first.get(&format!("/ct/v1/get-entries?start=0&end={}", size - 1))? == 200, "no entries");
            first.body.windows(12).filter(|octets| octets == b"\"leaf_input\"").count() as u64
        }
    };
    let next = AtomicU64::new(0);
    let octets = thread::scope(|scope| {
        let fetch = || -> Result<u64> {
            let mut connection = Connection::open(address)?;
            let mut octets = 0;
            loop {
                let start = next.fetch_add(page, Ordering::Relaxed);
                if start >= size {
                    return Ok(octets);
                }
                let end = (start + page).min(size);
                let path = match form {
                    Form::Rfc6962 => format!("/ct/v1/get-entries?start={start}&end={}", end - 1),
                    Form::Static => {
                        let tile =
                            Tile::holding(TileKind::Data, start, size).context("a tile of the tree")?;
                        format!("/{}", tile.path())
                    }
                };
                ensure!(connection.get(&path)? == 200, "{path} was refused");
                octets += connection.body.len() as u64;
            }
        };
        let running: Vec<_> = (0..connections.max(1)).map(|_| scope.spawn(fetch)).collect();
        running
            .into_iter()
            .map(|one| one.join().map_err(|_| anyhow!("a thread ended early"))?)
            .sum::<Result<u64>>()
    })?;
    let seconds = watch.milliseconds() as f64 / 1e3;
    Ok(Drained { form, entries: size, octets, seconds, cpu: cpu_seconds()? - before })
}

/// A connection that is kept.
struct Connection {
    reader: BufReader<TcpStream>,
    address: SocketAddr,
    body: Vec<u8>,
}

impl Connection {
    fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("{address}; is it served?"))?;
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::with_capacity(64 << 10, stream), address, body: Vec::new() })
    }

    /// Which form of log it is, and how many entries it has.
    fn size(&mut self) -> Result<(Form, u64)> {
        if self.get("/checkpoint")? == 200 {
            let size = std::str::from_utf8(&self.body)?.lines().nth(1).context("a size")?.parse()?;
            return Ok((Form::Static, size));
        }
        ensure!(self.get("/ct/v1/get-sth")? == 200, "neither a checkpoint nor a tree head");
        let sth: Value = serde_json::from_slice(&self.body)?;
        Ok((Form::Rfc6962, sth["tree_size"].as_u64().context("a tree size")?))
    }

    /// The status of the answer to GET, whose content is then in `body`. Asks again where the log is busy.
    fn get(&mut self, path: &str) -> Result<u16> {
        loop {
            match self.get_once(path)? {
                429 => thread::sleep(Duration::from_millis(10)),
                status => return Ok(status),
            }
        }
    }

    fn get_once(&mut self, path: &str) -> Result<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.reader.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let Some(status) = line.split(' ').nth(1) else { bail!("no answer to {path}") };
        let status = status.parse()?;
        let mut length = 0;
        loop {
            let mut field = String::new();
            ensure!(self.reader.read_line(&mut field)? > 0, "half an answer to {path}");
            if field.trim_end().is_empty() {
                break;
            }
            if let Some(value) = field.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        self.body.resize(length, 0);
        self.reader.read_exact(&mut self.body)?;
        Ok(status)
    }
}
