//! The state of `pinstead watch`, in SQLite and in a real PostgreSQL: the same stories in both.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod world;

#[path = "watch_state/cost.rs"]
mod cost;
#[path = "watch_state/crowd.rs"]
mod crowd;
#[path = "watch_state/findings.rs"]
mod findings;
#[path = "watch_state/followers.rs"]
mod followers;
#[path = "watch_state/following.rs"]
mod following;
#[path = "watch_state/full_disk.rs"]
mod full_disk;
#[path = "watch_state/killed.rs"]
mod killed;
#[path = "watch_state/names.rs"]
mod names;
#[path = "watch_state/opening.rs"]
mod opening;
#[path = "watch_state/played.rs"]
mod played;
#[path = "watch_state/proofs.rs"]
mod proofs;
#[path = "watch_state/told.rs"]
mod told;

use std::sync::atomic::{AtomicU32, Ordering};

use pinstead::observe::clock::Stopwatch;
use pinstead::watch::state::Place;
use world::postgres::Postgres;

/// Tells each story in a new database, and how long it took.
macro_rules! tell {
    ($fresh:expr, $($story:path),* $(,)?) => {$(
        let begun = Stopwatch::start();
        $story($fresh().await).await;
        println!("{}: {} ms", stringify!($story), begun.milliseconds());
    )*};
}

/// Every story that both databases have.
async fn all_stories(fresh: impl AsyncFn() -> Place) {
    tell!(
        fresh,
        following::logs_are_registered_once,
        following::one_at_a_time_holds_a_head,
        following::ranges_are_read_folded_and_proven,
        following::a_wrong_root_is_read_again,
        following::a_boundless_log_makes_few_ranges,
        following::a_log_is_begun_with_its_tree_head,
        following::a_part_of_a_tree_is_proven_by_itself,
        following::who_was_taken_over_writes_nothing,
        followers::each_log_is_followed_for_itself,
        followers::looks_are_counted_that_come_again,
        followers::what_nobody_was_told_of_is_counted,
        findings::a_certificate_is_one_in_all_logs,
        findings::a_graver_or_better_verdict_is_told_again,
        findings::odd_octets_are_kept,
        findings::each_channel_is_served,
        findings::a_clock_that_was_set_back_delays_no_alert,
        findings::faults_last_until_they_end,
        findings::what_a_look_at_revocations_showed_is_kept,
        findings::certificates_are_read_page_by_page,
        names::what_was_read_counts_for_the_names_it_was_read_for,
        names::a_range_is_begun_anew_for_other_names,
        names::two_with_other_names_are_told_apart,
        names::what_nothing_needs_any_more_is_dropped,
        proofs::what_was_given_once_proves_nothing,
        proofs::what_nobody_could_read_was_not_searched,
        proofs::what_was_not_asked_for_comes_first,
        proofs::places_that_are_proven_come_first,
        told::who_holds_no_head_knows_how_all_stand,
        told::each_pair_of_heads_is_told_and_kept,
        told::alerts_go_to_the_channels_of_others_too,
        told::a_report_lists_what_none_listed_before,
        told::what_keeps_a_log_from_being_followed_is_known,
        opening::many_open_it_at_once,
        opening::tables_of_another_version_are_left_alone,
        crowd::no_range_is_read_twice,
        crowd::no_alert_is_made_or_taken_twice,
        killed::who_is_killed_loses_and_repeats_nothing,
        cost::of_batches_without_hits,
    );
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
        tell!(async || server.database().await, killed::in_the_middle_of_a_transaction);
        tell!(async || &server, opening::postgresql_is_refused_without_its_secrets);
        tell!(async || &server, opening::postgresql_may_have_other_defaults);
    });
}
