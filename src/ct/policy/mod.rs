//! What each browser asks of a certificate's SCTs: one file a programme, reading like the policy it cites.

pub mod chrome;

/// What a browser's policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVerdict {
    /// The verdict.
    pub outcome: PolicyOutcome,
    /// Why, sentence by sentence.
    pub reasons: Vec<String>,
}

/// The verdict of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyOutcome {
    /// The browser accepts.
    Compliant,
    /// It refuses.
    NotCompliant,
    /// What is known does not allow a verdict.
    NotJudged,
}

impl PolicyOutcome {
    /// The name in the contract's JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::NotCompliant => "not_compliant",
            Self::NotJudged => "not_judged",
        }
    }
}

impl PolicyVerdict {
    /// A verdict for one reason.
    pub fn new(outcome: PolicyOutcome, reason: impl Into<String>) -> Self {
        Self { outcome, reasons: vec![reason.into()] }
    }
}
