//! Whether a log holds what its SCT promised.
//!
//! The answers of the logs come as evidence; nothing is asked here. [`wanted`] names what to ask next, from the answers
//! so far, and [`Audits`] judges: a tree head counts only with the log's signature, and a log that is known from
//! earlier runs has to prove that its tree has only grown. A look-up that failed is never taken for an absence.

mod answers;
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

/// The maximum merge delay: within this time a log has to include what it promised.
///
/// 24 hours for RFC 6962 logs and one minute for static ones, as every log's entry in the browsers' lists says, and as
/// their log policies ask for.
pub fn maximum_merge_delay(log_type: LogType) -> SignedDuration {
    match log_type {
        LogType::Rfc6962 => SignedDuration::from_hours(24),
        LogType::Static => SignedDuration::from_secs(60),
    }
}

#[cfg(test)]
mod tests;
