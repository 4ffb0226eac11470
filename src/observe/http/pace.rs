//! How often a host is asked that is read for hours: moderately at first, more often as long as it answers, and much
//! less often once it refuses.

use std::time::Duration;

use tokio::time::Instant;

/// The time between two requests at first.
const FIRST: Duration = Duration::from_millis(250);

/// The shortest there is.
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest there is. A host that refuses even this is left alone for growing pauses besides.
const LONGEST: Duration = Duration::from_secs(10);

/// How long a host is left alone after a refusal that did not say for how long; it doubles with every further one.
const FIRST_REST: Duration = Duration::from_millis(250);

/// The longest such rest.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// A host's pace.
#[derive(Debug)]
pub(super) struct Pace {
    /// The time between two requests; `None`: as fast as it can.
    interval: Option<Duration>,
    /// What was too fast when the host last refused.
    too_fast: Duration,
    /// When the next request may be made.
    next: Option<Instant>,
    /// How many refusals came one after the other.
    refusals: u32,
}

impl Pace {
    /// The pace for other people's hosts.
    pub(super) fn sparing() -> Self {
        Self { interval: Some(FIRST), too_fast: Duration::ZERO, next: None, refusals: 0 }
    }

    /// The pace for this machine itself: only a refusal slows it down.
    pub(super) fn unbounded() -> Self {
        Self { interval: None, ..Self::sparing() }
    }

    /// Takes the next turn: when it is.
    pub(super) fn turn(&mut self, now: Instant) -> Instant {
        let Some(interval) = self.interval else { return now };
        let turn = self.next.map_or(now, |next| next.max(now));
        self.next = Some(turn + interval);
        turn
    }

    /// The host answered.
    pub(super) fn answered(&mut self) {
        self.refusals = 0;
        if let Some(interval) = self.interval.as_mut() {
            // Where it was too fast once, the way there is slow.
            let part = if interval.mul_f32(0.9) > self.too_fast { 16 } else { 512 };
            *interval = interval.saturating_sub(*interval / part).max(SHORTEST);
        }
    }

    /// The host refused, or broke down: how long it is to be left alone, if it did not say so itself.
    pub(super) fn refused(&mut self) -> Duration {
        if let Some(interval) = self.interval.as_mut() {
            self.too_fast = *interval;
            *interval = interval.saturating_mul(2).min(LONGEST);
        }
        let rest = FIRST_REST.saturating_mul(1_u32.checked_shl(self.refusals).unwrap_or(u32::MAX));
        self.refusals = self.refusals.saturating_add(1).min(31);
        rest.min(LONGEST_REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(pace: &mut Pace, now: Instant) -> Duration {
        pace.turn(now);
        pace.turn(now).duration_since(now)
    }

    #[test]
    fn it_gets_faster_with_answers_and_slower_with_refusals() {
        let now = Instant::now();
        let mut pace = Pace::sparing();
        assert_eq!(pace.turn(now), now);
        assert_eq!(pace.turn(now), now + FIRST);
        (0..100).for_each(|_| pace.answered());
        assert_eq!(pace.interval, Some(SHORTEST));
        assert_eq!(pace.refused(), FIRST_REST);
        assert_eq!(pace.refused(), FIRST_REST * 2);
        assert_eq!(pace.interval, Some(SHORTEST * 4));
        for _ in 0..40 {
            pace.refused();
        }
        assert_eq!((pace.refused(), pace.interval), (LONGEST_REST, Some(LONGEST)));
        pace.answered();
        assert_eq!(pace.refused(), FIRST_REST, "an answer ends the row of refusals");
        // After a while without any request the next one is due at once.
        assert_eq!(gap(&mut Pace::sparing(), now), FIRST);
    }

    #[test]
    fn it_goes_near_what_was_too_fast_only_slowly() {
        let mut pace = Pace::sparing();
        pace.refused();
        let answers = (0..10_000).take_while(|_| {
            pace.answered();
            pace.interval > Some(FIRST)
        });
        assert!(answers.count() > 25, "at the usual speed it takes 11 to come from 500 to 250 ms");
    }

    #[test]
    fn this_machine_is_asked_at_full_speed() {
        let now = Instant::now();
        let mut pace = Pace::unbounded();
        assert!((0..100).all(|_| pace.turn(now) == now));
        assert_eq!(pace.refused(), FIRST_REST);
        assert!((0..100).all(|_| pace.turn(now) == now));
    }
}
