//! How many questions may be under way at one server: fewer where many get lost, slowly more where few do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// However much is lost, so many may be under way.
const FEWEST: usize = 8;

/// The bound may grow to so many times what it began with.
const MOST_TIMES: usize = 3;

/// One in so many may get lost: names whose own servers are dead time out at the best resolver.
const TOLERATED: usize = 10;

/// The fewest questions that tell how much gets lost.
const FEWEST_TOLD: usize = 32;

/// The bound of one server.
#[derive(Debug)]
pub(super) struct Pace {
    places: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    most: usize,
    /// Places that are to be taken away when they come back.
    owed: usize,
    heard: usize,
    lost: usize,
}

/// A question's place among those under way.
#[derive(Debug)]
pub(in super::super) struct Place<'a> {
    pace: &'a Pace,
    permit: Option<SemaphorePermit<'a>>,
}

impl Pace {
    /// A bound that begins with so many.
    pub(super) fn starting_with(limit: usize) -> Self {
        let state = State { limit, most: limit.saturating_mul(MOST_TIMES), owed: 0, heard: 0, lost: 0 };
        Self { places: Semaphore::new(limit), state: Mutex::new(state) }
    }

    /// Waits for a place.
    pub(in super::super) async fn place(&self) -> Place<'_> {
        // The semaphore is never closed; were it, asking without a permit does no harm.
        Place { pace: self, permit: self.places.acquire().await.ok() }
    }

    /// Takes note of how a question went.
    pub(super) fn note(&self, lost: bool) {
        let mut state = self.state();
        if lost {
            state.lost += 1;
        } else {
            state.heard += 1;
        }
        let told = state.heard + state.lost;
        if told < state.limit.max(FEWEST_TOLD) {
            return;
        }
        if state.lost.saturating_mul(TOLERATED) > told {
            let fewer = (state.limit / 2).max(FEWEST);
            state.owed += state.limit.saturating_sub(fewer);
            state.limit = state.limit.min(fewer);
        } else {
            let more = (state.limit / 16).max(1).min(state.most.saturating_sub(state.limit));
            state.limit += more;
            let still_owed = state.owed.saturating_sub(more);
            self.places.add_permits(more - (state.owed - still_owed));
            state.owed = still_owed;
        }
        (state.heard, state.lost) = (0, 0);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        if state.owed > 0
            && let Some(permit) = self.permit.take()
        {
            state.owed -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(pace: &Pace) -> usize {
        pace.places.available_permits()
    }

    #[tokio::test]
    async fn loss_halves_the_bound_and_answers_raise_it() {
        let pace = Pace::starting_with(100);
        for number in 0..100 {
            pace.note(number % 5 == 0);
        }
        let mut places = Vec::new();
        for _ in 0..100 {
            places.push(pace.place().await);
        }
        drop(places);
        assert_eq!(free(&pace), 50);
        for _ in 0..50 {
            pace.note(false);
        }
        assert_eq!(free(&pace), 53);
        for _ in 0..100_000 {
            pace.note(false);
        }
        assert_eq!(free(&pace), 300, "within bounds");
    }

    #[tokio::test]
    async fn a_little_loss_is_usual_and_total_loss_leaves_a_little() {
        let pace = Pace::starting_with(100);
        for number in 0..100 {
            pace.note(number % 50 == 0);
        }
        assert_eq!(free(&pace), 106);
        for _ in 0..10_000 {
            pace.note(true);
            drop(pace.place().await);
        }
        assert_eq!(free(&pace), FEWEST);
    }
}
