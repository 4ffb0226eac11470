//! Times as whole seconds, and counts as numbers that can be divided.

use jiff::{SignedDuration, Timestamp};

/// Of a day.
pub(super) const DAY: i64 = 24 * 60 * 60;

/// The second that follows the last of a life.
pub(super) fn after(last: Timestamp) -> i64 {
    last.as_second().saturating_add(1)
}

/// The moment of a second; the last that there is where it lies beyond.
pub(super) fn moment(second: i64) -> Timestamp {
    let end = if second < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(end)
}

/// A stretch of seconds in days.
pub(super) fn days(seconds: i64) -> f64 {
    SignedDuration::from_secs(seconds).as_secs_f64() / 86_400.0
}

/// A count, to divide with.
pub(super) fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
