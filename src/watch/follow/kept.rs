//! The issuers that the state keeps, read once for all logs of a process: whose name a certificate bears is told by
//! certificates that other entries had above them.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::issuance::issuers::Issuers;
use crate::judge::Inputs;
use crate::watch::state::{State, StateError};

/// Them, as far as they were read, and how many the state kept then.
#[derive(Debug, Default)]
pub(super) struct KeptIssuers(Mutex<Option<(u64, Arc<Issuers>)>>);

impl KeptIssuers {
    /// All that the state keeps now, whoever found them. They are read again only where there are more.
    pub(super) async fn pool(&self, state: &State, inputs: &Inputs) -> Result<Arc<Issuers>, StateError> {
        let mut known = self.0.lock().await;
        let count = state.count_issuers().await?;
        if let Some((_, pool)) = known.as_ref().filter(|(before, _)| *before == count) {
            return Ok(Arc::clone(pool));
        }
        let kept = state.issuers().await?;
        let pool = inputs.pool_with(&kept);
        *known = Some((count, Arc::clone(&pool)));
        Ok(pool)
    }
}
