//! What can go wrong, and how long is waited then.

use std::time::Duration;

use crate::watch::batch::BatchError;
use crate::watch::reader::ReadError;
use crate::watch::state::{Head, StateError};

/// The longest pause that a log may ask for.
pub(super) const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The state could not do what was asked.
    #[error(transparent)]
    State(#[from] StateError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An answer with entries cannot be used.
    #[error("the log's answer cannot be used: {error}")]
    Batch {
        /// Why.
        error: BatchError,
        /// The answer, or its beginning.
        octets: Vec<u8>,
    },
    /// Two trees of the log contradict each other.
    #[error("{what}")]
    Heads {
        /// What is wrong with them.
        what: String,
        /// Whether a smaller tree was signed later, where each may be a tree of its own.
        has_shrunk: bool,
        /// The one that was known.
        known: Box<Head>,
        /// The one that it shows now.
        shown: Box<Head>,
    },
    /// The entries that were read do not have the signed root.
    #[error("the {} entries that the log gave do not have the root that it signed", .goal.size)]
    OtherRoot {
        /// The tree head.
        goal: Box<Head>,
        /// The root that the entries have.
        root: String,
    },
}

impl Trouble {
    /// Whether another process works on it now.
    pub(super) fn is_lost_lease(&self) -> bool {
        matches!(
            self,
            Self::State(StateError::LeaseLost | StateError::Elsewhere { .. } | StateError::NotRead)
        )
    }

    /// Whether asking again soon changes nothing.
    pub(super) fn is_for_good(&self) -> bool {
        matches!(self, Self::Read(ReadError::Gone(_) | ReadError::Unusable(_)))
    }

    /// How long the log asked to be left alone.
    pub(super) fn asked_pause(&self) -> Option<Duration> {
        match self {
            Self::Read(ReadError::Passing { pause, .. }) => *pause,
            _ => None,
        }
    }
}

/// Somewhat more or less, so that not all come at the same time.
pub(super) fn jittered(time: Duration) -> Duration {
    let mut octets = [0; 2];
    // Without chance it is the time itself.
    let share = match getrandom::fill(&mut octets) {
        Ok(()) => u32::from(u16::from_be_bytes(octets)),
        Err(_) => 32_768,
    };
    // Nine to eleven tenths.
    let tenth = time / 10;
    time.saturating_sub(tenth).saturating_add(tenth.saturating_mul(2).saturating_mul(share) / 65_536)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_a_tenth() {
        for seconds in [0, 1, 60, 3600] {
            let time = Duration::from_secs(seconds);
            let moved = jittered(time);
            assert!(moved >= time * 9 / 10 && moved <= time * 11 / 10, "{time:?}: {moved:?}");
        }
    }
}
