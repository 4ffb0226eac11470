//! XML property lists. Source: Apple's PropertyList-1.0 document type definition.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use roxmltree::Node;

use super::{Budget, DEEPEST, Key, PlistError, Value};
use crate::pins::formats::xml::{self, Lines};

/// Reads an XML property list; white space before the XML declaration is tolerated, as Apple's reader does.
pub(super) fn read(text: &str) -> Result<Value, PlistError> {
    let trimmed = text.trim_start();
    let skipped = text.len().saturating_sub(trimmed.len());
    let lines_above = text.get(..skipped).unwrap_or_default().matches('\n').count();
    let document = xml::parse(trimmed)?;
    let mut reader = Reader { lines: Lines::of(trimmed), lines_above, budget: Budget::new() };
    let root = document.root_element();
    if root.tag_name().name() != "plist" {
        return reader.value(root, 0);
    }
    match root.children().find(Node::is_element) {
        Some(value) => reader.value(value, 0),
        None => Err(reader.structure(root, "the plist element is empty")),
    }
}

struct Reader {
    lines: Lines,
    lines_above: usize,
    budget: Budget,
}

impl Reader {
    fn value(&mut self, node: Node<'_, '_>, depth: usize) -> Result<Value, PlistError> {
        if depth > DEEPEST {
            return Err(PlistError::TooDeep);
        }
        let deeper = depth.saturating_add(1);
        let text = content(node);
        self.budget.spend(text.len())?;
        Ok(match node.tag_name().name() {
            "dict" => self.dictionary(node, deeper)?,
            "array" => {
                let items = node.children().filter(Node::is_element);
                Value::Array(items.map(|item| self.value(item, deeper)).collect::<Result<_, _>>()?)
            }
            "string" => Value::Text(text, Some(self.line(node))),
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            "data" => Value::Other("data value"),
            "date" => Value::Other("date"),
            "integer" | "real" => Value::Other("number"),
            _ => return Err(self.structure(node, "the element is none of a property list")),
        })
    }

    fn dictionary(&mut self, node: Node<'_, '_>, deeper: usize) -> Result<Value, PlistError> {
        let mut entries = Vec::new();
        let mut children = node.children().filter(Node::is_element);
        while let Some(key) = children.next() {
            if key.tag_name().name() != "key" {
                return Err(self.structure(key, "a value stands where the dictionary needs a key"));
            }
            let Some(value) = children.next().filter(|value| value.tag_name().name() != "key") else {
                return Err(self.structure(key, "the key has no value"));
            };
            let name = Key { text: content(key), line: Some(self.line(key)) };
            self.budget.spend(name.text.len())?;
            entries.push((name, self.value(value, deeper)?));
        }
        Ok(Value::Dictionary(entries))
    }

    fn line(&self, node: Node<'_, '_>) -> usize {
        self.lines.of_node(node).saturating_add(self.lines_above)
    }

    fn structure(&self, node: Node<'_, '_>, what: &'static str) -> PlistError {
        PlistError::Structure { line: self.line(node), what }
    }
}

/// The text directly inside an element, as it stands; nothing for elements that hold others.
fn content(node: Node<'_, '_>) -> String {
    if matches!(node.tag_name().name(), "dict" | "array") {
        return String::new();
    }
    node.children().filter(Node::is_text).filter_map(|child| child.text()).collect()
}
