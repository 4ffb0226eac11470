//! Saying in the state who follows a log: whoever asks whether it is watched now has nothing else to go by.

use std::convert::Infallible;
use std::time::Duration;

use super::{Following, LogToFollow, Outcome};

/// After which time it is tried again where the state does not know the log yet, or cannot be written; twice as long each
/// time, up to the second.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Says for as long as it is asked for that a service follows the log. A run that ends says only what it looked at.
pub(super) async fn that_it_is_followed(following: &Following, log: &LogToFollow) -> Infallible {
    let Following { state, settings, .. } = following;
    if settings.once {
        return std::future::pending().await;
    }
    let mut pause = AGAIN.0;
    loop {
        if state.follow(&log.log_id, settings.lease).await.unwrap_or(false) {
            pause = AGAIN.0;
            tokio::time::sleep((settings.lease / 3).max(AGAIN.0)).await;
        } else {
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(AGAIN.1);
        }
    }
}

/// Says that a service does no more, or that a run has looked at the log up to its end. What cannot be written ends by
/// itself, and was not looked at.
pub(super) async fn how_it_ended(following: &Following, log: &LogToFollow, outcome: &Outcome) {
    let Following { state, settings, .. } = following;
    let _ = match outcome {
        _ if !settings.once => state.follow_no_more(&log.log_id).await,
        Outcome::Proven { .. } => state.looked(&log.log_id).await,
        Outcome::Stopped | Outcome::Failed(_) | Outcome::NotKept(_) => Ok(()),
    };
}
