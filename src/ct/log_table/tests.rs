use std::collections::BTreeSet;

use super::*;
use crate::ct::log_list::LogState;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn id(text: &str) -> LogId {
    text.parse().unwrap()
}

fn row(state: LogState, since: Option<&str>, first: &str, last: &str) -> StateRow {
    StateRow { state, since: since.map(at), first: at(first), last: at(last) }
}

#[test]
fn every_known_log_is_there_and_has_the_id_of_its_key() {
    let table = LogTable::embedded();
    let logs: Vec<_> = table.iter().collect();
    assert_eq!(logs.len(), 336);
    assert_eq!(logs.iter().filter(|log| log.log_type == LogType::Static).count(), 135);
    for log in &logs {
        assert_eq!(log.id, LogId::of_key(log.key_spki), "{}", log.name);
        assert_eq!(table.log(&log.id).unwrap().name, log.name);
    }
    let ids: Vec<_> = logs.iter().map(|log| log.id).collect();
    assert!(ids.is_sorted());
}

#[test]
fn operators_have_one_name_each() {
    let table = LogTable::embedded();
    let operators: BTreeSet<_> = table.iter().map(|log| log.operator).collect();
    let folded: BTreeSet<_> = operators.iter().map(|operator| operator.to_lowercase()).collect();
    assert_eq!(operators.len(), folded.len());
    assert!(operators.contains("IPng Networks") && !operators.contains("IPng GmbH"));
    assert!(operators.contains("WoSign") && !operators.contains("WoTrus"));
}

#[test]
fn a_known_log() {
    let table = LogTable::embedded();
    let log = table.log(&id("1219ENGn9XfCx+lf1wC/+YLJM1pl4dCzAXMXwMjFaXc=")).unwrap();
    assert_eq!((log.operator, log.log_type), ("Google", LogType::Rfc6962));
    assert_eq!(log.interval, Some((at("2026-07-01T00:00:00Z"), at("2027-01-01T00:00:00Z"))));
    assert_eq!(log.assurance, Assurance::Real);
    let state = table.state(&log.id, Program::Chrome, at("2026-11-21T00:00:00Z"));
    assert_eq!((state.state, state.since), (LogState::Usable, Some(at("2024-09-30T22:19:27Z"))));
    let before = table.state(&log.id, Program::Chrome, at("2024-09-01T00:00:00Z"));
    assert_eq!(before.state, LogState::Unknown);
}

/// Let's Encrypt announced on 2025-08-14 that Oak would be read-only from 2025-11-03 and shut down on 2026-02-09;
/// Chrome's list followed.
#[test]
fn a_retired_log() {
    let table = LogTable::embedded();
    let oak = table.iter().find(|log| log.name.contains("Oak2026h2")).unwrap();
    let state = |at_time| table.state(&oak.id, Program::Chrome, at(at_time)).state;
    assert_eq!(state("2025-06-01T00:00:00Z"), LogState::Usable);
    assert_eq!(state("2026-01-01T00:00:00Z"), LogState::Readonly);
    assert_eq!(state("2026-11-21T00:00:00Z"), LogState::Retired);
    let retired = table.state(&oak.id, Program::Chrome, at("2026-11-21T00:00:00Z"));
    assert_eq!(retired.since, Some(at("2026-02-28T00:00:00Z")));
    // Apple never retired it.
    let apple = table.state(&oak.id, Program::Apple, at("2026-08-22T00:00:00Z"));
    assert_eq!(apple.state, LogState::Readonly);
}

#[test]
fn the_newest_snapshots() {
    let table = LogTable::embedded();
    let snapshot = |program| table.snapshot(program).unwrap();
    let chrome = snapshot(Program::Chrome);
    assert_eq!(chrome.timestamp, Some(at("2026-10-02T13:41:30Z")));
    assert_eq!((chrome.signed, chrome.source), (Signed::Derived, SnapshotSource::Embedded));
    assert_eq!(snapshot(Program::Apple).version, Some("511"));
    assert_eq!(snapshot(Program::Android).timestamp, Some(at("2026-08-15T14:11:35Z")));
    assert!(snapshot(Program::Mozilla).timestamp.unwrap() >= at("2026-10-14T00:00:00Z"));
}

#[test]
fn denied_logs_stay_denied() {
    let mimic = id("9EGV1vAOLbVUNcrdV3iS5T4VrUFwWPh44U/2uRh0FYk=");
    let table = LogTable::embedded();
    assert_eq!(table.log(&mimic).unwrap().assurance, Assurance::Mimic);
    for (id, assurance) in DENIED {
        assert_eq!(table.log(&id).unwrap().assurance, assurance);
    }

    let key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdO/+dnH/NZSBSLmmN9u2h4HNTnCOLeU+oMBiRynIvQ8zt2ft0IMyO90e5nwSaCdYvA4JVGzCMarfs9DcNxFY1g==";
    let praised = format!(
        r#"{{"log_list_timestamp": "2026-11-01T00:00:00Z", "operators": [{{"name": "Good", "logs": [{{
            "description": "Good", "key": "{key}", "log_id": "{mimic}",
            "state": {{"usable": {{"timestamp": "2026-01-01T00:00:00Z"}}}}}}]}}]}}"#
    );
    let list = LogList::parse(praised.as_bytes(), None).unwrap();
    let table = LogTable::from_list(&list);
    assert_eq!(table.log(&mimic).unwrap().assurance, Assurance::Mimic);
    let unlisted = DENIED[2].0;
    assert_eq!(table.log(&unlisted).unwrap().assurance, Assurance::Bogus);
}

#[test]
fn a_list_replaces_the_table_for_its_programme() {
    let key = [7_u8; 91];
    let id = LogId::of_key(&key);
    let json = serde_json::json!({
        "version": "1.0",
        "log_list_timestamp": "2026-11-01T00:00:00Z",
        "operators": [{"name": "New", "tiled_logs": [{
            "description": "new", "log_id": id, "submission_url": "https://a.example/",
            "key": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key),
            "state": {"retired": {"timestamp": "2026-06-01T00:00:00Z"}},
            "previous_operators": [{"name": "Old", "end_time": "2026-03-01T00:00:00Z"}]
        }]}]
    });
    let table = LogTable::from_list(&LogList::parse(json.to_string().as_bytes(), None).unwrap());
    let log = table.log(&id).unwrap();
    assert_eq!(log.operator_at(at("2026-02-01T00:00:00Z")), "Old");
    assert_eq!(log.operator_at(at("2026-03-01T00:00:00Z")), "New");
    let now = at("2026-11-21T00:00:00Z");
    assert_eq!(table.state(&id, Program::Chrome, now).state, LogState::Retired);
    assert_eq!(table.state(&id, Program::Chrome, at("2026-05-01T00:00:00Z")), StateAt::UNKNOWN);
    assert_eq!(table.state(&id, Program::Apple, now), StateAt::UNKNOWN);
    assert_eq!(table.snapshot(Program::Apple), None);
    assert_eq!(table.snapshot(Program::Chrome).unwrap().source, SnapshotSource::File);
    assert_eq!(table.iter().count(), 1);
}

/// A list of one log; `operators` is its operator's entry.
fn newer(operator: &str, date: &str, log: &serde_json::Value) -> LogList {
    let json = serde_json::json!({
        "version": "99.1",
        "log_list_timestamp": date,
        "operators": [{"name": operator, "logs": [log]}]
    });
    LogList::parse(json.to_string().as_bytes(), None).unwrap()
}

/// `id` and `key` of a log of the embedded table, in the state `usable` since `since`.
fn entry(log: &KnownLog<'_>, state: &str, since: &str) -> serde_json::Value {
    let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, log.key_spki);
    serde_json::json!({
        "description": "named anew", "log_id": log.id, "key": key, "state": {state: {"timestamp": since}}
    })
}

#[test]
fn newer_lists_add_to_the_history() {
    let embedded = LogTable::embedded();
    let argon = embedded.log(&id("1219ENGn9XfCx+lf1wC/+YLJM1pl4dCzAXMXwMjFaXc=")).unwrap();
    let list = newer("Google", "2026-11-10T00:00:00Z", &entry(&argon, "readonly", "2026-11-01T00:00:00Z"));
    let table = LogTable::embedded_with(&[&list]);
    let state = |program, time: &str| table.state(&argon.id, program, at(time)).state;
    assert_eq!(state(Program::Chrome, "2026-11-21T00:00:00Z"), LogState::Readonly);
    assert_eq!(state(Program::Chrome, "2025-11-21T00:00:00Z"), LogState::Usable);
    assert_eq!(state(Program::Apple, "2026-08-22T00:00:00Z"), LogState::Usable, "Apple's history stays");
    let log = table.log(&argon.id).unwrap();
    assert_eq!((log.name, log.interval), ("named anew", argon.interval));
    assert_eq!(log.url, argon.url, "what the list leaves out is known from before");
    assert_eq!(table.iter().count(), 336);

    // What the new list does not have is not known from then on; what it was before is.
    let oak = embedded.iter().find(|log| log.name.contains("Oak2026h2")).unwrap();
    let chrome = |time: &str| table.state(&oak.id, Program::Chrome, at(time)).state;
    assert_eq!(chrome("2025-06-01T00:00:00Z"), LogState::Usable);
    assert_eq!(chrome("2026-11-21T00:00:00Z"), LogState::Unknown);

    let snapshot = |time: &str| table.snapshot_at(Program::Chrome, at(time)).unwrap();
    assert_eq!(snapshot("2026-11-21T00:00:00Z").source, SnapshotSource::Cache);
    assert_eq!(snapshot("2026-11-09T00:00:00Z").source, SnapshotSource::Embedded);
    assert_eq!(table.snapshot(Program::Apple).unwrap().version, Some("511"));
}

#[test]
fn a_new_log_comes_in_by_any_programmes_list() {
    let key = [7_u8; 91];
    let log = serde_json::json!({
        "description": "new", "log_id": LogId::of_key(&key), "url": "https://a.example/",
        "key": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key),
        "state": {"usable": {"timestamp": "2026-10-20T00:00:00Z"}}
    });
    let mut list = newer("IPng GmbH", "2026-11-10T00:00:00Z", &log);
    list.program = Program::Apple;
    let table = LogTable::embedded_with(&[&list]);
    let known = table.log(&LogId::of_key(&key)).unwrap();
    assert_eq!((known.operator, known.name), ("IPng Networks", "new"), "by the name that Chrome uses");
    let now = at("2026-11-21T00:00:00Z");
    assert_eq!(table.state(&known.id, Program::Apple, now).state, LogState::Usable);
    assert_eq!(table.state(&known.id, Program::Chrome, now).state, LogState::Unknown);
    let ids: Vec<_> = table.iter().map(|log| log.id).collect();
    assert!(ids.is_sorted() && ids.len() == 337);
}

#[test]
fn no_newer_list_makes_a_denied_log_good() {
    for (denied, assurance) in DENIED {
        let embedded = LogTable::embedded();
        let log = embedded.log(&denied).unwrap();
        let list = newer("Good", "2026-11-10T00:00:00Z", &entry(&log, "usable", "2026-01-01T00:00:00Z"));
        for table in [LogTable::embedded_with(&[&list]), LogTable::from_lists(&[&list])] {
            assert_eq!(table.log(&denied).unwrap().assurance, assurance);
            assert!(table.iter().all(|log| log.id != denied || log.assurance == assurance));
        }
    }
}

#[test]
fn lists_of_several_programmes_stand_side_by_side() {
    let embedded = LogTable::embedded();
    let argon = embedded.log(&id("1219ENGn9XfCx+lf1wC/+YLJM1pl4dCzAXMXwMjFaXc=")).unwrap();
    let mut chrome =
        newer("Google", "2026-11-10T00:00:00Z", &entry(&argon, "readonly", "2026-11-01T00:00:00Z"));
    let mut apple = newer("Google", "2026-11-11T00:00:00Z", &entry(&argon, "usable", "2026-01-01T00:00:00Z"));
    apple.program = Program::Apple;
    let delays = [Some(SignedDuration::from_secs(60)), Some(SignedDuration::from_hours(24))];
    for (list, mmd) in [&mut chrome, &mut apple].into_iter().zip(delays) {
        assert_eq!(list.logs[0].mmd, None);
        list.logs[0].mmd = mmd;
    }
    let table = LogTable::from_lists(&[&apple, &chrome]);
    assert_eq!(table.log(&argon.id).unwrap().mmd, delays[1], "the longest");
    let now = at("2026-11-21T00:00:00Z");
    assert_eq!(table.state(&argon.id, Program::Chrome, now).state, LogState::Readonly);
    assert_eq!(table.state(&argon.id, Program::Apple, now).state, LogState::Usable);
    assert_eq!(table.state(&argon.id, Program::Mozilla, now), StateAt::UNKNOWN);
    assert_eq!(table.iter().count(), 1);
}

/// Three states, one of them announced before it began, and the lists between which nothing is known.
#[test]
fn states_over_time() {
    let rows = [
        row(LogState::Usable, Some("2024-01-01T00:00:00Z"), "2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z"),
        row(LogState::Readonly, Some("2025-08-01T00:00:00Z"), "2025-07-01T00:00:00Z", "2025-09-01T00:00:00Z"),
        row(LogState::Rejected, Some("2026-01-01T00:00:00Z"), "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
    ];
    let newest = at("2026-06-01T00:00:00Z");
    let state = |time: &str| state_at(&rows, newest, at(time)).state;
    assert_eq!(state("2023-12-31T00:00:00Z"), LogState::Unknown, "before the history");
    assert_eq!(state("2024-06-01T00:00:00Z"), LogState::Usable, "a later list says since when");
    assert_eq!(state("2025-07-15T00:00:00Z"), LogState::Usable, "until the announced change");
    assert_eq!(state("2025-08-01T00:00:00Z"), LogState::Readonly);
    assert_eq!(state("2025-10-01T00:00:00Z"), LogState::Unknown, "it may have retired in between");
    assert_eq!(state("2026-01-01T00:00:00Z"), LogState::Rejected);
    assert_eq!(state("2027-01-01T00:00:00Z"), LogState::Rejected, "for good");
}

/// A rejection told afterwards, of a time at which the list still said usable.
#[test]
fn what_the_list_of_the_time_said_stands() {
    let rows = [
        row(LogState::Usable, Some("2024-01-01T00:00:00Z"), "2025-01-01T00:00:00Z", "2025-06-20T00:00:00Z"),
        row(LogState::Rejected, Some("2025-06-08T00:00:00Z"), "2025-06-29T00:00:00Z", "2025-09-01T00:00:00Z"),
    ];
    let state = |time: &str| state_at(&rows, at("2025-09-01T00:00:00Z"), at(time)).state;
    assert_eq!(state("2025-06-10T00:00:00Z"), LogState::Usable);
    assert_eq!(state("2025-06-25T00:00:00Z"), LogState::Rejected, "no list says otherwise");
}

#[test]
fn in_no_list_or_not_known() {
    let rows =
        [row(LogState::Usable, Some("2025-03-15T00:00:00Z"), "2025-04-01T00:00:00Z", "2025-06-01T00:00:00Z")];
    let lists =
        ["2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z", "2025-04-01T00:00:00Z", "2025-07-01T00:00:00Z"];
    let unlisted = |time: &str| {
        let around = ListsAround {
            before: lists.iter().map(|list| at(list)).rfind(|list| *list <= at(time)),
            after: lists.iter().map(|list| at(list)).find(|list| *list > at(time)),
        };
        is_unlisted(&rows, around)
    };
    assert!(!unlisted("2024-12-01T00:00:00Z"), "before any list nothing is known");
    assert!(unlisted("2025-01-15T00:00:00Z"), "neither list has it");
    assert!(!unlisted("2025-03-01T00:00:00Z"), "it came in between");
    assert!(!unlisted("2025-06-15T00:00:00Z"), "it went in between");
    assert!(unlisted("2025-08-01T00:00:00Z"), "the newest list does not have it");
}

#[test]
fn a_retirement_is_announced_by_a_list_that_is_out() {
    let rows = [row(
        LogState::Retired,
        Some("2025-09-01T00:00:00Z"),
        "2025-07-01T00:00:00Z",
        "2025-10-01T00:00:00Z",
    )];
    let announced = |time: &str| retirement_announced(&rows, at(time));
    assert_eq!(announced("2025-06-30T00:00:00Z"), None);
    assert_eq!(announced("2025-07-01T00:00:00Z"), Some(at("2025-09-01T00:00:00Z")));
    assert_eq!(announced("2025-09-01T00:00:00Z"), None, "it is in force");
}

/// Apple's list says no date: seen unchanged on two days, it was current in between.
#[test]
fn apples_list_was_current_as_long_as_it_was_seen() {
    let table = LogTable::embedded();
    let list = |time: &str| table.list_at(Program::Apple, at(time)).unwrap();
    let between = list("2026-07-15T00:00:00Z");
    assert_eq!((between.snapshot.version, between.timestamp), (Some("511"), at("2026-03-31T00:00:00Z")));
    assert_eq!(between.current_at, at("2026-07-15T00:00:00Z"));
    assert_eq!(list("2026-11-21T00:00:00Z").current_at, at("2026-08-22T00:00:00Z"));
    assert_eq!(table.list_at(Program::Apple, at("2026-01-01T00:00:00Z")), None);
}

#[test]
fn a_log_dropped_from_later_lists_is_unknown() {
    let rows =
        [row(LogState::Usable, Some("2024-01-01T00:00:00Z"), "2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z")];
    let state = |newest: &str, time: &str| state_at(&rows, at(newest), at(time)).state;
    assert_eq!(state("2025-06-01T00:00:00Z", "2026-01-01T00:00:00Z"), LogState::Usable);
    assert_eq!(state("2025-07-01T00:00:00Z", "2026-01-01T00:00:00Z"), LogState::Unknown);
    assert_eq!(state("2025-07-01T00:00:00Z", "2025-06-01T00:00:00Z"), LogState::Usable);
}
