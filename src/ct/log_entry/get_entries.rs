//! The JSON of get-entries (RFC 6962 section 4.6).
//!
//! Most of a log's octets are chains that nobody looks at. The form in which every log writes its answer is read by
//! going from quotation mark to quotation mark; anything else that JSON allows is left to a JSON library.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::borrow::Cow;

use memchr::memchr2;
use serde::Deserialize;

/// An entry as it came: both in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEntry<'a> {
    /// The `MerkleTreeLeaf`.
    pub leaf_input: Cow<'a, [u8]>,
    /// The chain, and the precertificate where it is one.
    pub extra_data: Cow<'a, [u8]>,
}

/// Why octets are no answer to get-entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not the JSON of get-entries: {0}")]
pub struct GetEntriesError(String);

/// The whole answer.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    entries: Vec<Entry<'a>>,
}

/// An entry as the JSON library reads it.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    leaf_input: Cow<'a, str>,
    #[serde(borrow)]
    extra_data: Cow<'a, str>,
}

fn octets(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// Reads an answer to get-entries.
pub fn read_get_entries<'a>(answer: &'a [u8]) -> Result<Vec<RawEntry<'a>>, GetEntriesError> {
    if let Some(entries) = (Usual { rest: answer }).answer() {
        return Ok(entries);
    }
    serde_json::from_slice::<Answer<'a>>(answer)
        .map(|answer| {
            let raw = |entry: Entry<'a>| RawEntry {
                leaf_input: octets(entry.leaf_input),
                extra_data: octets(entry.extra_data),
            };
            answer.entries.into_iter().map(raw).collect()
        })
        .map_err(|error| GetEntriesError(error.to_string()))
}

/// Reads the usual form; `None` for every other.
struct Usual<'a> {
    rest: &'a [u8],
}

impl<'a> Usual<'a> {
    fn answer(mut self) -> Option<Vec<RawEntry<'a>>> {
        self.take(b'{')?;
        (self.text()? == b"entries").then_some(())?;
        self.take(b':')?;
        self.take(b'[')?;
        let mut entries = Vec::new();
        if self.take(b']').is_none() {
            loop {
                entries.push(self.entry()?);
                if self.take(b',').is_none() {
                    self.take(b']')?;
                    break;
                }
            }
        }
        self.take(b'}')?;
        self.skip_blanks();
        self.rest.is_empty().then_some(entries)
    }

    fn entry(&mut self) -> Option<RawEntry<'a>> {
        self.take(b'{')?;
        let (first, value) = self.member()?;
        self.take(b',')?;
        let (second, other) = self.member()?;
        self.take(b'}')?;
        let (leaf_input, extra_data) = match (first, second) {
            (b"leaf_input", b"extra_data") => (value, other),
            (b"extra_data", b"leaf_input") => (other, value),
            _ => return None,
        };
        Some(RawEntry { leaf_input: leaf_input.into(), extra_data: extra_data.into() })
    }

    fn member(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let key = self.text()?;
        self.take(b':')?;
        Some((key, self.text()?))
    }

    /// A text without anything that would have to be unescaped.
    fn text(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let end = memchr2(b'"', b'\\', self.rest)?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.strip_prefix(b"\"")?;
        is_printable(text).then_some(text)
    }

    fn take(&mut self, octet: u8) -> Option<()> {
        self.skip_blanks();
        let (first, rest) = self.rest.split_first()?;
        (*first == octet).then(|| self.rest = rest)
    }

    fn skip_blanks(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }
}

/// Whether all octets are ASCII, and none a control octet: what is not ASCII is no base64, and control octets are no JSON.
fn is_printable(text: &[u8]) -> bool {
    // Without a way out in the midst, this is done many octets at a time.
    text.iter().fold(0, |odd, octet| odd | u8::from(octet.wrapping_sub(0x20) >= 0x60)) == 0
}

/// Whether the quick way alone reads it.
#[cfg(test)]
pub(super) fn is_usual(octets: &[u8]) -> bool {
    Usual { rest: octets }.answer().is_some()
}
