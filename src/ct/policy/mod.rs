//! What each programme asks of a certificate's SCTs: one file a programme, reading like the policy it cites.
//!
//! The programmes differ in their lists of logs and in their rules, so one certificate has four verdicts. What is
//! the same for all stands in `moment` (as of when, and by which list), `candidate` (an SCT as a programme sees
//! it) and `weigh` (the verdict, with what is open held open).
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod android;
mod apple;
mod candidate;
mod chrome;
mod exempt;
mod moment;
mod mozilla;
mod renewal;
mod unjudged;
mod weigh;

use std::borrow::Cow;

use jiff::Timestamp;

pub use self::exempt::Exemption;
pub use self::moment::{JudgedList, MAX_LIST_AGE_DAYS};
pub use self::renewal::newer_list;
pub use self::unjudged::Unjudged;
use super::log_list::{LogState, Program};
use super::log_table::LogTable;
use super::verdict::{Audience, SctVerdict};
use crate::x509::Certificate;

/// The verdict of each programme's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    /// Why no policy is for the certificate at all, if so: then none was judged.
    pub exempt: Option<Exemption>,
    /// Chrome's.
    pub chrome: PolicyVerdict,
    /// Apple's.
    pub apple: PolicyVerdict,
    /// Mozilla's.
    pub mozilla: PolicyVerdict,
    /// Android's.
    pub android: PolicyVerdict,
}

/// What a programme's policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVerdict {
    /// The verdict.
    pub outcome: PolicyOutcome,
    /// Why, sentence by sentence.
    pub reasons: Vec<String>,
    /// Why it was judged as of another time than the one asked for, if it was; the first of the reasons too.
    pub note: Option<String>,
    /// The list it was judged by, or could not be judged by for its age; `None` where none is known.
    pub list: Option<JudgedList>,
    /// Of what kind the reason is, if it was not judged.
    pub unjudged: Option<Unjudged>,
    /// As of when it was judged: the time of judging, unless the certificate was not valid then.
    pub judged_at: Timestamp,
    /// What it makes of each SCT, in the order of the SCTs.
    pub scts: Vec<SctStanding>,
    /// Where the policy is met: the logs any one of which could not retire without the policy being missed.
    pub without_margin: Vec<String>,
}

/// What one programme makes of one SCT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SctStanding {
    /// Whether it counted.
    pub counted: Counted,
    /// Why, in one sentence.
    pub reason: Cow<'static, str>,
    /// The log's state in the programme's list at the time of the SCT.
    pub state_then: LogState,
    /// The log's state in the programme's list as of the judgement.
    pub state_now: LogState,
    /// Since when the log has that state, where a list says so.
    pub state_since: Option<Timestamp>,
    /// When the log is to retire, where the programme's list has announced it.
    pub retires: Option<Timestamp>,
}

/// Whether an SCT counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// It did.
    Yes,
    /// It did not.
    No,
    /// What is known does not tell.
    Open,
}

/// The verdict of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyOutcome {
    /// The programme's clients accept.
    Compliant,
    /// They refuse.
    NotCompliant,
    /// What is known does not allow a verdict.
    NotJudged,
}

/// What a policy is asked.
#[derive(Clone, Copy, Debug)]
pub struct PolicyQuestion<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// Its SCTs, verified.
    pub scts: &'a [SctVerdict],
    /// Who is to trust it.
    pub audience: Audience,
    /// Whether a server presented it.
    pub handshake: bool,
    /// The logs.
    pub table: &'a LogTable,
    /// As of when.
    pub at: Timestamp,
}

/// Judges by every programme's policy.
pub fn judge(question: &PolicyQuestion<'_>) -> Policies {
    let exempt = Exemption::of(question);
    Policies {
        exempt,
        chrome: weigh::judge::<chrome::Chrome>(question, exempt),
        apple: weigh::judge::<apple::Apple>(question, exempt),
        mozilla: weigh::judge::<mozilla::Mozilla>(question, exempt),
        android: weigh::judge::<android::Android>(question, exempt),
    }
}

impl Policies {
    /// A programme's verdict.
    pub fn of(&self, program: Program) -> &PolicyVerdict {
        match program {
            Program::Chrome => &self.chrome,
            Program::Apple => &self.apple,
            Program::Mozilla => &self.mozilla,
            Program::Android => &self.android,
        }
    }

    /// Every programme with its verdict.
    pub fn iter(&self) -> impl Iterator<Item = (Program, &PolicyVerdict)> {
        Program::ALL.into_iter().map(|program| (program, self.of(program)))
    }

    /// The programmes whose verdicts decide whether the check is determined: Chrome alone, or where the user gave lists
    /// of others instead, those.
    pub fn deciding(&self) -> impl Iterator<Item = (Program, &PolicyVerdict)> {
        let chrome_decides = !self.chrome.has_no_list();
        self.iter().filter(
            move |(program, verdict)| {
                if chrome_decides { *program == Program::Chrome } else { !verdict.has_no_list() }
            },
        )
    }

    /// Whether a verdict that decides is missing.
    pub fn is_undetermined(&self) -> bool {
        self.deciding().any(|(_, verdict)| verdict.outcome == PolicyOutcome::NotJudged)
    }

    /// The programmes whose verdict is this one.
    pub fn with(&self, outcome: PolicyOutcome) -> impl Iterator<Item = (Program, &PolicyVerdict)> {
        self.iter().filter(move |(_, verdict)| verdict.outcome == outcome)
    }
}

impl PolicyVerdict {
    /// Whether no list of the programme is at hand at all, as the user gave another's.
    pub fn has_no_list(&self) -> bool {
        self.unjudged == Some(Unjudged::NoList)
    }
}

/// A programme in reports.
pub fn title(program: Program) -> &'static str {
    match program {
        Program::Chrome => "Chrome",
        Program::Apple => "Apple",
        Program::Mozilla => "Mozilla",
        Program::Android => "Android",
    }
}

/// “A, B and C”.
pub fn enumerated(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
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

impl Counted {
    /// The name in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Open => "open",
        }
    }
}

#[cfg(test)]
mod tests;
