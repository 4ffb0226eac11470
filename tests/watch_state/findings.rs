//! Certificates, alerts and faults.

use std::time::Duration;

use pinstead::dns_name::DnsName;
use pinstead::evidence::Bytes;
use pinstead::watch::batch::ChainBeside;
use pinstead::watch::state::{
    Due, EntryKind, Found, Gain, Judged, NewAlert, NewFault, Place, RevocationLook, State, StateError,
};
use sha2::{Digest as _, Sha256};

use super::played::{LONG, NO_TIME, alert, count, followed, found, open, read_to};

pub(crate) async fn a_certificate_is_one_in_all_logs(place: Place) {
    let state = open(&place).await;
    let mut logs = Vec::new();
    for id in [1, 2] {
        let (log, _) = followed(&state, id, 1000).await;
        let lease = state.lease_range(log.number, LONG).await.unwrap().unwrap();
        logs.push((log.number, lease));
    }
    let mut added = Vec::new();
    for (batch, kind) in [(1, EntryKind::Precert), (2, EntryKind::X509)] {
        for (_, lease) in &mut logs {
            let range = read_to(lease, batch * 100);
            let found = [found(7, batch * 100 - 3, kind), found(8, batch * 100 - 2, EntryKind::Precert)];
            added.push(state.commit(lease, &range, &found, &[alert(8), alert(7)]).await.unwrap().len());
        }
    }
    assert_eq!(added, [2, 0, 0, 0], "one alert a certificate");

    let name = "example.com".parse().unwrap();
    let known = state.certificates_claiming(&name, None).await.unwrap();
    assert_eq!(known.len(), 2);
    let seventh = found(7, 0, EntryKind::X509);
    assert_eq!(known[0].tbs_sha256, seventh.tbs_sha256);
    assert_eq!(known[0].certificate, seventh.certificate, "what came later is added");
    assert_eq!(known[0].precertificate, found(7, 0, EntryKind::Precert).precertificate);
    assert_eq!(known[1].certificate, None);
    let behind = state.certificates_claiming(&name, Some(&known[0].tbs_sha256)).await.unwrap();
    assert_eq!(behind, known[1..]);
    let other = "www.example.com".parse().unwrap();
    assert!(state.certificates_claiming(&other, None).await.unwrap().is_empty());
    assert_eq!(state.certificate(&seventh.tbs_sha256).await.unwrap().as_ref(), Some(&known[0]));
    for (above, below) in
        [("com", &["example.com"][..]), ("example.com", &[]), ("le.com", &[]), ("a.example.com", &[])]
    {
        let names = state.claimed_below(&above.parse().unwrap()).await.unwrap();
        assert_eq!(names.iter().map(DnsName::as_str).collect::<Vec<_>>(), below, "below {above}");
    }
    assert_eq!(state.certificate(&[0; 32]).await.unwrap(), None);

    let places = state.sightings(&seventh.tbs_sha256).await.unwrap();
    let at: Vec<_> = places.iter().map(|place| (place.log, place.index, place.kind)).collect();
    let [(first, _), (second, _)] = logs.as_slice() else { panic!() };
    assert_eq!(
        at,
        [
            (*first, 97, EntryKind::Precert),
            (*first, 197, EntryKind::X509),
            (*second, 97, EntryKind::Precert),
            (*second, 197, EntryKind::X509)
        ]
    );
    assert_eq!(places[0].leaf, Bytes(b"leaf 7 at 97".to_vec()));
    let hashes: Vec<[u8; 32]> =
        [&b"issuer"[..], b"root"].iter().map(|der| Sha256::digest(der).into()).collect();
    assert_eq!(places[0].chain, ChainBeside::Fingerprints(hashes.clone()));
    assert_eq!(state.issuer(&hashes[1]).await.unwrap(), Some(Bytes(b"root".to_vec())));
    assert_eq!(count(&place, "SELECT COUNT(*) FROM issuers").await, 2, "each once");
    let late = Bytes(b"late".to_vec());
    let hash: [u8; 32] = Sha256::digest(b"late").into();
    assert_eq!(state.issuer(&hash).await.unwrap(), None);
    for _ in 0..2 {
        state.keep_issuers(std::slice::from_ref(&late)).await.unwrap();
    }
    assert_eq!(state.issuer(&hash).await.unwrap(), Some(late));
}

/// The subjects of the alerts that were made of one certificate with these verdicts, one after the other.
async fn told(state: &State, judged: Vec<Judged>) -> Vec<usize> {
    let (log, _) = followed(state, 1, 10_000).await;
    let mut lease = state.lease_range(log.number, LONG).await.unwrap().unwrap();
    let mut told = Vec::new();
    for (place, judged) in judged.into_iter().enumerate() {
        let end = u64::try_from(place).unwrap() + 1;
        let range = read_to(&lease, end);
        let found = [Found { judged: Some(judged), ..found(7, end - 1, EntryKind::X509) }];
        let committed =
            state.commit_told(&mut lease, &range, &Gain { found: &found, ..Gain::default() }).await.unwrap();
        assert_eq!(committed.told.len(), committed.alerts.len());
        told.push(committed.alerts.len());
    }
    told
}

fn judged(key: u8, gravity: u8, is_determined: bool) -> Judged {
    let subject = "7".repeat(64);
    Judged {
        issuer_key: (key > 0).then_some([key; 32]),
        gravity,
        is_determined,
        is_final: is_determined,
        wishes: is_determined.then_some([5; 32]),
        verdict: format!("{gravity} {key}"),
        alert: NewAlert { subject, ..alert("") },
    }
}

pub(crate) async fn a_graver_or_better_verdict_is_told_again(place: Place) {
    let state = open(&place).await;
    let verdicts = [
        (judged(0, 2, false), 1, "the first"),
        (judged(0, 2, false), 0, "the same"),
        (judged(0, 1, false), 0, "a lighter one"),
        (judged(1, 3, true), 1, "graver, and determined"),
        (judged(0, 2, false), 0, "what is not proven beside what is"),
        (judged(1, 3, true), 0, "the same again"),
        (judged(2, 0, true), 1, "another key of the same content"),
        (judged(2, 0, true), 0, "that again"),
        (judged(2, 4, true), 1, "graver"),
        (judged(0, 3, false), 1, "grave, though not proven"),
    ];
    let made = told(&state, verdicts.iter().map(|(judged, ..)| judged.clone()).collect()).await;
    for ((_, wanted, why), made) in verdicts.iter().zip(made) {
        assert_eq!(made, *wanted, "{why}");
    }
    let subjects: Vec<String> = state
        .due("hook", 100, LONG)
        .await
        .unwrap()
        .into_iter()
        .map(|due| due.alert.subject.replace(&"7".repeat(64), "7"))
        .collect();
    let mut sorted = subjects.clone();
    sorted.sort();
    assert_eq!(sorted, ["7", "7 0 2", "7 3 0", "7 3 1", "7 4 2"], "{subjects:?}");
    assert_eq!(state.count_open_verdicts().await.unwrap(), 1);
    let log = state.logs().await.unwrap()[0].number;
    let open = state.open_verdicts(log, None).await.unwrap();
    assert_eq!(open.iter().map(|entry| entry.index).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert_eq!((open[3].chain.len(), open[3].leaf.0.as_slice()), (2, &b"leaf 7 at 3"[..]));
    assert!(state.open_verdicts(log, Some(&open[0].tbs_sha256)).await.unwrap().is_empty());
    assert_eq!(state.judged_again(&[]).await.unwrap().told, [0; 0]);
}

pub(crate) async fn odd_octets_are_kept(place: Place) {
    let state = open(&place).await;
    let (log, _) = followed(&state, 1, 100).await;
    let mut lease = state.lease_range(log.number, LONG).await.unwrap().unwrap();
    let odd = Found {
        timestamp: u64::MAX,
        chain: ChainBeside::Unreadable("\0 octets that are no chain".to_owned()),
        leaf: Bytes(Vec::new()),
        claims: Vec::new(),
        ..found(1, 3, EntryKind::X509)
    };
    let payload = "{\"name\":\"a\0b ‘); DROP TABLE alerts; -- \u{1f40d}\"}".to_owned();
    let alerts = [NewAlert { kind: "k\0".to_owned(), subject: "'".to_owned(), payload }];
    let range = read_to(&lease, 10);
    assert_eq!(state.commit(&mut lease, &range, std::slice::from_ref(&odd), &alerts).await.unwrap().len(), 1);
    let place = state.sightings(&odd.tbs_sha256).await.unwrap().remove(0);
    assert_eq!(place.chain, ChainBeside::Unreadable("\u{fffd} octets that are no chain".to_owned()));
    assert_eq!(place.timestamp, i64::MAX.unsigned_abs());
    let due = state.due("mail", 1, LONG).await.unwrap().remove(0);
    assert_eq!((due.alert.kind.as_str(), due.alert.subject.as_str()), ("k\u{fffd}", "'"));
    assert!(due.alert.payload.contains("a\u{fffd}b ‘); DROP TABLE alerts; -- \u{1f40d}"), "{due:?}");
    let large = NewAlert { payload: "x".repeat((1 << 20) + 1), ..alert(1) };
    let range = read_to(&lease, 20);
    let refused = state.commit(&mut lease, &range, &[found(9, 15, EntryKind::X509)], &[large]).await;
    assert!(matches!(refused, Err(StateError::TooLarge { .. })), "{refused:?}");
    assert_eq!(state.certificate(&found(9, 0, EntryKind::X509).tbs_sha256).await.unwrap(), None);
    assert_eq!(state.resume_range(&lease).await.unwrap().position(), 10);
}

fn subjects(due: &[Due]) -> Vec<&str> {
    due.iter().map(|due| due.alert.subject.as_str()).collect()
}

/// Makes what waits due now.
async fn time_goes_by(place: &Place) {
    count(place, "UPDATE deliveries SET next_at = 0 RETURNING next_at").await;
}

pub(crate) async fn each_channel_is_served(place: Place) {
    let (ours, theirs): (State, State) = (open(&place).await, open(&place).await);
    let id = ours.add_alert(&alert("a")).await.unwrap().unwrap();
    assert_eq!(theirs.add_alert(&alert("a")).await.unwrap(), None);
    ours.add_alert(&alert("b")).await.unwrap().unwrap();
    let other_kind = NewAlert { kind: "split view".to_owned(), ..alert("a") };
    assert_ne!(ours.add_alert(&other_kind).await.unwrap().unwrap(), id);

    let due = ours.due("hook", 2, LONG).await.unwrap();
    let more = theirs.due("hook", 100, LONG).await.unwrap();
    assert_eq!((due.len(), more.len()), (2, 1), "no two have the same");
    assert!(theirs.due("hook", 100, LONG).await.unwrap().is_empty());
    assert!(theirs.due("no such channel", 100, LONG).await.unwrap().is_empty());
    let all = theirs.due("mail", 100, NO_TIME).await.unwrap();
    assert_eq!(all.len(), 3, "a channel of its own");
    let first = all.iter().find(|due| due.alert.id == id).unwrap();
    assert_eq!(first.alert.payload, alert("a").payload);
    assert_eq!((first.attempt, first.channel.as_str()), (1, "mail"));
    // Whoever took them died: they are due again.
    let again = ours.due("mail", 100, LONG).await.unwrap();
    assert_eq!(subjects(&again), subjects(&all));
    assert!(again.iter().all(|due| due.attempt == 2));

    for due in &again {
        ours.delivered(due).await.unwrap();
    }
    ours.delivered(&due[0]).await.unwrap();
    ours.failed(&due[1], "the server \0 said 500", None).await.unwrap();
    ours.failed(&more[0], "it said 429", Some(Duration::MAX)).await.unwrap();
    assert!(ours.due("hook", 100, LONG).await.unwrap().is_empty(), "a pause first");
    let waiting = ours.waiting().await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].channel.as_str(), waiting[0].alerts, waiting[0].failed), ("hook", 2, 2));
    assert_eq!(waiting[0].error.as_deref(), Some("the server \u{fffd} said 500"));
    assert!(waiting[0].oldest <= due[1].alert.created.max(more[0].alert.created));

    time_goes_by(&place).await;
    let third = theirs.due("hook", 100, LONG).await.unwrap();
    assert_eq!(third.len(), 2);
    // Who was slow delays nobody, but what was delivered is delivered.
    time_goes_by(&place).await;
    ours.failed(&due[1], "too late", None).await.unwrap();
    assert_eq!(ours.due("hook", 100, LONG).await.unwrap().len(), 2);
    ours.delivered(&third[0]).await.unwrap();
    ours.delivered(&third[1]).await.unwrap();
    time_goes_by(&place).await;
    assert!(ours.due("hook", 100, LONG).await.unwrap().is_empty());
    assert!(ours.waiting().await.unwrap().is_empty());
    assert_eq!(ours.add_alert(&alert("a")).await.unwrap(), None, "what was delivered is remembered");
}

pub(crate) async fn a_clock_that_was_set_back_delays_no_alert(place: Place) {
    let state = open(&place).await;
    state.add_alert(&alert("a")).await.unwrap().unwrap();
    // What was made later than it is now by the clock is due.
    set_back(&place).await;
    let claimed = state.due("hook", 100, LONG).await.unwrap();
    assert_eq!(subjects(&claimed), ["a"]);
    assert!(state.due("hook", 100, LONG).await.unwrap().is_empty(), "another one has it");
    // Whoever had it died, and the clock was set back since.
    set_back(&place).await;
    let again = state.due("hook", 100, LONG).await.unwrap();
    assert_eq!(subjects(&again), ["a"]);
    // The same of one that failed, whatever pause its receiver asked for.
    for asked in [None, Some(Duration::from_mins(1)), Some(Duration::from_hours(24))] {
        let due = state.due("hook", 100, LONG).await.unwrap();
        let due = due.first().unwrap_or(&again[0]);
        state.failed(due, "away", asked).await.unwrap();
        assert!(state.due("hook", 100, LONG).await.unwrap().is_empty(), "the pause is kept: {asked:?}");
        set_back(&place).await;
        assert_eq!(state.due("hook", 100, NO_TIME).await.unwrap().len(), 1, "{asked:?}");
    }
}

/// The clock is set back by two hours: all that was to be then is two hours further ahead.
async fn set_back(place: &Place) {
    count(place, "UPDATE deliveries SET next_at = next_at + 7200000 RETURNING next_at").await;
}

pub(crate) async fn faults_last_until_they_end(place: Place) {
    let state = open(&place).await;
    let (log, _) = followed(&state, 1, 10).await;
    let fault = NewFault {
        log: log.number,
        kind: "other root".to_owned(),
        text: "its entries do not have the root that it signed".to_owned(),
        evidence: Bytes(vec![0, 255]),
    };
    assert_eq!(state.report_fault(&fault, &[alert("fault")]).await.unwrap().len(), 1);
    let later = NewFault { text: "another text".to_owned(), evidence: Bytes(Vec::new()), ..fault.clone() };
    assert!(state.report_fault(&later, &[alert("fault")]).await.unwrap().is_empty());
    let large = NewFault { kind: "large".to_owned(), evidence: Bytes(vec![1; 5 << 20]), ..fault.clone() };
    state.report_fault(&large, &[]).await.unwrap();
    let faults = state.faults().await.unwrap();
    assert_eq!(faults.len(), 2);
    let first = faults.iter().find(|kept| kept.first.kind == "other root").unwrap();
    assert_eq!((&first.first, first.times), (&fault, 2), "the first evidence stays");
    assert!(first.since <= first.last_seen);
    let kept = faults.iter().find(|kept| kept.first.kind == "large").unwrap();
    assert_eq!(kept.first.evidence.len(), 4 << 20);
    assert!(state.end_fault(log.number, "other root").await.unwrap());
    assert!(!state.end_fault(log.number, "other root").await.unwrap());
    assert_eq!(state.faults().await.unwrap().len(), 1);
}

pub(crate) async fn what_a_look_at_revocations_showed_is_kept(place: Place) {
    let state = open(&place).await;
    assert_eq!(state.revocation_look().await.unwrap(), None);
    let at = jiff::Timestamp::from_second(1_700_000_000).unwrap();
    state.revocations_failed(at, "away").await.unwrap();
    let look = RevocationLook { looked_at: Some(at), revoked: 1, good: 2, open: 3, overdue: 4, failed: None };
    for kept in [vec!["{}".to_owned(), "[1]".to_owned()], vec!["[2]".to_owned()]] {
        state.keep_revocations(&look, &kept).await.unwrap();
        assert_eq!(state.revocation_look().await.unwrap().as_ref(), Some(&look));
        assert_eq!(state.kept_revocations().await.unwrap(), kept, "those of the last look alone");
    }
    state.revocations_failed(at, "away again").await.unwrap();
    let failed = RevocationLook { failed: Some((at, "away again".to_owned())), ..look };
    assert_eq!(state.revocation_look().await.unwrap(), Some(failed));
    assert_eq!(state.kept_revocations().await.unwrap(), ["[2]"]);
}

pub(crate) async fn certificates_are_read_page_by_page(place: Place) {
    let state = open(&place).await;
    let (log, _) = followed(&state, 1, 10_000).await;
    let mut lease = state.lease_range(log.number, LONG).await.unwrap().unwrap();
    let all: Vec<Found> =
        (0..5).flat_map(|one| [0, 1].map(|again| found(one, one * 2 + again, EntryKind::X509))).collect();
    let range = read_to(&lease, 10);
    state.commit(&mut lease, &range, &all, &[]).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = state.certificates_after(after.as_ref(), 2).await.unwrap();
        let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
        let places = state.sightings_between((&first.tbs_sha256, &last.tbs_sha256), 100).await.unwrap();
        assert_eq!(places.len(), page.len() * 2, "each stands in the log twice");
        assert!(places.iter().all(|(hash, _)| page.iter().any(|known| known.tbs_sha256 == *hash)));
        seen.extend(page.iter().map(|known| known.tbs_sha256));
        after = Some(last.tbs_sha256);
    }
    let mut expected: Vec<[u8; 32]> = all.iter().map(|found| found.tbs_sha256).collect();
    expected.dedup();
    assert_eq!(seen, expected);
}
