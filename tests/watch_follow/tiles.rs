//! A static log of which not every tile can be read.

use std::sync::Arc;

use pinstead::demo::authority::KeyAlgorithm;
use pinstead::demo::ct::{CtLog, LogKind as Kind};
use pinstead::evidence::Bytes;
use pinstead::observe::http::HttpClient;
use pinstead::watch::follow::{CERTIFICATE_ALERT, LogToFollow, Outcome, Settings, follow};
use pinstead::watch::reader::Reader;
use pinstead::watch::state::LogKind;

use super::faults::{fault_alerts, open};
use super::played::{BEGINNING, alerts, file, log, quick, scene};
use crate::world;
use crate::world::ct_log::{Entry, LogServer};

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
        assert!(
            open(&scene).await.is_empty(),
            "it is over with the tile: {:?}",
            scene.following.state.faults().await
        );
        let all = alerts(&scene.following.state).await;
        let texts: Vec<&str> = all
            .iter()
            .filter(|(kind, ..)| kind == CERTIFICATE_ALERT)
            .map(|(.., payload)| payload["text"].as_str().unwrap())
            .collect();
        // Entries 30 to 255 are one tile's rest.
        let dark: Vec<&&str> = texts.iter().filter(|text| text.contains("its tile cannot be read")).collect();
        assert_eq!(dark.len(), 1);
        assert!(dark[0].contains("226 entries from this one on"), "{}", dark[0]);
        // Fillers are no certificates: of such 50 are told one by one, and one alert stands for the others.
        assert_eq!(texts.len(), 50 + 1, "those behind it were looked at");
        assert!(texts.iter().any(|text| text.contains("From entry 275 on")), "{texts:?}");
        let told: Vec<_> = all.iter().filter(|(kind, ..)| kind != CERTIFICATE_ALERT).collect();
        assert_eq!(told.len(), 1, "and the log is told: {told:?}");
        assert_eq!(told[0].2["details"]["rule"], "LOG006");
        assert!(fault_alerts(&scene).await.is_empty(), "each alert was taken above");
    });
}

#[test]
fn a_tile_that_is_too_large_is_a_fault_and_the_log_is_not_proven() {
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
        let Outcome::Failed(why) = outcome else { panic!("{outcome:?}") };
        assert!(why.contains("entries 256 to 511 has more than 33554432 octets"), "{why}");
        assert_eq!(open(&scene).await, ["form"], "it stays");
        let kept = scene.following.state.find_log(&log.log_id).await.unwrap().unwrap();
        assert_eq!((kept.proven.size(), kept.read), (0, 256), "what stands before it was read");
        let told = fault_alerts(&scene).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0]["text"].as_str().unwrap().contains("pinstead issuance"), "{told:?}");
        assert_eq!(told[0]["details"]["rule"], "LOG006");
    });
}
