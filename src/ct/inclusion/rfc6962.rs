//! Logs of RFC 6962: they are asked for proofs, and prove what they hold.
//!
//! Such a log cannot prove that it does *not* hold a leaf. Its word for that counts only where the same interface
//! proves the newest entry of the same tree at the same time: then it works, and knows the whole tree.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answers::{self, EntryLeaf};
use super::audit::Answered;
use super::head::{Continuation, Pair, continuation as judge_continuation};
use super::plan::WantedList;
use super::verdict::{Absence, Doubt};
use super::view::{Answer, LogView};
use super::{Promise, milliseconds};
use crate::ct::merkle::{TreeHash, verify_inclusion};
use crate::ct::tree_head::TreeHead;
use crate::evidence::http::HttpResponse;

/// The most octets of a proof.
const MAX_PROOF: usize = 64 << 10;

/// The most octets of one entry with its chain.
const MAX_ENTRY: usize = 8 << 20;

/// How much of what a log said is shown, in characters.
const MAX_SAID: usize = 200;

fn continuation_path(pair: Pair<'_>) -> String {
    format!("ct/v1/get-sth-consistency?first={}&second={}", pair.early.size, pair.late.size)
}

fn proof_path(leaf: TreeHash, size: u64) -> String {
    let hash = STANDARD.encode(leaf.0).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("ct/v1/get-proof-by-hash?hash={hash}&tree_size={size}")
}

fn entry_and_proof_path(index: u64, size: u64) -> String {
    format!("ct/v1/get-entry-and-proof?leaf_index={index}&tree_size={size}")
}

fn entries_path(index: u64) -> String {
    format!("ct/v1/get-entries?start={index}&end={index}")
}

/// Names what shows that the tree has only grown.
pub(super) fn want_continuation(list: &mut WantedList<'_, '_>, pair: Pair<'_>) {
    list.add(&continuation_path(pair), MAX_PROOF);
}

/// Whether the later tree continues the earlier one.
pub(super) fn continuation(view: &LogView<'_>, pair: Pair<'_>) -> Continuation {
    let path = continuation_path(pair);
    match view.body(&path).and_then(|body| answers::consistency(body).map_err(|why| format!("{path}: {why}")))
    {
        Ok(proof) => judge_continuation(pair, &proof),
        Err(why) => Continuation::Unknown(Doubt::Lookup, why),
    }
}

/// Names what shows whether the promise was kept.
pub(super) fn want_inclusion(list: &mut WantedList<'_, '_>, head: &TreeHead, promise: &Promise) {
    let Some(newest_index) = head.size.checked_sub(1) else { return };
    let path = proof_path(promise.leaf, head.size);
    list.add(&path, MAX_PROOF);
    match list.view.answer(&path) {
        Answer::Body(body) => {
            if let Ok(proof) = answers::proof_by_hash(body) {
                list.add(&entry_and_proof_path(proof.index, head.size), MAX_ENTRY);
            }
        }
        Answer::Refused(response) if says_not_found(response) && covers(list.view, head, promise) => {
            list.add(&entry_and_proof_path(newest_index, head.size), MAX_ENTRY);
            if matches!(list.view.answer(&entry_and_proof_path(newest_index, head.size)), Answer::Unasked) {
                return;
            }
            if newest_from_proof(list.view, newest_index, head.size).is_err() {
                list.add(&entries_path(newest_index), MAX_ENTRY);
            }
            if let Ok(newest) = newest(list.view, newest_index, head.size) {
                list.add(&proof_path(newest.leaf, head.size), MAX_PROOF);
            }
        }
        _ => {}
    }
}

/// Whether the tree head is from after the time by which the log had to hold the leaf.
fn covers(view: &LogView<'_>, head: &TreeHead, promise: &Promise) -> bool {
    head.timestamp >= promise.sct.timestamp.saturating_add(milliseconds(view.merge_delay))
}

/// Whether the log kept its promise, as of this tree head.
pub(super) fn judge(view: &LogView<'_>, head: &TreeHead, promise: &Promise) -> Answered {
    if head.size == 0 {
        return Answered::NotThere { index: None, absence: Absence::BeyondTree };
    }
    let path = proof_path(promise.leaf, head.size);
    let response = match view.answer(&path) {
        Answer::Body(body) => return judge_proof(view, head, promise, body),
        Answer::Refused(response) if says_not_found(response) => response,
        _ => return Answered::open(Doubt::Lookup, view.body(&path).err().unwrap_or_default()),
    };
    let absence = Absence::Stated { status: response.status, said: said(response) };
    if !covers(view, head, promise) {
        return Answered::NotThere { index: None, absence };
    }
    match proves_newest(view, head) {
        Ok(()) => Answered::NotThere { index: None, absence },
        Err(why) => Answered::open(
            Doubt::Lookup,
            format!(
                "the log says that it has no such entry (HTTP status {}), but that word cannot be relied on, because it \
                 does not prove the newest entry of the same tree either: {why}",
                response.status
            ),
        ),
    }
}

fn judge_proof(view: &LogView<'_>, head: &TreeHead, promise: &Promise, body: &[u8]) -> Answered {
    let proof = match answers::proof_by_hash(body) {
        Ok(proof) => proof,
        Err(why) => return Answered::open(Doubt::Lookup, format!("the log's proof cannot be read: {why}")),
    };
    if proof.path.is_empty() && head.size > 1 {
        let why = format!("the log's answer has no proof, and a tree of {} entries needs one", head.size);
        return Answered::open(Doubt::Lookup, why);
    }
    if let Err(error) = verify_inclusion(promise.leaf, proof.index, head.size, &proof.path, head.root) {
        return Answered::open(Doubt::Proof, format!("the log's proof does not hold: {error}"));
    }
    let path = entry_and_proof_path(proof.index, head.size);
    let mut notes = Vec::new();
    match view.body(&path).and_then(answers::entry_and_proof) {
        Ok(entry) if entry.leaf != promise.leaf => {
            return Answered::open(
                Doubt::Withheld,
                format!(
                    "the log's tree has the entry at index {}, but the log hands out another one in its place",
                    proof.index
                ),
            );
        }
        Ok(_) => {}
        Err(why) => notes.push(format!("The entry itself could not be had from the log: {why}.")),
    }
    Answered::Included { index: proof.index, notes }
}

/// Whether the log proves the newest entry of its tree by hash: the counter-check of its word that it has none.
fn proves_newest(view: &LogView<'_>, head: &TreeHead) -> Result<(), String> {
    let last = head.size.saturating_sub(1);
    let newest = newest(view, last, head.size)?;
    let path = proof_path(newest.leaf, head.size);
    let proof = view.body(&path).and_then(answers::proof_by_hash)?;
    verify_inclusion(newest.leaf, proof.index, head.size, &proof.path, head.root)
        .map_err(|error| format!("its proof does not hold: {error}"))
}

/// The newest entry, from either way in which logs hand out entries.
fn newest(view: &LogView<'_>, last: u64, size: u64) -> Result<EntryLeaf, String> {
    newest_from_proof(view, last, size)
        .or_else(|_| view.body(&entries_path(last)).and_then(answers::first_entry))
}

fn newest_from_proof(view: &LogView<'_>, last: u64, size: u64) -> Result<EntryLeaf, String> {
    view.body(&entry_and_proof_path(last, size)).and_then(answers::entry_and_proof)
}

/// Whether a refusal says that there is no such hash, as logs do with status 404, or 400 and a text.
fn says_not_found(response: &HttpResponse) -> bool {
    let text = String::from_utf8_lossy(&response.body).to_ascii_lowercase();
    match response.status {
        404 => true,
        400 => {
            ["not found", "notfound", "unknown hash", "hash unknown"].iter().any(|words| text.contains(words))
        }
        _ => false,
    }
}

fn said(response: &HttpResponse) -> String {
    String::from_utf8_lossy(&response.body).trim().chars().take(MAX_SAID).collect()
}

/// What was asked about a promise.
pub(super) fn paths(head: &TreeHead, promise: &Promise, index: Option<u64>) -> Vec<String> {
    let mut paths = vec![proof_path(promise.leaf, head.size)];
    paths.extend(index.map(|index| entry_and_proof_path(index, head.size)));
    paths
}
