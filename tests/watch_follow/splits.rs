//! A log that splits twice.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pinstead::ct::merkle::TreeHash;
use pinstead::watch::follow::{FAULT_ALERT, Outcome, Settings, follow};

use super::played::{Played, alerts, file, log, quick, scene};
use crate::world;

#[test]
fn each_split_is_told_with_its_evidence() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let scene = scene(&file(&folder), Settings { most_failures: 3, ..quick() }).await;
        let state = &scene.following.state;
        let played = Arc::new(Played::new(1, 600));
        played.shown.store(500, Ordering::Relaxed);
        let log = log();
        let run = || follow(&scene.following, &log, played.clone());
        assert_eq!(run().await, Outcome::Proven { size: 500 });
        for root in [9, 8, 9] {
            *played.other_root.lock().unwrap() = Some(TreeHash([root; 32]));
            assert!(matches!(run().await, Outcome::Failed(_)));
        }
        let told: Vec<_> = alerts(state).await.into_iter().filter(|(kind, ..)| kind == FAULT_ALERT).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        let number = state.find_log(&log.log_id).await.unwrap().unwrap().number;
        let pairs = state.fault_pairs(number).await.unwrap();
        for root in [9, 8] {
            let root = TreeHash([root; 32]).to_string();
            let is_evidence = |evidence: &[u8]| String::from_utf8_lossy(evidence).contains(&root);
            assert!(pairs.iter().any(|(_, evidence)| is_evidence(evidence)), "{root}");
            let in_alert = told.iter().any(|(.., alert)| alert["details"]["tree_heads"][1]["root"] == *root);
            assert!(in_alert, "{root}: {told:?}");
        }
        let heard = scene.heard.0.lock().unwrap().clone();
        // Each when it is seen, and what is known of them when the log is followed again.
        for event in ["fault split", "known split"] {
            assert_eq!(heard.iter().filter(|heard| *heard == event).count(), 2, "{event}: {heard:?}");
        }
    });
}
