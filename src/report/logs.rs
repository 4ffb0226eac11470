//! What the reports of `pinstead logs` show.

use jiff::Timestamp;

use crate::ct::log_list::{LogList, LogListError, Program};
use crate::judge::{ListAge, LogAt, UpdateVerdict};

/// The report of `logs list`.
#[derive(Debug)]
pub struct LogsReport<'a> {
    /// Whose word on the states it is.
    pub program: Program,
    /// The time of the states.
    pub at: Timestamp,
    /// The newest list of the programme from before then; `None`: none is known.
    pub list: Option<ListAge>,
    /// The logs.
    pub logs: &'a [LogAt<'a>],
}

/// The report of `logs verify`.
#[derive(Debug)]
pub struct VerifyReport<'a> {
    /// The file of the list.
    pub file: &'a str,
    /// Whether the key is Google's.
    pub by_google: bool,
    /// The time now.
    pub now: Timestamp,
    /// The list, or why it is refused.
    pub list: Result<&'a LogList, &'a LogListError>,
}

impl VerifyReport<'_> {
    /// Whether the signature stands and every entry could be read.
    pub fn is_good(&self) -> bool {
        self.list.is_ok_and(|list| list.problems.is_empty())
    }
}

/// The report of `logs update`.
#[derive(Debug)]
pub struct UpdateReport {
    /// The time now.
    pub now: Timestamp,
    /// The update of each programme's list.
    pub updates: Vec<ListUpdate>,
}

/// The update of one list.
#[derive(Debug)]
pub struct ListUpdate {
    /// Whose list it is.
    pub program: Program,
    /// Where it is fetched from.
    pub url: String,
    /// The list that was kept before.
    pub before: Option<LogList>,
    /// Why the one that was kept before could not be used.
    pub damaged: Option<String>,
    /// What becomes of the fetched one.
    pub verdict: UpdateVerdict,
    /// Whether it was kept.
    pub storing: Storing,
}

/// Whether a list was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storing {
    /// In this file.
    Kept(String),
    /// There was nothing to keep.
    NotNeeded,
    /// It was only to be tried.
    DryRun,
    /// It could not be, and why.
    Failed(String),
}

impl ListUpdate {
    /// One word for how it went.
    pub fn outcome(&self) -> &'static str {
        match (&self.verdict, &self.storing) {
            (_, Storing::Failed(_)) => "not_kept",
            (UpdateVerdict::Updated(_), _) => "updated",
            (UpdateVerdict::Current(_), _) => "current",
            (UpdateVerdict::Refused(_), _) => "refused",
            (UpdateVerdict::NotFetched(_), _) => "not_fetched",
        }
    }

    /// Why nothing was kept, if nothing was.
    pub fn reason(&self) -> Option<String> {
        match (&self.verdict, &self.storing) {
            (_, Storing::Failed(why)) | (UpdateVerdict::NotFetched(why), _) => Some(why.clone()),
            (UpdateVerdict::Refused(refusal), _) => Some(refusal.to_string()),
            (UpdateVerdict::Updated(_) | UpdateVerdict::Current(_), _) => None,
        }
    }

    /// The list that is kept from now on, or would be.
    pub fn list(&self) -> Option<&LogList> {
        match &self.verdict {
            UpdateVerdict::Updated(new) | UpdateVerdict::Current(new) => Some(&new.1),
            UpdateVerdict::Refused(_) | UpdateVerdict::NotFetched(_) => None,
        }
    }
}

/// Whole days from a list's date to a time.
pub fn age_in_days(date: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(date).as_hours() / 24
}
