//! Whether a tree head can be taken for the log's newest: by its time, and by how many entries it has.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::{SignedDuration, Timestamp};

use crate::ct::log_fault::FaultKind;
use crate::watch::state::Head;

/// What caches and the slower parts of a log may add to its maximum merge delay.
const MARGIN: SignedDuration = SignedDuration::from_hours(1);
/// How far a log's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);
/// How many entries a log may get at once, whatever its clock says: some days of the busiest one.
const LARGEST_JUMP: u64 = 100_000_000;
/// How many entries a log may get in a second: a hundred times what the busiest one gets.
const MOST_A_SECOND: u64 = 10_000;

/// Why a tree head is not taken, though its signature holds: the kind of fault, and a sentence.
pub(super) type NotTaken = (FaultKind, String);

/// Whether a tree head's time and size are such as the log can have reached. Nothing that comes from the future is
/// taken: of every later one it would look as if a slower part of the log had shown it.
pub(super) fn can_be_taken(known: Option<&Head>, shown: &Head, now: Timestamp) -> Result<(), NotTaken> {
    let ahead = milliseconds(now).saturating_add(u64::try_from(AHEAD.as_millis()).unwrap_or_default());
    if shown.timestamp > ahead {
        let what = format!(
            "its tree head of {} entries says that it was signed at {}, and here it is {now}",
            shown.size,
            time(shown.timestamp)
        );
        return Err((FaultKind::FutureHead, what));
    }
    let Some(known) = known else { return Ok(()) };
    let seconds = shown.timestamp.saturating_sub(known.timestamp) / 1000;
    let most = LARGEST_JUMP.saturating_add(seconds.saturating_mul(MOST_A_SECOND));
    if shown.size.saturating_sub(known.size) > most {
        let what = format!(
            "it signed a tree of {} entries {seconds} s after one of {}: no log grows so fast",
            shown.size, known.size
        );
        return Err((FaultKind::Form, what));
    }
    Ok(())
}

/// What is wrong with the newest tree head of a log if it is older than the log may leave it: it has to sign a new one
/// within its maximum merge delay, whether or not there are new entries (RFC 6962 section 3.5).
pub fn staleness(timestamp: u64, now: Timestamp, merge_delay: SignedDuration) -> Option<String> {
    let age = milliseconds(now).saturating_sub(timestamp);
    let most = merge_delay.saturating_add(MARGIN);
    (age > u64::try_from(most.as_millis().max(0)).unwrap_or(u64::MAX)).then(|| {
        format!(
            "its newest tree head is of {}, {} h old, and must not be older than {} h: what was logged since is not seen",
            time(timestamp),
            age / 3_600_000,
            most.as_secs().div_euclid(3600)
        )
    })
}

fn milliseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or_default()
}

/// A log's time, for people.
pub(super) fn time(timestamp: u64) -> String {
    let time = i64::try_from(timestamp).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    time.map_or_else(|| format!("{timestamp} ms after 1970"), |time| time.to_string())
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a test counts in small numbers")]
mod tests {
    use super::*;
    use crate::ct::merkle::TreeHash;
    use crate::evidence::Bytes;

    const HOUR: u64 = 3_600_000;

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn head(size: u64, timestamp: u64) -> Head {
        Head { size, timestamp, root: TreeHash([0; 32]), octets: Bytes(Vec::new()) }
    }

    #[test]
    fn a_tree_head_is_too_old_behind_the_merge_delay_and_an_hour() {
        let at = milliseconds(now());
        let day = SignedDuration::from_hours(24);
        assert_eq!(staleness(at - 25 * HOUR, now(), day), None);
        assert!(staleness(at - 25 * HOUR - 1, now(), day).unwrap().contains("25 h"));
        assert_eq!(staleness(at - HOUR, now(), SignedDuration::from_secs(60)), None);
        assert!(staleness(at - HOUR - 61_000, now(), SignedDuration::from_secs(60)).is_some());
        assert_eq!(staleness(at + HOUR, now(), day), None, "that is another fault");
        assert!(staleness(0, now(), SignedDuration::MAX).is_none());
    }

    #[test]
    fn what_no_log_can_show_is_not_taken() {
        let at = milliseconds(now());
        let kind =
            |known: Option<&Head>, shown| can_be_taken(known, &shown, now()).err().map(|(kind, _)| kind);
        assert_eq!(kind(None, head(10, at + HOUR / 6)), None);
        assert_eq!(kind(None, head(10, at + HOUR / 6 + 1)), Some(FaultKind::FutureHead));
        assert_eq!(kind(None, head(10, u64::MAX)), Some(FaultKind::FutureHead));
        let known = head(1000, at - HOUR);
        let most = 1000 + LARGEST_JUMP + 3600 * MOST_A_SECOND;
        assert_eq!(kind(Some(&known), head(most, at)), None);
        assert_eq!(kind(Some(&known), head(most + 1, at)), Some(FaultKind::Form));
        assert_eq!(kind(Some(&known), head(0, at - 9 * HOUR)), None);
        assert_eq!(kind(Some(&head(1000, 0)), head(u64::MAX, at)), Some(FaultKind::Form));
    }
}
