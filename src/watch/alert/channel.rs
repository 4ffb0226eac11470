//! What a channel is.

use std::pin::Pin;
use std::time::Duration;

use super::notice::Notice;
use crate::rules::Severity;

/// A delivery on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// What every channel has.
#[derive(Clone, Debug)]
pub struct ChannelSettings {
    /// What it is called in the state.
    pub name: String,
    /// The least severity that it gets; what has none gets everywhere.
    pub least: Severity,
    /// How long one delivery may take.
    pub timeout: Duration,
}

/// A way to whoever is to know.
pub trait Channel: Send + Sync {
    /// What it is called, what it gets, and how long that may take.
    fn settings(&self) -> &ChannelSettings;

    /// What it is called in the state.
    fn name(&self) -> &str {
        &self.settings().name
    }

    /// The least severity that it gets; what has none gets everywhere.
    fn min_severity(&self) -> Severity {
        self.settings().least
    }

    /// How long one delivery may take at most; the channel ends it by itself then.
    fn timeout(&self) -> Duration {
        self.settings().timeout
    }

    /// Delivers.
    fn send<'a>(&'a self, notice: &'a Notice) -> Sending<'a>;
}

/// How long is waited where a receiver refuses what it will refuse again, unless somebody changes something.
const LASTING: Duration = Duration::from_hours(1);

/// Why a delivery failed. What is written in it is kept and shown: nothing secret may be in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    text: String,
    pause: Option<Duration>,
    of_receiver: bool,
}

impl Failure {
    /// It may be gone next time.
    pub fn passing(text: impl Into<String>) -> Self {
        Self { text: text.into(), pause: None, of_receiver: false }
    }

    /// It will be the same until somebody changes something, so that it is seldom tried again.
    pub fn lasting(text: impl Into<String>) -> Self {
        Self { text: text.into(), pause: Some(LASTING), of_receiver: false }
    }

    /// The receiver asks to be left alone for a while.
    pub fn asking_for(text: impl Into<String>, pause: Duration) -> Self {
        Self { text: text.into(), pause: Some(pause), of_receiver: true }
    }

    /// When this alert is to be tried again, where that is not left to the outbox.
    pub fn pause(&self) -> Option<Duration> {
        self.pause
    }

    /// How long the receiver asks to be left alone, with all alerts.
    pub fn rest(&self) -> Option<Duration> {
        self.pause.filter(|_| self.of_receiver)
    }
}
