//! XML of unknown origin, within bounds: no entities, no deep nesting, no quadratic tricks.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::borrow::Cow;

use roxmltree::{Document, Node, ParsingOptions};

/// The deepest nesting of elements that is followed.
const DEEPEST: usize = 64;
/// The most elements, texts and comments in one document.
const MOST_NODES: u32 = 200_000;
/// The most `=` signs between two `<`, an upper bound for the attributes of one element: the parser compares
/// each attribute of an element with all the others.
const MOST_EQUALS_IN_A_TAG: usize = 2_000;
/// The most `=` signs in one document, for the same reason.
const MOST_EQUALS: usize = 200_000;
/// The most namespace declarations: the parser copies them from element to element.
const MOST_NAMESPACES: usize = 64;

/// Why an XML document is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum XmlError {
    /// The parser's objection.
    #[error("the XML is not well formed: {0}")]
    NotWellFormed(String),
    /// It defines entities, which real files of these formats never need.
    #[error("it declares entities, which are not expanded here")]
    DeclaresEntities,
    /// More of something than any real file has.
    #[error("it has more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are read.
        most: usize,
    },
    /// Elements nested deeper than any real file nests them.
    #[error("its elements are nested deeper than {DEEPEST} levels")]
    TooDeep,
}

/// The text of a file in UTF-8, or in UTF-16 with a byte order mark; without the mark.
pub(super) fn text(octets: &[u8]) -> Option<Cow<'_, str>> {
    let wide = |octets: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> =
            octets.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(read)).collect();
        String::from_utf16(&units).ok().map(Cow::Owned)
    };
    match octets {
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(Cow::Borrowed),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => std::str::from_utf8(octets).ok().map(Cow::Borrowed),
    }
}

/// The local name of a document's root element, found without parsing the document.
pub(super) fn root_name(text: &str) -> Option<&str> {
    let mut rest = text.trim_start();
    loop {
        rest = if let Some(comment) = rest.strip_prefix("<!--") {
            comment.split_once("-->")?.1
        } else if let Some(instruction) = rest.strip_prefix("<?") {
            instruction.split_once("?>")?.1
        } else if let Some(doctype) = rest.strip_prefix("<!") {
            after_doctype(doctype)?
        } else {
            break;
        };
        rest = rest.trim_start();
    }
    let name = rest.strip_prefix('<')?;
    let name = name.split(|symbol: char| symbol.is_whitespace() || matches!(symbol, '>' | '/')).next()?;
    Some(name.rsplit_once(':').map_or(name, |(_, local)| local))
}

fn after_doctype(text: &str) -> Option<&str> {
    let (head, after) = text.split_once('>')?;
    if head.contains('[') {
        text.split_once(']')?.1.split_once('>').map(|(_, after)| after)
    } else {
        Some(after)
    }
}

/// Parses a document within bounds.
pub(super) fn parse(text: &str) -> Result<Document<'_>, XmlError> {
    check_bounds(text)?;
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => XmlError::TooMany {
            what: "elements and texts",
            most: usize::try_from(MOST_NODES).unwrap_or(usize::MAX),
        },
        other => XmlError::NotWellFormed(other.to_string()),
    })?;
    check_depth(&document)?;
    Ok(document)
}

fn check_bounds(text: &str) -> Result<(), XmlError> {
    if text.contains("<!ENTITY") {
        return Err(XmlError::DeclaresEntities);
    }
    let most_tags = usize::try_from(MOST_NODES).unwrap_or(usize::MAX).saturating_mul(2);
    let too_many = |what, most| Err(XmlError::TooMany { what, most });
    if text.bytes().filter(|octet| *octet == b'<').count() > most_tags {
        return too_many("tags", most_tags);
    }
    if text.matches("xmlns").count() > MOST_NAMESPACES {
        return too_many("namespace declarations", MOST_NAMESPACES);
    }
    if text.bytes().filter(|octet| *octet == b'=').count() > MOST_EQUALS {
        return too_many("attributes", MOST_EQUALS);
    }
    let in_one_tag = |tag: &str| tag.bytes().filter(|octet| *octet == b'=').count();
    if text.split('<').any(|tag| in_one_tag(tag) > MOST_EQUALS_IN_A_TAG) {
        return too_many("attributes in one element", MOST_EQUALS_IN_A_TAG);
    }
    Ok(())
}

/// Checks the depth once, so that everything after may recurse. Parents stand before their children.
fn check_depth(document: &Document<'_>) -> Result<(), XmlError> {
    let mut depths: Vec<usize> = Vec::new();
    for node in document.descendants() {
        let above = node.parent().and_then(|parent| depths.get(parent.id().get_usize()).copied());
        let depth = above.map_or(0, |above| above.saturating_add(1));
        if depth > DEEPEST {
            return Err(XmlError::TooDeep);
        }
        depths.push(depth);
    }
    Ok(())
}

/// Where the lines of a text begin, so that a position is looked up quickly.
#[derive(Debug)]
pub(super) struct Lines {
    newlines: Vec<usize>,
}

impl Lines {
    /// Finds the lines of `text`.
    pub(super) fn of(text: &str) -> Self {
        Self { newlines: text.match_indices('\n').map(|(at, _)| at).collect() }
    }

    /// The line a node begins on, from 1.
    pub(super) fn of_node(&self, node: Node<'_, '_>) -> usize {
        self.newlines.partition_point(|newline| *newline < node.range().start).saturating_add(1)
    }
}

/// The text inside an element, trimmed as Java trims it; `None` where elements stand inside.
pub(super) fn only_text(node: Node<'_, '_>) -> Option<String> {
    if node.children().any(|child| child.is_element()) {
        return None;
    }
    let text: String =
        node.children().filter_map(|child| if child.is_text() { child.text() } else { None }).collect();
    Some(text.trim_matches(|symbol: char| symbol <= ' ').to_owned())
}

/// The comment beside an element: behind it on its line, or by itself on the line above.
pub(super) fn comment_beside<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    let breaks = |node: &Node<'_, '_>| node.text().unwrap_or_default().matches('\n').count();
    for next in node.next_siblings().skip(1) {
        if next.is_comment() {
            return next.text();
        }
        if !next.is_text() || breaks(&next) > 0 {
            break;
        }
    }
    let mut before = node.prev_siblings().skip(1);
    let mut comment = before.next()?;
    if comment.is_text() {
        if breaks(&comment) > 1 {
            return None;
        }
        comment = before.next()?;
    }
    // What stands behind another element on its line is about that one.
    let is_alone = before.next().is_none_or(|above| above.is_text() && breaks(&above) > 0);
    if comment.is_comment() && is_alone { comment.text() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_are_understood() {
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("<a/>".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(text(&utf16).as_deref(), Some("<a/>"));
        assert_eq!(text(b"\xef\xbb\xbf<a/>").as_deref(), Some("<a/>"));
        assert_eq!(text(b"\xff<a/>"), None);
    }

    #[test]
    fn the_root_is_found_behind_a_prologue() {
        let text = "<?xml version='1.0'?>\n<!-- <b> -->\n<!DOCTYPE a [ <!ELEMENT a ANY> ]>\n<x:a y='z'/>";
        assert_eq!(root_name(text), Some("a"));
        assert_eq!(root_name("no xml"), None);
        assert_eq!(root_name("<!-- no end"), None);
    }

    #[test]
    fn bombs_are_refused() {
        assert_eq!(
            parse("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").unwrap_err(),
            XmlError::DeclaresEntities
        );
        let deep = format!("{}{}", "<a>".repeat(1000), "</a>".repeat(1000));
        assert_eq!(parse(&deep).unwrap_err(), XmlError::TooDeep);
        let many = format!("<a>{}</a>", "<b/>".repeat(300_000));
        assert!(matches!(parse(&many).unwrap_err(), XmlError::TooMany { what: "elements and texts", .. }));
        let attributes: String = (0..3_000).map(|i| format!(" a{i}=''")).collect::<Vec<_>>().concat();
        assert!(matches!(parse(&format!("<a{attributes}/>")).unwrap_err(), XmlError::TooMany { .. }));
    }

    #[test]
    fn lines_are_counted_from_one() {
        let text = "<a>\n<b/>\n\n<c/></a>";
        let document = parse(text).unwrap();
        let lines = Lines::of(text);
        let found: Vec<usize> = document
            .root_element()
            .children()
            .filter(roxmltree::Node::is_element)
            .map(|n| lines.of_node(n))
            .collect();
        assert_eq!(found, [2, 4]);
        assert_eq!(lines.of_node(document.root_element()), 1);
    }

    #[test]
    fn a_comment_belongs_to_the_element_beside_it() {
        let text = "<a>\n<b/> <!-- one -->\n<b/>\n<!-- two -->\n<b/>\n<!-- three --><b/>\n<!-- four -->\n\n<b/>\n</a>";
        let document = parse(text).unwrap();
        let found: Vec<Option<&str>> = document
            .descendants()
            .filter(|node| node.has_tag_name("b"))
            .map(|node| comment_beside(node).map(str::trim))
            .collect();
        assert_eq!(found, [Some("one"), None, Some("two"), Some("three"), None]);
    }
}
