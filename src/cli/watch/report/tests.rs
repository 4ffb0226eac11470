//! What a report says where the state does not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::cli::watch::logs::select;
use crate::ct::log_table::LogTable;
use crate::rules::log;
use crate::watch::state::{Place, StateOptions};

fn selection() -> Selection {
    let mut all = select(&LogTable::embedded(), "2026-11-21T00:00:00Z".parse().unwrap(), &[]);
    all.followed.truncate(1);
    all
}

async fn report(state: &State) -> OnceReport {
    report_with(state, Vec::new()).await
}

async fn report_with(state: &State, faults: Vec<LogFault>) -> OnceReport {
    let selection = selection();
    let outcomes = selection.followed.iter().map(|log| (log.log.log_id, Outcome::Proven { size: 0 }));
    let ended = Ended { outcomes: outcomes.collect(), faults, ..Ended::default() };
    OnceReport::new(1, None, &selection, state, ended, Ok(Tally::default())).await
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
        let rules: Vec<&str> =
            json["findings"].as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap()).collect();
        assert_eq!(rules, ["LOG012"], "it is the state's trouble: {json}");
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
    assert!(text.contains("\ncertificates and alerts: 1 unexpected; not known: "), "{text}");
}

#[test]
fn a_fault_that_was_seen_counts_though_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::File(folder.path().join("state.db"));
    let options = StateOptions { channels: vec![crate::watch::state::REPORT.to_owned()], most_octets: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let gate = GateOptions { fail_on: None, fail_on_undetermined: Some(false) };
    let log = selection().followed.remove(0).log;
    let fault = |kind| LogFault {
        log: log.name.clone(),
        log_id: STANDARD.encode(log.log_id),
        kind,
        text: "it did wrong".to_owned(),
        url: None,
    };
    runtime.block_on(async {
        let state = State::open(&place, &options).await.unwrap();
        let seen = report_with(&state, vec![fault(FaultKind::OtherRoot), fault(FaultKind::OtherRoot)]).await;
        assert_eq!((seen.findings.len(), seen.findings[0].rule), (1, "LOG003"));
        assert_eq!(seen.exit(&gate), Exit::Findings);
        let json = seen.json();
        assert_eq!(json["logs"][0]["faults"][0]["kind"], "other_root", "{json}");
        assert_eq!(json["logs"][0]["faults"][0]["over"], true, "{json}");
        assert!(seen.human().contains("seen and over: it did wrong"), "{}", seen.human());
        // One that a killed run saw, of a log that is not followed any more.
        let details = json!({"log": {"name": "Gone", "id": "AAAA", "url": "u"}, "fault": "split"});
        let alert = crate::watch::state::NewAlert {
            kind: crate::watch::follow::FAULT_ALERT.to_owned(),
            subject: "a split".to_owned(),
            payload: json!({"severity": "critical", "text": "Gone: two trees.\nDo it.", "details": details})
                .to_string(),
        };
        state.add_alert(&alert).await.unwrap();
        let killed = report(&state).await;
        assert_eq!((killed.findings.len(), killed.findings[0].rule), (1, "LOG001"));
        assert_eq!(killed.exit(&gate), Exit::Findings);
        killed.certificates.were_reported(&state).await.unwrap();
        assert_eq!(report(&state).await.exit(&gate), Exit::Clean, "it was reported");
    });
}

#[test]
fn why_nothing_was_looked_at_is_said_with_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::File(folder.path().join("state.db"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let state = State::open(&place, &StateOptions::default()).await.unwrap();
        let words = |report: OnceReport| report.human().split_whitespace().collect::<Vec<_>>().join(" ");
        let unread = words(report(&state).await);
        assert!(unread.contains("No log could be begun") && !unread.contains("--from"), "{unread}");
        let log = selection().followed.remove(0).log;
        let new = crate::watch::state::NewLog {
            log_id: log.log_id,
            description: log.name,
            url: log.url,
            kind: log.kind,
            key: log.key,
            before: crate::ct::merkle::TreeBuilder::default(),
            head: None,
            begun: None,
        };
        state.register(&new).await.unwrap();
        let begun = words(report(&state).await);
        assert!(begun.contains("`--from 7d` together with another --state"), "{begun}");
    });
}

#[test]
fn what_is_not_revoked_stays_a_finding_of_each_report() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::File(folder.path().join("state.db"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let gate = GateOptions { fail_on: None, fail_on_undetermined: Some(false) };
    runtime.block_on(async {
        let state = State::open(&place, &StateOptions::default()).await.unwrap();
        let log = selection().followed.remove(0).log;
        // Any finding will do.
        let fault = LogFault {
            log: log.name,
            log_id: STANDARD.encode(log.log_id),
            kind: FaultKind::Split,
            text: "it is not revoked".to_owned(),
            url: None,
        };
        let findings = log::findings(&fault);
        let looked = || crate::watch::revocation::Looked { findings: findings.clone(), ..Default::default() };
        for _ in 0..2 {
            let told = report(&state).await.with(Revoked::seen(looked()));
            assert_eq!((told.exit(&gate), told.findings.len()), (Exit::Findings, 1));
            assert!(!told.human().contains("no findings"), "{}", told.human());
        }
        let none = report(&state).await.with(Revoked::seen(crate::watch::revocation::Looked::default()));
        assert_eq!(none.exit(&gate), Exit::Clean);
    });
}
