//! One record of a suggestion: printable, so that every form of publishing it can carry it.

use std::fmt;

use crate::caa::record::{CaaRecord, Property, PropertyKind, quoted};

/// The longest value that is suggested, in octets. DNS has room for more; no provider has.
pub const MAX_VALUE: usize = 4096;

/// The Issuer Critical Flag (RFC 8659 section 4.1).
const CRITICAL: u8 = 128;

/// The tags that a suggestion may have, in lower case: some name servers refuse a zone with another spelling.
const TAGS: [(PropertyKind, &str); 7] = [
    (PropertyKind::Issue, "issue"),
    (PropertyKind::IssueWild, "issuewild"),
    (PropertyKind::IssueMail, "issuemail"),
    (PropertyKind::IssueVmc, "issuevmc"),
    (PropertyKind::Iodef, "iodef"),
    (PropertyKind::ContactEmail, "contactemail"),
    (PropertyKind::ContactPhone, "contactphone"),
];

/// A record to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestedRecord {
    critical: bool,
    tag: &'static str,
    value: String,
    /// Why it is suggested.
    pub why: String,
}

/// Why a record cannot be suggested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitRecord {
    /// The value has an octet that not every form can carry.
    #[error("its value has the octet {0:#04x}, which is no printable ASCII")]
    NotPrintable(u8),
    /// The value is too long.
    #[error("its value has {0} octets; at most {MAX_VALUE} are suggested")]
    TooLong(usize),
    /// No standard property.
    #[error("its tag is no property of any standard")]
    UnknownTag,
}

impl SuggestedRecord {
    /// A record of a standard property.
    ///
    /// Of the flags only the critical one is suggested: the others have no meaning, and some CAs take 1 for it.
    pub fn new(
        critical: bool,
        kind: PropertyKind,
        value: &[u8],
        why: impl Into<String>,
    ) -> Result<Self, UnfitRecord> {
        let tag = TAGS.iter().find(|(each, _)| *each == kind).ok_or(UnfitRecord::UnknownTag)?.1;
        if value.len() > MAX_VALUE {
            return Err(UnfitRecord::TooLong(value.len()));
        }
        if let Some(&octet) = value.iter().find(|octet| !matches!(octet, b' '..=b'~')) {
            return Err(UnfitRecord::NotPrintable(octet));
        }
        let value = value.iter().copied().map(char::from).collect();
        Ok(Self { critical, tag, value, why: why.into() })
    }

    /// The record that has the same meaning as a published one.
    pub fn like(published: &Property, why: impl Into<String>) -> Result<Self, UnfitRecord> {
        Self::new(published.flags & CRITICAL != 0, published.kind(), &published.value, why)
    }

    /// The flags octet: 0, or 128 where the record is critical.
    pub fn flags(&self) -> u8 {
        if self.critical { CRITICAL } else { 0 }
    }

    /// Whether a CA that does not know the property must refuse.
    pub fn is_critical(&self) -> bool {
        self.critical
    }

    /// The tag, in lower case.
    pub fn tag(&self) -> &'static str {
        self.tag
    }

    /// The value: printable ASCII.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The RDATA (RFC 8659 section 4.1).
    pub fn rdata(&self) -> Vec<u8> {
        // Every tag above is shorter than 256 octets.
        let tag_length = u8::try_from(self.tag.len()).unwrap_or(u8::MAX);
        [&[self.flags(), tag_length], self.tag.as_bytes(), self.value.as_bytes()].concat()
    }

    /// The record as a resolver would hand it out.
    pub fn published(&self) -> CaaRecord {
        CaaRecord::read(&self.rdata())
    }

    /// Whether a published record is this one, its tag's letter case apart.
    pub fn is(&self, published: &Property) -> bool {
        self.flags() == published.flags
            && self.tag.eq_ignore_ascii_case(published.tag.as_str())
            && self.value.as_bytes() == published.value
    }
}

impl fmt::Display for SuggestedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} \"{}\"", self.flags(), self.tag, quoted(self.value.as_bytes()))
    }
}
