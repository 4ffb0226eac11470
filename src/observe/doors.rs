//! How many connections are open at the same time, in all and to one address, and how long an address is waited for that
//! does not answer: many names may lead to one server, which is neither to be pressed nor to hold up the others.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::clock::Stopwatch;

/// How many targets are looked at at the same time unless the user says otherwise.
pub const AT_ONCE: usize = 64;

/// How many connections one address gets at the same time unless the user says otherwise: browsers open six to a host.
pub const PER_ADDRESS: usize = 6;

/// After how many time-outs in a row an address is waited for no longer than [`LITTLE_PATIENCE`].
const SILENT: u32 = 3;

/// How long an address is waited for that was silent before, at each step.
const LITTLE_PATIENCE: Duration = Duration::from_secs(2);

/// After how many time-outs in a row an address is asked no more than once in [`ONE_IN`].
const GIVEN_UP: u32 = 24;

/// How often an address that was given up is tried again.
const ONE_IN: Duration = Duration::from_secs(10);

/// How many silent addresses are remembered.
const MOST_SILENT: usize = 4096;

/// The doors through which a run goes to its servers. Whoever holds a place looks; whoever waits for an address holds up
/// nobody who is bound for another.
#[derive(Debug)]
pub struct Doors {
    places: Semaphore,
    per_address: usize,
    addresses: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
    silent: Mutex<HashMap<SocketAddr, Silence>>,
}

/// An address that did not answer the last times.
#[derive(Clone, Copy, Debug)]
struct Silence {
    times: u32,
    /// Since it was last tried.
    since: Stopwatch,
}

/// How long an address is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as any.
    Whole,
    /// No longer than this at each step.
    AtMost(Duration),
    /// Not at all: so many attempts before it got no answer.
    None {
        /// The time-outs in a row.
        times: u32,
    },
}

impl Default for Doors {
    fn default() -> Self {
        Self::new(AT_ONCE, PER_ADDRESS)
    }
}

impl Doors {
    /// Doors for so many at the same time, and so many to one address; each at least one.
    pub fn new(at_once: usize, per_address: usize) -> Self {
        let places = Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS));
        let per_address = per_address.clamp(1, Semaphore::MAX_PERMITS);
        Self { places, per_address, addresses: Mutex::default(), silent: Mutex::default() }
    }

    /// Waits for a place among those that are busy.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes it, so that there is always one.
        self.places.acquire().await.ok()
    }

    /// Does `work` at an address when there is room there and a place for it, in this order: who holds a place never waits
    /// for an address.
    pub async fn at<T>(&self, address: IpAddr, work: impl Future<Output = T>) -> T {
        // What is declared first goes last, also where this is given up while it waits.
        let _entered = Entered { doors: self, address };
        let room = {
            let mut addresses = locked(&self.addresses);
            let room = addresses.entry(address).or_insert_with(|| Arc::new(Semaphore::new(self.per_address)));
            Arc::clone(room)
        };
        let _own = room.acquire().await.ok();
        let _place = self.place().await;
        work.await
    }

    /// How long to wait for an address now. Of one that was given up, every now and then one asks.
    pub fn patience(&self, address: SocketAddr) -> Patience {
        let mut silent = locked(&self.silent);
        let Some(silence) = silent.get_mut(&address) else { return Patience::Whole };
        if silence.times < SILENT {
            return Patience::Whole;
        }
        let is_early = u128::from(silence.since.milliseconds()) < ONE_IN.as_millis();
        if silence.times >= GIVEN_UP && is_early {
            return Patience::None { times: silence.times };
        }
        silence.since = Stopwatch::start();
        Patience::AtMost(LITTLE_PATIENCE)
    }

    /// Takes note that an address answered, whatever it said.
    pub fn answered(&self, address: SocketAddr) {
        locked(&self.silent).remove(&address);
    }

    /// Takes note that an address did not answer in time.
    pub fn silent(&self, address: SocketAddr) {
        let mut silent = locked(&self.silent);
        if silent.len() >= MOST_SILENT && !silent.contains_key(&address) {
            // Whichever goes costs no more than the time to learn it again.
            let any = silent.keys().next().copied();
            any.map(|any| silent.remove(&any));
        }
        let silence =
            silent.entry(address).or_insert_with(|| Silence { times: 0, since: Stopwatch::start() });
        silence.times = silence.times.saturating_add(1);
        silence.since = Stopwatch::start();
    }
}

/// Forgets the room at an address when the last one leaves it, also one who gave up waiting.
struct Entered<'d> {
    doors: &'d Doors,
    address: IpAddr,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let mut addresses = locked(&self.doors.addresses);
        if addresses.get(&self.address).is_some_and(|room| Arc::strong_count(room) == 1) {
            addresses.remove(&self.address);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;
    use tokio::task::JoinSet;

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    #[tokio::test]
    async fn no_address_gets_more_than_its_share_and_none_holds_up_another() {
        let doors = Arc::new(Doors::new(8, 2));
        let (inside, most, go) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let mut tasks = JoinSet::new();
        for _ in 0..20 {
            let (doors, inside, most, go) =
                (Arc::clone(&doors), Arc::clone(&inside), Arc::clone(&most), Arc::clone(&go));
            tasks.spawn(async move {
                let work = async {
                    let now = inside.fetch_add(1, Ordering::SeqCst).saturating_add(1);
                    most.fetch_max(now, Ordering::SeqCst);
                    go.notified().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                };
                doors.at(address(1), work).await;
            });
        }
        while inside.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        // All others wait for that address; another one has places left.
        assert_eq!(doors.at(address(2), async { "seen" }).await, "seen");
        while !tasks.is_empty() {
            go.notify_waiters();
            while tasks.try_join_next().is_some() {}
            tokio::task::yield_now().await;
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
        assert!(locked(&doors.addresses).is_empty(), "what nobody is at is not kept");
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_leaves_nothing_behind() {
        let doors = Arc::new(Doors::new(8, 1));
        let (held, waiting) = (Arc::clone(&doors), Arc::clone(&doors));
        let first = tokio::spawn(async move { held.at(address(1), std::future::pending::<()>()).await });
        let second = tokio::spawn(async move { waiting.at(address(1), std::future::pending::<()>()).await });
        while doors.places.available_permits() == 8 {
            tokio::task::yield_now().await;
        }
        for task in [first, second] {
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
        assert!(locked(&doors.addresses).is_empty());
        assert_eq!(doors.places.available_permits(), 8);
    }

    #[test]
    fn an_address_that_never_answers_gets_less_and_less_time() {
        let doors = Doors::default();
        let (dead, live) = (SocketAddr::new(address(1), 443), SocketAddr::new(address(1), 444));
        let mut seen = Vec::new();
        for _ in 0..=GIVEN_UP {
            seen.push(doors.patience(dead));
            doors.silent(dead);
        }
        assert_eq!(seen.first(), Some(&Patience::Whole));
        assert_eq!(seen.get(usize::try_from(SILENT).unwrap()), Some(&Patience::AtMost(LITTLE_PATIENCE)));
        assert_eq!(seen.last(), Some(&Patience::None { times: GIVEN_UP }));
        assert_eq!(doors.patience(live), Patience::Whole);
        doors.answered(dead);
        assert_eq!(doors.patience(dead), Patience::Whole);
    }

    #[test]
    fn no_more_silent_addresses_are_remembered_than_there_is_room_for() {
        let doors = Doors::default();
        for port in 1..=u16::try_from(MOST_SILENT + 10).unwrap() {
            doors.silent(SocketAddr::new(address(1), port));
        }
        assert_eq!(locked(&doors.silent).len(), MOST_SILENT);
    }
}
