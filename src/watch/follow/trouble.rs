//! What can go wrong, and how long is waited then.

use std::time::Duration;

use crate::ct::log_fault::FaultKind;
use crate::observe::clock::Stopwatch;
use crate::watch::batch::BatchError;
use crate::watch::reader::ReadError;
use crate::watch::state::{Head, StateError};

/// The longest pause that a log may ask for.
pub(super) const LONGEST_ASKED: Duration = Duration::from_hours(1);

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
    /// The log signed what it must not, as its tree heads show by themselves.
    #[error("{what}")]
    Heads {
        /// What kind of fault it is.
        kind: FaultKind,
        /// What is wrong with them.
        what: String,
        /// The tree heads: the one that was known first, if there was one.
        heads: Vec<Head>,
    },
    /// It could not be had proven that of two trees one continues the other.
    #[error(
        "it signed a tree of {} entries and one of {}, and they could not be shown to be one tree: {error}",
        .known.size, .shown.size
    )]
    Unproven {
        /// The tree head that was known.
        known: Box<Head>,
        /// The one that it shows now.
        shown: Box<Head>,
        /// Why there is no proof.
        error: ReadError,
    },
    /// The entries that were read do not have the signed root.
    #[error("the {size} entries that the log gave do not have the root that it signed")]
    OtherRoot {
        /// The tree head.
        goal: Box<Head>,
        /// How many entries.
        size: u64,
        /// The root that the entries have.
        root: String,
    },
}

impl Trouble {
    /// What tree heads show by themselves.
    pub(super) fn heads<'a>(
        kind: FaultKind,
        what: String,
        heads: impl IntoIterator<Item = &'a Head>,
    ) -> Self {
        Self::Heads { kind, what, heads: heads.into_iter().cloned().collect() }
    }

    /// Whether the log's answers, or what it refused, show that it does not prove what it signed. That a part of it lags
    /// behind, and so knows less, and that it has trouble of its own, are no such answers.
    pub(super) fn is_without_proof(&self) -> bool {
        let Self::Unproven { known, shown, error } = self else { return false };
        shown.size > known.size && !matches!(error, ReadError::Passing { .. })
    }

    /// The kind by which it is counted.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::State(_) => "state",
            Self::Read(ReadError::Passing { .. })
            | Self::Unproven { error: ReadError::Passing { .. }, .. } => "unreachable",
            Self::Read(ReadError::Gone(_)) => "missing",
            Self::Read(_) | Self::Batch { .. } => "answer",
            // What it signed contradicts itself.
            _ => "signed",
        }
    }

    /// Whether another process works on it now.
    pub(super) fn is_lost_lease(&self) -> bool {
        matches!(
            self,
            Self::State(StateError::LeaseLost | StateError::Elsewhere { .. } | StateError::NotRead)
        )
    }

    /// Whether asking again soon changes nothing.
    pub(super) fn is_for_good(&self) -> bool {
        matches!(self, Self::Read(ReadError::Unusable(_)))
    }

    /// How long the log asked to be left alone.
    pub(super) fn asked_pause(&self) -> Option<Duration> {
        match self {
            Self::Read(ReadError::Passing { pause, .. })
            | Self::Unproven { error: ReadError::Passing { pause, .. }, .. } => *pause,
            _ => None,
        }
    }
}

/// Failures of one kind of work, one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Failing {
    /// Since when.
    pub(super) since: Option<Stopwatch>,
    /// How often.
    pub(super) times: u32,
}

impl Failing {
    /// It failed once more.
    pub(super) fn again(&mut self) {
        self.since.get_or_insert_with(Stopwatch::start);
        self.times = self.times.saturating_add(1);
    }

    /// Whether it fails for as long as this.
    pub(super) fn lasts(&self, time: Duration) -> bool {
        self.since.is_some_and(|since| u128::from(since.milliseconds()) >= time.as_millis())
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
