//! Names that are added, and processes that watch other ones.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pinstead::watch::follow::{Outcome, Settings, Start, follow};
use pinstead::watch::state::Place;

use super::played::{Played, Scene, alerts, file, log, quick, scene_for};
use crate::world;

async fn watch(place: &Place, played: &Arc<Played>, names: &[&str], start: Option<Start>) -> Scene {
    let settings = Settings { start_again: start, ..quick() };
    let scene = scene_for(place, settings, "", names).await;
    let outcome = follow(&scene.following, &log(), Arc::clone(played)).await;
    assert_eq!(outcome, Outcome::Proven { size: played.shown.load(Ordering::Relaxed) });
    scene
}

fn told_unsearched(scene: &Scene) -> Vec<String> {
    let heard = scene.heard.0.lock().unwrap();
    heard.iter().filter(|text| text.starts_with("unsearched")).cloned().collect()
}

#[test]
fn a_name_that_is_added_is_told_or_searched_for_again() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let (place, played) = (file(&folder), Arc::new(Played::new(5, 1000)));
        let first = watch(&place, &played, &["other.example"], None).await;
        assert!(alerts(&first.following.state).await.is_empty());
        assert!(told_unsearched(&first).is_empty());

        let both = ["other.example", "ours.example"];
        let second = watch(&place, &played, &both, None).await;
        assert_eq!(
            told_unsearched(&second),
            ["unsearched entries 0 to 999 were not searched for ours.example"]
        );
        assert!(alerts(&second.following.state).await.is_empty());
        let counted = |scene: &Scene, count: u64| {
            scene.heard.0.lock().unwrap().contains(&format!("not searched: {count}"))
        };
        assert!(counted(&first, 0) && counted(&second, 1000));

        let third = watch(&place, &played, &both, Some(Start::Begin)).await;
        assert!(told_unsearched(&third).is_empty());
        let found: std::collections::BTreeSet<String> =
            alerts(&third.following.state).await.into_iter().map(|(_, subject, _)| subject).collect();
        assert_eq!(found, played.truth(0));
        assert!(!found.is_empty());
        let kept = third.following.state.find_log(&[3; 32]).await.unwrap().unwrap();
        assert_eq!(kept.proven.root(), played.tree(1000).root());

        // Nothing is left to be read again, and fewer names are covered as well.
        for names in [&both[..], &both[..1]] {
            let again = watch(&place, &played, names, Some(Start::Begin)).await;
            assert!(told_unsearched(&again).is_empty());
            let heard = again.heard.0.lock().unwrap().clone();
            assert!(heard.contains(&"began 1000".to_owned()), "{heard:?}");
        }
    });
}

#[test]
fn from_the_end_on_is_an_answer_too() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let (place, played) = (file(&folder), Arc::new(Played::new(6, 1000)));
        played.shown.store(600, Ordering::Relaxed);
        watch(&place, &played, &["other.example"], None).await;
        let accepted = watch(&place, &played, &["ours.example"], Some(Start::End)).await;
        assert!(told_unsearched(&accepted).is_empty());
        played.shown.store(1000, Ordering::Relaxed);
        let later = watch(&place, &played, &["ours.example"], None).await;
        assert!(told_unsearched(&later).is_empty(), "it stays so");
        let found = alerts(&later.following.state).await.len();
        assert_eq!(found, played.truth(600).len());
    });
}
