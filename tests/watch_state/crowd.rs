//! Many at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use pinstead::watch::state::{EntryKind, Place, RANGE};
use tokio::sync::Barrier;

use super::played::{LONG, alert, count, followed, found, open, read_to};

/// How many processes: each has connections of its own.
const CROWD: usize = 6;

pub(crate) async fn no_range_is_read_twice(place: Place) {
    let ranges = 90;
    let (log, _) = followed(&open(&place).await, 1, ranges * RANGE).await;
    let begin = Arc::new(Barrier::new(CROWD));
    let tasks: Vec<_> = (0..CROWD)
        .map(|_| {
            let (place, begin, log) = (place.clone(), begin.clone(), log.number);
            tokio::spawn(async move {
                let state = open(&place).await;
                begin.wait().await;
                let mut starts = Vec::new();
                while let Some(mut range) = state.lease_range(log, LONG).await.unwrap() {
                    starts.push(range.start());
                    let read = read_to(&range, range.start() + 10);
                    state.commit(&mut range, &read, &[], &[]).await.unwrap();
                }
                starts
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (0..ranges).map(|number| number * RANGE).collect::<Vec<_>>());
    assert_eq!(count(&place, "SELECT COUNT(*) FROM ranges WHERE position = start + 10").await, 90);
}

pub(crate) async fn no_alert_is_made_or_taken_twice(place: Place) {
    let state = open(&place).await;
    let mut logs = Vec::new();
    for id in 0..CROWD {
        logs.push(followed(&state, u8::try_from(id).unwrap(), 1000).await.0.number);
    }
    let begin = Arc::new(Barrier::new(CROWD));
    let tasks: Vec<_> = logs
        .into_iter()
        .enumerate()
        .map(|(task, log)| {
            let (place, begin) = (place.clone(), begin.clone());
            tokio::spawn(async move {
                let state = open(&place).await;
                let mut range = state.lease_range(log, LONG).await.unwrap().unwrap();
                begin.wait().await;
                let mut made = 0;
                for batch in 0..5 {
                    // Every log has the same certificates at the same time, each in an order of its own.
                    let mut numbers: Vec<u64> = (batch * 10..batch * 10 + 10).collect();
                    numbers.rotate_left(task);
                    let entries: Vec<_> = (batch * 10..)
                        .zip(&numbers)
                        .map(|(index, number)| found(*number, index, EntryKind::X509))
                        .collect();
                    let alerts: Vec<_> = numbers.iter().map(alert).collect();
                    let read = read_to(&range, batch * 10 + 10);
                    made += state.commit(&mut range, &read, &entries, &alerts).await.unwrap().len();
                }
                begin.wait().await;
                let mut taken = Vec::new();
                loop {
                    let due = state.due("hook", 3, LONG).await.unwrap();
                    if due.is_empty() {
                        return (made, taken);
                    }
                    taken.extend(due.into_iter().map(|due| due.alert.id));
                }
            })
        })
        .collect();
    let (mut made, mut taken) = (0, Vec::new());
    for task in tasks {
        let (here, ids) = task.await.unwrap();
        made += here;
        taken.extend(ids);
    }
    assert_eq!(made, 50);
    assert_eq!(taken.len(), 50);
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 50);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM certificates").await, 50);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM sightings").await, 300);
}
