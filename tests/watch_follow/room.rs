//! Room in memory, which all logs share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use pinstead::ct::merkle::{TreeBuilder, TreeHash};
use pinstead::evidence::Bytes;
use pinstead::watch::reader::ahead::{Ahead, Room};
use pinstead::watch::reader::{Answer, LogReader, ReadError};
use pinstead::watch::state::Head;

use crate::world;

/// A log of entries of a size, which hangs from one of them on.
struct Sized {
    octets: usize,
    hangs_from: u64,
    /// What was asked for: the first entry, and the one behind the last.
    asked: Mutex<Vec<(u64, u64)>>,
}

impl Sized {
    fn new(octets: usize, hangs_from: u64) -> Arc<Self> {
        Arc::new(Self { octets, hangs_from, asked: Mutex::default() })
    }
}

fn nothing() -> ReadError {
    ReadError::Unusable("it has entries only".to_owned())
}

impl LogReader for Sized {
    async fn head(&self) -> Result<Head, ReadError> {
        Err(nothing())
    }

    async fn prove_consistency(&self, _: &Head, _: &Head) -> Result<(), ReadError> {
        Err(nothing())
    }

    async fn tree_before(&self, _: &Head, _: u64) -> Result<TreeBuilder, ReadError> {
        Err(nothing())
    }

    async fn leaf_at(&self, _: u64, _: u64) -> Result<(u64, TreeHash), ReadError> {
        Err(nothing())
    }

    async fn first_at(&self, _: &Head, _: Timestamp) -> Result<u64, ReadError> {
        Err(nothing())
    }

    fn expected_end(&self, start: u64, stop: u64, _: u64) -> Option<u64> {
        Some(stop.min(start.saturating_add(1024)))
    }

    async fn entries(&self, start: u64, stop: u64, _: u64) -> Result<Answer, ReadError> {
        self.asked.lock().unwrap().push((start, stop));
        if start >= self.hangs_from {
            std::future::pending::<()>().await;
        }
        let leaf = STANDARD.encode(vec![0; self.octets]);
        let octets = format!(r#"{{"entries":[{{"leaf_input":"{leaf}","extra_data":""}}]}}"#).into_bytes();
        Answer::read_get_entries(start, stop, octets).map_err(|_| nothing())
    }

    async fn issuer(&self, _: &[u8; 32]) -> Result<Bytes, ReadError> {
        Err(nothing())
    }
}

#[test]
fn a_log_of_large_entries_leaves_room_for_the_others() {
    world::runtime().block_on(async {
        let room = Room::new(8 << 20);
        let hog = Sized::new(1 << 20, 1);
        let mut hogs = Ahead::new(Arc::clone(&hog), 0, 100_000, 100_000, 4, room.clone());
        drop(hogs.next().await.unwrap().unwrap());
        // Its next question hangs, and holds what it took.
        let waits = tokio::time::timeout(Duration::from_millis(50), hogs.next()).await;
        assert!(waits.is_err());
        assert!(hog.asked.lock().unwrap().len() > 1);
        let good = Sized::new(1000, u64::MAX);
        let mut other = Ahead::new(Arc::clone(&good), 0, 100_000, 100_000, 4, room);
        other.next().await.unwrap().unwrap();
        assert_eq!(good.asked.lock().unwrap().first(), Some(&(0, 1024)), "as much as it would alone");
    });
}
