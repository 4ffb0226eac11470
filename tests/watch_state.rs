//! The state of `pinstead watch`, in SQLite and in a real PostgreSQL: the same stories in both.

mod world;

#[path = "watch_state/cost.rs"]
mod cost;
#[path = "watch_state/crowd.rs"]
mod crowd;
#[path = "watch_state/findings.rs"]
mod findings;
#[path = "watch_state/following.rs"]
mod following;
#[path = "watch_state/full_disk.rs"]
mod full_disk;
#[path = "watch_state/killed.rs"]
mod killed;
#[path = "watch_state/opening.rs"]
mod opening;
#[path = "watch_state/played.rs"]
mod played;

use std::sync::atomic::{AtomicU32, Ordering};

use pinstead::watch::state::Place;
use world::postgres::Postgres;

/// Every story that both databases tell, each in a new one.
async fn all_stories(fresh: impl AsyncFn() -> Place) {
    following::logs_are_registered_once(fresh().await).await;
    following::one_at_a_time_holds_a_head(fresh().await).await;
    following::ranges_are_read_folded_and_proven(fresh().await).await;
    following::a_wrong_root_is_read_again(fresh().await).await;
    following::a_boundless_log_makes_few_ranges(fresh().await).await;
    following::who_was_taken_over_writes_nothing(fresh().await).await;
    findings::a_certificate_is_one_in_all_logs(fresh().await).await;
    findings::odd_octets_are_kept(fresh().await).await;
    findings::each_channel_is_served(fresh().await).await;
    findings::faults_last_until_they_end(fresh().await).await;
    opening::many_open_it_at_once(fresh().await).await;
    opening::tables_of_another_version_are_left_alone(fresh().await).await;
    crowd::no_range_is_read_twice(fresh().await).await;
    crowd::no_alert_is_made_or_taken_twice(fresh().await).await;
    killed::who_is_killed_loses_and_repeats_nothing(fresh().await).await;
    cost::of_batches_without_hits(fresh().await).await;
}

#[test]
fn sqlite() {
    let folder = tempfile::TempDir::new().unwrap();
    let count = AtomicU32::new(0);
    let fresh = async || {
        let name = format!("state{}.db", count.fetch_add(1, Ordering::Relaxed));
        Place::File(folder.path().join(name))
    };
    world::runtime().block_on(all_stories(fresh));
}

#[test]
fn postgresql() {
    world::runtime().block_on(async {
        let server = Postgres::start().await;
        all_stories(async || server.database().await.parse().unwrap()).await;
        killed::in_the_middle_of_a_transaction(&server.database().await).await;
        opening::postgresql_is_refused_without_its_secrets(&server).await;
    });
}
