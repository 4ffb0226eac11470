//! Many targets on their way: looked at at the same time, judged on every core, and told in order or as they are done.
//!
//! What is held is bounded: targets under way by their number, what is judged and waits for its turn by its size.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::evidence::TargetEvidence;
use crate::observe::run::{Looking, look_at};
use crate::target::Target;

/// How many targets may be under way: most of them wait for an address, or for an answer.
const UNDER_WAY: usize = 1024;

/// How many octets of what is judged may wait for what comes before it.
const MOST_WAITING: usize = 32 << 20;

/// How many files may be under way: they are read faster than judged, and each may be long.
const FILES: usize = 64;

/// How many targets are judged at the same time where something else is asked about each: that waits for others.
const ASKING_AT_ONCE: usize = 16;

/// How the targets go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Whether each waits for those before it.
    pub(super) in_order: bool,
    /// Whether judging a target waits for others than this machine.
    pub(super) asks_others: bool,
}

/// Ends a run before its time.
#[derive(Clone, Debug)]
pub(super) struct Stop(watch::Sender<bool>);

impl Stop {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// What hears of it.
    pub(super) fn sender(&self) -> watch::Sender<bool> {
        self.0.clone()
    }

    /// Ends it.
    pub(super) fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether it is to end.
    pub(super) fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }
}

/// A target that was seen, on its way to whoever judges it.
pub(super) struct Seen {
    /// Its place among those that are looked at, from 0.
    place: usize,
    /// Its number in the listing.
    pub(super) number: usize,
    pub(super) target: Target,
    pub(super) evidence: TargetEvidence,
    room: Option<OwnedSemaphorePermit>,
    _file: Option<OwnedSemaphorePermit>,
}

/// Looks at each target, does `work` on it with a state of its own for each thread, and gives the results to `done`.
///
/// `work` tells how many octets its result is; `None` where the run was stopped before it was through. What was done
/// when the run is stopped is given to `done`; a target that was under way is not.
pub(super) fn flow<S, R>(
    runtime: &Runtime,
    targets: impl Iterator<Item = (usize, Target)> + Send + 'static,
    looking: Arc<Looking>,
    (manner, stop): (Manner, &Stop),
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, Seen) -> anyhow::Result<Option<(R, usize)>> + Sync,
    mut done: impl FnMut(R) -> anyhow::Result<()>,
) -> anyhow::Result<()>
where
    R: Send,
{
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = if manner.asks_others { ASKING_AT_ONCE.max(cores) } else { cores };
    let (seen, to_judge) = mpsc::channel();
    let (judged, to_tell) = mpsc::channel();
    let waiting = watch::Sender::new(0_usize);
    let has_fault = Arc::new(AtomicBool::new(false));
    let feeder = Feeder {
        looking,
        seen,
        stop: stop.clone(),
        waiting: waiting.subscribe(),
        rooms: Arc::new(Semaphore::new(UNDER_WAY)),
        files: Arc::new(Semaphore::new(FILES)),
        has_fault: Arc::clone(&has_fault),
    };
    runtime.spawn(feeder.feed(targets));
    let to_judge = Mutex::new(to_judge);
    let told = std::thread::scope(|scope| {
        for _ in 0..threads {
            let (judged, to_judge, waiting) = (judged.clone(), &to_judge, &waiting);
            let (state, work) = (&state, &work);
            scope.spawn(move || {
                let _guard = StopOnPanic { stop: stop.clone(), has_fault: None };
                judge_all(to_judge, (&judged, waiting), state, work);
            });
        }
        drop(judged);
        let told = tell_all(to_tell, manner.in_order, &waiting, &mut done);
        if told.is_err() {
            stop.stop();
        }
        told
    });
    if has_fault.load(Ordering::SeqCst) {
        bail!("a target was lost on its way: this is a fault of the program");
    }
    told
}

/// What was judged, or that it was given up.
struct Judged<R> {
    place: usize,
    result: anyhow::Result<Option<(R, usize)>>,
}

/// Judges one target after another, until nothing more comes or nobody listens.
fn judge_all<S, R>(
    to_judge: &Mutex<Receiver<Seen>>,
    (judged, waiting): (&Sender<Judged<R>>, &watch::Sender<usize>),
    state: &impl Fn() -> S,
    work: &impl Fn(&mut S, Seen) -> anyhow::Result<Option<(R, usize)>>,
) {
    let mut own = None;
    loop {
        let next = to_judge.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut seen) = next else { return };
        let (place, room) = (seen.place, seen.room.take());
        let result = work(own.get_or_insert_with(state), seen);
        // What waits is counted before there is room for another.
        waiting.send_modify(|octets| *octets = octets.saturating_add(size_of(&result)));
        drop(room);
        if judged.send(Judged { place, result }).is_err() {
            return;
        }
    }
}

/// How many octets wait with a result.
fn size_of<R>(result: &anyhow::Result<Option<(R, usize)>>) -> usize {
    result.as_ref().ok().and_then(Option::as_ref).map_or(0, |(_, size)| *size)
}

/// Gives the results on, each as it comes or when all before it are there.
fn tell_all<R>(
    to_tell: Receiver<Judged<R>>,
    in_order: bool,
    waiting: &watch::Sender<usize>,
    done: &mut impl FnMut(R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut held: BTreeMap<usize, Option<(R, usize)>> = BTreeMap::new();
    let mut next = 0_usize;
    for Judged { place, result } in to_tell {
        let result = result?;
        if !in_order {
            if let Some((result, size)) = result {
                done(result)?;
                waiting.send_modify(|octets| *octets = octets.saturating_sub(size));
            }
            continue;
        }
        held.insert(place, result);
        while let Some(result) = held.remove(&next) {
            next = next.saturating_add(1);
            if let Some((result, size)) = result {
                done(result)?;
                waiting.send_modify(|octets| *octets = octets.saturating_sub(size));
            }
        }
    }
    // Of a run that was stopped, some in between are missing.
    held.into_values().flatten().try_for_each(|(result, _)| done(result))
}

/// Brings the targets on their way, as many as there is room for.
struct Feeder {
    looking: Arc<Looking>,
    seen: Sender<Seen>,
    stop: Stop,
    waiting: watch::Receiver<usize>,
    rooms: Arc<Semaphore>,
    files: Arc<Semaphore>,
    has_fault: Arc<AtomicBool>,
}

impl Feeder {
    async fn feed(mut self, targets: impl Iterator<Item = (usize, Target)>) {
        let mut stopped = self.stop.0.subscribe();
        let mut tasks = JoinSet::new();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => {}
            () = self.start_all(targets, &mut tasks) => {}
        }
        tasks.abort_all();
    }

    async fn start_all(&mut self, targets: impl Iterator<Item = (usize, Target)>, tasks: &mut JoinSet<()>) {
        for (place, (number, target)) in targets.enumerate() {
            // Neither is ever closed while this runs.
            let Ok(room) = Arc::clone(&self.rooms).acquire_owned().await else { return };
            let _ = self.waiting.wait_for(|octets| *octets < MOST_WAITING).await;
            let (looking, seen) = (Arc::clone(&self.looking), self.seen.clone());
            let files = matches!(target, Target::File(_)).then(|| Arc::clone(&self.files));
            let guard = StopOnPanic { stop: self.stop.clone(), has_fault: Some(Arc::clone(&self.has_fault)) };
            tasks.spawn(async move {
                let _guard = guard;
                let file = match files {
                    Some(files) => files.acquire_owned().await.ok(),
                    None => None,
                };
                let evidence = look_at(&target, &looking).await;
                // Nobody listens any more only where the run is over.
                let _ = seen.send(Seen { place, number, target, evidence, room: Some(room), _file: file });
            });
            while tasks.try_join_next().is_some() {}
        }
        while tasks.join_next().await.is_some() {}
    }
}

/// Where a thread or a task panics, nothing more is begun, so that nobody waits for what will not come: a thread's panic
/// goes on when all have ended, a task's is taken note of.
struct StopOnPanic {
    stop: Stop,
    has_fault: Option<Arc<AtomicBool>>,
}

impl Drop for StopOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Some(has_fault) = &self.has_fault {
                has_fault.store(true, Ordering::SeqCst);
            }
            self.stop.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::runtime;
    use crate::observe::doors::Doors;
    use crate::observe::run::AT_MOST;
    use crate::observe::tls::TlsOptions;

    fn looking() -> Arc<Looking> {
        Arc::new(Looking {
            dns: None,
            connect: None,
            tls: TlsOptions::default(),
            caa: None,
            host_caa: false,
            tlsa: false,
            doors: Arc::new(Doors::default()),
            at_most: AT_MOST,
        })
    }

    fn files(count: usize) -> impl Iterator<Item = (usize, Target)> + Send + 'static {
        (0..count).map(|number| (number, Target::File(format!("./{number}.pem"))))
    }

    const IN_ORDER: Manner = Manner { in_order: true, asks_others: false };

    #[test]
    fn results_come_in_the_order_of_the_targets() {
        let mut told = Vec::new();
        let work = |(): &mut (), seen: Seen| {
            if seen.number.is_multiple_of(7) {
                std::thread::sleep(Duration::from_millis(2));
            }
            Ok(Some((seen.number, 1)))
        };
        let done = |number| {
            told.push(number);
            Ok(())
        };
        flow(&runtime().unwrap(), files(200), looking(), (IN_ORDER, &Stop::new()), || (), work, done)
            .unwrap();
        assert_eq!(told, (0..200).collect::<Vec<_>>());
    }

    /// However far ahead others are, what waits for the first one is bounded.
    #[test]
    fn what_waits_for_a_slow_one_is_bounded() {
        let judged = std::sync::atomic::AtomicUsize::new(0);
        let most = MOST_WAITING / (1 << 20) + UNDER_WAY + 2;
        let work = |(): &mut (), seen: Seen| {
            if seen.number == 0 {
                while judged.load(Ordering::SeqCst) < 32 {
                    std::thread::yield_now();
                }
                std::thread::sleep(Duration::from_millis(200));
                assert!(judged.load(Ordering::SeqCst) <= most);
            }
            judged.fetch_add(1, Ordering::SeqCst);
            Ok(Some((seen.number, 1 << 20)))
        };
        let manner = Manner { asks_others: true, ..IN_ORDER };
        let mut told = 0;
        let done = |_| {
            told += 1;
            Ok(())
        };
        flow(&runtime().unwrap(), files(4000), looking(), (manner, &Stop::new()), || (), work, done).unwrap();
        assert_eq!(told, 4000);
    }

    /// What was done when a run is stopped is told, in order; the rest is left.
    #[test]
    fn a_run_that_is_stopped_tells_what_was_done() {
        let stop = Stop::new();
        let mut told = Vec::new();
        let work = |(): &mut (), seen: Seen| {
            if seen.number == 50 {
                stop.stop();
            }
            Ok((!stop.is_stopped()).then_some((seen.number, 1)))
        };
        let done = |number| {
            told.push(number);
            Ok(())
        };
        let all = (0..).map(|number| (number, Target::File(format!("./{number}.pem"))));
        flow(&runtime().unwrap(), all, looking(), (IN_ORDER, &stop), || (), work, done).unwrap();
        // Others were under way beside the one that stopped it.
        let most = 50 + UNDER_WAY;
        assert!(!told.is_empty() && told.len() <= most && told.is_sorted(), "{told:?}");
        assert!(!told.contains(&50), "{told:?}");
    }

    #[test]
    fn a_failure_of_the_receiver_ends_the_run() {
        let work = |(): &mut (), seen: Seen| Ok(Some((seen.number, 1)));
        let done = |number| if number == 10 { Err(anyhow::anyhow!("full")) } else { Ok(()) };
        let all = (0..).map(|number| (number, Target::File(format!("./{number}.pem"))));
        let ended = flow(&runtime().unwrap(), all, looking(), (IN_ORDER, &Stop::new()), || (), work, done);
        assert_eq!(ended.unwrap_err().to_string(), "full");
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_is_not_swallowed() {
        let work = |(): &mut (), seen: Seen| {
            assert_ne!(seen.number, 50);
            Ok(Some(((), 1)))
        };
        let all = (0..).map(|number| (number, Target::File(format!("./{number}.pem"))));
        let _ = flow(&runtime().unwrap(), all, looking(), (IN_ORDER, &Stop::new()), || (), work, |()| Ok(()));
    }
}
