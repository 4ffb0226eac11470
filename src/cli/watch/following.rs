//! Every log followed at the same time; in a service by what the lists say of them as time goes on.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch::{self, Receiver, Sender};
use tokio::task::{Id, JoinSet};

use super::logs::{FollowedLog, Selection};
use super::observer::{Printer, say};
use crate::ct::log_id::LogId;
use crate::watch::follow::{LogLabel, LogToFollow, Outcome};

/// How often a service chooses its logs anew.
pub(super) const CHOSEN_ANEW: Duration = Duration::from_hours(1);

/// The logs that are to be followed by now.
pub(super) struct ChosenAnew {
    /// They.
    pub(super) selection: Selection,
    /// Whether what it says of the logs that are followed counts: where an older list stands in, it is only good for more.
    pub(super) may_change: bool,
}

/// A log that is being followed.
struct Running {
    log: LogToFollow,
    label: LogLabel,
    /// Ends it, between two commits.
    end: Sender<bool>,
    /// What becomes of it once it has ended.
    then: Then,
}

enum Then {
    /// Its outcome is kept.
    Ended,
    /// It is followed anew, by what is said of it now.
    Anew(Box<FollowedLog>),
    /// It was chosen no more.
    Gone,
}

/// Those that run, and how the others ended.
struct Logs<B> {
    begin: B,
    tasks: JoinSet<Outcome>,
    running: HashMap<Id, Running>,
    outcomes: HashMap<[u8; 32], Outcome>,
}

/// Follows the logs of a selection, and gives how each ended, by its id. `begin` follows one until its channel says that
/// it is to end. After each `every`, `choose` says which logs are to be followed now: those that are not are begun, also
/// those that a fault of ours had ended; one of which something else is said now (its URL, whether it is closed) is
/// followed anew by that, and one that is chosen no more is ended.
pub(super) async fn follow_all<F: Future<Output = Outcome> + Send + 'static>(
    selection: &mut Selection,
    printer: &Printer,
    begin: impl Fn(&FollowedLog, Receiver<bool>) -> F,
    every: Option<Duration>,
    choose: impl AsyncFn() -> Option<ChosenAnew>,
) -> HashMap<[u8; 32], Outcome> {
    let mut logs = Logs { begin, tasks: JoinSet::new(), running: HashMap::new(), outcomes: HashMap::new() };
    for log in &selection.followed {
        logs.begin(log);
    }
    loop {
        let again = async {
            match every {
                Some(every) => tokio::time::sleep(every).await,
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            ended = logs.tasks.join_next_with_id() => ended,
            () = again => {
                if let Some(chosen) = choose().await {
                    logs.change(selection, chosen, printer);
                }
                continue;
            }
        };
        let (id, outcome) = match ended {
            None => return logs.outcomes,
            Some(Ok((id, outcome))) => (id, Some(outcome)),
            Some(Err(error)) => (error.id(), None),
        };
        let Some(running) = logs.running.remove(&id) else { continue };
        if outcome.is_none() {
            let what = "following it ended by a fault of pinstead";
            printer.failed(&running.label, "panic", what);
            let then = if every.is_some() { "; it is begun again within the hour" } else { "" };
            say(&format!("{}: {what}{then}", running.log.name));
        }
        match running.then {
            Then::Anew(log) => logs.begin(&log),
            Then::Gone => printer.gone(&running.label),
            Then::Ended => {
                if let Some(outcome) = outcome {
                    logs.outcomes.insert(running.log.log_id, outcome);
                }
            }
        }
    }
}

impl<B> Logs<B> {
    fn begin<F>(&mut self, log: &FollowedLog)
    where
        F: Future<Output = Outcome> + Send + 'static,
        B: Fn(&FollowedLog, Receiver<bool>) -> F,
    {
        let (end, ended) = watch::channel(false);
        self.outcomes.remove(&log.log.log_id);
        let id = self.tasks.spawn((self.begin)(log, ended)).id();
        let running = Running { log: log.log.clone(), label: log.label(), end, then: Then::Ended };
        self.running.insert(id, running);
    }

    /// Follows what is to be followed now, by what is said of it now.
    fn change<F>(&mut self, selection: &mut Selection, chosen: ChosenAnew, printer: &Printer)
    where
        F: Future<Output = Outcome> + Send + 'static,
        B: Fn(&FollowedLog, Receiver<bool>) -> F,
    {
        let ChosenAnew { selection: mut chosen, may_change } = chosen;
        if chosen.followed.is_empty() {
            say(&format!("warning: the logs followed so far are followed on: {}", chosen.why_none()));
            return;
        }
        for log in &chosen.followed {
            let Some(running) = self.running.values_mut().find(|one| one.log.log_id == log.log.log_id) else {
                say(&format!("{}: followed from now on ({})", log.log.name, log.state.name()));
                printer.shown(log);
                self.begin(log);
                continue;
            };
            // One that is ending is followed no more: that it is again is no change of what is said of it.
            let is_gone = matches!(running.then, Then::Gone);
            let is_ending = !matches!(running.then, Then::Ended);
            if !is_gone && (!may_change || (running.log == log.log && !is_ending)) {
                continue;
            }
            if is_gone {
                say(&format!("{}: followed from now on ({})", log.log.name, log.state.name()));
            } else if !is_ending {
                say(&format!("{}: followed anew: {}", log.log.name, changes(&running.log, log)));
            }
            printer.shown(log);
            running.then = Then::Anew(Box::new(log.clone()));
            let _ = running.end.send(true);
        }
        for known in std::mem::take(&mut selection.followed) {
            let id = known.log.log_id;
            if let Some(place) = chosen.followed.iter().position(|log| log.log.log_id == id) {
                if !may_change {
                    // What is said of it stays what it was.
                    if let Some(log) = chosen.followed.get_mut(place) {
                        *log = known;
                    }
                }
                continue;
            }
            // Where only its name was another one, it was wanted under the one that it had.
            let out = chosen.left_out.iter().position(|log| log.id == LogId(id));
            let by_name = out.and_then(|place| chosen.left_out.get(place)).is_some_and(|log| log.by_name);
            let Some(running) = self.running.values_mut().find(|running| running.log.log_id == id) else {
                self.outcomes.remove(&id);
                printer.gone(&known.label());
                continue;
            };
            if !may_change || by_name {
                if let Some(out) = out {
                    chosen.left_out.remove(out);
                }
                chosen.followed.push(known);
                continue;
            }
            let why = out.and_then(|place| chosen.left_out.get(place)).map(|log| log.why.as_str());
            let why = why.unwrap_or("it is in the list no more");
            say(&format!("{}: followed no more: {why}", known.log.name));
            running.then = Then::Gone;
            let _ = running.end.send(true);
        }
        *selection = chosen;
    }
}

/// What is said of a log now and was not, for people.
fn changes(before: &LogToFollow, now: &FollowedLog) -> String {
    let mut all = Vec::new();
    if before.name != now.log.name {
        all.push(format!("it was called {}", before.name));
    }
    if before.url != now.log.url {
        all.push(format!("its URL is {} and was {}", now.log.url, before.url));
    }
    if before.kind != now.log.kind {
        all.push("it is read in another way".to_owned());
    }
    if before.is_closed != now.log.is_closed || all.is_empty() {
        all.push(format!("it is {} now", now.state.name()));
    }
    all.join("; ")
}

#[cfg(test)]
mod tests;
