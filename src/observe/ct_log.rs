//! Asking CT logs whether they hold what they promised.
//!
//! A log is asked one thing after another, a few logs at the same time, and each thing once a run. What to ask
//! comes from `ct::inclusion`; here it is only asked and written down.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::http::{HttpClient, HttpRequest};
use super::tree_heads::TreeHeads;
use crate::ct::inclusion::{LogQuestion, LogView, Wanted, wanted};
use crate::evidence::ct_log::CtLogObservation;
use crate::evidence::http::{HttpExchange, HttpOutcome};

/// How many logs are asked at the same time.
const LOGS_AT_ONCE: usize = 8;

/// After how many failures in a row a log is left alone.
const MOST_FAILURES: usize = 3;

/// Asks every log; the answers come in the order of the questions.
pub async fn ask(
    questions: Vec<LogQuestion>,
    client: &HttpClient,
    tree_heads: &TreeHeads,
) -> Vec<CtLogObservation> {
    let turns = Arc::new(Semaphore::new(LOGS_AT_ONCE));
    let mut tasks = JoinSet::new();
    for (place, question) in questions.into_iter().enumerate() {
        let kept = tree_heads.kept(&question.log_id);
        let (client, turns) = (client.clone(), Arc::clone(&turns));
        tasks.spawn(async move {
            let _turn = turns.acquire().await;
            let observation = CtLogObservation {
                log_id: question.log_id.to_string(),
                url: question.url.clone(),
                monitoring_url: question.monitoring_url.clone(),
                kept,
                not_asked: question.not_asked.clone(),
                broken_off: None,
                exchanges: Vec::new(),
            };
            (place, ask_one(&question, observation, &client).await)
        });
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

/// Asks one log until nothing more is wanted of it.
async fn ask_one(
    question: &LogQuestion,
    mut observation: CtLogObservation,
    client: &HttpClient,
) -> CtLogObservation {
    let mut failures = 0_usize;
    loop {
        let next = next(question, &observation);
        if next.is_empty() {
            return observation;
        }
        for Wanted { url, max_octets } in next {
            let exchange = client.get(HttpRequest::new(url, max_octets)).await;
            failures = if is_answered(&exchange) { 0 } else { failures.saturating_add(1) };
            observation.exchanges.push(exchange);
            if failures >= MOST_FAILURES {
                let why =
                    format!("it was not asked for, because the log failed {MOST_FAILURES} times in a row");
                observation.broken_off = Some(why);
                return observation;
            }
        }
    }
}

/// What is wanted next; nothing from a log whose key cannot be read.
fn next(question: &LogQuestion, observation: &CtLogObservation) -> Vec<Wanted> {
    let view = LogView::new(question.log_id, question.log_type, &question.key_spki, observation);
    view.map(|view| wanted(&view, &question.promises)).unwrap_or_default()
}

/// Whether the log said anything of its own: even that something is not there.
fn is_answered(exchange: &HttpExchange) -> bool {
    match exchange.outcome() {
        Some(HttpOutcome::Response(response)) => response.status < 500 && response.status != 429,
        Some(HttpOutcome::Failed(_)) | None => false,
    }
}
