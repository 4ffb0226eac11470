//! A verdict that changes: what one log garbles another shows, and what is not known today may be tomorrow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pinstead::watch::follow::{FAULT_ALERT, LogToFollow, follow};
use sqlx::Connection as _;

use super::played::{CERTIFICATES, Played, alerts, file, log, quick, scene_with};
use crate::world;

/// The severities of the alerts about each certificate, in their order.
async fn told(scene: &super::played::Scene) -> BTreeMap<String, Vec<String>> {
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (kind, subject, payload) in alerts(&scene.following.state).await {
        if kind != FAULT_ALERT {
            let severity = payload["severity"].as_str().unwrap().to_owned();
            told.entry(subject[..64].to_owned()).or_default().push(severity);
        }
    }
    told
}

fn private() -> String {
    let key = CERTIFICATES.issuer_key();
    format!("[[private_ca]]\nowner = \"Played\"\nspki_sha256 = \"{key}\"\n")
}

#[test]
fn what_a_log_garbles_is_told_again_when_another_shows_it() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let policy = format!("expect_ca = [\"letsencrypt.org\"]\n{}", private());
        let scene = scene_with(&file(&folder), quick(), &policy).await;
        let garbled = Played::new(6, 1000);
        garbled.is_garbled.store(true, Ordering::Relaxed);
        follow(&scene.following, &log(), Arc::new(garbled)).await;
        let first = told(&scene).await;
        let open = first.values().filter(|told| *told == &["medium"]).count();
        assert!(open > 0, "{first:?}");
        let faults = scene.following.state.faults().await.unwrap();
        assert!(faults.iter().any(|fault| fault.first.text.contains("stands beside entry")), "{faults:?}");

        let honest = Arc::new(Played::new(6, 1000));
        let other = LogToFollow { log_id: [4; 32], name: "Honest".to_owned(), ..log() };
        follow(&scene.following, &other, honest.clone()).await;
        let again = told(&scene).await;
        assert_eq!(again.len(), open, "only those that were open");
        assert!(again.values().all(|told| told == &["high"]), "{again:?}");
        assert_eq!(first.keys().cloned().collect::<BTreeSet<_>>(), honest.truth(0));
        let heard = scene.heard.0.lock().unwrap().clone();
        let found = |tbs: &String| heard.iter().filter(|text| **text == format!("found {tbs}")).count();
        for (tbs, told) in &first {
            let times = told.len() + again.get(tbs).map_or(0, Vec::len);
            assert_eq!(found(tbs), times, "a report lists what is told: {heard:?}");
        }
    });
}

#[test]
fn what_was_open_is_judged_by_the_policy_of_today() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let played = Arc::new(Played::new(6, 1000));
        let scene = scene_with(&file(&folder), quick(), "expect_ca = [\"letsencrypt.org\"]\n").await;
        follow(&scene.following, &log(), played.clone()).await;
        let first = told(&scene).await;
        assert!(first.values().all(|told| told == &["medium"]), "{first:?}");
        let open = async |scene: &super::played::Scene| scene.following.state.count_open_verdicts().await;
        assert_eq!(open(&scene).await.unwrap(), u64::try_from(first.len()).unwrap());

        // Without the issuers' certificates, nothing proves who issued; the log gives them later.
        let place = folder.path().join("state.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("DELETE FROM issuers").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let policy = format!("expect_ca = [\"Played\"]\n{}", private());
        let scene = scene_with(&file(&folder), quick(), &policy).await;
        follow(&scene.following, &log(), played.clone()).await;
        let some = told(&scene).await;
        assert!(some.len() < first.len(), "those whose log entry names the key at most: {some:?}");

        played.gives_issuers.store(true, Ordering::Relaxed);
        follow(&scene.following, &log(), played.clone()).await;
        let mut again = told(&scene).await;
        again.extend(some);
        assert_eq!(again.len(), first.len());
        assert!(again.values().all(|told| told == &["info"]), "{again:?}");
        assert_eq!(open(&scene).await.unwrap(), 0);
        follow(&scene.following, &log(), played).await;
        assert!(told(&scene).await.is_empty(), "once");
    });
}

#[test]
fn who_expects_nothing_takes_no_verdict_from_who_does() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let played = Arc::new(Played::new(6, 1000));
        // All of them are judged by who wishes nothing, for good.
        let by_hand = scene_with(&file(&folder), quick(), "").await;
        follow(&by_hand.following, &log(), played.clone()).await;
        let first = told(&by_hand).await;
        assert!(!first.is_empty() && first.values().all(|told| told == &["low"]), "{first:?}");

        let policy = format!("expect_ca = [\"letsencrypt.org\"]\n{}", private());
        let service = scene_with(&file(&folder), quick(), &policy).await;
        follow(&service.following, &log(), played.clone()).await;
        let second = told(&service).await;
        assert_eq!(second.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>());
        assert!(second.values().all(|told| told == &["high"]), "{second:?}");
        // Each once, whoever comes next.
        for scene in [&by_hand, &service] {
            follow(&scene.following, &log(), played.clone()).await;
            assert!(told(scene).await.is_empty());
        }
        // Who expects just that CA has nothing to tell.
        let policy = format!("expect_ca = [\"Played\"]\n{}", private());
        let expecting = scene_with(&file(&folder), quick(), &policy).await;
        follow(&expecting.following, &log(), played).await;
        assert!(told(&expecting).await.is_empty());
    });
}
