//! The log's tree head: signed by the log, and a continuation of the one kept from earlier runs.
//!
//! Source: RFC 6962 sections 3.5 and 5.3: a log's tree only grows, and later trees have later timestamps.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::verdict::{Doubt, Fork, HeadVerdict, Standing};
use super::view::LogView;
use super::{rfc6962, static_log};
use crate::ct::checkpoint::{self, Checkpoint, CheckpointError};
use crate::ct::log_key::SignatureError;
use crate::ct::log_list::LogType;
use crate::ct::merkle::{ProofError, TreeHash, verify_consistency};
use crate::ct::tree_head::{TreeHead, TreeHeadError};

/// How far a log's clock may be ahead.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Up to this age no tree head is called old, however short the merge delay: caches and maintenance explain it.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// Where the tree head is.
pub(super) fn path(log_type: LogType) -> &'static str {
    match log_type {
        LogType::Rfc6962 => "ct/v1/get-sth",
        LogType::Static => "checkpoint",
    }
}

/// Whether one tree continues another.
#[derive(Debug)]
pub(super) enum Continuation {
    /// It does.
    Proven,
    /// It does not, and how that shows; where the signed heads alone do not show it, with the proof.
    Broken(String, Option<Fork>),
    /// It could not be found out, and why.
    Unknown(Doubt, String),
}

/// Two tree heads of a log, the smaller tree first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a> {
    pub(super) early: &'a TreeHead,
    pub(super) late: &'a TreeHead,
}

/// What setting two tree heads side by side gives.
pub(super) enum Comparison<'a> {
    /// It is settled without the log.
    Settled(Continuation),
    /// The log has to prove that the second tree continues the first.
    Needs(Pair<'a>),
}

/// The tree head served, with notes, or what stands in its way.
pub(super) fn served(view: &LogView<'_>) -> Result<(TreeHead, Vec<String>), Standing> {
    if let Some(why) = &view.observation.not_asked {
        return Err(Standing::NotAsked(why.clone()));
    }
    let path = path(view.log_type);
    if view.url(path).is_none() {
        return Err(Standing::NotAsked("no address is known where this log is read".to_owned()));
    }
    let body = view.body(path).map_err(Standing::Unavailable)?;
    let (head, notes) = read(view, body)?;
    head.verify(&view.key).map_err(|error| Standing::Invalid(unsigned(error)))?;
    Ok((head, notes))
}

fn unsigned(error: SignatureError) -> String {
    match error {
        SignatureError::NotMade => "the log's key did not sign it".to_owned(),
        SignatureError::WrongAlgorithm { .. } => format!("its signature does not stand: {error}"),
    }
}

/// Reads a tree head. What has not even its form (a web page, an error's text) is somebody else's answer, or that of a
/// log that is gone: it says nothing of the log's tree.
fn read(view: &LogView<'_>, body: &[u8]) -> Result<(TreeHead, Vec<String>), Standing> {
    if view.log_type == LogType::Rfc6962 {
        let head = TreeHead::from_json(body).map_err(|error| match error {
            TreeHeadError::Json(_) => Standing::Unavailable(error.to_string()),
            _ => Standing::Invalid(error.to_string()),
        })?;
        return Ok((head, Vec::new()));
    }
    let checkpoint = Checkpoint::read(body, view.id).map_err(|error| match error {
        CheckpointError::NotANote(_) | CheckpointError::TooLarge(_) => {
            Standing::Unavailable(error.to_string())
        }
        _ => Standing::Invalid(error.to_string()),
    })?;
    let mut notes = Vec::new();
    // The signed tree head does not cover the origin, so another one makes it no less the log's.
    if let Some(expected) = view.observation.url.as_deref().map(checkpoint::origin)
        && expected != checkpoint.origin
    {
        notes.push(format!(
            "The checkpoint calls the log {}, not {expected}, as its submission prefix would have it (static-ct-api).",
            checkpoint.origin
        ));
    }
    Ok((checkpoint.head, notes))
}

/// A kept tree head: the JSON of `get-sth`, and whose it is.
#[derive(Deserialize)]
struct KeptOwner {
    log_id: String,
}

/// The tree head kept from earlier runs. Its signature is checked again: a file may have been changed.
pub(super) fn kept(view: &LogView<'_>) -> Result<Option<TreeHead>, String> {
    let Some(file) = &view.observation.kept else { return Ok(None) };
    let problem = |why: String| format!("The tree head kept in {} cannot be used: {why}.", file.path);
    let octets = file.octets().map_err(|why| problem(why.to_owned()))?;
    let owner: KeptOwner =
        serde_json::from_slice(octets).map_err(|error| problem(format!("it is damaged: {error}")))?;
    if owner.log_id != view.id.to_string() {
        return Err(problem("it is another log's".to_owned()));
    }
    let head = TreeHead::from_json(octets).map_err(|error| problem(error.to_string()))?;
    head.verify(&view.key).map_err(|error| problem(unsigned(error)))?;
    Ok(Some(head))
}

/// Sets the tree head served beside the one kept.
pub(super) fn compare<'a>(served: &'a TreeHead, kept: &'a TreeHead) -> Comparison<'a> {
    use Comparison::{Needs, Settled};
    if served.size == kept.size {
        return Settled(if served.root == kept.root {
            Continuation::Proven
        } else {
            let how = format!(
                "for the same {} entries it has the root {}, and had {} before",
                served.size, served.root, kept.root
            );
            Continuation::Broken(how, None)
        });
    }
    let pair = if served.size > kept.size {
        Pair { early: kept, late: served }
    } else {
        Pair { early: served, late: kept }
    };
    // A front end that lags behind may show an older tree head; a newer one of fewer entries is a log that lost some.
    if served.size < kept.size && served.timestamp >= kept.timestamp {
        let how = format!(
            "it has {} entries, and had {} at an earlier time: entries are gone",
            served.size, kept.size
        );
        return Settled(Continuation::Broken(how, None));
    }
    if pair.early.size == 0 { Settled(Continuation::Proven) } else { Needs(pair) }
}

/// What the clock makes of a tree head: whether it is dated in the future, and what is to be said.
///
/// Judging may go by another time than that of asking, earlier or later. The log is given the better of the two.
fn dated(view: &LogView<'_>, head: &TreeHead, at: Timestamp, in_use: bool) -> (bool, Option<String>) {
    let asked = view.observation.asked_at.unwrap_or(at);
    let (earlier, later) = (asked.min(at), asked.max(at));
    let Some(signed) = head.time() else {
        return (true, Some("The tree head is dated beyond any date.".to_owned()));
    };
    if signed.duration_since(later) > CLOCK_SKEW {
        return (true, Some(format!("The tree head is dated {signed}, which is after {later}.")));
    }
    let fresh = view.merge_delay.max(FRESH);
    let note = format!(
        "The tree head is of {signed}; a log in use signs a new one within its maximum merge delay, and this one is older \
         than {} hours.",
        fresh.as_hours()
    );
    (false, (in_use && earlier.duration_since(signed) > fresh).then_some(note))
}

/// Judges a log's tree head as of `at`; `in_use`: the log is usable then, so that its tree head should be new.
pub(super) fn judge(view: &LogView<'_>, at: Timestamp, in_use: bool) -> HeadVerdict {
    let url = view.url(path(view.log_type));
    let (kept, kept_problem) = match kept(view) {
        Ok(kept) => (kept, None),
        Err(problem) => (None, Some(problem)),
    };
    let (served, mut notes) = match served(view) {
        Ok(served) => served,
        Err(standing) => {
            let notes = Vec::new();
            let (fork, is_ahead) = (None, false);
            return HeadVerdict { url, served: None, kept, standing, fork, kept_problem, is_ahead, notes };
        }
    };
    let (is_ahead, note) = dated(view, &served, at, in_use);
    notes.extend(note);
    let (standing, fork) = match &kept {
        None => (Standing::First, None),
        Some(kept) => {
            let continuation = match compare(&served, kept) {
                Comparison::Settled(continuation) => continuation,
                Comparison::Needs(pair) => match view.log_type {
                    LogType::Rfc6962 => rfc6962::continuation(view, pair),
                    LogType::Static => static_log::continuation(view, pair),
                },
            };
            match continuation {
                Continuation::Proven => (Standing::Consistent, None),
                Continuation::Broken(how, fork) => (Standing::Inconsistent(how), fork),
                Continuation::Unknown(doubt, why) => (Standing::Unproven(doubt, why), None),
            }
        }
    };
    HeadVerdict { url, served: Some(served), kept, standing, fork, kept_problem, is_ahead, notes }
}

/// What a consistency proof says of two tree heads.
///
/// Only one that leads to the later root, and to another early root than the earlier head's, shows two trees. One that
/// leads nowhere shows a fault of whoever made it, and no more. Where the earlier size is a power of two, the proof
/// begins with the earlier root itself, and can show no other.
pub(super) fn continuation(pair: Pair<'_>, proof: &[TreeHash]) -> Continuation {
    let Pair { early, late } = pair;
    match verify_consistency(early.size, early.root, late.size, late.root, proof) {
        Ok(()) => Continuation::Proven,
        Err(ProofError::OtherHistory { computed }) => other_history(pair, computed, proof.to_vec()),
        Err(error) => Continuation::Unknown(
            Doubt::Proof,
            format!(
                "the log's proof that the tree of {} entries continues that of {} does not hold: {error}",
                late.size, early.size
            ),
        ),
    }
}

/// The later tree's first part is not the earlier tree, as a proof shows that leads to the later root.
pub(super) fn other_history(pair: Pair<'_>, first_root: TreeHash, proof: Vec<TreeHash>) -> Continuation {
    let Pair { early, late } = pair;
    let how = format!(
        "the first {} entries of the tree of {} have the root {first_root}, and had {} before: there are two trees",
        early.size, late.size, early.root
    );
    Continuation::Broken(how, Some(Fork { first: early.size, second: late.size, first_root, proof }))
}
