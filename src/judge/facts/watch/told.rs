//! Whether somebody is told of what a watch finds: by a channel that takes alerts, or by the reports of `watch --once`. What
//! nobody is told of is not detected.

use jiff::{SignedDuration, Timestamp};

use crate::evidence::issuance::{AlertQueues, IssuanceSource, WatchStateReading};
use crate::issuance::sources::printable;
use crate::policy::AlertsPolicy;
use crate::rules::Severity;

/// How long an alert may wait that a channel did not take: it is given again after a quarter of a minute.
const RETRIED: SignedDuration = SignedDuration::from_mins(1);
/// How many alerts that a channel did not take are more than one that is given again: after as many, a run gives it no more.
const MOST_RETRIED: u64 = 3;
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
        let since = queue.oldest_failed.or(Some(queue.oldest));
        let is_lasting = queue.failed >= MOST_RETRIED || waits(since, RETRIED);
        if queue.failed > 0 && is_lasting && !is_left {
            let error =
                queue.error.as_ref().map_or_else(String::new, |error| format!(": {}", printable(error)));
            all.push(format!("alerts to “{}” were not taken{error}", printable(&queue.channel)));
        }
    }
    if queues.untold > 0 && waits(queues.oldest_untold, LONGEST_WAIT) {
        let (count, which) = match queues.untold {
            1 => ("one alert".to_owned(), "it"),
            count => (format!("{count} alerts"), "them"),
        };
        all.push(format!(
            "nobody was told of {count}: no channel took {which}, and no report of `pinstead watch --once` listed {which} yet"
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

/// Why services tell nobody of what is not as the policy expects, as they are taken to go by the policy that is given: an
/// unexpected CA is high, a key or a name that it does not list medium. Runs report whatever they find.
pub(super) fn unheard(alerts: &AlertsPolicy, state: &WatchStateReading, lists_keys: bool) -> Option<String> {
    if !state.alerts.as_ref().is_some_and(|queues| queues.has_service) {
        return None;
    }
    let stderr = alerts.stderr.then_some(alerts.stderr_min_severity);
    let hooks = alerts.hook.iter().map(|hook| hook.min_severity);
    let webhooks = alerts.webhook.iter().map(|webhook| webhook.min_severity);
    let mails = alerts.mail.iter().map(|mail| mail.min_severity);
    let least = stderr.into_iter().chain(hooks).chain(webhooks).chain(mails).min();
    let (needed, what) = if lists_keys {
        (Severity::Medium, "medium, as one about a key or a name that it does not list is")
    } else {
        (Severity::High, "high, as one about a CA that is not expected is")
    };
    match least {
        None => Some("by the policy given here there is no channel for alerts: nobody is told".to_owned()),
        Some(least) if least > needed => {
            Some(format!("by the policy given here no channel takes an alert of severity {what}"))
        }
        Some(_) => None,
    }
}
