//! What the logs say of an SCT's promise, as JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::ct::inclusion::{Inclusion, InclusionVerdict};
use crate::ct::merkle::TreeHash;
use crate::ct::tree_head::TreeHead;

/// More than the one word of `inclusion`.
#[derive(Serialize)]
pub(super) struct InclusionDetail<'a> {
    outcome: &'static str,
    reason: &'a str,
    leaf_hash: TreeHash,
    leaf_index: Option<u64>,
    due: Option<Timestamp>,
    tree_head: Option<serde_json::Value>,
    consistency: Consistency<'a>,
    notes: Vec<&'a str>,
    urls: &'a [String],
}

/// How the log's tree head goes together with the one kept by an earlier run.
#[derive(Serialize)]
struct Consistency<'a> {
    status: &'static str,
    reason: Option<&'a str>,
    kept_tree_head: Option<serde_json::Value>,
}

impl<'a> InclusionDetail<'a> {
    pub(super) fn of(inclusion: &'a Inclusion) -> Option<Self> {
        inclusion.verdict().map(Self::of_verdict)
    }

    fn of_verdict(verdict: &'a InclusionVerdict) -> Self {
        let head = &verdict.head;
        Self {
            outcome: verdict.outcome.name(),
            reason: &verdict.reason,
            leaf_hash: verdict.leaf,
            leaf_index: verdict.index,
            due: verdict.due,
            tree_head: head.served.as_ref().and_then(TreeHead::to_json),
            consistency: Consistency {
                status: head.standing.name(),
                reason: head.standing.why().or(head.kept_problem.as_deref()),
                kept_tree_head: head.kept.as_ref().and_then(TreeHead::to_json),
            },
            notes: verdict.notes.iter().chain(&head.notes).map(String::as_str).collect(),
            urls: &verdict.urls,
        }
    }
}
