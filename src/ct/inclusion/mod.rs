//! Whether a log holds what its SCT promised.
//!
//! The answers of the logs come as evidence; nothing is asked here. [`wanted`] names what to ask next, from the answers
//! so far, and [`Audits`] judges: a tree head counts only with the log's signature, and a log that is known from
//! earlier runs has to prove that its tree has only grown. A look-up that failed is never taken for an absence.

pub(crate) mod answers;
mod audit;
mod head;
mod plan;
mod rfc6962;
mod static_log;
mod verdict;
mod view;

pub use self::audit::Audits;
pub use self::plan::{LogQuestion, Wanted, questions, wanted};
pub use self::verdict::{
    Absence, Doubt, Fork, HeadVerdict, Inclusion, InclusionOutcome, InclusionVerdict, Standing,
};
pub use self::view::LogView;

use jiff::SignedDuration;

use super::log_list::LogType;
use super::log_table::{Assurance, KnownLog};
use super::merkle::TreeHash;
use super::sct::Sct;

/// What a verified SCT promises: that the log will hold this leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The SCT.
    pub sct: Sct,
    /// The hash of the leaf.
    pub leaf: TreeHash,
}

/// The maximum merge delay that logs of this kind commit themselves to in the browsers' programmes: 24 hours for RFC 6962
/// logs, one minute for static ones.
fn usual_merge_delay(log_type: LogType) -> SignedDuration {
    match log_type {
        LogType::Rfc6962 => SignedDuration::from_hours(24),
        LogType::Static => SignedDuration::from_secs(60),
    }
}

/// The maximum merge delay: within this time a log has to include what it promised.
///
/// It is what the lists state, of several the longest: Apple's list has static logs at 24 hours that Chrome's has at one
/// minute. Less than what is usual for the kind is never held against a log. Where no list states it, the log gets the
/// longest that is common: 24 hours for either kind, a week for logs that are not for production (Daedalus has a week).
pub fn maximum_merge_delay(log: &KnownLog<'_>) -> SignedDuration {
    let unstated = match log.assurance {
        Assurance::Test | Assurance::MonitoringOnly => SignedDuration::from_hours(7 * 24),
        Assurance::Real | Assurance::Mimic | Assurance::Bogus => SignedDuration::from_hours(24),
    };
    log.mmd.unwrap_or(unstated).max(usual_merge_delay(log.log_type))
}

/// A span in whole milliseconds, as logs count time.
fn milliseconds(span: SignedDuration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
