//! What is to be watched, for whom, and in which logs: read from options, policy and lists, and checked before anything
//! is done.

use super::logs::{self, Selection};
use super::revocation::Looking;
use super::setup::{Setup, log_filter};
use super::{WatchOptions, is_unread};
use crate::cli::list_options::announce_refused;
use crate::observe::clock;
use crate::watch::state::{State, StateError};

/// It.
pub(super) struct Plan {
    /// Names, channels, and what is judged by.
    pub(super) setup: Setup,
    /// The logs.
    pub(super) selection: Selection,
    /// Whether revocations are looked at.
    pub(super) looking: Looking,
}

impl Plan {
    /// The plan of a setup; without a log it could follow, there is none.
    pub(super) fn of(options: &WatchOptions, setup: Setup) -> anyhow::Result<Self> {
        announce_refused(&setup.judging_inputs.log_lists);
        let filter = log_filter(options, &setup.judging_inputs.policy);
        let selection = logs::select(&setup.judging_inputs.logs, clock::now(), &filter);
        if let Some(why) = selection.unmatched.first() {
            anyhow::bail!("--log, or logs of [watch]: {why}");
        }
        if selection.is_hopeless() {
            anyhow::bail!("no log of the list can be followed: {}", selection.why_none());
        }
        let looking = Looking::new(options, &setup)?;
        Ok(Self { setup, selection, looking })
    }

    /// Follows those logs as well of which this state has entries that were not proven.
    pub(super) async fn follow_unread(&mut self, state: &State) -> Result<(), StateError> {
        let logs = state.logs().await?;
        let is_open = |id: &[u8; 32]| logs.iter().any(|log| log.log_id == *id && is_unread(log));
        self.selection.follow_unread(is_open);
        Ok(())
    }
}
