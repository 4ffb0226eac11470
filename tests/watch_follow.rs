//! Following logs, against a log that is played in memory and does what logs should not do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod world;

#[path = "watch_follow/anew.rs"]
mod anew;
#[path = "watch_follow/chaos.rs"]
mod chaos;
#[path = "watch_follow/entries.rs"]
mod entries;
#[path = "watch_follow/faults.rs"]
mod faults;
#[path = "watch_follow/full_disk.rs"]
mod full_disk;
#[path = "watch_follow/heads.rs"]
mod heads;
#[path = "watch_follow/names.rs"]
mod names;
#[path = "watch_follow/played.rs"]
mod played;
#[path = "watch_follow/room.rs"]
mod room;
#[path = "watch_follow/splits.rs"]
mod splits;
#[path = "watch_follow/starts.rs"]
mod starts;
#[path = "watch_follow/tiles.rs"]
mod tiles;
#[path = "watch_follow/verdicts.rs"]
mod verdicts;
