//! Which logs a watch has to follow: those whose SCTs clients accept, and that can still hold something new.

use jiff::Timestamp;

use super::{Assurance, KnownLog, LogTable};
use crate::ct::log_list::{LogState, Program};

impl LogTable {
    /// What each programme says of a log's state at a time.
    pub fn states(&self, log: &KnownLog<'_>, at: Timestamp) -> Vec<LogState> {
        Program::ALL.into_iter().map(|program| self.state(&log.id, program, at).state).collect()
    }

    /// The logs whose SCTs some programme accepts at a time, and that can hold new certificates which clients accept; each
    /// with its best state. `pinstead watch` follows them where nothing is said.
    pub fn accepted(&self, at: Timestamp) -> Vec<(KnownLog<'_>, LogState)> {
        self.iter()
            .filter_map(|log| {
                let states = self.states(&log, at);
                let state = best(&states);
                let counts = log.assurance == Assurance::Real && why_never(&log, state).is_none();
                (counts && nothing_new(&log, &states, at).is_none()).then_some((log, state))
            })
            .collect()
    }
}

/// The best that any programme says of a log.
pub fn best(states: &[LogState]) -> LogState {
    let rank = |state: &&LogState| match state {
        LogState::Usable => 6,
        LogState::Qualified => 5,
        LogState::Readonly => 4,
        LogState::Pending => 3,
        LogState::Retired => 2,
        LogState::Rejected => 1,
        LogState::Unknown => 0,
    };
    states.iter().max_by_key(rank).copied().unwrap_or_default()
}

/// Why no certificate that clients would accept can be added to a log any more, if none can.
pub fn nothing_new(log: &KnownLog<'_>, states: &[LogState], at: Timestamp) -> Option<String> {
    if let Some((_, end)) = log.interval.filter(|(_, end)| *end <= at) {
        return Some(format!("it took certificates that ended before {}", end.strftime("%Y-%m-%d")));
    }
    let is_over = |state: &LogState| matches!(state, LogState::Retired | LogState::Rejected);
    let is_closed = best(states) == LogState::Readonly && states.iter().any(is_over);
    is_closed.then(|| "it takes no certificates any more, and a programme has retired it".to_owned())
}

/// Why a log whose best state is `state` is never followed, if it is not.
pub fn why_never(log: &KnownLog<'_>, state: LogState) -> Option<String> {
    match log.assurance {
        Assurance::Mimic => return Some("its private key is published".to_owned()),
        Assurance::Bogus => return Some("it never was a log".to_owned()),
        Assurance::Test => return Some("it is a test log".to_owned()),
        Assurance::Real | Assurance::MonitoringOnly => {}
    }
    match state {
        LogState::Usable | LogState::Qualified | LogState::Readonly => None,
        LogState::Unknown => Some("no programme's list says in which state it is".to_owned()),
        LogState::Pending | LogState::Retired | LogState::Rejected => {
            Some(format!("it is {} with every programme that knows it", state.name()))
        }
    }
}
