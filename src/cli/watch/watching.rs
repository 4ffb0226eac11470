//! The logs of a plan, followed.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch::Receiver;

use super::following::{CHOSEN_ANEW, follow_all};
use super::logs::{FollowedLog, Selection};
use super::observer::{Printer, say};
use super::setup::Setup;
use super::{AHEAD, ROOM, WatchOptions, chosen_by, list_age, selected};
use crate::judge::ListAge;
use crate::observe::http::HttpClient;
use crate::policy::Policy;
use crate::watch::follow::{Following, Judging, Outcome, Settings, Start, follow};
use crate::watch::metrics::WatchMetrics;
use crate::watch::reader::Reader;
use crate::watch::reader::ahead::Room;
use crate::watch::state::State;

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

    /// Follows them until all are proven, or it is told to stop; gives how each ended, by its id.
    pub(super) async fn follow(&mut self) -> HashMap<[u8; 32], Outcome> {
        let (following, http) = (&self.following, &self.http);
        let begin = |log: &FollowedLog| {
            let (following, http, log) = (Arc::clone(following), http.clone(), log.log.clone());
            async move {
                match Reader::open(&http, log.kind, &log.url, &log.key) {
                    Ok(reader) => follow(&following, &log, Arc::new(reader)).await,
                    Err(error) => {
                        say(&format!("{}: it cannot be followed: {error}", log.name));
                        Outcome::Failed(error.to_string())
                    }
                }
            }
        };
        let (options, policy, metrics) = (self.options, &self.policy, &self.metrics);
        let choose = || {
            let (selection, list) = selected(options, policy)?;
            chosen_by(list.as_ref(), metrics);
            Some(selection)
        };
        let every = (!options.once).then_some(CHOSEN_ANEW);
        let outcomes = follow_all(&mut self.selection, &self.printer, begin, every, choose).await;
        for log in &self.selection.followed {
            if let Some(Outcome::Failed(why)) = outcomes.get(&log.log.log_id) {
                self.printer.failed(&log.label(), "given_up", why);
            }
        }
        outcomes
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
