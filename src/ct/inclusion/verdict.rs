//! What is said of an SCT's promise, and of the log's tree head.

use std::sync::Arc;

use jiff::Timestamp;

use crate::ct::merkle::TreeHash;
use crate::ct::tree_head::TreeHead;

/// What became of asking whether a log holds an SCT's entry.
#[derive(Clone, Debug, Default)]
pub enum Inclusion {
    /// It was not asked for, or the SCT itself does not stand.
    #[default]
    NotChecked,
    /// It was judged.
    Judged(Box<InclusionVerdict>),
}

impl Inclusion {
    /// The verdict, if there is one.
    pub fn verdict(&self) -> Option<&InclusionVerdict> {
        match self {
            Self::NotChecked => None,
            Self::Judged(verdict) => Some(verdict),
        }
    }

    /// The name in the contract's JSON.
    pub fn name(&self) -> &'static str {
        match self.verdict().map(|verdict| verdict.outcome) {
            None => "not_checked",
            Some(InclusionOutcome::Proven) => "proven",
            Some(InclusionOutcome::Absent) => "absent",
            Some(InclusionOutcome::NotYetDue | InclusionOutcome::Undetermined) => "undetermined",
        }
    }
}

/// The verdict on one SCT's promise.
#[derive(Clone, Debug)]
pub struct InclusionVerdict {
    /// What it is.
    pub outcome: InclusionOutcome,
    /// Why, in one or two sentences.
    pub reason: String,
    /// The SCT, as delivered.
    pub sct: Vec<u8>,
    /// The hash of the leaf that it promises.
    pub leaf: TreeHash,
    /// Where the leaf stands, or should stand.
    pub index: Option<u64>,
    /// The time by which the log has to hold it; `None` beyond any date.
    pub due: Option<Timestamp>,
    /// How the absence shows, where the leaf is not there.
    pub absence: Option<Absence>,
    /// Why it stayed open, where it did.
    pub doubt: Option<Doubt>,
    /// What else was noticed and changes nothing.
    pub notes: Vec<String>,
    /// What was asked about this promise.
    pub urls: Vec<String>,
    /// The log's tree head.
    pub head: Arc<HeadVerdict>,
}

/// The verdict in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InclusionOutcome {
    /// The leaf stands in the log's signed tree.
    Proven,
    /// The leaf is not there, although the log's own time for it is over.
    Absent,
    /// The leaf is not there, and does not have to be yet.
    NotYetDue,
    /// It could not be found out.
    Undetermined,
}

impl InclusionOutcome {
    /// The name in `inclusion_detail` of the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Absent => "absent",
            Self::NotYetDue => "not_yet_due",
            Self::Undetermined => "undetermined",
        }
    }
}

/// How an absence shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The tree ends before the SCT's leaf index.
    BeyondTree,
    /// Another leaf stands at the SCT's leaf index, as the signed tree proves.
    OtherLeaf {
        /// That leaf.
        there: TreeHash,
        /// Why its entry could not be read, if it could not.
        unread: Option<String>,
    },
    /// The leaf at the SCT's leaf index is the same certificate, with another timestamp or other extensions.
    OtherStamp {
        /// That leaf.
        there: TreeHash,
        /// Its timestamp, in milliseconds.
        timestamp: u64,
    },
    /// The log says so, while it answers for another entry of the same tree.
    Stated {
        /// The HTTP status.
        status: u16,
        /// The beginning of what it said.
        said: String,
    },
}

/// Why a verdict stayed open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// Something could not be had.
    Lookup,
    /// What the log says does not lead to its own tree head.
    Proof,
    /// The log's tree has the leaf, but the log hands out another entry in its place.
    Withheld,
}

/// The verdict on a log's tree head.
#[derive(Clone, Debug)]
pub struct HeadVerdict {
    /// Where it was asked for; `None` where the log has no known address.
    pub url: Option<String>,
    /// The tree head served, if the log's signature on it stands.
    pub served: Option<TreeHead>,
    /// The tree head kept from earlier runs, if the log's signature on it stands.
    pub kept: Option<TreeHead>,
    /// How the two go together, or what is wrong.
    pub standing: Standing,
    /// What proves that the two are of two trees, where their sizes differ.
    pub fork: Option<Fork>,
    /// Why the kept tree head cannot be used, if it cannot.
    pub kept_problem: Option<String>,
    /// Whether it is dated in the future.
    pub is_ahead: bool,
    /// What else was noticed and changes nothing.
    pub notes: Vec<String>,
}

/// A consistency proof that leads to the later tree head's root, and to another root than the earlier head's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The size of the earlier tree.
    pub first: u64,
    /// The size of the later tree.
    pub second: u64,
    /// The root that the later tree's first part has.
    pub first_root: TreeHash,
    /// The proof, as RFC 6962 section 2.1.2 writes it.
    pub proof: Vec<TreeHash>,
}

/// How a log's tree head stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The log was not asked, and why.
    NotAsked(String),
    /// It could not be had, or what came is no tree head of anybody's, and why.
    Unavailable(String),
    /// What was served has a tree head's form, and is none of this log's, and why.
    Invalid(String),
    /// It contradicts an earlier tree head of the log, and how.
    Inconsistent(String),
    /// It is signed, but that the tree only grew could not be found out, and why.
    Unproven(Doubt, String),
    /// It is signed, and the first one seen.
    First,
    /// It is signed, and proven to continue the one kept.
    Consistent,
}

impl Standing {
    /// The name in `inclusion_detail` of the JSON report.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotAsked(_) => "not_asked",
            Self::Unavailable(_) => "unavailable",
            Self::Invalid(_) => "invalid",
            Self::Inconsistent(_) => "inconsistent",
            Self::Unproven(..) => "unproven",
            Self::First => "first_seen",
            Self::Consistent => "consistent",
        }
    }

    /// Why, where there is something to explain.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::NotAsked(why)
            | Self::Unavailable(why)
            | Self::Invalid(why)
            | Self::Inconsistent(why)
            | Self::Unproven(_, why) => Some(why),
            Self::First | Self::Consistent => None,
        }
    }
}

impl HeadVerdict {
    /// The tree head that leaves are looked for in; `None` where there is none to rely on.
    pub fn usable(&self) -> Option<&TreeHead> {
        match self.standing {
            Standing::First | Standing::Consistent | Standing::Unproven(..) => self.served.as_ref(),
            _ => None,
        }
    }

    /// The tree head to be kept for the next run: a verified one that continues what was kept, and is newer. One from
    /// the future would keep out all that come until then.
    pub fn to_keep(&self) -> Option<&TreeHead> {
        let is_sound = matches!(self.standing, Standing::First | Standing::Consistent);
        if !is_sound || self.is_ahead || self.kept_problem.is_some() {
            return None;
        }
        let newer = |served: &&TreeHead| self.kept.as_ref().is_none_or(|kept| served.is_newer_than(kept));
        self.served.as_ref().filter(newer)
    }
}
