//! TOML and JSON as one tree with lines.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::pins::formats::json::{self, Json, Name};

/// Whether a file is of our format: TOML with a `[[pin]]`, a `pins.toml` that seems to be meant so, or JSON with a list `pin` whose items name hosts.
pub(super) fn is_ours(path: &str, text: &str) -> bool {
    if is_json(text) {
        return text.contains("\"pin\"")
            && text.contains("\"hosts\"")
            && json::read(text, false).is_ok_and(|document| is_list(&document));
    }
    let has_table = text.lines().any(|line| {
        let line = line.split('#').next().unwrap_or_default();
        line.split_whitespace().collect::<String>() == "[[pin]]"
    });
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_meant = name.eq_ignore_ascii_case("pins.toml") && text.contains("[pin") && text.contains("hosts");
    is_meant || has_table && (path.to_ascii_lowercase().ends_with(".toml") || text.contains("hosts"))
}

/// Whether a JSON document is of our format.
fn is_list(document: &Json) -> bool {
    document.at("pin").is_some_and(|list| list.items().iter().any(|item| item.at("hosts").is_some()))
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// The document of a file.
pub(super) fn read(text: &str) -> Result<Json, String> {
    if is_json(text) {
        return json::read(text, false);
    }
    let lines = Lines(text.match_indices('\n').map(|(at, _)| at).collect());
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| lines.of(span.start));
        format!("line {line}: {}", error.message())
    })?;
    Ok(lines.table(table.get_ref()))
}

/// Where the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(&self, at: usize) -> usize {
        self.0.partition_point(|newline| *newline < at).saturating_add(1)
    }

    /// The parser bounds the depth.
    fn table(&self, table: &DeTable<'_>) -> Json {
        let mut members: Vec<(Name, Json)> = table
            .iter()
            .map(|(name, value)| {
                let line = self.of(name.span().start);
                (Name { text: name.get_ref().to_string(), line }, self.value(value))
            })
            .collect();
        members.sort_by_key(|(name, _)| name.line);
        Json::Object(members)
    }

    fn value(&self, value: &Spanned<DeValue<'_>>) -> Json {
        let line = self.of(value.span().start);
        match value.get_ref() {
            DeValue::String(text) => Json::Text(text.to_string(), line),
            // A date without quotes is as good as one in them.
            DeValue::Datetime(date) => Json::Text(date.to_string(), line),
            DeValue::Integer(number) => Json::Number(number.as_str().to_owned()),
            DeValue::Float(number) => Json::Number(number.as_str().to_owned()),
            DeValue::Boolean(value) => Json::Boolean(*value),
            DeValue::Array(items) => Json::Array(items.iter().map(|item| self.value(item)).collect()),
            DeValue::Table(table) => self.table(table),
        }
    }
}
