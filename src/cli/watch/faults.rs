//! Faults of logs as a report counts them: those that are over, and those of logs that are followed no more.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::coverage::LogCoverage;
use super::logs::Selection;
use crate::ct::log_fault::{FaultKind, LogFault};
use crate::rules::{Finding, log};
use crate::watch::state::{Log, OpenFault, State, StateError, SurveyedLog};

/// Takes the faults of a log out of those that were seen, and gives those of them that are over: one of each kind. What
/// a log did is no less done when it behaves again.
pub(super) fn over(seen: &mut Vec<LogFault>, id: &[u8; 32], open: &[OpenFault]) -> Vec<LogFault> {
    let id = STANDARD.encode(id);
    let (ours, others) = std::mem::take(seen).into_iter().partition(|fault| fault.log_id == id);
    *seen = others;
    let mut over: Vec<LogFault> = ours;
    over.sort_by_key(|fault| fault.kind);
    over.dedup_by_key(|fault| fault.kind);
    over.retain(|fault| open.iter().all(|open| open.kind != fault.kind.name()));
    over
}

/// The findings about logs that are followed no more: what two signed tree heads prove stays until somebody knows of it,
/// and what was seen besides is told once.
pub(super) async fn of_left_logs(
    state: &State,
    selection: &Selection,
    survey: &[SurveyedLog],
    mut seen: Vec<LogFault>,
    mut lacking: impl FnMut(StateError),
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_followed = |id: &[u8; 32]| selection.followed.iter().any(|log| log.log.log_id == *id);
    for left in survey.iter().filter(|log| !log.faults.is_empty() && !is_followed(&log.log_id)) {
        let is_told = |fault: &&OpenFault| fault.acknowledged.is_some() || is_lasting(fault);
        let told: Vec<OpenFault> = left.faults.iter().filter(is_told).cloned().collect();
        let besides = over(&mut seen, &left.log_id, &told);
        findings.extend(besides.iter().flat_map(log::findings));
        match state.find_log(&left.log_id).await {
            Ok(Some(log)) => findings.extend(lasting(state, &log, &left.faults).await),
            Ok(None) => {}
            Err(error) => lacking(error),
        }
    }
    findings.extend(seen.iter().flat_map(log::findings));
    findings
}

/// The findings about what a log signed that contradicts itself, where nobody said that he knows of it.
pub(super) async fn lasting(state: &State, log: &Log, faults: &[OpenFault]) -> Vec<Finding> {
    let faults: Vec<OpenFault> = faults.iter().filter(|fault| is_lasting(fault)).cloned().collect();
    let mut coverage = LogCoverage::of(log, &faults);
    coverage.show_pairs(state, log).await;
    // They are of known kinds.
    let faults = coverage.faults(&faults, |_| {});
    coverage.findings(&faults)
}

fn is_lasting(fault: &OpenFault) -> bool {
    FaultKind::from_name(&fault.kind).is_some_and(FaultKind::is_lasting)
}
