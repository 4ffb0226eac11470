//! The facts that a finding rests on, as a report shows them.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// The facts of a finding. Most findings give them as JSON; one that is raised for name after name gives them as they
/// are, and they are written where a report is.
#[derive(Clone)]
pub struct Facts(Form);

#[derive(Clone)]
enum Form {
    Json(Value),
    AsTheyAre(Arc<dyn erased_serde::Serialize + Send + Sync>),
}

impl Facts {
    /// Facts that are written later.
    pub fn of(facts: impl Serialize + Send + Sync + 'static) -> Self {
        Self(Form::AsTheyAre(Arc::new(facts)))
    }

    /// The facts, where they are JSON already.
    pub(super) fn as_json(&self) -> Option<&Value> {
        match &self.0 {
            Form::Json(json) => Some(json),
            Form::AsTheyAre(_) => None,
        }
    }

    /// The facts as JSON; null where they cannot be written as such.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Default for Facts {
    fn default() -> Self {
        Value::Null.into()
    }
}

impl From<Value> for Facts {
    fn from(json: Value) -> Self {
        Self(Form::Json(json))
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Form::Json(json) => json.serialize(serializer),
            Form::AsTheyAre(facts) => erased_serde::serialize(facts.as_ref(), serializer),
        }
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_are_written_alike() {
        let pairs = vec![("a", 1), ("b", 2)];
        let (now, later) = (Facts::from(json!(pairs)), Facts::of(pairs));
        assert_eq!(now.to_json(), later.to_json());
        assert_eq!(serde_json::to_string(&later).unwrap(), r#"[["a",1],["b",2]]"#);
        assert_eq!(Facts::default().to_json(), Value::Null);
    }
}
