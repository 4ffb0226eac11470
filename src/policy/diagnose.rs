//! What is wrong with a TOML file that has a JSON Schema: every place at once, with what was probably meant.
//!
//! serde stops at the first error. What it would say is said here of the whole file, by the schema that editors use;
//! whatever a schema cannot say is left to serde.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The most errors that are told of one file.
const MOST: usize = 50;
/// How deep a schema refers to itself at most, before it is taken for endless.
const DEPTH: usize = 64;
/// How much of a value is repeated.
const SHOWN: usize = 60;

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what was probably meant.
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

/// What a text of a named format must be; the error says why it is none.
pub(crate) type Format = fn(format: &str, text: &str) -> Result<(), String>;

/// Everything that is wrong with `text` by `schema`, in the order of the file.
pub(crate) fn problems(text: &str, schema: &Value, format: Format) -> Vec<Problem> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut found: Vec<(usize, String)> = errors
        .iter()
        .map(|error| (error.span().map_or(0, |span| span.start), error.message().trim_end().to_owned()))
        .collect();
    // What is no TOML says nothing of keys and values.
    if found.is_empty() {
        let mut walk = Walk { root: schema, format, found: Vec::new() };
        walk.table(table.get_ref(), &table.span(), schema, &Place { key: "", is_secret: false, depth: 0 });
        found = walk.found;
    }
    found.sort_by_key(|(at, _)| *at);
    found.dedup();
    found.truncate(MOST);
    found.into_iter().map(|(at, what)| at_place(text, at, what)).collect()
}

/// A problem at this octet of the text.
pub(crate) fn at_place(text: &str, at: usize, what: String) -> Problem {
    let before = text.get(..at).unwrap_or(text);
    let line_begins = before.rfind('\n').map_or(0, |place| place.saturating_add(1));
    Problem {
        line: before.matches('\n').count().saturating_add(1),
        column: before.get(line_begins..).unwrap_or_default().chars().count().saturating_add(1),
        what,
    }
}

/// The word of a list that was probably meant.
pub(crate) fn meant<'w>(written: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let plain = |text: &str| -> String {
        text.chars()
            .take(SHOWN)
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let wanted = plain(written);
    let most = match wanted.chars().count() {
        0..=1 => 0,
        2..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&wanted, &plain(word)), word))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Where in the file the walk is.
#[derive(Clone, Copy)]
struct Place<'p> {
    key: &'p str,
    /// Whether what stands there may be a secret, put where it does not belong: then it is not repeated.
    is_secret: bool,
    depth: usize,
}

impl<'p> Place<'p> {
    fn below(self, key: &'p str) -> Self {
        let is_secret =
            self.is_secret || ["secret", "password", "token"].iter().any(|word| key.contains(word));
        Self { key, is_secret, depth: self.depth.saturating_add(1) }
    }
}

struct Walk<'s> {
    root: &'s Value,
    format: Format,
    found: Vec<(usize, String)>,
}

impl<'s> Walk<'s> {
    fn tell(&mut self, at: &Range<usize>, what: String) {
        self.found.push((at.start, what));
    }

    /// The schema that is meant where it only refers to another.
    fn resolved(&self, schema: &'s Value) -> &'s Value {
        let mut schema = schema;
        for _ in 0..DEPTH {
            let refers = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'));
            // Drafts before 2019-09 have nothing beside a reference: it stands alone in `allOf` then.
            let only = schema.get("allOf").and_then(Value::as_array).and_then(|all| all.first());
            match refers.and_then(|pointer| self.root.pointer(pointer)).or(only) {
                Some(meant) => schema = meant,
                None => break,
            }
        }
        schema
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, schema: &'s Value, place: Place<'_>) {
        if place.depth > DEPTH {
            return;
        }
        let schema = self.resolved(schema);
        if let Some(all) = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array()) {
            let all: Vec<&Value> =
                all.iter().map(|one| self.resolved(one)).filter(|one| !accepts(one, "null")).collect();
            match all.as_slice() {
                [only] => return self.value(value, only, place),
                several if several.iter().all(|one| one.get("const").is_some()) => {}
                several => return self.any_of(value, several, place),
            }
        }
        let (span, is) = (value.span(), kind(value.get_ref()));
        let is_meant = schema.get("type").is_none_or(|_| accepts(schema, is))
            || (is == "integer" && accepts(schema, "number"))
            || (is == "datetime" && schema.get("format").is_some_and(|format| format == "date"));
        if !is_meant {
            let wanted = wanted(schema);
            return self.tell(
                &span,
                format!("invalid type: `{}` is {}, and {wanted} belongs there", place.key, in_words(is)),
            );
        }
        match value.get_ref() {
            DeValue::Table(table) => self.table(table, &span, schema, &place),
            DeValue::Array(items) => {
                if let Some(schema) = schema.get("items") {
                    items.iter().for_each(|item| self.value(item, schema, place.below(place.key)));
                }
            }
            DeValue::String(text) => self.text(text, &span, schema, place),
            DeValue::Datetime(time) => self.text(&time.to_string(), &span, schema, place),
            DeValue::Integer(number) => {
                let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
                let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
                let (least, most) = (bound("minimum"), bound("maximum"));
                let is_within = number.is_some_and(|number| {
                    least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
                });
                if !is_within {
                    let least = least.map_or_else(String::new, |least| format!(" from {least}"));
                    let most = most.map_or_else(String::new, |most| format!(" up to {most}"));
                    self.tell(
                        &span,
                        format!("`{}` is out of range: a whole number{least}{most} belongs there", place.key),
                    );
                }
            }
            DeValue::Float(_) | DeValue::Boolean(_) => {}
        }
    }

    /// A value that may have one of several shapes: the errors of the shape that comes closest.
    fn any_of(&mut self, value: &Spanned<DeValue<'_>>, all: &[&'s Value], place: Place<'_>) {
        let before = std::mem::take(&mut self.found);
        let mut closest: Option<Vec<(usize, String)>> = None;
        for schema in all {
            self.value(value, schema, place);
            let found = std::mem::take(&mut self.found);
            if closest.as_ref().is_none_or(|closest| found.len() < closest.len()) {
                closest = Some(found);
            }
        }
        self.found = before;
        self.found.extend(closest.into_iter().flatten());
    }

    fn table(&mut self, table: &DeTable<'_>, span: &Range<usize>, schema: &'s Value, place: &Place<'_>) {
        let none = serde_json::Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        for (key, value) in table {
            let name: &str = key.get_ref();
            // The schema is the program's: it outlives the walk, which `properties` here does not.
            match schema.get("properties").and_then(|all| all.get(name)) {
                Some(schema) => self.value(value, schema, place.below(name)),
                None if is_closed => {
                    let known: Vec<&str> = properties.keys().map(String::as_str).collect();
                    let what = unknown(name, &known, place.key);
                    self.tell(&key.span(), what);
                }
                None => {}
            }
        }
        let needed = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in needed.filter_map(Value::as_str) {
            if !table.contains_key(name) {
                let of = if place.key.is_empty() { String::new() } else { format!(" of `{}`", place.key) };
                self.tell(span, format!("missing field `{name}`{of}"));
            }
        }
    }

    fn text(&mut self, text: &str, span: &Range<usize>, schema: &'s Value, place: Place<'_>) {
        let words: Vec<&str> = match ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array()) {
            Some(all) => all.iter().filter_map(|one| one.get("const")?.as_str()).collect(),
            None => schema
                .get("enum")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect(),
        };
        let by_format =
            schema.get("format").and_then(Value::as_str).and_then(|format| (self.format)(format, text).err());
        let shown = if place.is_secret {
            "what stands there".to_owned()
        } else {
            format!("“{}”", text.chars().take(SHOWN).collect::<String>())
        };
        let what = match by_format {
            Some(_) if place.is_secret => format!("{shown} is not what `{}` takes", place.key),
            Some(why) => why,
            None if words.is_empty() || words.contains(&text) => return,
            None => {
                format!("unknown variant: {shown} is no value of `{}`; use {}", place.key, words.join(", "))
            }
        };
        let meant = meant(text, words).map(|word| format!("; did you mean “{word}”?")).unwrap_or_default();
        self.tell(span, what + &meant);
    }
}

/// What is said of a key that is not known.
fn unknown(name: &str, known: &[&str], above: &str) -> String {
    let name: String = name.chars().take(SHOWN).collect();
    let of = if above.is_empty() { String::new() } else { format!(" in `{above}`") };
    match meant(&name, known.iter().copied()) {
        Some(word) => format!("unknown field `{name}`{of}; did you mean `{word}`?"),
        None => format!("unknown field `{name}`{of}; known are {}", known.join(", ")),
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Datetime(_) => "datetime",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
    }
}

fn accepts(schema: &Value, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(all)) => all.iter().any(|one| one == kind),
        _ => false,
    }
}

fn in_words(kind: &str) -> &'static str {
    match kind {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "datetime" => "a date or a time",
        "array" => "a list",
        "object" => "a table",
        _ => "something else",
    }
}

/// What belongs there, in words.
fn wanted(schema: &Value) -> String {
    let items = schema.get("items").and_then(|items| items.get("type")).and_then(Value::as_str);
    let one = |kind: &str| match (kind, items) {
        ("array", Some("string")) => "a list of texts ([\"…\"])".to_owned(),
        ("string", _) if schema.get("format").is_some_and(|format| format == "date") => "a date".to_owned(),
        (kind, _) => in_words(kind).to_owned(),
    };
    match schema.get("type") {
        Some(Value::String(kind)) => one(kind),
        Some(Value::Array(all)) => {
            let all = all.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
            all.map(one).collect::<Vec<_>>().join(" or ")
        }
        _ => "something else".to_owned(),
    }
}

#[cfg(test)]
mod tests;
