//! `pinstead watch --forget-head`: a way back from a tree head that a log cannot fulfil.

use anyhow::{Context as _, bail};

use super::WatchOptions;
use super::observer::say;
use super::setup::PolicyFile;
use crate::cli::Exit;
use crate::ct::log_id::LogId;
use crate::watch::state::{Place, State, StateOptions};

/// Forgets the last tree head of the log of this id or name.
pub(super) async fn run(options: &WatchOptions, named: &str) -> anyhow::Result<Exit> {
    let place = PolicyFile::read(options)?.place(options)?;
    if let Place::File(path) = &place
        && !path.exists()
    {
        bail!("there is no state in {place}");
    }
    let context = || format!("the state {place}");
    let state = State::open(&place, &StateOptions::default()).await.with_context(context)?;
    let logs = state.logs().await.with_context(context)?;
    let is_named = |id: &[u8; 32], name: &str| name == named || LogId(*id).to_string() == named;
    let mut logs = logs.iter().filter(|log| is_named(&log.log_id, &log.description));
    let (Some(log), None) = (logs.next(), logs.next()) else {
        bail!("the state has not exactly one log of the name or id “{named}”: see --status");
    };
    state.forget_head(log.number).await.with_context(context)?;
    state.close().await;
    say(&format!(
        "{}: its tree head is forgotten, and what was read and not proven; it goes on at entry {}",
        log.description,
        log.proven.size()
    ));
    Ok(Exit::Clean)
}
