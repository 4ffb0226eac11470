//! CT logs on loopback: an RFC 6962 log and a static one, each over a tree of some hundred entries, with faults to order.
//!
//! Trees and proofs are made here word for word as RFC 6962 section 2.1 has them, apart from the code under test.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use pinstead::demo::ct::{CtLog, LogKind};
use serde_json::json;
use sha2::{Digest as _, Sha256};

pub(crate) type Hash = [u8; 32];

/// What is wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// One bit of each proof or hash tile is wrong.
    WrongProof,
    /// The tree head is signed, and has another root.
    OtherRoot,
    /// The tree head's signature is not the log's.
    BadSignature,
    /// Tiles of hashes lack their last octet.
    TruncatedTile,
    /// The next request is answered with 429 and `Retry-After: 1`.
    BusyOnce,
    /// Every request is answered with 503.
    Unavailable,
    /// The next request is not answered at all.
    StallOnce,
    /// Everything but the tree head has ten million octets.
    TooLarge,
    /// Partial tiles are gone where the whole ones are there.
    PartialsGone,
    /// Everything but the tree head is said not to be there.
    NothingFound,
    /// Everything is answered with status 200 and a web page.
    WebPage,
    /// Everything but the tree head is answered with status 200 and an error in JSON.
    ErrorAsAnswer,
    /// Another entry is handed out in the place of each.
    OtherEntries,
    /// The checkpoint's origin is another name, and signed as such.
    OtherOrigin,
    /// The next answer breaks off in its midst.
    CutOnce,
    /// Answers are packed though nobody asked for that.
    PackedUnasked,
    /// The next request for entries is answered by a back-end that has fewer than the tree head says.
    BehindOnce,
    /// Issuers' certificates have one octet more.
    OtherIssuer,
    /// Issuers' certificates are answered with 503.
    IssuersDown,
}

/// One entry: the `MerkleTreeLeaf`, and the rest of a static log's `TileLeaf`.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) leaf: Vec<u8>,
    pub(crate) rest: Vec<u8>,
}

impl Entry {
    /// A certificate that is none, so that the tree has something beside what is looked for.
    pub(crate) fn filler(number: usize) -> Self {
        let certificate = format!("filler {number}");
        let mut leaf = vec![0, 0];
        leaf.extend(1_700_000_000_000_u64.to_be_bytes());
        leaf.extend([0, 0, 0, 0, u8::try_from(certificate.len()).unwrap()]);
        leaf.extend(certificate.as_bytes());
        leaf.extend([0, 0]);
        Self { leaf, rest: vec![0, 0] }
    }

    fn hash(&self) -> Hash {
        digest(&[&[0], &self.leaf])
    }
}

/// A log as it is served now.
pub(crate) struct LogState {
    /// All entries, those not merged yet included.
    pub(crate) entries: Vec<Entry>,
    /// How many of them the tree head covers.
    pub(crate) size: usize,
    /// The tree head's time, in milliseconds.
    pub(crate) timestamp: u64,
    /// The most entries of an answer to get-entries.
    pub(crate) page: usize,
    /// Whether such an answer ends at a multiple of that.
    pub(crate) is_aligned: bool,
    /// The certificates of issuers, which a static log has as files.
    pub(crate) issuers: Vec<Vec<u8>>,
    /// The entries in whose place a data tile has octets that nobody can read.
    pub(crate) garbled: Vec<usize>,
    /// What is wrong with it.
    pub(crate) faults: Vec<Fault>,
    /// The paths asked for.
    pub(crate) requests: Vec<String>,
}

/// A log that is served for as long as the test runs.
pub(crate) struct LogServer {
    pub(crate) log: Arc<CtLog>,
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<LogState>>,
}

impl LogServer {
    pub(crate) fn start(log: CtLog, entries: Vec<Entry>, timestamp: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().unwrap();
        let log = Arc::new(log);
        let size = entries.len();
        let state = LogState {
            entries,
            size,
            timestamp,
            page: 64,
            is_aligned: false,
            issuers: Vec::new(),
            garbled: Vec::new(),
            faults: Vec::new(),
            requests: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let (served, of) = (Arc::clone(&state), Arc::clone(&log));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (state, log) = (Arc::clone(&served), Arc::clone(&of));
                thread::spawn(move || serve(stream.unwrap(), &log, address, &state));
            }
        });
        Self { log, address, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, LogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The paths asked for since this was last called.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state().requests)
    }
}

/// What to answer.
struct Response {
    status: u16,
    body: Vec<u8>,
}

fn ok(body: impl Into<Vec<u8>>) -> Response {
    Response { status: 200, body: body.into() }
}

fn not_found() -> Response {
    Response { status: 404, body: b"no such thing: Not Found\n".to_vec() }
}

fn serve(mut stream: TcpStream, log: &CtLog, address: SocketAddr, state: &Mutex<LogState>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let gzip = request.to_ascii_lowercase().contains("accept-encoding: gzip");
    let (response, stalls, cuts, packs) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.requests.push(path.clone());
        let mut take = |fault| {
            let at = state.faults.iter().position(|other| *other == fault);
            at.map(|at| state.faults.remove(at)).is_some()
        };
        let (busy, stalls, cuts) = (take(Fault::BusyOnce), take(Fault::StallOnce), take(Fault::CutOnce));
        let behind = path.contains("get-entries") && take(Fault::BehindOnce);
        let packs = gzip || state.faults.contains(&Fault::PackedUnasked);
        let response = if busy {
            Response { status: 429, body: b"slower, please".to_vec() }
        } else if behind {
            Response { status: 400, body: b"need tree size: 9 to get leaves but only got: 7".to_vec() }
        } else {
            answer(&path, log, address, &state)
        };
        (response, stalls, cuts, packs)
    };
    if stalls {
        // Longer than any client waits for the first octet.
        thread::sleep(Duration::from_secs(40));
        return;
    }
    let (body, coding) = if packs && response.status == 200 {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&response.body).unwrap();
        (packed.finish().unwrap(), "Content-Encoding: gzip\r\n")
    } else {
        (response.body, "")
    };
    let retry = if response.status == 429 { "Retry-After: 1\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {} Told\r\n{coding}{retry}Content-Length: {}\r\nConnection: close\r\n\r\n",
        response.status,
        body.len()
    );
    let sent = if cuts { &body[..body.len() / 2] } else { &body[..] };
    // A client that has gone away has seen enough.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(sent));
}

fn answer(path: &str, log: &CtLog, address: SocketAddr, state: &LogState) -> Response {
    let has = |fault| state.faults.contains(&fault);
    if has(Fault::Unavailable) {
        return Response { status: 503, body: b"down".to_vec() };
    }
    let is_head = path == "/checkpoint" || path == "/ct/v1/get-sth";
    if has(Fault::WebPage) {
        return ok("<!doctype html>\n\n<html><body>This domain is for sale.</body></html>\n");
    }
    if !is_head && has(Fault::NothingFound) {
        return not_found();
    }
    if !is_head && has(Fault::TooLarge) {
        return ok(vec![b' '; 10_000_000]);
    }
    if !is_head && has(Fault::ErrorAsAnswer) {
        return ok(
            r#"{"error_message":"backend timed out","consistency":null,"audit_path":null,"leaf_index":0}"#,
        );
    }
    match log.kind {
        LogKind::Static => static_answer(path, log, address, state),
        LogKind::Rfc6962 => rfc6962_answer(path, log, state).unwrap_or_else(not_found),
    }
}

/// The signed root and its signature.
fn tree_head(log: &CtLog, state: &LogState) -> (Hash, Vec<u8>) {
    let mut root = root(&hashes(&state.entries[..state.size]));
    if state.faults.contains(&Fault::OtherRoot) {
        root[0] ^= 1;
    }
    let mut signature = log.sign_tree_head(state.timestamp, state.size as u64, root).unwrap();
    if state.faults.contains(&Fault::BadSignature) {
        *signature.last_mut().unwrap() ^= 1;
    }
    (root, signature)
}

fn rfc6962_answer(path: &str, log: &CtLog, state: &LogState) -> Option<Response> {
    let (call, query) =
        path.strip_prefix("/ct/v1/")?.split_once('?').unwrap_or((&path["/ct/v1/".len()..], ""));
    let number = |name: &str| -> Option<usize> { parameter(query, name)?.parse().ok() };
    let spoil = |proof: Vec<Hash>| spoilt(proof, state.faults.contains(&Fault::WrongProof));
    let other = usize::from(state.faults.contains(&Fault::OtherEntries));
    let leaf_input = |index: usize| STANDARD.encode(&state.entries[index.saturating_sub(other)].leaf);
    let body = match call {
        "get-sth" => {
            let (root, signature) = tree_head(log, state);
            json!({
                "tree_size": state.size, "timestamp": state.timestamp,
                "sha256_root_hash": STANDARD.encode(root), "tree_head_signature": STANDARD.encode(signature),
            })
        }
        "get-proof-by-hash" => {
            let size = number("tree_size").filter(|size| *size <= state.size)?;
            let wanted = STANDARD.decode(parameter(query, "hash")?).ok()?;
            let leaves = hashes(&state.entries[..size]);
            let index = leaves.iter().position(|leaf| leaf.as_slice() == wanted)?;
            json!({"leaf_index": index, "audit_path": texts(&spoil(audit_path(index, &leaves)))})
        }
        "get-entry-and-proof" => {
            let (index, size) =
                (number("leaf_index")?, number("tree_size").filter(|size| *size <= state.size)?);
            let leaves = hashes(&state.entries[..size]);
            let path = texts(&spoil(audit_path(index, &leaves)));
            json!({"leaf_input": leaf_input(index), "extra_data": "", "audit_path": path})
        }
        "get-entries" => {
            let start = number("start").filter(|index| *index < state.size)?;
            let end = (number("end")? + 1).min(state.size);
            let cut =
                if state.is_aligned { (start / state.page + 1) * state.page } else { start + state.page };
            let entry = |index| json!({"leaf_input": leaf_input(index), "extra_data": ""});
            json!({"entries": (start..end.min(cut)).map(entry).collect::<Vec<_>>()})
        }
        "get-sth-consistency" => {
            let (first, second) = (number("first")?, number("second").filter(|size| *size <= state.size)?);
            let proof = consistency(first, &hashes(&state.entries[..second]), true);
            json!({"consistency": texts(&spoil(proof))})
        }
        _ => return None,
    };
    Some(ok(body.to_string()))
}

fn static_answer(path: &str, log: &CtLog, address: SocketAddr, state: &LogState) -> Response {
    let has = |fault| state.faults.contains(&fault);
    if path == "/checkpoint" {
        return ok(checkpoint(log, address, state));
    }
    if let Some(name) = path.strip_prefix("/issuer/") {
        if has(Fault::IssuersDown) {
            return Response { status: 503, body: b"down".to_vec() };
        }
        let named = |der: &&Vec<u8>| digest(&[der]).map(|octet| format!("{octet:02x}")).concat() == name;
        let Some(der) = state.issuers.iter().find(named) else { return not_found() };
        let more: &[u8] = if has(Fault::OtherIssuer) { &[0] } else { &[] };
        return ok([der, more].concat());
    }
    let Some(rest) = path.strip_prefix("/tile/") else { return not_found() };
    let (kind, place) = rest.split_once('/').unwrap();
    let (number, width) = match place.split_once(".p/") {
        Some((number, width)) => (number, width.parse::<usize>().unwrap()),
        None => (place, 256),
    };
    let index: usize = number.replace(['x', '/'], "").parse().unwrap();
    let level: u32 = kind.parse().unwrap_or(0);
    let whole = (state.entries.len() >> (8 * level)) >= (index + 1) * 256;
    if width < 256 && whole && has(Fault::PartialsGone) {
        return not_found();
    }
    // What was not merged when the tree head was signed may stand in tiles all the same.
    let entries = &state.entries;
    let (from, to) = (index * 256, index * 256 + width);
    if kind == "data" {
        let other = usize::from(has(Fault::OtherEntries));
        let Some(held) = entries.get(from..to) else { return not_found() };
        let shown = |at: usize| {
            let entry = &entries[at.saturating_sub(other)];
            let is_garbled = state.garbled.contains(&at);
            if is_garbled { vec![0xff; 40] } else { [&entry.leaf[2..], &entry.rest].concat() }
        };
        assert_eq!(held.len(), width);
        return ok((from..to).flat_map(shown).collect::<Vec<u8>>());
    }
    let mut row = hashes(entries);
    for _ in 0..level {
        row = row.chunks_exact(256).map(root).collect();
    }
    let Some(held) = row.get(from..to) else { return not_found() };
    let mut octets = spoilt(held.to_vec(), has(Fault::WrongProof)).concat();
    if has(Fault::TruncatedTile) {
        octets.pop();
    }
    ok(octets)
}

fn checkpoint(log: &CtLog, address: SocketAddr, state: &LogState) -> String {
    let (root, signature) = tree_head(log, state);
    let origin = if state.faults.contains(&Fault::OtherOrigin) {
        "other.example".to_owned()
    } else {
        address.to_string()
    };
    let key_id = digest(&[origin.as_bytes(), b"\n\x05", &log.log_id()]);
    let own = [&key_id[..4], &state.timestamp.to_be_bytes(), &signature].concat();
    format!(
        "{origin}\n{}\n{}\n\n\u{2014} grease.invalid {}\n\u{2014} {origin} {}\n",
        state.size,
        STANDARD.encode(root),
        STANDARD.encode([1; 50]),
        STANDARD.encode(own)
    )
}

/// The last hash with one bit changed, where that is wanted.
fn spoilt(mut hashes: Vec<Hash>, spoil: bool) -> Vec<Hash> {
    if let (true, Some(last)) = (spoil, hashes.last_mut()) {
        last[31] ^= 1;
    }
    hashes
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    // A plus sign that was not escaped would have become a blank.
    assert!(!value.contains(['+', '/', '=']), "{value} is not escaped");
    Some(value.replace("%2B", "+").replace("%2F", "/").replace("%3D", "="))
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

fn digest(parts: &[&[u8]]) -> Hash {
    Sha256::digest(parts.concat()).into()
}

pub(crate) fn hashes(entries: &[Entry]) -> Vec<Hash> {
    entries.iter().map(Entry::hash).collect()
}

fn split(leaves: &[Hash]) -> (&[Hash], &[Hash]) {
    leaves.split_at(leaves.len().next_power_of_two() / 2)
}

/// MTH of RFC 6962 section 2.1.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => digest(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = split(leaves);
            digest(&[&[1], &root(left), &root(right)])
        }
    }
}

/// PATH of RFC 6962 section 2.1.1.
fn audit_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = split(leaves);
    let (mut path, beside) = if index < left.len() {
        (audit_path(index, left), right)
    } else {
        (audit_path(index - left.len(), right), left)
    };
    path.push(root(beside));
    path
}

/// SUBPROOF of RFC 6962 section 2.1.2.
fn consistency(first: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if first == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = split(leaves);
    let (mut proof, beside) = if first <= left.len() {
        (consistency(first, left, whole), right)
    } else {
        (consistency(first - left.len(), right, false), left)
    };
    proof.push(root(beside));
    proof
}
