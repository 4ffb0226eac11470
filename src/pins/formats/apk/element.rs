//! Compiled XML as a small tree, and that tree as XML text, for the readers of XML.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The longest text that a tree is written as, in octets.
const LONGEST_TEXT: usize = 4 << 20;
/// The last line that is kept apart from others.
const LAST_LINE: usize = 50_000;

/// One element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Its local name.
    pub(super) name: String,
    /// The line it stood on before it was compiled, from 1; 0 where that is not known.
    pub(super) line: usize,
    /// Its attributes, in order.
    pub(super) attributes: Vec<Attribute>,
    /// What is inside, in order.
    pub(super) children: Vec<Node>,
}

/// What an element has inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Another element.
    Element(Element),
    /// Text.
    Text(String),
}

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    /// Its namespace, if it has one.
    pub(super) namespace: Option<String>,
    /// Its local name.
    pub(super) name: String,
    /// The number of the attribute among Android's own, by which the platform finds it.
    pub(super) resource: Option<u32>,
    /// Its value.
    pub(super) value: Value,
}

/// The value of an attribute or of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// True or false.
    Boolean(bool),
    /// A number.
    Integer(u32),
    /// Another resource, by its number.
    Reference(u32),
    /// Another resource, by its name, such as `xml/config`.
    Named(String),
    /// A value of a kind that configurations have no use for.
    Other(u8),
}

impl Value {
    /// The value of a `Res_value`. Texts are elsewhere.
    pub(super) fn of(kind: u8, data: u32) -> Self {
        match kind {
            0x01 => Self::Reference(data),
            0x12 => Self::Boolean(data != 0),
            0x10 | 0x11 => Self::Integer(data),
            _ => Self::Other(kind),
        }
    }
}

impl Element {
    /// The elements inside that have this name.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter_map(move |child| match child {
            Node::Element(element) if element.name == name => Some(element),
            Node::Element(_) | Node::Text(_) => None,
        })
    }

    /// One of Android's own attributes: by its number, or where the file gives none, by its name.
    pub(super) fn android(&self, resource: u32, name: &str) -> Option<&Value> {
        self.attributes
            .iter()
            .find(|a| a.resource.map_or_else(|| a.namespace.is_some() && a.name == name, |id| id == resource))
            .map(|attribute| &attribute.value)
    }

    /// An attribute without a namespace.
    pub(super) fn plain(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|a| a.namespace.is_none() && a.name == name).map(|a| &a.value)
    }

    /// The tree as XML, each element on the line it is said to stand on as far as their order allows. `name_of`
    /// names resources.
    pub(super) fn to_xml(&self, name_of: &dyn Fn(u32) -> Option<String>) -> Result<String, String> {
        let mut namespaces = BTreeMap::new();
        self.namespaces(&mut namespaces);
        let mut writer = Writer { text: String::new(), line: 1, namespaces, name_of };
        writer.element(self, true)?;
        Ok(writer.text)
    }

    fn namespaces(&self, known: &mut BTreeMap<String, usize>) {
        for namespace in self.attributes.iter().filter_map(|attribute| attribute.namespace.as_ref()) {
            let number = known.len();
            known.entry(namespace.clone()).or_insert(number);
        }
        for child in &self.children {
            if let Node::Element(element) = child {
                element.namespaces(known);
            }
        }
    }
}

/// The state of writing a tree.
struct Writer<'a> {
    text: String,
    line: usize,
    namespaces: BTreeMap<String, usize>,
    name_of: &'a dyn Fn(u32) -> Option<String>,
}

impl Writer<'_> {
    fn element(&mut self, element: &Element, is_root: bool) -> Result<(), String> {
        // White space before an element means nothing in these files, and puts it on its line.
        while self.line < element.line.min(LAST_LINE) {
            self.text.push('\n');
            self.line = self.line.saturating_add(1);
        }
        let name = checked_name(&element.name)?;
        let _ = write!(self.text, "<{name}");
        if is_root {
            for (namespace, number) in &self.namespaces {
                let _ = write!(self.text, " xmlns:n{number}=\"{}\"", escaped(namespace));
            }
        }
        let mut seen = Vec::new();
        for attribute in &element.attributes {
            let key = (attribute.namespace.as_deref(), attribute.name.as_str());
            // Android takes the first of two of the same name; XML text may not have both.
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let prefix = attribute.namespace.as_ref().and_then(|namespace| self.namespaces.get(namespace));
            let prefix = prefix.map_or_else(String::new, |number| format!("n{number}:"));
            let value = self.value(&attribute.value);
            let _ = write!(self.text, " {prefix}{}=\"{}\"", checked_name(&attribute.name)?, escaped(&value));
        }
        self.text.push('>');
        for child in &element.children {
            match child {
                Node::Element(element) => self.element(element, false)?,
                Node::Text(text) => self.text.push_str(&escaped(text)),
            }
            if self.text.len() > LONGEST_TEXT {
                return Err(format!("its elements unfold to more than {} MiB", LONGEST_TEXT >> 20));
            }
        }
        let _ = write!(self.text, "</{name}>");
        Ok(())
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Text(text) => text.clone(),
            Value::Boolean(value) => value.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Reference(id) => {
                (self.name_of)(*id).map_or_else(|| format!("@0x{id:08x}"), |name| format!("@{name}"))
            }
            Value::Named(name) => format!("@{name}"),
            Value::Other(kind) => format!("(a value of kind 0x{kind:02x})"),
        }
    }
}

/// A name that XML text can have; others stand in no configuration.
fn checked_name(name: &str) -> Result<&str, String> {
    let mut symbols = name.chars();
    let first = symbols.next().is_some_and(|symbol| symbol.is_alphabetic() || symbol == '_');
    if first && symbols.all(|symbol| symbol.is_alphanumeric() || matches!(symbol, '_' | '-' | '.')) {
        Ok(name)
    } else {
        Err("an element or attribute has a name that XML does not allow".to_owned())
    }
}

/// Text as it stands in XML; line ends as references, so that lines are counted by elements alone.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for symbol in text.chars() {
        match symbol {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            symbol if symbol < ' ' => escaped.push(char::REPLACEMENT_CHARACTER),
            symbol => escaped.push(symbol),
        }
    }
    escaped
}
