//! Binary XML, as `aapt` and `aapt2` write it (`ResXMLTree` in `ResourceTypes.h` of frameworks/base).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::element::{Attribute, Element, Node, Value};
use super::octets::{Chunk, size_at, u8_at, u16_at, u32_at};
use super::string_pool::{self, StringPool};

const DOCUMENT: u16 = 0x0003;
const START_ELEMENT: u16 = 0x0102;
const END_ELEMENT: u16 = 0x0103;
const TEXT: u16 = 0x0104;
const RESOURCE_MAP: u16 = 0x0180;

/// The number that stands for no string.
const NONE: u32 = u32::MAX;
/// The kind of a value that is a string of the pool.
const STRING: u8 = 0x03;
/// The deepest nesting of elements.
pub(super) const DEEPEST: usize = 60;
/// The most elements and texts.
pub(super) const MOST_NODES: usize = 100_000;
/// The most attributes of one element: each is compared with the others.
pub(super) const MOST_ATTRIBUTES: usize = 500;
/// The most octets of text that are kept.
pub(super) const MOST_TEXT: usize = 16 << 20;

/// Whether these octets are binary XML.
pub(super) fn is_binary(octets: &[u8]) -> bool {
    u16_at(octets, 0) == Some(DOCUMENT)
}

/// Reads a document; the error says what is damaged.
pub(super) fn read(octets: &[u8]) -> Result<Element, String> {
    let document = Chunk::at(octets, 0).filter(|chunk| chunk.kind == DOCUMENT).ok_or("it is cut short")?;
    let mut reader = Reader { pool: None, resources: &[], open: Vec::new(), root: None, nodes: 0, text: 0 };
    for chunk in document.inside() {
        reader.chunk(chunk.ok_or("a chunk is cut short")?)?;
    }
    if !reader.open.is_empty() {
        return Err("an element is never closed".to_owned());
    }
    reader.root.ok_or_else(|| "it has no element".to_owned())
}

struct Reader<'a> {
    pool: Option<StringPool<'a>>,
    /// The numbers of the attributes whose names come first in the pool.
    resources: &'a [u8],
    open: Vec<Element>,
    root: Option<Element>,
    nodes: usize,
    text: usize,
}

impl<'a> Reader<'a> {
    fn chunk(&mut self, chunk: Chunk<'a>) -> Result<(), String> {
        match chunk.kind {
            string_pool::KIND => {
                self.pool = Some(StringPool::of(chunk).ok_or("its string pool is cut short")?);
            }
            RESOURCE_MAP => self.resources = chunk.octets.get(chunk.header..).unwrap_or_default(),
            START_ELEMENT => {
                let element = self.start(chunk)?;
                self.count()?;
                if self.open.len() >= DEEPEST {
                    return Err(format!("its elements are nested deeper than {DEEPEST} levels"));
                }
                self.open.push(element);
            }
            END_ELEMENT => {
                let element = self.open.pop().ok_or("an element is closed that was not opened")?;
                match self.open.last_mut() {
                    Some(parent) => parent.children.push(Node::Element(element)),
                    None if self.root.is_none() => self.root = Some(element),
                    None => return Err("it has a second root element".to_owned()),
                }
            }
            TEXT => {
                let index = u32_at(chunk.octets, chunk.header).ok_or("a text is cut short")?;
                let text = self.string(index)?;
                self.count()?;
                if let Some(parent) = self.open.last_mut() {
                    parent.children.push(Node::Text(text));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), String> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > MOST_NODES {
            return Err(format!("it has more than {MOST_NODES} elements and texts"));
        }
        Ok(())
    }

    fn start(&mut self, chunk: Chunk<'a>) -> Result<Element, String> {
        let body = chunk.octets.get(chunk.header..).unwrap_or_default();
        let cut = || "an element is cut short".to_owned();
        let name = self.string(u32_at(body, 4).ok_or_else(cut)?)?;
        let first = usize::from(u16_at(body, 8).ok_or_else(cut)?);
        let size = usize::from(u16_at(body, 10).ok_or_else(cut)?);
        let count = usize::from(u16_at(body, 12).ok_or_else(cut)?);
        if count > MOST_ATTRIBUTES {
            return Err(format!("an element has more than {MOST_ATTRIBUTES} attributes"));
        }
        let mut attributes = Vec::new();
        for index in 0..count {
            let at = index.saturating_mul(size).saturating_add(first);
            let octets = body.get(at..).unwrap_or_default();
            attributes.push(self.attribute(octets)?);
        }
        let line = size_at(chunk.octets, 8).unwrap_or(0);
        Ok(Element { name, line, attributes, children: Vec::new() })
    }

    fn attribute(&mut self, octets: &[u8]) -> Result<Attribute, String> {
        let number = |at| u32_at(octets, at).ok_or_else(|| "an attribute is cut short".to_owned());
        let (namespace, name, raw) = (number(0)?, number(4)?, number(8)?);
        let kind = u8_at(octets, 15).ok_or("an attribute is cut short")?;
        let data = number(16)?;
        let namespace = if namespace == NONE { None } else { Some(self.string(namespace)?) };
        let resource =
            usize::try_from(name).ok().and_then(|name| u32_at(self.resources, name.checked_mul(4)?));
        let value = if kind == STRING {
            Value::Text(self.string(data)?)
        } else {
            match Value::of(kind, data) {
                // The platform reads what was written where the value is of no kind of its own.
                Value::Other(_) if raw != NONE => Value::Text(self.string(raw)?),
                value => value,
            }
        };
        // An attribute that Android knows is found by its number, and its name may have been taken away.
        let name = self.string(name)?;
        let namespace = namespace.filter(|namespace| !namespace.is_empty());
        Ok(Attribute { namespace, name, resource: resource.filter(|id| *id != 0), value })
    }

    fn string(&mut self, index: u32) -> Result<String, String> {
        let pool = self.pool.as_ref().ok_or("it has no string pool before its elements")?;
        let text = pool.get(index).ok_or_else(|| format!("it has no string {index} that can be read"))?;
        self.text = self.text.saturating_add(text.len());
        if self.text > MOST_TEXT {
            return Err(format!("its texts unfold to more than {} MiB", MOST_TEXT >> 20));
        }
        Ok(text)
    }
}
