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

pub(super) fn private() -> String {
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

/// A certificate for this name by a CA that calls itself as the one that issued all others, and that CA's own.
fn forged(name: &str) -> (Vec<u8>, Vec<u8>) {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "Played CA");
    let key = rcgen::KeyPair::generate().unwrap();
    let own = parameters.self_signed(&key).unwrap().der().to_vec();
    let authority = rcgen::Issuer::new(parameters, key);
    let subject = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    (parameters.signed_by(&subject, &authority).unwrap().der().to_vec(), own)
}

/// What `watch` tells of the certificates, and whether by rule CRT003.
async fn severities(scene: &super::played::Scene) -> Vec<(String, bool)> {
    let told = alerts(&scene.following.state).await.into_iter().filter(|(kind, ..)| kind != FAULT_ALERT);
    let of = |payload: &serde_json::Value| {
        let findings = payload["details"]["findings"].as_array().unwrap();
        let is_forged = findings.iter().any(|finding| finding["rule"] == "CRT003");
        (payload["severity"].as_str().unwrap().to_owned(), is_forged)
    };
    told.map(|(.., payload)| of(&payload)).collect()
}

#[test]
fn the_forged_name_of_an_own_ca_is_told_as_issuance_tells_it() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        // The policy says no subject of the CA: only its certificate tells what it is called.
        let policy = format!("{}[[domain]]\nname = \"ours.example\"\nexpect_ca = [\"Played\"]\n", private());
        let scene = scene_with(&file(&folder), quick(), &policy).await;
        let (one, own) = forged("vpn.ours.example");
        let early = Arc::new(Played::new(6, 0).with(&one, &own));
        let other = LogToFollow { log_id: [4; 32], name: "Forged".to_owned(), ..log() };
        follow(&scene.following, &other, early.clone()).await;
        assert_eq!(
            severities(&scene).await,
            [("medium".to_owned(), false)],
            "nobody knows the CA's name yet"
        );

        // Another process finds what the CA issued, and keeps its certificate.
        let another = scene_with(&file(&folder), quick(), &policy).await;
        follow(&another.following, &log(), Arc::new(Played::new(6, 1000))).await;
        let honest = severities(&another).await;
        assert!(!honest.is_empty() && honest.iter().all(|told| *told == ("info".to_owned(), false)));

        let critical = [("critical".to_owned(), true)];
        follow(&scene.following, &other, early).await;
        assert_eq!(severities(&scene).await, critical, "it is judged again by what is known now");
        let (one, own) = forged("mail.ours.example");
        let third = LogToFollow { log_id: [5; 32], name: "Third".to_owned(), ..log() };
        follow(&scene.following, &third, Arc::new(Played::new(6, 0).with(&one, &own))).await;
        assert_eq!(severities(&scene).await, critical, "at once");
        // In one answer, the certificate of the CA may come behind.
        let next = tempfile::TempDir::new().unwrap();
        let both = scene_with(&file(&next), quick(), &policy).await;
        let honest = &CERTIFICATES.watched[0];
        let played = Played::new(6, 0).with(&one, &own).with(honest, &CERTIFICATES.issuer());
        follow(&both.following, &log(), Arc::new(played)).await;
        let told = severities(&both).await;
        assert!(told.contains(&critical[0]), "{told:?}");
        both.following.state.close().await;
        another.following.state.close().await;
        scene.following.state.close().await;

        std::fs::write(folder.path().join("policy.toml"), policy).unwrap();
        let asked = world::pinstead()
            .current_dir(folder.path())
            .args(["issuance", "ours.example", "--offline", "--state", "state.db"])
            .args(["--policy", "policy.toml", "--format", "json"])
            .output()
            .unwrap();
        let report: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap();
        let forged: Vec<&str> = report["names"][0]["findings"]
            .as_array()
            .unwrap_or_else(|| panic!("{report}"))
            .iter()
            .filter(|finding| finding["rule"] == "CRT003")
            .map(|finding| finding["severity"].as_str().unwrap())
            .collect();
        assert_eq!(forged, ["critical", "critical"], "{report}");
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
pub(super) fn with_a_false_leaf(is_false: bool) -> Played {
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
