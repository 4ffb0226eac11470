//! The RDATA of one CAA record, read leniently: a record that is malformed harms no other.
//!
//! Source: RFC 8659 section 4.1.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::fmt;

use super::value::{IssueValue, ValueError};

/// The Issuer Critical Flag, bit 0 of the flags octet (RFC 8659 section 4.1).
const CRITICAL: u8 = 0b1000_0000;

/// One CAA record, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaaRecord {
    /// A property: flags, tag and value.
    Property(Property),
    /// RDATA that is no CAA property.
    Malformed(MalformedRecord),
}

/// A CAA property (RFC 8659 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The flags octet as sent; only bit 0 (128) has a meaning.
    pub flags: u8,
    /// The tag.
    pub tag: Tag,
    /// The value, uninterpreted.
    pub value: Vec<u8>,
    /// The value by the grammar of `issue`, read once for the many who ask.
    issue_value: Result<IssueValue, ValueError>,
}

/// A property tag: 1 to 255 ASCII letters and digits, kept as written and matched without case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

/// RDATA that is no CAA property, kept whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedRecord {
    /// Why it cannot be read.
    pub why: RecordError,
    /// The RDATA as sent.
    pub rdata: Vec<u8>,
}

/// Why RDATA is no CAA property.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// No octet at all.
    #[error("the record is empty")]
    Empty,
    /// Only the flags octet.
    #[error("the record ends before the length of its tag")]
    NoTagLength,
    /// A tag of length 0.
    #[error("the tag is empty")]
    EmptyTag,
    /// The tag is said to be longer than the record.
    #[error("the tag is said to have {tag_length} octets, and only {left} are left")]
    TagOverrun {
        /// The length octet.
        tag_length: u8,
        /// The octets after it.
        left: usize,
    },
    /// A tag may only have ASCII letters and digits.
    #[error("the tag has the octet {octet:#04x}, which is no ASCII letter or digit")]
    TagOctet {
        /// The first such octet.
        octet: u8,
    },
}

/// What a property is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyKind {
    /// `issue`: who may issue TLS certificates (RFC 8659 section 4.2).
    Issue,
    /// `issuewild`: the same for wildcard names (RFC 8659 section 4.3).
    IssueWild,
    /// `issuemail`: who may issue S/MIME certificates (RFC 9495).
    IssueMail,
    /// `issuevmc`: who may issue mark certificates (VMC Requirements).
    IssueVmc,
    /// `iodef`: where to report refused requests (RFC 8659 section 4.4).
    Iodef,
    /// `contactemail` (TLS BR appendix A.1.1).
    ContactEmail,
    /// `contactphone` (TLS BR appendix A.1.2).
    ContactPhone,
    /// No property of any standard read here.
    Unknown,
}

/// The tags of known properties, the commonest first.
const KNOWN_TAGS: [(&str, PropertyKind); 7] = [
    ("issue", PropertyKind::Issue),
    ("issuewild", PropertyKind::IssueWild),
    ("iodef", PropertyKind::Iodef),
    ("issuemail", PropertyKind::IssueMail),
    ("issuevmc", PropertyKind::IssueVmc),
    ("contactemail", PropertyKind::ContactEmail),
    ("contactphone", PropertyKind::ContactPhone),
];

impl CaaRecord {
    /// Reads RDATA.
    pub fn read(rdata: &[u8]) -> Self {
        match Property::read(rdata) {
            Ok(property) => Self::Property(property),
            Err(why) => Self::Malformed(MalformedRecord { why, rdata: rdata.to_vec() }),
        }
    }

    /// The property, if it could be read.
    pub fn property(&self) -> Option<&Property> {
        match self {
            Self::Property(property) => Some(property),
            Self::Malformed(_) => None,
        }
    }

    /// The length of its RDATA.
    pub fn octets(&self) -> usize {
        match self {
            Self::Property(property) => {
                property.tag.as_str().len().saturating_add(property.value.len()).saturating_add(2)
            }
            Self::Malformed(malformed) => malformed.rdata.len(),
        }
    }

    /// Its RDATA. By it, sets have an order of their own (RFC 4034 section 6.3), whatever order a server sends them in.
    pub fn rdata(&self) -> Vec<u8> {
        match self {
            Self::Property(property) => {
                let tag = property.tag.as_str().as_bytes();
                // A tag was read from behind an octet with its length.
                let length = u8::try_from(tag.len()).unwrap_or(u8::MAX);
                [&[property.flags, length], tag, &property.value].concat()
            }
            Self::Malformed(malformed) => malformed.rdata.clone(),
        }
    }

    /// The flags octet; 0 where the record has none.
    pub fn flags(&self) -> u8 {
        match self {
            Self::Property(property) => property.flags,
            Self::Malformed(malformed) => malformed.rdata.first().copied().unwrap_or(0),
        }
    }

    /// Whether a CA that does not understand this record must refuse (RFC 8659 section 4.1).
    pub fn is_critical(&self) -> bool {
        self.flags() & CRITICAL != 0
    }
}

impl Property {
    fn read(rdata: &[u8]) -> Result<Self, RecordError> {
        let (&flags, rest) = rdata.split_first().ok_or(RecordError::Empty)?;
        let (&tag_length, rest) = rest.split_first().ok_or(RecordError::NoTagLength)?;
        let (tag, value) = rest
            .split_at_checked(usize::from(tag_length))
            .ok_or(RecordError::TagOverrun { tag_length, left: rest.len() })?;
        let issue_value = IssueValue::parse(value);
        Ok(Self { flags, tag: Tag::read(tag)?, value: value.to_vec(), issue_value })
    }

    /// What the property is for.
    pub fn kind(&self) -> PropertyKind {
        self.tag.kind()
    }

    /// The value read by the grammar of `issue` (RFC 8659 section 4.2).
    pub fn issue_value(&self) -> Result<&IssueValue, &ValueError> {
        self.issue_value.as_ref()
    }
}

impl Tag {
    fn read(octets: &[u8]) -> Result<Self, RecordError> {
        if octets.is_empty() {
            return Err(RecordError::EmptyTag);
        }
        match octets.iter().find(|octet| !octet.is_ascii_alphanumeric()) {
            Some(&octet) => Err(RecordError::TagOctet { octet }),
            None => Ok(Self(octets.iter().copied().map(char::from).collect())),
        }
    }

    /// The tag as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the tag stands for; letter case does not matter (RFC 8659 section 4.1).
    pub fn kind(&self) -> PropertyKind {
        let known = KNOWN_TAGS.iter().find(|(tag, _)| self.0.eq_ignore_ascii_case(tag));
        known.map_or(PropertyKind::Unknown, |(_, kind)| *kind)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} \"{}\"", self.flags, self.tag, quoted(&self.value))
    }
}

impl fmt::Display for CaaRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(property) => property.fmt(f),
            // RFC 3597 section 5: the form that any RDATA has.
            Self::Malformed(MalformedRecord { rdata, .. }) => {
                write!(f, "\\# {}", rdata.len())?;
                rdata.iter().enumerate().try_for_each(|(position, octet)| {
                    write!(f, "{}{octet:02x}", if position == 0 { " " } else { "" })
                })
            }
        }
    }
}

/// Octets as DNS shows them (RFC 1035 section 5.1): printable ASCII as it is, `\` as `\\`, the rest as `\DDD`.
///
/// Safe to print: no control character is left.
pub fn presentation(octets: &[u8]) -> String {
    let digit = |number: u8| char::from(b'0'.wrapping_add(number % 10));
    let mut text = String::with_capacity(octets.len());
    for &octet in octets {
        match octet {
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(octet)),
            _ => text.extend(['\\', digit(octet / 100), digit(octet / 10), digit(octet)]),
        }
    }
    text
}

/// The same between quotation marks, of which none may end the value early: `"` as `\"`.
pub fn quoted(octets: &[u8]) -> String {
    presentation(octets).replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn why(rdata: &[u8]) -> RecordError {
        match CaaRecord::read(rdata) {
            CaaRecord::Malformed(malformed) => malformed.why,
            CaaRecord::Property(property) => panic!("{property} was read"),
        }
    }

    #[test]
    fn properties_are_read() {
        // RFC 8659 section 4.1.1: CAA 0 issue "ca1.example.net", as wire bytes by hand.
        let record = CaaRecord::read(b"\x00\x05issueca1.example.net");
        let property = record.property().unwrap();
        assert_eq!((property.flags, property.kind()), (0, PropertyKind::Issue));
        assert_eq!(property.to_string(), "0 issue \"ca1.example.net\"");
        assert!(!record.is_critical());
        assert!(CaaRecord::read(b"\x82\x03tbsx").is_critical());
        assert!(!CaaRecord::read(b"\x01\x03tbsx").is_critical(), "1 is not the critical bit");
    }

    #[test]
    fn long_tags_and_other_case_are_legal() {
        let mut rdata = vec![128, 255];
        rdata.extend([b'a'; 255]);
        let record = CaaRecord::read(&rdata);
        assert_eq!(record.property().unwrap().tag.as_str().len(), 255);
        assert_eq!(record.property().unwrap().value, b"");
        let mixed = CaaRecord::read(b"\x00\x09IsSuEwIlD;");
        assert_eq!(mixed.property().unwrap().kind(), PropertyKind::IssueWild);
    }

    #[test]
    fn malformed_records_say_why() {
        assert_eq!(why(b""), RecordError::Empty);
        assert_eq!(why(b"\x80"), RecordError::NoTagLength);
        assert_eq!(why(b"\x00\x00ca1.example"), RecordError::EmptyTag);
        assert_eq!(why(b"\x00\x09issue"), RecordError::TagOverrun { tag_length: 9, left: 5 });
        assert_eq!(why(b"\x00\x06issu\xe9x"), RecordError::TagOctet { octet: 0xe9 });
        assert_eq!(why(b"\x00\x07is-sueeca"), RecordError::TagOctet { octet: b'-' });
        assert_eq!(why(b"\x00\x06issue ca"), RecordError::TagOctet { octet: b' ' });
        assert!(CaaRecord::read(b"\x80").is_critical());
        assert_eq!(CaaRecord::read(b"\x00\x00ab").to_string(), "\\# 4 00006162");
    }

    #[test]
    fn nothing_unprintable_is_shown() {
        assert_eq!(presentation(b"a\\\x1b[31m\n\xe9"), "a\\\\\\027[31m\\010\\233");
        let quotes = CaaRecord::read(b"\x00\x05issuelet\"s\\\"x");
        assert_eq!(quotes.to_string(), r#"0 issue "let\"s\\\"x""#);
    }

    proptest! {
        #[test]
        fn any_rdata_is_kept_whole(rdata in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert_eq!(CaaRecord::read(&rdata).rdata(), rdata.clone());
            match CaaRecord::read(&rdata) {
                CaaRecord::Malformed(malformed) => prop_assert_eq!(malformed.rdata, rdata),
                CaaRecord::Property(property) => {
                    let tag = property.tag.as_str().as_bytes();
                    let mut again = vec![property.flags, u8::try_from(tag.len()).unwrap()];
                    again.extend(tag);
                    again.extend(property.value);
                    prop_assert_eq!(again, rdata);
                }
            }
        }
    }
}
