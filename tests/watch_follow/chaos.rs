//! Whatever a log and whoever reads it go through: alerts are one a certificate, and what is proven is the log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pinstead::watch::follow::{CERTIFICATE_ALERT, Outcome, follow};

use super::played::{Played, alerts, file, log, quick, scene};
use crate::world;

#[test]
fn one_alert_a_certificate_after_any_history() {
    world::runtime().block_on(async {
        let histories = (1..=12).map(|seed| tokio::spawn(history(seed)));
        let mut proven = 0;
        for history in histories.collect::<Vec<_>>() {
            proven += u32::from(history.await.unwrap());
        }
        assert!(proven >= 6, "only {proven} came to a good end");
    });
}

/// Two who follow the same log, killed at arbitrary moments, while the log lies, lags and fails; then peace.
/// Gives whether all was proven in the end; a log that signed what it does not have never is.
async fn history(seed: u64) -> bool {
    let folder = tempfile::TempDir::new().unwrap();
    let place = file(&folder);
    let played = Arc::new(Played::new(seed, 3000));
    let size = 3000;
    played.is_honest.store(false, Ordering::Relaxed);
    let log = log();
    for round in 1..=10 {
        played.shown.store(size * round / 10, Ordering::Relaxed);
        let (ours, theirs) = (scene(&place, quick()).await, scene(&place, quick()).await);
        let time = |factor: u64| Duration::from_millis(5 + (seed * 7 + round * factor) % 40);
        // Dropped in the middle of whatever it does, as when the process is killed.
        let _ = tokio::join!(
            tokio::time::timeout(time(11), follow(&ours.following, &log, played.clone())),
            tokio::time::timeout(time(17), follow(&theirs.following, &log, played.clone())),
        );
    }
    played.is_honest.store(true, Ordering::Relaxed);
    let last = scene(&place, quick()).await;
    // A tree that was made up may have been taken for the log's first: nothing was known of it then.
    let outcome = follow(&last.following, &log, played.clone()).await;
    let state = &last.following.state;
    let kept = state.find_log(&log.log_id).await.unwrap().unwrap();
    let is_proven = outcome == (Outcome::Proven { size });
    let told: Vec<String> = alerts(state)
        .await
        .into_iter()
        .filter(|(kind, ..)| kind == CERTIFICATE_ALERT)
        .map(|(_, subject, _)| subject)
        .collect();
    let different: BTreeSet<String> = told.iter().cloned().collect();
    assert_eq!(told.len(), different.len(), "seed {seed}: none twice");
    assert!(different.is_subset(&played.truth(0)), "seed {seed}: none that is not there");
    if is_proven {
        assert_eq!(kept.proven.root(), played.tree(size).root(), "seed {seed}");
        assert_eq!(different, played.truth(0), "seed {seed}: all of them");
    } else {
        let faults = state.faults().await.unwrap();
        let is_known = faults.iter().any(|fault| ["split", "other_root"].contains(&&*fault.first.kind));
        assert!(is_known, "seed {seed}: {outcome:?}, {faults:?}");
        assert_eq!(kept.proven.root(), played.tree(kept.proven.size()).root(), "seed {seed}");
    }
    is_proven
}
