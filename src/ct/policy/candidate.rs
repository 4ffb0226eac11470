//! An SCT as one programme sees it.

use std::borrow::Cow;

use jiff::Timestamp;

use super::moment::Moment;
use super::title;
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType, Program};
use crate::ct::log_table::{Assurance, KnownLog, Listing, LogTable};
use crate::ct::sct::LeafIndex;
use crate::ct::verdict::{Delivery, SctOutcome, SctVerdict};

/// A sentence; most are always the same.
pub(super) type Sentence = Cow<'static, str>;

/// Why an SCT beside the certificate does not count.
pub(super) const RETIRED_BESIDE: &str = "Its log has retired: of such a log only embedded SCTs count.";
/// Why an embedded SCT of a retired log does not count.
pub(super) const RETIRED_BEFORE: &str =
    "Its log had retired before the SCT was made or the certificate issued.";
/// Why a static log's SCT does not count.
pub(super) const NO_LEAF_INDEX: &str = "Its log is a static one, and it has no well-formed leaf index.";
/// Why a second SCT of a log does not count.
pub(super) const DUPLICATE: &str = "Another SCT of the same log counts already.";

/// An SCT that may count: its signature stands, and the programme accepts or accepted its log.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    /// Its place among the certificate's SCTs.
    pub(super) index: usize,
    pub(super) delivery: Delivery,
    pub(super) log_id: LogId,
    pub(super) log_name: Cow<'a, str>,
    pub(super) log_type: LogType,
    pub(super) timestamp: Timestamp,
    pub(super) leaf_index: LeafIndex,
    /// Who ran the log at the time of the SCT.
    pub(super) operator_then: Cow<'a, str>,
    /// Who runs it at the time of judging.
    pub(super) operator_now: Cow<'a, str>,
    /// The certificate dates that the log takes.
    pub(super) interval: Option<(Timestamp, Timestamp)>,
    /// Accepted or retired; accepted too where that is open.
    pub(super) state: LogState,
    /// Since when it has that state.
    pub(super) since: Option<Timestamp>,
    /// When it is to retire, as the list announces.
    pub(super) retires: Option<Timestamp>,
    /// Why it may or may not count, if that is open.
    pub(super) open: Option<Sentence>,
}

impl<'a> Candidate<'a> {
    /// The SCT as `program` sees it at a moment, or why it does not count whatever the rules say.
    pub(super) fn see(
        index: usize,
        sct: &'a SctVerdict,
        table: &'a LogTable,
        program: Program,
        moment: &Moment,
    ) -> Result<Self, Sentence> {
        let mut open = signature(sct)?;
        let (Some(log_id), Some(timestamp)) = (sct.log_id, sct.timestamp) else {
            return Err("Its timestamp lies beyond any date.".into());
        };
        let known = table.log(&log_id);
        if let Some(purpose) = known.as_ref().and_then(no_production) {
            return Err(purpose);
        }
        let retires = table.retirement_announced(&log_id, program, moment.at);
        let (state, since) = match table.listing(&log_id, program, moment.at) {
            Listing::Listed(at) if at.state.is_accepted() => (at.state, at.since),
            Listing::Listed(at) if at.state == LogState::Retired => {
                if at.since.is_none() {
                    open.get_or_insert_with(|| "Since when its log is retired is not known.".into());
                }
                (LogState::Retired, at.since)
            }
            // A retirement that lies ahead says that the log is accepted until then.
            Listing::NotKnown if retires.is_some() => (LogState::Usable, None),
            listing => {
                let reason = not_accepted(&listing, program, timestamp, moment)?;
                open.get_or_insert(reason);
                (LogState::Usable, None)
            }
        };
        // An unknown log is taken for one of an operator of its own: what is open is held open.
        let nobody = || Cow::Owned(log_id.to_string());
        Ok(Self {
            index,
            delivery: sct.delivery,
            log_id,
            log_name: known.map_or_else(nobody, |log| log.name.into()),
            log_type: known.map_or(LogType::Rfc6962, |log| log.log_type),
            timestamp,
            leaf_index: sct.leaf_index,
            operator_then: known.map_or_else(nobody, |log| log.operator_at(timestamp).into()),
            operator_now: known.map_or_else(nobody, |log| log.operator_at(moment.at).into()),
            interval: known.and_then(|log| log.interval),
            state,
            since,
            retires,
            open,
        })
    }

    pub(super) fn is_embedded(&self) -> bool {
        self.delivery == Delivery::Embedded
    }

    pub(super) fn is_retired(&self) -> bool {
        self.state == LogState::Retired
    }

    /// When its log retired; where that is open, as late as can be.
    pub(super) fn retired_at(&self) -> Option<Timestamp> {
        self.is_retired().then(|| self.since.unwrap_or(Timestamp::MAX))
    }

    /// A static log's SCT without exactly one well-formed leaf index (static-ct-api).
    pub(super) fn lacks_leaf_index(&self) -> bool {
        self.log_type == LogType::Static && !matches!(self.leaf_index, LeafIndex::At(_))
    }

    /// Whether it was made before its log retired, on a certificate issued before then.
    pub(super) fn precedes_retirement(&self, issued: Option<Timestamp>) -> bool {
        self.retired_at()
            .is_none_or(|retired| self.timestamp < retired && issued.is_some_and(|issued| issued < retired))
    }

    /// The same SCT, had its log retired at `at`.
    pub(super) fn retired(&self, at: Timestamp) -> Self {
        Self { state: LogState::Retired, since: Some(at), retires: None, ..self.clone() }
    }
}

/// Whether the signature stands; the sentence where that is open, the error where it does not.
fn signature(sct: &SctVerdict) -> Result<Option<Sentence>, Sentence> {
    match sct.outcome {
        SctOutcome::IssuerUnknown => {
            Ok(Some("Its signature could not be checked: the issuer's key is unknown.".into()))
        }
        SctOutcome::UnknownLog if sct.log.is_some() => Ok(Some("Its log's key cannot be used here.".into())),
        // What lies in the future or outside a log's interval, and what a log of no list is, each programme says.
        SctOutcome::Valid | SctOutcome::InFuture | SctOutcome::OutsideInterval | SctOutcome::UnknownLog => {
            Ok(None)
        }
        SctOutcome::InvalidSignature => Err("Its signature does not stand.".into()),
        SctOutcome::NoAssurance => {
            Err("Its log gives no assurance: it is a mimic or a placeholder, whatever a list says.".into())
        }
        SctOutcome::Malformed => Err("It cannot be read.".into()),
        SctOutcome::UnsupportedVersion => Err("It has a version that no client knows.".into()),
    }
}

/// Why a log is none that any programme trusts.
fn no_production(log: &KnownLog<'_>) -> Option<Sentence> {
    match log.assurance {
        Assurance::Real => None,
        Assurance::Test => Some("Its log is a test log, which no programme accepts.".into()),
        Assurance::MonitoringOnly => {
            Some("Its log is listed for monitoring only, which no programme accepts.".into())
        }
        Assurance::Mimic | Assurance::Bogus => {
            Some("Its log gives no assurance, whatever a list says.".into())
        }
    }
}

/// A log that the list does not accept: the sentence where a newer list may, the error where not.
fn not_accepted(
    listing: &Listing,
    program: Program,
    timestamp: Timestamp,
    moment: &Moment,
) -> Result<Sentence, Sentence> {
    let programme = title(program);
    let date = moment.list.current_at;
    // CAs use logs that are accepted. One that is not, in a list older than the SCT, may have been accepted since.
    let newer = timestamp > date;
    let day = date.strftime("%Y-%m-%d");
    match listing {
        Listing::Listed(at) if at.state == LogState::Pending && newer => Ok(format!(
            "Its log is pending in {programme}'s list of {day}; the SCT is newer, and so may a list be that accepts it."
        )
        .into()),
        Listing::Listed(at) => Err(format!("Its log is {} in {programme}'s list.", at.state.name()).into()),
        Listing::NotListed if newer => Ok(format!(
            "Its log is not in {programme}'s list of {day}; the SCT is newer, and so may a list be that has it."
        )
        .into()),
        Listing::NotListed => Err(format!("Its log is not in {programme}'s list of {day}.").into()),
        Listing::NotKnown => {
            Ok(format!("What {programme} said of its log on {} is not known.", moment.at.strftime("%Y-%m-%d"))
                .into())
        }
    }
}
