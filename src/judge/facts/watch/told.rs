//! Whether somebody is told of what a watch finds: by a channel that takes alerts, or by the reports of `watch --once`. What
//! nobody is told of is not detected.

use jiff::{SignedDuration, Timestamp};

use crate::evidence::issuance::{AlertQueues, IssuanceSource, WatchStateReading};
use crate::issuance::sources::printable;

/// How long an alert may wait that a channel did not take: it is given again after a quarter of a minute.
const RETRIED: SignedDuration = SignedDuration::from_mins(1);
/// How long an alert may wait until anybody is told of it.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// How long ago somebody said that he serves a channel that is in use: services say so every hour, and others as often
/// as they are run.
const IN_USE: SignedDuration = SignedDuration::from_hours(48);

/// Why it is not known that somebody is told, by the queues as they stood then. `watch --status` and `compare` both go by it.
pub(crate) fn untold(queues: &AlertQueues, then: Timestamp) -> Vec<String> {
    let waits =
        |since: Option<Timestamp>, longest| since.is_some_and(|since| then.duration_since(since) >= longest);
    let mut all = Vec::new();
    if queues.has_service && !queues.has_channel {
        all.push(
            "the watch that runs has no channel for alerts: nobody is told ([alerts] of its policy)"
                .to_owned(),
        );
    }
    for queue in &queues.waiting {
        let is_left = queue.named.is_some_and(|named| then.duration_since(named) > IN_USE);
        if queue.failed > 0 && !is_left && waits(queue.oldest_failed.or(Some(queue.oldest)), RETRIED) {
            let error =
                queue.error.as_ref().map_or_else(String::new, |error| format!(": {}", printable(error)));
            all.push(format!("alerts to “{}” were not taken{error}", printable(&queue.channel)));
        }
    }
    if queues.untold > 0 && waits(queues.oldest_untold, LONGEST_WAIT) {
        let (of, them) = match queues.untold {
            1 => ("one alert".to_owned(), "it"),
            count => (format!("{count} alerts"), "them"),
        };
        all.push(format!(
            "nobody was told of {of}: no channel took {them}, and no report of `pinstead watch --once` listed {them} yet"
        ));
    }
    all
}

/// The same of a state that was read.
pub(super) fn lacks(source: &IssuanceSource, state: &WatchStateReading) -> Vec<String> {
    match &state.alerts {
        Some(queues) => untold(queues, source.asked_at),
        None => vec![
            "whether anybody takes its alerts is not known: an older version of pinstead saved the evidence"
                .to_owned(),
        ],
    }
}
