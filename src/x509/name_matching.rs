//! Whether two Names are the same.
//!
//! Source: RFC 5280 section 7.1: attributes are compared by type and by value, whatever their encoding, without regard to
//! case, and with all white space as one space (RFC 4518). What that leaves open here is open, and never “different”.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::der::{self, DerError, Element, Reader};

/// SET.
const SET: u8 = 0x31;

/// The most attributes of a Name that are compared.
const MAX_ATTRIBUTES: usize = 64;

/// How two Names compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameComparison {
    /// They are the same.
    Same,
    /// They are not.
    Different,
    /// That cannot be told.
    Unknown,
}

impl NameComparison {
    /// What two parts come to: one that differs is enough.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Different, _) | (_, Self::Different) => Self::Different,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Same, Self::Same) => Self::Same,
        }
    }
}

/// Compares two Names, each whole.
pub(crate) fn compare(one: &[u8], other: &[u8]) -> NameComparison {
    if one == other {
        return NameComparison::Same;
    }
    match (attributes(one), attributes(other)) {
        (Ok(Some(one)), Ok(Some(other))) => all(&one, &other, |one, other| by_set(one, other)),
        _ => NameComparison::Unknown,
    }
}

/// One attribute: its type and its value.
type Attribute<'a> = (&'a [u8], Element<'a>);

/// The relative names, each with its attributes; none where there are more than are compared.
fn attributes(name: &[u8]) -> Result<Option<Vec<Vec<Attribute<'_>>>>, DerError> {
    let mut outer = Reader::new(name);
    let mut sets = outer.expect(der::SEQUENCE)?.reader();
    outer.finish()?;
    let mut all = Vec::new();
    let mut count = 0_usize;
    while !sets.is_empty() {
        let mut members = sets.expect(SET)?.reader();
        let mut set = Vec::new();
        while !members.is_empty() {
            count = count.saturating_add(1);
            if count > MAX_ATTRIBUTES {
                return Ok(None);
            }
            let mut fields = members.expect(der::SEQUENCE)?.reader();
            let kind = fields.expect(der::OBJECT_IDENTIFIER)?.content;
            set.push((kind, fields.element()?));
            fields.finish()?;
        }
        all.push(set);
    }
    Ok(Some(all))
}

fn all<T>(one: &[T], other: &[T], compare: impl Fn(&T, &T) -> NameComparison) -> NameComparison {
    if one.len() != other.len() {
        return NameComparison::Different;
    }
    one.iter()
        .zip(other)
        .map(|(one, other)| compare(one, other))
        .fold(NameComparison::Same, NameComparison::and)
}

/// The attributes of one relative name have no order of their own.
fn by_set(one: &[Attribute<'_>], other: &[Attribute<'_>]) -> NameComparison {
    let sorted = |set: &[Attribute<'_>]| {
        let mut kinds: Vec<Vec<u8>> = set.iter().map(|(kind, _)| kind.to_vec()).collect();
        kinds.sort();
        kinds
    };
    let kinds = sorted(one);
    if kinds != sorted(other) {
        return NameComparison::Different;
    }
    if kinds.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
        // Several of one type: which belongs to which is open, unless they stand in the same order.
        let in_order = all(one, other, |one, other| value(&one.1, &other.1));
        return if in_order == NameComparison::Same { in_order } else { NameComparison::Unknown };
    }
    one.iter()
        .filter_map(|(kind, own)| {
            let (_, theirs) = other.iter().find(|(other, _)| other == kind)?;
            Some(value(own, theirs))
        })
        .fold(NameComparison::Same, NameComparison::and)
}

fn value(one: &Element<'_>, other: &Element<'_>) -> NameComparison {
    if one.whole == other.whole {
        return NameComparison::Same;
    }
    let (Some(one), Some(other)) = (text(one), text(other)) else { return NameComparison::Unknown };
    let (first, second) = (prepared(&one), prepared(&other));
    let is_plain = |text: &str| text.chars().all(|letter| matches!(letter, ' '..='~'));
    if first == second {
        NameComparison::Same
    } else if is_plain(&one) && is_plain(&other) {
        NameComparison::Different
    } else {
        // What else is the same beyond ASCII (RFC 4518 section 2) is not known here.
        NameComparison::Unknown
    }
}

/// Without regard to case, and with all white space as one space.
fn prepared(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The text of a DirectoryString, or of the strings that names have besides.
fn text(value: &Element<'_>) -> Option<String> {
    const UTF8: u8 = 0x0c;
    const NUMERIC: u8 = 0x12;
    const PRINTABLE: u8 = 0x13;
    const TELETEX: u8 = 0x14;
    const IA5: u8 = 0x16;
    const VISIBLE: u8 = 0x1a;
    const UNIVERSAL: u8 = 0x1c;
    const BMP: u8 = 0x1e;
    match value.tag {
        UTF8 => String::from_utf8(value.content.to_vec()).ok(),
        NUMERIC | PRINTABLE | TELETEX | IA5 | VISIBLE => {
            let is_ascii = value.content.is_ascii();
            is_ascii.then(|| value.content.iter().copied().map(char::from).collect())
        }
        UNIVERSAL => {
            let (units, []) = value.content.as_chunks::<4>() else { return None };
            units.iter().map(|&unit| char::from_u32(u32::from_be_bytes(unit))).collect()
        }
        BMP => {
            let (units, []) = value.content.as_chunks::<2>() else { return None };
            let units: Vec<u16> = units.iter().map(|&unit| u16::from_be_bytes(unit)).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTF8: u8 = 0x0c;
    const PRINTABLE: u8 = 0x13;

    /// A Name of one organisation and one common name.
    fn name(values: &[(u8, &[u8])]) -> Vec<u8> {
        let set = |(number, (tag, value)): (u8, &(u8, &[u8]))| {
            let kind = der::wrap(der::OBJECT_IDENTIFIER, &[0x55, 4, number]);
            let attribute = der::wrap(der::SEQUENCE, &[kind, der::wrap(*tag, value)].concat());
            der::wrap(SET, &attribute)
        };
        let sets: Vec<u8> = [10, 3].into_iter().zip(values).flat_map(set).collect();
        der::wrap(der::SEQUENCE, &sets)
    }

    #[test]
    fn encoding_case_and_spaces_are_no_difference() {
        let usual = name(&[(PRINTABLE, b"Lab"), (PRINTABLE, b"Lab Good CA")]);
        for same in [
            name(&[(UTF8, b"Lab"), (UTF8, b"Lab Good CA")]),
            name(&[(PRINTABLE, b"LAB"), (PRINTABLE, b" lab  GOOD ca ")]),
            name(&[(0x1e, b"\0L\0a\0b"), (0x16, b"Lab Good CA")]),
            name(&[(0x1c, b"\0\0\0L\0\0\0a\0\0\0b"), (UTF8, b"Lab Good CA")]),
        ] {
            assert_eq!(compare(&usual, &same), NameComparison::Same, "{same:?}");
        }
        for different in [
            name(&[(PRINTABLE, b"Lab"), (PRINTABLE, b"Lab Evil CA")]),
            name(&[(PRINTABLE, b"Lab")]),
            name(&[(PRINTABLE, b"Lab"), (UTF8, b"LabGood CA")]),
        ] {
            assert_eq!(compare(&usual, &different), NameComparison::Different, "{different:?}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_not_different() {
        let usual = name(&[(UTF8, "M\u{fc}ller".as_bytes()), (PRINTABLE, b"CA")]);
        let upper = name(&[(UTF8, "M\u{dc}LLER".as_bytes()), (PRINTABLE, b"CA")]);
        assert_eq!(compare(&usual, &upper), NameComparison::Same);
        for open in [
            name(&[(UTF8, "Mu\u{308}ller".as_bytes()), (PRINTABLE, b"CA")]),
            name(&[(0x14, b"M\xfcller"), (PRINTABLE, b"CA")]),
            name(&[(0x1e, b"\0M\0"), (PRINTABLE, b"CA")]),
            b"\x30\x05\x31\x03".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(compare(&usual, &open), NameComparison::Unknown, "{open:?}");
        }
        // One part that differs is enough.
        let other = name(&[(0x14, b"M\xfcller"), (PRINTABLE, b"Other")]);
        assert_eq!(compare(&usual, &other), NameComparison::Different);
        let many: Vec<u8> = name(&[(UTF8, b"a")])[2..].repeat(MAX_ATTRIBUTES + 1);
        assert_eq!(compare(&usual, &der::wrap(der::SEQUENCE, &many)), NameComparison::Unknown);
    }

    #[test]
    fn the_attributes_of_one_part_have_no_order() {
        let attribute = |number: u8, value: &[u8]| {
            let kind = der::wrap(der::OBJECT_IDENTIFIER, &[0x55, 4, number]);
            der::wrap(der::SEQUENCE, &[kind, der::wrap(UTF8, value)].concat())
        };
        let of = |parts: &[Vec<u8>]| der::wrap(der::SEQUENCE, &der::wrap(SET, &parts.concat()));
        let (lab, ca, other) = (attribute(10, b"Lab"), attribute(3, b"CA"), attribute(10, b"Other"));
        let usual = of(&[lab.clone(), ca.clone()]);
        assert_eq!(compare(&usual, &of(&[ca.clone(), lab.clone()])), NameComparison::Same);
        assert_eq!(compare(&usual, &of(&[ca, other.clone()])), NameComparison::Different);
        let two = of(&[lab.clone(), other.clone()]);
        assert_eq!(compare(&two, &of(&[other, lab])), NameComparison::Unknown);
    }
}
