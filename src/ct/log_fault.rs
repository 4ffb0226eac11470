//! What a log does wrong, as whoever follows it sees it.

use serde::Serialize;

/// A kind of fault; a log has at most one of each at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// It signed two trees of which neither continues the other.
    Split,
    /// It signed a smaller tree after a larger one.
    Shrunk,
    /// The entries that it gave do not have the root that it signed.
    OtherRoot,
    /// A tree head is not signed by its key.
    Signature,
    /// A proof that it gave does not lead to a root that it signed.
    Proof,
    /// An answer is not in the form that it must have.
    Form,
    /// It shows an older tree than it showed before, for long.
    OldHead,
    /// It could not be read for long.
    Unreadable,
    /// It signed two trees, and no proof could be had that one continues the other.
    Unproven,
    /// Its newest tree head is older than the log may leave it.
    StaleHead,
    /// A tree head is of a time that is still to come.
    FutureHead,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Split,
        Self::Shrunk,
        Self::OtherRoot,
        Self::Signature,
        Self::Proof,
        Self::Form,
        Self::OldHead,
        Self::Unreadable,
        Self::Unproven,
        Self::StaleHead,
        Self::FutureHead,
    ];

    /// The name by which it is kept and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Split => "split",
            Self::Shrunk => "shrunk",
            Self::OtherRoot => "other_root",
            Self::Signature => "signature",
            Self::Proof => "proof",
            Self::Form => "form",
            Self::OldHead => "old_head",
            Self::Unreadable => "unreadable",
            Self::Unproven => "unproven",
            Self::StaleHead => "stale_head",
            Self::FutureHead => "future_head",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it stays, whatever the log does later: two signed tree heads prove it, and what was signed cannot be
    /// unsigned.
    pub fn is_lasting(self) -> bool {
        matches!(self, Self::Split | Self::Shrunk)
    }
}

/// A fault of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFault {
    /// What the log is called.
    pub log: String,
    /// Its id, base64.
    pub log_id: String,
    /// What kind of fault.
    pub kind: FaultKind,
    /// What is wrong, in a sentence.
    pub text: String,
    /// Where it was read, if that matters.
    pub url: Option<String>,
}

/// What keeps a run from following logs, whatever they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunFault {
    /// None of them could be reached: it is the network here.
    CutOff {
        /// How many logs are to be followed.
        logs: usize,
        /// At how many hosts they are.
        hosts: usize,
        /// Why none was reached, and how many hosts that holds for, most first.
        causes: Vec<(String, usize)>,
    },
    /// What was read could not be kept.
    State {
        /// How many logs were given up for that.
        logs: usize,
        /// What the state said.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for kind in FaultKind::ALL {
            assert_eq!(FaultKind::from_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!(FaultKind::from_name("none"), None);
    }
}
