//! What a rule is, and what it raises.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::Serialize;

use super::facts::Facts;
use super::texts;

/// How much a finding matters; ordered from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A weakness without a direct path to harm.
    Low,
    /// A weakness that takes a second fault to do harm.
    Medium,
    /// A protection that is missing or broken.
    High,
    /// Users are locked out, or an impersonator would be accepted, now.
    Critical,
}

impl Severity {
    /// Every severity, least first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name used in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.name() == text)
            .ok_or_else(|| format!("“{text}” is no severity; use info, low, medium, high or critical"))
    }
}

/// What a rule says of itself, whatever it is about.
#[derive(Debug)]
pub struct RuleInfo {
    /// The id: family and number, such as `CT003`. Never reused.
    pub id: &'static str,
    /// One line: what is wrong.
    pub title: &'static str,
    /// The severity unless the rule raises it with another.
    pub severity: Severity,
    /// What evidence the rule needs; without it the rule is silent.
    pub needs: &'static str,
    /// What it means, and why it matters; Markdown paragraphs.
    pub explanation: &'static str,
    /// What to do.
    pub advice: &'static str,
    /// The standards, policies and documents it rests on.
    pub references: &'static [&'static str],
}

/// One rule over verdicts of the kind `V`.
#[derive(Debug)]
pub struct Rule<V: ?Sized + 'static> {
    /// What it says of itself.
    pub info: RuleInfo,
    /// Looks at verdicts and tells what it found, if anything.
    pub raise: fn(&V) -> Vec<Raised>,
}

impl<V: ?Sized> Rule<V> {
    /// The findings this rule has about `verdicts`.
    pub fn findings(&self, verdicts: &V) -> Vec<Finding> {
        self.findings_as(verdicts, |raised| raised)
    }

    /// The same, each worded further by what it is about.
    pub fn findings_as(&self, verdicts: &V, word: impl Fn(Raised) -> Raised) -> Vec<Finding> {
        (self.raise)(verdicts).into_iter().map(|raised| Finding::new(&self.info, word(raised))).collect()
    }
}

/// Where in a file it stands that a finding is about: a pin file, or the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The path, as it can be opened; within a package behind “!/”.
    pub file: String,
    /// The line, from 1, where one is known.
    pub line: Option<usize>,
}

/// What a rule found in one place.
#[derive(Clone, Debug, Default)]
pub struct Raised {
    /// What it is about: a log, a name, a file and line.
    pub subject: String,
    /// What was found, in one or two sentences.
    pub message: String,
    /// The facts it rests on.
    pub evidence: Facts,
    /// A severity other than the rule's own.
    pub severity: Option<Severity>,
    /// Advice other than the rule's own.
    pub advice: Option<String>,
    /// The gravest severity that the evidence bears, whatever the rule's.
    pub at_most: Option<Severity>,
    /// The format of the file it is about, where advice and sources depend on that.
    pub format: Option<&'static str>,
    /// Sources other than the rule's own.
    pub references: Option<Vec<&'static str>>,
    /// Where in a file it stands, if it is about one.
    pub location: Option<Location>,
    /// What tells it from other findings of the rule about the same subject, where the facts alone do not
    /// ([`super::fingerprint`]).
    pub known_by: Vec<(&'static str, String)>,
}

impl Raised {
    /// A finding about `subject`.
    pub fn new(subject: impl Into<String>, message: impl Into<String>, evidence: impl Into<Facts>) -> Self {
        let (subject, message, evidence) = (subject.into(), message.into(), evidence.into());
        Self { subject, message, evidence, ..Self::default() }
    }

    /// With a severity other than the rule's own.
    #[must_use]
    pub fn at(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Resting on a guess, and so of a severity no graver than medium; `why` says what was guessed.
    #[must_use]
    pub fn guessed(mut self, why: &str) -> Self {
        self.at_most = Some(Severity::Medium);
        self.message = format!("{} This rests on a guess: {}.", self.message, why.trim_end_matches('.'));
        self
    }

    /// About a file of this format.
    #[must_use]
    pub fn in_format(mut self, format: Option<&'static str>) -> Self {
        self.format = format;
        self
    }

    /// About what stands there.
    #[must_use]
    pub fn standing_at(mut self, location: Option<Location>) -> Self {
        self.location = location;
        self
    }

    /// Told from other findings of the rule about the same subject by this.
    #[must_use]
    pub fn known_by(mut self, what: &'static str, value: impl Into<String>) -> Self {
        self.known_by.push((what, value.into()));
        self
    }

    /// With advice other than the rule's own.
    #[must_use]
    pub fn advising(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// That something is accepted for a time, by a baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Acceptance {
    /// Why.
    pub reason: String,
    /// The last day on which it is, UTC.
    pub until: Date,
}

impl fmt::Display for Acceptance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "accepted until {}, because of “{}” (baseline)", self.until, self.reason)
    }
}

/// A finding: one rule, raised about one subject.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// By what it is known again in another run ([`super::fingerprint`]), where it is known what it was found at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What the fingerprint holds beside rule, target, subject and facts.
    #[serde(skip)]
    pub(super) known_by: Vec<(&'static str, String)>,
    /// That a baseline accepts it: it is shown, and fails nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Acceptance>,
    /// How much it matters here.
    pub severity: Severity,
    /// The rule's title.
    #[serde(serialize_with = "texts::one")]
    pub title: &'static str,
    /// What was found.
    pub message: String,
    /// What it is about.
    pub subject: String,
    /// Where in a file it stands; absent where it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The facts it rests on.
    pub evidence: Facts,
    /// What to do.
    #[serde(serialize_with = "texts::own_or_one")]
    pub advice: Cow<'static, str>,
    /// The sources of the rule, where they differ by platform those of the one concerned.
    #[serde(serialize_with = "texts::each")]
    pub references: Cow<'static, [&'static str]>,
}

impl Finding {
    /// A finding that was raised before and kept with its rule's id; `None` where no rule has it any more.
    pub fn again(rule: &str, severity: Severity, raised: Raised) -> Option<Self> {
        let info = super::all().find(|info| info.id == rule)?;
        Some(Self::new(info, raised.at(severity)))
    }

    /// The severity that counts for outcome and exit code; none where a baseline accepts the finding.
    pub fn counts(&self) -> Option<Severity> {
        if self.accepted.is_none() { Some(self.severity) } else { None }
    }

    /// Whether it fails a run that fails on the severities for which `reaches` is true. That a step which is required by
    /// name is not done fails it by itself, whatever its severity and whatever a baseline accepts.
    pub fn fails(&self, reaches: impl Fn(Severity) -> bool) -> bool {
        self.rule == super::compare::REQUIRED || self.counts().is_some_and(reaches)
    }

    pub(super) fn new(info: &RuleInfo, raised: Raised) -> Self {
        let severity = raised.severity.unwrap_or(info.severity);
        Self {
            rule: info.id,
            fingerprint: None,
            known_by: raised.known_by,
            accepted: None,
            severity: raised.at_most.map_or(severity, |most| severity.min(most)),
            title: info.title,
            message: raised.message,
            subject: raised.subject,
            location: raised.location,
            evidence: raised.evidence,
            advice: raised.advice.map_or(Cow::Borrowed(info.advice), Cow::Owned),
            references: raised.references.map_or(Cow::Borrowed(info.references), Cow::Owned),
        }
    }
}
