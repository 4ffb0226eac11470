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
    let begin = |log: &FollowedLog| {
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
    let outcomes = runtime.block_on(follow_all(&mut selection, &printer, begin, every, || Some(chosen(3))));
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
