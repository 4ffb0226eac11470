//! A verdict that changes: what one log garbles another shows, and what is not known today may be tomorrow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pinstead::watch::follow::{FAULT_ALERT, LogToFollow, Outcome, follow};
use pinstead::x509::hexadecimal;
use sqlx::Connection as _;

use super::played::{CERTIFICATES, Entry, Played, alerts, file, log, quick, scene_with};
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

/// A log of ten entries, one of which is a precertificate whose leaf names another key than the one that the log gives
/// once; without anything beside it that would show who issued.
fn with_a_false_leaf(is_false: bool) -> Played {
    let mut played = Played::new(2, 10);
    let (expected, _) = CERTIFICATES.precertificate("fake.ours.example");
    let mut another = expected.clone();
    another[12..44].copy_from_slice(&[9; 32]);
    let entry = |leaf: &[u8]| Entry { leaf: leaf.to_vec(), extra: vec![0; 6] };
    played.put(4, entry(if is_false { &another } else { &expected }));
    *played.given_once.lock().unwrap() = is_false.then(|| (4, entry(&expected)));
    played
}

#[test]
fn a_leaf_that_is_not_in_the_tree_excuses_nobody() {
    world::runtime().block_on(async {
        for is_false in [true, false] {
            let folder = tempfile::TempDir::new().unwrap();
            let policy = format!("expect_ca = [\"Played\"]\n{}", private());
            let scene = scene_with(&file(&folder), quick(), &policy).await;
            let played = Arc::new(with_a_false_leaf(is_false));
            for _ in 0..2 {
                let outcome = follow(&scene.following, &log(), played.clone()).await;
                assert_eq!(outcome, Outcome::Proven { size: 10 });
            }
            let heard = scene.heard.0.lock().unwrap().clone();
            assert_eq!(heard.iter().any(|text| text == "fault other_root"), is_false, "{heard:?}");
            let state = &scene.following.state;
            let name = "ours.example".parse().unwrap();
            let mut given = Vec::new();
            for known in state.certificates_claiming(&name, None).await.unwrap() {
                let sightings = state.sightings(&known.tbs_sha256).await.unwrap();
                let at_it = sightings.into_iter().filter(|sighting| sighting.index == 4);
                given.extend(at_it.map(|sighting| (hexadecimal(&known.tbs_sha256), sighting)));
            }
            let [(subject, sighting)] = given.as_slice() else { panic!("{given:?}") };
            assert_eq!(
                (sighting.is_proven, sighting.leaf.0[12] == 9),
                (true, is_false),
                "the true one is kept"
            );
            let told = told(&scene).await.remove(subject).unwrap();
            assert_eq!(told.iter().any(|severity| severity == "info"), !is_false, "{told:?}");
        }
    });
}
