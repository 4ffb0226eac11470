//! Whether `docs/report.schema.json` describes a report: every key that it has, with nothing missing that is required.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};

/// The schema of one shape, such as `check_report`, which knows no key but those it describes.
pub(crate) fn schema(shape: &str) -> Validator {
    let mut schema: Value = serde_json::from_str(pinstead::report::json::SCHEMA).unwrap();
    schema.as_object_mut().unwrap().remove("anyOf");
    close(&mut schema);
    schema["$ref"] = json!(format!("#/$defs/{shape}"));
    jsonschema::validator_for(&schema).unwrap()
}

/// Forbids every key that is not described. Whoever reads reports allows them: keys may come.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(keys) => {
            let is_object = keys.get("type").is_some_and(|kind| {
                kind == "object" || kind.as_array().is_some_and(|kinds| kinds.contains(&json!("object")))
            });
            if is_object && keys.contains_key("properties") && !keys.contains_key("additionalProperties") {
                keys.insert("additionalProperties".to_owned(), json!(false));
            }
            keys.values_mut().for_each(close);
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// Refuses a report that the schema of its shape does not describe.
pub(crate) fn described(shape: &str, report: &Value) {
    let errors: BTreeSet<String> = schema(shape)
        .iter_errors(report)
        .map(|error| format!("{}: {error}", error.instance_path()).chars().take(400).collect())
        .collect();
    assert!(errors.is_empty(), "docs/report.schema.json, {shape}: {errors:#?}");
}
