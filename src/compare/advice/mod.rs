//! Should this domain pin? Answered by OWASP's criteria and what was measured; what the owner did not state stays a
//! question.
//!
//! Each consideration stands in one table (`criteria`), each step of the way off pinning in another (`steps`).
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod claims;
mod criteria;
mod done;
mod in_force;
mod kinds;
mod known;
mod questions;
mod repeated;
mod steps;
mod waiting;

use serde::Serialize;

pub use self::claims::Correction;
use self::criteria::{CRITERIA, Weighed};
use self::kinds::Kinds;
use self::known::{Known, Pinned};
use self::repeated::Repeated;
pub use self::steps::{Done, MigrationStep, Step, StepId, UnknownStep};
use super::{Circumstances, Comparison, Fact, MeasuredFacts};

/// The guidance whose criteria decide whether to pin at all.
const OWASP: &str = "OWASP Pinning Cheat Sheet (When Do You Not Pin?)";

/// Whether to pin, why, and how to get away from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What to do.
    pub verdict: Verdict,
    /// The same in a sentence.
    pub sentence: String,
    /// Why, the reasons that decide first.
    pub because: Vec<Reason>,
    /// What only the owner can answer, and has not.
    pub open_questions: Vec<String>,
    /// What to have in place, whatever becomes of pins.
    pub first: Vec<Step>,
    /// What to change on the pins as they are.
    pub changes: Vec<Change>,
    /// The way off pinning, in order; empty where nothing is pinned.
    pub migration: Vec<MigrationStep>,
    /// The steps that were asked for by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<Step>,
    /// What is often said and is not so, where what was measured shows it.
    pub corrections: Vec<Correction>,
}

/// What to do about pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Leave things as they are.
    Keep,
    /// Change the pins.
    Change,
    /// Get away from pins.
    Drop,
    /// Do not begin to pin.
    DoNotPin,
    /// What is known does not tell.
    Undetermined,
}

impl Verdict {
    /// Each, what asks for the most first.
    pub const ALL: [Self; 5] = [Self::Drop, Self::Change, Self::Undetermined, Self::DoNotPin, Self::Keep];

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Change => "change",
            Self::Drop => "drop",
            Self::DoNotPin => "do_not_pin",
            Self::Undetermined => "undetermined",
        }
    }

    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Change => "change",
            Self::Drop => "drop the pins",
            Self::DoNotPin => "do not pin",
            Self::Undetermined => "undetermined",
        }
    }
}

/// A reason, with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The consideration's id, such as `key_not_predictable`.
    pub id: &'static str,
    /// The reason in a sentence.
    pub text: String,
    /// The guidance it is from.
    pub source: &'static str,
    /// What was stated or measured.
    pub evidence: String,
}

/// Something to change on the pins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The consideration's id.
    pub id: &'static str,
    /// What to do.
    pub what: String,
    /// The command whose exit code tells that it is done.
    pub gate: String,
}

/// Who asks, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The target as it was named: with the port.
    pub target: &'a str,
    /// The options that change what is found, as words.
    pub options: &'a [String],
    /// The steps of which it is to be told whether they are done.
    pub require: &'a [StepId],
}

/// Advises the owner of a host.
pub fn advise(
    Asked { target, options, require }: Asked<'_>,
    facts: &MeasuredFacts,
    comparison: &Comparison,
    circumstances: &Circumstances,
) -> Advice {
    let known = Known { target, repeated: Repeated::of(options), facts, comparison, circumstances };
    let (mut against, mut wrong, mut good) = (Vec::new(), Vec::new(), Vec::new());
    let (mut open_questions, mut changes) = (Vec::new(), Vec::new());
    for criterion in &CRITERIA {
        let reason = |text, evidence| Reason { id: criterion.id, text, source: criterion.source, evidence };
        match (criterion.weigh)(&known) {
            Weighed::Silent => {}
            Weighed::Against { text, evidence } => against.push(reason(text, evidence)),
            Weighed::For { text, evidence } => good.push(reason(text, evidence)),
            Weighed::Open(question) => open_questions.push(question),
            Weighed::Wrong { text, evidence, change } => {
                wrong.push(reason(text, evidence));
                changes.push(Change {
                    id: criterion.id,
                    what: change,
                    gate: steps::alone(known.gate_of_pins()),
                });
            }
        }
    }
    open_questions.extend(questions::of_pins(&known));
    open_questions.extend(kinds::open(&known));
    for fault in criteria::faults(&known, &wrong) {
        wrong.push(fault.reason);
        changes.push(Change { id: fault.id, what: fault.change, gate: steps::alone(known.gate_of_pins()) });
    }
    let verdict = match (known.pinned(), !against.is_empty(), !wrong.is_empty(), !open_questions.is_empty()) {
        (Pinned::Yes, true, ..) => Verdict::Drop,
        (Pinned::No | Pinned::Unknown, true, ..) => Verdict::DoNotPin,
        (_, false, true, _) => Verdict::Change,
        (_, false, false, true) | (Pinned::Unknown, false, false, false) => Verdict::Undetermined,
        (Pinned::Yes | Pinned::No, false, false, false) => Verdict::Keep,
    };
    let sentence = sentence(verdict, &known, (against.len(), wrong.len(), open_questions.len()));
    let migration = if known.pinned() == Pinned::Yes { steps::migration(&known) } else { Vec::new() };
    // What is to be changed does not matter where pins are to go.
    if verdict != Verdict::Change {
        changes.retain(|change| criteria::holds_without_pins(change.id));
    }
    against.append(&mut wrong);
    against.append(&mut good);
    Advice {
        verdict,
        sentence,
        because: against,
        open_questions,
        first: steps::first(&known),
        changes,
        migration,
        required: steps::required(&known, require),
        corrections: claims::shown(&known),
    }
}

fn sentence(verdict: Verdict, known: &Known<'_>, (against, wrong, open): (usize, usize, usize)) -> String {
    let counted = |count: usize, what: &str| {
        if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
    };
    match (verdict, known.pinned()) {
        (Verdict::Drop, _) => format!(
            "Drop the pins, in the order of the plan: {} against pinning at all, of OWASP's criteria or measured.",
            counted(against, "reason")
        ),
        (Verdict::DoNotPin, Pinned::Unknown) => format!(
            "Do not begin to pin ({} against it); and if your clients have pins, which {}, drop them.",
            counted(against, "reason"),
            match known.facts.pins {
                Fact::NotGiven => "no pin file given here shows",
                Fact::Undetermined | Fact::Measured(_) => "is not known by what was given here",
            }
        ),
        (Verdict::DoNotPin, _) => format!("Do not begin to pin: {} against it.", counted(against, "reason")),
        (Verdict::Change, Pinned::Yes) => format!(
            "Change the pins: {} wrong with them, and nothing that was stated speaks against pinning itself.",
            if wrong == 1 { "1 thing is".to_owned() } else { format!("{wrong} things are") }
        ),
        (Verdict::Change, Pinned::Unknown) => format!(
            "Whether anything is pinned is not known, and {} to be put right.",
            if wrong == 1 { "1 thing is".to_owned() } else { format!("{wrong} things are") }
        ),
        (Verdict::Change, Pinned::No) => format!(
            "Nothing is pinned, and {} to be put right.",
            if wrong == 1 { "1 thing is".to_owned() } else { format!("{wrong} things are") }
        ),
        (Verdict::Keep, Pinned::Yes) => kept(known),
        (Verdict::Keep, _) => {
            "Stay without pins, unless your own CA is an attacker you reckon with: then OWASP's criteria would allow pins of \
             your own keys, with a backup."
                .to_owned()
        }
        (Verdict::Undetermined, _) => format!(
            "Whether to pin cannot be said until {} answered; OWASP's answer to the general question is “probably never”.",
            if open == 1 { "1 question is".to_owned() } else { format!("{open} questions are") }
        ),
    }
}

/// That pins are kept, and whose.
fn kept(known: &Known<'_>) -> String {
    let (kinds, left_out) = (Kinds::of(known), done::left_out(known));
    let (whose, others) = (kinds.whose(), kinds.others());
    if known.comparison.headlines.tell_nothing() {
        return format!(
            "Keep the pins{whose}, by what was issued alone: none of OWASP's criteria speaks against them, and nothing of the \
             replay does{left_out}{others}; what they stop, and what else protects the host, was not measured."
        );
    }
    format!(
        "Keep the pins{whose}: none of OWASP's criteria speaks against them, and nothing that was measured \
         does{left_out}{others}."
    )
}

#[cfg(test)]
pub(crate) mod tests;
