//! Serving a world on loopback, over plain HTTP: both logs, each on a port of its own.

mod answer;
mod connection;

use std::collections::HashMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use pinstead::ct::merkle::TreeHash;
use pinstead::observe::clock::{Stopwatch, now};

use crate::key::LogKey;
use crate::tree::Tree;
use crate::world::{Folder, Form, Head, World};

/// How many connections are served at once; more are closed.
const MAX_CONNECTIONS: u64 = 1_024;
/// Of how many requests one is refused where logs are busy.
const REFUSED: u64 = 7;
/// How old a signed tree head gets.
const HEAD_AGE: SignedDuration = SignedDuration::from_secs(10);

/// How a world is served.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The most entries of one answer to get-entries.
    pub page: u64,
    /// Whether every seventh request is answered with 429.
    pub throttle: bool,
    /// How long each answer takes at least, in milliseconds.
    pub pause: u64,
    /// After how many seconds the logs grow to their next size; never: they are whole from the beginning.
    pub grow: Option<u64>,
    /// The ports of the RFC 6962 log and the static one; 0: whichever is free.
    pub ports: [u16; 2],
}

impl Default for Options {
    fn default() -> Self {
        Self { page: 256, throttle: false, pause: 0, grow: None, ports: [0, 0] }
    }
}

/// Where a world is served.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The RFC 6962 log.
    pub rfc6962: SocketAddr,
    /// The static log.
    pub tiled: SocketAddr,
}

/// A tree head as it was last signed: its size, when, and what was said.
type SignedHead = (u64, Timestamp, Arc<str>);

/// What both logs answer from.
#[derive(Debug)]
struct Logs {
    folder: Folder,
    world: World,
    options: Options,
    started: Stopwatch,
    asked: AtomicU64,
    entries: File,
    /// Where each entry's JSON begins, and the last one ends.
    offsets: Vec<u64>,
    tree: Tree,
    places: HashMap<TreeHash, usize>,
    keys: [LogKey; 2],
    /// The head that was signed last, of each log: its size, when, and the text.
    signed: [Mutex<Option<SignedHead>>; 2],
}

/// Serves the world of a folder until the process ends, and writes its log list with the addresses.
pub fn start(folder: &Path, options: Options) -> Result<Addresses> {
    let logs = Arc::new(Logs::open(folder, options)?);
    let mut addresses = Vec::new();
    for (form, port) in [Form::Rfc6962, Form::Static].into_iter().zip(options.ports) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        addresses.push(listener.local_addr()?);
        let logs = Arc::clone(&logs);
        thread::spawn(move || accept(&listener, form, &logs));
    }
    let addresses = Addresses { rfc6962: addresses[0], tiled: addresses[1] };
    let list = logs
        .world
        .log_list(&format!("http://{}/", addresses.rfc6962), &format!("http://{}/", addresses.tiled))?;
    fs::write(logs.folder.log_list(), format!("{list:#}\n"))?;
    Ok(addresses)
}

fn accept(listener: &TcpListener, form: Form, logs: &Arc<Logs>) {
    let open = Arc::new(AtomicU64::new(0));
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        if open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (logs, open) = (Arc::clone(logs), Arc::clone(&open));
        thread::spawn(move || {
            // What the peer does wrong ends its connection.
            let _ = connection::serve(&stream, form, &logs);
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

impl Logs {
    fn open(folder: &Path, options: Options) -> Result<Self> {
        let world = World::read(folder)?;
        let folder = Folder(folder.to_owned());
        let offsets = fs::read(folder.offsets())?;
        let offsets: Vec<u64> =
            offsets.as_chunks().0.iter().map(|place| u64::from_be_bytes(*place)).collect();
        let hashes = fs::read(folder.hashes())?;
        let leaves: Vec<TreeHash> = hashes.as_chunks().0.iter().map(|hash| TreeHash(*hash)).collect();
        Ok(Self {
            entries: File::open(folder.entries())?,
            keys: [world.key(Form::Rfc6962)?, world.key(Form::Static)?],
            signed: [Mutex::new(None), Mutex::new(None)],
            places: leaves.iter().copied().zip(0..).collect(),
            tree: Tree::new(leaves),
            asked: AtomicU64::new(0),
            started: Stopwatch::start(),
            folder,
            world,
            options,
            offsets,
        })
    }

    /// The tree that the logs have by now.
    fn head(&self) -> &Head {
        let heads = &self.world.heads;
        let last = heads.len() - 1;
        let grown = match self.options.grow {
            Some(seconds) => self.started.milliseconds() / (1_000 * seconds.max(1)),
            None => u64::MAX,
        };
        &heads[usize::try_from(grown).unwrap_or(last).min(last)]
    }

    /// The head of a log in its form, signed not long ago.
    fn signed_head(&self, form: Form) -> Result<Arc<str>> {
        let (head, key, now) = (self.head(), &self.keys[form as usize], now());
        let mut kept = self.signed[form as usize].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((size, at, text)) = kept.as_ref()
            && *size == head.size
            && now.duration_since(*at) < HEAD_AGE
        {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = match form {
            Form::Rfc6962 => head.sth(key, now)?,
            Form::Static => head.checkpoint(key, now)?,
        }
        .into();
        *kept = Some((head.size, now, Arc::clone(&text)));
        Ok(text)
    }

    /// Whether this request is one that a busy log refuses.
    fn is_refused(&self) -> bool {
        self.options.throttle && (self.asked.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(REFUSED)
    }
}
