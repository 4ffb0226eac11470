//! What the state keeps, judged once more for a report.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pinstead::evidence::Inputs as InputFiles;
use pinstead::evidence::Request;
use pinstead::evidence::file::{FileContent, InputFile};
use pinstead::issuance::names::{WatchedName, WatchedNames};
use pinstead::judge::Inputs;
use pinstead::observe::clock;
use pinstead::watch::follow::{Anew, Judging, LogToFollow, Outcome, Rejudging, follow};

use super::played::{Played, alerts, file, log, quick, scene_with};
use super::verdicts::{private, with_a_false_leaf};
use crate::world;

/// Whoever watches below this name, by this policy.
fn judging(policy: &str, name: &str) -> Arc<Judging> {
    let policy = InputFile {
        path: "pinstead.toml".to_owned(),
        content: FileContent::Read(pinstead::evidence::Bytes(policy.as_bytes().to_vec())),
        folder: None,
    };
    let files = InputFiles { policy: Some(policy), ..InputFiles::default() };
    let inputs = Inputs::read(&Request::default(), &files).unwrap();
    let watched = [WatchedName { name: name.parse().unwrap(), with_subdomains: true }];
    Arc::new(Judging::new(inputs, Vec::new(), Arc::new(WatchedNames::new(watched))))
}

#[test]
fn what_was_not_proven_when_it_was_found_is_by_the_time_of_the_report() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        // Who finds it wishes nothing.
        let scene = scene_with(&file(&folder), quick(), "").await;
        let played = Arc::new(with_a_false_leaf(false));
        assert_eq!(follow(&scene.following, &log(), played).await, Outcome::Proven { size: 10 });
        let state = &scene.following.state;
        let mut told = alerts(state).await;
        told.retain(|(.., payload)| payload["details"]["entry"]["index"] == 4);
        let [(_, subject, payload)] = told.as_slice() else { panic!("{told:?}") };
        let text = payload["text"].as_str().unwrap();
        assert!(!text.contains("covered by its proven tree"), "{text}");
        assert_eq!(payload["details"]["issuer"]["status"], "no_expectation");

        let known = state.certificates_after(None, 1000).await.unwrap();
        let hash = known
            .iter()
            .map(|known| known.tbs_sha256)
            .find(|hash| pinstead::x509::hexadecimal(hash) == subject[..64]);
        let judge = async |policy: &str, name: &str| {
            let mut rejudging = Rejudging::new(state, judging(policy, name)).await.unwrap();
            rejudging.judge(state, &hash.unwrap(), clock::now()).await.unwrap()
        };
        for (expected, wanted) in [("Played", "expected"), ("letsencrypt.org", "unexpected")] {
            let policy = format!("expect_ca = [\"{expected}\"]\n{}", private());
            let Anew::Judged(all) = judge(&policy, "ours.example").await else { panic!("{expected}") };
            let [summary] = all.as_slice() else { panic!("{all:?}") };
            assert_eq!(summary.expectation, wanted);
            assert!(summary.text.contains("covered by its proven tree"), "{}", summary.text);
        }
        assert!(matches!(judge("", "other.example").await, Anew::OfOthers));
        let mut rejudging = Rejudging::new(state, judging("", "ours.example")).await.unwrap();
        assert!(!rejudging.has_wishes());
        assert!(matches!(rejudging.judge(state, &[9; 32], clock::now()).await.unwrap(), Anew::NotKept));
    });
}

#[test]
fn no_alert_of_watch_advises_what_watch_does_not_have() {
    world::runtime().block_on(async {
        for policy in [private(), String::new()] {
            let folder = tempfile::TempDir::new().unwrap();
            let policy = format!("expect_ca = [\"letsencrypt.org\"]\n{policy}");
            let scene = scene_with(&file(&folder), quick(), &policy).await;
            let garbled = Played::new(6, 1000);
            garbled.is_garbled.store(true, Ordering::Relaxed);
            follow(&scene.following, &log(), Arc::new(garbled)).await;
            let other = LogToFollow { log_id: [4; 32], name: "Silent".to_owned(), ..log() };
            follow(&scene.following, &other, Arc::new(with_a_false_leaf(true))).await;
            let told = alerts(&scene.following.state).await;
            assert!(told.iter().any(|(.., payload)| payload["severity"] == "medium"), "{told:?}");
            for (.., payload) in told {
                for words in ["give the issuer's certificate", "--issuer.", "state of pinstead watch"] {
                    assert!(!payload.to_string().contains(words), "{words}: {payload}");
                }
            }
        }
    });
}

#[test]
fn what_nobody_follows_is_judged_by_the_policy_of_now() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        // Who finds it wishes nothing, and the log is followed no more.
        let scene = scene_with(&file(&folder), quick(), "").await;
        let played = Arc::new(with_a_false_leaf(false));
        assert_eq!(follow(&scene.following, &log(), played).await, Outcome::Proven { size: 10 });
        let state = &scene.following.state;
        assert!(!alerts(state).await.is_empty());
        let number = state.find_log(&log().log_id).await.unwrap().unwrap().number;
        let policy = format!("expect_ca = [\"letsencrypt.org\"]\n{}", private());
        let mut rejudging = Rejudging::new(state, judging(&policy, "ours.example")).await.unwrap();
        let told = rejudging.judge_left(state, number, clock::now()).await.unwrap();
        let again = alerts(state).await;
        assert!(told > 0 && again.len() == told, "{told}: {again:?}");
        for (.., payload) in &again {
            assert_eq!(
                (&payload["details"]["issuer"]["status"], &payload["severity"]),
                (&"unexpected".into(), &"high".into())
            );
        }
        assert_eq!(rejudging.judge_left(state, number, clock::now()).await.unwrap(), 0, "once");
        assert!(alerts(state).await.is_empty());
    });
}
