//! Asking CT logs whether they hold what they promised.
//!
//! A log is asked one thing after another, a few logs at the same time. What it said is remembered within bounds, so
//! that the tree head is asked for once a run, and most other things too. What to ask comes from `ct::inclusion`; here it
//! is only asked and written down.

mod session;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::task::JoinSet;

use self::session::{PATIENCE, Session};
use super::clock;
use super::http::HttpClient;
use super::tree_heads::TreeHeads;
use crate::ct::inclusion::{LogQuestion, LogView, Wanted, wanted};
use crate::ct::log_id::LogId;
use crate::evidence::ct_log::CtLogObservation;

/// How many logs are asked at the same time.
const LOGS_AT_ONCE: usize = 8;

/// A client for every log of a run. Clones share what they know: a log shows all targets the same tree head.
#[derive(Clone, Debug)]
pub struct LogClient(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    http: HttpClient,
    tree_heads: TreeHeads,
    turns: Semaphore,
    logs: Mutex<HashMap<LogId, Arc<AsyncMutex<Option<Session>>>>>,
}

impl LogClient {
    /// A client that compares with these tree heads.
    pub fn new(http: HttpClient, tree_heads: TreeHeads) -> Self {
        let turns = Semaphore::new(LOGS_AT_ONCE);
        Self(Arc::new(Shared { http, tree_heads, turns, logs: Mutex::default() }))
    }

    /// Asks each log about its promises; the answers come in the order of the questions.
    pub async fn ask(&self, questions: Vec<LogQuestion>) -> Vec<CtLogObservation> {
        let mut tasks = JoinSet::new();
        for (place, question) in questions.into_iter().enumerate() {
            let client = self.clone();
            tasks.spawn(async move { (place, client.ask_one(&question).await) });
        }
        let mut observations = Vec::new();
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(observation) => observations.push(observation),
                // A task that panicked must not pass for a log that was never asked.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        observations.sort_by_key(|(place, _)| *place);
        observations.into_iter().map(|(_, observation)| observation).collect()
    }

    /// Asks one log until nothing more is wanted of it. Meanwhile nobody else asks it.
    async fn ask_one(&self, question: &LogQuestion) -> CtLogObservation {
        let place = {
            let mut logs = self.0.logs.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(logs.entry(question.log_id).or_default())
        };
        let mut place = place.lock().await;
        let session =
            place.get_or_insert_with(|| Session::new(self.0.tree_heads.kept(&question.log_id), PATIENCE));
        // Nobody closes the semaphore, so there is always a turn.
        let _turn = self.0.turns.acquire().await;
        let mut observation = CtLogObservation {
            log_id: question.log_id.to_string(),
            asked_at: Some(clock::now()),
            url: question.url.clone(),
            monitoring_url: question.monitoring_url.clone(),
            kept: session.kept.clone(),
            not_asked: question.not_asked.clone(),
            broken_off: None,
            exchanges: Vec::new(),
        };
        loop {
            let next = next(question, &observation);
            if next.is_empty() {
                return observation;
            }
            for wanted in next {
                match session.get(wanted, &self.0.http).await {
                    Ok(exchange) => observation.exchanges.push(exchange),
                    Err(why) => {
                        observation.broken_off = Some(why);
                        return observation;
                    }
                }
            }
        }
    }
}

/// What is wanted next; nothing from a log whose key cannot be read.
fn next(question: &LogQuestion, observation: &CtLogObservation) -> Vec<Wanted> {
    let view = LogView::new(
        question.log_id,
        question.log_type,
        &question.key_spki,
        question.merge_delay,
        observation,
    );
    view.map(|view| wanted(&view, &question.promises)).unwrap_or_default()
}
