//! What is delivered.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::state::Alert;
use crate::rules::Severity;

/// An alert as every channel sends it.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    /// Its id: the same each time it comes.
    pub id: String,
    /// What kind of alert it is.
    pub kind: String,
    /// What it is about, among those of its kind.
    pub subject: String,
    /// When it was made.
    pub created: Timestamp,
    /// One line.
    pub title: Option<String>,
    /// How much it matters.
    pub severity: Option<Severity>,
    /// Several lines for people.
    pub text: Option<String>,
    /// Everything else, for programs.
    pub details: Option<Box<RawValue>>,
}

/// The parts of a payload that channels know.
struct Parts {
    title: Option<String>,
    severity: Option<Severity>,
    text: Option<String>,
    details: Option<Box<RawValue>>,
}

impl Notice {
    /// What is sent of an alert. Whatever its payload lacks is left out, and nothing is lost: a payload that is no
    /// object of these parts is sent as `details`.
    pub fn new(alert: &Alert) -> Self {
        let parts = Parts::of(&alert.payload);
        Self {
            id: alert.id.clone(),
            kind: alert.kind.clone(),
            subject: alert.subject.clone(),
            created: alert.created,
            title: parts.title,
            severity: parts.severity,
            text: parts.text,
            details: parts.details,
        }
    }

    /// The JSON that is sent.
    pub fn json(&self) -> String {
        // Strings, a time and JSON that was read before: nothing in it can fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A line for people, also where the payload has none.
    pub fn headline(&self) -> String {
        match self.title.as_deref().map(str::trim) {
            Some(title) if !title.is_empty() => title.to_owned(),
            _ => format!("{}: {}", self.kind, self.subject),
        }
    }

    /// The severity's name, `unknown` where there is none.
    pub fn severity_name(&self) -> &'static str {
        self.severity.map_or("unknown", Severity::name)
    }
}

impl Parts {
    fn of(payload: &str) -> Self {
        type Object = std::collections::BTreeMap<String, Box<RawValue>>;
        let Ok(mut object) = serde_json::from_str::<Object>(payload) else {
            let details = serde_json::from_str(payload).or_else(|_| serde_json::value::to_raw_value(payload));
            return Self { title: None, severity: None, text: None, details: details.ok() };
        };
        let text = |value: &RawValue| serde_json::from_str::<String>(value.get()).ok();
        let severity = object.get("severity").and_then(|value| text(value)?.parse().ok());
        let mut parts = Self {
            title: object.get("title").and_then(|value| text(value)),
            severity,
            text: object.get("text").and_then(|value| text(value)),
            details: None,
        };
        let is_whole =
            object.keys().all(|key| matches!(key.as_str(), "title" | "severity" | "text" | "details"))
                && parts.title.is_some() == object.contains_key("title")
                && parts.severity.is_some() == object.contains_key("severity")
                && parts.text.is_some() == object.contains_key("text");
        parts.details = if is_whole { object.remove("details") } else { serde_json::from_str(payload).ok() };
        parts
    }
}

#[cfg(test)]
pub(super) fn example(payload: &str) -> Notice {
    Notice::new(&Alert {
        id: "5f3a".to_owned(),
        kind: "certificate".to_owned(),
        subject: "ab12".to_owned(),
        created: "2026-11-22T05:00:00Z".parse().unwrap(),
        payload: payload.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sent(payload: &str) -> Value {
        serde_json::from_str(&example(payload).json()).unwrap()
    }

    #[test]
    fn a_payload_is_sent_with_what_it_has() {
        let payload =
            json!({"title": "A certificate", "severity": "high", "text": "a\nb", "details": {"n": 1.50}});
        assert_eq!(
            sent(&payload.to_string()),
            json!({
                "id": "5f3a", "kind": "certificate", "subject": "ab12", "created": "2026-11-22T05:00:00Z",
                "title": "A certificate", "severity": "high", "text": "a\nb", "details": {"n": 1.50}
            })
        );
        let keys = example("{}").json();
        let at: Vec<_> = [
            "\"id\"",
            "\"kind\"",
            "\"subject\"",
            "\"created\"",
            "\"title\"",
            "\"severity\"",
            "\"text\"",
            "\"details\"",
        ]
        .iter()
        .map(|key| keys.find(key).unwrap())
        .collect();
        assert!(at.is_sorted(), "{keys}");
    }

    #[test]
    fn what_does_not_fit_is_sent_all_the_same() {
        let some = sent(r#"{"title": "T"}"#);
        assert_eq!(
            (&some["title"], &some["text"], &some["details"]),
            (&json!("T"), &Value::Null, &Value::Null)
        );
        for payload in [r#"{"title": 7}"#, r#"{"severity": "grave"}"#, r#"{"other": [1]}"#, "[1, 2]", "7"] {
            let expected: Value = serde_json::from_str(payload).unwrap();
            assert_eq!(sent(payload)["details"], expected, "{payload}");
        }
        assert_eq!(sent("no JSON \"")["details"], json!("no JSON \""));
        assert_eq!(example("7").headline(), "certificate: ab12");
        assert_eq!(example(r#"{"title": " T "}"#).headline(), "T");
        assert_eq!(example("{}").severity_name(), "unknown");
    }
}
