//! What happens with the logs, said on standard error, counted, and kept for whoever asks later.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::watch::Receiver;

use super::again::OwnVerdict;
use super::logs::{FollowedLog, Selection};
use super::setup::Setup;
use crate::ct::log_fault::{FaultKind, LogFault};
use crate::observe::clock;
use crate::report::human::safe;
use crate::watch::follow::{Event, LogLabel, Observer, Summary};
use crate::watch::metrics::WatchMetrics;
use crate::watch::state::State;

/// The kind of errors that are the state's own.
pub(super) const OF_THE_STATE: &str = "state";
/// How often troubles are written to the state.
const WRITTEN: Duration = Duration::from_secs(5);
/// Of how many certificates is kept what was judged of them.
const MOST_FOUND: usize = 100_000;

/// Hears of everything.
pub(super) struct Printer {
    is_once: bool,
    metrics: Arc<WatchMetrics>,
    kept: Mutex<Kept>,
    /// The faults that were seen since this began, with `--once`: by the log's id and the kind, the first of each.
    seen: Mutex<BTreeMap<(String, FaultKind), LogFault>>,
    /// What this run judged of certificates, with `--once`: the last of each, of as many as are kept.
    found: Mutex<HashMap<String, OwnVerdict>>,
}

/// What keeps logs from being followed.
#[derive(Default)]
struct Kept {
    /// By id: whether the log has trouble, as far as this process has seen.
    has_trouble: HashMap<String, bool>,
    /// What is not in the state yet, by id: name, URL, and the trouble, or that it is over.
    changed: BTreeMap<String, (String, String, Option<String>)>,
}

impl Printer {
    pub(super) fn new(is_once: bool, metrics: Arc<WatchMetrics>) -> Self {
        let (kept, seen, found) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { is_once, metrics, kept, seen, found }
    }

    /// Says what is about to be done.
    pub(super) fn announce(&self, setup: &Setup, selection: &Selection) {
        let names = setup.watched.names().len();
        say(&format!(
            "{} {names} watched {} in {} {}; state in {}",
            if self.is_once { "looking once for" } else { "watching for" },
            if names == 1 { "name" } else { "names" },
            selection.followed.len(),
            if selection.followed.len() == 1 { "log" } else { "logs" },
            setup.place,
        ));
        for (why, count) in selection.reasons() {
            say(&format!("left out because {why}: {count} {}", if count == 1 { "log" } else { "logs" }));
        }
        if !self.is_once && !setup.has_channels {
            say(
                "warning: no channel of alerts is set up here: what is found is kept in the state, and nobody is \
                 told. See [alerts] of the policy",
            );
        }
        for log in &selection.followed {
            self.shown(log);
        }
    }

    /// A log is followed: its health is asked for before anything is known of it.
    pub(super) fn shown(&self, log: &FollowedLog) {
        let label = log.label();
        self.metrics.log(&label.id, &label.name).head_may_be(log.head_age);
    }

    /// A log is not followed any more: nothing is asked of its health.
    pub(super) fn gone(&self, label: &LogLabel) {
        self.metrics.forget(&label.id);
        self.kept().has_trouble.remove(&label.id);
    }

    /// Something that is not the log's fault ended what followed it.
    pub(super) fn failed(&self, label: &LogLabel, kind: &str, what: &str) {
        self.metrics.log(&label.id, &label.name).error(kind, what, clock::now());
        if kind != OF_THE_STATE {
            self.trouble(label, Some(what));
        }
    }

    /// Writes to the state what keeps logs from being followed, until it is told to stop.
    pub(super) async fn keep(&self, state: &State, mut stop: Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(WRITTEN) => {}
                () = over(&mut stop) => return,
            }
            self.write(state).await;
        }
    }

    /// Writes to the state what keeps logs from being followed. What cannot be written is in the metrics and on standard
    /// error all the same.
    pub(super) async fn write(&self, state: &State) {
        let changed = std::mem::take(&mut self.kept().changed);
        for (id, (name, url, text)) in changed {
            let Ok(Ok(id)) = STANDARD.decode(id).map(<[u8; 32]>::try_from) else { continue };
            let _ = state.keep_trouble(&id, (&name, &url), text.as_deref()).await;
        }
    }

    /// The faults that were seen in this run, those that are over by now among them.
    pub(super) fn faults(&self) -> Vec<LogFault> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// What this run judged of the certificates that it told of.
    pub(super) fn found(&self) -> HashMap<String, OwnVerdict> {
        std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn judged(&self, summary: &Summary) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        // What is not kept is judged once more for the report.
        if self.is_once && found.len() < MOST_FOUND {
            found.insert(summary.tbs_sha256.clone(), (summary.severity, summary.expectation));
        }
    }

    fn saw(&self, fault: &LogFault) {
        // A service tells of them by its alerts, and need not keep any.
        if self.is_once {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.entry((fault.log_id.clone(), fault.kind)).or_insert_with(|| fault.clone());
        }
    }

    fn trouble(&self, log: &LogLabel, what: Option<&str>) {
        let mut kept = self.kept();
        let before = kept.has_trouble.insert(log.id.clone(), what.is_some());
        if what.is_some() || before != Some(false) {
            let told = (log.name.clone(), log.url.clone(), what.map(str::to_owned));
            kept.changed.insert(log.id.clone(), told);
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Printer {
    fn happened(&self, log: &LogLabel, event: &Event<'_>) {
        let metrics = self.metrics.log(&log.id, &log.name);
        match event {
            Event::Began { proven, beginning, .. } => {
                if let Some(beginning) = beginning {
                    say(&format!("{}: {beginning}", log.name));
                } else if !self.is_once {
                    say(&format!("{}: goes on at entry {proven}", log.name));
                }
            }
            Event::Head(_) | Event::Proven(_) => self.trouble(log, None),
            Event::Read(count) => {
                metrics.entries(*count);
                self.trouble(log, None);
            }
            Event::Found(summary) => {
                self.judged(summary);
                metrics.certificates(1);
            }
            Event::Unsearched(what) => {
                metrics.error("names", what, clock::now());
                say(&format!("warning: {}: {what}", log.name));
            }
            Event::UnsearchedCount(count) => metrics.unsearched(*count),
            Event::Trouble { kind, what, pause } => {
                metrics.error(kind, what, clock::now());
                // What the state does not take keeps no log from being read, as whoever asks it later is told.
                if *kind != OF_THE_STATE {
                    self.trouble(log, Some(what));
                }
                say(&format!("{}: {what}; tried again in {:.0} s", log.name, pause.as_secs_f64().ceil()));
            }
            Event::FaultAgain(fault) => self.saw(fault),
            Event::Fault(fault) | Event::FaultKnown(fault) => {
                if matches!(event, Event::Fault(_)) {
                    self.saw(fault);
                }
                say(&format!("{}: fault ({}): {}", log.name, fault.kind.name(), fault.text));
            }
            Event::FaultOver(kind) => say(&format!("{}: fault over ({})", log.name, kind.name())),
        }
    }
}

/// Waits until all is to end.
async fn over(stop: &mut Receiver<bool>) {
    // Where the sender is gone, nobody is left who could want more.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Says something on standard error.
pub(super) fn say(text: &str) {
    // Nothing is left to do where even that cannot be written.
    let _ = writeln!(anstream::stderr().lock(), "{}", safe(text));
}
