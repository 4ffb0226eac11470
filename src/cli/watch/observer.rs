//! What happens with the logs, said on standard error, counted, and kept for the report.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use super::logs::Selection;
use super::setup::Setup;
use crate::observe::clock;
use crate::report::human::safe;
use crate::watch::follow::{Event, LogLabel, Observer, Summary};
use crate::watch::metrics::WatchMetrics;

/// The most certificates that a report lists.
const MOST_LISTED: usize = 10_000;

/// Hears of everything.
pub(super) struct Printer {
    is_once: bool,
    metrics: Arc<WatchMetrics>,
    kept: Mutex<Kept>,
}

/// What a report is made of.
#[derive(Default)]
struct Kept {
    found: Vec<Summary>,
    left_out: u64,
    /// How far each log was read, by name.
    read: HashMap<String, u64>,
}

impl Printer {
    pub(super) fn new(is_once: bool, metrics: Arc<WatchMetrics>) -> Self {
        Self { is_once, metrics, kept: Mutex::default() }
    }

    /// Says what is about to be done.
    pub(super) fn announce(&self, setup: &Setup, selection: &Selection) {
        let names = setup.watched.names().len();
        say(&format!(
            "{} {names} watched {} in {} logs; state in {}",
            if self.is_once { "looking once for" } else { "watching for" },
            if names == 1 { "name" } else { "names" },
            selection.followed.len(),
            setup.place,
        ));
        for (why, count) in selection.reasons() {
            say(&format!("left out: {count} {}: {why}", if count == 1 { "log" } else { "logs" }));
        }
    }

    /// The certificates that were found and not known before, and how many more there were.
    pub(super) fn found(&self) -> (Vec<Summary>, u64) {
        let mut kept = self.kept();
        let mut seen = std::collections::HashSet::new();
        // Two logs may have had it at the same moment.
        let mut found = std::mem::take(&mut kept.found);
        found.retain(|summary| seen.insert(summary.tbs_sha256.clone()));
        (found, kept.left_out)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_to(&self, log: &str, position: impl FnOnce(u64) -> u64) {
        let mut kept = self.kept();
        let read = kept.read.entry(log.to_owned()).or_default();
        *read = position(*read);
        self.metrics.log(log).read(*read);
    }
}

impl Observer for Printer {
    fn happened(&self, log: &LogLabel, event: &Event<'_>) {
        let metrics = self.metrics.log(&log.name);
        match event {
            Event::Began { proven, .. } => {
                metrics.proven(*proven);
                self.read_to(&log.name, |_| *proven);
                if !self.is_once {
                    say(&format!("{}: goes on behind entry {proven}", log.name));
                }
            }
            Event::Head(head) => metrics.head(head.size, head.timestamp, clock::now()),
            Event::Read(count) => {
                metrics.entries(*count);
                self.read_to(&log.name, |read| read.saturating_add(*count));
            }
            Event::Found(summary) => {
                metrics.certificates(1);
                if !self.is_once {
                    return;
                }
                let mut kept = self.kept();
                if kept.found.len() < MOST_LISTED {
                    kept.found.push((*summary).clone());
                } else {
                    kept.left_out = kept.left_out.saturating_add(1);
                }
            }
            Event::Proven(size) => {
                metrics.proven(*size);
                self.read_to(&log.name, |_| *size);
            }
            Event::Trouble { what, pause } => {
                metrics.error("trouble", what, clock::now());
                say(&format!("{}: {what}; tried again in {:.0} s", log.name, pause.as_secs_f64().ceil()));
            }
            Event::Fault(fault) => {
                metrics.fault(fault.kind.name(), &fault.text);
                say(&format!("{}: fault ({}): {}", log.name, fault.kind.name(), fault.text));
            }
            Event::FaultOver(kind) => {
                metrics.fault_ended(kind.name());
                say(&format!("{}: fault over ({})", log.name, kind.name()));
            }
        }
    }
}

/// Says something on standard error.
pub(super) fn say(text: &str) {
    // Nothing is left to do where even that cannot be written.
    let _ = writeln!(anstream::stderr().lock(), "{}", safe(text));
}
