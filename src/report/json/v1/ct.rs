//! The JSON of Certificate Transparency in `pinstead check`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::inclusion::InclusionDetail;
use crate::ct::log_list::Program;
use crate::ct::log_table::{Signed, SnapshotSource};
use crate::ct::policy::{JudgedList, PolicyVerdict, SctStanding};
use crate::ct::sct::LeafIndex;
use crate::ct::verdict::{CtVerdict, SctVerdict};
use crate::judge::Part;

#[derive(Serialize)]
pub(super) struct Ct<'a> {
    status: &'static str,
    scts: Vec<Sct<'a>>,
    policies: BTreeMap<&'static str, Policy<'a>>,
}

impl<'a> Ct<'a> {
    pub(super) fn of(part: &'a Part<CtVerdict>) -> Self {
        let verdict = part.verdict();
        Self {
            status: part.status(),
            scts: verdict.map(scts).unwrap_or_default(),
            policies: verdict.map(policies).unwrap_or_default(),
        }
    }
}

fn scts(ct: &CtVerdict) -> Vec<Sct<'_>> {
    ct.scts.iter().enumerate().map(|(index, sct)| Sct::of(sct, states(ct, index))).collect()
}

/// Every programme is named, so that a missing verdict is never taken for none needed.
fn policies(ct: &CtVerdict) -> BTreeMap<&'static str, Policy<'_>> {
    ct.policies.iter().map(|(program, verdict)| (program.name(), Policy::of(verdict))).collect()
}

/// The states of an SCT's log in each programme's lists.
fn states(ct: &CtVerdict, index: usize) -> BTreeMap<&'static str, States> {
    let of = |(program, verdict): (Program, &PolicyVerdict)| {
        let standing = verdict.scts.get(index)?;
        Some((program.name(), States { then: standing.state_then.name(), now: standing.state_now.name() }))
    };
    ct.policies.iter().filter_map(of).collect()
}

#[derive(Serialize)]
struct Policy<'a> {
    verdict: &'static str,
    reasons: &'a [String],
    judged_at: Timestamp,
    list: Option<List<'a>>,
    scts: Vec<Standing<'a>>,
    without_margin: &'a [String],
}

impl<'a> Policy<'a> {
    fn of(verdict: &'a PolicyVerdict) -> Self {
        Self {
            verdict: verdict.outcome.name(),
            reasons: &verdict.reasons,
            judged_at: verdict.judged_at,
            list: verdict.list.as_ref().map(List::of),
            scts: verdict.scts.iter().map(Standing::of).collect(),
            without_margin: &verdict.without_margin,
        }
    }
}

/// The list that a policy was judged by.
#[derive(Serialize)]
struct List<'a> {
    source: SnapshotSource,
    version: Option<&'a str>,
    signed: Signed,
    timestamp: Timestamp,
    current_at: Timestamp,
    age_days: i64,
    stale: bool,
}

impl<'a> List<'a> {
    fn of(list: &'a JudgedList) -> Self {
        Self {
            source: list.source,
            version: list.version.as_deref(),
            signed: list.signed,
            timestamp: list.timestamp,
            current_at: list.current_at,
            age_days: list.age_days,
            stale: list.is_stale(),
        }
    }
}

/// What a policy makes of one SCT, in the order of `scts`.
#[derive(Serialize)]
struct Standing<'a> {
    counted: &'static str,
    reason: &'a str,
}

impl<'a> Standing<'a> {
    fn of(standing: &'a SctStanding) -> Self {
        Self { counted: standing.counted.name(), reason: &standing.reason }
    }
}

#[derive(Serialize)]
struct States {
    then: &'static str,
    now: &'static str,
}

#[derive(Serialize)]
struct Sct<'a> {
    delivery: &'static str,
    log_id: Option<String>,
    log: Option<&'a str>,
    operator: Option<&'a str>,
    log_type: Option<&'static str>,
    timestamp: Option<Timestamp>,
    leaf_index: Option<u64>,
    log_state_then: &'static str,
    log_state_now: &'static str,
    log_states: BTreeMap<&'static str, States>,
    verdict: &'static str,
    inclusion: &'static str,
    inclusion_detail: Option<InclusionDetail<'a>>,
    reason: &'a str,
}

impl<'a> Sct<'a> {
    fn of(sct: &'a SctVerdict, log_states: BTreeMap<&'static str, States>) -> Self {
        let log = sct.log.as_ref();
        Self {
            delivery: sct.delivery.name(),
            log_id: sct.log_id.map(|id| id.to_string()),
            log: log.map(|log| log.name.as_str()),
            operator: log.map(|log| log.operator.as_str()),
            log_type: log.map(|log| log.log_type.name()),
            timestamp: sct.timestamp,
            leaf_index: match sct.leaf_index {
                LeafIndex::At(index) => Some(index),
                LeafIndex::Absent | LeafIndex::Malformed => None,
            },
            log_state_then: sct.state_then.name(),
            log_state_now: sct.state_now.name(),
            log_states,
            verdict: sct.outcome.name(),
            inclusion: sct.inclusion.name(),
            inclusion_detail: InclusionDetail::of(&sct.inclusion),
            reason: &sct.reason,
        }
    }
}
