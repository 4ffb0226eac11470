//! Evidence in, verdicts out: each part judged by its own module, as of one point in time.
//!
//! No I/O happens here, so the same evidence gives the same verdicts whenever it is judged.

mod comparison;
mod facts;
mod in_use;
mod inputs;
mod issuance;
mod issued;
mod known_logs;
mod list_update;
mod lists;
mod observed;
mod open;
mod pin_facts;
mod replay;
mod revocation;
mod stated_pins;
mod target;
mod target_pins;

use jiff::Timestamp;

pub(crate) use self::facts::untold;
pub use self::in_use::{InUse, NamedCa, NoCa, Sources};
pub use self::inputs::{InputError, Inputs};
pub use self::issuance::{IssuanceJudge, IssuedCrls, caa_questions};
pub use self::issued::issued;
pub use self::known_logs::{LogAt, LogFilter, Standing, known_logs};
pub use self::list_update::{UpdateQuestion, UpdateRefusal, UpdateVerdict, judge_update};
pub use self::lists::{ListOrigin, ListOutcome, ListTrust, ListUse, Lists};
pub use self::observed::{DifferingAddress, FurtherLeaf, HandshakeFacts, Observed};
pub use self::revocation::{ChainRevocation, MemberRevocation};
pub(crate) use self::target::caa_names;
pub use self::target::{Part, TargetVerdicts};
use crate::ct::inclusion::{self, LogQuestion};
use crate::ct::log_list::Program;
use crate::ct::log_table::{DatedList, Dating, Signed, SnapshotSource};
use crate::ct::policy::MAX_LIST_AGE_DAYS;
use crate::ct::verify::Verifier;
use crate::evidence::revocation::{Crls, Reach};
use crate::evidence::{Request, TargetEvidence};
use crate::revocation::CrlQuestion;
use crate::scope;

/// What a whole run is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The time as of which everything is judged.
    pub judged_at: Timestamp,
    /// The log list that Chrome's policy is judged by; `None` where none is known from before that time.
    pub log_list: Option<ListAge>,
    /// Where the user gave lists and none of them is Chrome's: those that decide instead.
    pub others_lists: Vec<(Program, ListAge)>,
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
    /// What that date is.
    pub dating: Dating,
    /// The last time at which it is known to have been the current one.
    pub current_at: Timestamp,
    /// Whole days since then.
    pub days: i64,
}

impl ListAge {
    /// The age of a list at a time. One that was given may be of later: it has no age.
    pub fn of(list: &DatedList<'_>, at: Timestamp) -> Self {
        Self {
            source: list.snapshot.source,
            version: list.snapshot.version.map(str::to_owned),
            signed: list.snapshot.signed,
            timestamp: list.timestamp,
            dating: list.snapshot.dating,
            current_at: list.current_at,
            days: at.duration_since(list.current_at).as_hours().max(0) / 24,
        }
    }

    /// “of” its date, or that it has none.
    pub fn dated(&self) -> String {
        let date = self.timestamp.strftime("%Y-%m-%d");
        match (self.dating, self.seen_current()) {
            (Dating::NewestChange, _) => format!("without date, its newest change of {date}"),
            (Dating::Known, Some(seen)) => {
                format!("of {date}, seen current on {}", seen.strftime("%Y-%m-%d"))
            }
            (Dating::Known, None) => format!("of {date}"),
        }
    }

    /// When it was seen current last, if that is a later day than its own.
    fn seen_current(&self) -> Option<Timestamp> {
        let is_later = self.current_at.duration_since(self.timestamp).as_hours() >= 24;
        is_later.then_some(self.current_at)
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
        let age =
            |program| self.inputs.logs.list_at(program, self.at).map(|list| ListAge::of(&list, self.at));
        let others_lists = match self.inputs.logs.snapshot(Program::Chrome) {
            Some(_) => Vec::new(),
            None => Program::ALL.into_iter().filter_map(|program| Some((program, age(program)?))).collect(),
        };
        Basis { judged_at: self.at, log_list: age(Program::Chrome), others_lists }
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

    /// Which CRLs to ask for, and how far: those that the target's certificates name. `reach` is how far the target
    /// itself leads. None where revocation was not asked for.
    pub fn crl_questions(&self, target: &TargetEvidence, reach: Reach) -> Vec<(CrlQuestion, Reach)> {
        if !self.request.revocation || !self.inputs.scope.includes(scope::Part::Issuer) {
            return Vec::new();
        }
        let seen = observed::read(&target.source);
        let trust = target::judge_trust(&seen, self.inputs, self.at);
        revocation::questions(&seen, self.inputs, trust.as_ref(), reach)
    }

    /// Judges one target, by the CRLs that were fetched for it, or more.
    pub fn judge(&mut self, target: &TargetEvidence, crls: &Crls) -> TargetVerdicts {
        target::judge((target, crls), self.request, self.inputs, &mut self.verifier, self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::log_list::LogList;
    use crate::ct::log_table::LogTable;

    fn list(version: &str, date: &str) -> LogList {
        let list = serde_json::json!({
            "version": version, "log_list_timestamp": date,
            "operators": [{"name": "Google", "logs": [{
                "description": "Argon", "log_id": "1219ENGn9XfCx+lf1wC/+YLJM1pl4dCzAXMXwMjFaXc=",
                "key": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKjpni/66DIYrSlGK6Rf+e6F2c/28ZUvDJ79N81+gyimAESAyeNZ++TRgjHWg9TVQnKHTSU0T1TtqDupFnSQTIg==",
                "state": {"usable": {"timestamp": "2024-09-30T22:19:27Z"}}
            }]}]
        });
        LogList::parse(list.to_string().as_bytes(), None).unwrap()
    }

    /// A list is as old as the last time at which it was seen current, and never of less than no days.
    #[test]
    fn a_list_has_the_age_that_policies_are_judged_by() {
        let days = |lists: &[&LogList], at: &str| {
            let at = at.parse().unwrap();
            let table = LogTable::from_lists(lists);
            let age = ListAge::of(&table.list_at(Program::Chrome, at).unwrap(), at);
            (age.timestamp.to_string(), age.days, age.seen_current().map(|seen| seen.to_string()))
        };
        let undated = LogList { timestamp: None, ..list("1", "2026-07-01T00:00:00Z") };
        let table = LogTable::from_list(&undated);
        let at = "2026-07-11T00:00:00Z".parse().unwrap();
        let age = ListAge::of(&table.list_at(Program::Chrome, at).unwrap(), at);
        assert_eq!(age.dated(), "without date, its newest change of 2024-09-30");
        let (july, october) = (list("1", "2026-07-01T00:00:00Z"), list("1", "2026-10-01T00:00:00Z"));
        assert_eq!(days(&[&july], "2026-07-11T00:00:00Z"), ("2026-07-01T00:00:00Z".to_owned(), 10, None));
        assert_eq!(days(&[&july], "2026-01-01T00:00:00Z").1, 0);
        let (date, age, seen) = days(&[&july, &october], "2026-10-11T00:00:00Z");
        assert_eq!((date.as_str(), age), ("2026-07-01T00:00:00Z", 10));
        assert_eq!(seen.as_deref(), Some("2026-10-01T00:00:00Z"));
    }
}
