//! Compiled XML of app bundles: protocol buffers (`aapt.pb.XmlNode` of `Resources.proto`, frameworks/base
//! `tools/aapt2`), read into the same tree as binary XML.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::axml::{DEEPEST, MOST_ATTRIBUTES, MOST_NODES};
use super::element::{Attribute, Element, Node, Value};

/// The value of one field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'a> {
    /// A number.
    Number(u64),
    /// Octets: a text, or a message.
    Octets(&'a [u8]),
}

/// The fields of a message, in order; one that is cut short ends them with `None`.
struct Fields<'a> {
    octets: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.octets.split_at_checked(count)?;
        self.octets = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number: u64 = 0;
        for place in 0..10_u32 {
            let [octet] = self.take(1)?.first_chunk::<1>()?;
            number |= u64::from(octet & 0x7f).checked_shl(place.checked_mul(7)?).unwrap_or(0);
            if octet & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn field(&mut self) -> Option<(u64, Field<'a>)> {
        let tag = self.number()?;
        let value = match tag & 7 {
            0 => Field::Number(self.number()?),
            1 => Field::Octets(self.take(8)?),
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                Field::Octets(self.take(length)?)
            }
            5 => Field::Octets(self.take(4)?),
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Field<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.octets.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.octets = &[];
        }
        Some(field)
    }
}

/// Reads a document; the error says what is damaged.
pub(super) fn read(octets: &[u8]) -> Result<Element, String> {
    let mut reader = Reader { nodes: 0 };
    match reader.node(octets, 0)? {
        Some(Node::Element(element)) => Ok(element),
        Some(Node::Text(_)) | None => Err("it has no element".to_owned()),
    }
}

struct Reader {
    nodes: usize,
}

/// What one field of a message says, or that it is cut short.
pub(super) type Read<'a> = Result<(u64, Field<'a>), String>;

/// The fields of a message, in order.
pub(super) fn fields(octets: &[u8]) -> impl Iterator<Item = Read<'_>> {
    Fields { octets }.map(|field| field.ok_or_else(|| "a field is cut short".to_owned()))
}

/// A text as it stands in a message.
pub(super) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

impl Reader {
    fn node(&mut self, octets: &[u8], depth: usize) -> Result<Option<Node>, String> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > MOST_NODES {
            return Err(format!("it has more than {MOST_NODES} elements and texts"));
        }
        if depth >= DEEPEST {
            return Err(format!("its elements are nested deeper than {DEEPEST} levels"));
        }
        let (mut node, mut line) = (None, 0);
        for field in fields(octets) {
            match field? {
                (1, Field::Octets(element)) => node = Some(Node::Element(self.element(element, depth)?)),
                (2, Field::Octets(octets)) => node = Some(Node::Text(text(octets))),
                (3, Field::Octets(source)) => line = number(source, 1)?.unwrap_or(0),
                _ => {}
            }
        }
        if let Some(Node::Element(element)) = &mut node {
            element.line = usize::try_from(line).unwrap_or(0);
        }
        Ok(node)
    }

    fn element(&mut self, octets: &[u8], depth: usize) -> Result<Element, String> {
        let mut element = Element::default();
        for field in fields(octets) {
            match field? {
                (3, Field::Octets(name)) => element.name = text(name),
                (4, Field::Octets(octets)) => {
                    if element.attributes.len() >= MOST_ATTRIBUTES {
                        return Err(format!("an element has more than {MOST_ATTRIBUTES} attributes"));
                    }
                    element.attributes.push(attribute(octets)?);
                }
                (5, Field::Octets(child)) => {
                    element.children.extend(self.node(child, depth.saturating_add(1))?);
                }
                _ => {}
            }
        }
        Ok(element)
    }
}

/// The last number of a field in a message.
pub(super) fn number(octets: &[u8], wanted: u64) -> Result<Option<u64>, String> {
    let mut found = None;
    for field in fields(octets) {
        if let (field, Field::Number(number)) = field?
            && field == wanted
        {
            found = Some(number);
        }
    }
    Ok(found)
}

fn attribute(octets: &[u8]) -> Result<Attribute, String> {
    let (mut namespace, mut name, mut written) = (None, String::new(), String::new());
    let (mut resource, mut compiled) = (None, None);
    for field in fields(octets) {
        match field? {
            (1, Field::Octets(octets)) => namespace = Some(text(octets)).filter(|text| !text.is_empty()),
            (2, Field::Octets(octets)) => name = text(octets),
            (3, Field::Octets(octets)) => written = text(octets),
            (5, Field::Number(id)) => resource = u32::try_from(id).ok().filter(|id| *id != 0),
            (6, Field::Octets(octets)) => compiled = item(octets)?,
            _ => {}
        }
    }
    Ok(Attribute { namespace, name, resource, value: compiled.unwrap_or(Value::Text(written)) })
}

/// A compiled value; `None` where the written one tells as much.
pub(super) fn item(octets: &[u8]) -> Result<Option<Value>, String> {
    let mut value = None;
    for field in fields(octets) {
        value = match field? {
            (1, Field::Octets(reference)) => Some(self::reference(reference)?),
            (7, Field::Octets(primitive)) => self::primitive(primitive)?,
            _ => value,
        };
    }
    Ok(value)
}

fn reference(octets: &[u8]) -> Result<Value, String> {
    let mut named = None;
    for field in fields(octets) {
        if let (3, Field::Octets(name)) = field? {
            named = Some(text(name)).filter(|name| !name.is_empty());
        }
    }
    let id = number(octets, 2)?.and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
    Ok(named.map_or(Value::Reference(id), Value::Named))
}

fn primitive(octets: &[u8]) -> Result<Option<Value>, String> {
    let mut value = None;
    for field in fields(octets) {
        value = match field? {
            // A negative number fills all 64 bits.
            (6 | 7, Field::Number(number)) => {
                u32::try_from(number & u64::from(u32::MAX)).ok().map(Value::Integer)
            }
            (8, Field::Number(number)) => Some(Value::Boolean(number != 0)),
            _ => value,
        };
    }
    Ok(value)
}
