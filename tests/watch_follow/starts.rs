//! Where a log is begun, and what is said of what is found.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use pinstead::observe::clock;
use pinstead::watch::follow::{Outcome, Settings, Start, follow};

use super::played::{BEGINNING, CERTIFICATES, Played, alerts, file, log, quick, scene, scene_with};
use crate::world;

#[test]
fn a_log_is_begun_where_it_was_asked_for() {
    world::runtime().block_on(async {
        let played = Arc::new(Played::new(5, 3000));
        let age = |index: u64| {
            let logged = i64::try_from(BEGINNING / 1000 + index).unwrap();
            Start::Age(SignedDuration::from_secs(clock::now().as_second() - logged))
        };
        for (start, first) in [(Start::Begin, 0), (Start::End, 2000), (age(1500), 1500), (age(9000), 2000)] {
            let folder = tempfile::TempDir::new().unwrap();
            let place = file(&folder);
            played.shown.store(2000, Ordering::Relaxed);
            let settings = || Settings { start, ..quick() };
            let scene = scene(&place, settings()).await;
            let state = &scene.following.state;
            let outcome = follow(&scene.following, &log(), played.clone()).await;
            assert_eq!(outcome, Outcome::Proven { size: 2000 });
            let kept = state.find_log(&[3; 32]).await.unwrap().unwrap();
            // The clock may move on by a second in between.
            assert!(kept.start.abs_diff(first) <= 2, "{start:?}: {}", kept.start);
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
