//! The names in a certificate, found without reading the rest.
//!
//! Source: RFC 5280 sections 4.1.2.6 (subject) and 4.2.1.6 (subjectAltName). The walk takes elements by their place,
//! whatever their tags, and goes on beside what it cannot read: an oddity hides no name that stands elsewhere. What stands
//! where nothing belongs is said, because another reader may find names there.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::x509::DerError;
use crate::x509::der::{self, Element, Reader};
use crate::x509::parts::oid;

/// The attribute commonName, 2.5.4.3 (RFC 5280 appendix A.1).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// SET.
const SET: u8 = 0x31;

/// The most names that are looked at; certificates of public CAs have some hundred.
const MOST_NAMES: usize = 100_000;

/// What the octets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A certificate or precertificate.
    Certificate,
    /// A TBSCertificate alone, as a log's tree has it of precertificates.
    TbsCertificate,
}

/// Where a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameField {
    /// A dNSName of the subjectAltName.
    DnsName,
    /// A name in the subjectAltName whose type is none of RFC 5280's, or not in the form that it should have.
    OddName,
    /// A commonName of the subject.
    CommonName,
}

/// A name as it stands in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedName<'a> {
    /// Where it stands.
    pub field: NameField,
    /// The tag of its value.
    pub tag: u8,
    /// Its octets, whatever they are.
    pub octets: &'a [u8],
}

/// What kept names from being found, perhaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// A part cannot be read.
    #[error("its {part} cannot be read: {error}")]
    Der {
        /// The part.
        part: &'static str,
        /// What is wrong with it.
        error: DerError,
    },
    /// More names than are looked at.
    #[error("it has more than {MOST_NAMES} names")]
    TooMany,
    /// Names in other alphabets that are longer than what is converted.
    #[error("its names in other alphabets are too long to be converted")]
    TooLong,
}

/// Hands each name to `visit`; an error says that there may be further ones.
pub fn scan<'a>(
    octets: &'a [u8],
    form: Form,
    visit: &mut impl FnMut(ClaimedName<'a>),
) -> Result<(), ScanError> {
    let mut walk = Walk { visit, names: 0, error: None };
    if let Err(error) = walk.outer(octets, form) {
        walk.note(error);
    }
    walk.error.map_or(Ok(()), Err)
}

struct Walk<'v, V> {
    visit: &'v mut V,
    names: usize,
    /// The first thing that could not be read.
    error: Option<ScanError>,
}

fn at(part: &'static str) -> impl Fn(DerError) -> ScanError {
    move |error| ScanError::Der { part, error }
}

impl<'a, V: FnMut(ClaimedName<'a>)> Walk<'_, V> {
    fn note(&mut self, error: ScanError) {
        self.error.get_or_insert(error);
    }

    fn name(&mut self, field: NameField, tag: u8, octets: &'a [u8]) -> Result<(), ScanError> {
        self.names = self.names.saturating_add(1);
        if self.names > MOST_NAMES {
            return Err(ScanError::TooMany);
        }
        (self.visit)(ClaimedName { field, tag, octets });
        Ok(())
    }

    fn outer(&mut self, octets: &'a [u8], form: Form) -> Result<(), ScanError> {
        let mut reader = Reader::new(octets);
        let mut tbs = opened(&mut reader, "frame")?;
        self.ends(reader, "frame");
        if form == Form::Certificate {
            tbs = opened(&mut tbs, "TBSCertificate")?;
        }
        self.tbs(tbs)
    }

    fn tbs(&mut self, mut fields: Reader<'a>) -> Result<(), ScanError> {
        fields.optional(der::constructed(0)).map_err(at("version"))?;
        self.field(&mut fields, der::INTEGER, "serial number")?;
        for part in ["signature algorithm", "issuer", "validity"] {
            self.field(&mut fields, der::SEQUENCE, part)?;
        }
        let subject = self.field(&mut fields, der::SEQUENCE, "subject")?;
        if let Err(error) = self.subject(&subject) {
            self.note(error);
        }
        self.field(&mut fields, der::SEQUENCE, "public key")?;
        while !fields.is_empty() {
            let field = fields.element().map_err(at("extensions"))?;
            match field.tag {
                0xa3 => {
                    let mut lists = field.reader();
                    let list = self.field(&mut lists, der::SEQUENCE, "extensions")?;
                    self.extensions(list.reader())?;
                    self.ends(lists, "extensions");
                }
                // The unique identifiers of issuer and subject, primitive or in pieces.
                0x81 | 0x82 | 0xa1 | 0xa2 => {}
                found => self.unexpected(0xa3, found, "extensions"),
            }
        }
        Ok(())
    }

    /// The next element, and a word where it is not of this type.
    fn field(
        &mut self,
        fields: &mut Reader<'a>,
        tag: u8,
        part: &'static str,
    ) -> Result<Element<'a>, ScanError> {
        let field = fields.element().map_err(at(part))?;
        if field.tag != tag {
            self.unexpected(tag, field.tag, part);
        }
        Ok(field)
    }

    fn unexpected(&mut self, expected: u8, found: u8, part: &'static str) {
        self.note(at(part)(DerError::UnexpectedTag { expected, found }));
    }

    /// A word where anything is left.
    fn ends(&mut self, reader: Reader<'a>, part: &'static str) {
        if let Err(error) = reader.finish() {
            self.note(at(part)(error));
        }
    }

    fn subject(&mut self, subject: &Element<'a>) -> Result<(), ScanError> {
        let mut sets = subject.reader();
        while !sets.is_empty() {
            let mut attributes = self.field(&mut sets, SET, "subject")?.reader();
            // An RDN may have several attributes, and several of one type.
            while !attributes.is_empty() {
                let mut attribute = self.field(&mut attributes, der::SEQUENCE, "subject")?.reader();
                let Ok(kind) = attribute.element() else {
                    self.note(at("subject")(DerError::Truncated));
                    continue;
                };
                if kind.content != COMMON_NAME {
                    continue;
                }
                // One value belongs there.
                loop {
                    match attribute.element() {
                        Ok(value) => self.name(NameField::CommonName, value.tag, value.content)?,
                        Err(error) => {
                            self.note(at("common name")(error));
                            break;
                        }
                    }
                    if attribute.is_empty() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn extensions(&mut self, mut list: Reader<'a>) -> Result<(), ScanError> {
        while !list.is_empty() {
            let mut extension = list.element().map_err(at("extensions"))?.reader();
            match extension.element() {
                Ok(kind) if kind.content == oid::SUBJECT_ALT_NAME => self.alternative(extension)?,
                Ok(_) => {}
                Err(error) => self.note(at("extensions")(error)),
            }
        }
        Ok(())
    }

    /// The fields of a subjectAltName behind its type: whether it is critical, and its value. Any further one might be
    /// taken for the value.
    fn alternative(&mut self, mut fields: Reader<'a>) -> Result<(), ScanError> {
        let mut has_value = false;
        while !fields.is_empty() {
            let value = match fields.element() {
                Ok(field) if field.tag == der::BOOLEAN && field.content.len() <= 1 => continue,
                Ok(field) => field,
                Err(error) => {
                    self.note(at("subjectAltName")(error));
                    break;
                }
            };
            has_value = true;
            if value.tag != der::OCTET_STRING {
                self.unexpected(der::OCTET_STRING, value.tag, "subjectAltName");
            }
            match self.alternative_names(&value) {
                Err(ScanError::TooMany) => return Err(ScanError::TooMany),
                Err(error) => self.note(error),
                Ok(()) => {}
            }
        }
        if !has_value {
            self.note(at("subjectAltName")(DerError::Truncated));
        }
        Ok(())
    }

    fn alternative_names(&mut self, value: &Element<'a>) -> Result<(), ScanError> {
        let mut lists = value.reader();
        let mut names = self.field(&mut lists, der::SEQUENCE, "subjectAltName")?.reader();
        while !names.is_empty() {
            let name = names.element().map_err(at("subjectAltName"))?;
            if let Some(field) = field(&name) {
                self.name(field, name.tag, name.content)?;
            }
        }
        self.ends(lists, "subjectAltName");
        Ok(())
    }
}

/// What a GeneralName is here (RFC 5280 section 4.2.1.6); `None` for what names no host.
fn field(name: &Element<'_>) -> Option<NameField> {
    match name.tag {
        0x82 => Some(NameField::DnsName),
        // rfc822Name, uniformResourceIdentifier, registeredID; otherName, x400Address, directoryName, ediPartyName.
        0x81 | 0x86 | 0x88 | 0xa0 | 0xa3 | 0xa4 | 0xa5 => None,
        0x87 if matches!(name.content.len(), 4 | 16) => None,
        _ => Some(NameField::OddName),
    }
}

/// The content of the next element.
fn opened<'a>(reader: &mut Reader<'a>, part: &'static str) -> Result<Reader<'a>, ScanError> {
    reader.element().map(|element| element.reader()).map_err(at(part))
}
