//! `pinstead watch` as a service: until it is told to end, by the policy as it was read last.
//!
//! On SIGHUP the policy is read again, with the files that it and the options name. One that is in order takes the place of
//! the one before, as if the service had been started anew; of one that is not, standard error and the metrics tell, and
//! the one before stays.

use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::sync::watch::{self, Receiver, Sender};

use super::observer::say;
use super::plan::Plan;
use super::setup::Setup;
use super::watching::Watching;
use super::{WatchOptions, chosen_by, serve_metrics};
use crate::cli::Exit;
use crate::cli::signals::Hangups;
use crate::observe::clock;
use crate::observe::http::HttpClient;
use crate::watch::alert;
use crate::watch::metrics::WatchMetrics;
use crate::watch::state::{Place, State};

/// What stays from one policy to the next.
struct Service<'o> {
    options: &'o WatchOptions,
    place: Place,
    state: Arc<State>,
    metrics: Arc<WatchMetrics>,
    http: HttpClient,
}

/// Serves until `stopped` is true, or no log is left.
pub(super) async fn run(
    options: &WatchOptions,
    mut plan: Plan,
    state: Arc<State>,
    mut hangups: Hangups,
    (stop, mut stopped): (Sender<bool>, Receiver<bool>),
) -> anyhow::Result<Exit> {
    let service = Service {
        options,
        place: plan.setup.place.clone(),
        state,
        metrics: Arc::new(WatchMetrics::new(clock::now())),
        http: HttpClient::for_reading(None)?,
    };
    let address = plan.setup.metrics.clone();
    let served = match &address {
        Some(address) => Some(serve_metrics(address, &service.metrics, &service.state, &stopped).await?),
        None => None,
    };
    let mut state = Arc::clone(&service.state);
    let was_stopped = loop {
        let (end, ended) = watch::channel(false);
        let mut following = pin!(service.follow(plan, state, (end.clone(), ended)));
        let next = tokio::select! {
            () = &mut following => break false,
            next = service.changed(&mut hangups, &mut stopped) => next,
        };
        let _ = end.send(true);
        following.await;
        let Some(next) = next else { break true };
        (plan, state) = next;
        if plan.setup.metrics != address {
            say("warning: metrics are served where they were: another address takes a restart");
        }
    };
    // Whoever serves metrics ends as well.
    let _ = stop.send(true);
    if let Some(served) = served {
        let _ = served.await;
    }
    service.state.close().await;
    // Where nobody asked for the end, there is no log that could be followed.
    Ok(if was_stopped { Exit::Clean } else { Exit::Undetermined })
}

impl Service<'_> {
    /// Follows the logs of a plan, tells what is found, and looks at revocations, until it is told to end.
    async fn follow(&self, plan: Plan, state: Arc<State>, (end, ended): (Sender<bool>, Receiver<bool>)) {
        let Plan { mut setup, selection, looking } = plan;
        let ids: Vec<String> = selection.followed.iter().map(|log| log.label().id).collect();
        self.metrics.keep_only(&ids, &setup.state_options().channels);
        let channels = std::mem::take(&mut setup.channels);
        let clients = (&self.metrics, &self.http);
        let mut watching = Watching::new(self.options, (setup, selection), &state, clients, ended.clone());
        chosen_by(watching.list.as_ref(), &self.metrics);
        let metrics = Arc::clone(&self.metrics);
        let delivering = tokio::spawn(alert::deliver(Arc::clone(&state), channels, metrics, ended.clone()));
        let gate = self.options.gate.or_policy(&watching.policy);
        let looking = tokio::spawn(looking.keep(Arc::clone(&state), gate, ended.clone()));
        let keeping = {
            let (printer, state) = (Arc::clone(&watching.printer), Arc::clone(&state));
            tokio::spawn(async move { printer.keep(&state, ended).await })
        };
        watching.follow().await;
        // Whoever waits for alerts and questions ends as well.
        let _ = end.send(true);
        let _ = delivering.await;
        let _ = looking.await;
        let _ = keeping.await;
        watching.printer.write(&state).await;
    }

    /// Waits for a policy that takes the place of the one in use; `None` where all is to end.
    async fn changed(
        &self,
        hangups: &mut Hangups,
        stopped: &mut Receiver<bool>,
    ) -> Option<(Plan, Arc<State>)> {
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return None,
                () = hangups.next() => {}
            }
            match self.again().await {
                Ok(next) => {
                    self.metrics.read_policy(true);
                    say("the policy was read again; what is followed begins anew by it");
                    return Some(next);
                }
                Err(error) => {
                    self.metrics.read_policy(false);
                    say(&format!(
                        "warning: the policy was read again and cannot be used; the one before stays: {error:#}"
                    ));
                }
            }
        }
    }

    /// Reads all anew, and what of it can fail is tried before anything ends.
    async fn again(&self) -> anyhow::Result<(Plan, Arc<State>)> {
        let setup = Setup::read(self.options)?;
        if setup.place.to_string() != self.place.to_string() {
            bail!("the state is in {}, and another one takes a restart", self.place);
        }
        let mut plan = Plan::of(self.options, setup)?;
        let context = || format!("the state {}", self.place);
        let state = self.state.anew(&plan.setup.state_options()).await.with_context(context)?;
        plan.follow_unread(&state).await.with_context(context)?;
        if plan.selection.followed.is_empty() {
            bail!("no log of the list can be followed: {}", plan.selection.why_none());
        }
        Ok((plan, Arc::new(state)))
    }
}
