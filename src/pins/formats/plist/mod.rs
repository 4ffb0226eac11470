//! Property lists, XML and binary, read into one small model within bounds.
//!
//! A binary list may refer to one object many times, so that a few hundred octets unfold to more than any
//! memory holds; here every value that is read counts, however often it is referred to.

mod binary;
mod text;

use super::PinInput;

/// The deepest nesting of values that is read.
const DEEPEST: usize = 32;
/// The most values that are read.
const MOST_VALUES: usize = 100_000;
/// The most octets of text that are kept.
const MOST_TEXT: usize = 8 << 20;

/// A value, as far as pins need to tell them apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Keys and their values, in order.
    Dictionary(Vec<(Key, Value)>),
    /// Values in order.
    Array(Vec<Value>),
    /// Text, with the line it stands on.
    Text(String, Option<usize>),
    /// True or false.
    Boolean(bool),
    /// Anything else, by the name of its kind.
    Other(&'static str),
}

/// A key of a dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Its text.
    pub(super) text: String,
    /// The line it stands on, from 1; a binary list has none.
    pub(super) line: Option<usize>,
}

/// Why a property list is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PlistError {
    /// The XML around it.
    #[error(transparent)]
    Xml(#[from] super::xml::XmlError),
    /// An element where the format has none.
    #[error("line {line}: {what}")]
    Structure {
        /// Where.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// A binary list that is cut short or refers to what is not there.
    #[error("the binary property list is damaged: {0}")]
    Damaged(&'static str),
    /// Nested deeper than any real list, or in a circle.
    #[error("its values are nested deeper than {DEEPEST} levels")]
    TooDeep,
    /// More values than any real list has, or the same ones over and over.
    #[error("it unfolds to more than {MOST_VALUES} values or {} MiB of text", MOST_TEXT >> 20)]
    TooMuch,
}

/// Whether this is a property list, well formed or not.
pub(super) fn is_plist(input: &PinInput<'_>) -> bool {
    input.octets.starts_with(b"bplist")
        || input.text.as_deref().is_some_and(|text| {
            super::xml::root_name(text) == Some("plist")
                || text.contains("<plist")
                || text.contains("<!DOCTYPE plist")
        })
}

/// Whether a word stands in a property list, in the text of an XML one or in either encoding of a binary one.
pub(super) fn mentions(input: &PinInput<'_>, word: &str) -> bool {
    if let Some(text) = input.text.as_deref().filter(|_| !input.octets.starts_with(b"bplist")) {
        return text.contains(word);
    }
    let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let has = |needle: &[u8]| input.octets.windows(needle.len().max(1)).any(|window| window == needle);
    has(word.as_bytes()) || has(&wide)
}

/// Reads a property list.
pub(super) fn read(input: &PinInput<'_>) -> Result<Value, PlistError> {
    if input.octets.starts_with(b"bplist") {
        return binary::read(input.octets);
    }
    text::read(input.text.as_deref().unwrap_or_default())
}

impl Value {
    /// The value of a key, where this is a dictionary that has it.
    pub(super) fn at(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name.text == key).map(|(_, value)| value)
    }

    /// The keys and values of a dictionary; none where this is none.
    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match self {
            Self::Dictionary(entries) => entries,
            _ => &[],
        }
    }

    /// The name of its kind, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Dictionary(_) => "dictionary",
            Self::Array(_) => "array",
            Self::Text(..) => "string",
            Self::Boolean(_) => "boolean",
            Self::Other(kind) => kind,
        }
    }
}

/// What may still be read.
#[derive(Debug)]
struct Budget {
    values: usize,
    text: usize,
}

impl Budget {
    fn new() -> Self {
        Self { values: MOST_VALUES, text: MOST_TEXT }
    }

    /// Counts one value that has `text` octets of text.
    fn spend(&mut self, text: usize) -> Result<(), PlistError> {
        self.values = self.values.checked_sub(1).ok_or(PlistError::TooMuch)?;
        self.text = self.text.checked_sub(text).ok_or(PlistError::TooMuch)?;
        Ok(())
    }
}
