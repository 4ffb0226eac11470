//! A static log of which not every tile can be read.

use std::sync::Arc;

use pinstead::demo::authority::KeyAlgorithm;
use pinstead::demo::ct::{CtLog, LogKind as Kind};
use pinstead::evidence::Bytes;
use pinstead::observe::http::HttpClient;
use pinstead::watch::follow::{CERTIFICATE_ALERT, LogToFollow, Outcome, Settings, follow};
use pinstead::watch::reader::Reader;
use pinstead::watch::state::LogKind;
use sha2::{Digest as _, Sha256};

use super::faults::{fault_alerts, open};
use super::played::{BEGINNING, CERTIFICATES, Scene, alerts, file, log, quick, scene, scene_with};
use crate::world;
use crate::world::ct_log::{Entry, Fault, LogServer};

#[test]
fn what_stands_behind_an_entry_that_cannot_be_read_is_read() {
    world::runtime().block_on(async {
        let mut entries: Vec<Entry> = (0..700).map(Entry::filler).collect();
        // A type of entry that nobody knows: where it ends, nobody can say.
        entries[30].leaf[10..12].copy_from_slice(&[0, 9]);
        let kept = CtLog::generate("Log", "Log", Kind::Static, KeyAlgorithm::P256).unwrap();
        let key = Bytes(kept.key_der());
        let log_id = kept.log_id();
        let server = LogServer::start(kept, entries, BEGINNING);
        let url = format!("http://{}/", server.address);
        let http = HttpClient::for_reading(None).unwrap();
        let reader = Reader::open(&http, LogKind::Static, &url, &key).unwrap();
        let log = LogToFollow { log_id, url, key, kind: LogKind::Static, ..log() };
        let folder = tempfile::TempDir::new().unwrap();
        let scene = scene(&file(&folder), quick()).await;
        let outcome = follow(&scene.following, &log, Arc::new(reader)).await;
        assert_eq!(outcome, Outcome::Proven { size: 700 }, "{:?}", open(&scene).await);
        assert_eq!(open(&scene).await, ["form"], "it stays as long as the tile does");
        let all = alerts(&scene.following.state).await;
        let texts: Vec<&str> = all
            .iter()
            .filter(|(kind, ..)| kind == CERTIFICATE_ALERT)
            .map(|(.., payload)| payload["text"].as_str().unwrap())
            .collect();
        // Entries 30 to 255 are one tile's rest.
        let dark: Vec<&&str> = texts.iter().filter(|text| text.starts_with("The tile with")).collect();
        assert_eq!(dark.len(), 1);
        assert!(dark[0].contains("entries 30 to 255"), "{}", dark[0]);
        // Fillers are no certificates: of such 50 are told one by one, and one alert stands for the others.
        assert_eq!(texts.len(), 1 + 50 + 1, "those behind it were looked at");
        assert!(texts.iter().any(|text| text.contains("From entry 276 on")), "{texts:?}");
        let told: Vec<_> = all.iter().filter(|(kind, ..)| kind != CERTIFICATE_ALERT).collect();
        assert_eq!(told.len(), 1, "and the log is told: {told:?}");
        assert_eq!(told[0].2["details"]["rule"], "LOG006");
        assert!(fault_alerts(&scene).await.is_empty(), "each alert was taken above");
    });
}

#[test]
fn a_tile_that_is_too_large_is_passed_over_as_a_dark_one() {
    world::runtime().block_on(async {
        let mut entries: Vec<Entry> = (0..700).map(Entry::filler).collect();
        // No tree covers what stands beside an entry.
        entries[300].rest = vec![0; (32 << 20) + 1];
        let kept = CtLog::generate("Log", "Log", Kind::Static, KeyAlgorithm::P256).unwrap();
        let key = Bytes(kept.key_der());
        let log_id = kept.log_id();
        let server = LogServer::start(kept, entries, BEGINNING);
        let url = format!("http://{}/", server.address);
        let http = HttpClient::for_reading(None).unwrap();
        let reader = Reader::open(&http, LogKind::Static, &url, &key).unwrap();
        let log = LogToFollow { log_id, url, key, kind: LogKind::Static, ..log() };
        let folder = tempfile::TempDir::new().unwrap();
        let settings = Settings { most_failures: 6, ..quick() };
        let scene = scene(&file(&folder), settings).await;
        let outcome = follow(&scene.following, &log, Arc::new(reader)).await;
        assert_eq!(outcome, Outcome::Proven { size: 700 }, "no log stops the watch with that");
        assert_eq!(open(&scene).await, ["form"], "it stays");
        let state = &scene.following.state;
        let number = state.find_log(&log.log_id).await.unwrap().unwrap().number;
        let dark: Vec<_> =
            state.dark(number).await.unwrap().iter().map(|dark| (dark.start, dark.stop)).collect();
        assert_eq!(dark, [(256, 512)]);
        let search = state.searched_for(&"ours.example".parse().unwrap()).await.unwrap();
        assert_eq!(search.entries[&number], [(0, 256), (512, 700)], "nobody searched it");
        let all = alerts(state).await;
        let told: Vec<_> = all.iter().filter(|(kind, ..)| kind != CERTIFICATE_ALERT).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        let text = told[0].2["text"].as_str().unwrap();
        assert!(text.contains("entries 256 to 511 has more than 33554432 octets"), "{text}");
        assert!(text.contains("pinstead issuance"), "{text}");
        assert_eq!(told[0].2["details"]["rule"], "LOG006");
        let of_tile = |(.., payload): &&(String, String, serde_json::Value)| {
            payload["text"].as_str().unwrap().contains("nobody looked")
        };
        assert_eq!(all.iter().filter(of_tile).count(), 1, "{all:?}");
    });
}

#[test]
fn tiles_that_are_too_large_keep_no_other_from_being_read() {
    world::runtime().block_on(async {
        let (server, log, reader) = static_log(768, &[(600, 0)]);
        let folder = tempfile::TempDir::new().unwrap();
        let scene = scene(&file(&folder), quick()).await;
        let state = &scene.following.state;
        for index in [0, 256] {
            server.state().entries[index].rest = vec![0; (32 << 20) + 1];
        }
        server.state().garbled = vec![512];
        assert_eq!(follow(&scene.following, &log, reader.clone()).await, Outcome::Proven { size: 768 });
        let number = state.find_log(&log.log_id).await.unwrap().unwrap().number;
        let dark = async || {
            let all = state.dark(number).await.unwrap();
            all.iter().map(|dark| (dark.start, dark.stop)).collect::<Vec<_>>()
        };
        assert_eq!(dark().await, [(0, 256), (256, 512), (512, 768)]);

        server.state().garbled.clear();
        assert_eq!(follow(&scene.following, &log, reader).await, Outcome::Proven { size: 768 });
        assert_eq!(dark().await, [(0, 256), (256, 512)], "what can be read by now is");
        let known = state.certificates_claiming(&"ours.example".parse().unwrap(), None).await.unwrap();
        assert_eq!(known.len(), 1, "and what stood there is found");
    });
}

/// A certificate as a static log has it.
fn logged(der: &[u8], index: u64) -> Entry {
    let leaf = CERTIFICATES.entry(der, BEGINNING + index, false).leaf;
    let rest = [&[0, 32], &Sha256::digest(&CERTIFICATES.issuer().0)[..]].concat();
    Entry { leaf, rest }
}

/// A static log with these certificates at these places, and others elsewhere.
fn static_log(size: u64, watched: &[(u64, usize)]) -> (LogServer, LogToFollow, Arc<Reader>) {
    let entry = |index: u64| {
        let which = watched.iter().find(|(at, _)| *at == index);
        logged(which.map_or(&CERTIFICATES.filler, |(_, which)| &CERTIFICATES.watched[*which]), index)
    };
    let kept = CtLog::generate("Log", "Log", Kind::Static, KeyAlgorithm::P256).unwrap();
    let (key, log_id) = (Bytes(kept.key_der()), kept.log_id());
    let server = LogServer::start(kept, (0..size).map(entry).collect(), BEGINNING);
    server.state().issuers = vec![CERTIFICATES.issuer().0];
    let url = format!("http://{}/", server.address);
    let log = LogToFollow { log_id, url, key, kind: LogKind::Static, ..log() };
    let reader = reader(&log);
    (server, log, reader)
}

/// A reader that knows nothing of what others were refused.
fn reader(log: &LogToFollow) -> Arc<Reader> {
    let http = HttpClient::for_reading(None).unwrap();
    Arc::new(Reader::open(&http, LogKind::Static, &log.url, &log.key).unwrap())
}

/// The texts of the alerts about certificates since this was last asked.
async fn told(scene: &Scene) -> Vec<(String, String)> {
    let all = alerts(&scene.following.state).await.into_iter().filter(|(kind, ..)| kind == CERTIFICATE_ALERT);
    all.map(|(_, subject, payload)| (subject, payload["text"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn what_is_garbled_for_a_while_is_told_and_read_later() {
    world::runtime().block_on(async {
        let (server, log, reader) = static_log(111, &[(100, 0), (110, 1)]);
        let folder = tempfile::TempDir::new().unwrap();
        let scene = scene(&file(&folder), quick()).await;
        let state = &scene.following.state;
        let name = "ours.example".parse().unwrap();
        let mut subjects = Vec::new();
        for (size, dark) in [(101, vec![(100, 101)]), (111, vec![(100, 101), (101, 111)])] {
            server.state().size = size;
            server.state().garbled = vec![100, 110];
            let outcome = follow(&scene.following, &log, reader.clone()).await;
            assert_eq!(outcome, Outcome::Proven { size: size.try_into().unwrap() }, "its hashes are");
            let number = state.find_log(&log.log_id).await.unwrap().unwrap().number;
            let kept = state.dark(number).await.unwrap();
            assert_eq!(kept.iter().map(|one| (one.start, one.stop)).collect::<Vec<_>>(), dark);
            assert_eq!(open(&scene).await, ["form"], "it stays as long as the tile does");
            let search = state.searched_for(&name).await.unwrap();
            assert_eq!(search.entries[&number], [(0, 100)], "nobody searched what he could not read");
            let told = told(&scene).await;
            assert_eq!(told.len(), 1, "the same octets in the place of others are told, too: {told:?}");
            subjects.push(told[0].0.clone());
        }
        assert_ne!(subjects[0], subjects[1]);

        server.state().garbled.clear();
        assert_eq!(follow(&scene.following, &log, reader).await, Outcome::Proven { size: 111 });
        let number = state.find_log(&log.log_id).await.unwrap().unwrap().number;
        assert_eq!(state.dark(number).await.unwrap(), []);
        assert!(open(&scene).await.is_empty(), "{:?}", open(&scene).await);
        let search = state.searched_for(&name).await.unwrap();
        assert_eq!(search.entries[&number], [(0, 111)]);
        let told = told(&scene).await;
        assert_eq!(told.len(), 2, "what stood there is found: {told:?}");
        for known in state.certificates_claiming(&name, None).await.unwrap() {
            let sightings = state.sightings(&known.tbs_sha256).await.unwrap();
            assert!(sightings.iter().all(|sighting| sighting.is_proven), "{sightings:?}");
        }
    });
}

#[test]
fn an_entry_is_told_though_its_issuer_cannot_be_had_and_judged_when_it_can() {
    world::runtime().block_on(async {
        let (server, log, first) = static_log(20, &[(7, 0), (9, 1), (11, 2)]);
        let key = CERTIFICATES.issuer_key();
        let policy = format!(
            "expect_ca = [\"Played\"]\n[[private_ca]]\nowner = \"Played\"\nspki_sha256 = \"{key}\"\n"
        );
        let folder = tempfile::TempDir::new().unwrap();
        let scene = scene_with(&file(&folder), quick(), &policy).await;
        server.state().faults = vec![Fault::IssuersDown];
        let outcome = follow(&scene.following, &log, first).await;
        assert_eq!(outcome, Outcome::Proven { size: 20 }, "{:?}", open(&scene).await);
        let of_issuers =
            |paths: Vec<String>| paths.iter().filter(|path| path.starts_with("/issuer/")).count();
        let asked = of_issuers(server.requests());
        assert!(asked <= 8, "once while it reads, and once at the end: {asked}");
        let first = told(&scene).await;
        assert_eq!(first.len(), 3, "{first:?}");
        assert!(first.iter().all(|(_, text)| text.contains("503")), "{first:?}");
        assert_eq!(scene.following.state.count_open_verdicts().await.unwrap(), 3);

        server.state().faults.clear();
        assert_eq!(follow(&scene.following, &log, reader(&log)).await, Outcome::Proven { size: 20 });
        let again = told(&scene).await;
        assert_eq!(again.len(), 3, "{again:?}");
        assert!(again.iter().all(|(_, text)| text.contains("Proven by the signature")), "{again:?}");
        assert_eq!(scene.following.state.count_open_verdicts().await.unwrap(), 0);
    });
}
