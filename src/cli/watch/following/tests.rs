//! Logs that become usable later.

use std::sync::{Arc, Mutex};

use super::*;
use crate::cli::watch::logs::select;
use crate::ct::log_table::LogTable;
use crate::observe::clock;
use crate::watch::metrics::WatchMetrics;

fn chosen(count: usize) -> Selection {
    let at = "2026-11-21T00:00:00Z".parse().unwrap();
    let mut all = select(&LogTable::embedded(), at, &[]);
    all.followed.truncate(count);
    all
}

#[test]
fn what_becomes_usable_is_followed_and_what_broke_is_begun_again() {
    let metrics = Arc::new(WatchMetrics::new(clock::now()));
    let printer = Printer::new(false, Arc::clone(&metrics));
    let history: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut selection = chosen(2);
    let names: Vec<String> = chosen(3).followed.iter().map(|log| log.log.name.clone()).collect();
    let broken = names[0].clone();
    let begin = |log: &FollowedLog, _: Receiver<bool>| {
        let name = log.log.name.clone();
        history.lock().unwrap().push(name.clone());
        let is_first = history.lock().unwrap().iter().filter(|known| **known == name).count() == 1;
        let (is_broken, history) = (is_first && name == broken, Arc::clone(&history));
        async move {
            assert!(!is_broken, "a fault of ours");
            // Until the third log and the broken one again are there.
            while history.lock().unwrap().len() < 4 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Outcome::Stopped
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let every = Some(Duration::from_millis(20));
    let choose = async || Some(ChosenAnew { selection: chosen(3), may_change: true });
    let outcomes = runtime.block_on(follow_all(&mut selection, &printer, begin, every, choose));
    assert_eq!((outcomes.len(), selection.followed.len()), (3, 3), "each ended, and is in the report");
    let mut history = history.lock().unwrap().clone();
    history.sort();
    let mut expected = [names, vec![broken]].concat();
    expected.sort();
    assert_eq!(history, expected);
    let errors: Vec<_> =
        metrics.readings(0, None, clock::now()).into_iter().flat_map(|log| log.errors).collect();
    assert_eq!(errors, [("panic".to_owned(), 1)], "it is counted");
}

/// Begins logs that run until they are told to end, and keeps what happened with each.
fn told(
    history: &Arc<Mutex<Vec<String>>>,
    log: &FollowedLog,
    mut ended: Receiver<bool>,
) -> impl Future<Output = Outcome> + use<> {
    let (history, log) = (Arc::clone(history), log.log.clone());
    history.lock().unwrap().push(format!("begun {} {}", log.name, log.url));
    async move {
        let _ = ended.wait_for(|ended| *ended).await;
        history.lock().unwrap().push(format!("ended {}", log.name));
        Outcome::Stopped
    }
}

/// Follows the first logs of the list, chooses once as `choose` says, and gives what is followed then, and what happened.
fn after(choose: impl Fn() -> ChosenAnew) -> (Selection, Vec<String>, Arc<WatchMetrics>) {
    let metrics = Arc::new(WatchMetrics::new(clock::now()));
    let printer = Printer::new(false, Arc::clone(&metrics));
    let history: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut selection = chosen(3);
    selection.followed.iter().for_each(|log| printer.shown(log));
    let times = std::cell::Cell::new(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let begin = |log: &FollowedLog, ended| told(&history, log, ended);
    runtime.block_on(async {
        let (enough, is_enough) = tokio::sync::oneshot::channel();
        let enough = std::cell::RefCell::new(Some(enough));
        let choose = async || {
            times.set(times.get() + 1);
            if times.get() == 1 {
                return Some(choose());
            }
            // What was begun or ended by the first time has happened by the third.
            if times.get() == 3 {
                enough.borrow_mut().take().unwrap().send(()).unwrap();
            }
            None
        };
        tokio::select! {
            _ = follow_all(&mut selection, &printer, begin, Some(Duration::from_millis(20)), choose) => panic!("all ended"),
            _ = is_enough => {}
        }
    });
    let history = history.lock().unwrap().clone();
    (selection, history, metrics)
}

#[test]
fn a_log_is_followed_by_what_the_list_says_of_it_now() {
    let first = chosen(3);
    let name = |place: usize| first.followed[place].log.name.clone();
    let begun: Vec<String> =
        first.followed.iter().map(|log| format!("begun {} {}", log.log.name, log.log.url)).collect();
    let id = |place: usize| first.followed[place].label().id;

    // One has moved, one is retired, and one stays as it was.
    let changed = |may_change| {
        let mut selection = chosen(2);
        selection.followed[0].log.url = "https://moved.example/".to_owned();
        selection.followed[0].log.is_closed = true;
        ChosenAnew { selection, may_change }
    };
    let (selection, history, metrics) = after(|| changed(true));
    assert_eq!(history[..3], begun);
    let mut then = history[3..].to_vec();
    then.sort();
    let expected = [
        format!("begun {} https://moved.example/", name(0)),
        format!("ended {}", name(0)),
        format!("ended {}", name(2)),
    ];
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(then, expected);
    assert_eq!(selection.followed.len(), 2);
    let shown: Vec<String> = metrics.readings(0, None, clock::now()).into_iter().map(|log| log.id).collect();
    assert!(!shown.contains(&id(2)) && shown.len() == 2, "{shown:?}");

    // An older list that stands in for one that is refused changes nothing.
    let (selection, history, _) = after(|| changed(false));
    assert_eq!((history.as_slice(), selection.followed.len()), (begun.as_slice(), 3));
    assert!(selection.followed.iter().all(|log| log.log.url != "https://moved.example/"));

    // Neither does a list by which no log could be followed.
    let (_, history, _) = after(|| ChosenAnew { selection: chosen(0), may_change: true });
    assert_eq!(history, begun);
}

#[test]
fn a_log_that_is_chosen_again_while_it_ends_is_followed_on() {
    let metrics = Arc::new(WatchMetrics::new(clock::now()));
    let printer = Printer::new(false, Arc::clone(&metrics));
    let history: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut selection = chosen(3);
    let name = selection.followed[2].log.name.clone();
    let (may_end, ends) = watch::channel(false);
    let begin = |log: &FollowedLog, mut ended: Receiver<bool>| {
        let (history, name, mut ends) = (Arc::clone(&history), log.log.name.clone(), ends.clone());
        async move {
            history.lock().unwrap().push(name);
            let _ = ended.wait_for(|ended| *ended).await;
            // What it holds of the log it gives back slowly.
            let _ = ends.wait_for(|ends| *ends).await;
            Outcome::Stopped
        }
    };
    let times = std::cell::Cell::new(0);
    let choose = async || {
        times.set(times.get() + 1);
        match times.get() {
            1 => Some(ChosenAnew { selection: chosen(2), may_change: true }),
            // An older list that stands in for one that is refused is good for more.
            2 => Some(ChosenAnew { selection: chosen(3), may_change: false }),
            _ => {
                let _ = may_end.send(true);
                None
            }
        }
    };
    let is_back = async {
        for _ in 0..1000 {
            if history.lock().unwrap().iter().filter(|begun| **begun == name).count() == 2 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::select! {
            _ = follow_all(&mut selection, &printer, begin, Some(Duration::from_millis(20)), choose) => panic!("all ended"),
            is_back = is_back => assert!(is_back, "{:?}", history.lock().unwrap()),
        }
    });
    assert_eq!(selection.followed.len(), 3);
    let shown: Vec<String> =
        metrics.readings(0, None, clock::now()).into_iter().map(|log| log.name).collect();
    assert!(shown.contains(&name), "{shown:?}");
}
