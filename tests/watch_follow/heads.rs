//! Tree heads: which of them are taken, what is read when none is shown, and who notices.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pinstead::ct::merkle::TreeHash;
use pinstead::watch::follow::{LogToFollow, Outcome, Settings, Start, follow};
use pinstead::watch::state::Head;

use super::faults::{fault_alerts, few, open};
use super::played::{Played, Scene, Withheld, file, log, quick, scene, then};
use crate::world;

/// A log of 600 entries that shows 500, and who follows it.
async fn followed(settings: Settings) -> (tempfile::TempDir, Scene, Arc<Played>) {
    let folder = tempfile::TempDir::new().unwrap();
    let scene = scene(&file(&folder), settings).await;
    let played = Arc::new(Played::new(21, 600));
    played.shown.store(500, Ordering::Relaxed);
    (folder, scene, played)
}

async fn run(scene: &Scene, played: &Arc<Played>) -> Outcome {
    follow(&scene.following, &log(), Arc::clone(played)).await
}

async fn proven(scene: &Scene) -> u64 {
    scene.following.state.find_log(&log().log_id).await.unwrap().unwrap().proven.size()
}

#[test]
fn a_slow_part_of_the_log_shows_no_fault_at_the_start() {
    world::runtime().block_on(async {
        let (_folder, scene, played) = followed(Settings { start: Start::End, ..few() }).await;
        // One part has 500 entries; another one shows an older tree.
        played.heads.lock().unwrap().extend([played.head_of(500), played.head_of(490)]);
        assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 500 });
        assert!(open(&scene).await.is_empty() && fault_alerts(&scene).await.is_empty());
        let kept = scene.following.state.find_log(&log().log_id).await.unwrap().unwrap();
        assert_eq!((kept.start, kept.head.unwrap().0), (500, played.head_of(500)));
    });
}

#[test]
fn a_split_at_the_start_has_both_tree_heads() {
    world::runtime().block_on(async {
        let (_folder, scene, played) = followed(Settings { start: Start::End, ..few() }).await;
        let first = played.head_of(500);
        played.heads.lock().unwrap().push_back(first.clone());
        *played.other_root.lock().unwrap() = Some(TreeHash([9; 32]));
        assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)));
        let told = fault_alerts(&scene).await;
        assert_eq!(told[0]["details"]["rule"], "LOG001");
        let heads = &told[0]["details"]["tree_heads"];
        for (shown, head) in [(&heads[0], &first), (&heads[1], &played.head_of(500))] {
            assert_eq!(shown["timestamp"], head.timestamp);
            assert_eq!(shown["root"], head.root.to_string());
            assert_ne!(shown["octets"], "", "as it was signed");
        }
    });
}

#[test]
fn a_proof_that_is_withheld_is_told_with_both_tree_heads() {
    world::runtime().block_on(async {
        for withheld in [Withheld::Refused, Withheld::Gone, Withheld::Trouble, Withheld::Junk] {
            let (_folder, scene, played) = followed(few()).await;
            assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 500 });
            *played.withheld.lock().unwrap() = Some(withheld);
            played.shown.store(600, Ordering::Relaxed);
            let Outcome::Failed(why) = run(&scene, &played).await else { panic!("{withheld:?}: proven") };
            assert!(why.contains("could not be shown to be one tree"), "{why}");
            assert!(open(&scene).await.contains(&"unproven".to_owned()), "{withheld:?}");
            let told = fault_alerts(&scene).await;
            let rules: Vec<&str> =
                told.iter().map(|alert| alert["details"]["rule"].as_str().unwrap()).collect();
            let expected = if withheld == Withheld::Junk { vec!["LOG005", "LOG009"] } else { vec!["LOG009"] };
            assert_eq!(rules, expected, "{withheld:?}");
            for alert in &told {
                assert_eq!(alert["severity"], "high");
                let heads = alert["details"]["tree_heads"].as_array().unwrap();
                assert_eq!((&heads[0]["size"], &heads[1]["size"]), (&500.into(), &600.into()));
            }
            assert_eq!(proven(&scene).await, 500, "nothing of it was taken");
            *played.withheld.lock().unwrap() = None;
            assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 600 });
            assert!(open(&scene).await.is_empty());
        }
    });
}

#[test]
fn a_log_in_trouble_withholds_nothing_and_neither_does_a_slow_part_of_it() {
    world::runtime().block_on(async {
        let patience = Duration::from_hours(1);
        let (_folder, scene, played) = followed(Settings { patience, ..few() }).await;
        assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 500 });
        // It shows its tree head, perhaps from a cache, and nothing else.
        played.shown.store(600, Ordering::Relaxed);
        *played.withheld.lock().unwrap() = Some(Withheld::Trouble);
        played.silent_from.store(0, Ordering::Relaxed);
        assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)));
        // It knows nothing of the tree that another part showed.
        played.shown.store(400, Ordering::Relaxed);
        played.has.store(400, Ordering::Relaxed);
        *played.withheld.lock().unwrap() = None;
        played.silent_from.store(u64::MAX, Ordering::Relaxed);
        assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)));
        assert!(open(&scene).await.is_empty() && fault_alerts(&scene).await.is_empty());
    });
}

#[test]
fn a_service_tells_a_refusal_soon_and_trouble_when_it_lasts() {
    world::runtime().block_on(async {
        for (withheld, patience, is_told) in [
            (Withheld::Gone, 3_600_000, true),
            (Withheld::Trouble, 3_600_000, false),
            (Withheld::Trouble, 20, true),
        ] {
            let patience = Duration::from_millis(patience);
            let (_folder, scene, played) = followed(Settings { once: false, patience, ..few() }).await;
            let waiting = async {
                while proven(&scene).await < 500 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                *played.withheld.lock().unwrap() = Some(withheld);
                played.shown.store(600, Ordering::Relaxed);
                loop {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    let heard = scene.heard.0.lock().unwrap().clone();
                    if heard.iter().filter(|text| text.starts_with("trouble")).count() > 30
                        || open(&scene).await == ["unproven"]
                    {
                        break;
                    }
                }
                scene.stop.send(true).unwrap();
            };
            let following = async {
                while scene.following.state.find_log(&log().log_id).await.unwrap().is_none() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                waiting.await;
            };
            let (outcome, ()) = tokio::join!(run(&scene, &played), following);
            assert_eq!(outcome, Outcome::Stopped);
            let expected: &[&str] = if is_told { &["unproven"] } else { &[] };
            assert_eq!(open(&scene).await, expected, "{withheld:?} {patience:?}");
        }
    });
}

fn a_day_and_more_on() -> Timestamp {
    then() + SignedDuration::from_hours(24)
}

#[test]
fn a_tree_head_that_is_repeated_for_ever_is_told_and_proves_nothing_of_now() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let place = file(&folder);
        let played = Arc::new(Played::new(22, 500));
        let first = scene(&place, few()).await;
        assert_eq!(run(&first, &played).await, Outcome::Proven { size: 500 });
        let later = scene(&place, Settings { clock: a_day_and_more_on, ..few() }).await;
        let Outcome::Failed(why) = run(&later, &played).await else { panic!("it was proven") };
        assert!(why.contains("25 h old"), "{why}");
        assert_eq!(open(&later).await, ["stale_head"]);
        let told = fault_alerts(&later).await;
        assert_eq!((&told[0]["details"]["rule"], &told[0]["severity"]), (&"LOG010".into(), &"medium".into()));
        assert_eq!(told[0]["details"]["tree_heads"][0]["size"], 500);

        // A log that is closed need not sign anything any more, and one may have longer.
        let closed = LogToFollow { is_closed: true, ..log() };
        let outcome = follow(&later.following, &closed, played.clone()).await;
        assert_eq!(outcome, Outcome::Proven { size: 500 });
        assert!(open(&later).await.is_empty());
        let slow = LogToFollow { merge_delay: SignedDuration::from_hours(48), ..log() };
        assert_eq!(follow(&later.following, &slow, played.clone()).await, Outcome::Proven { size: 500 });
        played.later.store(86_400_000, Ordering::Relaxed);
        assert_eq!(run(&later, &played).await, Outcome::Proven { size: 500 });
    });
}

#[test]
fn a_tree_head_from_the_future_is_not_taken() {
    world::runtime().block_on(async {
        let (_folder, scene, played) = followed(few()).await;
        assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 500 });
        played.later.store(86_400_000 * 900, Ordering::Relaxed);
        played.shown.store(600, Ordering::Relaxed);
        assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)));
        assert_eq!(open(&scene).await, ["future_head"]);
        assert_eq!(fault_alerts(&scene).await[0]["details"]["rule"], "LOG010");
        // A tree that is smaller later is still what it is.
        played.later.store(1_000_000, Ordering::Relaxed);
        played.shown.store(400, Ordering::Relaxed);
        assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)));
        assert!(open(&scene).await.contains(&"shrunk".to_owned()));
        // Nor is any log begun with it.
        played.later.store(86_400_000, Ordering::Relaxed);
        let (_folder, scene, _) = followed(Settings { start: Start::End, ..few() }).await;
        assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)));
        assert!(scene.following.state.logs().await.unwrap().is_empty());
    });
}

#[test]
fn a_tree_that_no_log_can_have_is_not_taken() {
    world::runtime().block_on(async {
        let (_folder, scene, played) = followed(few()).await;
        assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 500 });
        let known = played.head_of(500);
        // Every proof about it holds.
        let giant = Head { size: 1 << 39, timestamp: known.timestamp + 1000, ..known };
        played.agrees_to.store(giant.size, Ordering::Relaxed);
        played.heads.lock().unwrap().extend([giant.clone(), giant.clone(), giant]);
        let Outcome::Failed(why) = run(&scene, &played).await else { panic!("it was proven") };
        assert!(why.contains("no log grows so fast"), "{why}");
        assert_eq!(fault_alerts(&scene).await[0]["details"]["tree_heads"][1]["size"], 1_u64 << 39);
        played.shown.store(600, Ordering::Relaxed);
        assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 600 }, "it goes on");
        assert!(open(&scene).await.is_empty());
    });
}

#[test]
fn a_head_that_cannot_be_fulfilled_can_be_forgotten() {
    world::runtime().block_on(async {
        let (_folder, scene, played) = followed(few()).await;
        assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 500 });
        let state = &scene.following.state;
        let number = state.find_log(&log().log_id).await.unwrap().unwrap().number;
        let giant = Head { size: 1_000_000, ..played.head_of(500) };
        let lease = state.lease_head(number, Duration::from_secs(9)).await.unwrap().unwrap();
        state.take_head(&lease, &giant).await.unwrap();
        state.release_head(lease).await.unwrap();
        played.silent_from.store(600, Ordering::Relaxed);
        played.shown.store(600, Ordering::Relaxed);
        assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)));
        state.forget_head(number).await.unwrap();
        // What was proven is compared all the same.
        *played.other_root.lock().unwrap() = Some(TreeHash([9; 32]));
        assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)));
        assert!(open(&scene).await.contains(&"other_root".to_owned()));
        *played.other_root.lock().unwrap() = None;
        assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 600 });
    });
}

#[test]
fn who_does_not_hold_the_head_notices_a_split_all_the_same() {
    world::runtime().block_on(async {
        let (_folder, scene, played) = followed(few()).await;
        assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 500 });
        let state = &scene.following.state;
        let number = state.find_log(&log().log_id).await.unwrap().unwrap().number;
        let held = state.lease_head(number, Duration::from_mins(10)).await.unwrap();
        assert!(held.is_some());
        assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 500 }, "nothing is wrong");
        *played.other_root.lock().unwrap() = Some(TreeHash([9; 32]));
        for size in [500, 450] {
            played.shown.store(size, Ordering::Relaxed);
            assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)), "{size}");
            assert_eq!(open(&scene).await, ["split"]);
        }
        // In a service, too.
        let folder = tempfile::TempDir::new().unwrap();
        let service = super::played::scene(&file(&folder), Settings { once: false, ..quick() }).await;
        let state = &service.following.state;
        let new = Arc::new(Played::new(23, 100));
        let story = async {
            let found = loop {
                if let Some(found) = state.find_log(&log().log_id).await.unwrap()
                    && found.proven.size() == 100
                {
                    break found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            };
            // Another process takes over.
            let expire = |lease| state.release_head(lease);
            let mut lease = state.lease_head(found.number, Duration::from_mins(10)).await.unwrap();
            while lease.is_none() {
                new.has_no_heads.store(true, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(3)).await;
                lease = state.lease_head(found.number, Duration::from_mins(10)).await.unwrap();
            }
            new.has_no_heads.store(false, Ordering::Relaxed);
            *new.other_root.lock().unwrap() = Some(TreeHash([9; 32]));
            while open(&service).await != ["split"] {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            expire(lease.unwrap()).await.unwrap();
            service.stop.send(true).unwrap();
        };
        tokio::join!(run(&service, &new), story);
    });
}

#[test]
fn what_was_signed_is_read_though_no_tree_head_is_shown() {
    world::runtime().block_on(async {
        let (_folder, scene, played) = followed(few()).await;
        played.silent_from.store(100, Ordering::Relaxed);
        assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)));
        let kept = scene.following.state.find_log(&log().log_id).await.unwrap().unwrap();
        assert_eq!(kept.proven.size(), 0);
        assert!((100..164).contains(&kept.read), "what came before is not read again: {}", kept.read);
        played.silent_from.store(u64::MAX, Ordering::Relaxed);
        played.has_no_heads.store(true, Ordering::Relaxed);
        let Outcome::Failed(why) = run(&scene, &played).await else { panic!("nothing says what is new") };
        assert!(why.contains("no head"), "{why}");
        assert_eq!(proven(&scene).await, 500, "the tree head before was enough for that");
    });
}

#[test]
fn little_is_committed_before_trouble_and_yet_it_is() {
    world::runtime().block_on(async {
        let settings = Settings { most_uncommitted: 100_000, ..few() };
        let (_folder, scene, played) = followed(settings).await;
        // No watched certificate has to be committed at once.
        played.silent_from.store(300, Ordering::Relaxed);
        assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)));
        let kept = scene.following.state.find_log(&log().log_id).await.unwrap().unwrap();
        assert!((300..364).contains(&kept.read), "{}", kept.read);
    });
}

#[test]
fn a_wrong_entry_costs_no_more_than_the_goal_that_it_is_in() {
    world::runtime().block_on(async {
        let (_folder, scene, played) = followed(Settings { most_unproven: 70, ..few() }).await;
        played.hidden.store(300, Ordering::Relaxed);
        assert!(matches!(run(&scene, &played).await, Outcome::Failed(_)));
        assert_eq!(proven(&scene).await, 280);
        assert_eq!(open(&scene).await, ["other_root"]);
        played.hidden.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(run(&scene, &played).await, Outcome::Proven { size: 500 });
        let steps = scene.heard.0.lock().unwrap().iter().filter(|text| text.starts_with("proven")).count();
        assert_eq!(steps, 8);
    });
}

#[test]
fn a_log_that_gives_no_entries_is_unreadable_without_a_break() {
    world::runtime().block_on(async {
        let settings = Settings { once: false, ..quick() };
        let (_folder, scene, played) = followed(settings).await;
        played.silent_from.store(0, Ordering::Relaxed);
        let story = async {
            while open(&scene).await != ["unreadable"] {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            // Many tree heads later.
            tokio::time::sleep(Duration::from_millis(60)).await;
            let heard = scene.heard.0.lock().unwrap().clone();
            assert!(!heard.iter().any(|text| text.starts_with("over")), "{heard:?}");
            played.silent_from.store(u64::MAX, Ordering::Relaxed);
            for attempt in 0.. {
                let open = open(&scene).await;
                if open.is_empty() {
                    break;
                }
                assert!(attempt < 5000, "still open: {open:?}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            scene.stop.send(true).unwrap();
        };
        tokio::join!(run(&scene, &played), story);
    });
}
