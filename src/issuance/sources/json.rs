//! JSON as others write it: read object by object, so that one bad value costs no more than itself.
//!
//! Nothing is kept but borrowed pieces of the answer, and none of it is gone into deeper than it is asked for.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::Deserializer as _;
use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::problems::{Problems, printable};

/// The most fields that are read of an object.
const MOST_FIELDS: usize = 256;

/// The most texts that are read of a list.
const MOST_TEXTS: usize = 10_000;

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was read to its end.
    Whole,
    /// Not to its end, and why.
    Cut(String),
}

/// An answer as text, without a byte order mark; what is no UTF-8 in it is replaced.
pub(super) fn text(octets: &[u8]) -> Cow<'_, str> {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    String::from_utf8_lossy(octets)
}

/// Gives `take` each element of a list in turn, `most` at most.
pub(super) fn elements<'a>(text: &'a str, most: usize, take: impl FnMut(&'a RawValue)) -> End {
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut left = most;
    match reader.deserialize_seq(Elements { take, left: &mut left }).and_then(|()| reader.end()) {
        Ok(()) => End::Whole,
        Err(_) if left == 0 => End::Cut(format!("it has more than the {most} elements that are read")),
        Err(error) => End::Cut(broken(&error)),
    }
}

/// Gives `take` each of the objects that stand one behind the other, `most` at most.
pub(super) fn concatenated<'a>(text: &'a str, most: usize, mut take: impl FnMut(&'a RawValue)) -> End {
    for (place, object) in serde_json::Deserializer::from_str(text).into_iter::<&'a RawValue>().enumerate() {
        match object {
            Ok(_) if place >= most => {
                return End::Cut(format!("it has more than the {most} objects that are read"));
            }
            Ok(object) => take(object),
            Err(error) => return End::Cut(broken(&error)),
        }
    }
    End::Whole
}

/// What is wrong with JSON, in words that hold nothing of it but places.
fn broken(error: &serde_json::Error) -> String {
    if error.is_eof() {
        format!("it breaks off in line {}, column {}", error.line(), error.column())
    } else {
        format!("it is not JSON from line {}, column {} on", error.line(), error.column())
    }
}

struct Elements<'l, F> {
    take: F,
    left: &'l mut usize,
}

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Elements<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element::<&'de RawValue>()? {
            *self.left = self.left.checked_sub(1).ok_or_else(|| A::Error::custom("too many"))?;
            (self.take)(element);
        }
        // Nothing is left over where it ended by itself.
        *self.left = self.left.saturating_add(1);
        Ok(())
    }
}

/// An object, each of its fields still unread.
#[derive(Debug)]
pub(super) struct Object<'a> {
    place: String,
    fields: Vec<(String, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Reads an object; `place` says where it stands, for problems. Of a field that stands there twice, the first counts.
    pub(super) fn read(raw: &'a RawValue, place: String, problems: &mut Problems) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_str(raw.get());
        let Ok(Fielded { fields, repeated, is_cut }) = reader.deserialize_map(Fields) else {
            problems.add(|| format!("{place} is no object that can be read"));
            return None;
        };
        for name in repeated {
            problems.add(|| format!("{place} has “{}” twice; the first counts", printable(&name)));
        }
        if is_cut {
            problems.add(|| format!("{place} has more than {MOST_FIELDS} fields; the first are read"));
        }
        Some(Self { place, fields })
    }

    /// Where it stands.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Says more exactly where it stands.
    pub(super) fn rename(&mut self, place: String) {
        self.place = place;
    }

    /// Whether it has this field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// A field, unread; `None` where it is not there, or null.
    fn field(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        (value.get() != "null").then_some(value)
    }

    fn value<T: DeserializeOwned>(&self, name: &str, what: &str, problems: &mut Problems) -> Option<T> {
        let read = serde_json::from_str(self.field(name)?.get());
        if read.is_err() {
            problems.add(|| format!("“{name}” of {} is no {what}", self.place));
        }
        read.ok()
    }

    /// A text.
    pub(super) fn text(&self, name: &str, problems: &mut Problems) -> Option<String> {
        self.value(name, "text", problems)
    }

    /// A truth value.
    pub(super) fn flag(&self, name: &str, problems: &mut Problems) -> Option<bool> {
        self.value(name, "truth value", problems)
    }

    /// A number that is not negative, also where it is written as text.
    pub(super) fn number(&self, name: &str, problems: &mut Problems) -> Option<u64> {
        let raw = self.field(name)?.get();
        let read = raw.trim_matches('"').parse().ok();
        if read.is_none() {
            problems.add(|| format!("“{name}” of {} is no number that can be", self.place));
        }
        read
    }

    /// What an object is known by: a text, or a number.
    pub(super) fn id(&self, name: &str, problems: &mut Problems) -> Option<String> {
        let raw = self.field(name)?.get();
        if raw.bytes().all(|octet| octet.is_ascii_digit()) {
            return Some(raw.to_owned());
        }
        self.text(name, problems)
    }

    /// A list of texts, and whether all of it could be read.
    pub(super) fn texts(&self, name: &str, problems: &mut Problems) -> Option<(Vec<String>, bool)> {
        let raw = self.field(name)?;
        let mut texts = Vec::new();
        let mut others = 0_u64;
        let end =
            elements(raw.get(), MOST_TEXTS, |element| match serde_json::from_str::<String>(element.get()) {
                Ok(text) => texts.push(printable(&text)),
                Err(_) => others = others.saturating_add(1),
            });
        let is_whole = others == 0 && end == End::Whole;
        if !is_whole {
            problems.add(|| format!("“{name}” of {} is no list of texts, or too long a one", self.place));
        }
        Some((texts, is_whole))
    }

    /// An object within it.
    pub(super) fn object(&self, name: &str, problems: &mut Problems) -> Option<Object<'a>> {
        Object::read(self.field(name)?, format!("“{name}” of {}", self.place), problems)
    }

    /// Octets of a hash, in hexadecimal.
    pub(super) fn sha256(&self, name: &str, problems: &mut Problems) -> Option<[u8; 32]> {
        let text = self.text(name, problems)?;
        let hash = sha256(&text);
        if hash.is_none() {
            problems.add(|| format!("“{name}” of {} is no SHA-256 in hexadecimal", self.place));
        }
        hash
    }

    /// A moment (RFC 3339); one without zone is UTC.
    pub(super) fn time(&self, name: &str, problems: &mut Problems) -> Option<Timestamp> {
        let text = self.text(name, problems)?;
        let time = time(&text);
        if time.is_none() {
            problems.add(|| format!("“{name}” of {} is no time", self.place));
        }
        time
    }
}

/// A moment as sources write it; one without zone is UTC.
fn time(text: &str) -> Option<Timestamp> {
    // Longer than any time is nothing that needs to be read.
    if text.len() > 64 {
        return None;
    }
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

fn sha256(text: &str) -> Option<[u8; 32]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut hash = [0; 32];
    if pairs.len() != hash.len() {
        return None;
    }
    for (octet, pair) in hash.iter_mut().zip(pairs) {
        let digits = std::str::from_utf8(pair).ok().filter(|digits| !digits.starts_with('+'))?;
        *octet = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(hash)
}

struct Fielded<'a> {
    fields: Vec<(String, &'a RawValue)>,
    repeated: Vec<String>,
    is_cut: bool,
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Fielded<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fielded<'de>, A::Error> {
        let mut read = Fielded { fields: Vec::new(), repeated: Vec::new(), is_cut: false };
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            if read.fields.len() >= MOST_FIELDS {
                read.is_cut = true;
            } else if read.fields.iter().any(|(field, _)| *field == name) {
                if !read.repeated.contains(&name) && read.repeated.len() < MOST_FIELDS {
                    read.repeated.push(name);
                }
            } else {
                read.fields.push((name, value));
            }
        }
        Ok(read)
    }
}
