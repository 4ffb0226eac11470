//! The rules' own texts as JSON. They stand in finding after finding, so each is escaped once, not every time.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use serde::ser::SerializeSeq as _;
use serde::{Serialize as _, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// The JSON of each text, by where the text stands.
static WRITTEN: LazyLock<HashMap<(usize, usize), Box<RawValue>>> = LazyLock::new(|| {
    let texts = super::all()
        .flat_map(|rule| [rule.title, rule.advice].into_iter().chain(rule.references.iter().copied()));
    texts.filter_map(|text| Some((place(text), to_raw_value(text).ok()?))).collect()
});

fn place(text: &str) -> (usize, usize) {
    (text.as_ptr().addr(), text.len())
}

/// Writes a text that may be a rule's own.
pub(super) fn one<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match WRITTEN.get(&place(text)) {
        Some(written) => written.serialize(serializer),
        None => serializer.serialize_str(text),
    }
}

/// Writes a rule's own text, or one that was made for the finding.
#[expect(clippy::ptr_arg, reason = "serde hands over the field as it is")]
pub(super) fn own_or_one<S: Serializer>(text: &Cow<'static, str>, serializer: S) -> Result<S::Ok, S::Error> {
    match text {
        Cow::Borrowed(text) => one(text, serializer),
        Cow::Owned(text) => serializer.serialize_str(text),
    }
}

/// Writes a list of such texts.
#[expect(clippy::ptr_arg, reason = "serde hands over the field as it is")]
pub(super) fn each<S: Serializer>(
    texts: &Cow<'static, [&'static str]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(texts.len()))?;
    for text in texts.iter() {
        match WRITTEN.get(&place(text)) {
            Some(written) => list.serialize_element(written)?,
            None => list.serialize_element(text)?,
        }
    }
    list.end()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::{Finding, Severity};

    #[test]
    fn every_text_is_written_as_it_is() {
        let references: &'static [&'static str] = &["one “source”", "another"];
        for rule in super::super::all() {
            for references in [rule.references, references] {
                let finding = Finding {
                    fingerprint: None,
                    known_by: Vec::new(),
                    accepted: None,
                    rule: rule.id,
                    severity: Severity::Low,
                    title: rule.title,
                    message: String::new(),
                    subject: String::new(),
                    location: None,
                    evidence: Value::Null.into(),
                    advice: Cow::Borrowed(rule.advice),
                    references: Cow::Borrowed(references),
                };
                let written: Value = serde_json::from_str(&serde_json::to_string(&finding).unwrap()).unwrap();
                assert_eq!(written["title"], json!(rule.title));
                assert_eq!(written["advice"], json!(rule.advice));
                assert_eq!(written["references"], json!(references));
            }
        }
    }
}
