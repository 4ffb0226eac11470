//! What is left of the lists, the time and the octets that asking for the lists of one target, or of one run, may cost.

use std::sync::{Mutex, PoisonError};

use super::Allowance;
use crate::observe::clock::Stopwatch;
use crate::x509::crl::MAX_CRL;

/// What is left.
#[derive(Debug)]
pub struct Budget {
    allowance: Allowance,
    watch: Stopwatch,
    octets: Mutex<usize>,
    lists: Mutex<usize>,
}

impl Budget {
    /// All of it; the time begins now.
    pub fn new(allowance: Allowance) -> Self {
        Self {
            allowance,
            watch: Stopwatch::start(),
            octets: Mutex::new(allowance.octets),
            lists: Mutex::new(allowance.lists),
        }
    }

    /// Takes one list of those that are left.
    pub(super) fn take_list(&self) -> bool {
        let mut left = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let is_left = *left > 0;
        *left = left.saturating_sub(1);
        is_left
    }

    /// Room for one list; or why none is asked any more. What is taken for lists that are on their way cannot be taken
    /// twice, so that no more is ever held than is allowed.
    pub(super) fn reserve(&self) -> Result<usize, String> {
        if u128::from(self.watch.milliseconds()) >= self.allowance.time.as_millis() {
            let seconds = self.allowance.time.as_secs();
            return Err(format!("asking for the lists had taken {seconds} seconds already"));
        }
        let mut left = self.octets.lock().unwrap_or_else(PoisonError::into_inner);
        let room = (*left).min(MAX_CRL);
        if room == 0 {
            let most = self.allowance.octets >> 20;
            return Err(format!("the lists had {most} MiB together already"));
        }
        *left = left.saturating_sub(room);
        Ok(room)
    }

    /// Gives back what a list did not need.
    pub(super) fn give_back(&self, room: usize, needed: usize) {
        let mut left = self.octets.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.saturating_add(room.saturating_sub(needed));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_more_is_taken_than_there_is() {
        let budget =
            Budget::new(Allowance { lists: 9, octets: MAX_CRL + 100, time: Duration::from_hours(1) });
        assert_eq!(budget.reserve(), Ok(MAX_CRL));
        assert_eq!(budget.reserve(), Ok(100), "the other one is still on its way");
        assert!(budget.reserve().unwrap_err().contains("64 MiB"));
        budget.give_back(MAX_CRL, 1000);
        budget.give_back(100, 100);
        assert_eq!(budget.reserve(), Ok(MAX_CRL - 1000));
    }

    #[test]
    fn no_more_lists_are_begun_than_there_are() {
        let budget = Budget::new(Allowance { lists: 2, ..Allowance::TARGET });
        assert_eq!([(); 4].map(|()| budget.take_list()), [true, true, false, false]);
    }

    #[test]
    fn after_its_time_nothing_is_begun() {
        let budget = Budget::new(Allowance { time: Duration::ZERO, ..Allowance::TARGET });
        assert!(budget.reserve().unwrap_err().contains("seconds already"));
    }
}
