//! What the state's own account comes to: faults of logs, and what had to be known and is not.

use jiff::Timestamp;

use super::coverage::LogCoverage;
use super::listed::Listed;
use super::logs::FollowedLog;
use crate::cli::Exit;
use crate::cli::options::GateOptions;
use crate::ct::log_fault::FaultKind;
use crate::rules::{Finding, log};
use crate::watch::follow::staleness;
use crate::watch::state::{Log, OpenFault, RANGE};

/// What is wrong, and what is not known.
#[derive(Default)]
pub(super) struct Judged {
    /// What logs do wrong that nobody acknowledged.
    pub(super) findings: Vec<Finding>,
    /// What had to be determined and is not, a sentence each.
    pub(super) undetermined: Vec<String>,
    /// What stays open besides.
    pub(super) open: Vec<String>,
}

impl Judged {
    /// A log that is to be followed, as the state has it. Its age is judged where it is known how it is followed.
    pub(super) fn log(
        &mut self,
        coverage: &LogCoverage,
        (known, faults): (&Log, &[OpenFault]),
        followed: Option<&FollowedLog>,
        now: Timestamp,
    ) {
        let name = &coverage.name;
        let mut lacks = Vec::new();
        let faults = coverage.faults(faults, |error| lacks.push(error.to_string()));
        self.findings.extend(coverage.findings(&faults));
        if let Some(reason) = &coverage.reason {
            lacks.push(reason.clone());
            if faults.is_empty() {
                self.findings.extend(log::findings(&coverage.fault(FaultKind::Unreadable, reason)));
            }
        }
        match &known.head {
            None => lacks.push("no tree head of it was seen yet".to_owned()),
            Some((head, _)) => {
                let stale = followed
                    .filter(|followed| !followed.log.is_closed)
                    .and_then(|followed| staleness(head.timestamp, now, followed.log.merge_delay));
                lacks.extend(stale);
            }
        }
        match coverage.backlog {
            // Whoever follows a log reads that much while he does.
            Some(0) | None => {}
            Some(backlog) if backlog < RANGE => {
                self.open.push(format!("{name}: {backlog} entries are not proven yet"));
            }
            Some(backlog) => lacks.push(format!("{backlog} entries are not proven yet")),
        }
        lacks.extend(
            coverage.unsearched.iter().filter_map(|missing| Some(missing["text"].as_str()?.to_owned())),
        );
        // What somebody said he knows of is shown, and demands nothing.
        let unread = coverage.unread.iter().filter(|unread| unread["acknowledged"].is_null());
        lacks.extend(unread.filter_map(|unread| Some(unread["text"].as_str()?.to_owned())));
        self.undetermined.extend(lacks.into_iter().map(|lack| format!("{name}: {lack}")));
    }

    /// Logs that are to be followed, and that the state does not have.
    pub(super) fn not_begun(&mut self, logs: &[LogCoverage]) {
        for one in logs {
            let Some(reason) = &one.reason else { continue };
            self.findings.extend(log::findings(&one.fault(FaultKind::Unreadable, reason)));
            self.undetermined.push(format!("{}: it could not be begun: {reason}", one.name));
        }
        let untouched = logs.iter().filter(|log| log.is_untouched()).count();
        if untouched > 0 {
            let logs = if untouched == 1 { "log" } else { "logs" };
            self.undetermined.push(format!("{untouched} {logs} of the list were not begun"));
        }
    }

    /// A certificate that was reported as undetermined, and still is.
    pub(super) fn certificate(&mut self, listed: &Listed, now: Timestamp) {
        if listed.is_over(now) {
            return;
        }
        let said = format!("{} ({})", listed.title, listed.tbs_sha256);
        if listed.expectation == "undetermined" {
            self.undetermined.push(format!("who issued is not known: {said}"));
        } else {
            self.open.push(format!("it could not be read whole: {said}"));
        }
    }

    /// The exit code.
    pub(super) fn exit(&self, gate: &GateOptions) -> Exit {
        gate.exit(gate.fails(&self.findings), !self.undetermined.is_empty(), !self.open.is_empty())
    }
}
