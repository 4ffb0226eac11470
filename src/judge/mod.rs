//! Evidence in, verdicts out: each part judged by its own module, as of one point in time.
//!
//! No I/O happens here, so the same evidence gives the same verdicts whenever it is judged.

mod facts;
mod inputs;
mod known_logs;
mod list_update;
mod lists;
mod observed;
mod pin_facts;
mod target;

use jiff::Timestamp;

pub use self::inputs::{InputError, Inputs};
pub use self::known_logs::{LogAt, LogFilter, Standing, known_logs};
pub use self::list_update::{UpdateQuestion, UpdateRefusal, UpdateVerdict, judge_update};
pub use self::lists::{ListOrigin, ListOutcome, ListTrust, ListUse, Lists};
pub use self::observed::{DifferingAddress, FurtherLeaf, HandshakeFacts, Observed};
pub(crate) use self::target::caa_names;
pub use self::target::{OpenQuestion, Part, TargetVerdicts};
use crate::ct::inclusion::{self, LogQuestion};
use crate::ct::log_table::{ListSnapshot, Signed, SnapshotSource};
use crate::ct::policy::MAX_LIST_AGE_DAYS;
use crate::ct::verify::Verifier;
use crate::evidence::{Request, TargetEvidence};
use crate::scope;

/// What a whole run is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The time as of which everything is judged.
    pub judged_at: Timestamp,
    /// The log list that Chrome's policy is judged by; `None` where none is known from before that time.
    pub log_list: Option<ListAge>,
}

/// A log list and how old it is at the time of judging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListAge {
    /// Embedded, a file, or the cache.
    pub source: SnapshotSource,
    /// The version the list states.
    pub version: Option<String>,
    /// What vouches for it.
    pub signed: Signed,
    /// When it was published.
    pub timestamp: Timestamp,
    /// Whole days since then.
    pub days: i64,
}

impl ListAge {
    /// The age of a list at a time; `None` where its date is not known.
    pub fn of(snapshot: ListSnapshot<'_>, at: Timestamp) -> Option<Self> {
        let timestamp = snapshot.timestamp?;
        Some(Self {
            source: snapshot.source,
            version: snapshot.version.map(str::to_owned),
            signed: snapshot.signed,
            timestamp,
            days: at.duration_since(timestamp).as_hours() / 24,
        })
    }

    /// Whether it is too old to judge by, as Chrome counts (`kMaxLogListAge`).
    pub fn is_stale(&self) -> bool {
        self.days >= MAX_LIST_AGE_DAYS
    }
}

/// Judges targets one after the other, by the inputs of one run. Log keys stay parsed from one to the next.
#[derive(Debug)]
pub struct Judge<'r> {
    request: &'r Request,
    inputs: &'r Inputs,
    verifier: Verifier<'r>,
    at: Timestamp,
}

impl<'r> Judge<'r> {
    /// A judge as of `at`.
    pub fn new(request: &'r Request, inputs: &'r Inputs, at: Timestamp) -> Self {
        let verifier = if request.inclusion {
            Verifier::keeping_promises(&inputs.logs)
        } else {
            Verifier::new(&inputs.logs)
        };
        Self { request, inputs, verifier, at }
    }

    /// What every target is judged by.
    pub fn basis(&self) -> Basis {
        let log_list = self.inputs.chrome_list(self.at).and_then(|snapshot| ListAge::of(snapshot, self.at));
        Basis { judged_at: self.at, log_list }
    }

    /// Which logs to ask for proof that they hold a target's certificate: those whose SCTs stand. None where inclusion
    /// was not asked for.
    pub fn log_questions(&mut self, target: &TargetEvidence) -> Vec<LogQuestion> {
        if !self.request.inclusion || !self.inputs.scope.includes(scope::Part::Ct) {
            return Vec::new();
        }
        let scts = target::verified_scts(target, self.inputs, &mut self.verifier, self.at);
        inclusion::questions(&scts, &self.inputs.logs)
    }

    /// Judges one target.
    pub fn judge(&mut self, target: &TargetEvidence) -> TargetVerdicts {
        target::judge(target, self.request, self.inputs, &mut self.verifier, self.at)
    }
}
