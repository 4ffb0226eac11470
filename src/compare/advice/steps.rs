//! What to have in place first, and the way off pinning: each step with the command that tells whether it is done.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::Serialize;

use super::known::{Known, Pinned, named};
use crate::compare::{
    CaaPolicy, CurrentIssuer, Dnssec, Expectation, Fact, LogWatch, PinEnforcement, Pins, Share,
};

/// The longest life of a certificate that counts as short: the maximum from 2029-03-15 on.
const SHORT_DAYS: i64 = 47;

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
    /// The command whose exit code tells that it is done.
    pub gate: String,
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

/// A text that names no step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is no step; use {}", StepId::ALL.map(StepId::name).join(", "))]
pub struct UnknownStep {
    /// The text.
    text: String,
}

impl StepId {
    /// Every step, in the order of the plan.
    pub const ALL: [Self; 9] = [
        Self::Monitoring,
        Self::Caa,
        Self::CaaBound,
        Self::ExpectedCa,
        Self::ShortLives,
        Self::Widened,
        Self::Released,
        Self::OldVersionsGone,
        Self::Removed,
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
        let found = Self::ALL.into_iter().find(|step| step.name() == text);
        found.ok_or_else(|| UnknownStep { text: text.to_owned() })
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
static STEPS: [Plan; 9] = [
    Plan {
        id: StepId::Monitoring,
        what: "Watch the CT logs for the domain, and have somebody answer the alerts.",
        why: "A certificate that should not be there is seen, whichever CA issued it; pins see only what their clients meet.",
        source: "RFC 6962 section 5.3 (monitors)",
        gate: |known| format!("pinstead compare {} --state --require monitoring", known.host),
        done: |known| match &known.facts.log_watch {
            Fact::Measured(LogWatch::Watched(watch)) => (Done::Yes, format!("watched: {}", watch.by)),
            Fact::Measured(LogWatch::LookedUp(watch)) => {
                (Done::No, format!("looked up once, which is no watch: {}", watch.by))
            }
            Fact::Measured(LogWatch::NotWatched) => {
                (Done::No, "the name is not among those watched".to_owned())
            }
            Fact::NotGiven => (Done::Unknown, "no state of `pinstead watch` was given (--state)".to_owned()),
            Fact::Undetermined => {
                (Done::Unknown, "whether the logs are watched could not be told".to_owned())
            }
        },
    },
    Plan {
        id: StepId::Caa,
        what: "Publish CAA that permits the CAs in use, and no other.",
        why: "Every other CA that obeys the rules refuses to issue.",
        source: "RFC 8659; CA/Browser Forum Baseline Requirements 3.2.2.8",
        gate: |known| format!("pinstead compare {} --require caa", known.host),
        done: caa,
    },
    Plan {
        id: StepId::CaaBound,
        what: "Bind CAA to your account at the CA (accounturi) or to a method (validationmethods), and sign the zone (DNSSEC).",
        why: "Then your own CA does not issue to somebody else who passes its validation: the threat that only pins of your own \
              keys stop otherwise.",
        source: "RFC 8657; CA/Browser Forum Baseline Requirements 3.2.2.8.1 (DNSSEC from 2026-03-15)",
        gate: |known| format!("pinstead compare {} --dnssec validate --require caa-bound", known.host),
        done: caa_bound,
    },
    Plan {
        id: StepId::ExpectedCa,
        what: "State the CAs that you use (expect_ca), and the keys where they are known (known_keys).",
        why: "Without it, nobody can say which of the certificates in the logs should not be there.",
        source: "docs/issuance.md",
        gate: |known| format!("pinstead compare {} --require expected-ca", known.host),
        done: |known| match &known.facts.expectation {
            Fact::Measured(Expectation::Expected) => {
                (Done::Yes, "the issuer is one that is expected".to_owned())
            }
            Fact::Measured(Expectation::Unexpected) => {
                (Done::No, "the issuer of the certificate in use is not expected".to_owned())
            }
            Fact::NotGiven => (Done::No, "no CA is named as expected".to_owned()),
            Fact::Undetermined => {
                (Done::Unknown, "whether the issuer is expected could not be determined".to_owned())
            }
        },
    },
    Plan {
        id: StepId::ShortLives,
        what: "Have certificates of short lives, renewed by a program.",
        why: "A certificate that was obtained by fraud, or whose key was stolen, is of use for no longer than it lives.",
        source: "CA/Browser Forum Baseline Requirements 6.3.2 (47 days from 2029-03-15)",
        gate: |known| format!("pinstead compare {} --history FOLDER --require short-lives", known.host),
        done: short_lives,
    },
    Plan {
        id: StepId::Widened,
        what: "Widen the pins to every root of every CA that you use, or let them end (a date in the past fails open on \
               Android; not on iOS).",
        why: "From then on no renewal locks out a client that has this version.",
        source: "Android, Network Security Configuration; Amazon Trust Services; Google Trust Services FAQ",
        gate: |known| {
            format!(
                "pinstead compare {} --history FOLDER --pins {} --require widened",
                known.host,
                known.pin_files()
            )
        },
        done: widened,
    },
    Plan {
        id: StepId::Released,
        what: "Release it on every platform.",
        why: "Pins in a repository lock nobody out and protect nobody; those on devices do.",
        source: "OWASP MASTG, MASTG-TEST-0242",
        gate: |known| format!("pinstead pins RELEASED-APP --host {} --live --fail-on medium", known.host),
        done: |_| {
            (Done::Unknown, "what is released no evidence tells; judge the released package".to_owned())
        },
    },
    Plan {
        id: StepId::OldVersionsGone,
        what: "Wait until the versions with the old pins are gone from devices: as long as your release lead is.",
        why: "They are locked out at the first renewal that the old pins do not match.",
        source: "the replay over issuance history",
        gate: |known| {
            format!("pinstead compare {} --history FOLDER --pins OLD-PINS --release-lead TIME", known.host)
        },
        done: |known| match known.pinned() {
            Pinned::No => (Done::Yes, "none of the pin files given pins the host".to_owned()),
            Pinned::Yes | Pinned::Unknown => {
                (Done::Unknown, "how many users have which version no evidence tells".to_owned())
            }
        },
    },
    Plan {
        id: StepId::Removed,
        what: "Remove the pins, and the code that compares them.",
        why: "What is left behind is enforced again by mistake, or read as protection.",
        source: super::OWASP,
        gate: |known| {
            format!("pinstead compare {} --pins {} --require removed", known.host, known.pin_files())
        },
        done: |known| match known.pinned() {
            Pinned::No => (Done::Yes, "none of the pin files given pins the host".to_owned()),
            Pinned::Yes => (
                Done::No,
                format!("pinned by {}", named(known.clients().map(|client| client.client.as_str()))),
            ),
            Pinned::Unknown => (Done::Unknown, "no pin file was given, or not all of it is known".to_owned()),
        },
    },
];

/// The steps that are to be in place whatever becomes of pins.
pub(super) fn first(known: &Known<'_>) -> Vec<Step> {
    STEPS.iter().filter(|plan| plan.id < StepId::Widened).map(|plan| plan.judged(known)).collect()
}

/// The way off pinning, in order.
pub(super) fn migration(known: &Known<'_>) -> Vec<MigrationStep> {
    let steps = STEPS.iter().filter(|plan| plan.id != StepId::ShortLives);
    steps.zip(1..).map(|(plan, order)| MigrationStep { order, step: plan.judged(known) }).collect()
}

/// The steps that were asked for.
pub(super) fn required(known: &Known<'_>, ids: &[StepId]) -> Vec<Step> {
    STEPS.iter().filter(|plan| ids.contains(&plan.id)).map(|plan| plan.judged(known)).collect()
}

impl Plan {
    fn judged(&self, known: &Known<'_>) -> Step {
        let (done, evidence) = (self.done)(known);
        let Self { id, what, why, source, gate, .. } = self;
        Step { id: *id, what, why, source, gate: gate(known), done, evidence }
    }
}

fn caa(known: &Known<'_>) -> (Done, String) {
    match &known.facts.caa {
        Fact::NotGiven => (Done::Unknown, "CAA was not looked up".to_owned()),
        Fact::Undetermined => (Done::Unknown, "what CAA says could not be determined".to_owned()),
        Fact::Measured(CaaPolicy::NoRecords) => (Done::No, "there is no CAA record".to_owned()),
        Fact::Measured(CaaPolicy::Unrestricted) => (Done::No, "the CAA records restrict nobody".to_owned()),
        Fact::Measured(CaaPolicy::Restrictive { permitted, current_issuer }) => match current_issuer {
            CurrentIssuer::Permitted => (Done::Yes, format!("CAA permits {}", permitted.join(", "))),
            CurrentIssuer::Denied => {
                (Done::No, "CAA does not permit the CA in use: the next renewal will fail".to_owned())
            }
            CurrentIssuer::Undetermined => {
                (Done::Unknown, "whether CAA permits the CA in use is not known".to_owned())
            }
        },
    }
}

fn caa_bound(known: &Known<'_>) -> (Done, String) {
    let (done, evidence) = caa(known);
    if done != Done::Yes {
        return (done, evidence);
    }
    let Some(binding) = known.facts.caa_binding.measured() else {
        return (Done::Unknown, "what CAA binds beside the CA is not known".to_owned());
    };
    if binding.accounts != Share::All && binding.methods != Share::All {
        return (Done::No, "not every record binds the account or the method".to_owned());
    }
    match binding.dnssec {
        Dnssec::Secure => {
            (Done::Yes, "every record binds the account or the method, secured by DNSSEC".to_owned())
        }
        Dnssec::Insecure => (Done::No, "the zone is not signed".to_owned()),
        Dnssec::Bogus => (Done::No, "DNSSEC fails".to_owned()),
        Dnssec::Unknown => (Done::Unknown, "DNSSEC was not validated (--dnssec validate)".to_owned()),
    }
}

fn short_lives(known: &Known<'_>) -> (Done, String) {
    let newest = known.replay().and_then(|replay| {
        let current = replay.certificates.iter().filter(|certificate| certificate.not_after > replay.until);
        current.max_by_key(|certificate| certificate.not_before)
    });
    if let Some(certificate) = newest {
        let days = days(certificate.not_after.duration_since(certificate.not_before));
        let done = if days <= SHORT_DAYS { Done::Yes } else { Done::No };
        return (done, format!("the newest certificate lives {days} days"));
    }
    match known.facts.revocation.measured() {
        Some(paths) if paths.short_lived => (Done::Yes, "the certificate is a short-lived one".to_owned()),
        _ => (Done::Unknown, "no current certificate of the history is known (--history)".to_owned()),
    }
}

/// Whole days, the last second of a life counted in.
fn days(life: SignedDuration) -> i64 {
    life.as_hours().saturating_add(1).div_euclid(24)
}

fn widened(known: &Known<'_>) -> (Done, String) {
    match known.pinned() {
        Pinned::No => return (Done::Yes, "none of the pin files given pins the host".to_owned()),
        Pinned::Unknown => {
            return (Done::Unknown, "no pin file was given, or not all of it is known".to_owned());
        }
        Pinned::Yes => {}
    }
    let is_off = |pins: &Pins| !matches!(pins, Pins::Pinned { enforcement: PinEnforcement::Enforced, .. });
    if known.clients().all(|client| is_off(&client.pins)) {
        return (Done::Yes, "no pins are in force any more".to_owned());
    }
    let mut told = Vec::new();
    for set in known.given().filter(|set| set.refuses) {
        match &set.next_match {
            Some(chance) if chance.share.count < chance.share.of => {
                let why = format!(
                    "{}: {} of {} recent certificates match",
                    set.title, chance.share.count, chance.share.of
                );
                return (Done::No, why);
            }
            Some(chance) if chance.share.of > 0 => told.push(set.title.as_str()),
            Some(_) | None => {
                return (
                    Done::Unknown,
                    format!("{}: whether the next certificate matches is not known", set.title),
                );
            }
        }
    }
    if told.is_empty() {
        return (Done::Unknown, "the pins were not replayed (--history)".to_owned());
    }
    (Done::Yes, format!("all recent certificates match {}", named(told.into_iter())))
}
