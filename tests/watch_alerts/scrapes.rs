//! `/metrics` and `/health`, as those who scrape them see them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use pinstead::ct::merkle::{TreeBuilder, TreeHash, leaf_hash};
use pinstead::evidence::Bytes;
use pinstead::observe::clock;
use pinstead::watch::metrics::{PolicyReads, WatchMetrics, exposition, serve};
use pinstead::watch::state::{Head, LogKind, NewFault, NewLog, RevocationLook, State};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{LONG, add, state};

/// Asks a server for a path; gives the status, the head and the body.
fn asked(address: SocketAddr, request: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
        .write_all(format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

/// Reads OpenMetrics text by its rules (OpenMetrics 1.0, sections “Overall structure” and “Suffixes”), and gives the
/// value of each sample.
fn samples(text: &str) -> BTreeMap<String, String> {
    let text = text.strip_suffix("# EOF\n").expect("it ends with # EOF");
    let (mut samples, mut families) = (BTreeMap::new(), BTreeSet::new());
    let mut family = (String::new(), String::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let [key, name, value] = rest.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            match key {
                "HELP" => {
                    assert!(families.insert(name.to_owned()), "{name} is there twice");
                    family = (name.to_owned(), String::new());
                }
                "TYPE" => value.clone_into(&mut family.1),
                "UNIT" => assert!(name.ends_with(&format!("_{value}")), "{line}"),
                _ => panic!("{line}"),
            }
            assert_eq!(name, family.0, "families are not mixed");
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let name = sample.split('{').next().unwrap();
        match family.1.as_str() {
            "counter" => assert_eq!(name, format!("{}_total", family.0)),
            "info" => assert_eq!(name, format!("{}_info", family.0)),
            "gauge" => assert_eq!(name, family.0),
            other => panic!("{other}: {line}"),
        }
        assert!(
            name.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'_')
        );
        assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
        let before = samples.insert(sample.to_owned(), value.to_owned());
        assert!(before.is_none(), "{sample} is there twice");
    }
    samples
}

/// Has another process follow a log: of 1000 entries 990 are read, and none are proven.
async fn followed(state: &State) {
    let lease = Duration::from_mins(10);
    let new = NewLog {
        log_id: [1; 32],
        description: "an earlier name".to_owned(),
        url: "https://log.example/".to_owned(),
        kind: LogKind::Rfc6962,
        key: Bytes(vec![1; 91]),
        before: TreeBuilder::default(),
        head: None,
        begun: None,
    };
    let log = state.register(&new).await.unwrap().number;
    let timestamp = u64::try_from(clock::now().as_millisecond()).unwrap();
    let holding = state.lease_head(log, lease).await.unwrap().unwrap();
    let shown = Head { size: 1000, timestamp, root: TreeHash([0; 32]), octets: Bytes(vec![0]) };
    state.take_head(&holding, &shown).await.unwrap();
    let mut range = state.lease_range(log, lease).await.unwrap().unwrap();
    let mut read = range.builder().unwrap();
    (0..990_u64).for_each(|index| read.push(leaf_hash(&index.to_be_bytes())));
    state.commit(&mut range, &read, &[], &[]).await.unwrap();
    let (kind, text) = ("split".to_owned(), "two trees".to_owned());
    let fault = NewFault { log, kind, text, evidence: Bytes(Vec::new()) };
    state.report_fault(&fault, &[]).await.unwrap();
}

#[test]
fn both_pages_say_what_was_counted() {
    let runtime = crate::world::runtime();
    let folder = tempfile::tempdir().unwrap();
    let (_, state) = runtime.block_on(state(&folder, &["mail"]));
    runtime.block_on(add(&state, "an alert"));
    runtime.block_on(followed(&state));
    let state = Arc::new(state);
    let metrics = Arc::new(WatchMetrics::new(clock::now()));
    let (stop, stopped) = watch::channel(false);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = runtime.spawn(serve(listener, Arc::clone(&metrics), Arc::clone(&state), stopped));
    // One who says nothing holds up nobody.
    let _silent = TcpStream::connect(address).unwrap();

    let (code, head, body) = asked(address, "GET /health");
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((code, &health["status"]), (503, &Value::from("undetermined")), "{body}");
    assert!(head.contains("content-type: application/json"), "{head}");

    metrics.log(&STANDARD.encode([2; 32]), "not begun yet");
    let (_, _, body) = asked(address, "GET /metrics");
    assert!(body.contains("not begun yet"), "{body}");
    for unseen in ["pinstead_log_read_entries", "pinstead_log_faults"] {
        assert!(!body.contains(unseen), "what was not seen is not told: {body}");
    }
    // Another process read it, and holds its head.
    let log = metrics.log(&STANDARD.encode([1; 32]), "Example “2027h1” \\ \"quoted\"");
    log.entries(990);
    log.certificates(3);
    metrics.channel("mail").attempted(false);
    let (code, head, body) = asked(address, "GET /metrics");
    assert_eq!(code, 200);
    assert!(head.contains("application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
    let samples = samples(&body);
    let label = r#"{log="Example “2027h1” \\ \"quoted\""}"#;
    for (name, value) in [
        ("pinstead_log_proven_entries", "0"),
        ("pinstead_log_read_entries", "990"),
        ("pinstead_log_tree_size_entries", "1000"),
        ("pinstead_log_lag_entries", "10"),
        ("pinstead_log_entries_read_total", "990"),
        ("pinstead_log_certificates_found_total", "3"),
        ("pinstead_log_faults", "1"),
    ] {
        assert_eq!(samples.get(&format!("{name}{label}")), Some(&value.to_owned()), "{name}: {body}");
    }
    assert_eq!(samples[r#"pinstead_alerts_waiting{channel="mail"}"#], "1");
    assert_eq!(samples[r#"pinstead_alert_attempts_total{channel="mail",outcome="failed"}"#], "1");
    assert_eq!(samples["pinstead_state_usable"], "1");
    let started = format!("{}.0", metrics.started().as_second());
    assert_eq!(samples["process_start_time_seconds"], started);

    let (code, _, body) = asked(address, "GET /health");
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((code, &health["status"]), (200, &Value::from("degraded")), "{body}");
    let log = &health["logs"][0];
    assert_eq!((&log["lag"], &log["proven"], &log["read"]), (&10.into(), &0.into(), &990.into()));
    // It was there before this process.
    assert_eq!((&log["faults"][0]["kind"], &log["status"]), (&"split".into(), &"degraded".into()), "{log}");
    assert_eq!(health["logs"][1]["status"], "undetermined");
    assert_eq!(health["alerts"][0]["waiting"], 1);

    assert_eq!(asked(address, "GET /").0, 404);
    assert_eq!(asked(address, "POST /health").0, 405);
    let (code, _, body) = asked(address, "HEAD /metrics");
    assert_eq!((code, body.as_str()), (200, ""));
    let endless = format!("GET /{}", "x".repeat(2_000_000));
    let mut stream = TcpStream::connect(address).unwrap();
    // It may be cut off while it is still being written.
    let _ = stream.write_all(endless.as_bytes());
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"));

    stop.send(true).unwrap();
    runtime
        .block_on(async { tokio::time::timeout(LONG, serving).await })
        .expect("it stops")
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_err());
}

#[test]
fn a_state_that_cannot_be_used_is_not_an_empty_one() {
    let runtime = crate::world::runtime();
    let folder = tempfile::tempdir().unwrap();
    let (_, state) = runtime.block_on(state(&folder, &["mail"]));
    runtime.block_on(add(&state, "an alert"));
    runtime.block_on(state.close());
    let metrics = Arc::new(WatchMetrics::new(clock::now()));
    metrics.log(&STANDARD.encode([1; 32]), "a").entries(1);
    metrics.channel("mail");
    let (_stop, stopped) = watch::channel(false);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(serve(listener, metrics, Arc::new(state), stopped));
    let (_, _, body) = asked(address, "GET /metrics");
    let samples = samples(&body);
    assert_eq!(samples["pinstead_state_usable"], "0");
    for unknown in ["pinstead_alerts_waiting", "pinstead_log_proven", "pinstead_log_faults"] {
        assert!(!body.contains(unknown), "{body}");
    }
    let (code, _, body) = asked(address, "GET /health");
    assert_eq!(code, 503);
    assert!(body.contains("the state cannot be used"), "{body}");
}

#[test]
fn nothing_yet_is_well_formed_too() {
    let text =
        exposition((Timestamp::UNIX_EPOCH, PolicyReads::default()), &[], &[], (None, None), None).unwrap();
    let samples = samples(&text);
    assert_eq!(samples["process_start_time_seconds"], "0.0");
    assert_eq!(samples["pinstead_policy_current"], "1");
    assert_eq!(samples.len(), 6, "{text}");
}

/// Before the first whole look nobody counted: that is not 0.
#[test]
fn revocations_are_counted_once_they_were_looked_at() {
    let scraped = |look: &RevocationLook| {
        let begun = (Timestamp::UNIX_EPOCH, PolicyReads::default());
        samples(&exposition(begun, &[], &[], (None, Some(look)), None).unwrap())
    };
    let at = Timestamp::from_second(1_700_000_000).unwrap();
    let failed = RevocationLook { failed: Some((at, "away".to_owned())), ..RevocationLook::default() };
    let never = scraped(&failed);
    assert_eq!(never["pinstead_revocation_look_failed"], "1");
    assert!(never.keys().all(|name| !name.starts_with("pinstead_unexpected")), "{never:?}");
    let look = RevocationLook {
        looked_at: Some(at),
        revoked: 1,
        good: 2,
        open: 3,
        overdue: 4,
        ..RevocationLook::default()
    };
    let seen = scraped(&look);
    assert_eq!(seen["pinstead_revocation_look_failed"], "0");
    assert_eq!(seen["pinstead_revocation_look_timestamp_seconds"], "1700000000.0");
    for (status, count) in [("revoked", "1"), ("good", "2"), ("undetermined", "3")] {
        assert_eq!(seen[&format!("pinstead_unexpected_certificates{{status=\"{status}\"}}")], count);
    }
    assert_eq!(seen["pinstead_unexpected_certificates_overdue"], "4");
}
