//! What of that which was found stands in a log's tree, and what nobody could read.

use std::time::Duration;

use pinstead::evidence::Bytes;
use pinstead::issuance::names::{WatchedName, WatchedNames};
use pinstead::watch::state::{
    EntryKind, Found, Gain, HeadLease, Log, NewDark, Place, Sighting, State, StateOptions,
};

use super::played::{LONG, alert, found, head, leaf, new_log, read_to};

async fn searching(place: &Place, name: &str) -> State {
    let options = StateOptions { channels: vec!["hook".to_owned()], most_octets: None };
    let state = State::open(place, &options).await.unwrap();
    let watched = WatchedName { name: name.parse().unwrap(), with_subdomains: true };
    state.search_for(&WatchedNames::new([watched])).await.unwrap();
    state
}

async fn begun(state: &State) -> (Log, HeadLease) {
    let log = state.register(&new_log(1, 0)).await.unwrap();
    let lease = state.lease_head(log.number, LONG).await.unwrap().unwrap();
    state.take_head(&lease, &head(100)).await.unwrap();
    (log, lease)
}

async fn read_with(state: &State, log: &Log, end: u64, gain: &Gain<'_>) {
    let mut range = state.lease_range(log.number, LONG).await.unwrap().unwrap();
    let read = read_to(&range, end);
    state.commit_told(&mut range, &read, gain).await.unwrap();
    state.release_range(range).await.unwrap();
}

async fn prove(state: &State, lease: &HeadLease) {
    let folded = state.fold(lease).await.unwrap().unwrap();
    state.prove(lease, &folded).await.unwrap();
}

async fn sighting(state: &State, of: &Found) -> Sighting {
    let mut all = state.sightings(&of.tbs_sha256).await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

pub(crate) async fn what_was_given_once_proves_nothing(place: Place) {
    let state = searching(&place, "one.example").await;
    let (log, lease) = begun(&state).await;
    let fake = found(1, 5, EntryKind::Precert);
    let gone = found(2, 6, EntryKind::Precert);
    let both = [fake.clone(), gone.clone()];
    read_with(&state, &log, 10, &Gain { found: &both, ..Gain::default() }).await;
    assert!(!sighting(&state, &fake).await.is_proven, "its range is not proven");
    state.rewind(&lease).await.unwrap();
    let truth = Found { leaf: Bytes(b"another leaf".to_vec()), ..fake.clone() };
    read_with(&state, &log, 10, &Gain { found: std::slice::from_ref(&truth), ..Gain::default() }).await;

    // Who searches for other names begins the range anew, and what was found in it before is not in what he hashes.
    let other = searching(&place, "two.example").await;
    let late = found(3, 7, EntryKind::Precert);
    read_with(&other, &log, 20, &Gain { found: std::slice::from_ref(&late), ..Gain::default() }).await;
    read_with(&other, &log, 100, &Gain::default()).await;
    prove(&other, &lease).await;
    for (of, is_proven) in [(&truth, false), (&gone, false), (&late, true)] {
        let kept = sighting(&state, of).await;
        assert_eq!((kept.is_proven, &kept.leaf), (is_proven, &of.leaf), "{}", of.index);
    }
    // What is proven is not replaced.
    let changed = Found { leaf: Bytes(b"later".to_vec()), ..late.clone() };
    state.take_head(&lease, &head(120)).await.unwrap();
    read_with(&other, &log, 120, &Gain { found: &[changed], ..Gain::default() }).await;
    assert_eq!(sighting(&state, &late).await.leaf, late.leaf);
}

pub(crate) async fn what_nobody_could_read_was_not_searched(place: Place) {
    let state = searching(&place, "one.example").await;
    let (log, lease) = begun(&state).await;
    let dark = |start: u64, subject: &str| NewDark {
        start,
        hashes: (start..60).map(leaf).collect(),
        subject: subject.to_owned(),
    };
    let stretches = async || {
        let kept = state.dark(log.number).await.unwrap();
        kept.iter().map(|dark| (dark.start, dark.stop)).collect::<Vec<_>>()
    };
    let searched = async || {
        let search = state.searched_for(&"one.example".parse().unwrap()).await.unwrap();
        search.entries[&log.number].clone()
    };
    let told = [alert("dark"), alert("darker")];
    read_with(&state, &log, 60, &Gain { dark: &[dark(40, "dark")], alerts: &told, ..Gain::default() }).await;
    state.rewind(&lease).await.unwrap();
    read_with(&state, &log, 60, &Gain { dark: &[dark(50, "darker")], ..Gain::default() }).await;
    read_with(&state, &log, 100, &Gain::default()).await;
    assert_eq!(stretches().await, [(40, 60), (50, 60)], "until it is proven what is there");
    assert!(state.dark_to_ask(log.number, 9).await.unwrap().is_empty(), "its hashes are not proven");
    let due = state.due("hook", 9, LONG).await.unwrap();
    let ids: Vec<String> = due.into_iter().map(|due| due.alert.id).collect();
    state.reported(&[], &ids).await.unwrap();
    assert_eq!(state.undetermined().await.unwrap().len(), 2);

    prove(&state, &lease).await;
    assert_eq!(stretches().await, [(50, 60)]);
    assert_eq!(searched().await, [(0, 50), (60, 100)]);
    let proven = state.log(log.number).await.unwrap();
    assert!(state.unsearched(&proven, 0).await.unwrap().is_empty(), "it is told as what it is");
    assert_eq!(state.undetermined().await.unwrap().len(), 1);

    let asked = state.dark_to_ask(log.number, 9).await.unwrap();
    let there = found(1, 52, EntryKind::X509);
    state.light_up(&asked[0], 4, std::slice::from_ref(&there)).await.unwrap();
    assert_eq!((stretches().await, searched().await), (vec![(54, 60)], vec![(0, 54), (60, 100)]));
    assert!(sighting(&state, &there).await.is_proven);
    // Who comes second changes nothing.
    state.light_up(&asked[0], 10, &[]).await.unwrap();
    assert_eq!(stretches().await, [(54, 60)]);

    assert_eq!(state.acknowledge_faults(log.number).await.unwrap(), 0);
    let rest = state.dark_to_ask(log.number, 9).await.unwrap();
    assert!(rest[0].acknowledged.is_some());
    assert_eq!(rest[0].hashes, (54..60).map(leaf).collect::<Vec<_>>());
    state.light_up(&rest[0], 6, &[]).await.unwrap();
    assert_eq!((stretches().await, searched().await), (vec![], vec![(0, 100)]));
    assert!(state.undetermined().await.unwrap().is_empty());
    assert!(!state.has_dark(log.number).await.unwrap());
}

pub(crate) async fn what_was_not_asked_for_comes_first(place: Place) {
    let state = searching(&place, "one.example").await;
    let (log, lease) = begun(&state).await;
    let dark = [10, 20, 30].map(|start: u64| NewDark {
        start,
        hashes: (start..start + 10).map(leaf).collect(),
        subject: format!("dark {start}"),
    });
    read_with(&state, &log, 100, &Gain { dark: &dark, ..Gain::default() }).await;
    prove(&state, &lease).await;
    let first = async || {
        let asked = state.dark_to_ask(log.number, 2).await.unwrap();
        assert_eq!(asked.len(), 2);
        asked[0].clone()
    };
    for _ in 0..3 {
        assert_eq!(first().await.start, 10, "to be told of them is not to ask for them");
    }
    for (asked, next) in [(10, 20), (20, 30), (30, 10)] {
        let before = first().await;
        assert_eq!(before.start, asked);
        // The clock counts milliseconds: what was asked for within the same one is in its order.
        for _ in 0..1000 {
            if first().await.start != asked {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
            state.ask_for_dark(&before).await.unwrap();
        }
        assert_eq!(first().await.start, next);
    }
}

pub(crate) async fn places_that_are_proven_come_first(place: Place) {
    let state = searching(&place, "one.example").await;
    let (log, lease) = begun(&state).await;
    let other = state.register(&new_log(2, 0)).await.unwrap();
    let head_of_other = state.lease_head(other.number, LONG).await.unwrap().unwrap();
    state.take_head(&head_of_other, &head(100)).await.unwrap();
    let places = |from: u64| [from, from + 1, from + 2].map(|index| found(1, index, EntryKind::X509));
    read_with(&state, &log, 100, &Gain { found: &places(5), ..Gain::default() }).await;
    read_with(&state, &other, 100, &Gain { found: &places(50), ..Gain::default() }).await;
    let first = async |most| {
        let hash = found(1, 0, EntryKind::X509).tbs_sha256;
        let all = state.first_sightings(&hash, most).await.unwrap();
        all.into_iter().map(|one| (one.log, one.index, one.is_proven)).collect::<Vec<_>>()
    };
    assert_eq!(first(2).await, [(log.number, 5, false), (log.number, 6, false)]);
    prove(&state, &head_of_other).await;
    let proven = [50, 51, 52].map(|index| (other.number, index, true));
    assert_eq!(first(2).await, proven[..2]);
    assert_eq!(first(4).await, [&proven[..], &[(log.number, 5, false)]].concat());
    assert_eq!(first(9).await.len(), 6, "of no other certificate");
    prove(&state, &lease).await;
    assert_eq!(first(1).await, [(log.number, 5, true)]);
}
