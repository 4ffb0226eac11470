//! What commits cost. Printed for people; nothing of time is asserted.

use pinstead::ct::merkle::TreeHash;
use pinstead::observe::clock::Stopwatch;
use pinstead::watch::state::Place;

use super::played::{LONG, followed, open};

pub(crate) async fn of_batches_without_hits(place: Place) {
    let state = open(&place).await;
    let (log, _) = followed(&state, 1, 1_000_000).await;
    let (mut batches, mut milliseconds) = (0, 0);
    while let Some(mut lease) = state.lease_range(log.number, LONG).await.unwrap() {
        // Hashed before, so that the time is that of commits alone.
        let mut range = lease.builder().unwrap();
        let mut read = Vec::new();
        while range.end() < lease.stop() {
            let end = lease.stop().min(range.end() + 1000);
            (range.end()..end).for_each(|_| range.push(TreeHash([1; 32])));
            read.push(range.clone());
        }
        let begun = Stopwatch::start();
        for range in &read {
            state.commit(&mut lease, range, &[], &[]).await.unwrap();
        }
        milliseconds += begun.milliseconds();
        batches += read.len();
    }
    assert_eq!(state.log(log.number).await.unwrap().read, 1_000_000);
    #[allow(clippy::print_stdout, reason = "what it is for")]
    {
        println!("{place}: {batches} batches of 1,000 entries without hits: {milliseconds} ms");
    }
}
