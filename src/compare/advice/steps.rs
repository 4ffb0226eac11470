//! What to have in place first, and the way off pinning: each step with the command that tells whether it is done.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::done;
use super::known::Known;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepId {
    /// The CT logs are watched.
    Monitoring,
    /// CAA lets only the CAs in use issue.
    Caa,
    /// CAA binds the account or the method too, and DNSSEC secures it.
    CaaBound,
    /// The CAs in use are stated as expected.
    ExpectedCa,
    /// Certificates are short-lived.
    ShortLives,
    /// The pins accept what will be served, or have ended.
    Widened,
    /// A release with those pins is out.
    Released,
    /// The releases before it are gone.
    OldVersionsGone,
    /// No client has pins.
    Removed,
    /// Nothing that was measured is wrong with the pins; no step of the way off them.
    Sound,
}

/// Whether a step is done, by the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// The evidence does not tell.
    Unknown,
}

/// A step, and whether it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its id, as `--require` takes it.
    pub id: StepId,
    /// What to do.
    pub what: &'static str,
    /// Why.
    pub why: &'static str,
    /// The guidance it is from.
    pub source: &'static str,
    /// The command whose exit code tells that it is done; where there is none, what to look at.
    pub gate: String,
    /// Whether that is a command.
    pub gate_is_command: bool,
    /// Whether it is done now.
    pub done: Done,
    /// What that rests on.
    pub evidence: String,
}

/// A step of the way off pinning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MigrationStep {
    /// Its place, from 1.
    pub order: usize,
    /// The step.
    #[serde(flatten)]
    pub step: Step,
}

/// A text that names no step that can be required.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownStep {
    /// It names none at all.
    #[error("“{0}” is no step; use {asked}", asked = asked())]
    None(String),
    /// It names one of which nothing here ever tells whether it is done.
    #[error("the step “{}” cannot be required: {}; use {}", step.name(), step.untold().unwrap_or_default(), asked())]
    Untold {
        /// The step.
        step: StepId,
    },
}

/// The steps that can be required, for people.
fn asked() -> String {
    let told = StepId::ALL.into_iter().filter(|step| step.untold().is_none());
    told.map(StepId::name).collect::<Vec<_>>().join(", ")
}

impl StepId {
    /// Every step, in the order of the plan.
    pub const ALL: [Self; 10] = [
        Self::Monitoring,
        Self::Caa,
        Self::CaaBound,
        Self::ExpectedCa,
        Self::ShortLives,
        Self::Widened,
        Self::Released,
        Self::OldVersionsGone,
        Self::Removed,
        Self::Sound,
    ];

    /// Its name in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Monitoring => "monitoring",
            Self::Caa => "caa",
            Self::CaaBound => "caa-bound",
            Self::ExpectedCa => "expected-ca",
            Self::ShortLives => "short-lives",
            Self::Widened => "widened",
            Self::Released => "released",
            Self::OldVersionsGone => "old-versions-gone",
            Self::Removed => "removed",
            Self::Sound => "sound",
        }
    }

    /// Why nothing here ever tells whether it is done; `None` where evidence does.
    pub fn untold(self) -> Option<&'static str> {
        match self {
            Self::Released => {
                Some("what is released no evidence tells; ask `--require widened` of the released package")
            }
            Self::OldVersionsGone => Some("how many users have which version no evidence tells"),
            _ => None,
        }
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for StepId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl FromStr for StepId {
    type Err = UnknownStep;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Self::ALL.into_iter().find(|step| step.name() == text) {
            None => Err(UnknownStep::None(text.to_owned())),
            Some(step) if step.untold().is_some() => Err(UnknownStep::Untold { step }),
            Some(step) => Ok(step),
        }
    }
}

/// One step as it is written, before it is judged.
struct Plan {
    id: StepId,
    what: &'static str,
    why: &'static str,
    source: &'static str,
    gate: fn(&Known<'_>) -> String,
    done: fn(&Known<'_>) -> (Done, String),
}

/// Every step, in the order of [`StepId::ALL`].
static STEPS: [Plan; 10] = [
    Plan {
        id: StepId::Monitoring,
        what: "Watch the CT logs for the domain, and have somebody answer the alerts.",
        why: "A certificate that should not be there is seen, whichever CA issued it; pins see only what their clients meet.",
        source: "RFC 6962 section 5.3 (monitors)",
        gate: |known| known.gate_of_watch(),
        done: done::monitoring,
    },
    Plan {
        id: StepId::Caa,
        what: "Publish CAA that permits the CAs in use, and no other.",
        why: "Every other CA that obeys the rules refuses to issue.",
        source: "RFC 8659; CA/Browser Forum Baseline Requirements 3.2.2.8",
        gate: |known| format!("{} --require caa", known.compare()),
        done: done::caa,
    },
    Plan {
        id: StepId::CaaBound,
        what: "Bind CAA to your account at the CA (accounturi), and sign the zone (DNSSEC).",
        why: "From 2027-03-15 on your own CA then has to refuse whoever else passes its validation, a threat that only pins of \
              your own keys stop otherwise; until then this step shows that the records are published and signed, and not \
              that your CA obeys them.",
        source: "RFC 8657; ballot SC-098v2 (from 2027-03-15); CA/Browser Forum Baseline Requirements 3.2.2.8.1 (DNSSEC from \
                 2026-03-15)",
        gate: |known| format!("{} --dnssec validate --require caa-bound", known.compare_but("--dnssec")),
        done: done::caa_bound,
    },
    Plan {
        id: StepId::ExpectedCa,
        what: "State the CAs that you use (expect_ca), and the keys where they are known (known_keys).",
        why: "Without it, nobody can say which of the certificates in the logs should not be there.",
        source: "docs/issuance.md",
        gate: |known| format!("{} --require expected-ca", known.compare()),
        done: done::expected_ca,
    },
    Plan {
        id: StepId::ShortLives,
        what: "Have certificates of short lives, renewed by a program.",
        why: "A certificate that was obtained by fraud, or whose key was stolen, is of use for no longer than it lives.",
        source: "CA/Browser Forum Baseline Requirements 6.3.2 (47 days from 2029-03-15)",
        gate: |known| known.gate_of_lives(),
        done: done::short_lives,
    },
    Plan {
        id: StepId::Widened,
        what: "Widen the pins to every root of every CA that you use, or let them end (a date in the past fails open on \
               Android; not on iOS). Pins that refuse everything once they have ended are not wide.",
        why: "From then on no renewal locks out a client that has this version.",
        source: "Android, Network Security Configuration; Amazon Trust Services; Google Trust Services FAQ",
        gate: |known| known.gate_of_wide_pins(&known.pins()),
        done: done::widened,
    },
    Plan {
        id: StepId::Released,
        what: "Release it on every platform, and ask of each released package what was asked of the files, or of the \
               source that it was built from where the pins are in its code, which is not read (`pinstead pins` tells what \
               else is weak in it).",
        why: "Pins in a repository lock nobody out and protect nobody; those on devices do.",
        source: "OWASP MASTG, MASTG-TEST-0242",
        gate: |known| known.gate_of_wide_pins(" --pins RELEASED-APP"),
        done: |_| done::untold(StepId::Released),
    },
    Plan {
        id: StepId::OldVersionsGone,
        what: "Wait until the versions with the old pins are gone from devices: as long as your release lead is.",
        why: "They are locked out at the first renewal that the old pins do not match.",
        source: "the replay over issuance history",
        gate: |_| "no command tells: look at the versions in use in the statistics of your stores".to_owned(),
        // What the files of today pin is another step's.
        done: |_| done::untold(StepId::OldVersionsGone),
    },
    Plan {
        id: StepId::Removed,
        what: "Remove the pins, and the code that compares them.",
        why: "What is left behind is enforced again by mistake, or read as protection.",
        source: super::OWASP,
        // It is about files alone.
        gate: |known| format!("{} --offline{} --require removed", known.compare(), known.pins()),
        done: done::removed,
    },
    Plan {
        id: StepId::Sound,
        what: "Change the pins so that nothing that is measured speaks against them.",
        why: "Pins that lock users out, or protect nobody, are worse than none.",
        source: super::OWASP,
        gate: |known| known.gate_of_pins(),
        done: done::sound,
    },
];

/// The steps that are to be in place whatever becomes of pins.
pub(super) fn first(known: &Known<'_>) -> Vec<Step> {
    STEPS.iter().filter(|plan| plan.id < StepId::Widened).map(|plan| plan.judged(known)).collect()
}

/// The way off pinning, in order.
pub(super) fn migration(known: &Known<'_>) -> Vec<MigrationStep> {
    let steps = STEPS.iter().filter(|plan| !matches!(plan.id, StepId::ShortLives | StepId::Sound));
    steps.zip(1..).map(|(plan, order)| MigrationStep { order, step: plan.judged(known) }).collect()
}

/// The steps that were asked for.
pub(super) fn required(known: &Known<'_>, ids: &[StepId]) -> Vec<Step> {
    STEPS.iter().filter(|plan| ids.contains(&plan.id)).map(|plan| plan.judged(known)).collect()
}

/// A gate that goes by the step alone: by no other finding, and, in CI too, by nothing else that stayed open and was not
/// asked for.
pub(super) fn alone(gate: String) -> String {
    if gate.contains(" --require ") {
        format!("{gate} --fail-on none --fail-on-undetermined=false")
    } else {
        gate
    }
}

impl Plan {
    fn judged(&self, known: &Known<'_>) -> Step {
        let (done, evidence) = (self.done)(known);
        let Self { id, what, why, source, gate, .. } = self;
        let gate = alone(gate(known));
        let gate_is_command = *id != StepId::OldVersionsGone;
        Step { id: *id, what, why, source, gate, gate_is_command, done, evidence }
    }
}
