//! The names in a certificate, found without reading the rest.
//!
//! Source: RFC 5280 sections 4.1.2.6 (subject) and 4.2.1.6 (subjectAltName). The walk takes elements by their place,
//! whatever their tags, and goes on beside what it cannot read: an oddity hides no name that stands elsewhere.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::x509::DerError;
use crate::x509::der::{self, Element, Reader};
use crate::x509::parts::oid;

/// The attribute commonName, 2.5.4.3 (RFC 5280 appendix A.1).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

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
        if form == Form::Certificate {
            tbs = opened(&mut tbs, "TBSCertificate")?;
        }
        self.tbs(tbs)
    }

    fn tbs(&mut self, mut fields: Reader<'a>) -> Result<(), ScanError> {
        fields.optional(der::constructed(0)).map_err(at("version"))?;
        for part in ["serial number", "signature algorithm", "issuer", "validity"] {
            fields.element().map_err(at(part))?;
        }
        let subject = fields.element().map_err(at("subject"))?;
        if let Err(error) = self.subject(&subject) {
            self.note(error);
        }
        fields.element().map_err(at("public key"))?;
        while !fields.is_empty() {
            let field = fields.element().map_err(at("extensions"))?;
            if field.tag == der::constructed(3) {
                let mut list = field.reader();
                let list = opened(&mut list, "extensions")?;
                self.extensions(list)?;
            }
        }
        Ok(())
    }

    fn subject(&mut self, subject: &Element<'a>) -> Result<(), ScanError> {
        let mut sets = subject.reader();
        while !sets.is_empty() {
            let mut attributes = sets.element().map_err(at("subject"))?.reader();
            // An RDN may have several attributes, and several of one type.
            while !attributes.is_empty() {
                let mut attribute = attributes.element().map_err(at("subject"))?.reader();
                let Ok(kind) = attribute.element() else {
                    self.note(ScanError::Der { part: "subject", error: DerError::Truncated });
                    continue;
                };
                if kind.content != COMMON_NAME {
                    continue;
                }
                match attribute.element() {
                    Ok(value) => self.name(NameField::CommonName, value.tag, value.content)?,
                    Err(error) => self.note(at("common name")(error)),
                }
            }
        }
        Ok(())
    }

    fn extensions(&mut self, mut list: Reader<'a>) -> Result<(), ScanError> {
        while !list.is_empty() {
            let mut extension = list.element().map_err(at("extensions"))?.reader();
            let kind = extension.element().map_err(at("extensions"))?;
            if kind.content != oid::SUBJECT_ALT_NAME {
                continue;
            }
            // The value is the last of two or three fields.
            let mut value = None;
            while !extension.is_empty() {
                match extension.element() {
                    Ok(field) => value = Some(field),
                    Err(error) => {
                        self.note(at("subjectAltName")(error));
                        break;
                    }
                }
            }
            let Some(value) = value else {
                self.note(at("subjectAltName")(DerError::Truncated));
                continue;
            };
            if let Err(error) = self.alternative_names(&value) {
                if error == ScanError::TooMany {
                    return Err(error);
                }
                self.note(error);
            }
        }
        Ok(())
    }

    fn alternative_names(&mut self, value: &Element<'a>) -> Result<(), ScanError> {
        let mut names = opened(&mut value.reader(), "subjectAltName")?;
        while !names.is_empty() {
            let name = names.element().map_err(at("subjectAltName"))?;
            if let Some(field) = field(&name) {
                self.name(field, name.tag, name.content)?;
            }
        }
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
