//! JSON of unknown origin, within bounds and with line numbers; with comments where a format has them.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// The deepest nesting that is read.
const DEEPEST: usize = 48;
/// The most values that are read.
const MOST_VALUES: usize = 300_000;

/// A value, with the lines that problems are told by.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    /// Names and their values, in order.
    Object(Vec<(Name, Json)>),
    /// Values in order.
    Array(Vec<Json>),
    /// Text, with its line.
    Text(String, usize),
    /// A number as it is written.
    Number(String),
    /// True or false.
    Boolean(bool),
    /// Nothing.
    Null,
}

/// A name in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Its text.
    pub(super) text: String,
    /// The line it stands on, from 1.
    pub(super) line: usize,
}

impl Json {
    /// The value of a name, where this is an object that has it.
    pub(super) fn at(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(known, _)| known.text == name).map(|(_, value)| value)
    }

    /// The names and values of an object; none where this is none.
    pub(super) fn members(&self) -> &[(Name, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The values of an array; none where this is none.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// The text, where this is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text, _) => Some(text),
            _ => None,
        }
    }

    /// The boolean, where this is one.
    pub(super) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// The name of its kind, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Object(_) => "table",
            Self::Array(_) => "list",
            Self::Text(..) => "text",
            Self::Number(_) => "number",
            Self::Boolean(_) => "boolean",
            Self::Null => "null",
        }
    }
}

/// Reads a document. `comments` lets `//` and `/* */` stand between values, and commas before a closing bracket.
pub(super) fn read(text: &str, comments: bool) -> Result<Json, String> {
    let (value, reader) = first(text, comments)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(reader.error("something follows the document")) }
}

/// Reads the document that a text begins with, with comments, and gives what follows it.
pub(super) fn read_first(text: &str) -> Result<(Json, &str), String> {
    first(text, true).map(|(value, reader)| (value, reader.rest))
}

fn first(text: &str, comments: bool) -> Result<(Json, Reader<'_>), String> {
    let mut reader = Reader { rest: text, line: 1, comments, room: MOST_VALUES };
    reader.blank()?;
    let value = reader.value(0)?;
    reader.blank()?;
    Ok((value, reader))
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    comments: bool,
    room: usize,
}

impl Reader<'_> {
    fn error(&self, what: &str) -> String {
        format!("line {}: {what}", self.line)
    }

    /// Goes `octets` ahead, which must end a character.
    fn skip(&mut self, octets: usize) {
        let (skipped, rest) = self.rest.split_at_checked(octets).unwrap_or((self.rest, ""));
        let lines = skipped.bytes().filter(|octet| *octet == b'\n').count();
        self.line = self.line.saturating_add(lines);
        self.rest = rest;
    }

    fn blank(&mut self) -> Result<(), String> {
        loop {
            let blanks =
                self.rest.len().saturating_sub(self.rest.trim_start_matches([' ', '\t', '\r', '\n']).len());
            self.skip(blanks);
            if self.comments && self.rest.starts_with("//") {
                self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.comments && self.rest.starts_with("/*") {
                match self.rest.find("*/") {
                    Some(end) => self.skip(end.saturating_add(2)),
                    None => return Err(self.error("the comment has no end")),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn take(&mut self, symbol: &str) -> bool {
        let is_next = self.rest.starts_with(symbol);
        if is_next {
            self.skip(symbol.len());
        }
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > DEEPEST {
            return Err(self.error("its values are nested too deep"));
        }
        let deeper = depth.saturating_add(1);
        self.room = self.room.checked_sub(1).ok_or_else(|| self.error("it has too many values"))?;
        let line = self.line;
        if self.take("{") {
            return self.object(deeper);
        }
        if self.take("[") {
            return self.array(deeper);
        }
        if self.rest.starts_with('"') {
            return Ok(Json::Text(self.string()?, line));
        }
        for (word, value) in
            [("true", Json::Boolean(true)), ("false", Json::Boolean(false)), ("null", Json::Null)]
        {
            if self.take(word) {
                return Ok(value);
            }
        }
        let end = self
            .rest
            .find(|symbol: char| !(symbol.is_ascii_digit() || matches!(symbol, '+' | '-' | '.' | 'e' | 'E')))
            .unwrap_or(self.rest.len());
        let number = self.rest.get(..end).unwrap_or_default().to_owned();
        if number.is_empty() {
            return Err(self.error("a value is missing"));
        }
        self.skip(end);
        Ok(Json::Number(number))
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        let mut members: Vec<(Name, Json)> = Vec::new();
        loop {
            self.blank()?;
            if (members.is_empty() || self.comments) && self.take("}") {
                return Ok(Json::Object(members));
            }
            let line = self.line;
            if !self.rest.starts_with('"') {
                return Err(self.error("a name in quotes is missing"));
            }
            let text = self.string()?;
            self.blank()?;
            if !self.take(":") {
                return Err(self.error("a colon is missing"));
            }
            self.blank()?;
            members.push((Name { text, line }, self.value(depth)?));
            self.blank()?;
            if !self.take(",") {
                return if self.take("}") {
                    Ok(Json::Object(members))
                } else {
                    Err(self.error("a comma or a closing brace is missing"))
                };
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, String> {
        let mut items = Vec::new();
        loop {
            self.blank()?;
            if (items.is_empty() || self.comments) && self.take("]") {
                return Ok(Json::Array(items));
            }
            items.push(self.value(depth)?);
            self.blank()?;
            if !self.take(",") {
                return if self.take("]") {
                    Ok(Json::Array(items))
                } else {
                    Err(self.error("a comma or a closing bracket is missing"))
                };
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.skip(1);
        let mut text = String::new();
        loop {
            let Some(end) = self.rest.find(['"', '\\', '\n']) else {
                return Err(self.error("the text has no end"));
            };
            text.push_str(self.rest.get(..end).unwrap_or_default());
            self.skip(end);
            if self.take("\"") {
                return Ok(text);
            }
            if !self.take("\\") {
                return Err(self.error("the text has no end on its line"));
            }
            text.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let symbol = self.rest.chars().next().ok_or_else(|| self.error("the text has no end"))?;
        self.skip(symbol.len_utf8());
        Ok(match symbol {
            '"' | '\\' | '/' => symbol,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let high = self.unit()?;
                let units = if (0xd800..0xdc00).contains(&high) && self.take("\\u") {
                    vec![high, self.unit()?]
                } else {
                    vec![high]
                };
                // What is no character can be in no host name or pin.
                char::decode_utf16(units).next().and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(self.error("the text has an unknown escape")),
        })
    }

    fn unit(&mut self) -> Result<u16, String> {
        let unit = self.rest.get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.error("the text has an unknown escape"))?;
        self.skip(4);
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(json: &Json) -> serde_json::Value {
        match json {
            Json::Object(members) => members
                .iter()
                .map(|(name, value)| (name.text.clone(), plain(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().into(),
            Json::Text(text, _) => text.clone().into(),
            Json::Number(number) => serde_json::from_str(number).unwrap(),
            Json::Boolean(value) => (*value).into(),
            Json::Null => serde_json::Value::Null,
        }
    }

    #[test]
    fn values_have_lines() {
        let text = "{\n \"a\": [\n  \"x\\u00e4\\n\",\n  1.5e3, true, null, {}\n ]\n}";
        let json = read(text, false).unwrap();
        assert_eq!(json.members()[0].0.line, 2);
        assert_eq!(json.at("a").unwrap().items()[0], Json::Text("xä\n".into(), 3));
        assert_eq!(plain(&json), serde_json::from_str::<serde_json::Value>(text).unwrap());
    }

    #[test]
    fn comments_are_read_where_they_are_allowed() {
        let text = "// one\n{\"a\": /* two */ [1, 2,], // three\n}";
        assert!(read(text, true).is_ok());
        assert!(read(text, false).is_err());
    }

    #[test]
    fn bombs_are_refused() {
        assert!(read(&"[".repeat(100_000), false).unwrap_err().contains("deep"));
        assert!(read(&format!("[{}1]", "1,".repeat(400_000)), false).unwrap_err().contains("many"));
        assert_eq!(read("{\n\n\"a\" 1}", false).unwrap_err(), "line 3: a colon is missing");
    }

    proptest! {
        /// What serde_json writes is read as it was meant: another implementation of the same format.
        #[test]
        fn what_another_writes_is_read(text in "\\PC{0,20}", number in any::<i64>(), flags in proptest::collection::vec(any::<bool>(), 0..5)) {
            let value = serde_json::json!({ text.clone(): [text, number, flags, null] });
            let written = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(plain(&read(&written, false).unwrap()), value);
        }

        #[test]
        fn no_text_makes_it_panic(text in "([\\[\\]{}:,\"]|\\\\u|\\\\|//|/\\*|true|[0-9a-f]|\\PC|\n){0,60}") {
            let ours = read(&text, false);
            let _ = read(&text, true);
            // Whatever serde_json reads, this reads too.
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                prop_assert!(ours.is_ok(), "{text}");
            }
        }
    }
}
