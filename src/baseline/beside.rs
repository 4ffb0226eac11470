//! What is wrong with the meaning of a baseline whose form is wrong, too: all of it is told at once.

use serde::Deserialize;
use toml::{Spanned, Value};

use super::read::Reader;
use crate::policy::diagnose::{Problem, at_place};
use crate::question::About;

/// The entries with their places, whatever is wrong with the form of them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Places {
    finding: Vec<Spanned<Entry>>,
    undetermined: Vec<Spanned<Entry>>,
}

/// What of an entry has a meaning of its own.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    fingerprint: Option<Value>,
    rule: Option<Value>,
    target: Option<Value>,
    subject: Option<Value>,
    what: Option<Value>,
    reason: Option<Spanned<Value>>,
}

/// What is wrong beside the form. Where that leaves nothing to be read, nothing.
pub(super) fn find(text: &str) -> Vec<Problem> {
    let places: Places = toml::from_str(text).unwrap_or_default();
    let mut reader = Reader::of(text);
    for entry in places.finding {
        let at = entry.span();
        let entry = entry.into_inner();
        let texts = [&entry.fingerprint, &entry.rule, &entry.target, &entry.subject];
        // What is of another form is told as that, and is no text that names a finding.
        if texts.iter().all(|value| value.as_ref().is_none_or(Value::is_str)) {
            let [fingerprint, rule, target, subject] =
                texts.map(|value| value.as_ref().and_then(Value::as_str).map(str::to_owned));
            reader.names(&at, fingerprint.as_ref(), rule.as_ref(), target.is_some() && subject.is_some());
        }
        reader.reason_of(entry.reason.as_ref());
    }
    for entry in places.undetermined {
        let at = entry.span();
        let entry = entry.into_inner();
        reader.question(&at, entry.what.as_ref().and_then(Value::as_str).and_then(About::read).as_ref());
        reader.reason_of(entry.reason.as_ref());
    }
    reader.into_found().into_iter().map(|(at, what)| at_place(text, at, what)).collect()
}
