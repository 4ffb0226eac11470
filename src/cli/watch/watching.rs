//! The logs of a plan, followed.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Receiver;

use super::following::{CHOSEN_ANEW, ChosenAnew, follow_all};
use super::logs::{FollowedLog, Selection};
use super::observer::{OF_THE_STATE, Printer, say};
use super::setup::Setup;
use super::{AHEAD, Chosen, ROOM, WatchOptions, chosen_by, is_unread, list_age, selected};
use crate::judge::ListAge;
use crate::observe::clock;
use crate::observe::http::HttpClient;
use crate::policy::Policy;
use crate::watch::follow::{Following, Judging, Outcome, Rejudging, Settings, Start, follow_until};
use crate::watch::metrics::WatchMetrics;
use crate::watch::reader::Reader;
use crate::watch::reader::ahead::Room;
use crate::watch::state::{State, StateError};

/// They, and what they are followed for.
pub(super) struct Watching<'o> {
    options: &'o WatchOptions,
    /// What the owner expects.
    pub(super) policy: Policy,
    /// The list that the logs are chosen by.
    pub(super) list: Option<ListAge>,
    /// How many names are watched.
    pub(super) names: usize,
    /// The logs.
    pub(super) selection: Selection,
    /// Hears what happens.
    pub(super) printer: Arc<Printer>,
    following: Arc<Following>,
    metrics: Arc<WatchMetrics>,
    http: HttpClient,
}

impl<'o> Watching<'o> {
    /// All that it takes; the channels of `setup` are its caller's.
    pub(super) fn new(
        options: &'o WatchOptions,
        (setup, selection): (Setup, Selection),
        state: &Arc<State>,
        (metrics, http): (&Arc<WatchMetrics>, &HttpClient),
        stop: Receiver<bool>,
    ) -> Self {
        let printer = Arc::new(Printer::new(options.once, Arc::clone(metrics)));
        printer.announce(&setup, &selection);
        let watched = Arc::clone(&setup.watched);
        Self {
            options,
            policy: setup.judging_inputs.policy.clone(),
            list: list_age(&setup.judging_inputs.logs),
            names: watched.names().len(),
            following: Arc::new(Following {
                state: Arc::clone(state),
                watched,
                settings: setup.settings(options, selection.followed.len()),
                judging: Arc::new(setup.judging()),
                room: Room::new(ROOM),
                stop,
                observer: printer.clone(),
            }),
            selection,
            printer,
            metrics: Arc::clone(metrics),
            http: http.clone(),
        }
    }

    /// What certificates are judged by.
    pub(super) fn judging(&self) -> Arc<Judging> {
        Arc::clone(&self.following.judging)
    }

    /// Judges again what is open by our wishes in logs whose followers did not: they are followed no more, or did not come so
    /// far. What is graver by that is told.
    pub(super) async fn judge_left(&self, outcomes: &HashMap<[u8; 32], Outcome>) {
        let is_done = |id: &[u8; 32]| matches!(outcomes.get(id), Some(Outcome::Proven { .. }));
        if let Err(error) = judge_left(&self.following, |id| !is_done(id)).await {
            say(&format!("warning: what was found before could not all be judged again: {error}"));
        }
    }

    /// Follows them until all are proven, or it is told to stop; gives how each ended, by its id.
    pub(super) async fn follow(&mut self) -> HashMap<[u8; 32], Outcome> {
        let (following, http) = (&self.following, &self.http);
        let begin = |log: &FollowedLog, ended: Receiver<bool>| {
            let (following, http, log) = (Arc::clone(following), http.clone(), log.log.clone());
            async move {
                match Reader::open(&http, log.kind, &log.url, &log.key) {
                    Ok(reader) => follow_until(&following, &log, Arc::new(reader), ended).await,
                    Err(error) => {
                        say(&format!("{}: it cannot be followed: {error}", log.name));
                        Outcome::Failed(error.to_string())
                    }
                }
            }
        };
        let (options, policy, metrics) = (self.options, &self.policy, &self.metrics);
        let newest = Cell::new(self.list.as_ref().map(|list| list.current_at));
        let choose = async || {
            let Chosen { mut selection, list, is_refused } = selected(options, policy)?;
            let logs = match following.state.logs().await {
                Ok(logs) => logs,
                Err(error) => {
                    say(&format!("warning: the logs cannot be chosen anew: {error}"));
                    return None;
                }
            };
            selection.follow_unread(|id| logs.iter().any(|log| log.log_id == *id && is_unread(log)));
            chosen_by(list.as_ref(), metrics);
            // What an older list does not say is no reason to stop anything.
            let current_at = list.map(|list| list.current_at);
            let is_older = is_refused || current_at < newest.get();
            newest.set(current_at.max(newest.get()));
            Some(ChosenAnew { selection, may_change: !is_older })
        };
        let every = (!options.once).then_some(CHOSEN_ANEW);
        let left = judge_left_hourly(following, &self.selection, every);
        let outcomes = tokio::select! {
            outcomes = follow_all(&mut self.selection, &self.printer, begin, every, choose) => outcomes,
            never = left => match never {},
        };
        for log in &self.selection.followed {
            match outcomes.get(&log.log.log_id) {
                Some(Outcome::Failed(why)) => self.printer.failed(&log.label(), "given_up", why),
                // Where it could not be kept, that cannot be either.
                Some(Outcome::NotKept(why)) => self.printer.failed(&log.label(), OF_THE_STATE, why),
                _ => {}
            }
        }
        outcomes
    }
}

/// Judges again what is open by our wishes in the logs that `is_left` says, as they stand in the state.
async fn judge_left(following: &Following, is_left: impl Fn(&[u8; 32]) -> bool) -> Result<(), StateError> {
    let state = &following.state;
    let mut judging = Rejudging::new(state, Arc::clone(&following.judging)).await?;
    for log in state.logs().await?.iter().filter(|log| is_left(&log.log_id)) {
        judging.judge_left(state, log.number, clock::now()).await?;
    }
    Ok(())
}

/// The same of a service for as long as it runs: at first of the logs that it does not follow, and from then on of all.
fn judge_left_hourly(
    following: &Arc<Following>,
    selection: &Selection,
    every: Option<Duration>,
) -> impl Future<Output = Infallible> + use<> {
    let mut followed: HashSet<[u8; 32]> = selection.followed.iter().map(|log| log.log.log_id).collect();
    let following = Arc::clone(following);
    async move {
        let Some(every) = every else { return std::future::pending().await };
        loop {
            if let Err(error) = judge_left(&following, |id| !followed.contains(id)).await {
                say(&format!("warning: what was found before could not all be judged again: {error}"));
            }
            followed.clear();
            tokio::time::sleep(every).await;
        }
    }
}

impl Setup {
    fn settings(&self, options: &WatchOptions, logs: usize) -> Settings {
        Settings {
            start: self.start.unwrap_or(Start::End),
            start_again: self.start,
            once: options.once,
            interval: self.interval,
            ahead: (AHEAD.1 / logs.max(1)).clamp(1, AHEAD.0),
            ..Settings::default()
        }
    }
}
