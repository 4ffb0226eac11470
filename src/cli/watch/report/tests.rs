//! What a report says where the state does not.

use super::*;
use crate::cli::watch::logs::select;
use crate::ct::log_table::LogTable;
use crate::watch::state::{Place, StateOptions};

fn selection() -> Selection {
    let mut all = select(&LogTable::embedded(), "2026-11-21T00:00:00Z".parse().unwrap(), &[]);
    all.followed.truncate(1);
    all
}

async fn report(state: &State) -> OnceReport {
    let selection = selection();
    let outcomes = selection.followed.iter().map(|log| (log.log.log_id, Outcome::Proven { size: 0 }));
    OnceReport::new(1, None, &selection, state, outcomes.collect(), Ok(Tally::default())).await
}

#[test]
fn a_state_that_fails_at_the_end_is_not_one_without_faults() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::File(folder.path().join("state.db"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let gate = GateOptions { fail_on: None, fail_on_undetermined: Some(false) };
    runtime.block_on(async {
        let state = State::open(&place, &StateOptions::default()).await.unwrap();
        let whole = report(&state).await;
        assert_eq!((whole.exit(&gate), whole.json()["state_error"].is_null()), (Exit::Clean, true));
        state.close().await;
        let lacking = report(&state).await;
        assert_eq!(lacking.exit(&gate), Exit::Undetermined);
        let json = lacking.json();
        assert!(json["state_error"].is_string(), "{json}");
        assert_eq!(json["logs"][0]["status"], "failed", "{json}");
        assert!(lacking.human().contains("The state did not say all"), "{}", lacking.human());
    });
}

#[test]
fn all_certificates_count_whatever_is_listed() {
    let certificates = Certificates {
        left_out: 1,
        gravest: Some(crate::rules::Severity::High),
        unexpected: 1,
        ..Certificates::default()
    };
    let report = OnceReport {
        judged_at: "2026-11-22T00:00:00Z".parse().unwrap(),
        domains: 1,
        list: None,
        logs: Vec::new(),
        left_out: Vec::new(),
        certificates,
        findings: Vec::new(),
        delivered: Some(Tally::default()),
        revoked: Revoked::default(),
        lacks: None,
    };
    let gate = GateOptions { fail_on: None, fail_on_undetermined: Some(false) };
    assert_eq!(report.exit(&gate), Exit::Findings);
    assert_eq!(report.json()["summary"]["certificates"], 1);
    let text = anstream::adapter::strip_str(&report.human()).to_string();
    assert!(text.ends_with("certificates: 1 unexpected\n"), "{text}");
}
