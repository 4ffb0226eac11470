//! Work on every core, results in the order of the work, and never more than a window of them held.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How the work is shared out.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Sharing {
    /// How many threads work.
    pub(in crate::cli) workers: usize,
    /// How many items a worker takes at once.
    pub(in crate::cli) batch: usize,
}

/// How many batches a worker may be ahead of the slowest one.
const AHEAD: usize = 8;

/// Does `work` on each item, with a state of its own for each worker, and gives the results to `done` in order.
///
/// A slow item holds the others up only when they are [`AHEAD`] of it, so that what is held does not grow with the
/// number of items. Where `done` fails, the rest is left undone.
pub(in crate::cli) fn in_order<T, S, R, E>(
    items: impl Iterator<Item = T> + Send,
    sharing: Sharing,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) -> R + Sync,
    mut done: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E>
where
    T: Send,
    R: Send,
{
    let workers = sharing.workers.max(1);
    let desk = Desk {
        queue: Mutex::new(Queue {
            items: items.fuse(),
            taken: 0,
            given: 0,
            finished: BTreeMap::new(),
            exhausted: false,
            stopped: false,
        }),
        changed: Condvar::new(),
        window: workers.saturating_mul(AHEAD),
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let stop = StopOnPanic(&desk);
                let mut own = state();
                while let Some((number, batch)) = desk.take(sharing.batch.max(1)) {
                    let results = batch.into_iter().map(|item| work(&mut own, item)).collect();
                    desk.hand_in(number, results);
                }
                drop(stop);
            });
        }
        let stop = StopOnPanic(&desk);
        while let Some(results) = desk.next() {
            for result in results {
                if let Err(error) = done(result) {
                    desk.stop();
                    return Err(error);
                }
            }
        }
        drop(stop);
        Ok(())
    })
}

/// Where items are fetched and results handed in.
struct Desk<I, R> {
    queue: Mutex<Queue<I, R>>,
    changed: Condvar,
    window: usize,
}

struct Queue<I, R> {
    items: I,
    /// Batches fetched so far.
    taken: usize,
    /// Batches given on so far.
    given: usize,
    finished: BTreeMap<usize, Vec<R>>,
    exhausted: bool,
    stopped: bool,
}

impl<T, I: Iterator<Item = T>, R> Desk<I, R> {
    fn lock(&self) -> MutexGuard<'_, Queue<I, R>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'q>(&self, queue: MutexGuard<'q, Queue<I, R>>) -> MutexGuard<'q, Queue<I, R>> {
        self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch with its number; `None` when there is nothing left to do.
    fn take(&self, size: usize) -> Option<(usize, Vec<T>)> {
        let mut queue = self.lock();
        while !queue.stopped && queue.taken >= queue.given.saturating_add(self.window) {
            queue = self.wait(queue);
        }
        if queue.stopped {
            return None;
        }
        let batch: Vec<T> = queue.items.by_ref().take(size).collect();
        if batch.is_empty() {
            queue.exhausted = true;
            self.changed.notify_all();
            return None;
        }
        let number = queue.taken;
        queue.taken = number.saturating_add(1);
        Some((number, batch))
    }

    fn hand_in(&self, number: usize, results: Vec<R>) {
        self.lock().finished.insert(number, results);
        self.changed.notify_all();
    }

    /// The results of the next batch in order; `None` when all have been given, or the work was stopped.
    fn next(&self) -> Option<Vec<R>> {
        let mut queue = self.lock();
        loop {
            let next = queue.given;
            if let Some(results) = queue.finished.remove(&next) {
                queue.given = next.saturating_add(1);
                self.changed.notify_all();
                return Some(results);
            }
            if queue.stopped || (queue.exhausted && queue.given == queue.taken) {
                return None;
            }
            queue = self.wait(queue);
        }
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

/// Where one thread panics, the others must not wait for it: the panic goes on when all have ended.
struct StopOnPanic<'d, T, I: Iterator<Item = T>, R>(&'d Desk<I, R>);

impl<T, I: Iterator<Item = T>, R> Drop for StopOnPanic<'_, T, I, R> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const SHARING: Sharing = Sharing { workers: 4, batch: 3 };

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for workers in [0, 1, 4] {
            let mut seen = Vec::new();
            let sharing = Sharing { workers, ..SHARING };
            let ended = in_order(
                0..1000_u64,
                sharing,
                || (),
                |(), item| {
                    // Early items take longest.
                    let spin = (1000 - item) * 20;
                    std::hint::black_box((0..spin).sum::<u64>());
                    item
                },
                |item| {
                    seen.push(item);
                    Ok::<(), ()>(())
                },
            );
            assert_eq!((ended, seen), (Ok(()), (0..1000).collect()));
        }
    }

    #[test]
    fn a_slow_item_bounds_how_much_is_done_ahead_of_it() {
        let done = AtomicUsize::new(0);
        let most = (SHARING.workers * AHEAD + SHARING.workers) * SHARING.batch;
        let slow = |(): &mut (), item: usize| {
            if item == 0 {
                while done.load(Ordering::SeqCst) + 2 * SHARING.batch
                    < SHARING.workers * AHEAD * SHARING.batch
                {
                    std::thread::yield_now();
                }
                std::thread::sleep(std::time::Duration::from_millis(50));
                assert!(done.load(Ordering::SeqCst) <= most);
            }
            done.fetch_add(1, Ordering::SeqCst);
        };
        assert_eq!(in_order(0..10_000, SHARING, || (), slow, |()| Ok::<(), ()>(())), Ok(()));
        assert_eq!(done.load(Ordering::SeqCst), 10_000);
    }

    #[test]
    fn a_failure_of_the_receiver_ends_the_work() {
        let done = AtomicUsize::new(0);
        let count = |(): &mut (), item: usize| {
            done.fetch_add(1, Ordering::SeqCst);
            item
        };
        let ended =
            in_order(0.., SHARING, || (), count, |item| if item == 10 { Err("full") } else { Ok(()) });
        assert_eq!(ended, Err("full"));
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_is_not_swallowed() {
        let _ = in_order(0..100, SHARING, || (), |(), item| assert_ne!(item, 50), |()| Ok::<(), ()>(()));
    }
}
