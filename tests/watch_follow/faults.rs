//! What logs do wrong, told once, with what proves it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pinstead::ct::merkle::TreeHash;
use pinstead::watch::follow::{FAULT_ALERT, Outcome, Settings, follow};
use serde_json::Value;

use super::played::{BEGINNING, CERTIFICATES, Played, Scene, alerts, file, log, quick, scene};
use crate::world;

/// The faults that the state has now, by name.
pub(super) async fn open(scene: &Scene) -> Vec<String> {
    let faults = scene.following.state.faults().await.unwrap();
    faults.into_iter().map(|fault| fault.first.kind).collect()
}

pub(super) async fn fault_alerts(scene: &Scene) -> Vec<Value> {
    let alerts = alerts(&scene.following.state).await.into_iter();
    alerts.filter(|(kind, ..)| kind == FAULT_ALERT).map(|(_, _, payload)| payload).collect()
}

pub(super) fn few() -> Settings {
    Settings { most_failures: 3, ..quick() }
}

#[test]
fn a_split_view_is_critical_and_stays() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let scene = scene(&file(&folder), few()).await;
        let played = Arc::new(Played::new(1, 600));
        played.shown.store(500, Ordering::Relaxed);
        let log = log();
        let run = || follow(&scene.following, &log, played.clone());
        assert_eq!(run().await, Outcome::Proven { size: 500 });
        let known = played.head_of(500);
        *played.other_root.lock().unwrap() = Some(TreeHash([9; 32]));
        for size in [500, 600] {
            played.shown.store(size, Ordering::Relaxed);
            assert!(matches!(run().await, Outcome::Failed(_)));
        }
        let told = fault_alerts(&scene).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(
            (&told[0]["severity"], &told[0]["details"]["rule"]),
            (&"critical".into(), &"LOG001".into())
        );
        let heads = &told[0]["details"]["tree_heads"];
        assert_eq!(heads[0]["root"], known.root.to_string(), "both are kept as evidence");
        assert_eq!(heads[1]["root"], TreeHash([9; 32]).to_string());
        let kept = scene.following.state.find_log(&log.log_id).await.unwrap().unwrap();
        assert_eq!(kept.head.unwrap().0, known, "the other one was not taken");

        *played.other_root.lock().unwrap() = None;
        assert_eq!(run().await, Outcome::Proven { size: 600 });
        assert_eq!(open(&scene).await, ["split"], "what was signed cannot be unsigned");
    });
}

#[test]
fn a_log_that_shrinks_is_told_from_a_server_that_lags() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let scene = scene(&file(&folder), few()).await;
        let played = Arc::new(Played::new(2, 500));
        let log = log();
        let run = || follow(&scene.following, &log, played.clone());
        assert_eq!(run().await, Outcome::Proven { size: 500 });
        played.shown.store(400, Ordering::Relaxed);
        assert_eq!(run().await, Outcome::Proven { size: 500 }, "an older tree is no fault");
        assert!(open(&scene).await.is_empty());

        // For good: it was restored from a backup, and can prove nothing about the larger tree.
        played.later.store(1_000_000, Ordering::Relaxed);
        played.has.store(400, Ordering::Relaxed);
        assert!(matches!(run().await, Outcome::Failed(_)));
        assert_eq!(open(&scene).await, ["shrunk"]);
        let told = fault_alerts(&scene).await;
        assert_eq!(told[0]["details"]["rule"], "LOG002");
        assert_eq!(told[0]["severity"], "critical");
        let sizes = |head: usize| told[0]["details"]["tree_heads"][head]["size"].as_u64();
        assert_eq!((sizes(0), sizes(1)), (Some(500), Some(400)), "both are kept as evidence");
        played.has.store(500, Ordering::Relaxed);
        played.shown.store(500, Ordering::Relaxed);
        assert_eq!(run().await, Outcome::Proven { size: 500 });
        assert_eq!(open(&scene).await, ["shrunk"], "what was signed cannot be unsigned");
        let number = scene.following.state.find_log(&log.log_id).await.unwrap().unwrap().number;
        assert_eq!(scene.following.state.fault_pairs(number).await.unwrap().len(), 1);
        // Each pair is told for itself, whatever the day.
        played.shown.store(300, Ordering::Relaxed);
        played.later.store(2_000_000, Ordering::Relaxed);
        assert!(matches!(run().await, Outcome::Failed(_)));
        assert_eq!(fault_alerts(&scene).await.len(), 1);
        assert_eq!(scene.following.state.fault_pairs(number).await.unwrap().len(), 2);
    });
}

#[test]
fn a_smaller_tree_that_is_another_one_is_a_split_and_heard_of_in_the_run() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let scene = scene(&file(&folder), few()).await;
        let played = Arc::new(Played::new(2, 500));
        let log = log();
        let run = || follow(&scene.following, &log, played.clone());
        assert_eq!(run().await, Outcome::Proven { size: 500 });
        // Once, and later.
        let mut smaller = played.head_of(400);
        smaller.timestamp += 1_000_000;
        smaller.root = TreeHash([9; 32]);
        played.heads.lock().unwrap().push_back(smaller);
        assert_eq!(run().await, Outcome::Proven { size: 500 });
        assert_eq!(open(&scene).await, ["split"]);
        assert_eq!(fault_alerts(&scene).await[0]["details"]["rule"], "LOG001");
        let heard = || scene.heard.0.lock().unwrap().clone();
        assert!(heard().contains(&"fault split".to_owned()), "{:?}", heard());
        scene.heard.0.lock().unwrap().clear();
        assert_eq!(run().await, Outcome::Proven { size: 500 });
        assert!(!heard().contains(&"fault split".to_owned()), "it was seen in another run");
    });
}

#[test]
fn an_entry_that_is_hidden_shows_in_the_root() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let scene = scene(&file(&folder), few()).await;
        let played = Arc::new(Played::new(3, 500));
        let log = log();
        let run = || follow(&scene.following, &log, played.clone());
        played.hidden.store(123, Ordering::Relaxed);
        let Outcome::Failed(why) = run().await else { panic!("it was proven") };
        assert!(why.contains("do not have the root"), "{why}");
        assert_eq!(open(&scene).await, ["other_root"]);
        assert_eq!(fault_alerts(&scene).await.len(), 1, "however often it was read");
        let kept = scene.following.state.find_log(&log.log_id).await.unwrap().unwrap();
        assert_eq!(kept.proven.size(), 0);
        played.hidden.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(run().await, Outcome::Proven { size: 500 });
        assert!(open(&scene).await.is_empty());
        let heard = scene.heard.0.lock().unwrap().clone();
        assert!(heard.iter().any(|text| text == "over other_root"), "{heard:?}");
    });
}

#[test]
fn a_dead_log_is_told_once_it_lasts_and_is_over_when_it_answers() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let place = file(&folder);
        let first = scene(&place, quick()).await;
        let played = Arc::new(Played::new(4, 500));
        let log = log();
        assert_eq!(follow(&first.following, &log, played.clone()).await, Outcome::Proven { size: 500 });
        let scene = scene(&place, Settings { once: false, ..quick() }).await;
        played.is_dead.store(true, Ordering::Relaxed);
        let stop = scene.stop.clone();
        let watching = follow(&scene.following, &log, played.clone());
        let story = async {
            let until = async |wanted: &[&str]| {
                while open(&scene).await != wanted {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            until(&["unreadable"]).await;
            played.is_dead.store(false, Ordering::Relaxed);
            until(&[]).await;
            stop.send(true).unwrap();
        };
        let (outcome, ()) = tokio::join!(watching, story);
        assert_eq!(outcome, Outcome::Stopped);
        let told = fault_alerts(&scene).await;
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["details"]["rule"], &told[0]["severity"]), (&"LOG007".into(), &"medium".into()));
        // The leases were given back.
        let number = scene.following.state.find_log(&log.log_id).await.unwrap().unwrap().number;
        assert!(scene.following.state.lease_head(number, Duration::from_secs(1)).await.unwrap().is_some());
    });
}

#[test]
fn a_log_that_could_not_even_be_begun_is_told() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let settings = Settings { start: pinstead::watch::follow::Start::End, ..quick() };
        let scene = scene(&file(&folder), settings).await;
        let played = Arc::new(Played::new(8, 10));
        played.is_dead.store(true, Ordering::Relaxed);
        assert!(matches!(follow(&scene.following, &log(), played).await, Outcome::Failed(_)));
        let told = fault_alerts(&scene).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["details"]["rule"], "LOG007");
        assert!(scene.following.state.logs().await.unwrap().is_empty());
    });
}

#[test]
fn a_log_that_hangs_holds_back_nothing_that_it_gave() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let settings = Settings { lease: Duration::from_mins(1), most_uncommitted: 1_000_000, ..quick() };
        let scene = scene(&file(&folder), settings).await;
        let mut played = Played::new(1, 100);
        played.put(7, CERTIFICATES.entry(&CERTIFICATES.watched[0], BEGINNING + 7000, false));
        played.hangs_from.store(10, Ordering::Relaxed);
        let (log, played) = (log(), Arc::new(played));
        let told = async {
            for _ in 0..2000 {
                if !alerts(&scene.following.state).await.is_empty() {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            false
        };
        tokio::select! {
            told = told => assert!(told, "it is told while the next answer is awaited"),
            outcome = follow(&scene.following, &log, played) => panic!("it hangs, and gave {outcome:?}"),
        }
    });
}

#[test]
fn a_log_without_tiles_that_is_stopped_says_what_is_not_covered() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let scene = scene(&file(&folder), few()).await;
        let played = Played::new(1, 100);
        played.too_large_at.store(40, Ordering::Relaxed);
        let (log, played) = (log(), Arc::new(played));
        assert!(matches!(follow(&scene.following, &log, played).await, Outcome::Failed(_)));
        let told = fault_alerts(&scene).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["details"]["rule"], "LOG006");
        let text = told[0]["text"].as_str().unwrap();
        assert!(text.contains("Entry 40 and all behind it are not covered until it can be read."), "{text}");
    });
}
