//! Logs, tree heads and ranges.

use pinstead::ct::merkle::TreeHash;
use pinstead::evidence::Bytes;
use pinstead::watch::state::{EntryKind, Head, HeadTaken, NewLog, Place, RANGE, StateError};

use super::played::{
    LONG, NO_TIME, alert, count, followed, found, head, new_log, open, read_all, read_to, tree,
};

pub(crate) async fn logs_are_registered_once(place: Place) {
    let state = open(&place).await;
    assert!(state.find_log(&[1; 32]).await.unwrap().is_none());
    let first = state.register(&new_log(1, 1000)).await.unwrap();
    assert_eq!((first.start, first.proven.root(), first.read), (1000, tree(1000).root(), 0));
    assert!(first.head.is_none() && first.goal.is_none());
    let other = state.register(&new_log(2, 0)).await.unwrap();
    assert_ne!(first.number, other.number);

    let moved = NewLog { url: "https://elsewhere.example/".to_owned(), ..new_log(1, 2000) };
    let again = state.register(&moved).await.unwrap();
    assert_eq!((again.number, again.start), (first.number, 1000), "it goes on from where it stands");
    assert_eq!(again.url, "https://elsewhere.example/");
    assert_eq!(open(&place).await.logs().await.unwrap().len(), 2);

    let wrong = NewLog { key: Bytes(vec![9]), ..new_log(1, 0) };
    assert!(matches!(state.register(&wrong).await, Err(StateError::OtherKey)));
    assert_eq!(state.find_log(&[1; 32]).await.unwrap().unwrap().key, new_log(1, 0).key);
}

pub(crate) async fn one_at_a_time_holds_a_head(place: Place) {
    let (ours, theirs) = (open(&place).await, open(&place).await);
    let log = ours.register(&new_log(1, 0)).await.unwrap().number;
    let first = ours.lease_head(log, LONG).await.unwrap().unwrap();
    assert_eq!(theirs.lease_head(log, LONG).await.unwrap(), None);
    assert_eq!(ours.lease_head(log, LONG).await.unwrap(), None, "nor does the same process get it twice");
    ours.renew_head(&first).await.unwrap();
    ours.release_head(first.clone()).await.unwrap();
    assert!(matches!(ours.renew_head(&first).await, Err(StateError::LeaseLost)));

    let short = theirs.lease_head(log, NO_TIME).await.unwrap().unwrap();
    let taken = ours.lease_head(log, LONG).await.unwrap().expect("a lease that is over is free");
    for lost in [
        theirs.renew_head(&short).await.map(|()| None),
        theirs.take_head(&short, &head(10)).await.map(|taken| taken.goal),
        theirs.prove(&short, &tree(0)).await,
        theirs.rewind(&short).await,
    ] {
        assert!(matches!(lost, Err(StateError::LeaseLost)), "{lost:?}");
    }
    theirs.release_head(short).await.unwrap();
    ours.renew_head(&taken).await.unwrap();
    assert!(ours.log(log).await.unwrap().head.is_none(), "nothing was written");
}

pub(crate) async fn ranges_are_read_folded_and_proven(place: Place) {
    let state = open(&place).await;
    let log = state.register(&new_log(1, 65_000)).await.unwrap();
    let lease = state.lease_head(log.number, LONG).await.unwrap().unwrap();
    assert!(state.fold(&lease).await.unwrap().is_none());
    let taken = state.take_head(&lease, &head(131_500)).await.unwrap();
    assert_eq!(taken, HeadTaken { is_kept: true, goal: Some(131_500) });

    let mut places = Vec::new();
    let mut leases = Vec::new();
    while let Some(range) = state.lease_range(log.number, LONG).await.unwrap() {
        places.push((range.start(), range.position(), range.stop()));
        leases.push(range);
    }
    assert_eq!(places, [(65_000, 65_000, 65_536), (65_536, 65_536, 131_072), (131_072, 131_072, 131_500)]);
    for range in leases.split_off(1) {
        state.release_range(range).await.unwrap();
    }
    let mut first = leases.pop().unwrap();
    let half = read_to(&first, 65_200);
    state.commit(&mut first, &half, &[], &[]).await.unwrap();
    assert_eq!(state.log(log.number).await.unwrap().read, 200);
    assert_eq!(state.resume_range(&first).await.unwrap(), first);
    state.release_range(first).await.unwrap();

    // The log grows in the meantime: what is being read up to stays.
    let grown = state.take_head(&lease, &head(131_600)).await.unwrap();
    assert_eq!(grown, HeadTaken { is_kept: true, goal: Some(131_500) });
    let old = state.take_head(&lease, &head(131_400)).await.unwrap();
    assert_eq!(old, HeadTaken { is_kept: false, goal: Some(131_500) });
    assert!(state.fold(&lease).await.unwrap().is_none(), "not all was read");
    assert!(matches!(state.prove(&lease, &tree(131_500)).await, Err(StateError::NotRead)));
    // Another process goes on.
    read_all(&open(&place).await, &log).await;
    let folded = state.fold(&lease).await.unwrap().unwrap();
    assert_eq!(folded.root(), tree(131_500).root());
    assert_eq!(state.log(log.number).await.unwrap().proven.size(), 65_000, "read is not proven");
    assert_eq!(state.prove(&lease, &folded).await.unwrap(), Some(131_600));

    read_all(&state, &log).await;
    let folded = state.fold(&lease).await.unwrap().unwrap();
    assert_eq!(state.prove(&lease, &folded).await.unwrap(), None);
    let now = open(&place).await.log(log.number).await.unwrap();
    assert_eq!((now.proven.size(), now.proven.root()), (131_600, head(131_600).root));
    assert_eq!((now.head.unwrap().0, now.goal, now.read, now.start), (head(131_600), None, 0, 65_000));
    assert_eq!(count(&place, "SELECT COUNT(*) FROM ranges").await, 0);
}

pub(crate) async fn a_wrong_root_is_read_again(place: Place) {
    let state = open(&place).await;
    let (log, lease) = followed(&state, 1, 100).await;
    read_all(&state, &log).await;
    let folded = state.fold(&lease).await.unwrap().unwrap();
    assert!(matches!(state.prove(&lease, &folded).await, Err(StateError::OtherRoot)));
    assert_eq!(state.log(log.number).await.unwrap().proven.size(), 0);

    state.take_head(&lease, &head(300)).await.unwrap();
    assert_eq!(state.rewind(&lease).await.unwrap(), Some(300), "up to the newest tree head");
    let mut reader = state.lease_range(log.number, LONG).await.unwrap().unwrap();
    assert_eq!((reader.start(), reader.position(), reader.stop()), (0, 0, 300));
    state.rewind(&lease).await.unwrap();
    let range = read_to(&reader, 50);
    let lost = state.commit(&mut reader, &range, &[found(1, 1, EntryKind::X509)], &[alert(1)]).await;
    assert!(matches!(lost, Err(StateError::LeaseLost)), "{lost:?}");
    assert!(matches!(state.commit(&mut reader, &range, &[], &[]).await, Err(StateError::LeaseLost)));
    read_all(&state, &log).await;
    let folded = state.fold(&lease).await.unwrap().unwrap();
    assert_eq!(state.prove(&lease, &folded).await.unwrap(), None);
    assert_eq!(state.log(log.number).await.unwrap().proven.root(), tree(300).root());
    assert_eq!(count(&place, "SELECT COUNT(*) FROM certificates").await, 0);
}

pub(crate) async fn a_boundless_log_makes_few_ranges(place: Place) {
    let state = open(&place).await;
    let (log, lease) = followed(&state, 1, i64::MAX.unsigned_abs()).await;
    let ranges = "SELECT COUNT(*) FROM ranges";
    assert_eq!(count(&place, ranges).await, 4096);
    let size = i64::MAX.unsigned_abs();
    let again =
        Head { size, timestamp: 1_800_000_000_000, root: TreeHash([1; 32]), octets: Bytes(Vec::new()) };
    state.take_head(&lease, &again).await.unwrap();
    assert_eq!(count(&place, ranges).await, 4096, "they still wait");
    assert!(count(&place, "SELECT MAX(stop) FROM ranges").await == i64::try_from(4096 * RANGE).unwrap());
    let over = Head { size: size + 1, ..again };
    assert!(matches!(state.take_head(&lease, &over).await, Err(StateError::TooLarge { .. })));
    assert!(!state.lease_range(log.number, LONG).await.unwrap().unwrap().is_done());
    state.extend_ranges(&lease).await.unwrap();
    assert_eq!(count(&place, ranges).await, 4096, "they still wait");
    // However long that took.
    count(&place, "UPDATE ranges SET position = stop RETURNING start").await;
    assert_eq!(state.lease_range(log.number, LONG).await.unwrap(), None);
    state.extend_ranges(&lease).await.unwrap();
    assert_eq!(count(&place, ranges).await, 2 * 4096);
    assert_eq!(state.lease_range(log.number, LONG).await.unwrap().unwrap().start(), 4096 * RANGE);
}

pub(crate) async fn a_log_is_begun_with_its_tree_head(place: Place) {
    let state = open(&place).await;
    let begun = NewLog { head: Some(head(300)), ..new_log(1, 200) };
    let log = state.register(&begun).await.unwrap();
    assert_eq!(log.head.unwrap().0, head(300));
    let later = NewLog { head: Some(head(400)), ..begun };
    assert_eq!(state.register(&later).await.unwrap().head.unwrap().0, head(300), "it knows one");
    let old = state.register(&new_log(2, 200)).await.unwrap();
    let elsewhere = NewLog { head: Some(head(400)), ..new_log(2, 300) };
    assert_eq!(state.register(&elsewhere).await.unwrap().head, None, "it stands elsewhere");
    assert_eq!(state.log(old.number).await.unwrap().proven.size(), 200);
}

pub(crate) async fn a_part_of_a_tree_is_proven_by_itself(place: Place) {
    let state = open(&place).await;
    let log = state.register(&new_log(1, 0)).await.unwrap();
    let lease = state.lease_head(log.number, LONG).await.unwrap().unwrap().with_goals_within(100);
    let taken = state.take_head(&lease, &head(300)).await.unwrap();
    assert_eq!(taken, HeadTaken { is_kept: true, goal: None });
    assert_eq!(state.take_goal(&lease, &head(301)).await.unwrap(), None, "it is beyond the tree");
    assert_eq!(state.take_goal(&lease, &head(250)).await.unwrap(), Some(250));
    assert_eq!(state.take_goal(&lease, &head(260)).await.unwrap(), Some(250), "there is one");
    read_all(&state, &log).await;
    let folded = state.fold(&lease).await.unwrap().unwrap();
    assert_eq!(state.prove(&lease, &folded).await.unwrap(), Some(300), "the rest is no more than that");
    assert_eq!(state.log(log.number).await.unwrap().proven.root(), tree(250).root());

    state.forget_head(log.number).await.unwrap();
    let forgotten = state.log(log.number).await.unwrap();
    assert_eq!((forgotten.head, forgotten.goal, forgotten.proven.size()), (None, None, 250));
    assert!(matches!(state.renew_head(&lease).await, Err(StateError::LeaseLost)));
    assert_eq!(count(&place, "SELECT COUNT(*) FROM ranges").await, 0);
}

pub(crate) async fn who_was_taken_over_writes_nothing(place: Place) {
    let (ours, theirs) = (open(&place).await, open(&place).await);
    let (log, _) = followed(&ours, 1, 1000).await;
    let mut short = ours.lease_range(log.number, NO_TIME).await.unwrap().unwrap();
    let range = read_to(&short, 100);
    ours.commit(&mut short, &range, &[found(1, 5, EntryKind::X509)], &[alert(1)]).await.unwrap();

    // It is over, and nobody took it: what was read is not thrown away.
    let mut taken = theirs.lease_range(log.number, LONG).await.unwrap().unwrap();
    assert_eq!((taken.position(), taken.builder().unwrap()), (100, range));
    assert_eq!(ours.lease_range(log.number, LONG).await.unwrap(), None);
    let late = read_to(&short, 200);
    for _ in 0..2 {
        let lost = ours.commit(&mut short, &late, &[found(2, 150, EntryKind::X509)], &[alert(2)]).await;
        assert!(matches!(lost, Err(StateError::LeaseLost)), "{lost:?}");
        assert!(matches!(ours.commit(&mut short, &late, &[], &[]).await, Err(StateError::LeaseLost)));
        assert!(matches!(ours.renew_range(&short).await, Err(StateError::LeaseLost)));
        assert!(matches!(ours.resume_range(&short).await, Err(StateError::LeaseLost)));
        ours.release_range(short.clone()).await.unwrap();
    }
    assert_eq!(count(&place, "SELECT COUNT(*) FROM certificates").await, 1);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM alerts").await, 1);
    assert_eq!(short.position(), 100);

    // A commit that was done and not heard of is not done again.
    let before = taken.clone();
    let next = read_to(&taken, 300);
    theirs.renew_range(&taken).await.unwrap();
    theirs.commit(&mut taken, &next, &[], &[]).await.unwrap();
    let mut unheard = before;
    let twice = theirs.commit(&mut unheard, &next, &[], &[]).await;
    assert!(matches!(twice, Err(StateError::Elsewhere { position: 300 })), "{twice:?}");
    assert_eq!(theirs.resume_range(&unheard).await.unwrap(), taken);
    let backwards = read_to(&unheard, 200);
    assert!(matches!(
        theirs.commit(&mut taken, &backwards, &[], &[]).await,
        Err(StateError::Elsewhere { position: 300 })
    ));

    // A clock that was set back by a quarter of an hour leaves leases that end then: they count as over.
    let mut held = theirs.lease_range(log.number, LONG).await.unwrap();
    assert_eq!(held, None);
    for sql in [
        "UPDATE ranges SET lease_until = lease_until + 900000 RETURNING lease_until",
        "UPDATE logs SET lease_until = lease_until + 900000 RETURNING lease_until",
    ] {
        count(&place, sql).await;
    }
    held = theirs.lease_range(log.number, LONG).await.unwrap();
    assert_eq!(held.map(|range| range.position()), Some(300));
    assert!(ours.lease_head(log.number, LONG).await.unwrap().is_some());
}
