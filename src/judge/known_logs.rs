//! The known logs, as a programme had them at a time.

use jiff::Timestamp;

use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType, Program};
use crate::ct::log_table::{Assurance, KnownLog, LogTable, StateAt};

/// Which logs are wanted; each that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// A part of the operator's name, in any case.
    pub operator: Option<String>,
    /// A part of the log's name, in any case.
    pub name: Option<String>,
    /// The interface.
    pub log_type: Option<LogType>,
    /// The state.
    pub standing: Option<Standing>,
    /// Its interval covers certificates that end then.
    pub covering: Option<Timestamp>,
    /// The log itself.
    pub id: Option<LogId>,
}

/// How a log stands with a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A state, known or not.
    State(LogState),
    /// Denied: no list makes it good.
    Denied,
}

/// A log, and how it stood.
#[derive(Clone, Copy, Debug)]
pub struct LogAt<'a> {
    /// The log.
    pub log: KnownLog<'a>,
    /// Its state with the programme.
    pub state: StateAt,
}

impl LogAt<'_> {
    /// How it stood: a denied log stands nowhere, whatever a list says.
    pub fn standing(&self) -> Standing {
        match self.log.assurance {
            Assurance::Mimic | Assurance::Bogus => Standing::Denied,
            Assurance::Real | Assurance::Test | Assurance::MonitoringOnly => {
                Standing::State(self.state.state)
            }
        }
    }
}

/// The logs of a table that pass a filter, by operator and name.
pub fn known_logs<'a>(
    table: &'a LogTable,
    program: Program,
    at: Timestamp,
    filter: &LogFilter,
) -> Vec<LogAt<'a>> {
    let mut logs: Vec<LogAt<'a>> = table
        .iter()
        .map(|log| LogAt { log, state: table.state(&log.id, program, at) })
        .filter(|log| filter.passes(log))
        .collect();
    logs.sort_by_cached_key(|LogAt { log, .. }| {
        (log.operator.to_lowercase(), log.name.to_lowercase(), log.id)
    });
    logs
}

impl LogFilter {
    fn passes(&self, at: &LogAt<'_>) -> bool {
        let log = &at.log;
        let has = |text: &str, part: &Option<String>| {
            part.as_ref().is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
        };
        // A log without a known interval may take any certificate.
        let covers = |date: Timestamp| log.interval.is_none_or(|(start, end)| start <= date && date < end);
        has(log.operator, &self.operator)
            && has(log.name, &self.name)
            && self.log_type.is_none_or(|wanted| wanted == log.log_type)
            && self.standing.is_none_or(|wanted| wanted == at.standing())
            && self.covering.is_none_or(covers)
            && self.id.is_none_or(|wanted| wanted == log.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(filter: &LogFilter, at: &str) -> Vec<String> {
        let table = LogTable::embedded();
        let logs = known_logs(&table, Program::Chrome, at.parse().unwrap(), filter);
        logs.iter().map(|log| log.log.name.to_owned()).collect()
    }

    const NOW: &str = "2026-11-21T00:00:00Z";

    #[test]
    fn every_filter_narrows() {
        let all = names(&LogFilter::default(), NOW);
        assert_eq!(all.len(), 336);
        let sectigo = LogFilter { operator: Some("sectigo".to_owned()), ..LogFilter::default() };
        assert!(names(&sectigo, NOW).len() > 4);
        let elephant = LogFilter { name: Some("ELEPHANT".to_owned()), ..sectigo.clone() };
        assert!(names(&elephant, NOW).iter().all(|name| name.contains("Elephant")));
        let usable = LogFilter { standing: Some(Standing::State(LogState::Usable)), ..elephant.clone() };
        assert!(names(&usable, NOW).len() < names(&elephant, NOW).len());
        let covering = LogFilter {
            covering: Some("2027-03-01T00:00:00Z".parse().unwrap()),
            log_type: Some(LogType::Rfc6962),
            ..usable
        };
        assert_eq!(names(&covering, NOW), ["Sectigo 'Elephant2027h1'"]);
    }

    #[test]
    fn the_state_is_that_of_the_time() {
        let oak = |state| LogFilter {
            name: Some("Oak2026h2".to_owned()),
            standing: Some(Standing::State(state)),
            ..LogFilter::default()
        };
        assert_eq!(names(&oak(LogState::Usable), "2025-06-01T00:00:00Z").len(), 1);
        assert_eq!(names(&oak(LogState::Retired), NOW).len(), 1);
        assert_eq!(names(&oak(LogState::Unknown), "2015-01-01T00:00:00Z").len(), 1);
    }

    #[test]
    fn denied_logs_stand_nowhere() {
        let standing = |standing| LogFilter { standing: Some(standing), ..LogFilter::default() };
        assert_eq!(names(&standing(Standing::Denied), NOW).len(), 4);
        let usable = names(&standing(Standing::State(LogState::Usable)), NOW);
        assert!(!usable.iter().any(|name| name.contains("Mimic") || name.contains("placeholder")));
    }
}
