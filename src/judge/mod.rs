//! Evidence in, verdicts out: each part judged by its own module, as of one point in time.
//!
//! No I/O happens here, so the same evidence gives the same verdicts whenever it is judged.

mod facts;
mod inputs;
mod observed;
mod pin_facts;
mod target;

use jiff::Timestamp;

pub use self::inputs::{InputError, Inputs};
pub use self::observed::{DifferingAddress, FurtherLeaf, HandshakeFacts, Observed};
pub(crate) use self::target::caa_names;
pub use self::target::{OpenQuestion, Part, TargetVerdicts};
use crate::ct::log_table::{ListSnapshot, Signed, SnapshotSource};
use crate::ct::policy::MAX_LIST_AGE_DAYS;
use crate::ct::verify::Verifier;
use crate::evidence::Evidence;

/// Everything judged in one run.
#[derive(Debug)]
pub struct Judgement {
    /// The time as of which everything was judged.
    pub judged_at: Timestamp,
    /// The log list that Chrome's policy was judged by; `None` where none is known from before that time.
    pub log_list: Option<ListAge>,
    /// One set of verdicts a target, in the order of the evidence.
    pub targets: Vec<TargetVerdicts>,
}

/// A log list and how old it is at the time of judging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListAge {
    /// Embedded, or a file.
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
    fn of(snapshot: ListSnapshot<'_>, at: Timestamp) -> Option<Self> {
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

/// Judges evidence as of `at`, by the inputs read from it.
pub fn judge(evidence: &Evidence, inputs: &Inputs, at: Timestamp) -> Judgement {
    let mut verifier = Verifier::new(&inputs.logs);
    let log_list = inputs.chrome_list(at).and_then(|snapshot| ListAge::of(snapshot, at));
    let targets = evidence
        .targets
        .iter()
        .map(|target| target::judge(target, evidence, inputs, &mut verifier, at))
        .collect();
    Judgement { judged_at: at, log_list, targets }
}
