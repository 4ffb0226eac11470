//! Where a log is begun, and what is said of what is found.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pinstead::watch::follow::{LogToFollow, Outcome, Settings, Start, follow, follow_until};

use super::played::{BEGINNING, CERTIFICATES, Played, alerts, file, log, quick, scene, scene_with};
use crate::world;

fn logged(index: u64) -> Timestamp {
    Timestamp::from_millisecond(i64::try_from(BEGINNING + index * 1000).unwrap()).unwrap()
}

/// Entries of all ages.
fn days_on() -> Timestamp {
    logged(0) + SignedDuration::from_hours(72)
}

#[test]
fn what_a_log_says_of_an_age_it_has_to_prove() {
    world::runtime().block_on(async {
        for hidden in [u64::MAX, 1999] {
            let played = Arc::new(Played::new(5, 2000));
            played.lies_of_time.store(true, Ordering::Relaxed);
            played.hidden.store(hidden, Ordering::Relaxed);
            let folder = tempfile::TempDir::new().unwrap();
            let start = Start::Age(SignedDuration::from_hours(24 * 3));
            let settings = Settings { start, clock: days_on, most_failures: 3, ..quick() };
            let scene = scene(&file(&folder), settings).await;
            let Outcome::Failed(why) = follow(&scene.following, &log(), played).await else {
                panic!("it was begun at its end");
            };
            let expected = if hidden == 1999 { "is not the entry in its tree" } else { "in its place" };
            assert!(why.contains(expected) && why.contains("1999"), "{why}");
            let told = alerts(&scene.following.state).await;
            assert_eq!(told[0].2["details"]["rule"], "LOG005");
        }
    });
}

#[test]
fn one_old_entry_in_the_tree_moves_no_beginning() {
    world::runtime().block_on(async {
        let mut played = Played::new(5, 2000);
        played.lies_of_time.store(true, Ordering::Relaxed);
        // Its last entry is of an old time, and truly in its tree; all others are of the time that is asked for.
        played.date_last(BEGINNING - 30 * 86_400_000);
        let folder = tempfile::TempDir::new().unwrap();
        let start = Start::Age(SignedDuration::from_hours(24 * 4));
        let settings = Settings { start, clock: days_on, most_failures: 3, ..quick() };
        let scene = scene(&file(&folder), settings).await;
        let Outcome::Failed(why) = follow(&scene.following, &log(), Arc::new(played)).await else {
            panic!("it was begun at its end");
        };
        assert!(why.contains("of more than a day before"), "{why}");
        assert_eq!(alerts(&scene.following.state).await[0].2["details"]["rule"], "LOG005");
        assert!(scene.following.state.logs().await.unwrap().is_empty());
    });
}

#[test]
fn a_log_is_begun_where_it_was_asked_for() {
    world::runtime().block_on(async {
        let played = Arc::new(Played::new(5, 3000));
        // A day more than the age is looked at: entries may come so late.
        let age = |index: u64| {
            let logged = i64::try_from(BEGINNING / 1000 + index).unwrap();
            Start::Age(
                SignedDuration::from_secs(days_on().as_second() - logged) - SignedDuration::from_hours(24),
            )
        };
        let log = || LogToFollow { merge_delay: SignedDuration::from_hours(100), ..log() };
        for (start, first) in [(Start::Begin, 0), (Start::End, 2000), (age(1500), 1500), (age(9000), 2000)] {
            let folder = tempfile::TempDir::new().unwrap();
            let place = file(&folder);
            played.shown.store(2000, Ordering::Relaxed);
            let settings = || Settings { start, clock: days_on, ..quick() };
            let scene = scene(&place, settings()).await;
            let state = &scene.following.state;
            let outcome = follow(&scene.following, &log(), played.clone()).await;
            assert_eq!(outcome, Outcome::Proven { size: 2000 });
            let kept = state.find_log(&[3; 32]).await.unwrap().unwrap();
            assert_eq!(kept.start, first, "{start:?}");
            let said = scene.heard.0.lock().unwrap()[0].clone();
            let (before, ends) =
                (format!("logged at {}", logged(first.saturating_sub(1))), "the end of its tree");
            match start {
                Start::Age(_) => {
                    assert!(said.contains(&format!("entry {first}")) && said.contains(&before), "{said}");
                    assert_eq!(said.contains(ends), first == 2000, "{said}");
                }
                _ => assert_eq!(said, format!("began {first}")),
            }
            assert_eq!(kept.proven.root(), played.tree(2000).root());

            played.shown.store(3000, Ordering::Relaxed);
            let outcome = follow(&scene.following, &log(), played.clone()).await;
            assert_eq!(outcome, Outcome::Proven { size: 3000 });
            let told: Vec<String> = alerts(state).await.into_iter().map(|(_, subject, _)| subject).collect();
            let begun = usize::try_from(kept.start).unwrap();
            assert_eq!(told.iter().cloned().collect::<std::collections::BTreeSet<_>>(), played.truth(begun));
            assert_eq!(told.len(), played.truth(begun).len());
            assert!(!told.is_empty());
        }
    });
}

#[test]
fn who_issued_is_decided_by_key() {
    world::runtime().block_on(async {
        let key = CERTIFICATES.issuer_key();
        let private = format!(
            "[[private_ca]]\nowner = \"Played\"\nspki_sha256 = \"{key}\"\ncaa_identifiers = [\"played.example\"]\n"
        );
        for (policy, status, severity) in [
            ("expect_ca = [\"played.example\"]\n", "expected", "info"),
            ("expect_ca = [\"letsencrypt.org\"]\n", "unexpected", "high"),
            ("", "no_expectation", "info"),
            (
                "expect_ca = [\"letsencrypt.org\"]\n[[domain]]\nname = \"ours.example\"\nexpect_ca = [\"Played\"]\n",
                "expected",
                "info",
            ),
        ] {
            let folder = tempfile::TempDir::new().unwrap();
            let scene = scene_with(&file(&folder), quick(), &format!("{policy}{private}")).await;
            let played = Arc::new(Played::new(6, 1000));
            let outcome = follow(&scene.following, &log(), played).await;
            assert_eq!(outcome, Outcome::Proven { size: 1000 });
            let alerts = alerts(&scene.following.state).await;
            assert!(alerts.len() > 3);
            for (_, _, payload) in alerts {
                assert_eq!(payload["details"]["issuer"]["status"], status, "{payload}");
                assert_eq!(payload["severity"], severity, "{payload}");
                assert_eq!(payload["details"]["issuer"]["spki_sha256"], key.to_string());
                assert_eq!(payload["details"]["watched"][0], "ours.example");
                let names = payload["details"]["certificate"]["dns_names"][0].as_str().unwrap();
                assert!(names.ends_with(".ours.example"), "{payload}");
            }
        }
        // A key in no table: whose it is, nobody knows.
        let folder = tempfile::TempDir::new().unwrap();
        let scene = scene_with(&file(&folder), quick(), "expect_ca = [\"letsencrypt.org\"]\n").await;
        follow(&scene.following, &log(), Arc::new(Played::new(6, 1000))).await;
        for (_, _, payload) in alerts(&scene.following.state).await {
            assert_eq!(payload["details"]["issuer"]["status"], "undetermined", "{payload}");
            assert_eq!(payload["severity"], "medium");
        }
    });
}

#[test]
fn one_log_is_ended_alone_and_can_be_followed_by_another_url_at_once() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        // Longer than the test: who did not give its leases back would be waited for.
        let settings = Settings { once: false, lease: Duration::from_mins(10), ..quick() };
        let mut scene = scene(&file(&folder), settings).await;
        let played = Arc::new(Played::new(5, 700));
        let (end, ended) = tokio::sync::watch::channel(false);
        let first = log();
        let proven = async {
            while !scene.heard.0.lock().unwrap().iter().any(|heard| heard == "proven 700") {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            end.send(true).unwrap();
        };
        let (outcome, ()) =
            tokio::join!(follow_until(&scene.following, &first, played.clone(), ended), proven);
        assert_eq!((outcome, *scene.stop.borrow()), (Outcome::Stopped, false), "nothing else was");

        scene.following.settings.once = true;
        let moved = LogToFollow { url: "https://moved.example/".to_owned(), ..log() };
        assert_eq!(follow(&scene.following, &moved, played).await, Outcome::Proven { size: 700 });
        let kept = scene.following.state.find_log(&moved.log_id).await.unwrap().unwrap();
        assert_eq!((kept.url, kept.proven.size()), (moved.url, 700));
    });
}
