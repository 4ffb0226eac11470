//! How fast a log was read in the last minutes.

use std::collections::VecDeque;

/// How far back is looked, in milliseconds.
const WINDOW: u64 = 5 * 60_000;
/// How far apart samples are, in milliseconds.
const APART: u64 = 10_000;

/// Samples of a counter.
#[derive(Debug, Default)]
pub(super) struct Rate {
    samples: VecDeque<(u64, u64)>,
}

impl Rate {
    /// The counter's value at this time.
    pub(super) fn add(&mut self, milliseconds: u64, value: u64) {
        // The last one moves until it is far enough from the one before, so that the newest is always here.
        if let [.., (before, _), last] = self.samples.make_contiguous()
            && last.0.saturating_sub(*before) < APART
        {
            *last = (milliseconds, value);
        } else {
            self.samples.push_back((milliseconds, value));
        }
        let begin = milliseconds.saturating_sub(WINDOW);
        while self.samples.get(1).is_some_and(|(at, _)| *at <= begin) {
            self.samples.pop_front();
        }
    }

    /// How much it grew a second; `None` before a second has passed.
    pub(super) fn per_second(&self) -> Option<f64> {
        let ((from, least), (to, most)) = (self.samples.front()?, self.samples.back()?);
        let passed = to.checked_sub(*from).filter(|passed| *passed >= 1000)?;
        let grown = u32::try_from(most.saturating_sub(*least)).unwrap_or(u32::MAX);
        let seconds = f64::from(u32::try_from(passed).unwrap_or(u32::MAX)) / 1000.0;
        Some(f64::from(grown) / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_of_the_last_minutes() {
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(), None);
        rate.add(0, 100);
        rate.add(500, 100);
        assert_eq!(rate.per_second(), None, "half a second says nothing");
        rate.add(2000, 300);
        assert_eq!(rate.per_second(), Some(100.0));
        for second in 3..=3600 {
            rate.add(second * 1000, 300 + second * 10);
            assert!(rate.samples.len() < 50);
        }
        assert!((rate.per_second().unwrap() - 10.0).abs() < 0.5, "{rate:?}");
        for second in 3601..=4000 {
            rate.add(second * 1000, 300 + 36_000);
        }
        assert_eq!(rate.per_second(), Some(0.0));
    }
}
