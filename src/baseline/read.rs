//! Reading a baseline: bounded, with every error and its place.

use std::ops::Range;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::{Baseline, Known, KnownOpen, Spans, beside};
use crate::policy::diagnose::{Problem, at_place, problems};
use crate::policy::{day, format_of_text, listed, schema_of};
use crate::question::About;
use crate::rules::{self, Severity};

/// The most entries that are read.
const MOST: usize = 20_000;
/// The most errors that are told.
const MOST_TOLD: usize = 50;
/// The longest text of an entry, in characters.
const LONGEST: usize = 4_000;
/// Why an entry is refused that accepts what a gate asks for.
const REQUIRED: &str = "what --require asks for is done or not: leave the option out instead of accepting it";
/// The version that is read and written.
pub(super) const VERSION: u32 = 1;

/// Why a baseline cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {}", listed(problems))]
pub struct BaselineError {
    /// The file.
    pub path: String,
    /// What is wrong, and where, in the order of the file.
    pub problems: Vec<Problem>,
}

/// Known findings, accepted until a day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    version: u32,
    /// Findings that are known.
    #[serde(default)]
    #[schemars(with = "Vec<WrittenFinding>")]
    finding: Vec<Spanned<WrittenFinding>>,
    /// What could not be determined, and is accepted as that.
    #[serde(default)]
    #[schemars(with = "Vec<WrittenOpen>")]
    undetermined: Vec<Spanned<WrittenOpen>>,
}

/// A finding that is known: by its fingerprint, or by rule, target and subject.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WrittenFinding {
    /// Its `fingerprint`, as JSON reports show it.
    fingerprint: Option<String>,
    /// The command that found it, such as `check`.
    command: Option<String>,
    /// The rule.
    #[schemars(extend("format" = "rule"))]
    rule: Option<String>,
    /// The target, as reports show it.
    target: Option<String>,
    /// What it is about, as reports show it.
    subject: Option<String>,
    /// The gravest severity that is accepted; any, if it is left out.
    #[schemars(with = "Option<Severity>")]
    severity: Option<Spanned<String>>,
    /// Why it is accepted.
    #[schemars(with = "String")]
    reason: Spanned<String>,
    /// The last day on which it is accepted, UTC.
    #[schemars(with = "String", extend("format" = "date"))]
    until: Spanned<toml::Value>,
}

/// Something that could not be determined, and is accepted as that.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WrittenOpen {
    /// The command to which it is open; `check`, if it is left out.
    command: Option<String>,
    /// The target, as reports show it.
    target: String,
    /// What could not be determined, as `undetermined` of the report has it; its counts may change.
    what: String,
    /// Why that is accepted.
    reason: String,
    /// The last day on which it is accepted, UTC.
    #[schemars(with = "String", extend("format" = "date"))]
    until: toml::Value,
}

/// The JSON Schema of a baseline (draft 7).
pub fn schema() -> Value {
    schema_of::<Written>("A baseline of pinstead: findings that are known, accepted until a day")
}

impl Baseline {
    /// Reads a baseline's text.
    pub fn parse(path: &str, octets: &[u8]) -> Result<Self, BaselineError> {
        let wrong = |problems| BaselineError { path: path.to_owned(), problems };
        let text = match std::str::from_utf8(octets) {
            Ok(text) => text,
            Err(error) => {
                let before = octets.get(..error.valid_up_to()).unwrap_or_default();
                let before = String::from_utf8_lossy(before);
                return Err(wrong(vec![at_place(&before, before.len(), "this is not UTF-8".to_owned())]));
            }
        };
        let written: Written = toml::from_str(text).map_err(|error| {
            let mut found = problems(text, &schema(), is_of_format);
            if found.is_empty() {
                let at = error.span().map_or(0, |span| span.start);
                found.push(at_place(text, at, error.message().trim_end().to_owned()));
            }
            found.extend(beside::find(text));
            found.sort_by_key(|problem| (problem.line, problem.column));
            found.truncate(MOST_TOLD);
            wrong(found)
        })?;
        let mut reader = Reader::of(text);
        let baseline = reader.baseline(path, written);
        if reader.found.is_empty() {
            return Ok(baseline);
        }
        let told = reader.found.into_iter().map(|(at, what)| at_place(text, at, what)).collect();
        Err(wrong(told))
    }
}

/// What is said further of a text than its shape.
fn is_of_format(format: &str, text: &str) -> Result<(), String> {
    if format != "rule" {
        return format_of_text(format, text);
    }
    if rules::all().any(|rule| rule.id == text) {
        return Ok(());
    }
    Err(format!(
        "“{}” is no rule; `pinstead rules` lists them all",
        text.chars().take(20).collect::<String>()
    ))
}

/// Where each line ends, so that the line of an entry is found without counting from the beginning.
fn line_ends(text: &str) -> Vec<usize> {
    text.match_indices('\n').map(|(at, _)| at).collect()
}

pub(super) struct Reader<'t> {
    text: &'t str,
    lines: Vec<usize>,
    /// What is wrong, and where: the first [`MOST_TOLD`] errors.
    found: Vec<(usize, String)>,
}

impl<'t> Reader<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, lines: line_ends(text), found: Vec::new() }
    }

    /// What is wrong, and where.
    pub(super) fn into_found(self) -> Vec<(usize, String)> {
        self.found
    }
}

impl Reader<'_> {
    fn tell(&mut self, at: &Range<usize>, what: impl Into<String>) {
        if self.found.len() < MOST_TOLD {
            self.found.push((at.start, what.into()));
        }
    }

    /// The line of this octet, from 1.
    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|end| *end < at).saturating_add(1)
    }

    fn baseline(&mut self, path: &str, written: Written) -> Baseline {
        if written.version != VERSION {
            let at = self.text.find("version").unwrap_or_default();
            self.tell(
                &(at..at),
                format!(
                    "version {} of the format is not known; this program reads version {VERSION}",
                    written.version
                ),
            );
        }
        let entries = written.finding.len().saturating_add(written.undetermined.len());
        if entries > MOST {
            self.tell(&(0..0), format!("{entries} entries are more than the {MOST} that are read"));
            return Baseline::default();
        }
        let mut baseline =
            Baseline { path: path.to_owned(), text: self.text.to_owned(), ..Baseline::default() };
        for entry in written.finding {
            let at = entry.span();
            if let Some(known) = self.finding(&at, entry.into_inner()) {
                baseline.push(known);
            }
        }
        for entry in written.undetermined {
            let at = entry.span();
            let WrittenOpen { command, target, what, reason, until } = entry.into_inner();
            self.bound(&at, [&target, &what, &reason].into_iter().chain(&command));
            let command = command.unwrap_or_else(|| "check".to_owned());
            let about = About::read(&what);
            self.question(&at, about.as_ref());
            let reason = self.reason(&at, &reason);
            if let (Some(reason), Some(until)) = (reason, self.day(&at, &until)) {
                let line = self.line(at.start);
                let known = KnownOpen { line, command, target, what, about, reason, until };
                let of_target = baseline.by_target.entry(known.target.clone()).or_default();
                of_target.1.push(baseline.undetermined.len());
                baseline.undetermined.push(known);
            }
        }
        baseline
    }

    fn finding(&mut self, at: &Range<usize>, written: WrittenFinding) -> Option<Known> {
        let WrittenFinding { fingerprint, command, rule, target, subject, severity, reason, until } = written;
        let texts = [&fingerprint, &command, &rule, &target, &subject];
        self.bound(at, texts.into_iter().flatten().chain([reason.get_ref()]));
        if let Some(why) = rule.as_deref().and_then(|rule| is_of_format("rule", rule).err()) {
            self.tell(at, why);
        }
        self.names(at, fingerprint.as_ref(), rule.as_ref(), target.is_some() && subject.is_some());
        let spans = Spans {
            reason: reason.span(),
            until: until.span(),
            severity: severity.as_ref().map(Spanned::span),
        };
        let graveness = severity.map(|written| (written.span(), written.get_ref().parse::<Severity>()));
        let graveness = match graveness {
            Some((span, Err(why))) => {
                self.tell(&span, why);
                None
            }
            Some((_, Ok(severity))) => Some(severity),
            None => None,
        };
        let (reason_at, until_at) = (spans.reason.clone(), spans.until.clone());
        Some(Known {
            line: self.line(at.start),
            spans,
            fingerprint: fingerprint.map(|print| print.to_ascii_lowercase()),
            command,
            rule,
            target,
            subject,
            severity: graveness,
            reason: self.reason(&reason_at, reason.get_ref())?,
            until: self.day(&until_at, until.get_ref())?,
        })
    }

    /// Whether an entry names a finding, and one that can be accepted.
    pub(super) fn names(
        &mut self,
        at: &Range<usize>,
        fingerprint: Option<&String>,
        rule: Option<&String>,
        has_place: bool,
    ) {
        let rule = rule.map(String::as_str);
        if rule.is_some_and(|rule| !rules::can_be_accepted(rule)) {
            self.tell(at, REQUIRED);
        }
        match fingerprint {
            Some(print) if print.len() != 32 || !print.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
                self.tell(at, "its fingerprint is not the 32 hexadecimal digits that JSON reports show");
            }
            None if rule.is_none() || !has_place => {
                self.tell(at, "say which finding: with fingerprint, or with rule, target and subject");
            }
            None if rule.is_some_and(rules::is_about_certificates) => {
                self.tell(
                    at,
                    "this rule is about a certificate, and rule, target and subject do not tell which: give the finding's \
                     fingerprint, as JSON reports show it",
                );
            }
            _ => {}
        }
    }

    /// Whether a question can be accepted.
    pub(super) fn question(&mut self, at: &Range<usize>, about: Option<&About>) {
        if about.is_some_and(|about| !about.kind.can_be_accepted()) {
            self.tell(at, REQUIRED);
        }
    }

    /// Whether a reason is given, where it has the form of one.
    pub(super) fn reason_of(&mut self, reason: Option<&Spanned<toml::Value>>) {
        if let Some(text) = reason.and_then(|reason| reason.get_ref().as_str()) {
            let at = reason.map(Spanned::span).unwrap_or_default();
            self.reason(&at, text);
        }
    }

    fn bound<'e>(&mut self, at: &Range<usize>, texts: impl IntoIterator<Item = &'e String>) {
        if texts
            .into_iter()
            .any(|text| text.len() > LONGEST.saturating_mul(4) || text.chars().count() > LONGEST)
        {
            self.tell(at, format!("a text of this entry has more than {LONGEST} characters"));
        }
    }

    fn reason(&mut self, at: &Range<usize>, reason: &str) -> Option<String> {
        let reason = reason.trim();
        if reason.is_empty() {
            self.tell(at, "its reason is empty: say why it is accepted");
            return None;
        }
        Some(reason.to_owned())
    }

    fn day(&mut self, at: &Range<usize>, until: &toml::Value) -> Option<Date> {
        let text = match until {
            toml::Value::Datetime(time) => time.to_string(),
            toml::Value::String(text) => text.chars().take(40).collect(),
            _ => "what stands there".to_owned(),
        };
        match day(&text) {
            Ok(day) => Some(day),
            Err(why) => {
                self.tell(at, why);
                None
            }
        }
    }
}

impl Baseline {
    fn push(&mut self, known: Known) {
        let index = self.findings.len();
        if let Some(target) = &known.target {
            self.by_target.entry(target.clone()).or_default().0.push(index);
        }
        match (&known.fingerprint, &known.rule, &known.target, &known.subject) {
            (Some(print), ..) => self.by_fingerprint.entry(print.clone()).or_default().push(index),
            (None, Some(rule), Some(target), Some(subject)) => {
                let name = (rule.clone(), target.clone(), subject.clone());
                self.by_name.entry(name).or_default().push(index);
            }
            _ => {}
        }
        self.findings.push(known);
    }
}
