//! What the logs answer: the calls of RFC 6962 section 4, or the files of static-ct-api.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use pinstead::ct::merkle::TreeHash;
use serde_json::{Value, json};

use super::Logs;
use crate::world::Form;

/// An answer; its memory serves again for the next one.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) status: &'static str,
    pub(super) content_type: &'static str,
    pub(super) is_gzip: bool,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn clear(&mut self) {
        self.status = "200 OK";
        self.content_type = "application/json";
        self.is_gzip = false;
        self.body.clear();
    }

    fn refuse(&mut self, status: &'static str, why: &str) {
        self.status = status;
        self.content_type = "text/plain; charset=utf-8";
        self.body.extend_from_slice(why.as_bytes());
        self.body.push(b'\n');
    }

    fn bad_request(&mut self, why: &str) {
        self.refuse("400 Bad Request", why);
    }

    fn not_found(&mut self) {
        self.refuse("404 Not Found", "there is no such thing");
    }

    fn json(&mut self, value: &Value) {
        self.body.extend_from_slice(value.to_string().as_bytes());
    }
}

/// Answers GET of this target.
pub(super) fn answer(target: &str, form: Form, logs: &Logs, answer: &mut Answer) -> Result<()> {
    thread::sleep(Duration::from_millis(logs.options.pause));
    if logs.is_refused() {
        answer.refuse("429 Too Many Requests", "come back later");
        return Ok(());
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match form {
        Form::Rfc6962 => call(path, query, logs, answer),
        Form::Static => file(path, logs, answer),
    }
}

fn call(path: &str, query: &str, logs: &Logs, answer: &mut Answer) -> Result<()> {
    let size = usize::try_from(logs.head().size)?;
    let number = |name: &str| parameter(query, name).and_then(|text| text.parse::<usize>().ok());
    let tree_size = |name: &str| number(name).filter(|asked| (1..=size).contains(asked));
    match path.strip_prefix("/ct/v1/").unwrap_or_default() {
        "get-sth" => answer.body.extend_from_slice(logs.signed_head(Form::Rfc6962)?.as_bytes()),
        "get-entries" => match (number("start"), number("end")) {
            (Some(start), Some(end)) if start <= end && start < size => {
                let end = end
                    .saturating_add(1)
                    .min(size)
                    .min(start.saturating_add(usize::try_from(logs.options.page)?));
                entries(start, end, logs, answer)?;
            }
            _ => answer.bad_request("the tree has no such entries"),
        },
        "get-sth-consistency" => match (tree_size("first"), tree_size("second")) {
            (Some(first), Some(second)) if first <= second => {
                answer.json(&json!({"consistency": texts(&logs.tree.consistency(first, second))}));
            }
            _ => answer.bad_request("the log had no such trees"),
        },
        "get-proof-by-hash" => {
            let hash = parameter(query, "hash").and_then(|text| TreeHash::from_base64(&text));
            match (hash, tree_size("tree_size")) {
                (Some(hash), Some(size)) => match logs.places.get(&hash).filter(|place| **place < size) {
                    Some(place) => {
                        let path = texts(&logs.tree.path(*place, size));
                        answer.json(&json!({"leaf_index": place, "audit_path": path}));
                    }
                    None => answer.not_found(),
                },
                _ => answer.bad_request("the log had no such tree, or the hash is malformed"),
            }
        }
        "get-entry-and-proof" => match (number("leaf_index"), tree_size("tree_size")) {
            (Some(index), Some(size)) if index < size => {
                read_entries(index, index + 1, logs, &mut answer.body)?;
                let mut value: Value = serde_json::from_slice(&answer.body)?;
                value["audit_path"] = json!(texts(&logs.tree.path(index, size)));
                answer.body.clear();
                answer.json(&value);
            }
            _ => answer.bad_request("the tree has no such entry"),
        },
        "get-roots" => answer.json(&json!({"certificates": []})),
        _ => answer.not_found(),
    }
    Ok(())
}

fn entries(start: usize, end: usize, logs: &Logs, answer: &mut Answer) -> Result<()> {
    answer.body.extend_from_slice(b"{\"entries\":[");
    read_entries(start, end, logs, &mut answer.body)?;
    answer.body.extend_from_slice(b"]}");
    Ok(())
}

/// Reads the JSON of entries from the disk, with commas between.
fn read_entries(start: usize, end: usize, logs: &Logs, out: &mut Vec<u8>) -> Result<()> {
    let (from, to) = (logs.offsets[start], logs.offsets[end] - 1);
    let before = out.len();
    out.resize(before + usize::try_from(to - from)?, 0);
    logs.entries.read_exact_at(&mut out[before..], from)?;
    Ok(())
}

fn file(path: &str, logs: &Logs, answer: &mut Answer) -> Result<()> {
    if path == "/checkpoint" {
        answer.content_type = "text/plain; charset=utf-8";
        answer.body.extend_from_slice(logs.signed_head(Form::Static)?.as_bytes());
        return Ok(());
    }
    let is_plain = path.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'/' | b'.'));
    let name = path.trim_start_matches('/');
    let is_known = name.starts_with("tile/") || name.starts_with("issuer/");
    if !is_plain || !is_known || path.contains("..") {
        answer.not_found();
        return Ok(());
    }
    match fs::File::open(logs.folder.tiled().join(name)).and_then(|mut file| {
        use std::io::Read as _;
        file.read_to_end(&mut answer.body)
    }) {
        Ok(_) => {
            answer.is_gzip = name.starts_with("tile/data/");
            answer.content_type = if name.starts_with("issuer/") {
                "application/pkix-cert"
            } else {
                "application/octet-stream"
            };
        }
        Err(_) => answer.not_found(),
    }
    Ok(())
}

fn texts(hashes: &[TreeHash]) -> Vec<String> {
    hashes.iter().map(TreeHash::to_string).collect()
}

/// A parameter of a query, with its percent signs resolved.
fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut pieces = value.split('%');
    let mut out = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        out.push(u8::from_str_radix(piece.get(..2)?, 16).ok()?);
        out.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(out).ok()
}
