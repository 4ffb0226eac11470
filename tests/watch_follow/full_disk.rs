//! A state without room for more while logs are followed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pinstead::watch::follow::{CERTIFICATE_ALERT, Event, LogLabel, Observer, Outcome, Settings, follow};
use pinstead::watch::state::{State, StateOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use super::played::{Played, alerts, file, log, quick, scene};
use crate::world;

/// Hears whether the state said that it is full.
#[derive(Default)]
struct Full(AtomicBool);

impl Observer for Full {
    fn happened(&self, _: &LogLabel, event: &Event<'_>) {
        if let Event::Trouble { what, .. } = event
            && what.contains("disk is full")
        {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn what_found_no_room_is_neither_lost_nor_repeated() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let place = file(&folder);
        let settings = Settings { most_failures: u32::MAX, most_uncommitted: 10, ..quick() };
        let mut scene = scene(&place, settings).await;
        let heard = Arc::new(Full::default());
        scene.following.observer = heard.clone();
        // Others fill the disk, all but a few pages.
        let options = SqliteConnectOptions::new().filename(folder.path().join("state.db"));
        let mut others = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("CREATE TABLE others (octets BLOB)").execute(&mut others).await.unwrap();
        sqlx::query("INSERT INTO others VALUES (zeroblob(2000000))").execute(&mut others).await.unwrap();
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut others).await.unwrap();
        let most_octets = Some(u64::try_from(pages + 12).unwrap() * 4096);
        let options = StateOptions { channels: vec!["stderr".to_owned()], most_octets };
        scene.following.state = Arc::new(State::open(&place, &options).await.unwrap());

        let played = Arc::new(Played::new(7, 2000));
        let log = log();
        let following = follow(&scene.following, &log, played.clone());
        let room = async {
            for attempt in 0.. {
                if heard.0.load(Ordering::Relaxed) {
                    break;
                }
                assert!(attempt < 20_000, "the full disk is not told");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // It goes on trying for a while.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let found: i64 =
                sqlx::query_scalar("SELECT COUNT(*) FROM certificates").fetch_one(&mut others).await.unwrap();
            sqlx::query("DELETE FROM others").execute(&mut others).await.unwrap();
            usize::try_from(found).unwrap()
        };
        let (outcome, found) = tokio::join!(following, room);
        assert_eq!(outcome, Outcome::Proven { size: 2000 });
        let truth = played.truth(0);
        assert!(found < truth.len(), "the disk was full while there was more to find: {found}");
        let mut told: Vec<String> = alerts(&scene.following.state)
            .await
            .into_iter()
            .filter(|(kind, ..)| kind == CERTIFICATE_ALERT)
            .map(|(_, subject, _)| subject)
            .collect();
        told.sort();
        assert_eq!(told, truth.into_iter().collect::<Vec<_>>(), "each once");
        assert!(scene.following.state.faults().await.unwrap().is_empty(), "it is not the log's fault");
    });
}

#[test]
fn what_cannot_be_kept_is_the_trouble_of_the_state() {
    world::runtime().block_on(async {
        let folder = tempfile::TempDir::new().unwrap();
        let place = file(&folder);
        let settings = Settings { most_failures: 3, most_uncommitted: 10, ..quick() };
        let mut scene = scene(&place, settings).await;
        // It may not grow by a page.
        let options = StateOptions { channels: vec!["stderr".to_owned()], most_octets: Some(4096) };
        scene.following.state = Arc::new(State::open(&place, &options).await.unwrap());
        let outcome = follow(&scene.following, &log(), Arc::new(Played::new(7, 2000))).await;
        let Outcome::NotKept(why) = outcome else { panic!("{outcome:?}") };
        assert!(why.contains("the state's disk is full"), "{why}");
    });
}
