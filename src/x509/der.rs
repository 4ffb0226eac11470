//! A cursor over DER that never re-encodes: every element keeps the octets it was read from.
//!
//! Source: ITU-T X.690. Lengths are definite and at most four octets long; a length that is not in its shortest
//! form is accepted, because what a CA signed must be read as it stands.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// BOOLEAN.
pub(crate) const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub(crate) const INTEGER: u8 = 0x02;
/// BIT STRING.
pub(crate) const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
/// SEQUENCE.
pub(crate) const SEQUENCE: u8 = 0x30;

/// The tag of a context-specific, constructed element.
pub(crate) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// The tag of a context-specific, primitive element.
pub(crate) const fn primitive(number: u8) -> u8 {
    0x80 | number
}

/// Why octets are not the DER that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerError {
    /// The octets end inside an element.
    #[error("the data ends inside an element")]
    Truncated,
    /// A length form that DER does not have here.
    #[error("an element has an indefinite or oversized length")]
    BadLength,
    /// A tag number above 30.
    #[error("an element has a multi-octet tag")]
    LongTag,
    /// Another element than the expected one.
    #[error("an element has the tag {found:#04x} where {expected:#04x} belongs")]
    UnexpectedTag {
        /// The tag that belongs there.
        expected: u8,
        /// The tag found.
        found: u8,
    },
    /// Octets follow where the structure has ended.
    #[error("{0} octets follow the end of the structure")]
    TrailingData(usize),
}

/// One element with the octets it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// The identifier octet.
    pub(crate) tag: u8,
    /// Identifier, length and content.
    pub(crate) whole: &'a [u8],
    /// The content alone.
    pub(crate) content: &'a [u8],
}

impl<'a> Element<'a> {
    /// A reader over the content.
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader::new(self.content)
    }
}

/// Reads elements one after another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader over `octets`.
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element, whatever it is.
    pub(crate) fn element(&mut self) -> Result<Element<'a>, DerError> {
        let (&tag, after_tag) = self.rest.split_first().ok_or(DerError::Truncated)?;
        if tag & 0x1f == 0x1f {
            return Err(DerError::LongTag);
        }
        let (&first, after_first) = after_tag.split_first().ok_or(DerError::Truncated)?;
        let (length, content_on) = match first {
            0..=0x7f => (usize::from(first), after_first),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let (octets, after) = after_first.split_at_checked(count).ok_or(DerError::Truncated)?;
                let length = octets
                    .iter()
                    .try_fold(0_usize, |sum, &octet| sum.checked_mul(256)?.checked_add(usize::from(octet)))
                    .ok_or(DerError::BadLength)?;
                (length, after)
            }
            _ => return Err(DerError::BadLength),
        };
        let (content, rest) = content_on.split_at_checked(length).ok_or(DerError::Truncated)?;
        let whole_length = self.rest.len().saturating_sub(rest.len());
        let whole = self.rest.get(..whole_length).ok_or(DerError::Truncated)?;
        self.rest = rest;
        Ok(Element { tag, whole, content })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, DerError> {
        let element = self.element()?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(DerError::UnexpectedTag { expected: tag, found: element.tag })
        }
    }

    /// The next element if it has this tag; otherwise nothing is read.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, DerError> {
        if self.rest.first() == Some(&tag) { self.element().map(Some) } else { Ok(None) }
    }

    /// Nothing may follow.
    pub(crate) fn finish(self) -> Result<(), DerError> {
        if self.is_empty() { Ok(()) } else { Err(DerError::TrailingData(self.rest.len())) }
    }
}

/// Writes an element around `content`, with the shortest length form.
pub(crate) fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len().saturating_add(6));
    out.push(tag);
    let length = content.len().to_be_bytes();
    let significant: &[u8] = {
        let zeros = length.iter().take_while(|&&octet| octet == 0).count();
        length.get(zeros..).unwrap_or_default()
    };
    match significant {
        [] => out.push(0),
        [short @ 0..=0x7f] => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_keep_their_octets() {
        let octets = [0x30, 0x81, 0x03, 0x02, 0x01, 0x05, 0xff];
        let mut reader = Reader::new(&octets);
        let sequence = reader.expect(SEQUENCE).unwrap();
        assert_eq!(sequence.whole, &octets[..6]);
        assert_eq!(sequence.content, &[2, 1, 5]);
        assert_eq!(reader.rest(), &[0xff]);
    }

    #[test]
    fn what_is_no_der_is_refused() {
        assert_eq!(Reader::new(&[0x30]).element(), Err(DerError::Truncated));
        assert_eq!(Reader::new(&[0x30, 0x80]).element(), Err(DerError::BadLength));
        assert_eq!(Reader::new(&[0x30, 0x05, 0]).element(), Err(DerError::Truncated));
        assert_eq!(Reader::new(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).element(), Err(DerError::Truncated));
        assert_eq!(Reader::new(&[0x1f, 0x81, 0]).element(), Err(DerError::LongTag));
        assert_eq!(Reader::new(&[1, 2, 3]).finish(), Err(DerError::TrailingData(3)));
    }

    proptest::proptest! {
        #[test]
        fn wrapping_then_reading_gives_the_content(content in proptest::collection::vec(0_u8.., 0..70_000)) {
            let wrapped = wrap(OCTET_STRING, &content);
            let mut reader = Reader::new(&wrapped);
            proptest::prop_assert_eq!(reader.expect(OCTET_STRING).unwrap().content, &content[..]);
            proptest::prop_assert!(reader.is_empty());
        }

        #[test]
        fn any_octets_are_read_without_panic(octets in proptest::collection::vec(0_u8.., 0..64)) {
            let mut reader = Reader::new(&octets);
            while reader.element().is_ok() {}
        }
    }
}
