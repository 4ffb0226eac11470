//! Writing a baseline: what is there stays as it is, with its comments; what is new is written behind it.

use std::fmt::Write as _;
use std::ops::Range;

use jiff::civil::Date;

use super::read::VERSION;
use super::{Baseline, Known, Run};
use crate::rules::{Finding, Severity};

/// A finding to be accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Addition {
    target: String,
    rule: &'static str,
    subject: String,
    command: String,
    fingerprint: String,
    severity: Severity,
}

impl Addition {
    /// This finding, found there.
    pub fn of(run: Run<'_>, finding: &Finding) -> Self {
        let own = || crate::rules::fingerprint(run.target, None, finding);
        Self {
            target: run.target.to_owned(),
            rule: finding.rule,
            subject: finding.subject.clone(),
            command: run.command.to_owned(),
            fingerprint: finding.fingerprint.clone().unwrap_or_else(own),
            severity: finding.severity,
        }
    }
}

/// Why a baseline is not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Entries would have to be extended.
    #[error(
        "nothing was written: what {} accepted occurs still, and is past its day or graver now ({}). Look at each again; \
         --extend gives them the new reason and day",
        if *.count == 1 { "an entry".to_owned() } else { format!("{count} entries") }, .lines
    )]
    Extends {
        /// How many.
        count: usize,
        /// Where the first of them are.
        lines: String,
    },
}

impl Baseline {
    /// The text of this baseline with these findings accepted, too, and how many entries are new and extended.
    ///
    /// An entry that is there for one of them is kept with its reason and its day, unless these count no more: that is
    /// refused, or with `extend` written over.
    pub fn with(
        &self,
        additions: &[Addition],
        (reason, until): (&str, Date),
        extend: bool,
    ) -> Result<(String, usize, usize), WriteError> {
        let mut additions: Vec<&Addition> = additions.iter().collect();
        additions.sort();
        additions.dedup_by_key(|addition| (&addition.fingerprint, &addition.command));
        let mut changes: Vec<(Range<usize>, String)> = Vec::new();
        let (mut lines, mut new) = (Vec::new(), Vec::new());
        for addition in additions {
            let name = (addition.rule.to_owned(), addition.target.clone(), addition.subject.clone());
            let places = self.by_fingerprint.get(&addition.fingerprint).into_iter().flatten();
            let places = places.chain(self.by_name.get(&name).into_iter().flatten());
            let is_of = |known: &&Known| {
                known.command.as_ref().is_none_or(|command| *command == addition.command)
                    && known.rule.as_deref().is_none_or(|rule| rule == addition.rule)
            };
            let known = places.filter_map(|index| self.findings.get(*index)).rfind(is_of);
            let Some(known) = known else {
                new.push(addition);
                continue;
            };
            lines.push(known.line);
            changes.push((known.spans.reason.clone(), quoted(reason)));
            changes.push((known.spans.until.clone(), until.to_string()));
            if let Some(span) = &known.spans.severity {
                changes.push((span.clone(), quoted(addition.severity.name())));
            }
        }
        if !lines.is_empty() && !extend {
            let shown: Vec<String> =
                lines.iter().take(5).map(|line| format!("{}:{line}", self.path)).collect();
            let more = if lines.len() > shown.len() { ", …" } else { "" };
            return Err(WriteError::Extends { count: lines.len(), lines: shown.join(", ") + more });
        }
        let mut text = self.text.clone();
        // From the end, so that the places before stay where they are.
        changes.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        changes.dedup_by(|one, other| one.0 == other.0);
        for (span, value) in changes {
            if text.get(span.clone()).is_some() {
                text.replace_range(span, &value);
            }
        }
        if text.trim().is_empty() {
            text = format!(
                "# Findings that are known: `pinstead --baseline` fails on the others. docs/ci.md tells how to work them off.\n\
                 version = {VERSION}\n"
            );
        } else if !text.ends_with('\n') {
            text.push('\n');
        }
        let count = new.len();
        for addition in new {
            addition.write(&mut text, reason, until);
        }
        Ok((text, count, lines.len()))
    }
}

impl Addition {
    fn write(&self, text: &mut String, reason: &str, until: Date) {
        let Self { target, rule, subject, command, fingerprint, severity } = self;
        let _ = write!(
            text,
            "\n[[finding]]\nfingerprint = \"{fingerprint}\"\ncommand = {}\nrule = \"{rule}\"\ntarget = {}\nsubject = {}\n\
             severity = \"{severity}\"\nreason = {}\nuntil = {until}\n",
            quoted(command),
            quoted(target),
            quoted(subject),
            quoted(reason)
        );
    }
}

/// A text as TOML has it, on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            // What a terminal would obey, and what turns the direction of writing.
            letter
                if letter.is_control()
                    || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                let _ = write!(quoted, "\\U{:08X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
